"""Laws of each format: nothing is lost, nothing is executed, the same report gives the same text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings

from archlint.api import check_targets
from archlint.inputs import InputError
from archlint.linter import Options
from archlint.report import FORMATS
from archlint.report.options import ReportOptions
from archlint.report.plain import relative_path
from archlint.verdicts import FileReport, Location, Report
from tests.conftest import ROOT

from .hostile import any_reports, hostile_report
from .reading import Page, Said, read_github, read_gitlab, read_junit, read_sarif, rendered
from .samples import WHOLE, found

READERS: dict[str, Callable[[str], set[Said]]] = {
    "sarif": read_sarif,
    "junit": read_junit,
    "github": read_github,
    "gitlab": read_gitlab,
}
NAMES = {
    "sarif": "report.sarif",
    "junit": "report.junit.xml",
    "github": "report.github.txt",
    "gitlab": "report.gitlab.json",
    "markdown": "report.md",
    "html": "report.html",
}
SHOWN = {"text", "github", "markdown", "html"}
"""The formats for people: nothing in them may reorder the displayed text."""
EXAMPLES = sorted((ROOT / "examples").glob("*/*.yaml"))


def told(report: Report) -> set[Said]:
    findings = {Said("finding", f.rule, f.location.file, f.location.line) for f in report.findings}
    questions = {Said("undecided", q.rule, q.location.file, q.location.line) for q in report.undecided}
    accepted = {
        Said("accepted", entry.finding.rule, entry.finding.location.file, entry.finding.location.line)
        for entry in report.accepted
    }
    known = {
        Said("known", entry.finding.rule, entry.finding.location.file, entry.finding.location.line)
        for entry in report.baselined
    }
    return findings | questions | accepted | known


@pytest.mark.parametrize("name", list(NAMES))
def test_everything_at_once_reads_as_kept(name: str, matches_expected: Callable[[str, str], None]) -> None:
    matches_expected(NAMES[name], FORMATS[name](WHOLE, ReportOptions(exit_status=2, version="1.2.3")))


@pytest.mark.parametrize("name", list(READERS))
@settings(max_examples=25)
@given(report=any_reports())
def test_nothing_is_lost_and_nothing_is_added(name: str, report: Report) -> None:
    assert READERS[name](FORMATS[name](report, ReportOptions())) == told(report)


@settings(max_examples=25)
@given(report=any_reports())
def test_markdown_and_html_name_each_rule_with_its_place(report: Report) -> None:
    pages = rendered(FORMATS["markdown"](report, ReportOptions())), Page(FORMATS["html"](report, ReportOptions()))
    for said in told(report):
        for page in pages:
            assert f"{said.file}:{said.line}" in page.text
            assert said.rule in page.text


@pytest.mark.parametrize("name", list(FORMATS))
@settings(max_examples=10)
@given(report=any_reports())
def test_a_report_has_one_text_that_can_be_written(name: str, report: Report) -> None:
    text = FORMATS[name](report, ReportOptions())
    assert text == FORMATS[name](report, ReportOptions())
    assert text.encode("utf-8").endswith(b"\n") or not text


@pytest.mark.parametrize("name", list(FORMATS))
@pytest.mark.parametrize("report", [Report(()), hostile_report()], ids=["empty", "hostile"])
def test_empty_and_hostile_reports_are_written(name: str, report: Report) -> None:
    text = FORMATS[name](report, ReportOptions())
    text.encode("utf-8")
    assert "\x1b" not in text
    assert "\u202e" not in text or name not in SHOWN


@pytest.mark.parametrize("name", list(FORMATS))
def test_the_name_of_a_file_need_not_be_unicode(name: str) -> None:
    """Python represents the bytes of such a name as lone surrogates, which no encoding can write."""
    file = "caf\udce9/arch.yaml"
    finding = found(location=Location(file, 1, 1, 1, 2))
    report = Report((FileReport(file, "", (finding,), ()),), (InputError(f"{file}: not text", "", file),))
    text = FORMATS[name](report, ReportOptions(root="/repo"))
    assert "caf" in text.encode("utf-8").decode()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_each_example_renders_to_each_format(path: Path) -> None:
    report = check_targets([path], Options(patterns=True))
    options = ReportOptions(root=ROOT.as_posix(), undecided=True, accepted=True)
    for name, render in FORMATS.items():
        text = render(report, options)
        assert str(ROOT) not in text or name in {"json", "text"}, name
        for finding in report.findings:
            assert finding.rule in text
    here = {said._replace(file=relative_path(said.file, ROOT.as_posix())) for said in told(report)}
    for name, read in READERS.items():
        assert read(FORMATS[name](report, options)) == here, name


def test_the_rules_of_a_run_reach_the_report() -> None:
    report = check_targets([ROOT / "examples" / "failing" / "online-bigsize.yaml"], Options(select=("SRV", "OPS003")))
    ids = [rule.id for rule in report.rules]
    assert ids == sorted(ids)
    assert {"SRV001", "SRV012", "OPS003"} <= set(ids)
    assert not any(rule.startswith("REL") for rule in ids)
    [run] = json.loads(FORMATS["sarif"](report, ReportOptions()))["runs"]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert list(rules) == ids
    assert "more replicas" in rules["SRV001"]["help"]["text"] or "Servers share load" in rules["SRV001"]["help"]["text"]
    assert rules["SRV001"]["defaultConfiguration"] == {"level": "error"}


def test_no_format_tells_of_the_machine() -> None:
    for name, render in FORMATS.items():
        assert not re.search(r"/(?:home|root|tmp|Users)/", render(WHOLE, ReportOptions(root="/home/me/repo"))), name

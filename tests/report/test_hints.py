"""The hints of a report work for every user: they name commands and addresses, and no path of this repository."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import msgspec
import pytest

from archlint.about import DOCS, REPOSITORY, docs_url
from archlint.api import check_targets
from archlint.cli.terminal import use_links
from archlint.linter import Options
from archlint.packs import shipped_packs
from archlint.report import FORMATS
from archlint.report.finding import SCREEN
from archlint.report.options import ReportOptions, TextOptions
from archlint.report.text import render_text
from archlint.verdicts import Report
from tests.conftest import ROOT, Run

from .samples import WHOLE

FAILING = sorted((ROOT / "examples" / "failing").glob("*.yaml"))
BAD = sorted(ROOT.glob("rules/*/bad*.yaml"))
ADDRESS = re.compile(r"https?://[^\s\"<>)\x1b]+")
OWN_PATH = re.compile(r"\b(?:docs/[\w-]+[/.]|reference_impls/|rules/[A-Z]+[0-9]+)")
LINK = re.compile(r"\x1b\]8;;([^\x1b]*)\x1b\\")


@cache
def everything(path: Path) -> Report:
    return check_targets([path], Options(patterns=True))


@pytest.mark.parametrize("path", [*FAILING, *(ROOT / "examples" / "passing").glob("*.yaml")], ids=lambda path: path.stem)
def test_no_format_names_a_path_of_the_project(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    report = everything(path.relative_to(ROOT))
    for links in (False, True):
        options = ReportOptions(undecided=True, accepted=True, verbose=True, all=True, links=links)
        for name, render in FORMATS.items():
            for shown in (report, WHOLE):
                assert OWN_PATH.findall(ADDRESS.sub("", render(shown, options))) == [], name


def test_the_commands_that_a_finding_names_work(archlint: Run) -> None:
    named: set[tuple[str, ...]] = set()
    for path in FAILING:
        text = render_text(everything(path), TextOptions(width=200))
        commands = {tuple(match.split(" ")) for match in re.findall(r"archlint ((?:explain|patterns) [\w-]+)", text)}
        assert {command[0] for command in commands} == {"explain", "patterns"}, path
        named |= commands
        for name in re.findall(r"archlint reference ([\w-]+)", text):
            assert (ROOT / "reference_impls" / name.replace("-", "_") / "__main__.py").is_file(), path
    for command in sorted(named):
        assert archlint(*command).returncode == 0, command


@pytest.mark.parametrize("path", FAILING, ids=lambda path: path.stem)
def test_the_pages_that_a_finding_links_exist(path: Path) -> None:
    report = everything(path)
    text = render_text(report, TextOptions(links=True))
    links = {link for link in LINK.findall(text) if link}
    for finding in report.findings:
        assert finding.docs in links
        assert finding.cures[0].docs in links
    for link in (*links, *(cure.docs for finding in report.findings for cure in finding.cures)):
        assert (ROOT / "docs" / link.removeprefix(f"{DOCS}/")).is_file(), link
    assert LINK.sub("", text) == render_text(report, TextOptions())


def test_sarif_links_each_shipped_rule_to_its_page() -> None:
    [run] = json.loads(FORMATS["sarif"](everything(FAILING[0]), ReportOptions()))["runs"]
    driver = run["tool"]["driver"]
    assert driver["informationUri"] == REPOSITORY
    uris = {rule["id"]: rule["helpUri"] for rule in driver["rules"]}
    assert uris == {pack.id: docs_url(pack.docs) for pack in shipped_packs() if pack.id in uris}


def test_a_rule_of_ones_own_has_no_page(archlint: Run) -> None:
    folder = ROOT / "examples" / "house-rules"
    [bad, *_] = sorted(folder.glob("ACME001-*/bad*.yaml"))
    words = ("check", "-o", "json", "--exit-zero", "--config", "archlint.toml", str(bad.relative_to(folder)))
    own = [found for found in json.loads(archlint(*words, cwd=folder).stdout)["findings"] if found["rule"] == "ACME001"]
    assert own
    assert {found["docs"] for found in own} == {""}


@pytest.mark.parametrize("width", range(80, 101, 5))
def test_the_longest_finding_of_all_examples_fits_a_screen(width: int) -> None:
    for path in (*FAILING, *BAD):
        report = everything(path)
        for file, finding in report.ordered:
            alone = msgspec.structs.replace(file, findings=(finding,), undecided=())
            text = render_text(Report((alone,)), TextOptions(width=width))
            assert text.count("\n") <= SCREEN + 2 <= 24, f"{path}: {finding.rule}"


@pytest.mark.parametrize(
    ("environment", "linked"),
    [
        ({}, False),
        ({"TERM_PROGRAM": "vscode"}, True),
        ({"VTE_VERSION": "6003"}, True),
        ({"VTE_VERSION": "4000"}, False),
        ({"TERM": "dumb", "TERM_PROGRAM": "vscode"}, False),
        ({"FORCE_HYPERLINK": "1"}, True),
        ({"FORCE_HYPERLINK": "0", "TERM_PROGRAM": "vscode"}, False),
    ],
)
def test_links_are_written_for_terminals_that_support_them(
    environment: dict[str, str], linked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TERM", "TERM_PROGRAM", "VTE_VERSION", "FORCE_HYPERLINK", "WT_SESSION", "KONSOLE_VERSION", "DOMTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert use_links() is linked
    monkeypatch.setattr("sys.stdout.isatty", lambda: False)
    assert not use_links()

"""The formats with a line or an element for each finding: concise, and Checkstyle's XML."""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from archlint.baselined import BaselineEntry, BaselineUse
from archlint.inputs import InputError
from archlint.report.checkstyle import render_checkstyle
from archlint.report.concise import render_concise
from archlint.report.github import render_github
from archlint.report.options import ReportOptions
from archlint.verdicts import Report

from .hostile import hostile_report
from .samples import BIGSIZE, KEY, WHOLE, report_of

OVERDUE = BaselineUse("known.jsonl", (BaselineEntry("shop/arch.yaml", "REL003", "components.old", 1, 7),), strict=True)
LINE = re.compile(r"[^\n]*?:[0-9]+:[0-9]+: (?:error|warning|info) \S+ [^\n]*")


def test_concise_is_one_line_a_finding_and_nothing_else() -> None:
    assert render_concise(report_of(KEY, BIGSIZE)) == (
        f"shop/arch.yaml:21:36: error DOC003 {KEY.message}\n"
        f"shop/models.yaml:5:5: error SRV001 {BIGSIZE.message}\n"
    )  # fmt: skip
    assert render_concise(report_of()) == ""


def test_concise_names_what_could_not_be_read_and_a_baseline_that_fails() -> None:
    lines = render_concise(Report(WHOLE.files, WHOLE.errors, baselines=(OVERDUE,))).splitlines()
    assert lines[0].startswith("shop/broken.yaml:3:7: error input-not-read ")
    assert lines[-1].startswith("known.jsonl:7:1: error baseline-strict 1 finding in known.jsonl ")
    assert len(lines) == len(WHOLE.findings) + 2


def test_whatever_is_found_stays_on_its_line() -> None:
    report = hostile_report()
    lines = render_concise(report).splitlines()
    assert all(LINE.fullmatch(line) for line in lines)
    assert len(lines) >= len(report.findings)


def test_checkstyle_has_what_its_readers_read() -> None:
    top = ElementTree.fromstring(render_checkstyle(Report(WHOLE.files, WHOLE.errors, baselines=(OVERDUE,))))
    assert (top.tag, top.attrib) == ("checkstyle", {"version": "4.3"})
    assert {file.attrib["name"] for file in top} == {"shop/arch.yaml", "shop/models.yaml", "shop/broken.yaml", "known.jsonl"}
    errors = [error for file in top for error in file]
    assert all(set(error.attrib) == {"line", "column", "severity", "message", "source"} for error in errors)
    [bigsize] = [error for error in errors if error.attrib["source"] == "archlint.SRV001"]
    assert (bigsize.attrib["line"], bigsize.attrib["column"], bigsize.attrib["severity"]) == ("5", "5", "error")
    assert bigsize.attrib["message"].startswith(f"{BIGSIZE.message} (fix: prediction-cache: ")
    assert {error.attrib["severity"] for error in errors} <= {"error", "warning", "info"}
    assert len(errors) == len(WHOLE.findings) + 2


def test_checkstyle_of_hostile_texts_is_xml_and_names_files_from_the_root() -> None:
    ElementTree.fromstring(render_checkstyle(hostile_report()))
    text = render_checkstyle(report_of(KEY), ReportOptions(root="/repo"))
    assert '<file name="shop/arch.yaml">' in text


@pytest.mark.parametrize("render", [render_concise, render_checkstyle, render_github])
@pytest.mark.parametrize("place", ["bad.yaml:2:1", "bad.yaml"])
def test_an_unreadable_input_names_its_place_once(render: Callable[[Report], str], place: str) -> None:
    text = render(Report((), (InputError(f"{place}: a tab is no indent", "use spaces", "bad.yaml"),)))
    assert text.count("bad.yaml") == 1
    assert "a tab is no indent" in text

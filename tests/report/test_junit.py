"""JUnit XML, in the form of github.com/testmoapp/junitxml, read by junitparser."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given, settings
from junitparser import Error, Failure, JUnitXml, Skipped, TestSuite

from archlint.api import check_targets
from archlint.linter import Options
from archlint.report.junit import render_junit
from archlint.report.options import ReportOptions
from archlint.verdicts import Report
from tests.conftest import ROOT

from .hostile import any_reports, hostile_report
from .samples import BIGSIZE, BROKEN, WHOLE, report_of

ATTRIBUTES = {
    "testsuites": {"name", "tests", "failures", "errors", "skipped"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped"},
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"name", "classname", "file", "line"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message"},
}
"""The used elements and attributes of "Complete JUnit XML example" in that document."""
INSIDE = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase"},
    "properties": {"property"},
    "testcase": {"failure", "error", "skipped"},
}


def assert_documented(text: str) -> None:
    """Compare a report with the documented form: elements, attributes, counts."""
    top = ElementTree.fromstring(text)
    assert top.tag == "testsuites"
    for element in top.iter():
        assert set(element.attrib) <= ATTRIBUTES[element.tag]
        assert {child.tag for child in element} <= INSIDE.get(element.tag, set())
    for element in (top, *top.iter("testsuite")):
        for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(element.attrib[name]) == len(list(element.iter(tag)))
    for case in top.iter("testcase"):
        assert {"name", "classname"} <= set(case.attrib)
        assert len(case) <= 1


def test_the_whole_report_has_the_documented_form() -> None:
    for report in (WHOLE, Report(()), hostile_report()):
        assert_documented(render_junit(report))


@settings(max_examples=25)
@given(report=any_reports())
def test_any_report_has_the_documented_form(report: Report) -> None:
    assert_documented(render_junit(report))


def test_junitparser_reads_outcomes_and_texts() -> None:
    first, second = JUnitXml.fromstring(render_junit(WHOLE).encode())
    assert isinstance(first, TestSuite)
    assert isinstance(second, TestSuite)
    outcomes = [type(outcome) for case in first for outcome in case.result]
    assert outcomes.count(Failure) == len(WHOLE.findings)
    assert outcomes.count(Skipped) == len(WHOLE.accepted) + len(WHOLE.undecided) + len(WHOLE.baselined)
    [error] = [outcome for case in second for outcome in case.result]
    assert isinstance(error, Error)
    assert error.message == BROKEN.message


def test_a_failure_holds_the_arithmetic_and_the_fix() -> None:
    top = ElementTree.fromstring(render_junit(report_of(BIGSIZE)))
    failure = next(top.iter("failure"))
    assert failure.attrib == {"message": BIGSIZE.message, "type": "error"}
    assert failure.text is not None
    assert failure.text.startswith("shop/models.yaml:5:5: error[SRV001]")
    assert "limit: latency p95: 300 ms (stated, shop/arch.yaml:10)" in failure.text
    assert "fix: prediction-cache: keep the answers" in failure.text


def test_a_rule_with_nothing_to_say_passes() -> None:
    report = check_targets([ROOT / "examples" / "passing" / "bank-fraud.yaml"], Options())
    top = ElementTree.fromstring(render_junit(report, ReportOptions(root=ROOT.as_posix())))
    said = {f.rule for f in report.findings} | {q.rule for q in report.undecided} | {a.finding.rule for a in report.accepted}
    passed = {case.attrib["name"].split(" ")[0] for case in top.iter("testcase") if not len(case)}
    assert passed == {rule.id for rule in report.rules} - said
    assert {case.attrib["file"] for case in top.iter("testcase")} == {"examples/passing/bank-fraud.yaml"}

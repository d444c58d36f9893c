"""What a baseline holds: shown in every format, and failing or annotating in none."""

from __future__ import annotations

import json
from typing import Any
from xml.etree.ElementTree import fromstring

import msgspec

from archlint.report.github import render_github
from archlint.report.gitlab import render_gitlab
from archlint.report.html import render_html
from archlint.report.junit import render_junit
from archlint.report.markdown import render_markdown
from archlint.report.options import ReportOptions
from archlint.report.sarif import render_sarif
from archlint.report.sarif.limits import Limits
from archlint.verdicts import Baselined, BaselineEntry, BaselineUse, Report

from .reading import Page, rendered
from .samples import ALONE, KEY, WHOLE, report_of


def known(*, was: str = "", new: bool = False) -> Report:
    """A report on one system whose one finding, or whose other one, is in the baseline."""
    [file] = report_of(*((KEY,) if new else ())).files
    baselined = (Baselined(ALONE, "0123456789abcdef", was),)
    return Report((msgspec.structs.replace(file, baselined=baselined, baseline="archlint-baseline.jsonl"),))


def results(report: Report, limits: Limits | None = None) -> Any:
    return json.loads(render_sarif(report, ReportOptions(), limits or Limits()))["runs"][0]["results"]


def test_sarif_says_what_is_new_and_what_is_unchanged() -> None:
    states = {result["ruleId"]: result["baselineState"] for result in results(known(new=True))}
    assert states == {KEY.rule: "new", ALONE.rule: "unchanged"}
    assert "baselineState" not in results(report_of(KEY))[0], "there is no baseline that it could be new beside"
    assert not [one for one in results(WHOLE) if "suppressions" in one and "baselineState" in one]


def test_sarif_and_gitlab_keep_the_fingerprint_of_the_baseline_through_a_rename() -> None:
    [result] = results(known(was="components.front.zones"))
    assert result["partialFingerprints"]["archlint/v1"] == "0123456789abcdef"
    renamed = msgspec.structs.replace(ALONE, fingerprint="another", at="components.front.zones")
    [file] = known().files
    before = Report((msgspec.structs.replace(file, baselined=(Baselined(renamed, "0123456789abcdef"),)),))
    after = known(was="components.front.zones")
    prints = [json.loads(render_gitlab(report))[0]["fingerprint"] for report in (before, after)]
    assert prints[0] == prints[1]


def test_sarif_leaves_known_results_out_before_new_ones() -> None:
    [kept] = results(known(new=True), Limits(results=1))
    assert kept["ruleId"] == KEY.rule


def test_junit_skips_it_and_github_and_gitlab_tell_it_without_alarm() -> None:
    report = known()
    suites = fromstring(render_junit(report))
    assert (suites.get("failures"), suites.get("skipped")) == ("0", "1")
    lines = render_github(report).splitlines()
    assert [line for line in lines if line.startswith(("::error", "::warning"))] == []
    assert "::group::1 finding in the baseline" in lines
    assert lines[-1] == "::notice title=archlint::Found nothing in 1 file; 1 in the baseline."
    [issue] = json.loads(render_gitlab(report))
    assert issue["severity"] == "info"
    assert issue["description"] == f"In the baseline: {ALONE.message}"


def test_markdown_counts_it_and_folds_it_away() -> None:
    text = render_markdown(known(was="components.front.zones"))
    assert text.startswith("## archlint: nothing new in 1 file")
    assert "| file | error | warning | info | baseline | accepted | undecided |" in text
    shown, folded = text.split("<details><summary>In the baseline (1)</summary>")
    assert ALONE.rule not in shown
    assert "components.front.zones" in rendered(folded).text
    assert "baseline" not in render_markdown(report_of(KEY))


def test_markdown_says_what_the_baseline_holds_for_nothing() -> None:
    entry = BaselineEntry("shop/arch.yaml", "REL003", "components.old", 2)
    use = BaselineUse("archlint-baseline.jsonl", (entry,), strict=True)
    text = render_markdown(msgspec.structs.replace(known(), baselines=(use,)))
    told = "2 findings of <code>archlint-baseline.jsonl</code> are healed or accepted by now; it is strict: "
    assert told + "take what is spent out with <code>archlint baseline --update</code>." in text


def test_html_folds_it_away_and_counts_it_where_there_is_a_baseline() -> None:
    page = Page(render_html(known(new=True)))
    assert ("details", {"class": "block known"}) in page.tags
    assert "In the baseline (1)" in page.text
    assert [given["value"] for tag, given in page.tags if tag == "input" and given.get("value") == "baseline"]
    assert "In the baseline" not in Page(render_html(report_of(KEY))).text

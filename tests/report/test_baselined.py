"""Findings in a baseline: every format shows them, and none fails or annotates because of them."""

from __future__ import annotations

import json
from typing import Any
from xml.etree.ElementTree import fromstring

import msgspec

from archlint.baselined import BaselineEntry, BaselineUse
from archlint.report.github import MOST_SHOWN, render_github
from archlint.report.gitlab import render_gitlab
from archlint.report.html import render_html
from archlint.report.junit import render_junit
from archlint.report.markdown import render_markdown
from archlint.report.options import ReportOptions, TextOptions
from archlint.report.sarif import render_sarif
from archlint.report.sarif.limits import Limits
from archlint.report.text import render_text
from archlint.verdicts import Baselined, Report

from .reading import Page, rendered
from .samples import ALONE, BROKEN, KEY, WHOLE, report_of
from .test_github import commands


def known(*, was: str = "", new: bool = False) -> Report:
    """A report on one system with two findings, one of which is in the baseline."""
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


def test_gitlab_keeps_the_fingerprint_of_the_baseline_through_a_rename_of_the_file() -> None:
    [file] = known().files
    moved = Baselined(ALONE, "0123456789abcdef", was_file="/repo/shop/arch.yaml")
    after = Report((msgspec.structs.replace(file, file="/repo/pages/home.yaml", baselined=(moved,)),))
    prints = [json.loads(render_gitlab(r, ReportOptions(root="/repo")))[0]["fingerprint"] for r in (known(), after)]
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
    told = "**2 findings in `archlint-baseline.jsonl` are resolved. `archlint-baseline.jsonl` is strict, so the check fails: "
    assert told + "run `archlint baseline --update`.**" in text


def test_html_folds_it_away_and_counts_it_where_there_is_a_baseline() -> None:
    page = Page(render_html(known(new=True)))
    assert ("details", {"class": "block known"}) in page.tags
    assert "In the baseline (1)" in page.text
    assert [given["value"] for tag, given in page.tags if tag == "input" and given.get("value") == "baseline"]
    assert "In the baseline" not in Page(render_html(report_of(KEY))).text


HEALED = BaselineEntry("shop/arch.yaml", "REL003", "components.old", 2, line=7)
ACCEPTED = BaselineEntry("shop/arch.yaml", "REL004", "components.api", 1, line=4)
TOLD = (
    "2 findings in quality/known.jsonl are resolved. 1 finding in quality/known.jsonl is now accepted. "
    "quality/known.jsonl is strict, so the check fails: run `archlint baseline --update`."
)


def overdue(*, strict: bool = True, spent: bool = True, uses: int = 1, errors: int = 0) -> Report:
    """A report without new findings, but with resolved entries in a strict baseline: the check fails."""
    entries = ((HEALED,), (ACCEPTED,)) if spent else ((), ())
    files = ["quality/known.jsonl", *(f"quality/known-{number}.jsonl" for number in range(1, uses))]
    baselines = tuple(BaselineUse(file, entries[0], entries[1], strict) for file in files)
    return msgspec.structs.replace(known(), baselines=baselines, errors=(BROKEN,) * errors)


def test_github_annotates_a_strict_baseline_that_fails_the_check() -> None:
    first, *_, last = commands(render_github(overdue()))
    assert first == ("error", {"file": "quality/known.jsonl", "line": "4", "title": "archlint"}, TOLD)
    assert "; 1 strict baseline with outdated entries" in last[2]


def test_github_counts_baselines_among_the_ten_errors_that_it_shows() -> None:
    text = render_github(overdue(uses=8, errors=5))
    assert [name for name, *_ in commands(text)].count("error") == MOST_SHOWN
    assert "- error 2 findings in quality/known-7.jsonl are resolved." in text


def test_junit_fails_the_case_of_a_strict_baseline_and_passes_it_otherwise() -> None:
    suites = fromstring(render_junit(overdue()))
    assert suites.get("failures") == "1"
    [case] = [case for case in suites.iter("testcase") if case.get("name") == "baseline-strict"]
    assert (case.get("file"), case.get("line")) == ("quality/known.jsonl", "4")
    [failure] = case
    assert failure.attrib == {"message": TOLD, "type": "baseline"}
    assert "REL003  components.old  in shop/arch.yaml (2 times)" in (failure.text or "")
    passing = fromstring(render_junit(overdue(spent=False)))
    assert passing.get("failures") == "0"
    assert [len(case) for case in passing.iter("testcase") if case.get("name") == "baseline-strict"] == [0]


def test_gitlab_has_one_issue_for_a_strict_baseline_that_stays_the_same() -> None:
    [issue] = [one for one in json.loads(render_gitlab(overdue())) if one["check_name"] == "baseline-strict"]
    assert (issue["description"], issue["severity"]) == (TOLD, "critical")
    assert issue["location"] == {"path": "quality/known.jsonl", "lines": {"begin": 4, "end": 4}}
    fewer = msgspec.structs.replace(overdue(), baselines=(BaselineUse("quality/known.jsonl", (HEALED,), strict=True),))
    [later] = [one for one in json.loads(render_gitlab(fewer)) if one["check_name"] == "baseline-strict"]
    assert later["fingerprint"] == issue["fingerprint"]


def test_sarif_notifies_of_a_strict_baseline_at_its_line() -> None:
    [run] = json.loads(render_sarif(overdue(), ReportOptions(exit_status=1)))["runs"]
    [invocation] = run["invocations"]
    assert (invocation["exitCode"], invocation["executionSuccessful"]) == (1, True)
    [told] = invocation["toolExecutionNotifications"]
    assert (told["level"], told["message"]["text"]) == ("error", TOLD)
    kinds = run["tool"]["driver"]["notifications"]
    assert kinds[told["descriptor"]["index"]]["id"] == told["descriptor"]["id"] == "baseline-strict"
    place = told["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("quality/known.jsonl", 4)
    artifact = run["artifacts"][place["artifactLocation"]["index"]]
    assert artifact["roles"] == ["userSpecifiedConfiguration"]
    assert "sourceLanguage" not in artifact


def test_html_shows_a_strict_baseline_as_an_alarm() -> None:
    page = Page(render_html(overdue()))
    assert ("section", {"class": "spent strict"}) in page.tags
    assert TOLD.replace("`", "") in page.text
    assert "REL003 components.old in shop/arch.yaml (2 times)" in page.text
    assert "nothing new in 1 file; 1 strict baseline with outdated entries." in page.text
    assert ("section", {"class": "spent"}) in Page(render_html(overdue(strict=False))).tags


def test_text_says_why_the_check_fails_even_where_it_is_quiet() -> None:
    quiet = render_text(overdue(), TextOptions(quiet=True, width=200))
    assert quiet.splitlines() == [
        "2 findings in quality/known.jsonl are resolved:",
        "  REL003  components.old  in shop/arch.yaml (2 times)",
        "1 finding in quality/known.jsonl is now accepted:",
        "  REL004  components.api  in shop/arch.yaml",
        "quality/known.jsonl is strict, so the check fails: run `archlint baseline --update`.",
    ]
    assert render_text(overdue(strict=False), TextOptions(quiet=True)) == ""
    assert "\x1b[1;32mNothing new" in render_text(overdue(strict=False), TextOptions(color=True))
    assert "\x1b[1;32mNothing new" not in render_text(overdue(), TextOptions(color=True)), "green would be a lie"


def test_a_baseline_that_is_not_strict_alarms_nobody() -> None:
    report = overdue(strict=False)
    assert not [name for name, *_ in commands(render_github(report)) if name == "error"]
    assert fromstring(render_junit(report)).get("failures") == "0"
    assert {issue["check_name"] for issue in json.loads(render_gitlab(report))} == {f"{ALONE.rule}-{ALONE.name}"}
    assert "toolExecutionNotifications" not in json.loads(render_sarif(report))["runs"][0]["invocations"][0]

"""GitLab's Code Quality report, compared with GitLab's documentation."""

from __future__ import annotations

import json

from hypothesis import given, settings
from jsonschema import Draft202012Validator

from archlint.report.gitlab import render_gitlab
from archlint.report.options import ReportOptions
from archlint.verdicts import Location, Report

from .hostile import any_reports, hostile_report
from .samples import KEY, WHOLE, found, report_of

# Source: docs.gitlab.com/ci/testing/code_quality/, "Code Quality report format" (formerly "Implement a custom tool").
SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "additionalProperties": False,
        "properties": {
            "description": {"type": "string"},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "minLength": 1, "not": {"pattern": "^\\./"}},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}, "end": {"type": "integer"}},
                    },
                },
            },
        },
    },
}
VALIDATOR = Draft202012Validator(SCHEMA)


def test_the_whole_report_has_the_documented_form() -> None:
    for report in (WHOLE, Report(()), hostile_report()):
        text = render_gitlab(report)
        assert not text.startswith("\ufeff")      # GitLab's parser rejects a byte order mark
        VALIDATOR.validate(json.loads(text))


@settings(max_examples=25)
@given(report=any_reports())
def test_any_report_has_the_documented_form_and_no_fingerprint_twice(report: Report) -> None:
    issues = json.loads(render_gitlab(report))
    VALIDATOR.validate(issues)
    prints = [issue["fingerprint"] for issue in issues]
    assert len(set(prints)) == len(prints)


def test_severities_differ() -> None:
    report = report_of(*(found(severity=name, at=name) for name in ("error", "warning", "info")))
    assert [issue["severity"] for issue in json.loads(render_gitlab(report))] == ["critical", "major", "minor"]


def test_paths_are_relative_and_findings_keep_their_fingerprint_when_lines_move() -> None:
    moved = found(location=Location("/repo/shop/arch.yaml", 99, 1, 99, 2))
    [before], [after] = (
        json.loads(render_gitlab(report_of(finding), ReportOptions(root="/repo"))) for finding in (KEY, moved)
    )
    assert after["location"] == {"path": "shop/arch.yaml", "lines": {"begin": 99, "end": 99}}
    assert after["fingerprint"] == before["fingerprint"]


def test_the_same_finding_of_two_files_is_two() -> None:
    [file] = report_of(KEY).files
    other = type(file)("other.yaml", "", file.findings, ())
    first, second = json.loads(render_gitlab(Report((file, other))))
    assert first["fingerprint"] != second["fingerprint"]


def test_known_accepted_and_undecided_ones_are_information() -> None:
    issues = json.loads(render_gitlab(WHOLE))
    quiet = [issue["description"] for issue in issues if issue["severity"] == "info"]
    assert len(quiet) == len(WHOLE.accepted) + len(WHOLE.undecided) + len(WHOLE.baselined)
    assert quiet[0].startswith("In the baseline: ")
    assert quiet[1].startswith("Accepted until 2027-03-31 in shop/arch.yaml:1 (pilot until the review): ")
    assert "is undecided: add `components.job.records`" in quiet[2]
    assert [issue["severity"] for issue in issues if issue["location"]["path"] == "shop/broken.yaml"] == ["blocker"]

"""The JSON report, and the schema of its contract."""

import json
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from archlint.inputs import InputError
from archlint.report.contract import JsonFinding, JsonReport, JsonUndecided
from archlint.report.json import render_json, report_schema
from archlint.verdicts import FileReport, Location, Report, ShownTerm

from .samples import BIGSIZE, HOME, KEY, MODELS, OBJECTIVE, OVERLOAD, WHOLE, found, report_of
from .test_laws import reports

VALIDATOR = Draft202012Validator(report_schema())


def test_everything_at_once_reads_as_kept(matches_expected: Callable[[str, str], None]) -> None:
    matches_expected("report.json", render_json(WHOLE))


def test_the_schema_reads_as_kept(matches_expected: Callable[[str, str], None]) -> None:
    matches_expected("report.schema.json", json.dumps(report_schema(), indent=2) + "\n")


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(report_schema())


@pytest.mark.parametrize("report", [WHOLE, Report(()), report_of(), report_of(KEY)])
def test_what_is_written_fits_the_schema(report: Report) -> None:
    assert list(VALIDATOR.iter_errors(json.loads(render_json(report)))) == []


@settings(max_examples=40)
@given(report=reports())
def test_whatever_is_found_fits_the_schema(report: Report) -> None:
    assert list(VALIDATOR.iter_errors(json.loads(render_json(report)))) == []


@pytest.mark.parametrize(
    ("key", "value"), [("severity", "fatal"), ("line", 0), ("certainty", "sure"), ("message", None)]
)
def test_the_schema_refuses_what_the_contract_excludes(key: str, value: object) -> None:
    document = json.loads(render_json(report_of(KEY)))
    document["findings"][0][key] = value
    assert not VALIDATOR.is_valid(document)


def test_every_key_is_required_and_described_or_plain() -> None:
    definitions = report_schema()["$defs"]
    assert isinstance(definitions, dict)
    for name, definition in definitions.items():
        assert sorted(definition["required"]) == sorted(definition["properties"]), name
        assert definition["description"], name


def test_a_finding_carries_its_place_and_its_arithmetic() -> None:
    [finding] = msgspec.json.decode(render_json(report_of(BIGSIZE)), type=JsonReport).findings
    assert (finding.file, finding.line, finding.column) == (MODELS.name, 5, 5)
    assert (finding.end_line, finding.end_column) == (5, 17)
    assert finding.root == HOME.name
    assert finding.at == "models.ranker.service_time"
    limit = finding.terms[-1]
    assert (limit.name, limit.value, limit.unit, limit.text, limit.limit) == (
        "limit",
        0.3,
        "s",
        "300 ms",
        True,
    )
    assert (limit.file, limit.line, limit.column) == (OBJECTIVE.file, OBJECTIVE.line, OBJECTIVE.column)
    hops = finding.terms[1]
    assert (hops.file, hops.line, hops.end_column) == (None, None, None)
    assert [cure.pattern for cure in finding.cures][:2] == ["prediction-cache", "multiple-stage"]
    assert finding.related[0].message == "the objective"
    assert finding.acceptance is None


def test_an_estimate_carries_its_band() -> None:
    [finding] = msgspec.json.decode(render_json(report_of(OVERLOAD)), type=JsonReport).findings
    assert finding.certainty == "estimated"
    assert finding.band == (1.1, 1.7)


def test_an_accepted_finding_says_why_and_where() -> None:
    document = msgspec.json.decode(render_json(WHOLE), type=JsonReport)
    [accepted] = document.accepted
    assert accepted.rule == "OPS003"
    assert accepted.acceptance is not None
    assert (accepted.acceptance.reason, accepted.acceptance.until) == ("pilot until the review", "2027-03-31")
    assert accepted.fingerprint not in {finding.fingerprint for finding in document.findings}


def test_open_questions_name_the_keys_to_add() -> None:
    document = msgspec.json.decode(render_json(WHOLE), type=JsonReport)
    assert [question.needs for question in document.undecided] == [
        ["components.job.records"],
        ["workloads.mail.rate", "components.job.records"],
        ["components.job.zones"],
    ]
    best = document.summary.most_decisive[0]
    assert (best.key, best.rules) == ("components.job.records", ["SRV004", "SRV007"])
    assert (best.questions, best.alone) == (2, 1)


def test_the_summary_adds_up() -> None:
    document = msgspec.json.decode(render_json(WHOLE), type=JsonReport)
    summary = document.summary
    assert summary.findings == len(document.findings) == sum(summary.by_rule.values())
    assert summary.by_severity.error == len([one for one in document.findings if one.severity == "error"])
    assert summary.by_severity.warning == len([one for one in document.findings if one.severity == "warning"])
    assert summary.errors == len(document.errors)
    assert summary.skipped == WHOLE.skipped


def test_numbers_that_are_not_finite_become_null() -> None:
    term = ShownTerm("wait", "wait", float("inf"), "s", "derived", "for ever")
    [finding] = json.loads(render_json(report_of(found(terms=(term,)))))["findings"]
    assert finding["terms"][0]["value"] is None
    assert finding["terms"][0]["text"] == "for ever"


def test_a_name_that_is_no_unicode_is_spelt_out() -> None:
    name = b"arch\xff.yaml".decode("utf-8", "surrogateescape")
    file = FileReport(name, "home", (found(location=Location(name, 1, 1, 1, 2)),), ())
    document = json.loads(render_json(Report((file,), (InputError(f"{name}: gone"),))))
    assert document["findings"][0]["file"] == "arch\\udcff.yaml"
    assert document["errors"][0]["message"] == "arch\\udcff.yaml: gone"


def test_the_contract_keeps_its_keys() -> None:
    assert {"rule", "name", "severity", "certainty", "at", "file", "line", "column", "end_line", "end_column",
            "message", "terms", "related", "cures", "fingerprint", "docs", "suggestion", "band"} <= set(
        JsonFinding.__struct_fields__
    )  # fmt: skip
    assert {"rule", "name", "at", "needs", "file", "line", "column", "because"} <= set(
        JsonUndecided.__struct_fields__
    )
    assert {"version", "findings", "undecided", "accepted", "patterns", "errors", "summary"} <= set(
        JsonReport.__struct_fields__
    )

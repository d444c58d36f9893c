"""SARIF: the standard's schema, Microsoft's validator with GitHub's rules, limits, fingerprints."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from archlint.api import check_targets
from archlint.cli.pipelines import azure_run
from archlint.linter import Options
from archlint.report.options import ReportOptions
from archlint.report.sarif import render_alerts, render_sarif
from archlint.report.sarif.fingerprints import LineHashes
from archlint.report.sarif.limits import Limits, gzip_size
from archlint.verdicts import FileReport, Finding, Location, Report, ShownRelated
from tests.conftest import ROOT
from tests.tools import sarif_schema, sarif_validator

from .hostile import any_reports, hostile_report
from .samples import BIGSIZE, BROKEN, HOME, KEY, UNOWNED, WHOLE, found, report_of

CONSCIOUS = {
    "SARIF2002",  # each finding has its own message, because its arithmetic differs
    "SARIF2003",  # only the uploader knows which commit was checked
    "SARIF2006",  # it needs the network for the schema
    "SARIF2010",
    "SARIF2011",
    "SARIF2012",  # rule names have archlint's form, as online-bigsize; custom rules have no page
    "SARIF2013",
}
"""Notes of Microsoft's validator that are ignored intentionally."""


def run_of(report: Report, options: ReportOptions | None = None, limits: Limits | None = None) -> Any:
    [run] = json.loads(render_sarif(report, options, limits or Limits()))["runs"]
    return run


def notifications(run: Any) -> list[str]:
    [invocation] = run["invocations"]
    return [entry["message"]["text"] for entry in invocation.get("toolExecutionNotifications", ())]


@pytest.fixture(scope="module", params=["status", "state"])
def validator(request: pytest.FixtureRequest) -> Draft4Validator:
    """The schema of OASIS, and an earlier version that is still used: `state` instead of `status`."""
    schema = json.loads(sarif_schema().read_text(encoding="utf-8"))
    known = schema["definitions"]["suppression"]["properties"]
    known[request.param] = known.pop("status")
    return Draft4Validator(schema)


@pytest.mark.parametrize("report", [WHOLE, Report(()), hostile_report()], ids=["whole", "empty", "hostile"])
def test_what_is_written_fits_the_schema_of_oasis(report: Report, validator: Draft4Validator) -> None:
    log = render_sarif(report, ReportOptions(root="/repo", exit_status=1, version="1.2.3"))
    assert list(validator.iter_errors(json.loads(log))) == []


@settings(max_examples=30)
@given(report=any_reports())
def test_whatever_is_found_fits_the_schema_of_oasis(report: Report, validator: Draft4Validator) -> None:
    assert list(validator.iter_errors(json.loads(render_sarif(report)))) == []


AZURE = {
    "TF_BUILD": "True", "SYSTEM_COLLECTIONURI": "https://dev.azure.com/shop/", "BUILD_DEFINITIONNAME": "check",
    "SYSTEM_TEAMPROJECTID": "6f1a4c9e-2b0d-4c7e-9a57-0d6f3c1b8e21", "SYSTEM_DEFINITIONID": "12", "BUILD_BUILDID": "345",
    "SYSTEM_PHASEID": "3a3a2a60-14c7-570b-14a4-fa42ad92f52a", "SYSTEM_PHASENAME": "Job",
    "BUILD_SOURCEBRANCH": "refs/heads/main",
}  # fmt: skip
"""Variables that Azure Pipelines sets (learn.microsoft.com, "Use predefined variables")."""


def validated(logs: Sequence[Path], kinds: str) -> dict[str, set[str]]:
    """The results of Microsoft's validator for files: levels to rules."""
    output = logs[0].with_suffix(".validated")
    done = subprocess.run(
        [str(sarif_validator()), "validate", *map(str, logs), "--rule-kind", kinds, "--output", str(output), "--log",
         "ForceOverwrite", "--level", "Error;Warning;Note"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert output.is_file(), done.stdout + done.stderr
    said: dict[str, set[str]] = {}
    for run in json.loads(output.read_text(encoding="utf-8-sig"))["runs"]:
        for result in run["results"]:
            said.setdefault(result.get("level", "warning"), set()).add(result["ruleId"])
    return said


@pytest.mark.parametrize("kinds", ["Sarif;Ghas", "Sarif;Ado;Ghas"])
def test_microsofts_validator_accepts_it_with_the_rules_of_github_and_azure(kinds: str, tmp_path: Path) -> None:
    reports = {
        "examples": check_targets([ROOT / "examples"], Options()),
        "whole": WHOLE,
        "empty": Report(()),
        "hostile": hostile_report(),
    }
    run_id, properties = azure_run(AZURE if "Ado" in kinds else {})
    options = ReportOptions(root=ROOT.as_posix(), version="1.2.3", run_id=run_id, run_properties=properties)
    render = render_alerts if "Ado" in kinds else render_sarif
    for name, report in reports.items():
        (tmp_path / f"{name}.sarif").write_text(render(report, options), encoding="utf-8")
    said = validated([tmp_path / f"{name}.sarif" for name in reports], kinds)
    assert said.get("error", set()) == set()
    assert said.get("warning", set()) == set()
    assert said.get("note", set()) <= CONSCIOUS


@pytest.mark.parametrize("missing", sorted(AZURE))
def test_a_run_without_all_that_names_it_has_no_name(missing: str) -> None:
    assert azure_run({key: value for key, value in AZURE.items() if key != missing}) == ("", {})


@pytest.mark.parametrize("collection", ["https://dev.azure.com/shop/", "https://shop.visualstudio.com/"])
def test_the_run_of_azure_is_named_by_organisation_project_and_build(collection: str) -> None:
    run_id, properties = azure_run({**AZURE, "SYSTEM_COLLECTIONURI": collection})
    assert run_id.split("/")[3:5] == ["shop", AZURE["SYSTEM_TEAMPROJECTID"]]
    assert run_id.split("/")[5:] == ["12", AZURE["SYSTEM_PHASEID"], "refs%2Fheads%2Fmain", "345"]
    assert properties["azuredevops/pipeline/build/phaseName"] == "Job"
    assert "automationDetails" not in run_of(WHOLE)


def test_alerts_are_the_findings_alone() -> None:
    [run] = json.loads(render_alerts(WHOLE))["runs"]
    assert [result["properties"]["at"] for result in run["results"]] == [finding.at for finding in WHOLE.findings]
    assert all("suppressions" not in result and "kind" not in result for result in run["results"])
    assert {result["baselineState"] for result in run["results"]} == {"new"}
    [whole] = json.loads(render_sarif(WHOLE))["runs"]
    texts = [result["message"] for result in run["results"]]
    assert texts == [result["message"] for result in whole["results"][: len(texts)]]
    assert run["invocations"] == whole["invocations"]


def test_a_message_shows_the_arithmetic_and_links_to_where_facts_were_said() -> None:
    run = run_of(report_of(BIGSIZE))
    [result] = run["results"]
    text = result["message"]["text"]
    assert text.startswith(BIGSIZE.message)
    assert "limit: latency p95: 300 ms (stated, [shop/arch.yaml:10](1))" in text
    linked = {place["id"]: place for place in result["relatedLocations"]}
    assert linked[1]["physicalLocation"]["region"]["startLine"] == 10
    assert linked[1]["message"]["text"] == "the objective"
    assert result["properties"]["certainty"] == "proven"
    assert [term["name"] for term in result["properties"]["terms"]] == ["service_time", "hops", "path", "limit"]


def test_a_path_becomes_a_code_flow() -> None:
    [result] = run_of(report_of(BIGSIZE))["results"]
    [flow] = result["codeFlows"]
    steps = [step["location"]["message"]["text"] for step in flow["threadFlows"][0]["locations"]]
    assert steps == ["`app` calls `gateway`", "`gateway` calls `api`"]
    report = check_targets([ROOT / "examples" / "failing" / "online-bigsize.yaml"], Options(select=("SRV001",)))
    [result] = run_of(report)["results"]
    steps = [step["location"]["message"]["text"] for step in result["codeFlows"][0]["threadFlows"][0]["locations"]]
    assert [step.split("`")[3] for step in steps][-1] == "translator"


def test_a_finding_carries_its_place_and_its_fingerprints() -> None:
    run = run_of(report_of(KEY))
    [result] = run["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "shop/arch.yaml", "uriBaseId": "%SRCROOT%", "index": 0}
    assert place["region"] == {
        "startLine": 21, "startColumn": 36, "endLine": 21, "endColumn": 43, "snippet": {"text": "replica"},
    }  # fmt: skip
    assert result["locations"][0]["logicalLocations"] == [{"fullyQualifiedName": "components.api.replica"}]
    assert result["partialFingerprints"]["archlint/v1"] == KEY.fingerprint
    assert run["columnKind"] == "unicodeCodePoints"
    assert [artifact["location"]["uri"] for artifact in run["artifacts"]] == ["shop/arch.yaml", "shop/models.yaml"]


def test_accepted_findings_are_suppressed_and_open_questions_open() -> None:
    results = run_of(WHOLE)["results"]
    [accepted] = [result for result in results if "suppressions" in result]
    [suppression] = accepted["suppressions"]
    assert suppression["kind"] == "inSource"
    assert suppression["justification"] == "pilot until the review"
    assert suppression["properties"] == {"until": "2027-03-31"}
    assert accepted["ruleId"] == UNOWNED.rule
    open_ones = [result for result in results if result.get("kind") == "open"]
    assert len(open_ones) == len(WHOLE.undecided)
    assert {result["level"] for result in open_ones} == {"none"}
    assert "add `components.job.records` to decide it" in open_ones[0]["message"]["text"]
    assert len({json.dumps(result["partialFingerprints"]) for result in results}) == len(results)


def test_an_input_that_could_not_be_read_is_a_notification() -> None:
    [invocation] = run_of(WHOLE, ReportOptions(exit_status=2))["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 2
    first = invocation["toolExecutionNotifications"][0]
    assert BROKEN.message in first["message"]["text"]
    assert first["level"] == "error"
    place = first["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("shop/broken.yaml", 3)
    assert "4 YAML files skipped" in notifications(run_of(WHOLE))[1]


def test_a_clean_run_says_so() -> None:
    [invocation] = run_of(report_of(), ReportOptions(exit_status=0))["invocations"]
    assert invocation == {"executionSuccessful": True, "exitCode": 0}


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("sub/a.yaml", "sub/a.yaml"),
        ("./sub/../a.yaml", "a.yaml"),
        ("/repo/sub/a.yaml", "sub/a.yaml"),
        ("../b.yaml", "file:///b.yaml"),
        ("/etc/a b.yaml", "file:///etc/a%20b.yaml"),
        ("ä ö:#?%.yaml", "%C3%A4%20%C3%B6%3A%23%3F%25.yaml"),
        ("caf\udce9.yaml", "caf%E9.yaml"),
        ("<stdin>", "%3Cstdin%3E"),
    ],
)
def test_paths_become_uris_relative_to_the_root(file: str, uri: str) -> None:
    finding = found(location=Location(file, 1, 1, 1, 2))
    [result] = run_of(report_of(finding), ReportOptions(root="/repo"))["results"]
    location = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location["uri"] == uri
    assert ("uriBaseId" in location) is not uri.startswith("file:")


def many(*severities: str) -> Report:
    findings = tuple(
        found(severity=severity, at=f"components.c{number}", message=f"{severity} {number}")
        for number, severity in enumerate(severities)
    )
    return report_of(*findings)


def test_beyond_the_limit_the_least_severe_are_left_out_and_that_is_said() -> None:
    report = many("info", "warning", "error", "info", "error", "warning")
    run = run_of(report, limits=Limits(results=3))
    assert [result["message"]["text"] for result in run["results"]] == ["error 2.", "error 4.", "warning 1."]
    assert any("3 of 6 results omitted (the least severe)" in text for text in notifications(run))
    assert notifications(run_of(report, limits=Limits(results=6))) == []


def test_accepted_and_open_ones_give_way_to_findings() -> None:
    run = run_of(WHOLE, limits=Limits(results=len(WHOLE.findings)))
    assert len(run["results"]) == len(WHOLE.findings)
    assert all("suppressions" not in result and "kind" not in result for result in run["results"])


def test_more_than_github_shows_is_kept_and_said() -> None:
    run = run_of(many("info", "error", "error"), limits=Limits(shown_results=2))
    assert len(run["results"]) == 3
    assert any("GitHub shows the 2 most severe" in text for text in notifications(run))


def test_a_file_too_large_once_compressed_is_cut_to_fit() -> None:
    report = many(*["error"] * 20, *["info"] * 60)
    whole = gzip_size(render_sarif(report).encode())
    least = gzip_size(render_sarif(report_of()).encode())
    limits = Limits(gzip_bytes=(whole + least) // 2)
    text = render_sarif(report, None, limits)
    assert gzip_size(text.encode()) <= limits.gzip_bytes
    run = json.loads(text)["runs"][0]
    levels = [result["level"] for result in run["results"]]
    assert 0 < len(levels) < 80
    assert levels.count("error") == min(20, len(levels))
    assert any("omitted" in text for text in notifications(run))


def test_places_and_steps_beyond_the_limit_are_cut_and_said() -> None:
    place = Location(HOME.name, 1, 1, 1, 2)
    others = tuple(ShownRelated("x", f"{n}", msgspec.structs.replace(place, column=n + 1)) for n in range(9))
    finding = msgspec.structs.replace(KEY, related=others, path=others)
    run = run_of(report_of(finding, BIGSIZE), limits=Limits(locations=5, flow_locations=4))
    first, second = run["results"]
    assert [place["message"]["text"] for place in first["relatedLocations"]] == ["0", "1", "2", "3"]
    assert len(first["codeFlows"][0]["threadFlows"][0]["locations"]) == 4
    assert len(second["codeFlows"][0]["threadFlows"][0]["locations"]) == 2
    assert any("1 result with fewer places" in text for text in notifications(run))


def test_rules_beyond_the_limit_give_way_to_those_that_found_something() -> None:
    rules = [found(rule=f"SRV{n:03}", severity=s) for n, s in enumerate(["info", "warning", "error"], 1)]
    run = run_of(report_of(*rules), limits=Limits(rules=2))
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["SRV002", "SRV003"]
    assert [result["ruleId"] for result in run["results"]] == ["SRV003", "SRV002"]
    assert len(notifications(run)) == 2


def test_ten_thousand_results_keep_their_order_and_their_rules() -> None:
    findings: tuple[Finding, ...] = tuple(found(at=f"components.c{n}", severity="error") for n in range(10_000))
    run = run_of(report_of(*findings))
    assert [result["properties"]["at"] for result in run["results"]] == [finding.at for finding in findings]


LINES = st.lists(st.text(st.sampled_from("ab:\t {}#é日😀\ufeff"), max_size=130), min_size=1, max_size=12)


@settings(max_examples=6)
@given(lines=LINES, breaks=st.sampled_from(["\n", "\r\n", "\r"]), closed=st.booleans())
def test_the_fingerprint_of_a_line_is_the_one_that_uploading_computes(
    lines: list[str], breaks: str, closed: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    program = sarif_validator()
    folder = tmp_path_factory.mktemp("hashes")
    text = breaks.join(lines) + (breaks if closed else "")
    if not text.strip() or text.startswith("\ufeff"):
        return
    source = folder / "a.yaml"
    source.write_bytes(text.encode())
    found_here = tuple(_at_line(str(source), n) for n in range(1, len(lines) + 1))
    document = json.loads(render_sarif(Report((FileReport(str(source), "", found_here, ()),))))
    for result in document["runs"][0]["results"]:
        del result["partialFingerprints"]        # they are computed if there are none
    log = folder / "a.sarif"
    log.write_text(json.dumps(document), encoding="utf-8")
    done = subprocess.run(
        [str(program), "rewrite", str(log), "--insert", "RollingHashPartialFingerprints",
         "--output", str(folder / "b.sarif"), "--log", "ForceOverwrite"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (folder / "b.sarif").is_file(), done.stdout + done.stderr
    results = json.loads((folder / "b.sarif").read_text(encoding="utf-8-sig"))["runs"][0]["results"]
    theirs = [result["partialFingerprints"]["primaryLocationLineHash"] for result in results]
    hashes = LineHashes(text)
    assert [hashes.of(n) for n in range(1, len(lines) + 1)] == theirs


def _at_line(file: str, number: int) -> Finding:
    return found(location=Location(file, number, 1, number, 2), at=f"components.c{number}")


def test_the_fingerprint_of_a_known_line() -> None:
    """Calculated by hand: `ab`, then the end of the file (65535), then zeros."""
    value = (ord("a") * 37**99 + ord("b") * 37**98 + 65535 * 37**97) % 2**64
    assert LineHashes("a b").of(1) == f"{value:x}:1"
    assert LineHashes("a b").of(2) == ""

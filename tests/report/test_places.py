"""What one decision fixes is one finding with its places, in every format; acceptances and baselines name places."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from archlint.config import Config
from archlint.findings import grouped
from archlint.linter import Linter, Options
from archlint.report import FORMATS
from archlint.report.options import ReportOptions
from archlint.source.parser import parse
from archlint.verdicts import FileReport, Report

CALLED = 12


def system(called: int = CALLED, accepted: int = 0, described: str = "timeouts") -> str:
    """A client that calls a service, which calls others, all without a timeout."""
    names = [f"part-{number:02}" for number in range(1, called)]
    comment = "  # archlint: accept REL003 -- a library sets it"
    calls = "\n".join(f"      - {name}{comment if number < accepted else ''}" for number, name in enumerate(names))
    parts = "\n".join(f"  {name}: {{kind: database}}" for name in names)
    return f"""archlint: 1
described: [{described}]
workloads: {{search: {{from: page}}}}
components:
  page: {{kind: client, calls: [api]}}
  api:
    kind: service
    calls:
{calls}
{parts}
"""


@cache
def linter() -> Linter:
    return Linter(Config(Path(__file__).parent), Options(select=("REL003",), today="2026-06-30"))


def check(text: str) -> FileReport:
    return linter().lint(parse("arch.yaml", text), None)[0]


def rendered(name: str, text: str) -> str:
    return FORMATS[name](Report((check(text),)), ReportOptions())


def test_calls_of_a_system_without_a_timeout_are_one_finding_with_its_places() -> None:
    report = check(system())
    (finding,) = report.grouped
    assert len(report.findings) == CALLED
    assert [place.at for place in finding.places] == [found.at for found in report.findings]
    assert finding.message.endswith("hangs too (and 11 more places)")
    assert {place.fingerprint for place in finding.places} == {found.fingerprint for found in report.findings}


def test_json_has_one_finding_with_all_places() -> None:
    data = json.loads(rendered("json", system()))
    (finding,) = data["findings"]
    assert len(finding["places"]) == data["summary"]["places"] == CALLED
    assert data["summary"]["findings"] == data["summary"]["by_rule"]["REL003"] == 1
    assert {(place["file"], place["line"]) for place in finding["places"]} == {
        ("arch.yaml", line) for line in (5, *range(9, 20))
    }
    assert all("without a timeout" in place["message"] for place in finding["places"])


def test_a_finding_of_one_place_has_that_place() -> None:
    (finding,) = json.loads(rendered("json", system(1)))["findings"]
    (place,) = finding["places"]
    assert {key: finding[key] for key in place if key != "fingerprint"} == {
        key: value for key, value in place.items() if key != "fingerprint"
    }
    assert "more place" not in finding["message"]


def test_sarif_has_one_result_with_all_places() -> None:
    (run,) = json.loads(rendered("sarif", system()))["runs"]
    (result,) = run["results"]
    assert len(result["locations"]) == 1
    assert len(result["relatedLocations"]) == CALLED - 1
    assert len(result["properties"]["places"]) == CALLED


def test_each_format_reports_it_once_and_counts_the_places() -> None:
    checkstyle = ElementTree.fromstring(rendered("checkstyle", system()))
    junit = ElementTree.fromstring(rendered("junit", system()))
    assert len(checkstyle.findall(".//error")) == 1
    assert len(junit.findall(".//failure")) == 1
    assert len(json.loads(rendered("gitlab", system()))) == 1
    assert len(rendered("concise", system()).splitlines()) == 1
    assert rendered("github", system()).count("::warning ") == 1
    assert rendered("html", system()).count("<article") == 1
    assert rendered("markdown", system()).count("**REL003") == 1
    for name in FORMATS:
        assert "(and 11 more places)" in re.sub(r"\s+", " ", rendered(name, system())), name


@pytest.mark.parametrize("name", ["text", "github", "gitlab", "checkstyle", "markdown", "html", "junit", "sarif", "json"])
def test_each_format_names_other_places(name: str) -> None:
    assert re.search(r"components\.api\.calls(\\|&#91;)?\[?0", rendered(name, system(3)))


@pytest.mark.parametrize("name", ["github", "gitlab", "checkstyle", "markdown"])
def test_of_many_places_short_formats_name_the_first(name: str) -> None:
    text = rendered(name, system(200))
    assert re.search(r"and 1[789]\d more", text)
    assert text.count("components.api.calls[") < 40


def test_the_text_of_a_finding_with_many_places_fits_a_screen() -> None:
    assert len(rendered("text", system(200)).splitlines()) <= 24
    assert "--verbose shows " in rendered("text", system(200))


@pytest.mark.parametrize(("accepted", "places"), [(0, 4), (1, 3), (2, 2), (3, 1)])
def test_an_acceptance_takes_one_place_out(accepted: int, places: int) -> None:
    report = check(system(4, accepted))
    assert len(report.accepted) == accepted
    (finding,) = report.grouped
    assert len(finding.places) == places
    assert not {entry.finding.at for entry in report.accepted} & {place.at for place in finding.places}


def test_the_fingerprint_stays_when_places_come_and_go() -> None:
    prints = {check(system(called, accepted)).grouped[0].fingerprint for called in (1, 2, 12) for accepted in (0, 1)}
    assert len(prints) == 1
    results = [json.loads(rendered("sarif", system(called)))["runs"][0]["results"] for called in (1, 3)]
    assert results[0][0]["partialFingerprints"] == results[1][0]["partialFingerprints"]


def test_an_accepted_place_has_a_fingerprint_of_its_own() -> None:
    results = json.loads(rendered("sarif", system(4, 2)))["runs"][0]["results"]
    prints = [result["partialFingerprints"]["archlint/v1"] for result in results]
    assert len(set(prints)) == len(prints) == 3
    issues = json.loads(rendered("gitlab", system(4, 2)))
    assert len({issue["fingerprint"] for issue in issues}) == 3


def test_findings_of_another_severity_or_certainty_are_apart() -> None:
    report = check(system(3))
    first, *others = report.findings
    changed = [type(first)(**{**{field: getattr(first, field) for field in first.__struct_fields__}, "severity": "info"})]
    found = grouped([*changed, *others])
    assert [len(finding.places) for finding in found] == [2, 1]
    assert len({finding.fingerprint for finding in found}) == 2


def test_grouped_findings_are_grouped_no_further_and_their_order_does_not_matter() -> None:
    report = check(system(5))
    assert grouped(report.grouped) == report.grouped
    assert grouped(reversed(report.findings)) == report.grouped


def test_a_difference_shows_new_places_as_a_new_finding(tmp_path: Path) -> None:
    import archlint

    old, new = tmp_path / "old", tmp_path / "new"
    for folder, called in ((old, 3), (new, 5)):
        folder.mkdir()
        (folder / "arch.yaml").write_text(system(called), encoding="utf-8")
        (folder / "archlint.toml").write_text('select = ["REL003"]\n', encoding="utf-8")
    (changed,) = archlint.diff(old / "arch.yaml", new / "arch.yaml").systems
    (found,) = changed.found
    assert [place.at for place in found.places] == ["components.api.calls[2]", "components.api.calls[3]"]
    assert changed.unchanged == 1            # the decision about the other calls, wherever they are

"""Findings are in one order in every format: by severity, then by loss, then by place."""

from __future__ import annotations

import json
import random
import re
from itertools import pairwise
from xml.etree import ElementTree

import msgspec
import pytest

import archlint
from archlint.report import FORMATS
from archlint.report.options import ReportOptions
from archlint.verdicts import FileReport, Finding, Location, Report, order_of

from .samples import found

LOSSES = (0.0, 0.25, 0.25, 1.0)
OPTIONS = ReportOptions(all=True)


def shuffled(seed: int) -> Report:
    """Two systems with unordered findings; each has a unique message."""
    chance = random.Random(seed)
    files = []
    for name in ("b.yaml", "a.yaml"):
        findings = [
            msgspec.structs.replace(
                found("DOC003", "unknown-key", Location(name, line, 1, line, 2), f"id-{name[0]}{severity}{number}", severity=severity),
                loss=loss,
                fingerprint=f"{name}{severity}{number}",
            )
            for severity in ("info", "error", "warning")
            for number, loss in enumerate(LOSSES)
            for line in (chance.randrange(1, 9),)
        ]
        chance.shuffle(findings)
        files.append(FileReport(name, "", tuple(findings), ()))
    return Report(tuple(files))


def ids(text: str) -> list[str]:
    """The messages in the order of their first occurrence in a text."""
    return list(dict.fromkeys(re.findall(r"id-[ab](?:error|warning|info)\d", text)))


def in_order(findings: list[Finding]) -> list[str]:
    return [finding.message for finding in sorted(findings, key=order_of)]


def test_the_order_is_severity_then_loss_then_place() -> None:
    for one, two in pairwise(shuffled(1).findings):
        ranks = ["error", "warning", "info"]
        first, second = ranks.index(one.severity), ranks.index(two.severity)
        assert (first, -one.loss, one.location.file, one.location.line) <= (
            second, -two.loss, two.location.file, two.location.line,
        )  # fmt: skip


def test_informative_findings_that_most_systems_have_come_last() -> None:
    rules = ("OPS001", "REL001", "DEP044", "DOC001")
    made = [
        msgspec.structs.replace(found(rule, "name", Location("a.yaml", 1, 1, 1, 2), rule, severity=severity), loss=loss)
        for severity in ("info", "warning") for rule, loss in zip(rules, (1.0, 0.8, 0.0, 0.1), strict=True)
    ]  # fmt: skip
    assert [(one.severity, one.rule) for one in sorted(made, key=order_of)] == [
        ("warning", "OPS001"), ("warning", "REL001"), ("warning", "DOC001"), ("warning", "DEP044"),
        ("info", "DOC001"), ("info", "DEP044"), ("info", "REL001"), ("info", "OPS001"),
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"junit", "html", "checkstyle"}))
def test_every_format_lists_the_findings_of_all_files_in_that_order(name: str, seed: int) -> None:
    report = shuffled(seed)
    everything = [finding for file in report.files for finding in file.findings]
    said = ids(FORMATS[name](report, OPTIONS))
    if name == "github":                # GitHub shows only ten of each level: the log has the others
        assert set(said) == set(in_order(everything))
    else:
        assert said == in_order(everything)


@pytest.mark.parametrize("name", ["junit", "html"])
def test_formats_with_a_part_for_each_system_have_that_order_within_it(name: str) -> None:
    report = shuffled(4)
    said = ids(FORMATS[name](report, OPTIONS))
    assert said == [message for file in report.files for message in in_order(list(file.findings))]


def test_checkstyle_has_that_order_in_each_file_the_worst_file_first() -> None:
    report = shuffled(5)
    top = ElementTree.fromstring(FORMATS["checkstyle"](report, OPTIONS))
    assert next(file.attrib["name"] for file in top) == report.findings[0].location.file
    for file in top:
        expected = [f.message for f in report.findings if f.location.file == file.attrib["name"]]
        assert [error.attrib["message"].split(" ")[0] for error in file] == expected


def test_the_text_shows_ten_findings_and_counts_the_others_by_severity_and_rule() -> None:
    report = shuffled(6)
    text = FORMATS["text"](report, ReportOptions())
    assert ids(text) == [finding.message for finding in report.findings[:10]]
    assert text.endswith(
        "14 more findings are not shown; --all shows all:\n"
        "  6 warnings  DOC003  unknown-key\n"
        "  8 infos     DOC003  unknown-key\n"
        "\n"
        "Found 8 errors, 8 warnings and 8 infos in 2 files.\n"
    )
    assert "not shown" in FORMATS["text"](report, ReportOptions(quiet=True))
    assert "not shown" not in FORMATS["text"](report, OPTIONS)


def test_the_json_says_what_is_lost() -> None:
    report = shuffled(7)
    written = json.loads(FORMATS["json"](report, OPTIONS))
    assert [finding["loss"] for finding in written["findings"]] == [finding.loss for finding in report.findings]


TWO_STREAMS = """
archlint: 1
workloads:
  big: {from: app, rate: 90/s, models: [ranker], slo: {latency: {p99: 1s}, availability: 99.9%}}
  small: {from: tool, rate: 10/s, models: [reader], slo: {latency: {p99: 100ms}, availability: 99.9%}}
models: {ranker: {service_time: 20ms}, reader: {family: cnn, service_time: 9s}}
components:
  app: {kind: client, calls: [{to: s1, timeout: 1s}]}
  tool: {kind: client, calls: [{to: s2, timeout: 10s}]}
  s1: {kind: model-server, serves: ranker, replicas: 1, service_time: 0s}
  s2: {kind: model-server, serves: reader, replicas: 1, service_time: 0s}
"""


def test_the_loss_of_most_traffic_comes_before_the_delay_of_a_small_part() -> None:
    report = archlint.check(TWO_STREAMS)
    ordered = [(finding.rule, finding.at.split(".")[1]) for finding in report.findings if finding.severity == "error"]
    assert ordered == [("REL001", "s1"), ("REL001", "s2"), ("SRV001", "reader")]

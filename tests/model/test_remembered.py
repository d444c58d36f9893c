"""Mappings that are written alike are read once, and mean the same as if each was read."""

from __future__ import annotations

import archlint
from archlint.model.architecture import Hardware
from archlint.source.parser import parse
from archlint.verdicts import Report

TEXT = """
archlint: 1
x-a: &small {cpu: 2, memory: 4GiB}
components:
  one: {kind: service, hardware: {cpu: 2, memory: 4GiB}}
  two: {kind: service, hardware: {cpu: 2, memory: 4GiB}}
  three: {kind: service, hardware: {<<: *small, cpu: 4}}
"""


def test_what_is_written_alike_is_one_object() -> None:
    parts = archlint.load(TEXT).components
    assert parts["one"].hardware is parts["two"].hardware
    assert parts["one"].hardware == Hardware(cpu=2.0, memory_bytes=4 * 1024**3)
    assert parts["three"].hardware == Hardware(cpu=4.0, memory_bytes=4 * 1024**3)


def test_what_an_alias_means_is_read_each_time() -> None:
    merged = "components:\n  one: {kind: service, hardware: {<<: *shape}}\n"
    first = archlint.load("archlint: 1\nx-a: &shape {cpu: 1}\n" + merged)
    second = archlint.load("archlint: 1\nx-a: &shape {cpu: 8}\n" + merged)
    assert [system.components["one"].hardware for system in (first, second)] == [Hardware(cpu=1.0), Hardware(cpu=8.0)]


def test_each_mistake_is_reported() -> None:
    one = "hardware: {cpu: 2, memori: 4GiB}"
    report = archlint.check(f"archlint: 1\ncomponents:\n  a: {{kind: service, {one}}}\n  b: {{kind: service, {one}}}\n")
    assert _places(report, "DOC002") == ["components.a.hardware.memori", "components.b.hardware.memori"]


def test_each_wrong_value_is_reported_at_its_own_place() -> None:
    one = "{from: app, slo: {latency: {p99: soon}}}"
    report = archlint.check(
        f"archlint: 1\nworkloads:\n  a: {one}\n  b: {one}\ncomponents: {{app: {{kind: client}}}}\n"
    )
    assert _places(report, "DOC004") == ["workloads.a.slo.latency.p99", "workloads.b.slo.latency.p99"]


def test_only_a_text_that_was_parsed_says_its_values() -> None:
    document = parse("a.yaml", "a: 1")
    assert document.as_written
    assert not document.without_values().as_written


def _places(report: Report, rule: str) -> list[str]:
    return sorted(finding.at for finding in report.findings if finding.rule == rule)

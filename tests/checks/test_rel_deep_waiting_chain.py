"""REL013: an objective that is missed because of the number of hops."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.checks.linting import Said, lint

AT = "workloads.w.slo.latency.p99"


def chain(hops: int, time: str = "{p50: 8ms, p99: 20ms}", objective: str = "p99: 90ms", first: str = "") -> Said:
    services = "\n".join(
        f"  s{n}: {{kind: service, service_time: {first if first and not n else time}, "
        f"calls: [{f's{n + 1}' if n + 1 < hops else ''}]}}"
        for n in range(hops)
    )  # fmt: skip
    return lint("REL013", f"""
workloads: {{w: {{from: app, slo: {{latency: {{{objective}}}}}}}}}
components:
  app: {{kind: client, calls: [s0]}}
{services}""".replace("calls: []", "replicas: 2"))


def test_a_chain_is_late_though_no_hop_is_slow() -> None:
    said = chain(8)
    finding = said.findings[AT]
    assert (finding.severity, finding.certainty) == ("warning", "estimated")
    assert "passes 8 components that do work: together they take about 95.8 ms" in finding.message
    assert "over the objective of 90 ms" in finding.message and "takes only 20 ms" in finding.message
    assert said.term(AT, "hops") == 8
    assert not chain(6).findings


def test_percentiles_are_not_added() -> None:
    """Eight times 20 ms is 160 ms; the p99 of the chain is 95.8 ms."""
    assert not chain(8, objective="p99: 100ms").findings
    assert chain(8).term(AT, "unloaded") == pytest.approx(0.0958, rel=0.02)


def test_one_slow_hop_is_not_a_matter_of_their_number() -> None:
    assert not chain(8, first="{p50: 60ms, p99: 100ms}").findings
    assert not chain(3, objective="p99: 38ms").findings


def test_calls_side_by_side_take_as_long_as_the_slowest() -> None:
    stores = ["users", "items", "stock", "prices", "reviews", "images"]
    reads = ", ".join(f"{{to: {store}%s}}" for store in stores)
    text = """
workloads: {w: {from: app, slo: {latency: {p99: 90ms}}}}
components:
  app: {kind: client, calls: [api]}
  api: {kind: service, service_time: 1ms, reads: [READS]}
""" + "\n".join(f"  {store}: {{kind: database, service_time: {{p50: 10ms, p99: 30ms}}}}" for store in stores)
    assert lint("REL013", text.replace("READS", reads.replace("%s", ""))).findings
    assert not lint("REL013", text.replace("READS", reads.replace("%s", ", parallel: x"))).findings


def test_the_slowest_of_very_many_is_slow() -> None:
    """With a hundred branches, 63 % of all requests meet one that is slower than its own p99 (Dean and Barroso 2013)."""
    reads = ", ".join(f"{{to: d{n}, parallel: all}}" for n in range(100))
    stores = "\n".join(f"  d{n}: {{kind: database, service_time: {{p50: 10ms, p99: 30ms}}}}" for n in range(100))
    text = f"""
workloads: {{w: {{from: app, slo: {{latency: {{p50: 30ms, p99: LIMIT}}}}}}}}
components:
  app: {{kind: client, calls: [api]}}
  api: {{kind: service, service_time: 1ms, reads: [{reads}]}}
{stores}"""
    said = lint("REL013", text.replace("LIMIT", "1s"))
    assert said.places == {"workloads.w.slo.latency.p50"}
    assert float(said.term("workloads.w.slo.latency.p50", "unloaded")) > 0.03


def test_unknown_times_are_asked_for_near_the_objective() -> None:
    said = chain(7, first="{p50: 8ms}")
    assert not said.findings
    assert [key for keys in said.undecided.values() for key in keys] == ["components.s0.service_time.p99"]
    assert chain(9, first="{p50: 8ms}").findings                        # late without it
    assert not chain(4, first="{p50: 8ms}").undecided


@settings(max_examples=8, deadline=None)
@given(st.integers(4, 10), st.integers(60, 200))
def test_more_hops_and_tighter_objectives_never_remove_a_finding(hops: int, objective_ms: int) -> None:
    if chain(hops, objective=f"p99: {objective_ms}ms").findings:
        assert chain(hops + 1, objective=f"p99: {objective_ms}ms").findings
        if objective_ms >= 50:
            assert chain(hops, objective=f"p99: {max(40, objective_ms - 7)}ms").findings

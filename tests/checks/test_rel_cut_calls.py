"""REL008: callers that give up before their callees can answer fail requests, however everything else is."""

from __future__ import annotations

import pytest

import archlint
from tests.checks.linting import Said, lint

CUT = "components.api.calls[0].timeout"


def said(
    call: str = "timeout: 100ms", time: str = "{p50: 200ms, p99: 900ms}", more: str = "", client: str = "calls: [api]",
    workload: str = "waits: true", slo: str = "99.9%", server: str = "serves: [m]", model: str = "framework: xgboost",
    api: str = "",
) -> Said:  # fmt: skip
    return lint("REL008", f"""
workloads: {{w: {{from: page, {workload}, models: [m], rate: 2/s, slo: {{availability: {slo}}}}}}}
models: {{m: {{service_time: {time}, {model}}}}}
components:
  page: {{kind: client, {client}}}
  api: {{kind: service, workers: 50, replicas: 2, service_time: 1ms{api}, calls: [{{to: server, {call}}}{more}]}}
  server: {{kind: model-server, workers: 50, replicas: 2, {server}}}
  other: {{kind: service}}
  shelf: {{kind: cache}}
  late: {{kind: queue, persistent: true}}
""")  # fmt: skip


@pytest.mark.parametrize(("timeout", "reached"), [("100ms", 0.5), ("199ms", 0.5), ("200ms", 0.99), ("899ms", 0.99)])
def test_the_lowest_percentile_above_the_timeout_bounds_what_succeeds(timeout: str, reached: float) -> None:
    found = said(f"timeout: {timeout}")
    assert found.term(CUT, "reached") == pytest.approx(reached)
    assert (found.findings[CUT].severity, found.findings[CUT].certainty) == ("error", "proven")


@pytest.mark.parametrize(("time", "reached"), [("150ms", 0.0), ("{p95: 150ms}", 0.95), ("{p99: 150ms}", 0.99)])
def test_a_constant_time_above_the_timeout_fails_all(time: str, reached: float) -> None:
    assert said(time=time).term(CUT, "reached") == pytest.approx(reached)


@pytest.mark.parametrize(
    "facts",
    [
        {"call": "timeout: 900ms"},
        {"slo": "99%", "call": "timeout: 500ms"},
        {"time": "{mean: 5s, cv: 1}"},
        {"call": "timeout: 100ms, fallback: an older answer"},
        {"call": "timeout: 100ms, optional: true"},
        {"call": "timeout: 100ms, share: 50%"},
        {"call": "timeout: 100ms, when: in doubt"},
        {"call": "timeout: 100ms, either: x", "more": ", {to: other, either: x}"},
        {"call": "timeout: 100ms, quorum: 1"},
        {"client": "calls: [{to: api, fallback: a default}]"},
        {"client": "calls: [{to: api, optional: true}]"},
        {"client": "calls: [{to: api, either: x}, {to: other, either: x}]"},
        {"client": "reads: [{to: shelf, hit_ratio: 10%}], calls: [api]"},
        {"api": ", reads: [{to: shelf, hit_ratio: 10%}]"},
        {"server": "serves: [m], reads: [{to: shelf, hit_ratio: 10%}]"},
        {"server": "serves: [m], shards: 4"},
        {"server": "calls: [other]"},
        {"client": "publishes: [late]", "api": ", consumes: [late]"},
        {"workload": "waits: true, stream: true"},
        {"workload": "waits: false"},
        {"model": "version: '1'"},                              # it may stream, and the caller uses the first tokens
        {"call": "timeout: 100ms, retries: 1"},                 # each request may have one slow attempt
    ],
    ids=str,
)
def test_what_may_spare_the_request_proves_nothing(facts: dict[str, str]) -> None:
    assert said(**facts).places == set()


@pytest.mark.parametrize(("retries", "reached"), [("call", 0.1), ("client", 0.1), ("both", 0.2)])
def test_attempts_add_up_on_the_way(retries: str, reached: float) -> None:
    call = "timeout: 100ms, retries: 1" if retries in {"call", "both"} else "timeout: 100ms"
    client = "calls: [{to: api, retries: 1}]" if retries in {"client", "both"} else "calls: [api]"
    assert said(call, "{p5: 200ms}", client=client).term(CUT, "reached") == pytest.approx(reached)


def test_the_own_work_of_a_service_counts_too() -> None:
    found = said("timeout: 10s", client="calls: [{to: api, timeout: 500us}]")
    assert found.term("components.page.calls[0].timeout", "reached") == 0


def test_one_timeout_is_one_finding_for_all_workloads() -> None:
    text = """
workloads:
  a: {from: page, waits: true, slo: {availability: 99%}}
  b: {from: page, waits: true, slo: {availability: 99.9%}}
components:
  page: {kind: client, calls: [{to: api, timeout: 1s}]}
  api: {kind: service, service_time: {p95: 2s}}
"""
    (finding,) = lint("REL008", text).findings.values()
    assert finding.message.startswith("`b` (and 1 more) requires 99.9 %")
    assert "5 % of its answers take 2 s or more (p95): at most 95 %" in finding.message


def test_a_simulation_fails_at_least_as_many() -> None:
    """The simulation draws times from a distribution with the stated percentiles; the bound holds for all of them."""
    text = """
archlint: 1
workloads: {w: {from: page, waits: true, rate: 2/s, models: [m], slo: {availability: 99%}}}
models: {m: {service_time: {p50: 200ms, p99: 900ms}, framework: xgboost}}
components:
  page: {kind: client, calls: [{to: server, timeout: 150ms}]}
  server: {kind: model-server, serves: [m], workers: 9, replicas: 2}
"""
    finding = lint("REL008", text).findings["components.page.calls[0].timeout"]
    lost = 1 - next(float(term.value) for term in finding.terms if term.name == "reached")
    failed = archlint.simulate(text, requests=1000).results.streams[0].timed_out
    assert lost == pytest.approx(0.5) and failed > lost

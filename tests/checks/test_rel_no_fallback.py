"""REL006: a peak that nothing on the way answers or rejects, before the server has scaled."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.checks.linting import Said, lint

CALL = "components.api.calls[0]"
SCALES = "autoscale: {min: 2, max: 50}, workers: 1"


def said(
    call: str = "timeout: 10s", server: str = SCALES, rates: str = "rate: 10/s, peak: 200/s", api: str = "zones: 2",
    entry: str = "timeout: 60s", described: str = "described: all",
) -> Said:  # fmt: skip
    return lint("REL006", f"""
    {described}
    workloads: {{ask: {{from: app, models: [net], {rates}}}}}
    models: {{net: {{service_time: 100ms}}}}
    components:
      app: {{kind: client, calls: [{{to: api, {entry}}}]}}
      api: {{kind: service, {api}, calls: [{{to: server, {call}}}]}}
      server: {{kind: model-server, serves: [net], {server}}}
      older: {{kind: service}}
    """)


def test_all_requests_wait() -> None:
    found = said()
    assert found.findings[CALL].message == (
        "at the peak of `ask`, 200/s arrive at `server`, and the replicas that run before it scales handle 20/s: nothing "
        "on the way answers or rejects the other 90 %, so all requests wait"
    )
    assert (found.findings[CALL].severity, found.findings[CALL].certainty) == ("warning", "estimated")
    assert found.term(CALL, "arriving") == 200
    assert found.term(CALL, "handled") == pytest.approx(20)


@pytest.mark.parametrize(
    "change",
    [
        {"call": "timeout: 10s, fallback: older"},
        {"call": "timeout: 10s, circuit_breaker: true"},
        {"call": "timeout: 10s, optional: true"},
        {"entry": "timeout: 60s, fallback: the last answer"},
        {"server": f"{SCALES}, limit: 50"},
        {"api": "limit: 50"},
        {"api": "rate_limit: {requests: 30/s}"},
        {"server": "autoscale: {min: 21, max: 50}, workers: 1"},
        {"server": "replicas: 2, workers: 1"},
    ],
)
def test_something_protects_the_server(change: dict[str, str]) -> None:
    found = said(**change)
    assert (found.places, found.undecided) == (set(), {})


def test_a_file_that_mentions_no_protection_is_asked() -> None:
    found = said(described="described: [timeouts]")
    assert (found.places, found.undecided) == (set(), {CALL: (f"{CALL}.fallback",)})
    assert said(described="described: [timeouts]", server="autoscale: {min: 2}").undecided == {}


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        ({"rates": "rate: 10/s"}, "workloads.ask.peak"),
        ({"server": "workers: 1"}, "components.server.replicas"),
        ({"server": "autoscale: {min: 2, max: 50}"}, "components.server.workers"),
    ],
)
def test_the_one_missing_fact_is_asked_for(change: dict[str, str], asked: str) -> None:
    assert said(**change).undecided == {"components.server": (asked,)}
    assert said(**change, call="timeout: 10s, circuit_breaker: true").undecided == {}


@given(st.floats(0.1, 1e6), st.floats(0.1, 1e6))
@settings(max_examples=20, deadline=None)
def test_a_higher_peak_is_never_better(one: float, other: float) -> None:
    low, high = sorted((one, other))
    server = "autoscale: {min: 2, max: 1M}, workers: 1"
    before = said(rates=f"peak: {low:f}/s", server=server).places
    assert not before or said(rates=f"peak: {high:f}/s", server=server).places

"""REL011: requests that reach a server before its model is loaded."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.checks.linting import Said, lint

SERVER = "components.server"
CHECK = f"{SERVER}.ready_check"


def said(server: str, call: str = "timeout: 10s", slo: str = "{}", described: str = "described: []") -> Said:
    return lint("REL011", f"""
    {described}
    workloads: {{ask: {{from: app, models: [net], slo: {slo}}}}}
    models: {{net: {{artifact: 6GB}}}}
    components:
      app: {{kind: client, calls: [{{to: api, timeout: 60s}}]}}
      api: {{kind: service, calls: [{{to: server, {call}}}]}}
      server: {{kind: model-server, serves: [net], {server}}}
      older: {{kind: model-server, ready_check: true}}
    """)


def test_a_start_that_outlasts_the_caller() -> None:
    found = said("start_time: 80s, ready_check: false, replicas: 4")
    finding = found.findings[CHECK]
    assert finding.message == (
        "`server` takes 1.33 min to start and has no ready check: after each start it gets requests (1 of 4 while one "
        "replica starts) before its model is loaded, but `api` gives up on `server` after 10 s"
    )
    assert (finding.severity, finding.certainty) == ("error", "proven")
    assert (found.term(CHECK, "start_time"), found.term(CHECK, "timeout")) == (80.0, 10.0)


def test_a_latency_objective_that_is_shorter_than_the_callers_wait() -> None:
    found = said("start_time: 2s, ready_check: false", slo="{latency: {p95: 200ms, p99: 1s}}")
    assert "`ask` requires p99 <= 1 s" in found.findings[CHECK].message
    assert "1 of" not in found.findings[CHECK].message
    assert said("start_time: 2s, ready_check: false").places == set()


@pytest.mark.parametrize(
    ("described", "certainty"), [("described: []", "heuristic"), ("described: all", "proven")]
)
def test_what_is_missing_in_a_file_that_mentions_ready_checks(described: str, certainty: str) -> None:
    assert said("start_time: 80s", described=described).findings[SERVER].certainty == certainty


def test_what_no_file_mentions_is_unknown() -> None:
    found = lint("REL011", """
    described: [timeouts]
    workloads: {ask: {from: app, models: [net]}}
    models: {net: {}}
    components:
      app: {kind: client, calls: [{to: server, timeout: 10s}]}
      server: {kind: model-server, serves: [net], start_time: 80s}
    """)
    assert (found.places, found.undecided) == (set(), {SERVER: (CHECK,)})


def test_an_unknown_start_is_asked_for_if_a_check_is_missing() -> None:
    assert said("ready_check: false").undecided == {SERVER: (f"{SERVER}.start_time",)}
    assert said("replicas: 2").undecided == {}


def test_sizes_give_an_estimate() -> None:
    found = said("image_size: 12GB, pull_bandwidth: 100MB/s, loads_model: at-start, ready_check: false")
    assert found.term(CHECK, "start_time") == 180.0
    assert (found.findings[CHECK].severity, found.findings[CHECK].certainty) == ("warning", "estimated")


@pytest.mark.parametrize(
    ("server", "call"),
    [
        ("start_time: 80s, ready_check: true", "timeout: 10s"),
        ("start_time: 9s, ready_check: false", "timeout: 10s"),
        ("start_time: 30s, ready_check: false", "timeout: 10s, retries: 3, backoff: none"),
        ("start_time: 55s, ready_check: false", "timeout: none"),
        ("start_time: 80s, ready_check: false", "timeout: 10s, optional: true"),
        ("start_time: 80s, ready_check: false", "timeout: 10s, fallback: older"),
    ],
)
def test_no_request_fails(server: str, call: str) -> None:
    found = said(server, call)
    assert (found.places, found.undecided) == (set(), {})


def test_a_worker_takes_messages_when_it_is_ready() -> None:
    found = lint("REL011", """
    workloads: {ask: {from: app, models: [net]}}
    models: {net: {}}
    components:
      app: {kind: client, calls: [{to: api, timeout: 1s}]}
      api: {kind: service, publishes: [jobs]}
      jobs: {kind: queue}
      server: {kind: worker, consumes: [jobs], serves: [net], start_time: 80s, ready_check: false}
    """)
    assert (found.places, found.undecided) == (set(), {})


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0.001, 1e6))
@settings(max_examples=25, deadline=None)
def test_a_longer_start_is_never_better(one: float, other: float, timeout: float) -> None:
    low, high = sorted((one, other))
    shorter, longer = (said(f"start_time: {s:f}s, ready_check: false", f"timeout: {timeout:f}s") for s in (low, high))
    assert not shorter.places or longer.places

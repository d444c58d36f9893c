"""CAP010: a batch job whose calls take the workers that a waiting workload needs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.checks.linting import Said, lint

CALL = "components.job.calls[0]"


def said(
    job: str = "replicas: 2, workers: 8", server: str = "replicas: 5, workers: 4", rate: str = "peak: 100/s",
    call: str = "to: server", time: str = "100ms", more: str = "",
) -> Said:  # fmt: skip
    return lint("CAP010", f"""
    workloads: {{ask: {{from: app, models: [net], {rate}}}}}
    models: {{net: {{service_time: {time}}}}}
    components:
      app: {{kind: client, calls: [{{to: server, timeout: 1s}}]}}
      server: {{kind: model-server, serves: [net], {server}}}
      job: {{kind: batch-job, {job}, calls: [{{{call}}}]}}
      edge: {{kind: gateway, calls: [server]{more}}}
      spare: {{kind: model-server, serves: [net], replicas: 5}}
    """)


def test_more_calls_than_are_left() -> None:
    """5 x 4 workers, of which 100/s x 100 ms keep 10 busy; the job needs 2 x 8."""
    found = said()
    assert found.findings[CALL].message == (
        "`job` keeps up to 16 calls in progress at `server`, which handles 20 requests at a time, and `ask` needs 10 of "
        "them at the peak: 10 are left. While the job runs, requests of `ask` wait behind its calls"
    )
    assert (found.findings[CALL].severity, found.findings[CALL].certainty) == ("warning", "estimated")
    assert (found.term(CALL, "in_flight"), found.term(CALL, "busy"), found.term(CALL, "left")) == (16, 10, 10)


def test_all_workers_are_taken_whatever_the_rate_is() -> None:
    assert "`server`, which handles 8 requests at a time. While" in said(
        server="replicas: 2, workers: 4", rate="waits: true"
    ).findings[CALL].message


def test_calls_through_a_balancer_and_its_limit() -> None:
    assert said(call="to: edge").places == {CALL}
    assert said(call="to: edge", more=", rate_limit: {concurrent: 9}").places == set()
    limited = said(call="to: edge", more=", rate_limit: {concurrent: 12}")
    assert (limited.term(CALL, "allowed"), limited.term(CALL, "in_flight")) == (12, 12)


@pytest.mark.parametrize(
    "change",
    [
        {"job": "replicas: 1, workers: 10"},
        {"job": "replicas: 5"},
        {"server": "replicas: 7, workers: 4"},
        {"server": "replicas: 5, workers: 4, batching: {max_size: 8}"},
        {"server": "autoscale: {min: 1, max: 9}, workers: 4"},
        {"rate": "peak: 40/s"},
        {"call": "to: spare"},
        {"call": "to: server, share: 50%"},
        {"call": "to: server, when: an item is new"},
    ],
)
def test_enough_is_left(change: dict[str, str]) -> None:
    found = said(**change)
    assert (found.places, found.undecided) == (set(), {})


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        ({"server": "workers: 4"}, "components.server.replicas"),
        ({"server": "replicas: 5"}, "components.server.workers"),
        ({"job": "workers: 8"}, "components.job.replicas"),
    ],
)
def test_the_one_missing_number_is_asked_for(change: dict[str, str], asked: str) -> None:
    found = said(**change)
    assert (found.places, found.undecided) == (set(), {CALL: (asked,)})


def test_a_sketch_is_asked_nothing() -> None:
    assert said(job="schedule: 1d", server="zones: 2", rate="waits: true") == Said({}, {})


def test_a_server_that_nobody_waits_for() -> None:
    assert said(rate="peak: 100/s, waits: false").places == set()


@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 30), st.floats(0, 1e12))
@settings(max_examples=25, deadline=None)
def test_more_calls_are_never_better_and_more_workers_never_worse(one: int, other: int, workers: int, peak: float) -> None:
    few, many = sorted((one, other))
    rate, server = f"peak: {peak:f}/s", f"replicas: 5, workers: {workers}"
    fewer = said(job=f"replicas: 1, workers: {few}", server=server, rate=rate).places
    assert not fewer or said(job=f"replicas: 1, workers: {many}", server=server, rate=rate).places
    larger = said(job=f"replicas: 1, workers: {few}", server=f"replicas: 6, workers: {workers}", rate=rate).places
    assert fewer or not larger

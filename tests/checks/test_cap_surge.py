"""CAP005: a peak that is over before new replicas serve."""

from __future__ import annotations

from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.checks.linting import Said, lint

MIN = "components.server.autoscale.min"


def said(
    server: str = "autoscale: {min: 2, max: 50}, workers: 1, start_time: 45s", rates: str = "rate: 10/s, peak: 200/s",
    call: str = "timeout: 5s", time: str = "100ms", slo: str = "{}",
) -> Said:  # fmt: skip
    return lint("CAP005", f"""
    workloads: {{ask: {{from: app, models: [net], {rates}, slo: {slo}}}}}
    models: {{net: {{service_time: {time}}}}}
    components:
      app: {{kind: client, calls: [{{to: server, {call}}}]}}
      server: {{kind: model-server, serves: [net], {server}}}
      older: {{kind: service}}
    """)


def test_the_longest_wait_of_a_fluid_queue() -> None:
    """2 replicas handle 20 of 200/s for 15 + 45 s: 10,800 pile up, and the longest wait is 60 s x (1 - 0.1) = 54 s."""
    found = said()
    assert found.term(MIN, "handled") == pytest.approx(20)
    assert found.term(MIN, "backlog") == pytest.approx(10_800)
    assert found.term(MIN, "wait") == pytest.approx(54)
    finding = found.findings[MIN]
    assert (finding.severity, finding.certainty) == ("warning", "estimated")
    assert finding.message == (
        "at the peak of `ask`, 200/s arrive at `server`, but the 2 replicas that run before it scales can handle 20/s: "
        "until new ones serve after about 1 min, about 10.8 k requests pile up, and the longest wait is about 54 s, "
        "but `app` gives up on `server` after 5 s"
    )


def test_the_closed_form_against_a_simulated_queue() -> None:
    """A queue that is served in order, stepped through second by second with the numbers of the message."""
    arrive, before, after, delay, step = 200.0, 20.0, 500.0, 60.0, 0.01
    served_at, clock, done = [], 0.0, 0.0
    while done < arrive * 120:
        clock += step
        done = min(done + (before if clock < delay else after) * step, arrive * clock)
        served_at.append((done, clock))
    longest = max(at - number / arrive for number, at in served_at)
    assert longest == pytest.approx(delay * (1 - before / arrive), rel=0.01)


def test_a_limit_rejects_the_rest() -> None:
    found = said("autoscale: {min: 2, max: 50}, workers: 1, start_time: 45s, limit: 500", call="timeout: none")
    assert found.findings[MIN].message.endswith("pile up, but `server` rejects requests above 500 in progress")
    assert said("autoscale: {min: 2, max: 50}, workers: 1, start_time: 45s, limit: 20k", call="timeout: none").places == set()


def test_the_objective_may_be_what_breaks() -> None:
    found = said(call="timeout: 10min", slo="{latency: {p99: 1s}}")
    assert "`ask` requires p99 <= 1 s" in found.findings[MIN].message


@pytest.mark.parametrize(
    "change",
    [
        {"server": "autoscale: {min: 21, max: 50}, workers: 1, start_time: 45s"},
        {"server": "autoscale: {min: 2, max: 50}, workers: 16, start_time: 45s"},
        {"server": "replicas: 2, workers: 1, start_time: 45s"},
        {"server": "autoscale: {min: 2, max: 10}, workers: 1, start_time: 45s"},     # CAP001
        {"rates": "rate: 150/s, peak: 155/s", "call": "timeout: 30s"},
        {"call": "timeout: 2min"},
        {"call": "timeout: 5s, optional: true"},
        {"call": "timeout: 5s, fallback: older"},
    ],
)
def test_no_request_is_late(change: dict[str, str]) -> None:
    found = said(**change)
    assert (found.places, found.undecided) == (set(), {})


def test_a_start_of_unknown_length_is_asked_for() -> None:
    assert said("autoscale: {min: 2, max: 50}, workers: 1").undecided == {MIN: ("components.server.start_time",)}
    assert said("autoscale: {min: 2, max: 50}", time="{p99: 1s}").undecided == {}


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        ({"rates": "rate: 10/s"}, "workloads.ask.peak"),
        ({"server": "workers: 1, start_time: 45s"}, "components.server.replicas"),
        ({"server": "autoscale: {max: 50}, workers: 1, start_time: 45s"}, "components.server.autoscale.min"),
        ({"server": "autoscale: {min: 2, max: 50}, start_time: 45s"}, "components.server.workers"),
    ],
)
def test_the_one_missing_fact_is_asked_for(change: dict[str, str], asked: str) -> None:
    found = said(**change)
    assert (found.places, found.undecided) == (set(), {"components.server": (asked,)})


def test_what_runs_at_the_mean_rate_is_there_when_the_peak_comes() -> None:
    """155/s need 16 replicas, and 150/s have started them already; the minimum of 2 would handle 20/s."""
    found = said(rates="rate: 150/s, peak: 400/s")
    assert found.term(MIN, "standing") == 16


@given(st.floats(0, 1e5), st.floats(0, 1e5), st.integers(1, 60), st.floats(20, 1e4))
@settings(max_examples=25, deadline=None)
def test_a_longer_start_or_a_smaller_minimum_is_never_better(one: float, other: float, least: int, peak: float) -> None:
    short, long = sorted((one, other))

    def at(start: float, minimum: int) -> bool:
        server = f"autoscale: {{min: {minimum}, max: 100k}}, workers: 1, start_time: {start:f}s"
        found = said(server, f"rate: 10/s, peak: {peak:f}/s")
        assert all(isfinite(t.value) for f in found.findings.values() for t in f.terms if isinstance(t.value, float))
        return bool(found.places)

    assert not at(short, least) or at(long, least)
    assert not at(short, least + 1) or at(short, least)

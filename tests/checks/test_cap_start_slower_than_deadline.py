"""CAP004: a start that takes longer than its deadline, or than callers wait for a component that scales to zero."""

from __future__ import annotations

from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.checks.linting import Said, lint

SERVER = "components.server"
DEADLINE, ZERO = f"{SERVER}.deadline", f"{SERVER}.autoscale.min"


def said(server: str, call: str = "timeout: 10s", entry: str = "timeout: 60s", model: str = "{}") -> Said:
    return lint("CAP004", f"""
    workloads: {{ask: {{from: app, models: [net]}}}}
    models: {{net: {model}}}
    components:
      app: {{kind: client, calls: [{{to: api, {entry}}}]}}
      api: {{kind: service, calls: [{{to: server, {call}}}]}}
      server: {{kind: model-server, serves: [net], {server}}}
      older: {{kind: database}}
    """)


# --- deadlines


def test_a_start_of_ten_hours_against_a_deadline_of_a_second() -> None:
    found = said("start_time: 10h, deadline: 1s, replicas: 2")
    finding = found.findings[DEADLINE]
    assert finding.message == (
        "`server` takes 10 h to start, 10 h over its deadline of 1 s: it is stopped before it is ready, and starts again"
    )
    assert (finding.severity, finding.certainty) == ("error", "proven")
    assert (found.term(DEADLINE, "start_time"), found.term(DEADLINE, "deadline")) == (36000.0, 1.0)


@pytest.mark.parametrize("server", ["start_time: 1min, deadline: 60s", "deadline: 60s, start_time: 0s", "start_time: 1h"])
def test_a_start_in_time_or_without_a_deadline(server: str) -> None:
    found = said(server)
    assert (found.places, found.undecided) == (set(), {})


def test_sizes_and_a_bandwidth_give_an_estimate() -> None:
    sizes = "image_size: 12GB, pull_bandwidth: 100MB/s, deadline: 2min"
    assert said(sizes).places == set()                                   # 120 s
    found = said(f"{sizes}, loads_model: at-start", model="{artifact: 6GB}")
    assert found.term(DEADLINE, "start_time") == 180.0
    finding = found.findings[DEADLINE]
    assert (finding.severity, finding.certainty) == ("warning", "estimated")
    assert "takes about 3 min to start" in finding.message
    # A model in the image is part of the image.
    assert said(f"{sizes}, loads_model: in-image", model="{artifact: 6GB}").places == set()


def test_an_unknown_start_is_asked_for() -> None:
    assert said("deadline: 2min").undecided == {DEADLINE: (f"{SERVER}.start_time",)}
    assert said("deadline: 2min, image_size: 3GB").undecided == {DEADLINE: (f"{SERVER}.start_time",)}


# --- scale from zero


def test_the_first_request_after_a_pause() -> None:
    found = said("autoscale: {min: 0, max: 9}, start_time: 80s")
    finding = found.findings[ZERO]
    assert finding.message == (
        "`server` scales to zero and takes 1.33 min to start, but `api` gives up on `server` after 10 s: "
        "the first request after a pause fails"
    )
    assert (finding.severity, finding.certainty) == ("error", "proven")
    assert said("replicas: {min: 0, max: 9}, start_time: 80s").places == {f"{SERVER}.replicas.min"}


def test_a_caller_farther_away_may_give_up_first() -> None:
    found = said("autoscale: {min: 0, max: 9}, start_time: 80s", call="timeout: 5min", entry="timeout: 30s")
    assert "`app` gives up on `api` after 30 s" in found.findings[ZERO].message


@pytest.mark.parametrize(
    ("server", "call"),
    [
        ("autoscale: {min: 0, max: 9}, start_time: 5s", "timeout: 10s"),
        ("autoscale: {min: 1, max: 9}, start_time: 80s", "timeout: 10s"),
        ("replicas: {min: 0, max: 9}, autoscale: {min: 1, max: 9}, start_time: 80s", "timeout: 10s"),
        ("autoscale: {max: 9}, start_time: 80s", "timeout: 10s"),
        ("autoscale: {min: 0, max: 9}, start_time: 55s", "timeout: none"),
        ("autoscale: {min: 0, max: 9}, start_time: 80s", "timeout: 10s, fallback: older"),
        ("autoscale: {min: 0, max: 9}, start_time: 80s", "timeout: 10s, optional: true"),
        ("autoscale: {min: 0, max: 9}, start_time: 80s", "timeout: 10s, when: a rare case"),
    ],
)
def test_nothing_waits_in_vain(server: str, call: str) -> None:
    assert said(server, call).places == set()


def test_attempts_add_up() -> None:
    zero = "autoscale: {min: 0, max: 9}, start_time: 30s"
    assert said(zero, "timeout: 10s, retries: 3, backoff: none").places == set()
    found = said(zero, "timeout: 5s, retries: 2, backoff: none")
    assert (found.term(ZERO, "patience"), found.findings[ZERO].certainty) == (15.0, "proven")
    # Pauses of unknown length come on top.
    assert said(zero, "timeout: 5s, retries: 2, backoff: exponential").findings[ZERO].certainty == "estimated"
    assert said(zero, "timeout: 5s, retries: 2").findings[ZERO].certainty == "estimated"


def test_work_behind_a_queue_waits_for_the_start() -> None:
    found = lint("CAP004", """
    workloads: {ask: {from: app, models: [net]}}
    models: {net: {}}
    components:
      app: {kind: client, calls: [{to: api, timeout: 1s}]}
      api: {kind: service, publishes: [jobs]}
      jobs: {kind: queue}
      server: {kind: worker, consumes: [jobs], serves: [net], autoscale: {min: 0, max: 9}, start_time: 80s}
    """)
    assert (found.places, found.undecided) == (set(), {})


def test_what_is_asked_from_zero() -> None:
    known = "autoscale: {min: 0, max: 9}, image_size: 8GB"
    assert said(known).undecided == {ZERO: (f"{SERVER}.start_time",)}
    assert said("autoscale: {min: 0, max: 9}").undecided == {}           # a file that says nothing of starts
    assert said(known, "timeout: none", "timeout: none").undecided == {}


# --- laws

TIMES = ["0s", "1us", "10s", "80s", "90d"]


@settings(max_examples=40, deadline=None)
@given(start=st.sampled_from(TIMES), deadline=st.sampled_from(TIMES), timeout=st.sampled_from(TIMES[1:]))
def test_a_slower_start_or_less_patience_has_no_fewer_findings(start: str, deadline: str, timeout: str) -> None:
    def judged(start: str, deadline: str, timeout: str) -> set[str]:
        found = said(f"start_time: {start}, deadline: {deadline}, autoscale: {{min: 0}}", f"timeout: {timeout}", "timeout: 80d")
        for finding in found.findings.values():
            assert all(isfinite(term.value) for term in finding.terms if isinstance(term.value, float))
            assert 0 <= finding.loss <= 1
        return found.places

    before = judged(start, deadline, timeout)
    assert judged("90d", deadline, timeout) >= before
    assert judged(start, "0s", timeout) >= before
    assert judged(start, deadline, "1us") >= before


@settings(max_examples=20, deadline=None)
@given(size=st.sampled_from(["0B", "1B", "40GB", "900TB"]), speed=st.sampled_from(["1B/s", "100MB/s", "900TB/s"]))
def test_any_size_and_speed_give_a_finite_time(size: str, speed: str) -> None:
    found = said(f"image_size: {size}, pull_bandwidth: {speed}, deadline: 1min")
    assert all("inf" not in finding.message and "nan" not in finding.message for finding in found.findings.values())

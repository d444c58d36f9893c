from __future__ import annotations

import math

import pytest

from archlint.simulation.laws import constant, exponential, lognormal
from archlint.simulation.running import Plan, run
from archlint.simulation.scenario import Attempts, Centre, Scenario, Stream
from archlint.simulation.statistics import Interval
from tests.simulation.scenarios import SCENARIOS, alone, visit

REFERENCE = [
    (1, 0.5, 0.5, 1.0), (2, 0.75, 0.6428571429, 1.2857142857), (4, 0.8, 0.5964324718, 0.7455405897),
    (8, 0.9, 0.7015329901, 0.8769162377), (64, 0.95, 0.5880109319, 0.1837534162),
]  # fmt: skip
"""Workers, utilisation, probability of a wait and mean wait / service time of M/M/c."""


def within(interval: Interval | None, value: float, slack: float = 1.5) -> bool:
    """Whether a value is in the interval, made wider: of twenty true intervals of 95 %, one misses."""
    assert interval is not None
    assert interval.low is not None
    assert interval.high is not None
    half = (interval.high - interval.low) / 2
    return abs(interval.value - value) <= slack * half


def response_p99(servers: int, rho: float, waits: float) -> float:
    """The p99 of the time in M/M/c with a mean service time of 1, by bisection of its exact distribution."""
    theta = servers * (1 - rho)

    def tail(t: float) -> float:
        if abs(theta - 1) < 1e-12:
            return math.exp(-t) * (1 + waits * t)
        return math.exp(-t) * (1 - waits) + waits * (theta * math.exp(-t) - math.exp(-theta * t)) / (theta - 1)

    low, high = 0.0, 100.0
    for _ in range(100):
        low, high = ((low + high) / 2, high) if tail((low + high) / 2) > 0.01 else (low, (low + high) / 2)
    return low


@pytest.mark.parametrize(("servers", "rho", "waits", "mean_wait"), REFERENCE)
def test_reference_values_of_many_workers_are_in_the_interval(
    servers: int, rho: float, waits: float, mean_wait: float
) -> None:
    found = run(alone(Centre("api", workers=servers), rho * servers, exponential(1.0)), Plan(requests=600_000))
    (stream,), (centre,) = found.streams, found.centres
    assert centre.utilisation == pytest.approx(rho, abs=0.01)
    assert within(stream.mean, 1 + mean_wait)
    assert within(stream.p99, response_p99(servers, rho, waits))
    assert stream.p50 is not None
    assert stream.p99 is not None
    assert stream.p50.value < stream.p99.value


def test_one_worker_with_varying_times_as_by_pollaczek_and_khinchine() -> None:
    found = run(alone(Centre("api"), 0.7, lognormal(1.0, 1.5)), Plan(requests=600_000))
    assert within(found.streams[0].mean, 1 + 0.7 / 0.3 * (1 + 1.5**2) / 2)


@pytest.mark.parametrize("name", ["branching", "least-loaded, rejects"])
def test_numpy_changes_no_answer(name: str) -> None:
    fast, plain = (run(SCENARIOS[name], Plan(requests=10_000, numpy=numpy)) for numpy in (True, False))
    for mine, theirs in zip(fast.streams, plain.streams, strict=True):
        assert (mine.requests, mine.lost) == (theirs.requests, theirs.lost)
        assert mine.p99 is not None
        assert theirs.p99 is not None
        assert (mine.p99.value, mine.p99.high) == pytest.approx((theirs.p99.value, theirs.p99.high))
    for here, there in zip(fast.centres, plain.centres, strict=True):
        assert here.utilisation == pytest.approx(there.utilisation)
    assert [moment.in_flight for moment in fast.course] == [moment.in_flight for moment in plain.course]


def test_a_seed_gives_the_same_results_and_another_seed_others() -> None:
    one, same, other = (run(SCENARIOS["branching"], Plan(seed, requests=10_000)) for seed in (3, 3, 4))
    assert one == same
    assert one.streams != other.streams


def test_it_stops_when_the_interval_is_narrow_enough() -> None:
    wide = run(alone(Centre("api"), 0.8, exponential(1.0)), Plan(precision=0.2))
    narrow = run(alone(Centre("api"), 0.8, exponential(1.0)), Plan(precision=0.06))
    assert wide.reached is not None
    assert narrow.reached is not None
    assert wide.reached <= 0.2
    assert narrow.reached <= 0.06
    assert narrow.requests > wide.requests


def test_it_says_what_it_reached_if_the_most_requests_are_not_enough() -> None:
    found = run(alone(Centre("api"), 0.97, lognormal(1.0, 4.0)), Plan(precision=0.001, most=300_000))
    assert found.requests <= 300_000
    assert found.reached is not None
    assert found.reached > 0.001


@pytest.mark.parametrize("rate", [1.1, 3.0, 1e12])
def test_a_queue_that_grows_without_limit_is_said_and_ends(rate: float) -> None:
    found = run(alone(Centre("api"), rate, exponential(1.0)), Plan())
    (centre,) = found.unstable
    assert centre.utilisation == pytest.approx(rate, rel=0.05)
    assert centre.grows_per_s == pytest.approx(rate - 1, rel=0.2)
    flights = [moment.in_flight for moment in found.course]
    assert flights[-1] > 1.8 * flights[len(flights) // 2]


def test_a_limit_keeps_an_overloaded_queue_short_and_rejects_the_rest() -> None:
    found = run(alone(Centre("api", limit=10), 2.0, exponential(1.0)), Plan(requests=40_000))
    assert not found.unstable
    assert found.streams[0].rejected == pytest.approx(0.5, abs=0.02)
    assert found.centres[0].rejected == found.streams[0].rejected


def retrying(retries: int) -> Scenario:
    """At 90 % of the server, with a timeout that some requests exceed."""
    node = Attempts(visit("server", exponential(1.0)), timeout_s=8.0, retries=retries)
    return Scenario({"server": Centre("server")}, (Stream("search", 0.75, node),))


def test_retries_add_load_where_a_timeout_leaves_the_work_to_be_done() -> None:
    found = {retries: run(retrying(retries), Plan(requests=12_000)) for retries in (0, 3)}
    loads = {retries: one.centres[0].utilisation for retries, one in found.items()}
    assert loads[0] == pytest.approx(0.75, abs=0.05)
    assert loads[3] is not None
    assert loads[3] > 0.9
    assert found[0].calendar_for == ""
    assert found[3].calendar_for == "retries"


def test_a_worker_that_waits_for_others_is_busy_for_longer() -> None:
    """Four workers at 1/s with 0.5 s of own work and 2 s behind it are busy 2.5 of 4, not 0.5 of 4."""
    node = visit("api", constant(0.5), visit("store", constant(2.0)), held=True)
    scenario = Scenario({"api": Centre("api", workers=4), "store": Centre("store", workers=math.inf)}, (Stream("s", 1.0, node),))
    held = run(scenario, Plan(requests=10_000))
    assert held.centres[0].utilisation == pytest.approx(2.5 / 4, abs=0.02)
    assert held.streams[0].p99 is not None
    assert held.streams[0].p99.value > 4.0


@pytest.mark.parametrize("rate", [1e-12, 1e12])
def test_absurd_rates_and_times_give_numbers(rate: float) -> None:
    for law in (constant(0.0), constant(1e9), lognormal(1e-9, 1000.0)):
        found = run(alone(Centre("api", workers=1e6), rate, law), Plan(requests=1000))
        assert found.streams[0].p99 is not None
        assert math.isfinite(found.streams[0].p99.value)
        assert found.centres[0].utilisation is not None
        assert math.isfinite(found.centres[0].utilisation)


def test_a_run_lasts_for_many_of_the_longest_work() -> None:
    """10/s with work of 60 s: while 8,000 requests come, most of the time the system would only fill."""
    found = run(alone(Centre("worker", workers=700), 10.0, exponential(60.0)), Plan(precision=0.5))
    assert found.seconds >= 30 * 60
    assert found.needed_requests == 0
    assert found.centres[0].utilisation == pytest.approx(600 / 700, abs=0.03)


def test_runs_that_are_too_short_for_the_load_say_how_many_requests_are_needed() -> None:
    busy = alone(Centre("api", workers=8), 7.6, exponential(1.0))
    assert run(busy, Plan(requests=5_000)).needed_requests > 50_000
    assert run(busy, Plan(requests=500_000)).needed_requests == 0

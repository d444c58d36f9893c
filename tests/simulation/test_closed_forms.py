"""Every closed form of `archlint.analysis.queueing` against simulation, over a grid."""

from __future__ import annotations

import math

import pytest

from archlint.analysis.queueing import (
    Wait,
    attempts_per_request,
    erlang_b,
    ggc_wait,
    mmc_wait,
    pollaczek_khinchine,
    separate_wait,
    slowest_below,
)
from archlint.simulation.laws import Law, constant, exponential, lognormal
from archlint.simulation.results import StreamResult
from archlint.simulation.running import Plan, run
from archlint.simulation.scenario import Attempts, Centre, Choice, Delay, Parallel, Scenario, Stream, Visit
from archlint.simulation.statistics import Interval
from tests.simulation.scenarios import alone, visit

PLAN = Plan(requests=300_000)
BUSY = (0.5, 0.7, 0.9)


def stream(scenario: Scenario, plan: Plan = PLAN) -> StreamResult:
    return run(scenario, plan).streams[0]


def value(interval: Interval | None) -> float:
    assert interval is not None
    return interval.value


def half(interval: Interval | None) -> float:
    assert interval is not None
    assert interval.low is not None
    assert interval.high is not None
    return (interval.high - interval.low) / 2


def queue(servers: int, rho: float, law: Law) -> Scenario:
    return alone(Centre("api", workers=servers), rho * servers / law.mean_s, law)


@pytest.mark.parametrize("servers", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("rho", BUSY)
def test_wait_of_many_workers(servers: int, rho: float) -> None:
    found, wait = stream(queue(servers, rho, exponential(1.0))), mmc_wait(rho * servers, 1.0, servers)
    assert isinstance(wait, Wait)
    assert value(found.mean) == pytest.approx(1 + wait.mean_s, abs=1.6 * half(found.mean))


@pytest.mark.parametrize("cv", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("rho", BUSY)
def test_wait_of_one_worker_with_any_times(rho: float, cv: float) -> None:
    found, wait = stream(queue(1, rho, lognormal(1.0, cv))), pollaczek_khinchine(rho, 1.0, cv**2)
    assert isinstance(wait, float)
    assert value(found.mean) == pytest.approx(1 + wait, abs=1.6 * half(found.mean))


def test_wait_of_many_workers_with_any_times_is_within_the_stated_error() -> None:
    """Allen and Cunneen's approximation: 9 % of the wait on average. A short wait at half the load is less certain."""
    errors = []
    for servers in (2, 8):
        for rho in (0.7, 0.9):
            for cv in (0.3, 1.2):
                wait = ggc_wait(rho * servers, 1.0, servers, 1.0, cv**2)
                assert isinstance(wait, Wait)
                found = value(stream(queue(servers, rho, lognormal(1.0, cv)), Plan(requests=100_000)).mean) - 1
                errors.append(abs(wait.mean_s / found - 1))
    assert sum(errors) / len(errors) < 0.09


@pytest.mark.parametrize(("balancing", "error"), [("random", 0.05), ("round-robin", 0.2)])
def test_wait_of_separate_queues(balancing: str, error: float) -> None:
    wait = separate_wait(0.8 * 4, 1.0, 4, in_turn=balancing == "round-robin")
    assert isinstance(wait, Wait)
    found = stream(alone(Centre("api", replicas=4, balancing=balancing), 0.8 * 4, exponential(1.0)))
    assert value(found.mean) - 1 == pytest.approx(wait.mean_s, rel=error)


@pytest.mark.parametrize("servers", [1, 4, 16])
@pytest.mark.parametrize("law", [exponential(1.0), constant(1.0), lognormal(1.0, 2.0)], ids=["M", "D", "lognormal"])
def test_share_that_is_rejected_without_a_queue(servers: int, law: Law) -> None:
    """Erlang's loss formula holds for every distribution of times."""
    found = stream(alone(Centre("api", workers=servers, limit=servers), 1.1 * servers, law), Plan(requests=100_000))
    assert found.rejected == pytest.approx(erlang_b(servers, 1.1 * servers), abs=0.012)


@pytest.mark.parametrize("attempts", [1, 2, 4])
def test_attempts_of_calls_that_fail_independently(attempts: int) -> None:
    call = Attempts(visit("server", exponential(1.0)), timeout_s=1.0, retries=attempts - 1)
    scenario = Scenario({"server": Centre("server", workers=math.inf)}, (Stream("s", 1.0, call),))
    found, failing = run(scenario, Plan(requests=6_000)), math.exp(-1.0)
    tried = found.centres[0].visits_per_s
    assert tried == pytest.approx(attempts_per_request(failing, attempts), rel=0.05)
    assert found.streams[0].timed_out == pytest.approx(failing**attempts, abs=0.02)


@pytest.mark.parametrize("branches", [2, 5])
def test_the_slowest_of_parallel_queues_is_a_little_below_that_of_independent_ones(branches: int) -> None:
    """Within 7 % at p99, on the safe side (Nelson and Tantawi)."""
    names = [f"shard{number}" for number in range(branches)]
    node = Parallel(tuple(visit(name, exponential(1.0)) for name in names))
    found = value(stream(Scenario({name: Centre(name) for name in names}, (Stream("s", 0.6, node),))).p99)
    low, high = 0.0, 200.0
    for _ in range(60):
        middle = (low + high) / 2
        below = slowest_below([1 - math.exp(-0.4 * middle)] * branches)
        low, high = (middle, high) if below < 0.99 else (low, middle)
    assert 0.97 < low / found < 1.1


def test_a_cache_is_a_mixture_and_the_server_gets_the_misses() -> None:
    """With 30 % misses of M/M/1 at 60 %, the p99 of all is the quantile 1 - 0.01 / 0.3 of the misses."""
    node = Choice("cache", ((0.7, Delay(constant(0.001))), (0.3, visit("server", exponential(1.0)))))
    found = run(Scenario({"server": Centre("server")}, (Stream("s", 2.0, node),)), PLAN)
    assert found.centres[0].utilisation == pytest.approx(0.6, abs=0.01)
    expected = math.log(0.3 / 0.01) / 0.4
    assert value(found.streams[0].p99) == pytest.approx(expected, abs=1.6 * half(found.streams[0].p99))
    assert value(found.streams[0].p50) == pytest.approx(0.001)


def test_hops_in_sequence_are_convolved_and_not_added() -> None:
    """Four M/M/1 in a row at 50 % are four independent exponential times of 2 s (Burke): an Erlang distribution."""
    names = "abcd"
    node: Visit | None = None
    for name in reversed(names):
        node = visit(name, exponential(1.0), node)
    assert node is not None
    found = stream(Scenario({name: Centre(name) for name in names}, (Stream("s", 0.5, node),)))
    low, high = 0.0, 200.0
    for _ in range(60):
        middle = (low + high) / 2
        x = middle / 2
        below = 1 - math.exp(-x) * sum(x**number / math.factorial(number) for number in range(4))
        low, high = (middle, high) if below < 0.99 else (low, middle)
    assert value(found.p99) == pytest.approx(low, abs=1.6 * half(found.p99))
    assert 4 * 2 * math.log(100) > 1.5 * value(found.p99)

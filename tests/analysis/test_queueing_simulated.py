"""The closed forms of queueing against simulations that know none of them: heaps of free workers, in plain Python."""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable, Sequence

import pytest

from archlint.analysis.distributions import in_sequence, of_service_time, of_wait
from archlint.analysis.queueing import (
    Batching,
    Wait,
    departures_cv2,
    fan_out_tail,
    ggc_wait,
    mmc_wait,
    separate_wait,
)
from archlint.model.architecture import ServiceTime

REQUESTS = 40_000
Draw = Callable[[random.Random], float]


def lognormal(cv: float) -> Draw:
    """Times of mean 1."""
    variance = math.log1p(cv**2)
    return lambda chance: chance.lognormvariate(-variance / 2, math.sqrt(variance)) if cv else 1.0


def gamma(cv: float) -> Draw:
    """Times of mean 1."""
    shape = 1 / cv**2 if cv else math.inf
    return lambda chance: chance.gammavariate(shape, 1 / shape) if cv else 1.0


def waits(arrivals: Draw, times: Draw, rate: float, servers: int, seed: int) -> tuple[list[float], list[float]]:
    """Return waits and departures of requests that take the first free worker (Kiefer and Wolfowitz 1955)."""
    chance = random.Random(seed)
    free = [0.0] * servers
    now = 0.0
    found, left = [], []
    for _ in range(REQUESTS):
        now += arrivals(chance) / rate
        start = max(now, free[0])
        end = start + times(chance)
        heapq.heapreplace(free, end)
        found.append(start - now)
        left.append(end)
    return found[REQUESTS // 10:], left


def percentile(values: Sequence[float], fraction: float) -> float:
    return sorted(values)[int(fraction * len(values))]


def waiting(result: object) -> Wait:
    assert isinstance(result, Wait)
    return result


@pytest.mark.parametrize(("servers", "rho"), [(1, 0.5), (2, 0.7), (4, 0.8), (16, 0.85), (64, 0.9)])
def test_waits_of_exponential_times(servers: int, rho: float) -> None:
    exact = waiting(mmc_wait(rho * servers, 1.0, servers))
    found, _ = waits(at_random, lambda chance: chance.expovariate(1.0), rho * servers, servers, seed=3)
    assert sum(wait > 0 for wait in found) / len(found) == pytest.approx(exact.waits, rel=0.08)
    assert sum(found) / len(found) == pytest.approx(exact.mean_s, rel=0.15)
    assert percentile(found, 0.99) == pytest.approx(exact.percentile(0.99), rel=0.15)


def at_random(chance: random.Random) -> float:
    return chance.expovariate(1.0)


@pytest.mark.parametrize("cv", [0.0, 0.5, 1.0, 1.2])
@pytest.mark.parametrize(("servers", "rho"), [(1, 0.5), (1, 0.7), (4, 0.7), (16, 0.8)])
def test_responses_of_other_times(servers: int, rho: float, cv: float) -> None:
    """Wait and work together, at p95: what a path is composed of."""
    wait = waiting(ggc_wait(rho * servers, 1.0, servers, 1.0, cv**2))
    time = of_service_time(ServiceTime(mean_s=1.0, cv=cv) if cv else ServiceTime(constant_s=1.0))
    assert time is not None
    chance = random.Random(8)
    found, _ = waits(at_random, lognormal(cv), rho * servers, servers, seed=2)
    draw = lognormal(cv)
    responses = [one + draw(chance) for one in found]
    assert percentile(responses, 0.95) == pytest.approx(in_sequence(of_wait(wait), time).percentile(0.95), rel=0.12)


@pytest.mark.parametrize(("arrivals", "times"), [(0.5, 0.5), (0.5, 1.0), (1.5, 0.5)])
@pytest.mark.parametrize("servers", [1, 4])
def test_mean_waits_of_other_arrivals(servers: int, arrivals: float, times: float) -> None:
    """Allen and Cunneen's formula is known to be too high for regular arrivals."""
    wait = waiting(ggc_wait(0.8 * servers, 1.0, servers, arrivals**2, times**2))
    found, _ = waits(gamma(arrivals), gamma(times), 0.8 * servers, servers, seed=6)
    assert sum(found) / len(found) == pytest.approx(wait.mean_s, rel=0.3)


@pytest.mark.parametrize("in_turn", [False, True])
def test_a_queue_for_each_replica(in_turn: bool) -> None:
    """The replica is drawn for each request, or they take turns."""
    chance, replicas = random.Random(4), 8
    free, found, now = [0.0] * replicas, [], 0.0
    for number in range(REQUESTS):
        now += chance.expovariate(0.8 * replicas)
        replica = number % replicas if in_turn else chance.randrange(replicas)
        start = max(now, free[replica])
        free[replica] = start + chance.expovariate(1.0)
        found.append(start - now)
    wait = waiting(separate_wait(0.8 * replicas, 1.0, replicas, in_turn=in_turn))
    mean, p99 = sum(found) / len(found), percentile(found, 0.99)
    low = 0.7 if in_turn else 0.85           # the formula is too high for regular arrivals
    assert low * wait.mean_s <= mean <= 1.15 * wait.mean_s
    assert low * wait.percentile(0.99) <= p99 <= 1.15 * wait.percentile(0.99)


@pytest.mark.parametrize(("rho", "servers", "cv"), [(0.5, 1, 0.0), (0.8, 1, 0.5), (0.8, 4, 0.5), (0.7, 2, 1.0)])
def test_departures_are_as_irregular_as_predicted(rho: float, servers: int, cv: float) -> None:
    _, left = waits(at_random, gamma(cv), rho * servers, servers, seed=9)
    ends = sorted(left)
    gaps = [later - earlier for earlier, later in zip(ends, ends[1:], strict=False)]
    mean = sum(gaps) / len(gaps)
    cv2 = sum((gap / mean - 1) ** 2 for gap in gaps) / len(gaps)
    assert cv2 == pytest.approx(departures_cv2(rho, servers, 1.0, cv**2), rel=0.2)


@pytest.mark.parametrize(("rate", "each_s", "fixed_s"), [(5.0, 0.1, 0.05), (8.0, 0.1, 0.5), (2.0, 0.1, 1.0), (9.0, 0.1, 0.2)])
def test_a_server_that_takes_all_that_waits_as_a_batch(rate: float, each_s: float, fixed_s: float) -> None:
    chance = random.Random(5)
    now, responses = 0.0, list[float]()
    arrival = chance.expovariate(rate)
    while len(responses) < REQUESTS:
        now = max(now, arrival)               # nobody is left: wait for the next one
        batch = []
        while arrival <= now:
            batch.append(arrival)
            arrival += chance.expovariate(rate)
        now += each_s * len(batch) + fixed_s
        responses += [now - since for since in batch]
    bound = Batching(each_s, fixed_s).response_s(rate)
    assert isinstance(bound, float)
    found = sum(responses) / len(responses)
    assert found * 0.97 <= bound <= found * 1.1


@pytest.mark.parametrize(("slow", "branches"), [(0.01, 10), (0.01, 100), (0.2, 3)])
def test_the_tail_of_a_fan_out(slow: float, branches: int) -> None:
    chance = random.Random(1)
    count = 4_000
    hit = sum(any(chance.random() < slow for _ in range(branches)) for _ in range(count)) / count
    assert hit == pytest.approx(fan_out_tail(slow, branches), abs=0.03)

"""Batches that gather: closed forms by hand, and against the simulator.

`python -m tests.analysis.test_gathering SYSTEMS REQUESTS` measures the bands again and prints the table.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archlint
from archlint.analysis.distributions import constant
from archlint.analysis.gathering import Batches, Gathered, filling, gathered
from archlint.analysis.latency import FRACTIONS, Latency, latency
from archlint.analysis.queueing import Unstable
from archlint.simulation.api import simulate_system
from archlint.simulation.running import Plan
from tests.analysis.test_latency_bands import Measured


def text(rate: float, size: int = 8, delay: str = "20ms", time: str = "50ms", replicas: int = 2) -> str:
    return f"""
archlint: 1
workloads: {{w: {{from: page, rate: {rate}/s}}}}
models: {{m: {{service_time: {time}}}}}
components:
  page: {{kind: client, calls: [s]}}
  s:
    kind: model-server
    serves: [m]
    replicas: {replicas}
    workers: 1
    batching: {{max_size: {size}, max_delay: {delay}}}
"""


def computed(file: str) -> Latency:
    system = archlint.load(file)
    found = latency(system, system.workloads["w"])
    assert isinstance(found, Latency), found
    return found


def measured(systems: int, requests: int, seed: int) -> Iterator[Measured]:
    chance = random.Random(seed)
    for _ in range(systems):
        size, replicas, load = chance.choice((2, 4, 8, 32)), chance.choice((1, 2, 4)), chance.choice((0.05, 0.2, 0.4, 0.6, 0.8))
        time = chance.choice(("50ms", "{mean: 50ms, cv: 0.5}", "{mean: 50ms, cv: 1}"))
        file = text(load * size * replicas / 0.05, size, chance.choice(("0s", "5ms", "20ms", "100ms")), time, replicas)
        found = computed(file)
        plan = Plan(chance.randrange(10**6), requests)
        stream = simulate_system(archlint.load(file), plan=plan).results.streams[0]
        for fraction, true in zip(FRACTIONS, (stream.p50, stream.p95, stream.p99), strict=True):
            assert true is not None
            yield Measured(fraction, found.seconds(fraction), true.value, found.band(fraction))


def test_a_lone_request_waits_for_the_whole_delay() -> None:
    assert computed(text(0.001)).seconds(0.5) == pytest.approx(0.07, rel=0.01)
    assert computed(text(0.001, delay="0s")).seconds(0.99) == pytest.approx(0.05, rel=0.01)


def test_two_requests_fill_a_batch_of_two_by_hand() -> None:
    """The first waits for min(delay, exponential), the second not at all, if workers are always free."""
    found = gathered(10.0, constant(0.0001), 4, Batches(2, 0.1))
    assert isinstance(found, Gathered)
    first_s = (1 - math.exp(-1)) / 10
    assert filling(10.0, Batches(2, 0.1)).mean == pytest.approx(first_s, rel=0.01)
    assert found.size == pytest.approx(1 + 10 * first_s, rel=0.01)


def test_full_batches_are_the_limit_of_what_workers_can_do() -> None:
    assert isinstance(gathered(320.0, constant(0.05), 2, Batches(8, 0.02)), Unstable)
    found = gathered(316.0, constant(0.05), 2, Batches(8, 0.02))
    assert isinstance(found, Gathered) and found.utilisation == pytest.approx(0.9875) and found.size > 7


def test_waiting_to_fill_misses_an_objective_that_the_work_alone_meets() -> None:
    file = text(20, delay="80ms").replace("rate: 20/s", "rate: 20/s, slo: {latency: {p99: 120ms}}")
    said = [f.message for f in archlint.check(file).findings if f.rule == "CAP002"]
    assert len(said) == 1 and "about 13" in said[0]
    assert not [f for f in archlint.check(file.replace("80ms", "5ms")).findings if f.rule == "CAP002"]


def test_a_simulation_lies_in_nine_of_ten_bands() -> None:
    found = list(measured(systems=5, requests=6000, seed=4))
    assert sum(one.covered for one in found) >= 0.8 * len(found)
    errors = sorted(abs(one.value_s / one.true_s - 1) for one in found)
    assert errors[len(errors) // 2] < 0.1


@settings(max_examples=10)
@given(st.floats(0, 1e12), st.floats(0, 10), st.sampled_from([0.0, 0.01, 1e6]), st.integers(1, 10**6), st.integers(1, 10**6))
def test_nonsense_gives_a_finite_wait_or_none(rate: float, time: float, delay: float, size: int, workers: int) -> None:
    found = gathered(rate, constant(time), workers, Batches(size, delay))
    if isinstance(found, Gathered):
        assert math.isfinite(found.time.mean) and 1 <= found.size <= size
        assert found.wait.mean_s >= 0
    else:
        assert found.utilisation >= 1


if __name__ == "__main__":
    every = list(measured(int(sys.argv[1]), int(sys.argv[2]), seed=1))
    for asked in FRACTIONS:
        of = [one for one in every if one.fraction == asked]
        errors = sorted(abs(one.value_s / one.true_s - 1) for one in of)
        print(
            f"p{100 * asked:g}: covered {sum(one.covered for one in of) / len(of):.0%} of {len(of)}, error: median "
            f"{errors[len(of) // 2]:.1%}, nine of ten {errors[int(0.9 * len(of))]:.1%}"
        )

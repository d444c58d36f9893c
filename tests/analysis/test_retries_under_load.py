"""Retries in the closed forms: the load that they add, and the storms that do not end, against the simulator."""

from __future__ import annotations

import pytest

import archlint
from archlint.analysis.distributions import (
    constant,
    mixture,
    of_service_time,
    of_wait,
    one_after_the_other,
    with_attempts,
)
from archlint.analysis.latency import Latency, latency
from archlint.analysis.quantity import Missing
from archlint.analysis.queueing import attempts_per_request
from archlint.model.architecture import ServiceTime
from archlint.simulation.api import simulate_system
from archlint.simulation.results import Simulation
from archlint.simulation.running import Plan


def text(rate: float, timeout: str, retries: int, workers: int = 2) -> str:
    return f"""
archlint: 1
workloads: {{w: {{from: page, rate: {rate}/s}}}}
models: {{m: {{service_time: {{mean: 10ms, cv: 1}}}}}}
components:
  page: {{kind: client, calls: [api]}}
  api: {{kind: service, service_time: 2ms, replicas: 4, calls: [{{to: s, timeout: {timeout}, retries: {retries}}}]}}
  s: {{kind: model-server, serves: [m], replicas: 1, workers: {workers}}}
"""


def computed(file: str) -> Latency | Missing:
    system = archlint.load(file)
    return latency(system, system.workloads["w"])


def simulated(file: str) -> Simulation:
    return simulate_system(archlint.load(file), plan=Plan(3, 8_000)).results


@pytest.mark.parametrize(("rate", "timeout", "retries"), [(60, "25ms", 2), (80, "30ms", 1)])
def test_retries_that_end_add_load_as_simulated(rate: float, timeout: str, retries: int) -> None:
    file = text(rate, timeout, retries)
    found, run = computed(file), simulated(file)
    assert isinstance(found, Latency)
    (busy,) = [centre.utilisation for centre in run.centres if centre.name == "s"]
    assert busy is not None
    without = rate * 0.01 / 2
    assert found.stations["s"].utilisation > without * 1.03
    assert found.stations["s"].utilisation == pytest.approx(busy, rel=0.15)
    (stream,) = run.streams
    for fraction, true in ((0.5, stream.p50), (0.95, stream.p95)):
        assert true is not None
        low, high = found.band(fraction)
        assert true.low is not None and true.high is not None
        assert low <= true.high and true.low <= high, (fraction, found.seconds(fraction), true)


def test_a_storm_of_retries_has_no_latency_and_never_ends_when_simulated() -> None:
    """At 65 % without retries, 2.7 % of the calls are given up; with all three attempts it would be 195 %."""
    file = text(130, "60ms", 2)
    found = computed(file)
    assert isinstance(found, Missing)
    assert "`s` is overloaded (utilisation 195 %), as calls that are given up are tried again" in found.because
    (stream,) = simulated(file).streams
    assert stream.lost > 0.5
    assert isinstance(computed(text(130, "60ms", 0)), Latency)


def test_retries_that_are_never_needed_change_nothing() -> None:
    once, often = computed(text(80, "2s", 0)), computed(text(80, "2s", 3))
    assert isinstance(once, Latency) and isinstance(often, Latency)
    assert often.seconds(0.99) == pytest.approx(once.seconds(0.99), rel=1e-6)
    assert not often.response.attempts


def test_the_load_solves_the_fixed_point() -> None:
    found = computed(text(60, "25ms", 2))
    assert isinstance(found, Latency)
    (times,) = found.response.attempts.values()
    station = found.stations["s"]
    assert station.station.rate_per_s == pytest.approx(60 * times)
    work = of_service_time(ServiceTime(mean_s=0.01, cv=1.0))
    assert work is not None
    answer = one_after_the_other([of_wait(station.wait), work])
    assert attempts_per_request(answer.beyond(0.025), 3) == pytest.approx(times, rel=0.01)
    assert {term.name for term in found.terms()} >= {"attempts", "utilisation"}


def test_an_attempt_after_a_late_one_may_be_late_too() -> None:
    times = mixture([(0.9, constant(1.0)), (0.1, constant(5.0))])
    alone, again = with_attempts(times, 2.0, 3, True), with_attempts(times, 2.0, 3, True, 0.5)
    assert [round(weight, 6) for weight in alone.weights] == [0.9, 0.09, 0.009, 0.001]
    assert [round(weight, 6) for weight in again.weights] == [0.9, 0.05, 0.025, 0.025]

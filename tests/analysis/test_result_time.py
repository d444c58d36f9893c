"""Results behind queues: their percentiles against the simulator, and what bounds them."""

from __future__ import annotations

import math

import pytest

import archlint
from archlint.analysis.quantity import Quantity
from archlint.analysis.result_time import result_time
from archlint.simulation.api import simulate_system
from archlint.simulation.running import Plan

FRACTIONS = {"result_p50": "p50", "result_p95": "p95", "result_p99": "p99"}


def text(rate: str, time: str, replicas: int = 1, more: str = "", slo: str = "") -> str:
    return f"""
archlint: 1
workloads: {{upload: {{from: page, rate: {rate}, waits: false{slo}, models: [tagger]}}}}
models: {{tagger: {{service_time: {time}}}}}
components:
  page: {{kind: client, publishes: [photos]}}
  photos: {{kind: queue}}
  tagging: {{kind: worker, consumes: [photos], serves: [tagger], replicas: {replicas}, workers: 1{more}}}
"""


CHAIN = """
archlint: 1
workloads: {upload: {from: page, rate: 12/s, waits: false, models: [tagger]}}
models: {tagger: {service_time: {mean: 120ms, cv: 0.7}}}
components:
  page: {kind: client, publishes: [photos]}
  photos: {kind: queue}
  resizing: {kind: worker, consumes: [photos], publishes: [ready], service_time: {p50: 50ms, p99: 200ms}, replicas: 1, workers: 1}
  ready: {kind: queue}
  tagging: {kind: worker, consumes: [ready], serves: [tagger], replicas: 2, workers: 1}
"""


def numbers(file: str) -> dict[str, Quantity]:
    system = archlint.load(file)
    found = {}
    for number in result_time(system, system.workloads["upload"]):
        assert isinstance(number, Quantity), number
        found[number.name] = number
    return found


@pytest.mark.parametrize("file", [
    text("5/s", "{mean: 100ms, cv: 0.5}"), text("16/s", "{p50: 80ms, p99: 400ms}", 2), text("27/s", "100ms", 3), CHAIN,
], ids=["light", "lognormal", "constant", "two-queues"])  # fmt: skip
def test_the_simulator_lies_in_the_bands(file: str) -> None:
    found = numbers(file)
    stream = simulate_system(archlint.load(file), plan=Plan(5, 16_000)).results.streams[0]
    (stored,) = stream.stored.values()
    for name, fraction in FRACTIONS.items():
        number, true = found[name], {"p50": stored.p50, "p95": stored.p95, "p99": stored.p99}[fraction]
        assert true is not None and number.band is not None
        assert number.band[0] <= true.value <= number.band[1], (name, number.value, true.value)
        assert number.value == pytest.approx(true.value, rel=0.2)


def test_one_worker_with_exponential_times_by_hand() -> None:
    """M/M/1 at 50 %: the time until the result is exponential with a mean of 200 ms."""
    found = numbers(text("5/s", "{mean: 100ms}"))
    assert found["result_time"].value == pytest.approx(0.2, rel=1e-3)
    assert found["result_p99"].value == pytest.approx(0.2 * math.log(100), rel=0.03)


def test_an_objective_has_its_own_percentile_with_the_limit() -> None:
    found = numbers(text("5/s", "100ms", slo=", slo: {latency: {p90: 1s}}"))
    assert [term.value for term in found["result_p90"].terms if term.limit] == [1.0]
    assert not any(term.limit for term in found["result_p95"].terms)


def test_percentiles_rise_with_the_load_and_fall_with_workers() -> None:
    values = [numbers(text(rate, "100ms"))["result_p95"].value for rate in ("1/s", "5/s", "9/s", "9.9/s")]
    assert values == sorted(values) and values[0] < values[-1]
    assert numbers(text("9/s", "100ms", 2))["result_p95"].value < values[2]

"""The time on the network: a round trip and the transfer of the payload, alike in bounds, estimates and simulation."""

from __future__ import annotations

import pytest

import archlint
from archlint import Quantity
from tests.simulation.systems import stream

TEXT = """\
archlint: 1
workloads: {{draw: {{from: app, rate: 2/s, models: [painter], waits: true, slo: {{latency: {{p99: 5s}}}}}}}}
models: {{painter: {{service_time: 300ms}}}}
components:
  app: {{kind: client, calls: [{{to: painting{call}}}]}}
  painting: {{kind: model-server, serves: [painter], replicas: 4, workers: 1}}
"""


def p99s(call: str) -> tuple[float, float, float]:
    """The bound on idle servers, the estimate under load, and what a simulation finds."""
    text = TEXT.format(call=call)
    found = archlint.analyze(text).workloads[0]
    least, usual = found.get("least_p99"), found.get("p99")
    simulated = stream(archlint.simulate(text, requests=2_000), "draw").p99
    assert isinstance(least, Quantity) and isinstance(usual, Quantity) and simulated is not None
    return least.value, usual.value, simulated.value


@pytest.mark.parametrize(("facts", "more_s"), [
    (", network: 40ms", 0.04), (", payload: 2MB, bandwidth: 10Mbit/s", 1.6), (", network: 40ms, payload: 2MB, bandwidth: 10Mbit/s", 1.64),
    (", payload: 2MB", 0.0), (", bandwidth: 10Mbit/s", 0.0), (", payload: 0B, bandwidth: 10Mbit/s", 0.0),
])  # fmt: skip
def test_the_time_on_the_network_adds_to_each_answer(facts: str, more_s: float) -> None:
    for plain, slower in zip(p99s(""), p99s(facts), strict=True):
        assert slower - plain == pytest.approx(more_s, abs=2e-3)


def test_the_term_names_its_arithmetic_and_its_largest_part() -> None:
    found = archlint.analyze(TEXT.format(call=", network: 40ms, payload: 2MB, bandwidth: 10Mbit/s"))
    least = found.workloads[0].get("least_p99")
    assert isinstance(least, Quantity)
    (term,) = [term for term in least.terms if term.label == "network, app to painting"]
    assert term.value == pytest.approx(1.64) and term.note == "network + payload / bandwidth"
    assert term.at is not None and term.at.last == "payload"


def test_between_regions_a_transfer_leaves_the_round_trip_unknown() -> None:
    text = TEXT.format(call=", payload: 2MB, bandwidth: 10Mbit/s").replace("kind: client", "kind: client, region: us").replace("workers: 1", "workers: 1, region: eu")
    found = archlint.analyze(text).workloads[0].waterfalls[0]
    assert found.total.value == pytest.approx(1.9) and [place.last for place in found.unknown] == ["network"]

"""Components that very many workloads share: their latency is computed in bounded work."""

from __future__ import annotations

import pytest

import archlint
from archlint.analysis import responses
from archlint.analysis.latency import Latency, latency


def shared_by(number: int) -> str:
    lines = ["archlint: 1", "workloads:"]
    lines += [f"  w{n}: {{from: c{n}, rate: {1 + n % 7}/s, slo: {{latency: {{p99: 1s}}}}}}" for n in range(number)]
    lines += ["components:", "  front: {kind: service, service_time: 1ms, replicas: 40, workers: 32, calls: [back]}"]
    lines += ["  back: {kind: service, service_time: {mean: 20ms, cv: 1}, replicas: 90, workers: 4}"]
    lines += [f"  c{n}: {{kind: client, calls: [front]}}" for n in range(number)]
    return "\n".join(lines)


def test_the_workloads_with_most_requests_stand_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    system = archlint.load(shared_by(150))
    few = latency(system, system.workloads["w0"])
    monkeypatch.setattr(responses, "_MOST_HOLDERS", 10_000)
    whole = latency(system, system.workloads["w0"])
    assert isinstance(few, Latency) and isinstance(whole, Latency)
    assert few.seconds(0.99) == pytest.approx(whole.seconds(0.99), rel=0.02)

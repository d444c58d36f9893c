"""How busy workers are with waits for others and further attempts, beside a simulation; components without replicas."""

from __future__ import annotations

import pytest

import archlint
from archlint import Missing, Quantity
from tests.simulation.systems import centre, stream

TEXT = """\
archlint: 1
workloads: {{w: {{from: c, rate: 20/s, waits: true, slo: {{latency: {{p99: 1s}}}}}}}}
models: {{m: {{service_time: {{p50: 40ms, p99: 300ms}}}}}}
components:
  c: {{kind: client, calls: [{{to: api, timeout: 2s}}]}}
  api: {{kind: service, service_time: 2ms, replicas: 2, {workers}calls: [{{to: s{call}}}]}}
  s: {{kind: model-server, serves: [m], {replicas}, workers: 1}}
"""


def text_with(call: str = "", workers: str = "workers: 4, ", replicas: str = "replicas: 4") -> str:
    return TEXT.format(call=call, workers=workers, replicas=replicas)


@pytest.mark.parametrize(("call", "names"), [("", ["api"]), (", timeout: 150ms, retries: 2", ["api", "s"])])
def test_workers_are_as_busy_as_simulated(call: str, names: list[str]) -> None:
    text = text_with(call)
    numbers = {one.name: one for one in archlint.analyze(text).components}
    simulated = archlint.simulate(text, requests=20_000)
    for name in names:
        own, all_in_all = numbers[name].get("utilisation"), numbers[name].get("occupied")
        assert isinstance(own, Quantity) and isinstance(all_in_all, Quantity) and all_in_all.band is not None
        found = centre(simulated, name).utilisation
        assert found is not None and found > own.value
        assert all_in_all.value == pytest.approx(found, rel=0.08)
        assert all_in_all.band[0] <= all_in_all.value <= all_in_all.band[1]


def test_it_is_left_out_where_it_is_the_own_work() -> None:
    numbers = {one.name: one for one in archlint.analyze(text_with(workers="")).components}
    assert numbers["s"].get("occupied") is None and numbers["api"].get("occupied") is None


@pytest.mark.parametrize("replicas", ["autoscale: {min: 0, max: 0}", "replicas: 0"])
def test_without_replicas_nothing_is_answered(replicas: str) -> None:
    text = text_with(replicas=replicas)
    found = archlint.analyze(text).workloads[0].get("p99")
    assert isinstance(found, Missing) and found.because == "`s` has no replicas"
    simulated = archlint.simulate(text, requests=2_000)
    assert stream(simulated, "w").rejected == 1 and stream(simulated, "w").p99 is None
    assert "s: it has no replicas, so that it rejects every request" in simulated.notes


def test_without_replicas_an_optional_call_is_left_out() -> None:
    simulated = archlint.simulate(text_with(", optional: true, timeout: 1s", replicas="replicas: 0"), requests=2_000)
    found = stream(simulated, "w")
    assert found.lost == 0 and found.p99 is not None and found.p99.value < 0.01

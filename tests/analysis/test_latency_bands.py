"""The bands of latency estimates: how often a simulation lies within them, over systems drawn at random.

`python -m tests.analysis.test_latency_bands SYSTEMS REQUESTS` measures it again and prints the table.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Sequence

import msgspec

import archlint
from archlint.analysis.latency import FRACTIONS, Latency, latency
from tests.analysis.simulated import Simulation, percentiles

_SERVERS = (1, 2, 4, 8, 16)
_LOADS = (0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9)
_VARIATIONS = (0.0, 0.3, 0.5, 0.7, 1.0, 1.2)


def drawn(chance: random.Random, loads: Sequence[float]) -> str:
    """Draw a system: one server with one queue or several; three hops in a row; or a cache, calls side by side and
    callers whose workers wait, with two workloads."""
    servers, load = chance.choice(_SERVERS), chance.choice(loads)
    kind = chance.choice(["single", "tandem", "mixed"])
    cvs = [chance.choice(_VARIATIONS) for _ in range(3)]
    start = f"archlint: 1\nmodels: {{m: {{service_time: {{mean: 10ms, cv: {cvs[0]}}}}}}}\n"
    if kind == "single":
        replicas, balancing = chance.choice((1, 2, 4)), chance.choice(("pooled", "pooled", "random", "round-robin"))
        return f"""{start}
workloads: {{w: {{from: page, rate: {load * servers * replicas * 100}/s}}}}
components:
  page: {{kind: client, calls: [s]}}
  s: {{kind: model-server, serves: [m], replicas: {replicas}, workers: {servers}, balancing: {balancing}}}
"""
    if kind == "tandem":
        return f"""{start}
workloads: {{w: {{from: page, rate: {load * servers * 100}/s}}}}
components:
  page: {{kind: client, calls: [a]}}
  a: {{kind: gateway, service_time: {{mean: 8ms, cv: {cvs[1]}}}, replicas: 4, workers: {8 * servers}, calls: [b]}}
  b: {{kind: service, service_time: {{mean: 9ms, cv: {cvs[2]}}}, replicas: 2, workers: {8 * servers}, calls: [s]}}
  s: {{kind: model-server, serves: [m], replicas: {servers}, workers: 1}}
"""
    hit, held = chance.choice((0.0, 0.3, 0.5, 0.9)), chance.choice((servers, 2 * servers, 4 * servers))
    rate = load * servers * 100 / 1.25 / (1 - hit)
    return f"""{start}
workloads: {{w: {{from: page, rate: {rate}/s}}, v: {{from: other, rate: {rate / 4}/s, models: [m]}}}}
components:
  page: {{kind: client, calls: [a]}}
  other: {{kind: client, calls: [a]}}
  a:
    kind: service
    service_time: 1ms
    replicas: 2
    workers: {held}
    reads: [{{to: k, hit_ratio: {hit}}}, {{to: d, parallel: x}}]
    calls: [{{to: e, parallel: x}}, s]
  k: {{kind: cache, service_time: 1ms}}
  d: {{kind: database, service_time: {{p50: 3ms, p99: 12ms}}}}
  e: {{kind: service, service_time: {{mean: 4ms, cv: 1}}, replicas: 2, workers: {max(1, servers // 2)}}}
  s: {{kind: model-server, serves: [m], replicas: {servers}, workers: 1}}
"""


class Measured(msgspec.Struct, frozen=True):
    """One percentile of one system: estimated, simulated, and the band."""

    fraction: float
    value_s: float
    true_s: float
    band: tuple[float, float]

    @property
    def covered(self) -> bool:
        """Whether the simulation lies in the band."""
        return self.band[0] <= self.true_s <= self.band[1]


def measured(systems: int, requests: int, seed: int, loads: Sequence[float] = _LOADS) -> Iterator[Measured]:
    """Yield the percentiles of systems that are stable."""
    chance = random.Random(seed)
    left = systems
    while left:
        system = archlint.load(drawn(chance, loads))
        found = latency(system, system.workloads["w"])
        if not isinstance(found, Latency):
            continue
        left -= 1
        simulation = Simulation(system, {name: rate or 0.0 for name, rate in found.rates.items()}, chance.randrange(10**9))
        simulation.run(requests)
        for fraction, true_s in zip(FRACTIONS, percentiles(simulation.took["w"], FRACTIONS), strict=True):
            yield Measured(fraction, found.seconds(fraction), true_s, found.band(fraction))


def test_a_simulation_of_few_requests_lies_in_nine_of_ten_bands() -> None:
    """Of few requests, percentiles vary by themselves, and more so at high loads."""
    found = list(measured(systems=6, requests=4000, seed=11, loads=(0.3, 0.5, 0.6)))
    assert len(found) == 18
    assert sum(one.covered for one in found) >= 0.8 * len(found)
    assert sum(abs(one.value_s / one.true_s - 1) < 0.1 for one in found) >= 0.9 * len(found)


if __name__ == "__main__":
    all_found = list(measured(int(sys.argv[1]), int(sys.argv[2]), seed=1))
    for asked in FRACTIONS:
        of = [one for one in all_found if one.fraction == asked]
        errors = sorted(abs(one.value_s / one.true_s - 1) for one in of)
        widths = sorted(one.band[1] / one.band[0] for one in of)
        print(
            f"p{100 * asked:g}: covered {sum(one.covered for one in of) / len(of):.0%} of {len(of)}, error: median "
            f"{errors[len(of) // 2]:.1%}, nine of ten {errors[int(0.9 * len(of))]:.1%}; high / low of the band: median "
            f"{widths[len(of) // 2]:.2f}, nine of ten {widths[int(0.9 * len(of))]:.2f}"
        )

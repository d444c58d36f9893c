"""A time that no floor exceeds."""

from __future__ import annotations

import math
from collections.abc import Iterator

from hypothesis import event, given, settings

import archlint
from archlint.analysis.floors import FloorOf
from archlint.analysis.generation import may_generate
from archlint.analysis.system import System
from archlint.analysis.tails import longest_s
from tests.conftest import ROOT
from tests.strategies import Tree, architectures, dump

FRACTIONS = (0.5, 0.9, 0.99)


def floors_and_limits(system: System) -> Iterator[tuple[float, float]]:
    """Yield all floors of a system, each with the time that it may not exceed, in seconds."""
    for workload in system.workloads.values():
        if workload.entrance.client not in system.components or may_generate(system, workload):
            continue
        for fraction in FRACTIONS:
            longest = longest_s(system, [workload.entrance.client], fraction)
            for estimated in (False, True):
                for models_first in (False, True):
                    floor = FloorOf(system, workload, estimated, models_first).answer(fraction)
                    yield floor.at_s, longest * (1 + 1e-9)


@given(architectures())
@settings(max_examples=60)
def test_no_floor_of_a_generated_system_exceeds_it(tree: Tree) -> None:
    found = list(floors_and_limits(archlint.load(dump(tree))))
    event("finite" if any(math.isfinite(limit) for _, limit in found) else "infinite")
    assert all(floor <= limit for floor, limit in found)


def test_no_floor_of_an_example_exceeds_it() -> None:
    paths = sorted((ROOT / "examples").glob("*/*.yaml"))
    found = [pair for path in paths for pair in floors_and_limits(archlint.load(path))]
    assert all(floor <= limit for floor, limit in found)
    assert sum(math.isfinite(limit) for _, limit in found) > 200


def test_an_unknown_time_anywhere_makes_it_infinite() -> None:
    known = """
        archlint: 1
        models: {ranker: {service_time: {p50: 20ms, p99: 90ms}}}
        components:
          api: {kind: service, service_time: 5ms, calls: [{to: server, network: 1ms}], reads: [{to: store, share: 10%}]}
          server: {kind: model-server, serves: [ranker]}
          store: {kind: database, service_time: {p50: 3ms, p99: 8ms}}
    """
    assert math.isclose(longest_s(archlint.load(known), ["api"], 0.99), 0.104)
    for stated in ("service_time: {p50: 20ms, p99: 90ms}", ", service_time: {p50: 3ms, p99: 8ms}"):
        assert longest_s(archlint.load(known.replace(stated, "")), ["api"], 0.99) == math.inf
    far = known.replace("network: 1ms", "").replace("service_time: 5ms", "service_time: 5ms, regions: [eu]")
    assert longest_s(archlint.load(far.replace("serves: [ranker]", "serves: [ranker], regions: [us]")), ["api"], 0.99) == math.inf


def test_a_circle_of_callers_ends() -> None:
    system = archlint.load("""
        archlint: 1
        components:
          a: {kind: service, service_time: 1ms, calls: [b]}
          b: {kind: service, service_time: 2ms, calls: [a, c]}
          c: {kind: service, service_time: 4ms}
    """)
    assert math.isclose(longest_s(system, ["a"], 0.5), 0.007)

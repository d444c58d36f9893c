"""The extreme shapes match their description, and sharing between workloads changes no result."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random
from types import FrameType
from typing import TYPE_CHECKING

import pytest

import archlint
from archlint.analysis.caches import cold_loads, look_ups
from archlint.analysis.floor_parts import fraction_behind
from archlint.analysis.floors import FloorOf
from archlint.analysis.modes import EDGE, ONLINE
from archlint.analysis.patterns.composition import Structures, of_structure
from archlint.analysis.retries import MOST_ATTEMPTS, ends, longest_chains
from archlint.analysis.stations import rates_at_mean, rates_at_peak, stations_at
from archlint.analysis.system import System
from archlint.analysis.utilisation import utilisations
from archlint.analysis.writers import Writers
from archlint.api import Linters
from archlint.checks import retry_storm
from archlint.checks._spared import spared_calls
from archlint.linter import Options
from archlint.model.architecture import Relation, Workload
from archlint.topology import Flow, failure
from archlint.verdicts import Hit
from benchmarks.shape_texts import BY_NAME
from benchmarks.shapes import Growth, probe, rendered, write_includes
from tests.analysis.hostile import Lot

if TYPE_CHECKING:
    from _typeshed import TraceFunction

SYSTEMS = [*(BY_NAME[name](12) for name in BY_NAME), *(Lot(Random(seed)).text() for seed in range(60))]


@pytest.mark.parametrize("name", BY_NAME)
def test_every_shape_is_read_without_loss_and_grows_with_its_size(name: str, tmp_path: Path) -> None:
    sizes = []
    for size in (20, 40):
        system = archlint.load(BY_NAME[name](size))
        assert not [problem.message for problem in system.architecture.problems if problem.loses_meaning]
        parts = sum(1 + len(part.relations) for part in system.components.values())
        sizes.append(parts + len(system.workloads) + len(system.architecture.models))
    assert 1.5 < sizes[1] / sizes[0] < 2.5
    path = tmp_path / "arch.yaml"
    path.write_text(BY_NAME[name](20), encoding="utf-8")
    assert probe(path).input_bytes == path.stat().st_size


def calls_in(action: Callable[[], object]) -> int:
    """How many functions an action calls: unlike time, it is the same on every machine."""
    calls = 0

    def count(frame: FrameType, event: str, value: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        action()
    finally:
        sys.setprofile(None)
    return calls


def lines_in(action: Callable[[], object]) -> int:
    """How many lines an action runs, each turn of a loop counted: it also shows loops that call no function."""
    lines = 0

    def count(frame: FrameType, event: str, value: object) -> TraceFunction:
        nonlocal lines
        lines += event == "line"
        return count

    sys.settrace(count)
    try:
        action()
    finally:
        sys.settrace(None)
    return lines


def _loads(system: System) -> None:
    for look_up in look_ups(system):
        tuple(cold_loads(system, look_up))
    for use in utilisations(system):
        use.at_mean(False)
        use.at_peak(True)


def _peaks(system: System) -> None:
    for workload in list(system.workloads.values())[:10]:
        stations_at(system, rates_at_peak(system, workload))


@pytest.mark.parametrize("name", [name for name in BY_NAME if name != "entrances"])
def test_loads_and_queues_are_computed_in_proportion_to_a_shape(name: str) -> None:
    """`entrances` is left out: there, each workload uses other components, and the uses grow with the square."""
    loads, peaks = [], []
    for size in (40, 160):
        system = archlint.load(BY_NAME[name](size))
        loads.append(calls_in(partial(_loads, system)))
        stations_at(system, rates_at_mean(system))
        peaks.append(calls_in(partial(_peaks, system)))
    assert math.log(loads[1] / loads[0], 4) < 1.2, loads
    assert math.log(peaks[1] / peaks[0], 4) < 1.2, peaks


@pytest.mark.parametrize(
    "name",
    ["queues_in_a_row", "queues_in_a_ring", "servers_behind_a_queue", "ladder", "vendors", "writers"],
)
def test_all_rules_and_patterns_are_judged_in_proportion_to_a_shape(name: str) -> None:
    """Sizes are large enough for a square to show."""
    small, large = _counts_of_checks(name, (80, 320), calls_in)
    assert math.log(large / small, 4) < 1.1, (small, large)


@pytest.mark.parametrize(
    "name",
    ["jobs", "queues_of_one_worker", "shares", "either", "regions", "topic", "adapters", "indexes",
     "publishers_of_one_queue", "jobs_of_one_store", "readers_of_old_data", "guardrails",
     "language_models", "consumers_of_one_queue"],
)  # fmt: skip
def test_all_rules_and_patterns_run_lines_in_proportion_to_a_shape(name: str) -> None:
    """Twice the size adds twice the lines; what each check or only the first one takes does not count."""
    _, *lines = _counts_of_checks(name, (20, 100, 200, 400), lines_in)
    assert math.log((lines[2] - lines[1]) / (lines[1] - lines[0]), 2) < 1.1, lines


def _counts_of_checks(name: str, sizes: Sequence[int], count: Callable[[Callable[[], object]], int]) -> list[int]:
    linters = Linters(Options(isolated=True, patterns=True))
    texts = [BY_NAME[name](size).encode() for size in sizes]
    return [count(partial(linters.check, Path("arch.yaml"), text, unnamed=True)) for text in texts]


def test_a_long_chain_of_retries_is_kept_once_and_reported_in_few_words() -> None:
    system = archlint.load(BY_NAME["retries_in_a_row"](2000))
    ((_flow, chains),) = longest_chains(system)
    (whole,) = ends(chains)
    assert whole.length == len(whole.relations) == 2000 and whole.product == MOST_ATTEMPTS
    assert all(chain.before is before for before, chain in pairwise(chains.values()))
    (hit,) = retry_storm.check(system, retry_storm.Params())
    assert isinstance(hit, Hit) and len(hit.message) < 400 and "at least 1,000 T attempts" in hit.message
    assert len(hit.terms) < 20


@pytest.mark.parametrize("text", SYSTEMS)
def test_failures_of_many_groups_are_those_of_each_alone(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    system, chance = archlint.load(text), Random(text)
    monkeypatch.setattr(failure, "_TOGETHER", 0)
    for flow in dict.fromkeys(map(system.flow, system.workloads.values())):
        names = sorted(flow.components)
        groups = [tuple(chance.sample(names, min(len(names), chance.randint(1, 4)))) for _ in range(20 if names else 0)]
        assert flow.are_lost_with(groups) == [flow.is_lost_with(group) for group in groups]


def test_files_that_include_each_other_are_one_system(tmp_path: Path) -> None:
    system = archlint.load(write_includes(20, tmp_path))
    assert len(system.components) == 20


def test_the_table_says_where_the_limit_was_met() -> None:
    text = rendered([Growth("one_hub", 0.5, 4.0, 1.0, 80.0), Growth("knot", None, None, None, None)], (1000, 8000))
    assert "| one hub | " in text and "over" in text.splitlines()[-1]


@pytest.mark.parametrize("text", SYSTEMS)
def test_workloads_that_share_answers_get_their_own(text: str) -> None:
    system = archlint.load(text)
    structures = Structures(system)
    for workload in system.workloads.values():
        flow = system.flow(workload)
        if not flow.waiting:
            continue
        assert list(structures.of(workload)) == list(of_structure(system, workload))
        live = [serving.server for serving in system.servings(workload) if serving.mode in {EDGE, ONLINE}]
        servers = [server for server in live if server in flow.waiting]
        naive = dict(filter(None, (_first_spared(flow, flow.path_to(server)) for server in servers)))
        floors = FloorOf(system, workload)
        felt = [call for call, share in naive.items() if fraction_behind(0.99, share) > 0 and floors.delays(call.target)]
        assert [spared.call for spared in spared_calls(system, workload, 0.99, floors)] == felt


@pytest.mark.parametrize("seed", range(40))
def test_floors_that_workloads_share_are_those_of_each_alone(seed: int) -> None:
    """Also of callers in a circle, whose floors depend on where requests enter."""
    text = Lot(Random(seed)).text() if seed else BY_NAME["entrances"](12)
    together = archlint.load(text)
    for name in together.workloads:
        for estimated in (False, True):
            alone = archlint.load(text)
            expected = FloorOf(alone, alone.workloads[name], estimated).answer(0.99)
            assert FloorOf(together, together.workloads[name], estimated).answer(0.99) == expected


def test_entrances_of_one_chain_work_out_each_floor_once() -> None:
    system = archlint.load(BY_NAME["entrances"](40))
    for workload in system.workloads.values():
        FloorOf(system, workload).answer(0.99)
    assert sum(len(shared.floors) for shared in system.shared_floors.values()) == 21
    assert not any(memory.floors for memory in system.floor_memories.values())


def test_the_writers_of_the_last_store_of_a_chain_are_found_once() -> None:
    writers = Writers(archlint.load(BY_NAME["jobs"](40)))
    found = writers.of("t20", "m")
    assert len(found) == 20 and writers.of("t20", "m") is found


def _first_spared(flow: Flow, path: tuple[Relation, ...]) -> tuple[Relation, float] | None:
    """Walk the whole path again for each server: the call that can be done without, and the share that comes to it."""
    share = 1.0
    for relation in path:
        steps = flow.steps[relation.source]
        cached = any(step.relation.hit_ratio and step.relation.caches not in {"data", "prefix"} for step in steps)
        (step,) = {step for step in steps if step.relation == relation}
        taken = relation.share or 1.0 if step.group is None else step.share
        if cached or relation.when is not None or (step.group is not None and taken >= 1):
            return None
        share *= taken
        if relation.optional or relation.fallback is not None:
            return relation, share
    return None


def test_clients_that_differ_in_name_only_are_named_each() -> None:
    system = archlint.load(BY_NAME["cached_servers"](6).replace(
        "workloads:\n", "workloads:\n  other: {from: app}\n").replace(
        "components:\n", "components:\n  app: {kind: client, calls: [api]}\n"))  # fmt: skip
    structures = Structures(system)
    workloads: list[Workload] = list(system.workloads.values())
    assert [list(structures.of(one)) for one in workloads] == [list(of_structure(system, one)) for one in workloads]
    assert all(list(structures.of(one)) for one in workloads)

"""Very long, wide and complex graphs: every query ends, without deep recursion and without counting paths."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from archlint import check
from archlint.analysis.floors import FloorOf
from archlint.analysis.system import System
from archlint.catalog.technologies import Technologies
from archlint.model.architecture import Architecture, Component, Entrance, Model, Relation, ServiceTime, Workload
from archlint.source.parser import collector_paused
from archlint.topology import flow as flows
from benchmarks.shape_texts import entrances

MS = ServiceTime(constant_s=0.001)


def service(name: str, *targets: str, either: str | None = None, shares: tuple[float, ...] = (), kind: str = "service") -> Component:
    relations = [
        Relation("calls", name, target, index, either=either, share=shares[index] if shares else None)
        for index, target in enumerate(targets)
    ]
    return Component(name, kind, relations=tuple(relations), service_time=MS)


def server(name: str, model: str, *targets: str) -> Component:
    relations = tuple(Relation("calls", name, target, index) for index, target in enumerate(targets))
    return Component(name, "model-server", relations=relations, serves=(model,))


def system_of(components: list[Component], workloads: list[Workload] | None = None) -> System:
    models = {model: Model(model, service_time=MS) for component in components for model in component.serves}
    entering = workloads or [Workload("main", Entrance("client"), rate_per_s=1.0)]
    architecture = Architecture(
        (), workloads={w.name: w for w in entering}, models=models, components={c.name: c for c in components}
    )
    return System(architecture, Technologies(()))


def chain(length: int) -> list[Component]:
    hops = [service(f"c{number}", f"c{number + 1}") for number in range(length - 1)]
    return [service("client", "c0", kind="client"), *hops, server(f"c{length - 1}", "ranker")]


def ladder(rungs: int, either: str | None = None, shares: tuple[float, ...] = ()) -> list[Component]:
    """Two paths from each rung to the next, so 2 to the power of the number of rungs in total."""
    parts = [service("client", "s0", kind="client"), server(f"s{rungs}", "ranker")]
    for number in range(rungs):
        parts.append(service(f"s{number}", f"a{number}", f"b{number}", either=either, shares=shares))
        parts += [service(f"{side}{number}", f"s{number + 1}") for side in "ab"]
    return parts


@pytest.fixture(autouse=True)
def paused() -> Iterator[None]:
    """Pause the garbage collector, as in a check: otherwise it would take most of the time."""
    with collector_paused():
        yield


def ask_everything(system: System) -> None:
    """Run every query once, for each workload and for some components."""
    names = list(system.components)
    some = [*names[:3], *names[-3:]]
    for workload in system.workloads.values():
        system.servings(workload)
    for flow in system.distinct_flows():
        assert set(flow.needed()) <= set(flow.components)
        flow.attempts()
        for group in flow.either_groups():
            assert flow.is_lost_with([relation.target for relation in group.relations])
        for name in some:
            flow.path_to(name)
            flow.dominators(name)
            flow.components_lost_with([name])
    for name in names:
        system.blast_radius([name])
    first = next(iter(system.workloads.values()))
    for estimated in (False, True):
        FloorOf(system, first, estimated).answer(0.99)
    system.waiting_cycles()
    system.articulation_points()


def test_a_chain_of_twenty_thousand() -> None:
    length = 20_000
    system = system_of(chain(length))
    flow = system.flow("main")
    assert len(flow.waiting) == len(flow.needed()) == length + 1
    assert len(flow.path_to(f"c{length - 1}")) == length
    assert len(flow.dominators(f"c{length - 1}")) == length + 1
    assert system.blast_radius([f"c{length - 1}"]).traffic_share == 1.0
    assert FloorOf(system, system.workloads["main"]).answer(0.99).at_s == pytest.approx(length * 0.001 + 0.001)
    ask_everything(system)


@pytest.mark.parametrize("rungs", [40, 1000])
def test_a_ladder_has_more_paths_than_can_be_counted(rungs: int) -> None:
    plain = system_of(ladder(rungs))
    assert len(plain.flow("main").needed()) == 3 * rungs + 2
    # Every rung calls both sides, and both call the next rung: the last one is called twice as often each time.
    attempts = plain.attempts("main")
    assert attempts is not None and attempts["s40"] == 2.0**40
    ask_everything(plain)


@pytest.mark.parametrize("rungs", [40, 1000])
def test_a_ladder_of_alternatives_needs_its_rungs(rungs: int) -> None:
    either = system_of(ladder(rungs, either="any"))
    needed = either.flow("main").needed()
    assert set(needed) == {"client", *(f"s{number}" for number in range(rungs + 1))}
    ask_everything(either)


@pytest.mark.parametrize("rungs", [40, 1000])
def test_a_ladder_of_shares_loses_the_share_of_one_side(rungs: int) -> None:
    shared = system_of(ladder(rungs, shares=(0.6, 0.4)))
    flow = shared.flow("main")
    assert flow.share_lost_with([f"a{rungs // 2}"]) == pytest.approx(0.6)
    assert flow.share_lost_with(["a0", f"b{rungs - 1}"]) == pytest.approx(1 - 0.4 * 0.6)
    assert flow.share_lost_with([f"a{rungs - 1}", f"b{rungs - 1}"]) == 1.0
    ask_everything(shared)


def test_shares_that_meet_too_many_choices_are_left_open() -> None:
    """A hundred independent choices between two components: too many combinations to try."""
    pairs = 60
    parts = [service("client", *(f"p{n}" for n in range(pairs)), kind="client"), service("dead"), service("alive")]
    for number in range(pairs):
        parts.append(service(f"p{number}", f"x{number}", f"y{number}", either="any"))
        parts += [service(f"{side}{number}", "dead", "alive", shares=(0.5, 0.5)) for side in "xy"]
    flow = system_of(parts).flow("main")
    lost = flow.share_lost_with(["dead"])
    assert lost is None or lost == pytest.approx(1 - 0.75**pairs)


@pytest.mark.parametrize("either", [None, "any"])
def test_a_fan_of_five_thousand(either: str | None) -> None:
    width = 5_000
    hub = service("hub", *(f"m{number}" for number in range(width)), either=either)
    servers = [server(f"m{number}", f"model{number}", "rows") for number in range(width)]
    system = system_of([service("client", "hub", kind="client"), hub, *servers, service("rows")])
    assert len(system.flow("main").needed()) == (3 if either else width + 3)
    ask_everything(system)


def test_a_ring_of_five_thousand() -> None:
    size = 5_000
    ring = [service(f"c{number}", f"c{(number + 1) % size}") for number in range(size)]
    system = system_of([service("client", "c0", "c1", either="any", kind="client"), *ring])
    assert len(system.flow("main").needed()) == size + 1
    (cycle,) = system.waiting_cycles()
    assert len(cycle) == size
    ask_everything(system)


@pytest.mark.parametrize("stated", [False, True])
def test_two_thousand_workloads_in_one_hub(stated: bool) -> None:
    count = 2000
    clients = [service(f"client{number}", "gateway", kind="client") for number in range(count)]
    servers = [server(f"s{number}", f"m{number}", "rows") for number in range(count)]
    hub = service("hub", *(part.name for part in servers))
    workloads = [
        Workload(f"w{n}", Entrance(f"client{n}"), models=(f"m{n}",) if stated else None, rate_per_s=1.0)
        for n in range(count)
    ]
    parts = [*clients, service("gateway", "hub", kind="gateway"), hub, *servers, service("rows")]
    system = system_of(parts, workloads)
    ask_everything(system)
    assert len(list(system.distinct_flows())) == (count if stated else 1)
    assert len(system.workloads_of["hub"]) == len(system.blast_radius(["hub"]).losses) == count
    one = system.blast_radius(["s7"])
    assert one.traffic_share == pytest.approx(1 / count if stated else 1.0)
    assert len(system.workloads_served_by["s7"]) == (1 if stated else count)
    before = len(system.floor_memories)
    for workload in system.workloads.values():
        FloorOf(system, workload).answer(0.99)
    assert len(system.floor_memories) - before == (count - 1 if stated else 0)


def test_workloads_that_use_too_much_together_are_refused_before_memory_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows, "MAX_USES", 1000)
    few, many = check(entrances(60)), check(entrances(200))
    assert (few.errors, many.findings) == ((), ())
    [error] = many.errors
    assert error.message.startswith("<stdin>: too large: workloads that enter at different places use over 1,000 ")
    assert "split the system" in error.hint

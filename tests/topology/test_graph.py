"""The graph compared with networkx: cycles, articulation points, models below; and its interchange format."""

from __future__ import annotations

import re
import tomllib
from random import Random

import networkx
import pytest

from archlint.model.architecture import Architecture, Component, Relation
from archlint.topology import Flows, Topology
from archlint.topology.cycles import condensed_order, shortest_cycles, targets_first
from tests.conftest import ROOT
from tests.topology.graphs import random_system, system_of


def random_calls(seed: int, size: int, edges: int) -> Topology:
    """Services that call one another at random."""
    lot = Random(seed)
    names = [f"c{number}" for number in range(size)]
    relations: dict[str, list[Relation]] = {name: [] for name in names}
    for _ in range(edges):
        source, target = lot.choice(names), lot.choice(names)
        relations[source].append(Relation("calls", source, target, len(relations[source])))
    components = {name: Component(name, "service", relations=tuple(relations[name])) for name in names}
    return Topology(Architecture((), components=components))


def calls(topology: Topology) -> networkx.DiGraph[str]:
    graph: networkx.DiGraph[str] = networkx.DiGraph()
    graph.add_nodes_from(topology.components)
    graph.add_edges_from((r.source, r.target) for r in topology.waiting_relations() if r.source != r.target)
    return graph


@pytest.mark.parametrize("seed", range(120))
def test_one_shortest_cycle_for_each_knot(seed: int) -> None:
    topology = random_calls(seed, size=3 + seed % 6, edges=seed % 17)
    graph = calls(topology)
    knots = [knot for knot in networkx.strongly_connected_components(graph) if len(knot) > 1]
    cycles = topology.waiting_cycles()
    assert {frozenset(knot) for knot in knots} == {_knot_of(cycle, knots) for cycle in cycles}
    assert len(cycles) == len(knots)
    position = {name: number for number, name in enumerate(topology.components)}
    for cycle in cycles:
        inside = graph.subgraph(_knot_of(cycle, knots))
        assert len(cycle) == min(len(each) for each in networkx.simple_cycles(inside))
        assert all(before.target == after.source for before, after in zip(cycle, (*cycle[1:], cycle[0]), strict=True))
        assert len({relation.source for relation in cycle}) == len(cycle)
        assert position[cycle[0].source] == min(position[relation.source] for relation in cycle)
    starts = [position[cycle[0].source] for cycle in cycles]
    assert starts == sorted(starts)


def _knot_of(cycle: tuple[Relation, ...], knots: list[set[str]]) -> frozenset[str]:
    return next(frozenset(knot) for knot in knots if cycle[0].source in knot)


@pytest.mark.parametrize("seed", range(120))
def test_articulation_points(seed: int) -> None:
    topology = random_calls(seed, size=3 + seed % 6, edges=seed % 13)
    graph = calls(topology).to_undirected()
    parts = networkx.number_connected_components(graph)
    expected = {name for name in graph if networkx.number_connected_components(_without(graph, name)) > parts}
    assert set(topology.articulation_points()) == expected


def _without(graph: networkx.Graph[str], name: str) -> networkx.Graph[str]:
    rest = graph.copy()
    rest.remove_node(name)
    return rest


@pytest.mark.parametrize("seed", range(60))
def test_strongly_connected_components_are_those_of_networkx(seed: int) -> None:
    """From sparse graphs with many small components to dense ones with one large component."""
    lot = Random(seed)
    names = [f"c{number}" for number in range(40 + seed)]
    targets: dict[str, list[str]] = {name: [] for name in names}
    for _ in range(len(names) * (1 + seed % 4)):
        targets[lot.choice(names)].append(lot.choice(names))
    groups = condensed_order(targets)
    graph = networkx.DiGraph((name, end) for name, ends in targets.items() for end in ends)
    graph.add_nodes_from(targets)
    assert sorted(map(sorted, groups)) == sorted(map(sorted, networkx.strongly_connected_components(graph)))
    place = {name: number for number, group in enumerate(groups) for name in group}
    assert all(place[end] <= place[name] for name, ends in targets.items() for end in ends)
    assert all(list(group) == sorted(group, key=names.index) for group in groups)


def test_a_ring_needs_no_deep_recursion() -> None:
    names = [f"c{number}" for number in range(50_000)]
    targets = {name: [end, name] for name, end in zip(names, [*names[1:], names[0]], strict=True)}
    assert condensed_order(targets) == [tuple(names)]


@pytest.mark.parametrize("seed", range(120))
def test_orders_put_what_is_reached_first(seed: int) -> None:
    topology = random_calls(seed, size=3 + seed % 6, edges=seed % 17)
    targets = {name: [r.target for r in relations] for name, relations in topology.outgoing.items()}
    groups = condensed_order(targets)
    graph = networkx.DiGraph((name, end) for name, ends in targets.items() for end in ends)
    graph.add_nodes_from(targets)
    assert {frozenset(group) for group in groups} == set(map(frozenset, networkx.strongly_connected_components(graph)))
    place = {name: number for number, group in enumerate(groups) for name in group}
    assert all(place[end] <= place[name] for name, ends in targets.items() for end in ends)
    order = targets_first(targets, list(targets))
    assert sorted(order) == sorted(targets)
    if networkx.is_directed_acyclic_graph(graph):
        assert all(order.index(end) < order.index(name) for name, ends in targets.items() for end in ends)


@pytest.mark.parametrize("seed", range(120))
def test_models_below_are_those_that_work_can_reach(seed: int) -> None:
    topology = random_system(seed, size=8).topology
    work: networkx.DiGraph[str] = networkx.DiGraph()
    waits: networkx.DiGraph[str] = networkx.DiGraph()
    for graph, ends in ((work, topology.work_targets), (waits, topology.waited_for)):
        graph.add_nodes_from(topology.components)
        graph.add_edges_from((name, end) for name in topology.components for end in ends(name))
    for graph, below in ((work, topology.models_below), (waits, topology.models_awaited)):
        for name in topology.components:
            reached = {name, *networkx.descendants(graph, name)}
            served = {model for each in reached for model in topology.components[each].serves}
            assert set(topology.names_of(below[name])) == served


def test_work_goes_along_what_is_waited_for_and_over_queues() -> None:
    topology = system_of(
        """
        client: {kind: client, calls: [api]}
        api: {kind: service, publishes: [jobs], writes: [{to: trail, wait: false}, rows], mirrors: [shadow], logs_to: [logs]}
        jobs: {kind: queue}
        worker: {kind: worker, consumes: [jobs], loads: [store], serves: [ranker]}
        eager: {kind: model-server, loads: [store], loads_model: on-request}
        store: {kind: model-registry}
        trail: {kind: database}
        rows: {kind: database}
        shadow: {kind: model-server, serves: [tagger]}
        logs: {kind: log-store}
        """
    ).topology
    assert list(topology.work_targets("api")) == ["rows", "jobs"]
    assert list(topology.work_targets("jobs")) == ["worker"]
    assert list(topology.waited_for("api")) == ["rows"]
    assert list(topology.waited_for("worker")) == [] and list(topology.waited_for("eager")) == ["store"]
    assert [r.source for r in topology.consumptions("jobs")] == ["worker"]
    assert topology.servers == {"ranker": ("worker",), "tagger": ("shadow",)}
    assert topology.names_of(topology.models_below["client"]) == ("ranker",)


def test_relations_to_nothing_are_left_out() -> None:
    dangling = Component("a", "service", relations=(Relation("calls", "a", "nobody", 0), Relation("calls", "a", "b", 1)))
    topology = Topology(Architecture((), components={"a": dangling, "b": Component("b", "service")}))
    assert [r.target for r in topology.outgoing["a"]] == ["b"]
    assert [r.source for r in topology.incoming["b"]] == ["a"]
    assert repr(topology) == "<Topology: 2 components, 1 relations>"


def test_a_component_that_calls_itself_is_no_knot() -> None:
    topology = Topology(Architecture((), components={"a": Component("a", "service", relations=(Relation("calls", "a", "a", 0),))}))
    assert topology.waiting_cycles() == []


def test_a_knot_too_large_to_search_whole_still_gives_a_cycle() -> None:
    size = 1500
    edges = {f"c{n}": [Relation("calls", f"c{n}", f"c{(n + 1) % size}", 0)] for n in range(size)}
    edges[f"c{size - 2}"].append(Relation("calls", f"c{size - 2}", f"c{size - 3}", 1))
    (cycle,) = shortest_cycles(edges)
    assert cycle[0].source == cycle[-1].target


@pytest.mark.parametrize("wanted", [("m3",), ("m3", "m150"), ("m199", "unserved"), ()])
def test_the_steps_of_a_wide_component_are_those_that_looking_at_each_gives(wanted: tuple[str, ...]) -> None:
    """With 64 or more relations, they are indexed by model; the result is the same."""
    components = {}
    relations = []
    for number in range(200):
        name = f"s{number}"
        relations.append(Relation("calls", "hub", name, number))
        serves = (f"m{number}",) if number % 5 else ()
        components[name] = Component(name, "model-server", serves=serves)
    components["hub"] = Component("hub", "service", relations=tuple(relations))
    topology = Topology(Architecture((), components=components))
    steps = Flows(topology).routes(wanted).steps("hub")
    expected = [r.target for r in relations if not components[r.target].serves or components[r.target].serves[0] in wanted]
    assert [step.target for step in steps] == expected


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("again", [False, True])
def test_the_models_that_a_component_serves_are_those_that_looking_at_each_gives(seed: int, again: bool) -> None:
    random = Random(seed)
    names = [f"m{number}" for number in range(12)]
    serves = random.sample(names, random.randint(0, 12)) + (["m0", "m0"] if again else [])
    topology = Topology(Architecture((), components={"s": Component("s", "model-server", serves=tuple(serves))}))
    for count in range(13):
        models = tuple(random.choices(names, k=count))
        assert list(topology.served_by("s", models)) == [model for model in serves if model in models]
    assert list(topology.served_by("s", None)) == serves


def test_networkx_gets_every_component_and_relation() -> None:
    system = system_of(
        """
        client: {kind: client, calls: [api]}
        api: {kind: service, publishes: [jobs], calls: [{to: server}], reads: [server]}
        jobs: {kind: queue}
        server: {kind: external}
        worker: {kind: worker, consumes: [jobs]}
        """
    )
    graph = system.to_networkx()
    assert {name: data["kind"] for name, data in graph.nodes(data=True)} == {
        name: component.kind for name, component in system.components.items()
    }
    edges = sorted((source, target, data["verb"], data["waits"]) for source, target, data in graph.edges(data=True))
    assert edges == [
        ("api", "jobs", "publishes", False), ("api", "server", "calls", True), ("api", "server", "reads", True),
        ("client", "api", "calls", True), ("worker", "jobs", "consumes", False),
    ]  # fmt: skip


def test_a_plain_install_brings_networkx_and_no_numpy() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.split(r"[^\w-]", line)[0].lower() for line in project["dependencies"]}
    assert "networkx" in names
    assert not names & {"numpy", "rustworkx", "scipy", "pandas"}

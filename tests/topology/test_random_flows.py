"""Every query about a workload's flow, compared with brute force on small random graphs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from random import Random

import msgspec
import networkx
import pytest

from archlint.analysis.system import System
from archlint.topology import Flow, attempts_along
from tests.topology.graphs import random_system
from tests.topology.oracle import Oracle

Case = tuple[str, Flow, Oracle]


def cases(seeds: Iterable[int]) -> Iterator[Case]:
    """The flows of random systems, each with its oracle, and with a description of the system."""
    for seed in seeds:
        system = random_system(seed, size=5 + seed % 3)
        for workload in system.workloads.values():
            yield f"seed {seed}, {workload.name}", system.flow(workload), Oracle(system.architecture, workload)


@pytest.fixture(params=[range(start, start + 50) for start in range(0, 400, 50)], ids=lambda seeds: f"from {seeds[0]}")
def some(request: pytest.FixtureRequest) -> list[Case]:
    return list(cases(request.param))


def test_waiting_and_eventual_paths_are_what_can_be_reached(some: list[Case]) -> None:
    for case, flow, oracle in some:
        assert set(flow.waiting) == oracle.waiting, case
        assert set(flow.eventual) == oracle.eventual, case
        assert next(iter(flow.waiting)) == "client"


def test_what_a_failure_costs_is_what_trying_all_choices_says(some: list[Case]) -> None:
    for case, flow, oracle in some:
        lot = Random(case)
        names = list(flow.components)
        several = [set(lot.sample(names, min(len(names), lot.choice([2, 3])))) for _ in range(4)]
        for failed in [{name} for name in flow.topology.components] + several:
            expected = oracle.lost_with(failed)
            lost = flow.share_lost_with(failed)
            assert lost is None if expected is None else lost == pytest.approx(float(expected)), (case, failed)
            assert flow.is_lost_with(failed) == (expected == 1), (case, failed)


def test_needed_is_what_loses_everything_by_itself(some: list[Case]) -> None:
    for case, flow, oracle in some:
        needed = {name for name in flow.components if oracle.lost_with({name}) == 1}
        assert set(flow.needed()) == needed, case


def test_components_lost_are_those_down_whatever_the_choice(some: list[Case]) -> None:
    """Without branches and conditions, there is one choice: then the set is exact."""
    for case, flow, oracle in some:
        if any(c.arms or c.maybe for c in oracle.clauses.values()):
            continue
        for name in flow.components:
            assert set(flow.components_lost_with([name])) == oracle.down({name}, {}, set()), case


def test_a_path_starts_at_the_client_and_each_step_goes_on_from_the_last(some: list[Case]) -> None:
    for case, flow, oracle in some:
        for name in flow.topology.components:
            path = flow.path_to(name)
            here = "client"
            for relation in path:
                source, target = relation.source, relation.target
                if relation.verb == "consumes":
                    source, target = target, source
                    assert relation in oracle.consumers(source)
                else:
                    assert relation in oracle.taken(source)
                assert here == source
                here = target
            assert here == name or (not path and name not in flow), case
            if name in flow.waiting:
                assert all(oracle.waits(relation) for relation in path)
                assert len(path) == networkx.shortest_path_length(_waiting_graph(oracle), "client", name)


def _waiting_graph(oracle: Oracle) -> networkx.MultiDiGraph[str]:
    graph: networkx.MultiDiGraph[str] = networkx.MultiDiGraph()
    graph.add_nodes_from(oracle.waiting)
    for name in oracle.waiting:
        for relation in oracle.taken(name):
            if oracle.waits(relation):
                graph.add_edge(name, relation.target, retries=relation.retries or 0.0)
    return graph


def test_dominators_are_those_without_which_the_target_is_not_reached(some: list[Case]) -> None:
    for case, flow, oracle in some:
        graph = _waiting_graph(oracle)
        immediate = networkx.immediate_dominators(graph, "client")
        for target in graph:
            chain = flow.dominators(target)
            assert set(chain) == {name for name in graph if not _passes_by(graph, target, name)}, case
            assert chain[0] == "client" and chain[-1] == target
            for before, after in zip(chain, chain[1:], strict=False):
                assert immediate[after] == before
        for name in set(flow.topology.components) - set(graph):
            assert flow.dominators(name) == ()


def _passes_by(graph: networkx.MultiDiGraph[str], target: str, name: str) -> bool:
    """Whether a path from the client to a target avoids a component."""
    if name in {"client", target}:
        return False
    return networkx.has_path(graph.subgraph(set(graph) - {name}), "client", target)


def test_attempts_are_the_products_along_all_ways(some: list[Case]) -> None:
    for case, flow, oracle in some:
        graph = _waiting_graph(oracle)
        attempts = flow.attempts()
        if not networkx.is_directed_acyclic_graph(graph):
            assert attempts is None, case
            continue
        assert attempts is not None, case
        for target in graph:
            assert attempts[target] == pytest.approx(_times_reached(oracle, "client", target)), case
            if target != "client":
                assert attempts_along(flow.path_to(target)) <= attempts[target]


def _times_reached(oracle: Oracle, name: str, target: str) -> float:
    """How often one visit of a component reaches another, path by path."""
    if name == target:
        return 1.0
    waiting = (relation for relation in oracle.taken(name) if oracle.waits(relation))
    return sum((1 + (r.retries or 0)) * _times_reached(oracle, r.target, target) for r in waiting)


@pytest.mark.parametrize("seed", range(60))
def test_the_order_of_components_changes_nothing(seed: int) -> None:
    system = random_system(seed)
    architecture = system.architecture
    turned = dict(reversed(architecture.components.items()))
    other = System(msgspec.structs.replace(architecture, components=turned), system.technologies)
    for name in system.workloads:
        here, there = system.flow(name), other.flow(name)
        assert set(here.waiting) == set(there.waiting)
        assert set(here.eventual) == set(there.eventual)
        assert set(here.needed()) == set(there.needed())
        for pair in combinations(here.components, 2):
            assert here.share_lost_with(pair) == pytest.approx(there.share_lost_with(pair))

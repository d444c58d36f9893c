"""Fallbacks that name a component, and caches whose misses are answered, in the failure graph."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest

from archlint.analysis.system import System
from archlint.catalog.technologies import Technologies
from archlint.model.architecture import Architecture, Component, Entrance, Relation, Workload
from tests.topology.graphs import system_of


def needed(text: str) -> set[str]:
    """What the workload of a system needs, its client aside."""
    return set(system_of(text).needed_components("main")) - {"client"}


def test_a_fallback_that_names_a_component_is_needed_where_the_target_fails() -> None:
    system = system_of(
        """
        client: {kind: client, calls: [{to: first, fallback: second}]}
        first: {kind: service, reads: [own, shared]}
        second: {kind: service, reads: [shared]}
        own: {kind: database}
        shared: {kind: database}
        """
    )
    assert set(system.needed_components("main")) == {"client", "shared"}
    flow = system.flow("main")
    assert not flow.is_lost_with(["first"])
    assert not flow.is_lost_with(["own"])
    assert flow.is_lost_with(["own", "second"])
    assert [loss.share for loss in system.blast_radius(["shared"]).losses] == [1.0]


@pytest.mark.parametrize("fallback", ["yesterday's answer", "nobody", "client", "first"])
def test_a_fallback_that_names_no_other_component_answers(fallback: str) -> None:
    assert not needed(
        f"""
        client: {{kind: client, calls: [{{to: first, fallback: "{fallback}"}}]}}
        first: {{kind: service}}
        """
    )


def test_what_is_optional_needs_no_fallback() -> None:
    assert not needed(
        """
        client: {kind: client, calls: [{to: first, fallback: second, optional: true}]}
        first: {kind: service, reads: [shared]}
        second: {kind: service, reads: [shared]}
        shared: {kind: database}
        """
    )


def test_a_fallback_may_have_a_fallback() -> None:
    assert needed(
        """
        client: {kind: client, calls: [gateway]}
        gateway: {kind: gateway, calls: [{to: first, fallback: second}]}
        first: {kind: external, calls: [deep]}
        second: {kind: external, calls: [{to: third, fallback: deep}]}
        third: {kind: external, calls: [deep]}
        deep: {kind: external}
        """
    ) == {"gateway", "deep"}


CACHE = """
    client: {{kind: client, calls: [server]}}
    server: {{kind: service, reads: [{{to: kept, {cache}}}{behind}], calls: [{calls}]}}
    kept: {{kind: cache}}
    facts: {{kind: database}}
    model: {{kind: model-server, serves: [ranker]}}
    """


@pytest.mark.parametrize(
    ("cache", "behind", "calls", "spared"),
    [
        ("kind: data, hit_ratio: 90%", ", facts", "", True),
        ("kind: data, hit_ratio: 90%", "", "", False),                            # nothing answers a miss
        ("kind: data, hit_ratio: 90%", "", "model", False),                       # a model is no data
        ("kind: data, hit_ratio: 100%", ", facts", "", False),                    # nothing ever misses
        ("kind: data, hit_ratio: 90%", ", {to: facts, hit_ratio: 50%}", "", False),
        ("kind: prediction, hit_ratio: 90%", "", "model", True),
        ("hit_ratio: 90%", "", "model", True),
        ("hit_ratio: 90%", ", facts", "", True),
        ("ttl: 1h", ", facts", "", True),
        ("kind: prefix, hit_ratio: 90%", "", "", True),                           # the work is done again
        ("timeout: 1s", ", facts", "", False),                                    # no word of a cache
    ],
)  # fmt: skip
def test_a_cache_is_spared_where_something_behind_it_answers_a_miss(
    cache: str, behind: str, calls: str, spared: bool
) -> None:
    assert ("kept" not in needed(CACHE.format(cache=cache, behind=behind, calls=calls))) == spared


def test_a_cache_before_its_own_model_is_spared() -> None:
    text = CACHE.format(cache="hit_ratio: 90%", behind="", calls="").replace("service, reads", "service, serves: [ranker], reads")
    assert "kept" not in needed(text)


@pytest.mark.parametrize("seed", range(150))
def test_random_systems_agree_with_asking_each_component_whether_it_can_answer(seed: int) -> None:
    lot = Random(seed)
    names = ["client", *(f"c{number}" for number in range(5))]
    components = {name: _component(lot, names, position) for position, name in enumerate(names)}
    workloads = {"main": Workload("main", Entrance("client"))}
    system = System(Architecture((), workloads=workloads, components=components), Technologies(()))
    flow = system.flow("main")
    for failed in (*combinations(names[1:], 1), *combinations(names[1:], 2), *combinations(names[1:], 3)):
        assert flow.is_lost_with(failed) == (not _answers(components, "client", set(failed))), failed
    single = {name for name in names if not _answers(components, "client", {name} - {"client"})} | {"client"}
    assert set(flow.needed()) == single


def _component(lot: Random, names: list[str], position: int) -> Component:
    """A component that calls later ones only, so that nothing waits in a circle."""
    later = names[position + 1 :]
    chosen = lot.sample(later, min(len(later), lot.choice([0, 1, 2, 2, 3]))) if later else []
    name = names[position]
    relations = []
    for index, target in enumerate(chosen):
        facts = lot.choice(["plain", "plain", "optional", "fallback", "fallback", "cache"])
        fallback = lot.choice([*later, "an older answer"]) if facts == "fallback" else None
        hit_ratio = lot.choice([0.5, 1.0]) if facts == "cache" else None
        optional = True if facts == "optional" else None
        relations.append(
            Relation("calls", name, target, index, fallback=fallback, optional=optional, hit_ratio=hit_ratio)
        )
    return Component(name, "client" if name == "client" else "service", relations=tuple(relations))


def _answers(components: dict[str, Component], name: str, failed: set[str]) -> bool:
    """Whether a component can answer: it stands, and so does all that it needs."""
    relations = components[name].relations
    if name in failed:
        return False
    for relation in relations:
        behind = [other for other in relations if other.hit_ratio is None]
        misses = relation.hit_ratio is not None and relation.hit_ratio < 1 and bool(behind)
        if relation.optional or misses or _answers(components, relation.target, failed):
            continue
        named = relation.fallback in components and relation.fallback != relation.target
        if relation.fallback is None or (named and not _answers(components, relation.fallback, failed)):
            return False
    return True

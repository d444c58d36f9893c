"""Fallbacks that name a component, and caches whose misses are answered, in the failure graph."""

from __future__ import annotations

from itertools import combinations, product
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


REGIONS = """
    client: {kind: client, calls: [dns]}
    dns:
      kind: load-balancer
      calls:
        - {to: us, share: 50%, fallback: eu}
        - {to: eu, share: 30%, fallback: us}
        - {to: asia, share: 20%, fallback: us}
    us: {kind: gateway, calls: [us-model, tokens]}
    eu: {kind: gateway, calls: [eu-model, tokens]}
    asia: {kind: gateway, calls: [asia-model, tokens]}
    us-model: {kind: model-server, serves: [ranker]}
    eu-model: {kind: model-server, serves: [ranker]}
    asia-model: {kind: model-server, serves: [ranker]}
    tokens: {kind: database}
    """


@pytest.mark.parametrize(
    ("failed", "share"),
    [
        ("us-model", 0.0),
        ("us eu-model", 0.8),                     # Asia still has its own
        ("us asia-model", 0.2),
        ("eu asia", 0.0),
        ("us eu asia", 1.0),
        ("us-model eu-model asia-model", 1.0),
        ("tokens", 1.0),
    ],
)
def test_a_branch_whose_target_fails_is_answered_by_its_fallback(failed: str, share: float) -> None:
    flow = system_of(REGIONS).flow("main")
    assert flow.share_lost_with(failed.split()) == pytest.approx(share)
    assert flow.is_lost_with(failed.split()) == (share == 1.0)


def test_all_branches_need_what_they_share_although_they_have_fallbacks() -> None:
    assert needed(REGIONS) == {"dns", "tokens"}


def test_a_condition_with_a_fallback_is_followed_too() -> None:
    flow = system_of(
        """
        client: {kind: client, calls: [api]}
        api: {kind: service, calls: [{to: first, when: the text is long, fallback: second}]}
        first: {kind: service}
        second: {kind: service}
        """
    ).flow("main")
    assert flow.share_lost_with(["first"]) == 0.0
    assert flow.share_lost_with(["first", "second"]) is None       # it depends on the condition


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


@pytest.mark.parametrize("seed", range(60))
def test_random_branches_with_fallbacks_agree_with_trying_each_choice(seed: int) -> None:
    lot = Random(seed)
    names = ["client", *(f"c{number}" for number in range(6))]
    components = {name: _branching(lot, names, position) for position, name in enumerate(names)}
    workloads = {"main": Workload("main", Entrance("client"))}
    flow = System(Architecture((), workloads=workloads, components=components), Technologies(())).flow("main")
    for failed in (*combinations(names[1:], 1), *combinations(names[1:], 2)):
        lost = 0.0
        for choice in product((0, 1), repeat=len(names)):
            chosen = {
                name: component.relations[taken : taken + 1] if len(component.relations) == 2 else component.relations
                for (name, component), taken in zip(components.items(), choice, strict=True)
            }
            weight = 1.0
            for relations in chosen.values():
                weight *= next((r.share for r in relations if r.share is not None), 0.5)
            alive = {name: Component(name, "service", relations=chosen[name]) for name in names}
            lost += 0.0 if _answers(alive, "client", set(failed)) else weight
        assert flow.share_lost_with(failed) == pytest.approx(lost), failed


def _branching(lot: Random, names: list[str], position: int) -> Component:
    """A component with one relation, or with two branches, to later ones; some have fallbacks."""
    later = names[position + 1 :]
    name, count = names[position], lot.choice([1, 2, 2])
    targets = lot.sample(later, count) if len(later) >= count else []
    shares = (0.3, 0.7) if count == 2 else (None,)
    relations = (
        Relation("calls", name, target, index, share=share, fallback=lot.choice([None, *later]))
        for index, (target, share) in enumerate(zip(targets, shares, strict=False))
    )
    return Component(name, "client" if name == "client" else "service", relations=tuple(relations))


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

"""Laws of the REL and DOC checks over random systems."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from random import Random

from hypothesis import event, given, settings
from hypothesis import strategies as st

from archlint.analysis.redundancy import redundancy
from archlint.analysis.system import System
from archlint.checks import (
    call_without_timeout,
    forgetful_store,
    one_vendor,
    queue_without_dead_letter,
    replicas_without_balancer,
    single_point_of_failure,
    stray_component,
    unknown_technology,
    unserved_model,
    waiting_cycle,
)  # fmt: skip
from archlint.verdicts import Hit, NoParams, Undecided, Verdict
from tests.checks.systems import Facts, File, files, system_of, system_of_text
from tests.strategies import architectures, dump, reordered

Pool = frozenset[str]
PARAMS = NoParams()


def single_points(system: System) -> set[Pool]:
    """The components, or groups of siblings, that REL001 finds."""
    hits = [verdict for verdict in single_point_of_failure.check(system, PARAMS) if isinstance(verdict, Hit)]
    return {
        frozenset({hit.at.names[1], *(r.at.names[1] for r in hit.related if r.at.names[0] == "components")})
        for hit in hits
    }


def verdicts(system: System) -> Iterator[Verdict]:
    """The verdicts of the REL and DOC checks that use the graph."""
    yield from single_point_of_failure.check(system, PARAMS)
    yield from replicas_without_balancer.check(system, NoParams())
    yield from call_without_timeout.check(system, NoParams())
    yield from waiting_cycle.check(system, NoParams())
    yield from queue_without_dead_letter.check(system, NoParams())
    yield from forgetful_store.check(system, NoParams())
    yield from stray_component.check(system, NoParams())
    yield from unserved_model.check(system, NoParams())
    yield from unknown_technology.check(system, NoParams())


def said(system: System) -> set[tuple[str, str, tuple[str, ...]]]:
    """The verdicts without their order: place, message, and the keys of an open question."""
    return {
        (v.at.at, v.because, tuple(sorted(place.at for place in v.needs))) if isinstance(v, Undecided)
        else (v.at.at, v.message, tuple(f"{term.name}={term.value}" for term in v.terms))
        for v in verdicts(system)
    }  # fmt: skip


@st.composite
def files_with_more(draw: st.DrawFn) -> tuple[File, File]:
    """A file, and the same with a further replica, or a further zone, of one component that states some."""
    file = draw(files())
    components = file["components"]
    stating = [(name, key) for name, facts in components.items() for key in ("replicas", "zones") if key in facts]
    if not stating:
        return file, file
    name, key = draw(st.sampled_from(stating))
    more = deepcopy(file)
    facts = more["components"][name]
    facts[key] = _one_more(facts[key])
    return file, more


def _one_more(value: object) -> object:
    if isinstance(value, int):
        return value + 1
    if isinstance(value, list):
        return [*value, "c"]
    assert isinstance(value, dict)
    return value | {"min": value["min"] + 1}


@given(files_with_more())
def test_a_further_replica_or_zone_never_adds_a_single_point_of_failure(pair: tuple[File, File]) -> None:
    before, after = pair
    assert single_points(system_of(after)) <= single_points(system_of(before))


@st.composite
def files_with_an_optional_relation(draw: st.DrawFn) -> tuple[File, File]:
    """A file, and the same with one relation made optional."""
    file = draw(files())
    relations = [
        (name, verb, index)
        for name, facts in file["components"].items()
        for verb in ("calls", "reads", "writes")
        for index in range(len(_list(facts, verb)))
    ]
    if not relations:
        return file, file
    name, verb, index = draw(st.sampled_from(relations))
    looser = deepcopy(file)
    relation = _list(looser["components"][name], verb)[index]
    assert isinstance(relation, dict)
    relation["optional"] = True
    return file, looser


@st.composite
def files_with_a_fact(draw: st.DrawFn) -> tuple[File, File]:
    """A file, and the same with one fact that it left unknown: replicas, zones, persistence, or whether one waits."""
    file = draw(files())
    values: dict[str, st.SearchStrategy[object]] = {
        "replicas": st.integers(1, 3), "zones": st.sampled_from([["a"], ["a", "b"]]), "persistent": st.booleans()
    }  # fmt: skip
    unsaid = [(facts, key) for facts in file["components"].values() for key in values if key not in facts]
    unsaid += [(facts, "waits") for facts in file["workloads"].values()]
    chosen = draw(st.integers(0, len(unsaid) - 1))
    more = deepcopy(file)
    records = [*more["components"].values()]
    known = [(facts, key) for facts in records for key in values if key not in facts]
    known += [(facts, "waits") for facts in more["workloads"].values()]
    facts, key = known[chosen]
    facts[key] = draw(values.get(key, st.booleans()))
    return file, more


@given(files_with_a_fact())
@settings(max_examples=60)
def test_no_fact_that_was_unknown_overturns_a_single_point_of_failure(pair: tuple[File, File]) -> None:
    before, after = pair
    assert single_points(system_of(before)) <= single_points(system_of(after))


@st.composite
def files_with_a_vendor(draw: st.DrawFn) -> tuple[File, File]:
    """A file, and the same with a further vendor as the fallback of one relation, and what the vendor needs."""
    file = draw(files())
    relations = [
        (name, verb, index)
        for name, facts in file["components"].items()
        for verb in ("calls", "reads")
        for index in range(len(_list(facts, verb)))
        if "fallback" not in str(_list(facts, verb)[index])
    ]
    if not relations:
        return file, file
    name, verb, index = draw(st.sampled_from(relations))
    spared = deepcopy(file)
    relation = _list(spared["components"][name], verb)[index]
    assert isinstance(relation, dict)
    relation["fallback"] = "vendor"
    needs = draw(st.lists(st.sampled_from([name for name in file["components"] if name.startswith("d")]), max_size=2))
    spared["components"]["vendor"] = {"kind": "external", "reads": [{"to": need} for need in dict.fromkeys(needs)]}
    return file, spared


@given(files_with_a_vendor())
@settings(max_examples=50)
def test_a_further_vendor_as_fallback_never_adds_a_finding(pair: tuple[File, File]) -> None:
    before, after = (
        {v.at.at for v in verdicts(system_of(file)) if isinstance(v, Hit)} - {"components.vendor"} for file in pair
    )
    assert after <= before


@given(files_with_a_vendor(), st.data())
@settings(max_examples=50)
def test_a_further_vendor_as_fallback_never_adds_that_all_rests_on_one(pair: tuple[File, File], data: st.DataObject) -> None:
    """Other vendors are called or read, and each request of a workload may need them; the further one is never needed."""
    names = [name for name in pair[0]["components"] if name[0] in "cd"]
    vendors = data.draw(st.sets(st.sampled_from(names), min_size=1))
    stated = data.draw(st.sampled_from([{}, {"availability": "99%"}]))
    found = []
    for file in pair:
        objective = {name: {**facts, "slo": {"availability": "99.9%"}} for name, facts in file["workloads"].items()}
        components = {name: facts | stated if name == "vendor" else facts for name, facts in file["components"].items()}
        components |= {name: {**components[name], **stated, "kind": "external"} for name in vendors}
        hits = one_vendor.check(system_of({**file, "workloads": objective, "components": components}), PARAMS)
        found.append({(v.at.names[1], r.at.at) for v in hits if isinstance(v, Hit) for r in v.related})
    event(f"{len(found[0])} before, {len(found[1])} after")
    assert found[1] <= found[0]


def _list(facts: Facts, verb: str) -> list[object]:
    value = facts.get(verb, [])
    assert isinstance(value, list)
    return value


@given(files_with_an_optional_relation())
def test_an_optional_relation_never_adds_a_single_point_of_failure(pair: tuple[File, File]) -> None:
    before, after = (single_points(system_of(file)) for file in pair)
    # Where a component is no longer needed alone, a group that holds it may be: `a` alone, then `a` or `b` on one host.
    assert all(any(pool <= found for pool in before) for found in after)


@given(files(), st.randoms(use_true_random=False))
@settings(max_examples=200)
def test_the_order_of_components_changes_nothing(file: File, random: Random) -> None:
    names = list(file["components"])
    random.shuffle(names)
    shuffled: File = {**file, "components": {name: file["components"][name] for name in names}}
    assert said(system_of(file)) == said(system_of(shuffled))


@given(st.data())
def test_the_order_of_anything_changes_nothing(data: st.DataObject) -> None:
    tree = data.draw(architectures())
    turned = data.draw(reordered(tree))
    assert said(system_of_text(dump(tree))) == said(system_of_text(dump(turned)))


@given(files())
def test_without_a_number_or_its_zones_a_single_point_of_failure_is_asked_about(file: File) -> None:
    whole = single_points(system_of(file))
    for name, facts in file["components"].items():
        for key in {"replicas", "zones"} & set(facts):
            less = deepcopy(file)
            del less["components"][name][key]
            system = system_of(less)
            questions = [v for v in single_point_of_failure.check(system, PARAMS) if isinstance(v, Undecided)]
            asked = any(place.at == f"components.{name}.{key}" for v in questions for place in v.needs)
            assert asked or whole <= single_points(system)


@given(files())
def test_a_single_point_of_failure_is_needed_and_goes_with_one_thing(file: File) -> None:
    """Each finding is lost to at least one workload completely, according to the graph, and is not redundant."""
    system = system_of(file)
    for pool in single_points(system):
        assert any(system.flow(workload).is_lost_with(pool) for workload in system.workloads.values())
        assert redundancy(system, [system.components[name] for name in sorted(pool)]).weakness


@given(files())
def test_every_component_is_single_dispensable_redundant_or_undecided(file: File) -> None:
    """Nothing that a workload needs passes silently, unless two replicas in two zones are stated."""
    system = system_of(file)
    found = list(single_point_of_failure.check(system, PARAMS))
    judged = {verdict.at.names[1] for verdict in found}
    for workload in system.workloads.values():
        for name in system.flow(workload).needed():
            component = system.components[name]
            if component.kind in single_point_of_failure.NEVER or name in judged:
                continue
            least = component.least_replicas
            assert least is not None
            assert least >= 2
            assert len(component.zones or ()) >= 2

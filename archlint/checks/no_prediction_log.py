"""Predictions that are not logged, so that nobody can look them up later."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.generation import DECODE
from archlint.analysis.serving_components import serving_components
from archlint.analysis.system import System
from archlint.checks._loss import Traffic
from archlint.model.architecture import Component, Relation
from archlint.verdicts import Hit, NoParams, Verdict

KEPT = frozenset({"log-store", "warehouse", "object-store"})
"""Kinds that keep every record; a database or a cache may overwrite them."""
WRITING = frozenset({"writes", "publishes", "logs_to"})


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each serving component if neither it nor a caller logs its predictions."""
    unlogged, traffic = _unlogged(system), Traffic(system)
    for component in serving_components(system):
        if system.indexed_models.issuperset(component.serves):
            continue                     # its predictions are vectors, which the index holds
        if component.name not in unlogged or _logged_by_a_later_stage(system, component, unlogged):
            continue
        message = (
            f"predictions of `{component.name}` are not logged: "
            "you cannot look up later what it answered, or with which model version"
        )
        yield Hit(
            component.place(),
            message,
            absent=(component.place("logs_to"),),
            whole_graph=True,
            cures=("prediction-log",),
            loss=traffic.served_by(component.name),
        )


def _logged_by_a_later_stage(system: System, component: Component, unlogged: set[str]) -> bool:
    """Return whether another component runs the last stage of all its models and logs the predictions."""
    if component.stage is None or component.stage == DECODE:
        return False
    last = [
        other for other in system.components.values() if other.stage == DECODE and other.name not in unlogged
    ]  # fmt: skip
    return all(any(model in other.serves for other in last) for model in component.serves)


def _unlogged(system: System) -> set[str]:
    """Return the components that some chain of calls reaches without logging; a caller sees the answers too."""
    components, topology = system.components, system.topology
    watching = {component.name for component in topology.of_kind("monitoring")}
    logging = _logging(system)
    calls: dict[str, list[Relation]] = {}
    for relation in topology.relations_of("calls"):
        calls.setdefault(relation.source, []).append(relation)
    called = {relation.target for relation in topology.relations_of("calls") if relation.source not in watching}
    called |= topology.fallback_callers.keys()
    found = components.keys() - called - watching - logging
    stack = list(found)
    while stack:
        for relation in calls.get(stack.pop(), ()):
            for name in (relation.target, relation.fallback):
                if name in components and name not in found and name not in logging:
                    found.add(name)
                    stack.append(name)
    return found


def _logging(system: System) -> set[str]:
    """Return the components that log what they answer: themselves, or through a queue."""
    topology, components = system.topology, system.components
    found = {relation.source for relation in topology.relations_of("logs_to")}
    keeping = {r.source for verb in WRITING for r in topology.relations_of(verb) if components[r.target].kind in KEPT}
    kept = {
        relation.target
        for relation in topology.relations_of("consumes")
        if relation.source in keeping and not topology.models_below[relation.source]
    }
    return found | keeping | {r.source for r in topology.relations_of("publishes") if r.target in kept}

"""Predictions that are not logged, so that nobody can look them up later."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.generation import DECODE
from archlint.analysis.serving_components import serving_components
from archlint.analysis.system import System
from archlint.checks._loss import Traffic
from archlint.model.architecture import Component
from archlint.verdicts import Hit, Verdict

KEPT = frozenset({"log-store", "warehouse", "object-store"})
"""Kinds that keep every record; a database or a cache may overwrite them."""
WRITING = frozenset({"writes", "publishes", "logs_to"})


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


def check(system: System, params: Params) -> Iterator[Verdict]:
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
    callers = [name for name, component in system.components.items() if component.kind != "monitoring"]
    called = {r.target for name in callers for r in system.topology.outgoing[name] if r.verb == "calls"}
    called |= system.topology.fallback_callers.keys()
    found = {name for name in callers if name not in called and not _logs(system, name)}
    stack = list(found)
    while stack:
        for relation in system.topology.outgoing[stack.pop()]:
            for name in (relation.target, relation.fallback) if relation.verb == "calls" else ():
                if name in system.components and name not in found and not _logs(system, name):
                    found.add(name)
                    stack.append(name)
    return found


def _logs(system: System, name: str) -> bool:
    for relation in system.topology.outgoing[name]:
        verb = relation.verb
        if verb == "logs_to":
            return True
        if verb in WRITING and system.components[relation.target].kind in KEPT:
            return True
        if verb == "publishes" and _kept_from_queue(system, relation.target):
            return True
    return False


def _kept_from_queue(system: System, queue: str) -> bool:
    """Whether a component that runs no model consumes a queue and keeps the messages."""
    for consumption in system.topology.consumptions(queue):
        if system.topology.models_below[consumption.source]:
            continue
        written = [r for r in system.topology.outgoing[consumption.source] if r.verb in WRITING]
        if any(system.components[relation.target].kind in KEPT for relation in written):
            return True
    return False

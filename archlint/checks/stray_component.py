"""A component that no workload has anything to do with."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.system import System
from archlint.verdicts import Hit, Verdict


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each component that nothing ties to a workload, directions aside, at the component."""
    if not system.workloads:
        return
    tied = _tied(system)
    for component in system.components.values():
        if component.name not in tied:
            message = f"nothing ties `{component.name}` to a workload: no relation leads to it or from it, in any direction"
            yield Hit(component.place(), message, whole_graph=True)


def _neighbours(system: System) -> dict[str, list[str]]:
    """Ties in both directions: relations, dead letters, callbacks, features, registries of served models."""
    ties: dict[str, list[str]] = {name: [] for name in system.components}

    def tie(one: str, other: str | None) -> None:
        if other is not None and other in ties and one in ties:
            ties[one].append(other)
            ties[other].append(one)

    for name, component in system.components.items():
        for relation in system.topology.outgoing[name]:
            tie(name, relation.target)
        tie(name, component.dead_letter)
        tie(name, component.features)
        for target in component.callback:
            tie(name, target)
        for model in (*component.serves, *component.trains):
            record = system.architecture.models.get(model)
            tie(name, record.registry if record else None)
        for model in component.trains:
            for server in system.topology.servers.get(model, ()):
                tie(name, server)
    return ties


def _tied(system: System) -> set[str]:
    ties = _neighbours(system)
    reached = {w.entrance.client for w in system.workloads.values() if w.entrance.client in ties}
    stack = list(reached)
    while stack:
        for other in ties[stack.pop()]:
            if other not in reached:
                reached.add(other)
                stack.append(other)
    return reached

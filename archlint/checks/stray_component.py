"""Components that no workload has anything to do with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.model.architecture import Component
from archlint.model.places import place
from archlint.verdicts import Hit, Related, Undecided, Verdict


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each group of components that nothing ties to a workload, directions aside."""
    if not system.workloads:
        if system.components:
            yield Undecided(place(), (place("workloads"),), "which components matter: no workload is stated")
        return
    ties = _ties(system)
    tied = _reached(_ends(system), ties)
    for name in sorted(system.components):
        if name not in tied:
            group = _reached([name], ties)
            tied |= group
            yield _hit(system, sorted(group))


def _ties(system: System) -> dict[str, list[str]]:
    """For each component, those that it has to do with: whatever one of the two says of the other."""
    ties: dict[str, list[str]] = {name: [] for name in system.components}
    for name, component in system.components.items():
        for other in _named_by(system, component):
            if other in ties:
                ties[name].append(other)
                ties[other].append(name)
    return ties


def _named_by(system: System, component: Component) -> Iterator[str]:
    """Yield the other ends of all that a component says, registries of its models among them."""
    for relation in component.relations:
        yield relation.target
        if relation.fallback is not None:
            yield relation.fallback
    yield from component.callback
    yield from (name for name in (component.dead_letter, component.features) if name is not None)
    for name in (*component.serves, *component.trains):
        model = system.architecture.models.get(name)
        if model is not None and model.registry is not None:
            yield model.registry
    for name in component.trains:
        yield from system.topology.servers.get(name, ())


def _ends(system: System) -> Iterator[str]:
    """Where workloads touch the graph: their clients, and the servers of the models that they name."""
    for workload in system.workloads.values():
        yield workload.entrance.client
        for model in workload.models or ():
            yield from system.topology.servers.get(model, ())


def _reached(starts: Iterable[str], ties: dict[str, list[str]]) -> set[str]:
    reached = {name for name in starts if name in ties}
    stack = list(reached)
    while stack:
        for other in ties[stack.pop()]:
            if other not in reached:
                reached.add(other)
                stack.append(other)
    return reached


def _hit(system: System, group: Sequence[str]) -> Hit:
    alone = "no relation leads to it, and none away" if len(group) == 1 else "they lead to one another only"
    message = f"nothing ties {listed(group)} to a workload: {alone}"
    related = tuple(Related(system.components[name].place(), "tied to no workload either") for name in group[1:9])
    return Hit(system.components[group[0]].place(), message, (), related, whole_graph=True)

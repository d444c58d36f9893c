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
    ties = _Ties(system)
    tied = ties.reached(_ends(system))
    for name in sorted(system.components.keys() - tied):
        if name not in tied:
            group = ties.reached([name])
            tied |= group
            yield _hit(system, sorted(group))


class _Ties:
    """What components have to do with one another, whatever one of the two says of the other."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.others: dict[str, list[str]] = {}
        for name, component in system.components.items():
            for other in _named_by(system, component):
                self.others.setdefault(name, []).append(other)
                self.others.setdefault(other, []).append(name)

    def reached(self, starts: Iterable[str]) -> set[str]:
        """Return the components that some names lead to over ties, in any direction, these among them."""
        outgoing, incoming = self.system.topology.outgoing, self.system.topology.incoming
        reached = {name for name in starts if name in outgoing}
        stack = list(reached)
        while stack:
            name = stack.pop()
            near = [relation.target for relation in outgoing[name]]
            near += [relation.source for relation in incoming[name]]
            near += self.others.get(name, ())
            for other in near:
                if other not in reached and other in outgoing:
                    reached.add(other)
                    stack.append(other)
        return reached


def _named_by(system: System, component: Component) -> Iterator[str]:
    """Yield what a component names beside its relations, the registries and servers of its models among it."""
    for relation in component.relations:
        if relation.fallback is not None:
            yield relation.fallback
    yield from component.callback
    if component.dead_letter is not None:
        yield component.dead_letter
    if component.features is not None:
        yield component.features
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


def _hit(system: System, group: Sequence[str]) -> Hit:
    alone = "no relation leads to it, and none away" if len(group) == 1 else "they lead to one another only"
    message = f"nothing ties {listed(group)} to a workload: {alone}"
    related = tuple(Related(system.components[name].place(), "tied to no workload either") for name in group[1:9])
    places = tuple(system.components[name].place() for name in group)
    return Hit(places[0], message, (), related, whole_graph=True, group=places)

"""Components that are not connected to any workload."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.model.architecture import Component
from archlint.model.places import Place, place
from archlint.verdicts import MOST_NEEDS, Hit, NoParams, Related, Undecided, Verdict

REGISTRIES = frozenset({"model-registry", "object-store"})


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each group of components without a connection to a workload, in either direction."""
    if not system.workloads:
        if system.components:
            yield Undecided(place(), (place("workloads"),), "which components are needed: the file has no workload")
        return
    links = _Links(system)
    connected = links.reached(_ends(system))
    for name in sorted(system.components.keys() - connected):
        if name not in connected:
            group = links.reached([name])
            connected |= group
            yield _hit(system, sorted(group)) if len(group) > 1 else _alone(system, system.components[name])


class _Links:
    """The connections between components, in both directions."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.others: dict[str, list[str]] = {}
        falling_back = system.topology.falling_back
        for name, component in system.components.items():
            names = component.serves or component.trains or component.callback or name in falling_back
            if names or component.dead_letter is not None or component.features is not None:
                for other in _named_by(system, component):
                    self.others.setdefault(name, []).append(other)
                    self.others.setdefault(other, []).append(name)

    def reached(self, starts: Iterable[str]) -> set[str]:
        """Return the components that are connected to some of these names, and the names themselves."""
        outgoing, incoming, others = self.system.topology.outgoing, self.system.topology.incoming, self.others
        reached = {name for name in starts if name in outgoing}
        stack = list(reached)
        while stack:
            name = stack.pop()
            near = {relation.target for relation in outgoing[name]}
            near.update(relation.source for relation in incoming[name])
            if name in others:
                near.update(other for other in others[name] if other in outgoing)
            near -= reached
            reached |= near
            stack += near
        return reached


def _named_by(system: System, component: Component) -> Iterator[str]:
    """Yield the components that it names outside its relations, with the registries and servers of its models."""
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
    """Yield where workloads enter the graph: their clients, and the servers of the models that they name."""
    for workload in system.workloads.values():
        yield workload.entrance.client
        for model in workload.models or ():
            yield from system.topology.servers.get(model, ())


def _alone(system: System, component: Component) -> Verdict:
    """Judge a component without any connection: a fact that the file does not describe may connect it."""
    needs = [
        place for family, place in _may_name(system, component)
        if not system.described(family)
    ]  # fmt: skip
    if needs:
        return Undecided(component.place(), tuple(needs[:MOST_NEEDS]), "what it is for", more=len(needs[MOST_NEEDS:]))
    return _hit(system, [component.name])


def _may_name(system: System, component: Component) -> Iterator[tuple[str, Place]]:
    """Yield the keys that may name a component of this kind, each with its family of facts."""
    if component.kind == "queue":
        for other in system.components.values():
            if other.kind == "queue" and other.name != component.name:
                yield "dead-letters", other.place("dead_letter")
    elif component.kind in REGISTRIES:
        for model in system.architecture.models.values():
            yield "versions", model.place("registry")
    elif component.kind in {"log-store", "monitoring"}:
        family, verb = ("logs", "logs_to") if component.kind == "log-store" else ("monitoring", "monitored_by")
        for server in system.components.values():
            if server.serves:
                yield family, server.place(verb)


def _hit(system: System, group: Sequence[str]) -> Hit:
    message = f"{listed(group)} is not connected to any workload"
    if len(group) > 1:
        message = f"{listed(group)} are not connected to any workload, only to each other"
    related = tuple(Related(system.components[name].place(), "not connected either") for name in group[1:9])
    places = tuple(system.components[name].place() for name in group)
    return Hit(places[0], message, (), related, whole_graph=True, group=places)

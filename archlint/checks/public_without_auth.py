"""A model that the public reaches without authentication."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.checks._loss import Traffic
from archlint.model.architecture import Component
from archlint.verdicts import Hit, NoParams, Related, Undecided, Verdict

_MOST_SHOWN: Final = 4
_ENTRIES: Final = frozenset({"gateway", "load-balancer", "service", "model-server"})
"""Kinds that take the requests of clients; vendors authenticate by themselves."""


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each public component from which requests reach a model, and nothing asks who sent them.

    In a file that says who reaches some component, clients of another one may be from the public.
    """
    stated = any(component.exposed is not None for component in system.components.values())
    traffic = Traffic(system)
    entries = {r.target for client in system.topology.of_kind("client") for r in system.topology.outgoing[client.name]}
    for component in system.components.values():
        unsaid = stated and component.exposed is None and component.name in entries and component.kind in _ENTRIES
        if component.auth is not None or not (component.exposed == "public" or unsaid):
            continue
        open_to_all = _reached_unasked(system, component)
        if open_to_all and unsaid:
            because = f"whether the public reaches {listed(_models(open_to_all))} without authentication"
            yield Undecided(component.place(), (component.place("exposed"),), because)
        elif open_to_all:
            yield _hit(component, open_to_all, traffic.through(component.name))


def _reached_unasked(system: System, entry: Component) -> list[Component]:
    """Return the components that run a model for requests of this entry, up to those that authenticate callers."""
    topology = system.topology
    met, order = {entry.name}, [entry]
    for component in order:              # grows during the loop
        for name in topology.work_targets(component.name):
            target = system.components[name]
            if name not in met and target.auth is None and topology.models_below[name]:
                met.add(name)
                order.append(target)
    return [component for component in order if component.serves]


def _models(servers: list[Component]) -> list[str]:
    return list(dict.fromkeys(model for server in servers for model in server.serves))


def _hit(entry: Component, servers: list[Component], loss: float) -> Hit:
    through = "" if servers == [entry] else f" through `{entry.name}`"
    message = (
        f"anyone can send requests to {listed(_models(servers))}{through}: `{entry.name}` is public, "
        "and nothing on the way authenticates the caller"
    )
    related = tuple(Related(server.place("serves"), "anyone reaches this") for server in servers if server is not entry)
    return Hit(
        entry.place("exposed"), message, (), related[:_MOST_SHOWN], absent=(entry.place("auth"),), whole_graph=True,
        cures=("llm-gateway",), loss=loss,
    )  # fmt: skip

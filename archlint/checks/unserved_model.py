"""A model that no component serves, or that its workload cannot reach."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from archlint.analysis.modes import UNREACHED
from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.checks._loss import Traffic
from archlint.model.architecture import Workload
from archlint.model.places import Place
from archlint.verdicts import Hit, NoParams, Related, Severity, Verdict

_ONWARD: Final = frozenset({"calls", "publishes", "triggers"})
"""Verbs with which a component hands work on."""


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each model that no component serves, and for each that its workload does not reach."""
    servers, traffic = system.topology.servers, Traffic(system)
    models = system.architecture.models.values()
    # A model may be described because another is made from it: only what is made runs.
    made_from = {name for model in models for name in (model.quantised_from, model.adapter_of)}
    for model in models:
        if model.name not in servers:
            asking = [w for w in system.workloads.values() if model.name in (w.models or ())]
            if model.name in made_from and not asking:
                continue
            message = f"no component serves `{model.name}`"
            related = tuple(Related(workload.place("models"), "used here") for workload in asking[:8])
            severity = None if asking else Severity.INFO      # nobody misses it
            loss = traffic.share(asking)
            yield Hit(model.place(), message, (), related, severity=severity, whole_graph=True, loss=loss)
    for workload in system.workloads.values():
        unreached = {serving.model for serving in system.servings(workload) if serving.mode == UNREACHED}
        for position, name in enumerate(workload.models or ()):
            if name in unreached and name in servers and not _is_reached(system, workload, name):
                yield _unreached(system, workload, position, name, traffic.share([workload]))


def _is_reached(system: System, workload: Workload, model: str) -> bool:
    """Return whether a trigger or a fallback leads requests of a workload to what runs a model."""
    topology, client = system.topology, workload.entrance.client
    bit = topology.bits_of([model])
    order = [(client, False)]
    met = set(order)
    for name, started in order:          # grows during the loop
        if started and topology.models_below.get(name, 0) & bit:
            return True
        for relation in topology.outgoing.get(name, ()):
            entered = name != client or workload.entrance.to in {None, relation.target}
            if entered and relation.verb in _ONWARD:
                ends = [(relation.target, started or relation.verb == "triggers")]
                if relation.fallback in system.components:         # others are in words
                    ends.append((relation.fallback, True))
                order += [end for end in ends if end not in met]
                met.update(ends)
        for relation in topology.consumptions(name):
            if (relation.source, started) not in met:
                met.add((relation.source, started))
                order.append((relation.source, started))
    return False


def _unreached(system: System, workload: Workload, position: int, model: str, loss: float) -> Hit:
    servers = sorted(system.topology.servers[model])
    client = workload.entrance.client
    message = f"`{workload.name}` uses `{model}`, but there is no path from `{client}` to {listed(servers)}"
    models = workload.place("models")
    related = tuple(Related(system.components[server].place("serves"), "served here") for server in servers[:8])
    at = Place((*models.steps, position), (*models.names, model))
    return Hit(at, message, (), related, whole_graph=True, loss=loss)

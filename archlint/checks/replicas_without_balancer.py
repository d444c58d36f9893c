"""Several replicas, and nothing that spreads requests over them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.system import System
from archlint.model.architecture import Component, Relation
from archlint.model.quantities import format_count
from archlint.model.words import BALANCERS
from archlint.verdicts import Hit, Related, Undecided, Verdict


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each replicated server that somebody calls directly, at its replicas."""
    for component in system.components.values():
        if component.kind not in {"service", "model-server"} or system.facts.balancing(component) is not None:
            continue
        direct = [r for r in system.topology.incoming[component.name] if r.verb == "calls" and not _balances(system, r)]
        if not direct:
            continue
        replicas = system.facts.replicas(component)
        if replicas is None:
            yield Undecided(component.place(), (component.place("replicas"),), "whether there is anything to balance")
        elif float(replicas.value) > 1:
            yield _hit(component, direct, float(replicas.value))


def _balances(system: System, relation: Relation) -> bool:
    """Whether the caller spreads its calls: a balancer or gateway, or a caller that never calls over the network."""
    return system.components[relation.source].kind in BALANCERS


def _hit(component: Component, direct: list[Relation], replicas: float) -> Hit:
    callers = ", ".join(f"`{relation.source}`" for relation in direct[:4])
    message = (
        f"{callers} {'calls' if len(direct) == 1 else 'call'} `{component.name}` directly, but nothing spreads the calls "
        f"over its {format_count(replicas)} replicas"
    )
    related = tuple(Related(relation.place(), "called without a balancer") for relation in direct[:8])
    key = "replicas" if component.replicas is not None or component.scaling is not None else "autoscale"
    return Hit(
        component.place(key), message, (), related, absent=(component.place("balancing"),), cures=("replicate",),
        cause=f"component {component.name}",
    )  # fmt: skip

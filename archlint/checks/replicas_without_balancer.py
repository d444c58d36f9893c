"""Several replicas, and nothing that spreads the requests over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from archlint.analysis.facts import Fact
from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.checks._loss import beyond
from archlint.model.architecture import Component, Relation
from archlint.model.places import Place
from archlint.model.quantities import format_count
from archlint.model.words import BALANCERS
from archlint.verdicts import Certainty, Hit, NoParams, Origin, Related, Severity, Undecided, Verdict

_NEEDS_NONE: Final = BALANCERS | {"monitoring"}
"""Callers that reach every replica by themselves: balancers spread requests, monitoring asks each replica."""
_OUTSIDE: Final = frozenset({"client", "edge-device", "external"})
"""Callers from outside, whose requests enter the system."""


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each replicated server that somebody calls directly, at its replicas.

    Deployment files leave it to the platform how requests are spread, so the rule decides nothing there.
    """
    at_entry, inside = _describes_balancing(system)
    beyond_one: Callable[[Component], float] | None = None
    for component in system.components.values():
        if component.kind not in {"service", "model-server"} or system.facts.spreads_requests(component):
            continue
        direct = [r for r in system.topology.incoming[component.name] if r.verb == "calls" and not _spreads(system, r)]
        if not direct:
            continue
        most = _most_replicas(component)
        if isinstance(most, Place):
            yield Undecided(component.place(), (most,), "whether there is more than one replica")
        elif float(most.value) > 1 and system.architecture.is_imported:    # the platform that runs it may spread them
            yield Undecided(component.place(), (component.place("balancing"),), "how requests reach its replicas")
        elif float(most.value) > 1:
            entered = any(system.components[relation.source].kind in _OUTSIDE for relation in direct)
            hit = _hit(component, direct, most, at_entry if entered else inside)
            beyond_one = beyond_one or _beyond_one_replica(system)
            yield msgspec.structs.replace(hit, loss=beyond_one(component))


def _describes_balancing(system: System) -> tuple[bool, bool]:
    """Whether the file says how requests are spread: of any part, and of one that other servers call.

    Where it does not, the platform may do it, unsaid. A balancer at the entry says nothing of the calls behind it.
    """
    components, incoming = system.components, system.topology.incoming
    stated = any(system.facts.balancing(component) is not None for component in components.values())
    balancers = [name for name, component in components.items() if component.kind in BALANCERS]
    callers = {components[r.source].kind for name in balancers for r in incoming[name] if r.verb == "calls"}
    return stated or bool(balancers), stated or not callers <= _OUTSIDE | BALANCERS


def _spreads(system: System, relation: Relation) -> bool:
    """Whether the caller spreads its calls, by its kind or its technology; one in its process needs no balancer."""
    if relation.in_process:
        return True
    caller = system.components[relation.source]
    technology = system.facts.technology(caller)
    return caller.kind in _NEEDS_NONE or (technology is not None and technology.kind in BALANCERS)


def _most_replicas(component: Component) -> Fact | Place:
    """Return the largest number of replicas, or the key that would state it."""
    for key, scaling in (("autoscale", component.autoscale), ("replicas", component.scaling)):
        if scaling is not None:
            if scaling.maximum is not None:
                return Fact(scaling.maximum, Origin.STATED, component.place(key, "max"))
            if scaling.minimum is not None and scaling.minimum > 1:
                return Fact(scaling.minimum, Origin.STATED, component.place(key, "min"))
            return component.place(key, "max")
    if component.replicas is None:
        return component.place("replicas")
    return Fact(component.replicas, Origin.STATED, component.place("replicas"))


def _beyond_one_replica(system: System) -> Callable[[Component], float]:
    """Return a function for the share of all traffic that is too much for one replica of a component.

    It returns 0 if the load or the capacity is unknown.
    """
    from archlint.analysis.utilisation import utilisations
    from archlint.checks._loss import Traffic

    uses = {use.component.name: use for use in utilisations(system)}
    traffic = Traffic(system)

    def share(component: Component) -> float:
        use = uses.get(component.name)
        if use is None or use.slots.workers is None or use.slots.unbounded:
            return 0.0
        return traffic.through(component.name) * beyond(use.at_mean(False).busy, use.slots.each)

    return share


def _hit(component: Component, direct: Sequence[Relation], most: Fact, described: bool) -> Hit:
    callers = {relation.source for relation in direct}
    verb = "calls" if len(callers) == 1 else "call"
    at_most = most.at is not None and most.at.last == "max"
    count = format_count(float(most.value))
    message = (
        f"{listed(sorted(callers))} {verb} `{component.name}` directly: no load balancer spreads the calls over its "
        f"replicas ({'up to ' if at_most else ''}{count})"
    )
    term = most.term("replicas", f"replicas of {component.name}{', at most' if at_most else ''}", "count")
    related = tuple(Related(relation.place(), "no load balancer in between") for relation in direct[:8])
    at = most.at or component.place("replicas")
    absent = (component.place("balancing"),)
    # Of two replicas, one may be a standby that takes over the address of the other.
    pair = component.replicas == 2 and component.autoscale is None
    certainty = Certainty.PROVEN if described and not pair else Certainty.HEURISTIC
    severity = Severity.INFO if pair else None
    return Hit(
        at,
        message,
        (term,),
        related,
        certainty,
        absent=absent,
        cures=("replicate",),
        severity=severity,
        group=(component.place(),),
        # In a file that describes no balancing, one word on the platform decides it for all.
        decision="" if described else "balancing",
    )

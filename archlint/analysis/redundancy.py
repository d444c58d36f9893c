"""Whether a component, or several that stand in for one another, survives the loss of a replica, a zone or a host."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from archlint.analysis.system import System
from archlint.model.architecture import Component
from archlint.model.places import Place
from archlint.model.quantities import format_count
from archlint.verdicts import Origin, Term


class Redundancy(msgspec.Struct, frozen=True):
    """`single` says why a pool is a single point of failure, empty where it is not; `unknown` is what would decide.

    A pool of several components counts with its replicas and zones together.
    """

    single: str
    terms: tuple[Term, ...] = ()
    unknown: tuple[Place, ...] = ()
    at: Place | None = None


def redundancy(system: System, pool: Sequence[Component]) -> Redundancy:
    """Judge a pool: one replica, one host or one zone is single; what is not stated is unknown."""
    if any(_kept_by_provider(system, component) for component in pool):
        return Redundancy("")
    facts = [(component, system.facts.replicas(component)) for component in pool]
    terms = tuple(fact.term("replicas", f"replicas of {c.name}", "count") for c, fact in facts if fact is not None)
    unknown = tuple(component.place("replicas") for component, fact in facts if fact is None)
    known = sum(float(fact.value) for _, fact in facts if fact is not None)
    if not unknown and known <= 1:
        standing = [component for component, fact in facts if fact is not None and fact.value]
        at = (standing or list(pool))[0].place("replicas")
        return Redundancy("has one replica" if known else "has no replica that always stands", terms, at=at)
    hosts = {component.host for component in pool}
    if len(hosts) == 1 and None not in hosts:
        host = str(next(iter(hosts)))
        term = Term("host", "host of all replicas", host, "", Origin.STATED, pool[0].place("host"))
        return Redundancy(f"has all its replicas on the host {host}", (*terms, term), at=pool[0].place("host"))
    return _over_zones(pool, terms, unknown, known)


def _over_zones(pool: Sequence[Component], terms: tuple[Term, ...], unknown: tuple[Place, ...], known: float) -> Redundancy:
    zones = {zone for component in pool for zone in component.zones or ()}
    missing = tuple(component.place("zones") for component in pool if component.zones is None)
    if len(zones) >= 2 and (known >= 2 or len(pool) > 1):
        return Redundancy("")
    if missing or unknown:
        single_zone = not missing and len(zones) == 1
        if not single_zone:
            return Redundancy("", terms, unknown or missing)
    if len(zones) == 1 or not zones:
        zone = next(iter(zones), "none")
        at = pool[0].place("zones")
        term = Term("zones", "zones of all replicas", zone, "", Origin.STATED, at)
        count = f"its {format_count(known)} replicas" if known else "its replicas"
        return Redundancy(f"has all {count} in the zone {zone}", (*terms, term), at=at)
    return Redundancy("", terms, unknown)


def _kept_by_provider(system: System, component: Component) -> bool:
    fact = system.facts.redundant(component)
    return fact is not None and bool(fact.value) and component.zones is None

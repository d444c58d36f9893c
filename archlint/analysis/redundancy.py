"""Whether a component, or a pool of interchangeable components, survives the loss of one replica, host or zone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from archlint.analysis.facts import Fact
from archlint.analysis.system import System
from archlint.model.architecture import Component
from archlint.model.places import Place, either
from archlint.verdicts import Origin, Term

NO_REPLICA: Final = "no replica"
ONE_REPLICA: Final = "one replica"
ONE_HOST: Final = "one host"
ONE_ZONE: Final = "one zone"


class Redundancy(msgspec.Struct, frozen=True):
    """The redundancy of a pool of components; their replicas and zones are added up.

    `weakness` is the single point of failure of the pool (a constant of this module); empty if there is none. `where`
    names the host or zone, and `at` is its place in the file. `replicas` are those that always run, None if a member
    does not state them. `needs` are the missing facts that would decide it.
    """

    weakness: str = ""
    where: str = ""
    at: Place | None = None
    replicas: float | None = None
    terms: tuple[Term, ...] = ()
    needs: tuple[Place, ...] = ()


class _Member(msgspec.Struct, frozen=True):
    component: Component
    replicas: Fact | None

    @property
    def least(self) -> float | None:
        """The replicas that always run; None if the file does not state them."""
        return None if self.replicas is None else float(self.replicas.value)

    @property
    def asked(self) -> Place:
        """The key that would state the replicas."""
        if self.component.scaling is not None:
            return self.component.place("replicas", "min")
        return (
            self.component.place("autoscale", "min") if self.component.autoscale else self.component.place("replicas")
        )

    @property
    def nothing_said(self) -> bool:
        """Whether the technology alone could decide it: its provider may run it in several zones."""
        return self.component.uses is None and self.component.different_zones is None and self.replicas is None


def redundancy(system: System, pool: Sequence[Component]) -> Redundancy:
    """Judge a pool: a single replica, host or zone is a weakness; missing facts that would decide it are needed."""
    if any(_kept_by_provider(system, component) for component in pool):
        return Redundancy()
    members = [_Member(component, system.facts.replicas(component)) for component in pool]
    unknown = tuple(member.asked for member in members if member.replicas is None)
    total = None if unknown else sum(member.least or 0.0 for member in members)
    if total is not None and total <= 1:
        said = next((m.replicas for m in members if m.replicas and m.replicas.value), members[0].replicas)
        at = said.at if said is not None else None
        return Redundancy(ONE_REPLICA if total else NO_REPLICA, "", at, total, _replicas(members))
    standing = [member for member in members if member.least != 0]
    host = standing[0].component.host
    if host is not None and all(member.component.host == host for member in standing):
        at = standing[0].component.place("host")
        term = Term("host", "host of all replicas", host, "", Origin.STATED, at)
        return Redundancy(ONE_HOST, host, at, total, (*_replicas(members), term))
    return _over_zones(members, standing, total, unknown)


def _over_zones(
    members: Sequence[_Member], standing: Sequence[_Member], total: float | None, unknown: tuple[Place, ...]
) -> Redundancy:
    """Judge running members: if all are in one zone, that is a weakness, whatever their number."""
    certain = [member for member in standing if member.replicas is not None]
    # `zones` may be where replicas are allowed to run: only two replicas are known to use a second zone. On one host
    # they fail together, whatever their zones: then the members without stated replicas decide.
    apart = not unknown or len({member.component.host for member in certain} - {None}) != 1
    if sum(member.least or 0.0 for member in certain) >= 2 and _zone_count(certain) >= 2 and apart:
        return Redundancy(replicas=total)
    unplaced = tuple(member.component.place("zones") for member in standing if not member.component.different_zones)
    if not unplaced and _in_one_zone(standing):
        zone, at = next(iter(_zones(standing)), ""), standing[0].component.place("zones")
        term = Term("zone", "zone of all replicas", zone or "one, not named", "", Origin.STATED, at)
        return Redundancy(ONE_ZONE, zone, at, total, (*_replicas(members), term))
    # Several members, each in one zone: zones without names may be the same one, or different ones.
    alike = standing if _zone_count(standing) < 2 else ()
    placed = bool(_regions(alike))
    unnamed = (
        member.component.place("zones" if member.component.zone_count else "region") for member in alike
        if member.component.zone_count or (placed and not member.component.regions)
    )  # fmt: skip
    provided = [member.component.place("uses") for member in standing if member.nothing_said]
    needs = (*unknown, *unplaced, *unnamed)
    if len(provided) == len(members):      # the technology alone may say it
        needs = tuple(either(key, provided) for key in needs)
    return Redundancy(replicas=total, needs=needs)


def _replicas(members: Sequence[_Member]) -> tuple[Term, ...]:
    return tuple(m.replicas.term("replicas", f"replicas of {m.component.name}", "count") for m in members if m.replicas)


def _zones(members: Sequence[_Member]) -> set[str]:
    return {zone for member in members for zone in member.component.zones or ()}


def _regions(members: Sequence[_Member]) -> set[str]:
    return {region for member in members for region in member.component.regions or ()}


def _zone_count(members: Sequence[_Member]) -> float:
    """Return the least number of zones that the members use together: a zone belongs to one region."""
    named = max(len(_zones(members)), len(_regions(members)))
    return max([float(named), *(member.component.zone_count or 0.0 for member in members)])


def _in_one_zone(members: Sequence[_Member]) -> bool:
    """Whether all members run in one zone: the same named one, or a single member in a zone without a name.

    The same name in several regions is several zones, and may be if only some members state their region.
    """
    regions = _regions(members)
    if len(regions) > 1 or (regions and any(not member.component.regions for member in members)):
        return False
    if any(member.component.zone_count is not None for member in members):
        return len(members) == 1 and members[0].component.zone_count == 1
    return len(_zones(members)) == 1


def _kept_by_provider(system: System, component: Component) -> bool:
    """Return whether the catalogue says that the provider uses several zones, and the file does not contradict it."""
    fact = system.facts.redundant(component)
    kept = system.facts.serverless(component) or (fact is not None and bool(fact.value))
    zones = component.different_zones
    return kept and component.host is None and (zones is None or zones > 1)

"""Whether a component, or several that stand in for one another, survives the loss of one thing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from archlint.analysis.facts import Fact
from archlint.analysis.system import System
from archlint.model.architecture import Component
from archlint.model.places import Place
from archlint.verdicts import Origin, Term

NO_REPLICA: Final = "no replica"
ONE_REPLICA: Final = "one replica"
ONE_HOST: Final = "one host"
ONE_ZONE: Final = "one zone"


class Redundancy(msgspec.Struct, frozen=True):
    """How a pool of components stands; several count with their replicas and zones together.

    `weakness` is the one thing whose loss takes the pool away (a constant of this module), empty where there
    is none; `where` names the host or zone, and `at` is where that is said. `replicas` are those that stand
    at any time, None where a member does not say. `needs` are the facts without which it is undecided.
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
        """The replicas that stand at any time, None where the file does not say."""
        return None if self.replicas is None else float(self.replicas.value)

    @property
    def asked(self) -> Place:
        """The key that would say how many stand."""
        if self.component.scaling is not None:
            return self.component.place("replicas", "min")
        return (
            self.component.place("autoscale", "min") if self.component.autoscale else self.component.place("replicas")
        )

    @property
    def nothing_said(self) -> bool:
        """Whether the technology alone could settle it: its provider may spread it over zones."""
        return self.component.uses is None and self.component.different_zones is None and self.replicas is None


def redundancy(system: System, pool: Sequence[Component]) -> Redundancy:
    """Judge a pool: one replica, host or zone is a weakness; what would decide and is not said is needed."""
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
    """Judge members that stand: all of them in one zone is a weakness, whatever their number."""
    certain = [member for member in standing if member.replicas is not None]
    # `zones` may be where replicas are allowed to stand: only two replicas are known to use a second one. On one host
    # they fall together, whatever their zones: those whose number is not said then decide.
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
    unnamed = (member.component.place("zones") for member in alike if member.component.zone_count)
    provided = (member.component.place("uses") for member in standing if member.nothing_said)
    return Redundancy(replicas=total, needs=(*unknown, *unplaced, *unnamed, *provided))


def _replicas(members: Sequence[_Member]) -> tuple[Term, ...]:
    return tuple(m.replicas.term("replicas", f"replicas of {m.component.name}", "count") for m in members if m.replicas)


def _zones(members: Sequence[_Member]) -> set[str]:
    return {zone for member in members for zone in member.component.zones or ()}


def _zone_count(members: Sequence[_Member]) -> float:
    """Return the least number of zones that the members use together."""
    return max([float(len(_zones(members))), *(member.component.zone_count or 0.0 for member in members)])


def _in_one_zone(members: Sequence[_Member]) -> bool:
    """Whether all members run in one zone: the same named one, or a single member in a zone without a name."""
    if any(member.component.zone_count is not None for member in members):
        return len(members) == 1 and members[0].component.zone_count == 1
    return len(_zones(members)) == 1


def _kept_by_provider(system: System, component: Component) -> bool:
    """Whether the catalogue says that the provider spreads it over zones, and the file says nothing else."""
    fact = system.facts.redundant(component)
    return fact is not None and bool(fact.value) and component.different_zones is None and component.host is None

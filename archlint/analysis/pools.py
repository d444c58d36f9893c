"""The replicas of a component: how many are needed for the load, and how often enough of them are up."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator
from functools import cached_property
from typing import Final

import msgspec

from archlint.analysis.facts import Fact
from archlint.analysis.system import System
from archlint.analysis.uptimes import Uptime, at_least, uptime, uptime_keys
from archlint.analysis.utilisation import Utilisation, utilisations
from archlint.analysis.work import most_replicas, replicas_key
from archlint.model.architecture import Component
from archlint.model.places import Place
from archlint.model.quantities import format_count
from archlint.verdicts import Origin, Term

_WHOLE: Final = 1e-9
_MOST_REPLICAS: Final = 10**12
_MOST_SITES: Final = 100


class Sites(msgspec.Struct, frozen=True):
    """The availability of one zone and of one region, stated or assumed. An assumed 1 makes the result a bound."""

    zone: float = 1.0
    region: float = 1.0
    stated: tuple[Place, ...] = ()

    @classmethod
    def of_system(cls, system: System, zone: float = 1.0, region: float = 1.0) -> Sites:
        """Return what a file states; the arguments stand for what it does not state."""
        said = {"zone": system.architecture.zone_availability, "region": system.architecture.region_availability}
        keys = tuple(f"{name}_availability" for name, value in said.items() if value is not None)
        places = tuple(Place((key,), (key,)) for key in keys)
        zone = zone if said["zone"] is None else said["zone"]
        return cls(zone, region if said["region"] is None else said["region"], places)

    @property
    def perfect(self) -> bool:
        """Whether no zone and no region ever fails."""
        return self.zone >= 1 and self.region >= 1

    def of(self, site: str) -> float:
        """Return the availability of a site, by its name."""
        return self.region if site.startswith("region ") else self.zone

    def at(self, site: str) -> Place | None:
        """Return the key that states the availability of a site; None if it is assumed."""
        key = "region_availability" if site.startswith("region ") else "zone_availability"
        return next((place for place in self.stated if place.last == key), None)


class Pool(msgspec.Struct, frozen=True):
    """The replicas of a component: `needed` of `replicas` must be up for the load.

    `spread` tells how many replicas are in the same sites (zone, region). `overloaded` is true if the load needs more
    replicas than there are. `counted` is true if the file states the replicas.
    """

    component: Component
    uptime: Uptime
    replicas: int
    needed: int
    spread: tuple[tuple[tuple[str, ...], int], ...]
    terms: tuple[Term, ...]
    overloaded: bool = False
    counted: bool = True

    @property
    def name(self) -> str:
        """The name of the component."""
        return self.component.name

    def up(self, down: Collection[str] = ()) -> float:
        """Return the probability that enough replicas are up while some sites are down."""
        standing = self.replicas
        if down:
            standing = sum(count for sites, count in self.spread if not any(site in down for site in sites))
        return at_least(self.needed, standing, self.uptime.value)

    @property
    def most(self) -> float:
        """The probability that any replica is up: no request is answered without one, and late is not lost."""
        return self.most_with(self.replicas)

    def most_with(self, replicas: int) -> float:
        """Return the probability that any of some number of such replicas is up."""
        return at_least(1, replicas, self.uptime.most)

    @property
    def sites(self) -> Iterator[str]:
        """The sites where the replicas run."""
        return (site for sites, _ in self.spread for site in sites)


class Pools:
    """The pools of a system, each made once, on first use."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._known: dict[str, Pool | tuple[Place, ...]] = {}

    @cached_property
    def stated(self) -> frozenset[str]:
        """The components whose availability the file states in some way."""
        return frozenset(
            name for name, c in self._system.components.items()
            if c.availability is not None or c.mtbf_s is not None or c.mttr_s is not None
        )  # fmt: skip

    def of(self, name: str) -> Pool | tuple[Place, ...]:
        """Return the pool of a component, or the keys of the facts that are missing: none if it has no replicas."""
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = self._made(self._system.components[name])
        return known

    def load_keys(self, pool: Pool) -> tuple[Place, ...]:
        """Return the keys that may raise the number of replicas that must be up, if the file states a part of them."""
        use = self._uses.get(pool.name)
        if use is None or pool.replicas == 1 or pool.overloaded:
            return ()
        workloads = [demand.workload for demand in use.demands]
        unpeaked = [w.place("rate" if w.rate_per_s is None else "peak") for w in workloads if w.peak_per_s is None]
        timed = use.works
        if not timed and len(unpeaked) == len(workloads):
            return ()
        return (*use.needs, *use.slots.needs, *unpeaked)

    @cached_property
    def _uses(self) -> dict[str, Utilisation]:
        return {use.component.name: use for use in utilisations(self._system)}

    def _made(self, component: Component) -> Pool | tuple[Place, ...]:
        up = uptime(self._system, component)
        if up is None:
            return uptime_keys(component)
        replicas = self._replicas(component)
        if replicas is None:
            return (replicas_key(component, widest=True),)
        if not replicas.value:
            return ()
        count = int(min(float(replicas.value), _MOST_REPLICAS))
        quorum = self._quorum(component, count)
        about, note = self._busy(component) if count > 1 else (0.0, "")
        needed = max(quorum, min(count, max(1, math.ceil(about - _WHOLE))))
        terms = [*up.terms, *self._terms(component, replicas, count, needed, note if needed > quorum else "")]
        spread, counted = _spread(component, count), replicas.origin is Origin.STATED
        return Pool(component, up, count, needed, spread, tuple(terms), about > count, counted)

    def _replicas(self, component: Component) -> Fact | None:
        """Return the replicas, at most; what a provider runs is one, unless the file states more."""
        facts = self._system.facts
        stated = most_replicas(self._system, component)
        if stated is not None or component.autoscale is not None or component.scaling is not None:
            return stated
        redundant = facts.redundant(component)
        if component.kind == "external" or facts.serverless(component) or (redundant is not None and redundant.value):
            return Fact(1.0, Origin.ASSUMED, None, "the availability is that of the whole service")
        return None

    def _quorum(self, component: Component, count: int) -> int:
        """Return how many replicas have to answer any caller; with shards, the number concerns them."""
        incoming = [r for r in self._system.topology.incoming[component.name] if self._system.topology.waits(r)]
        if component.shards is not None or not incoming:
            return 1
        return max(1, min(count, *(int(min(relation.quorum or 1.0, 1e12)) for relation in incoming)))

    def _busy(self, component: Component) -> tuple[float, str]:
        """Return how many replicas the load keeps busy, and at which rate."""
        use = self._uses.get(component.name)
        if use is None or use.slots.needs or use.slots.each <= 0:
            return 0.0, ""
        mean, peak = use.at_mean(False).busy / use.slots.each, use.at_peak(False).busy / use.slots.each
        note = f"{format_count(max(mean, peak))} are busy {'at the peak' if peak > mean else 'at the mean rate'}"
        return max(mean, peak), note if max(mean, peak) > 0 else ""

    def _terms(
        self, component: Component, replicas: Fact, count: int, needed: int, note: str
    ) -> Iterator[Term]:
        name = component.name
        if count == 1 and replicas.origin is Origin.ASSUMED:
            return
        yield replicas.term("replicas", f"replicas of {name}, at most", "count")
        if count > 1:
            said = note or ("quorum of its callers" if needed > 1 else "no load that needs more is stated")
            label = f"replicas of {name} that must be up"
            yield Term("needed", label, float(needed), "count", Origin.DERIVED, None, said)


def _spread(component: Component, count: int) -> tuple[tuple[tuple[str, ...], int], ...]:
    """Return how many replicas are in the same sites, if they take the regions and the zones in turn."""
    zones = [f"zone {zone}" for zone in sorted(set(component.zones or ()))]
    if not zones and component.zone_count:
        total = int(min(component.zone_count, _MOST_SITES))
        zones = [f"zone {number + 1} of {total}" for number in range(total)]
    regions = [f"region {region}" for region in component.regions or ()]
    period = math.lcm(len(zones) or 1, len(regions) or 1)
    found: Counter[tuple[str, ...]] = Counter()
    for number in range(min(period, count)):
        sites = [names[number % len(names)] for names in (regions, zones) if names]
        found[tuple(sites)] += (count - number - 1) // period + 1
    return tuple(found.items())

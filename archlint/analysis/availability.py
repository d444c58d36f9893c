"""The availability of a workload: the share of its requests that succeed, from what the file states of its components.

It is exact for the structure of the system (`structure.py`), for replicas that fail independently, and for zones and
regions that fail as a whole. What the file does not state is assumed perfect, so the result is an upper bound. It is a
proof where all replicas of a single component, or of two that replace each other, are down too often: no way in which
failures coincide, and no patience of the callers, can make up for that.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import combinations
from typing import Final

import msgspec

from archlint.analysis.decision_diagrams import MOST_STEPS, TooLargeError
from archlint.analysis.pools import Pool, Pools, Sites
from archlint.analysis.quantity import Missing, Quantity
from archlint.analysis.structure import Structure, structure
from archlint.analysis.system import System
from archlint.model.architecture import Workload
from archlint.model.places import Place
from archlint.verdicts import Certainty, Origin, Term

MONTH_S: Final = 30 * 86400.0
_MOST_STATES: Final = 1024
"""The maximum number of states of zones and regions to try; the rest of the probability is a bracket."""
_MOST_PAIRED: Final = 12
_ALL_STEPS: Final = 5 * MOST_STEPS
"""All workloads together may take so many steps; then each has only a hundredth left, and gets a bracket sooner."""
_MOST_TERMS: Final = 8
_SAME: Final = 1e-12


class Cut(msgspec.Struct, frozen=True):
    """That a share of the requests fails if these pools fail together: at most `most` of all requests succeed."""

    pools: tuple[Pool, ...]
    share: float
    most: float


class Part(msgspec.Struct, frozen=True):
    """What a component, zone or region costs: requests fail for `lost_s` a month less if it never fails.

    `importance` is the availability while it is up, less that while it is down (Birnbaum 1969). `pool` is None for a
    zone or a region.
    """

    name: str
    available: float
    importance: float
    lost_s: float
    pool: Pool | None = None


class Availability(msgspec.Struct, frozen=True):
    """The availability of a workload, `lowest` to `highest` if it is too large to be exact (`exact` is false).

    `parts` are what it loses to each component, zone and region, the worst first. `unstated` are the keys that would
    state the availability of further components that every request needs.
    """

    workload: Workload
    lowest: float
    highest: float
    parts: tuple[Part, ...]
    unstated: tuple[Place, ...]
    bounded: bool
    ceiling: float
    sites: Sites

    @property
    def exact(self) -> bool:
        """Whether it was computed exactly, not as a bracket."""
        return self.highest - self.lowest <= _SAME

    @property
    def quantity(self) -> Quantity:
        """The availability as a number with its terms: at most `highest`, if something is not stated."""
        proven = self.exact and self.ceiling - self.highest <= _SAME
        band = None if proven else (self.lowest, max(self.ceiling, self.highest))
        certainty = Certainty.PROVEN if proven else Certainty.ESTIMATED
        bound = "most" if self.bounded else ""
        return Quantity("availability", self.highest, "share", _FORMULA, tuple(self._terms()), certainty, bound, band)

    def _terms(self) -> Iterator[Term]:
        for part in self.parts[:_MOST_TERMS]:
            if part.pool is not None:
                yield from part.pool.terms
                if part.pool.replicas > 1:
                    note = "probability that enough of them are up"
                    label = f"availability of {part.name}"
                    yield Term("pool", label, part.available, "share", Origin.DERIVED, None, note)
            else:
                at = self.sites.at(part.name)
                origin = Origin.ASSUMED if at is None else Origin.STATED
                yield Term("site", f"availability of {part.name}", part.available, "share", origin, at)
            label = f"time a month that requests fail because of {part.name}"
            note = "(availability if it never fails - availability) x 30 d"
            yield Term("lost", label, part.lost_s, "s", Origin.DERIVED, None, note)
        if self.sites.perfect:
            note = "the file does not state `zone_availability`, so the result is an upper bound"
            yield Term("zones", "availability of each zone and region", 1.0, "share", Origin.ASSUMED, None, note)
        yield Term("reached", "availability, at most", self.highest, "share", Origin.DERIVED, None, _FORMULA)


_FORMULA: Final = "probability that all that a request needs is up, failures independent"


class Availabilities:
    """The availability of each workload, computed once for workloads that need the same.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... workloads: {search: {from: page, waits: true}}
    ... components:
    ...   page: {kind: client, calls: [api]}
    ...   api: {kind: service, replicas: 2, availability: 99%, calls: [vendor]}
    ...   vendor: {kind: external, availability: 99.5%}
    ... ''')
    >>> found = Availabilities(system).of(system.workloads["search"])
    >>> round(found.highest, 8), [(part.name, round(part.lost_s / 60)) for part in found.parts]
    (0.9949005, [('vendor', 216), ('api', 4)])
    """

    def __init__(self, system: System, sites: Sites | None = None, steps: int = _ALL_STEPS) -> None:
        self.system = system
        self.sites = sites or Sites.of_system(system)
        self.pools = Pools(system)
        self.steps_left = steps
        self.least_steps = steps // 100
        self._models: dict[Hashable, _Model | None] = {}

    def of(self, workload: Workload) -> Availability | Missing:
        """Return the availability of a workload; `Missing` if the file states none of what it needs."""
        model = self._model(workload)
        return self._missing(workload) if model is None else model.availability(workload)

    def open_keys(self, workload: Workload, objective: float) -> tuple[Place, ...]:
        """Return the keys that may lower the availability below an objective, if the file states most of them."""
        model = self._model(workload, partly=True)
        if model is None:
            return ()
        stated, unstated = len(model.pools), model.unstated
        asked = unstated if len(unstated) <= max(1, stated) else ()
        pools = [pool for pool in model.pools.values() if pool.uptime.value < objective]
        return tuple(dict.fromkeys((*asked, *(key for pool in pools for key in self.pools.load_keys(pool)))))

    def cuts(self, workload: Workload) -> Sequence[Cut]:
        """Return what bounds the availability however failures coincide, the tightest bound first."""
        model = self._model(workload)
        return model.cuts if model is not None else ()

    def without(self, workload: Workload, perfect: Collection[str]) -> float:
        """Return the highest availability of a workload if some components never fail."""
        model = self._model(workload)
        return 1.0 if model is None else model.reached(frozenset(perfect))

    def _model(self, workload: Workload, partly: bool = False) -> _Model | None:
        """Return the model of a workload; None if the file states nothing that it needs, or only a part (`partly`)."""
        flow = self.system.flow(workload)
        waits = workload.waits is True
        key = flow.alike, waits
        if key not in self._models:
            reached = flow.failures.reach              # with the components that stand in for others
            used = not self.pools.stated.isdisjoint(reached.steps)
            self._models[key] = _Model(self, workload, waits) if used else None
        model = self._models[key]
        return model if model is not None and (model.pools or partly) else None

    def _missing(self, workload: Workload) -> Missing:
        """Return what is missing of each component that every request needs: its availability, or its replicas."""
        names = [name for name in self.system.needed_components(workload) if name != workload.entrance.client]
        missing = {name: pool for name in names if not isinstance(pool := self.pools.of(name), Pool)}
        keys = tuple(key for pool in missing.values() for key in pool)
        empty = next((name for name, pool in missing.items() if not pool), "")
        because = f"`{empty}` has no replicas" if empty else "its client needs no other component"
        return Missing("availability", keys, "" if keys and not empty else because)


class _Model:
    """The function of a workload, and the pools that it depends on."""

    def __init__(self, owner: Availabilities, workload: Workload, waits: bool) -> None:
        self._sites = owner.sites
        flow = owner.system.flow(workload)
        reached = flow.failures.reach.steps
        stated = {name: owner.pools.of(name) for name in reached if name in owner.pools.stated}
        pools = {name: pool for name, pool in stated.items() if isinstance(pool, Pool)}
        self._structure, self._dropped = _fitting(owner, workload, pools, waits)
        met = self._structure.met
        self.pools = {name: pools[name] for name in met if name in pools}
        missing = [name for name in met if name not in pools]
        self._always = [self.pools[name] for name in self._structure.always]
        self._levels = [
            (level, self.pools[variable])
            for level, variable in enumerate(self._structure.variables) if isinstance(variable, str)
        ]  # fmt: skip
        self._bounded = bool(missing) or self._structure.open or self._sites.perfect
        needed = flow.needed()
        keys = (stated.get(name) or owner.pools.of(name) for name in missing if name in needed)
        self.unstated = tuple(key for found in keys if not isinstance(found, Pool) for key in found)

    def availability(self, workload: Workload) -> Availability:
        """Return the availability, with what each part costs."""
        highest = self.reached(frozenset())
        lowest = highest - self._left
        for name in self._dropped:
            lowest *= min(self.pools[name].up(down) for _, down in self._states) if name in self.pools else 1.0
        lowest = max(0.0, lowest)
        ceiling = min((cut.most for cut in self.cuts), default=1.0)
        return Availability(
            workload, lowest, highest, tuple(self._parts(highest)), self.unstated, self._bounded,
            max(ceiling, highest), self._sites,
        )  # fmt: skip

    @cached_property
    def _states(self) -> list[tuple[float, frozenset[str]]]:
        """The states of zones and regions that are tried: their probability, and the sites that are down."""
        if self._sites.perfect:
            return [(1.0, frozenset())]
        names = dict.fromkeys(site for pool in self.pools.values() for site in pool.sites)
        failing = [name for name in names if self._sites.of(name) < 1]
        found: list[tuple[float, frozenset[str]]] = []
        for count in range(len(failing) + 1):
            for down in combinations(failing, count):
                if len(found) == _MOST_STATES:
                    return found
                weight = 1.0
                for name in failing:
                    weight *= 1 - self._sites.of(name) if name in down else self._sites.of(name)
                found.append((weight, frozenset(down)))
        return found

    @property
    def _left(self) -> float:
        """The probability of the states that are not tried."""
        return max(0.0, 1 - sum(weight for weight, _ in self._states))

    def reached(self, perfect: frozenset[str]) -> float:
        """Return the availability if some components never fail; states that are not tried count as up."""
        return self._left + sum(weight * self._in_state(down, perfect) for weight, down in self._states)

    def _in_state(self, down: Collection[str], perfect: Collection[str]) -> float:
        total = 1.0
        for pool in self._always:
            if pool.name not in perfect:
                total *= pool.up(down)
        if not self._levels:
            return total
        return total * self._structure.diagram.probability(self._structure.function, self._chances(down, perfect))

    def _chances(self, down: Collection[str], perfect: Collection[str] = ()) -> list[float]:
        chances = [1.0 if isinstance(v, str) else v.probability for v in self._structure.variables]
        for level, pool in self._levels:
            if pool.name not in perfect:
                chances[level] = pool.up(down)
        return chances

    def _parts(self, highest: float) -> Iterator[Part]:
        """Yield what each component and site costs, the most costly first."""
        found = [*self._components(), *self._failing_sites(highest)]
        yield from sorted(found, key=lambda part: (-part.lost_s, part.name))

    def _components(self) -> Iterator[Part]:
        ups: dict[str, float] = {}
        importances: dict[str, float] = {}
        gains: dict[str, float] = {}
        for weight, down in self._states:
            for name, (up, slope) in self._slopes(down).items():
                ups[name] = ups.get(name, 0.0) + weight * up
                importances[name] = importances.get(name, 0.0) + weight * slope
                gains[name] = gains.get(name, 0.0) + weight * (1 - up) * slope
        for name, gain in gains.items():
            yield Part(name, ups[name], importances[name], max(0.0, gain) * MONTH_S, self.pools[name])

    def _slopes(self, down: Collection[str]) -> Mapping[str, tuple[float, float]]:
        """Return for each component how often it is up, and its importance."""
        function, chances = self._structure.function, self._chances(down)
        rest, slopes = self._structure.diagram.slopes(function, chances) if self._levels else (1.0, [])
        ups = [pool.up(down) for pool in self._always]
        before, after = [1.0], [1.0]
        for up, last in zip(ups, reversed(ups), strict=True):
            before.append(before[-1] * up)
            after.append(after[-1] * last)
        found = {
            pool.name: (ups[number], before[number] * after[len(ups) - 1 - number] * rest)
            for number, pool in enumerate(self._always)
        }  # fmt: skip
        found |= {pool.name: (chances[level], before[-1] * slopes[level]) for level, pool in self._levels}
        return found

    def _failing_sites(self, highest: float) -> Iterator[Part]:
        for site in dict.fromkeys(name for _, down in self._states for name in down):
            up = self._sites.of(site)
            if up <= 0:
                continue
            with_it = sum(weight * self._in_state(down, ()) for weight, down in self._states if site not in down) / up
            yield Part(site, up, (with_it - highest) / (1 - up), max(0.0, with_it - highest) * MONTH_S)

    @cached_property
    def cuts(self) -> Sequence[Cut]:
        """Bounds that hold however failures coincide: of one pool, or of two that replace each other.

        If failures tend to come together, two pools fail together at least as often as if they were independent. So the
        share that their failure loses is lost for at least the product of their times.
        """
        found = [Cut((pool,), 1.0, pool.most) for pool in self._always if pool.most < 1]
        if self._levels and self._structure.chances <= 1:
            worst = sorted((pool for _, pool in self._levels), key=lambda pool: (pool.most, pool.name))
            for size in (1, 2):
                for pools in combinations(worst[:_MOST_PAIRED] if size > 1 else worst, size):
                    share = self._lost(pools)
                    down = share
                    for pool in pools:
                        down *= 1 - pool.most
                    if down > 0:
                        found.append(Cut(pools, share, 1 - down))
        return sorted(found, key=lambda cut: (cut.most, len(cut.pools)))

    def _lost(self, pools: Iterable[Pool]) -> float:
        """Return the share of requests that fail if all replicas of some pools are down, and everything else is up."""
        names = {pool.name for pool in pools}
        chances = [1.0 if isinstance(v, str) else v.probability for v in self._structure.variables]
        for level, pool in self._levels:
            if pool.name in names:
                chances[level] = 0.0
        lost = 1 - self._structure.diagram.probability(self._structure.function, chances)
        return lost if lost > _SAME else 0.0


def _fitting(
    owner: Availabilities, workload: Workload, pools: Mapping[str, Pool], waits: bool
) -> tuple[Structure, Sequence[str]]:
    """Return the function, and the components that it leaves out because it would be too large: the most available."""
    flow = owner.system.flow(workload)
    worst_first = sorted(pools, key=lambda name: (pools[name].up(), name))
    kept, most = len(worst_first), max(owner.least_steps, min(MOST_STEPS, owner.steps_left))
    while True:
        try:
            found = structure(owner.system, flow, frozenset(worst_first[:kept]), waits, most)
        except TooLargeError:
            owner.steps_left -= most
            kept, most = kept * 3 // 4, max(owner.least_steps, most // 4)
        else:
            owner.steps_left -= found.diagram.steps
            return found, worst_first[kept:]

"""An availability objective that the components of a workload cannot reach, even if everything else is perfect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from archlint.analysis.availability import MONTH_S, Availabilities, Availability, Cut, Part
from archlint.analysis.doubts import Doubts
from archlint.analysis.pools import Pool, Sites
from archlint.analysis.system import System
from archlint.analysis.uptimes import at_least
from archlint.analysis.wording import listed
from archlint.checks._lines import falls_short, share_below
from archlint.checks._loss import Traffic, beyond
from archlint.model.architecture import ServiceTime, Workload
from archlint.model.quantities import format_count, format_duration, format_share
from archlint.verdicts import MOST_NEEDS, Certainty, Hit, Origin, Related, Term, Undecided, Verdict

_MOST_SHOWN: Final = 8
_MOST_NAMED: Final = 3
_MOST_REPLICAS: Final = 100


class Params(msgspec.Struct, frozen=True):
    """The availability of places.

    zone_availability: the share of time that one zone is up.
    region_availability: the share of time that one region is up.
    """

    zone_availability: float = 1.0
    region_availability: float = 1.0


class _Missed(msgspec.Struct, frozen=True):
    """A workload whose objective is above a bound."""

    workload: Workload
    objective: float
    cut: Cut


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each component that rules out an objective, and for each workload that all of them rule out."""
    callees = _slow_callees(system)
    if callees:
        from archlint.checks._cut_short import cut_short  # needed only if a timeout is below a stated time

        yield from cut_short(system, Traffic(system), callees)
    found = Availabilities(system, Sites.of_system(system, params.zone_availability, params.region_availability))
    if not found.pools.stated:
        return
    judge = _Judge(system, found)
    certain: dict[tuple[str, ...], list[_Missed]] = {}
    others: list[Verdict] = []
    for workload in system.workloads.values():
        objective = workload.slo.availability
        if objective is None:
            continue
        missed = list(judge.ruled_out(workload, objective))
        for one in missed:
            certain.setdefault(tuple(pool.name for pool in one.cut.pools), []).append(one)
        if not missed:
            others += judge.together(workload, objective)
    yield from (judge.hit(missed) for missed in certain.values())
    yield from others


def _slow_callees(system: System) -> frozenset[str]:
    """Return the components of which a stated time is above the timeout of a call to them; quick."""
    models, longest = system.architecture.models, dict[str, float]()
    found = set[str]()
    for call in system.topology.relations_of("calls"):
        if call.timeout_s is None or call.target in found:
            continue
        if call.target not in longest:
            callee = system.components[call.target]
            times = [callee.service_time, *(models[name].service_time for name in callee.serves if name in models)]
            longest[call.target] = max(_longest_s(time) for time in times)
        if call.timeout_s < longest[call.target]:
            found.add(call.target)
    return frozenset(found)


def _longest_s(time: ServiceTime | None) -> float:
    """Return the longest time that is stated, but for a mean, which most may be below."""
    if time is None:
        return 0.0
    return time.constant_s or max((value_s for _, value_s in time.percentiles), default=0.0)


class _Judge:
    def __init__(self, system: System, found: Availabilities) -> None:
        self._system = system
        self._found = found
        self._traffic = Traffic(system)
        self._doubts = Doubts(system)

    def ruled_out(self, workload: Workload, objective: float) -> Iterator[_Missed]:
        """Yield the bounds below an objective, without those that another rule reports or that one of them contains."""
        alone: set[str] = set()
        for cut in sorted(self._found.cuts(workload), key=lambda cut: len(cut.pools)):
            names = {pool.name for pool in cut.pools}
            if falls_short(cut.most, objective) and not names & alone and _certain(cut):
                alone |= names
                if not self._is_one_vendor(workload, cut):
                    yield _Missed(workload, objective, cut)

    def _is_one_vendor(self, workload: Workload, cut: Cut) -> bool:
        """Return whether REL014 reports it: one external provider that every request needs."""
        vendor = cut.pools[0].component
        alone = len(cut.pools) == 1 and vendor.kind == "external" and vendor.availability is not None
        return alone and (vendor.least_replicas or 1.0) <= 1 and vendor.name in self._system.needed_components(workload)

    def together(self, workload: Workload, objective: float) -> Iterator[Verdict]:
        """Yield a hit if all components together rule an objective out, though none of them does alone."""
        vendors = {
            pool.name for cut in self._found.cuts(workload) for pool in cut.pools
            if falls_short(cut.most, objective) and self._is_one_vendor(workload, cut)
        }  # fmt: skip
        reached = self._found.without(workload, vendors)
        if falls_short(reached, objective):
            found = self._found.of(workload)
            if isinstance(found, Availability):
                yield self._joint(found, reached, objective, vendors)
            return
        keys = () if vendors else self._found.open_keys(workload, objective)
        if keys:
            because = f"whether `{workload.name}` can reach {format_share(objective)} availability"
            at, more = workload.place("slo", "availability"), max(0, len(keys) - MOST_NEEDS)
            yield Undecided(at, keys[:MOST_NEEDS], because, more)

    def hit(self, missed: Sequence[_Missed]) -> Hit:
        """Say that the replicas of a component, or of two that replace each other, are down too often."""
        strictest = max(missed, key=lambda one: (one.objective, one.cut.share))
        cut, workload, objective = strictest.cut, strictest.workload, strictest.objective
        pools = cut.pools
        others = f" (and {len(missed) - 1} more)" if len(missed) > 1 else ""
        enough = _enough(cut, objective)
        fix = f"; {enough}" if enough else ""
        message = (
            f"`{workload.name}`{others} requires {format_share(objective)} availability, but {_need(cut)}: at most "
            f"{share_below(cut.most, objective)} of its requests succeed ({_month(cut.most, objective)}){fix}"
        )
        keys = ("replicas", "autoscale", "availability", "mtbf", "mttr")
        own = (pool.component.place(key) for pool in pools for key in keys)
        workloads = [one.workload for one in missed]
        return Hit(
            pools[0].uptime.at,
            message,
            tuple(_cut_terms(cut, workload, objective)),
            tuple(_related(workloads[:_MOST_SHOWN])),
            absent=(*own, *self._doubts.of(workloads)),
            cures=self._cures(workload, any(pool.component.kind != "external" for pool in pools)),
            group=tuple(pool.uptime.at for pool in pools) if len(pools) > 1 else (),
            loss=self._traffic.share(workloads) * beyond(1 - cut.most, 1 - objective),
        )

    def _joint(self, found: Availability, reached: float, objective: float, vendors: set[str]) -> Hit:
        workload, quantity = found.workload, found.quantity
        parts = [part for part in found.parts if part.lost_s > 0 and part.name not in vendors]
        besides = f" even if {listed(sorted(vendors))} never failed" if vendors else ""
        together = "its components together reach" if len(parts) > 1 else "it reaches"
        message = (
            f"`{workload.name}` requires {format_share(objective)} availability, but {together} at most "
            f"about {share_below(reached, objective)}{besides} ({_month(reached, objective)}): {_worst(parts)}"
            f"{_more_replicas(parts, objective)}"
        )
        pools = [part.pool for part in parts if part.pool is not None]
        own = {pool.name for pool in pools if pool.component.kind != "external"}
        return Hit(
            workload.place("slo", "availability"),
            message,
            (*quantity.terms, _limit(workload, objective)),
            tuple(Related(pool.uptime.at, "its failures add to it") for pool in pools[:_MOST_SHOWN]),
            Certainty.ESTIMATED,
            absent=self._doubts.of([workload]),
            cures=self._cures(workload, not falls_short(self._found.without(workload, own | vendors), objective)),
            band=(found.lowest, max(found.ceiling, reached)),
            loss=self._traffic.share([workload]) * beyond(1 - reached, 1 - objective),
        )

    @staticmethod
    def _cures(workload: Workload, own: bool) -> tuple[str, ...]:
        """Return the fixes that apply: replicas, if those of one's `own` components help, and fallbacks of anything."""
        queued = workload.waits is False
        return (*(("replicate",) if own else ()), "prediction-circuit-break", *(("asynchronous",) if queued else ()))


def _related(workloads: Sequence[Workload]) -> Iterator[Related]:
    return (Related(w.place("slo", "availability"), "this objective is out of reach") for w in workloads)


def _certain(cut: Cut) -> bool:
    """Return whether the file states how many replicas there are, of all that is not a vendor."""
    return all(pool.counted or pool.component.kind == "external" for pool in cut.pools)


def _need(cut: Cut) -> str:
    """Say what needs which replicas: `` every request needs `db`, which is up 99 % of the time``."""
    whose = "every request needs" if cut.share > 1 - 1e-9 else f"{format_share(cut.share)} of its requests need"
    first = cut.pools[0]
    if len(cut.pools) > 1:
        ups = " and ".join(format_share(pool.most) for pool in cut.pools)
        return f"{whose} {' or '.join(f'`{pool.name}`' for pool in cut.pools)}, which are up {ups} of the time"
    if first.replicas == 1:
        return f"{whose} `{first.name}`, which is up {format_share(first.uptime.most)} of the time"
    count, up = format_count(first.replicas), format_share(first.uptime.most)
    return f"{whose} `{first.name}`, whose {count} replicas are up {up} of the time each"


def _month(reached: float, objective: float) -> str:
    down, allowed = (1 - reached) * MONTH_S, (1 - objective) * MONTH_S
    return f"{format_duration(down)} a month of failures; the objective allows {format_duration(allowed)}"


def _enough(cut: Cut, objective: float) -> str:
    """Say how many replicas it takes, if that is a sensible number; no bound is below it."""
    pool = cut.pools[0]
    if len(cut.pools) > 1 or pool.component.kind == "external" or not pool.counted:
        return ""
    for count in range(pool.replicas + 1, pool.replicas + _MOST_REPLICAS):
        if not falls_short(1 - cut.share * (1 - pool.most_with(count)), objective):
            return f"it needs at least {count} replicas"
    return ""


def _worst(parts: Sequence[Part]) -> str:
    """Name what costs most: `` `db` 43 min, `api` 5 min (2 of 3 replicas are needed)``."""
    named = [f"`{part.name}` {format_duration(part.lost_s)}{_load(part.pool)}" for part in parts[:_MOST_NAMED]]
    more = len(parts) - _MOST_NAMED
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")


def _load(pool: Pool | None) -> str:
    if pool is None or pool.needed == 1:
        return ""
    return f" (the load needs {format_count(pool.needed)} of {format_count(pool.replicas)} replicas)"


def _more_replicas(parts: Sequence[Part], objective: float) -> str:
    """Say how many replicas would be enough, if those of one component are all that fails."""
    pool = parts[0].pool if len(parts) == 1 else None
    if pool is None or not pool.counted or pool.overloaded or pool.component.kind == "external":
        return ""
    for count in range(pool.replicas + 1, pool.replicas + _MOST_REPLICAS):
        if not falls_short(at_least(pool.needed, count, pool.uptime.value), objective):
            return f"; {count} replicas would reach it"
    return ""


def _cut_terms(cut: Cut, workload: Workload, objective: float) -> Iterator[Term]:
    for pool in cut.pools:
        yield from pool.terms
        if pool.replicas > 1:
            label, note = f"availability of {pool.name}, at most", "1 - (1 - availability)^replicas"
            yield Term("pool", label, pool.most, "share", Origin.DERIVED, None, note)
    if cut.share < 1 - 1e-9:
        label = f"requests of {workload.name} that need {' or '.join(pool.name for pool in cut.pools)}"
        yield Term("share", label, cut.share, "share", Origin.DERIVED, None, "shares of the branches that need it")
    formula = "1 - share x product of what is missing to 100 %"
    yield Term("reached", "availability, at most", cut.most, "share", Origin.DERIVED, None, formula)
    yield _limit(workload, objective)


def _limit(workload: Workload, objective: float) -> Term:
    at = workload.place("slo", "availability")
    label = f"availability that {workload.name} requires"
    return Term("objective", label, objective, "share", Origin.STATED, at, limit=True)

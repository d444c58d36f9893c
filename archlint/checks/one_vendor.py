"""An availability objective that rests on one external provider."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

import msgspec

from archlint.analysis.arrivals import arrivals_of
from archlint.analysis.generation import generating
from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.checks._lines import falls_short, share_below
from archlint.checks._loss import Traffic
from archlint.model.architecture import Component, Workload
from archlint.model.places import Place
from archlint.model.quantities import format_duration, format_share
from archlint.topology import Flow
from archlint.verdicts import Certainty, Hit, NoParams, Origin, Related, Severity, Term, Verdict

_MONTH_S: Final = 30 * 86400.0
_MOST_SHOWN: Final = 8
_MOST_POOLED: Final = 8


class _Asked(msgspec.Struct, frozen=True):
    """The availability that a workload requires, and the share of its requests that need the vendor, at least."""

    workload: Workload
    objective: float
    share: float

    def at_most(self, stated: float) -> float:
        """Return the highest availability of the workload, if the vendor has this one."""
        return 1 - self.share * (1 - stated)


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each external component that a workload with an objective needs, at its availability."""
    asking: dict[str, list[_Asked]] = {}
    for workload in system.workloads.values():
        objective = workload.slo.availability
        if objective is None:
            continue
        for name in system.needed_components(workload):
            if system.components[name].kind == "external" and name != workload.entrance.client:
                asking.setdefault(name, []).append(_Asked(workload, objective, _share(system, workload, name)))
    traffic = Traffic(system)
    for name, asked in asking.items():
        hit = _judge(system, traffic, system.components[name], asked)
        if hit is not None:
            yield hit
    for names in _of_same_vendor(system):
        yield from _together(system, traffic, names)


def _of_same_vendor(system: System) -> list[tuple[str, ...]]:
    """Return the external components of each provider that the file names more than once, by the same regions."""
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for name, component in system.components.items():
        if component.kind == "external" and component.uses is not None:
            found.setdefault((component.uses, tuple(sorted(component.regions or ()))), []).append(name)
    return [tuple(sorted(names)) for names in found.values() if len(names) > 1]


def _together(system: System, traffic: Traffic, names: tuple[str, ...]) -> Iterator[Hit]:
    """Yield a hint for components of the same provider that replace each other, if nothing else replaces them all."""
    asking: dict[tuple[str, ...], list[_Asked]] = {}
    pools: dict[Flow, tuple[str, ...]] = {}
    for workload in system.workloads.values():
        objective, flow = workload.slo.availability, system.flow(workload)
        if objective is not None and flow not in pools:
            pools[flow] = _replaceable(flow, names)
        pool = pools.get(flow, ())
        stated = [system.components[name].availability for name in pool]
        if objective is not None and any(up is None or falls_short(up, objective) for up in stated):
            asking.setdefault(pool, []).append(_Asked(workload, objective, 1.0))
    for pool, asked in asking.items():
        yield _fail_together(system, traffic, [system.components[name] for name in pool], asked)


def _replaceable(flow: Flow, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of some components of which a workload needs one, whichever; none if it needs one by itself.

    More than `_MOST_POOLED` that replace each other are not judged.
    """
    found, rest = list[str](), list(names)
    if flow.client in names or not flow.is_lost_with(rest):
        return ()
    while not flow.is_lost_with(found):
        if len(found) == _MOST_POOLED:
            return ()
        # The last of the fewest that stop the workload together with those found is one of them.
        fewest = bisect_left(range(len(rest)), True, key=lambda last: flow.is_lost_with((*found, *rest[: last + 1])))
        found.append(rest[fewest])
        rest = rest[:fewest]
    return tuple(sorted(found)) if len(found) > 1 else ()


def _fail_together(system: System, traffic: Traffic, pool: list[Component], asked: list[_Asked]) -> Hit:
    strictest, vendor = max(asked, key=lambda one: one.objective), pool[-1]
    where = f" in {listed(vendor.regions)}" if vendor.regions else ""
    return Hit(
        vendor.place("uses"),
        f"`{strictest.workload.name}` requires {format_share(strictest.objective)} availability, but "
        f"{listed(one.name for one in pool)}, which replace each other, are one provider (`{vendor.uses}`){where}: "
        "they may fail together",
        (_limit(strictest),),
        (*_objectives(asked), *(Related(one.place("uses"), "the same provider") for one in pool[:-1])),
        Certainty.HEURISTIC,
        absent=() if vendor.regions else tuple(one.place("region") for one in pool),
        cures=_cures(system, vendor, asked),
        severity=Severity.WARNING,
        loss=traffic.share([one.workload for one in asked]),
    )


def _share(system: System, workload: Workload, name: str) -> float:
    """Return the share of the requests that need a component: a cache of predictions answers the others."""
    visits = next((one.visits for one in arrivals_of(system).at(name) if one.workload is workload), 0.0)
    return visits if 0 < visits < 1 else 1.0


def _judge(system: System, traffic: Traffic, vendor: Component, asked: list[_Asked]) -> Hit | None:
    stated = vendor.availability
    if stated is None:
        return _unknown(system, traffic, vendor, asked)
    if (vendor.least_replicas or 1.0) > 1:
        return None       # the availability is that of one of them
    missed = [one for one in asked if falls_short(one.at_most(stated), one.objective)]
    return _below(system, traffic, vendor, stated, missed) if missed else None


def _below(system: System, traffic: Traffic, vendor: Component, stated: float, asked: list[_Asked]) -> Hit:
    strictest = max(asked, key=lambda one: one.objective - one.at_most(stated))
    at, name = vendor.place("availability"), strictest.workload.name
    up, share, terms = share_below(stated, strictest.objective), strictest.share, list[Term]()
    down_s, allowed_s = share * (1 - stated) * _MONTH_S, (1 - strictest.objective) * _MONTH_S
    who, needs, lost = "every request", "needs", f"{format_duration(down_s)} a month down"
    if share < 1:
        up, who, needs = format_share(stated), f"{format_share(share)} of its requests", "need"
        lost = f"for all requests together, like {format_duration(down_s)} a month down"
        label = f"requests of {name} that need it"
        terms.append(Term("share", label, share, "share", Origin.DERIVED, None, "after caches of predictions"))
    return Hit(
        at,
        f"`{name}` requires {format_share(strictest.objective)} availability, but {who} {needs} "
        f"`{vendor.name}`, which is up {up} of the time ({lost}; "
        f"the objective allows {format_duration(allowed_s)})",
        (Term("availability", f"availability of {vendor.name}", stated, "share", Origin.STATED, at), *terms,
         _limit(strictest)),
        _objectives(asked),
        absent=_ways_round(system, vendor),
        cures=_cures(system, vendor, asked),
        loss=share * traffic.share([one.workload for one in asked]),
    )


def _cures(system: System, vendor: Component, asked: list[_Asked]) -> tuple[str, ...]:
    """Return the fixes that apply: a gateway in front of several vendors is one for generated answers."""
    tokens = any(s.server == vendor.name for one in asked for s in generating(system, one.workload))
    return ("llm-gateway", "prediction-circuit-break") if tokens else ("prediction-circuit-break",)


def _unknown(system: System, traffic: Traffic, vendor: Component, asked: list[_Asked]) -> Hit:
    strictest = max(asked, key=lambda one: (one.share, one.objective))
    who = "every request needs" if strictest.share == 1 else f"{format_share(strictest.share)} of its requests need"
    others = f" (and {len(asked) - 1} more)" if len(asked) > 1 else ""
    where = f" in {listed(vendor.regions)}" if vendor.regions else ""
    return Hit(
        vendor.place(),
        f"`{strictest.workload.name}`{others} requires {format_share(strictest.objective)} availability, but {who} "
        f"one provider, `{vendor.name}`{where}: without a fallback, the objective depends on it alone",
        (_limit(strictest),),
        _objectives(asked),
        Certainty.HEURISTIC,
        absent=(vendor.place("availability"), *_ways_round(system, vendor)),
        cures=_cures(system, vendor, asked),
        severity=Severity.WARNING,
        loss=traffic.share([one.workload for one in asked]),
    )


def _limit(asked: _Asked) -> Term:
    label = f"availability that {asked.workload.name} requires"
    at = asked.workload.place("slo", "availability")
    return Term("objective", label, asked.objective, "share", Origin.STATED, at, limit=True)


def _objectives(asked: list[_Asked]) -> tuple[Related, ...]:
    places = [one.workload.place("slo", "availability") for one in asked]
    return tuple(Related(place, "this objective depends on it") for place in places[:_MOST_SHOWN])


def _ways_round(system: System, vendor: Component) -> tuple[Place, ...]:
    """Return the keys of the calls to a vendor that would make it unnecessary."""
    keys = ("fallback", "optional", "either")
    return tuple(relation.place(key) for relation in system.topology.incoming[vendor.name] for key in keys)

"""Many more replicas than the peak, the loss of a zone, and the availability objective need."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from archlint.analysis.facts import Fact
from archlint.analysis.most_visits import MostVisits
from archlint.analysis.pools import Pool, Pools
from archlint.analysis.standing import MONTH_S, basis, standing
from archlint.analysis.system import System
from archlint.analysis.uptimes import at_least
from archlint.analysis.utilisation import Utilisation, utilisations
from archlint.analysis.work import replicas_key
from archlint.checks._lines import exceeds
from archlint.model.architecture import Workload
from archlint.model.digits import format_money
from archlint.model.places import Place
from archlint.model.quantities import format_count, format_share
from archlint.verdicts import MOST_NEEDS, Certainty, Hit, Origin, Related, Term, Undecided, Verdict

_MOST_SHOWN: Final = 8
_MOST_TRIED: Final = 1000


class Params(msgspec.Struct, frozen=True):
    """When replicas are idle.

    utilisation: the share of their time that replicas are busy at the peak, in a plan without waste.
    factor: how many times as many replicas as needed are too many, a number.
    least_replicas: components with fewer replicas are not judged, a count.
    """

    utilisation: float = 0.5
    factor: float = 3.0
    least_replicas: float = 8.0


class _Plan(msgspec.Struct, frozen=True):
    """The replicas that are needed: for the load, and with what may fail at the same time; `note` says why."""

    busy: float
    load: float
    needed: float
    note: str


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each component whose replicas, at their least number, are far more than needed."""
    pools, visits = Pools(system), MostVisits(system)
    for use in utilisations(system):
        replicas = use.component.least_replicas
        if (replicas is not None and replicas < params.least_replicas) or not _comparable(system, use):
            continue
        peaked = use.peaked
        standing_by = system.facts.replicas(use.component)
        if standing_by is None:
            if peaked and not use.needs and use.demands[0].mean_s > 0:
                yield _question(use, [replicas_key(use.component)])
            continue
        if use.needs:
            if peaked:
                yield _question(use, use.needs)
            continue
        stated = float(standing_by.value)
        plan = _plan(use, pools, visits, params)
        if plan is None or exceeds(plan.needed * params.factor, stated):
            continue
        if not peaked:
            yield _question(use, [d.workload.place("peak") for d in use.demands if d.workload.peak_per_s is None])
        else:
            yield _hit(use, standing_by, plan, params)


def _question(use: Utilisation, needs: Sequence[Place]) -> Undecided:
    because = f"whether `{use.component.name}` needs all of its replicas"
    return Undecided(use.component.place(), tuple(needs[:MOST_NEEDS]), because, max(0, len(needs) - MOST_NEEDS))


def _comparable(system: System, use: Utilisation) -> bool:
    """Return whether the file may state all work of a component: the times, or what asks for them, and every caller.

    A component that waits for others holds its workers for longer than its own time, so it is not judged.
    """
    component, models = use.component, system.architecture.models
    asked = {key.at for key in use.needs}
    served = {name: models.get(name) for name in component.serves}
    known = all(
        (model is not None and model.service_time is not None) or f"models.{name}.service_time" in asked
        for name, model in served.items()
    )
    if use.slots.unbounded or not known or component.shards is not None:
        return False
    if any(system.topology.waits(r) or r.verb in {"consumes", "writes"} for r in component.relations):
        return False
    callers = {relation.source for relation in system.topology.incoming[component.name]}
    used = all(system.workloads_of.get(name) for name in callers)
    return used and all(system.components[name].kind != "batch-job" for name in callers)


def _plan(use: Utilisation, pools: Pools, most: MostVisits, params: Params) -> _Plan | None:
    """Return the replicas that are needed if all peaks come together and no cache answers; None if nothing is timed."""
    busy = 0.0
    for demand in use.demands:
        rate = max(demand.workload.peak_per_s or 0.0, demand.workload.rate_per_s or 0.0)
        time_s = sum(time.mean_s for time in demand.times)
        visits = max(demand.visits, most.of(demand.workload).get(use.component.name, 0.0))
        busy += visits * rate * time_s
    busy /= use.slots.each if use.slots.each > 0 else 1.0
    if busy <= 0 or not math.isfinite(busy):
        return None
    load = float(max(1, math.ceil(busy / params.utilisation - 1e-9)))
    zones = use.component.different_zones or 0.0
    if zones >= 2:
        needed, note = math.ceil(load / (zones - 1)) * zones, "enough for the load while one zone is down"
    else:
        needed, note = load + 1, "enough for the load while one replica is down"
    return _Plan(busy, load, *_available(use, pools, needed, note))


def _available(use: Utilisation, pools: Pools, needed: float, note: str) -> tuple[float, str]:
    """Return how many replicas the strictest availability objective needs, if that is more."""
    pool = pools.of(use.component.name)
    asked = [d.workload.slo.availability for d in use.demands if d.workload.slo.availability is not None]
    if not isinstance(pool, Pool) or not asked:
        return needed, note
    count = int(needed)
    while count < needed + _MOST_TRIED and at_least(pool.needed, count, pool.uptime.value) < max(asked):
        count += 1
    return (float(count), "enough for the availability objective") if count > needed else (needed, note)


def _hit(use: Utilisation, replicas: Fact, plan: _Plan, params: Params) -> Hit:
    component, stated = use.component, float(replicas.value)
    idle = stated - plan.needed
    saved = standing(component, idle, MONTH_S)
    money = component.price.amount if component.price is not None else None
    cost = f", which cost {format_money(saved, money.currency)} a month" if saved and money is not None else ""
    workloads = [demand.workload for demand in use.demands]
    return Hit(
        replicas.at or component.place(),
        f"`{component.name}` runs {format_count(stated)} replicas, but the peak keeps about {format_count(plan.busy)} "
        f"of them busy: {format_count(plan.needed)} are {plan.note}; about {format_count(idle)} are idle{cost}",
        tuple(_terms(use, replicas, plan, params, saved)),
        tuple(_peaks(workloads)),
        Certainty.ESTIMATED,
        band=(plan.load, plan.needed),
        loss=1 - plan.needed / stated,
    )


def _peaks(workloads: Sequence[Workload]) -> Iterator[Related]:
    return (Related(workload.place("peak"), "this peak arrives") for workload in workloads[:_MOST_SHOWN])


def _terms(
    use: Utilisation, replicas: Fact, plan: _Plan, params: Params, saved: float | None
) -> Iterator[Term]:
    component = use.component
    for demand in use.demands[:_MOST_SHOWN]:
        at, peak = demand.workload.place("peak"), demand.workload.peak_per_s or 0.0
        yield Term("peak", f"peak of {demand.workload.name}", peak, "/s", Origin.STATED, at)
    seen: dict[Place, Term] = {}
    for time in (time for demand in use.demands for time in demand.times):
        origin, note = (Origin.DERIVED, "lognormal fit") if time.fitted else (Origin.STATED, "")
        seen.setdefault(time.at, Term(time.name, time.label, time.mean_s, "s", origin, time.at, note))
    yield from seen.values()
    label, note = "replicas that are busy at the peak", "peaks x time / requests at a time, without caches"
    yield Term("busy", label, plan.busy, "count", Origin.DERIVED, None, note)
    label, note = "planned utilisation at the peak", "parameter `utilisation`"
    yield Term("utilisation", label, params.utilisation, "share", Origin.ASSUMED, None, note)
    yield Term("needed", "replicas that are needed", plan.needed, "count", Origin.DERIVED, None, plan.note, limit=True)
    yield replicas.term("replicas", f"replicas of {component.name}, at least", "count")
    share = 1 - plan.needed / float(replicas.value)
    yield Term("idle", "replicas that are idle", format_share(share), "", Origin.DERIVED, None, "1 - needed / replicas")
    if saved is not None and component.price is not None and component.price.amount is not None:
        currency, note, at = component.price.amount.currency, basis(component.price), component.place("price")
        yield Term("cost", "cost of the idle replicas a month", saved, currency, Origin.DERIVED, at, note)

"""How long a run of a job takes at least, as vendors accept only so many requests, tokens or calls in flight.

    run time >= records x use of each / limit

with the calls that each record needs. More workers do not help. Others that use the same quota only lengthen the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from archlint.analysis.arrivals import arrivals_of
from archlint.analysis.job_workloads import workloads_of_job
from archlint.analysis.quota_use import Each, limits_of, used_by_one
from archlint.analysis.system import System
from archlint.model.architecture import Component, Entrance, Workload
from archlint.verdicts import Certainty, Origin, Term

_UNITS = {"requests": "/s", "tokens": "/s", "concurrent": "count"}


class QuotaRun(msgspec.Struct, frozen=True):
    """What all records of a run use of a limit, and the time that takes in seconds.

    `calls` is the number of calls, and `needed` the requests, the tokens, or the seconds in flight of all of them.
    """

    component: Component
    key: str
    limit: float
    calls: float
    needed: float
    terms: tuple[Term, ...]
    certainty: Certainty

    @property
    def value_s(self) -> float:
        """The time of the run, at least."""
        return self.needed / self.limit


def runs_at_quotas(system: System, job: Component) -> tuple[QuotaRun, ...]:
    """Return how long a run of a job takes by each limit that it uses, the longest first; none without its records.

    It is a bound where the job calls the vendor itself and states how many records a call carries (`batching`). Of
    calls with a fallback, and of those that are not needed, nothing is certain.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... components:
    ...   job: {kind: batch-job, records: 1M, batching: {max_size: 1}, calls: [vendor]}
    ...   vendor: {kind: external, rate_limit: {requests: 600/min}}
    ... ''')
    >>> (found,) = runs_at_quotas(system, system.components["job"])
    >>> found.key, round(found.value_s / 3600, 1), found.certainty.value
    ('requests', 27.8, 'proven')
    """
    limited = system.once(_limited)
    if not limited or not job.records:
        return ()
    known = system.once(_known)
    if job.name not in known:
        known[job.name] = tuple(sorted(_runs(system, job, limited), key=lambda run: -run.value_s))
    return known[job.name]


def _limited(system: System) -> Mapping[str, Component]:
    return {name: component for name, component in system.components.items() if component.rate_limit is not None}


def _known(_: System) -> dict[str, tuple[QuotaRun, ...]]:
    return {}


def _runs(system: System, job: Component, limited: Mapping[str, Component]) -> Iterator[QuotaRun]:
    """Yield the time of a run for each limit that its records use."""
    entering = Workload(job.name, Entrance(job.name))
    flow = system.flow(entering)
    spared = {
        step.target for name in flow.waiting for step in flow.steps[name]
        if step.relation.fallback is not None or step.relation.optional
    }  # fmt: skip
    batches = {name: size for name in flow.waiting if (size := _batch(system.components[name])) is not None}
    let = {**{name: 1 / size for name, size in batches.items()}, **dict.fromkeys(spared, 0.0)}
    visits = arrivals_of(system).let_through(entering, let)
    direct = {relation.target for relation in system.topology.outgoing[job.name]}
    asking = workloads_of_job(system, job) or (entering,)
    for name in flow.waiting:
        component, each_visits = limited.get(name), visits.get(name, 0.0)
        if component is None or name in spared or each_visits <= 0:
            continue
        carried = batches.get(job.name, 1.0)
        calls = (job.records or 0.0) * each_visits / carried
        for key, limit in limits_of(component):
            each = _least(used_by_one(system, component, key, workload, True) for workload in asking)
            if each is None or not limit:
                continue                 # what accepts nothing says nothing of a run
            # The tokens of a record are its own, however many records share a call.
            needed = calls * each.amount * (carried if key == "tokens" else 1.0)
            sure = name in direct and job.name in batches and key != "tokens" and each.certain
            stated = all(term.at is None or term.at.at.endswith("service_time") for term in each.terms)
            yield QuotaRun(
                component, key, limit, calls, needed,
                tuple(_terms(job, component, key, limit, each_visits, each, needed)),
                Certainty.PROVEN if sure and stated else Certainty.ESTIMATED,
            )  # fmt: skip


def _batch(component: Component) -> float | None:
    return component.batching.max_size if component.batching is not None else None


def _least(found: Iterator[Each]) -> Each | None:
    """Return the least known use of several workloads."""
    return min((each for each in found if each.amount > 0), key=lambda each: each.amount, default=None)


def _terms(
    job: Component, component: Component, key: str, limit: float, visits: float, each: Each, needed: float
) -> Iterator[Term]:
    yield Term("records", f"records of {job.name}", job.records or 0.0, "count", Origin.STATED, job.place("records"))
    batch = _batch(job)
    if batch is not None and key != "tokens":
        at = job.place("batching", "max_size")
        yield Term("batch", "items in one full batch", batch, "count", Origin.STATED, at)
    if visits != 1:
        label, note = f"calls of {component.name} for each record, at least", "product of shares and cache misses"
        yield Term("visits", label, visits, "", Origin.DERIVED, None, note)
    yield from each.terms
    label = {"requests": "requests", "tokens": "tokens", "concurrent": "time in flight"}[key]
    unit = "s" if key == "concurrent" else "count"
    yield Term("needed", f"{label} of one run, at least", needed, unit, Origin.DERIVED, None, "product")
    at = component.place("rate_limit", key)
    yield Term("quota", f"{key} that {component.name} accepts", limit, _UNITS[key], Origin.STATED, at)

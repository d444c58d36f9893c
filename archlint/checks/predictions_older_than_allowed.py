"""Predictions that are older than the product allows, though a shorter period, ttl or queue would do."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.ages import RunTime, run_time, starts_of
from archlint.analysis.modes import ASYNCHRONOUS, BATCH, Serving
from archlint.analysis.service_time import mean
from archlint.analysis.system import System
from archlint.model.architecture import Component, Relation, Workload
from archlint.model.quantities import format_duration
from archlint.verdicts import Certainty, Hit, Origin, Related, Term, Undecided, Verdict


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each schedule, cache or queue that lets a prediction grow too old, at its key."""
    for workload in system.workloads.values():
        freshness_s = workload.slo.freshness_s
        if freshness_s is None:
            continue
        yield from _caches(system, workload, freshness_s)
        judged: set[str] = set()
        for serving in system.servings(workload):
            if serving.mode == BATCH and serving.producer not in judged:
                judged.add(serving.producer)
                yield from _job(system, workload, serving, freshness_s)
            elif serving.mode == ASYNCHRONOUS and serving.server not in judged:
                judged.add(serving.server)
                yield from _queue(system, workload, serving, freshness_s)


def _limit(workload: Workload, freshness_s: float) -> Term:
    at = workload.place("slo", "freshness")
    return Term("freshness", f"freshness of {workload.name}", freshness_s, "s", Origin.STATED, at, limit=True)


def _allowed(workload: Workload) -> Related:
    return Related(workload.place("slo", "freshness"), f"`{workload.name}` takes nothing older")


def _job(system: System, workload: Workload, serving: Serving, freshness_s: float) -> Iterator[Verdict]:
    job = system.components[serving.producer]
    starts = starts_of(system, job)
    run = run_time(system, job, serving.model)
    if isinstance(run, RunTime) and run.value_s > freshness_s:
        return                                   # no schedule can meet it: SRV003 says so
    gap_s = starts.schedule.longest_gap_s if starts else None
    run_s = run.value_s if isinstance(run, RunTime) else 0.0
    if starts is None or gap_s is None or (not isinstance(run, RunTime) and gap_s <= freshness_s):
        needs = [] if starts is not None else [job.place("schedule")]
        needs += [] if isinstance(run, RunTime) else list(run)
        yield Undecided(job.place(), tuple(needs), "how old its predictions are at the worst moment")
        return
    age_s = gap_s + run_s
    if age_s <= freshness_s:
        return
    terms = (
        Term("period", f"longest gap of `{starts.schedule.text}`", gap_s, "s", Origin.STATED, starts.at),
        *(run.terms if isinstance(run, RunTime) else ()),
        Term("age", "age at the worst moment", age_s, "s", Origin.DERIVED, None, "longest gap + run time"),
        _limit(workload, freshness_s),
    )
    message = (
        f"a prediction of `{job.name}` is up to {format_duration(age_s)} old when `{workload.name}` reads it, "
        f"but may be {format_duration(freshness_s)} old; a gap of at most {format_duration(freshness_s - run_s)} would do"
    )
    yield Hit(
        starts.at, message, terms, (_allowed(workload),), cures=("shorter-period", "streaming", "asynchronous"),
        cause=f"component {job.name}",
    )  # fmt: skip


def _caches(system: System, workload: Workload, freshness_s: float) -> Iterator[Verdict]:
    """Entries of a prediction cache that outlive the freshness."""
    flow = system.flow(workload)
    for name in flow.waiting:
        for step in flow.steps.get(name, ()):
            relation = step.relation
            if relation.ttl_s is not None and relation.ttl_s > freshness_s and relation.caches != "data":
                yield _stale_cache(workload, relation, relation.ttl_s, freshness_s)


def _stale_cache(workload: Workload, relation: Relation, ttl_s: float, freshness_s: float) -> Hit:
    terms = (
        Term("ttl", f"an entry of {relation.target} lives", ttl_s, "s", Origin.STATED, relation.place("ttl")),
        _limit(workload, freshness_s),
    )
    message = (
        f"`{relation.target}` keeps an answer for {format_duration(ttl_s)}, but for `{workload.name}` it may be "
        f"{format_duration(freshness_s)} old"
    )
    cause = f"component {relation.target}"
    return Hit(relation.place("ttl"), message, terms, (_allowed(workload),), cures=("prediction-cache",), cause=cause)


def _queue(system: System, workload: Workload, serving: Serving, freshness_s: float) -> Iterator[Verdict]:
    """A queue so long that its last message is worked later than the freshness allows."""
    worker = system.components[serving.server]
    path = system.flow(workload).path_to(serving.server)
    queue = next((system.components[r.target] for r in path if r.verb == "publishes"), None)
    model = system.architecture.models.get(serving.model)
    if queue is None or queue.max_length is None or model is None:
        return
    each_s = mean(model.service_time) if model.service_time else None
    replicas = system.facts.replicas(worker)
    if each_s is None or replicas is None or not replicas.value:
        needs = [model.place("service_time")] if each_s is None else []
        needs += [] if replicas is not None else [worker.place("replicas")]
        yield Undecided(queue.place("max_length"), tuple(needs), "how long a full queue takes to drain")
        return
    workers = system.facts.workers(worker)
    drain_s = queue.max_length * each_s / (float(replicas.value) * float(workers.value))
    if drain_s <= freshness_s:
        return
    terms = (
        Term("max_length", f"messages that {queue.name} holds", queue.max_length, "count", Origin.STATED, queue.place("max_length")),
        Term("service_time", f"model {model.name}, mean", each_s, "s", Origin.STATED, model.place("service_time")),
        replicas.term("replicas", f"replicas of {worker.name}", "count"),
        workers.term("workers", f"workers of {worker.name}", "count"),
        Term("age", "age of the last message", drain_s, "s", Origin.DERIVED, None, "messages x service time / (replicas x workers)"),
        _limit(workload, freshness_s),
    )
    yield _full_queue(workload, queue, worker, terms, drain_s, freshness_s)


def _full_queue(
    workload: Workload, queue: Component, worker: Component, terms: tuple[Term, ...], drain_s: float, freshness_s: float
) -> Hit:
    message = (
        f"a full `{queue.name}` takes `{worker.name}` {format_duration(drain_s)} to work off, but a prediction for "
        f"`{workload.name}` may be {format_duration(freshness_s)} old: more workers or a shorter queue would do"
    )
    return Hit(
        queue.place("max_length"), message, terms, (_allowed(workload),), Certainty.ESTIMATED,
        cures=("parallel-jobs", "asynchronous"), cause=f"component {queue.name}",
    )  # fmt: skip

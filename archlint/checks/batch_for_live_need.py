"""Batch where a live answer is needed: no schedule can meet it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.ages import RunTime, run_time
from archlint.analysis.modes import ASYNCHRONOUS, BATCH, EDGE, ONLINE, STREAMING, Serving
from archlint.analysis.system import System
from archlint.model.architecture import Component, Workload
from archlint.model.quantities import format_duration
from archlint.verdicts import Hit, Origin, Related, Term, Undecided, Verdict

LIVE = frozenset({ONLINE, ASYNCHRONOUS, STREAMING, EDGE})


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each job whose predictions cannot be there in time, at the job."""
    for workload in system.workloads.values():
        servings = system.servings(workload)
        live = any(serving.mode in LIVE for serving in servings)
        judged: set[str] = set()
        for serving in servings:
            if serving.mode == BATCH and serving.producer not in judged and not _live_too(servings, serving):
                judged.add(serving.producer)
                yield from _judge(system, workload, serving, live)


def _live_too(servings: tuple[Serving, ...], batch: Serving) -> bool:
    return any(serving.model == batch.model and serving.mode in LIVE for serving in servings)


def _judge(system: System, workload: Workload, serving: Serving, live: bool) -> Iterator[Verdict]:
    """Judge one job for one workload.

    Where another model of the workload answers live, the batch predictions are input to it, and what is unknown
    before the request is that model's matter.
    """
    job = system.components[serving.producer]
    if workload.inputs == "on-request" and not live:
        yield _unknown_inputs(workload, serving, job)
        return
    freshness = workload.slo.freshness_s
    if freshness is not None:
        run = run_time(system, job, serving.model)
        if isinstance(run, RunTime):
            if run.value_s > freshness:
                yield _too_long(workload, serving, job, run, freshness)
                return
        else:
            yield Undecided(job.place(), run, "how long one run takes")
    if workload.inputs is None and not live:
        yield Undecided(job.place(), (workload.place("inputs"),), f"whether the inputs of `{workload.name}` are known ahead")


def _cures(workload: Workload) -> tuple[str, ...]:
    if workload.waits is False:
        return ("asynchronous", "streaming")
    if workload.waits is True:
        return ("web-single", "synchronous")
    return ("web-single", "synchronous", "asynchronous", "streaming")


def _reader(serving: Serving) -> tuple[Related, ...]:
    return (Related(serving.read.place(), f"the predictions of `{serving.producer}` are read here"),) if serving.read else ()


def _unknown_inputs(workload: Workload, serving: Serving, job: Component) -> Hit:
    message = (
        f"`{job.name}` predicts `{serving.model}` ahead of time, but the inputs of `{workload.name}` are unknown "
        "before the request: what is asked cannot have been scored, whatever the schedule"
    )
    terms = [Term("inputs", f"inputs of {workload.name}", "on-request", "", Origin.STATED, workload.place("inputs"))]
    if workload.rate_per_s is not None:
        terms.append(Term("rate", f"rate of {workload.name}", workload.rate_per_s, "/s", Origin.STATED, workload.place("rate")))
    related = (Related(workload.place("inputs"), "unknown before the request"), *_reader(serving))
    return Hit(job.place(), message, tuple(terms), related, cures=_cures(workload), cause=f"component {job.name}")


def _too_long(workload: Workload, serving: Serving, job: Component, run: RunTime, freshness_s: float) -> Hit:
    message = (
        f"one run of `{job.name}` takes {format_duration(run.value_s)}, but a prediction for `{workload.name}` may be "
        f"at most {format_duration(freshness_s)} old: no schedule can meet it"
    )
    place = workload.place("slo", "freshness")
    limit = Term("freshness", f"freshness of {workload.name}", freshness_s, "s", Origin.STATED, place, limit=True)
    related = (Related(place, "may be this old"), *_reader(serving))
    return Hit(job.place(), message, (*run.terms, limit), related, cures=_cures(workload), cause=f"component {job.name}")

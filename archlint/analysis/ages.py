"""How old a prediction can be when it is read, and how long a run of a job takes."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.service_time import mean
from archlint.analysis.system import System
from archlint.model.architecture import Component
from archlint.model.cron import Schedule
from archlint.model.places import Place
from archlint.verdicts import Origin, Term


class RunTime(msgspec.Struct, frozen=True):
    """How long one run takes with its write, with the terms that it is worked out from."""

    value_s: float
    terms: tuple[Term, ...]


def run_time(system: System, job: Component, model: str) -> RunTime | tuple[Place, ...]:
    """The time of one run: stated, else records x service time / (replicas x workers); or the places that would say it."""
    if job.run_time_s is not None:
        stated = Term("run_time", f"one run of {job.name}", job.run_time_s, "s", Origin.STATED, job.place("run_time"))
        return RunTime(job.run_time_s, (stated,))
    record = system.architecture.models.get(model)
    each_s = mean(record.service_time) if record and record.service_time else None
    replicas = system.facts.replicas(job)
    if job.records is None or each_s is None or record is None or replicas is None or not replicas.value:
        return (job.place("run_time"),)
    workers = system.facts.workers(job)
    parallel = float(replicas.value) * float(workers.value)
    value_s = job.records * each_s / parallel
    formula = "records x service time / (replicas x workers)"
    return RunTime(
        value_s,
        (
            Term("records", f"records of {job.name}", job.records, "count", Origin.STATED, job.place("records")),
            Term("service_time", f"model {model}, mean", each_s, "s", Origin.STATED, record.place("service_time")),
            replicas.term("replicas", f"replicas of {job.name}", "count"),
            workers.term("workers", f"workers of {job.name}", "count"),
            Term("run_time", f"one run of {job.name}", value_s, "s", Origin.DERIVED, None, formula),
        ),
    )


class Starts(msgspec.Struct, frozen=True):
    """When a job starts: the schedule and who has it."""

    schedule: Schedule
    at: Place


def starts_of(system: System, job: Component) -> Starts | None:
    """The schedule of a job: its own, else that of the scheduler that triggers it, directly or over other jobs."""
    if job.schedule is not None:
        return Starts(job.schedule, job.place("schedule"))
    for component in _triggered_by(system, job):
        if component.schedule is not None:
            return Starts(component.schedule, component.place("schedule"))
    return None


def _triggered_by(system: System, job: Component) -> Iterator[Component]:
    seen = {job.name}
    stack = [job.name]
    while stack:
        for relation in system.topology.incoming[stack.pop()]:
            if relation.verb == "triggers" and relation.source not in seen:
                seen.add(relation.source)
                stack.append(relation.source)
                yield system.components[relation.source]

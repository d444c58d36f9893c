"""How old a prediction can be when it is read, and how long a run of a job takes."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.system import System
from archlint.analysis.work import work
from archlint.model.architecture import Component
from archlint.model.cron import Schedule
from archlint.model.places import Place
from archlint.verdicts import Certainty, Origin, Term


class RunTime(msgspec.Struct, frozen=True):
    """The duration of one run including its write, with the terms of the calculation.

    A stated run time is proven. One that is derived from single predictions is an estimate: the file does not say how
    a job loads, writes and batches its records.
    """

    value_s: float
    terms: tuple[Term, ...]
    certainty: Certainty = Certainty.PROVEN


def run_time(system: System, job: Component, model: str | None) -> RunTime | tuple[Place, ...]:
    """Return the duration of one run, or the places of the missing keys.

    It is the stated one, otherwise records x service time / (replicas x workers). `model` is the one whose predictions
    it makes; None for a job whose own service time is all that a record takes.
    """
    if job.run_time_s is not None:
        stated = Term("run_time", f"one run of {job.name}", job.run_time_s, "s", Origin.STATED, job.place("run_time"))
        return RunTime(job.run_time_s, (stated,))
    if model is None and not job.serves and job.service_time is None:
        return (job.place("run_time"),)
    models = job.serves if model is None or model in job.serves else (model,)
    done = work(system, job.records or 0.0, models, job, widest=True)
    needs = () if job.records is not None else (job.place("records"),)
    if not isinstance(done, tuple):
        if needs or not done.slots:
            return (job.place("run_time"), *needs)
        records = Term(
            "records",
            f"records of {job.name}",
            job.records or 0.0,
            "count",
            Origin.STATED,
            job.place("records"),
        )
        formula = "records x service time / (replicas x workers)"
        if any(term.name == "batch" for term in done.terms):
            formula = "records x service time / (replicas x workers x batch)"
        total = Term("run_time", f"one run of {job.name}", done.value_s, "s", Origin.DERIVED, None, formula)
        return RunTime(done.value_s, (records, *done.terms, total), Certainty.ESTIMATED)
    missing = (*needs, *done)
    # If one part of the sum is missing, name that part. If several are, the run time alone is easier to add.
    return (job.place("run_time"), *(missing if len(missing) == 1 else ()))


class Starts(msgspec.Struct, frozen=True):
    """When a job starts: the schedule, and the component that has it."""

    schedule: Schedule
    at: Place

    @property
    def gap_term(self) -> Term:
        """The longest time between two starts, in seconds."""
        label = f"longest gap of `{self.schedule.text}`"
        return Term("period", label, self.schedule.longest_gap_s, "s", Origin.STATED, self.at)


def starts_of(system: System, job: Component) -> Starts | None:
    """Return the most frequent schedule of a job: its own, or that of a component that triggers it, also indirectly."""
    found = [
        Starts(component.schedule, component.place("schedule"))
        for component in (job, *_triggered_by(system, job)) if component.schedule is not None
    ]  # fmt: skip
    return min(found, key=lambda starts: starts.schedule.longest_gap_s, default=None)


def unknown_starts(system: System, job: Component) -> tuple[Place, ...]:
    """Return the places of the missing schedules of a job: those of its schedulers, then its own."""
    schedulers = [component for component in _triggered_by(system, job) if component.kind == "scheduler"]
    return tuple(component.place("schedule") for component in (*schedulers, job))


def _triggered_by(system: System, job: Component) -> Iterator[Component]:
    seen = {job.name}
    stack = [job.name]
    while stack:
        for relation in system.topology.incoming[stack.pop()]:
            if relation.verb == "triggers" and relation.source not in seen:
                seen.add(relation.source)
                stack.append(relation.source)
                yield system.components[relation.source]

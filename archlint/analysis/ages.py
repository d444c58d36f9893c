"""How old a prediction can be when it is read, and how long a run of a job takes."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.job_workloads import triggered_by, workloads_of_job
from archlint.analysis.run_quotas import QuotaRun, runs_at_quotas
from archlint.analysis.system import System
from archlint.analysis.work import Work, work
from archlint.model.architecture import Component
from archlint.model.cron import Schedule
from archlint.model.places import Place, either
from archlint.verdicts import Certainty, Origin, Term


class RunTime(msgspec.Struct, frozen=True):
    """The duration of one run including its write, with the terms of the calculation.

    A stated run time is proven. One that is derived from single predictions is a bound if each fact of it is stated,
    with the size of a batch: loading and writing only add to it. Otherwise it is an estimate. `quotas` are the limits
    of vendors that the run uses, the one that takes longest first; with `at_quota`, nothing else takes longer.
    """

    value_s: float
    terms: tuple[Term, ...]
    certainty: Certainty = Certainty.PROVEN
    quotas: tuple[QuotaRun, ...] = ()
    at_quota: bool = False


def run_time(system: System, job: Component, model: str | None) -> RunTime | tuple[Place, ...]:
    """Return the duration of one run, or the places of the missing keys.

    It is the stated one, otherwise records x service time / (replicas x workers), after a stated start; or what the
    quota of a vendor takes, if that is longer. `model` is the one whose predictions it makes; None for a job whose own
    service time is all that a record takes.
    """
    usual, least = _at_its_workers(system, job, model), least_run(system, job)
    if least is None or not isinstance(usual, RunTime):
        return usual
    return least if least.value_s > usual.value_s else msgspec.structs.replace(usual, quotas=least.quotas)


def least_run(system: System, job: Component) -> RunTime | None:
    """Return how long one run takes by the quotas that it uses alone; None if it uses none."""
    quotas = runs_at_quotas(system, job)
    if not quotas:
        return None
    quota = quotas[0]
    started = tuple(_start(job))
    value_s = quota.value_s + (job.start_time_s or 0.0)
    formula = "start + needed / quota" if started else "needed / quota"
    total = Term("run_time", f"one run of {job.name}, at least", value_s, "s", Origin.DERIVED, None, formula)
    return RunTime(value_s, (*quota.terms, *started, total), quota.certainty, quotas, True)


def _at_its_workers(system: System, job: Component, model: str | None) -> RunTime | tuple[Place, ...]:
    """Return the stated duration of one run, or the one that follows from its records and workers."""
    if job.run_time_s is not None:
        stated = Term("run_time", f"one run of {job.name}", job.run_time_s, "s", Origin.STATED, job.place("run_time"))
        return RunTime(job.run_time_s, (stated,))
    if model is None and not job.serves and job.service_time is None:
        return (job.place("run_time"),)
    models = job.serves if model is None or model in job.serves else (model,)
    done = work(system, job.records or 0.0, models, job, widest=True, asked_by=workloads_of_job)
    needs = () if job.records is not None else (job.place("records"),)
    if not isinstance(done, tuple):
        if needs or not done.slots:
            return (either(job.place("run_time"), needs),)
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
        started = tuple(_start(job))
        value_s = done.value_s + (job.start_time_s or 0.0)
        formula = f"start + {formula}" if started else formula
        total = Term("run_time", f"one run of {job.name}", value_s, "s", Origin.DERIVED, None, formula)
        return RunTime(value_s, (records, *done.terms, *started, total), _certainty(system, job, models, done))
    missing = (*needs, *done)
    # If one part of the sum is missing, name that part. If several are, the run time alone is easier to add.
    return (either(job.place("run_time"), missing if len(missing) == 1 else ()),)


def _start(job: Component) -> Iterator[Term]:
    """Yield the stated time until a job is ready, which each run takes first."""
    if job.start_time_s:
        at = job.place("start_time")
        yield Term("start_time", f"start of {job.name}", job.start_time_s, "s", Origin.STATED, at)


def _certainty(system: System, job: Component, models: tuple[str, ...], done: Work) -> Certainty:
    """Return whether a derived run is a bound: all is stated, of the job itself, and no batch is larger."""
    stated = all(term.origin is Origin.STATED for term in done.terms)
    batched = any(term.name == "batch" for term in done.terms)
    own = all(system.topology.servers.get(model, ()) == (job.name,) for model in models)
    return done.certainty if stated and batched and own else Certainty.ESTIMATED


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
        for component in (job, *triggered_by(system, job)) if component.schedule is not None
    ]  # fmt: skip
    return min(found, key=lambda starts: starts.schedule.longest_gap_s, default=None)


def unknown_starts(system: System, job: Component) -> tuple[Place, ...]:
    """Return the place of the missing schedule of a job: that of a scheduler or its own, which say the same."""
    schedulers = [component for component in triggered_by(system, job) if component.kind == "scheduler"]
    first, *others = (component.place("schedule") for component in (*schedulers, job))
    return (either(first, *((other,) for other in others)),)

"""A run of a job that takes longer than its window, or than the time until the next run starts."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, isfinite

import msgspec

from archlint.analysis.ages import RunTime, Starts, least_run, run_time, starts_of, unknown_starts
from archlint.analysis.modes import BATCH
from archlint.analysis.runs import Runs, model_called, runs_of
from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.analysis.writers import Writers, is_scheduled
from archlint.checks._lines import exceeds
from archlint.checks._loss import Traffic, beyond
from archlint.checks.batch_for_live_need import Use, asks_for_the_unknown, takes_too_long, younger_of
from archlint.model.architecture import Component, Workload
from archlint.model.cron import shortest_gap_s
from archlint.model.places import Place
from archlint.model.quantities import format_count, format_duration, format_percentile, format_rate
from archlint.verdicts import Certainty, Hit, NoParams, Origin, Related, Term, Undecided, Verdict


class _Limits(msgspec.Struct, frozen=True):
    """How long a run may take: the window, and the shortest time until the next run starts; None if not stated."""

    window_s: float | None
    period_s: float | None
    starts: Starts | None

    @property
    def least_s(self) -> float:
        """The stricter one."""
        return min(limit for limit in (self.window_s, self.period_s, float("inf")) if limit is not None)


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each job whose run takes longer than it may, at the run time, otherwise at the records."""
    traffic, fresh = Traffic(system), _Fresh(system)
    reported = set[str]()
    for job in system.components.values():
        if (not is_scheduled(job) and job.run_time_s is None and job.window_s is None) or job.kind == "scheduler":
            continue
        run, starts = run_time(system, job, model_called(system, job)), starts_of(system, job)
        limits = _Limits(job.window_s, shortest_gap_s(starts.schedule.text) if starts is not None else None, starts)
        known = run if isinstance(run, RunTime) else least_run(system, job)
        if known is not None and exceeds(known.value_s, limits.least_s):
            if not fresh.reports(job):
                reported.add(job.name)
                yield _hit(job, known, limits, traffic)
        elif not isinstance(run, RunTime) or (starts is None and job.window_s is None):
            yield from _open(system, job, run, starts)
    for workload in system.workloads.values():
        yield from _late(system, workload, traffic, reported)


class _Fresh:
    """Whether SRV003 reports the run of a job: then it takes longer than its predictions may be old."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._uses: dict[str, list[Use]] | None = None
        self._writers = Writers(system)

    def reports(self, job: Component) -> bool:
        """Return whether a workload reads predictions of the job that are too old when a run ends."""
        if self._uses is None:
            self._uses = {}
            for workload in self._system.workloads.values():
                if workload.slo.freshness_s is not None and BATCH in self._system.modes_of(workload):
                    for serving in self._system.servings(workload):
                        self._uses.setdefault(serving.producer, []).append(Use(workload, serving))
        return any(self._is_late(job, use) for use in self._uses.get(job.name, ()))

    def _is_late(self, job: Component, use: Use) -> bool:
        if self._writers.only_repairs(use.serving):
            return False
        if asks_for_the_unknown(self._system, use.workload) or takes_too_long(self._system, job, use) is None:
            return False
        younger = younger_of(self._writers, job, use)
        return not younger.needs and not younger.reaches_all


def _open(
    system: System, job: Component, run: RunTime | tuple[Place, ...], starts: Starts | None
) -> Iterator[Undecided]:
    """Ask for what is missing of a run and its limit, if one of them is known."""
    fits = f"whether one run of `{job.name}` fits into its window"
    ends = f"whether one run of `{job.name}` ends before the next starts"
    if isinstance(run, RunTime):
        if not _waits_for_work(system, job):
            yield Undecided(job.place(), unknown_starts(system, job), ends)
    elif job.window_s is not None or (starts is not None and _predicts(system, job)):
        yield Undecided(job.place(), run, ends if job.window_s is None else fits)


def _predicts(system: System, job: Component) -> bool:
    """Return whether a job makes predictions, or states its records: few files say how long other jobs take."""
    return job.records is not None or bool(system.topology.models_awaited[job.name])


def _waits_for_work(system: System, job: Component) -> bool:
    """Return whether a caller or a message starts the job, so that it has no period."""
    called = any(relation.verb == "calls" for relation in system.topology.incoming[job.name])
    return called or any(relation.verb == "consumes" for relation in system.topology.outgoing[job.name])


def _hit(job: Component, run: RunTime, limits: _Limits, traffic: Traffic) -> Hit:
    stated = job.run_time_s is not None and not run.at_quota
    over_window = limits.window_s is not None and exceeds(run.value_s, limits.window_s)
    over_period = limits.period_s is not None and exceeds(run.value_s, limits.period_s)
    terms: list[Term] = list(run.terms)
    related: list[Related] = []
    if over_window:
        at, label = job.place("window"), f"window of {job.name}"
        terms.append(Term("window", label, limits.window_s or 0.0, "s", Origin.STATED, at, limit=True))
        related.append(Related(at, "the most that one run may take"))
    if over_period and limits.starts is not None:
        at, label = limits.starts.at, f"shortest gap of `{limits.starts.schedule.text}`"
        terms.append(Term("period", label, limits.period_s or 0.0, "s", Origin.STATED, at, limit=True))
        related.append(Related(at, "the next run starts by this"))
    return Hit(
        job.place("run_time" if stated else "records"),
        _message(job, run, limits, over_window, over_period),
        tuple(terms),
        (*_at_quotas(job, run, limits.least_s), *related),
        run.certainty,
        absent=() if stated else (job.place("run_time"), job.place("batching")),
        cures=_cures(job, run, limits.least_s),
        loss=traffic.served_by(job.name) * beyond(run.value_s, limits.least_s),
    )


def _late(system: System, workload: Workload, traffic: Traffic, reported: set[str]) -> Iterator[Verdict]:
    """Yield a hit if the runs that a workload starts end after its objective; one hit for each job is enough."""
    runs = runs_of(system, workload) if workload.slo.latency else None
    if runs is None:
        return
    fraction, objective_s = min(workload.slo.latency, key=lambda one: one[1])
    name = format_percentile(fraction)
    if not exceeds(runs.value_s, objective_s):
        if runs.needs:
            ends = f"whether the runs that `{workload.name}` starts end within {name} <= {format_duration(objective_s)}"
            yield Undecided(workload.place("slo", "latency", name), runs.needs, ends)
        return
    job, longest = runs.longest
    if job.name in reported:
        return
    reported.add(job.name)
    stated = job.run_time_s is not None and not longest.at_quota
    at = workload.place("slo", "latency", name)
    total = Term("runs", "all runs, one after the other", runs.value_s, "s", Origin.DERIVED, None, "sum of the runs")
    limit = Term("objective", f"SLO of {workload.name}, {name}", objective_s, "s", Origin.STATED, at, limit=True)
    yield Hit(
        job.place("run_time" if stated else "records"),
        _late_message(workload, runs, f"{name} <= {format_duration(objective_s)}", objective_s),
        (*runs.terms, *((total,) if len(runs.chain) > 1 else ()), limit),
        (*_at_quotas(job, longest, objective_s), Related(at, "the objective")),
        runs.certainty,
        absent=() if stated else (job.place("run_time"), job.place("batching")),
        cures=_cures(job, longest, objective_s),
        loss=traffic.served_by(job.name) * beyond(runs.value_s, objective_s),
    )


def _is_refused(run: RunTime, limit_s: float) -> bool:
    """Return whether the quota of a vendor alone makes a run longer than a limit, whatever the workers."""
    return bool(run.quotas) and exceeds(run.quotas[0].value_s, limit_s)


def _at_quotas(job: Component, run: RunTime, limit_s: float) -> Iterator[Related]:
    """Yield the quotas that a run needs longer than a limit to keep, and the stated time that is below that."""
    for quota in run.quotas:
        if exceeds(quota.value_s, limit_s):
            at = quota.component.place("rate_limit", quota.key)
            yield Related(at, f"at this, a run takes {format_duration(quota.value_s)}")
    if run.at_quota and job.run_time_s is not None:
        yield Related(job.place("run_time"), "the run cannot end by this")


def _cures(job: Component, run: RunTime, limit_s: float) -> tuple[str, ...]:
    """Return the fixes that apply to a job."""
    if _is_refused(run, limit_s):
        return ("llm-gateway",)
    return ("parallel-jobs", "smaller-model", *(("partial-retry",) if job.retry == "all" else ()))


def _late_message(workload: Workload, runs: Runs, objective: str, objective_s: float) -> str:
    """Say how long the runs take, and how much must run in parallel if there is one."""
    job, run = runs.longest
    derived = any(one.run_time_s is None or each.at_quota for one, each in runs.chain)
    about = ("at least " if derived else "") if runs.certainty is Certainty.PROVEN else "about "
    time = f"{about}{format_duration(runs.value_s)}"
    needs = f"`{workload.name}` needs its result within {objective}, but"
    if len(runs.chain) > 1:
        names = listed(one.name for one, _ in runs.chain)
        return f"{needs} the runs of {names}, one after the other, take {time}"
    return f"{needs} one run of `{job.name}` takes {time}{_enough(job, run, objective_s)}"


def _message(job: Component, run: RunTime, limits: _Limits, over_window: bool, over_period: bool) -> str:
    """Say how long a run takes, which limits that breaks, and how much must run in parallel."""
    stated = job.run_time_s is not None and not run.at_quota
    about = {Certainty.PROVEN: "" if stated else "at least "}.get(run.certainty, "about ")
    takes = f"one run of `{job.name}` takes {about}{format_duration(run.value_s)}"
    window, period = format_duration(limits.window_s or 0.0), format_duration(limits.period_s or 0.0)
    again = f"the next run starts after {period}"
    if limits.starts is not None and exceeds(limits.starts.schedule.longest_gap_s, limits.period_s or 0.0):
        again = f"the next run may start after {period}"
    enough = _enough(job, run, limits.least_s)
    if over_window and over_period:
        return f"{takes}, but its window is {window}, and {again}{enough}"
    if over_window:
        return f"{takes}, {format_duration(run.value_s - (limits.window_s or 0.0))} over its window of {window}{enough}"
    return f"{takes}, but {again}, so that runs overlap or are left out{enough}"


def _enough(job: Component, run: RunTime, limit_s: float) -> str:
    """Say how much must run in parallel for a run to fit, if its records say so; or which quota forbids it."""
    if _is_refused(run, limit_s):
        return _refused(job, run)
    fixed_s = job.start_time_s or 0.0
    slots = 1.0
    for term in run.terms:
        if term.name in {"replicas", "workers", "batch"}:
            slots *= float(term.value)
    if job.run_time_s is not None or limit_s <= fixed_s or not isfinite(run.value_s):
        return ""
    needed = ceil(slots * (run.value_s - fixed_s) / (limit_s - fixed_s))
    return f": process {format_count(needed)} records in parallel instead of {format_count(slots)}"


def _refused(job: Component, run: RunTime) -> str:
    """Show the arithmetic of the quota that makes a run too long."""
    quota = run.quotas[0]
    vendor, calls = f"`{quota.component.name}`", format_count(quota.calls)
    if quota.key == "concurrent":
        each = format_duration(quota.needed / quota.calls)
        what = f"{calls} calls of {each} with the {format_count(quota.limit)} in flight that {vendor} accepts"
    else:
        what = f"{format_count(quota.needed)} {quota.key} at the {format_rate(quota.limit)} that {vendor} accepts"
    text = f"{what} (`rate_limit.{quota.key}`) take {format_duration(quota.value_s)}"
    text = f": {text}, whatever the workers" if run.at_quota else f"; with more workers, {text}"
    if quota.key != "tokens" and (job.batching is None or job.batching.max_size is None):
        text += f"; if one call carries several records, state `batching.max_size` of `{job.name}`"
    return text

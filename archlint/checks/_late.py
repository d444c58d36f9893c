"""Answers that miss a latency objective under load, and why: waits, a chain of many hops, or slow work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from archlint.analysis.generation import generating, may_generate
from archlint.analysis.generative import streaming_unsaid
from archlint.analysis.latency import Latency, latency
from archlint.analysis.quantity import Missing
from archlint.analysis.responses import MOST_COMPONENTS, Overloaded, Response, Settings, response
from archlint.analysis.stations import path_of, rates_at_mean, rates_at_peak
from archlint.analysis.system import System
from archlint.analysis.utilisation import slots_of
from archlint.checks._lines import exceeds
from archlint.model.architecture import Workload
from archlint.model.places import Place
from archlint.model.quantities import format_percentile
from archlint.verdicts import Origin, Term, Undecided

_MOST_NEEDS = 8
DEEP = 4
"""The least number of hops that do work for a chain to be deep."""


class Late(msgspec.Struct, frozen=True):
    """An objective that a workload misses: the percentile under load, and unloaded; or what is overloaded."""

    workload: Workload
    fraction: float
    objective_s: float
    peak: bool
    value_s: float
    unloaded_s: float
    answers: Latency | None
    overloaded: Overloaded | None = None

    @property
    def when(self) -> str:
        """When it is late."""
        return "at its peak" if self.peak else "at the mean rate"


def late_answers(system: System, workload: Workload, objectives: Mapping[float, float]) -> Late | Undecided | None:
    """Return the objective (seconds by percentile) that a workload misses most: at the mean rate, else at the peak."""
    if streaming_unsaid(workload) and may_generate(system, workload) and generating(system, workload):
        return None                       # the objective may be for the first token
    question: Undecided | None = None
    for peak in (False, True):
        if (workload.peak_per_s if peak else workload.rate_per_s) is None:
            continue
        exact = latency(system, workload, peak)
        found = latency(system, workload, peak, at_least=True) if isinstance(exact, Missing) and exact.needs else exact
        late: Late | Undecided | None
        if isinstance(found, Latency):
            late = _worst(system, workload, objectives, found)
        else:
            late = _held(system, workload, objectives, found, peak)
        if isinstance(late, Undecided):
            question = question or late
        elif late is not None:
            return late
        if isinstance(exact, Missing):
            question = question or _question(system, workload, exact)
    return question


def _held(
    system: System, workload: Workload, objectives: Mapping[float, float], missing: Missing, peak: bool
) -> Late | Undecided | None:
    """Return that workers are all held; where their own work is too much already, CAP001 reports it."""
    path = path_of(system, workload)
    if not objectives or missing.needs or path is None or len(path.order) > MOST_COMPONENTS:
        return None
    rates = rates_at_peak(system, workload) if peak else rates_at_mean(system)
    full = response(system, workload, rates)
    if not isinstance(full, Overloaded) or not full.held:
        return None
    needs = slots_of(system, system.components[full.component]).needs
    if needs:                             # there may be more workers than the one assumed
        return Undecided(workload.place("slo", "latency"), needs, "how long answers take under load")
    fraction = max(objectives)
    return Late(workload, fraction, objectives[fraction], peak, 0.0, 0.0, None, full)


def _question(system: System, workload: Workload, found: Missing) -> Undecided | None:
    """Ask for what is missing, if the file states the rates and times and only few facts are left."""
    path = path_of(system, workload)
    if path is None or not 0 < len(found.needs) <= _MOST_NEEDS or len(path.unknown) > len(path.order) / 2:
        return None
    return Undecided(workload.place("slo", "latency"), found.needs, "how long answers take under load")


def _worst(system: System, workload: Workload, objectives: Mapping[float, float], found: Latency) -> Late | None:
    missed = [
        (found.seconds(fraction) / objective_s if objective_s > 0 else float("inf"), fraction, objective_s)
        for fraction, objective_s in objectives.items() if exceeds(found.seconds(fraction), objective_s)
    ]  # fmt: skip
    if not missed:
        return None
    _, fraction, objective_s = max(missed)
    idle = response(system, workload, found.rates, Settings(waits=0.0))
    unloaded_s = idle.time.percentile(fraction) if isinstance(idle, Response) else 0.0
    return Late(
        workload, fraction, objective_s, found.at_peak, found.seconds(fraction), unloaded_s, found
    )  # fmt: skip


def hops_of(found: Response, fraction: float) -> tuple[tuple[str, float], ...]:
    """Return the components on the path that do work, in the order of the request, each with its own percentile."""
    times = found.own_times().items()
    return tuple((name, time.percentile(fraction)) for name, time in times if time.mean > 0)


def is_deep(hops: Sequence[tuple[str, float]], unloaded_s: float, objective_s: float) -> bool:
    """Whether an objective is missed without any wait because of the number of hops: no hop takes half of it."""
    slow = max((time_s for _, time_s in hops), default=0.0)
    return len(hops) >= DEEP and exceeds(unloaded_s, objective_s) and slow <= objective_s / 2


def objective_place(workload: Workload, fraction: float) -> Place:
    """Return the place of an objective."""
    return workload.place("slo", "latency", format_percentile(fraction))


def objective_term(workload: Workload, fraction: float, objective_s: float) -> Term:
    """Return an objective as the limit."""
    name = format_percentile(fraction)
    label, at = f"SLO of {workload.name}, {name}", objective_place(workload, fraction)
    return Term("objective", label, objective_s, "s", Origin.STATED, at, limit=True)

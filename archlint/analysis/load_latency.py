"""The latency of a workload under load: its percentiles, where the time goes, and how it grows with the rate."""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec

from archlint.analysis.latency import Latency, latency
from archlint.analysis.quantity import Missing, Quantity
from archlint.analysis.responses import Overloaded, Response, response
from archlint.analysis.result_time import gets_results_later
from archlint.analysis.runs import starts_runs
from archlint.analysis.stations import Rates, rates_at_mean
from archlint.analysis.system import System
from archlint.analysis.waterfalls import Waterfall, WaterfallStep, fractions_of
from archlint.model.architecture import Workload
from archlint.model.quantities import format_percentile
from archlint.verdicts import Certainty, Origin, Term

Number = Quantity | Missing
_SHOWN = (0.5, 0.95, 0.99)
_POINTS = 25
_HALVINGS = 7
_NEAR = 0.02
"""At the breaking rate itself, rounding decides."""
_SHOWN_SHARE = 1e-9
"""Smaller parts are rounding."""


class Loaded(msgspec.Struct, frozen=True):
    """The percentiles of a workload at its mean rate and its peak, where the time goes, how busy components are."""

    numbers: tuple[Number, ...] = ()
    waterfalls: tuple[Waterfall, ...] = ()
    occupied: dict[str, Quantity] = {}


class LoadCurve(msgspec.Struct, frozen=True):
    """Percentiles in seconds at rising rates of a workload, while the others stay as they are."""

    fraction: float
    points: tuple[tuple[float, float], ...]


def loaded(system: System, workload: Workload) -> Loaded:
    """Return what a workload's answers take under load."""
    if starts_runs(system, workload):
        return Loaded(())                                # nobody waits: its result time is that of the runs
    mean = latency(system, workload)
    numbers: list[Number] = []
    waterfalls: list[Waterfall] = []
    fractions = dict.fromkeys((*_SHOWN, *(fraction for fraction, _ in workload.slo.latency)))
    if isinstance(mean, Latency):
        numbers += (mean.quantity(fraction) for fraction in sorted(fractions))
        accepted = gets_results_later(system, workload)
        waterfalls += (
            msgspec.structs.replace(_waterfall(mean, fraction, objective_s), accepted=accepted)
            for fraction, objective_s in fractions_of(workload, accepted)
        )
    elif mean.needs or _is_telling(mean):
        numbers.append(msgspec.structs.replace(mean, name="p99"))
    if workload.peak_per_s is not None:
        numbers += _at_peak(system, workload)
    occupied = dict(mean.occupied()) if isinstance(mean, Latency) else {}
    return Loaded(tuple(filter(_is_finite, numbers)), tuple(one for one in waterfalls if one.steps), occupied)


def _is_telling(number: Missing) -> bool:
    """Whether the reason is in the system, and not that nobody waits or that a path is too long."""
    return "overloaded" in number.because or "no replicas" in number.because


def _is_finite(number: Number) -> bool:
    return isinstance(number, Missing) or math.isfinite(number.value)


def _at_peak(system: System, workload: Workload) -> Iterator[Number]:
    peak = latency(system, workload, peak=True)
    if isinstance(peak, Latency):
        for fraction, _ in fractions_of(workload):
            yield msgspec.structs.replace(peak.quantity(fraction), name=f"peak_{format_percentile(fraction)}")
    elif peak.needs or _is_telling(peak):
        yield msgspec.structs.replace(peak, name="peak_p99")


def _waterfall(found: Latency, fraction: float, objective_s: float | None) -> Waterfall:
    """Return where the time goes: at each component, the wait for a worker, then the work."""
    steps, start_s = [], 0.0
    for hop in found.hops(fraction):
        at = found.system.components[hop.component].place()
        for label, time_s in ((f"wait at {hop.component}", hop.wait_s), (f"work of {hop.component}", hop.work_s)):
            if time_s > _SHOWN_SHARE * found.seconds(fraction):
                steps.append(WaterfallStep(label, start_s, time_s, Certainty.ESTIMATED, at))
                start_s += time_s
    return Waterfall(fraction, found.quantity(fraction), tuple(steps), (), objective_s)


def saturation(system: System, workload: Workload, breaks_at: float | None) -> Quantity | None:
    """Return the rate at which the queue of a component grows without limit, if that is below `breaks_at`.

    A worker that waits for another component is not free meanwhile, so fewer requests than its own work allows may be
    too many. None if nothing saturates below `breaks_at`, or facts are missing.
    """
    if not breaks_at or not math.isfinite(breaks_at):
        return None
    base = rates_at_mean(system)
    fits, full = 0.0, breaks_at
    found = _at(system, workload, base, breaks_at * (1 - _NEAR))
    if not isinstance(found, Overloaded):
        return None
    for _ in range(_HALVINGS):
        middle = (fits + full) / 2
        there = _at(system, workload, base, middle)
        if isinstance(there, Overloaded):
            full, found = middle, there
        elif there is None:
            return None
        else:
            fits = middle
    where = Term("bottleneck", "component that saturates first", found.component, "", Origin.DERIVED)
    held = Term("held", "its workers are held while they wait for others", found.held, "", Origin.DERIVED)
    formula = "rate at which work and held waits keep all workers busy"
    return Quantity("saturates_at", full, "/s", formula, (where, held), Certainty.ESTIMATED)


def _at(system: System, workload: Workload, base: Rates, per_s: float) -> Response | Overloaded | None:
    return response(system, workload, {**base, workload.name: per_s})


def load_curves(system: System, workload: Workload, breaks_at: float | None) -> tuple[LoadCurve, ...]:
    """Return p50 and the percentiles of the objectives at rates up to the one at which a component is full."""
    limit = saturation(system, workload, breaks_at)
    most = limit.value if limit is not None else breaks_at or 2 * (workload.rate_per_s or 0.0)
    base = rates_at_mean(system)
    fractions = sorted({0.5, *(fraction for fraction, _ in fractions_of(workload))})
    points: dict[float, list[tuple[float, float]]] = {fraction: [] for fraction in fractions}
    for step in range(1, _POINTS):
        per_s = most * step / _POINTS
        found = _at(system, workload, base, per_s) if per_s > 0 else None
        if not isinstance(found, Response):
            break
        for fraction, known in points.items():
            known.append((per_s, found.time.percentile(fraction)))
    return tuple(LoadCurve(fraction, tuple(known)) for fraction, known in points.items() if len(known) > 1)

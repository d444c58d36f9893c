"""One call for all of it: a system, a load, and perhaps an outage."""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

from archlint.analysis.stations import rates_at_mean, rates_at_peak
from archlint.analysis.system import System
from archlint.errors import UsageError
from archlint.simulation.outages import Asked, run_with_outage
from archlint.simulation.reading import MissingFactsError, Reading
from archlint.simulation.results import Simulation
from archlint.simulation.running import Plan, run


class Simulated(msgspec.Struct, frozen=True):
    """A simulation of a system, the load in words, and what was assumed (`notes`)."""

    system: str
    load: str
    results: Simulation
    notes: tuple[str, ...]


def simulate_system(
    system: System, workload: str = "", load: str | float = "mean", plan: Plan | None = None,
    outage: Asked | None = None,
) -> Simulated:  # fmt: skip
    """Simulate the workloads of a system, or one of them with those that share a queue with it.

    `load` is `mean`, `peak` (of the named workload, beside the mean rates of the others), or a factor of the means.
    Raises `UsageError` for a wrong call, and `MissingFactsError` if the file does not state what a simulation needs.
    """
    plan = plan or Plan()
    rates, words = _rates(system, workload, load)
    reading = Reading(system, rates, workload)
    found = run(reading.scenario, plan) if outage is None else run_with_outage(reading.scenario, outage, plan)
    return Simulated(system.architecture.name or "", words, found, reading.notes)


def _rates(system: System, workload: str, load: str | float) -> tuple[Mapping[str, float | None], str]:
    if load == "mean":
        return rates_at_mean(system), "at the mean rates"
    if load == "peak":
        chosen = workload or _only_peak(system)
        if chosen in system.workloads and system.workloads[chosen].peak_per_s is None:
            raise MissingFactsError(system, (system.workloads[chosen].place("peak"),))
        if chosen not in system.workloads:
            raise UsageError(f"the system has no workload `{chosen}`", f"its workloads: {', '.join(system.workloads)}")
        return rates_at_peak(system, system.workloads[chosen]), f"at the peak of {chosen}"
    try:
        factor = float(load)
    except ValueError:
        factor = 0.0
    if not (0 < factor < math.inf):
        raise UsageError(f"`{load}` is no load", "write mean, peak, or a factor of the mean rates such as 1.5")
    rates = {name: None if rate is None else rate * factor for name, rate in rates_at_mean(system).items()}
    return rates, f"at {factor:g} times the mean rates"


def _only_peak(system: System) -> str:
    peaks = [name for name, workload in system.workloads.items() if workload.peak_per_s is not None]
    if len(peaks) == 1:
        return peaks[0]
    if not peaks:
        raise UsageError("no workload has a `peak`", "add it, or name a factor of the mean rates, such as --load 2")
    what = f"{len(peaks)} workloads have a `peak`, and the file does not state that they come together"
    raise UsageError(what, f"choose one with --workload: {', '.join(peaks)}")

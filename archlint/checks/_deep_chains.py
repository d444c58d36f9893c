"""What REL013 says of a workload whose path may have too many hops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archlint.analysis.generation import generating, may_generate
from archlint.analysis.generative import streaming_unsaid
from archlint.analysis.responses import Response, unloaded
from archlint.analysis.system import System
from archlint.checks._late import DEEP, hops_of, is_deep, objective_place, objective_term
from archlint.checks._lines import path_to
from archlint.checks._loss import Traffic, beyond
from archlint.model.architecture import Workload
from archlint.model.quantities import format_duration, format_percentile
from archlint.verdicts import Certainty, Hit, Origin, Related, Term, Undecided

_MOST_SHOWN = 8
_SHARES = frozenset({"hit_ratio", "models"})
"""Keys without which a path may be shorter: a hit saves the work behind a cache."""


def judge(system: System, workload: Workload, objectives: Mapping[float, float]) -> Hit | Undecided | None:
    """Return a hit if the number of hops alone makes a workload miss an objective (seconds by percentile).

    Unknown times are taken as 0, so the hit holds without them; a chain that is near its objective asks for them.
    """
    if streaming_unsaid(workload) and may_generate(system, workload) and generating(system, workload):
        return None                       # the objective may be for the first token
    known = unloaded(system, workload)
    if known is None:
        return None
    found, unknown = known
    shares = [place for place in unknown if place.last in _SHARES]
    hit = _worst(system, workload, objectives, found) if not shares else None
    hops = sum(time.mean > 0 for time in found.own_times().values())
    if hit is not None or hops < DEEP or not 0 < len(unknown) < hops:
        return hit
    return Undecided(workload.place("slo", "latency"), unknown, "how long the path takes without waits")


def _worst(system: System, workload: Workload, objectives: Mapping[float, float], found: Response) -> Hit | None:
    missed = []
    for fraction, objective_s in objectives.items():
        time_s, hops = found.time.percentile(fraction), hops_of(found, fraction)
        if is_deep(hops, time_s, objective_s):
            missed.append((time_s - objective_s, fraction, objective_s, time_s, hops))
    if not missed:
        return None
    _, fraction, objective_s, time_s, hops = max(missed)
    return _hit(system, Traffic(system), workload, fraction, objective_s, time_s, hops)


def _hit(
    system: System, traffic: Traffic, workload: Workload, fraction: float, objective_s: float, time_s: float,
    hops: Sequence[tuple[str, float]],
) -> Hit:  # fmt: skip
    name = format_percentile(fraction)
    slowest, slow_s = max(hops, key=lambda hop: (hop[1], hop[0]))
    message = (
        f"a request of `{workload.name}` passes {len(hops)} components that do work: together they take about "
        f"{format_duration(time_s)} at {name} without any wait, over the objective of {format_duration(objective_s)}, "
        f"but the slowest, `{slowest}`, takes only {format_duration(slow_s)}"
    )
    largest = sorted(hops, key=lambda hop: (-hop[1], hop[0]))[:_MOST_SHOWN]
    shown = {one for one, _ in largest}
    terms = [
        Term("hop_time", f"work of {one}, {name}", own_s, "s", Origin.DERIVED, system.components[one].place())
        for one, own_s in hops if one in shown
    ]  # fmt: skip
    note = "the distributions of all hops, in sequence and side by side"
    terms += [
        Term("hops", "components that do work", float(len(hops)), "count", Origin.DERIVED),
        Term("unloaded", f"whole path, {name}, without waits", time_s, "s", Origin.DERIVED, None, note),
        objective_term(workload, fraction, objective_s),
    ]
    last = hops[-1][0]
    return Hit(
        objective_place(workload, fraction),
        message,
        tuple(terms),
        tuple(Related(system.components[one].place(), f"{format_duration(own_s)} at {name}") for one, own_s in largest),
        Certainty.ESTIMATED,
        whole_graph=True,
        cures=("microservice-horizontal", "data-cache", "prediction-cache", "asynchronous"),
        path=path_to(system, workload, last),
        loss=traffic.share([workload]) * beyond(time_s, objective_s),
    )

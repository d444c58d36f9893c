"""What CAP002 says of a workload whose answers may miss an objective under load."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from archlint.analysis.latency import Enough, Latency, describe_band, replicas_for, station_terms
from archlint.analysis.responses import Occupied, Overloaded
from archlint.analysis.system import System
from archlint.checks._late import Late, late_answers, objective_place, objective_term
from archlint.checks._lines import path_to
from archlint.checks._loss import Traffic, beyond
from archlint.checks._slow_together import judge as slow_together
from archlint.model.architecture import Component, Workload
from archlint.model.pieces import Price
from archlint.model.quantities import format_count, format_duration, format_percentile, format_share
from archlint.verdicts import Certainty, Hit, Origin, Related, Severity, Term, Undecided, Verdict

_MOST_QUEUES: Final = 3
_MOST_MEASURED: Final = 1.5
"""Bands were measured up to this squared coefficient of variation."""


def judge(system: System, workload: Workload, objectives: Mapping[float, float]) -> Verdict | None:
    """Return a hit if the answers of a workload miss an objective, or what is missing to know.

    Objectives are seconds by percentile. A model that is too slow by itself is not reported here.
    """
    found = late_answers(system, workload, objectives)
    if found is None or isinstance(found, Undecided):
        return found
    if found.overloaded is not None:
        return _held(system, Traffic(system), found, found.overloaded)
    if found.answers is None or found.unloaded_s > found.objective_s:
        return slow_together(system, found)
    slow = _slowest_queue(found.answers)
    if slow is None or slow.station.needs:
        return None                       # with more workers than the one assumed, nobody may wait
    return _late(system, Traffic(system), found, found.answers)


def _late(system: System, traffic: Traffic, late: Late, answers: Latency) -> Hit:
    band, name = answers.band(late.fraction), format_percentile(late.fraction)
    slow = _slowest_queue(answers)
    enough = replicas_for(answers, late.fraction, late.objective_s)
    parts = [
        f"answers of `{late.workload.name}` take about {format_duration(late.value_s)} at {name} {late.when} "
        f"({describe_band(band)}), and the objective is {format_duration(late.objective_s)}"
    ]
    if slow is not None:
        here = slow.station.component.name
        parts.append(
            f"{format_share(slow.wait.waits)} of the requests at `{here}` wait for a worker, "
            f"{format_duration(slow.wait.scale_s)} on average (utilisation {format_share(slow.utilisation)})"
        )
        parts.append(_fix(system.components[here], enough))
    objective = objective_term(late.workload, late.fraction, late.objective_s)
    terms = [*_terms(answers), *_result(late, band), objective]
    hit = _hit(system, traffic, late, slow.station.component if slow is not None else None, "; ".join(parts), terms)
    return msgspec.structs.replace(
        hit,
        band=band,
        band_beyond=band[0] > late.objective_s and slow is not None and slow.cv2 <= _MOST_MEASURED,
        cures=_cures(late.workload, enough),
        loss=traffic.share([late.workload]) * beyond(late.value_s, late.objective_s),
    )


def _held(system: System, traffic: Traffic, late: Late, full: Overloaded) -> Hit:
    component = system.components[full.component]
    message = (
        f"`{full.component}` cannot keep up {late.when} of `{late.workload.name}`: its workers also wait for other "
        f"components, so it needs about {format_count(full.utilisation)} times its workers; answers miss the objective "
        f"of {format_duration(late.objective_s)} at {format_percentile(late.fraction)}{_needed(component, full)}"
    )
    objective = objective_term(late.workload, late.fraction, late.objective_s)
    busy = Term("utilisation", f"utilisation of {full.component}", full.utilisation, "share", Origin.DERIVED)
    hit = _hit(system, traffic, late, component, message, [busy, objective])
    loss = traffic.share([late.workload]) * beyond(full.utilisation, 1.0)
    return msgspec.structs.replace(hit, cures=("replicate",), loss=loss)


def _needed(component: Component, full: Overloaded) -> str:
    """Say with how many replicas the workers are not all busy."""
    if component.replicas is None:
        return ""
    return f"; it needs about {format_count(math.floor(full.utilisation * component.replicas) + 1)} replicas"


def _hit(
    system: System, traffic: Traffic, late: Late, component: Component | None, message: str, terms: list[Term]
) -> Hit:
    related, absent = [], []
    if component is not None:
        key = "replicas" if component.replicas is not None else "workers"
        related.append(Related(component.place(key), f"requests wait for a worker of `{component.name}`"))
        absent = [component.place("workers"), component.place("batching"), component.place("autoscale")]
    return Hit(
        objective_place(late.workload, late.fraction),
        message,
        tuple(terms),
        tuple(related),
        Certainty.ESTIMATED,
        absent=tuple(absent),
        severity=Severity.WARNING if late.peak else None,
        path=path_to(system, late.workload, component.name) if component is not None else (),
    )


def _slowest_queue(answers: Latency) -> Occupied | None:
    """Return the queue that adds most to an answer; of equal ones, the first by name."""
    visits = answers.response.path.visits
    waits = {name: visits[name] * found.wait.mean_s for name, found in answers.stations.items()}
    name = min(waits, key=lambda one: (-waits[one], one), default=None)
    return answers.stations[name] if name is not None and waits[name] > 0 else None


def _terms(answers: Latency) -> Iterator[Term]:
    """Yield the rate, and the terms of the queues that add most."""
    queues = {name: found for name, found in answers.stations.items() if found.wait.mean_s > 0}
    largest = sorted(queues, key=lambda name: -queues[name].wait.mean_s)[:_MOST_QUEUES]
    key = "peak" if answers.at_peak else "rate"
    rate = answers.rates.get(answers.workload.name) or 0.0
    yield Term(key, f"{key} of {answers.workload.name}", rate, "/s", Origin.STATED, answers.workload.place(key))
    for name in largest:
        yield from station_terms(queues[name])
    others = [name for name in queues if name not in largest]
    if others:
        waits_s = sum(answers.response.path.visits[name] * queues[name].wait.mean_s for name in others)
        label = f"mean waits at {len(others)} other component{'s, together' if len(others) > 1 else ''}"
        yield Term("other_waits", label, waits_s, "s", Origin.DERIVED, None, "Allen-Cunneen, per request")


def _result(late: Late, band: tuple[float, float]) -> Iterator[Term]:
    name = format_percentile(late.fraction)
    note = "the distributions of the hops, without waits"
    yield Term("unloaded", f"whole path, {name}, without waits", late.unloaded_s, "s", Origin.DERIVED, None, note)
    note = f"with waits; nine of ten systems: {describe_band(band)}"
    yield Term("latency", f"whole path, {name}, about", late.value_s, "s", Origin.DERIVED, None, note)


def _fix(component: Component, enough: Enough | None) -> str:
    if enough is None:
        return f"more replicas of `{component.name}` alone are not enough"
    before, after = format_count(enough.before), format_count(enough.replicas)
    cost = _cost(component.price, enough.replicas - enough.before)
    said = f"with {after} replicas instead of {before}, `{component.name}` meets the objective"
    return f"{said}{cost}"


def _cost(price: Price | None, more: int) -> str:
    """Say what more replicas cost, if the price of one for a time is known."""
    if price is None or price.amount is None or price.amount.per_s is None:
        return ""
    hourly = more * price.amount.amount * 3600 / price.amount.per_s
    return f", and costs {hourly:.3g} {price.amount.currency} more per hour"


def _cures(workload: Workload, enough: Enough | None) -> tuple[str, ...]:
    found = ["replicate"] if enough is not None else []
    if (workload.repeats or 0.0) > 0:
        found.append("prediction-cache")
    found += ["smaller-model", "data-cache"]
    if workload.waits is False:
        found.append("asynchronous")
    return tuple(found)

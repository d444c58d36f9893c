"""Where the time of a request goes along its path: on idle servers, as a bound."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from archlint.analysis.floors import Floor, FloorOf
from archlint.analysis.quantity import Missing, Quantity
from archlint.analysis.result_time import gets_results_later
from archlint.analysis.system import System
from archlint.model.architecture import Workload
from archlint.model.places import Place
from archlint.model.quantities import format_percentile
from archlint.verdicts import Certainty, Origin, Term

USUAL: Final = 0.99
"""The percentile of a workload without an objective."""
_MOST_TERMS: Final = 24


class WaterfallStep(msgspec.Struct, frozen=True):
    """One piece of the time of a request, after those before it: `start_s` to `start_s + time_s`."""

    label: str
    start_s: float
    time_s: float
    certainty: Certainty
    at: Place | None = None
    formula: str = ""


class Waterfall(msgspec.Struct, frozen=True):
    """Where the time of the slowest requests goes, at one percentile: the steps add up to `total`.

    `unknown` are the service times that the file does not state; they are 0 in it. `bounded` are those for which the
    minimum on the stated hardware is in it. `objective_s` is the SLO. `accepted`: it ends when the request is accepted;
    the result comes later.
    """

    fraction: float
    total: Quantity
    steps: tuple[WaterfallStep, ...]
    unknown: tuple[Place, ...] = ()
    objective_s: float | None = None
    accepted: bool = False
    bounded: tuple[Place, ...] = ()


def idle_waterfalls(system: System, workload: Workload) -> Iterator[Waterfall | Missing]:
    """Yield the least time of an answer at each percentile of the objectives, along the path.

    `Missing` if the file states none of its times.
    """
    floors = FloorOf(system, workload)
    accepted = gets_results_later(system, workload)
    for fraction, objective_s in fractions_of(workload, accepted):
        floor = floors.answer(fraction)
        if floor.at_s <= 0 and floor.unknown:
            yield Missing(_least(fraction), floor.unknown)
        elif floor.at_s > 0:
            yield msgspec.structs.replace(_waterfall(floor, fraction, objective_s), accepted=accepted)


def fractions_of(workload: Workload, accepted: bool = False) -> Iterator[tuple[float, float | None]]:
    """Yield the percentiles of the objectives of a workload with their times; p99 if it has none.

    With `accepted`, the objectives are for something else than the answer: only their percentiles are given.
    """
    for fraction, objective_s in workload.slo.latency or ((USUAL, None),):
        yield fraction, None if accepted else objective_s


def _waterfall(floor: Floor, fraction: float, objective_s: float | None) -> Waterfall:
    steps, start_s = [], 0.0
    for part in floor.parts:
        label = part.label.removesuffix(", service time")
        steps.append(WaterfallStep(label, start_s, part.value_s, part.certainty, part.at, part.formula))
        start_s += part.value_s
    terms = tuple(
        Term("part", part.label, part.value_s, "s", part.origin, part.at, part.formula)
        for part in floor.parts[:_MOST_TERMS]
    )
    bound = "least" if floor.certainty is Certainty.PROVEN else ""
    formula = "sum of the parts on idle servers"
    total = Quantity(_least(fraction), floor.at_s, "s", formula, terms, floor.certainty, bound)
    bounded = tuple(place for place in floor.unknown if _is_bounded(place, floor))
    unknown = tuple(place for place in floor.unknown if place not in bounded)
    return Waterfall(fraction, total, tuple(steps), unknown, objective_s, bounded=bounded)


def _least(fraction: float) -> str:
    return f"least_{format_percentile(fraction)}"


def _is_bounded(place: Place, floor: Floor) -> bool:
    """Return whether the floor has the minimum of the time that a fact would give: of its model on its hardware."""
    section, name, *keys = place.names
    computed = [part for part in floor.parts if part.origin is Origin.DERIVED and part.model]
    if section == "models":          # hardware gives no least time of the tokens after the first
        return keys[:1] != ["tpot"] and any(part.model == name for part in computed)
    return keys[:1] == ["hardware"] and any(part.server == name for part in computed)

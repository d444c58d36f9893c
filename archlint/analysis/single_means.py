"""Floors of the mean of single pieces of work, and their sum."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from archlint.analysis.amounts import mean_of_steps
from archlint.analysis.floor_parts import NOTHING, Floor, Part, in_sequence
from archlint.analysis.service_time import mean
from archlint.model.architecture import ServiceTime
from archlint.model.places import Place
from archlint.verdicts import Certainty, Origin


@lru_cache(maxsize=4096)
def least_mean(time: ServiceTime) -> float | None:
    """Return what the mean is at least: stated, or by the steps of the stated percentiles. In seconds.

    >>> least_mean(ServiceTime(percentiles=((0.5, 0.1), (0.9, 0.2))))
    0.06
    """
    if time.constant_s is not None:
        return time.constant_s
    if time.mean_s is not None:
        return time.mean_s
    return round(mean_of_steps(time.percentiles), 12) or None


def mean_floor(time: ServiceTime, label: str, at: Place, estimated: bool, model: str = "", server: str = "") -> Floor:
    """Return the floor of the mean of a stated time."""
    exact = time.constant_s if time.constant_s is not None else time.mean_s
    value_s, certainty, note = least_mean(time) or 0.0, Certainty.PROVEN, ""
    if exact is None:
        note = "least by the stated percentiles"
        fitted = mean(time) if estimated else None
        if fitted is not None and fitted > value_s:
            value_s, certainty, note = fitted, Certainty.ESTIMATED, "lognormal through what is stated"
    if value_s <= 0:
        return Floor(unknown=(at.key("mean"),))
    origin = Origin.DERIVED if note else Origin.STATED
    part = Part(f"{label}, mean", value_s, origin, at, note, model, server, certainty)
    least = (value_s, (part,)) if time.constant_s is not None else (0.0, ())
    return Floor(least[0], value_s, (part,), least[1], (), certainty)


def sum_of_means(floors: Iterable[Floor]) -> Floor:
    """Add means up."""
    pieces = [floor for floor in floors if floor is not NOTHING]
    joined = in_sequence(pieces)
    parts = tuple(part for piece in pieces for part in piece.parts)
    order = (Certainty.PROVEN, Certainty.ESTIMATED, Certainty.HEURISTIC)
    weakest = max((piece.certainty for piece in pieces if piece.at_s > 0), key=order.index, default=Certainty.PROVEN)
    at_s = sum(piece.at_s for piece in pieces)
    return Floor(joined.least_s, at_s, parts, joined.least_parts, joined.unknown, weakest)

"""The course of a simulation: latency and backlog over time, on average over replications."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from archlint.simulation.backend import Outcome
from archlint.simulation.results import Moment
from archlint.simulation.scenario import REJECTED
from archlint.simulation.statistics import quantile

MOMENTS: Final = 40
_SHOWN: Final = 5
"""With fewer answers in an interval, its percentiles are left out."""


def course_of(stream: str, queue: str, outcomes: Sequence[Outcome], seconds: float) -> tuple[Moment, ...]:
    """Return the course of a stream in intervals of equal length, from the start of the simulation to its end."""
    width = seconds / MOMENTS
    times: list[list[float]] = [[] for _ in range(MOMENTS)]
    came, went = [0] * MOMENTS, [0] * (MOMENTS + 1)
    rejected, late = [0] * MOMENTS, [0] * MOMENTS
    for one in outcomes:
        reasons = one.lost or [0.0] * len(one.arrived)
        for t, end, why in zip(one.arrived, one.ended, reasons, strict=True):
            if t == math.inf or (queue and end == math.inf):
                continue
            place = min(int(t / width), MOMENTS - 1)
            came[place] += 1
            went[min(int(end / width), MOMENTS) if end < math.inf else MOMENTS] += 1
            if not why:
                times[place].append(end - t)
            elif why == REJECTED:
                rejected[place] += 1
            else:
                late[place] += 1
    found, inside, count = [], 0, max(1, len(outcomes))
    for place in range(MOMENTS):
        inside += came[place] - went[place]
        ordered = sorted(times[place])
        shown = len(ordered) >= _SHOWN
        found.append(Moment(
            stream, queue, place * width, (place + 1) * width, came[place] / count,
            quantile(ordered, 0.5) if shown else None, quantile(ordered, 0.99) if shown else None,
            inside / count, rejected[place] / count, late[place] / count,
        ))  # fmt: skip
    return tuple(found)

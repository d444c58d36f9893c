"""Percentiles with confidence intervals, from independent replications."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Final

import msgspec

CONFIDENCE: Final = 0.95
_QUANTILE: Final = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


class Interval(msgspec.Struct, frozen=True):
    """An estimate with its confidence interval; both ends are None if there are too few requests for one."""

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def relative_width(self) -> float:
        """Half of the interval as a share of the value; infinite without an interval."""
        if self.low is None or self.high is None:
            return math.inf
        return (self.high - self.low) / 2 / self.value if self.value > 0 else 0.0


def quantile(ordered: Sequence[float], fraction: float) -> float:
    """Return a quantile of values in rising order, between the two nearest.

    >>> quantile([1.0, 2.0, 4.0], 0.75)
    3.0
    """
    place = fraction * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def interval(value: float, each: Sequence[float]) -> Interval:
    """Return an estimate from all replications, with the interval that the estimates of each one give.

    >>> interval(2.0, [1.0, 2.0, 3.0]).low
    0.0
    """
    if len(each) < 3:
        return Interval(value)
    mean = sum(each) / len(each)
    deviation = math.sqrt(sum((one - mean) ** 2 for one in each) / (len(each) - 1) / len(each))
    half = student(len(each) - 1) * deviation
    return Interval(value, max(0.0, value - half), value + half)


def student(freedom: int) -> float:
    """Return the two-sided quantile of Student's distribution (Abramowitz and Stegun 26.7.5).

    >>> round(student(9), 2), round(student(1000), 2)
    (2.26, 1.96)
    """
    z, n = _QUANTILE, freedom
    terms = (
        (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96, (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )  # fmt: skip
    return z + terms[0] / n + terms[1] / n**2 + terms[2] / n**3

"""The distribution of measured times."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import ceil, fsum, sqrt
from typing import Final

import msgspec

FRACTIONS: Final = (0.5, 0.95, 0.99)
ABOVE: Final = 5
"""A percentile is stated only if so many samples lie above it: with fewer, chance decides it."""


class Times(msgspec.Struct, frozen=True):
    """Measured times in seconds: their number, mean, coefficient of variation, and percentiles with their fractions."""

    count: int
    mean_s: float
    cv: float
    percentiles: tuple[tuple[float, float], ...]

    def at(self, fraction: float) -> float | None:
        """Return a percentile; None if there are too few samples for it."""
        return next((value for known, value in self.percentiles if known == fraction), None)


def times_of(samples: Iterable[float], weights: Sequence[float] = ()) -> Times:
    """Summarise samples, of which there is at least one; without weights, each counts once.

    A percentile is a measured value, rounded up.

    >>> times_of([1.0, 2.0, 3.0] * 10)
    Times(count=30, mean_s=2.0, cv=0.408248290463863, percentiles=((0.5, 2.0),))
    >>> times_of([1.0, 3.0] * 10, [1.0, 3.0] * 10).mean_s
    2.5
    """
    values = list(samples)
    weighted = sorted(zip(values, weights or [1.0] * len(values), strict=True))
    count, total = len(values), fsum(weight for _, weight in weighted)
    mean = fsum(value * weight for value, weight in weighted) / total
    variance = fsum(weight * (value - mean) ** 2 for value, weight in weighted) / total
    cv = sqrt(variance) / mean if mean > 0 else 0.0
    reached = list(accumulate(weight for _, weight in weighted))
    stated = tuple(
        (fraction, weighted[min(count - 1, bisect_left(reached, fraction * total * (1 - 1e-9)))][0])
        for fraction in FRACTIONS if count * (1 - fraction) >= ABOVE - 1e-9
    )  # fmt: skip
    return Times(count, mean, cv, stated)


def percentile(ordered: Sequence[float], fraction: float) -> float:
    """Return the smallest of sorted samples that at least this fraction of them does not exceed.

    >>> percentile([1.0, 2.0, 3.0, 4.0], 0.5), percentile([1.0, 2.0], 0.99)
    (2.0, 2.0)
    """
    return ordered[max(0, ceil(fraction * len(ordered) - 1e-9) - 1)]

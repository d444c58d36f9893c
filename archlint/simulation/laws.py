"""How long one piece of work takes, as a distribution from which times are drawn.

A time is drawn by inversion: one uniform number gives one time, and a larger number a longer time. So the same seed
gives the same times, with and without NumPy, and whatever else of the system is changed.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from itertools import pairwise
from statistics import NormalDist
from typing import Final

import msgspec

from archlint.model.architecture import ServiceTime

CONSTANT: Final = "constant"
EXPONENTIAL: Final = "exponential"
LOGNORMAL: Final = "lognormal"
SMALLEST: Final = 2.0**-54
"""What stands for a uniform number of zero, which has no normal quantile."""
LARGEST_LOG: Final = 60.0
_NORMAL: Final = NormalDist()


class Law(msgspec.Struct, frozen=True):
    """A distribution of times in seconds.

    `points` are those of a lognormal distribution: (normal quantile, logarithm of the time), in rising order. Two are
    a straight line, so an ordinary lognormal distribution. With more, each pair of neighbours has its own line, as in
    `archlint.analysis.service_time.estimate`.
    """

    kind: str
    mean_s: float
    points: tuple[tuple[float, float], ...] = ()

    @property
    def zero(self) -> bool:
        """Whether every time is zero."""
        return self.kind == CONSTANT and self.mean_s == 0

    def times(self, uniforms: Iterable[float]) -> list[float]:
        """Return a time for each uniform number in [0, 1).

        >>> [round(time, 3) for time in lognormal(0.1, 0.5).times([0.5, 0.99])]
        [0.089, 0.268]
        """
        if self.kind == CONSTANT:
            return [self.mean_s for _ in uniforms]
        if self.kind == EXPONENTIAL:
            mean, log1p = self.mean_s, math.log1p
            return [-mean * log1p(-u) for u in uniforms]
        quantile, exp = _NORMAL.inv_cdf, math.exp
        lines = self.lines()
        if len(lines) == 1:
            _, start, slope = lines[0]
            return [exp(min(LARGEST_LOG, start + slope * quantile(u or SMALLEST))) for u in uniforms]
        starts = [line[0] for line in lines[1:]]
        found = []
        for u in uniforms:
            z = quantile(u or SMALLEST)
            _, start, slope = lines[bisect_right(starts, z)]
            found.append(exp(min(LARGEST_LOG, start + slope * z)))
        return found

    def lines(self) -> list[tuple[float, float, float]]:
        """Return the lines of a lognormal distribution: the quantile from which each holds, its start and its slope."""
        found = []
        for (low, low_log), (high, high_log) in pairwise(self.points):
            slope = (high_log - low_log) / (high - low)
            found.append((low, low_log - slope * low, slope))
        return found


def constant(seconds: float) -> Law:
    """Return the law of a time that is always the same."""
    return Law(CONSTANT, seconds)


def exponential(mean_s: float) -> Law:
    """Return the law of exponential times."""
    return Law(EXPONENTIAL, mean_s)


def lognormal(mean_s: float, cv: float) -> Law:
    """Return the lognormal law of a mean and a coefficient of variation (standard deviation over mean)."""
    if cv == 0 or mean_s == 0:
        return constant(mean_s)
    variance = math.log1p(cv**2)
    middle, sigma = math.log(mean_s) - variance / 2, math.sqrt(variance)
    return Law(LOGNORMAL, mean_s, ((0.0, middle), (1.0, middle + sigma)))


def law_of(time: ServiceTime) -> Law | None:
    """Return the law of a stated service time; None if the file does not state how much it varies.

    >>> law_of(ServiceTime(percentiles=((0.5, 0.1),))) is None
    True
    >>> round(law_of(ServiceTime(percentiles=((0.5, 0.1), (0.99, 0.4)))).mean_s, 4)
    0.1194
    """
    if time.constant_s is not None:
        return constant(time.constant_s)
    points = sorted({p: value for p, value in time.percentiles if value > 0 and 0 < p < 1}.items())
    if len(points) > 1:
        knots = tuple((_NORMAL.inv_cdf(p), math.log(value)) for p, value in points)
        mean = _mean_of(Law(LOGNORMAL, 0.0, knots)) if time.mean_s is None else time.mean_s
        return Law(LOGNORMAL, mean, knots)
    if time.mean_s is not None and time.cv is not None:
        return lognormal(time.mean_s, time.cv)
    return None


def _mean_of(law: Law) -> float:
    """Return the mean of a lognormal law of lines: the sum over the lines of the mean within each."""
    lines, total = law.lines(), 0.0
    for number, (low, start, slope) in enumerate(lines):
        first = -math.inf if number == 0 else low
        last = math.inf if number == len(lines) - 1 else lines[number + 1][0]
        power = start + slope * slope / 2
        inside = _NORMAL.cdf(last - slope) - _NORMAL.cdf(first - slope)
        total += math.exp(min(LARGEST_LOG, power)) * inside
    return total

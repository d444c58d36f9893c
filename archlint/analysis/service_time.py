"""Percentiles from stated service times: bounds for any distribution, and lognormal estimates."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import msgspec

from archlint.analysis.normal import normal_quantile
from archlint.model.architecture import ServiceTime
from archlint.model.places import Place
from archlint.model.quantities import format_percentile

_SAME: Final = 1e-12
_LARGEST_POWER: Final = 345.0
"""Its exponential can be squared without an overflow, which Python raises."""


class Bound(msgspec.Struct, frozen=True):
    """A value in seconds, with its stated key, and a formula if it is derived."""

    value_s: float
    said: str
    at: Place | None = None
    formula: str = ""


def lower_bound(time: ServiceTime, fraction: float, at: Place | None = None) -> Bound | None:
    """Return the highest lower bound of a percentile that holds for any distribution.

    The next lower stated percentile; from mean and cv, Cantelli's inequality: the p-quantile is at least
    mean - sd * sqrt((1 - p) / p). None if the stated values give no lower bound.

    >>> lower_bound(ServiceTime(percentiles=((0.5, 0.85), (0.99, 1.6))), 0.95).value_s
    0.85
    """
    if time.constant_s is not None:
        return Bound(time.constant_s, "service time", at)
    found: list[Bound] = []
    below = [(p, value) for p, value in time.percentiles if p <= fraction + _SAME]
    if below:
        stated, value = below[-1]
        name = format_percentile(stated)
        found.append(Bound(value, name, at.key(name) if at else None))
    if time.mean_s is not None and time.cv is not None and fraction > 0:
        least = time.mean_s * (1 - time.cv * math.sqrt((1 - fraction) / fraction))
        if least > 0:
            formula = f"mean x (1 - cv x sqrt((1-p)/p)), p = {fraction:g}"
            found.append(Bound(least, "least by mean and cv", at.key("mean") if at else None, formula))
    return max(found, key=lambda bound: bound.value_s, default=None)


def says(time: ServiceTime, fraction: float) -> bool:
    """Return whether a percentile is stated, or can be estimated from the stated values.

    >>> says(ServiceTime(percentiles=((0.5, 0.02),)), 0.99)
    False
    """
    if time.constant_s is not None or (time.mean_s is not None and time.cv is not None):
        return True
    known = [p for p, value in time.percentiles if value > 0]
    return len(known) > 1 or any(abs(p - fraction) < 1e-9 for p, _ in time.percentiles)


def upper_bound(time: ServiceTime, fraction: float) -> float | None:
    """Return the lowest upper bound of a percentile in seconds that holds for any distribution.

    The next higher stated percentile; from the mean, Markov's inequality: mean / (1 - p); with cv, Cantelli's:
    mean + sd * sqrt(p / (1 - p)). None if the stated values give no upper bound.

    >>> upper_bound(ServiceTime(percentiles=((0.5, 0.85), (0.99, 1.6))), 0.95)
    1.6
    """
    if time.constant_s is not None:
        return time.constant_s
    found = [value for p, value in time.percentiles if p >= fraction - _SAME]
    if time.mean_s is not None and 0 < fraction < 1:
        found.append(time.mean_s / (1 - fraction))
        if time.cv is not None:
            found.append(time.mean_s * (1 + time.cv * math.sqrt(fraction / (1 - fraction))))
    return min(found, default=None)


def estimate(time: ServiceTime, fraction: float) -> float | None:
    """Return the lognormal estimate of a percentile, in seconds; None if too little is stated.

    Between stated percentiles, the curve goes through both neighbours; outside them, through the nearest two.

    >>> round(estimate(ServiceTime(percentiles=((0.5, 0.1), (0.99, 0.4))), 0.95), 3)
    0.266
    """
    if time.constant_s is not None:
        return time.constant_s
    for p, value in time.percentiles:
        if abs(p - fraction) < _SAME:
            return value
    parameters = _lognormal(time, fraction)
    if parameters is None or not 0 < fraction < 1:
        return None
    mu, sigma = parameters
    return _exp(mu + sigma * normal_quantile(fraction))


def mean(time: ServiceTime) -> float | None:
    """Return the mean in seconds: stated, or that of the lognormal through the lowest and highest stated percentile.

    >>> round(mean(ServiceTime(percentiles=((0.5, 0.1), (0.99, 0.4)))), 4)
    0.1194
    """
    if time.constant_s is not None:
        return time.constant_s
    if time.mean_s is not None:
        return time.mean_s
    parameters = _lognormal(time)
    return _exp(parameters[0] + parameters[1] ** 2 / 2) if parameters else None


def squared_cv(time: ServiceTime) -> float | None:
    """Return the squared coefficient of variation: stated, or that of the lognormal through the outer percentiles.

    >>> squared_cv(ServiceTime(mean_s=0.1, cv=0.5)), squared_cv(ServiceTime(constant_s=0.1))
    (0.25, 0.0)
    """
    if time.constant_s is not None:
        return 0.0
    if time.cv is not None:
        return time.cv**2
    parameters = _lognormal(time)
    above = _exp(parameters[1] ** 2) if parameters else None
    return above - 1 if above is not None else None


def _exp(power: float) -> float | None:
    """Return the exponential; None if it overflows, for percentiles that are absurdly far apart."""
    return math.exp(power) if power < _LARGEST_POWER else None


@lru_cache(maxsize=4096)
def _lognormal(time: ServiceTime, fraction: float | None = None) -> tuple[float, float] | None:
    """Return mu and sigma of the lognormal through two stated percentiles, or from mean and cv; None without these.

    The two percentiles are those around the fraction, or nearest to it; without a fraction, the lowest and highest.
    """
    points = list({p: value for p, value in time.percentiles if value > 0}.items())   # p50 and p50.0 are one
    if len(points) >= 2:
        first, last = 0, len(points) - 1
        if fraction is not None:
            above = sum(p < fraction for p, _ in points)
            last = min(max(above, 1), len(points) - 1)
            first = last - 1
        (low, low_s), (high, high_s) = points[first], points[last]
        sigma = (math.log(high_s) - math.log(low_s)) / (normal_quantile(high) - normal_quantile(low))
        return math.log(low_s) - sigma * normal_quantile(low), sigma
    if time.mean_s is not None and time.mean_s > 0 and time.cv is not None:
        variance = math.log1p(time.cv**2)
        return math.log(time.mean_s) - variance / 2, math.sqrt(variance)
    return None

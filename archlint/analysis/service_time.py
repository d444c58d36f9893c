"""What stated service times say at a percentile: bounds that hold for any distribution, and lognormal estimates."""

from __future__ import annotations

import math

import msgspec

from archlint.model.architecture import ServiceTime
from archlint.model.places import Place
from archlint.model.quantities import format_percentile


class Bound(msgspec.Struct, frozen=True):
    """A value in seconds, with what it was read from: the stated key and a formula where it is not stated itself."""

    value_s: float
    said: str
    at: Place | None = None
    formula: str = ""


def lower_bound(time: ServiceTime, fraction: float, at: Place | None = None) -> Bound | None:
    """The most that is certain of a percentile: it is at least this, whatever the distribution.

    The next lower stated percentile; from mean and cv, Cantelli's inequality: the p-quantile is at least
    mean - sd * sqrt((1 - p) / p). None where nothing is stated that bounds it from below.

    >>> lower_bound(ServiceTime(percentiles=((0.5, 0.85), (0.99, 1.6))), 0.95).value_s
    0.85
    """
    if time.constant_s is not None:
        return Bound(time.constant_s, "service time", at)
    found: list[Bound] = []
    below = [(p, value) for p, value in time.percentiles if p <= fraction + 1e-12]
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


def upper_bound(time: ServiceTime, fraction: float) -> float | None:
    """The least that is certain to be enough at a percentile: the next higher stated one, in seconds."""
    if time.constant_s is not None:
        return time.constant_s
    return next((value for p, value in time.percentiles if p >= fraction - 1e-12), None)


def estimate(time: ServiceTime, fraction: float) -> float | None:
    """The percentile by the lognormal through what is stated, in seconds; None where that says too little.

    >>> round(estimate(ServiceTime(percentiles=((0.5, 0.1), (0.99, 0.4))), 0.95), 3)
    0.266
    """
    if time.constant_s is not None:
        return time.constant_s
    parameters = _lognormal(time)
    if parameters is None:
        return None
    from statistics import NormalDist   # costs more to import than the rest of a small check

    mu, sigma = parameters
    return math.exp(mu + sigma * NormalDist().inv_cdf(fraction)) if 0 < fraction < 1 else None


def mean(time: ServiceTime) -> float | None:
    """The mean in seconds: stated, or of the lognormal through what is stated."""
    if time.constant_s is not None:
        return time.constant_s
    if time.mean_s is not None:
        return time.mean_s
    parameters = _lognormal(time)
    return math.exp(parameters[0] + parameters[1] ** 2 / 2) if parameters else None


def _lognormal(time: ServiceTime) -> tuple[float, float] | None:
    """mu and sigma of the lognormal through the outermost two stated percentiles, or of mean and cv."""
    points = [(p, value) for p, value in time.percentiles if value > 0]
    if len(points) >= 2:
        from statistics import NormalDist

        (low, low_s), (high, high_s) = points[0], points[-1]
        normal = NormalDist()
        sigma = (math.log(high_s) - math.log(low_s)) / (normal.inv_cdf(high) - normal.inv_cdf(low))
        return math.log(low_s) - sigma * normal.inv_cdf(low), sigma
    if time.mean_s is not None and time.mean_s > 0 and time.cv is not None:
        variance = math.log(1 + time.cv**2)
        return math.log(time.mean_s) - variance / 2, math.sqrt(variance)
    return None

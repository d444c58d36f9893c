"""Comparison of two rates: the interval of their difference, and the number of users that is needed to detect one."""

from __future__ import annotations

import math
from statistics import NormalDist


def wilson(successes: int, users: int, confidence: float) -> tuple[float, float]:
    """Return the score interval of a rate (Wilson, JASA 22, 1927).

    >>> [round(limit, 4) for limit in wilson(81, 263, 0.95)]
    [0.2553, 0.3662]
    """
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    rate, scale = successes / users, 1 + z * z / users
    middle = rate + z * z / (2 * users)
    half = z * math.sqrt(rate * (1 - rate) / users + z * z / (4 * users * users))
    return (middle - half) / scale, (middle + half) / scale


def difference(a: tuple[int, int], b: tuple[int, int], confidence: float) -> tuple[float, float, float]:
    """Return rate a - rate b and the limits of its interval, for two groups of (successes, users).

    Method 10 of Newcombe, Statistics in Medicine 17, 1998, "Interval estimation for the difference between
    independent proportions"; the example is from its table II.

    >>> [round(value, 4) for value in difference((56, 70), (48, 80), 0.95)]
    [0.2, 0.0524, 0.3339]
    """
    rate_a, rate_b = a[0] / a[1], b[0] / b[1]
    (low_a, high_a), (low_b, high_b) = wilson(*a, confidence), wilson(*b, confidence)
    apart = rate_a - rate_b
    low = apart - math.hypot(rate_a - low_a, high_b - rate_b)
    high = apart + math.hypot(high_a - rate_a, rate_b - low_b)
    return apart, low, high


def users_needed(baseline: float, effect: float, confidence: float = 0.95, power: float = 0.8) -> int:
    """Return how many users each group needs, to see a rate of `baseline` change by `effect` with this power.

    Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, 3rd edition, 2003, formula 4.14, without
    correction for continuity.

    >>> users_needed(0.5, 0.1)
    388
    """
    normal = NormalDist()
    other = baseline + effect
    mean = (baseline + other) / 2
    sides = normal.inv_cdf(0.5 + confidence / 2) * math.sqrt(2 * mean * (1 - mean))
    tail = normal.inv_cdf(power) * math.sqrt(baseline * (1 - baseline) + other * (1 - other))
    return math.ceil(((sides + tail) / effect) ** 2)

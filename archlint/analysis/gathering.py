"""The wait of a request where workers take several requests at once, and wait for a batch to fill.

A batch starts when a worker is free, and it is full or its first request has waited for the longest delay. So the first
request of a batch waits for the longer of both; those that come meanwhile wait for what is left. The free worker is
that of a queue of batches (Allen-Cunneen), whose mean size follows from the requests that come while the first one
waits.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

from archlint.analysis.distributions import (
    NOTHING,
    Distribution,
    constant,
    mixture,
    of_wait,
    one_after_the_other,
    scaled,
    slowest,
)
from archlint.analysis.queueing import Unstable, Wait, ggc_wait

_POINTS: Final = 24
_PARTS: Final = 12
_MOMENTS: Final = 8
_ROUNDS: Final = 20
_ROUNDING: Final = 1e-9
_MOST: Final = 2_000
"""Larger batches are taken to be of this size in how long they take to fill."""


class Batches(msgspec.Struct, frozen=True):
    """How a queue makes batches: at most `size` requests, and the first waits `delay_s` at most for the others."""

    size: float
    delay_s: float


class Gathered(msgspec.Struct, frozen=True):
    """The wait of a request, as a distribution; `size` is the mean number of requests in a batch.

    `utilisation` is the share of the workers that full batches would keep busy.
    """

    time: Distribution
    size: float
    utilisation: float

    @property
    def wait(self) -> Wait:
        """The wait in short: its mean, and the share of requests that wait at all."""
        mean_s = self.time.mean
        return Wait(1 - self.time.below(0.0) if mean_s > 0 else 0.0, mean_s, self.utilisation)


def filling(rate_per_s: float, batches: Batches) -> Distribution:
    """Return how long the first request of a batch waits for others if a worker is free.

    >>> round(filling(100.0, Batches(2, 0.02)).mean, 5), round(0.01 * (1 - math.exp(-2)), 5)
    (0.00865, 0.00865)
    >>> filling(100.0, Batches(1, 0.02)).mean, filling(0.0, Batches(8, 0.02)).mean
    (0.0, 0.02)
    """
    more = min(int(batches.size), _MOST) - 1
    if more < 1 or batches.delay_s <= 0:
        return NOTHING
    if rate_per_s <= 0:
        return constant(batches.delay_s)
    # Erlang: the probability that fewer than so many come in a time.
    ends = [batches.delay_s * step / _POINTS for step in range(_POINTS + 1)]
    fewer = [_fewer(more, rate_per_s * end) for end in ends]
    points = [(fewer[n] - fewer[n + 1], (ends[n] + ends[n + 1]) / 2) for n in range(_POINTS)]
    return mixture([*((share, constant(at)) for share, at in points), (fewer[-1], constant(batches.delay_s))])


def _fewer(count: int, mean: float) -> float:
    """Return the probability of fewer than `count` arrivals if there are `mean` on average (Poisson).

    >>> round(_fewer(2, 1.0), 6), _fewer(3, 0.0)
    (0.735759, 1.0)
    """
    if mean <= 0:
        return 1.0
    if mean > 700 or count > 500:                            # by the normal approximation
        return 0.5 * math.erfc((mean - count + 0.5) / math.sqrt(2 * mean))
    term = total = math.exp(-mean)
    for number in range(1, count):
        term *= mean / number
        total += term
    return min(1.0, total)


def gathered(
    rate_per_s: float, service: Distribution, workers: int, batches: Batches, arrivals_cv2: float = 1.0
) -> Gathered | Unstable:
    """Return the wait at workers that take batches of one queue; a batch takes as long as one request.

    >>> found = gathered(10.0, constant(0.05), 4, Batches(8, 0.02))
    >>> assert isinstance(found, Gathered)
    >>> round(found.size, 2), round(found.wait.mean_s, 4)
    (1.2, 0.0183)
    """
    size, service_s = max(1.0, batches.size), service.mean
    utilisation = rate_per_s * service_s / (workers * size)
    if utilisation >= 1 - _ROUNDING:
        return Unstable(max(1.0, utilisation))
    fills, rest = filling(rate_per_s, batches), _rest(rate_per_s, service, workers)
    low, high = 1.0, size
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        free = _free(rate_per_s, service, workers, middle, arrivals_cv2)
        comes = math.inf if free is None else 1 + rate_per_s * slowest([fills, _until(free, rest)]).mean
        low, high = (middle, high) if comes > middle else (low, middle)
        if high - low < 1e-3 * high:
            break
    free = _free(rate_per_s, service, workers, high, arrivals_cv2)
    first = slowest([fills, rest if free is None else _until(free, rest)])
    # The probability that a batch is full before it starts: then more wait behind it, and all of it waits for a worker.
    whole = _free(rate_per_s, service, workers, size, arrivals_cv2)
    queued = NOTHING if whole is None else of_wait(whole)
    waited = slowest([first, queued])
    pairs = zip(waited.values, waited.weights, strict=True)
    full = sum(weight * (1 - _fewer(int(size) - 1, rate_per_s * value)) for value, weight in pairs) if size > 1 else 1.0
    full = min(1.0, max(0.0, full))
    behind = one_after_the_other([_spread(fills), queued])
    return Gathered(mixture([(full, behind), (1 - full, _of_one(first, high))]), high, utilisation)


def _until(free: Wait, rest: Distribution) -> Distribution:
    """Return how long the first request of a batch waits for a worker, if no other batch waits."""
    return mixture([(1 - free.waits, NOTHING), (free.waits, rest)])


def _rest(rate_per_s: float, service: Distribution, workers: int) -> Distribution:
    """Return the time from the first request after a batch has started until the next worker is free.

    The others are free at any moment of their work: the next of these comes first.
    """
    points = []
    for value, weight in zip(service.values, service.weights, strict=True):
        for share in _next_of(workers):
            between_s = value * share
            comes = -math.expm1(-rate_per_s * between_s)
            for part in range(_MOMENTS):
                after_s = -math.log1p(-(part + 0.5) / _MOMENTS * comes) / rate_per_s if comes > 0 else 0.0
                points.append((weight * comes, constant(max(0.0, between_s - after_s))))
    total = sum(weight for weight, _ in points)              # more requests come while a long batch is worked on
    return mixture((weight / total, rest) for weight, rest in points) if total > 0 else NOTHING


def _next_of(workers: int) -> tuple[float, ...]:
    """Return after which shares of the work the first of the other workers is free, equally likely.

    >>> _next_of(1), round(sum(_next_of(4)) / len(_next_of(4)), 2)
    ((1.0,), 0.25)
    """
    if workers <= 1:
        return (1.0,)
    return tuple(1 - (1 - (part + 0.5) / _MOMENTS) ** (1 / (workers - 1)) for part in range(_MOMENTS))


def _free(
    rate_per_s: float, service: Distribution, workers: int, size: float, arrivals_cv2: float
) -> Wait | None:
    """Return the wait of a batch for a worker; None if batches of this size are too many."""
    found = ggc_wait(rate_per_s / size, service.mean, workers, arrivals_cv2 / size, service.cv2)
    return None if isinstance(found, Unstable) else found


def _of_one(first: Distribution, size: float) -> Distribution:
    """Return the wait of any request: the others of a batch come while its first one waits."""
    mean_s = first.mean
    if mean_s <= 0:
        return NOTHING
    weights = tuple(weight * value / mean_s for value, weight in zip(first.values, first.weights, strict=True))
    return mixture([(1 / size, first), (1 - 1 / size, _spread(Distribution(first.values, weights)))])


def _spread(times: Distribution) -> Distribution:
    """Return what is left of a time at any moment of it."""
    return mixture((1 / _PARTS, scaled(times, (part + 0.5) / _PARTS)) for part in range(_PARTS))

"""The waits of a request for its first token, at a replica with continuous batching. Pure functions of numbers.

A step reads the prompts that wait and have a place, and makes a token of each answer in progress, of new ones too. So
a request waits for the rest of a step, and its own step also reads the prompts that came with it (a queue with gates).
The length of a step, t + the prompts that came in the one before, each S long, has, with r = rate x S,

    mean = t / (1 - r)        variance = rate x mean x E[S^2] / (1 - r^2)

With n answers in progress, tokens get a share 1 - r of the time, so answers end at the rate n (1 - r) / (tokens x
t(n)). Up to the most answers at once, that is a processor that is shared: how many are in progress depends on the mean
number of tokens only. At the most, requests wait for a place, first come, first served.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

from archlint.analysis.queueing import NO_WAIT, Unstable, Wait
from archlint.analysis.steps import Steps

_NEGLIGIBLE: Final = 1e-12
_MOST_ANSWERS: Final = 20_000
_ROUNDING: Final = 1e-9
_LARGEST: Final = 1e200


class Arriving(msgspec.Struct, frozen=True):
    """What comes to one replica: requests per second, the time that a prompt adds to a step, the tokens of an answer.

    `prompt_cv2` and `out_cv2` are squared coefficients of variation, as `arrivals_cv2` of the times between requests.
    If requests go where there are fewest, all `together` replicas are like one.
    """

    rate_per_s: float
    prompt_s: float
    prompt_cv2: float
    out: float
    out_cv2: float
    arrivals_cv2: float = 1.0
    together: int = 1


class BatchWaits(msgspec.Struct, frozen=True):
    """Why a first token waits: for a place, the rest of a step, and the prompts of others.

    A step of `step_s` goes on with the probability `decoding`. `each_s` is the time per token of an answer, with the
    prompts that are read in between. `at_once` is the mean number of answers in progress, `load` the share of the most
    requests that the replica can answer.
    """

    place: Wait
    prompts: Wait
    step_s: float
    each_s: float
    decoding: float
    at_once: float
    load: float


def most_per_s(steps: Steps, most: float, arriving: Arriving) -> float:
    """Return the most answers per second of a replica, prompts included.

    >>> round(most_per_s(Steps(0.02, 0.0, 0.0), 10, Arriving(1.0, 0.1, 0.0, 100.0, 0.0)), 9)
    3.333333333
    """
    time_s = arriving.prompt_s + arriving.out * _each_s(steps, most)
    return 1 / time_s if time_s > 0 else math.inf


def _each_s(steps: Steps, most: float) -> float:
    """Return the time per token of one answer while as many as possible are in progress."""
    return steps.time_s(most) / most if math.isfinite(most) else max(steps.each_s, steps.work_s)


def batch_waits(steps: Steps, most: float, arriving: Arriving) -> BatchWaits | Unstable:
    """Return the waits at a replica with at most `most` answers at once (infinite: no limit).

    >>> found = batch_waits(Steps(0.02, 0.0, 0.0), 10, Arriving(1.0, 0.1, 0.0, 100.0, 0.0))
    >>> assert isinstance(found, BatchWaits)
    >>> round(found.at_once, 2), round(found.load, 2), round(found.place.waits, 4)
    (2.22, 0.3, 0.0002)
    """
    many = arriving.together
    rate, full = arriving.rate_per_s * many, most_per_s(steps, most, arriving) * many
    if rate >= full * (1 - _ROUNDING):
        return Unstable(max(1.0, rate / full))
    reading = arriving.rate_per_s * arriving.prompt_s
    left, places = 1 - reading, most * many
    none, mean, total, weight, number = 1.0, 0.0, 1.0, 1.0, 0
    while number < min(places - 1, _MOST_ANSWERS):
        number += 1
        needed = rate * arriving.out * steps.time_s(max(1.0, number / many))
        weight *= needed / (number * left)
        total += weight
        mean += number * weight
        if total > _LARGEST:
            none, mean, total, weight = (value / _LARGEST for value in (none, mean, total, weight))
        if weight < _NEGLIGIBLE * total and needed < number * left:
            break
    place, load = NO_WAIT, rate / full
    if number + 1 >= places:
        waiting = weight * load / (1 - load)               # all places are taken
        total += waiting
        mean += waiting * places
        waits = waiting / total
        vary = (arriving.arrivals_cv2 + arriving.out_cv2) / 2
        place = Wait(waits, waits * vary / (full - rate), load)
    at_once, decoding = mean / total / many, 1 - none / total
    step_s = steps.time_s(max(1.0, at_once))
    return BatchWaits(place, _prompts(arriving, step_s, decoding), step_s, step_s / left, decoding, at_once, load)


def _prompts(arriving: Arriving, step_s: float, decoding: float) -> Wait:
    """Return the wait for the prompts of others, beyond the rest of a step of constant length."""
    rate, prompt_s = arriving.rate_per_s, arriving.prompt_s
    reading = rate * prompt_s
    usual_s = step_s / (1 - reading)
    square = usual_s**2 + rate * usual_s * prompt_s**2 * (arriving.prompt_cv2 + 1) / (1 - reading**2)
    seen_s = square / usual_s if usual_s > 0 else prompt_s   # the step that a request meets: long ones more often
    more_s = decoding * max(0.0, seen_s * (0.5 + reading) - step_s / 2)
    waits = decoding * -math.expm1(-rate * (seen_s + prompt_s))
    return Wait(waits, more_s, reading) if waits > 0 and more_s > 0 else NO_WAIT

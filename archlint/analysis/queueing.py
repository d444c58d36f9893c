"""Closed forms of queueing theory: how long work waits before it is served, on average and at a percentile.

Pure functions of numbers. Times are in seconds and rates per second; any other unit works if all inputs use it. A queue
that gets more work than it can do has no waiting time: it is `Unstable`, a result of its own and never infinity or NaN.
Inputs below zero, or that are no numbers, raise `ValueError`.

Sources: Kleinrock, Queueing Systems (1975); Allen, Probability, Statistics and Queueing Theory (1990).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import pairwise
from typing import Final

import msgspec

_EXACT_SERVERS: Final = 100_000
"""Up to here, Erlang's formula is summed; the terms that matter number about 50 x the root of the servers."""
_LARGEST: Final = 1e280
_LARGEST_POWER: Final = 600.0
_NEGLIGIBLE: Final = 1e-17
_ROUNDING: Final = 1e-12


class Unstable(msgspec.Struct, frozen=True):
    """More work arrives than can be done: the queue grows without limit. `utilisation` is at least 1."""

    utilisation: float

    def growth_per_s(self, rate_per_s: float) -> float:
        """Return by how many requests the queue grows in a second.

        >>> round(Unstable(1.25).growth_per_s(100.0), 9)
        20.0
        """
        return rate_per_s * (1 - 1 / self.utilisation)


class Wait(msgspec.Struct, frozen=True):
    """The time that work waits before it is served: with the probability `waits`, it is exponential; else it is 0.

    `mean_s` is the mean over all work, including work that does not wait.
    """

    waits: float
    mean_s: float
    utilisation: float

    @property
    def scale_s(self) -> float:
        """The mean of those that wait."""
        return self.mean_s / self.waits if self.waits > 0 else 0.0

    def beyond(self, seconds: float) -> float:
        """Return the probability of a longer wait.

        >>> round(Wait(0.5, 1.0, 0.5).beyond(2 * math.log(5)), 9)
        0.1
        """
        if seconds < 0:
            return 1.0
        return self.waits * math.exp(-seconds / self.scale_s) if self.scale_s > 0 else 0.0

    def percentile(self, fraction: float) -> float:
        """Return the time that this fraction of the work does not wait longer than (Abate, Choudhury, Whitt 1995).

        >>> round(Wait(0.5, 1.0, 0.5).percentile(0.99), 6), Wait(0.5, 1.0, 0.5).percentile(0.5)
        (7.824046, 0.0)
        """
        if not 0 <= fraction < 1:
            raise ValueError(f"no percentile at {fraction}: it is at least 0 and below 1")
        return self.scale_s * math.log(self.waits / (1 - fraction)) if self.waits > 1 - fraction else 0.0


NO_WAIT: Final = Wait(0.0, 0.0, 0.0)


def utilisation(rate_per_s: float, service_s: float, servers: float = 1) -> float:
    """Return the share of the servers that is busy on average: at 1 or more, the queue grows without limit.

    >>> utilisation(100.0, 0.02, 4)
    0.5
    """
    _check(rate_per_s, service_s)
    if not servers >= 1 or math.isinf(servers):
        raise ValueError(f"at least one server, and not {servers}")
    return rate_per_s * service_s / servers


def erlang_b(servers: int, offered: float) -> float:
    """Return the share of work that finds all servers busy and is turned away (M/M/c/c, Erlang 1917).

    `offered` is rate x service time, without unit.

    >>> round(erlang_b(2, 1.5), 10), erlang_b(3, 0.0)
    (0.3103448276, 0.0)
    """
    inverse = _inverse_b(servers, offered)
    return 1 / inverse if inverse < _LARGEST else 0.0


def erlang_c(servers: int, offered: float) -> float:
    """Return the share of work that has to wait (M/M/c); 1 if the servers cannot keep up.

    C = B / (1 - rho (1 - B)) = 1 / (rho + (1 - rho) / B).

    >>> round(erlang_c(4, 3.2), 10), round(erlang_c(1_000_000, 999_000.0), 4)
    (0.5964324718, 0.2233)
    """
    inverse = _inverse_b(servers, offered)
    if offered >= servers:
        return 1.0
    rho = offered / servers
    return 1 / (rho + (1 - rho) * inverse) if inverse < _LARGEST else 0.0


@lru_cache(maxsize=4096)
def _inverse_b(servers: int, offered: float) -> float:
    """Return 1 / Erlang B: the sum of 1, c/a, c(c-1)/a^2 and so on; at least `_LARGEST` if nothing is turned away.

    The terms fall below rounding after about 50 x sqrt(c), so the work is bounded. With more servers, the expansion of
    Janssen, van Leeuwaarden and Zwart (Operations Research 59, 2011), whose error is below 1e-6 there.
    """
    if servers < 1 or not 0 <= offered < math.inf:
        raise ValueError(f"at least one server and an offered load of at least 0, not {servers} and {offered}")
    if offered == 0:
        return _LARGEST
    if servers > _EXACT_SERVERS and offered <= 1.001 * servers:
        return _expanded(servers, offered / servers)
    total = term = 1.0
    for busy in range(servers, 0, -1):
        term *= busy / offered
        total += term
        if total > _LARGEST or (busy < offered and term < _NEGLIGIBLE * total * (1 - busy / offered)):
            break
    return total


def _expanded(servers: int, rho: float) -> float:
    free = 1 - rho
    if free == 1:
        return _LARGEST                        # hardly anything to do
    exponent = max(0.0, -servers * (free + (math.log1p(-free) if free < 1 else math.log(rho))))
    if exponent > _LARGEST_POWER:
        return _LARGEST if free > 0 else rho / -free
    alpha = math.copysign(math.sqrt(2 * exponent), free)
    density = math.exp(-exponent) / math.sqrt(2 * math.pi)
    return math.sqrt(servers) * 0.5 * math.erfc(-alpha / math.sqrt(2)) / density + 2 / 3


def mmc_wait(rate_per_s: float, service_s: float, servers: int = 1) -> Wait | Unstable:
    """Return the wait for `servers` that share one queue, with random arrivals and exponential times: exact.

    >>> wait = mmc_wait(0.75 * 2, 1.0, 2)
    >>> [round(value, 6) for value in (wait.waits, wait.mean_s, wait.percentile(0.99))]
    [0.642857, 1.285714, 8.326675]
    >>> mmc_wait(30.0, 0.1, 2)
    Unstable(utilisation=1.5)
    """
    rho = utilisation(rate_per_s, service_s, servers)
    if rho >= 1 - _ROUNDING:
        return Unstable(max(1.0, rho))
    if rho == 0:
        return NO_WAIT
    waits = erlang_c(int(servers), rho * int(servers))
    return Wait(waits, waits * service_s / (servers * (1 - rho)), rho)


def ggc_wait(
    rate_per_s: float, service_s: float, servers: int = 1, arrivals_cv2: float = 1.0, service_cv2: float = 1.0
) -> Wait | Unstable:
    """Return the wait if arrivals or times are not exponential: that of M/M/c times (Ca2 + Cs2) / 2 (Allen-Cunneen).

    `arrivals_cv2` and `service_cv2` are squared coefficients of variation: 1 is exponential, 0 is constant. The mean is
    exact for one server and random arrivals (Pollaczek-Khinchine). For c from 1 to 16 and a utilisation of 0.5 to 0.9,
    it is within 9 % on average; with Cs2 above 1.5, simulate.

    >>> ggc_wait(0.5, 1.0, 1, 1.0, 0.0).mean_s == pollaczek_khinchine(0.5, 1.0, 0.0)
    True
    """
    _check(arrivals_cv2, service_cv2)
    wait = mmc_wait(rate_per_s, service_s, servers)
    if isinstance(wait, Unstable):
        return wait
    return Wait(wait.waits, wait.mean_s * (arrivals_cv2 + service_cv2) / 2, wait.utilisation)


def pollaczek_khinchine(rate_per_s: float, service_s: float, service_cv2: float) -> float | Unstable:
    """Return the mean wait for one server with random arrivals and any distribution of times: exact.

    >>> pollaczek_khinchine(0.5, 1.0, 1.0), pollaczek_khinchine(2.0, 1.0, 0.0)
    (1.0, Unstable(utilisation=2.0))
    """
    _check(service_cv2)
    rho = utilisation(rate_per_s, service_s)
    if rho >= 1 - _ROUNDING:
        return Unstable(max(1.0, rho))
    return rho * service_s * (1 + service_cv2) / (2 * (1 - rho))


def departures_cv2(rho: float, servers: int, arrivals_cv2: float, service_cv2: float) -> float:
    """Return how irregular the departures of a queue are, which are the arrivals of the next (Whitt, QNA 1983).

    >>> departures_cv2(0.8, 4, 1.0, 1.0), round(departures_cv2(0.9, 1, 1.0, 0.0), 3)
    (1.0, 0.352)
    """
    _check(rho, arrivals_cv2, service_cv2)
    used = min(rho, 1.0) ** 2
    return 1 + (1 - used) * (arrivals_cv2 - 1) + used / math.sqrt(servers) * (max(service_cv2, 0.2) - 1)


def needed_servers(rate_per_s: float, service_s: float) -> int:
    """Return the least number of servers that keep up.

    >>> needed_servers(100.0, 0.02), needed_servers(101.0, 0.02)
    (3, 3)
    """
    _check(rate_per_s, service_s)
    return math.floor(rate_per_s * service_s * (1 + _ROUNDING)) + 1


def separate_wait(
    rate_per_s: float, service_s: float, queues: int, each: int = 1, arrivals_cv2: float = 1.0,
    service_cv2: float = 1.0, in_turn: bool = False,
) -> Wait | Unstable:  # fmt: skip
    """Return the wait if each of some replicas has a queue of its own, with `each` workers.

    Requests go to any of them (random, or by a hash), or to each `in_turn` (round-robin), which makes the arrivals at
    one of them more regular. One pooled queue is never slower.

    >>> one, eight = mmc_wait(80.0, 0.08, 8), separate_wait(80.0, 0.08, 8)
    >>> assert isinstance(one, Wait) and isinstance(eight, Wait)
    >>> round(one.percentile(0.99), 2), round(eight.percentile(0.99), 2)
    (0.19, 1.75)
    """
    cv2 = arrivals_cv2 / queues if in_turn else 1 + (arrivals_cv2 - 1) / queues
    return ggc_wait(rate_per_s / queues, service_s, each, max(0.0, cv2), service_cv2)


def fan_out_tail(slow: float, branches: float) -> float:
    """Return the probability that one of several independent branches is slow: 1 - (1 - q)^n (Dean, Barroso 2013).

    >>> round(fan_out_tail(0.01, 100), 4), fan_out_tail(1.0, 3), fan_out_tail(0.0, 1e12)
    (0.634, 1.0, 0.0)
    """
    if not 0 <= slow <= 1:
        raise ValueError(f"a share from 0 to 1, and not {slow}")
    return 1.0 if slow == 1 else -math.expm1(branches * math.log1p(-slow))


def slowest_below(below: Iterable[float]) -> float:
    """Return the probability that the slowest of several independent branches is below a time.

    It is the product of their distribution functions. Branches that share arrivals are positively dependent, so the
    percentiles are a little too high: within 7 % at p99 (Nelson, Tantawi 1988).

    >>> slowest_below([0.5, 0.5, 1.0])
    0.25
    """
    return math.prod(below)


class Batching(msgspec.Struct, frozen=True):
    """A server that takes all waiting requests as one batch; a batch of b takes `each_s` x b + `fixed_s`.

    >>> Batching(0.001, 0.010).most_per_s(10)
    500.0
    """

    each_s: float
    fixed_s: float

    def most_per_s(self, largest: float) -> float | None:
        """Return the requests per second that full batches do; None if they take no time."""
        time_s = self.each_s * largest + self.fixed_s
        return largest / time_s if time_s > 0 else None

    def response_s(self, rate_per_s: float) -> float | Unstable:
        """Return the mean time of a request with its wait: an upper bound, at most 8 % high (Inoue, arXiv 1912.06322).

        Arrivals are random and batches have no largest size.

        >>> round(Batching(0.001, 0.010).response_s(500.0), 6)
        0.031667
        """
        lam, alpha, tau0 = rate_per_s, self.each_s, self.fixed_s
        _check(lam, alpha, tau0)
        used = lam * alpha
        if used >= 1 - _ROUNDING:
            return Unstable(max(1.0, used))
        start = lam * tau0
        short = (alpha + tau0) / (2 * (1 - used)) * (1 + 2 * start + (1 - start) / (1 + used))
        long = 1.5 * tau0 / (1 - used) + alpha / 2 * (used + 2) / (1 - used**2)
        return min(short, long)


def attempts_per_request(failing: float, attempts: float) -> float:
    """Return how many attempts a request causes on average if each fails with a probability: (1 - p^k) / (1 - p).

    >>> attempts_per_request(0.5, 3), attempts_per_request(1.0, 3), attempts_per_request(0.0, 3)
    (1.75, 3.0, 1.0)
    """
    if not 0 <= failing <= 1 or not attempts >= 1:
        raise ValueError(f"a share from 0 to 1 and at least one attempt, not {failing} and {attempts}")
    free = 1 - failing
    if free * attempts < 1e-9:
        return float(attempts)
    return max(1.0, -math.expm1(attempts * math.log(failing)) / free) if failing > 0 else 1.0


def loads_with_retries(
    rate_per_s: float, attempts: float, failing: Callable[[float], float], steps: int = 400
) -> tuple[float, ...]:
    """Return the loads at which retries feed themselves: attempts per second, lowest first.

    `failing` is the probability that an attempt fails at a load, which must not fall with the load. The load is
    rate x (1 - p^k) / (1 - p). With several, the system is metastable: a burst above the second takes it to the
    highest, where it stays (Bronson and others, HotOS 2021). They are found if they lie apart by the range / `steps`.

    >>> [round(load, 6) for load in loads_with_retries(90.0, 3, lambda load: 0.0 if load <= 100 else 1.0)]
    [90.0, 100.0, 270.0]
    """
    _check(rate_per_s)

    def excess(load: float) -> float:
        return rate_per_s * attempts_per_request(failing(load), attempts) - load

    low, high = rate_per_s, rate_per_s * attempts
    if high <= low:
        return (rate_per_s,)
    loads = [low + (high - low) * step / steps for step in range(steps + 1)]
    found = [loads[0]] if excess(loads[0]) <= 0 else []
    found += [_root(excess, one, other) for one, other in pairwise(loads) if excess(one) * excess(other) < 0]
    found += [load for load in loads[1:] if excess(load) == 0]
    return tuple(sorted(found))


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    rising = function(low) < 0
    for _ in range(100):
        middle = (low + high) / 2
        if (function(middle) < 0) == rising:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def backlog(rate_per_s: float, outage_s: float) -> float:
    """Return the work that has gathered after an outage.

    >>> backlog(20.0, 60.0)
    1200.0
    """
    _check(rate_per_s, outage_s)
    return rate_per_s * outage_s


def drained_after_s(waiting: float, served_per_s: float, rate_per_s: float) -> float | Unstable:
    """Return how long it takes until a backlog is worked off, while work goes on arriving: B / (c mu - lambda).

    >>> drained_after_s(1200.0, 30.0, 20.0), drained_after_s(1200.0, 20.0, 25.0)
    (120.0, Unstable(utilisation=1.25))
    """
    _check(waiting, served_per_s, rate_per_s)
    if waiting == 0:
        return 0.0
    if rate_per_s >= served_per_s:
        return Unstable(rate_per_s / served_per_s if served_per_s > 0 else max(1.0, rate_per_s))
    return waiting / (served_per_s - rate_per_s)


def _check(*values: float) -> None:
    for value in values:
        if not 0 <= value < math.inf:
            raise ValueError(f"a number of at least 0, and not {value}")

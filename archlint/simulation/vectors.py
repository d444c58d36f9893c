"""Many replications at once, in NumPy's arrays: the same numbers as `archlint.simulation.lists`, several times faster.

Arrays have a row for each request and a column for each replication, so that one step of a recursion is one operation
on a row. The sequences of random numbers are those of Python's generator.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from archlint.analysis.normal import MIDDLE, SHOULDER, TAIL
from archlint.simulation.backend import PERCENTILES, Backend, Ended, Outcome, Sample, Span, Tally
from archlint.simulation.laws import CONSTANT, EXPONENTIAL, LARGEST_LOG, SMALLEST, Law
from archlint.simulation.lists import Sources, sample_of
from archlint.simulation.queues import serve
from archlint.simulation.scenario import LEAST_LOADED, RANDOM, REJECTED, TIMED_OUT, UNFINISHED, Centre
from archlint.simulation.statistics import quantile

Array = NDArray[np.float64]
_INSERTED: Final = 8
"""Up to so many workers, the times at which they become free are kept in order; above, the first is searched."""
_SEARCHED: Final = 64
"""With more workers, a heap for each replication is faster."""


class Uniforms:
    """NumPy's copy of the sequences of uniform numbers."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._known: dict[str, np.random.RandomState] = {}

    def of(self, label: str) -> np.random.RandomState:
        """Return the sequence of a label, which starts where Python's is."""
        found = self._known.get(label)
        if found is None:
            found = self._known[label] = np.random.RandomState()
            found.set_state(_state(self._sources.of(label)))
        return found


def _state(random: Random) -> tuple[str, NDArray[np.uint32], int, int, float]:
    words = random.getstate()[1]
    return "MT19937", np.array(words[:-1], dtype=np.uint32), words[-1], 0, 0.0


class Vectors(Backend[Array]):
    """Arrays of `columns` replications."""

    def __init__(self, uniforms: Uniforms, span: Span, columns: int, whole: int | None = None) -> None:
        self._uniforms = uniforms
        self.span = span
        self.columns = columns
        self.whole = columns if whole is None else min(columns, whole)
        self.tallies: dict[str, list[Tally]] = {}

    def uniforms(self, label: str, count: int) -> Array:
        """Return uniform numbers."""
        drawn = self._uniforms.of(label).random_sample(self.columns * count)
        return np.ascontiguousarray(drawn.reshape(self.columns, count).T)

    def arrivals(self, label: str, rate_per_s: float, count: int) -> Array:
        """Return the times of Poisson arrivals."""
        at = np.cumsum(np.log1p(-self.uniforms(label, count)) * (-1 / rate_per_s), axis=0)
        at[at > self.span.last_s] = math.inf
        return at

    def times(self, law: Law, uniforms: Array) -> Array:
        """Return a time for each uniform number."""
        if law.kind == CONSTANT:
            return np.full(uniforms.shape, law.mean_s)
        if law.kind == EXPONENTIAL:
            return -law.mean_s * np.log1p(-uniforms)
        z = normal_quantiles(uniforms)
        lines = law.lines()
        _, start, slope = lines[0]
        logs = start + slope * z
        for low, start, slope in lines[1:]:
            logs = np.where(z >= low, start + slope * z, logs)
        return np.exp(np.minimum(logs, LARGEST_LOG))

    def add(self, one: Array, other: Array) -> Array:
        """Return the sums."""
        return one + other

    def shift(self, one: Array, seconds: float) -> Array:
        """Return the times, later by so many seconds."""
        return one + seconds

    def between(self, values: Array, uniforms: Array, low: float, high: float, other: float) -> Array:
        """Return the values where the uniform number is in a range."""
        return np.where((uniforms >= low) & (uniforms < high), values, other)

    def zero_within(self, uniforms: Array, at: Array, first_s: float, last_s: float) -> Array:
        """Return the uniform numbers, and zero for requests that are here in a time."""
        return np.where((at >= first_s) & (at < last_s), 0.0, uniforms)

    def earliest(self, parts: Sequence[Array]) -> Array:
        """Return the least of several values."""
        return np.minimum.reduce(parts) if len(parts) > 1 else parts[0]

    def latest(self, parts: Sequence[Array]) -> Array:
        """Return the greatest of several values."""
        return np.maximum.reduce(parts) if len(parts) > 1 else parts[0]

    def going_on(self, at: Array, lost: Array) -> Array:
        """Return the times of the requests that are not lost."""
        return np.where(lost > 0, math.inf, at)

    def stopping(self, at: Array, lost: Array) -> Array:
        """Return the times of the requests that are lost."""
        return np.where(lost > 0, at, math.inf)

    def give_up(self, entered: Array, ended: Array, lost: Array | None, timeout_s: float) -> tuple[Array, Array]:
        """Return when the caller goes on, and what is lost."""
        until = entered + timeout_s
        known = np.zeros(entered.shape) if lost is None else lost
        return np.minimum(ended, until), np.where(ended > until, TIMED_OUT, known)

    def serve(
        self, centre: Centre, entries: Sequence[tuple[Array, Array]], picks: Array | None
    ) -> list[tuple[Array, Array | None]]:
        """Return when each request of each entry ends, and which are lost."""
        at = np.concatenate([at for at, _ in entries]) if len(entries) > 1 else entries[0][0]
        works = np.concatenate([own for _, own in entries]) if len(entries) > 1 else entries[0][1]
        order = None
        if len(entries) > 1 or not (at[1:] >= at[:-1]).all():
            order = np.argsort(at, axis=0, kind="stable")
            at, works = np.take_along_axis(at, order, axis=0), np.take_along_axis(works, order, axis=0)
        ended = self._ended(centre, at, works, picks)
        lost = None
        if centre.limit is not None:
            rejected = np.isinf(ended) & np.isfinite(at)
            lost = np.where(rejected, REJECTED, 0.0)
            self._note(centre, at, works, ended)
            ended = np.where(rejected, at, ended)
        else:
            self._note(centre, at, works, ended)
        if order is not None:
            ended, lost = _put_back(ended, order), None if lost is None else _put_back(lost, order)
        found: list[tuple[Array, Array | None]] = []
        first = 0
        for own, _ in entries:
            last = first + len(own)
            found.append((ended[first:last], None if lost is None else lost[first:last]))
            first = last
        return found

    def _ended(self, centre: Centre, at: Array, works: Array, picks: Array | None) -> Array:
        """Return when each request ends, given sorted times."""
        plain = centre.limit is None and not (centre.outage or centre.batches)
        if plain and centre.pooled and centre.servers >= len(at):
            return at + works
        if plain and centre.pooled and centre.servers <= _SEARCHED:
            servers = int(centre.servers)
            return inserted(at, works, servers) if servers <= _INSERTED else searched(at, works, servers)
        if plain and centre.workers == 1 and centre.balancing != LEAST_LOADED and centre.replicas <= 4096:
            return self._apart(centre, at, works, picks)
        ended = np.full(at.shape, math.inf)
        for column in range(self.columns):
            count = int(np.isfinite(at[:, column]).sum())
            own = [] if picks is None else picks[:count, column].tolist()
            ended[:count, column] = serve(at[:count, column].tolist(), works[:count, column].tolist(), centre, own)
        return ended

    def _apart(self, centre: Centre, at: Array, works: Array, picks: Array | None) -> Array:
        """Return when each request ends if each replica is one worker with its own queue."""
        replicas, columns = int(centre.replicas), np.arange(self.columns)
        free_at, ended = np.zeros((replicas, self.columns)), np.empty(at.shape)
        chosen = None
        if centre.balancing == RANDOM and picks is not None:
            chosen = (picks * replicas).astype(np.int64)
        for number in range(len(at)):
            if chosen is None:
                row = free_at[number % replicas]
                end = np.maximum(row, at[number]) + works[number]
                free_at[number % replicas] = end
            else:
                end = np.maximum(free_at[chosen[number], columns], at[number]) + works[number]
                free_at[chosen[number], columns] = end
            ended[number] = end
        return ended

    def _note(self, centre: Centre, at: Array, works: Array, ended: Array) -> None:
        span = self.span
        counts = (at >= span.first_s) & (at <= span.last_s)
        done = counts & np.isfinite(ended)
        visits, rejected = counts.sum(axis=0), (counts & ~done).sum(axis=0)
        work_s = np.where(done, works, 0.0).sum(axis=0)
        inside_s = np.subtract(ended, at, where=done, out=np.zeros(at.shape)).sum(axis=0)
        middle = (span.first_s + span.last_s) / 2
        finite = np.isfinite(ended)
        half = ((at <= middle) & (ended > middle) & finite).sum(axis=0)
        last = ((at <= span.last_s) & (ended > span.last_s) & finite).sum(axis=0)
        tallies = self.tallies.setdefault(centre.name, [])
        for n in range(self.columns):
            queued = int(half[n]), int(last[n])
            tallies.append(Tally(int(visits[n]), int(rejected[n]), float(work_s[n]), float(inside_s[n]), queued))

    def ended(self, arrived: Array, ended: Array, lost: Array | None) -> Ended:
        """Return what happened to the requests of each replication."""
        span = self.span
        counts = (arrived >= span.first_s) & (arrived <= span.last_s) & np.isfinite(ended)
        answered = counts if lost is None else counts & (lost == 0)
        times = np.full(arrived.shape, math.inf)
        np.subtract(ended, arrived, where=answered, out=times)
        ordered = np.sort(np.ascontiguousarray(times.T), axis=1)
        samples = []
        for column, count in enumerate(answered.sum(axis=0).tolist()):
            reasons = (0, 0, 0)
            if lost is not None:
                why = lost[counts[:, column], column]
                one, two, three = (int((why == reason).sum()) for reason in (REJECTED, TIMED_OUT, UNFINISHED))
                reasons = one, two, three
            samples.append(_sample(ordered[column, :count], reasons))
        gone = [None] * self.whole if lost is None else [lost[:, column].tolist() for column in range(self.whole)]
        whole = [
            Outcome(arrived[:, column].tolist(), ended[:, column].tolist(), gone[column])
            for column in range(self.whole)
        ]
        return Ended(samples, whole)


def _sample(times: Array, lost: tuple[int, int, int]) -> Sample:
    count = len(times)
    if not count:
        return sample_of([], lost)
    kept = array("d", times.tobytes())
    percentiles = tuple(quantile(kept, fraction) for fraction in PERCENTILES)
    return Sample(count + sum(lost), lost, float(times.mean()), percentiles, kept)


def percentiles_of(samples: Sequence[Sample]) -> list[float]:
    """Return the percentiles of all answered requests of some replications; at least one must be answered."""
    times = np.concatenate([np.frombuffer(sample.times) for sample in samples if sample.times])
    found = []
    for fraction in PERCENTILES:
        place = fraction * (len(times) - 1)
        below = math.floor(place)
        both = [below, min(below + 1, len(times) - 1)]
        times.partition(both)
        found.append(quantile(times[both].tolist(), place - below))
    return found


def _put_back(values: Array, order: NDArray[np.intp]) -> Array:
    found = np.empty(values.shape)
    np.put_along_axis(found, order, values, axis=0)
    return found


def inserted(at: Array, works: Array, servers: int) -> Array:
    """Return when each request ends if one queue feeds a few workers: the times at which they are free stay sorted."""
    ended = np.empty(at.shape)
    free_at = [np.zeros(at.shape[1]) for _ in range(servers)]
    spare = np.empty(at.shape[1])
    maximum, minimum, add = np.maximum, np.minimum, np.add
    for t, s, end in zip(at, works, ended, strict=True):
        maximum(free_at[0], t, out=end)
        add(end, s, out=end)
        if servers == 1:
            free_at[0] = end
            continue
        moving = end
        for place in range(1, servers):
            minimum(free_at[place], moving, out=free_at[place - 1])
            moving = maximum(free_at[place], moving, out=spare if place < servers - 1 else free_at[place])
    return ended


def searched(at: Array, works: Array, servers: int) -> Array:
    """Return when each request ends if one queue feeds many workers: the first that is free is searched."""
    ended = np.empty(at.shape)
    columns = np.arange(at.shape[1])
    free_at = np.zeros((at.shape[1], servers))
    for t, s, end in zip(at, works, ended, strict=True):
        first = free_at.argmin(axis=1)
        np.maximum(free_at[columns, first], t, out=end)
        np.add(end, s, out=end)
        free_at[columns, first] = end
    return ended


def normal_quantiles(uniforms: Array) -> Array:
    """Return the quantiles of the standard normal distribution, as `archlint.analysis.normal` does for one."""
    u = np.where(uniforms == 0, SMALLEST, uniforms)
    q = u - 0.5
    near = 0.180625 - q * q
    found = q * _ratio(MIDDLE, near)
    far = np.abs(q) > 0.425
    if far.any():
        tail, sign = np.where(q < 0, u, 1 - u)[far], np.sign(q[far])
        r = np.sqrt(-np.log(tail))
        found[far] = sign * np.where(r <= 5, _ratio(SHOULDER, r - 1.6), _ratio(TAIL, r - 5))
    return found


def _ratio(polynomials: tuple[tuple[float, ...], tuple[float, ...]], x: Array) -> Array:
    above: Array = np.full(x.shape, polynomials[0][0])
    below: Array = np.full(x.shape, polynomials[1][0])
    for one, other in zip(polynomials[0][1:], polynomials[1][1:], strict=True):
        above, below = above * x + one, below * x + other
    return above / below

"""One replication at a time, in lists: the engine that needs nothing but Python."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from itertools import accumulate, chain
from random import Random

from archlint.simulation.backend import PERCENTILES, Backend, Ended, Outcome, Sample, Span, Tally
from archlint.simulation.laws import Law
from archlint.simulation.queues import serve
from archlint.simulation.scenario import REJECTED, TIMED_OUT, Centre
from archlint.simulation.statistics import quantile

Values = list[float]
INF = math.inf


class Sources:
    """A sequence of uniform numbers for each label, from one seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._known: dict[str, Random] = {}

    def of(self, label: str) -> Random:
        """Return the sequence of a label."""
        found = self._known.get(label)
        if found is None:
            found = self._known[label] = Random(f"{self.seed} {label}")
        return found


class Lists(Backend[Values]):
    """Lists of one replication."""

    def __init__(self, sources: Sources, span: Span, whole: int = 1) -> None:
        self.sources = sources
        self.whole = whole
        self.span = span
        self.tallies: dict[str, list[Tally]] = {}

    def uniforms(self, label: str, count: int) -> Values:
        """Return uniform numbers."""
        draw = self.sources.of(label).random
        return [draw() for _ in range(count)]

    def arrivals(self, label: str, rate_per_s: float, count: int) -> Values:
        """Return the times of Poisson arrivals."""
        mean, log1p, last = 1 / rate_per_s, math.log1p, self.span.last_s
        gaps = [-mean * log1p(-u) for u in self.uniforms(label, count)]
        return [t if t <= last else INF for t in accumulate(gaps)]

    def times(self, law: Law, uniforms: Values) -> Values:
        """Return a time for each uniform number."""
        return law.times(uniforms)

    def add(self, one: Values, other: Values) -> Values:
        """Return the sums."""
        return [a + b for a, b in zip(one, other, strict=True)]

    def shift(self, one: Values, seconds: float) -> Values:
        """Return the times, later by so many seconds."""
        return [a + seconds for a in one]

    def between(self, values: Values, uniforms: Values, low: float, high: float, other: float) -> Values:
        """Return the values where the uniform number is in a range."""
        return [a if low <= u < high else other for a, u in zip(values, uniforms, strict=True)]

    def zero_within(self, uniforms: Values, at: Values, first_s: float, last_s: float) -> Values:
        """Return the uniform numbers, and zero for requests that are here in a time."""
        return [0.0 if first_s <= t < last_s else u for u, t in zip(uniforms, at, strict=True)]

    def earliest(self, parts: Sequence[Values]) -> Values:
        """Return the least of several values."""
        return list(map(min, *parts)) if len(parts) > 1 else parts[0]

    def latest(self, parts: Sequence[Values]) -> Values:
        """Return the greatest of several values."""
        return list(map(max, *parts)) if len(parts) > 1 else parts[0]

    def going_on(self, at: Values, lost: Values) -> Values:
        """Return the times of the requests that are not lost."""
        return [INF if gone else a for a, gone in zip(at, lost, strict=True)]

    def stopping(self, at: Values, lost: Values) -> Values:
        """Return the times of the requests that are lost."""
        return [a if gone else INF for a, gone in zip(at, lost, strict=True)]

    def give_up(
        self, entered: Values, ended: Values, lost: Values | None, timeout_s: float
    ) -> tuple[Values, Values]:
        """Return when the caller goes on, and what is lost."""
        known = [0.0] * len(entered) if lost is None else lost
        until = [a + timeout_s for a in entered]
        late = [TIMED_OUT if b > c else gone for b, c, gone in zip(ended, until, known, strict=True)]
        return list(map(min, ended, until)), late

    def serve(
        self, centre: Centre, entries: Sequence[tuple[Values, Values]], picks: Values | None
    ) -> list[tuple[Values, Values | None]]:
        """Return when each request of each entry ends, and which are lost."""
        if len(entries) == 1:
            (at, works), = entries
            order = list(range(len(at)))
        else:
            at = [t for times, _ in entries for t in times]
            works = [s for _, own in entries for s in own]
            order = list(range(len(at)))
        order.sort(key=at.__getitem__)
        while order and at[order[-1]] == INF:
            order.pop()
        times, own = [at[n] for n in order], [works[n] for n in order]
        ended = serve(times, own, centre, picks or ())
        rejects = centre.limit is not None
        self._note(centre, times, own, ended)
        ends, gone = [INF] * len(at), [0.0] * len(at)
        for number, end in zip(order, ended, strict=True):
            if end == INF:
                ends[number], gone[number] = at[number], REJECTED
            else:
                ends[number] = end
        found: list[tuple[Values, Values | None]] = []
        first = 0
        for own_at, _ in entries:
            last = first + len(own_at)
            found.append((ends[first:last], gone[first:last] if rejects else None))
            first = last
        return found

    def _note(self, centre: Centre, times: Values, works: Values, ended: Values) -> None:
        span, tally = self.span, Tally()
        for t, s, end in zip(times, works, ended, strict=True):
            if span.first_s <= t <= span.last_s:
                tally.visits += 1
                if end == INF:
                    tally.rejected += 1
                else:
                    tally.work_s += s
                    tally.inside_s += end - t
        tally.queued = queued(times, ended, span)
        self.tallies.setdefault(centre.name, []).append(tally)

    def ended(self, arrived: Values, ended: Values, lost: Values | None) -> Ended:
        """Return what happened to the requests of the replication."""
        first, last = self.span.first_s, self.span.last_s
        times: list[float] = []
        reasons = [0, 0, 0, 0]
        if lost is None:
            times = [end - t for t, end in zip(arrived, ended, strict=True) if first <= t <= last and end < INF]
        else:
            for t, end, why in zip(arrived, ended, lost, strict=True):
                if first <= t <= last and end < INF:
                    reasons[int(why)] += 1
                    if not why:
                        times.append(end - t)
        times.sort()
        whole = [Outcome(arrived, ended, lost)] if self.whole else []
        return Ended([sample_of(times, (reasons[1], reasons[2], reasons[3]))], whole)


def sample_of(times: list[float], lost: tuple[int, int, int]) -> Sample:
    """Return the sample of one replication, given the times of its answered requests in rising order."""
    count = len(times)
    if not count:
        return Sample(sum(lost), lost, 0.0, (), array("d"))
    percentiles = tuple(quantile(times, fraction) for fraction in PERCENTILES)
    return Sample(count + sum(lost), lost, sum(times) / count, percentiles, array("d", times))


def percentiles_of(samples: Sequence[Sample]) -> list[float]:
    """Return the percentiles of all answered requests of some replications; at least one must be answered."""
    times = sorted(chain.from_iterable(sample.times for sample in samples))
    return [quantile(times, fraction) for fraction in PERCENTILES]


def queued(times: Sequence[float], ended: Sequence[float], span: Span) -> tuple[int, int]:
    """Return how many requests are in a centre in the middle and at the end."""
    middle, last = (span.first_s + span.last_s) / 2, span.last_s
    half = sum(1 for t, end in zip(times, ended, strict=True) if t <= middle < end < INF)
    return half, sum(1 for t, end in zip(times, ended, strict=True) if t <= last < end < INF)

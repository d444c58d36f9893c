"""A calendar of events, for what no order of centres computes: retries, workers that are held, and limits around both.

It takes a scenario and the random numbers of `archlint.simulation.lists`. Where both engines apply, they give the same
answers; this one is several times slower.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from heapq import heappop, heappush
from itertools import chain, islice, repeat, starmap
from typing import Final

from archlint.simulation.backend import Ended, Span, Tally
from archlint.simulation.laws import CONSTANT, Law
from archlint.simulation.lists import Lists, Sources
from archlint.simulation.scenario import (
    FIRST_TOKEN,
    RANDOM,
    TIMED_OUT,
    UNFINISHED,
    Attempts,
    Choice,
    Delay,
    Later,
    Node,
    Parallel,
    Scenario,
    Sequence,
    Stream,
    Visit,
    awaited,
)
from archlint.simulation.stages import positions_of, visits_of, work_label
from archlint.simulation.station import ARRIVAL, TIMEOUT, Clock, Done, Job, Station
from archlint.simulation.token_station import TokenStation

Enter = Callable[[int, Done, float], None]
"""Starts a node for a request, given what it calls at its end, and the time."""
_EVENTS_EACH: Final = 2000
"""The most events for each request, so that a storm of retries ends; what is left is unfinished."""

_AHEAD: Final = 64
"""How many further times of a piece of work are drawn at once."""


class Record:
    """When requests of a stream (or its results) start and end, by their number, and why they are lost."""

    def __init__(self, stream: str, later: str, arrived: list[float]) -> None:
        self.stream = stream
        self.later = later
        self.arrived = arrived
        self.open: set[int] = set()
        self.ended = [math.inf] * len(arrived)
        self.lost = [0.0] * len(arrived)

    def note(self, number: int, t: float, why: float) -> None:
        """Note the end of a request."""
        self.ended[number], self.lost[number] = t, why
        self.open.discard(number)


class Draw:
    """Random times of a piece of work: the first of each request is that of the other engine."""

    def __init__(self, firsts: list[float], more: Iterator[float]) -> None:
        self._firsts = firsts
        self._used = bytearray(len(firsts))
        self._more = more

    def of(self, number: int) -> float:
        """Return a time for a request."""
        if self._used[number]:
            return next(self._more)
        self._used[number] = 1
        return self._firsts[number]


class Calendar(Clock):
    """One replication of a scenario; `ends`, `results` and `tallies` are as those of the stage-wise engine.

    `finished` is false if there were too many events.
    """

    def __init__(
        self, scenario: Scenario, sources: Sources, span: Span, counts: dict[str, int], whole: int = 1
    ) -> None:
        self.ends: dict[str, Ended] = {}
        self.results: dict[tuple[str, str], Ended] = {}
        self.finished = True
        self._scenario = scenario
        self._counts = counts
        self._sources = sources
        self._numbers = Lists(sources, span, whole)
        self._heap: list[tuple[float, int, int, Callable[[float], None]]] = []
        self._order = 0
        self._positions = positions_of(scenario)
        self._uniforms: dict[tuple[str, str], list[float]] = {}
        self._records: list[Record] = []
        self._main: dict[str, tuple[Record, Record]] = {}
        self._stations = {
            name: (Station if centre.tokens is None else TokenStation)(centre, self, self._picks(name), span)
            for name, centre in sorted(scenario.centres.items())
        }  # fmt: skip

    def _picks(self, name: str) -> Iterator[float]:
        """Return the uniform numbers by which a centre chooses replicas."""
        centre, label = self._scenario.centres[name], f"picks {name}"
        firsts: list[float] = []
        if centre.balancing == RANDOM and not centre.pooled:
            firsts = self._numbers.uniforms(label, visits_of(self._scenario, self._counts)[name])
        return chain(firsts, self._more(label))

    def _more(self, label: str) -> Iterator[float]:
        """Return further uniform numbers, which the other engine does not need."""
        draw = self._sources.of(f"{label} again").random
        return starmap(draw, repeat(()))

    @property
    def tallies(self) -> dict[str, list[Tally]]:
        """What happened at each centre."""
        return {name: [station.tally()] for name, station in self._stations.items()}

    def at(self, when: float, rank: int, event: Callable[[float], None]) -> None:
        """Plan an event. At one time, ends come first, then arrivals, then timeouts."""
        self._order += 1
        heappush(self._heap, (when, rank, self._order, event))

    def run(self) -> None:
        """Step through all events until every request has ended, or until there are too many."""
        for stream in self._scenario.streams:
            self._plan(stream)
        heap, most, when = self._heap, _EVENTS_EACH * (1 + sum(self._counts.values())), 0.0
        while heap:
            when, _, number, event = heappop(heap)
            event(when)
            if number > most:
                self.finished = False
                break
        for record in self._records:
            for number in sorted(record.open):
                record.note(number, when, UNFINISHED)
            found = self._numbers.ended(record.arrived, record.ended, record.lost)
            if record.later:
                self.results.setdefault((record.stream, record.later), Ended()).extend(found)
            else:
                self.ends[record.stream] = found

    def _plan(self, stream: Stream) -> None:
        arrived = self._numbers.arrivals(f"arrivals {stream.name}", stream.rate_per_s, self._counts[stream.name])
        record = Record(stream.name, "", arrived)
        firsts = Record(stream.name, FIRST_TOKEN, arrived)
        self._main[stream.name] = record, firsts
        self._records.append(record)
        enter = self._entering(stream, stream.node, arrived)
        if any(isinstance(node, Visit) and node.tokens is not None for node in awaited(stream.node)):
            self._records.append(firsts)
        for number, when in enumerate(arrived):
            if when < math.inf:
                record.open.add(number)
                self.at(when, ARRIVAL, partial(enter, number, partial(record.note, number)))

    def _drawn(self, stream: Stream, label: str) -> list[float]:
        key = stream.name, label
        if key not in self._uniforms:
            self._uniforms[key] = self._numbers.uniforms(f"{stream.name} {label}", self._counts[stream.name])
        return self._uniforms[key]

    def _cold(self, name: str) -> tuple[float, float]:
        return self._scenario.cold.get(name, (math.inf, math.inf))

    def _entering(self, stream: Stream, node: Node, arrived: list[float]) -> Enter:
        """Return the function that starts a node."""
        if isinstance(node, Visit):
            return self._visiting(stream, node, arrived)
        if isinstance(node, Delay):
            return self._delaying(stream, node)
        if isinstance(node, Sequence):
            return partial(_in_sequence, [self._entering(stream, one, arrived) for one in node.nodes])
        if isinstance(node, Parallel):
            return partial(_side_by_side, [self._entering(stream, one, arrived) for one in node.nodes])
        if isinstance(node, Choice):
            branches = [(low, high, self._entering(stream, one, arrived)) for low, high, one in node.ranges()]
            return partial(_one_of, branches, self._drawn(stream, node.name), self._cold(node.name))
        if isinstance(node, Later):
            record = Record(stream.name, node.name, arrived)
            self._records.append(record)
            return partial(_later, self._entering(stream, node.node, arrived), record)
        return self._attempting(stream, node, arrived)

    def _draw(self, stream: Stream, node: Node, number: int, law: Law) -> Draw:
        label = work_label(self._positions[id(node)], number)
        more = self._more(f"{stream.name} {label}")
        times = chain.from_iterable(law.times(list(islice(more, _AHEAD))) for _ in repeat(None))
        return Draw(law.times(self._drawn(stream, label)), times)

    def _delaying(self, stream: Stream, node: Delay) -> Enter:
        constant = node.law.kind == CONSTANT
        draw = None if constant else self._draw(stream, node, 0, node.law)

        def delay(number: int, done: Done, t: float) -> None:
            seconds = node.law.mean_s if draw is None else draw.of(number)
            self.at(t + seconds, ARRIVAL, partial(_go_on, done))

        return delay

    def _visiting(self, stream: Stream, node: Visit, arrived: list[float]) -> Enter:
        station = self._stations[node.centre]
        works = []
        for number, work in enumerate(node.works):
            arms = [(low, high, self._drawn(stream, name), self._cold(name)) for name, low, high in work.arms]
            works.append((self._draw(stream, node, number, work.law), arms))
        after = None if node.then is None else self._entering(stream, node.then, arrived)
        tokens = None if node.tokens is None else self._draw(stream, node, len(node.works), node.tokens)
        main, firsts = self._main[stream.name]

        def first(number: int, t: float) -> None:
            if number in main.open:                # not the token of an attempt that was given up
                firsts.note(number, t, 0.0)

        def visit(number: int, done: Done, t: float) -> None:
            total = 0.0
            for draw, arms in works:
                time = draw.of(number)
                if all(low <= _chosen(drawn[number], cold, t) < high for low, high, drawn, cold in arms):
                    total += time
            then = None if after is None else partial(_start, after, number)
            job = Job(total, then, node.held, done)
            if tokens is not None:
                job.tokens, job.first = max(1, round(tokens.of(number))), partial(first, number)
            station.arrive(t, job)

        return visit

    def _attempting(self, stream: Stream, node: Attempts, arrived: list[float]) -> Enter:
        enter = self._entering(stream, node.node, arrived)
        instead = None if node.instead is None else self._entering(stream, node.instead, arrived)
        jitter = self._more(f"{stream.name} backoff {self._positions[id(node)]}")

        calls = retries = 0

        def attempt(tried: int, number: int, done: Done, t: float) -> None:
            nonlocal calls
            waits = True
            calls += tried == 0

            def ended(now: float, why: float) -> None:
                nonlocal waits
                if waits:
                    waits = False
                    if why:
                        failed(now, why)
                    else:
                        done(now, 0.0)

            def failed(now: float, why: float) -> None:
                nonlocal retries
                if tried < node.retries and (node.budget is None or retries + 1 <= node.budget * calls):
                    retries += 1
                    wait_s = node.wait_s * (2**tried if node.grows else 1) * (next(jitter) if node.jitter else 1)
                    self.at(now + wait_s, ARRIVAL, partial(attempt, tried + 1, number, done))
                elif instead is not None:
                    instead(number, done, now)
                else:
                    done(now, 0.0 if node.optional else why)

            if node.timeout_s < math.inf:
                self.at(t + node.timeout_s, TIMEOUT, lambda now: ended(now, TIMED_OUT))
            enter(number, ended, t)

        return partial(attempt, 0)


def _go_on(done: Done, t: float) -> None:
    done(t, 0.0)


def _start(enter: Enter, number: int, t: float, done: Done) -> None:
    enter(number, done, t)


def _in_sequence(nodes: list[Enter], number: int, done: Done, t: float) -> None:
    def start(place: int, now: float) -> None:
        if place == len(nodes):
            done(now, 0.0)
        else:
            nodes[place](number, partial(ended, place), now)

    def ended(place: int, now: float, why: float) -> None:
        if why:
            done(now, why)
        else:
            start(place + 1, now)

    start(0, t)


def _side_by_side(nodes: list[Enter], number: int, done: Done, t: float) -> None:
    left = len(nodes)

    def ended(now: float, why: float) -> None:
        nonlocal left
        if left > 0:
            left = 0 if why else left - 1
            if left == 0:
                done(now, why)

    for enter in nodes:
        enter(number, ended, t)


def _chosen(uniform: float, cold: tuple[float, float], t: float) -> float:
    return 0.0 if cold[0] <= t < cold[1] else uniform


def _one_of(
    branches: list[tuple[float, float, Enter]], drawn: list[float], cold: tuple[float, float], number: int,
    done: Done, t: float,
) -> None:  # fmt: skip
    u = _chosen(drawn[number], cold, t)
    for low, high, enter in branches:
        if low <= u < high:
            enter(number, done, t)
            return
    done(t, 0.0)


def _later(enter: Enter, record: Record, number: int, done: Done, t: float) -> None:
    record.open.add(number)
    done(t, 0.0)
    enter(number, partial(record.note, number), t)

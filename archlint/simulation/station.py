"""A centre in the calendar of events: its queues, its workers, and what enters and leaves."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, Protocol

from archlint.simulation.backend import Span, Tally
from archlint.simulation.lists import queued
from archlint.simulation.scenario import LEAST_LOADED, RANDOM, REJECTED, Centre

Done = Callable[[float, float], None]
"""Called with the time at which something ends, and why it is lost (0: it is not)."""
After = Callable[[float, Done], None]
SWITCH: Final = -1
END: Final = 0
ARRIVAL: Final = 1
TIMEOUT: Final = 2
"""The order of events at one time."""
_MOST_QUEUES: Final = 10_000


class Clock(Protocol):
    """Where events are planned."""

    def at(self, when: float, rank: int, event: Callable[[float], None]) -> None:
        """Plan an event."""


class Job:
    """A request in a centre: its work, what it passes afterwards, and whether its worker waits for that.

    Of a generated answer, the work reads the prompt, `tokens` are its tokens, and `first` is called at the first one.
    """

    __slots__ = ("after", "arrived", "done", "first", "held", "started", "tokens", "work")

    def __init__(self, work: float, after: After | None, held: bool, done: Done) -> None:
        self.work = work
        self.after = after
        self.held = held
        self.done = done
        self.arrived = self.started = 0.0
        self.tokens = 1
        self.first: Callable[[float], None] = _nothing


def _nothing(t: float) -> None:
    """Do nothing at the first token."""


class Queue:
    """Requests that wait for the same workers. `owed` workers leave as soon as they are free."""

    __slots__ = ("closed", "free", "inside", "owed", "waiting", "wakes")

    def __init__(self, workers: float) -> None:
        self.free = workers
        self.waiting: deque[Job] = deque()
        self.inside = 0
        self.owed = 0.0
        self.closed = False
        self.wakes = -1.0


class Admission(ABC):
    """Takes requests into a centre up to its limit, and tallies what happens there."""

    def __init__(self, centre: Centre, clock: Clock, picks: Iterator[float], span: Span) -> None:
        self._centre = centre
        self._clock = clock
        self._span = span
        self._picks = picks
        self._turn = self._inside = 0
        self._limit = math.inf if centre.limit is None else centre.limit
        self._times: list[float] = []
        self._ends: list[float] = []
        self._tally = Tally()

    def tally(self) -> Tally:
        """Return what happened here."""
        self._tally.queued = queued(self._times, self._ends, self._span)
        return self._tally

    def arrive(self, t: float, job: Job) -> None:
        """Take a request in, or reject it."""
        counts = self._span.first_s <= t <= self._span.last_s
        self._tally.visits += counts
        if self._inside >= self._limit:
            self._tally.rejected += counts
            job.done(t, REJECTED)
            return
        job.arrived = t
        self._inside += 1
        self._take(t, job)

    @abstractmethod
    def _take(self, t: float, job: Job) -> None:
        """Serve a request, now or later."""


class Station(Admission):
    """A centre; requests are served in the order of their arrival."""

    def __init__(self, centre: Centre, clock: Clock, picks: Iterator[float], span: Span) -> None:
        super().__init__(centre, clock, picks, span)
        self._pooled = centre.pooled
        self._queues = [Queue(centre.servers)] if self._pooled else []
        self._replicas = 1 if self._pooled else int(min(centre.replicas, _MOST_QUEUES))
        self._away = 0
        if centre.outage is not None:
            clock.at(centre.outage.start_s, SWITCH, self._leave)
            clock.at(centre.outage.end_s, SWITCH, self._return)

    def _take(self, t: float, job: Job) -> None:
        queue = self._chosen()
        queue.inside += 1
        queue.waiting.append(job)
        self._dispatch(queue, t)

    def _chosen(self) -> Queue:
        """Return the queue that takes the next request, of those that are not away if there are any."""
        if self._pooled:
            return self._queues[0]
        while len(self._queues) < self._replicas:
            self._queues.append(Queue(self._centre.workers))
            self._queues[-1].closed = len(self._queues) <= self._away
        first = self._away if self._away < self._replicas else 0
        present = self._replicas - first
        if self._centre.balancing == LEAST_LOADED:
            return min(self._queues[first:], key=lambda queue: queue.inside)
        if self._centre.balancing == RANDOM:
            return self._queues[first + int(next(self._picks) * present)]
        self._turn += 1
        return self._queues[first + (self._turn - 1) % present]

    def _dispatch(self, queue: Queue, t: float) -> None:
        batches, waiting = self._centre.batches, queue.waiting
        while waiting and queue.free >= 1 and not queue.closed:
            size = 1
            if batches is not None:
                size = min(batches.size, len(waiting))
                until = waiting[0].arrived + batches.wait_s
                if size < batches.size and t < until:
                    if queue.wakes != until:
                        queue.wakes = until
                        self._clock.at(until, TIMEOUT, partial(self._dispatch, queue))
                    return
            queue.free -= 1
            jobs = [waiting.popleft() for _ in range(size)]
            for job in jobs:
                job.started = t
            self._clock.at(t + jobs[0].work, END, partial(self._worked, queue, jobs))

    def _worked(self, queue: Queue, jobs: list[Job], t: float) -> None:
        """The work of a batch is done: free the worker, unless it waits for what follows."""
        held = [job for job in jobs if job.held and job.after is not None]
        if not held:
            self._free(t, queue, jobs)
            for job in jobs:
                self._go_on(t, queue, job, None)
            return
        left = len(held)

        def ended(now: float) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                self._free(now, queue, jobs)

        for job in jobs:
            self._go_on(t, queue, job, ended if job.held else None)

    def _go_on(self, t: float, queue: Queue, job: Job, release: Callable[[float], None] | None) -> None:
        """Pass what follows the work; the request is in the centre until then."""
        if job.after is None:
            self._left(t, queue, job, 0.0)
            return

        def ended(now: float, why: float) -> None:
            self._left(now, queue, job, why)
            if release is not None:
                release(now)

        job.after(t, ended)

    def _left(self, t: float, queue: Queue, job: Job, why: float) -> None:
        self._inside -= 1
        queue.inside -= 1
        job.done(t, why)

    def _free(self, t: float, queue: Queue, jobs: list[Job]) -> None:
        first, last = self._span.first_s, self._span.last_s
        for job in jobs:
            self._times.append(job.arrived)
            self._ends.append(t)
            if first <= job.arrived <= last:
                self._tally.work_s += t - job.started
                self._tally.inside_s += t - job.arrived
        if queue.owed >= 1:
            queue.owed -= 1
        else:
            queue.free += 1
        self._dispatch(queue, t)

    def _leave(self, _t: float) -> None:
        outage = self._centre.outage
        if outage is None:
            return
        gone = self._centre.replicas if outage.replicas is None else min(outage.replicas, self._centre.replicas)
        if gone >= self._centre.replicas:
            self._away = self._replicas
            for queue in self._queues:
                queue.closed = True
        elif self._pooled:
            workers = gone * self._centre.workers
            leaving = min(self._queues[0].free, workers)
            self._queues[0].free -= leaving
            self._queues[0].owed = workers - leaving
        else:
            self._away = int(gone)
            for queue in self._queues[: self._away]:
                queue.closed = True

    def _return(self, t: float) -> None:
        outage = self._centre.outage
        if self._pooled and outage is not None and not self._queues[0].closed:
            gone = min(outage.replicas or 0, self._centre.replicas) * self._centre.workers
            self._queues[0].free += gone - self._queues[0].owed
            self._queues[0].owed = 0.0
        self._away = 0
        for queue in self._queues:
            queue.closed = False
            self._dispatch(queue, t)

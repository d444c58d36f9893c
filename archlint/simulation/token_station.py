"""A server with continuous batching in the calendar of events: its replicas, and what enters and leaves."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

from archlint.analysis.steps import Steps
from archlint.simulation.backend import Span
from archlint.simulation.replica import Asked, Replica
from archlint.simulation.scenario import RANDOM, ROUND_ROBIN, Centre, Tokens
from archlint.simulation.station import END, SWITCH, Admission, Clock, Job

_MOST_REPLICAS = 10_000


class TokenStation(Admission):
    """A centre that generates tokens; each replica has a batch and a queue of its own."""

    def __init__(self, centre: Centre, clock: Clock, picks: Iterator[float], span: Span) -> None:
        super().__init__(centre, clock, picks, span)
        self._tokens = centre.tokens or Tokens(Steps(0.0, 0.0, 0.0), 1.0)
        count = int(min(centre.replicas, _MOST_REPLICAS))
        self._replicas = [Replica(self._tokens.steps, self._tokens.most) for _ in range(count)]
        self._wakes = [math.inf] * count
        if centre.outage is not None:
            clock.at(centre.outage.start_s, SWITCH, partial(self._switch, True))
            clock.at(centre.outage.end_s, SWITCH, partial(self._switch, False))

    def _take(self, t: float, job: Job) -> None:
        place = self._chosen()
        replica = self._replicas[place]
        replica.advance(t)
        replica.arrive(t, Asked(job.work, job.tokens, job.first, partial(self._ended, job)))
        self._plan(place)

    def _chosen(self) -> int:
        """Return the replica that takes the next request, of those that are not away if there are any."""
        present = [place for place, replica in enumerate(self._replicas) if not replica.closed]
        present = present or list(range(len(self._replicas)))
        if self._centre.balancing == RANDOM:
            return present[int(next(self._picks) * len(present))]
        self._turn += 1
        if self._centre.balancing == ROUND_ROBIN:
            return present[self._turn % len(present)]
        return min(present, key=lambda place: (self._replicas[place].inside, (place - self._turn) % len(present)))

    def _plan(self, place: int) -> None:
        """Plan when a replica changes next; an earlier plan for another time is void."""
        replica = self._replicas[place]
        when = replica.next_change() if replica.busy else math.inf
        if when != self._wakes[place]:
            self._wakes[place] = when
            if when < math.inf:
                self._clock.at(when, END, partial(self._wake, place, when))

    def _wake(self, place: int, planned: float, t: float) -> None:
        if self._wakes[place] == planned:
            self._wakes[place] = math.inf
            self._replicas[place].advance(t)
            self._plan(place)

    def _ended(self, job: Job, t: float) -> None:
        """Note the end of an answer, and go on with the request at that time."""
        tokens = self._tokens
        self._times.append(job.arrived)
        self._ends.append(t)
        if self._span.first_s <= job.arrived <= self._span.last_s:
            self._tally.work_s += tokens.capacity_s(job.work, job.tokens)
            self._tally.inside_s += t - job.arrived
        self._clock.at(t, END, partial(self._go_on, job))

    def _go_on(self, job: Job, t: float) -> None:
        self._inside -= 1
        if job.after is None:
            job.done(t, 0.0)
        else:
            job.after(t, job.done)

    def _switch(self, away: bool, t: float) -> None:
        gone = self._centre.outage.replicas if self._centre.outage is not None else None
        for place, replica in enumerate(self._replicas[:gone]):
            replica.advance(t)
            replica.closed = away
            replica.now = max(replica.now, t) if not away else replica.now
            self._plan(place)

"""One replica of a server with continuous batching, step by step.

A step reads the prompts that wait and have a place, in the order of arrival, and makes a token of each answer in
progress, the new ones included. Between two events, as many steps as fit are taken at once.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush

import msgspec

from archlint.analysis.steps import Steps

Ended = Callable[[float], None]


class Asked(msgspec.Struct):
    """A request: the time that its prompt adds to a step, its tokens, and what is called at the first and the last."""

    prompt_s: float
    tokens: int
    first: Ended
    done: Ended


class Replica:
    """The requests of one replica.

    >>> ends = []
    >>> one = Replica(Steps(0.01, 0.0, 0.0), 2)
    >>> one.arrive(0.0, Asked(0.09, 11, ends.append, ends.append))
    >>> one.advance(math.inf)
    >>> [round(end, 9) for end in ends]
    [0.1, 0.2]
    """

    __slots__ = ("_ends", "_made", "_number", "_steps", "closed", "most", "now", "waiting")

    def __init__(self, steps: Steps, most: float) -> None:
        self.most = most
        self.now = 0.0
        self.waiting: deque[Asked] = deque()
        self.closed = False
        self._steps = steps
        self._made = self._number = 0
        self._ends: list[tuple[int, int, Asked]] = []

    @property
    def inside(self) -> int:
        """The requests here, waiting included."""
        return len(self.waiting) + len(self._ends)

    @property
    def busy(self) -> bool:
        """Whether there is something to do."""
        return bool(self._ends or (self.waiting and not self.closed))

    def arrive(self, t: float, asked: Asked) -> None:
        """Take a request in; `advance` must have come to this time."""
        if not self.busy:
            self.now = max(self.now, t)
        self.waiting.append(asked)

    def advance(self, until: float) -> None:
        """Take the steps that start up to a time; each is finished."""
        while self.now <= until and self.busy:
            if self._reads:
                self._read()
            else:
                self._generate(until)

    @property
    def _reads(self) -> bool:
        """Whether the next step reads a prompt."""
        return bool(self.waiting) and len(self._ends) < self.most and not self.closed

    def next_change(self) -> float:
        """Return when the replica has to be advanced, if nothing arrives; it must be busy."""
        if self._reads:
            return self.now
        left = self._ends[0][0] - self._made
        return self.now + left * self._steps.time_s(len(self._ends))

    def _read(self) -> None:
        """Take a step that reads prompts, and makes the first tokens of their answers."""
        read: list[Asked] = []
        while self._reads:
            asked = self.waiting.popleft()
            read.append(asked)
            self._number += 1
            self.now += asked.prompt_s
            heappush(self._ends, (self._made + asked.tokens, self._number, asked))
        self._step(1, self._steps.time_s(len(self._ends)))
        for asked in read:
            asked.first(self.now)
        self._end()

    def _generate(self, until: float) -> None:
        """Take steps until an answer ends, or until the first that is over at a time."""
        step_s, left = self._steps.time_s(len(self._ends)), self._ends[0][0] - self._made
        if until < math.inf and step_s > 0:
            left = min(left, max(1, math.ceil((until - self.now) / step_s)))
        self._step(left, step_s)
        self._end()

    def _step(self, steps: int, step_s: float) -> None:
        self._made += steps
        self.now += steps * step_s

    def _end(self) -> None:
        while self._ends and self._ends[0][0] <= self._made:
            heappop(self._ends)[2].done(self.now)

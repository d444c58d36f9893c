"""What the stage-wise engine needs of numbers: lists of one replication, or NumPy's arrays of many.

A value holds one number for each request. A time that is infinite means that the request does not come here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from collections.abc import Sequence
from typing import Final, Generic, TypeVar

import msgspec

from archlint.simulation.laws import Law
from archlint.simulation.scenario import Centre

V = TypeVar("V")


class Span(msgspec.Struct, frozen=True):
    """The time that a replication simulates. What arrives before `first_s` only fills the system."""

    first_s: float
    last_s: float

    @property
    def seconds(self) -> float:
        """How long requests count."""
        return self.last_s - self.first_s


class Tally(msgspec.Struct):
    """What happened at a centre in one replication, of the requests that arrived while they count.

    `queued` are how many were in the centre at the middle and at the end.
    """

    visits: int = 0
    rejected: int = 0
    work_s: float = 0.0
    inside_s: float = 0.0
    queued: tuple[int, int] = (0, 0)


class Outcome(msgspec.Struct, frozen=True):
    """The requests of one replication: when each arrived and ended, and why it was lost (0: it was not)."""

    arrived: list[float]
    ended: list[float]
    lost: list[float] | None = None


PERCENTILES: Final = (0.5, 0.95, 0.99)


class Sample(msgspec.Struct, frozen=True):
    """What one replication says of a stream: requests that count, those lost by reason, and the times of the others.

    `percentiles` are those of `PERCENTILES`, `times` are in rising order.
    """

    total: int
    lost: tuple[int, int, int]
    mean_s: float
    percentiles: tuple[float, ...]
    times: array[float]

    @property
    def answered(self) -> int:
        """The requests that were not lost."""
        return len(self.times)


class Ended(msgspec.Struct):
    """The requests of a stream: a sample of each replication, and all requests of the first ones."""

    samples: list[Sample] = msgspec.field(default_factory=list)
    outcomes: list[Outcome] = msgspec.field(default_factory=list)

    def extend(self, other: Ended) -> None:
        """Add further replications."""
        self.samples += other.samples
        self.outcomes += other.outcomes


class Backend(ABC, Generic[V]):
    """Arithmetic on one number for each request, and random numbers by label."""

    span: Span
    whole: int
    """Of how many replications all requests are kept."""
    tallies: dict[str, list[Tally]]

    @abstractmethod
    def uniforms(self, label: str, count: int) -> V:
        """Return uniform numbers: the next ones of the label's own sequence."""

    @abstractmethod
    def arrivals(self, label: str, rate_per_s: float, count: int) -> V:
        """Return the times of Poisson arrivals; infinite after the end."""

    @abstractmethod
    def times(self, law: Law, uniforms: V) -> V:
        """Return a time for each uniform number."""

    @abstractmethod
    def add(self, one: V, other: V) -> V:
        """Return the sums."""

    @abstractmethod
    def shift(self, one: V, seconds: float) -> V:
        """Return the times, later by so many seconds."""

    @abstractmethod
    def between(self, values: V, uniforms: V, low: float, high: float, other: float) -> V:
        """Return the values where the uniform number is in [low, high), and `other` elsewhere."""

    @abstractmethod
    def zero_within(self, uniforms: V, at: V, first_s: float, last_s: float) -> V:
        """Return the uniform numbers, and zero for requests that are here in a time."""

    @abstractmethod
    def earliest(self, parts: Sequence[V]) -> V:
        """Return the least of several values for each request."""

    @abstractmethod
    def latest(self, parts: Sequence[V]) -> V:
        """Return the greatest of several values for each request."""

    @abstractmethod
    def going_on(self, at: V, lost: V) -> V:
        """Return the times of the requests that are not lost; infinite for the others."""

    @abstractmethod
    def stopping(self, at: V, lost: V) -> V:
        """Return the times of the requests that are lost; infinite for the others."""

    @abstractmethod
    def give_up(self, entered: V, ended: V, lost: V | None, timeout_s: float) -> tuple[V, V]:
        """Return when the caller goes on, and what is lost, if it waits no longer than a timeout."""

    @abstractmethod
    def serve(self, centre: Centre, entries: Sequence[tuple[V, V]], picks: V | None) -> list[tuple[V, V | None]]:
        """Return when each request of each entry (times, works) ends, and which are lost; note it in the tallies."""

    @abstractmethod
    def ended(self, arrived: V, ended: V, lost: V | None) -> Ended:
        """Return what happened to the requests of each replication."""


def combined(backend: Backend[V], losses: Sequence[V | None]) -> V | None:
    """Return what is lost in any of several parts."""
    known = [lost for lost in losses if lost is not None]
    return backend.latest(known) if known else None

"""What a simulation finds: percentiles of each workload, what each component does, and the course over time."""

from __future__ import annotations

import msgspec

from archlint.simulation.statistics import Interval


class StreamResult(msgspec.Struct, frozen=True):
    """The requests of a workload. Times are those of requests that get an answer.

    `stored` are the results of messages, by queue: the time from the request until its consumer is done. `first` are
    the times to the first token of generated answers.
    """

    name: str
    rate_per_s: float
    requests: int
    mean: Interval | None
    p50: Interval | None
    p95: Interval | None
    p99: Interval | None
    rejected: float
    timed_out: float
    unfinished: float
    stored: dict[str, StreamResult] = {}
    first: StreamResult | None = None

    @property
    def lost(self) -> float:
        """The share of requests without an answer."""
        return self.rejected + self.timed_out + self.unfinished


class CentreResult(msgspec.Struct, frozen=True):
    """A component: how busy its workers are, and how long a request is in it, waiting included.

    `utilisation` is the time that the arriving requests need / the time of all workers: above 1, they cannot keep up.
    It is None without a number of workers. `grows_per_s` is how fast the queue grew in the second half of the time.
    """

    name: str
    workers: float | None
    visits_per_s: float
    utilisation: float | None
    inside_s: float
    rejected: float
    queued: float
    grows_per_s: float
    limit: float | None = None

    @property
    def unstable(self) -> bool:
        """Whether its queue grows without limit."""
        overloaded = self.utilisation is not None and self.utilisation >= 1
        return overloaded and self.grows_per_s > 0 and self.limit is None


class Moment(msgspec.Struct, frozen=True):
    """An interval of the course: requests that arrive in it, and how many are in the system at its end.

    With `queue`, it is about the messages in that queue and their consumers.
    """

    stream: str
    queue: str
    start_s: float
    end_s: float
    requests: float
    p50_s: float | None
    p99_s: float | None
    in_flight: float
    rejected: float
    timed_out: float


class Away(msgspec.Struct, frozen=True):
    """An outage that was simulated.

    `backlog` is how many more requests and messages are in the system at most than before, `recovered_s` how long after
    the outage these are gone (None: not by the end of the simulation).
    """

    centre: str
    start_s: float
    duration_s: float
    replicas: int | None
    backlog: float
    recovered_s: float | None


class Simulation(msgspec.Struct, frozen=True):
    """The results, and how they were computed.

    `calendar_for` says why a calendar of events was needed; empty if the stage-wise recursion was exact. `reached` is
    the precision of the widest p99, `precision` the one that was asked for, if any. `needed_requests` is set if the
    runs are too short for their load, so that the percentiles are too low.
    """

    streams: tuple[StreamResult, ...]
    centres: tuple[CentreResult, ...]
    course: tuple[Moment, ...]
    seed: int
    replications: int
    requests: int
    seconds: float
    calendar_for: str
    precision: float | None
    reached: float | None
    complete: bool
    needed_requests: int = 0
    outage: Away | None = None

    @property
    def unstable(self) -> tuple[CentreResult, ...]:
        """The components whose queue grows without limit."""
        return tuple(centre for centre in self.centres if centre.unstable)

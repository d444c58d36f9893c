"""The results of a benchmark run as plain values, for the tables, the plots, and JSON."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.serving.faults import Episode
from benchmarks.serving.runs import Gated


class Machine(NamedTuple):
    """The machine and the time of a run."""

    date: str
    processor: str
    cores: int
    python: str
    system: str
    versions: dict[str, str]


class Measured(NamedTuple):
    """One service under one load; `highest_per_s` is the highest of the tested rates that it sustained.

    `answer_s` is the median time until the result is available, if the first answer only accepts the request.
    `first_share` is the time to the first token of a streamed answer, as a share of the time of the whole answer.
    """

    name: str
    rate_per_s: float
    gated: Gated
    start_s: float
    memory_mb: float
    highest_per_s: float | None = None
    answer_s: float | None = None
    first_share: float | None = None


class Results(NamedTuple):
    """All results of a run; `failures` are the failed measurements with their reasons."""

    machine: Machine
    failures: dict[str, str]
    patterns: tuple[Measured, ...] = ()
    bigsize: tuple[Measured, ...] = ()
    neighbours: tuple[Episode, ...] = ()
    killed: tuple[Episode, ...] = ()

"""What a run of the benchmark found, as plain values: for the tables, the plots, and JSON."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.serving.faults import Episode
from benchmarks.serving.runs import Gated


class Machine(NamedTuple):
    """Where and when it was measured."""

    date: str
    processor: str
    cores: int
    python: str
    system: str
    versions: dict[str, str]


class Measured(NamedTuple):
    """One service under one load; `highest_per_s` is the highest of the tried rates that it kept up with.

    `answer_s` is the median time until the result is there, where the first answer only says that it will be.
    """

    name: str
    rate_per_s: float
    gated: Gated
    start_s: float
    memory_mb: float
    highest_per_s: float | None = None
    answer_s: float | None = None


class Results(NamedTuple):
    """Everything that one run measured; `failures` say what could not be, and why."""

    machine: Machine
    failures: dict[str, str]
    patterns: tuple[Measured, ...] = ()
    bigsize: tuple[Measured, ...] = ()
    neighbours: tuple[Episode, ...] = ()
    killed: tuple[Episode, ...] = ()

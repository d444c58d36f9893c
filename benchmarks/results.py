"""The results of a benchmark run as plain values, for the tables and for JSON."""

from __future__ import annotations

from typing import Final, NamedTuple

from benchmarks.processes import Measured, Ratio, Run

IMPORTS: Final = "python -c 'import click, yaml'"
GROWTH_OF: Final = 50_000
GROWTH_FROM: Final = 10_000


class Machine(NamedTuple):
    """The machine and the time of a run. Peaks up to `least_peak_mb` are those of the measuring process."""

    date: str
    processor: str
    cores: int
    python: str
    system: str
    least_peak_mb: float
    versions: dict[str, str]


class Startup(NamedTuple):
    """One short process. `archlint_over` is archlint's time divided by its time."""

    name: str
    does: str
    wall_ms: float
    least_ms: float
    user_ms: float
    peak_mb: float
    archlint_over: Ratio


class Size(NamedTuple):
    """One generated system: the time of archlint, and of the C parser (`drain_s` alone, or its whole process)."""

    components: int
    megabytes: float
    check_s: float
    least_s: float
    user_s: float
    peak_mb: float
    drain_s: float
    drain_user_s: float
    drain_process_s: float
    over_drain: Ratio


class Reader(NamedTuple):
    """One linter on a large input of its own kind. `archlint_over` is archlint's MB/s divided by its MB/s."""

    name: str
    reads: str
    megabytes: float
    wall_s: float
    user_s: float
    mb_per_s: float
    peak_mb: float
    archlint_over: Ratio


class Results(NamedTuple):
    """All results of a run; `failures` are the failed measurements with their reasons."""

    machine: Machine
    failures: dict[str, str]
    startup: tuple[Startup, ...] = ()
    sizes: tuple[Size, ...] = ()
    growth: Ratio | None = None
    readers: tuple[Reader, ...] = ()


def startup_row(name: str, does: str, measured: Measured, archlint: Measured) -> Startup:
    """Return the row of a process, compared with archlint."""
    return Startup(
        name,
        does,
        measured.wall_s * 1e3,
        measured.least_wall_s * 1e3,
        measured.user_s * 1e3,
        measured.peak_bytes / 1e6,
        archlint.over(measured),
    )


def size_row(components: int, size_bytes: int, check: Measured, drain: Measured) -> Size:
    """Return the row of a system, compared with the parser alone."""
    alone = Measured(tuple(_parser_alone(run) for run in drain.runs))
    return Size(
        components,
        size_bytes / 1e6,
        check.wall_s,
        check.least_wall_s,
        check.user_s,
        check.peak_bytes / 1e6,
        alone.wall_s,
        alone.user_s,
        drain.wall_s,
        check.over(alone),
    )


def _parser_alone(run: Run) -> Run:
    """Return the parser's own time, as printed by `drain.py`: elapsed and CPU seconds."""
    wall_s, user_s = run.printed.split()
    return run._replace(wall_s=float(wall_s), user_s=float(user_s))


def reader_row(name: str, reads: str, size_bytes: int, measured: Measured, archlint: tuple[Measured, int]) -> Reader:
    """The row of a linter; `archlint` are its runs and the bytes that it read."""
    own, own_bytes = archlint
    slower = measured.over(own)
    more = own_bytes / size_bytes
    return Reader(
        name,
        reads,
        size_bytes / 1e6,
        measured.wall_s,
        measured.user_s,
        size_bytes / 1e6 / measured.wall_s,
        measured.peak_bytes / 1e6,
        Ratio(slower.by_clock * more, slower.by_cpu * more),
    )

"""What a run of the benchmark found, as plain values: for the tables, and for JSON."""

from __future__ import annotations

from typing import Final, NamedTuple

from benchmarks.processes import Measured, Ratio, Run

IMPORTS: Final = "python -c 'import click, yaml'"
GROWTH_OF: Final = 50_000
GROWTH_FROM: Final = 10_000


class Machine(NamedTuple):
    """Where and when it was measured. Peaks up to `least_peak_mb` are those of the process that measures."""

    date: str
    processor: str
    cores: int
    python: str
    system: str
    least_peak_mb: float
    versions: dict[str, str]


class Startup(NamedTuple):
    """One process that starts, does a small thing and ends. `archlint_over` is archlint's time over its time."""

    name: str
    does: str
    wall_ms: float
    least_ms: float
    user_ms: float
    peak_mb: float
    archlint_over: Ratio


class Size(NamedTuple):
    """One generated system: what archlint takes, and the C parser (`drain_s` alone, or its whole process)."""

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
    """One linter on a large input of its own kind. `archlint_over` is archlint's MB/s over its MB/s."""

    name: str
    reads: str
    megabytes: float
    wall_s: float
    user_s: float
    mb_per_s: float
    peak_mb: float
    archlint_over: Ratio


class Results(NamedTuple):
    """Everything that one run measured; `failures` say what could not be, and why."""

    machine: Machine
    failures: dict[str, str]
    startup: tuple[Startup, ...] = ()
    sizes: tuple[Size, ...] = ()
    growth: Ratio | None = None
    readers: tuple[Reader, ...] = ()


def startup_row(name: str, does: str, measured: Measured, archlint: Measured) -> Startup:
    """The row of a process beside that of archlint."""
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
    """The row of a system beside the parser alone."""
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
    """The parser's own time, as `drain.py` prints it: seconds by the clock and of the CPU."""
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

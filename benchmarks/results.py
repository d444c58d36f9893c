"""What a run of the benchmark found, as plain values: for the tables, and for JSON."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.processes import Measured


class Machine(NamedTuple):
    """Where and when it was measured."""

    date: str
    processor: str
    cores: int
    python: str
    system: str
    versions: dict[str, str]


class Startup(NamedTuple):
    """One process that starts, does a small thing and ends. `share` is archlint's time over its time."""

    name: str
    does: str
    wall_ms: float
    least_ms: float
    user_ms: float
    peak_mb: float
    archlint_over: float


class Size(NamedTuple):
    """One generated system: what archlint takes, and the C parser (`drain_s` alone, or its whole process)."""

    components: int
    megabytes: float
    check_s: float
    least_s: float
    user_s: float
    peak_mb: float
    drain_s: float
    drain_process_s: float
    over_drain: float


class Reader(NamedTuple):
    """One linter on a large input of its own kind. `archlint_over` is archlint's MB/s over its MB/s."""

    name: str
    reads: str
    megabytes: float
    wall_s: float
    user_s: float
    mb_per_s: float
    peak_mb: float
    archlint_over: float


class Aim(NamedTuple):
    """An aim, what was measured, and whether it is met; None where it was not measured."""

    aim: str
    measured: str
    met: bool | None


class Results(NamedTuple):
    """Everything that one run measured; `failures` say what could not be, and why."""

    machine: Machine
    failures: dict[str, str]
    startup: tuple[Startup, ...] = ()
    sizes: tuple[Size, ...] = ()
    growth: float | None = None
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
        archlint.times(measured) or 1.0,
    )


def size_row(components: int, size_bytes: int, check: Measured, drain: Measured) -> Size:
    """The row of a system; the parser's own time is what its process printed, round by round."""
    alone = Measured(tuple(run._replace(wall_s=float(run.printed)) for run in drain.runs))
    return Size(
        components,
        size_bytes / 1e6,
        check.wall_s,
        check.least_wall_s,
        check.user_s,
        check.peak_bytes / 1e6,
        alone.wall_s,
        drain.wall_s,
        check.times(alone) or 0.0,
    )


def reader_row(
    name: str, reads: str, size_bytes: int, measured: Measured, archlint: tuple[Measured, int]
) -> Reader:
    """The row of a linter; `archlint` are its runs and the bytes that it read."""
    own, own_bytes = archlint
    slower = measured.times(own) or 1.0
    return Reader(
        name,
        reads,
        size_bytes / 1e6,
        measured.wall_s,
        measured.user_s,
        size_bytes / 1e6 / measured.wall_s,
        measured.peak_bytes / 1e6,
        slower * own_bytes / size_bytes,
    )


STARTUP_OVER_IMPORTS = 1.6
OVER_DRAIN, OVER_DRAIN_AT = 4.0, 10_000
GROWTH, GROWTH_OF, GROWTH_FROM = 6.0, 50_000, 10_000
IMPORTS = "python -c 'import click, yaml'"
SLOWER_AT_START = ("yamllint", "import-linter", "checkov")
SLOWER_AT_READING = ("yamllint", "import-linter", "zizmor", "checkov")


def aims(results: Results) -> list[Aim]:
    """Each aim with what was measured."""
    over = {row.name: row.archlint_over for row in results.startup}
    reading = {row.name: row.archlint_over for row in results.readers}
    sizes = {row.components: row.over_drain for row in results.sizes}
    return [
        _at_most(
            f"start-up at most {STARTUP_OVER_IMPORTS} x {IMPORTS}", over.get(IMPORTS), STARTUP_OVER_IMPORTS
        ),
        *(_at_most(f"start-up ahead of {name}", over.get(name), 1.0) for name in SLOWER_AT_START),
        _at_most(
            f"{OVER_DRAIN_AT:,} components at most {OVER_DRAIN:g} x the drain",
            sizes.get(OVER_DRAIN_AT),
            OVER_DRAIN,
        ),
        _at_most(f"{GROWTH_OF:,} components at most {GROWTH:g} x of {GROWTH_FROM:,}", results.growth, GROWTH),
        *(_at_least(f"MB/s ahead of {name}", reading.get(name)) for name in SLOWER_AT_READING),
    ]


def _at_most(aim: str, value: float | None, limit: float) -> Aim:
    return Aim(
        aim, "not measured" if value is None else f"{value:.2f} x", None if value is None else value <= limit
    )


def _at_least(aim: str, value: float | None) -> Aim:
    return Aim(
        aim, "not measured" if value is None else f"{value:.2f} x", None if value is None else value >= 1
    )

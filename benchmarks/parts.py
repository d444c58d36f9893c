"""The three parts of the benchmark: start-up, size, and large inputs compared with the peers."""

from __future__ import annotations

from typing import Final

from benchmarks.bench import Bench
from benchmarks.generate import Company
from benchmarks.processes import Command, Ratio, bytes_below
from benchmarks.results import (
    GROWTH_FROM,
    GROWTH_OF,
    IMPORTS,
    Reader,
    Size,
    Startup,
    reader_row,
    size_row,
    startup_row,
)

SMALL: Final = 30
LARGE: Final = 10_000
_OWN: Final = "archlint"


def measure_startup(bench: Bench) -> tuple[Startup, ...]:
    """Start-up of `archlint check` on a small file, compared with the imports that it needs, and with the peers.

    The file comes from the default seed. A second file has no fault.
    """
    python = str(bench.own.python)
    inputs = bench.inputs(large=False)
    passing = next(seed for seed in range(1, 1000) if not Company(SMALL, seed).faults)
    does = {name: made.description for name, made in inputs.items()}
    faulty = len(Company(SMALL).faults)
    does[_OWN] = f"an arch.yaml with {SMALL} components, {faulty} of them failing"
    does[f"{_OWN}, passing"] = f"an arch.yaml with {SMALL} components"
    commands = [
        Command("python -c pass", (python, "-c", "pass"), bench.folder),
        Command(IMPORTS, (python, "-c", "import click, yaml"), bench.folder),
        bench.check(SMALL, _OWN),
        bench.check(SMALL, f"{_OWN}, passing", passing),
        *(made.command for made in inputs.values()),
    ]
    measured = bench.measure(commands)
    own = measured.get(_OWN)
    if own is None:
        return ()
    return tuple(startup_row(name, does.get(name, ""), runs, own) for name, runs in measured.items())


def measure_sizes(bench: Bench) -> tuple[tuple[Size, ...], Ratio | None]:
    """Time and memory for generated systems, and how the time grows from 10,000 to 50,000 components."""
    sizes = bench.options.sizes
    measured = bench.measure([command for size in sizes for command in (bench.drain(size), bench.check(size))])
    rows = []
    for size in sizes:
        check, drain = measured.get(f"{_OWN} {size}"), measured.get(f"drain {size}")
        if check is not None and drain is not None:
            rows.append(size_row(size, bytes_below([bench.system(size)]), check, drain))
    large, small = measured.get(f"{_OWN} {GROWTH_OF}"), measured.get(f"{_OWN} {GROWTH_FROM}")
    return tuple(rows), large.over(small) if large is not None and small is not None else None


def measure_peers(bench: Bench) -> tuple[Reader, ...]:
    """Measure megabytes per second on large inputs."""
    inputs = bench.inputs(large=True)
    own_bytes = bytes_below([bench.system(LARGE)])
    measured = bench.measure([bench.check(LARGE, _OWN), *(made.command for made in inputs.values())])
    own = measured.get(_OWN)
    if own is None:
        return ()
    reads = {_OWN: (f"an arch.yaml with {LARGE:,} components", own_bytes)}
    reads |= {name: (made.description, made.size_bytes) for name, made in inputs.items()}
    return tuple(reader_row(name, *reads[name], runs, (own, own_bytes)) for name, runs in measured.items())

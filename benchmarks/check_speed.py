"""Measures how fast archlint is, compared with other linters and with the minimum of its work.

`python benchmarks/check_speed.py` measures three parts: `startup` (a small file), `size` (generated systems against the
time in which the C parser alone drains the same file) and `peers` (a large input of each linter's own kind). Everything
is installed into temporary environments and byte-compiled first. Runs are interleaved. Failures to install or run are
reported, never guessed. The script reports times and tests nothing. It needs a POSIX system (for the peak memory of a
child) and an index of Python packages.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.aims import aims
from benchmarks.bench import Bench, Options
from benchmarks.environments import CannotInstallError
from benchmarks.generate import SMALLEST
from benchmarks.parts import measure_peers, measure_sizes, measure_startup
from benchmarks.processes import least_peak_bytes
from benchmarks.results import Machine, Results
from benchmarks.tables import placed, render, renewed, results_of

PARTS: Final = ("startup", "size", "peers")
SIZES: Final = "100,1000,10000,50000"


def run(options: Options, folder: Path) -> Results:
    """Measure the requested parts."""
    bench = Bench(options, folder)
    startup = measure_startup(bench) if "startup" in options.parts else ()
    sizes, growth = measure_sizes(bench) if "size" in options.parts else ((), None)
    readers = measure_peers(bench) if "peers" in options.parts else ()
    return Results(_machine(bench), bench.failures, startup, sizes, growth, readers)


def _machine(bench: Bench) -> Machine:
    return Machine(
        date.today().isoformat(),
        processor(),
        os.cpu_count() or 1,
        platform.python_version(),
        platform.system(),
        least_peak_bytes() / 1e6,
        bench.versions,
    )


def processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _options(words: Sequence[str] | None = None) -> Options:
    parser = argparse.ArgumentParser(description="Measure how fast archlint is, beside other linters.")
    add = parser.add_argument
    add("--only", choices=PARTS, action="append", help="measure this part only; repeatable")
    add("--runs", type=int, default=10, help="rounds; slow commands take part in three (default: 10)")
    add("--sizes", default=SIZES, help=f"components of the generated systems (default: {SIZES})")
    add("--here", action="store_true", help="measure the archlint of the running Python; install none")
    add("--cache", type=Path, help="keep the environments in this folder (default: a temporary one)")
    add("--json", type=Path, metavar="FILE", help="write the results as JSON too")
    add("--markdown", type=Path, metavar="FILE", help="write the tables to a file, or between its marks")
    found = parser.parse_args(words)
    sizes = [int(word) if word.isdecimal() else 0 for word in found.sizes.split(",")]
    if found.runs < 1 or min(sizes) < SMALLEST:
        parser.error(f"--runs needs at least 1, and --sizes numbers from {SMALLEST} on, with commas")
    cache = found.cache.resolve() if found.cache else None
    parts = tuple(found.only or PARTS)
    return Options(parts, found.runs, tuple(sizes), found.here, cache, found.json, found.markdown)


def as_json(results: Results) -> str:
    """Return all values with names; a ratio is a pair: of elapsed time, and of CPU time."""
    values = results._asdict() | {
        "machine": results.machine._asdict(),
        "aims": [aim._asdict() for aim in aims(results)],
        "startup": [row._asdict() for row in results.startup],
        "sizes": [row._asdict() for row in results.sizes],
        "readers": [row._asdict() for row in results.readers],
    }
    return json.dumps(values, indent=2) + "\n"


def main() -> None:
    """Measure and print."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="archlint-speed-") as folder:
        try:
            results = run(options, Path(folder))
        except CannotInstallError as error:
            raise SystemExit(f"archlint cannot be installed: {error}") from None
    text = render(results)
    print(text, end="")
    if options.markdown:
        page = options.markdown.read_text(encoding="utf-8") if options.markdown.is_file() else ""
        text = renewed(results_of(page), text)             # the tables of other parts, and of `shapes`, stay
        options.markdown.write_text(placed(text, page), encoding="utf-8")
    if options.json:
        options.json.write_text(as_json(results), encoding="utf-8")


if __name__ == "__main__":
    main()

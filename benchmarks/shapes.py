"""Measures how time and memory grow with the size of systems with extreme shapes.

`python benchmarks/shapes.py` checks each shape at two sizes, in its own process, and prints the exponent of the
time (1 is linear, 2 quadratic) and the memory per byte of input.
"""

from __future__ import annotations

import argparse
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from archlint import engine
from archlint.config import Config
from archlint.errors import UnreadableInputError
from archlint.linter import Linter, Options
from archlint.report.options import TextOptions
from archlint.report.text import render_text
from archlint.source.files import read_document
from archlint.verdicts import Report
from benchmarks.shape_texts import BY_NAME
from benchmarks.tables import placed, renewed, results_of, table

SIZES: Final = (1000, 8000)
SECTION: Final = "Extreme shapes"
INCLUDES: Final = "includes"
LONGEST_S: Final = 100
REFUSED: Final = 3
PEAK_UNIT: Final = 1 if sys.platform == "darwin" else 1024


def write_includes(size: int, folder: Path) -> Path:
    """Write files that include each other in a cycle, and also the first one; return the first."""
    for n in range(size):
        others = f"[f{(n + 1) % size}.yaml, f0.yaml]"
        text = f"archlint: 1\ninclude: {others}\ncomponents:\n  c{n}: {{kind: service, calls: [c{(n + 1) % size}]}}\n"
        (folder / f"f{n}.yaml").write_text(text, encoding="utf-8")
    return folder / "f0.yaml"


class Probe(NamedTuple):
    """One check of one file: seconds of CPU time, bytes of the input and of memory beyond the start."""

    seconds: float
    input_bytes: int
    memory_bytes: int


class Growth(NamedTuple):
    """The growth of a shape between two sizes: the CPU seconds at each, and the memory of a further byte of input.

    None if `missed` says why there is no answer.
    """

    shape: str
    small_s: float | None
    large_s: float | None
    exponent: float | None
    bytes_a_byte: float | None
    missed: str = f"over {LONGEST_S}"


def probe(path: Path) -> Probe:
    """Check a file, with its patterns, and write the report, all in one process: a copy would count as nothing."""
    engine.MANY_COMPONENTS = sys.maxsize
    linter = Linter(Config(path.parent), Options(today="2026-06-30", patterns=True))
    before, start = _peak(), time.process_time()
    report, _ = linter.lint(read_document(path), path)
    render_text(Report((report,)), TextOptions())
    seconds = time.process_time() - start
    read = sum(file.stat().st_size for file in path.parent.iterdir())
    return Probe(seconds, read, _peak() - before)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * PEAK_UNIT


def probed(shape: str, size: int) -> Probe | str:
    """Probe a shape in its own process; return why there is no answer if it exceeds a limit, of time or of archlint."""
    words = [sys.executable, str(Path(__file__).resolve()), "--probe", shape, "--sizes", str(size)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        return f"over {LONGEST_S}"
    if done.returncode == REFUSED:
        return "refused"
    done.check_returncode()
    seconds, read, memory = done.stdout.split()
    return Probe(float(seconds), int(read), int(memory))


def growth(shape: str, sizes: tuple[int, int], rounds: int) -> Growth:
    """Measure a shape at both sizes, in turn; use the least time of the rounds, because others use the machine."""
    small, large = sizes
    found = [(probed(shape, small), probed(shape, large)) for _ in range(rounds)]
    pairs = [(one, other) for one, other in found if isinstance(one, Probe) and isinstance(other, Probe)]
    if not pairs:
        missed = next(one for pair in found for one in pair if isinstance(one, str))
        return Growth(shape, None, None, None, None, missed)
    least = min(one.seconds for one, _ in pairs), min(other.seconds for _, other in pairs)
    exponent = math.log(least[1] / least[0]) / math.log(large / small)
    memory = min(other.memory_bytes for _, other in pairs) - min(one.memory_bytes for one, _ in pairs)
    return Growth(shape, *least, exponent, memory / (pairs[0][1].input_bytes - pairs[0][0].input_bytes))


def rendered(rows: Sequence[Growth], sizes: tuple[int, int]) -> str:
    """Return the section of the page with the measured shapes."""
    head = ("shape", f"s at {sizes[0]:,}", f"s at {sizes[1]:,}", "exponent", "bytes per added byte")
    lines = [(row.shape.replace("_", " "), *_cells(row)) for row in rows]
    return f"### {SECTION}\n\n" + table(head, lines)


def _cells(row: Growth) -> tuple[str, ...]:
    if row.exponent is None:
        return "", row.missed, "", ""
    return f"{row.small_s:.2f}", f"{row.large_s:.2f}", f"{row.exponent:.2f}", f"{row.bytes_a_byte:.0f}"


def _write(shape: str, size: int, folder: Path) -> Path:
    if shape == INCLUDES:
        return write_includes(size, folder)
    path = folder / "arch.yaml"
    path.write_text(BY_NAME[shape](size), encoding="utf-8")
    return path


def main() -> None:
    """Measure, and print or update the table."""
    parser = argparse.ArgumentParser(description="Measure how time and memory grow with the size of extreme shapes.")
    add = parser.add_argument
    add("shapes", nargs="*", help="names of shapes (default: all)")
    add("--sizes", default=",".join(map(str, SIZES)), help="two sizes, with a comma")
    add("--rounds", type=int, default=3, help="measurements of each (default: 3)")
    add("--markdown", type=Path, metavar="FILE", help="renew the table in this page")
    add("--probe", metavar="SHAPE", help=argparse.SUPPRESS)
    found = parser.parse_args()
    sizes = tuple(int(word) for word in found.sizes.split(","))
    if found.probe:
        with tempfile.TemporaryDirectory(prefix="archlint-shape-") as folder:
            try:
                print(*probe(_write(found.probe, sizes[0], Path(folder))))
            except UnreadableInputError:
                sys.exit(REFUSED)
        return
    known = (*BY_NAME, INCLUDES)
    shapes = [shape.replace(" ", "_") for shape in found.shapes] or known
    if unknown := set(shapes) - set(known):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; the shapes are {', '.join(known)}")
    if len(sizes) != len(SIZES):
        parser.error("--sizes takes two sizes, with a comma")
    rows = []
    for shape in shapes:
        rows.append(growth(shape, (sizes[0], sizes[-1]), found.rounds))
        print(shape, *_cells(rows[-1]), file=sys.stderr, flush=True)
    text = rendered(rows, (sizes[0], sizes[-1]))
    print(text, end="")
    if found.markdown:
        page = found.markdown.read_text(encoding="utf-8")
        old = results_of(page)
        new = renewed(old, old.partition("### ")[0] + text)
        found.markdown.write_text(placed(new, page), encoding="utf-8")


if __name__ == "__main__":
    main()

"""What the reference implementations do under load, and what the anti-patterns cost compared with their fixes.

`python benchmarks/patterns.py` starts each service on loopback and sends it requests on a schedule that does not wait
for answers. It has four parts:

- `bigsize`: a model too big for its callers, alone and with each fix
- `neighbours`: several models in one server, and one server for each, while something happens to one of them
- `patterns`: every pattern that answers requests
- `killed`: what callers see while a part of a pattern is killed

Runs whose generator was late are discarded and counted. It reports and does not test anything. It needs
`pip install -e '.[reference,dev]'`, Linux to measure memory, and nginx and Redis for the rows that use them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Final, TypeVar

ROOT: Final = Path(__file__).resolve().parent.parent
if not __package__:
    sys.path[:0] = [str(ROOT), str(ROOT / "reference_impls")]

from benchmarks.check_speed import processor  # noqa: E402
from benchmarks.serving.catalogue import killed, patterns  # noqa: E402
from benchmarks.serving.plots import draw  # noqa: E402
from benchmarks.serving.results import Machine, Results  # noqa: E402
from benchmarks.serving.stories import bigsize, neighbours  # noqa: E402
from benchmarks.serving.tables import render  # noqa: E402
from benchmarks.tables import placed, renewed, results_of, with_rows  # noqa: E402

PARTS: Final = ("bigsize", "neighbours", "patterns", "killed")
PAGE: Final = ROOT / "docs" / "patterns-measured.md"
_LIBRARIES: Final = ("fastapi", "uvicorn", "flask", "gunicorn", "scikit-learn", "numpy", "aiohttp")
T = TypeVar("T")


class Run:
    """One run of the benchmark: what it measures, for how long, and what could not be measured."""

    def __init__(self, parts: Sequence[str], seconds: float, only: Sequence[str], folder: Path) -> None:
        self.parts = parts
        self.seconds = seconds
        self.only = tuple(only)
        self.folder = folder
        self.failures: dict[str, str] = {}

    def results(self) -> Results:
        """Measure all parts."""
        long = max(self.seconds, 3.0)
        return Results(
            Machine(
                date.today().isoformat(), processor(), os.cpu_count() or 1, platform.python_version(),
                platform.system(), {name: version(name) for name in _LIBRARIES},
            ),
            self.failures,
            bigsize=self._part("bigsize", lambda: bigsize(self.folder, long * 2)),
            neighbours=self._part("neighbours", lambda: neighbours(self.folder, long)),
            patterns=self._part("patterns", lambda: patterns(self.folder, self.seconds, self.only, self.failures)),
            killed=self._part("killed", lambda: killed(self.folder, long, self.only, self.failures)),
        )  # fmt: skip

    def _part(self, name: str, measure: Callable[[], Iterator[T]]) -> tuple[T, ...]:
        """Measure a part; an error ends the part, is reported, and keeps the rows that were measured before."""
        rows: list[T] = []
        if name not in self.parts:
            return ()
        try:
            for row in measure():
                rows.append(row)
                print(f"  {name}: {row}"[:230], file=sys.stderr, flush=True)
        except Exception as error:
            self.failures[name] = f"{type(error).__name__}: {error}"[:500]
        return tuple(rows)


def main() -> None:
    """Measure, and write the requested outputs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", action="append", choices=PARTS, help="default: all; may be given several times")
    parser.add_argument("--only", action="append", default=[], help="only this pattern of `patterns` and `killed`")
    parser.add_argument("--seconds", type=float, default=30.0, help="the length of each run")
    parser.add_argument("--json", type=Path, help="write the results as JSON")
    parser.add_argument("--docs", action="store_true", help=f"update the results in {PAGE.relative_to(ROOT)}")
    call = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = Run(call.part or PARTS, call.seconds, call.only, Path(folder)).results()
    text = render(results)
    print(text)
    if call.json:
        call.json.write_text(json.dumps(results._asdict(), default=_plain, indent=2) + "\n", encoding="utf-8")
    if call.docs:
        draw(results, PAGE.parent / "images")
        page = PAGE.read_text(encoding="utf-8")
        old = results_of(page)
        PAGE.write_text(placed(renewed(old, with_rows(old, text) if call.only else text), page), encoding="utf-8")
    raise SystemExit(1 if results.failures else 0)


def _plain(value: object) -> object:
    """Turn a frozen record into a mapping."""
    slots = getattr(value, "__slots__", ())
    return {name: getattr(value, name) for name in slots}


if __name__ == "__main__":
    main()

"""The aims for speed, and whether a run meets them."""

from __future__ import annotations

from typing import Final, NamedTuple

from benchmarks.processes import Ratio
from benchmarks.results import IMPORTS, Results

STARTUP_OVER_IMPORTS: Final = 1.55
OVER_DRAIN: Final = 3.8
OVER_DRAIN_AT: Final = 10_000
GROWTH: Final = 6.0
SLOWER_AT_START: Final = ("yamllint", "import-linter", "checkov")
SLOWER_AT_READING: Final = ("yamllint", "import-linter", "zizmor", "checkov")


class Aim(NamedTuple):
    """An aim with the measured ratios, of elapsed time and of CPU time; `met` uses elapsed time.

    All three are None if it was not measured.
    """

    aim: str
    by_clock: float | None
    by_cpu: float | None
    met: bool | None


def aims(results: Results) -> list[Aim]:
    """Return each aim with its measured value."""
    starting = {row.name: row.archlint_over for row in results.startup}
    reading = {row.name: row.archlint_over for row in results.readers}
    sizes = {row.components: row.over_drain for row in results.sizes}
    imports = f"start-up at most {STARTUP_OVER_IMPORTS} x {IMPORTS}"
    drain = f"{OVER_DRAIN_AT:,} components at most {OVER_DRAIN:g} x the drain"
    growth = f"50,000 components at most {GROWTH:g} x of 10,000"
    return [
        _at_most(imports, starting.get(IMPORTS), STARTUP_OVER_IMPORTS),
        *(_at_most(f"start-up ahead of {name}", starting.get(name), 1.0) for name in SLOWER_AT_START),
        _at_most(drain, sizes.get(OVER_DRAIN_AT), OVER_DRAIN),
        _at_most(growth, results.growth, GROWTH),
        *(_ahead(f"MB/s ahead of {name}", reading.get(name)) for name in SLOWER_AT_READING),
    ]


def _at_most(aim: str, ratio: Ratio | None, limit: float) -> Aim:
    return Aim(aim, None, None, None) if ratio is None else Aim(aim, *ratio, ratio.by_clock <= limit)


def _ahead(aim: str, ratio: Ratio | None) -> Aim:
    return Aim(aim, None, None, None) if ratio is None else Aim(aim, *ratio, ratio.by_clock > 1)

"""The two comparisons as pictures: SVG files for the docs, the same bytes for the same results."""

from __future__ import annotations

from pathlib import Path

from benchmarks.serving.faults import Episode
from benchmarks.serving.results import Measured, Results
from benchmarks.serving.stories import OBJECTIVE_S

_LOST, _P50, _P99, _CALM = "#c2410c", "#93c5fd", "#1d4ed8", "#475569"


def draw(results: Results, folder: Path) -> list[Path]:
    """Write the plots of a run into a folder, and return their files."""
    import matplotlib  # noqa: PLC0415 - an extra that only the plots need

    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.hashsalt": "archlint", "font.size": 10, "svg.fonttype": "none"})
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    if results.bigsize:
        made.append(_bigsize(results.bigsize, folder / "online-bigsize.svg"))
    if results.neighbours:
        made.append(_neighbours(results.neighbours, folder / "all-in-one.svg"))
    return made


def _bigsize(rows: tuple[Measured, ...], path: Path) -> Path:
    from matplotlib import pyplot  # noqa: PLC0415

    figure, axes = pyplot.subplots(figsize=(9, 0.62 * len(rows) + 1.2), layout="constrained")
    for index, row in enumerate(reversed(rows)):
        record = row.gated.record
        axes.barh(index + 0.2, record.p50 * 1e3, 0.38, color=_P50, label="p50" if index == 0 else None)
        axes.barh(index - 0.2, record.p99 * 1e3, 0.38, color=_P99, label="p99" if index == 0 else None)
    axes.axvline(OBJECTIVE_S * 1e3, color=_LOST, linestyle="--", label="objective of the p99")
    axes.set_yticks(range(len(rows)), [row.name for row in reversed(rows)])
    axes.set_xscale("log")
    axes.set_xlabel("time to the first answer, ms (logarithmic)")
    axes.legend(loc="lower right")
    return _saved(figure, path)


def _neighbours(rows: tuple[Episode, ...], path: Path) -> Path:
    from matplotlib import pyplot  # noqa: PLC0415

    events = list(dict.fromkeys(row.event for row in rows))
    names = list(dict.fromkeys(row.name for row in rows))
    figure, grid = pyplot.subplots(
        len(events), len(names), figsize=(10, 2.1 * len(events)), sharex=True, sharey=True, squeeze=False,
        layout="constrained",
    )  # fmt: skip
    for row in rows:
        axes = grid[events.index(row.event)][names.index(row.name)]
        seconds = range(len(row.seconds))
        axes.bar(seconds, [second.requests - second.lost for second in row.seconds], color=_CALM, label="answered")
        axes.bar(seconds, [second.lost for second in row.seconds], color=_LOST, label="lost",
                 bottom=[second.requests - second.lost for second in row.seconds])  # fmt: skip
        axes.axvline(row.at_s - 0.5, color="black", linestyle=":")
        axes.set_title(f"{row.event}: {row.name}", fontsize=10)
    for axes in grid[-1]:
        axes.set_xlabel("second of the run")
    for line in grid:
        line[0].set_ylabel("iris requests /s")
    grid[0][-1].legend(loc="lower right")
    return _saved(figure, path)


def _saved(figure: object, path: Path) -> Path:
    from matplotlib import pyplot  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    assert isinstance(figure, Figure)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
    return path

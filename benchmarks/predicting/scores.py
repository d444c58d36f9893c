"""Compares predictions with measurements: errors, bands, bounds, and verdicts beside those of simple rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import median
from typing import NamedTuple

from benchmarks.predicting.predictions import Band, Prediction

P50_AIM, P99_AIM, BAND_AIM = 0.15, 0.30, 0.90
MODERATE = 0.7
BIG_BYTES = 500e6


class Result(NamedTuple):
    """One prediction with what was measured: p50 and p99 in seconds, and whether the service kept up.

    `load` is the planned utilisation. `apart_p99_s` is the sum of the p99s of the parts, `artifact_bytes` the size of
    the models, `objectives_s` the limits for the p99 that verdicts are about; all were fixed before the run.
    """

    prediction: Prediction
    load: float
    p50_s: float
    p99_s: float
    kept_up: bool
    requests: int
    apart_p99_s: float
    artifact_bytes: float
    objectives_s: tuple[float, ...]

    def fine(self, objective_s: float) -> bool:
        """Whether the measured system met an objective for its p99."""
        return self.kept_up and self.p99_s <= objective_s


def error(band: Band, measured_s: float) -> float:
    """Return the signed error of a prediction, as a share of what was measured.

    >>> error(Band(0.09, 0, 0, 0), 0.1)
    -0.10000000000000009
    """
    return band.seconds / measured_s - 1


Judge = Callable[[Result, float], bool]
"""Says whether a system will meet an objective for its p99."""
JUDGES: dict[str, Judge] = {
    "archlint": lambda one, objective: one.prediction.p99 is not None and one.prediction.p99.seconds <= objective,
    "utilisation below 0.7": lambda one, objective: one.prediction.utilisation < MODERATE,
    "sum of p99s": lambda one, objective: one.apart_p99_s <= objective,
    "model below 500 MB": lambda one, objective: one.artifact_bytes <= BIG_BYTES,
    "always fine": lambda one, objective: True,
}


class Score(NamedTuple):
    """The summary: `right` counts right verdicts of each judge, of `verdicts`.

    Errors are medians of their size, over loads up to `MODERATE`, as the aims are.
    """

    results: int
    compared: int
    bounds: int
    violated: int
    covered: int
    p50_error: float
    p99_error: float
    within_p50: int
    within_p99: int
    moderate: int
    verdicts: int
    right: dict[str, int]


def score(results: Iterable[Result]) -> Score:
    """Summarise results; errors are those of systems that were predicted to keep up, and did."""
    found = list(results)
    bands = [
        (one.load, band, measured, aim)
        for one in found if one.kept_up
        for band, measured, aim in ((one.prediction.p50, one.p50_s, P50_AIM), (one.prediction.p99, one.p99_s, P99_AIM))
        if band is not None
    ]  # fmt: skip
    moderate = [(abs(error(band, value)), aim) for load, band, value, aim in bands if load <= MODERATE]
    asked = [(one, limit) for one in found for limit in one.objectives_s]
    right = {name: sum(judge(one, limit) == one.fine(limit) for one, limit in asked) for name, judge in JUDGES.items()}
    return Score(
        len(found), len(bands),
        sum(1 for _, band, _, _ in bands if band.least > 0),
        sum(1 for _, band, value, _ in bands if value < band.least),
        sum(1 for _, band, value, _ in bands if band.low <= value <= band.high),
        _median(size for size, aim in moderate if aim == P50_AIM),
        _median(size for size, aim in moderate if aim == P99_AIM),
        sum(1 for size, aim in moderate if aim == P50_AIM and size <= aim),
        sum(1 for size, aim in moderate if aim == P99_AIM and size <= aim),
        sum(1 for _, aim in moderate if aim == P50_AIM),
        len(asked), right,
    )  # fmt: skip


def _median(sizes: Iterable[float]) -> float:
    return median([*sizes] or [0.0])

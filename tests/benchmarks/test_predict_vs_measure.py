"""The comparison of predictions with measurements: its arithmetic, its page, and one short run of a real service."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import archlint
from archlint.measure.times import Times
from benchmarks.predict_vs_measure import LOADS, Bench
from benchmarks.predicting import predictions, runs
from benchmarks.predicting.architectures import ARCHITECTURES, HITS, WHOLE, Architecture, difference
from benchmarks.predicting.page import Outcome, page
from benchmarks.predicting.predictions import Band, Prediction, Written, described, predicted
from benchmarks.predicting.runs import DiscardedError, alone
from benchmarks.predicting.scores import Result, score
from kit.load import Call, Plan, Samples

NAMES = [one.name for one in ARCHITECTURES]
PART = Times(1000, 0.002, 0.3, ((0.5, 0.0019), (0.95, 0.003), (0.99, 0.004)))
FULL = Times(1000, 0.005, 0.3, ((0.5, 0.0048), (0.95, 0.0075), (0.99, 0.009)))
MEASURED = {
    WHOLE: FULL, "predictor": PART, "iris": PART, "wine": PART, "breast_cancer": PART, "hits": PART, "misses": FULL,
}  # fmt: skip


def samples(*calls: tuple[float, float]) -> Samples:
    """Requests that were sent when they were due, each with its latency."""
    due = np.array([one for one, _ in calls])
    return Samples(due, due, np.array([latency for _, latency in calls]), np.full(len(calls), 200))


def test_only_requests_that_meet_no_other_are_alone() -> None:
    meeting = [(float(number), 0.9) for number in range(200)]
    found = alone(samples(*meeting, (300.0, 5.0), (301.0, 5.0), (302.0, 1.0)), rate=1e-9)
    assert found.count == 200
    assert found.mean_s == pytest.approx(0.9)
    with pytest.raises(DiscardedError, match="only 1 requests met no other one"):
        alone(samples((0.0, 2.0), (1.0, 2.0), (5.0, 1.0)), rate=1.0)


def test_what_remains_of_a_whole_has_its_mean_and_variance() -> None:
    assert difference(FULL, PART) == "{mean: 3ms, cv: 0.458}"
    assert difference(PART, FULL) == "{mean: 100us, cv: 0.1}"             # noise: the part took longer than the whole


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=NAMES)
def test_each_architecture_gets_predictions_at_each_load(architecture: Architecture, tmp_path: Path) -> None:
    work_s = architecture.work(MEASURED)
    found = []
    for load in LOADS:
        text = described(architecture, MEASURED, load / work_s, tmp_path, "2026-11-29")
        assert [finding for finding in archlint.check(text).findings if finding.rule.startswith("DOC")] == []
        found.append(predicted(architecture.name, text))
    rising = [prediction for prediction in found if prediction.p50 is not None and prediction.p99 is not None]
    assert len(rising) >= 2
    assert [one.p99.seconds for one in rising if one.p99] == sorted(one.p99.seconds for one in rising if one.p99)
    for prediction in rising:
        for band in (prediction.p50, prediction.p99):
            assert band is not None
            assert 0 < band.least <= band.high
            assert band.low <= band.seconds <= band.high


def test_a_cache_is_asked_for_the_share_of_known_inputs(tmp_path: Path) -> None:
    cache = next(one for one in ARCHITECTURES if one.name == "cache")
    first, second = ([call.body for call in cache.calls(number)] for number in (1, 2))
    known = set(first) & set(second)
    assert len(known) == 10
    assert sum(body in known for body in first) / len(first) == pytest.approx(HITS, abs=0.03)
    assert len(set(first)) - 10 == sum(body not in known for body in first)


def result(load: float, predicted_p99: float | None, measured_p99: float, kept_up: bool = True) -> Result:
    band = None if predicted_p99 is None else Band(predicted_p99, predicted_p99 * 0.8, predicted_p99 * 1.2, 0.001)
    prediction = Prediction("single", 100.0, load, band, band)
    return Result(prediction, load, measured_p99, measured_p99, kept_up, 1200, 0.01, 1e5, (0.012,))


RESULTS = (
    result(0.5, 0.010, 0.010), result(0.7, 0.011, 0.013), result(0.85, 0.020, 0.030), result(1.3, None, 5.0, False),
    result(0.5, 0.010, 0.0005),
)  # fmt: skip


def test_errors_bands_bounds_and_verdicts_are_counted() -> None:
    found = score(RESULTS)
    assert (found.results, found.compared, found.bounds) == (5, 8, 8)
    assert found.violated == 2                             # p50 and p99 of the last one are below the bound of 1 ms
    assert found.covered == 4
    assert (found.moderate, found.within_p50, found.within_p99) == (3, 1, 2)
    assert found.verdicts == 5
    assert found.right == {
        "archlint": 4, "utilisation below 0.7": 5, "sum of p99s": 2, "model below 500 MB": 2, "always fine": 2,
    }  # fmt: skip


def test_the_page_shows_every_result_and_what_is_missing() -> None:
    outcome = Outcome("2026-11-29", "2 cores", 12.0, RESULTS, score(RESULTS), 3, {"batch": "discarded: late"},
                      {"single": Written("2026-11-29T10:00:00+00:00", "abc")})  # fmt: skip
    text = page(outcome)
    assert "| bounds violated | 2 of 8 | 0 |" in text
    assert "| single | 0.85 | 100/s | 1200 | 20 ms (16 ms to 24 ms) | 30 ms | -33% | " in text
    assert "| single | 1.30 | 100/s | 1200 | overloaded | did not keep up |  | overloaded | did not keep up |  |" in text
    assert "| runs discarded | 3 | |" in text
    assert "- batch: discarded: late" in text
    assert "| single | 2026-11-29T10:00:00+00:00 | `abc` |" in text
    assert len({row.count("|") for row in text.splitlines() if row.startswith("| single | 0") or "p50: pred" in row}) == 1


def test_a_short_run_of_a_real_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine fails the gates: then nothing is a result, and the reason is there. Predictions come first."""
    order: list[str] = []
    written, calibrated = predictions.write, runs.measured

    def note_write(found: list[tuple[Prediction, str]], file: Path) -> Written:
        order.append("written")
        return written(found, file)

    def note_run(plan: Plan, calls: Sequence[Call], tries: int) -> runs.Kept:
        order.append("measured")
        return calibrated(plan, calls, tries)

    monkeypatch.setattr("benchmarks.predict_vs_measure.write", note_write)
    monkeypatch.setattr("benchmarks.predict_vs_measure.measured", note_run)
    bench = Bench(4.0, tmp_path, loads=(0.5,), tries=1)
    outcome = bench.outcome([ARCHITECTURES[0]])
    assert order in (["written", "measured"], [])
    if order:
        kept = json.loads((tmp_path / "single" / "predictions.json").read_text())
        (row,) = kept["predictions"]
        assert row["prediction"]["p99"][0] > 0
        assert "x-measured" not in row["arch.yaml"] and "service_time: {mean: " in row["arch.yaml"]
    assert len(outcome.results) + len(outcome.failures) >= 1
    assert all(why.startswith("discarded: ") for why in outcome.failures.values())
    assert "## Results" in page(outcome)

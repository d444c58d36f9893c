"""The results as a page of the docs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from archlint.model.quantities import format_duration, format_rate
from benchmarks.predicting.predictions import Band, Written
from benchmarks.predicting.scores import BAND_AIM, MODERATE, P50_AIM, P99_AIM, Result, Score, error


class Outcome(NamedTuple):
    """A complete run of the benchmark.

    `discarded` counts the runs that did not pass the gates; `failures` are the parts without a result, and why.
    """

    date: str
    machine: str
    seconds: float
    results: tuple[Result, ...]
    score: Score
    discarded: int
    failures: dict[str, str]
    written: dict[str, Written]


_HEAD = """\
# Predictions against measurements

How far are the latencies that archlint computes from those of real services? This page compares them. It is written
by `python -m benchmarks.predict_vs_measure --markdown docs/prediction.md`, also where the result is bad.

## How it is measured

- **Calibrated at one load.** Each service runs at three tenths of its capacity. What is measured there is the time
  without load: that of requests which met no other request. `archlint measure` writes it into an `arch.yaml`.
- **Written down first.** The predictions for the other loads are written into a file, with the time and the
  `arch.yaml`, before any of these loads is measured. The table shows the time and the digest of each file.
- **Open loop.** Requests are due at random times, whether or not earlier ones were answered; latency starts when a
  request was due. The generator has one core, and all processes of a service share another one. `load` is the rate
  times the time without load: the share of that core that is busy. Above 1, the service cannot keep up.
- **Gates.** A run is discarded if the p99 lateness of the generator is at least 5 % of the measured p50, or if it did
  not send at the rate of the schedule. After the runs of an architecture, its time without load is measured again: if
  it changed by 5 % or more, all its results are discarded. Discarded runs are counted.
- **Bounds and verdicts.** A measured percentile below a bound would prove archlint wrong. A verdict is whether the
  p99 meets an objective: 3 and 8 times the time without load. It is compared with the verdicts of four simple rules.

## How to read it

- archlint computes waits for workers that take one request after the other, and so do these services: each process has
  one thread for requests (`SERVE_THREADS=1`). With many threads on one core, quick requests overtake slow ones.
- The parts of a service share one core. While one part works, the others are slower, which their `arch.yaml` does not
  say. Where a prediction is too low at a high load, this is the reason.
- A request takes 5 to 20 ms, so that the lateness of the generator is a small share of it. A run has some hundred
  requests then: too few for an exact p99, which changes by a tenth or two from run to run.
- On a virtual machine whose cores others use too, the generator is late more often than the gates allow. Then an
  architecture has no result here, only the reason.
"""


def page(outcome: Outcome) -> str:
    """Return the page as Markdown."""
    return "\n".join([_HEAD, *_results(outcome)]) + "\n"


def _results(outcome: Outcome) -> Iterator[str]:
    score = outcome.score
    yield f"## Results\n\nMeasured on {outcome.date}: {outcome.machine}. Each run takes {outcome.seconds:g} s.\n"
    yield "| | result | aim |\n|---|---|---|"
    yield f"| bounds violated | {score.violated} of {score.bounds} | 0 |"
    yield f"| median error of p50, load up to {MODERATE:g} | {score.p50_error:.0%} | {P50_AIM:.0%} |"
    yield f"| median error of p99, load up to {MODERATE:g} | {score.p99_error:.0%} | {P99_AIM:.0%} |"
    yield f"| p50 within {P50_AIM:.0%}, load up to {MODERATE:g} | {score.within_p50} of {score.moderate} | all |"
    yield f"| p99 within {P99_AIM:.0%}, load up to {MODERATE:g} | {score.within_p99} of {score.moderate} | all |"
    yield f"| measured inside the band | {score.covered} of {score.compared} | {BAND_AIM:.0%} |"
    yield f"| runs discarded | {outcome.discarded} | |\n"
    yield "Right verdicts:\n\n| who | right |\n|---|---|"
    for name, right in score.right.items():
        yield f"| {name} | {right} of {score.verdicts} |"
    percentiles = " | ".join(f"{name}: predicted (band) | measured | error" for name in ("p50", "p99"))
    yield f"\n| architecture | load | rate | requests | {percentiles} |\n|{'---|' * 10}"
    for one in outcome.results:
        yield _row(one)
    yield "\n| predictions | written (UTC) | SHA-256 |\n|---|---|---|"
    for name, written in outcome.written.items():
        yield f"| {name} | {written.time} | `{written.digest}` |"
    if outcome.failures:
        yield "\nNot measured:\n"
        yield from (f"- {name}: {why}" for name, why in outcome.failures.items())


def _row(one: Result) -> str:
    start = f"| {one.prediction.architecture} | {one.load:.2f} | {format_rate(one.prediction.rate)} | {one.requests} "
    cells = _cells(one.prediction.p50, one.p50_s, one.kept_up) + _cells(one.prediction.p99, one.p99_s, one.kept_up)
    return f"{start}| {' | '.join(cells)} |"


def _cells(band: Band | None, measured_s: float, kept_up: bool) -> list[str]:
    said = "overloaded"
    if band is not None:
        said = f"{format_duration(band.seconds)} ({format_duration(band.low)} to {format_duration(band.high)})"
    measured = format_duration(measured_s) if kept_up else "did not keep up"
    return [said, measured, f"{error(band, measured_s):+.0%}" if band is not None and kept_up else ""]

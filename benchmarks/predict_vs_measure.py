"""Predicts the latency of reference implementations under load, then measures it, and compares.

`python -m benchmarks.predict_vs_measure --markdown docs/prediction.md` takes about ten minutes on a quiet machine with
two cores. It reports and does not test anything. It needs `pip install -e '.[reference,dev]'`.
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

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path[:0] = [path for path in (str(ROOT), str(ROOT / "reference_impls")) if path not in sys.path]

from archlint.measure.times import Times  # noqa: E402
from benchmarks.check_speed import processor  # noqa: E402
from benchmarks.predicting.architectures import ARCHITECTURES, WHOLE, Architecture, Probe  # noqa: E402
from benchmarks.predicting.page import Outcome, page  # noqa: E402
from benchmarks.predicting.predictions import Prediction, Written, described, predicted, write  # noqa: E402
from benchmarks.predicting.runs import TRIES, DiscardedError, calibrated, measured  # noqa: E402
from benchmarks.predicting.scores import Result, score  # noqa: E402
from benchmarks.serving.subjects import started  # noqa: E402
from kit.load import Plan  # noqa: E402

LOADS: Final = (0.5, 0.7, 0.85, 1.3)
OBJECTIVES: Final = (3.0, 8.0)
MOST_DRIFT: Final = 0.05
_ARTIFACT: Final = 100e3
"""More than the models of these implementations have."""


class Bench:
    """One run of the benchmark: how long each run takes, at which loads, and what came out so far."""

    def __init__(self, seconds: float, folder: Path, loads: Sequence[float] = LOADS, tries: int = TRIES) -> None:
        self.seconds = seconds
        self.folder = folder
        self.loads = tuple(loads)
        self.tries = tries
        self.discarded = 0
        self.failures: dict[str, str] = {}
        self.written: dict[str, Written] = {}
        self.results: list[Result] = []

    def outcome(self, architectures: Sequence[Architecture]) -> Outcome:
        """Measure all architectures; one that fails is reported, and the others are still measured."""
        for architecture in architectures:
            try:
                self.results += self.compared(architecture)
            except DiscardedError as error:
                self.discarded += error.tries
                self.failures[architecture.name] = f"discarded: {error}"
            except Exception as error:
                self.failures[architecture.name] = f"{type(error).__name__}: {error}"[:300]
            print(f"  {architecture.name}: {self.failures.get(architecture.name, 'done')}", file=sys.stderr, flush=True)
        where = f"{os.cpu_count()} cores of {processor()}, {platform.system()}, Python {platform.python_version()}"
        return Outcome(
            date.today().isoformat(), where, self.seconds, tuple(self.results), score(self.results), self.discarded,
            self.failures, self.written,
        )  # fmt: skip

    def compared(self, architecture: Architecture) -> list[Result]:
        """Calibrate, write the predictions down, then measure the loads."""
        home = self.folder / architecture.name.replace(" ", "-")
        home.mkdir(parents=True)
        found = {name: self.calibrated(probe, home / name) for name, probe in architecture.probes.items()}
        with started(architecture.subject_with_calls(0), home / WHOLE) as running:
            url = running.service.url
            found[WHOLE] = self.time_without_load(url, architecture, 0)
            work_s = architecture.work(found)
            predictions = []
            for load in self.loads:
                text = described(architecture, found, load / work_s, home, date.today().isoformat())
                predictions.append((predicted(architecture.name, text), text))
            self.written[architecture.name] = write(predictions, home / "predictions.json")
            results = []
            for number, (load, (prediction, _)) in enumerate(zip(self.loads, predictions, strict=True), 1):
                result = self.measured(architecture, prediction, load, url, number, found)
                if result is not None:
                    results.append(result)
            again = self.time_without_load(url, architecture, len(self.loads) + 1)
        drift = abs(again.mean_s / found[WHOLE].mean_s - 1)
        if drift >= MOST_DRIFT:
            raise DiscardedError([f"the time without load changed by {drift:.0%} during the runs"], len(results))
        return results

    def measured(
        self, architecture: Architecture, prediction: Prediction, load: float, url: str, number: int,
        found: dict[str, Times],
    ) -> Result | None:  # fmt: skip
        """Measure one load; None if the generator never kept its schedule."""
        plan = Plan(url, prediction.rate, self.seconds, warmup_s=2.0, seed=7 * number)
        try:
            kept = measured(plan, architecture.calls(number), self.tries)
        except DiscardedError as error:
            self.discarded += error.tries
            self.failures[f"{architecture.name}, load {load:g}"] = f"discarded: {error}"
            return None
        self.discarded += kept.discarded
        record = kept.record
        apart = sum(one.at(0.99) or one.mean_s for name, one in found.items() if name != WHOLE or len(found) == 1)
        objectives = tuple(factor * architecture.work(found) for factor in OBJECTIVES)
        return Result(
            prediction, load, record.p50, record.p99, kept.kept_up, record.requests, apart, _ARTIFACT, objectives
        )

    def calibrated(self, probe: Probe, folder: Path) -> Times:
        """Start a part alone, and measure its time without load."""
        probe.prepare(folder / "data")
        with started(probe.subject_with_calls(0), folder) as running:
            times, discarded = calibrated(running.service.url, probe.calls(0), self.seconds / 2, self.tries)
        self.discarded += discarded
        return times

    def time_without_load(self, url: str, architecture: Architecture, number: int) -> Times:
        """Measure the time without load of a complete service."""
        times, discarded = calibrated(url, architecture.calls(number), self.seconds / 2, self.tries)
        self.discarded += discarded
        return times


def main() -> None:
    """Measure, and write the requested outputs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [one.name for one in ARCHITECTURES]
    parser.add_argument("--only", action="append", choices=names, help="only this architecture; may be repeated")
    parser.add_argument("--seconds", type=float, default=12.0, help="the length of each run (default: 12)")
    parser.add_argument("--markdown", type=Path, help="write the page of the docs")
    parser.add_argument("--json", type=Path, help="write the results as JSON")
    parser.add_argument("--predictions", type=Path, help="keep the files with the predictions in this folder")
    call = parser.parse_args()
    chosen = [one for one in ARCHITECTURES if not call.only or one.name in call.only]
    with tempfile.TemporaryDirectory() as folder:
        outcome = Bench(call.seconds, Path(folder)).outcome(chosen)
        if call.predictions:
            call.predictions.mkdir(parents=True, exist_ok=True)
            for file in Path(folder).glob("*/predictions.json"):
                (call.predictions / f"{file.parent.name}.json").write_bytes(file.read_bytes())
    text = page(outcome)
    print(text)
    if call.markdown:
        call.markdown.write_text(text, encoding="utf-8")
    if call.json:
        call.json.write_text(json.dumps(outcome, indent=2, default=str) + "\n", encoding="utf-8")
    raise SystemExit(1 if not outcome.results else 0)


if __name__ == "__main__":
    main()

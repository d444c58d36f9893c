"""What archlint says about an architecture at a rate: percentiles with bands, bounds, and whether it keeps up."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import archlint
from archlint.analysis.latency import latency
from archlint.analysis.numbers import numbers_of
from archlint.analysis.quantity import Missing, Quantity
from archlint.measure.writing import Record
from benchmarks.predicting.architectures import WORKLOAD, Architecture, Measured

FRACTIONS = (0.5, 0.99)


class Band(NamedTuple):
    """A predicted percentile in seconds with its band, and the bound that it cannot be below (0: none)."""

    seconds: float
    low: float
    high: float
    least: float


class Prediction(NamedTuple):
    """The prediction for one rate: the highest utilisation, and p50 and p99, which an overloaded system has not."""

    architecture: str
    rate: float
    utilisation: float
    p50: Band | None
    p99: Band | None

    @property
    def keeps_up(self) -> bool:
        """Whether the system answers at this rate."""
        return self.p50 is not None


class Written(NamedTuple):
    """The file with the predictions: when it was written, and its digest."""

    time: str
    digest: str


def described(architecture: Architecture, measured: Measured, rate: float, folder: Path, day: str) -> str:
    """Return the arch.yaml of an architecture at a rate, with the measured facts written by `archlint measure`."""
    file = folder / "arch.yaml"
    file.write_text(architecture.text.replace("RATE", f"{rate:.6g}/s"), encoding="utf-8")
    for (section, name), service_time in architecture.facts(measured).items():
        Record(file, section, name).with_facts({"service_time": service_time}, day).write()
    return file.read_text(encoding="utf-8")


def predicted(name: str, text: str) -> Prediction:
    """Return what archlint computes from the text of an arch.yaml."""
    system = archlint.load(text)
    workload = system.workloads[WORKLOAD]
    numbers = numbers_of(system).flat()
    used = [one.value for (_, key), one in numbers.items() if key == "utilisation" and isinstance(one, Quantity)]
    found = latency(system, workload)
    rate = workload.rate_per_s or 0.0
    if isinstance(found, Missing):
        if found.needs:
            raise ValueError(f"{name}: the prediction needs {', '.join(place.at for place in found.needs)}")
        return Prediction(name, rate, max(used, default=0.0), None, None)
    bands = []
    for fraction in FRACTIONS:
        least = numbers.get((f"workloads.{WORKLOAD}", f"least_p{fraction * 100:.0f}"))
        bound = least.value if isinstance(least, Quantity) and least.bound == "least" else 0.0
        bands.append(Band(found.seconds(fraction), *found.band(fraction), bound))
    return Prediction(name, rate, max(used, default=0.0), bands[0], bands[1])


def write(predictions: list[tuple[Prediction, str]], file: Path) -> Written:
    """Write predictions with the arch.yaml that they come from, before anything of them is measured."""
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    rows = [{"prediction": one._asdict(), "arch.yaml": text} for one, text in predictions]
    data = json.dumps({"time": moment, "predictions": rows}, indent=2, sort_keys=True).encode()
    file.write_bytes(data)
    return Written(moment, sha256(data).hexdigest()[:16])

"""Measurements as values of `arch.yaml`: on one line each, by the key that takes them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

from archlint.measure.endpoint import MeasuredEndpoint
from archlint.measure.models import MeasuredModel
from archlint.measure.times import Times
from archlint.model.quantities import format_duration, format_percentile, format_rate, format_size

FILE: Final = "x-measured-file"
ENDPOINT: Final = "x-measured-endpoint"
"""The keys for what the format has no keys for, by what was measured: date, machine, and further results."""
_PLAIN: Final = r"[A-Za-z0-9][A-Za-z0-9 ._%/+()-]*"
_DAY: Final = r"\d{4}-\d\d-\d\d"


def model_facts(measured: MeasuredModel, day: str, machine: str) -> dict[str, str]:
    """Return the keys of a model that a measurement of its file states."""
    own = {"date": day, "machine": machine}
    if measured.load_s is not None:
        own["load_time"] = duration(measured.load_s)
    if measured.memory_bytes is not None and measured.process_bytes is not None:
        own |= {"memory": size(measured.memory_bytes), "process_memory": size(measured.process_bytes)}
    for batch in measured.batches:
        if batch.size == 1:
            own["predictions"] = str(batch.times.count)
        else:
            own[f"batch_{batch.size}"] = times(batch.times)
    found = {"artifact": f"{measured.artifact_bytes}B", "format": measured.format}
    if measured.artifact_bytes >= 1000:
        found["artifact"] = size(measured.artifact_bytes)
    if measured.parameters is not None:
        found["parameters"] = str(measured.parameters)
    if measured.precision:
        found["precision"] = measured.precision
    single = next((batch.times for batch in measured.batches if batch.size == 1), None)
    if single is not None:
        found["service_time"] = times(single)
    return {**found, FILE: flow(own)}


def served_facts(measured: MeasuredEndpoint, day: str, machine: str) -> dict[str, str] | None:
    """Return the keys of a model that a run against its server states; None if too few requests met no other one."""
    if measured.alone is None:
        return None
    own = {"date": day, "machine": machine, "requests": str(measured.alone.count), "rate": rate(measured.rate)}
    return {"service_time": times(measured.alone), ENDPOINT: flow(own)}


def component_facts(measured: MeasuredEndpoint, day: str, machine: str) -> dict[str, str]:
    """Return the keys of a component that a run against it states."""
    tested = {"rate": rate(measured.achieved_rate)}
    own = {"date": day, "machine": machine, "duration": duration(measured.seconds), "requests": str(measured.requests),
           "good": str(measured.good)}  # fmt: skip
    if measured.latency is not None:
        own["latency"] = times(measured.latency)
        p99 = measured.latency.at(0.99)
        if p99 is not None:
            tested["p99"] = duration(p99)
    return {"load_tested": flow({**tested, "date": day}), ENDPOINT: flow(own)}


def times(measured: Times) -> str:
    """Write a distribution: mean, cv and percentiles.

    >>> times(Times(1000, 0.002, 0.25, ((0.5, 0.0019), (0.99, 0.004))))
    '{mean: 2ms, cv: 0.25, p50: 1.9ms, p99: 4ms}'
    """
    known = {"mean": duration(measured.mean_s), "cv": f"{measured.cv:.3g}"}
    return flow({**known, **{format_percentile(part): duration(value) for part, value in measured.percentiles}})


def duration(seconds: float) -> str:
    """Write a duration without a space: 1.2ms."""
    return format_duration(seconds).replace(" ", "")


def size(size_bytes: float) -> str:
    """Write a size without a space: 1.2MB."""
    return format_size(size_bytes).replace(" ", "")


def rate(per_s: float) -> str:
    """Write a rate: 50/s."""
    return format_rate(per_s)


def flow(values: Mapping[str, str]) -> str:
    """Write a mapping on one line; texts that are not plain words are quoted.

    >>> flow({"date": "2026-11-29", "machine": "a: b, c", "times": "{p50: 1ms}"})
    '{date: 2026-11-29, machine: "a: b, c", times: {p50: 1ms}}'
    """
    return "{" + ", ".join(f"{key}: {_value(value)}" for key, value in values.items()) + "}"


def _value(text: str) -> str:
    if text.startswith("{") or re.fullmatch(_DAY, text) or re.fullmatch(_PLAIN, text):
        return text
    return json.dumps(text, ensure_ascii=False)

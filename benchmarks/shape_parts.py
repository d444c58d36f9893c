"""The parts that systems with extreme shapes have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

HEAD: Final = "archlint: 1\nsystem: shape\n"
SLO: Final = "slo: {latency: {p99: 200ms}, freshness: 1h}"
MAIN: Final = f"workloads:\n  main: {{from: page, rate: 5/s, waits: true, {SLO}}}\n"
MODEL: Final = "models:\n  m: {service_time: {p50: 20ms, p99: 90ms}, version: 1.0.0}\n"
SERVER: Final = "{kind: model-server, serves: [m], replicas: 2, zones: [a, b]}"
Lines = Iterator[str]


def system(parts: Iterator[str], workloads: str = MAIN, models: str = MODEL) -> str:
    """Return the text of a system with some components, one a line."""
    return HEAD + workloads + models + "components:\n" + "".join(f"  {part}\n" for part in parts)


def numbers(size: int, form: str) -> str:
    """Return a list of numbered targets."""
    return "[" + ", ".join(form.format(number) for number in range(size)) + "]"

"""A system whose numbers a reader can work out in the head, for tests of changed versions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from archlint.changing import parse_setting
from archlint.explore.variants import Variant, Variants
from archlint.linter import Options

SHOP = """\
archlint: 1
system: shop
workloads:
  search: {from: page, rate: 60/s, peak: 90/s, models: [ranker], slo: {latency: {p99: 200ms}}}
models:
  ranker: {artifact: 100MB, service_time: {p50: 40ms, p99: 90ms}}
components:
  page: {kind: client, calls: [{to: api, timeout: 1s}]}
  api:
    kind: service
    replicas: 2
    workers: 4
    service_time: 20ms
    calls:
      - ranking
      - {to: log, timeout: 2s, optional: true}
  ranking: {kind: model-server, serves: [ranker], replicas: 4, workers: 4, hardware: {memory: 4GB}}
  log: {kind: database, replicas: 2, service_time: 1ms}
"""


def variants(folder: Path, text: str = SHOP, options: Options | None = None) -> Variants:
    """Write a system into a folder, and read it."""
    path = folder / "arch.yaml"
    path.write_text(text, encoding="utf-8")
    return Variants.read(path, options or Options())


def changed(found: Variants, settings: Sequence[str]) -> Variant:
    """Return the version with some settings, as written on the command line."""
    return found.of(map(parse_setting, settings))

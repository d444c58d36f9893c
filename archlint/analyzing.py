"""The library's `analyze`: the computed numbers of a file, a text or a system."""

from __future__ import annotations

from pathlib import Path

from archlint.analysis.numbers import Numbers, numbers_of
from archlint.analysis.system import System
from archlint.api import load
from archlint.config import Config


def analyze(
    path_or_text: str | Path | System, config: Config | Path | str | None = None, system: str = "", workload: str = ""
) -> Numbers:
    """Return the computed numbers of a system: load, capacity, latency, availability, cost, memory, start.

    The first argument is a file, a text as `archlint.load` takes it, or a system. `config` and `system` are as in
    `archlint.load`. With `workload`, only that workload and the components that it uses are computed.

    Raises as `archlint.load` does, and `UsageError` if the system has no such workload.

    >>> import archlint
    >>> numbers = archlint.analyze('''
    ... archlint: 1
    ... workloads: {search: {from: page, rate: 60/s}}
    ... components:
    ...   page: {kind: client, calls: [api]}
    ...   api: {kind: service, service_time: 20ms, replicas: 2, workers: 1}
    ... ''')
    >>> busy = numbers.components[1].get("utilisation")
    >>> busy.value, busy.unit, busy.bound, [term.at.at for term in busy.terms[:2]]
    (0.6, 'share', 'least', ['workloads.search.rate', 'components.api.service_time'])
    """
    found = path_or_text if isinstance(path_or_text, System) else load(path_or_text, config, system)
    return numbers_of(found, workload)

"""Workloads whose manifest sets what an autoscaler sets."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks.deployed._parts import hit, pods
from archlint.verdicts import NoParams, Verdict


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each workload with a number of replicas beside an autoscaler."""
    for name, part in pods(system):
        stated = part.running.replicas
        if stated is not None and part.running.scalers and stated.text.isdigit():
            scaler = part.running.scalers[0]
            message = f"each apply sets `{name}` to {stated.text} replicas, against autoscaler `{scaler.name}`"
            yield hit(name, stated.site, "replicas", message)

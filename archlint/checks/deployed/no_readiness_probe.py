"""Workloads that get requests before they can answer."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks.deployed._parts import INFO, hit, is_reached, pods
from archlint.model.deployment import ONLY_SERVER
from archlint.verdicts import NoParams, Verdict

_QUIET = frozenset({"client", "monitoring", "worker", "scheduler"})


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each workload that requests reach, without a readiness or startup probe."""
    for name, part in pods(system):
        probed = any(probe.kind in {"readiness", "startup"} for probe in part.running.probes)
        if probed or part.kind in _QUIET or not is_reached(system, name, part):
            continue
        is_server = part.kind == "model-server"
        loads = is_server and part.reason != ONLY_SERVER
        what = "it gets requests before its model is loaded" if loads else "it gets requests before it can answer"
        yield hit(
            name,
            part.site,
            "readinessProbe",
            f"`{name}` has no readiness probe: {what}",
            None if is_server else INFO,
            loss=0.5,
        )

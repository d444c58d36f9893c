"""So many hops that an objective is missed though none of them is slow."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.busiest import is_near_unloaded
from archlint.analysis.system import System
from archlint.checks._lines import left_to_judge
from archlint.verdicts import NoParams, Verdict

_MOST_COMPUTED = 60


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each workload that misses an objective only because of the number of its hops."""
    left = _MOST_COMPUTED
    for workload in system.workloads.values():
        objectives = dict(workload.slo.latency)
        objectives = left_to_judge(system, workload, objectives, is_near_unloaded) if left > 0 else {}
        if objectives:
            from archlint.checks._deep_chains import judge  # needed only near an objective

            left -= 1
            verdict = judge(system, workload, objectives)
            if verdict is not None:
                yield verdict

"""Answers that are too slow under load: the percentile of the whole path exceeds the objective."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from archlint.analysis.busiest import is_near_under_load, last_facts
from archlint.analysis.system import System
from archlint.checks._lines import left_to_judge
from archlint.verdicts import NoParams, Undecided, Verdict

_MOST_COMPUTED: Final = 60
"""More workloads near their objectives are not computed: each takes tenths of a second."""


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each workload whose answers miss an objective under load."""
    left = _MOST_COMPUTED
    for workload in system.workloads.values():
        objectives = dict(workload.slo.latency)
        if workload.slo.ttft and left > 0:
            from archlint.checks import _late_first_token  # needed only for generated answers

            left -= 1
            late = _late_first_token.judge(system, workload)
            if late is not None:
                yield late
        if not objectives:
            continue
        needs = last_facts(system, workload)
        if needs:
            yield Undecided(workload.place("slo", "latency"), needs, "how long answers take under load")
            continue
        objectives = left_to_judge(system, workload, objectives, is_near_under_load)
        if not objectives:
            continue
        from archlint.checks._late_answers import judge  # needed only near an objective

        at = workload.place("slo", "latency")
        if left == 0:
            because = f"{_MOST_COMPUTED} other workloads are near their objectives, and no more are computed"
            yield Undecided(at, (at,), because)
            continue
        left -= 1
        verdict = judge(system, workload, objectives)
        if verdict is not None:
            yield verdict

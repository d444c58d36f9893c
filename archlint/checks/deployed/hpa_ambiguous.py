"""Autoscalers whose workloads select the same pods."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks.deployed._overlaps import overlaps
from archlint.checks.deployed._parts import hit
from archlint.verdicts import NoParams, Related, Verdict


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each pair of autoscaled workloads of which one selects the pods of the other."""
    for (name, part), (other, second) in overlaps(system):
        if part.running.scalers and second.running.scalers:
            mine, others = part.running.scalers[0], second.running.scalers[0]
            message = (
                f"autoscalers `{mine.name}` and `{others.name}` both find the pods of `{name}` and `{other}`: "
                "Kubernetes disables both (AmbiguousSelector)"
            )
            related = hit(other, others.site, "autoscaler", "").at
            yield hit(
                name, mine.site, "autoscaler", message, loss=0.8, related=(Related(related, "the other autoscaler"),)
            )

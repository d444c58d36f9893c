"""Controllers that select the same pods."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks.deployed._overlaps import overlaps
from archlint.checks.deployed._parts import hit
from archlint.verdicts import NoParams, Related, Verdict


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each pair of workloads of which one selects the pods of the other."""
    for (name, part), (other, second) in overlaps(system):
        labels = ", ".join(f"{key}={value}" for key, value in part.running.selector.items())
        message = f"`{name}` selects the pods of `{other}` too ({labels}): what looks for its pods finds both"
        related = Related(hit(other, second.site, "selector", "").at, "its pods have the same labels")
        yield hit(name, part.site, "selector", message, loss=0.6, related=(related,))

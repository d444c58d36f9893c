"""Model servers that nothing restarts when they hang."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks.deployed._parts import hit, pods
from archlint.verdicts import NoParams, Verdict


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each model server that has probes, but none that restarts it."""
    for name, part in pods(system):
        kinds = {probe.kind: probe for probe in part.running.probes}
        if part.kind == "model-server" and kinds and "liveness" not in kinds:
            site = next(iter(kinds.values())).site
            yield hit(name, site, "livenessProbe", f"`{name}` has no liveness probe: if it hangs, nothing restarts it")

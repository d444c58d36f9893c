"""Jobs that start again after they have ended."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks.deployed._parts import JOBS, hit, parts
from archlint.verdicts import NoParams, Verdict


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each Compose service that runs to its end and is always restarted."""
    for name, part in parts(system, "compose"):
        restart = part.running.restart
        if part.kind in JOBS and restart is not None and restart.text in {"always", "unless-stopped", "any"}:
            message = f"`{name}` runs to its end, and `restart: {restart.text}` runs it again without a pause"
            yield hit(name, restart.site, "restart", message, loss=0.3)

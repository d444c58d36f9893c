"""Servers and stores that run as a Pod without a controller."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks.deployed._parts import INFO, STORES, hit, pods
from archlint.verdicts import NoParams, Verdict

_QUIET = frozenset({"client", "monitoring"})


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each Pod that should run all the time, and that no controller replaces."""
    for name, part in pods(system):
        restart = part.running.restart.text if part.running.restart is not None else ""
        if part.what != "Pod" or part.kind in _QUIET or restart in {"Never", "OnFailure"}:
            continue
        severity = None if part.kind in STORES | {"model-server"} else INFO
        message = f"`{name}` is a Pod without a controller: when its node fails, nothing starts it again"
        yield hit(name, part.site, "kind", message, severity, loss=0.5)

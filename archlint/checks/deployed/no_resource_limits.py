"""Servers without requests and limits."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks.deployed._parts import SERVERS, hit, pods
from archlint.verdicts import NoParams, Verdict


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each server that requests neither cores nor memory, and has no limits."""
    for name, part in pods(system):
        if part.kind in SERVERS and not part.running.requests and not part.running.limits:
            message = f"`{name}` requests no cores and no memory: it competes with everything on its node"
            yield hit(name, part.site, "resources", message, loss=0.5 if part.kind == "model-server" else 0.1)

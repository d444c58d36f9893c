"""Containers with power over their host."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks.deployed._parts import INFO, hit, parts
from archlint.verdicts import NoParams, Verdict


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each container that is privileged, or reaches the container engine or spaces of its host."""
    for name, part in parts(system):
        if part.running.privileges and part.what != "DaemonSet":
            value = part.running.privileges[0]
            severity = INFO if part.kind in {"monitoring", "load-balancer"} else None
            message = f"`{name}` {value.text}: who takes it over has its host"
            yield hit(name, value.site, "security", message, severity, loss=0.3)

"""Compose services that others use, and of which nobody knows whether they work."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks.deployed._parts import JOBS, callers, deployment, hit, parts
from archlint.verdicts import NoParams, Verdict


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each service without a health check that others call or start after."""
    awaited = {name for names in deployment(system).order.values() for name in names}
    for name, part in parts(system, "compose"):
        if part.kind in JOBS | {"client", "monitoring"} or any(not probe.off for probe in part.running.probes):
            continue
        users = [caller for caller in callers(system, name) if caller in deployment(system).parts]
        if users or name in awaited:
            loss = 0.5 if part.kind == "model-server" else 0.1
            inside = name in awaited or any(deployment(system).parts[user].role != "external" for user in users)
            effect = "services that need it cannot wait until it can answer"
            message = f"`{name}` has no health check: {effect if inside else 'a hang shows only to its users'}"
            yield hit(name, part.site, "healthcheck", message, loss=loss)

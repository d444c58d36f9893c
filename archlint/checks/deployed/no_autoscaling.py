"""Model servers with a fixed number of replicas."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks.deployed._parts import hit, pods
from archlint.verdicts import NoParams, Verdict


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each model server that has several replicas and no autoscaler."""
    for name, part in pods(system):
        stated = part.running.replicas
        if part.kind != "model-server" or part.running.scalers or stated is None or not stated.text.isdigit():
            continue
        if int(stated.text) > 1:
            message = f"`{name}` always has {stated.text} replicas: no autoscaler adds some under load"
            yield hit(name, stated.site, "replicas", message)

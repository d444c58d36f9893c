"""Queues that lose their messages with their container."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks import forgetful_store
from archlint.checks.deployed._parts import hit, parts
from archlint.verdicts import NoParams, Verdict


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each queue without a volume, unless the rule about accepted messages reports it."""
    reported = {verdict.at.names[1] for verdict in forgetful_store.check(system, NoParams())}
    for name, part in parts(system):
        component = system.components.get(name)
        if component is None or part.kind != "queue" or part.role != "container" or name in reported:
            continue
        if component.persistent is False:
            message = f"`{name}` has no volume: its messages are lost when it restarts"
            yield hit(name, part.site, "volumes", message, loss=0.5)

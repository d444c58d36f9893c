"""A model that is described, or asked for, and that nothing serves."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.modes import UNREACHED
from archlint.analysis.system import System
from archlint.verdicts import Hit, Verdict


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each model that no component serves, and for each workload that does not reach its model."""
    servers = system.topology.servers
    for model in system.architecture.models.values():
        if model.name not in servers:
            message = f"no component serves `{model.name}`: add it to the `serves` of one"
            yield Hit(model.place(), message, whole_graph=True)
    for workload in system.workloads.values():
        for position, name in enumerate(workload.models or ()):
            if name in servers and any(s.mode == UNREACHED and s.model == name for s in system.servings(workload)):
                at = workload.place("models")
                where = ", ".join(f"`{server}`" for server in servers[name][:4])
                message = f"`{workload.name}` runs `{name}`, but nothing leads from `{workload.entrance.client}` to {where}, which serves it"
                yield Hit(type(at)((*at.steps, position), (*at.names, name)), message, whole_graph=True)

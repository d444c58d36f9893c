"""Stores that lose their data with their container."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks import forgetful_store
from archlint.checks.deployed._parts import INFO, callers, hit, parts
from archlint.verdicts import NoParams, Verdict

_KEEPS = frozenset({"database", "vector-store", "object-store", "warehouse"})


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each store without a volume, unless the rule about accepted records reports it."""
    reported = {verdict.at.names[1] for verdict in forgetful_store.check(system, NoParams())}
    for name, part in parts(system):
        component = system.components.get(name)
        if component is None or part.role != "container" or name in reported:
            continue
        if part.kind in _KEEPS and component.persistent is False:
            used = None if callers(system, name) else INFO
            message = f"`{name}` has no volume for its data: it is lost with the container"
            yield hit(name, part.site, "volumes", message, used, loss=0.6)
        elif part.kind == "cache" and (kept := [mount for mount in part.mounts if mount.kind == "pod"]):
            message = f"`{name}` keeps its data in a volume of the pod: it is lost with the pod"
            yield hit(name, kept[0].site, "volumes", message, INFO)

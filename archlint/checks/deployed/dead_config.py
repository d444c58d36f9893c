"""Objects that select, name or hold nothing."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks.deployed._parts import INFO, at_thing, things
from archlint.verdicts import Hit, NoParams, Verdict

_SCALERS = frozenset({"HorizontalPodAutoscaler", "ScaledObject"})


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each Service and disruption budget without pods, and each named volume that nothing mounts."""
    for owner, thing in things(system):
        if not thing.empty or thing.kind in _SCALERS:
            continue
        if thing.kind == "volume":
            yield Hit(at_thing(owner, thing), f"no service mounts the volume `{thing.name}`", severity=INFO)
        else:
            message = f"{thing.kind} `{thing.name}` selects {thing.empty}, and no file defines such pods"
            yield Hit(at_thing(owner, thing), message, loss=0.4)

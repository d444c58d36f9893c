"""Predictions that leave no trace: nobody can say later what was answered, or why."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.serving_components import serving_components
from archlint.analysis.system import System
from archlint.verdicts import Hit, Verdict


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each serving component whose predictions neither it nor who calls it logs, at the component."""
    for component in serving_components(system):
        callers = [r.source for r in system.topology.incoming[component.name] if r.verb == "calls"]
        if _logs(system, component.name) or (callers and all(_logs(system, caller) for caller in callers)):
            continue
        message = f"the predictions of `{component.name}` are logged nowhere: what was answered cannot be looked up later"
        yield Hit(
            component.place(), message, absent=(component.place("logs_to"),), whole_graph=True, cures=("prediction-log",),
            cause=f"component {component.name}",
        )  # fmt: skip


def _logs(system: System, name: str) -> bool:
    outgoing = system.topology.outgoing[name]
    kinds = system.components
    return any(r.verb == "logs_to" or (r.verb in {"writes", "publishes"} and kinds[r.target].kind == "log-store") for r in outgoing)

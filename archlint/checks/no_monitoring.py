"""A server that nothing watches: it fails, or drifts, and the users say so first."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.serving_components import serving_components
from archlint.analysis.system import System
from archlint.model.architecture import Component, Workload
from archlint.model.quantities import format_share
from archlint.verdicts import Hit, Origin, Related, Severity, Term, Verdict

_WATCHES = frozenset({"calls", "reads", "consumes"})


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each serving component without monitoring, at the component; milder where no availability is asked."""
    for component in serving_components(system):
        if _watched(system, component):
            continue
        asked = [w for w in system.workloads_served_by.get(component.name, ()) if w.slo.availability is not None]
        message = f"nothing watches `{component.name}`: when it fails or drifts, its users are the first to know"
        yield Hit(
            component.place(), message, _terms(asked), _related(asked), absent=(component.place("monitored_by"),),
            whole_graph=True, cures=("prediction-monitoring",), severity=None if asked else Severity.INFO,
            cause=f"component {component.name}",
        )  # fmt: skip


def _watched(system: System, component: Component) -> bool:
    if any(relation.verb == "monitored_by" for relation in system.topology.outgoing[component.name]):
        return True
    incoming = system.topology.incoming[component.name]
    return any(r.verb in _WATCHES and system.components[r.source].kind == "monitoring" for r in incoming)


def _terms(asked: list[Workload]) -> tuple[Term, ...]:
    return tuple(
        Term("availability", f"availability asked by {workload.name}", workload.slo.availability or 0.0, "share",
             Origin.STATED, workload.place("slo", "availability"))
        for workload in asked[:4]
    )  # fmt: skip


def _related(asked: list[Workload]) -> tuple[Related, ...]:
    return tuple(
        Related(w.place("slo", "availability"), f"`{w.name}` asks for {format_share(w.slo.availability or 0.0)}")
        for w in asked[:4]
    )

"""A server that nothing watches: it fails, or drifts, and the users say so first."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.serving_components import serving_components
from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.model.architecture import Component, Workload
from archlint.model.quantities import format_share
from archlint.verdicts import Hit, Origin, Related, Severity, Term, Verdict

WATCHING = frozenset({"calls", "reads", "consumes"})
SHOWN = 4


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


class Asked(msgspec.Struct, frozen=True):
    """The availability that a workload asks for."""

    workload: Workload
    availability: float


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each serving component without monitoring, at it; milder where no availability is asked."""
    for component in serving_components(system):
        if not _watched(system, component):
            yield _hit(component, _asked(system, component))


def _watched(system: System, component: Component) -> bool:
    if any(relation.verb == "monitored_by" for relation in system.topology.outgoing[component.name]):
        return True
    incoming = system.topology.incoming[component.name]
    return any(r.verb in WATCHING and system.components[r.source].kind == "monitoring" for r in incoming)


def _asked(system: System, component: Component) -> list[Asked]:
    """Who depends on it with an availability objective, the highest first."""
    found = [
        Asked(workload, workload.slo.availability)
        for workload in system.workloads_served_by.get(component.name, ())
        if workload.slo.availability is not None
    ]
    return sorted(found, key=lambda asked: -asked.availability)


def _hit(component: Component, asked: list[Asked]) -> Hit:
    message = f"nothing watches `{component.name}`: when it fails or drifts, its users are the first to know"
    if asked:
        names = listed([each.workload.name for each in asked])
        share = format_share(asked[0].availability)
        message = f"nothing watches `{component.name}`, so nobody knows whether {names} gets its {share}"
        if len(asked) > 1:
            message = f"nothing watches `{component.name}`, so nobody knows whether {names} get up to {share}"
    return Hit(
        component.place(),
        message,
        tuple(_term(each) for each in asked[:SHOWN]),
        tuple(_related(each) for each in asked[:SHOWN]),
        absent=(component.place("monitored_by"),),
        whole_graph=True,
        cures=("prediction-monitoring",),
        severity=None if asked else Severity.INFO,
    )


def _term(asked: Asked) -> Term:
    at = asked.workload.place("slo", "availability")
    label = f"availability of {asked.workload.name}"
    return Term("availability", label, asked.availability, "share", Origin.STATED, at)


def _related(asked: Asked) -> Related:
    at = asked.workload.place("slo", "availability")
    return Related(at, f"`{asked.workload.name}` asks for {format_share(asked.availability)}")

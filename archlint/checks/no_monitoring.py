"""A serving component without monitoring: its users notice first when it fails or drifts."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.serving_components import serving_components
from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.checks._loss import Traffic
from archlint.model.architecture import Component, Workload
from archlint.model.quantities import format_share
from archlint.verdicts import Hit, NoParams, Origin, Related, Severity, Term, Verdict

WATCHING = frozenset({"calls", "reads", "consumes"})
SHOWN = 4


class Asked(msgspec.Struct, frozen=True):
    """The availability that a workload requires."""

    workload: Workload
    availability: float


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each serving component without monitoring; it is info if no availability is required."""
    traffic, known = Traffic(system), dict[str, bool]()
    for component in serving_components(system):
        if not _watched(system, component, known):
            yield _hit(component, _asked(system, component), traffic.served_by(component.name))


def _watched(system: System, component: Component, known: dict[str, bool]) -> bool:
    """Return whether a component is monitored; `known` keeps the answers."""
    if component.name not in known:
        known[component.name] = _is_watched(system, component, known)
    return known[component.name]


def _is_watched(system: System, component: Component, known: dict[str, bool]) -> bool:
    if any(relation.verb == "monitored_by" for relation in system.topology.outgoing[component.name]):
        return True
    part = system.deployment.parts.get(component.name) if system.deployment is not None else None
    if part is not None and part.running.watched:
        return True
    incoming = system.topology.incoming[component.name]
    if any(r.verb in WATCHING and system.components[r.source].kind == "monitoring" for r in incoming):
        return True
    if component.kind != "external":
        return False
    # A vendor sends no metrics: who calls it measures its answers.
    names = [r.source for r in incoming if r.verb in {"calls", "reads"}]
    names += system.topology.fallback_callers.get(component.name, ())
    callers = [system.components[name] for name in names]
    return any(c.kind != "external" and _watched(system, c, known) for c in callers)


def _asked(system: System, component: Component) -> list[Asked]:
    """Return the workloads with an availability objective that it serves, the highest objective first."""
    found = [
        Asked(workload, workload.slo.availability)
        for workload in system.workloads_served_by.get(component.name, ())
        if workload.slo.availability is not None
    ]
    return sorted(found, key=lambda asked: -asked.availability)


def _hit(component: Component, asked: list[Asked], loss: float) -> Hit:
    message = f"`{component.name}` is not monitored: when it fails or drifts, its users notice first"
    if asked:
        names = listed([each.workload.name for each in asked])
        share = format_share(asked[0].availability)
        message = f"`{component.name}` is not monitored: nobody can tell whether {names} meets its {share} availability"
        if len(asked) > 1:
            message = f"`{component.name}` is not monitored: nobody can tell whether {names} meet their availability"
            message += f" (up to {share})"
    return Hit(
        component.place(),
        message,
        tuple(_term(each) for each in asked[:SHOWN]),
        tuple(_related(each) for each in asked[:SHOWN]),
        absent=(component.place("monitored_by"),),
        whole_graph=True,
        cures=("prediction-monitoring",),
        severity=None if asked else Severity.INFO,
        loss=loss,
    )


def _term(asked: Asked) -> Term:
    at = asked.workload.place("slo", "availability")
    label = f"SLO of {asked.workload.name}, availability"
    return Term("availability", label, asked.availability, "share", Origin.STATED, at)


def _related(asked: Asked) -> Related:
    at = asked.workload.place("slo", "availability")
    return Related(at, f"`{asked.workload.name}` needs {format_share(asked.availability)}")

"""A start that needs something less available than the objective: a model hub, a registry, a configuration store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from archlint.analysis.system import System
from archlint.checks._lines import exceeds
from archlint.checks._loss import Traffic
from archlint.model.architecture import Component, Relation, Workload
from archlint.model.quantities import format_share
from archlint.verdicts import Certainty, Hit, Origin, Related, Term, Undecided, Verdict

_WHAT: Final = {"model-registry": "its model", "object-store": "its model", "config-store": "its configuration"}


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each load at start from a less available component, at the relation."""
    strictest: dict[str, Workload] = {}
    for workload in system.workloads.values():
        objective = workload.slo.availability
        if objective is None:
            continue
        for name in system.needed_components(workload):
            known = strictest.get(name)
            if known is None or objective > (known.slo.availability or 0.0):
                strictest[name] = workload
    traffic = Traffic(system)
    for name, workload in strictest.items():
        component = system.components[name]
        if component.kind == "client" or component.loads_model in {"in-image", "on-request"}:
            continue          # nothing is loaded at start; what is loaded on request is on the path of the request
        for relation in system.topology.outgoing[name]:
            judged = _judge(system, component, relation, workload)
            if isinstance(judged, Hit):
                yield msgspec.structs.replace(judged, loss=traffic.through(name))
            elif judged is not None:
                yield judged


def _judge(system: System, component: Component, relation: Relation, workload: Workload) -> Verdict | None:
    source = system.components[relation.target]
    if relation.verb != "loads" or relation.optional or relation.fallback is not None:
        return None
    objective = workload.slo.availability or 0.0
    stated = source.availability
    if stated is not None and not exceeds(1 - stated, 1 - objective):
        return None
    if stated is None and source.kind != "external":
        because = f"whether `{source.name}` is up when `{component.name}` starts"
        return Undecided(relation.place(), (source.place("availability"),), because)
    known = f"which is up {format_share(stated)} of the time" if stated is not None else "which others run"
    scales = component.autoscale is not None or component.scaling is not None
    when = "scale out or restart" if scales else "restart"
    loaded = _WHAT.get(source.kind, "its model")
    limit = workload.place("slo", "availability")
    label = f"availability that {workload.name} requires"
    terms = [Term("objective", label, objective, "share", Origin.STATED, limit, limit=True)]
    if stated is not None:
        at = source.place("availability")
        terms.insert(0, Term("availability", f"availability of {source.name}", stated, "share", Origin.STATED, at))
    return Hit(
        relation.place(),
        f"`{component.name}` loads {loaded} from `{source.name}` at start, {known}: while it is down, "
        f"`{component.name}` cannot {when}, and `{workload.name}` requires {format_share(objective)} availability",
        tuple(terms),
        (Related(limit, "this objective depends on each start"), Related(source.place(), "needed at each start")),
        Certainty.PROVEN if stated is not None and component.loads_model == "at-start" else Certainty.HEURISTIC,
        absent=(component.place("loads_model"), relation.place("fallback"), source.place("availability"))
        if stated is None else (component.place("loads_model"), relation.place("fallback")),
        cures=("model-in-image",),
        cause=f"component {source.name}",
    )  # fmt: skip

"""A start that needs something less available than the objective: a model hub, a registry, a configuration store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.checks._lines import falls_short
from archlint.checks._loss import Traffic
from archlint.model.architecture import Component, Relation, Workload
from archlint.model.quantities import format_share
from archlint.verdicts import Certainty, Hit, NoParams, Origin, Related, Term, Undecided, Verdict

_WHAT: Final = {"model-registry": "its model", "object-store": "its model", "config-store": "its configuration"}


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each load at start from a less available component, at the relation."""
    traffic = Traffic(system)
    asking = sorted(
        (workload for workload in system.workloads.values() if workload.slo.availability is not None),
        key=lambda workload: -(workload.slo.availability or 0.0),
    )
    alone: set[str] = set()
    for workload in asking:                      # the strictest first
        for name in system.needed_components(workload):
            if name in alone:
                continue
            alone.add(name)
            for relation in _loads(system, system.components[name]):
                judged = _judge(system, (relation,), workload)
                if isinstance(judged, Hit):
                    yield msgspec.structs.replace(judged, loss=traffic.through(name))
                elif judged is not None:
                    yield judged
    yield from _together(system, asking, alone)


def _together(system: System, asking: Sequence[Workload], alone: set[str]) -> Iterator[Verdict]:
    """Yield a hit for each source that several components need at start, if a workload fails without all of these.

    They stand in for one another, so that none of them is needed alone; but they share this source.
    """
    traffic = Traffic(system)
    rank = {workload.name: position for position, workload in enumerate(asking)}
    by_source: dict[str, dict[int, list[Relation]]] = {}
    for name in dict.fromkeys(relation.source for relation in system.topology.relations_of("loads")):
        ranks = [rank[w.name] for w in system.workloads_of.get(name, ()) if w.name in rank] if name not in alone else ()
        for relation in _loads(system, system.components[name]) if ranks else ():
            by_workload = by_source.setdefault(relation.target, {})
            for position in ranks:
                by_workload.setdefault(position, []).append(relation)
    for by_workload in by_source.values():
        for position in sorted(by_workload):
            workload, used = asking[position], by_workload[position]
            if len(used) < 2 or not system.flow(workload).is_lost_with({relation.source for relation in used}):
                continue
            judged = _judge(system, used, workload)
            if isinstance(judged, Hit):
                yield msgspec.structs.replace(judged, loss=traffic.share([workload]))
            elif judged is not None:
                yield judged
            break                                # the strictest objective decides


def _loads(system: System, component: Component) -> Iterator[Relation]:
    """Yield what a component loads at start, and cannot start without."""
    if component.kind == "client" or component.loads_model in {"in-image", "on-request"}:
        return            # nothing is loaded at start; what is loaded on request is on the path of the request
    loads = [relation for relation in system.topology.outgoing[component.name] if relation.verb == "loads"]
    for relation in loads:
        others = relation.either and any(r.either == relation.either and r.target != relation.target for r in loads)
        if not relation.optional and relation.fallback is None and not others:
            yield relation


def _judge(system: System, relations: Sequence[Relation], workload: Workload) -> Verdict | None:
    """Judge loads of components from one source, which a workload needs."""
    first = relations[0]
    source = system.components[first.target]
    loaders = [system.components[name] for name in dict.fromkeys(relation.source for relation in relations)]
    objective = workload.slo.availability or 0.0
    stated = source.availability
    names = listed([component.name for component in loaders])
    if stated is not None and not falls_short(stated, objective):
        return None
    if stated is None and source.kind != "external":
        because = f"whether `{source.name}` is up when {names} {'starts' if len(loaders) == 1 else 'start'}"
        return Undecided(first.place(), (source.place("availability"),), because)
    limit = workload.place("slo", "availability")
    label = f"availability that {workload.name} requires"
    terms = [Term("objective", label, objective, "share", Origin.STATED, limit, limit=True)]
    if stated is not None:
        at = source.place("availability")
        terms.insert(0, Term("availability", f"availability of {source.name}", stated, "share", Origin.STATED, at))
    others = tuple(Related(one.place(), f"`{one.source}` needs it too") for one in relations[1:8])
    at_start = all(component.loads_model == "at-start" for component in loaders)
    unread = [component.place("loads_model") for component in loaders]
    unread += [relation.place(key) for relation in relations for key in ("fallback", "either", "optional")]
    return Hit(
        first.place(),
        _message(loaders, source, workload),
        tuple(terms),
        (Related(limit, "this objective depends on each start"), *others,
         Related(source.place(), "needed at each start")),
        Certainty.PROVEN if stated is not None and at_start else Certainty.HEURISTIC,
        absent=(*unread, source.place("availability")) if stated is None else tuple(unread),
        cures=("model-in-image",),
        cause=f"availability of {source.name}",
        group=tuple(relation.place() for relation in relations) if len(relations) > 1 else (),
    )  # fmt: skip


def _message(loaders: Sequence[Component], source: Component, workload: Workload) -> str:
    names = listed([component.name for component in loaders])
    known = "which is external"
    if source.availability is not None:
        known = f"which is up {format_share(source.availability)} of the time"
    scales = any(component.autoscale is not None or component.scaling is not None for component in loaders)
    when = "scale out or restart" if scales else "restart"
    asks = f"and `{workload.name}` requires {format_share(workload.slo.availability or 0.0)} availability"
    what = _WHAT.get(source.kind, "its model")
    loads, until = f"{names} loads {what}", f"{names} cannot"
    if len(loaders) > 1:
        loads, until = f"{names} load {what.replace('its', 'their')}", "none of them can"
    return f"{loads} at start from `{source.name}`, {known}: while it is down, {until} {when}, {asks}"

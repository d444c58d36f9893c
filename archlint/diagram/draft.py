"""A system as a picture: every component a node, every relation an edge, every finding on its part."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Final

from archlint.analysis.generation import streamed
from archlint.analysis.system import System
from archlint.diagram.callouts import callout
from archlint.diagram.picture import DATA, MESSAGE, OBSERVING, SCHEDULE, WAITING, Edge, Mark, Node, Picture
from archlint.diagram.sheets import (
    component_facts,
    component_sheet,
    relation_detail,
    relation_label,
    relation_sheet,
    system_sheet,
)
from archlint.diagram.text import clean, clean_end
from archlint.diagram.wording import demand
from archlint.model.architecture import Component, Relation
from archlint.model.locate import locate
from archlint.model.places import Place
from archlint.model.words import STORES
from archlint.verdicts import FileReport, Finding

STREAMED: Final = "streamed"
"""Marks a relation over which an answer comes back token by token."""
_MOST_DEMANDS: Final = 4
"""Lines for workloads on the card of their client."""
_MOST_LINES: Final = 16
"""Lines of a component in the file that the page shows."""
FAMILIES: Final = {
    "publishes": MESSAGE, "consumes": MESSAGE, "triggers": SCHEDULE, "mirrors": OBSERVING, "logs_to": OBSERVING,
    "monitored_by": OBSERVING, "loads": DATA, "writes": DATA,
}  # fmt: skip
"""The family of a verb's relations, if nobody waits for them."""


def draft(system: System, report: FileReport | None) -> Picture:
    """Return the complete picture of a system; without a report, it has no findings."""
    marks = marks_by_part(system, report.findings if report is not None else ())
    nodes = tuple(_node(system, component, marks) for component in system.components.values())
    relations = (relation for leaving in system.topology.outgoing.values() for relation in leaving)
    streams = {s.relation.place().at for w in system.workloads.values() for s in streamed(system, w)}
    stated = [_edge(system, relation, marks, relation.place().at in streams) for relation in relations]
    edges = (*stated, *_named_elsewhere(system, {(edge.source, edge.target) for edge in stated}))
    description = clean(system.architecture.description or "", 1_000)
    title = system.architecture.name or PurePath(system.architecture.document.name).name
    whole = tuple(marks.get("", ()))
    return Picture(title, nodes, edges, (), whole, description=description, sheet=system_sheet(system))


def family_of(system: System, relation: Relation) -> str:
    """Return the family in whose style a relation is drawn."""
    if system.topology.waits(relation):
        return WAITING
    return FAMILIES.get(relation.verb, DATA)


def _node(system: System, component: Component, marks: dict[str, list[Mark]]) -> Node:
    technology = system.facts.technology(component)
    place = component.place()
    file, line, source = _said(system, component)
    return Node(
        component.name,
        component.kind,
        technology.title if technology is not None else component.uses or "",
        component.serves,
        (*_demands(system, component), *component_facts(component)),
        component.least_replicas,
        marks=tuple(marks.get(place.at, ())),
        sheet=component_sheet(system, component),
        description=clean(component.description or ""),
        file=file,
        line=line,
        source=source,
    )


def _demands(system: System, component: Component) -> tuple[str, ...]:
    """Return what the workloads of a client ask for: a line for each, up to a number."""
    found = [demand(w) for w in system.workloads.values() if w.entrance.client == component.name]
    if len(found) <= _MOST_DEMANDS:
        return tuple(clean(line) for line in found)
    first = tuple(clean(line) for line in found[: _MOST_DEMANDS - 1])
    return (*first, f"{len(found) - len(first)} more workloads")


def _said(system: System, component: Component) -> tuple[str, int, str]:
    """Return the file and the line where a component begins, and its first lines."""
    origin = system.architecture.origins.get(("components", component.name))
    if origin is None:
        return "", 0, ""
    document, entry = origin.document, origin.entry
    first = document.position(entry.start).line
    last = min(document.position(max(entry.start, entry.value.end - 1)).line, first + _MOST_LINES - 1)
    return document.name, first, "\n".join(clean_end(document.line(line)) for line in range(first, last + 1))


def _edge(system: System, relation: Relation, marks: dict[str, list[Mark]], streams: bool) -> Edge:
    backwards = relation.verb == "consumes"
    file, line = _stated_at(system, relation.place())
    nones = system.architecture.nones
    stream = (STREAMED,) if streams else ()
    return Edge(
        relation.target if backwards else relation.source,
        relation.source if backwards else relation.target,
        relation.verb,
        family_of(system, relation),
        relation.source,
        clean(", ".join(filter(None, (relation_label(relation, _is_implied(system, relation)), *stream)))),
        clean("; ".join((relation_detail(relation, nones), *stream))),
        relation.place().at,
        optional=bool(relation.optional or relation.fallback) or relation.fails == "open",
        marks=tuple(marks.get(relation.place().at, ())),
        sheet=(*relation_sheet(relation, nones), *(("answer", word) for word in stream)),
        file=file,
        line=line,
    )


def _is_implied(system: System, relation: Relation) -> bool:
    """Return whether the shapes of both ends say what a relation does, so that its line needs no verb."""
    kinds = {"reads": STORES, "logs_to": {"log-store"}, "monitored_by": {"monitoring"}, "loads": {"model-registry"}}
    target = system.components.get(relation.target)
    return target is not None and target.kind in kinds.get(relation.verb, ())


def _stated_at(system: System, place: Place) -> tuple[str, int]:
    """Return the file and the line that state a part."""
    document, span = locate(system.architecture.origins, place, system.architecture.document)
    return document.name, document.position(span.start).line


def _named_elsewhere(system: System, drawn: set[tuple[str, str]]) -> Iterable[Edge]:
    """Yield lines to components that other keys than verbs name, unless a relation already leads there."""
    models = system.architecture.models
    for name, component in system.components.items():
        served = (models[model] for model in component.serves if model in models)
        named = [
            (component.dead_letter, "dead_letter", MESSAGE, component.place("dead_letter")),
            *((target, "callback", MESSAGE, component.place("callback")) for target in component.callback),
            (component.features, "features", DATA, component.place("features")),
            *((model.registry, "registry", DATA, model.place("registry")) for model in served),
            *((r.fallback, "fallback", family_of(system, r), r.place("fallback")) for r in component.relations),
        ]
        for target, key, family, place in named:
            if target in system.components and target != name and (name, target) not in drawn:
                drawn.add((name, target))
                detail = f"{key.replace('_', ' ')} of {name}: {target}"
                file, line = _stated_at(system, place)
                label, spare = key.replace("_", " "), key == "fallback"
                yield Edge(name, target, key, family, name, label, detail, optional=spare, file=file, line=line)


def mark_of(finding: Finding) -> Mark:
    """Return a finding as it is drawn."""
    where = finding.location
    return Mark(
        finding.rule, finding.name, finding.severity, finding.message, finding.at, where.file, where.line, finding.loss,
        finding.fingerprint, finding.group, callout(finding),
    )  # fmt: skip


def marks_by_part(system: System, findings: Iterable[Finding]) -> dict[str, list[Mark]]:
    """Return findings by the path of the component or relation that they are drawn on; "" is the whole file."""
    parts = _parts(system)
    found: dict[str, list[Mark]] = {}
    for finding in findings:
        mark = mark_of(finding)
        for part in _parts_at(parts, finding.at):
            found.setdefault(part, []).append(mark)
    return found


def _parts(system: System) -> dict[str, tuple[str, ...]]:
    """Return, for each place of a finding, the paths of the parts that it is drawn on."""
    components = system.components
    parts: dict[str, tuple[str, ...]] = {c.place().at: (c.place().at,) for c in components.values()}
    for relations in system.topology.outgoing.values():
        parts |= {relation.place().at: (relation.place().at,) for relation in relations}
    for model in system.architecture.models.values():
        servers = system.topology.servers.get(model.name, ())
        parts[model.place().at] = tuple(components[name].place().at for name in servers)
    for workload in system.workloads.values():
        client = components.get(workload.entrance.client)
        parts[workload.place().at] = (client.place().at,) if client is not None else ()
    return parts


def _parts_at(parts: dict[str, tuple[str, ...]], at: str) -> tuple[str, ...]:
    """Return the parts of the longest prefix of a path that has parts."""
    ends = [len(at), *(i for i in range(len(at) - 1, 0, -1) if at[i] in ".[")]
    for end in ends:
        known = parts.get(at[:end])
        if known is not None:
            return known or ("",)
    return ("",)

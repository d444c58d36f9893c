"""A system and its findings as a graph in two formats of networkx: GraphML and node-link JSON.

Unlike pictures, they are complete: no relation is left out, and nothing is collapsed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

import msgspec

from archlint.analysis.system import System
from archlint.diagram.draft import marks_by_part
from archlint.diagram.picture import Mark
from archlint.diagram.text import drawable
from archlint.verdicts import FileReport

if TYPE_CHECKING:
    import networkx


def graphml(system: System, report: FileReport | None = None) -> bytes:
    """Return a system as GraphML (http://graphml.graphdrawing.org), for `networkx.read_graphml`.

    Findings are in the attribute `findings` of the affected part, one per line. Findings about the whole file are in
    the same attribute of the graph.
    """
    import networkx

    graph = _with_findings(system, report, _as_lines)
    return "\n".join((*networkx.generate_graphml(_cleaned(graph)), "")).encode()


def node_link(system: System, report: FileReport | None = None) -> bytes:
    """Return a system as node-link JSON, for `networkx.node_link_graph(data, edges="edges")`.

    Findings are in the attribute `findings` of the affected part, as a list of objects. Findings about the whole file
    are in the same attribute of the graph.
    """
    graph = _with_findings(system, report, _as_objects)
    data = {
        "directed": True,
        "multigraph": True,
        "graph": graph.graph,
        "nodes": [{"id": name, **attributes} for name, attributes in graph.nodes(data=True)],
        "edges": [
            {"source": source, "target": target, "key": key, **attributes}
            for source, target, key, attributes in graph.edges(keys=True, data=True)
        ],
    }
    return msgspec.json.format(msgspec.json.encode(data), indent=1) + b"\n"


def _with_findings(
    system: System, report: FileReport | None, written: Callable[[Iterable[Mark]], object]
) -> networkx.MultiDiGraph[str]:
    """Return the graph of a system, with the findings of each part as `written` formats them."""
    graph = system.to_networkx()
    if report is None:
        return graph
    marks = marks_by_part(system, report.findings)
    if "" in marks:
        graph.graph["findings"] = written(marks[""])
    for name, component in system.components.items():
        if found := marks.get(component.place().at):
            graph.nodes[name]["findings"] = written(found)
    for relations in system.topology.outgoing.values():
        keys: dict[str, int] = {}
        for relation in relations:
            key = keys.get(relation.target, 0)
            keys[relation.target] = key + 1
            if found := marks.get(relation.place().at):
                graph.edges[relation.source, relation.target, key]["findings"] = written(found)
    return graph


def _as_lines(marks: Iterable[Mark]) -> str:
    return "\n".join(f"{mark.rule} {mark.severity}: {mark.message} ({mark.file}:{mark.line})" for mark in marks)


def _as_objects(marks: Iterable[Mark]) -> list[Mark]:
    return list(marks)


def _cleaned(graph: networkx.MultiDiGraph[str]) -> networkx.MultiDiGraph[str]:
    """Return a graph without characters that XML forbids; different names stay different."""
    import networkx

    of_nodes, of_edges = (of for _, of in graph.nodes(data=True)), (of for *_, of in graph.edges(data=True))
    for attributes in (graph.graph, *of_nodes, *of_edges):
        attributes.update({key: drawable(value) for key, value in attributes.items() if isinstance(value, str)})
    taken: set[str] = set(graph)
    names: dict[str, str] = {}
    for name in graph:
        safe = drawable(name)
        while safe != name and safe in taken:
            safe += "_"
        taken.add(safe)
        names[name] = safe
    renamed: networkx.MultiDiGraph[str] = networkx.relabel_nodes(graph, names)
    return renamed


GRAPHS: Final[dict[str, Callable[[System, FileReport | None], bytes]]] = {
    "graphml": graphml, "graph.json": node_link,
}  # fmt: skip

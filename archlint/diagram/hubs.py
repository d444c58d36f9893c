"""Relations that are written on their source in place of a line, where lines would hide all others.

Nearly everything is watched by one monitor and logs to one store: a line for each tells nothing that two words on
the card do not, and hides the flow of requests. The same holds in large systems of whatever everybody asks.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from archlint.diagram.groups import linked
from archlint.diagram.picture import OBSERVING, Edge, Link, Mark, Picture

_SMALL: Final = 16
"""Up to so many nodes, every relation is a line unless very many of one sort lead to one target."""
_MANY_OBSERVED: Final = 3
"""More relations than this that log, watch or load from one target are words."""
_MANY_OF_ALL: Final = 7
"""More relations than this to one target are words in a picture that is not small."""
_QUIET: Final = frozenset({"monitored_by", "logs_to", "loads", "registry", "dead_letter"})


def without_hub_lines(picture: Picture) -> Picture:
    """Return a picture in which relations to what very many use are words on their sources."""
    hidden = {id(edge): edge for edge in _hub_edges(picture)}
    if not hidden:
        return picture
    links: dict[str, list[Link]] = {}
    marks: dict[str, list[Mark]] = {}
    for edge in hidden.values():
        links.setdefault(edge.source, []).append(Link(edge.target, edge.family, edge.verb))
        marks.setdefault(edge.source, []).extend(edge.marks)
    nodes = tuple(linked(node, links.get(node.name, []), marks.get(node.name, [])) for node in picture.nodes)
    edges = tuple(edge for edge in picture.edges if id(edge) not in hidden)
    return replace(picture, nodes=nodes, edges=edges)


def _hub_edges(picture: Picture) -> list[Edge]:
    small = len(picture.nodes) <= _SMALL
    quiet: dict[str, list[Edge]] = {}
    every: dict[str, list[Edge]] = {}
    for edge in picture.edges:
        if edge.emphasis > 0 or edge.source == edge.target:
            continue
        every.setdefault(edge.target, []).append(edge)
        if edge.family == OBSERVING or edge.verb in _QUIET:
            quiet.setdefault(edge.target, []).append(edge)
    found = [edge for edges in quiet.values() if len(edges) > _MANY_OBSERVED for edge in edges]
    if not small:
        found += [edge for edges in every.values() if len(edges) > _MANY_OF_ALL for edge in edges]
    return found

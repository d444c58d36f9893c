"""Relations to shared components: written on their source, because lines would hide all other lines.

Most components have one monitor and log to one store. A line for each hides the flow of requests, and two words on
the card say the same. In large systems this is true of every component with many callers. Many relations of one verb
between two components, such as conditional calls, become one line with their number.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from archlint.diagram.groups import bundled, linked
from archlint.diagram.picture import OBSERVING, Edge, Link, Mark, Node, Picture

_SMALL: Final = 16
"""Up to this number of nodes, every relation is a line, except many that monitor, log or load from one target."""
_LARGE: Final = 40
_QUIET: Final = frozenset({"monitored_by", "logs_to", "loads", "registry", "dead_letter"})
"""Verbs that are not part of the flow of requests."""
_BADGES: Final = frozenset({"monitored_by", "logs_to", "loads"})
"""Verbs that have a sign, if all their relations lead to one target."""
_FOOT: Final = frozenset({"monitoring", "log-store", "model-registry", "config-store"})
"""Kinds that many components share without being part of a request."""
_TWINS: Final = frozenset({"reads", "writes"})
_ALIKE: Final = 3
"""Up to this number of relations of one verb between two nodes, each has a line."""


def without_hub_lines(picture: Picture, centre: str = "") -> Picture:
    """Return a picture in which relations to shared components are words on their sources, except those of a centre."""
    hidden = {id(edge): edge for edge in _hub_edges(picture) if centre not in {edge.source, edge.target}}
    if not hidden:
        return picture
    links: dict[str, list[Link]] = {}
    marks: dict[str, list[Mark]] = {}
    for edge in hidden.values():
        links.setdefault(edge.source, []).append(Link(edge.target, edge.family, edge.verb))
        marks.setdefault(edge.source, []).extend(edge.marks)
    users = dict.fromkeys(_shared(picture), 0) if not centre else {}
    for name in users:
        users[name] = _sources(edge for edge in hidden.values() if edge.target == name)
    nodes = tuple(
        at_foot(linked(node, links.get(node.name, []), marks.get(node.name, [])), users.get(node.name, 0))
        for node in picture.nodes
    )
    edges = tuple(edge for edge in picture.edges if id(edge) not in hidden)
    badges = _badges(link for node in nodes for link in node.links)
    kept = {node.cluster for node in nodes}
    kept |= {cluster.inside for cluster in picture.clusters}
    clusters = tuple(cluster for cluster in picture.clusters if cluster.key in kept)
    return replace(picture, nodes=nodes, edges=edges, badges=badges, clusters=clusters)


def at_foot(node: Node, users: int) -> Node:
    """Return a node as it is drawn at the foot: out of its frame, with the number of components that use it."""
    return replace(node, users=users, cluster="") if users else node


def _badges(links: Iterable[Link]) -> dict[str, str]:
    """Return the verbs whose relations all lead to one target, with that target."""
    targets: dict[str, set[str]] = {}
    for link in links:
        if link.verb in _BADGES:
            targets.setdefault(link.verb, set()).add(link.target)
    return {verb: next(iter(names)) for verb, names in sorted(targets.items()) if len(names) == 1}


def _limits(nodes: int) -> tuple[int, int]:
    """Return how many relations to one target are still lines: of those that monitor, log or load, and of all."""
    if nodes <= _SMALL:
        return 3, nodes
    return (1, 7) if nodes <= _LARGE else (1, 5)


def _hub_edges(picture: Picture) -> list[Edge]:
    """Return the edges to shared components; several relations between two nodes are counted once."""
    most_quiet, most = _limits(len(picture.nodes))
    quiet: dict[str, list[Edge]] = {}
    every: dict[str, list[Edge]] = {}
    for edge in picture.edges:
        if edge.emphasis > 0 or edge.source == edge.target:
            continue
        every.setdefault(edge.target, []).append(edge)
        if edge.family == OBSERVING or edge.verb in _QUIET:
            quiet.setdefault(edge.target, []).append(edge)
    shared = _shared(picture)
    found = [edge for name in shared for edge in every[name]]
    every = {name: edges for name, edges in every.items() if name not in shared}
    found += [
        edge for name, edges in quiet.items() if name not in shared and _sources(edges) > most_quiet for edge in edges
    ]
    return found + [edge for edges in every.values() if _sources(edges) > most for edge in edges]


def _shared(picture: Picture) -> list[str]:
    """Return the log stores, monitors, registries and stores of secrets that many components share.

    They are drawn at the foot of the picture. Those that lead to other components, or are on a highlighted path, are
    part of the flow.
    """
    leading = {edge.source for edge in picture.edges if edge.source != edge.target}
    lit = {name for edge in picture.edges if edge.emphasis > 0 for name in (edge.source, edge.target)}
    sources: dict[str, set[str]] = {}
    for edge in picture.edges:
        if edge.source != edge.target:
            sources.setdefault(edge.target, set()).add(edge.source)
    least = 2 if len(picture.nodes) <= _SMALL else 1
    return [
        node.name for node in picture.nodes
        if node.kind in _FOOT and node.name not in leading and node.name not in lit
        and len(sources.get(node.name, ())) >= least
    ]  # fmt: skip


def _sources(edges: Iterable[Edge]) -> int:
    return len({edge.source for edge in edges})


def with_lines_bundled(picture: Picture) -> Picture:
    """Return a picture in which the many relations of one verb between two nodes are one line with their number."""
    alike: dict[tuple[str, str, str, str, str, int, str], list[Edge]] = {}
    for edge in picture.edges:
        key = (edge.source, edge.target, edge.owner, edge.verb, edge.family, edge.emphasis, edge.change)
        alike.setdefault(key, []).append(edge)
    if all(len(edges) <= _ALIKE for edges in alike.values()):
        return picture
    bundles = ([_as_one(edges)] if len(edges) > _ALIKE else edges for edges in alike.values())
    return replace(picture, edges=tuple(edge for edges in bundles for edge in edges))


def with_twins_merged(picture: Picture) -> Picture:
    """Return a picture in which a component that reads and writes one store in the same way has one line to it."""
    pairs: dict[tuple[str, str, str, bool, int, str, str], list[Edge]] = {}
    for edge in picture.edges:
        if edge.verb in _TWINS and edge.source != edge.target:
            terms = edge.label.removeprefix("reads").removeprefix("writes").strip()
            key = (edge.source, edge.target, edge.family, edge.optional, edge.emphasis, edge.change, terms)
            pairs.setdefault(key, []).append(edge)
    merged = {id(edges[0]): edges for edges in pairs.values() if {edge.verb for edge in edges} == _TWINS}
    dropped = {id(edge) for edges in merged.values() for edge in edges[1:]}
    if not merged:
        return picture
    kept = (edge for edge in picture.edges if id(edge) not in dropped)
    terms_of = {id(edges[0]): key[-1] for key, edges in pairs.items()}
    edges = tuple(
        replace(bundled(merged[id(edge)]), label=f"reads, writes {terms_of[id(edge)]}".strip())
        if id(edge) in merged else edge for edge in kept
    )  # fmt: skip
    return replace(picture, edges=edges)


def _as_one(edges: list[Edge]) -> Edge:
    """Return edges of one verb as one edge, with the verb in its label if theirs had it."""
    one, verb = bundled(edges), edges[0].verb.replace("_", " ")
    return replace(one, label=f"{verb} {one.label}") if edges[0].label.startswith(verb) else one

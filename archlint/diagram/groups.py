"""Groups of components: frames around them, or one node for each group of a large system."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from archlint.analysis.system import System
from archlint.diagram.picture import SEVERITIES, Cluster, Edge, Link, Mark, Node, Picture, Role
from archlint.diagram.sheets import regions_text, zones_text
from archlint.model.architecture import Component

GROUP: Final = "group"
"""The kind of a node that represents components of different kinds."""
MOST_SEEN: Final = 60
"""Above this number of nodes, a picture is collapsed: the page of a pull request would shrink its text to less than 6
points."""
MOST_SEARCHED: Final = 500
"""The same, for pictures that can be searched, and for those around one component."""

_MOST_FRAMED: Final = 16
"""Up to this number of nodes, other teams have frames if nothing else is requested."""

NONE: Final = "none"
AUTO: Final = "auto"
WAYS: Final = ("owner", "region", "zone", "kind", "name")
"""The ways to group components; `name` is the longest shared prefix, up to a hyphen."""

Keys = Mapping[str, str]


def group_keys(system: System, by: str) -> Keys:
    """Return the name of each component's group.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... owner: shop
    ... components: {api: {kind: service, zones: [a, b]}, db: {kind: database, owner: data}}
    ... ''')
    >>> group_keys(system, "owner"), group_keys(system, "zone")
    ({'api': 'shop', 'db': 'data'}, {'api': 'zones a, b', 'db': 'zones unknown'})
    """
    if by == "name":
        return _by_name(list(system.components))
    fallback = (system.architecture.owner.team if system.architecture.owner else None) or "nobody named"
    of: dict[str, Callable[[Component], str]] = {
        "owner": lambda c: (c.owner.team if c.owner else None) or fallback,
        "region": lambda c: regions_text(c) or "regions unknown",
        "zone": _zone_words,
        "kind": lambda c: c.kind,
    }
    return {name: of[by](component) for name, component in system.components.items()}


def _zone_words(component: Component) -> str:
    return zones_text(replace(component, zones=tuple(sorted(component.zones or ())))) or "zones unknown"


def _by_name(names: Sequence[str]) -> Keys:
    """Group names by the longest prefix, up to a hyphen, that at least three of them share."""
    counts = _counts(beginning for name in names for beginning in _beginnings(name))
    return {name: next((b for b in _beginnings(name) if counts[b] >= 3), name) for name in names}


def _beginnings(name: str) -> list[str]:
    words = name.split("-")
    return ["-".join(words[:end]) for end in range(len(words), 0, -1)]


def clustered(picture: Picture, system: System, by: str) -> Picture:
    """Return a picture with frames by region, zone or owner; a component without them is in no frame.

    `auto` frames the components of other teams than the system's own, if a team has several: a frame around nearly
    everything has no information. In larger pictures, which are in rows, they name their team instead.
    """
    if by == NONE:
        return picture
    keys = dict(group_keys(system, "owner" if by == AUTO else by))
    if by == "zone":
        keys = {name: key for name, key in keys.items() if system.components[name].zones}
    if by == "region":
        keys = {name: key for name, key in keys.items() if system.components[name].regions}
    if by == AUTO:
        own = system.architecture.owner.team if system.architecture.owner else None
        counts = _counts(keys[node.name] for node in picture.nodes)
        stated = {name for name, component in system.components.items() if component.owner is not None}
        keys = {name: key for name, key in keys.items() if name in stated and key != own and counts.get(key, 0) > 1}
    if by == "region":
        return _regions_around_zones(picture, system, keys)
    if by == AUTO and len(picture.nodes) > _MOST_FRAMED:
        nodes = tuple(
            replace(node, facts=(*node.facts, f"owner {keys[node.name]}")) if node.name in keys else node
            for node in picture.nodes
        )
        return replace(picture, nodes=nodes)
    titles = list(dict.fromkeys(keys[node.name] for node in picture.nodes if node.name in keys))
    nodes = tuple(replace(node, cluster=keys.get(node.name, "")) for node in picture.nodes)
    prefix = "owner: " if by in {AUTO, "owner"} else ""
    return replace(picture, nodes=nodes, clusters=tuple(Cluster(title, prefix + title) for title in titles))


def _regions_around_zones(picture: Picture, system: System, regions: Mapping[str, str]) -> Picture:
    """Frame components by region; inside a region, those whose zones have names by their zones."""
    frames: dict[str, Cluster] = {}
    inner: dict[str, Cluster] = {}
    nodes = []
    for node in picture.nodes:
        region = regions.get(node.name, "")
        key = region
        if region:
            frames.setdefault(region, Cluster(region, region))
            if system.components[node.name].zones:
                zones = zones_text(system.components[node.name])
                key = f"{region}: {zones}"
                inner.setdefault(key, Cluster(key, zones, region))
        nodes.append(replace(node, cluster=key))
    return replace(picture, nodes=tuple(nodes), clusters=(*frames.values(), *inner.values()))


def _counts(words: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return counts


def best_way(system: System, most: int) -> str:
    """Return the way to collapse whose largest group is the smallest, among those with at most `most` groups.

    If there is none, return the way with the fewest groups, but more than one.
    """
    sizes = {way: _counts(group_keys(system, way).values()) for way in ("owner", "name", "kind")}
    several = {way: counts for way, counts in sizes.items() if len(counts) > 1} or sizes
    few = {way: counts for way, counts in several.items() if len(counts) <= most}
    if few:
        return min(few, key=lambda way: max(few[way].values()))
    return min(several, key=lambda way: len(several[way]))


def collapsed(picture: Picture, keys: Keys, note: str) -> Picture:
    """Return a picture with one node for each group; findings inside a group are on its node."""
    groups: dict[str, list[Node]] = {}
    for node in picture.nodes:
        groups.setdefault(keys.get(node.name, node.name), []).append(node)
    names = {key: members[0].name if len(members) == 1 else key for key, members in groups.items()}
    names |= {key: key for key, name in names.items() if name != key and name in groups}
    inner: dict[str, list[Mark]] = {}
    lines: dict[tuple[str, str, str], list[Edge]] = {}
    for edge in picture.edges:
        start, end = keys.get(edge.source, edge.source), keys.get(edge.target, edge.target)
        if start == end and len(groups[start]) > 1:
            inner.setdefault(start, []).extend(edge.marks)
        else:
            moved = replace(edge, source=names[start], target=names[end])
            lines.setdefault((start, end, edge.family), []).append(moved)
    nodes = tuple(_merged(names[key], members, inner.get(key, [])) for key, members in groups.items())
    edges = tuple(bundled(bundle) for bundle in lines.values())
    return replace(picture, nodes=nodes, edges=edges, clusters=(), notes=(*picture.notes, note))


def _merged(key: str, members: list[Node], inner: list[Mark]) -> Node:
    if len(members) == 1:
        return replace(members[0], name=key, cluster="")
    kinds = _counts(node.kind for node in members)
    common = sorted(kinds.items(), key=lambda item: -item[1])
    words = tuple(f"{count} {kind}" for kind, count in common[:3])
    rest = len(members) - sum(count for _, count in common[:3])
    marks = dict.fromkeys((*(mark for node in members for mark in node.marks), *inner))
    return Node(
        key,
        members[0].kind if len(kinds) == 1 else GROUP,
        f"{len(members)} components",
        facts=() if len(kinds) == 1 else (*words, f"{rest} more") if rest else words,
        models=(),
        marks=tuple(sorted(marks, key=lambda mark: (SEVERITIES.index(mark.severity), mark.rule, mark.line))),
        roles=tuple(dict.fromkeys(role for node in members for role in node.roles)),
        members=tuple(node.name for node in members),
        sheet=tuple((kind, str(count)) for kind, count in common),
        file=members[0].file,
        line=min(node.line for node in members),
        emphasis=max(node.emphasis for node in members),
    )


def bundled(edges: Sequence[Edge]) -> Edge:
    """Return several edges between two nodes as one edge with their number."""
    first = edges[0]
    if len(edges) == 1:
        return first
    count = sum(edge.count for edge in edges)
    verbs = list(dict.fromkeys(edge.verb for edge in edges))
    names = "; ".join(edge.detail for edge in edges[:12])
    return replace(
        first,
        verb=", ".join(verbs),
        label=f"×{count}",
        detail=names + ("; …" if len(edges) > 12 else ""),
        count=count,
        optional=all(edge.optional for edge in edges),
        marks=tuple(mark for edge in edges for mark in edge.marks),
        emphasis=max(edge.emphasis for edge in edges),
        sheet=(),
        file="",
        line=0,
    )


def linked(node: Node, links: list[Link], marks: list[Mark]) -> Node:
    """Return a node with relations written on it, and the findings on them."""
    if not links:
        return node
    return replace(node, links=(*node.links, *dict.fromkeys(links)), marks=(*node.marks, *marks))


def with_roles(node: Node, roles: tuple[Role, ...]) -> Node:
    """Return a node with its roles in recognised patterns."""
    return replace(node, roles=roles) if roles else node

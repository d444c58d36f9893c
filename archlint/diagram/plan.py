"""Makes the requested picture from a system and its findings."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from archlint.analysis.system import System
from archlint.catalog.patterns import pattern_named
from archlint.diagram.draft import draft
from archlint.diagram.focus import focused
from archlint.diagram.groups import (
    AUTO,
    MOST_SEARCHED,
    MOST_SEEN,
    NONE,
    Keys,
    best_way,
    clustered,
    collapsed,
    group_keys,
    with_roles,
)
from archlint.diagram.hubs import with_lines_bundled, with_twins_merged, without_hub_lines
from archlint.diagram.path import with_path
from archlint.diagram.picture import Picture, Role
from archlint.verdicts import FileReport


class Plan(msgspec.Struct, frozen=True):
    """What a picture shows.

    `cluster` is zone, owner, none or auto (owners, if there are several). `collapse` is owner, zone, kind, name, none
    or auto (only above `most` components, or above 500 with a focus; components on a path are never collapsed). `path`
    names a workload, `focus` a component, drawn with everything within `hops` relations. `patterns` shades the roles of
    recognised patterns. With `all_lines`, every relation is a line of its own.
    """

    cluster: str = AUTO
    collapse: str = AUTO
    path: str = ""
    focus: str = ""
    hops: int = 1
    patterns: bool = False
    all_lines: bool = False
    most: int = MOST_SEEN


def draw(system: System, report: FileReport | None = None, plan: Plan | None = None) -> Picture:
    """Return the picture of a system; without a report, without findings.

    Raises `UsageError` for a workload or a component that the system does not have.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... system: shop
    ... components: {page: {kind: client, calls: [{to: api, timeout: 1s}]}, api: {kind: service, replicas: 2}}
    ... ''')
    >>> picture = draw(system)
    >>> [(node.name, node.facts) for node in picture.nodes], [edge.label for edge in picture.edges]
    ([('page', ()), ('api', ('×2',))], ['≤ 1 s'])
    """
    plan = plan or Plan()
    picture = draft(system, report)
    if plan.patterns:
        picture = with_patterns(picture, system)
    if plan.path:
        picture = with_path(picture, system, plan.path)
    if plan.focus:
        picture = focused(picture, plan.focus, plan.hops)
    return _lined(_grouped(picture, system, plan), plan)


def zoomed(system: System, report: FileReport | None = None, plan: Plan | None = None) -> dict[str, Picture]:
    """Return the picture of a system under the empty key, and one of each group in it under the group's name.

    The picture of a group has its components and what has relations with them.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... components: {page: {kind: client, calls: [a]}, a: {kind: service, calls: [b]}, b: {kind: service}}
    ... ''')
    >>> {key: [node.name for node in one.nodes] for key, one in zoomed(system, None, Plan(collapse="kind")).items()}
    {'': ['page', 'service'], 'service': ['page', 'a', 'b']}
    """
    plan = plan or Plan()
    overview = draw(system, report, plan)
    groups = {node.name: node.members for node in overview.nodes if node.members}
    home = {member: name for name, members in groups.items() for member in members}
    if not groups or len(home) > MOST_SEARCHED:
        return {"": overview}
    whole = draft(system, report)
    if plan.patterns:
        whole = with_patterns(whole, system)
    grouped = f"{len(home)} of {len(home) + len(overview.nodes) - len(groups)} components are in {len(groups)} groups"
    pictures = {"": replace(overview, notes=(*overview.notes[:-1], f"{grouped}: open a group to see them."))}
    for name, members in groups.items():
        others = {member: key for member, key in home.items() if key != name}
        picture = _with_neighbours(collapsed(whole, others, ""), set(members))
        pictures[name] = _lined(picture, plan)
    return pictures


def _with_neighbours(picture: Picture, members: set[str]) -> Picture:
    """Return the members of a group, and what has relations with them."""
    edges = tuple(edge for edge in picture.edges if edge.source in members or edge.target in members)
    kept = members | {name for edge in edges for name in (edge.source, edge.target)}
    nodes = tuple(node for node in picture.nodes if node.name in kept)
    return replace(picture, nodes=nodes, edges=edges, marks=(), notes=())


def _lined(picture: Picture, plan: Plan) -> Picture:
    """Return a picture whose many relations of one kind are one line or words, unless each is to be a line."""
    if plan.all_lines:
        return picture
    return with_twins_merged(with_lines_bundled(without_hub_lines(picture, plan.focus)))


def _grouped(picture: Picture, system: System, plan: Plan) -> Picture:
    way = plan.collapse
    most = max(plan.most, MOST_SEARCHED) if plan.focus else plan.most
    if way == NONE or (way == AUTO and len(picture.nodes) <= most):
        return clustered(picture, system, plan.cluster)
    count = len(picture.nodes)
    if way == AUTO:
        way = best_way(system, most)
        why = f"Collapsed by {way}: there are {count} components; use --collapse none or --focus to show them."
    else:
        why = f"Collapsed by {way}: {count} components."
    return collapsed(picture, _beside_the_path(picture, group_keys(system, way)), why)


def _beside_the_path(picture: Picture, keys: Keys) -> Keys:
    """Return groups without the highlighted components: each hop of a path stays visible."""
    apart = {node.name for node in picture.nodes if node.emphasis > 0}
    others = {name: f"{key} (others)" if key in apart else key for name, key in keys.items()}
    return {name: name if name in apart else key for name, key in others.items()}


def with_patterns(picture: Picture, system: System) -> Picture:
    """Return a picture whose nodes show their roles in the patterns of the system."""
    from archlint.analysis.patterns import recognise

    roles: dict[str, dict[Role, None]] = {}
    titles: dict[str, str] = {}
    for found in recognise(system):
        pattern = pattern_named(found.pattern)
        titles.setdefault(found.pattern, pattern.title if pattern is not None else found.pattern)
        for role, names in found.roles.items():
            for name in names:
                roles.setdefault(name, {})[Role(found.pattern, role)] = None
    nodes = tuple(with_roles(node, tuple(roles.get(node.name, ()))) for node in picture.nodes)
    return replace(picture, nodes=nodes, patterns=titles)

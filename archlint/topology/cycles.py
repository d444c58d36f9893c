"""Orders and cycles of directed graphs given as names to targets."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from archlint.model.architecture import Relation

Targets = Mapping[str, Sequence[str]]


def condensed_order(targets: Targets) -> list[tuple[str, ...]]:
    """Group the nodes that reach one another, each group after every group that it reaches.

    >>> condensed_order({"a": ["b"], "b": ["c", "a"], "c": []})
    [('c',), ('a', 'b')]
    """
    order, rest = _leaves_first(targets)
    groups: list[tuple[str, ...]] = [(name,) for name in order]
    if rest:
        groups += _knots(targets, rest)
    return groups


def _leaves_first(targets: Targets) -> tuple[list[str], list[str]]:
    """Nodes that reach no cycle, in the order of condensed_order, and the others."""
    open_targets = {name: 0 for name in targets}
    sources: dict[str, list[str]] = {}
    for name, ends in targets.items():
        open_targets[name] = len(ends)
        for end in ends:
            sources.setdefault(end, []).append(name)
    order = [name for name, count in open_targets.items() if count == 0]
    for name in order:                 # grows while it is walked
        for source in sources.get(name, ()):
            open_targets[source] -= 1
            if open_targets[source] == 0:
                order.append(source)
    if len(order) == len(open_targets):
        return order, []
    done = set(order)
    return order, [name for name in targets if name not in done]


def _knots(targets: Targets, names: Sequence[str]) -> list[tuple[str, ...]]:
    import rustworkx

    graph: rustworkx.PyDiGraph[str, None] = rustworkx.PyDiGraph()
    index = dict(zip(names, graph.add_nodes_from(names), strict=True))
    graph.add_edges_from_no_data(
        [(index[name], index[end]) for name in names for end in targets[name] if end in index]
    )
    components = rustworkx.strongly_connected_components(graph)   # leaves first (Tarjan's order)
    return [tuple(sorted((graph[node] for node in nodes), key=index.__getitem__)) for nodes in components]


def shortest_cycles(edges: Mapping[str, Sequence[Relation]]) -> list[tuple[Relation, ...]]:
    """One shortest cycle for each group of nodes that reach one another, in the order of the mapping."""
    targets = {name: [relation.target for relation in relations] for name, relations in edges.items()}
    found = []
    for group in condensed_order(targets):
        if len(group) > 1:
            found.append(_shortest_in(edges, set(group), group))
    position = {name: index for index, name in enumerate(edges)}
    return sorted(found, key=lambda cycle: position[cycle[0].source])


_MAX_STARTS = 200


def _shortest_in(
    edges: Mapping[str, Sequence[Relation]], inside: set[str], group: Sequence[str]
) -> tuple[Relation, ...]:
    """The shortest cycle inside a group; of a large group, through one of its first nodes."""
    best: tuple[Relation, ...] = ()
    for start in group[:_MAX_STARTS]:
        cycle = _cycle_through(edges, inside, start)
        if cycle and (not best or len(cycle) < len(best)):
            best = cycle
            if len(best) == 2:
                break
    return best


def _cycle_through(
    edges: Mapping[str, Sequence[Relation]], inside: set[str], start: str
) -> tuple[Relation, ...]:
    came: dict[str, Relation] = {}
    queue = deque([start])
    while queue:
        name = queue.popleft()
        for relation in edges[name]:
            target = relation.target
            if target == start:
                path = [relation]
                while path[-1].source != start:
                    path.append(came[path[-1].source])
                return tuple(reversed(path))
            if target in inside and target not in came:
                came[target] = relation
                queue.append(target)
    return ()

"""Orders and cycles of directed graphs given as names to targets."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from archlint.model.architecture import Relation

Targets = Mapping[str, Sequence[str]]

_MAX_VISITS: Final = 1_000_000
"""The maximum number of relations to visit for the shortest cycle of one group; then the shortest so far is used."""


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
    """Return the nodes that reach no cycle, in the order of condensed_order, and the others."""
    open_targets = {name: len(ends) for name, ends in targets.items()}
    sources: dict[str, list[str]] = {}
    for name, ends in targets.items():
        for end in ends:
            sources.setdefault(end, []).append(name)
    order = [name for name, count in open_targets.items() if count == 0]
    for name in order:                 # grows during the loop
        for source in sources.get(name, ()):
            open_targets[source] -= 1
            if open_targets[source] == 0:
                order.append(source)
    if len(order) == len(open_targets):
        return order, []
    done = set(order)
    return order, [name for name in targets if name not in done]


def _knots(targets: Targets, names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the strongly connected components of some nodes, targets first (Tarjan)."""
    inside = {name: index for index, name in enumerate(names)}
    number: dict[str, int] = {}        # in the order of discovery
    low: dict[str, int] = {}           # the lowest number on the path that a node reaches
    path: list[str] = []               # discovered, but in no component yet
    on_path: set[str] = set()
    found: list[tuple[str, ...]] = []
    for start in names:
        if start in number:
            continue
        calls: list[tuple[str, Iterator[str]]] = []
        entered: str | None = start
        while entered is not None or calls:
            if entered is not None:
                number[entered] = low[entered] = len(number)
                path.append(entered)
                on_path.add(entered)
                calls.append((entered, iter(targets[entered])))
            name, ends = calls[-1]
            entered = None
            for end in ends:
                if end not in inside:
                    continue
                if end not in number:
                    entered = end
                    break
                if end in on_path:
                    low[name] = min(low[name], number[end])
            if entered is not None:
                continue
            calls.pop()
            if calls:
                caller = calls[-1][0]
                low[caller] = min(low[caller], low[name])
            if low[name] == number[name]:
                members = _popped(path, name)
                on_path.difference_update(members)
                found.append(tuple(sorted(members, key=inside.__getitem__)))
    return found


def _popped(path: list[str], first: str) -> list[str]:
    """Remove and return the end of a list, starting at a name."""
    members = [path.pop()]
    while members[-1] != first:
        members.append(path.pop())
    return members


def targets_first(targets: Targets, names: Sequence[str]) -> list[str]:
    """Return some nodes, each after those that it reaches, unless they are in a cycle (depth first).

    >>> targets_first({"a": ["b"], "b": ["c"], "c": ["a"]}, ["a", "b", "c"])
    ['c', 'b', 'a']
    """
    inside = set(names)
    order: list[str] = []
    seen: set[str] = set()
    for start in names:
        if start in seen:
            continue
        seen.add(start)
        stack: list[tuple[str, Iterator[str]]] = [(start, iter(targets[start]))]
        while stack:
            name, ends = stack[-1]
            deeper = next((end for end in ends if end in inside and end not in seen), None)
            if deeper is None:
                order.append(name)
                stack.pop()
            else:
                seen.add(deeper)
                stack.append((deeper, iter(targets[deeper])))
    return order


def shortest_cycles(edges: Mapping[str, Sequence[Relation]]) -> list[tuple[Relation, ...]]:
    """Return one shortest cycle for each group of nodes that reach one another, in the mapping's order."""
    targets = {name: [relation.target for relation in relations] for name, relations in edges.items()}
    found = []
    for group in condensed_order(targets):
        if len(group) > 1:
            found.append(_shortest_in(edges, set(group), group))
    position = {name: index for index, name in enumerate(edges)}
    return sorted(found, key=lambda cycle: position[cycle[0].source])


def _shortest_in(
    edges: Mapping[str, Sequence[Relation]], inside: set[str], group: Sequence[str]
) -> tuple[Relation, ...]:
    """Return the shortest cycle inside a group; of a very large one, the shortest through its first nodes."""
    best: tuple[Relation, ...] = ()
    visits = 0
    for start in group:
        cycle, visited = _cycle_through(edges, inside, start)
        visits += visited
        if cycle and (not best or len(cycle) < len(best)):
            best = cycle
        if len(best) == 2 or visits > _MAX_VISITS:
            break
    return best


def _cycle_through(
    edges: Mapping[str, Sequence[Relation]], inside: set[str], start: str
) -> tuple[tuple[Relation, ...], int]:
    """Return a shortest cycle through one node, and the number of visited relations."""
    came: dict[str, Relation] = {}
    queue = deque([start])
    visits = 0
    while queue:
        for relation in edges[queue.popleft()]:
            visits += 1
            target = relation.target
            if target == start:
                path = [relation]
                while path[-1].source != start:
                    path.append(came[path[-1].source])
                return tuple(reversed(path)), visits
            if target in inside and target not in came:
                came[target] = relation
                queue.append(target)
    return (), visits

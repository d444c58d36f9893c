"""Relations of one component of which a request takes one: what they lead to is no sequence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, TypeVar

from archlint.model.architecture import Relation
from archlint.topology import EITHER, SHARE, WHEN, Step

Key = tuple[str, str]
T = TypeVar("T")
_PART: Final = "part"
"""The kind of a key that names a component, so that a relation joins the one whose fallback its target is."""


def choice_of(relation: Relation) -> Key | None:
    """Return the choice that a relation is a part of: its kind and name; None if every request takes it."""
    if relation.either is not None:
        return EITHER, relation.either
    if relation.share is not None and relation.share < 1:
        return SHARE, relation.parallel or ""
    return (WHEN, "") if relation.when is not None else None


def are_exclusive(one: Relation, other: Relation) -> bool:
    """Return whether no request needs both relations of a component: one choice, or one replaces the other."""
    choice = choice_of(one)
    same = choice is not None and choice == choice_of(other)
    return same or one.target == other.fallback or other.target == one.fallback


def comes_before(one: Relation, other: Relation) -> bool:
    """Return whether a request may wait for one relation of a component before it takes another.

    Relations of one verb are taken in the order of the file. A file cannot state the order of a read and a call.
    """
    if are_exclusive(one, other) or (one.parallel is not None and one.parallel == other.parallel):
        return False
    return one.verb != other.verb or one.index < other.index


def stages_of(steps: Iterable[Step]) -> list[list[Step]]:
    """Return the waiting steps of a component in groups that run one after another.

    The steps of one choice or one `parallel` group are one stage, and so are a step and the steps to its fallback.
    """
    waiting = [step for step in steps if step.waits]
    fallbacks = {step.relation.fallback for step in waiting} - {None}
    keyed: list[tuple[set[Key], Step]] = []
    for position, step in enumerate(waiting):
        relation = step.relation
        parallel = None if relation.parallel is None else ("parallel", relation.parallel)
        keys = {choice_of(relation) or parallel or ("one", str(position))}
        if fallbacks:
            keys |= {(_PART, name) for name in (relation.target, relation.fallback) if name and name in fallbacks}
        keyed.append((keys, step))
    return _joined(keyed)


def alternatives(relations: Iterable[Relation], components: AbstractSet[str]) -> list[tuple[str, ...]]:
    """Return the components of which a request needs one: those of an `either` or `share` group, and fallbacks.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... components:
    ...   front:
    ...     kind: gateway
    ...     calls: [{to: c, fallback: b}, {to: a, fallback: c}, {to: d, either: x}, {to: e, either: x}]
    ...   a: {kind: external}
    ...   b: {kind: external}
    ...   c: {kind: external}
    ...   d: {kind: external}
    ...   e: {kind: external}
    ... ''')
    >>> alternatives(system.topology.outgoing["front"], set(system.components))
    [('c', 'b', 'a'), ('d', 'e')]
    """
    keyed: list[tuple[set[Key], Relation]] = []
    for relation in relations:
        names = {name for name in (relation.target, relation.fallback) if name and name in components}
        keys = {(_PART, name) for name in names}
        choice = choice_of(relation)
        if choice is not None and choice[0] != WHEN:
            keys.add(choice)
        keyed.append((keys, relation))
    found = []
    for group in _joined(keyed):
        ends = [name for relation in group for name in (relation.target, relation.fallback) if name in components]
        found.append(tuple(dict.fromkeys(filter(None, ends))))
    return [group for group in found if len(group) > 1]


def _joined(keyed: Sequence[tuple[AbstractSet[Key], T]]) -> list[list[T]]:
    """Return values in groups that share a key, each in the given order."""
    parents = list(range(len(keyed)))
    first: dict[Key, int] = {}

    def root(number: int) -> int:
        while parents[number] != number:
            parents[number] = number = parents[parents[number]]
        return number

    for number, (keys, _) in enumerate(keyed):
        for key in keys:
            one, other = sorted((root(first.setdefault(key, number)), root(number)))
            parents[other] = one
    groups: dict[int, list[T]] = {}
    for number, (_, value) in enumerate(keyed):
        groups.setdefault(root(number), []).append(value)
    return list(groups.values())

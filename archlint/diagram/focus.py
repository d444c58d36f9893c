"""A part of a picture: everything within some relations of one component."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from archlint.diagram.picture import OBSERVING, Edge, Mark, Picture
from archlint.errors import UsageError
from archlint.model.names import nearest

_SHARED: Final = 24
"""A component with more relations than this is shown, but not followed: everything is within two hops of it."""


def focused(picture: Picture, name: str, hops: int) -> Picture:
    """Return everything within some hops of a component, in both directions; raises `UsageError` for an unknown one.

    Log stores, monitors and components that many share are shown, but not followed.
    """
    if name not in {node.name for node in picture.nodes}:
        raise unknown("component", name, [node.name for node in picture.nodes])
    kept = _within(picture, name, hops)
    nodes = tuple(node for node in picture.nodes if node.name in kept)
    edges = tuple(edge for edge in picture.edges if edge.source in kept and edge.target in kept)
    hidden = len(picture.nodes) - len(nodes)
    inside = replace(picture, nodes=nodes, edges=edges)
    lost = _left_out(picture.all_marks, inside.all_marks)
    note = f"{name} and everything within {hops} hop{'s' if hops != 1 else ''} of it"
    others = f"; {hidden} of {len(picture.nodes)} components are hidden" if hidden else ""
    findings = f", with {lost} finding{'s' if lost != 1 else ''}" if lost else ""
    return replace(inside, notes=(*picture.notes, f"Focus: {note}{others}{findings}."))


def _left_out(before: Iterable[Mark], after: Iterable[Mark]) -> int:
    kept = set(after)
    return len({mark for mark in before if mark not in kept})


def _within(picture: Picture, start: str, hops: int) -> set[str]:
    around = _neighbours(picture.edges)
    kept, rim = {start}, {start}
    for _ in range(hops):
        passed = [name for name in rim if name == start or len(around.get(name, ())) <= _SHARED]
        rim = {
            edge.target if edge.source == name else edge.source
            for name in passed
            for edge in around.get(name, ())
            if name == start or edge.family != OBSERVING or edge.source == name
        } - kept
        kept |= rim
    return kept


def _neighbours(edges: Iterable[Edge]) -> Mapping[str, list[Edge]]:
    around: dict[str, list[Edge]] = {}
    for edge in edges:
        around.setdefault(edge.source, []).append(edge)
        around.setdefault(edge.target, []).append(edge)
    return around


def unknown(what: str, name: str, known: list[str]) -> UsageError:
    """Return the error for an unknown name, with the nearest known one."""
    likely = nearest(name, known)
    if likely:
        hint = f"did you mean `{likely}`?"
    else:
        first = ", ".join(known[:8]) or "none"
        hint = f"its {what}s: {first}{', …' if len(known) > 8 else ''}"
    return UsageError(f"the system has no {what} `{name}`", hint)

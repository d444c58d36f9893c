"""From a structural place to its text in a document."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping
from typing import Final

from archlint.model.architecture import Origin
from archlint.model.places import Place
from archlint.source.document import Document
from archlint.source.nodes import Entry, Mapping, Node, Scalar, Sequence, Span

_ALIASES: Final = {"regions": "region"}
"""Other spellings of keys."""


def locate(origins: AbstractMapping[tuple[str, ...], Origin], place: Place, main: Document) -> tuple[Document, Span]:
    """Return the document and the span of a place, or of the nearest part that contains it and exists.

    A scalar value is its own span. A mapping or list on one line is a span together with its key; a longer one is
    represented by its key, and a mapping in a list by its target.
    """
    steps = place.steps
    origin = origins.get(tuple(str(step) for step in steps[:2]))
    rest = steps[2:]
    if origin is None:
        origin, rest = origins.get(tuple(str(step) for step in steps[:1])), steps[1:]
    if origin is None:
        return main, _head(main)
    span = _span_of(origin.entry, True, "") if steps[0] == "accept" and not rest else origin.entry.key_span
    node: Node = origin.entry.value
    walked = False
    for step in rest:
        entry = _child(node, step)
        if entry is None:
            break
        walked = True
        node = entry.value
        span = _span_of(entry, isinstance(step, int), origin.document.text)
    if not walked and isinstance(node, Scalar) and len(steps) == 1:
        span = node.span
    return origin.document, span


def _head(document: Document) -> Span:
    """Return the span for the whole file: its first key."""
    root = document.root
    if isinstance(root, Mapping) and root.entries:
        first = root.entries.get("system") or next(iter(root.entries.values()))
        return first.key_span
    return Span(0, 1)


def _child(node: Node, step: str | int) -> Entry | None:
    if isinstance(step, int):
        if isinstance(node, Sequence):
            if step < len(node.items):
                item = node.items[step]
                return Entry(item.start, item.end - item.start, item)
            return None
        return Entry(node.start, node.end - node.start, node) if step == 0 else None
    if not isinstance(node, Mapping):
        return None
    return node.entries.get(step) or node.entries.get(_ALIASES.get(step, step))


def _span_of(entry: Entry, is_item: bool, text: str) -> Span:
    value = entry.value
    if isinstance(value, Scalar) and value.end > value.start:
        return value.span
    if is_item and isinstance(value, Mapping) and value.entries:
        first = value.entries.get("to") or value.entries.get("rule") or next(iter(value.entries.values()))
        inner = first.value
        return Span(inner.start, inner.end) if isinstance(inner, Scalar) else first.key_span
    if not isinstance(value, Scalar) and _on_one_line(entry, value.end, text):
        return Span(entry.start, value.end)  # a mapping or list on the line of its key: all of it
    return entry.key_span


def _on_one_line(entry: Entry, end: int, text: str) -> bool:
    """Whether a value follows its key on the same line; the value of an alias is at its anchor, above."""
    return entry.start < end and text.find("\n", entry.start, end) < 0 and text.find("\r", entry.start, end) < 0

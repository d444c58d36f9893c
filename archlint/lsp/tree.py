"""What is at an offset of a text that can be read: a key or a value, with its path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from archlint.model.places import Step
from archlint.source.document import Document
from archlint.source.nodes import Entry, Mapping, Node, Scalar, Sequence, Span

_STEP: Final = re.compile(r'"([^"]*)"|\[(\d+)\]|([^.\[\]"]+)')


class Spot(NamedTuple):
    """A key or a value at an offset; the last step of the path is the key, or the key of the value."""

    path: tuple[Step, ...]
    text: str
    span: Span
    is_key: bool


def document_at(document: Document, offset: int) -> Document:
    """Return the document of a file that contains an offset."""
    for one in document.systems:
        if one.extent.start <= offset <= one.extent.end:
            return one
    return document


def spot_at(document: Document, offset: int) -> Spot | None:
    """Return the key or scalar at an offset; values of aliases and merges are where they are written."""
    node: Node | None = document_at(document, offset).root
    path: tuple[Step, ...] = ()
    while node is not None:
        if isinstance(node, Scalar):
            return Spot(path, node.text, node.span, False) if node.start <= offset <= node.end else None
        found = next((one for one in _children(node) if one[1].start <= offset <= one[2].end), None)
        if found is None:
            return None
        step, head, node = found
        path = (*path, step)
        if isinstance(step, str) and head.start <= offset <= head.end:
            return Spot(path, step, head, True)
        if not node.start <= offset <= node.end:
            return None
    return None


def own_entries(node: Node | None) -> Iterator[tuple[str, Entry]]:
    """Yield the entries of a mapping that are written in it, not merged from elsewhere."""
    if isinstance(node, Mapping):
        for key, entry in node.entries.items():
            if node.start <= entry.start < node.end:
                yield key, entry


def _children(node: Mapping | Sequence) -> Iterator[tuple[Step, Span, Node]]:
    """Yield step, span of the key (or of the item) and value of each child that is written here."""
    if isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            if node.start <= item.start < node.end:
                yield index, Span(item.start, item.end), item
        return
    for key, entry in own_entries(node):
        value: Node = entry.value
        if value.start < entry.end:        # an alias: its value is elsewhere
            value = Scalar("", entry.end, 0, True)
        yield key, entry.key_span, value


def steps_of(at: str) -> tuple[Step, ...]:
    """Return the steps of a structural path as text.

    >>> steps_of('components."a.b".calls[0].timeout')
    ('components', 'a.b', 'calls', 0, 'timeout')
    """
    found: list[Step] = []
    for quoted, index, word in _STEP.findall(at):
        found.append(int(index) if index else quoted or word)
    return tuple(found)


def child(node: Node | None, step: Step) -> Node | None:
    """Return the value below a node; a single value stands for a list of one."""
    if isinstance(step, int):
        if isinstance(node, Sequence):
            return node.items[step] if step < len(node.items) else None
        return node if step == 0 else None
    if isinstance(node, Mapping):
        entry = node.entries.get(step)
        return entry.value if entry is not None else None
    return None

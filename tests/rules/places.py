"""Whether a structural path of a finding exists in a file."""

from __future__ import annotations

import re

from archlint.source.document import Document
from archlint.source.nodes import Mapping, Node, Scalar, Sequence
from archlint.source.parser import parse

_STEP = re.compile(r'\[(?P<index>\d+)\]|"(?P<quoted>[^"]*)"|(?P<key>[^.\[\]"]+)')

_COMMENT = re.compile(r"accept\.line (\d+)")
"""The path of an acceptance in a comment."""


def steps_of(at: str) -> list[str | int]:
    """The keys and indices of a path.

    >>> steps_of('components."a.b".calls[0].timeout')
    ['components', 'a.b', 'calls', 0, 'timeout']
    """
    return [
        int(match["index"]) if match["index"] is not None else match["quoted"] or match["key"] or ""
        for match in _STEP.finditer(at)
    ]


def stands_in(at: str, document: Document) -> bool:
    """Whether a path leads to a key or an item of a document; `system` is the file as a whole."""
    comment = _COMMENT.fullmatch(at)
    if comment is not None:
        return "# archlint: accept" in document.line(int(comment[1]))
    node: Node | None = parse(document.name, document.text).root
    if at == "system":
        return node is not None
    for step in steps_of(at):
        node = _child(node, step)
        if node is None:
            return False
    return True


def _child(node: Node | None, step: str | int) -> Node | None:
    if isinstance(step, int):
        if isinstance(node, Sequence):
            return node.items[step] if step < len(node.items) else None
        return node if step == 0 and isinstance(node, Scalar | Mapping) else None
    entry = node.entries.get(step) if isinstance(node, Mapping) else None
    return entry.value if entry is not None else None

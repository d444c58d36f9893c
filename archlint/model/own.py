"""Keys of a user's own: archlint keeps their values as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from archlint.source.nodes import Mapping, Node, Scalar, Sequence

OWN_KEY: Final = "x-"
"""How a key starts that archlint keeps and ignores."""
_MOST: Final = 1_000


def text_of(node: Node) -> str:
    """Write a value on one line, as YAML does in short form; a very long one is cut.

    >>> from archlint.source.parser import parse
    >>> text_of(parse("a.yaml", "{a: [1, x], b: yes}").root)
    '{a: [1, x], b: yes}'
    """
    pieces: list[str] = []
    size = 0
    waiting: list[Node | str] = [node]
    while waiting and size <= _MOST:
        part = waiting.pop()
        if isinstance(part, str):
            pieces.append(part)
            size += len(part)
        elif isinstance(part, Scalar):
            waiting.append(" ".join(part.text.split()))
        else:
            waiting += reversed(list(_inside(part)))
    text = "".join(pieces)
    return text if len(text) <= _MOST and not waiting else text[: _MOST - 1] + "…"


def _inside(node: Node) -> Iterator[Node | str]:
    """Yield the brackets, keys and values of a mapping or list."""
    is_mapping = isinstance(node, Mapping)
    yield "{" if is_mapping else "["
    if isinstance(node, Mapping):
        for index, (key, entry) in enumerate(node.entries.items()):
            yield f"{', ' if index else ''}{key}: "
            yield entry.value
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            if index:
                yield ", "
            yield item
    yield "}" if is_mapping else "]"

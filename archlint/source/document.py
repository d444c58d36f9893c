"""One YAML text, parsed once, with the place of everything in it."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final, NamedTuple

from archlint.source.nodes import Node, Span

_LINE_BREAK: Final = r"\r\n?|\n"
"""What editors break lines at; `str.splitlines` knows eight more."""


class Position(NamedTuple):
    """A place as editors count it: line and column both start at 1."""

    line: int
    column: int


class Flaw(NamedTuple):
    """What the parser itself found wrong and could read past.

    `kind` is one of `duplicate-key`, `several-documents`, `unsupported-yaml`. `mapping` is the offset at which the
    mapping starts that holds it. Of a duplicate key, `related` is the first of the two, and `value` what the
    second one says.
    """

    kind: str
    message: str
    span: Span
    related: Span | None = None
    key: str = ""
    mapping: int = -1
    value: Node | None = None


class Document:
    """A parsed file: its text, its value, and the flaws that the parser could read past.

    `name` is the file as the user named it (or `<stdin>`), and is what findings print. `unlisted` counts the flaws
    beyond those that are listed.
    """

    __slots__ = ("_line_starts", "flaws", "name", "root", "text", "unlisted")

    def __init__(
        self, name: str, text: str, root: Node | None, flaws: tuple[Flaw, ...] = (), unlisted: int = 0
    ) -> None:
        self.name = name
        self.text = text
        self.root = root
        self.flaws = flaws
        self.unlisted = unlisted
        self._line_starts: list[int] | None = None

    def without_values(self) -> Document:
        """The same text without its values: all that a report needs, at a fraction of the memory."""
        same = Document(self.name, self.text, None)
        same._line_starts = self._line_starts
        return same

    def _starts(self) -> list[int]:
        if self._line_starts is None:
            self._line_starts = [0, *(match.end() for match in re.finditer(_LINE_BREAK, self.text))]
        return self._line_starts

    def position(self, offset: int) -> Position:
        """Line and column of an offset in characters; what lies beyond the text is placed at its end.

        >>> Document("a.yaml", "a: 1\\nb: 2\\n", None).position(5)
        Position(line=2, column=1)
        """
        starts = self._starts()
        offset = max(0, min(offset, len(self.text)))
        index = bisect_right(starts, offset) - 1
        return Position(index + 1, offset - starts[index] + 1)

    def line(self, number: int) -> str:
        """The text of a line (counted from 1), without its line break; empty outside the text.

        >>> Document("a.yaml", "a: 1\\r\\nb: 2", None).line(1)
        'a: 1'
        """
        starts = self._starts()
        if not 1 <= number <= len(starts):
            return ""
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")

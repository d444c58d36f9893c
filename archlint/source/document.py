"""One YAML text, parsed once, with the place of everything in it."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import Final, NamedTuple

import msgspec

from archlint.source.nodes import Node, Span

_LINE_BREAK: Final = r"\r\n?|\n"
"""The line breaks of editors; `str.splitlines` also breaks lines at eight other characters."""


class Position(NamedTuple):
    """A place as in editors: line and column start at 1."""

    line: int
    column: int


class Flaw(msgspec.Struct, frozen=True):
    """A mistake after which the parser could continue.

    `kind` is one of `duplicate-key`, `several-documents`, `unsupported-yaml`, `line-separator`. `mapping` is the offset
    of the mapping that contains it. For a duplicate key, `related` is the first of the two, and `value` is the value of
    the second. If it `loses_meaning`, some content is not read.
    """

    kind: str
    message: str
    span: Span
    related: Span | None = None
    key: str = ""
    mapping: int = -1
    value: Node | None = None
    loses_meaning: bool = True


class _Lines:
    """The offsets of the lines of a text, computed once on first use, for all documents of the text."""

    __slots__ = ("starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts: list[int] = []

    def get(self) -> list[int]:
        if not self.starts:
            if "\r" in self.text:
                self.starts = [0, *(match.end() for match in re.finditer(_LINE_BREAK, self.text))]
            else:
                lengths = map(len, self.text.split("\n")[:-1])
                self.starts = list(accumulate(map((1).__add__, lengths), initial=0))
        return self.starts


class Document:
    """One YAML document of a file: the file's text, the document's value, and its flaws.

    `name` is the file as the user named it (or `<stdin>`), and is what findings print. `unlisted` counts the flaws
    beyond those that are listed. `extent` is the part of the text that belongs to this document. If a file describes
    several systems, `others` are the documents after the first that do; the `part` of each of them is the name of its
    system or its number, and tells them apart. `aliased` counts the values that the aliases of the file stand for.
    `imported` names the deployment files that the values were read from; empty for an architecture file. `as_written`
    is true if each value is what its text says, which is not so once a value was set or made.
    """

    __slots__ = (
        "_lines", "aliased", "as_written", "extent", "flaws", "imported", "name", "others", "part", "root", "text",
        "unlisted",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        text: str,
        root: Node | None,
        flaws: tuple[Flaw, ...] = (),
        unlisted: int = 0,
        *,
        extent: Span | None = None,
        like: Document | None = None,
    ) -> None:
        self.name = name
        self.text = text
        self.root = root
        self.flaws = flaws
        self.unlisted = unlisted
        self.extent = extent or Span(0, len(text))
        self.part = ""
        self.aliased = 0
        self.as_written = False
        self.imported: tuple[str, ...] = ()
        self.others: tuple[Document, ...] = ()
        self._lines: _Lines = like._lines if like is not None else _Lines(text)

    @property
    def systems(self) -> tuple[Document, ...]:
        """This document, and the further documents of its file that describe a system."""
        return (self, *self.others)

    @property
    def size(self) -> int:
        """The end of the last offset that belongs to this document."""
        return len(self.text)

    def home(self, span: Span) -> tuple[Document, Span]:
        """Return the text that a span belongs to: this one, unless a call has set the value (`archlint.changing`)."""
        return self, span

    def without_values(self) -> Document:
        """The same text without its values: all that a report needs, at a fraction of the memory."""
        same = Document(self.name, self.text, None, extent=self.extent, like=self)
        same.part, same.imported = self.part, self.imported
        return same

    def position(self, offset: int) -> Position:
        """Return the line and column of an offset in characters; an offset beyond the text means its end.

        >>> Document("a.yaml", "a: 1\\nb: 2\\n", None).position(5)
        Position(line=2, column=1)
        """
        starts = self._lines.get()
        offset = max(0, min(offset, len(self.text)))
        index = bisect_right(starts, offset) - 1
        return Position(index + 1, offset - starts[index] + 1)

    def offset(self, line: int, column: int) -> int:
        """Return the offset of a line and column, both counted from 1; a place beyond its line means the line's end.

        >>> document = Document("a.yaml", "a: 1\\nb: 2\\n", None)
        >>> document.offset(2, 1), document.offset(1, 99), document.offset(9, 1)
        (5, 4, 10)
        """
        starts = self._lines.get()
        if line > len(starts):
            return len(self.text)
        return starts[max(line, 1) - 1] + min(max(column, 1) - 1, len(self.line(max(line, 1))))

    def line(self, number: int) -> str:
        """The text of a line (counted from 1), without its line break; empty outside the text.

        >>> Document("a.yaml", "a: 1\\r\\nb: 2", None).line(1)
        'a: 1'
        """
        starts = self._lines.get()
        if not 1 <= number <= len(starts):
            return ""
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")

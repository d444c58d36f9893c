"""The values of a YAML document, each with its place.

Positions are offsets into the document's text, counted in characters. Line and column are worked out only for
what is shown (see `archlint.source.document.Document.position`).
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec


class Span(NamedTuple):
    """A stretch of a document's text: offsets in characters, `end` exclusive."""

    start: int
    end: int


# No node can hold itself (an alias inside its own anchor is refused), so the collector need not look at them.
# A large file has a million offsets, and each is an object; widths up to 256 are shared ones.
class Scalar(msgspec.Struct, frozen=True, gc=False):
    """A scalar as written. `plain` is true if it has no quotes."""

    text: str
    start: int
    width: int
    plain: bool

    @property
    def end(self) -> int:
        """The offset after its last character."""
        return self.start + self.width

    @property
    def span(self) -> Span:
        """The place of the scalar."""
        return Span(self.start, self.end)

    @property
    def is_null(self) -> bool:
        """Whether YAML 1.2's core schema reads it as null."""
        return self.plain and self.text in {"", "~", "null", "Null", "NULL"}


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One key of a mapping with its value; start, width and end are those of the key."""

    start: int
    width: int
    value: Node

    @property
    def end(self) -> int:
        """The offset after the key's last character."""
        return self.start + self.width

    @property
    def key_span(self) -> Span:
        """The place of the key."""
        return Span(self.start, self.end)


class Mapping(msgspec.Struct, frozen=True, gc=False):
    """A mapping in the order of the file; the first of two equal keys is used."""

    entries: dict[str, Entry]
    start: int
    end: int

    @property
    def span(self) -> Span:
        """The place of the mapping."""
        return Span(self.start, self.end)


class Sequence(msgspec.Struct, frozen=True, gc=False):
    """A sequence."""

    items: list[Node]
    start: int
    end: int

    @property
    def span(self) -> Span:
        """The place of the sequence."""
        return Span(self.start, self.end)


Node = Scalar | Mapping | Sequence

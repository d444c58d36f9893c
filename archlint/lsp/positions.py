"""Places in a text, as archlint has them (characters) and as editors have them (code units of an encoding)."""

from __future__ import annotations

from typing import Final

from lsprotocol import types

from archlint.findings import Location
from archlint.source.document import Document
from archlint.source.nodes import Span

UTF16: Final = types.PositionEncodingKind.Utf16
_BOM: Final = "\ufeff"


def width(text: str, encoding: str = UTF16) -> int:
    """Count the code units of a text.

    >>> width("순위"), width("🚀"), width("🚀", "utf-8"), width("🚀", "utf-32")
    (2, 2, 4, 1)
    """
    if text.isascii() or encoding == types.PositionEncodingKind.Utf32:
        return len(text)
    if encoding == types.PositionEncodingKind.Utf8:
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text) + sum(character > "\uffff" for character in text)


def characters(text: str, units: int, encoding: str = UTF16) -> int:
    """Count the characters that start within the first code units of a text; beyond its end, all of them.

    >>> characters("a🚀b", 3), characters("a🚀b", 2), characters("a🚀b", 99)
    (2, 2, 3)
    """
    if text.isascii() or encoding == types.PositionEncodingKind.Utf32:
        return min(units, len(text))
    passed = 0
    for count, character in enumerate(text):
        if passed >= units:
            return count
        passed += width(character, encoding)
    return len(text)


class Ruler:
    """Converts between places in one text and the positions of an editor.

    An editor may keep the byte order mark that archlint leaves out: `given` is the text as the editor has it.
    """

    def __init__(self, document: Document, encoding: str = UTF16, given: str = "") -> None:
        self.document = document
        self.encoding = encoding
        self.lead = len(given) - len(given.lstrip(_BOM))

    def place(self, line: int, column: int) -> types.Position:
        """Return the position of a line and column, both counted from 1."""
        units = width(self.document.line(line)[: column - 1], self.encoding)
        lead = width(_BOM * self.lead, self.encoding) if line == 1 else 0
        return types.Position(line - 1, units + lead)

    def position(self, offset: int) -> types.Position:
        """Return the position of an offset of the text."""
        return self.place(*self.document.position(offset))

    def span(self, span: Span) -> types.Range:
        """Return the range of a span."""
        return types.Range(self.position(span.start), self.position(span.end))

    def range(self, location: Location) -> types.Range:
        """Return the range of a location."""
        start = self.place(location.line, location.column)
        return types.Range(start, self.place(location.end_line, location.end_column))

    def offset(self, position: types.Position) -> int:
        """Return the offset of a position; a position beyond the end of its line means that end."""
        line, units = position.line + 1, position.character
        if line == 1:
            units = max(0, units - width(_BOM * self.lead, self.encoding))
        return self.document.offset(line, 1 + characters(self.document.line(line), units, self.encoding))

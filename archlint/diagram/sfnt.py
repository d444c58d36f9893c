"""Reads font files (TrueType, OpenType and their collections): names, weight, characters and advance widths.

The file format is described at https://learn.microsoft.com/typography/opentype/spec/otff. Only the tables that are
needed to choose a font and to measure text are read.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from mmap import mmap
from typing import Final

_COLLECTION: Final = b"ttcf"
_FONTS: Final = (b"\x00\x01\x00\x00", b"OTTO", b"true")
_MOST_FACES: Final = 256
_FAMILY: Final = 1
_TYPOGRAPHIC_FAMILY: Final = 16
_WINDOWS: Final = 3
_ENGLISH: Final = 0x409
_ITALIC: Final = 0x01
_UNICODE_MAPS: Final = ((3, 10), (0, 6), (0, 4), (3, 1), (0, 3), (0, 2), (0, 1), (0, 0))
"""Platform and encoding of the supported character maps, the most complete first."""
_SEGMENTS: Final = 4
_GROUPS: Final = 12


class FontError(ValueError):
    """A file that is not a font, or a font that is damaged."""


def _numbers(form: str, data: memoryview, offset: int = 0) -> tuple[int, ...]:
    """Return the numbers at an offset; raises `FontError` if the data ends before them."""
    try:
        return struct.unpack_from(form, data, offset)
    except struct.error:
        raise FontError("the font is damaged") from None


class Face:
    """One font of a file, at an offset."""

    def __init__(self, data: memoryview, offset: int = 0) -> None:
        if bytes(data[offset : offset + 4]) not in _FONTS:
            raise FontError("not a TrueType or OpenType font")
        self._data = data
        (count,) = _numbers(">H", data, offset + 4)
        self._tables: dict[bytes, tuple[int, int]] = {}
        for number in range(count):
            at = offset + 12 + 16 * number
            _, start, length = _numbers(">III", data, at + 4)
            self._tables[bytes(data[at : at + 4])] = (start, length)

    def _table(self, tag: bytes) -> memoryview:
        start, length = self._tables.get(tag, (0, 0))
        return self._data[start : start + length]

    @cached_property
    def family(self) -> str:
        """The name of its family, in English if the font has an English name."""
        table = self._table(b"name")
        _, count, strings = _numbers(">HHH", table)
        names: dict[tuple[bool, bool], str] = {}
        for number in range(count):
            platform, _, language, kind, length, start = _numbers(">HHHHHH", table, 6 + 12 * number)
            if platform == _WINDOWS and kind in {_FAMILY, _TYPOGRAPHIC_FAMILY}:
                text = bytes(table[strings + start : strings + start + length]).decode("utf-16-be", "replace")
                names[kind == _TYPOGRAPHIC_FAMILY, language == _ENGLISH] = text
        return names[max(names)] if names else ""

    @cached_property
    def weight(self) -> int:
        """Its weight: 400 is regular, 700 bold."""
        return _numbers(">H", self._table(b"OS/2"), 4)[0]

    @cached_property
    def italic(self) -> bool:
        """Whether it is slanted."""
        return bool(_numbers(">H", self._table(b"OS/2"), 62)[0] & _ITALIC)

    @cached_property
    def _units(self) -> int:
        return _numbers(">H", self._table(b"head"), 18)[0] or 1000

    @cached_property
    def _wide_metrics(self) -> int:
        return _numbers(">H", self._table(b"hhea"), 34)[0]

    def advance(self, character: str) -> float | None:
        """Return the advance width of a character, in thousandths of the size; None if the font lacks it."""
        glyph = self.glyph(character)
        if glyph == 0:
            return None
        metrics = self._table(b"hmtx")
        (width,) = _numbers(">H", metrics, 4 * min(glyph, self._wide_metrics - 1))
        return width * 1000 / self._units

    def glyph(self, character: str) -> int:
        """Return the number of a character's glyph; 0 for a character that the font lacks."""
        code = ord(character)
        number = bisect_left(self._ends, code)
        if number == len(self._ends):
            return 0
        return self._lookup(number, code)

    @cached_property
    def _map(self) -> memoryview:
        """The most complete character map in a supported format."""
        table = self._table(b"cmap")
        (count,) = _numbers(">H", table, 2)
        found: dict[tuple[int, int], int] = {}
        for number in range(count):
            platform, encoding, start = _numbers(">HHI", table, 4 + 8 * number)
            if _numbers(">H", table, start)[0] in {_SEGMENTS, _GROUPS}:
                found[platform, encoding] = start
        for key in _UNICODE_MAPS:
            if key in found:
                return table[found[key] :]
        raise FontError("no Unicode character map")

    @cached_property
    def _is_segmented(self) -> bool:
        return _numbers(">H", self._map)[0] == _SEGMENTS

    @cached_property
    def _ends(self) -> tuple[int, ...]:
        """The last character of each range of the map, ascending."""
        if self._is_segmented:
            segments = _numbers(">H", self._map, 6)[0] // 2
            return _numbers(f">{segments}H", self._map, 14)
        (groups,) = _numbers(">I", self._map, 12)
        return _numbers(f">{3 * groups}I", self._map, 16)[1::3] if 12 * groups < len(self._map) else ()

    def _lookup(self, number: int, code: int) -> int:
        if not self._is_segmented:
            first, _, glyph = _numbers(">III", self._map, 16 + 12 * number)
            return glyph + code - first if code >= first else 0
        segments = len(self._ends)
        starts = 16 + 2 * segments
        (first,) = _numbers(">H", self._map, starts + 2 * number)
        if code < first:
            return 0
        (delta,) = _numbers(">H", self._map, starts + 2 * segments + 2 * number)
        at = starts + 4 * segments + 2 * number
        (offset,) = _numbers(">H", self._map, at)
        if offset == 0:
            return (code + delta) & 0xFFFF
        (glyph,) = _numbers(">H", self._map, at + offset + 2 * (code - first))
        return (glyph + delta) & 0xFFFF if glyph else 0


def faces(data: bytes | mmap) -> Iterator[Face]:
    """Yield the fonts of a file; raises `FontError` if the file is not a font or is damaged."""
    view = memoryview(data)
    if bytes(view[:4]) != _COLLECTION:
        yield Face(view)
        return
    (count,) = _numbers(">I", view, 8)
    for offset in _numbers(f">{min(count, _MOST_FACES)}I", view, 12):
        yield Face(view, offset)

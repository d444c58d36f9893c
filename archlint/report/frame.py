"""Code frames: lines of a file with stretches of them underlined, cut to the width of the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import msgspec

from archlint.report.layout import Ink, cells, columns_of, flat, hanging, longest_word, wrap
from archlint.source.document import Document
from archlint.verdicts import Location

DOTS = "..."
_LEAST_ROOM = 20


class Mark(msgspec.Struct, frozen=True):
    """A part of one line to underline: characters counted from 0, `end` exclusive.

    `chief` marks are drawn as `^^^` in the colour of the finding, their message in the colour of help; others as `---`.
    """

    start: int
    end: int
    message: str = ""
    chief: bool = False


class _Drawn(msgspec.Struct, frozen=True):
    """A mark in the columns of what is shown."""

    start: int
    end: int
    message: str
    chief: bool


class Frame:
    """Lines of one file with their marks: `lines` maps a line's number to its marks, bare context to none."""

    __slots__ = ("at", "document", "file", "lines", "location")

    def __init__(self, location: Location, document: Document | None, at: str = "") -> None:
        self.location = location
        self.file = location.file
        self.document = document
        self.at = at
        self.lines: dict[int, list[Mark]] = {}

    def accepts(self, line: int, mark: Mark, room: int) -> bool:
        """Whether a mark can join: all marks of one line have to fit on the screen together."""
        there = self.lines.get(line)
        if not there or self.document is None:
            return True
        low = min(mark.start, *(other.start for other in there))
        high = max(mark.end, *(other.end for other in there))
        if high - low > room:
            return False
        shown = cells(self.document.line(line)[low:high])
        return shown.columns[-1] <= room - 2 * len(DOTS)

    def add(self, line: int, mark: Mark) -> None:
        """Add a mark to a line."""
        self.lines.setdefault(line, []).append(mark)

    def rows(self, arrow: str, gutter: int, width: int, style: str, ink: Ink) -> list[str]:
        """Draw the frame: the place after an arrow, then lines; `gutter` columns hold their numbers."""
        bar = ink(f"{' ' * gutter} |", "frame")
        rows = place_rows(" " * gutter + arrow, self.location, self.at, width, ink)
        document = self.document
        numbers = sorted(self.lines)
        if document is None or not any(document.line(number) for number in numbers):
            return rows + self._unseen(gutter, width, ink)
        room = max(_LEAST_ROOM, width - gutter - 3)
        rows.append(bar)
        previous = numbers[0]
        for number in numbers:
            if number == previous + 2:
                rows.append(
                    _numbered(previous + 1, _window(document.line(previous + 1), [], room)[0], gutter, ink)
                )
            elif number > previous + 2:
                rows.append(ink(DOTS, "frame"))
            text, marks = _window(document.line(number), self.lines[number], room)
            rows.append(_numbered(number, text, gutter, ink))
            rows += [f"{bar} {row}" for row in _underlines(marks, room, style, ink)]
            previous = number
        return rows

    def _unseen(self, gutter: int, width: int, ink: Ink) -> list[str]:
        """Say in words what cannot be drawn, where there is no text to draw it on."""
        told = [
            (line, mark.message) for line in sorted(self.lines) for mark in self.lines[line] if mark.message
        ]
        pad = " " * (gutter + 3)
        rows: list[str] = []
        for line, message in told:
            prefix = pad if line == self.location.line else f"{pad}line {line}: "
            rows += [ink(row, "related") for row in hanging(prefix, message, width)]
        return rows


def place_rows(arrow: str, location: Location, at: str, width: int, ink: Ink) -> list[str]:
    """Name a place behind an arrow, as editors open it, with its structural path unless that is empty."""
    place = flat(location.file)
    if not place.startswith("--set "):                   # the value is from the call, not from a file
        place = f"{place}:{location.line}:{location.column}"
    row = f"{ink(arrow, 'frame')} {place}"
    path = flat(at)
    if not path:
        return [row]
    start = len(arrow) + 1
    if start + columns_of(place) + 2 + columns_of(path) <= width:
        return [f"{row}  {ink(path, 'faint')}"]
    return [row, *(ink(line, "faint") for line in hanging(" " * start, path, width))]


def _numbered(number: int, text: str, gutter: int, ink: Ink) -> str:
    return f"{ink(f'{number:>{gutter}} |', 'frame')} {text}".rstrip()


def _window(line: str, marks: Sequence[Mark], room: int) -> tuple[str, list[_Drawn]]:
    """Cut a line to `room` columns so that its marks stay in sight; marks that do not fit are cut too."""
    if len(line) <= room and line.isascii() and line.isprintable():
        return line.rstrip(), [_plain(mark, len(line), room) for mark in marks]
    low = min((mark.start for mark in marks), default=0)
    high = max((mark.end for mark in marks), default=0)
    # A file may be one line of megabytes: lay out only what could be shown.
    left = max(0, min(low, len(line)) - 2 * room)
    piece = line[left : left + 5 * room]
    more_right = left + len(piece) < len(line)
    laid = cells(piece)
    pieces, columns = laid.pieces, laid.columns
    begin, end = 0, len(piece)
    if left or more_right or columns[-1] > room:
        low, high = _within(low - left, len(piece)), _within(high - left, len(piece))
        beside = max((columns_of(mark.message) + 1 for mark in marks if mark.message), default=0)
        begin, end = _cut(columns, (low, high), beside, room, (left > 0, more_right))
    before = DOTS if begin or left else ""
    after = DOTS if end < len(piece) or more_right else ""
    shift = len(before) - columns[begin]
    drawn = []
    for mark in marks:
        first = min(columns[_within(mark.start - left, end, begin)] + shift, room - 1)
        last = columns[_within(mark.end - left, end, begin)] + shift
        drawn.append(_Drawn(first, max(last, first + 1), mark.message, mark.chief))
    return before + "".join(pieces[begin:end]).rstrip() + after, drawn


def _plain(mark: Mark, length: int, room: int) -> _Drawn:
    """Draw a mark where each character is one column."""
    start = min(mark.start, length, room - 1)
    return _Drawn(start, max(min(mark.end, length), start + 1), mark.message, mark.chief)


def _within(value: int, most: int, least: int = 0) -> int:
    return max(least, min(value, most))


def _cut(
    columns: Sequence[int], marked: tuple[int, int], beside: int, room: int, more: tuple[bool, bool]
) -> tuple[int, int]:
    """Choose the characters to show, dots included: from the line's start if the marks allow it.

    `beside` columns right of the marks are kept for a message if they can be; `more` says whether the line
    goes on to the left and to the right of what is given.
    """
    last, dots = len(columns) - 1, len(DOTS)
    low, high = marked
    spare = room - 2 * dots - (columns[high] - columns[low])
    if beside > spare:
        beside = 0
    begin = 0
    if columns[high] + max(beside, dots) > room - dots * more[0]:
        begin = low
        while begin > 0 and columns[low] - columns[begin - 1] <= max(0, spare - beside) // 2:
            begin -= 1
        # What is not needed on the right is better spent on the left.
        farthest = max(columns[last] + dots * more[1], columns[high] + beside)
        while begin > 0 and farthest - columns[begin - 1] <= room - dots:
            begin -= 1
    limit = room - dots * (begin > 0 or more[0])
    if not more[1] and columns[last] - columns[begin] <= limit:
        return begin, last
    end = begin
    while end < last and columns[end + 1] - columns[begin] <= limit - dots:
        end += 1
    return begin, end


def _underlines(marks: Sequence[_Drawn], room: int, style: str, ink: Ink) -> list[str]:
    """Draw the row of underlines, then the messages that did not fit at its end, each below its stretch."""
    if not marks:
        return []
    drawn = sorted(marks, key=lambda mark: (mark.start, mark.chief))
    if len(drawn) == 1:
        width = drawn[0].end
        line = _stretch(drawn[0], style, ink)
    else:
        width = max(mark.end for mark in drawn)
        row = [" "] * width
        for mark in sorted(drawn, key=lambda mark: mark.chief):
            row[mark.start : mark.end] = ("^" if mark.chief else "-") * (mark.end - mark.start)
        line = _painted("".join(row), style, ink)
    spoken = [mark for mark in drawn if mark.message]
    if spoken and spoken[-1].end == width and width + 1 + columns_of(spoken[-1].message) <= room:
        line += f" {_said(spoken.pop(), ink)}"
    rows = [line]
    if len(spoken) > 1:
        rows.append(ink(_posts(spoken, width), "related"))
    while spoken:
        rows += _below(spoken.pop(), spoken, room, ink)
    return rows


def _stretch(mark: _Drawn, style: str, ink: Ink) -> str:
    line = ("^" if mark.chief else "-") * (mark.end - mark.start)
    return " " * mark.start + ink(line, style if mark.chief else "related")


def _said(mark: _Drawn, ink: Ink) -> str:
    return ink(mark.message, "help" if mark.chief else "related")


def _below(mark: _Drawn, others: Sequence[_Drawn], room: int, ink: Ink) -> list[str]:
    """Write a message below its stretch, or further left for want of room, beside the posts of the others."""
    needed = min(columns_of(mark.message), max(room // 2, longest_word(mark.message)))
    start = max(0, min(mark.start, room - needed))
    posts = ink(_posts([other for other in others if other.start < start - 1], start).ljust(start), "related")
    lines = wrap(mark.message, room - start, room - start)
    return [posts + _said(msgspec.structs.replace(mark, message=line), ink) for line in lines]


def _posts(marks: Sequence[_Drawn], width: int) -> str:
    """Draw a row of `|` below the beginning of each mark."""
    starts = {mark.start for mark in marks}
    return "".join("|" if column in starts else " " for column in range(width)).rstrip()


def _painted(row: str, style: str, ink: Ink) -> str:
    if not ink.on:
        return row
    styles = {"^": style, "-": "related"}
    parts = []
    for char, run in groupby(row):
        text = "".join(run)
        parts.append(ink(text, styles[char]) if char in styles else text)
    return "".join(parts)

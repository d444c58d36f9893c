"""A finding's arithmetic as a short aligned list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

from archlint.report.layout import Ink, columns_of, flat, longest_word, wrap
from archlint.verdicts import Location, ShownTerm

_NUMBER = r"[-+]?[0-9][0-9,.]*"
_GAP = "  "
_LEAST_NOTE = 24
_LEAST_VALUE = 6
_INDENT = 4


class _Row(msgspec.Struct, frozen=True):
    """One term: `number` and `unit` are aligned separately; a text value is stored in `number`."""

    label: str
    number: str
    unit: str
    origin: str
    where: str
    note: str
    limit: bool


class _Widths(msgspec.Struct, frozen=True):
    """Columns of the list."""

    label: int
    number: int
    unit: int
    origin: int
    room: int

    @property
    def before_last(self) -> int:
        """Where the last column begins."""
        return self.label + self.number + self.unit + self.origin + 3 * len(_GAP)

    def fit(self, row: _Row) -> bool:
        """Whether the value of a row fits the columns of the values, and these fit the line."""
        if self.before_last - len(_GAP) > self.room:
            return False
        if not row.unit:
            return columns_of(row.number) <= self.number + self.unit
        return columns_of(row.number) <= self.number and columns_of(row.unit) <= self.unit


def most_telling(terms: Sequence[ShownTerm], most: int, shown: Iterable[Location] = ()) -> list[ShownTerm]:
    """Return at most so many terms, in their order: the limit first, then derived values, then stated facts.

    Facts of lines that the finding shows anyway (`shown`) are left out first.
    """
    if len(terms) <= most:
        return list(terms)
    lines = {(place.file, place.line) for place in shown}
    ranks = [
        (not term.limit, term.origin != "derived", _line(term) in lines, index) for index, term in enumerate(terms)
    ]
    order = [index for *_, index in sorted(ranks)]
    return [terms[index] for index in sorted(order[:most])]


def _line(term: ShownTerm) -> tuple[str, int] | None:
    return (term.location.file, term.location.line) if term.location is not None else None


def term_lines(
    terms: Sequence[ShownTerm], indent: int, width: int, here: Location, ink: Ink, verbose: bool = True
) -> list[str]:
    """Write the terms as `= label  value`, the limit as `> limit: ...`; with `verbose`, where each comes from too.

    A place is written `file:line`, or `line 24` in the finding's own file where the former has no room.
    """
    if not terms:
        return []
    rows = [
        _row(term, f"{flat(term.location.file)}:{term.location.line}" if term.location else "")
        for term in terms
    ]
    if not verbose:
        rows = [msgspec.structs.replace(row, origin="", where="", note="") for row in rows]
    widths = _widths(rows, width - indent - 2, verbose)
    if any(columns_of(row.where) > widths.room - widths.before_last for row in rows):
        rows = [_row(term, _short_place(term.location, here)) for term in terms]
    pad = " " * indent
    lines = []
    for row in rows:
        written = _aligned_row(row, widths) if widths.fit(row) else _long_row(row, widths)
        marker = ink(">" if row.limit else "=", "strong" if row.limit else "frame")
        lines.append(f"{pad}{marker} {ink(written[0], 'strong') if row.limit else written[0]}")
        lines += [f"{pad}  {line}" for line in written[1:]]
    return lines


def _short_place(location: Location | None, here: Location) -> str:
    if location is None:
        return ""
    return f"line {location.line}" if location.file == here.file else f"{flat(location.file)}:{location.line}"


def _row(term: ShownTerm, where: str) -> _Row:
    label = flat(term.label)
    if term.limit and not label.startswith("limit"):
        label = f"limit: {label}"
    value = flat(term.text)
    match = None if isinstance(term.value, str) else re.match(_NUMBER, value)
    number, unit = (match[0], value[match.end() :]) if match else (value, "")
    return _Row(label, number, unit, flat(term.origin), where, flat(term.note), term.limit)


def _widths(rows: Sequence[_Row], room: int, verbose: bool) -> _Widths:
    most = room // 5
    numbers = [row for row in rows if row.unit and columns_of(row.number + row.unit) <= most]
    unit = max((columns_of(row.unit) for row in numbers), default=0)
    number = max((columns_of(row.number) for row in numbers), default=0)
    # Values without a unit, including text, may use the column of the units too.
    plain = [columns_of(row.number) for row in rows if not row.unit]
    reach = max([_LEAST_VALUE, number + unit])
    number = max([number, *(size - unit for size in plain if size <= reach)])
    label = max(room * 2 // 5 if verbose else room * 3 // 5, *(longest_word(row.label) for row in rows))
    return _Widths(
        label=min(max(columns_of(row.label) for row in rows), label, room),
        number=number,
        unit=unit,
        origin=max(columns_of(row.origin) for row in rows),
        room=room,
    )


def _aligned_row(row: _Row, widths: _Widths) -> list[str]:
    label, *more = wrap(row.label, widths.label, widths.label)
    if row.unit:
        value = f"{_right(row.number, widths.number)}{_left(row.unit, widths.unit)}"
    else:
        value = _right(row.number, widths.number + widths.unit)
    head = f"{_left(label, widths.label)}{_GAP}{value}{_GAP}{_left(row.origin, widths.origin)}{_GAP}"
    last = ", ".join(part for part in (row.where, row.note) if part)
    space = widths.room - widths.before_last
    if columns_of(last) <= space or space >= _LEAST_NOTE:
        first, *rest = wrap(last, space, space)
        rest = [" " * widths.before_last + line for line in rest]
    else:
        first, last = (row.where, row.note) if row.where and columns_of(row.where) <= space else ("", last)
        rest = [f"  {line}" for line in wrap(last, widths.room - 2, widths.room - 2)] if last else []
    return [(head + first).rstrip(), *more, *rest]


def _long_row(row: _Row, widths: _Widths) -> list[str]:
    """Write a value that is a sentence or a path: it takes all columns after the label, or the lines below it."""
    label, *more = wrap(row.label, widths.label, widths.label)
    origin = ", ".join(part for part in (row.origin, row.where, row.note) if part)
    start = widths.label + len(_GAP)
    value = f"{row.number}{row.unit}"
    value = f"{value} ({origin})" if origin else value
    if longest_word(value) > widths.room - start:
        below = wrap(value, widths.room - _INDENT, widths.room - _INDENT)
        return [label, *more, *(" " * _INDENT + line for line in below)]
    first, *rest = wrap(value, widths.room - start, widths.room - start)
    more += [""] * (len(rest) - len(more))
    rest += [""] * (len(more) - len(rest))
    both = [f"{_left(one, start)}{two}".rstrip() for one, two in zip(more, rest, strict=True)]
    return [f"{_left(label, start)}{first}", *both]


def _left(text: str, width: int) -> str:
    return text.ljust(width) if text.isascii() else text + " " * (width - columns_of(text))


def _right(text: str, width: int) -> str:
    return text.rjust(width) if text.isascii() else " " * (width - columns_of(text)) + text

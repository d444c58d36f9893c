"""The values of a fact in a sweep: `2..8`, `100/s..400/s..100/s`, or a list such as `100/s,200/s,400/s`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from itertools import product
from math import prod
from typing import Final

import msgspec

from archlint.changing import OPTION, Setting, parse_setting
from archlint.errors import UsageError
from archlint.model.quantities import shorten

MOST_POINTS: Final = 10_000
_NUMBER: Final = re.compile(r"\s*(-?[0-9]+(?:\.[0-9]+)?)\s*(.*?)\s*", re.DOTALL)
_MOST_VALUES: Final = MOST_POINTS
_EXAMPLE: Final = "write it as 2..8, 100/s..400/s..100/s, or 100/s,200/s,400/s"


class Axis(msgspec.Struct, frozen=True):
    """A fact that a sweep varies: one setting for each of its values."""

    path: str
    settings: tuple[Setting, ...]

    @property
    def values(self) -> tuple[str, ...]:
        """The values as written."""
        return tuple(setting.value for setting in self.settings)


Point = tuple[Setting, ...]


def axis_of(setting: Setting) -> Axis:
    """Return the values of a setting whose value is a range or a list; raises `UsageError` for a wrong range.

    >>> axis_of(parse_setting("components.api.replicas=2..5")).values
    ('2', '3', '4', '5')
    >>> axis_of(parse_setting("workloads.search.rate=0.5/s..2/s..0.5/s")).values
    ('0.5/s', '1/s', '1.5/s', '2/s')
    >>> axis_of(parse_setting("components.api.replicas={min: 1, max: 4},3")).values
    ('{min: 1, max: 4}', '3')
    """
    values: list[str] = []
    for part in _parts(setting.value):
        values += _range(setting, part) if ".." in part and not part.lstrip().startswith(("'", '"')) else [part]
        if len(values) > _MOST_VALUES:
            raise UsageError(f"{setting.name}: more than {_MOST_VALUES:,} values", "choose a wider step")
    if not all(value.strip() for value in values):
        raise UsageError(f"{setting.name}: an empty value in `{shorten(setting.value)}`", _EXAMPLE)
    found = dict.fromkeys(value.strip() for value in values)
    return Axis(setting.path, tuple(parse_setting(f"{setting.path}={value}") for value in found))


def points_of(axes: Sequence[Axis]) -> list[Point]:
    """Return all combinations, the last axis fastest; raises `UsageError` if they are too many."""
    paths = [axis.path for axis in axes]
    twice = next((path for path in paths if paths.count(path) > 1), None)
    if twice is not None:
        raise UsageError(f"{OPTION} {twice} is given twice", "write all of its values in one list")
    count = prod(len(axis.settings) for axis in axes)
    if count > MOST_POINTS:
        sizes = " x ".join(str(len(axis.settings)) for axis in axes)
        hint = f"the limit is {MOST_POINTS:,}: choose fewer values or wider steps"
        raise UsageError(f"{sizes} = {count:,} combinations are too many", hint)
    return list(product(*(axis.settings for axis in axes)))


def _parts(text: str) -> Iterator[str]:
    """Yield the items of a list; commas in brackets, braces and quotes belong to an item."""
    depth, quote, start = 0, "", 0
    for index, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "[{":
            depth += 1
        elif char in "]}":
            depth -= 1
        elif char == "," and depth == 0:
            yield text[start:index]
            start = index + 1
    yield text[start:]


def _range(setting: Setting, text: str) -> Iterator[str]:
    """Yield the values from a start to an end; the step is 1 unless it is the third part."""
    ends = [_NUMBER.fullmatch(part) for part in text.split("..")]
    if len(ends) not in {2, 3} or any(end is None for end in ends):
        raise UsageError(f"{setting.name}: `{shorten(text)}` is not a range", _EXAMPLE)
    numbers, units = [], []
    for end in ends:
        if end is not None:
            numbers.append(_decimal(setting, end[1]))
            units.append(end[2])
    unit = units[0] or units[1]
    if any(one not in {"", unit} for one in units):
        raise UsageError(f"{setting.name}: the ends of `{shorten(text)}` have different units", _EXAMPLE)
    first, last, step = (*numbers, Decimal(1))[:3]
    if step <= 0 or last < first:
        raise UsageError(f"{setting.name}: `{shorten(text)}` has no values", "write the lower end first, then `..`")
    if (last - first) / step >= _MOST_VALUES:
        raise UsageError(f"{setting.name}: `{shorten(text)}` has more than {_MOST_VALUES:,} values",
                         "choose a wider step: 100/s..900/s..100/s")  # fmt: skip
    count = int((last - first) / step)
    for index in range(count + 1):
        yield f"{(first + index * step).normalize():f}{unit}"


def _decimal(setting: Setting, text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise UsageError(f"{setting.name}: `{shorten(text)}` is not a number", _EXAMPLE) from None

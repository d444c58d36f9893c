"""Parses parameters of rules: text with a unit to values in base units."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from math import isfinite
from typing import Final

from archlint.model.quantities import (
    parse_bandwidth,
    parse_count,
    parse_duration,
    parse_rate,
    parse_share,
    parse_size,
    shorten,
)  # fmt: skip

ParamValue = float | str | bool


def _flag(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError(f"`{shorten(text)}` is neither true nor false; write true or false")
    return text == "true"


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        raise ValueError(f"`{shorten(text)}` is no number; write one such as 3 or 1.5")
    return value


_UNITS: Final[dict[str, Callable[[str], ParamValue]]] = {
    "s": parse_duration, "B": parse_size, "/s": parse_rate, "B/s": parse_bandwidth, "share": parse_share,
    "count": parse_count, "": _number, "text": str, "flag": _flag,
}  # fmt: skip


UNITS: Final = tuple(_UNITS)


def parse_param(text: str, unit: str) -> ParamValue:
    """Read a parameter's value in its base unit; raises `ValueError`: `what is wrong; what to do`.

    >>> parse_param("1s", "s"), parse_param("3", ""), parse_param("true", "flag")
    (1.0, 3.0, True)
    >>> parse_param("2", "s")
    Traceback (most recent call last):
    ValueError: `2` has no unit; did you mean 2ms or 2s?
    """
    parse = _UNITS.get(unit)
    if parse is None:
        known = ", ".join(f"`{name}`" for name in _UNITS)
        raise ValueError(f"`{shorten(unit)}` is no unit of a parameter; known: {known}")
    return parse(text)


def param_of(value: object, unit: str) -> ParamValue:
    """Read a parameter from a TOML value; raises `ValueError`.

    >>> param_of("2s", "s"), param_of(3, "count"), param_of(True, "flag")
    (2.0, 3.0, True)
    >>> param_of(2, "text")
    Traceback (most recent call last):
    ValueError: a text is needed here, but this is a number; write it in quotes
    """
    if isinstance(value, bool):
        if unit != "flag":
            raise ValueError(f"true and false are no {_name(unit)}; write {_example(unit)}")
        return value
    if isinstance(value, str):
        if unit == "flag":
            raise ValueError(f"`{shorten(value)}` is a text; write true or false, without quotes")
        return parse_param(value, unit)
    if isinstance(value, int | float):
        if unit in {"text", "flag"}:
            raise ValueError(f"a {_name(unit)} is needed here, but this is a number; write {_example(unit)}")
        return parse_param(repr(value), unit)
    what = "a date" if isinstance(value, date | time) else "a list" if isinstance(value, list) else "a table"
    raise ValueError(f"a {_name(unit)} is needed here, but this is {what}; write {_example(unit)}")


_NAMES: Final = {
    "s": ("duration", '"2s"'), "B": ("size", '"900MB"'), "/s": ("rate", '"40/s"'), "B/s": ("bandwidth", '"200MB/s"'),
    "share": ("share", '"99.5%"'), "count": ("count", "3"), "text": ("text", "it in quotes"),
    "flag": ("flag", "true or false"),
}  # fmt: skip


def _name(unit: str) -> str:
    return _NAMES[unit][0] if unit in _NAMES else "number"


def _example(unit: str) -> str:
    return _NAMES[unit][1] if unit in _NAMES else "3 or 1.5"

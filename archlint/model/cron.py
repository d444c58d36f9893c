"""Schedules: cron expressions and plain periods, and the longest gap between two runs.

The maximum age of a prediction depends on the longest gap, not on the usual one: a job on weekdays at 3:00 has a gap
of 72 hours over a weekend. Days and minutes are bits of one integer, so that thousands of different schedules are read
quickly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Final

import msgspec

from archlint.model.quantities import parse_duration, shorten

_MACROS: Final = {
    "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}  # fmt: skip
_MONTHS: Final = {name: i + 1 for i, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split())}
_DAYS: Final = {name: i for i, name in enumerate("sun mon tue wed thu fri sat".split())}
_PART: Final = r"(\*|([0-9]{1,4}|[a-z]{3})(?:-([0-9]{1,4}|[a-z]{3}))?)(?:/([0-9]{1,4}))?"
_MAX_LENGTH: Final = 200
_MONTH_LENGTHS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_CYCLE_DAYS: Final = 28 * 1461 // 4
"""Weekdays and leap years repeat after 28 years, if no year such as 2100 is among them. The cycle starts on
1 January 2001, a Monday; every fourth of its years is a leap year."""


class Schedule(msgspec.Struct, frozen=True):
    """When a job runs: the text as written and the longest time between two starts, in seconds."""

    text: str
    longest_gap_s: float


_UNITS: Final = {"s": "s", "m": "min", "h": "h", "d": "d"}
_PERIOD: Final = (
    r"(?:every|each)? ?([0-9]+)? ?(s|m|h|d|secs?|mins?|hrs?|seconds?|minutes?|hours?|days?)"
)


class _Field(msgspec.Struct, frozen=True):
    name: str
    low: int
    high: int
    names: dict[str, int]


_FIELDS: Final = (
    _Field("minute", 0, 59, {}), _Field("hour", 0, 23, {}), _Field("day of the month", 1, 31, {}),
    _Field("month", 1, 12, _MONTHS), _Field("day of the week", 0, 7, _DAYS),
)  # fmt: skip


@lru_cache(maxsize=1024)
def parse_schedule(text: str) -> Schedule:
    """Read a cron expression of five fields, a macro such as `@daily`, or a period such as `6h`.

    Raises `ValueError`, which names the wrong field, or says that the schedule never runs.

    >>> parse_schedule("0 3 * * *").longest_gap_s / 3600
    24.0
    >>> parse_schedule("0 3 * * 1-5").longest_gap_s / 3600
    72.0
    >>> parse_schedule("6h").longest_gap_s / 3600
    6.0
    """
    words = _words(text)
    if len(words) == 1:
        return Schedule(text, _period_s(words[0]))
    if len(words) != len(_FIELDS):
        count = f"has {len(words)} fields" if words else "is too long" if text.strip() else "is empty"
        raise ValueError(f"`{shorten(text)}` {count}; {_meant(words)}")
    minutes, hours, days, months, weekdays = (
        _field(word, field) for word, field in zip(words, _FIELDS, strict=True)
    )
    either_day = not words[2].startswith("*") and not words[4].startswith("*")
    run_days = _matching_days(days, months, {day % 7 for day in weekdays}, either_day)
    if not run_days:
        raise ValueError(f"`{shorten(text)}` never runs: no such day exists; correct the day or the month")
    times = _bits(hour * 60 + minute for hour in hours for minute in minutes)
    first, last = _lowest(times), times.bit_length() - 1
    between_days = longest_gap(run_days | run_days << _CYCLE_DAYS)
    return Schedule(text, 60.0 * max(longest_gap(times), between_days * 1440 - last + first))


def _meant(words: Sequence[str]) -> str:
    """Say how a schedule is written: the period if words such as `every 6 hours` state one."""
    stated = re.fullmatch(_PERIOD, " ".join(words).lower())
    if stated is None:
        return "cron has five fields, as in 0 3 * * *"
    return f"write {stated[1] or 1}{_UNITS[stated[2][0]]} for a period"


@lru_cache(maxsize=1024)
def shortest_gap_s(text: str) -> float:
    """Return the shortest time between two starts of a schedule, in seconds: a longer run overlaps with the next.

    >>> shortest_gap_s("0 3 * * 1-5") / 3600, shortest_gap_s("0 9,17 * * *") / 3600, shortest_gap_s("6h") / 3600
    (24.0, 8.0, 6.0)
    """
    words = _words(text)
    if len(words) == 1:
        return _period_s(words[0])
    minutes, hours, days, months, weekdays = (_field(word, field) for word, field in zip(words, _FIELDS, strict=True))
    either_day = not words[2].startswith("*") and not words[4].startswith("*")
    run_days = _matching_days(days, months, {day % 7 for day in weekdays}, either_day)
    times = _bits(hour * 60 + minute for hour in hours for minute in minutes)
    first, last = _lowest(times), times.bit_length() - 1
    between_days = _shortest_gap(run_days | run_days << _CYCLE_DAYS) * 1440 - last + first
    return 60.0 * min(between_days, _shortest_gap(times) or between_days)


def _shortest_gap(bits: int) -> int:
    """The shortest distance between neighbours in a set of numbers, given as bits; 0 if it has fewer than two."""
    if bits & (bits - 1) == 0:
        return 0
    gap = 1
    while not bits & bits >> gap:
        gap += 1
    return gap


@lru_cache(maxsize=1024)
def daily_times(text: str) -> tuple[int, ...]:
    """Return the minutes of the day at which a schedule starts on every day; empty if its days differ.

    A plain period does not say at which time it starts, so it has none.

    >>> daily_times("30 4 * * *"), daily_times("0 */12 * * *"), daily_times("6h"), daily_times("@weekly")
    ((270,), (0, 720), (), ())
    """
    words = _words(text)
    if len(words) != len(_FIELDS):
        return ()
    minutes, hours, days, months, weekdays = (_field(word, field) for word, field in zip(words, _FIELDS, strict=True))
    if len(days) < 31 or len(months) < 12 or len({day % 7 for day in weekdays}) < 7:
        return ()
    return tuple(sorted(hour * 60 + minute for hour in hours for minute in minutes))


@lru_cache(maxsize=1024)
def longest_wait_s(first: str, run_s: float, then: str) -> float | None:
    """Return how old the last complete run of one schedule is when another starts, from its start, in seconds.

    None if one of them does not start at the same times of each day.

    >>> longest_wait_s("0 2 * * *", 3600.0, "0 4 * * *"), longest_wait_s("0 2 * * *", 3 * 3600.0, "0 4 * * *")
    (7200.0, 93600.0)
    """
    starts, reads = daily_times(first), daily_times(then)
    if not starts or not reads:
        return None
    day_s = 86400.0
    ended = [start * 60.0 + run_s for start in starts]
    return run_s + max(min((read * 60.0 - end) % day_s for end in ended) for read in reads)


def canonical(text: str) -> float | str:
    """Return one form for all ways to write a schedule: a period's seconds, or a normalised cron expression.

    Any other text is returned unchanged.

    >>> canonical("@daily") == canonical("00 0 * * *")
    True
    >>> canonical("0 3 * * mon-wed"), canonical("@every 60min")
    ('0 3 * * 1,2,3', 3600.0)
    """
    words = _words(text)
    try:
        if len(words) == 1:
            return _period_s(words[0])
        if len(words) != len(_FIELDS):
            return text
        return " ".join(_written(word, field) for word, field in zip(words, _FIELDS, strict=True))
    except ValueError:
        return text


def _written(word: str, field: _Field) -> str:
    """Write a field as a star, or as the numbers that it means.

    The star of a step of days is kept: cron combines the two day fields differently if one has a star.
    """
    of_week = field.high == 7                      # 0 and 7 are both Sunday
    numbers = {number % 7 for number in _field(word, field)} if of_week else _field(word, field)
    starred = word.startswith("*")
    if len(numbers) == field.high - field.low + (not of_week) and (starred or "day" not in field.name):
        return "*"
    kept = "*/" if starred and "day" in field.name else ""
    return kept + ",".join(map(str, sorted(numbers)))


def _words(text: str) -> list[str]:
    """Split a schedule into its fields; a macro is replaced by its fields."""
    words = _MACROS.get(text.strip().lower(), text).split() if len(text) <= _MAX_LENGTH else []
    return words[1:] if len(words) == 2 and words[0] == "@every" else words


def _period_s(word: str) -> float:
    try:
        period_s = parse_duration(word)
    except ValueError:
        macros = ", ".join(sorted(_MACROS))
        raise ValueError(
            f"`{shorten(word)}` is not a schedule; write cron (0 3 * * *), a period (6h) or one of {macros}"
        ) from None
    if period_s <= 0:
        raise ValueError(f"`{shorten(word)}` is not a period; write a period above zero, such as 6h")
    return period_s


def _bits(numbers: Iterable[int]) -> int:
    bits = 0
    for number in numbers:
        bits |= 1 << number
    return bits


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


def longest_gap(bits: int) -> int:
    """The longest distance between neighbours in a set of numbers, given as bits; 0 if it has fewer than two.

    >>> longest_gap(0b1000000101)
    7
    """
    if bits & (bits - 1) == 0:
        return 0
    bits >>= _lowest(bits)
    free = ~bits & ((1 << bits.bit_length()) - 1)
    # `runs[i]` marks where a run of 2**i free numbers starts; the longest length is built from them bit by bit.
    runs = []
    while free:
        runs.append(free)
        width = 1 << (len(runs) - 1)
        free &= free >> width
    longest, rows = 0, -1
    for power in range(len(runs) - 1, -1, -1):
        longer = rows & (runs[power] >> longest)
        if longer:
            longest, rows = longest + (1 << power), longer
    return longest + 1


@cache
def _calendar() -> tuple[dict[int, int], dict[int, int], dict[int, int]]:
    """The days of the cycle, as bits: by day of the month, by month, by day of the week (Sunday is 0)."""
    months: dict[int, int] = {}
    firsts: dict[int, int] = {}
    offset = 0
    for number in range(28 * 12):
        year, month = divmod(number, 12)
        length = 29 if month == 1 and year % 4 == 3 else _MONTH_LENGTHS[month]
        months[month + 1] = months.get(month + 1, 0) | ((1 << length) - 1) << offset
        firsts[length] = firsts.get(length, 0) | 1 << offset
        offset += length
    days = {
        day: sum(bits for length, bits in firsts.items() if day <= length) << (day - 1) for day in range(1, 32)
    }
    every_week = ((1 << _CYCLE_DAYS) - 1) // 0b1111111
    return days, months, {day: every_week << (day - 1) % 7 for day in range(7)}


def _matching_days(days: set[int], months: set[int], weekdays: set[int], either_day: bool) -> int:
    """The days of the cycle, as bits, on which an expression runs."""
    if len(days) == 31 and len(months) == 12 and len(weekdays) == 7:
        return (1 << _CYCLE_DAYS) - 1
    by_day, by_month, by_weekday = _calendar()
    dates = months_bits = weekdays_bits = 0
    for day in days:
        dates |= by_day[day]
    for month in months:
        months_bits |= by_month[month]
    for day in weekdays:
        weekdays_bits |= by_weekday[day]
    return months_bits & (dates | weekdays_bits if either_day else dates & weekdays_bits)


def _field(word: str, field: _Field) -> set[int]:
    """The numbers that one field of an expression names."""
    values: set[int] = set()
    for part in word.split(","):
        match = re.fullmatch(_PART, part, re.IGNORECASE)
        if match is None:
            raise ValueError(f"`{shorten(part)}` is not a {field.name} of cron; write numbers such as 0, 1-5 or */15")
        body, from_text, to_text, step_text = match.groups()
        if body == "*":
            first, last = field.low, field.high
        else:
            first = _value(from_text, field)
            last = _value(to_text, field) if to_text else field.high if step_text else first
        if field.high == 7 and last == 0 < first:  # fri-sun: Sunday ends the week as 7
            last = 7
        step = int(step_text or 1)
        if not field.low <= first <= last <= field.high or step < 1:
            raise ValueError(f"`{shorten(part)}` is not a {field.name} of cron; write {field.low} to {field.high}")
        values.update(range(first, last + 1, step))
    return values


def _value(text: str, field: _Field) -> int:
    named = field.names.get(text.lower())
    if named is not None:
        return named
    if not text.isdigit():
        raise ValueError(f"`{shorten(text)}` is not a {field.name} of cron; write numbers such as 0, 1-5 or */15")
    return int(text)

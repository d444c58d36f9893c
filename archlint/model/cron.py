"""Schedules: cron expressions and plain periods, and the longest gap between two runs.

What a prediction's age can be at the worst moment depends on the longest gap, not on the usual one: a job on
weekdays at 3:00 leaves 72 hours over a weekend.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from archlint.model.quantities import parse_duration, shorten

_MACROS: Final = {
    "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}  # fmt: skip
_MONTHS: Final = {name: i + 1 for i, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split())}
_DAYS: Final = {name: i for i, name in enumerate("sun mon tue wed thu fri sat".split())}
_FIELDS: Final = (
    ("minute", 0, 59, {}), ("hour", 0, 23, {}), ("day of the month", 1, 31, {}), ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _DAYS),
)  # fmt: skip
_FIRST_DAY: Final = date(2000, 1, 1)
_CYCLE_DAYS: Final = 28 * 1461 // 4 + 366
"""Weekdays and leap years repeat after 28 years (none of 2000 to 2028 is an exception); a year more closes gaps."""


class Schedule(NamedTuple):
    """When a job runs: the text as written and the longest time between two starts, in seconds."""

    text: str
    longest_gap_s: float


@lru_cache(maxsize=1024)
def parse_schedule(text: str) -> Schedule:
    """Read a cron expression of five fields, a macro such as `@daily`, or a period such as `6h`.

    Raises `ValueError` that says which field is wrong, or that the expression never comes true.

    >>> parse_schedule("0 3 * * *").longest_gap_s / 3600
    24.0
    >>> parse_schedule("0 3 * * 1-5").longest_gap_s / 3600
    72.0
    >>> parse_schedule("6h").longest_gap_s / 3600
    6.0
    """
    words = _MACROS.get(text.strip().lower(), text).split()
    if len(words) == 1:
        try:
            period_s = parse_duration(words[0])
        except ValueError:
            macros = ", ".join(sorted(_MACROS))
            raise ValueError(
                f"`{shorten(text)}` is not a schedule; write cron (0 3 * * *), a period (6h) or one of {macros}"
            ) from None
        if period_s <= 0:
            raise ValueError("a period has to be longer than nothing")
        return Schedule(text, period_s)
    if len(words) != len(_FIELDS):
        raise ValueError(f"`{shorten(text)}` has {len(words)} fields; cron has five, as in 0 3 * * *")
    minutes, hours, days, months, weekdays = (
        _field(word, *field) for word, field in zip(words, _FIELDS, strict=True)
    )
    either_day = not words[2].startswith("*") and not words[4].startswith("*")
    weekdays = frozenset(day % 7 for day in weekdays)
    times = sorted(hour * 60 + minute for hour in hours for minute in minutes)
    run_days = _matching_days(days, months, weekdays, either_day)
    if len(run_days) < 2:
        raise ValueError(f"`{shorten(text)}` never comes true")
    within = max((b - a for a, b in zip(times, times[1:], strict=False)), default=0)
    longest_days = max(b - a for a, b in zip(run_days, run_days[1:], strict=False))
    across = longest_days * 1440 - times[-1] + times[0]
    return Schedule(text, 60.0 * max(within, across))


def _matching_days(
    days: frozenset[int], months: frozenset[int], weekdays: frozenset[int], either_day: bool
) -> list[int]:
    """Count the days, from the first of the cycle, on which the expression runs."""
    if len(days) == 31 and len(months) == 12 and len(weekdays) == 7:
        return [0, 1]
    found = []
    for offset in range(_CYCLE_DAYS):
        day = _FIRST_DAY + timedelta(offset)
        if day.month not in months:
            continue
        by_date, by_weekday = day.day in days, (day.weekday() + 1) % 7 in weekdays
        if (by_date or by_weekday) if either_day else (by_date and by_weekday):
            found.append(offset)
    return found


def _field(word: str, name: str, low: int, high: int, names: dict[str, int]) -> frozenset[int]:
    values: set[int] = set()
    for part in word.split(","):
        body, slash, step_text = part.partition("/")
        try:
            step = int(step_text) if slash else 1
            if body == "*":
                first, last = low, high
            else:
                a, dash, b = body.partition("-")
                first = names[a.lower()] if a.lower() in names else int(a)
                last = (names[b.lower()] if b.lower() in names else int(b)) if dash else (high if slash else first)
        except ValueError:
            raise ValueError(f"`{shorten(part)}` is not a {name} of cron") from None
        if not (low <= first <= last <= high) or step < 1:
            raise ValueError(f"`{shorten(part)}` is outside the {name}s of cron, {low} to {high}")
        values.update(range(first, last + 1, step))
    return frozenset(values)

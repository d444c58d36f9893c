"""Schedules and workloads in words: for the lines on cards."""

from __future__ import annotations

import re
from typing import Final

from archlint.model.architecture import Workload
from archlint.model.cron import Schedule
from archlint.model.quantities import format_duration, format_percentile, format_rate

_PERIODS: Final = {"s": "second", "min": "minute", "h": "hour", "d": "day"}
_NAMES: Final = {
    "@hourly": "every hour", "@daily": "every day", "@midnight": "every day at 00:00", "@weekly": "every week",
    "@monthly": "every month", "@yearly": "every year", "@annually": "every year",
}  # fmt: skip
_DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SHORT: Final = {name[:3].lower(): number for number, name in enumerate(_DAYS[:7])}


def schedule_words(schedule: Schedule) -> str:
    """Return when a job runs, in words; a cron expression beyond the usual ones as it is written.

    >>> [schedule_words(Schedule(text, 0)) for text in ("1h", "30min", "@daily", "0 2 * * *", "*/5 * * * *")]
    ['every hour', 'every 30 min', 'every day', 'every day at 02:00', 'every 5 min']
    >>> [schedule_words(Schedule(text, 0)) for text in ("15 4 * * 1", "30 6 1 * *", "0 */6 * * *", "7 3 * 2 1-5")]
    ['every Monday at 04:15', 'on day 1 of the month at 06:30', 'every 6 h', 'on 7 3 * 2 1-5']
    """
    text = schedule.text.strip()
    found = re.fullmatch(r"(\d+) ?(s|min|h|d|m)", text)
    if found is not None:
        unit = "min" if found[2] == "m" else found[2]
        return f"every {_PERIODS[unit]}" if found[1] == "1" else f"every {found[1]} {unit}"
    if text.lower() in _NAMES:
        return _NAMES[text.lower()]
    fields = text.split()
    words = _cron_words(fields) if len(fields) == 5 else ""
    return words or (text if text.startswith("every") else f"on {text}")


def _cron_words(fields: list[str]) -> str:
    minute, hour, day, month, weekday = fields
    if month != "*":
        return ""
    steps = [re.fullmatch(r"\*/(\d+)", field) for field in (minute, hour)]
    if steps[0] is not None and [hour, day, weekday] == ["*"] * 3:
        return f"every {steps[0][1]} min"
    if not minute.isdigit():
        return ""
    if [hour, day, weekday] == ["*"] * 3:
        return "every hour"
    if steps[1] is not None and (day, weekday) == ("*", "*"):
        return f"every {steps[1][1]} h"
    if not hour.isdigit():
        return ""
    at = f"at {int(hour):02}:{int(minute):02}"
    if (day, weekday) == ("*", "*"):
        return f"every day {at}"
    number = _SHORT.get(weekday[:3].lower(), int(weekday) if re.fullmatch("[0-7]", weekday) else -1)
    if day == "*" and number >= 0 and "," not in weekday and "-" not in weekday:
        return f"every {_DAYS[number]} {at}"
    return f"on day {day} of the month {at}" if day.isdigit() and weekday == "*" else ""


def demand(workload: Workload) -> str:
    """Return what a workload asks for: its name, its rate and its strictest objective for latency.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... workloads: {draft: {from: page, rate: 48/min, slo: {latency: {p95: 4s}}}}
    ... components: {page: {kind: client, calls: [api]}, api: {kind: service}}
    ... ''')
    >>> demand(system.workloads["draft"])
    'draft · 48/min · p95 ≤ 4 s'
    """
    parts = [workload.name]
    if workload.rate_per_s is not None:
        parts.append(format_rate(workload.rate_per_s))
    aims = [*workload.slo.latency[-1:]]
    parts += [f"{format_percentile(fraction)} ≤ {format_duration(seconds)}" for fraction, seconds in aims]
    if not aims and workload.slo.ttft:
        fraction, seconds = workload.slo.ttft[-1]
        parts.append(f"first token {format_percentile(fraction)} ≤ {format_duration(seconds)}")
    return " · ".join(parts)

"""The longest time between two runs of a schedule."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archlint.model.cron import Schedule, longest_gap, parse_schedule, shortest_gap_s

HOUR, DAY = 3600.0, 86400.0


@pytest.mark.parametrize(("text", "gap_s"), [
    ("* * * * *", 60),
    ("*/15 * * * *", 900),
    ("*/7 * * * *", 420),
    ("*/40 * * * *", 2400),
    ("0 * * * *", HOUR),
    ("0 3 * * *", DAY),
    ("30 3,15 * * *", 12 * HOUR),
    ("0 3,5 * * *", 22 * HOUR),
    ("0 9-17 * * *", 16 * HOUR),
    ("0 3 * * 1-5", 3 * DAY),
    ("0 3 * * mon-fri", 3 * DAY),
    ("0 3 * * MON", 7 * DAY),
    ("0 3 * * 0", 7 * DAY),
    ("0 3 * * 7", 7 * DAY),
    ("0 3 * * fri-sun", 5 * DAY),
    ("0 9-17 * * 1-5", 64 * HOUR),
    ("*/30 9-17 * * 1-5", 63.5 * HOUR),
    ("0 0 1 * *", 31 * DAY),
    ("0 0 31 * *", 61 * DAY),
    ("0 0 1 1 *", 366 * DAY),
    ("0 0 1 jan *", 366 * DAY),
    ("0 0 29 2 *", 1461 * DAY),
    ("0 0 1,15 * *", 17 * DAY),
    ("0 0 */10 * *", 10 * DAY),
    ("0 0 1 */3 *", 92 * DAY),
    ("0 0 13 * 5", 7 * DAY),          # either the 13th or a Friday
    ("0 0 1-7 * */7", 35 * DAY),      # with a star in one of the two, both must match: the first Sunday
    ("0 0 29 2 */7", 28 * 365.25 * DAY),
    ("@daily", DAY), ("@hourly", HOUR), ("@weekly", 7 * DAY), ("@monthly", 31 * DAY), ("@yearly", 366 * DAY),
    ("@Midnight", DAY), ("@every 6h", 6 * HOUR), ("6h", 6 * HOUR), ("30min", 1800), ("1d", DAY),
    ("0   3  *  *  *", DAY),
])  # fmt: skip
def test_hand_worked_gaps(text: str, gap_s: float) -> None:
    assert parse_schedule(text) == Schedule(text, gap_s)


def _days(count: int) -> list[datetime]:
    return [datetime(2001, 1, 1) + timedelta(n) for n in range(count)]


@pytest.mark.parametrize(("text", "message"), [
    ("0 0 30 2 *", "never runs"),
    ("0 0 31 4,6,9,11 *", "never runs"),
    ("0 3 * *", "has 4 fields; cron has five"),
    ("every 6 hours", "has 3 fields; write 6h for a period"),
    ("every day", "has 2 fields; write 1d for a period"),
    ("15 min", "has 2 fields; write 15min for a period"),
    ("every month", "has 2 fields; cron has five"),
    ("0 0 3 * * *", "has 6 fields; cron has five"),
    ("60 * * * *", "`60` is not a minute of cron; write 0 to 59"),
    ("* 24 * * *", "`24` is not a hour of cron; write 0 to 23"),
    ("* * 0 * *", "`0` is not a day of the month of cron; write 1 to 31"),
    ("* * * 13 *", "`13` is not a month of cron; write 1 to 12"),
    ("* * * * 8", "`8` is not a day of the week of cron; write 0 to 7"),
    ("5-1 * * * *", "`5-1` is not a minute"),
    ("*/0 * * * *", "`*/0` is not a minute"),
    ("* * * foo *", "`foo` is not a month of cron"),
    ("a * * * *", "`a` is not a minute of cron"),
    ("1,,2 * * * *", "`` is not a minute of cron"),
    ("-1 * * * *", "`-1` is not a minute of cron"),
    ("1- * * * *", "`1-` is not a minute of cron"),
    ("٣ * * * *", "is not a minute of cron"),
    ("+1 * * * *", "is not a minute of cron"),
    ("99999999999999999999 * * * *", "is not a minute of cron"),
    ("0 3 L * *", "`L` is not a day of the month of cron"),
    ("@reboot", "is not a schedule; write cron (0 3 * * *), a period (6h) or one of"),
    ("daily", "is not a schedule"),
    ("6", "is not a schedule"),
    ("0s", "is not a period"),
    ("", "`` is empty"),
    ("  ", "is empty"),
    ("1," * 5000 + "1 * * * *", "is too long"),
])  # fmt: skip
def test_a_wrong_schedule_says_which_part_is_wrong(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_schedule(text)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 200


def numbers(low: int, high: int) -> st.SearchStrategy[set[int]]:
    return st.one_of(
        st.just(set(range(low, high + 1))),
        st.sets(st.integers(low, high), min_size=1, max_size=4),
        st.integers(1, high).map(lambda step: set(range(low, high + 1, step))),
    )


def written(values: set[int], low: int, high: int) -> str:
    return "*" if values == set(range(low, high + 1)) else ",".join(map(str, sorted(values)))


@settings(max_examples=60)
@given(numbers(0, 59), numbers(0, 23), numbers(0, 6))
def test_gaps_within_a_week_are_those_of_stepping_minute_by_minute(
    minutes: set[int], hours: set[int], weekdays: set[int]
) -> None:
    runs = [
        step for step in range(15 * 1440)
        if step % 60 in minutes and step // 60 % 24 in hours and step // 1440 % 7 in weekdays
    ]  # fmt: skip
    text = f"{written(minutes, 0, 59)} {written(hours, 0, 23)} * * {written(weekdays, 0, 6)}"
    gaps = [b - a for a, b in zip(runs, runs[1:], strict=False)]
    assert parse_schedule(text).longest_gap_s == 60 * max(gaps)
    assert shortest_gap_s(text) == 60 * min(gaps)


@settings(max_examples=30)
@given(numbers(1, 31), numbers(1, 12), st.one_of(st.just(set(range(7))), numbers(0, 6)), st.integers(0, 23))
def test_gaps_between_days_are_those_of_the_calendar(
    days: set[int], months: set[int], weekdays: set[int], hour: int
) -> None:
    either = len(days) < 31 and len(weekdays) < 7
    runs = []
    for day in _days(2 * 28 * 1461 // 4):
        by_date, by_weekday = day.day in days, day.isoweekday() % 7 in weekdays
        if day.month in months and ((by_date or by_weekday) if either else (by_date and by_weekday)):
            runs.append(day)
    text = f"0 {hour} {written(days, 1, 31)} {written(months, 1, 12)} {written(weekdays, 0, 6)}"
    if runs:
        gaps = [(b - a).days for a, b in zip(runs, runs[1:], strict=False)]
        assert parse_schedule(text).longest_gap_s == max(gaps) * DAY
        assert shortest_gap_s(text) == min(gaps) * DAY
    else:
        with pytest.raises(ValueError, match="never runs"):
            parse_schedule(text)


@given(st.sets(st.integers(0, 300), min_size=2))
def test_the_longest_gap_of_a_set_is_that_of_its_neighbours(members: set[int]) -> None:
    ordered = sorted(members)
    expected = max(b - a for a, b in zip(ordered, ordered[1:], strict=False))
    assert longest_gap(sum(1 << number for number in members)) == expected


@given(st.one_of(st.text(), st.text("0123456789*/,- @monfri").map(lambda text: text.strip())))
def test_any_text_is_a_schedule_or_an_error(text: str) -> None:
    said = ""
    try:
        assert parse_schedule(text).longest_gap_s > 0
    except ValueError as error:
        said = str(error)
    assert "\n" not in said

"""Parsing and printing quantities."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archlint.model import quantities, units
from archlint.model.quantities import (
    Money,
    format_count,
    format_duration,
    format_percentile,
    format_quantity,
    format_rate,
    format_share,
    format_size,
    parse_bandwidth,
    parse_count,
    parse_duration,
    parse_money,
    parse_rate,
    parse_share,
    parse_size,
    shorten,
)


@pytest.mark.parametrize(("text", "seconds"), [
    ("850ms", 0.85), ("1.6s", 1.6), ("10min", 600), ("1h", 3600), ("30d", 2_592_000), ("2w", 1_209_600), ("5us", 5e-6),
    ("5µs", 5e-6), ("5μs", 5e-6), ("90 ns", 9e-8), (".5s", 0.5), ("1,500ms", 1.5), ("1_500ms", 1.5), ("0s", 0),
    ("1e3ms", 1), ("5sec", 5),
])  # fmt: skip
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(("text", "size"), [
    ("1.1GB", 1_100_000_000), ("8GiB", 8 * 2**30), ("900MB", 900_000_000), ("512Mi", 2**29), ("1KB", 1000), ("1kB",
     1000),
    ("0.5 TB", 500_000_000_000), ("7B", 7), ("1.5B", 2),
])  # fmt: skip
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(("text", "count"), [
    ("12", 12), ("12M", 12e6), ("40k", 40e3), ("7B", 7e9), ("1.5T", 1.5e12), ("1,000,000", 1e6), ("1_000",
     1e3), ("7e9", 7e9),
])  # fmt: skip
def test_counts(text: str, count: float) -> None:
    assert parse_count(text) == count


@pytest.mark.parametrize(("text", "per_s"), [
    ("40/s", 40), ("300/min", 5), ("2.592M/day", 30), ("1k/h", 1000 / 3600), ("40 req/s", 40), ("40 per second", 40),
    ("3 requests per minute", 0.05), ("0.1/s", 0.1), ("86400/d", 1),
])  # fmt: skip
def test_rates(text: str, per_s: float) -> None:
    assert parse_rate(text) == pytest.approx(per_s)


@pytest.mark.parametrize(("text", "share"), [
    ("99.5%", 0.995), ("0.995", 0.995), ("100%", 1), ("0", 0), ("1", 1), ("0.02", 0.02), ("99.999 %", 0.99999), (".5",
     0.5),
])  # fmt: skip
def test_shares(text: str, share: float) -> None:
    assert parse_share(text) == pytest.approx(share, abs=1e-15)


@pytest.mark.parametrize(("text", "bytes_per_s"), [
    ("300GB/s", 3e11), ("8Gbit/s", 1e9), ("200 MiB / s", 200 * 2**20), ("8bit/s", 1),
])  # fmt: skip
def test_bandwidths(text: str, bytes_per_s: float) -> None:
    assert parse_bandwidth(text) == bytes_per_s


@pytest.mark.parametrize(("text", "money"), [
    ("0.40 USD per 1k", (0.4, "USD", 1000, None)),
    ("1200 USD per month", (1200, "USD", None, 2_592_000)),
    ("0.75 EUR/h", (0.75, "EUR", None, 3600)),
    ("1,200 KRW per day", (1200, "KRW", None, 86_400)),
    ("0.002 USD per prediction", (0.002, "USD", 1, None)),
])  # fmt: skip
def test_money(text: str, money: tuple[float, str, float | None, float | None]) -> None:
    assert parse_money(text) == Money(*money)


@pytest.mark.parametrize(("parse", "text", "message"), [
    (parse_duration, "850", "`850` has no unit; did you mean 850ms or 850s?"),
    (parse_duration, "5m", "unknown unit `m` in `5m`; did you mean 5min?"),
    (parse_duration, "5 Minutes", "unknown unit `Minutes` in `5 Minutes`; did you mean 5min?"),
    (parse_duration, "5MS", "unknown unit `MS` in `5MS`; did you mean 5ms?"),
    (parse_duration, "5x", "unknown unit `x` in `5x`; valid units: ns, us, ms, s, min, h, d, w"),
    (parse_duration, "1h30m", "`1h30m` is not a duration; did you mean 90min?"),
    (parse_duration, "-5s", "`-5s` is not a duration; write it like 850ms, 1.6s, 10min, 1h or 30d"),
    (parse_duration, "1,5s", "`1,5s` is not a duration; write it like 850ms, 1.6s, 10min, 1h or 30d"),
    (parse_duration, "٣s", "`٣s` is not a duration; write it like 850ms, 1.6s, 10min, 1h or 30d"),
    (parse_size, "1.1", "`1.1` has no unit; did you mean 1.1MB or 1.1GB?"),
    (parse_size, "8gb", "unknown unit `gb` in `8gb`; did you mean 8GB?"),
    (parse_size, "500M", "unknown unit `M` in `500M`; did you mean 500MB?"),
    (parse_size, "large", "`large` is not a size; write it like 900MB, 1.1GB or 8GiB"),
    (parse_count, "12 million", "unknown multiplier `million` in `12 million`; write k, M, B or T, as in 280M"),
    (parse_count, "a few", "`a few` is not a count; write it like 12, 40k, 280M or 7B"),
    (parse_rate, "40", "`40` is not a rate; did you mean 40/s?"),
    (parse_rate, "40 rps", "`40 rps` is not a rate; did you mean 40/s?"),
    (parse_rate, "40/m", "unknown period `m` in `40/m`; did you mean 40/min?"),
    (parse_rate, "40/fortnight", "unknown period `fortnight` in `40/fortnight`; valid periods: s, min, h, day, week, month"),
    (parse_rate, "many", "`many` is not a rate; write it like 40/s, 300/min or 2M/day"),
    (parse_bandwidth, "8Gbps", "`8Gbps` is not a bandwidth; did you mean 8Gbit/s?"),
    (parse_bandwidth, "200MB", "`200MB` is not a bandwidth; write it like 200MB/s or 8Gbit/s"),
    (parse_share, "99.5", "`99.5` is more than 100%; did you mean 99.5%?"),
    (parse_share, "150%", "`150%` is more than 100%; write at most 100%"),
    (parse_share, "half", "`half` is not a share; write it like 99.5% or 0.995"),
    (parse_money, "$5", "`$5` is not a price; write it like 0.40 USD per 1k, 1200 USD per month or 0.75 USD per h"),
    (parse_money, "5 USD per 0",
     "unknown period or count `0` in `5 USD per 0`; write a price per count (1k), or per s, min, h, day or month"),
    (parse_money, "5 USD per moon",
     "unknown period or count `moon` in `5 USD per moon`; write a price per count (1k), or per s, min, h, day or month"),
])  # fmt: skip
def test_a_wrong_spelling_is_answered_with_the_likely_one(
    parse: Callable[[str], object], text: str, message: str
) -> None:
    with pytest.raises(ValueError) as caught:
        parse(text)
    assert str(caught.value) == message


PARSERS: list[Callable[[str], object]] = [
    parse_bandwidth, parse_count, parse_duration, parse_money, parse_rate, parse_share, parse_size,
]


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize("text", [
    "1e999", "9" * 400, "9" * 400 + "s", "1e999GB", "1" + "_1" * 5_000_000, "1e999/s", "9" * 79 + "%",
], ids=["exponent", "digits", "seconds", "bytes", "megabytes", "rate", "percent"])  # fmt: skip
def test_an_enormous_number_is_no_quantity(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse(text)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("parse", PARSERS)
@given(text=st.text())
def test_any_text_is_a_quantity_or_an_error_in_one_line(parse: Callable[[str], object], text: str) -> None:
    said = ""
    try:
        parse(text)
    except ValueError as error:
        said = str(error)
    assert "\n" not in said


@pytest.mark.parametrize(("parse", "pattern"), [
    (parse_bandwidth, units.BANDWIDTH_PATTERN), (parse_count, units.COUNT_PATTERN), (parse_duration,
     units.DURATION_PATTERN),
    (parse_money, units.MONEY_PATTERN), (parse_rate, units.RATE_PATTERN), (parse_size, units.SIZE_PATTERN),
])  # fmt: skip
def test_the_schema_pattern_names_what_the_parser_reads(parse: Callable[[str], object], pattern: str) -> None:
    # Short texts only: long ones are slow to make, and are refused for their length.
    for many, few in ((r"\s*", " ?"), (")+", "){1,2}"), (")*", "){0,2}"), ("[0-9]+", "[0-9]{1,4}")):
        pattern = pattern.replace(many, few)

    @settings(max_examples=30)                             # texts of a pattern are slow to make
    @given(st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True).map(str.strip))
    def law(text: str) -> None:
        said = ""
        try:
            parse(text)
        except ValueError as error:
            said = str(error)
        assert not said or "unknown period or count" in said

    law()


@pytest.mark.parametrize(("form", "parse", "least", "most"), [
    (format_duration, parse_duration, 1e-9, 1e10),
    (format_size, parse_size, 1, 1e18),
    (format_rate, parse_rate, 1e-6, 1e12),
    (format_count, parse_count, 1e-6, 1e15),
])  # fmt: skip
def test_what_is_printed_is_read_as_what_it_was(
    form: Callable[[float], str], parse: Callable[[str], float], least: float, most: float
) -> None:
    @given(st.floats(least, most))
    def law(value: float) -> None:
        tolerance = max(6e-3 * value, 0.6 if form is format_size else 0)
        assert parse(form(value)) == pytest.approx(value, abs=tolerance)

    law()


@given(st.floats(0, 1))
def test_a_printed_share_keeps_its_nines(share: float) -> None:
    read = parse_share(format_share(share))
    error = 6e-2 if share > 0.99 else 6e-3
    assert read == pytest.approx(share, abs=max(error * min(share, 1 - share), 1e-12))


@pytest.mark.parametrize("text", ["99.5 %", "99.95 %", "99.875 %", "99.9825 %", "99.999 %", "99.123 %", "100 %", "0.195 %"])
def test_a_stated_share_is_printed_as_it_is_stated(text: str) -> None:
    assert format_share(parse_share(text)) == text


@pytest.mark.parametrize(("text", "expected"), [
    (format_duration(0.0001), "100 us"), (format_duration(0), "0 s"), (format_duration(3600 * 36), "36 h"),
    (format_size(999_600_000), "1 GB"), (format_count(12_345), "12.3 k"), (format_count(5_000), "5,000"),
    (format_rate(1500), "1,500/s"), (format_share(1), "100 %"), (format_share(0), "0 %"), (format_share(1.2), "120 %"),
    (format_share(2.5), "250 %"), (format_share(0.9999), "99.99 %"), (format_percentile(0.5), "p50"),
    (format_quantity(True, ""), "yes"), (format_quantity("fp16", ""), "fp16"), (format_quantity(2.0, "h"), "2 h"),
    (format_quantity(3.0, "cores"), "3 cores"), (format_quantity(2e9, "B/s"), "2 GB/s"),
])  # fmt: skip
def test_quantities_are_printed_for_people(text: str, expected: str) -> None:
    assert text == expected


@given(st.text(), st.integers(5, 60))
def test_a_shortened_text_has_one_line(text: str, most: int) -> None:
    short = shorten(text, most)
    assert len(short) <= most
    assert len(short.splitlines()) <= 1


def test_every_unit_of_the_vocabulary_is_read() -> None:
    assert {unit: parse_duration(f"1{unit}") for unit in units.SECONDS} == units.SECONDS
    assert {unit: parse_size(f"1{unit}") for unit in units.BYTES} == units.BYTES
    assert {unit: parse_count(f"1{unit}") for unit in units.COUNTS} == units.COUNTS
    assert {unit: 1 / parse_rate(f"1/{unit}") for unit in units.PERIODS} == pytest.approx(units.PERIODS)
    assert set(quantities.FORMATS) == {"s", "B", "/s", "share", "", "count", "B/s", "h"}


@pytest.mark.parametrize("milliseconds", [1, 3, 7, 100, 300, 850, 1600, 999_999])
def test_a_duration_is_the_same_in_every_unit(milliseconds: int) -> None:
    seconds = parse_duration(f"{milliseconds}ms")
    assert seconds == milliseconds / 1000
    assert parse_duration(f"{milliseconds}000us") == seconds
    assert parse_duration(f"{milliseconds}000000ns") == seconds

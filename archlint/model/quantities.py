"""Quantities such as `850ms`, `1.1GB`, `40/s` and `99.5%`: parsed into numbers in base units, and formatted.

Base units: a duration is a float in seconds, a size an int in bytes, a rate a float per second, a bandwidth a
float in bytes per second, a share a float from 0 to 1, a count a float without a unit. A parser raises
`ValueError` with a message of the form `what is wrong; what to do`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from math import floor, log10
from typing import Final

import msgspec

from archlint.model.digits import format_money, significant
from archlint.model.units import (
    BITS,
    BYTES,
    COUNTS,
    EVENTS,
    LIKELY_BYTES,
    LIKELY_PERIODS,
    LIKELY_SECONDS,
    NUMBER,
    PERIODS,
    PIECES,
    SECONDS,
    TOKEN_PRICE_PATTERN,
    TOKEN_WORDS,
)

_NUMBER: Final = re.compile(NUMBER)
MAX_DIGITS: Final = 40


class Money(msgspec.Struct, frozen=True):
    """A price: `0.40 USD per 1k` has `per_count` 1000; `1200 USD per month` `per_s` 2592000.

    Of a price for tokens, `per_count` counts tokens.
    """

    amount: float
    currency: str
    per_count: float | None = None
    per_s: float | None = None


def _split(text: str) -> tuple[str, str] | None:
    """Split a text into its number and the rest; None if it is too long or does not start with a number."""
    match = _NUMBER.match(text) if len(text) <= 2 * MAX_DIGITS else None
    return (match[0], text[match.end() :].strip()) if match is not None else None


def _number(text: str) -> float:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"`{shorten(text)}` has too many digits; use a multiplier, such as 12M")
    return float(text.replace("_", "").replace(",", ""))


def shorten(text: str, most: int = 40) -> str:
    """Shorten a text for a message, and put it on one line.

    >>> shorten("a text of several words", 10)
    'a text of…'
    """
    flat = " ".join(text[: 4 * most].split())
    return flat if len(flat) <= most and len(text) <= 4 * most else flat[: most - 1] + "…"


def parse_duration(text: str) -> float:
    """Seconds of a duration.

    >>> parse_duration("850ms"), parse_duration("10min")
    (0.85, 600.0)
    >>> parse_duration("850")
    Traceback (most recent call last):
    ValueError: `850` has no unit; did you mean 850ms or 850s?
    """
    parts = _split(text)
    if parts is None or not _is_word(parts[1]):
        likely = _compound(text)
        hint = f"did you mean {likely}?" if likely else "write it like 850ms, 1.6s, 10min, 1h or 30d"
        raise ValueError(f"`{shorten(text)}` is not a duration; {hint}")
    number, unit = parts
    scale = SECONDS.get(unit.replace("μ", "µ"))
    if scale is None:
        if not unit:
            raise ValueError(f"`{shorten(text)}` has no unit; did you mean {number}ms or {number}s?")
        hint = _unit_hint(number, unit, SECONDS, LIKELY_SECONDS, "ns, us, ms, s, min, h, d, w")
        raise ValueError(f"unknown unit `{shorten(unit)}` in `{shorten(text)}`; {hint}")
    # No float equals 0.001 exactly: 100ms and 100000us are equal only if both are divided, not multiplied.
    return _number(number) * scale if scale >= 1 else _number(number) / round(1 / scale)


def _is_word(text: str) -> bool:
    return not text or text.isalpha()


def _compound(text: str) -> str | None:
    """Return `90min` for `1h30m`, which some tools write: one unit instead of several."""
    pattern = r"([0-9]+(?:\.[0-9]+)?)\s*(d|h|min|ms|m|s)\s*"
    parts = re.findall(pattern, text) if len(text) <= MAX_DIGITS else []
    if len(parts) < 2 or re.sub(pattern, "", text):
        return None
    seconds = sum(float(number) * SECONDS["min" if unit == "m" else unit] for number, unit in parts)
    unit = next((u for u in ("d", "h", "min", "s") if seconds % SECONDS[u] == 0), "ms")
    return f"{seconds / SECONDS[unit]:.0f}{unit}"


def _unit_hint(number: str, unit: str, known: Iterable[str], likely: dict[str, str], units: str) -> str:
    lowered = unit.lower()
    same = next((name for name in known if name.lower() == lowered), None)
    meant = likely.get(lowered) or same
    return f"did you mean {number}{meant}?" if meant else f"valid units: {units}"


def parse_size(text: str) -> int:
    """Bytes of a size, rounded to whole bytes: `1.1GB` is decimal, `8GiB` binary.

    >>> parse_size("1.1GB"), parse_size("8GiB")
    (1100000000, 8589934592)
    """
    parts = _split(text)
    if parts is None or not _is_word(parts[1]):
        raise ValueError(f"`{shorten(text)}` is not a size; write it like 900MB, 1.1GB or 8GiB")
    number, unit = parts
    scale = BYTES.get(unit)
    if scale is None:
        if not unit:
            raise ValueError(f"`{shorten(text)}` has no unit; did you mean {number}MB or {number}GB?")
        hint = _unit_hint(number, unit, BYTES, LIKELY_BYTES, "B, kB, MB, GB, TB, KiB, MiB, GiB")
        raise ValueError(f"unknown unit `{shorten(unit)}` in `{shorten(text)}`; {hint}")
    return round(_number(number) * scale)


def parse_count(text: str) -> float:
    """A count; k, M, B and T are powers of a thousand.

    >>> parse_count("280M"), parse_count("7e9")
    (280000000.0, 7000000000.0)
    """
    parts = _split(text)
    if parts is None or not _is_word(parts[1]):
        raise ValueError(f"`{shorten(text)}` is not a count; write it like 12, 40k, 280M or 7B")
    number, unit = parts
    scale = COUNTS.get(unit)
    if scale is None:
        raise ValueError(f"unknown multiplier `{shorten(unit)}` in `{shorten(text)}`; write k, M, B or T, as in 280M")
    return _number(number) * scale


def parse_rate(text: str) -> float:
    """Events per second.

    >>> parse_rate("40/s"), parse_rate("300/min"), parse_rate("8.64M requests per day")
    (40.0, 5.0, 100.0)
    >>> parse_rate("40")
    Traceback (most recent call last):
    ValueError: `40` is not a rate; did you mean 40/s?
    """
    return _rate(text, EVENTS, _RATE_HINT)


def parse_token_rate(text: str) -> float:
    """Tokens per second.

    >>> parse_token_rate("3M/min"), parse_token_rate("300 tokens/s")
    (50000.0, 300.0)
    """
    return _rate(text, TOKEN_WORDS, "write it like 2M/min or 300 tokens/s")


def _rate(text: str, words: tuple[str, ...], example: str) -> float:
    parts = _split(text)
    number, rest = parts or ("", "")
    counted, per, period = _partition(rest)
    multiplier = _multiplier(counted, words)
    if not per or not period.isalpha() or multiplier is None:
        plain = number and rest.removesuffix("rps").removesuffix("qps").removesuffix("tps").rstrip() in COUNTS
        hint = f"did you mean {number}{rest[:1] if rest[:1] in COUNTS else ''}/s?" if plain else example
        raise ValueError(f"`{shorten(text)}` is not a rate; {hint}")
    if period not in PERIODS:
        likely = LIKELY_PERIODS.get(period.lower())
        hint = f"did you mean {number}{counted}/{likely}?" if likely else "valid periods: s, min, h, day, week, month"
        raise ValueError(f"unknown period `{shorten(period)}` in `{shorten(text)}`; {hint}")
    return _number(number) * multiplier / PERIODS[period]


_RATE_HINT: Final = "write it like 40/s, 300/min or 2M/day"


def _partition(text: str) -> tuple[str, str, str]:
    """Split `k requests per min` or `k/min` at `per` or `/`."""
    before, per, after = text.partition("/")
    if not per:
        before, per, after = text.partition("per")
    return before.strip(), per, after.strip()


def _multiplier(counted: str, words: tuple[str, ...]) -> float | None:
    """Return the multiplier in `k requests`, `k` or `requests`; None if the text has another form."""
    if counted in words:
        return 1.0
    if counted[1:].strip() in ("", *words):
        return COUNTS.get(counted[:1])
    return None


def parse_bandwidth(text: str) -> float:
    """Bytes per second.

    >>> parse_bandwidth("300GB/s"), parse_bandwidth("8Gbit/s")
    (300000000000.0, 1000000000.0)
    """
    number, rest = _split(text) or ("", "")
    unit, per, period = _partition(rest)
    if per == "/" and period == "s":
        if unit in BITS:
            return _number(number) * BITS[unit] / 8
        if unit in BYTES:
            return _number(number) * BYTES[unit]
    slow = rest.removesuffix("bps")
    hint = f"did you mean {number}{slow}bit/s?" if slow + "bps" == rest else "write it like 200MB/s or 8Gbit/s"
    raise ValueError(f"`{shorten(text)}` is not a bandwidth; {hint}")


def parse_share(text: str) -> float:
    """A share from 0 to 1.

    >>> parse_share("99.5%"), parse_share("0.02")
    (0.995, 0.02)
    """
    number, unit = _split(text) or ("", "")
    if not number or unit not in {"", "%"}:
        raise ValueError(f"`{shorten(text)}` is not a share; write it like 99.5% or 0.995")
    value = round(_number(number) / 100, 15) if unit else _number(number)
    if value > 1:
        hint = f"did you mean {number}%?" if not unit and value <= 100 else "write at most 100%"
        raise ValueError(f"`{shorten(text)}` is more than 100%; {hint}")
    return value


def parse_money(text: str) -> Money:
    """Money for a count of predictions, or for a time.

    >>> parse_money("0.40 USD per 1k").per_count, parse_money("1200 USD per month").per_s
    (1000.0, 2592000.0)
    """
    number, rest = _split(text) or ("", "")
    currency, sign, per = _partition(rest)
    is_currency = len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()
    if not is_currency or not sign or not per:
        likely = "0.40 USD per 1k, 1200 USD per month or 0.75 USD per h"
        raise ValueError(f"`{shorten(text)}` is not a price; write it like {likely}")
    amount = _number(number)
    if per in PERIODS:
        return Money(amount, currency, per_s=PERIODS[per])
    try:
        count = 1.0 if per in PIECES else parse_count(per)
    except ValueError:
        count = 0.0
    if count <= 0:
        hint = "write a price per count (1k), or per s, min, h, day or month"
        raise ValueError(f"unknown period or count `{shorten(per)}` in `{shorten(text)}`; {hint}")
    return Money(amount, currency, per_count=count)


def parse_token_price(text: str) -> Money:
    """Money for a number of tokens.

    >>> parse_token_price("2.50 USD per 1M tokens").per_count
    1000000.0
    """
    if len(text) > 2 * MAX_DIGITS or not re.fullmatch(TOKEN_PRICE_PATTERN, text):
        raise ValueError(f"`{shorten(text)}` is not a price of tokens; write it like 2.50 USD per 1M tokens")
    number, rest = _split(text) or ("", "")
    currency, _, per = _partition(rest)
    count = 1.0 if per == "token" else parse_count(per.removesuffix("tokens").removesuffix("token"))
    if count <= 0:
        raise ValueError(f"`{shorten(text)}` is a price of no tokens; write it like 2.50 USD per 1M tokens")
    return Money(_number(number), currency, per_count=count)


def format_duration(seconds: float) -> str:
    """A duration in the unit that reads best.

    >>> format_duration(0.85), format_duration(90), format_duration(86400), format_duration(108000)
    ('850 ms', '1.5 min', '1 d', '30 h')
    """
    if seconds == 0:
        return "0 s"
    for unit in ("d", "h", "min", "s", "ms", "us"):
        if unit == "d" and abs(seconds) < 3 * SECONDS["d"] and seconds % SECONDS["d"]:
            continue                               # 30 h reads better than 1.25 d
        if abs(seconds) >= SECONDS[unit] * 0.9995:
            return f"{significant(seconds / SECONDS[unit])} {unit}"
    return f"{significant(seconds / 1e-9)} ns"


def format_size(size_bytes: float) -> str:
    """A size in decimal units.

    >>> format_size(1_100_000_000)
    '1.1 GB'
    """
    for unit in ("PB", "TB", "GB", "MB", "kB"):
        if size_bytes >= BYTES[unit] * 0.9995:
            return f"{significant(size_bytes / BYTES[unit])} {unit}"
    return f"{significant(size_bytes)} B"


def format_count(value: float) -> str:
    """A count with a multiplier where that is shorter.

    >>> format_count(280e6), format_count(12)
    ('280 M', '12')
    """
    for unit, scale in (("T", 1e12), ("B", 1e9), ("M", 1e6), ("k", 1e4)):
        if value >= scale * 0.9995:
            return f"{significant(value / (1e3 if unit == 'k' else scale))} {unit}"
    return significant(value)


def format_rate(per_s: float) -> str:
    """A rate in the period that reads best.

    >>> format_rate(40.0), format_rate(0.05)
    ('40/s', '3/min')
    """
    for unit in ("s", "min", "h"):
        if per_s * PERIODS[unit] >= 0.9995:
            return f"{format_count(per_s * PERIODS[unit]).replace(' ', '')}/{unit}"
    return f"{significant(per_s * 86400)}/day"


def format_share(share: float) -> str:
    """A share in per cent, with three significant digits of it or of the rest to 100 %, so that each nine shows.

    Near 100 %, two digits tell two shares apart: a third is written only if the share ends with it.

    >>> format_share(0.995), format_share(2 / 3), format_share(0.99999)
    ('99.5 %', '66.7 %', '99.999 %')
    >>> format_share(0.9998263), format_share(0.99875)
    ('99.983 %', '99.875 %')
    """
    small = min(abs(share), abs(1 - share)) * 100
    decimals = min(12, max(0, 2 - floor(log10(small)))) if small > 1e-10 else 2
    if 0.99 < share < 1 and abs(round(share * 100, decimals) - share * 100) > small * 1e-6:
        decimals -= 1          # a smaller difference is an error of floating-point numbers
    text = f"{share * 100:.{decimals}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + " %"


def format_percentile(fraction: float) -> str:
    """The name of a percentile.

    >>> format_percentile(0.99), format_percentile(0.999)
    ('p99', 'p99.9')
    """
    return f"p{float(f'{fraction * 100:.8g}'):g}"


FORMATS: Final[dict[str, Callable[[float], str]]] = {
    "s": format_duration,
    "B": format_size,
    "/s": format_rate,
    "share": format_share,
    "": format_count,
    "count": format_count,
    "B/s": lambda value: format_size(value) + "/s",
    "h": lambda value: f"{significant(value)} h",
}
"""The function that formats a value, by its unit."""


def format_quantity(value: float | str | bool, unit: str) -> str:
    """A value with its unit, as text; a text stays as it is, and a boolean becomes yes or no.

    >>> format_quantity(0.05, "s"), format_quantity(True, "")
    ('50 ms', 'yes')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    known = FORMATS.get(unit)
    if known is None and len(unit) == 3 and unit.isupper():
        return format_money(value, unit)
    return known(value) if known else f"{significant(value)} {unit}"

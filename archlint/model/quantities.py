"""Quantities as people write them (`850ms`, `1.1GB`, `40/s`, `99.5%`), to numbers in base units, and back.

Base units: a duration is a float in seconds, a size an int in bytes, a rate a float per second, a bandwidth a
float in bytes per second, a share a float from 0 to 1, a count a float without unit. A parser raises
`ValueError` with a sentence that says what would be right.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

SECONDS: Final = {
    "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "min": 60.0, "h": 3600.0,
    "d": 86400.0, "w": 604800.0,
}  # fmt: skip
BYTES: Final = {
    "B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "PB": 10**15,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40,
}  # fmt: skip
COUNTS: Final = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
PERIODS: Final = {
    "s": 1.0, "sec": 1.0, "second": 1.0, "min": 60.0, "minute": 60.0, "h": 3600.0, "hour": 3600.0,
    "d": 86400.0, "day": 86400.0, "w": 604800.0, "week": 604800.0, "month": 2592000.0,
}  # fmt: skip

_NUMBER = r"([0-9](?:[0-9_,]*[0-9])?(?:\.[0-9]+)?|\.[0-9]+)"
_WITH_UNIT: Final = re.compile(_NUMBER + r"\s*([A-Za-zµμ]*)")
_PERCENT: Final = re.compile(_NUMBER + r"\s*%")
_RATE: Final = re.compile(_NUMBER + r"\s*([kKMBT]?)\s*(?:req|requests|rps)?\s*(?:/|per)\s*([A-Za-z]+)")
_MONEY: Final = re.compile(_NUMBER + r"\s*([A-Z]{3})\s+per\s+(.+)")
MAX_DIGITS: Final = 40


class Money(NamedTuple):
    """An amount for something: `0.40 USD per 1k` has `per_count` 1000; `1200 USD per month` `per_s` 2592000."""

    amount: float
    currency: str
    per_count: float | None = None
    per_s: float | None = None


def _split(text: str, what: str, example: str) -> tuple[float, str]:
    match = _WITH_UNIT.fullmatch(text) if len(text) <= MAX_DIGITS else None
    if match is None:
        raise ValueError(f"`{shorten(text)}` is not {what}; write it like {example}")
    return _number(match[1]), match[2]


def _number(text: str) -> float:
    return float(text.replace("_", "").replace(",", ""))


def shorten(text: str, most: int = 40) -> str:
    """Cut a text for a message, on one line."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def parse_duration(text: str) -> float:
    """Seconds of a duration.

    >>> parse_duration("850ms"), parse_duration("10min")
    (0.85, 600.0)
    >>> parse_duration("850")
    Traceback (most recent call last):
    ValueError: `850` has no unit of time; did you mean 850ms or 850s?
    """
    value, unit = _split(text, "a duration", "850ms, 1.6s, 10min, 1h or 30d")
    scale = SECONDS.get(unit.replace("μ", "µ"))
    if scale is None:
        if not unit:
            raise ValueError(f"`{text}` has no unit of time; did you mean {text}ms or {text}s?")
        likely = {"m": "min", "sec": "s", "secs": "s", "seconds": "s", "mins": "min", "minutes": "min",
                  "hours": "h", "hour": "h", "days": "d", "day": "d", "msec": "ms", "weeks": "w"}.get(unit.lower())  # fmt: skip
        number = text[: len(text) - len(unit)].strip()
        hint = f"did you mean {number}{likely}?" if likely else "units are ns, us, ms, s, min, h, d, w"
        raise ValueError(f"`{text}` has an unknown unit of time; {hint}")
    return value * scale


def parse_size(text: str) -> int:
    """Bytes of a size, rounded to whole bytes: `1.1GB` is decimal, `8GiB` binary.

    >>> parse_size("1.1GB"), parse_size("8GiB")
    (1100000000, 8589934592)
    """
    value, unit = _split(text, "a size", "900MB, 1.1GB or 8GiB")
    scale = BYTES.get(unit)
    if scale is None:
        if not unit:
            raise ValueError(f"`{text}` has no unit of size; did you mean {text}MB or {text}GB?")
        likely = {"b": "B", "k": "kB", "kb": "kB", "m": "MB", "mb": "MB", "g": "GB", "gb": "GB", "t": "TB", "tb": "TB",
                  "mib": "MiB", "gib": "GiB", "kib": "KiB"}.get(unit.lower())  # fmt: skip
        number = text[: len(text) - len(unit)].strip()
        hint = f"did you mean {number}{likely}?" if likely else "units are B, kB, MB, GB, TB, KiB, MiB, GiB"
        raise ValueError(f"`{text}` has an unknown unit of size; {hint}")
    return round(value * scale)


def parse_count(text: str) -> float:
    """A count; k, M, B and T are powers of a thousand.

    >>> parse_count("280M")
    280000000.0
    """
    value, unit = _split(text, "a count", "12, 40k, 280M or 7B")
    scale = COUNTS.get(unit)
    if scale is None:
        raise ValueError(f"`{text}` has an unknown multiplier; counts take k, M, B and T, as in 280M")
    return value * scale


def parse_rate(text: str) -> float:
    """Events per second.

    >>> parse_rate("40/s"), parse_rate("300/min")
    (40.0, 5.0)
    >>> parse_rate("40")
    Traceback (most recent call last):
    ValueError: `40` is not a rate; did you mean 40/s?
    """
    match = _RATE.fullmatch(text) if len(text) <= MAX_DIGITS else None
    if match is None:
        plain = re.fullmatch(_NUMBER + r"[kKMBT]?", text)
        hint = f"did you mean {text}/s?" if plain else "write it like 40/s, 300/min or 2M/day"
        raise ValueError(f"`{shorten(text)}` is not a rate; {hint}")
    period = PERIODS.get(match[3])
    if period is None:
        raise ValueError(f"`{text}` has an unknown period; rates are per s, min, h, day, week or month")
    return _number(match[1]) * COUNTS[match[2]] / period


def parse_bandwidth(text: str) -> float:
    """Bytes per second.

    >>> parse_bandwidth("300GB/s"), parse_bandwidth("8Gbit/s")
    (300000000000.0, 1000000000.0)
    """
    body, slash, period = text.partition("/")
    if slash and period.strip() == "s":
        bits = re.fullmatch(_NUMBER + r"\s*([kMGT]?)bit", body.strip())
        if bits:
            return _number(bits[1]) * {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}[bits[2]] / 8
        return float(parse_size(body.strip()))
    raise ValueError(f"`{shorten(text)}` is not a bandwidth; write it like 200MB/s or 8Gbit/s")


def parse_share(text: str) -> float:
    """A share from 0 to 1.

    >>> parse_share("99.5%"), parse_share("0.02")
    (0.995, 0.02)
    """
    percent = _PERCENT.fullmatch(text) if len(text) <= MAX_DIGITS else None
    if percent:
        value = round(_number(percent[1]) / 100, 15)
    else:
        plain = re.fullmatch(_NUMBER, text) if len(text) <= MAX_DIGITS else None
        if plain is None:
            raise ValueError(f"`{shorten(text)}` is not a share; write it like 99.5% or 0.995")
        value = _number(plain[1])
    if value > 1:
        hint = "" if percent else f"; did you mean {text}%?"
        raise ValueError(f"`{text}` is more than the whole{hint}")
    return value


def parse_money(text: str) -> Money:
    """Money for a count of predictions, or for a time.

    >>> parse_money("0.40 USD per 1k").per_count, parse_money("1200 USD per month").per_s
    (1000.0, 2592000.0)
    """
    match = _MONEY.fullmatch(text) if len(text) <= 2 * MAX_DIGITS else None
    if match is None:
        likely = "0.40 USD per 1k, 1200 USD per month or 0.75 USD per h"
        raise ValueError(f"`{shorten(text)}` is not a price; write it like {likely}")
    amount, currency, per = _number(match[1]), match[2], match[3].strip()
    if per in PERIODS:
        return Money(amount, currency, per_s=PERIODS[per])
    try:
        return Money(amount, currency, per_count=parse_count(per))
    except ValueError:
        raise ValueError(f"`{text}`: a price is per count (1k) or per s, min, h, day or month") from None


def _trim(value: float, digits: int = 3) -> str:
    """Significant digits enough for a reader, without trailing zeros and without an exponent."""
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits}g}")
    if abs(rounded) >= 10 ** (digits - 1):
        return f"{rounded:,.0f}" if abs(rounded) < 10**digits else f"{value:,.0f}"
    text = f"{rounded:.12f}".rstrip("0").rstrip(".")
    return text or "0"


def format_duration(seconds: float) -> str:
    """A duration in the unit that reads best.

    >>> format_duration(0.85), format_duration(90), format_duration(86400)
    ('850 ms', '1.5 min', '1 d')
    """
    if seconds == 0:
        return "0 s"
    for unit in ("d", "h", "min", "s", "ms", "us"):
        if abs(seconds) >= SECONDS[unit] * 0.9995:
            return f"{_trim(seconds / SECONDS[unit])} {unit}"
    return f"{_trim(seconds / 1e-9)} ns"


def format_size(size_bytes: float) -> str:
    """A size in decimal units.

    >>> format_size(1_100_000_000)
    '1.1 GB'
    """
    for unit in ("PB", "TB", "GB", "MB", "kB"):
        if size_bytes >= BYTES[unit] * 0.9995:
            return f"{_trim(size_bytes / BYTES[unit])} {unit}"
    return f"{_trim(size_bytes)} B"


def format_count(value: float) -> str:
    """A count with a multiplier where that is shorter.

    >>> format_count(280e6), format_count(12)
    ('280 M', '12')
    """
    for unit, scale in (("T", 1e12), ("B", 1e9), ("M", 1e6), ("k", 1e4)):
        if value >= scale * 0.9995:
            return f"{_trim(value / (1e3 if unit == 'k' else scale))} {unit}"
    return _trim(value)


def format_rate(per_s: float) -> str:
    """A rate in the period that reads best.

    >>> format_rate(40.0), format_rate(0.05)
    ('40/s', '3/min')
    """
    for unit in ("s", "min", "h"):
        if per_s * PERIODS[unit] >= 0.9995:
            return f"{format_count(per_s * PERIODS[unit]).replace(' ', '')}/{unit}"
    return f"{_trim(per_s * 86400)}/day"


def format_share(share: float) -> str:
    """A share in per cent.

    >>> format_share(0.995), format_share(1.0)
    ('99.5 %', '100 %')
    """
    return f"{float(f'{share * 100:.6g}'):g} %"


def format_percentile(fraction: float) -> str:
    """The name of a percentile.

    >>> format_percentile(0.99), format_percentile(0.999)
    ('p99', 'p99.9')
    """
    return f"p{float(f'{fraction * 100:.8g}'):g}"


FORMATS: Final = {
    "s": format_duration,
    "B": format_size,
    "/s": format_rate,
    "share": format_share,
    "": format_count,
    "count": format_count,
    "B/s": lambda value: format_size(value) + "/s",
    "h": lambda value: f"{_trim(value)} h",
}
"""From the unit of a term to the function that writes its value."""


def format_quantity(value: float | str | bool, unit: str) -> str:
    """A value of a term for a reader; text and yes/no stay as they are.

    >>> format_quantity(0.05, "s"), format_quantity(True, "")
    ('50 ms', 'yes')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    known = FORMATS.get(unit)
    return known(value) if known else f"{_trim(value)} {unit}"

"""The units of the format, the grammar of a number, and common mistakes in units."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

SECONDS: Final = {
    "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "min": 60.0, "h": 3600.0,
    "d": 86400.0, "w": 604800.0,
}  # fmt: skip
BYTES: Final = {
    "B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "PB": 10**15,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "PiB": 2**50,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50,
}  # fmt: skip
BITS: Final = {"bit": 1.0, "kbit": 1e3, "Mbit": 1e6, "Gbit": 1e9, "Tbit": 1e12}
COUNTS: Final = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
PERIODS: Final = {
    "s": 1.0, "sec": 1.0, "second": 1.0, "min": 60.0, "minute": 60.0, "h": 3600.0, "hour": 3600.0,
    "d": 86400.0, "day": 86400.0, "w": 604800.0, "week": 604800.0, "month": 2592000.0, "year": 31536000.0,
}  # fmt: skip
"""Seconds of a period; a month has 30 days, a year 365."""
EVENTS: Final = ("req", "requests", "request", "predictions", "prediction", "messages", "records")
"""Words for what a rate counts: `40 req/s`."""
PIECES: Final = ("request", "prediction")
"""Words for one thing that a price is for: `0.002 USD per prediction`."""
TOKEN_WORDS: Final = ("tokens", "token")
"""Words for what a rate or price of generated text counts: `2M tokens/min`."""

LIKELY_SECONDS: Final = {
    "m": "min", "secs": "s", "second": "s", "seconds": "s", "mins": "min", "minute": "min", "minutes": "min",
    "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "day": "d", "days": "d", "week": "w", "weeks": "w",
    "msec": "ms", "msecs": "ms", "millis": "ms", "milliseconds": "ms", "usec": "us", "micros": "us", "nanos": "ns",
}  # fmt: skip
LIKELY_BYTES: Final = {
    "k": "kB", "m": "MB", "g": "GB", "t": "TB", "byte": "B", "bytes": "B", "gig": "GB", "gigs": "GB", "meg": "MB",
}  # fmt: skip
LIKELY_PERIODS: Final = {
    "m": "min", "mins": "min", "minutes": "min", "secs": "s", "seconds": "s", "hr": "h", "hrs": "h", "hours": "h",
    "days": "day", "weeks": "week", "mo": "month", "months": "month", "yr": "year", "years": "year",
}  # fmt: skip

_MANTISSA: Final = r"(?:(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+(?:_[0-9]+)*)(?:\.[0-9]+)?|\.[0-9]+)"
NUMBER: Final = rf"{_MANTISSA}(?:[eE][+-]?[0-9]{{1,2}})?"
"""A number without a sign. Commas separate thousands only: `1,5` is rejected, because it may mean 15 or 1.5."""


def alternatives(words: Iterable[str]) -> str:
    """A pattern of words, the longest first.

    >>> alternatives(["s", "sec"])
    'sec|s'
    """
    return "|".join(sorted(words, key=lambda word: (-len(word), word)))


# The patterns of the JSON Schema: they accept what the parsers of `archlint.model.quantities` accept.
_WHOLE: Final = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+(?:_[0-9]+)*)(?:\.0+)?"
COUNT_PATTERN: Final = rf"^{NUMBER}\s*[kKMBT]?\s*$"
WHOLE_PATTERN: Final = rf"^(?:{_WHOLE}|{NUMBER}\s*[kKMBT]|{_MANTISSA}[eE]\+?[0-9]{{1,2}})\s*$"
NUMBER_PATTERN: Final = rf"^{NUMBER}\s*$"
CPU_PATTERN: Final = rf"^({NUMBER}\s*[kKMBT]?|[0-9]{{1,7}}m)\s*$"
DURATION_PATTERN: Final = rf"^{NUMBER}\s*({alternatives(SECONDS)}|μs)\s*$"
SIZE_PATTERN: Final = rf"^{NUMBER}\s*({alternatives(BYTES)})\s*$"
BANDWIDTH_PATTERN: Final = rf"^{NUMBER}\s*({alternatives([*BYTES, *BITS])})\s*/\s*s\s*$"
RATE_PATTERN: Final = rf"^{NUMBER}\s*[kKMBT]?\s*({alternatives(EVENTS)})?\s*(/|per)\s*({alternatives(PERIODS)})\s*$"
TOKEN_RATE_PATTERN: Final = (
    rf"^{NUMBER}\s*[kKMBT]?\s*({alternatives(TOKEN_WORDS)})?\s*(/|per)\s*({alternatives(PERIODS)})\s*$"
)
_ZEROS: Final = "0+(?:_0+)*"
SHARE_PATTERN: Final = (
    rf"^(?:(?:{_ZEROS})?\.[0-9]+|{_ZEROS}(?:\.[0-9]+)?|(?:0_?)*1(?:\.0+)?"
    rf"|(?:(?:0_?)*[0-9]_?[0-9]?(?:\.[0-9]+)?|\.[0-9]+|(?:0_?)*1_?0_?0(?:\.0+)?)\s*%"
    rf"|{_MANTISSA}[eE][+-]?[0-9]{{1,2}}\s*%?)\s*$"
)
MONEY_PATTERN: Final = (
    rf"^{NUMBER}\s*[A-Z]{{3}}\s*(/|per\s)\s*({alternatives([*PERIODS, *PIECES])}|{NUMBER}\s*[kKMBT]?)\s*$"
)
TOKEN_PRICE_PATTERN: Final = (
    rf"^{NUMBER}\s*[A-Z]{{3}}\s*(/|per\s)\s*(token|{NUMBER}\s*[kKMBT]?\s*({alternatives(TOKEN_WORDS)}))\s*$"
)
DATE_PATTERN: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

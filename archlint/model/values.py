"""The types of single values in `arch.yaml`: quantities with their units, words, and names."""

from __future__ import annotations

import re
from collections.abc import Mapping as AbstractMapping
from types import MappingProxyType
from typing import Final

from archlint.model.cron import Schedule, parse_schedule
from archlint.model.percentiles import AmountsType, LatencyType, ServiceTimeType
from archlint.model.quantities import (
    Money,
    parse_bandwidth,
    parse_count,
    parse_duration,
    parse_money,
    parse_rate,
    parse_share,
    parse_size,
    parse_token_price,
    parse_token_rate,
    shorten,
)
from archlint.model.reading import Reading
from archlint.model.types import Definitions, Flag, Many, Name, Parsed, Schema, Text
from archlint.model.units import (
    BANDWIDTH_PATTERN,
    COUNT_PATTERN,
    CPU_PATTERN,
    DATE_PATTERN,
    DURATION_PATTERN,
    MONEY_PATTERN,
    RATE_PATTERN,
    SHARE_PATTERN,
    SIZE_PATTERN,
    TOKEN_PRICE_PATTERN,
    TOKEN_RATE_PATTERN,
    WHOLE_PATTERN,
)
from archlint.source.nodes import Node, Scalar

_MOST = 1e9
_MOST_REPLICAS = 1e6


def _parse_cpu(text: str) -> float:
    """Cores; `500m` is half a core, as Kubernetes writes it."""
    if re.fullmatch(r"[0-9]{1,7}m", text):
        return int(text[:-1]) / 1000
    return parse_count(text)


def _parse_whole(text: str) -> float:
    value = parse_count(text)
    if value != int(value):
        raise ValueError(f"`{shorten(text)}` is not a whole number; write 2 or 3")
    if value > _MOST:
        raise ValueError(f"`{shorten(text)}` is too large; write a number up to 1B")
    return value


def _parse_replicas(text: str) -> float:
    value = _parse_whole(text)
    if value > _MOST_REPLICAS:
        raise ValueError(f"`{shorten(text)}` is too large; write a number up to 1M")
    return value


def _parse_date(text: str) -> str:
    if re.fullmatch(DATE_PATTERN, text):
        from datetime import date

        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise ValueError(f"`{text}` is not a day of the calendar; write it like 2027-03-31") from None
    raise ValueError(f"`{shorten(text)}` is not a date; write it like 2027-03-31")


_BOUND = r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(<=|>=|==|<|>)\s*(.+?)\s*"


def parse_bound(text: str) -> tuple[str, str, str]:
    """Split a condition on a term into its name, operator and limit.

    >>> parse_bound("rate < 50/s")
    ('rate', '<', '50/s')
    """
    match = re.fullmatch(_BOUND, text) if len(text) <= 200 else None
    if match is None:
        raise ValueError(f"`{shorten(text)}` is not a condition; write TERM OP QUANTITY, as in rate < 50/s")
    return match[1], match[2], match[3]


def _parse_id(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", text) or text.lower() in {"true", "false"}:
        raise ValueError(f"`{shorten(text)}` is not a rule id; write it like SRV001")
    return text


_AT_LEAST_ZERO: Schema = {"minimum": 0}
_INTEGER: Schema = {"minimum": 0, "maximum": int(_MOST), "multipleOf": 1}
_SHARE_NUMBER: Schema = {"minimum": 0, "maximum": 1}
_REPLICA_NUMBER: Schema = {"minimum": 0, "maximum": int(_MOST_REPLICAS), "multipleOf": 1}

TEXT = Text()
TECHNOLOGY, ACCELERATOR = Text("technology"), Text("accelerator")
FLAG = Flag()
COUNT: Parsed[float] = Parsed(parse_count, "a count", "40k", COUNT_PATTERN, name="count", number=_AT_LEAST_ZERO)
WHOLE: Parsed[float] = Parsed(_parse_whole, "a whole number", "2", WHOLE_PATTERN, name="whole-number", number=_INTEGER)
REPLICA_COUNT: Parsed[float] = Parsed(
    _parse_replicas, "a whole number", "2", WHOLE_PATTERN, name="replica-count", number=_REPLICA_NUMBER
)  # fmt: skip
WORKERS: Parsed[float] = Parsed(
    _parse_replicas, "a whole number", "2", WHOLE_PATTERN, name="replica-count", number=_REPLICA_NUMBER,
    zero="no request would be handled; write at least 1",
)  # fmt: skip
AT_LEAST_ONE: Parsed[float] = Parsed(
    _parse_whole, "a whole number", "2", WHOLE_PATTERN, name="whole-number", number=_INTEGER,
    zero="nothing would be accepted; write at least 1, or remove the key",
)  # fmt: skip
CPU: Parsed[float] = Parsed(_parse_cpu, "a number of cores", "4", CPU_PATTERN, name="cores", number=_AT_LEAST_ZERO)
SIZE: Parsed[int] = Parsed(parse_size, "a size", "1.1GB", SIZE_PATTERN, name="size")
RATE: Parsed[float] = Parsed(parse_rate, "a rate", "40/s", RATE_PATTERN, name="rate")
BANDWIDTH: Parsed[float] = Parsed(parse_bandwidth, "a bandwidth", "200MB/s", BANDWIDTH_PATTERN, name="bandwidth")
SHARE: Parsed[float] = Parsed(parse_share, "a share", "99.5%", SHARE_PATTERN, name="share", number=_SHARE_NUMBER)
FRACTION: Parsed[float] = Parsed(
    parse_share, "a share", "50%", SHARE_PATTERN, name="share", number=_SHARE_NUMBER,
    zero="a share of nothing; write more than 0, or remove the key",
)  # fmt: skip
MONEY: Parsed[Money] = Parsed(parse_money, "a price", "0.40 USD per 1k", MONEY_PATTERN, name="money")
TOKEN_RATE: Parsed[float] = Parsed(
    parse_token_rate, "a rate of tokens", "2M/min", TOKEN_RATE_PATTERN, name="token-rate"
)
TOKEN_PRICE: Parsed[Money] = Parsed(
    parse_token_price, "a price of tokens", "2.50 USD per 1M tokens", TOKEN_PRICE_PATTERN, name="token-price"
)
DATE: Parsed[str] = Parsed(_parse_date, "a date", "2027-03-31", DATE_PATTERN, name="date")
RULE_ID: Parsed[str] = Parsed(_parse_id, "a rule id", "SRV001", r"^[A-Za-z][A-Za-z0-9_-]*$", name="rule-id")
BOUND: Parsed[tuple[str, str, str]] = Parsed(parse_bound, "a condition", "rate < 50/s", None, name="bound")
SCHEDULE: Parsed[Schedule] = Parsed(parse_schedule, "a schedule", "0 3 * * *", None, name="schedule")
TIMEOUT: Parsed[float] = Parsed(
    parse_duration, "a duration", "200ms", DURATION_PATTERN, name="duration",
    zero="every attempt would time out; remove the key if there is no timeout",
)  # fmt: skip
PERIOD: Parsed[float] = Parsed(
    parse_duration, "a duration", "30d", DURATION_PATTERN, name="duration",
    zero="a period cannot be zero; write one such as 30d, or remove the key",
)  # fmt: skip
COMPONENT = Name("components")
MODEL = Name("models")
SERVICE_TIME = ServiceTimeType()
LATENCY = LatencyType()
AMOUNTS = AmountsType()


class ZonesType:
    """Names of zones, or how many zones there are: `[a, b]`, `a`, `3`. A number in quotes is a name."""

    known: AbstractMapping[str, float | tuple[str, ...]] = MappingProxyType({})

    def read(self, r: Reading, node: Node) -> float | tuple[str, ...] | None:
        """Read the names, or the number."""
        if not isinstance(node, Scalar) or not node.plain or not re.fullmatch(r"[0-9]{1,6}", node.text):
            return _NAMES.read(r, node)
        count = float(node.text)
        if count == 0:
            r.report("contradiction", node.span, "`0` zones: a component runs somewhere", "write 1, or name the zones")
            return None
        return count

    def schema(self, defs: Definitions) -> Schema:
        """Names as a list, one name, or a number."""
        return _NAMES.schema(defs)


_NAMES: Final[Many[str]] = Many(TEXT)
ZONES: Final = ZonesType()

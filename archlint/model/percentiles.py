"""Types for values at percentiles: service times, objectives, and numbers of tokens."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as AbstractMapping
from types import MappingProxyType
from typing import Final

import msgspec

from archlint.model.architecture import ServiceTime
from archlint.model.fields import STATED_NONE
from archlint.model.own import OWN_KEY, text_of
from archlint.model.pieces import Amounts, Extra
from archlint.model.quantities import (
    format_count,
    format_duration,
    format_percentile,
    parse_count,
    parse_duration,
    shorten,
)
from archlint.model.reading import Reading
from archlint.model.types import Definitions, Parsed, Schema, percentile_of, shared
from archlint.model.units import COUNT_PATTERN, DURATION_PATTERN, NUMBER_PATTERN
from archlint.source.nodes import Entry, Mapping, Node, Scalar, Span

DURATION: Final[Parsed[float]] = Parsed(parse_duration, "a duration", "850ms", DURATION_PATTERN, name="duration")
_OBJECTIVE: Final[Parsed[float]] = Parsed(
    parse_duration, "a duration", "300ms", DURATION_PATTERN, name="duration",
    zero="no answer takes zero time; remove the key if there is no objective",
)  # fmt: skip
_AMOUNT: Final[Parsed[float]] = Parsed(
    parse_count, "a number of tokens", "350", COUNT_PATTERN, name="tokens", number={"minimum": 0}
)
_PERCENTILE_PATTERN: Final = r"^p[0-9]{1,2}(\.[0-9]{1,4})?$"
_OWN_PATTERN: Final = f"^{OWN_KEY}"
_OWN: Final[Schema] = {"description": "Your own data. archlint only keeps it."}
MAXIMUM: Final = "The maximum: a limit that is set. `none` states that there is none"
"""What `max` of an amount means."""
_LOW: Final = 0.1
"""Nobody measures a percentile below this one: `p9` is a typo if its value is out of order."""
_LIKELY: Final = {
    "median": "p50", "avg": "mean", "average": "mean", "stddev": "cv", "std": "cv", "p999": "p99.9", "p9999": "p99.99",
    "p995": "p99.5", "max": "p99.9", "p100": "p99.9", "min": "p1",
}  # fmt: skip


class Objective(msgspec.Struct, frozen=True):
    """A latency objective: (fraction, seconds) in rising order of the fraction, and the mean in seconds."""

    percentiles: tuple[tuple[float, float], ...] = ()
    mean_s: float | None = None
    extra: Extra = ()


def _own(node: Mapping) -> tuple[Extra, dict[str, Entry]]:
    """Part the keys of a mapping into a user's own, as text, and the others."""
    others = {key: entry for key, entry in node.entries.items() if not key.startswith(OWN_KEY)}
    if len(others) == len(node.entries):
        return (), others
    return tuple((key, text_of(entry.value)) for key, entry in node.entries.items() if key not in others), others


class _Stated(msgspec.Struct, frozen=True):
    fraction: float
    amount: float
    key: str
    entry: Entry


def _read_percentiles(
    r: Reading, entries: dict[str, Entry], type_: Parsed[float], show: Callable[[float], str] = format_duration
) -> tuple[tuple[float, float], ...] | None:
    """Read percentiles into (fraction, value) in rising order; None if they contradict each other."""
    stated: list[_Stated] = []
    path = r.path
    path.append("")
    for key, entry in entries.items():
        path[-1] = key
        fraction = percentile_of(key)
        if fraction is None:
            likely = _LIKELY.get(key.lower(), key.lower() if percentile_of(key.lower()) else None)
            suggestion = f"did you mean `{likely}`?" if likely else "write p50, p95, p99 or p99.9"
            r.report("unknown-key", entry.key_span, f"`{shorten(key)}` is not a percentile", suggestion)
            continue
        node = entry.value
        value = type_.known.get(node.text) if isinstance(node, Scalar) else None
        if value is None:
            value = type_.read(r, node)
        if value is not None:
            stated.append(_Stated(fraction, value, key, entry))
    path.pop()
    if len(stated) > 1:
        stated.sort(key=lambda item: item.fraction)
        if not _in_order(r, stated, show):
            return None
    return tuple((item.fraction, item.amount) for item in stated)


def _in_order(r: Reading, stated: list[_Stated], show: Callable[[float], str]) -> bool:
    """Whether values rise with the fraction; each pair that does not rise is reported."""
    fine = True
    for low, high in zip(stated, stated[1:], strict=False):
        if low.fraction == high.fraction:
            message, suggestion = f"{high.key} and {low.key} are the same percentile", "remove one of them"
        elif high.amount < low.amount and low.fraction < _LOW:
            fine = False
            message = f"unknown percentile `{low.key}`: its {show(low.amount)} is above {high.key}, {show(high.amount)}"
            steps = (*r.path, low.key)
            r.report("unknown-key", low.entry.key_span, message, "did you mean `p90` or `p99`?", steps=steps)
            continue
        elif high.amount < low.amount:
            message = (
                f"{high.key} is {show(high.amount)}, below {low.key} with {show(low.amount)}: "
                "a higher percentile is never smaller"
            )
            suggestion = "swap them?"
        else:
            continue
        fine = False
        first = ((f"{low.key} is set here", r.document, _span_of(low.entry)),)
        r.report(
            "contradiction", _span_of(high.entry), message, suggestion, related=first, steps=(*r.path, high.key)
        )
    return fine


def _span_of(entry: Entry) -> Span:
    return entry.value.span


class ServiceTimeType:
    """One duration, or percentiles, or mean and cv."""

    known: AbstractMapping[str, ServiceTime] = MappingProxyType({})
    by_text: Final = True

    def read(self, r: Reading, node: Node) -> ServiceTime | None:
        """Read either form; a mapping needs a percentile or the mean."""
        if isinstance(node, Scalar) and not node.is_null:
            constant = DURATION.read(r, node)
            return None if constant is None else ServiceTime(constant_s=constant)
        if not isinstance(node, Mapping):
            r.wrong_shape(node, "a duration, or percentiles", "850ms or {p50: 850ms, p99: 1.6s}")
            return None
        mean = cv = None
        extra, others = _own(node)
        if "mean" in others or "cv" in others:
            mean, cv = _read_key(r, node, "mean", DURATION), _read_key(r, node, "cv", CV)
            others = {key: entry for key, entry in others.items() if key not in {"mean", "cv"}}
        percentiles = _read_percentiles(r, others, DURATION)
        if percentiles is None or not (percentiles or mean is not None):
            if not others and "mean" not in node.entries:
                r.report("missing-key", node.span, f"{r.subject()} has no time", "add `p50:` and `p99:`, or `mean:`")
            return None
        return ServiceTime(percentiles=percentiles, mean_s=mean, cv=cv, extra=extra)

    def schema(self, defs: Definitions) -> Schema:
        """A duration or an object of percentiles."""
        return shared(defs, "service-time", lambda: self._schema(defs))

    def _schema(self, defs: Definitions) -> Schema:
        duration = DURATION.schema(defs)
        stated: Schema = {
            "title": "percentiles",
            "type": "object",
            "properties": {
                "mean": {"description": "The mean.", **duration},
                "cv": {"description": "Standard deviation divided by the mean.", **CV.schema(defs)},
            },
            "patternProperties": {_PERCENTILE_PATTERN: duration, _OWN_PATTERN: _OWN},
            "additionalProperties": False,
            "anyOf": [{"required": ["mean"]}, {"not": {"propertyNames": {"pattern": f"^(mean|cv)$|{_OWN_PATTERN}"}}}],
        }
        return {"description": "One duration, or percentiles, or mean and cv.", "anyOf": [duration, stated]}


def _read_key(r: Reading, node: Mapping, key: str, type_: Parsed[float]) -> float | None:
    entry = node.entries.get(key)
    if entry is None:
        return None
    r.path.append(key)
    value = type_.read(r, entry.value)
    r.path.pop()
    return value


def _says_none(node: Mapping, key: str) -> bool:
    entry = node.entries.get(key)
    return entry is not None and isinstance(entry.value, Scalar) and entry.value.text == STATED_NONE


class LatencyType:
    """Percentiles and a mean, or one duration, which is the p99."""

    known: AbstractMapping[str, Objective] = MappingProxyType({})
    by_text: Final = True

    def read(self, r: Reading, node: Node) -> Objective | None:
        """Read either form; a mapping needs a percentile or the mean."""
        if isinstance(node, Scalar) and not node.is_null:
            single = _OBJECTIVE.read(r, node)
            return None if single is None else Objective(((0.99, single),))
        if not isinstance(node, Mapping):
            r.wrong_shape(node, "percentiles", "{p99: 300ms}")
            return None
        extra, others = _own(node)
        if not others:
            r.report("missing-key", node.span, f"{r.subject()} has no time", "add `p99:`")
        mean = _read_key(r, node, "mean", _OBJECTIVE)
        others.pop("mean", None)
        percentiles = _read_percentiles(r, others, _OBJECTIVE)
        if percentiles is None or not (percentiles or mean is not None):
            return None
        return Objective(percentiles, mean, extra)

    def schema(self, defs: Definitions) -> Schema:
        """A duration or an object of percentiles."""
        return shared(defs, "latency", lambda: self._schema(defs))

    def _schema(self, defs: Definitions) -> Schema:
        duration = _OBJECTIVE.schema(defs)
        stated = _percentile_object(duration, mean="The mean over all requests.")
        return {"description": "Percentiles and a mean, or one duration for the p99.", "anyOf": [duration, stated]}


class AmountsType:
    """A number of tokens, or percentiles, a mean and a maximum."""

    known: AbstractMapping[str, Amounts] = MappingProxyType({})
    by_text: Final = True

    def read(self, r: Reading, node: Node) -> Amounts | None:
        """Read either form; a mapping needs a percentile, the mean or the maximum."""
        if isinstance(node, Scalar) and not node.is_null:
            constant = _AMOUNT.read(r, node)
            return None if constant is None else Amounts(constant=constant)
        if not isinstance(node, Mapping):
            r.wrong_shape(node, "a number of tokens, or percentiles", "350 or {p50: 200, p99: 1.2k}")
            return None
        extra, others = _own(node)
        if not others:
            r.report("missing-key", node.span, f"{r.subject()} has no number", "add `p50:`, `p99:`, `mean:` or `max:`")
        mean, unlimited = _read_key(r, node, "mean", _AMOUNT), _says_none(node, "max")
        most = None if unlimited else _read_key(r, node, "max", _AMOUNT)
        others = {key: entry for key, entry in others.items() if key not in {"mean", "max"}}
        percentiles = _read_percentiles(r, others, _AMOUNT, format_count)
        if percentiles is None or not (percentiles or mean is not None or most is not None):
            return None
        self._compare(r, node, percentiles, mean, most)
        return Amounts(percentiles=percentiles, mean=mean, most=most, unlimited=unlimited, extra=extra)

    @staticmethod
    def _compare(
        r: Reading, node: Mapping, percentiles: tuple[tuple[float, float], ...], mean: float | None, most: float | None
    ) -> None:
        """Report a maximum below the mean or below a percentile."""
        if most is None:
            return
        stated = [("mean", mean), *((format_percentile(fraction), amount) for fraction, amount in percentiles)]
        for key, amount in stated:
            if amount is not None and amount > most:
                message = f"max is {format_count(most)}, below {key} with {format_count(amount)}"
                entry = node.entries["max"]
                r.report("contradiction", entry.value.span, message, "raise max", steps=(*r.path, "max"))
                return

    def schema(self, defs: Definitions) -> Schema:
        """A number or an object of percentiles."""
        return shared(defs, "amounts", lambda: self._schema(defs))

    def _schema(self, defs: Definitions) -> Schema:
        amount = _AMOUNT.schema(defs)
        limit: Schema = {"description": f"{MAXIMUM}.", "anyOf": [amount, {"enum": [STATED_NONE]}]}
        mean: Schema = {"description": "The mean over all requests.", **amount}
        stated: Schema = {**_percentile_object(amount), "properties": {"mean": mean, "max": limit}}
        return {"description": "A number of tokens, or percentiles, a mean and a maximum.", "anyOf": [amount, stated]}


def _percentile_object(value: Schema, **others: str) -> Schema:
    """Return the schema of percentiles; `others` are the further keys, with their descriptions."""
    return {
        "title": "percentiles",
        "type": "object",
        "properties": {key: {"description": description, **value} for key, description in others.items()},
        "patternProperties": {_PERCENTILE_PATTERN: value, _OWN_PATTERN: _OWN},
        "additionalProperties": False,
        "minProperties": 1,
        "not": {"propertyNames": {"pattern": _OWN_PATTERN}},
    }


def _parse_cv(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e6:
        raise ValueError(f"`{shorten(text)}` is not a coefficient of variation; write a number such as 0.4")
    return value


CV: Final[Parsed[float]] = Parsed(
    _parse_cv, "a coefficient of variation", "0.4", NUMBER_PATTERN, name="coefficient-of-variation",
    number={"minimum": 0, "exclusiveMaximum": 1e6},
)

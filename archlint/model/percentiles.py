"""Types for what is stated at percentiles: service times and latency objectives."""

from __future__ import annotations

from archlint.model.architecture import ServiceTime
from archlint.model.quantities import format_duration, format_percentile, parse_duration
from archlint.model.reading import Reading, Steps
from archlint.model.types import Parsed, Schema, percentile_of
from archlint.source.nodes import Mapping, Node, Scalar, Span

DURATION_PATTERN = r"^[0-9][0-9_,]*(\.[0-9]+)?\s*(ns|us|µs|ms|s|sec|min|h|d|w)$"
DURATION: Parsed[float] = Parsed(parse_duration, "a duration", "850ms", DURATION_PATTERN)


def _read_percentile(r: Reading, key: str, span: Span, node: Node, steps: Steps) -> tuple[float, float] | None:
    fraction = percentile_of(key)
    if fraction is None:
        r.report("unknown-key", (*steps, key), span, f"`{key}` is no percentile", "write p50, p95, p99 or p99.9")
        return None
    value = DURATION.read(r, node, (*steps, key))
    return None if value is None else (fraction, value)


def _check_order(r: Reading, node: Mapping, steps: Steps, stated: list[tuple[float, float]]) -> None:
    """Report percentiles that fall as the fraction rises."""
    for (low, low_s), (high, high_s) in zip(stated, stated[1:], strict=False):
        if high_s < low_s:
            name, other = format_percentile(high), format_percentile(low)
            entry, first = node.entries.get(name), node.entries.get(other)
            message = (
                f"{name} is {format_duration(high_s)}, below {other} with {format_duration(low_s)}: "
                "a higher percentile is never smaller"
            )
            span = Span(entry.value.start, entry.value.end) if entry else node.span
            related = ((f"{other} is said here", r.document, Span(first.value.start, first.value.end)),) if first else ()
            r.report("contradiction", (*steps, name), span, message, "are they swapped?", related)


class ServiceTimeType:
    """One duration, or percentiles, or mean and cv."""

    def read(self, r: Reading, node: Node, steps: Steps) -> ServiceTime | None:
        """Read either form; a mapping needs at least one percentile, or the mean."""
        if isinstance(node, Scalar) and not node.is_null:
            constant = DURATION.read(r, node, steps)
            return None if constant is None else ServiceTime(constant_s=constant)
        if not isinstance(node, Mapping):
            r.wrong_shape(steps, node, "a duration, or percentiles", "850ms or {p50: 850ms, p99: 1.6s}")
            return None
        percentiles: list[tuple[float, float]] = []
        mean: float | None = None
        cv: float | None = None
        for key, entry in node.entries.items():
            if key == "mean":
                mean = DURATION.read(r, entry.value, (*steps, key))
            elif key == "cv":
                cv = _CV.read(r, entry.value, (*steps, key))
            else:
                stated = _read_percentile(r, key, entry.key_span, entry.value, steps)
                if stated is not None:
                    percentiles.append(stated)
        percentiles.sort()
        _check_order(r, node, steps, percentiles)
        if not percentiles and mean is None:
            if not node.entries or cv is not None:
                r.report("missing-key", steps, node.span, "this says no time", "add `p50:` and `p99:`, or `mean:`")
            return None
        return ServiceTime(percentiles=tuple(percentiles), mean_s=mean, cv=cv)

    def schema(self) -> Schema:
        """A duration or an object of percentiles."""
        duration = DURATION.schema()
        return {
            "anyOf": [
                duration,
                {
                    "type": "object",
                    "properties": {
                        "mean": {"description": "The mean.", **duration},
                        "cv": {"description": "Standard deviation divided by the mean.", "type": "number"},
                    },
                    "patternProperties": {r"^p[0-9]{1,2}(\.[0-9]{1,4})?$": duration},
                    "additionalProperties": False,
                    "minProperties": 1,
                },
            ]
        }


class LatencyType:
    """Percentiles, or one duration, which is read as the p99."""

    def read(self, r: Reading, node: Node, steps: Steps) -> tuple[tuple[float, float], ...] | None:
        """Read either form into (fraction, seconds), in rising order."""
        if isinstance(node, Scalar) and not node.is_null:
            single = DURATION.read(r, node, steps)
            return None if single is None else ((0.99, single),)
        if not isinstance(node, Mapping):
            r.wrong_shape(steps, node, "percentiles", "{p99: 300ms}")
            return None
        stated = []
        for key, entry in node.entries.items():
            value = _read_percentile(r, key, entry.key_span, entry.value, steps)
            if value is not None:
                stated.append(value)
        stated.sort()
        _check_order(r, node, steps, stated)
        return tuple(stated)

    def schema(self) -> Schema:
        """A duration or an object of percentiles."""
        duration = DURATION.schema()
        pattern = {r"^p[0-9]{1,2}(\.[0-9]{1,4})?$": duration}
        return {"anyOf": [duration, {"type": "object", "patternProperties": pattern, "additionalProperties": False}]}


def _parse_cv(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e6:
        raise ValueError(f"`{text[:40]}` is not a coefficient of variation; write a number such as 0.4")
    return value


_CV: Parsed[float] = Parsed(_parse_cv, "a number", "0.4", None, bare=True)

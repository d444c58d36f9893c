"""The facts that a file states of a part, as values that can be compared: without units, and sets without their order.

The difference of two versions and the page of a picture show the same facts, so that no key of the format is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from math import isclose
from typing import Final

import msgspec

from archlint.analysis.fact_names import unit_of
from archlint.model.architecture import Architecture, Component, Model, Relation, ServiceTime, Workload
from archlint.model.cron import Schedule, canonical
from archlint.model.fields import STATED_NONE, Field, Rec
from archlint.model.percentiles import LatencyType
from archlint.model.pieces import Amounts
from archlint.model.places import place
from archlint.model.quantities import Money, format_percentile, format_quantity
from archlint.model.records import NONE_VERBS
from archlint.model.types import Many, Name
from archlint.model.vocabulary import (
    COMPONENT_FIELDS,
    MODEL_RECORD,
    RELATION_FIELDS,
    SYSTEM_FIELDS,
    WORKLOAD,
)

Record = Architecture | Component | Model | Relation | Workload
Value = float | str | tuple["Value", ...]
Rename = Callable[[str, str], str]
"""From a section and an old name to the current name."""
_FIELDS: Final[Mapping[type[Record], tuple[Field[object], ...]]] = {
    Architecture: SYSTEM_FIELDS,
    Component: COMPONENT_FIELDS,
    Model: tuple(MODEL_RECORD.fields.values()),
    Relation: tuple(field for field in RELATION_FIELDS if field.key != "to"),
    Workload: tuple(WORKLOAD.fields.values()),
}
_IN_ORDER: Final = frozenset({"models"})
_NEAR: Final = 1e-9
"""Two numbers are equal if they differ by less than this share: conversions of units round the last digits."""


class Fact(msgspec.Struct, frozen=True):
    """A value in base units; `text` is for readers, `exact` distinguishes values whose texts are equal."""

    value: Value
    text: str
    exact: str = ""

    def is_like(self, other: Fact) -> bool:
        """Whether two facts have the same value."""
        return same(self.value, other.value)


def same(one: Value, other: Value) -> bool:
    """Whether two values are the same; numbers may differ by rounding.

    >>> same(1.0, 1000 * 0.001), same(("a", 2.0), ("a", 3.0))
    (True, False)
    """
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return isclose(one, other, rel_tol=_NEAR)
    return one == other


def unchanged(_section: str, name: str) -> str:
    """Keep a name."""
    return name


def facts_of(record: Record, rename: Rename = unchanged, nones: Collection[str] = ()) -> dict[str, Fact]:
    """Return the facts of a part, by their keys in the file. `nones` are the places where the file states `none`.

    >>> import archlint
    >>> component = archlint.load('''
    ... archlint: 1
    ... components:
    ...   api: {kind: service, replicas: {min: 2, max: 4}, zones: [b, a], start_time: 1500ms}
    ... ''').components["api"]
    >>> for key, fact in facts_of(component).items():
    ...     print(key, "=", fact.text)
    kind = service
    replicas.min = 2
    replicas.max = 4
    zones = a, b
    start_time = 1.5 s
    """
    found: dict[str, Fact] = {}
    for field in _FIELDS[type(record)]:
        value: object = getattr(record, field.attribute)
        if value is None and isinstance(record, Component) and field.attribute == "replicas":
            value = record.scaling
        if value is None and isinstance(record, Component) and field.attribute == "zones":
            value = record.zone_count
        found.update(_flat(field.key, field, value, rename))
    if isinstance(record, Relation | Model):
        found.update(_named_in_text(record, found, rename))
    found |= {key: Fact(text, text) for key, text in record.extra}
    return found | _stated_nones(record, nones)


def _named_in_text(record: Relation | Model, found: Mapping[str, Fact], rename: Rename) -> Iterator[tuple[str, Fact]]:
    """Yield the facts in words that may name a part: a fallback, the model that another one was quantised from."""
    key, section = ("fallback", "components") if isinstance(record, Relation) else ("quantised_from", "models")
    if key in found:
        name = rename(section, found[key].text)
        yield key, Fact(name, name)


def _stated_nones(record: Record, nones: Collection[str]) -> dict[str, Fact]:
    if not nones:
        return {}
    at = place() if isinstance(record, Architecture) else record.place()
    keys = [field.key for field in _FIELDS[type(record)] if field.may_be_none]
    if isinstance(record, Component):
        keys += sorted(NONE_VERBS)
    return {key: Fact(STATED_NONE, STATED_NONE) for key in keys if at.key(key).identity in nones}


def _flat(key: str, field: Field[object], value: object, rename: Rename) -> Iterator[tuple[str, Fact]]:
    """Yield the facts of one field; each field of a record is a fact of its own."""
    kind = field.type
    if value is None or value == ():
        return
    if isinstance(value, ServiceTime):
        yield from _times(key, value)
    elif isinstance(value, Amounts):
        yield from _amounts(key, value)
    elif isinstance(value, Money | Schedule):
        yield key, _money(value) if isinstance(value, Money) else _schedule(value)
    elif isinstance(kind, Rec) and isinstance(value, msgspec.Struct):
        for inner in kind.fields.values():
            part: object = getattr(value, inner.attribute)
            yield from _flat(key if inner.main else f"{key}.{inner.key}", inner, part, rename)
            mean: object = getattr(value, f"{inner.attribute}_mean_s", None)
            if isinstance(inner.type, LatencyType) and isinstance(mean, float):
                yield f"{key}.{inner.key}.mean", _number(mean, "s")
        extra: object = getattr(value, "extra", ())
        for own, text in extra if isinstance(extra, tuple) else ():
            yield f"{key}.{own}", Fact(text, text)
    elif isinstance(value, tuple) and value and isinstance(value[0], tuple):
        for fraction, seconds in value:
            yield f"{key}.{format_percentile(fraction)}", _number(seconds, "s")
    elif isinstance(value, tuple):
        names = [_named(kind, str(item), rename) for item in value]
        ordered = names if key in _IN_ORDER else sorted(names)
        yield key, Fact(tuple(ordered), ", ".join(ordered))
    elif isinstance(value, bool):
        yield key, Fact("yes" if value else "no", "yes" if value else "no")
    elif isinstance(value, int | float):
        yield key, _number(value, unit_of(field))
    else:
        text = _named(kind, str(value), rename)
        yield key, Fact(text, text)


def _named(kind: object, text: str, rename: Rename) -> str:
    """Return the current name of a part; other text stays as it is."""
    inner = kind.item if isinstance(kind, Many) else kind
    return rename(inner.section, text) if isinstance(inner, Name) else text


def _number(value: float, unit: str) -> Fact:
    return Fact(float(value), format_quantity(float(value), unit), f"{value:.12g} {unit}".rstrip())


def _times(key: str, time: ServiceTime) -> Iterator[tuple[str, Fact]]:
    if time.constant_s is not None:
        yield key, _number(time.constant_s, "s")
    for fraction, seconds in time.percentiles:
        yield f"{key}.{format_percentile(fraction)}", _number(seconds, "s")
    if time.mean_s is not None:
        yield f"{key}.mean", _number(time.mean_s, "s")
    if time.cv is not None:
        yield f"{key}.cv", _number(time.cv, "")


def _amounts(key: str, amounts: Amounts) -> Iterator[tuple[str, Fact]]:
    if amounts.constant is not None:
        yield key, _number(amounts.constant, "count")
    for name, amount in amounts.by_name.items():
        yield f"{key}.{name}", _number(amount, "count")
    if amounts.unlimited:
        yield f"{key}.max", Fact(STATED_NONE, STATED_NONE)


def _money(money: Money) -> Fact:
    """Return the cost of one prediction, or of one second."""
    if money.per_s is not None:
        per = format_quantity(money.per_s, "s")
        return Fact((money.amount / money.per_s, money.currency, "s"), f"{money.amount:g} {money.currency} per {per}")
    count = money.per_count or 1.0
    per = format_quantity(count, "count")
    return Fact((money.amount / count, money.currency, ""), f"{money.amount:g} {money.currency} per {per}")


def _schedule(schedule: Schedule) -> Fact:
    """Compare periods by their length, and cron expressions by the times at which they run."""
    value = canonical(schedule.text)
    if isinstance(value, str):
        return Fact(value, " ".join(schedule.text.split()))
    return Fact(value, f"every {format_quantity(value, 's')}", f"every {value:.12g} s")

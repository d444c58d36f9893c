"""Converts the fields of a record, set or not, to plain values for expressions.

The value of a missing fact depends on the meaning of its absence. If it means none: the empty value of its kind, and
infinity for a limit. If it is assumed or derived: that value. If it is unknown or not applicable: no value, so that an
expression that needs it cannot be evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from archlint.analysis.fact_names import PERCENTILE, Fields, unit_of
from archlint.analysis.facts import Fact
from archlint.analysis.service_time import mean
from archlint.catalog.hardware import accelerator
from archlint.model.architecture import Hardware, Owner, ServiceTime
from archlint.model.cron import Schedule
from archlint.model.fields import Field, Rec
from archlint.model.percentiles import AmountsType, LatencyType, Objective, ServiceTimeType
from archlint.model.pieces import Amounts
from archlint.model.places import Place, place
from archlint.model.quantities import Money, format_percentile
from archlint.model.types import Flag, Many, Parsed
from archlint.model.vocabulary import NOT_ASKED
from archlint.verdicts import Origin

Value = bool | float | str | list["Value"] | dict[str, "Value"]
_INFINITE: Final = float("inf")
_WHERE_ABSENT: Final[Mapping[str, Value]] = {
    "retries": 0.0, "share": 1.0, "hit_ratio": 0.0, "caches": "prediction", "wait": True, "parallel": "",
    "either": "", "to": "", "in_process": False, "stage": "", "described": [],
}  # fmt: skip
_PARTS: Final = ("text", "longest_gap_s", "amount", "currency", "per_s", "per_count")


class Leaf(msgspec.Struct, frozen=True):
    """One fact, stated or not.

    `path` is its name in expressions, `place` its place in the file, also if it is missing. `value` is None if it is
    unknown or not applicable. `absent` is true if the file does not state it and that means none.
    """

    path: str
    place: Place
    unit: str = ""
    value: Value | None = None
    origin: Origin = Origin.STATED
    note: str = ""
    absent: bool = False
    not_asked: bool = False


class Values:
    """Converts records to values, and adds each fact to `leaves`; only `mentioned` facts are converted.

    `owner` is the owner of the system, and the default for its parts.
    """

    def __init__(self, mentioned: frozenset[str], owner: Owner | None) -> None:
        self.mentioned = mentioned
        self.percentiles = sorted(word for word in mentioned if PERCENTILE.fullmatch(word))
        self.owner = owner or Owner()
        self.leaves: list[Leaf] = []

    def note(self, found: dict[str, Value], name: str, leaf: Leaf) -> None:
        """Add a fact, and its value if it has one."""
        self.leaves.append(leaf)
        if leaf.value is not None:
            found[name] = leaf.value

    def fields(
        self, fields: Fields, record: object, at: Leaf, special: Mapping[str, object] | None = None, outer: str = ""
    ) -> dict[str, Value]:
        """Convert the mentioned fields of a record; values in `special` replace those of the record.

        `at` is the path and place of the record; `outer` is the meaning of its own absence.
        """
        found: dict[str, Value] = {}
        for field in fields:
            name = field.attribute
            if name in self.mentioned:
                value = special[name] if special and name in special else _held(field, record)
                leaf = Leaf(f"{at.path}.{name}", at.place.key(field.key), unit_of(field))
                self._field(found, field, value, leaf, outer if outer and field.main else field.absent)
        return found

    def _field(self, found: dict[str, Value], field: Field[object], value: object, leaf: Leaf, absent: str) -> None:
        kind, name = field.type, field.attribute
        if isinstance(value, Fact):
            self.note(found, name, _of_fact(leaf, value))
        elif isinstance(kind, ServiceTimeType | LatencyType):
            found[name] = self._gathered(self._times(leaf, value, absent))
        elif isinstance(kind, AmountsType):
            found[name] = self._gathered(self._amounts(leaf, value))
        elif isinstance(kind, Rec) and name != "replicas":
            found[name] = self.fields(kind.fields.values(), value, leaf, self._inherited(kind, value), absent)
        elif isinstance(kind, Parsed) and kind.name in {"schedule", "money", "token-price"}:
            found[name] = self._gathered(self._parts(leaf, value, absent))
        elif value is not None:
            self.note(found, name, msgspec.structs.replace(leaf, value=_plain(value)))
        else:
            self.note(found, name, _missing(leaf, field, absent))

    def _gathered(self, parts: Iterator[tuple[str, Leaf]]) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for name, leaf in parts:
            self.note(found, name, leaf)
        return found

    def _times(self, leaf: Leaf, value: object, absent: str) -> Iterator[tuple[str, Leaf]]:
        """Yield the mentioned percentiles; for a service time also the mean and its variation."""
        stated: dict[str, float | None] = {}
        if isinstance(value, ServiceTime):
            if value.constant_s is not None:
                stated = dict.fromkeys(self.percentiles, value.constant_s)
            stated |= {"mean_s": mean(value), "cv": value.cv}
        elif isinstance(value, Objective):
            stated = {"mean_s": value.mean_s}
        if isinstance(value, ServiceTime | Objective):
            stated |= {format_percentile(fraction): seconds for fraction, seconds in value.percentiles}
        for name in (*self.percentiles, *sorted({"mean_s", "cv"} & self.mentioned)):
            known = stated.get(name)
            at = leaf.place.key(name.removesuffix("_s")) if value is not None else leaf.place
            not_asked = known is None and absent == NOT_ASKED
            unit = "" if name == "cv" else "s"
            yield name, Leaf(f"{leaf.path}.{name}", at, unit, known, not_asked=not_asked)

    def _amounts(self, leaf: Leaf, value: object) -> Iterator[tuple[str, Leaf]]:
        """Yield the mentioned percentiles, the mean and the maximum; a constant is all of them."""
        stated: dict[str, float | None] = {}
        if isinstance(value, Amounts):
            if value.constant is not None:
                stated = dict.fromkeys((*self.percentiles, "mean", "max"), value.constant)
            else:
                stated |= value.by_name
        for name in (*self.percentiles, *sorted({"mean", "max"} & self.mentioned)):
            at = leaf.place.key(name) if value is not None else leaf.place
            yield name, Leaf(f"{leaf.path}.{name}", at, "count", stated.get(name))

    def _parts(self, leaf: Leaf, value: object, absent: str) -> Iterator[tuple[str, Leaf]]:
        """Yield the parts of a schedule, or of money."""
        parts: dict[str, Value] = {}
        if isinstance(value, Schedule):
            parts = {"text": value.text, "longest_gap_s": value.longest_gap_s}
        elif isinstance(value, Money):
            parts = {"amount": value.amount, "currency": value.currency}
            parts |= {"per_s": value.per_s or 0.0, "per_count": value.per_count or 0.0}
        for name in _PARTS:
            if name in self.mentioned:
                part = parts.get(name)
                not_asked = part is None and absent == NOT_ASKED
                unit = "s" if name.endswith("_s") else ""
                yield name, Leaf(f"{leaf.path}.{name}", leaf.place, unit, part, not_asked=not_asked)

    def _inherited(self, kind: Rec[object], value: object) -> Mapping[str, object] | None:
        """Return values that a record gets from elsewhere: hardware from the catalogue, the owner from the system."""
        if isinstance(value, Hardware):
            return _hardware(value)
        if kind.make is not Owner:
            return None
        own = value if isinstance(value, Owner) else Owner()
        pairs = (
            ("team", own.team, self.owner.team), ("contact", own.contact, self.owner.contact),
            ("runbook", own.runbook, self.owner.runbook),
        )  # fmt: skip
        return {
            key: said if said is not None or whole is None else Fact(whole, Origin.STATED, place("owner", key))
            for key, said, whole in pairs
        }


def _held(field: Field[object], record: object) -> object:
    """Return what a record holds for a key; an objective with its mean."""
    value: object = getattr(record, field.attribute, None)
    if isinstance(field.type, LatencyType) and isinstance(value, tuple):
        mean_s: float | None = getattr(record, f"{field.attribute}_mean_s", None)
        return Objective(value, mean_s) if value or mean_s is not None else None
    return value


def _of_fact(leaf: Leaf, fact: Fact) -> Leaf:
    """Return the value of an analysis; an unknown one means none."""
    unset = fact.at is None and fact.origin is Origin.STATED
    return Leaf(leaf.path, fact.at or leaf.place, leaf.unit, fact.value, fact.origin, fact.source, unset)


def _hardware(value: Hardware) -> dict[str, object]:
    """Add the values of the hardware catalogue to the stated ones."""
    gpus: object = value.gpus
    memory: object = value.gpu_memory_bytes
    known = accelerator(value.gpu)
    if gpus is None and value.gpu is not None:
        gpus = Fact(1.0, Origin.ASSUMED, None, "one, where the file does not say")
    if memory is None and known is not None:
        memory = Fact(float(known.memory_bytes), Origin.ASSUMED, None, f"{known.title} ({known.source})")
    share: object = value.gpu_share
    if share is None and value.gpu is not None:
        share = Fact(1.0, Origin.ASSUMED, None, "whole accelerators, where the file does not say")
    return {"gpus": gpus, "gpu_memory_bytes": memory, "gpu_share": share}


def _missing(leaf: Leaf, field: Field[object], absent: str) -> Leaf:
    """Return the value of a fact that the file does not state."""
    name, kind = field.attribute, field.type
    if name in _WHERE_ABSENT:
        return msgspec.structs.replace(leaf, value=_WHERE_ABSENT[name], absent=True)
    if absent.partition(" ")[0] not in {"none", "false"}:      # "none in a file that describes its family" is none here
        return msgspec.structs.replace(leaf, not_asked=absent == NOT_ASKED)
    empty: Value = ""
    if isinstance(kind, Many):
        empty = []
    elif isinstance(kind, Flag):
        empty = False
    elif isinstance(kind, Parsed) and leaf.unit:
        empty = _INFINITE
    return msgspec.structs.replace(leaf, value=empty, absent=True)


def _plain(value: object) -> Value:
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return str(value)

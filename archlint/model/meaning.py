"""What the format has at a path: the keys of a mapping, the type of a value, and what each means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from archlint.model.fields import Field, Rec, Wrapped
from archlint.model.percentiles import CV, DURATION, MAXIMUM, AmountsType, LatencyType, ServiceTimeType
from archlint.model.places import Step
from archlint.model.records import (
    ACCEPT_RECORD,
    COMPONENT_RECORD,
    RELATION_RECORD,
    SECTIONS,
    SYSTEM_RECORD,
    Relations,
)
from archlint.model.types import Many
from archlint.model.values import COUNT, TEXT
from archlint.model.vocabulary import MODEL_RECORD, UNKNOWN, WORKLOAD

RECORDS: Final[Mapping[str, Rec[object]]] = {
    "components": COMPONENT_RECORD, "models": MODEL_RECORD, "workloads": WORKLOAD, "accept": ACCEPT_RECORD,
}  # fmt: skip
TOP: Final = {
    "archlint": Field("archlint", TEXT, "The version of the format: 1.", required=True),
    **SYSTEM_RECORD.fields,
    "workloads": Field("workloads", TEXT, "Demand: streams of prediction requests, with their objectives."),
    "models": Field("models", TEXT, "The trained models that are served."),
    "components": Field("components", TEXT, "The parts of the system, each with its outgoing relations."),
    "accept": Field("accept", TEXT, "Accepted findings, each with a reason."),
    "include": Field("include", TEXT, "More files of this system, relative to this one."),
}
_PERCENTILES: Final = {
    "p50": "Half of the values are at most this one: the median.", "p90": "90 % of the values are at most this one.",
    "p95": "95 % of the values are at most this one.", "p99": "99 % of the values are at most this one.",
    "mean": "The mean.",
}  # fmt: skip


class Meaning(NamedTuple):
    """What a path stands for.

    `keys` are those of a mapping there, `kind` is the type of a value there, `field` the key itself. `names` is the
    section whose names the user chooses. `top` is true for the path of a section or of the file.
    """

    keys: Mapping[str, Field[object]] = {}
    kind: object = None
    field: Field[object] | None = None
    names: str = ""


def meaning_of(path: tuple[Step, ...]) -> Meaning | None:
    """Return what a path stands for; None for a path that the format does not have.

    >>> meaning_of(("components", "api", "calls", 0, "timeout")).field.doc
    'Maximum time per attempt.'
    """
    if not path:
        return Meaning(TOP)
    first, *rest = path
    if first in RECORDS and first != "accept" and isinstance(first, str):
        if not rest:
            return Meaning(field=TOP[first], names=first)
        return _walk(Meaning(RECORDS[first].keys), tuple(rest[1:]))
    if first == "accept":
        return _walk(Meaning(ACCEPT_RECORD.keys, field=TOP["accept"]), tuple(rest))
    if first == "include":
        return Meaning(field=TOP["include"], kind="file")
    return _walk(Meaning(TOP), path)


def _walk(at: Meaning, rest: tuple[Step, ...]) -> Meaning | None:
    for step in rest:
        if isinstance(step, int):
            at = _item(at)
            continue
        field = at.keys.get(step)
        if field is None:
            return None
        at = Meaning(keys_of_type(field.type), field.type, field)
    return at


def _item(at: Meaning) -> Meaning:
    kind = at.kind.item if isinstance(at.kind, Many) else at.kind
    return Meaning(at.keys or keys_of_type(kind), kind, at.field)


def keys_of_type(kind: object) -> Mapping[str, Field[object]]:
    """Return the keys of a mapping of a type."""
    if isinstance(kind, Rec):
        return kind.keys
    if isinstance(kind, Relations):
        return RELATION_RECORD.keys
    if isinstance(kind, LatencyType | ServiceTimeType | AmountsType):
        inner = COUNT if isinstance(kind, AmountsType) else DURATION
        more = {"cv": "Standard deviation divided by the mean."} if isinstance(kind, ServiceTimeType) else {}
        found = {key: Field(key, CV if key == "cv" else inner, doc) for key, doc in (_PERCENTILES | more).items()}
        if isinstance(kind, AmountsType):
            found["max"] = Field("max", COUNT, f"{MAXIMUM}.", absent=UNKNOWN, may_be_none=True)
        return found
    return {}


def scalar_of(kind: object) -> object:
    """Return the type of the scalar form of a value: of a list its items, of a record its short form."""
    if isinstance(kind, Many):
        return scalar_of(kind.item)
    if isinstance(kind, Rec):
        return scalar_of(kind.scalar)
    if isinstance(kind, Wrapped):
        return scalar_of(kind.inner)
    if isinstance(kind, LatencyType | ServiceTimeType):
        return DURATION
    return COUNT if isinstance(kind, AmountsType) else kind


__all__ = ["RECORDS", "SECTIONS", "TOP", "Meaning", "keys_of_type", "meaning_of", "scalar_of"]

"""The names of facts in expressions: keys of the format with base units, and derived quantities."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Final

import msgspec

from archlint.model.fields import Field, Rec
from archlint.model.names import nearest
from archlint.model.percentiles import AmountsType, LatencyType, ServiceTimeType
from archlint.model.quantities import shorten
from archlint.model.types import Parsed
from archlint.model.vocabulary import (
    COMPONENT_FIELDS,
    MODEL_RECORD,
    RELATION_FIELDS,
    SYSTEM_FIELDS,
    WORKLOAD,
)
from archlint.model.words import VERBS

Fields = Iterable[Field[object]]
FIELDS: Final[Mapping[str, Fields]] = {
    "component": COMPONENT_FIELDS,
    "workload": tuple(WORKLOAD.fields.values()),
    "model": tuple(MODEL_RECORD.fields.values()),
    "relation": RELATION_FIELDS,
    "system": SYSTEM_FIELDS,
}
SUBJECTS: Final = tuple(FIELDS)
_COMPONENT: Final = {
    "name": "its name", "says": "the keys that the file says of it", "models": "the models that it serves",
    "technology": "what it uses, by its name in the catalogue",
    "reached_by": "the workloads that use it", "relations": "its relations, in the order of the file",
    "zone_count": "the number of different zones, from their names or as stated",
    "incoming": "the relations of others to it", **{verb: f"the names behind `{verb}`" for verb in VERBS},
}  # fmt: skip
DERIVED: Final[Mapping[str, Mapping[str, str]]] = {
    "component": _COMPONENT,
    "workload": {
        "name": "its name", "says": "the keys that the file says of it",
        "modes": "how it gets its predictions: online, batch, …",
        "servers": "the components that answer it with a model", "components": "all components that it uses",
        "waiting": "the components that its client waits for", "models": "the models that it runs, stated or reached",
    },
    "model": {
        "name": "its name", "says": "the keys that the file says of it", "servers": "the components that serve it",
        "workloads": "the workloads that get its predictions", "modes": "the modes in which they do",
    },
    "relation": {
        "verb": "calls, reads, writes, …", "source": "the component that it starts from",
        "target": "the component at its other end", "waits": "whether the caller waits for the answer",
        "says": "the attributes that the file says of it",
    },
    "system": {
        "name": "its name", "says": "the keys that the file says", "workloads": "the names of all workloads",
        "models": "the names of all models", "components": "the names of all components",
    },
}  # fmt: skip
UNITS: Final = {
    "duration": "s", "size": "B", "rate": "/s", "bandwidth": "B/s", "share": "share", "count": "count",
    "token-rate": "/s",
    "whole-number": "count", "cores": "count",
}  # fmt: skip
PERCENTILE: Final = re.compile(r"p[0-9]{1,2}(?:\.[0-9]{1,4})?")
_PARTS: Final = {
    "schedule": {
        "text": ("", "the schedule as written"), "longest_gap_s": ("s", "the longest time between two starts"),
    },
    "money": {
        "amount": ("", "the amount"), "currency": ("", "its currency"),
        "per_s": ("s", "the time that it is for, else 0"),
        "per_count": ("count", "the number of predictions that it is for, else 0"),
    },
    "token-price": {
        "amount": ("", "the amount"), "currency": ("", "its currency"),
        "per_count": ("count", "the number of tokens that it is for"),
    },
}  # fmt: skip
_TIMES: Final = {
    "mean_s": ("s", "the mean, stated or by the lognormal through two percentiles"),
    "cv": ("", "its variation"),
}


class FactName(msgspec.Struct, frozen=True):
    """A fact that an expression may use: its path from a variable, unit, meaning, and the meaning of its absence."""

    path: tuple[str, ...]
    unit: str
    doc: str
    absent: str = ""


def fact_names(variable: str) -> Iterator[FactName]:
    """Yield every fact of a variable (`component`, `workload`, `model`, `relation`, `system`), for documentation.

    >>> next(fact_names("component")).path
    ('component', 'name')
    """
    for name, doc in DERIVED[variable].items():
        yield FactName((variable, name), "", doc)
    for field in FIELDS[variable]:
        if field.attribute not in DERIVED[variable]:
            yield from _names_of(field, (variable,))


def _names_of(field: Field[object], above: tuple[str, ...]) -> Iterator[FactName]:
    path = (*above, field.attribute)
    kind = field.type
    if isinstance(kind, Rec) and field.attribute != "replicas":
        for inner in kind.fields.values():
            yield from (
                msgspec.structs.replace(n, absent=field.absent) if inner.main else n for n in _names_of(inner, path)
            )
    elif isinstance(kind, ServiceTimeType):
        for name, (unit, doc) in _TIMES.items():
            yield FactName((*path, name), unit, doc, field.absent)
        yield FactName((*path, "p99"), "s", "a stated percentile: p50, p95, p99, …", field.absent)
    elif isinstance(kind, AmountsType):
        yield FactName((*path, "mean"), "count", "the mean, or the number that all requests have", field.absent)
        yield FactName((*path, "max"), "count", "the maximum, or the number that all requests have", field.absent)
        yield FactName((*path, "p99"), "count", "a stated percentile: p50, p95, p99, …", field.absent)
    elif isinstance(kind, LatencyType):
        yield FactName((*path, "mean_s"), "s", "the mean", field.absent)
        yield FactName((*path, "p99"), "s", "a stated percentile: p50, p95, p99, …", field.absent)
    elif isinstance(kind, Parsed) and kind.name in _PARTS:
        for name, (unit, doc) in _PARTS[kind.name].items():
            yield FactName((*path, name), unit, doc, field.absent)
    else:
        yield FactName(path, unit_of(field), field.doc, field.absent)


def unit_of(field: Field[object]) -> str:
    """Return the base unit of a field's value: `s`, `B`, `/s`, `B/s`, `share`, `count`, or none."""
    if field.attribute == "replicas":
        return "count"
    return UNITS.get(field.type.name, "") if isinstance(field.type, Parsed) else ""


Tree = dict[str, "Tree"]


@cache
def _tree(variable: str) -> Tree:
    """Return the names inside a variable as a tree; a fact has no names inside."""
    tree: Tree = {}
    for name in fact_names(variable):
        node = tree
        for step in name.path[1:]:
            node = node.setdefault(step, {})
    return tree


def wrong_name(variable: str, names: Iterable[str]) -> str | None:
    """Return what is wrong with a path of names in a variable; None if it leads to a fact.

    CEL checks the names after a fact: they may be methods.

    >>> wrong_name("component", ["owner", "team"]), wrong_name("component", ["zones", "size"])
    (None, None)
    >>> wrong_name("component", ["owner", "teem"])
    '`component.owner` has no fact `teem`; did you mean `team`?'
    """
    node, above = _tree(variable), variable
    for name in names:
        if not node:
            return None
        if name not in node:
            if "p99" in node and PERCENTILE.fullmatch(name):
                return None
            likely = nearest(name, node)
            return f"`{above}` has no fact `{shorten(name)}`; " + (
                f"did you mean `{likely}`?" if likely else f"known: {', '.join(node)}"
            )
        node, above = node[name], f"{above}.{name}"
    return None


@cache
def _all_names() -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(step for variable in SUBJECTS for name in fact_names(variable) for step in name.path[1:])
    )


def likely_name(word: str) -> str | None:
    """Return the fact of any variable that a word most likely means; the word itself if it is a fact."""
    return word if word in _all_names() or PERCENTILE.fullmatch(word) else nearest(word, _all_names())

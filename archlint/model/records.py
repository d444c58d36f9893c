"""The records of components with their relations, and of accepted findings, built from the vocabulary."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as AbstractMapping
from functools import cache
from types import MappingProxyType
from typing import Final

from archlint.model.architecture import Acceptance, Architecture, Component, Relation
from archlint.model.fields import Field, Rec
from archlint.model.reading import Reading, Reference
from archlint.model.types import Definitions, Schema, percentile_of, shared
from archlint.model.values import COMPONENT
from archlint.model.vocabulary import (
    ACCEPT_FIELDS,
    BATCHING,
    COMPONENT_FIELDS,
    HARDWARE,
    LOAD_TEST,
    MODEL_RECORD,
    OWNER,
    PRICE,
    RATE_LIMIT,
    RELATION_FIELDS,
    SCALING,
    SLO,
    SYSTEM_FIELDS,
    TEAM,
    TOKENS,
    WORKLOAD,
)
from archlint.model.words import VERBS
from archlint.source.nodes import Mapping, Node, Scalar, Sequence

SECTIONS: Final = ("workloads", "models", "components")
TOP_LEVEL: Final = ("archlint", *(field.key for field in SYSTEM_FIELDS), *SECTIONS, "accept", "include")
RELATION_RECORD: Final[Rec[Relation]] = Rec(Relation, RELATION_FIELDS, "a relation", name="relation")


class Relations:
    """The relations of one verb: names, or mappings with attributes, added to `r.relations`.

    The list holds all verbs of a component, so that relations keep the order of the file.
    """

    known: AbstractMapping[str, None] = MappingProxyType({})

    def read(self, r: Reading, node: Node) -> None:
        """Read a list of relations, or a single one."""
        if isinstance(node, Sequence):
            items = node.items
        elif isinstance(node, Scalar) and node.is_null:
            r.wrong_shape(node, "a list of components", f"`{r.path[-1]}: [name]`, or remove the key")
            return
        else:
            items = [node]
        path = r.path
        source, verb = str(path[1]), str(path[2])
        path.append(0)
        for index, item in enumerate(items):
            path[-1] = index
            if isinstance(item, Mapping):
                values = RELATION_RECORD.values(r, item)
                if values is not None:
                    target = values.pop("target")
                    r.relations.append(RELATION_RECORD.make(verb, source, target, index, **values))
            elif isinstance(item, Scalar) and not item.is_null:
                r.references.append(Reference("components", item, r.document, tuple(path)))
                r.relations.append(Relation(verb, source, item.text, index))
            else:
                r.wrong_shape(item, "a component, or {to: …}", "`{to: name, timeout: 200ms}`")
        path.pop()

    def schema(self, defs: Definitions) -> Schema:
        """Names or mappings, as a list or alone."""
        return shared(defs, "relations", lambda: self._schema(defs))

    def _schema(self, defs: Definitions) -> Schema:
        one: list[Schema] = [COMPONENT.schema(defs), RELATION_RECORD.schema(defs)]
        return {"anyOf": [{"type": "array", "items": {"anyOf": one}}, *one]}


RELATIONS: Final = Relations()
NONE_VERBS: Final = frozenset({"logs_to", "monitored_by"})
COMPONENT_RECORD: Final[Rec[Component]] = Rec(
    Component,
    (
        *COMPONENT_FIELDS,
        *(Field(verb, RELATIONS, f"Relation: {doc}.", may_be_none=verb in NONE_VERBS) for verb, doc in VERBS.items()),
    ),
    "a component",
    name="component",
)
ACCEPT_RECORD: Final[Rec[Acceptance]] = Rec(
    Acceptance, ACCEPT_FIELDS, "an accepted finding", name="acceptance"
)

SYSTEM_RECORD: Final[Rec[Architecture]] = Rec(Architecture, SYSTEM_FIELDS, "a system", name="system")


@cache
def _homes() -> dict[str, str]:
    """Where each key of the format belongs; the first place listed here, if it has several."""
    places: tuple[tuple[str, Iterable[str]], ...] = (
        ("a component", COMPONENT_RECORD.keys),
        ("a relation, as in `calls: [{to: name, timeout: 200ms}]`", RELATION_RECORD.fields),
        ("a workload", WORKLOAD.fields),
        ("a model", MODEL_RECORD.fields),
        ("`slo` of a workload", SLO.fields),
        ("`hardware` of a component", HARDWARE.fields),
        ("`replicas` of a component, as in `replicas: {min: 2, max: 12}`", SCALING.fields),
        ("`batching` of a component", BATCHING.fields),
        ("`load_tested` of a component", LOAD_TEST.fields),
        ("`owner`", OWNER.fields),
        ("`rate_limit` of a component", RATE_LIMIT.fields),
        ("`tokens` of a workload", TOKENS.fields),
        ("`team` at the top of the file", TEAM.fields),
        ("`price` of a component", PRICE.fields),
        ("an entry of `accept`", ACCEPT_RECORD.fields),
        ("the top of the file", TOP_LEVEL),
    )
    homes: dict[str, str] = {}
    for home, keys in places:
        for key in keys:
            homes.setdefault(key, home)
    return homes


def home_of(key: str) -> str | None:
    """Return where a key of the format belongs, in words; None for an unknown key.

    >>> home_of("gpu")
    '`hardware` of a component'
    """
    if percentile_of(key) is not None:
        return "`service_time`, or to `latency` of `slo`"
    return _homes().get(key)

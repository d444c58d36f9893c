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
from archlint.model.words import SYNONYMS, VERBS, WRITTEN_INSIDE
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
            if isinstance(item, Scalar) and not item.is_null:
                r.references.append(Reference("components", item, r.document, tuple(path)))
                r.relations.append(Relation(verb, source, item.text, index))
            elif isinstance(item, Mapping):
                values = RELATION_RECORD.values(r, item)
                if values is not None:
                    target = values.pop("target")
                    r.relations.append(RELATION_RECORD.make(verb, source, target, index, **values))
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
def _homes() -> dict[str, tuple[str, str]]:
    """Where each key of the format belongs, and an example with `%s` for it; the first place, if it has several."""
    places: tuple[tuple[str, str, Iterable[str]], ...] = (
        ("a component", "", COMPONENT_RECORD.keys),
        ("a relation", "reads: [{to: name, %s}]", ("ttl", "hit_ratio", "freshness")),
        ("a relation", "consumes: [{to: name, %s}]", ("max_attempts", "redelivery_after")),
        ("a relation", "calls: [{to: name, %s}]", RELATION_RECORD.fields),
        ("a workload", "", WORKLOAD.fields),
        ("a model", "", MODEL_RECORD.fields),
        ("`slo` of a workload", "slo: {%s}", SLO.fields),
        ("`hardware` of a component", "hardware: {%s}", HARDWARE.fields),
        ("`replicas` of a component", "replicas: {%s}", SCALING.fields),
        ("`batching` of a component", "batching: {%s}", BATCHING.fields),
        ("`load_tested` of a component", "load_tested: {%s}", LOAD_TEST.fields),
        ("`owner`", "owner: {%s}", OWNER.fields),
        ("`rate_limit` of a component", "rate_limit: {%s}", RATE_LIMIT.fields),
        ("`tokens` of a workload", "tokens: {%s}", TOKENS.fields),
        ("`team` at the top of the file", "team: {%s}", TEAM.fields),
        ("`price` of a component", "price: {%s}", PRICE.fields),
        ("an entry of `accept`", "", ACCEPT_RECORD.fields),
        ("the top of the file", "", TOP_LEVEL),
    )
    homes: dict[str, tuple[str, str]] = {}
    for home, example, keys in places:
        for key in keys:
            homes.setdefault(key, (home, example))
    return homes


def home_of(key: str, value: str = "…", what: str = "") -> str | None:
    """Return where a key of the format belongs, in words, with its value in the example; None for an unknown key.

    `what` is what the key was written in.

    >>> home_of("ttl", "6h")
    '`ttl` belongs to a relation, as in `reads: [{to: name, ttl: 6h}]`'
    >>> home_of("batch_size", "8", "a component")
    'write `batching: {max_size: 8}`'
    >>> home_of("accelerator", "h100"), home_of("name")
    ('write `hardware: {gpu: h100}`', None)
    """
    if what == COMPONENT_RECORD.what and key in WRITTEN_INSIDE:
        return f"write `{WRITTEN_INSIDE[key] % value}`"
    if percentile_of(key) is not None:
        return f"`{key}` belongs to `service_time`, or to `latency` of `slo`"
    if what == WORKLOAD.what and key in SLO.fields:
        return f"`{key}` belongs to `slo`, as in `slo: {{{key}: {value}}}`"
    home, example = _homes().get(key, ("", ""))
    meant = SYNONYMS.get(key, "")
    if not home and _homes().get(meant, ("", ""))[1].endswith(": {%s}"):
        return f"write `{_homes()[meant][1] % f'{meant}: {value}'}`"
    shown = f", as in `{example % f'{key}: {value}'}`" if example else ""
    return f"`{key}` belongs to {home}{shown}" if home else None

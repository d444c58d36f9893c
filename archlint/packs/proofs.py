"""The facts that could overturn a proof, as `proven_unless` of a rule names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from archlint.analysis.mentioned import GENERATOR
from archlint.model.fields import Field, Rec
from archlint.model.names import nearest
from archlint.model.quantities import shorten
from archlint.model.vocabulary import COMPONENT_FIELDS, MODEL_RECORD, RELATION_FIELDS, SYSTEM_FIELDS, WORKLOAD
from archlint.model.words import KINDS, VERBS

_COMPONENT: Final = {field.key: field for field in COMPONENT_FIELDS}
PARTS: Final[Mapping[str, Mapping[str, Field[object]]]] = {
    "system": {field.key: field for field in SYSTEM_FIELDS},
    "workload": WORKLOAD.fields,
    "model": MODEL_RECORD.fields,
    "relation": {field.key: field for field in RELATION_FIELDS},
    "component": _COMPONENT,
    **dict.fromkeys(KINDS, _COMPONENT),
}
"""The parts of a file that a fact may belong to, with their keys; a kind stands for the components of that kind."""


def mentionable() -> frozenset[str]:
    """Return the words that `needs` of a rule may name: keys, kinds, and `generator`.

    >>> {"queue", "peak", "generator"} <= mentionable()
    True
    """
    found = {GENERATOR, *KINDS, *VERBS, *(f"component.{key}" for key in _COMPONENT)}
    fields = list(PARTS.values())
    while fields:
        for key, field in fields.pop().items():
            if key not in found and isinstance(field.type, Rec):
                fields.append(field.type.fields)
            found.add(key)
    return frozenset(found)


def wrong_fact(text: str) -> str:
    """Return what is wrong with the name of a fact, and after "; " what to write; empty if it is right.

    >>> wrong_fact("relation.fallback"), wrong_fact("queue.publishes")
    ('', '')
    >>> wrong_fact("relation.falback")
    '`relation` has no key `falback`; did you mean `fallback`?'
    """
    part, _, rest = text.partition(".")
    fields = PARTS.get(part)
    if fields is None or not rest:
        return f"`{shorten(text)}` names no fact; write PART.KEY, such as relation.fallback or queue.dead_letter"
    keys = rest.split(".")
    if fields is _COMPONENT and keys[0] in VERBS:
        return "" if len(keys) == 1 else f"`{shorten(text)}` names no fact; write relation.{keys[-1]}"
    for key in keys:
        field = fields.get(key)
        if field is None:
            likely = nearest(key, fields)
            hint = f"did you mean `{likely}`?" if likely else f"known: {', '.join(fields)}"
            return f"`{part}` has no key `{shorten(key)}`; {hint}"
        part, fields = key, field.type.fields if isinstance(field.type, Rec) else {}
    return ""

"""The page of all keys of `arch.yaml`, from the table that the reader and the JSON Schema use."""

from __future__ import annotations

from collections.abc import Iterable

from archlint.model.fields import STATED_NONE, Field, Rec
from archlint.model.percentiles import AmountsType, LatencyType, ServiceTimeType
from archlint.model.records import ACCEPT_RECORD, COMPONENT_RECORD, RELATION_RECORD, SYSTEM_RECORD, Relations
from archlint.model.types import Choice, Flag, Many, Name, Parsed
from archlint.model.values import ZonesType
from archlint.model.vocabulary import MODEL_RECORD, WORKLOAD

_HEAD = """\
# All keys

Every key of [`arch.yaml`](format.md): its value, its meaning, and what archlint assumes if you leave it out. Keys
inside another one are written `key.inner`. A key that starts with `x-` is your own: archlint shows it, but no rule uses
it.
"""
_SECTIONS = (
    ("The system (top of the file)", SYSTEM_RECORD),
    ("A workload", WORKLOAD),
    ("A model", MODEL_RECORD),
    ("A component", COMPONENT_RECORD),
    ("A relation (`calls: [{to: name, …}]`)", RELATION_RECORD),
    ("An accepted finding (`accept`)", ACCEPT_RECORD),
)


def keys_page() -> str:
    """Return the page, with one table per section."""
    parts = [_HEAD]
    for title, record in _SECTIONS:
        rows = "\n".join(_rows("", record.fields.values()))
        parts.append(f"## {title}\n\n| key | value | what it means | if left out |\n|---|---|---|---|\n{rows}\n")
    return "\n".join(parts)


def _rows(above: str, fields: Iterable[Field[object]]) -> Iterable[str]:
    for field in fields:
        names = f"`{above}{field.key}`" + (f", `{above}{field.alias}`" if field.alias else "")
        absent = "required" if field.required else field.absent
        value = _value(field.type) + (f", or `{STATED_NONE}`" if field.may_be_none else "")
        yield "| " + " | ".join(map(_cell, (names, value, field.doc, absent))) + " |"
        if isinstance(field.type, Rec):
            yield from _rows(f"{above}{field.key}.", field.type.fields.values())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _value(kind: object) -> str:
    """Return the allowed values, in words and with an example."""
    if isinstance(kind, Parsed):
        return f"{kind.wanted}: `{kind.example}`"
    if isinstance(kind, Choice):
        return ", ".join(f"`{word}`" for word in kind.words)
    if isinstance(kind, Flag):
        return "`true` or `false`"
    if isinstance(kind, Name):
        return f"the name of a {kind.section.removesuffix('s')}"
    if isinstance(kind, Many):
        return f"a list, or one: {_value(kind.item)}"
    if isinstance(kind, Rec):
        return "a mapping" + (f", or {_value(kind.scalar)}" if isinstance(kind.scalar, Parsed | Name) else "")
    if isinstance(kind, ServiceTimeType):
        return "`850ms`, `{p50: 850ms, p99: 1.6s}`, or `{mean: 900ms, cv: 0.4}`"
    if isinstance(kind, LatencyType):
        return "`300ms` (the p99), or `{p50: 100ms, p99: 300ms, mean: 120ms}`"
    if isinstance(kind, AmountsType):
        return "`350`, `1.2k`, or `{p50: 200, p99: 1.2k, mean: 350}`"
    if isinstance(kind, ZonesType):
        return "`[a, b]`, or `3`"
    return "components, or `{to: name, …}`" if isinstance(kind, Relations) else "text"

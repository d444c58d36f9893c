"""The keys of `arch.yaml`, as a page and as lists for the terminal, from the table that the reader uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from archlint.model.fields import STATED_NONE, Field, Rec
from archlint.model.meaning import keys_of_type
from archlint.model.percentiles import AmountsType, LatencyType, ServiceTimeType
from archlint.model.records import ACCEPT_RECORD, COMPONENT_RECORD, RELATION_RECORD, SYSTEM_RECORD, Relations
from archlint.model.types import Choice, Flag, Many, Name, Parsed
from archlint.model.values import ZonesType
from archlint.model.vocabulary import MODEL_RECORD, WORKLOAD
from archlint.report.layout import hanging

_HEAD = """\
# All keys

Every key of [`arch.yaml`](format.md): its value, its meaning, and what archlint assumes if you leave it out. Keys
inside another one are written `key.inner`. A key that starts with `x-` is your own: archlint shows it, but no rule uses
it. `archlint explain workloads.slo.ttft` explains one key in the terminal, and names the rules whose pages name it.
"""
_SECTIONS: Final[dict[str, tuple[str, Rec[object]]]] = {
    "system": ("The system (top of the file)", SYSTEM_RECORD),
    "workload": ("A workload", WORKLOAD),
    "model": ("A model", MODEL_RECORD),
    "component": ("A component", COMPONENT_RECORD),
    "relation": ("A relation (`calls: [{to: name, …}]`)", RELATION_RECORD),
    "acceptance": ("An accepted finding (`accept`)", ACCEPT_RECORD),
}
_MOST_INDENTED: Final = 28
KEY_LISTS: Final = (*_SECTIONS, "keys")
"""What `archlint explain` lists beside rules: the keys of one section, or of all."""
KEY_LISTS_BY_NAME: Final = {
    **{name: name for name in KEY_LISTS}, "workloads": "workload", "models": "model", "components": "component",
    "relations": "relation", "accept": "acceptance",
}  # fmt: skip
"""The same by every name that is understood."""


def keys_page() -> str:
    """Return the page, with one table per section."""
    parts = [_HEAD]
    for title, record in _SECTIONS.values():
        rows = "\n".join(_rows(record.fields.values()))
        parts.append(f"## {title}\n\n| key | value | what it means | if left out |\n|---|---|---|---|\n{rows}\n")
    return "\n".join(parts)


def keys_of(section: str, width: int) -> str:
    """Return the keys of a section of the file as text, or of all sections (`keys`).

    >>> print(keys_of("acceptance", 100).splitlines()[2])
      rule    The id of the rule whose finding is accepted. Required. Value: a rule id: SRV001.
    """
    picked = [_SECTIONS[section]] if section in _SECTIONS else list(_SECTIONS.values())
    lines: list[str] = []
    for title, record in picked:
        found = list(_fields("", record.fields.values()))
        size = min(_MOST_INDENTED, max(len(key) for key, _ in found))
        lines += ["", title, ""] if lines else [title, ""]
        for key, field in found:
            absent = "Required" if field.required else f"If left out: {field.absent}"
            text = f"{field.doc} {absent}. Value: {written(field)}."
            lines += hanging(f"  {key:<{size}}  ", text.replace("`", ""), width, size + 4)
    return "\n".join(lines) + "\n"


def _fields(above: str, fields: Iterable[Field[object]]) -> Iterator[tuple[str, Field[object]]]:
    for field in fields:
        yield f"{above}{field.key}", field
        if isinstance(field.type, Rec):
            yield from _fields(f"{above}{field.key}.", field.type.fields.values())
        elif isinstance(field.type, AmountsType):
            yield f"{above}{field.key}.max", keys_of_type(field.type)["max"]


def written(field: Field[object]) -> str:
    """Return the values that a key takes, in words and with an example."""
    return _value(field.type) + (f", or `{STATED_NONE}`" if field.may_be_none else "")


def _rows(fields: Iterable[Field[object]]) -> Iterable[str]:
    for key, field in _fields("", fields):
        alias = f"{key.removesuffix(field.key)}{field.alias}"
        names = f"`{key}`" + (f", `{alias}`" if field.alias else "")
        absent = "required" if field.required else field.absent
        yield "| " + " | ".join(map(_cell, (names, written(field), field.doc, absent))) + " |"


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
        return "`350`, `1.2k`, or `{p50: 200, p99: 1.2k, mean: 350, max: 2k}`"
    if isinstance(kind, ZonesType):
        return "`[a, b]`, or `3`"
    return "components, or `{to: name, …}`" if isinstance(kind, Relations) else "text"

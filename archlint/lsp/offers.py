"""What can be written at a cursor: keys, words, names, technologies, rules, units."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from archlint.lsp.context import Context
from archlint.model.fields import STATED_NONE, Field, Rec
from archlint.model.meaning import Meaning, meaning_of, scalar_of
from archlint.model.records import Relations
from archlint.model.types import Choice, Flag, Many, Name, Parsed, Text
from archlint.model.units import BYTES, NUMBER
from archlint.model.values import ACCELERATOR, TECHNOLOGY
from archlint.report.keys import written

_NUMBER: Final = re.compile(rf"({NUMBER})[ \t]*[A-Za-z/%]*")
_DURATIONS: Final = ("ms", "s", "min", "h", "d")
_UNITS: Final[Mapping[str, tuple[str, ...]]] = {
    "duration": _DURATIONS,
    "size": tuple(unit for unit in BYTES if len(unit) > 2 or unit in {"kB", "MB", "GB", "TB"}),
    "rate": ("/s", "/min", "/h", "/day"),
    "bandwidth": ("MB/s", "GB/s", "Gbit/s"),
    "share": ("%",),
    "count": ("k", "M", "B"),
    "tokens": ("k", "M"),
    "token-rate": ("k/min", "M/min"),
    "money": (" USD per 1k", " USD per hour", " USD per month"),
    "token-price": (" USD per 1M tokens",),
}
"""The units that are offered behind a number, by the name of the type."""


class Vocabulary(msgspec.Struct, frozen=True):
    """Words of one workspace, each with a few words about it; `names` are those of each section of the system."""

    names: Mapping[str, Mapping[str, str]] = {}
    technologies: Mapping[str, str] = {}
    accelerators: Mapping[str, str] = {}
    rules: Mapping[str, str] = {}
    files: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


class Offer(msgspec.Struct, frozen=True):
    """One completion: what is shown, what is inserted, its `kind` (key, word, name, technology, rule, unit, file)."""

    label: str
    text: str
    kind: str
    about: str = ""


def offers_at(context: Context, words: Vocabulary) -> list[Offer]:
    """Return what can be written at a cursor; the editor filters it by what is typed already."""
    if context.what == "rule":
        return [Offer(word, word, "rule", about) for word, about in words.rules.items()]
    found: list[Offer] = []
    meaning = meaning_of(context.path)
    if meaning is None:
        return found
    if context.what in {"value", "item"}:
        found += _values(meaning, context, words)
    if context.what in {"key", "item"}:
        found += _keys(meaning, context)
    in_list = isinstance(meaning.kind, Relations | Many) and isinstance(context.path[-1], str)
    if context.what == "key" and in_list and not context.flow:
        items = _values(meaning, context, words)
        return [Offer(f"- {one.label}", f"- {one.text}", one.kind, one.about) for one in items]
    return list({(one.label, one.kind): one for one in found}.values())


def _keys(meaning: Meaning, context: Context) -> Iterator[Offer]:
    for key, field in meaning.keys.items():
        if key not in context.stated and (not field.alias or field.alias not in context.stated):
            nested = (isinstance(field.type, Rec) and field.type.scalar is None) or key in _NESTED
            yield Offer(key, f"{key}:" if nested and not context.flow else f"{key}: ", "key", about_field(field))


_NESTED: Final = frozenset({"components", "models", "workloads", "accept"})


def _values(meaning: Meaning, context: Context, words: Vocabulary) -> Iterator[Offer]:
    field, kind = meaning.field, scalar_of(meaning.kind)
    if kind == "file":
        yield from (Offer(name, name, "file") for name in words.files)
    elif field is not None and field.key == "archlint":
        yield Offer("1", "1", "word", field.doc)
    elif isinstance(kind, Name | Relations):
        section = kind.section if isinstance(kind, Name) else "components"
        yield from _named("name", words.names.get(section, {}))
    elif isinstance(kind, Choice):
        meanings = kind.words if isinstance(kind.words, Mapping) else dict.fromkeys(kind.words, "")
        yield from _named("word", meanings)
    elif isinstance(kind, Flag):
        yield from _named("word", {"true": "", "false": ""})
    elif kind is TECHNOLOGY:
        yield from _named("technology", words.technologies)
    elif kind is ACCELERATOR:
        yield from _named("technology", words.accelerators)
    elif isinstance(kind, Parsed):
        yield from _named("rule", words.rules) if kind.name == "rule-id" else _quantities(kind, context.word)
    elif isinstance(kind, Text) and field is not None:
        if field.key == "fallback":
            yield from _named("name", words.names.get("components", {}))
        elif field.key == "at":
            yield from (Offer(place, place, "name") for place in words.places)
    if field is not None and field.may_be_none:
        yield Offer(STATED_NONE, STATED_NONE, "word", "States that there is none.")


def _named(kind: str, words: Mapping[str, str]) -> Iterable[Offer]:
    return [Offer(word, word, kind, about) for word, about in words.items()]


def _quantities(kind: Parsed[object], word: str) -> Iterator[Offer]:
    """Offer the units behind a number that is typed, otherwise an example."""
    match = _NUMBER.fullmatch(word)
    if match is None:
        yield Offer(kind.example, kind.example, "unit", f"{kind.wanted[:1].upper()}{kind.wanted[1:]}.")
        return
    for unit in _UNITS.get(kind.name, ()):
        yield Offer(f"{match[1]}{unit}", f"{match[1]}{unit}", "unit", kind.wanted)


def about_field(field: Field[object]) -> str:
    """Describe a key in Markdown: its meaning, what it means to leave it out, and its values."""
    absent = "Required." if field.required else f"If left out: {field.absent}."
    return f"{field.doc}\n\n{absent}\n\nValue: {written(field)}."

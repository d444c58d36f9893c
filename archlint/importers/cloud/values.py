"""Values of resources that know which resources they refer to, and paths into them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from archlint.importers.objects import DEFAULT, LITERAL, UNRESOLVED, Item, Rows, Site, Table, Value

MAX_TEXT: Final = 200_000
MAX_REFERENCES: Final = 200
MAX_DEPTH: Final = 60
HOLE: Final = re.compile("\ue000(\\d+)\ue001")
"""What stands in `marked` for a reference without a text: its number among the references."""
_BARE_HOLE: Final = re.compile('(?<!["\\w.:/-])(\ue000\\d+\ue001)(?!["\\w.:/-])')


class Reference(msgspec.Struct, frozen=True, gc=False):
    """A reference to a resource by its address, and to one of its attributes."""

    address: str
    attribute: str = ""


class Linked(Value, frozen=True):
    """A scalar with the resources that it refers to; `marked` is its text with a mark for each that has no text."""

    references: tuple[Reference, ...] = ()
    marked: str = ""


def unresolved(site: Site, references: Iterable[Reference] = (), raw: str = "?") -> Linked:
    """Return a value without a text that is known."""
    kept = tuple(dict.fromkeys(references))[:MAX_REFERENCES]
    marks = "".join(f"\ue000{number}\ue001" for number in range(len(kept)))
    return Linked("", site, UNRESOLVED, raw=raw, plain=False, references=kept, marked=marks)


def literal(text: str, site: Site, plain: bool = True, status: str = LITERAL) -> Linked:
    """Return a value that is known."""
    return Linked(text[:MAX_TEXT], site, status, raw=text[:80], plain=plain)


def null(site: Site) -> Linked:
    """Return the value null."""
    return Linked("", site, raw="null")


def references_of(item: Item | None) -> list[Reference]:
    """Return all references below an item, each once, in order."""
    found: dict[Reference, None] = {}
    for value in values_of(item):
        if isinstance(value, Linked):
            found.update(dict.fromkeys(value.references))
        if len(found) >= MAX_REFERENCES:
            break
    return list(found)


def values_of(item: Item | None) -> Iterator[Value]:
    """Yield every scalar below an item, up to a bound in depth and number."""
    waiting: list[tuple[Item, int]] = [(item, 0)] if item is not None else []
    seen = 0
    while waiting and seen < 20_000:
        one, depth = waiting.pop()
        seen += 1
        if isinstance(one, Value):
            yield one
        elif depth < MAX_DEPTH:
            inner = list(one.entries.values()) if isinstance(one, Table) else one.items
            waiting += [(child, depth + 1) for child in reversed(inner)]


def joined(parts: list[Value], site: Site) -> Linked:
    """Join scalars to one text; a part that is not known leaves a mark."""
    text, marked, status = "", "", LITERAL
    references: dict[Reference, int] = {}
    via: list[Site] = []
    for part in parts:
        own = part.references if isinstance(part, Linked) else ()
        for one in own:
            references.setdefault(one, len(references))
        via += part.via[:3]
        if part.status == UNRESOLVED:
            status = UNRESOLVED
            marked += "".join(f"\ue000{references[one]}\ue001" for one in own) or "\ue000999\ue001"
        else:
            text, marked = text + part.text, marked + part.text
            status = DEFAULT if part.status == DEFAULT and status == LITERAL else status
        if len(text) > MAX_TEXT:
            return unresolved(site, references)
    kept = tuple(references)[:MAX_REFERENCES]
    return Linked(text, site, status, raw="?", plain=False, via=tuple(via[:3]), references=kept, marked=marked)


def follow(item: Item | None, path: str) -> list[Item]:
    """Return what stands at a path; a list on the way means each of its items.

    Dots separate the keys, or bars where a key has a dot.

    >>> from archlint.source.document import Document
    >>> from archlint.source.nodes import Span
    >>> site = Site(Document("a", "", None), Span(0, 0))
    >>> one = Table({"env": Rows([Table({"n": literal("x", site)}, {}, site)], site)}, {}, site)
    >>> [value.text for value in follow(one, "env.n")]
    ['x']
    """
    found: list[Item] = [item] if item is not None else []
    for key in path.split("|" if "|" in path else ".") if path else ():
        following: list[Item] = []
        for one in found:
            for table in _tables(one):
                if key == "*":
                    following += table.entries.values()
                elif key in table.entries:
                    following.append(table.entries[key])
        found = following[:5_000]
    return found


def _tables(item: Item) -> Iterator[Table]:
    """Yield a mapping, or the mappings of a list; a text with JSON is what it stands for."""
    if isinstance(item, Value):
        parsed = parsed_json(item)
        if parsed is not None:
            yield from _tables(parsed)
    elif isinstance(item, Table):
        yield item
    else:
        for one in item.items:
            yield from _tables(one)


def tables_at(item: Item | None, path: str) -> list[Table]:
    """Return the mappings at a path, also those of lists."""
    return [table for one in follow(item, path) for table in _tables(one)]


def scalars_at(item: Item | None, path: str) -> list[Value]:
    """Return the scalars at a path that are not null, also those of lists."""
    found: list[Value] = []
    for one in follow(item, path):
        rows = one.items if isinstance(one, Rows) else [one]
        found += [value for value in rows if isinstance(value, Value) and not value.is_null]
    return found


def first_at(item: Item | None, *paths: str) -> Value | None:
    """Return the first scalar at the first path that has one."""
    for path in paths:
        found = scalars_at(item, path)
        if found:
            return found[0]
    return None


def text_at(item: Item | None, *paths: str) -> str:
    """Return the text of a scalar that is known; empty without one."""
    found = first_at(item, *paths)
    return found.text if found is not None and found.status != UNRESOLVED else ""


def parsed_json(value: Value) -> Item | None:
    """Return the value that a text with JSON stands for; None if it is no JSON.

    A reference inside of it stays one.
    """
    marked = value.marked if isinstance(value, Linked) and value.marked else value.text
    if marked.lstrip()[:1] not in {"{", "["} or len(marked) > MAX_TEXT:
        return None
    try:
        found = json.loads(marked)
    except (ValueError, RecursionError):
        try:
            found = json.loads(_BARE_HOLE.sub(r'"\1"', marked))
        except (ValueError, RecursionError):
            return None
    return from_json(found, value)


def from_json(found: object, value: Value, depth: int = 0) -> Item:
    """Return parsed JSON as a value at the place of its text."""
    site = value.site
    if depth > MAX_DEPTH:
        return unresolved(site)
    if isinstance(found, dict):
        entries = {str(key): from_json(one, value, depth + 1) for key, one in found.items()}
        return Table(entries, dict.fromkeys(entries, site), site)
    if isinstance(found, list):
        return Rows([from_json(one, value, depth + 1) for one in found], site)
    if found is None:
        return null(site)
    if isinstance(found, bool):
        return literal("true" if found else "false", site)
    if isinstance(found, str):
        return _text(found, value)
    return literal(f"{found:g}" if isinstance(found, float) else str(found), site)


def _text(text: str, value: Value) -> Linked:
    numbers = [int(number) for number in HOLE.findall(text)]
    if not numbers:
        status = DEFAULT if value.status == DEFAULT else LITERAL
        return Linked(text, value.site, status, raw=text[:80], plain=False)
    own = value.references if isinstance(value, Linked) else ()
    kept = tuple(own[number] for number in numbers if number < len(own))
    marked = HOLE.sub(lambda match: f"\ue000{numbers.index(int(match[1]))}\ue001", text)
    return Linked(HOLE.sub("", text), value.site, UNRESOLVED, raw="?", plain=False, references=kept, marked=marked)


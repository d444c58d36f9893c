"""YAML that a scalar holds, such as a patch in a kustomization: every value keeps its own line of the outer file."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from typing import Final

from archlint.errors import UnreadableInputError
from archlint.importers.objects import Item, Rows, Site, Table, Value, tree
from archlint.source.nodes import Span
from archlint.source.parser import parse_all

Place = Callable[[Span], Site]
"""From a place in an inner text to the place that a finding shows."""
_HEADER: Final = re.compile(r"\|([-+]?[1-9]?[-+]?)[ \t]*(#[^\n]*)?\n")
_INDENT: Final = re.compile(r"(?m)^( *)[^\s]")


def nested_items(value: Value) -> list[Item]:
    """Read the YAML documents of a scalar; raises `UnreadableInputError` if it is not YAML."""
    place = place_in(value)
    found = []
    for document in parse_all(value.site.shown, value.text):
        if document.root is not None:
            found.append(placed(tree(document, document.root), place))
    return found


def nested(value: Value | None) -> Table | None:
    """Return the first mapping of the YAML in a scalar; None if there is none, or it is not YAML."""
    if value is None:
        return None
    try:
        return next((item for item in nested_items(value) if isinstance(item, Table)), None)
    except UnreadableInputError:
        return None


def place_in(value: Value) -> Place:
    """Return what maps places in the text of a scalar: exact for a literal block, otherwise the whole scalar."""
    site = value.site
    source = site.document.text
    header = _HEADER.match(source, site.span.start)
    body = source[header.end() : site.span.end] if header is not None else ""
    indent = _INDENT.search(body)
    digits = re.sub(r"\D", "", header[1]) if header is not None else "x"
    if header is None or indent is None or digits:
        return lambda _: site
    width, inner, outer = len(indent[1]), _starts(value.text), _starts(body)
    first = header.end()

    def place(span: Span) -> Site:
        line = bisect_right(inner, span.start) - 1
        if line >= len(outer):
            return site
        start = first + outer[line] + width + span.start - inner[line]
        return Site(site.document, Span(start, max(start + 1, start + span.end - span.start)))

    return place


def _starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", text))]


def placed(item: Item, place: Place) -> Item:
    """Return an item with other places."""
    if isinstance(item, Value):
        return Value(item.text, place(item.site.span), item.status, item.raw, item.plain, item.tag)
    if isinstance(item, Rows):
        return Rows([placed(one, place) for one in item.items], place(item.site.span), item.tag)
    entries = {key: placed(value, place) for key, value in item.entries.items()}
    keys = {key: place(site.span) for key, site in item.keys.items()}
    return Table(entries, keys, place(item.site.span), item.tag)

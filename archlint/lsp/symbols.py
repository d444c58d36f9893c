"""The outline of a file: its systems, their sections, the parts, and what each part states."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lsprotocol import types

from archlint.lsp.positions import Ruler
from archlint.lsp.tree import own_entries
from archlint.model.quantities import shorten
from archlint.model.records import SECTIONS
from archlint.source.document import Document
from archlint.source.join import system_names
from archlint.source.nodes import Entry, Mapping, Node, Scalar, Sequence, Span

_KINDS: Final = {
    "components": types.SymbolKind.Class,
    "models": types.SymbolKind.Object,
    "workloads": types.SymbolKind.Event,
}
_MOST_SHOWN: Final = 3


def outline(document: Document, ruler: Ruler) -> list[types.DocumentSymbol]:
    """Return the symbols of a file, in its order; several systems are one symbol each."""
    if len(document.systems) == 1:
        return list(_sections(document.root, ruler))
    found = []
    for name, one in zip(system_names(document), document.systems, strict=True):
        if one.root is not None:
            inner = list(_sections(one.root, ruler))
            whole = ruler.span(Span(one.root.start, one.root.end))
            head = inner[0].selection_range if inner else whole
            found.append(types.DocumentSymbol(name, types.SymbolKind.Module, whole, head, children=inner))
    return found


def _sections(root: Node | None, ruler: Ruler) -> Iterator[types.DocumentSymbol]:
    for key, entry in own_entries(root):
        if key in SECTIONS:
            parts = [_part(name, part, _KINDS[key], ruler) for name, part in own_entries(entry.value)]
            yield _symbol(key, entry, types.SymbolKind.Namespace, ruler, "", parts)
        else:
            yield _symbol(key, entry, types.SymbolKind.Property, ruler, said(entry.value), [])


def _part(name: str, entry: Entry, kind: types.SymbolKind, ruler: Ruler) -> types.DocumentSymbol:
    facts = [
        _symbol(key, inner, types.SymbolKind.Property, ruler, said(inner.value), [])
        for key, inner in own_entries(entry.value)
    ]
    return _symbol(name, entry, kind, ruler, _about(entry.value), facts)


def _about(node: Node) -> str:
    """Return what tells a part apart: its kind and technology, or the client that sends it."""
    found = dict(own_entries(node))
    words = [said(found[key].value) for key in ("kind", "uses", "from", "family", "version") if key in found]
    return ", ".join(filter(None, words))


def said(node: Node) -> str:
    """Return a value on one short line.

    >>> from archlint.source.parser import parse
    >>> said(parse("a.yaml", "[a, {to: b}, c, d]").root)
    'a, b, c, …'
    """
    if isinstance(node, Scalar):
        return shorten(node.text)
    if isinstance(node, Sequence):
        words = [said(item) for item in node.items[:_MOST_SHOWN]]
        return ", ".join([*words, *(["…"] if len(node.items) > _MOST_SHOWN else [])])
    target = node.entries.get("to") if isinstance(node, Mapping) else None
    return said(target.value) if target is not None else ""


def _symbol(
    name: str, entry: Entry, kind: types.SymbolKind, ruler: Ruler, detail: str, children: list[types.DocumentSymbol]
) -> types.DocumentSymbol:
    end = max(entry.end, entry.value.end) if entry.value.start >= entry.end else entry.end   # an alias is elsewhere
    whole, head = ruler.span(Span(entry.start, end)), ruler.span(entry.key_span)
    return types.DocumentSymbol(name or '""', kind, whole, head, detail=detail or None, children=children or None)

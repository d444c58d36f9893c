"""The JSON syntax of Terraform: the same blocks as in HCL, with expressions inside of texts."""

from __future__ import annotations

from typing import Final

from archlint.importers.objects import Site
from archlint.importers.terraform.hcl import read_expression
from archlint.importers.terraform.syntax import (
    Attribute,
    Block,
    Body,
    Expression,
    ListOf,
    Literal,
    ObjectOf,
    Unreadable,
)
from archlint.source.document import Document
from archlint.source.nodes import Entry, Mapping, Node, Scalar, Sequence, Span

LABELS: Final = {
    "resource": 2, "data": 2, "ephemeral": 2, "variable": 1, "output": 1, "module": 1, "provider": 1, "locals": 0,
    "terraform": 0,
}  # fmt: skip
MAX_DEPTH: Final = 60


def read_json_body(document: Document) -> Body:
    """Return the blocks of a file; any other key is an attribute, as files with values of variables have them."""
    root = document.root
    site = Site(document, Span(0, len(document.text)))
    if not isinstance(root, Mapping):
        return Body({}, (), site)
    blocks: list[Block] = []
    attributes: dict[str, Attribute] = {}
    for name, entry in root.entries.items():
        if name in LABELS:
            blocks += _blocks(document, name, (), entry, entry.value, LABELS[name])
        elif name != "//":
            attributes[name] = Attribute(name, _expression(document, entry.value, 0), Site(document, entry.key_span))
    return Body(attributes, tuple(blocks), site)


def _blocks(
    document: Document, kind: str, labels: tuple[str, ...], entry: Entry, node: Node, missing: int
) -> list[Block]:
    """Return the blocks below a key: a mapping for each label that is missing, then the body or a list of them."""
    found: list[Block] = []
    for one in node.items if isinstance(node, Sequence) else [node]:
        if not isinstance(one, Mapping):
            continue
        if missing:
            for name, inner in one.entries.items():
                found += _blocks(document, kind, (*labels, name), inner, inner.value, missing - 1)
            continue
        attributes = {
            name: Attribute(name, _expression(document, inner.value, 0), Site(document, inner.key_span))
            for name, inner in one.entries.items()
        }
        place = Site(document, entry.key_span)
        found.append(Block(kind, labels, Body(attributes, (), place), place))
    return found


def _expression(document: Document, node: Node, depth: int) -> Expression:
    site = Site(document, node.span)
    if depth > MAX_DEPTH:
        return Unreadable(site)
    if isinstance(node, Mapping):
        pairs = [
            (Literal(name, Site(document, inner.key_span), plain=False), _expression(document, inner.value, depth + 1))
            for name, inner in node.entries.items()
        ]
        return ObjectOf(tuple(pairs), site)
    if isinstance(node, Sequence):
        return ListOf(tuple(_expression(document, one, depth + 1) for one in node.items), site)
    return _scalar(document, node, site)


def _scalar(document: Document, node: Scalar, site: Site) -> Expression:
    if not node.plain and ("${" in node.text or "%{" in node.text):
        return read_expression(document, node.span)
    return Literal(node.text, site, node.plain)

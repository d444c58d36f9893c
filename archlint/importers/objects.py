"""What readers give: deployment objects whose facts know their place. Readers infer nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from archlint.model.deployment import (
    DEFAULT,
    ENV_FILE,
    EXAMPLE,
    LITERAL,
    SECRET,
    UNRESOLVED,
    Mount,
    Part,
    Port,
    Site,
    Value,
)
from archlint.source.document import Document
from archlint.source.nodes import Mapping, Node, Scalar


class Table(msgspec.Struct, frozen=True):
    """A mapping: from each key to its value, and to the place of the key."""

    entries: dict[str, Item]
    keys: dict[str, Site]
    site: Site
    tag: str = ""

    def get(self, *path: str) -> Item | None:
        """The value at a path of keys."""
        found: Item | None = self
        for key in path:
            found = found.entries.get(key) if isinstance(found, Table) else None
        return found

    def text(self, *path: str) -> str:
        """The text of a scalar at a path; empty without one."""
        found = self.get(*path)
        return found.text if isinstance(found, Value) else ""

    def value(self, *path: str) -> Value | None:
        """The scalar at a path, unless it is null."""
        found = self.get(*path)
        return found if isinstance(found, Value) and not found.is_null else None

    def table(self, *path: str) -> Table:
        """The mapping at a path; an empty one without it."""
        found = self.get(*path)
        return found if isinstance(found, Table) else Table({}, {}, self.site)

    def rows(self, *path: str) -> list[Item]:
        """The items of a list at a path; a single value is a list of one."""
        found = self.get(*path)
        if found is None or (isinstance(found, Value) and found.is_null):
            return []
        return found.items if isinstance(found, Rows) else [found]

    def tables(self, *path: str) -> list[Table]:
        """The mappings of a list at a path."""
        return [item for item in self.rows(*path) if isinstance(item, Table)]

    def texts(self, *path: str) -> list[str]:
        """The scalars of a list at a path, as texts."""
        return [item.text for item in self.rows(*path) if isinstance(item, Value)]


class Rows(msgspec.Struct, frozen=True):
    """A list."""

    items: list[Item]
    site: Site
    tag: str = ""


Item = Value | Table | Rows


def tag_of(document: Document, node: Node) -> str:
    """The tag that is written before a node, such as `!reset`; the parser keeps only its place."""
    text = document.text
    if text[node.start : node.start + 1] == "&":  # an anchor may come first
        end = text.find(" ", node.start)
        start = end + 1 if 0 < end < node.start + 80 else node.start
    else:
        start = node.start
    if text[start : start + 1] != "!":
        return ""
    found = re.compile(r"![\w.:/-]*").match(text, start)
    return found[0] if found is not None else ""


def tree(document: Document, node: Node) -> Item:
    """Give the values of a node their places; an aliased node is built once."""
    return _build(document, node, {})


def _build(document: Document, node: Node, known: dict[int, Item]) -> Item:
    found = known.get(id(node))
    if found is not None:
        return found
    site = Site(document, node.span)
    made: Item
    if isinstance(node, Scalar):
        made = Value(node.text, site, raw=node.text, plain=node.plain, tag=tag_of(document, node))
    elif isinstance(node, Mapping):
        entries = {key: _build(document, entry.value, known) for key, entry in node.entries.items()}
        keys = {key: Site(document, entry.key_span) for key, entry in node.entries.items()}
        made = Table(entries, keys, site, tag_of(document, node))
    else:
        made = Rows([_build(document, item, known) for item in node.items], site, tag_of(document, node))
    known[id(node)] = made
    return made


def scalars(item: Item, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Value]]:
    """Every scalar below an item, with the keys above it."""
    if isinstance(item, Value):
        yield path, item
    elif isinstance(item, Table):
        for key, value in item.entries.items():
            yield from scalars(value, (*path, key))
    else:
        for value in item.items:
            yield from scalars(value, path)


class Link(msgspec.Struct, frozen=True, gc=False):
    """A relation that a field states: `derivation` says which, `share` is a share of the traffic."""

    target: str
    verb: str
    derivation: str
    site: Site
    strength: str = "certain"
    share: str = ""
    scope: str = ""
    when: str = ""
    parallel: str = ""
    more: tuple[tuple[str, str], ...] = ()


class Fact(msgspec.Struct, frozen=True, gc=False):
    """A fact of a component as `arch.yaml` writes it: its text, or a mapping of facts."""

    text: str
    site: Site
    derivation: str = ""
    inner: tuple[tuple[str, Fact], ...] = ()


class Unit(Part, eq=False):
    """A part with what only an import needs: the relations, texts and facts that its files state.

    The `key` is a name that only links use, and that no other unit has. A unit that is read from files of settings
    names them, and the `program` that reads them: a container of it takes the unit's place.
    """

    links: list[Link] = msgspec.field(default_factory=list)
    texts: list[tuple[str, Value]] = msgspec.field(default_factory=list)
    facts: dict[str, Fact] = msgspec.field(default_factory=dict)
    ejects: bool = False
    probes: list[str] = msgspec.field(default_factory=list)
    settings: tuple[Path, ...] = ()
    program: str = ""
    model_facts: dict[str, dict[str, Fact]] = msgspec.field(default_factory=dict)
    key: str = ""


__all__ = [
    "DEFAULT", "ENV_FILE", "EXAMPLE", "LITERAL", "SECRET", "UNRESOLVED", "Fact", "Item", "Link", "Mount", "Port",
    "Rows", "Site", "Table", "Unit", "Value", "scalars", "tag_of", "tree",
]  # fmt: skip

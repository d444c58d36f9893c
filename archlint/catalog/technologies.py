"""The technology catalogue: what a name under `uses:` stands for, and what may be assumed of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from archlint.errors import ConfigError
from archlint.model.quantities import parse_duration
from archlint.model.words import KINDS
from archlint.shipped import catalogue_file
from archlint.source.document import Document
from archlint.source.files import read_document
from archlint.source.nodes import Mapping, Node, Scalar, Sequence

_KEYS: Final = ("title", "kind", "also", "aliases", "images", "site", "assumed")
_ASSUMABLE: Final = ("persistent", "redundant", "timeout", "balancing", "workers")


class Assumed(msgspec.Struct, frozen=True):
    """A fact that holds of a technology unless the file says otherwise, with the page that says so."""

    value: bool | float | str
    because: str
    source: str


class Technology(msgspec.Struct, frozen=True):
    """One entry: `kind` is what it usually is, `also` what else it plainly serves as."""

    name: str
    title: str
    kind: str
    also: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    site: str = ""
    assumed: dict[str, Assumed] = {}


class Technologies:
    """Technologies by name and alias, without regard to case."""

    def __init__(self, entries: Iterable[Technology]) -> None:
        self.entries: dict[str, Technology] = {}
        self._by_name: dict[str, Technology] = {}
        for entry in entries:
            self.add(entry)

    def add(self, entry: Technology) -> None:
        """Add an entry; one of the same name takes its place."""
        self.entries[entry.name] = entry
        for name in (entry.name, *entry.aliases):
            self._by_name[name.lower()] = entry

    def get(self, name: str | None) -> Technology | None:
        """Look a name or alias up."""
        return self._by_name.get(name.lower()) if name else None

    def names(self) -> list[str]:
        """Every name and alias."""
        return list(self._by_name)


def shipped_technologies() -> Technologies:
    """The catalogue that ships with archlint.

    >>> shipped_technologies().get("Kafka").kind
    'queue'
    """
    return Technologies(read_technologies(catalogue_file("technologies.yaml")))


def read_technologies(path: Path) -> list[Technology]:
    """Read a catalogue file, shipped or a user's own; raises `ConfigError` with its place."""
    document = read_document(path)
    if not isinstance(document.root, Mapping):
        raise ConfigError(f"{path}: a catalogue is a mapping of names to technologies")
    return [_entry(document, name, entry.value) for name, entry in document.root.entries.items()]


def _entry(document: Document, name: str, node: Node) -> Technology:
    values = _mapping(document, node, _KEYS, name)
    title, kind = _text(document, values, "title", name), _text(document, values, "kind", name)
    also = _texts(values.get("also"))
    for word in (kind, *also):
        if word not in KINDS:
            raise ConfigError(f"{_where(document, node)}: `{name}`: `{word}` is no kind of component", f"known: {', '.join(KINDS)}")
    assumed: dict[str, Assumed] = {}
    if "assumed" in values:
        for key, value in _mapping(document, values["assumed"], _ASSUMABLE, name).items():
            fact = _mapping(document, value, ("value", "because", "source"), f"{name}.{key}")
            text = _text(document, fact, "value", key)
            assumed[key] = Assumed(
                _fact(key, text), _text(document, fact, "because", key), _text(document, fact, "source", key)
            )
    site = values.get("site")
    return Technology(
        name, title, kind, also, _texts(values.get("aliases")), _texts(values.get("images")),
        site.text if isinstance(site, Scalar) else "", assumed,
    )  # fmt: skip


def _fact(key: str, text: str) -> bool | float | str:
    if key == "timeout":
        return parse_duration(text)
    if key == "workers":
        return float(text)
    return text == "true" if key in {"persistent", "redundant"} else text


def _where(document: Document, node: Node) -> str:
    line, column = document.position(node.start)
    return f"{document.name}:{line}:{column}"


def _mapping(document: Document, node: Node, keys: Iterable[str], name: str) -> dict[str, Node]:
    if not isinstance(node, Mapping):
        raise ConfigError(f"{_where(document, node)}: `{name}` needs a mapping")
    known = tuple(keys)
    for key, entry in node.entries.items():
        if key not in known:
            raise ConfigError(f"{_where(document, entry.value)}: `{name}` has no key `{key}`", f"known: {', '.join(known)}")
    return {key: entry.value for key, entry in node.entries.items()}


def _text(document: Document, values: dict[str, Node], key: str, name: str) -> str:
    node = values.get(key)
    if isinstance(node, Scalar) and not node.is_null:
        return node.text
    raise ConfigError(f"{document.name}: `{name}` needs `{key}`")


def _texts(node: Node | None) -> tuple[str, ...]:
    if isinstance(node, Sequence):
        return tuple(item.text for item in node.items if isinstance(item, Scalar))
    return (node.text,) if isinstance(node, Scalar) else ()

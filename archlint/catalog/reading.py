"""Catalogue files: mappings of names to entries, each error with its place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from archlint.errors import ConfigError
from archlint.source.document import Document
from archlint.source.files import read_document
from archlint.source.nodes import Entry, Mapping, Node, Scalar, Sequence


def plain_name(name: str) -> str:
    """Return a name in lower case with hyphens between its words.

    >>> plain_name("TensorFlow Serving"), plain_name("Pub/Sub")
    ('tensorflow-serving', 'pub-sub')
    """
    plain = name.strip().lower()
    return plain if plain.replace("-", "").isalnum() and "--" not in plain else re.sub(r"[\s_/-]+", "-", plain)


def compiled(entries: Iterable[msgspec.Struct]) -> bytes:
    """Return the content of the JSON file that every start reads instead of the catalogue: one entry a line."""
    return b"[\n" + b",\n".join(msgspec.json.encode(entry) for entry in entries) + b"\n]\n"


class CatalogueFile:
    """One catalogue file; raises `ConfigError` with the place of a mistake."""

    def __init__(self, path: Path) -> None:
        self.document: Document = read_document(path)
        for flaw in self.document.flaws:
            line, column = self.document.position(flaw.span.start)
            raise ConfigError.at(f"{self.document.name}:{line}:{column}", flaw.message)

    def entries(self) -> dict[str, Entry]:
        """Return the entries by name; none of an empty file."""
        root = self.document.root
        if root is None:
            return {}
        if not isinstance(root, Mapping):
            raise self.error(root, "a catalogue is a mapping of names to entries")
        return root.entries

    def error(self, node: Node, message: str, hint: str = "") -> ConfigError:
        """Build an error at the place of a node."""
        line, column = self.document.position(node.start)
        return ConfigError.at(f"{self.document.name}:{line}:{column}", message, hint)

    def mapping(self, node: Node, keys: Iterable[str], name: str) -> dict[str, Node]:
        """Return the values of a mapping that may have only some keys."""
        if not isinstance(node, Mapping):
            raise self.error(node, f"`{name}` needs a mapping")
        known = tuple(keys)
        for key, entry in node.entries.items():
            if key not in known:
                raise self.error(entry.value, f"`{name}` has no key `{key}`", f"valid keys: {', '.join(known)}")
        return {key: entry.value for key, entry in node.entries.items()}

    def text(self, holder: Node, values: dict[str, Node], key: str, name: str) -> str:
        """Return the text under a required key."""
        node = values.get(key)
        if isinstance(node, Scalar) and not node.is_null:
            return node.text
        raise self.error(node or holder, f"`{name}` needs `{key}`: some words")

    def texts(self, values: dict[str, Node], key: str, name: str) -> tuple[str, ...]:
        """Return the texts under an optional key: a list, or a single text."""
        node = values.get(key)
        if node is None:
            return ()
        items = node.items if isinstance(node, Sequence) else [node]
        found = tuple(item.text for item in items if isinstance(item, Scalar) and not item.is_null)
        if len(found) != len(items):
            raise self.error(node, f"`{key}` of `{name}` needs a list of words")
        return found

"""The catalogue of patterns: what findings suggest as fixes and `archlint check --patterns` recognises."""

from __future__ import annotations

import re
from functools import cache

import msgspec

from archlint.shipped import packed_file, shipped_folder
from archlint.source.files import read_document
from archlint.source.nodes import Mapping, Node, Scalar, Sequence
from archlint.source.parser import parse


class Pattern(msgspec.Struct, frozen=True):
    """One pattern; `reference` is the folder of its runnable implementation, or empty.

    `recognised` says by which facts `archlint check --patterns` recognises it; it is empty if findings only suggest it.
    """

    name: str
    title: str
    group: str
    summary: str
    use_when: tuple[str, ...]
    avoid_when: tuple[str, ...]
    roles: dict[str, str]
    recognised: str
    costs: str
    reference: str
    sources: tuple[tuple[str, str], ...]

    @property
    def docs(self) -> str:
        """The pattern's page, relative to the project's root."""
        return f"docs/patterns/{self.name}.md"


@cache
def pattern_named(name: str) -> Pattern | None:
    """Return one pattern; only its own lines of the catalogue are parsed, because a finding needs no others."""
    entry = re.search(rf"^  {re.escape(name)}:(?:.*\n(?=   |\n|\Z))*.*", _text_of_catalogue(), re.MULTILINE)
    if entry is None:
        return patterns().get(name)
    root = parse("catalog.yaml", entry[0]).root
    return _pattern(name, root.entries[name].value) if isinstance(root, Mapping) else None


@cache
def _text_of_catalogue() -> str:
    folder = shipped_folder("rules")
    return (folder / "catalog.yaml").read_text(encoding="utf-8") if folder is not None else ""


@cache
def patterns() -> dict[str, Pattern]:
    """Every pattern by name, in the order of the catalogue.

    >>> patterns()["batch"].group
    'serving'
    """
    folder = shipped_folder("rules")
    if folder is None:
        return {}
    root = read_document(folder / "catalog.yaml").root
    section = root.entries["patterns"].value if isinstance(root, Mapping) else None
    if not isinstance(section, Mapping):
        raise ValueError("catalog.yaml: `patterns` needs a mapping")
    return {name: _pattern(name, entry.value) for name, entry in section.entries.items()}


def _pattern(name: str, node: Node) -> Pattern:
    if not isinstance(node, Mapping):
        raise ValueError(f"catalog.yaml: `{name}` needs a mapping")
    values = {key: entry.value for key, entry in node.entries.items()}
    roles = values.get("roles")
    return Pattern(
        name, _text(values.get("title")), _text(values.get("group")), _text(values.get("summary")),
        _texts(values.get("use_when")), _texts(values.get("avoid_when")),
        {key: _text(entry.value) for key, entry in roles.entries.items()} if isinstance(roles, Mapping) else {},
        _text(values.get("recognised")), _text(values.get("costs")), _shipped_reference(_text(values.get("reference"))),
        tuple(_source(item) for item in _items(values.get("sources"))),
    )  # fmt: skip


def _shipped_reference(path: str) -> str:
    """Return the reference implementation, if this installation has it."""
    root = shipped_folder("reference_impls")
    folder, _, name = path.partition("/")
    if not (folder and name):
        return ""
    if root is None:                      # the archive has all folders that the catalogue names
        return path if packed_file("reference_impls") is not None else ""
    return path if (root / name).is_dir() else ""


def _source(node: Node) -> tuple[str, str]:
    if not isinstance(node, Mapping):
        return _text(node), ""
    values = {key: entry.value for key, entry in node.entries.items()}
    return _text(values.get("title")), _text(values.get("url"))


def _items(node: Node | None) -> list[Node]:
    return node.items if isinstance(node, Sequence) else []


def _text(node: Node | None) -> str:
    return node.text.strip() if isinstance(node, Scalar) else ""


def _texts(node: Node | None) -> tuple[str, ...]:
    """Return the texts of a list; raises `ValueError` for an item that is not a text (an unquoted `: `)."""
    items = _items(node)
    for item in items:
        if not _text(item):
            raise ValueError(f"catalog.yaml: offset {item.start}: not a text; put it in quotes")
    return tuple(map(_text, items))

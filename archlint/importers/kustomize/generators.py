"""Config maps and secrets that a kustomization generates; the values of secrets are not kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from archlint.errors import UnreadableInputError
from archlint.importers.files import Files
from archlint.importers.kustomize.edits import text_at, with_entry
from archlint.importers.kustomize.resources import Built, Resources, built
from archlint.importers.kustomize.transforms import add_generator_options
from archlint.importers.objects import SECRET, UNRESOLVED, Item, Site, Table, Value
from archlint.source.nodes import Span

GENERATORS: Final = {"configMapGenerator": "ConfigMap", "secretGenerator": "Secret"}
_LINE: Final = re.compile(r"(?m)^[ \t]*(?!#)([^=\s#][^=\n]*?)(?:=(.*?))?\r?$")


def generate(
    kustomization: Table, folder: Path, path: Path, files: Files, resources: Resources, notes: list[str]
) -> None:
    """Add what the generators of a kustomization make, or merge it into what is there."""
    for key, kind in GENERATORS.items():
        for entry in kustomization.tables(key):
            data = dict(_data(entry, folder, files, kind == "Secret", notes))
            table = _table(entry, kind, data, kustomization.table("generatorOptions"))
            _add(built(table, path), entry.text("behavior"), resources, notes)


def _add(made: Built, behavior: str, resources: Resources, notes: list[str]) -> None:
    known = resources.matching(made.table) if behavior in {"merge", "replace"} else []
    if not known:
        if not resources.add(made):
            notes.append(f"{made.origin.shown}: {made.current.kind} `{made.current.name}` is generated twice")
        return
    (target, *_) = known
    data = made.table.table("data")
    if behavior == "merge":
        old = target.table.table("data")
        data = Table({**old.entries, **data.entries}, {**old.keys, **data.keys}, old.site)
    resources.update(target, with_entry(target.table, "data", data, data.site))


def _table(entry: Table, kind: str, data: dict[str, Item], options: Table) -> Table:
    site = entry.keys.get("name", entry.site)
    metadata: dict[str, Item] = {"name": entry.get("name") or text_at("", site)}
    if entry.get("namespace") is not None:
        metadata["namespace"] = entry.get("namespace") or text_at("", site)
    keys = {key: item.site for key, item in metadata.items()}
    content = Table(data, {key: item.site for key, item in data.items()}, site)
    parts: dict[str, Item] = {
        "apiVersion": text_at("v1", site), "kind": text_at(kind, site), "metadata": Table(metadata, keys, site),
        "data": content,
    }  # fmt: skip
    if kind == "Secret":
        parts["type"] = entry.get("type") or text_at("Opaque", site)
    table = Table(parts, dict.fromkeys(parts, site), site)
    return add_generator_options(add_generator_options(table, options), entry.table("options"))


def _data(entry: Table, folder: Path, files: Files, secret: bool, notes: list[str]) -> Iterator[tuple[str, Item]]:
    for item in entry.rows("envs") + entry.rows("env"):
        document = _document(item, item.text, folder, files, notes) if isinstance(item, Value) else None
        for match in _LINE.finditer(document.document.text) if document is not None else ():
            at = Site(document.document, Span(match.start(1), match.end())) if document is not None else item.site
            yield match[1].strip(), _value(match[2], at, secret)
    for item in entry.rows("files"):
        if isinstance(item, Value):
            key, _, name = item.text.rpartition("=")
            site = _document(item, name, folder, files, notes)
            text = site.document.text if site is not None else None
            yield key or name.rpartition("/")[2], _value(text, site or item.site, secret)
    for item in entry.rows("literals"):
        if isinstance(item, Value):
            key, equals, text = item.text.partition("=")
            yield key, _value(_unquoted(text) if equals else None, item.site, secret)


def _value(text: str | None, site: Site, secret: bool) -> Value:
    if secret:
        return Value("", site, SECRET, plain=False)
    if text is None:
        return Value("", site, UNRESOLVED, plain=False)
    return text_at(text, site)


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def _document(item: Value, name: str, folder: Path, files: Files, notes: list[str]) -> Site | None:
    """Return the place of a file that a generator reads: its first line."""
    try:
        path = files.find(folder, name)
    except UnreadableInputError as error:
        notes.append(f"{item.site.shown}: not read: {error.message}")
        return None
    document = files.side(path)
    if document is None:
        notes.append(f"{item.site.shown}: not read: {name[:100]} is no text file of the project")
        return None
    return Site(document, Span(0, document.text.find("\n") if "\n" in document.text else len(document.text)))

"""Which value of a chart a rendered scalar comes from: findings then point to the file of values that sets it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from archlint.errors import UnreadableInputError
from archlint.importers.files import Files
from archlint.importers.objects import Item, Rows, Site, Table, Value, scalars, tree
from archlint.source.nodes import Mapping

_NAMED: Final = re.compile(r"\.Values((?:\.\w+)+)")
_PLAIN: Final = re.compile(
    r"\{\{-?\s*(?:toYaml\s+)?\$?\.Values(?:\.\w+)+\s*(?:\|\s*(?:quote|int|toYaml|n?indent \d+)\s*)*-?\}\}"
)


class Values:
    """The files of values of one chart, the most important first; those of a call win."""

    def __init__(self, folder: Path, files: Files, given: Sequence[Path], above: Values | None = None) -> None:
        self.folder = folder
        self.tables = [table for path in (*reversed(given), folder / "values.yaml") for table in _tables(path, files)]
        if above is not None:
            inner = (table.get(folder.name) for table in above.tables)
            self.tables[:0] = [one for one in inner if isinstance(one, Table)]

    def site(self, value: Value, key: str) -> Site | None:
        """Return where a value is set, if its line of the template has nothing but one value of the chart."""
        document = value.site.document
        start = document.text.rfind("\n", 0, value.site.span.start) + 1
        line = document.text[start:].partition("\n")[0]
        names = _NAMED.findall(line)
        if len(names) != 1 or _PLAIN.search(line) is None:
            return None
        path = names[0].strip(".").split(".")
        for table in self.tables:
            found = table.get(*path)
            if isinstance(found, Value):
                return found.site if found.text == value.text else None
            if found is not None:
                same = [one for keys, one in scalars(found) if keys[-1:] in {(key,), ()} and one.text == value.text]
                return same[0].site if len(same) == 1 else None
        return None

    def place(self, item: Item, key: str = "") -> Item:
        """Return an item whose scalars have the places of the values that they come from."""
        if isinstance(item, Value):
            site = self.site(item, key)
            return item if site is None else msgspec.structs.replace(item, site=site, via=(item.site, *item.via))
        if isinstance(item, Rows):
            return Rows([self.place(one, key) for one in item.items], item.site, item.tag)
        entries = {name: self.place(one, name) for name, one in item.entries.items()}
        return Table(entries, item.keys, item.site, item.tag)


def _tables(path: Path, files: Files) -> Iterator[Table]:
    try:
        documents = files.documents(path) if os.path.isfile(path) else []
    except UnreadableInputError:
        return
    for document in documents:
        if isinstance(document.root, Mapping):
            found = tree(document, document.root)
            if isinstance(found, Table):
                yield found

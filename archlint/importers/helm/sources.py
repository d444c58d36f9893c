"""Manifests that `helm template` printed: its comments name the template of each, where findings then point."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from archlint.errors import UnreadableInputError
from archlint.importers.files import Files
from archlint.importers.helm.lines import Placing
from archlint.importers.nested import placed
from archlint.importers.objects import Item, Site, tree
from archlint.source.document import Document
from archlint.source.nodes import Node, Span

_SOURCE: Final = re.compile(r"(?m)^# Source: (\S+)[ \t]*$")
_FOLDERS: Final = ("", "chart", "charts", "helm", "deploy")


def split_sources(text: str) -> Iterator[tuple[str, str]]:
    """Yield what `helm template` prints, by the templates that its comments name.

    >>> list(split_sources("---\\n# Source: a/templates/b.yaml\\nx: 1\\n---\\n# Source: a/templates/c.yaml\\ny: 1\\n"))
    [('a/templates/b.yaml', '\\nx: 1\\n'), ('a/templates/c.yaml', '\\ny: 1\\n')]
    """
    marks = list(_SOURCE.finditer(text))
    for number, mark in enumerate(marks):
        end = marks[number + 1].start() if number + 1 < len(marks) else len(text)
        yield mark[1], text[mark.end() : end].removesuffix("---\n")


def in_template(document: Document, root: Node, path: Path, files: Files) -> Item:
    """Return a rendered document with the places of its template; with its own, if the template is not there."""
    item = tree(document, root)
    start, end = document.extent
    found = list(_SOURCE.finditer(document.text, start, root.start))
    template = _template(found[-1][1], path, files) if found else None
    if template is None:
        return item
    placing = Placing(Document(document.name, document.text[start:end], None), template)

    def place(span: Span) -> Site:
        return placing(Span(span.start - start, span.end - start))

    return placed(item, place)


def _template(name: str, path: Path, files: Files) -> Document | None:
    """Return the template that a comment names: its first folder is the name of the chart."""
    chart, _, rest = name.partition("/")
    for base in (Path(), path.parent):
        for folder in _FOLDERS:
            for inner in (base / folder, base / folder / chart):
                if os.path.isfile(inner / "Chart.yaml") and os.path.isfile(inner / rest):
                    try:
                        template = files.find(inner, rest)
                        return files.side(template) if _is_named(inner, chart, files) else None
                    except UnreadableInputError:
                        continue
    return None


def _is_named(folder: Path, name: str, files: Files) -> bool:
    document = files.side(folder / "Chart.yaml")
    pattern = rf"(?m)^name[ \t]*:[ \t]*[\"']?{re.escape(name)}\b"
    return document is not None and re.search(pattern, document.text) is not None

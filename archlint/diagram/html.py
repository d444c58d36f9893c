"""A picture as one self-contained page: pan and zoom, search, and a panel with the facts of the selected part.

The page loads nothing. Its policy allows only its own script and style, named by their hashes
(https://www.w3.org/TR/CSP3/). Text of the file is escaped, or is JSON without `<`.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from typing import Final

import msgspec

from archlint.diagram.picture import FAMILIES, Edge, Mark, Node, Picture
from archlint.diagram.svg import svg
from archlint.diagram.text import clean, drawable, xml
from archlint.diagram.themes import AUTO, DARK, stylesheet

_KEYS: Final = (
    "Picture. Arrow keys move it, plus and minus zoom. Tab goes to the next component, "
    "Enter shows its facts, Enter again moves to them, Escape goes back"
)

_SEARCHED: Final = frozenset({"uses", "trains", "zones", "regions", "jurisdiction", "host", "owner", "workloads"})
"""The labels of a sheet whose texts are searched."""


class _Node(msgspec.Struct, frozen=True):
    name: str
    description: str
    file: str
    line: int
    source: str
    sheet: tuple[tuple[str, str], ...]
    budget: str
    marks: tuple[Mark, ...]
    roles: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...]
    members: tuple[str, ...]
    search: str


class _Edge(msgspec.Struct, frozen=True):
    source: int
    target: int
    title: str
    detail: str
    many: bool
    file: str
    line: int
    sheet: tuple[tuple[str, str], ...]
    marks: tuple[Mark, ...]
    search: str


class _Data(msgspec.Struct, frozen=True):
    title: str
    description: str
    sheet: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    marks: tuple[Mark, ...]
    nodes: tuple[_Node, ...]
    edges: tuple[_Edge, ...]


def html(picture: Picture, theme: str = AUTO, direction: str = AUTO) -> str:
    """Return a picture as a page. `theme` and `direction` are as in `svg`."""
    style, script = page_style(theme), _part("page_view.js") + _part("page.js")
    drawing = svg(picture, theme, direction, styled=False, interactive=True)
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>{xml(picture.title)}</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>{xml(picture.title)}</h1>
<input id="search" type="search" placeholder="Search ( / )"
  aria-label="Search components, technologies, zones, owners, rules">
<span id="count" role="status"></span>
<button id="in" type="button" aria-label="Zoom in" title="Zoom in ( + )">+</button>
<button id="out" type="button" aria-label="Zoom out" title="Zoom out ( - )">−</button>
<button id="fit" type="button" title="Show all ( 0 )">Fit</button>
</header>
<main>
<div id="view" aria-label="{_KEYS}">
{drawing}</div>
<aside id="panel" aria-label="Facts and findings" aria-live="polite"></aside>
</main>
<script type="application/json" id="data">{_json(picture)}</script>
<script>{script}</script>
</body>
</html>
"""


def page_style(theme: str) -> str:
    """Return the style sheet of the page and of its picture."""
    dark = _part("page_dark.css")
    if theme == AUTO:
        dark = f"@media (prefers-color-scheme: dark) {{\n{dark}}}\n"
    return stylesheet(theme) + _part("page.css") + (dark if theme in {AUTO, DARK} else "")


def _part(name: str) -> str:
    return files("archlint.diagram").joinpath(name).read_text(encoding="utf-8").replace("\r\n", "\n")


def _hash(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()


def _json(picture: Picture) -> str:
    """Return the data of the script. `<`, `>` and `&` are escaped, so nothing in it ends the element."""
    numbers = {node.name: number for number, node in enumerate(picture.nodes)}
    data = _Data(
        clean(picture.title),
        picture.description,
        picture.sheet,
        picture.notes,
        picture.marks,
        tuple(_node(picture, node) for node in picture.nodes),
        tuple(_edge(edge, numbers) for edge in picture.edges),
    )
    text = drawable(msgspec.json.encode(data).decode())
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _node(picture: Picture, node: Node) -> _Node:
    stated = (f"{label} {text}" for label, text in node.sheet if label in _SEARCHED)
    named = (node.name, node.kind, node.technology, *node.models, *node.members)
    words = " ".join((*named, node.description, *stated, _rules(node.marks)))
    return _Node(
        node.name, node.description, node.file, node.line, node.source, node.sheet, node.budget, node.marks,
        tuple((picture.patterns.get(role.pattern, role.pattern), role.role) for role in node.roles),
        tuple((link.verb.replace("_", " "), link.target) for link in node.links), node.members, words.lower(),
    )  # fmt: skip


def _rules(marks: tuple[Mark, ...]) -> str:
    return " ".join(f"{mark.rule} {mark.name}" for mark in marks)


def _edge(edge: Edge, numbers: dict[str, int]) -> _Edge:
    sheet = (("how", FAMILIES[edge.family]), *edge.sheet)
    return _Edge(
        numbers[edge.source], numbers[edge.target], _title(edge), edge.detail, edge.count > 1, edge.file, edge.line,
        sheet, edge.marks, _rules(edge.marks).lower(),
    )  # fmt: skip


def _title(edge: Edge) -> str:
    """Return the title of a relation, without its facts, which follow below."""
    if edge.count > 1:
        return f"{edge.source} → {edge.target} (×{edge.count})"
    owner, verb, other = edge.stated
    said = f"{owner} {verb.replace('_', ' ')} {other}"
    return said if edge.detail.startswith(said) else edge.detail

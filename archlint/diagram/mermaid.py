"""A picture as a Mermaid flowchart: text that GitHub, GitLab and many wikis draw.

Syntax: https://mermaid.js.org/syntax/flowchart.html. Nodes have identifiers made of their names, and the kind of a
relation is the kind of its line, so a component that is added changes no other line. All text from the file is in
quoted labels; characters other than letters, digits and a few signs are written as entities.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from archlint.diagram.identifiers import Ids, ids_of
from archlint.diagram.picture import (
    DATA,
    FAMILIES,
    MESSAGE,
    OBSERVING,
    REMOVED,
    SCHEDULE,
    SEVERITIES,
    WAITING,
    Edge,
    Mark,
    Node,
    Picture,
)
from archlint.diagram.rows import OUTLINES, finding_rows, kinds_in, node_rows, outline, outlines_in
from archlint.diagram.text import clean, named
from archlint.diagram.themes import DARK, LIGHT, LIT, PALETTES, Palette, group_of
from archlint.model.words import STORES

_ARROWS: Final = {WAITING: "-->", MESSAGE: "-.->", DATA: "--o", SCHEDULE: "==>", OBSERVING: "-.-"}
_LINES: Final = {
    WAITING: "arrow", MESSAGE: "dotted arrow", DATA: "round end", SCHEDULE: "thick arrow", OBSERVING: "dotted line",
}  # fmt: skip
_SHAPES: Final = {"client": ("([", "])"), "queue": ("[[", "]]"), "scheduler": ("{{", "}}"), "external": (">", "]")}
_WIDTHS: Final = {"error": 4, "warning": 3, "info": 2}
_SAFE: Final = frozenset(" -_.,:/()+×≤≥·–→")
RESERVED: Final = frozenset(
    (
        "accdescr acctitle bt call class classdef click default direction end flowchart graph href interpolate legend "
        "linkstyle lr o rl style subgraph tb td v x"
    ).split()
)
MOST_CHARACTERS: Final = 50_000
MOST_EDGES: Final = 500
"""Mermaid's default limits `maxTextSize` and `maxEdges`; a site can raise them
(https://mermaid.js.org/config/schema-docs/config.html)."""

Changes = Mapping[str, str]
EdgeChanges = Mapping[tuple[str, str, str], str]


def mermaid(
    picture: Picture, theme: str = LIGHT, direction: str = "", nodes: Changes | None = None,
    edges: EdgeChanges | None = None,
) -> str:  # fmt: skip
    """Return a picture as a Mermaid flowchart.

    `nodes` and `edges` give the change of parts against another system: added, removed or changed. Their keys are the
    name of a node, and (component that states the relation, verb, other component). Parts that they do not name keep
    the change of the picture. `direction` is right or down; by default, small systems run to the right.

    >>> from archlint.diagram.picture import Edge, Node, Picture
    >>> picture = Picture("shop", (Node("page", "client"), Node("api", "service")),
    ...                   (Edge("page", "api", "calls", "waiting", "page", "≤ 1 s"),))
    >>> print(mermaid(picture, nodes={"api": "added"}).partition("  legend")[0])
    ---
    title: "shop"
    ---
    flowchart LR
      page(["<b>page</b><br/>client"]):::entry
      api["<b>api</b><br/>service"]:::work
      class api added
      page -->|"≤ 1 s"| api
    <BLANKLINE>
    """
    picture = _with_changes(picture, nodes or {}, edges or {})
    ids = ids_of(picture, RESERVED)
    right = direction == "right" or (not direction and len(picture.nodes) <= 12)
    lines = ["---", f"title: {_title(picture.title)}", "---"] if picture.title else []
    lines.append(f"flowchart {'LR' if right else 'TB'}")
    lines += _nodes(picture, ids)
    lines += [f"  {_edge(edge, ids)}" for edge in picture.edges]
    for key, mark in zip(ids.whole, picture.marks, strict=True):
        lines += [f"  {key}[\"{label(_whole(mark))}\"]:::note", f"  class {key} {_class_of(mark.severity)}"]
    lines += [f"  %% {_comment(note)}" for note in picture.notes]
    lines += _legend(picture)
    lines += _styles(picture, PALETTES[DARK if theme == DARK else LIGHT])
    return "\n".join([*lines, ""])


def _with_changes(picture: Picture, nodes: Changes, edges: EdgeChanges) -> Picture:
    return replace(
        picture,
        nodes=tuple(replace(node, change=nodes.get(node.name, node.change)) for node in picture.nodes),
        edges=tuple(replace(edge, change=edges.get(edge.stated, edge.change)) for edge in picture.edges),
    )


def _title(words: str) -> str:
    """Return a title for the YAML front matter, quoted so that YAML reads it as text."""
    safe = clean(words).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{safe}"'


def _comment(words: str) -> str:
    """Return text for a comment, without braces: Mermaid would read them as a directive."""
    return "".join(c if c.isalnum() or c in _SAFE else " " for c in clean(words))


def label(words: str) -> str:
    """Return text for a quoted label. Characters other than letters, digits and plain signs become entities.

    >>> label('a"] --> b<script>')
    'a#34;#93; --#62; b#60;script#62;'
    """
    return "".join(c if c.isalnum() or c in _SAFE else f"#{ord(c)};" for c in clean(words))


def _nodes(picture: Picture, ids: Ids) -> list[str]:
    inside: dict[str, list[str]] = {}
    for node in picture.nodes:
        inside.setdefault(node.cluster, []).extend(f"  {line}" for line in _node(node, ids.nodes[node.name]))
    return [*inside.pop("", []), *_frames("", picture, ids, inside)]


def _frames(around: str, picture: Picture, ids: Ids, inside: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield the frames that are directly inside another one, or inside none, each with all that it holds."""
    for cluster in picture.clusters:
        if cluster.inside == around:
            yield f'  subgraph {ids.frames[cluster.key]}["{label(cluster.title)}"]'
            yield from (f"  {line}" for line in inside.get(cluster.key, []))
            yield from (f"  {line}" for line in _frames(cluster.key, picture, ids, inside))
            yield "  end"
            yield f"  class {ids.frames[cluster.key]} frame"


def _node(node: Node, key: str) -> list[str]:
    rows = [f"<b>{label(named(node.name))}</b>", *map(label, node_rows(node))]
    rows += [f"<b>{label(words)}</b>" for words in finding_rows(node.marks)]
    opening, closing = ("[(", ")]") if node.kind in STORES else _SHAPES.get(node.kind, ("[", "]"))
    line = f'{key}{opening}"{"<br/>".join(rows)}"{closing}:::{group_of(node)}'
    around = outline(node)
    return [line, f"class {key} {_class_of(around)}"] if around else [line]


def _class_of(around: str) -> str:
    """Return the class of an outline; sites have styles of their own for a class `error`."""
    return f"found_{around}" if around in SEVERITIES else around


def _edge(edge: Edge, ids: Ids) -> str:
    rows = [label(edge.label)] if edge.label else []
    rows += [f"<b>{label(words)}</b>" for words in finding_rows(edge.marks)]
    words = f'|"{"<br/>".join(rows)}"|' if rows else ""
    return f"{ids.nodes[edge.source]} {_ARROWS[edge.family]}{words} {ids.nodes[edge.target]}"


def _whole(mark: Mark) -> str:
    return f"{mark.rule} ({mark.severity}): {clean(mark.message, 160)}"


def _legend(picture: Picture) -> list[str]:
    """Return one node that says what colours, lines and outlines mean, if they occur."""
    families = {edge.family for edge in picture.edges}
    rows = [f"{colour}: {meaning}" for colour, meaning in kinds_in(picture)]
    rows += [f"{_LINES[family]}: {meaning}" for family, meaning in FAMILIES.items() if family in families]
    rows += [f"{colour} outline: {meaning}" for colour, meaning in outlines_in(picture)]
    return [f'  legend["{"<br/>".join(map(label, rows))}"]:::note'] if rows else []


def _styles(picture: Picture, palette: Palette) -> Iterator[str]:
    """Yield the classes that occur, and the style of the lines."""
    groups = {group_of(node) for node in picture.nodes}
    for group, (fill, line) in palette.cards.items():
        if group in groups:
            yield f"  classDef {group} fill:{fill},stroke:{line},color:{palette.ink}"
    outlines = {outline(node) for node in picture.nodes} | {mark.severity for mark in picture.marks}
    for name in OUTLINES:
        if name in outlines:
            dashes = ",stroke-dasharray:4 3" if name == REMOVED else ""
            colour = palette.outlines[name]
            yield f"  classDef {_class_of(name)} stroke:{colour},stroke-width:{_WIDTHS.get(name, 3)}px{dashes}"
    small = f"fill:{palette.band},stroke:{palette.frame},color:{palette.soft}"
    if picture.clusters:
        yield f"  classDef frame {small},stroke-dasharray:5 4"
    yield f"  classDef note {small},font-size:11px"
    if picture.edges:
        yield f"  linkStyle default stroke:{palette.lines[WAITING]},stroke-width:1.5px"
    yield from _line_styles(picture.edges, palette)


def _line_styles(edges: Iterable[Edge], palette: Palette) -> Iterator[str]:
    """Yield the styles of lines that changed or are on the chosen path, by their numbers."""
    styled: dict[str, list[str]] = {}
    for number, edge in enumerate(edges):
        name = edge.change or (LIT if edge.emphasis > 0 else "")
        if name:
            dashes = ",stroke-dasharray:4 3" if name == REMOVED else ""
            style = f"stroke:{palette.outlines[name]},stroke-width:3px{dashes}"
            styled.setdefault(style, []).append(str(number))
    yield from (f"  linkStyle {','.join(numbers)} {style}" for style, numbers in styled.items())

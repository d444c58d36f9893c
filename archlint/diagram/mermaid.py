"""A picture as a Mermaid flowchart: text that GitHub, GitLab and many wikis draw.

Syntax: https://mermaid.js.org/syntax/flowchart.html. Nodes and edges are numbered. All text from the
file is in quoted labels; characters other than letters, digits and a few signs are written as entities.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from archlint.diagram.picture import (
    CHANGES,
    DATA,
    MESSAGE,
    OBSERVING,
    REMOVED,
    SCHEDULE,
    WAITING,
    Edge,
    Mark,
    Node,
    Picture,
    grouped_marks,
)
from archlint.diagram.rows import finding_rows, node_rows
from archlint.diagram.text import clean, named
from archlint.diagram.themes import DARK, DASHES, LIGHT, PALETTES, group_of
from archlint.model.words import STORES

_ARROWS: Final = {WAITING: "-->", MESSAGE: "-.->", DATA: "-.->", SCHEDULE: "-.->", OBSERVING: "-.->"}
_SHAPES: Final = {"client": ("([", "])"), "queue": ("[[", "]]"), "scheduler": ("{{", "}}"), "external": (">", "]")}
_SAFE: Final = frozenset(" -_.,:/()+×≤≥·–")
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
    >>> print(mermaid(picture, nodes={"api": "added"}).partition("classDef")[0])
    ---
    title: "shop"
    ---
    flowchart LR
      n0(["<b>page</b><br/>client"]):::entry
      n1["<b>api</b><br/>service"]:::added
      n0 -->|"≤ 1 s"| n1
    <BLANKLINE>
    """
    numbers = {node.name: number for number, node in enumerate(picture.nodes)}
    right = direction == "right" or (not direction and len(picture.nodes) <= 12)
    lines = ["---", f"title: {_title(picture.title)}", "---"] if picture.title else []
    lines.append(f"flowchart {'LR' if right else 'TB'}")
    lines += _nodes(picture, numbers, nodes or {})
    styled: dict[str, list[str]] = {}
    for number, edge in enumerate(picture.edges):
        lines.append(f"  {_edge(edge, numbers)}")
        change = (edges or {}).get(edge.stated, edge.change)
        styled.setdefault(_line_style(edge, change, theme), []).append(str(number))
    styles = [f"  linkStyle {','.join(of)} {style}" for style, of in styled.items()]
    lines += [f"  {_whole(number, mark)}" for number, mark in enumerate(picture.marks)]
    lines += [f"  %% {_comment(note)}" for note in picture.notes]
    return "\n".join([*lines, *_classes(theme), *styles, ""])


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


def _nodes(picture: Picture, numbers: Mapping[str, int], changes: Changes) -> list[str]:
    inside: dict[str, list[str]] = {}
    for node in picture.nodes:
        change = changes.get(node.name, node.change)
        inside.setdefault(node.cluster, []).append(f"  {_node(node, numbers[node.name], change)}")
    return [*inside.pop("", []), *_frames("", picture, inside)]


def _frames(around: str, picture: Picture, inside: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield the frames that are directly inside another one, or inside none, each with all that it holds."""
    for number, cluster in enumerate(picture.clusters):
        if cluster.inside == around:
            yield f'  subgraph c{number}["{label(cluster.title)}"]'
            yield from (f"  {line}" for line in inside.get(cluster.key, []))
            yield from (f"  {line}" for line in _frames(cluster.key, picture, inside))
            yield "  end"


def _node(node: Node, number: int, change: str) -> str:
    rows = [f"<b>{label(named(node.name))}</b>", *map(label, node_rows(node))]
    rows += [f"<b>{label(words)}</b>" for words in finding_rows(node.marks)]
    opening, closing = ("[(", ")]") if node.kind in STORES else _SHAPES.get(node.kind, ("[", "]"))
    worst = grouped_marks(node.marks)[0][1] if node.marks else ""
    style = change or (f"found_{worst}" if worst else "lit" if node.emphasis > 0 else group_of(node))
    return f'n{number}{opening}"{"<br/>".join(rows)}"{closing}:::{style}'


def _edge(edge: Edge, numbers: Mapping[str, int]) -> str:
    rows = [label(edge.label)] if edge.label else []
    rows += [f"<b>{label(words)}</b>" for words in finding_rows(edge.marks)]
    words = f'|"{"<br/>".join(rows)}"|' if rows else ""
    return f"n{numbers[edge.source]} {_ARROWS[edge.family]}{words} n{numbers[edge.target]}"


def _whole(number: int, mark: Mark) -> str:
    words = label(f"{mark.rule} ({mark.severity}): {clean(mark.message, 160)}")
    return f'f{number}["{words}"]:::found_{mark.severity}'


def _line_style(edge: Edge, change: str, theme: str) -> str:
    palette = PALETTES[DARK if theme == DARK else LIGHT]
    colour = palette.changes[change] if change in palette.changes else palette.lines[edge.family]
    if edge.emphasis > 0 and not change:
        colour = palette.accent
    width = "3px" if edge.emphasis > 0 or change else "1.5px"
    dashes = "4 3" if change == REMOVED else DASHES[edge.family]
    dash = f",stroke-dasharray:{dashes}" if dashes else ""
    return f"stroke:{colour},stroke-width:{width}{dash}"


def _classes(theme: str) -> list[str]:
    palette = PALETTES[DARK if theme == DARK else LIGHT]
    lines = [
        f"  classDef {group} fill:{fill},stroke:{line},color:{palette.ink}"
        for group, (fill, line) in palette.cards.items()
    ]
    lines += [
        f"  classDef found_{severity} fill:{palette.paper},stroke:{colour},stroke-width:3px,color:{palette.ink}"
        for severity, colour in palette.marks.items()
    ]
    lines += [
        f"  classDef {change} fill:{palette.paper},stroke:{palette.changes[change]},stroke-width:3px,"
        f"color:{palette.ink}{',stroke-dasharray:4 3' if change == REMOVED else ''}"
        for change in CHANGES
    ]
    return [*lines, f"  classDef lit fill:{palette.paper},stroke:{palette.accent},stroke-width:3px,color:{palette.ink}"]

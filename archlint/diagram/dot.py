"""A picture as DOT (https://graphviz.org/doc/info/lang.html), for layouts and changes of one's own."""

from __future__ import annotations

from typing import Final

from archlint.diagram.picture import DATA, MESSAGE, OBSERVING, SCHEDULE, WAITING, Edge, Node, Picture
from archlint.diagram.rows import edge_colour, finding_rows, node_outline, node_rows, whole_rows
from archlint.diagram.text import clean, named
from archlint.diagram.themes import DARK, LIGHT, PALETTES, group_of
from archlint.model.words import STORES

_LONGEST_NAME: Final = 100_000
"""Names tell nodes apart, so they are not cut."""
_STYLES: Final = {WAITING: "solid", MESSAGE: "dashed", DATA: "dotted", SCHEDULE: "dashed", OBSERVING: "dotted"}


def dot(picture: Picture, theme: str = LIGHT, direction: str = "") -> str:
    """Return a picture as DOT; nodes go by the names of their components.

    >>> from archlint.diagram.picture import Edge, Node, Picture
    >>> picture = Picture("shop", (Node("page", "client"), Node("api", "service")),
    ...                   (Edge("page", "api", "calls", "waiting", "page", "≤ 1 s"),))
    >>> print(dot(picture).splitlines()[-2])
      "page" -> "api" [style=solid color="#2f3c4c" penwidth=1.5 label="≤ 1 s"]
    """
    palette = PALETTES[DARK if theme == DARK else LIGHT]
    title = label(picture.title, *picture.notes, *whole_rows(picture.marks))
    lines = [
        f"digraph {quoted(picture.title)} {{",
        f'  graph [rankdir={"LR" if direction == "right" else "TB"} label={title} labelloc=t fontname="Helvetica" '
        f'bgcolor="{palette.paper}" fontcolor="{palette.ink}"]',
        f'  node [shape=box style="rounded,filled" fontname="Helvetica" fontsize=11 fontcolor="{palette.ink}"]',
        f'  edge [fontname="Helvetica" fontsize=9 fontcolor="{palette.soft}"]',
    ]
    inside: dict[str, list[str]] = {}
    for node in picture.nodes:
        inside.setdefault(node.cluster, []).append(f"  {_node(node, theme)}")
    lines += inside.pop("", [])
    for number, cluster in enumerate(picture.clusters):
        lines += [
            f"  subgraph cluster_{number} {{ label={label(cluster.title)} style=dashed",
            *inside.get(cluster.key, []),
            "  }",
        ]
    lines += [f"  {_edge(edge, theme)}" for edge in picture.edges]
    return "\n".join([*lines, "}", ""])


def quoted(words: str) -> str:
    """Return a name as a quoted identifier, in which a quote is all that is escaped.

    >>> print(quoted('a "b"'))
    "a \\"b\\""
    """
    safe = clean(words, _LONGEST_NAME).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{safe}"'


def label(*rows: str) -> str:
    """Return lines as one label, in which neither escapes nor entities of the file's own mean anything.

    >>> print(label('a "b"', 'c\\\\N &lt;'))
    "a \\"b\\"\\nc\\\\N &amp;lt;"
    """
    return '"' + "\\n".join(quoted(clean(row))[1:-1].replace("&", "&amp;") for row in rows) + '"'


def _node(node: Node, theme: str) -> str:
    palette = PALETTES[DARK if theme == DARK else LIGHT]
    rows = [named(node.name), *node_rows(node), *finding_rows(node.marks)]
    fill, plain = palette.cards[group_of(node)]
    line = node_outline(node, palette, plain)
    width = "3" if node.marks or node.emphasis > 0 or node.change else "1"
    shape = " shape=cylinder style=filled" if node.kind in STORES else ""
    several = " peripheries=2" if (node.replicas or 1) > 1 and not shape else ""
    tip = label(*whole_rows(node.marks)) if node.marks else label(node.description or named(node.name))
    return (
        f'{quoted(node.name)} [label={label(*rows)} fillcolor="{fill}" color="{line}" penwidth={width} '
        f"tooltip={tip}{shape}{several}]"
    )


def _edge(edge: Edge, theme: str) -> str:
    palette = PALETTES[DARK if theme == DARK else LIGHT]
    rows = [*([edge.label] if edge.label else []), *finding_rows(edge.marks)]
    attributes = [f"style={_STYLES[edge.family]}", f'color="{edge_colour(edge, palette)}"']
    attributes.append(f"penwidth={3 if edge.emphasis > 0 or edge.change else 1.5}")
    if rows:
        attributes.append(f"label={label(*rows)}")
    if edge.optional:
        attributes.append("arrowhead=empty")
    return f"{quoted(edge.source)} -> {quoted(edge.target)} [{' '.join(attributes)}]"

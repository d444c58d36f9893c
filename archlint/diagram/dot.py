"""A picture as DOT (https://graphviz.org/doc/info/lang.html), for your own layouts and edits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from archlint.diagram.picture import DATA, MESSAGE, OBSERVING, SCHEDULE, WAITING, Edge, Node, Picture
from archlint.diagram.rows import edge_colour, finding_rows, node_outline, node_rows, whole_rows
from archlint.diagram.text import clean, drawable, named
from archlint.diagram.themes import DARK, LIGHT, PALETTES, Palette, group_of
from archlint.model.words import STORES

if TYPE_CHECKING:
    import graphviz

_STYLES: Final = {WAITING: "solid", MESSAGE: "dashed", DATA: "dotted", SCHEDULE: "dashed", OBSERVING: "dotted"}
_FONT: Final = "Helvetica"


def dot(picture: Picture, theme: str = LIGHT, direction: str = "") -> str:
    """Return a picture as DOT; nodes have the names of their components.

    >>> from archlint.diagram.picture import Edge, Node, Picture
    >>> picture = Picture("shop", (Node("page", "client"), Node("api", "service")),
    ...                   (Edge("page", "api", "calls", "waiting", "page", "≤ 1 s"),))
    >>> print(dot(picture).splitlines()[-2].strip())
    page -> api [label="≤ 1 s" color="#2f3c4c" penwidth=1.5 style=solid]
    """
    import graphviz

    palette = PALETTES[DARK if theme == DARK else LIGHT]
    graph = graphviz.Digraph(
        identifier(picture.title),
        graph_attr={
            "rankdir": "LR" if direction == "right" else "TB",
            "label": label(picture.title, *picture.notes, *whole_rows(picture.marks)),
            "labelloc": "t", "fontname": _FONT, "bgcolor": palette.paper, "fontcolor": palette.ink,
        },
        node_attr={
            "shape": "box", "style": "rounded,filled", "fontname": _FONT, "fontsize": "11", "fontcolor": palette.ink,
        },
        edge_attr={"fontname": _FONT, "fontsize": "9", "fontcolor": palette.soft},
    )  # fmt: skip
    graph._quote_edge = graph._quote               # a colon in a name is part of the name, not a port
    inside: dict[str, list[Node]] = {}
    for node in picture.nodes:
        inside.setdefault(node.cluster, []).append(node)
    for node in inside.pop("", []):
        _add_node(graph, node, palette)
    _add_frames(graph, "", picture, inside, palette)
    for edge in picture.edges:
        _add_edge(graph, edge, palette)
    return str(graph.source)


def _add_frames(
    graph: graphviz.Digraph, around: str, picture: Picture, inside: Mapping[str, list[Node]], palette: Palette
) -> None:
    """Add the frames that are directly inside another one, or inside none, each with all that it holds."""
    for number, cluster in enumerate(picture.clusters):
        if cluster.inside == around:
            with graph.subgraph(name=f"cluster_{number}") as frame:
                frame.attr(label=label(cluster.title), style="dashed")
                for node in inside.get(cluster.key, []):
                    _add_node(frame, node, palette)
                _add_frames(frame, cluster.key, picture, inside, palette)


def identifier(words: str) -> str:
    """Return a name as an identifier in which backslashes and angle brackets have no special meaning.

    >>> print(identifier('a\\\\b'))
    a\\\\b
    """
    import graphviz

    safe: str = graphviz.escape(drawable(words))
    return safe


def label(*rows: str) -> str:
    """Return lines as one label; escapes and entities of the file are shown as text.

    >>> print(label('a "b"', 'c\\\\N &lt;'))
    a "b"\\nc\\\\N &amp;lt;
    """
    import graphviz

    safe: str = graphviz.nohtml("\\n".join(graphviz.escape(clean(row).replace("&", "&amp;")) for row in rows))
    return safe


def _add_node(graph: graphviz.Digraph, node: Node, palette: Palette) -> None:
    fill, plain = palette.cards[group_of(node)]
    tip = whole_rows(node.marks) if node.marks else [node.description or named(node.name)]
    attributes = {
        "label": label(named(node.name), *node_rows(node), *finding_rows(node.marks)),
        "color": node_outline(node, palette, plain),
        "fillcolor": fill,
        "penwidth": "3" if node.marks or node.emphasis > 0 or node.change else "1",
        "tooltip": label(*tip),
    }
    if node.kind in STORES:
        attributes |= {"shape": "cylinder", "style": "filled"}
    elif (node.replicas or 1) > 1:
        attributes["peripheries"] = "2"
    graph.node(identifier(node.name), **attributes)


def _add_edge(graph: graphviz.Digraph, edge: Edge, palette: Palette) -> None:
    rows = [*([edge.label] if edge.label else []), *finding_rows(edge.marks)]
    attributes = {
        "label": label(*rows) if rows else None,
        "color": edge_colour(edge, palette),
        "penwidth": "3" if edge.emphasis > 0 or edge.change else "1.5",
        "style": _STYLES[edge.family],
    }
    if edge.optional:
        attributes["arrowhead"] = "empty"
    graph.edge(identifier(edge.source), identifier(edge.target), **attributes)

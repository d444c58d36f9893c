"""A picture as a file of draw.io (diagrams.net), with archlint's layout: uncompressed mxGraph XML.

The format: https://www.drawio.com/doc/faq/diagram-source-edit. Text of the file is escaped twice, as labels are HTML.
"""

from __future__ import annotations

from html import escape
from typing import Final

from archlint.diagram.arrange import arranged
from archlint.diagram.cards import Card, card_of, edge_label, letters
from archlint.diagram.identifiers import identifiers
from archlint.diagram.picture import Edge, Picture
from archlint.diagram.rows import edge_colour, finding_rows, node_outline, node_rows
from archlint.diagram.shapes import number
from archlint.diagram.text import clean, named, xml
from archlint.diagram.themes import DARK, DASHES, LIGHT, PALETTES, Palette, group_of
from archlint.model.words import STORES

_SHAPES: Final = {"client": "rounded=1;arcSize=30;", "queue": "shape=process;", "external": "dashed=1;"}


def drawio(picture: Picture, theme: str = LIGHT, direction: str = "") -> str:
    """Return a picture as a draw.io file. Raises `ArchlintError` if no layout engine is installed."""
    palette = PALETTES[DARK if theme == DARK else LIGHT]
    cards = [card_of(node, letters(picture), picture.badges, True) for node in picture.nodes]
    labels = [edge_label(edge, True) for edge in picture.edges]
    ids = identifiers(node.name for node in picture.nodes)
    cells = ['<mxCell id="0"/>', '<mxCell id="1" parent="0"/>']
    if cards:
        layout = arranged(cards, picture.edges, labels, picture.clusters, direction)
        cells += [_frame(index, cluster.title, frame.left, frame.top, frame.width, frame.height, palette)
                  for index, (cluster, frame) in enumerate(zip(picture.clusters, layout.frames, strict=True))
                  if frame is not None]  # fmt: skip
        cells += [_vertex(card, x, y, ids, palette) for card, (x, y) in zip(cards, layout.nodes, strict=True)]
        cells += [_connector(index, edge, ids, palette) for index, edge in enumerate(picture.edges)]
    title = xml(clean(picture.title))
    return "\n".join([
        f'<mxfile host="archlint"><diagram id="picture" name="{title}">',
        f'<mxGraphModel background="{palette.paper}"><root>', *cells, "</root></mxGraphModel></diagram></mxfile>", "",
    ])  # fmt: skip


def _value(first: str, rows: list[str], found: list[str]) -> str:
    """Return the label of a cell: HTML, escaped once more for its attribute."""
    lines = [f"<b>{escape(clean(first))}</b>"] if first else []
    lines += [escape(clean(row)) for row in rows] + [f"<b>{escape(words)}</b>" for words in found]
    return escape("<br>".join(lines), quote=True)


def _vertex(card: Card, x: float, y: float, ids: dict[str, str], palette: Palette) -> str:
    node = card.node
    fill, plain = palette.cards[group_of(node)]
    plain_shape = _SHAPES.get(node.kind, "rounded=1;arcSize=6;")
    shape = "shape=cylinder3;boundedLbl=1;size=7;" if node.kind in STORES else plain_shape
    outline = node_outline(node, palette, plain)
    style = f"{shape}whiteSpace=wrap;html=1;align=left;spacingLeft=6;fontSize=11;fillColor={fill};"
    style += f"strokeColor={outline};fontColor={palette.ink};" + ("strokeWidth=3;" if node.marks or node.change else "")
    value = _value(named(node.name), node_rows(node), finding_rows(node.marks))
    left, top = number(x - card.width / 2), number(y - card.height / 2)
    place = f'x="{left}" y="{top}" width="{number(card.width)}" height="{number(card.height)}"'
    cell = f'<mxCell id="n-{ids[node.name]}" value="{value}" style="{style}" vertex="1" parent="1">'
    return f'{cell}<mxGeometry {place} as="geometry"/></mxCell>'


def _frame(
    index: int, title: str, left: float, top: float, width: float, height: float, palette: Palette
) -> str:
    style = f"rounded=1;arcSize=2;dashed=1;fillColor=none;verticalAlign=top;html=1;strokeColor={palette.frame};"
    style += f"fontColor={palette.soft};"
    place = f'x="{number(left)}" y="{number(top)}" width="{number(width)}" height="{number(height)}"'
    cell = f'<mxCell id="f-{index}" value="{_value(title, [], [])}" style="{style}" vertex="1" parent="1">'
    return f'{cell}<mxGeometry {place} as="geometry"/></mxCell>'


def _connector(index: int, edge: Edge, ids: dict[str, str], palette: Palette) -> str:
    colour = edge_colour(edge, palette)
    dash = f"dashed=1;dashPattern={DASHES[edge.family]};" if DASHES[edge.family] else ""
    end = "endArrow=block;endFill=0;" if edge.optional else "endArrow=block;"
    style = f"edgeStyle=orthogonalEdgeStyle;rounded=1;html=1;fontSize=11;{end}{dash}"
    style += f"strokeColor={colour};fontColor={palette.soft};"
    value = _value("", [edge.label] if edge.label else [], finding_rows(edge.marks))
    ends = f'source="n-{ids[edge.source]}" target="n-{ids[edge.target]}"'
    return (
        f'<mxCell id="e-{index}" value="{value}" style="{style}" edge="1" parent="1" {ends}>'
        '<mxGeometry relative="1" as="geometry"/></mxCell>'
    )

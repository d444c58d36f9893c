"""A picture as SVG: the layout engine places the boxes; everything visible is drawn here."""

from __future__ import annotations

from typing import Final

from archlint.diagram.arrange import DOWN, RIGHT, arranged
from archlint.diagram.cards import Card, EdgeLabel, card_of, edge_label, letters
from archlint.diagram.layout import Layout
from archlint.diagram.legend import head, legend
from archlint.diagram.picture import Picture
from archlint.diagram.shapes import card_element, edge_element, frame_element, frame_title, label_element, number
from archlint.diagram.text import xml
from archlint.diagram.themes import AUTO, stylesheet

_MARGIN: Final = 20.0
_LEAST_WIDTH: Final = 560.0
_WORDY_EDGES: Final = 90
"""Above this number of edges, labels only have findings."""

DIRECTIONS: Final = (AUTO, RIGHT, DOWN)


def svg(
    picture: Picture, theme: str = AUTO, direction: str = AUTO, styled: bool = True, interactive: bool = False
) -> str:  # fmt: skip
    """Return a picture as an SVG element.

    `theme` is light, dark, or auto (the viewer's choice); `direction` right, down, or auto (the most readable at the
    width of a page). Without `styled` it has no style sheet: the page around it must include `stylesheet(theme)`.
    `interactive` numbers nodes and edges for a script. Raises `ArchlintError` if no layout engine is installed.
    """
    cards = [card_of(node, letters(picture), picture.badges) for node in picture.nodes]
    wordy = len(picture.edges) <= _WORDY_EDGES
    labels = [edge_label(edge, wordy) for edge in picture.edges]
    layout = Layout(0.0, 0.0, (), (), ())
    if cards:
        layout = arranged(cards, picture.edges, labels, picture.clusters, "" if direction == AUTO else direction)
    return _composed(picture, cards, labels, layout, theme if styled else "", interactive)


def _composed(
    picture: Picture, cards: list[Card], labels: list[EdgeLabel | None], layout: Layout, theme: str, interactive: bool
) -> str:  # fmt: skip
    inner = max(layout.width, _LEAST_WIDTH)
    top, bottom = head(picture, inner), legend(picture, inner)
    width, height = inner + 2 * _MARGIN, top.height + layout.height + bottom.height + 2 * _MARGIN + 14
    shift = f"translate({number(_MARGIN + (inner - layout.width) / 2)} {number(_MARGIN + top.height)})"
    size = f'viewBox="0 0 {number(width)} {number(height)}" width="{number(width)}" height="{number(height)}"'
    role = 'role="group"' if interactive else 'role="img"'
    name = xml(f"Architecture of {picture.title}")
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="archlint-picture" {size} {role} aria-label="{name}">',
            *([f"<style>\n{stylesheet(theme)}</style>"] if theme else []),
            f'<rect class="paper" width="{number(width)}" height="{number(height)}"/>',
            f'<g transform="translate({number(_MARGIN)} {number(_MARGIN)})">',
            *top.elements,
            "</g>",
            f'<g transform="{shift}">',
            *_body(picture, cards, labels, layout, interactive),
            "</g>",
            f'<g transform="translate({number(_MARGIN)} {number(height - _MARGIN - bottom.height)})">',
            *bottom.elements,
            "</g>",
            "</svg>",
            "",
        ]
    )


def _body(
    picture: Picture, cards: list[Card], labels: list[EdgeLabel | None], layout: Layout, interactive: bool
) -> list[str]:
    shades = {pattern: index for index, pattern in enumerate(picture.patterns)}
    frames = [
        (cluster, frame)
        for cluster, frame in zip(picture.clusters, layout.frames, strict=True) if frame is not None
    ]
    parts = [frame_element(frame) for _, frame in frames]
    drawn = [
        (index, edge, line, label)
        for index, (edge, line, label) in enumerate(zip(picture.edges, layout.edges, labels, strict=True))
        if line is not None
    ]
    drawn.sort(key=lambda item: item[1].emphasis)          # highlighted lines are on top
    parts += [edge_element(edge, line, index, interactive) for index, edge, line, _ in drawn]
    parts += [
        card_element(card, centre, index, shades, interactive)
        for index, (card, centre) in enumerate(zip(cards, layout.nodes, strict=True))
    ]
    parts += [frame_title(cluster, frame) for cluster, frame in frames]
    parts += [
        label_element(edge, label, line.label, index, interactive)
        for index, edge, line, label in drawn if label and line.label is not None
    ]
    return parts

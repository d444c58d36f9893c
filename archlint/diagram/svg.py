"""A picture as SVG: the layout engine places the boxes; everything visible is drawn here."""

from __future__ import annotations

from typing import Final

from archlint.diagram.arrange import DOWN, RIGHT, arranged
from archlint.diagram.budget import HEIGHT, budget_elements
from archlint.diagram.callouts import callouts_of
from archlint.diagram.cards import Card, EdgeLabel, card_of, edge_label, letters
from archlint.diagram.layout import Layout
from archlint.diagram.legend import described, head, legend
from archlint.diagram.picture import Cluster, Picture
from archlint.diagram.purpose import README, Purpose
from archlint.diagram.shapes import (
    band_element,
    card_element,
    edge_element,
    frame_element,
    frame_title,
    label_element,
    number,
)
from archlint.diagram.text import xml
from archlint.diagram.themes import AUTO, stylesheet

_MARGIN: Final = 20.0
_LEAST_WIDTH: Final = 560.0
_WORDY_EDGES: Final = 90
"""Above this number of edges, labels only have findings."""

DIRECTIONS: Final = (AUTO, RIGHT, DOWN)


def svg(
    picture: Picture, theme: str = AUTO, direction: str = AUTO, styled: bool = True, interactive: bool = False,
    purpose: Purpose = README,
) -> str:  # fmt: skip
    """Return a picture as an SVG element.

    `theme` is light, dark, or auto (the viewer's choice); `direction` right, down, or auto (the most readable at the
    width of a page). Without `styled` it has no style sheet: the page around it must include `stylesheet(theme)`.
    `interactive` numbers nodes and edges for a script. `purpose` is where the picture is read. Raises `ArchlintError`
    if no layout engine is installed.
    """
    phrased = purpose.height_px == 0 or purpose.may_continue
    called = phrased and not interactive
    callouts = callouts_of(picture) if called else {}
    cards = [
        card_of(node, letters(picture), picture.badges, phrased, callouts.get(node.name, ())) for node in picture.nodes
    ]
    wordy = len(picture.edges) <= _WORDY_EDGES
    labels = [edge_label(edge, wordy) for edge in picture.edges]
    layout = Layout(0.0, 0.0, (), (), ())
    if cards:
        beside = _height_beside(picture, 0.5 * purpose.most_width, called) if purpose.height_px else 0.0
        fixed = "" if direction == AUTO else direction
        layout = arranged(cards, picture.edges, labels, picture.clusters, fixed, purpose.without(beside))
    return _composed(picture, cards, labels, layout, theme if styled else "", interactive, purpose, called)


def _height_beside(picture: Picture, width: float, called: bool) -> float:
    """Return the height that the text above and below takes, and the budget."""
    bar = HEIGHT if picture.budget is not None else 0.0
    return head(picture, width, called).height + legend(picture, width).height + bar + 14


def _composed(
    picture: Picture, cards: list[Card], labels: list[EdgeLabel | None], layout: Layout, theme: str, interactive: bool,
    purpose: Purpose, called: bool,
) -> str:  # fmt: skip
    inner = max(layout.width, _LEAST_WIDTH)
    ratio = 0.0 if interactive else purpose.ratio
    if ratio:
        beside = _height_beside(picture, inner, called) + 2 * _MARGIN
        fitting = (layout.height + beside) / ratio - 2 * _MARGIN
        inner = max(inner, min(fitting, purpose.most_width) if purpose.may_continue else fitting)
    top, bottom = head(picture, inner, called), legend(picture, inner)
    bar = budget_elements(picture.budget, inner) if picture.budget is not None else ()
    beside = top.height + bottom.height + (HEIGHT if bar else 0.0)
    width, height = inner + 2 * _MARGIN, layout.height + beside + 2 * _MARGIN + 14
    height = max(height, width * ratio)
    shift = f"translate({number(_MARGIN + (inner - layout.width) / 2)} {number(_MARGIN + top.height)})"
    top_y = _MARGIN + top.height - 8
    size = f'viewBox="0 0 {number(width)} {number(height)}" width="{number(width)}" height="{number(height)}"'
    bar_at = _MARGIN + top.height + layout.height + 14
    body = f' data-body="0 {number(top_y)} {number(width)} {number(height - top_y)}"' if interactive else ""
    role = f'role="group"{body}' if interactive else 'role="img"'
    name = xml(f"Architecture of {picture.title}")
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="archlint-picture" {size} {role} aria-label="{name}">',
            f"<desc>{xml(described(picture))}</desc>",
            *([f"<style>\n{stylesheet(theme)}</style>"] if theme else []),
            f'<rect class="paper" width="{number(width)}" height="{number(height)}"/>',
            f'<g transform="translate({number(_MARGIN)} {number(_MARGIN)})">',
            *top.elements,
            "</g>",
            f'<g transform="{shift}">',
            *_body(picture, cards, labels, layout, interactive),
            "</g>",
            *([f'<g class="path-budget" transform="translate({number(_MARGIN)} {number(bar_at)})">', *bar, "</g>"]
              if bar else []),
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
    parts = [band_element(band) for band in layout.bands]
    parts += [frame_element(frame) for _, frame in frames]
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
    parts += [frame_title(Cluster("", band.title), band.frame) for band in layout.bands]
    parts += [
        label_element(edge, label, line.label, index, interactive)
        for index, edge, line, label in drawn if label and line.label is not None
    ]
    return parts

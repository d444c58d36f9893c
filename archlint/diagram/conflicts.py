"""Counts overlaps in a layout: lines through boxes and words, and boxes and words over one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from archlint.diagram.cards import Card, EdgeLabel
from archlint.diagram.geometry import Box, Trace, box_around, inside, meet, passes, trace
from archlint.diagram.layout import Frame, Layout
from archlint.diagram.picture import Cluster, Edge
from archlint.diagram.text import cut, text_width

_SLACK: Final = 3.0
"""Points by which a line may overlap the edge of a box, and two labels each other."""
TITLE_SIZE: Final = 12.0


class Scene(msgspec.Struct):
    """Positions: of cards and lines, which are fixed, and of labels and titles, which may move. None: not drawn.

    `cards` (with the `names` of their nodes), `words` (the labels of edges) and `titles` are boxes reduced by their
    slack; `frames` are boxes. `lines` are in the order of the edges, whose ends are `ends`.
    """

    names: list[str]
    cards: list[Box]
    ends: list[tuple[str, str]]
    lines: list[Trace | None]
    words: list[Box | None]
    frames: list[Box | None]
    titles: list[Box | None]


def conflicts(
    layout: Layout, cards: Sequence[Card], edges: Sequence[Edge], labels: Sequence[EdgeLabel | None],
    clusters: Sequence[Cluster] = (),
) -> int:  # fmt: skip
    """Return the number of overlapping pairs."""
    scene = scene_of(layout, cards, edges, labels, clusters)
    words = [(index, word) for index, word in enumerate(scene.words) if word is not None]
    found = sum(under_label(scene, index, word, earlier=True) for index, word in words)
    found += sum(under_title(scene, index, box) for index, box in enumerate(scene.titles) if box is not None)
    for ends, line in zip(scene.ends, scene.lines, strict=True):
        if line is not None:
            others = (box for name, box in zip(scene.names, scene.cards, strict=True) if name not in ends)
            found += sum(passes(line, box) for box in others)
    return found


def scene_of(
    layout: Layout, cards: Sequence[Card], edges: Sequence[Edge], labels: Sequence[EdgeLabel | None],
    clusters: Sequence[Cluster],
) -> Scene:  # fmt: skip
    """Return the positions of everything in a layout."""
    return Scene(
        [card.node.name for card in cards],
        [box_around(at, card.width, card.height, _SLACK) for at, card in zip(layout.nodes, cards, strict=True)],
        [(edge.source, edge.target) for edge in edges],
        [trace(line.points, line.tip) if line is not None else None for line in layout.edges],
        [
            word_box(line.label, label) if line is not None and label is not None and line.label is not None else None
            for line, label in zip(layout.edges, labels, strict=True)
        ],
        [(f.left, f.top, f.left + f.width, f.top + f.height) if f is not None else None for f in layout.frames],
        [
            title_box(cluster, frame) if frame is not None else None
            for cluster, frame in zip(clusters, layout.frames, strict=True)
        ],
    )


def word_box(middle: tuple[float, float], label: EdgeLabel) -> Box:
    """Return the box that a label around a middle needs for itself."""
    return box_around(middle, label.width, label.height, _SLACK)


def title_words(cluster: Cluster, frame: Frame) -> str:
    """Return a cluster's title, cut to the width of its frame."""
    return cut(cluster.title, max(40.0, frame.width - 16), TITLE_SIZE, True)


def title_box(cluster: Cluster, frame: Frame) -> Box:
    """Return the box that the title of a frame needs for itself."""
    left = frame.left + frame.title
    return left, frame.top + 6, left + text_width(title_words(cluster, frame), TITLE_SIZE, True), frame.top + 18


def under_label(scene: Scene, index: int, box: Box, earlier: bool = False) -> int:
    """Return how many things an edge's label would cover in a box; with `earlier`, only earlier labels are counted."""
    others = scene.words[:index] if earlier else (*scene.words[:index], *scene.words[index + 1 :])
    found = sum(meet(box, card) for card in scene.cards)
    found += sum(meet(box, other) for other in (*others, *scene.titles) if other is not None)
    found += sum(
        line is not None and number != index and passes(line, box) for number, line in enumerate(scene.lines)
    )
    return found + sum(frame is not None and meet(box, frame) and not inside(box, frame) for frame in scene.frames)


def under_title(scene: Scene, index: int, box: Box) -> int:
    """Return how many lines, cards and other titles the title of a frame would cover in a box."""
    found = sum(line is not None and passes(line, box) for line in scene.lines)
    found += sum(meet(box, card) for card in scene.cards)
    return found + sum(meet(box, title) for title in scene.titles[:index] if title is not None)

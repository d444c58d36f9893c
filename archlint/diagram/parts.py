"""Lays out the unconnected parts of a picture one by one, then places them side by side, like words in a text."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Final

import msgspec
from msgspec.structs import replace

from archlint.diagram.cards import Card, EdgeLabel
from archlint.diagram.conflicts import conflicts
from archlint.diagram.geometry import Point
from archlint.diagram.layout import Frame, Layout, Line, Way, laid_out
from archlint.diagram.picture import Cluster, Edge
from archlint.diagram.purpose import Purpose
from archlint.diagram.rowed import shifted
from archlint.diagram.score import score
from archlint.diagram.settle import settled

RIGHT: Final = "right"
DOWN: Final = "down"
_ROW: Final = 900.0
"""The least width of rows of parts."""
_GAP: Final = 26.0
_WAYS: Final = (Way(DOWN, 5), Way(DOWN, 3), Way(DOWN, 2), Way(RIGHT, 9), Way(RIGHT, 5))
"""The ways to try for each part."""
_SEVERAL_WAYS: Final = 80
"""Above this number of nodes in one part, overlaps are not counted."""
_ONE_WAY: Final = 600
"""Above this number of nodes in one part, only the first way is tried."""
_MANY_LINES: Final = 1500
"""The same, for the lines of a large part."""


class _Part(msgspec.Struct, frozen=True):
    """Connected nodes and edges, by their numbers in the picture."""

    nodes: tuple[int, ...]
    edges: tuple[int, ...]
    clusters: tuple[int, ...]


def in_parts(
    cards: Sequence[Card], edges: Sequence[Edge], labels: Sequence[EdgeLabel | None], clusters: Sequence[Cluster],
    direction: str, purpose: Purpose,
) -> Layout:  # fmt: skip
    """Return the layout of a picture. Without a direction, each part gets the one that reads best."""
    parts = _parts(cards, edges, clusters)
    laid = [_of_part(part, cards, edges, labels, clusters, direction, purpose) for part in parts]
    width = _row_width(laid)
    order = sorted(range(len(parts)), key=lambda number: (-len(parts[number].nodes), number))
    nodes: list[Point] = [(0.0, 0.0)] * len(cards)
    lines: list[Line | None] = [None] * len(edges)
    frames: list[Frame | None] = [None] * len(clusters)
    places, total = _packed([laid[number] for number in order], width)
    for number, (dx, dy) in zip(order, places, strict=True):
        part, layout = parts[number], laid[number]
        for node, point in zip(part.nodes, layout.nodes, strict=True):
            nodes[node] = (point[0] + dx, point[1] + dy)
        for edge, line in zip(part.edges, layout.edges, strict=True):
            lines[edge] = shifted(line, dx, dy) if line is not None else None
        for cluster, frame in zip(part.clusters, layout.frames, strict=True):
            frames[cluster] = replace(frame, left=frame.left + dx, top=frame.top + dy) if frame else None
    return Layout(total[0], total[1], tuple(nodes), tuple(lines), tuple(frames))


def _parts(cards: Sequence[Card], edges: Sequence[Edge], clusters: Sequence[Cluster]) -> list[_Part]:
    number_of = {card.node.name: number for number, card in enumerate(cards)}
    parent = list(range(len(cards)))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    first_in: dict[str, int] = {}
    outer = {cluster.key: cluster.inside for cluster in clusters}
    for number, card in enumerate(cards):
        key = card.node.cluster
        while key:
            parent[root(number)] = root(first_in.setdefault(key, number))
            key = outer[key]
    for edge in edges:
        parent[root(number_of[edge.target])] = root(number_of[edge.source])
    nodes: dict[int, list[int]] = {}
    for number in range(len(cards)):
        nodes.setdefault(root(number), []).append(number)
    lines: dict[int, list[int]] = {}
    for number, edge in enumerate(edges):
        lines.setdefault(root(number_of[edge.source]), []).append(number)
    frames: dict[int, list[int]] = {}
    for number, cluster in enumerate(clusters):
        frames.setdefault(root(first_in[cluster.key]), []).append(number)
    return [
        _Part(tuple(members), tuple(lines.get(key, ())), tuple(frames.get(key, ()))) for key, members in nodes.items()
    ]


def _of_part(
    part: _Part, cards: Sequence[Card], edges: Sequence[Edge], labels: Sequence[EdgeLabel | None],
    clusters: Sequence[Cluster], direction: str, purpose: Purpose,
) -> Layout:  # fmt: skip
    inside = [cards[number] for number in part.nodes]
    if len(inside) == 1 and not part.edges and not part.clusters:
        card = inside[0]
        return Layout(card.width, card.height, ((card.width / 2, card.height / 2),), (), ())
    lines = [edges[number] for number in part.edges]
    words = [labels[number] for number in part.edges]
    frames = [clusters[number] for number in part.clusters]
    ways = [way for way in _WAYS if direction in {"", way.direction}]
    if len(inside) > _SEVERAL_WAYS:
        ways = ways[:1] if len(inside) > _ONE_WAY or len(lines) > _MANY_LINES else ways
        layouts = (laid_out(inside, lines, words, frames, way) for way in ways)
        return min(layouts, key=lambda layout: (layout.width / purpose.most_width, layout.width * layout.height))
    if frames:
        ways += [Way(way.direction, way.abreast, False) for way in ways]
    settled_ones = (
        settled(laid_out(inside, lines, words, frames, way), inside, lines, words, frames) for way in ways
    )

    def cost(layout: Layout) -> float:
        overlaps = conflicts(layout, inside, lines, words, frames)
        return score(layout, inside, lines, purpose).cost(overlaps)

    return min(settled_ones, key=cost)


def _row_width(layouts: Sequence[Layout]) -> float:
    """Return the width of rows: a page, the widest part, or a width that makes a large picture nearly square."""
    area = sum((layout.width + _GAP) * (layout.height + _GAP) for layout in layouts)
    return max(_ROW, 1.1 * sqrt(area), *(layout.width for layout in layouts))


def _packed(layouts: Sequence[Layout], width: float) -> tuple[list[Point], Point]:
    """Return the top left corner of each part, as high as it fits, and the size of the whole.

    `skyline` holds the stretches (left, right, y) of what is taken, from left to right.
    """
    skyline: list[tuple[float, float, float]] = [(0.0, width, 0.0)]
    places: list[Point] = []
    widest = lowest = 0.0
    for layout in layouts:
        y, x = min(
            (max(top for left, right, top in skyline if right > start and left < start + layout.width), start)
            for start, _, _ in skyline if start == 0 or start + layout.width <= width
        )
        places.append((x, y))
        widest, lowest = max(widest, x + layout.width), max(lowest, y + layout.height)
        skyline = _raised(skyline, x, x + layout.width + _GAP, y + layout.height + _GAP)
    return places, (widest, lowest)


def _raised(
    skyline: Sequence[tuple[float, float, float]], start: float, end: float, y: float
) -> list[tuple[float, float, float]]:
    raised = []
    for left, right, top in skyline:
        if left < start:
            raised.append((left, min(right, start), top))
        if right > end:
            raised.append((max(left, end), right, top))
    return sorted([*raised, (start, end, y)])

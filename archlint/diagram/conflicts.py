"""How often a layout puts one thing over another: lines through boxes, labels over boxes and over one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from archlint.diagram.cards import Card, EdgeLabel
from archlint.diagram.layout import Layout, Line, Point
from archlint.diagram.picture import Edge

_SAMPLES: Final = 6
"""Points looked at on each Bézier curve of a line."""
_SLACK: Final = 3.0
"""A line may touch the rim of a box, and two labels one another, by so many points."""

Box = tuple[float, float, float, float]


def conflicts(
    layout: Layout, cards: Sequence[Card], edges: Sequence[Edge], labels: Sequence[EdgeLabel | None]
) -> int:
    """Return how many pairs of things lie over one another that should not."""
    boxes = [_box(centre, card.width, card.height) for centre, card in zip(layout.nodes, cards, strict=True)]
    names = [card.node.name for card in cards]
    words = [
        _box(line.label, label.width, label.height)
        for line, label in zip(layout.edges, labels, strict=True)
        if line is not None and label is not None and line.label is not None
    ]
    found = sum(_meet(word, box) for word in words for box in boxes)
    found += sum(_meet(word, other) for index, word in enumerate(words) for other in words[:index])
    for edge, line in zip(edges, layout.edges, strict=True):
        if line is not None:
            others = [box for name, box in zip(names, boxes, strict=True) if name not in {edge.source, edge.target}]
            found += _passed(line, others)
    return found


def _box(centre: Point, width: float, height: float) -> Box:
    x, y = centre[0] - width / 2 + _SLACK, centre[1] - height / 2 + _SLACK
    return x, y, x + width - 2 * _SLACK, y + height - 2 * _SLACK


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _passed(line: Line, boxes: Sequence[Box]) -> int:
    """Return how many boxes a line passes through."""
    xs, ys = [x for x, _ in line.points], [y for _, y in line.points]
    around = (min(xs), min(ys), max(xs), max(ys))
    near = [box for box in boxes if _meet(around, box)]
    if not near:
        return 0
    points = list(_points(line))
    return sum(any(box[0] < x < box[2] and box[1] < y < box[3] for x, y in points) for box in near)


def _points(line: Line) -> Iterator[Point]:
    """Yield points on the curves of a line; each curve has three control points after where the last one ends."""
    controls = line.points
    for start in range(0, len(controls) - 3, 3):
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = controls[start : start + 4]
        for step in range(1, _SAMPLES + 1):
            t = step / _SAMPLES
            a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
            yield a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3

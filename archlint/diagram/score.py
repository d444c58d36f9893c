"""How hard a layout is to read: crossings, siblings in different rows, bends, empty space, and the size of its text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from archlint.diagram.cards import Card
from archlint.diagram.geometry import Point
from archlint.diagram.layout import Layout, Line
from archlint.diagram.picture import Edge
from archlint.diagram.purpose import LEAST_PX, SMALLEST, Purpose

_CROSSING: Final = 1.0
_ASTRAY: Final = 0.7
_BEND: Final = 0.06
_EMPTY: Final = 0.5
_SMALL: Final = 200.0
_ILLEGIBLE: Final = 2.0
"""A picture with text below the least size costs so much, however little is missing."""
_SLACK: Final = 0.0005
"""Half a point of a width of 1000 is rounding."""
_TALL: Final = 0.0015
_NARROWEST: Final = 560.0
"""A picture is at least so wide: its head and its legend need room."""
_OVERLAP: Final = 8.0
SMALLEST_AT_FULL_SIZE: Final = LEAST_PX / SMALLEST
"""The shrinking of a picture that is shown with a pixel for each point."""
_ALIGNED: Final = 2.0
"""Points by which the tops or middles of siblings may differ."""


class Score(msgspec.Struct, frozen=True):
    """What makes a layout hard to read.

    `astray` is the number of targets of one component that are in another row (or column) than most of them. `empty`
    is the area as a multiple of the area of the cards, `height` is in points. `shrinking` is 1 if the smallest text
    has its least size in pixels, and larger if it is smaller.
    """

    crossings: int
    astray: int
    bends: int
    empty: float
    shrinking: float
    height: float = 0.0

    def cost(self, overlaps: int = 0) -> float:
        """Return one number for all; lower is better."""
        small = _SMALL * max(0.0, self.shrinking - 1) + 4 * max(0.0, self.shrinking - SMALLEST_AT_FULL_SIZE)
        small += _ILLEGIBLE if self.shrinking > 1 + _SLACK else 0.0
        lines = _CROSSING * self.crossings + _ASTRAY * self.astray + _BEND * self.bends
        return lines + _EMPTY * self.empty + _TALL * self.height + small + _OVERLAP * overlaps


def score(layout: Layout, cards: Sequence[Card], edges: Sequence[Edge], purpose: Purpose) -> Score:
    """Return the score of a layout for a purpose."""
    area = sum(card.width * card.height for card in cards) or 1.0
    height = layout.height / purpose.most_height if purpose.height_px else layout.height / 4000
    return Score(
        crossings(layout.edges), astray(layout, cards, edges), sum(bends(line) for line in layout.edges if line),
        max(layout.width, _NARROWEST) * layout.height / area, max(layout.width / purpose.most_width, height),
        layout.height,
    )  # fmt: skip


def astray(layout: Layout, cards: Sequence[Card], edges: Sequence[Edge]) -> int:
    """Return how many targets of one component are neither in the row nor in the column of most of them."""
    number_of = {card.node.name: number for number, card in enumerate(cards)}
    targets: dict[str, dict[int, None]] = {}
    for edge in edges:
        if edge.source != edge.target:
            targets.setdefault(edge.source, {})[number_of[edge.target]] = None
    return sum(len(ends) - _aligned(layout, cards, list(ends)) for ends in targets.values() if len(ends) > 1)


def _aligned(layout: Layout, cards: Sequence[Card], ends: Sequence[int]) -> int:
    """Return how many cards have the same top, the same middle or the same left, at most."""
    middles = [layout.nodes[end][1] for end in ends]
    tops = [layout.nodes[end][1] - cards[end].height / 2 for end in ends]
    columns = [layout.nodes[end][0] for end in ends]
    lefts = [layout.nodes[end][0] - cards[end].width / 2 for end in ends]
    return max(
        sum(abs(value - other) <= _ALIGNED for other in values)
        for values in (middles, tops, columns, lefts) for value in values
    )  # fmt: skip


def bends(line: Line) -> int:
    """Return how often a line changes its direction by more than 20 degrees."""
    points = list(_coarse(line))
    found = 0
    for a, b, c in zip(points, points[1:], points[2:], strict=False):
        ux, uy, vx, vy = b[0] - a[0], b[1] - a[1], c[0] - b[0], c[1] - b[1]
        lengths = ((ux * ux + uy * uy) * (vx * vx + vy * vy)) ** 0.5
        found += lengths > 0 and (ux * vx + uy * vy) / lengths < 0.94
    return found


def _coarse(line: Line) -> Iterator[Point]:
    """Yield the ends of the curves of a line, and for long ones a point between; short corners become one point."""
    points = line.points
    yield points[0]
    for index in range(0, len(points) - 3, 3):
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = points[index : index + 4]
        straight = (x0, y0, x3, y3) == (x1, y1, x2, y2)
        if not straight and abs(x3 - x0) + abs(y3 - y0) < 14:          # a round corner
            yield (x1 + x2) / 2, (y1 + y2) / 2
            continue
        if not straight:
            for t in (0.25, 0.5, 0.75):
                a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
                yield a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3
        following = points[index + 4 : index + 7]
        if straight and len(following) == 3 and abs(following[2][0] - x3) + abs(following[2][1] - y3) < 14 and (
            following[0] != (x3, y3)
        ):
            continue
        yield x3, y3
    yield line.tip or points[-1]


def crossings(lines: Sequence[Line | None]) -> int:
    """Return how many pairs of lines cross; lines that share a part of their way do not cross there."""
    traced = [list(_coarse(line)) if line is not None else [] for line in lines]
    pieces = [
        (min(a[0], b[0]), max(a[0], b[0]), min(a[1], b[1]), max(a[1], b[1]), a, b, number)
        for number, points in enumerate(traced) for a, b in zip(points, points[1:], strict=False) if a != b
    ]  # fmt: skip
    pieces.sort(key=lambda piece: piece[0])
    found: set[tuple[float, float]] = set()
    live: list[tuple[float, float, float, float, Point, Point, int]] = []
    for piece in pieces:
        left, _, top, bottom, a, b, number = piece
        live = [other for other in live if other[1] >= left]
        for _, _, above, below, c, d, other_number in live:
            if number != other_number and above < bottom and top < below:
                point = meeting(a, b, c, d)
                if point is not None:
                    found.add(point)
        live.append(piece)
    return len(found)


def meeting(a: Point, b: Point, c: Point, d: Point) -> Point | None:
    """Return the point where two segments cross, to the nearest point; None if they do not, or only touch.

    >>> meeting((0, 5), (10, 5), (4, 0), (4, 10)), meeting((0, 5), (10, 5), (4, 5), (4, 10))
    ((4.0, 5.0), None)
    """
    ux, uy, vx, vy = b[0] - a[0], b[1] - a[1], d[0] - c[0], d[1] - c[1]
    cross = ux * vy - uy * vx
    if abs(cross) < 1e-9:
        return None
    s = ((c[0] - a[0]) * vy - (c[1] - a[1]) * vx) / cross
    t = ((c[0] - a[0]) * uy - (c[1] - a[1]) * ux) / cross
    slack = 0.3
    along_one, along_other = (ux * ux + uy * uy) ** 0.5, (vx * vx + vy * vy) ** 0.5
    if not (slack < s * along_one < along_one - slack and slack < t * along_other < along_other - slack):
        return None
    return float(round(a[0] + s * ux)), float(round(a[1] + s * uy))

"""What a drawn picture is made of, as plain geometry, and its measures: the same for every tool."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import hypot
from typing import Final

import msgspec

from archlint.diagram.score import meeting

WIDTH_PX: Final = 838.0
"""The width of a README on GitHub."""
_ALIGNED: Final = 2.0
_ONE: Final = 2.5
"""Pixels below which two lines, or two crossings, are one."""
_AWAY: Final = 10.0
"""Pixels after which lines that cross are apart."""

Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


class Drawn(msgspec.Struct, frozen=True):
    """A picture: its size, the boxes of its nodes, its lines, the boxes of their labels, and its smallest text.

    `ends` holds the names of a line's source and target, `labels` the number of the line of each label and its box.
    """

    width: float
    height: float
    nodes: dict[str, Box]
    lines: tuple[tuple[Point, ...], ...]
    ends: tuple[tuple[str, str], ...]
    labels: tuple[tuple[int, Box], ...]
    smallest: float


class Measures(msgspec.Struct, frozen=True):
    """The columns of the table."""

    crossings: int
    smallest_px: float
    used: float
    strayed_labels: int
    bends: int
    astray: int


def measured(picture: Drawn) -> Measures:
    """Return the measures of a picture at the width of a README; smaller pictures are not enlarged."""
    scale = min(1.0, WIDTH_PX / picture.width)
    area = sum((right - left) * (bottom - top) for left, top, right, bottom in picture.nodes.values())
    return Measures(
        crossings(picture.lines), picture.smallest * scale, area / (picture.width * picture.height),
        sum(_strays(picture, number, box) for number, box in picture.labels),
        sum(_bends(line) for line in picture.lines), _astray(picture),
    )  # fmt: skip


def crossings(lines: Sequence[Sequence[Point]]) -> int:
    """Return how many points there are at which lines cross; lines on one another do not cross.

    >>> crossings([[(0, 5), (10, 5)], [(4, 0), (4, 10)], [(0, 5), (10, 5)]])
    1
    """
    pieces = [
        (a, b, number, place)
        for number, line in enumerate(lines) for place, (a, b) in enumerate(zip(line, line[1:], strict=False)) if a != b
    ]  # fmt: skip
    pieces.sort(key=lambda piece: min(piece[0][0], piece[1][0]))
    found: list[Point] = []
    live: list[tuple[Point, Point, int, int]] = []
    for a, b, number, place in pieces:
        left, top, bottom = min(a[0], b[0]), min(a[1], b[1]), max(a[1], b[1])
        live = [other for other in live if max(other[0][0], other[1][0]) >= left]
        for c, d, other, _ in live:
            if number != other and min(c[1], d[1]) <= bottom and top <= max(c[1], d[1]):
                point = meeting(a, b, c, d)
                if (
                    point is not None and not any(_apart(point, known) < _ONE for known in found)
                    and _parts(lines[number], place, point, lines[other])
                ):  # fmt: skip
                    found.append(point)
        live.append((a, b, number, place))
    return len(found)


def _parts(line: Sequence[Point], place: int, point: Point, other: Sequence[Point]) -> bool:
    """Return whether a line is away from another one both before and after a point: it does not run along it."""
    before = next((p for p in reversed(line[: place + 1]) if _apart(p, point) >= _AWAY), line[0])
    after = next((p for p in line[place + 1 :] if _apart(p, point) >= _AWAY), line[-1])
    return all(_gap(other, (p[0] - 1, p[1] - 1, p[0] + 1, p[1] + 1)) > _ONE for p in (before, after))


def _apart(one: Point, other: Point) -> float:
    return hypot(one[0] - other[0], one[1] - other[1])


def _strays(picture: Drawn, number: int, box: Box) -> bool:
    """Return whether a label is nearer to another line than to its own."""
    own = _gap(picture.lines[number], box)
    others = (
        line for index, line in enumerate(picture.lines)
        if index != number and picture.ends[index] != picture.ends[number]
    )  # fmt: skip
    return any(_gap(line, box) < own - 0.5 for line in others)


def _gap(line: Sequence[Point], box: Box) -> float:
    """Return the distance between a line and the middle of a label's box, less what the label itself covers."""
    left, top, right, bottom = box
    inner = (left + 1, top + 1, right - 1, bottom - 1)
    best = float("inf")
    for a, b in zip(line, line[1:], strict=False):
        steps = max(1, int(_apart(a, b) / 3))
        for step in range(steps + 1):
            x, y = a[0] + (b[0] - a[0]) * step / steps, a[1] + (b[1] - a[1]) * step / steps
            best = min(best, hypot(max(inner[0] - x, 0, x - inner[2]), max(inner[1] - y, 0, y - inner[3])))
    return best


def _bends(line: Sequence[Point]) -> int:
    """Return how often a line turns by more than 35 degrees within a few points."""
    points = [line[0]]
    for point in line[1:]:
        if _apart(points[-1], point) > 8:
            points.append(point)
    found = 0
    for a, b, c in zip(points, points[1:], points[2:], strict=False):
        ux, uy, vx, vy = b[0] - a[0], b[1] - a[1], c[0] - b[0], c[1] - b[1]
        lengths = hypot(ux, uy) * hypot(vx, vy)
        found += lengths > 0 and (ux * vx + uy * vy) / lengths < 0.82
    return found


def _astray(picture: Drawn) -> int:
    """Return how many targets of one node are neither in the row nor in the column of most of its targets."""
    targets: dict[str, dict[str, None]] = {}
    for source, target in picture.ends:
        if source != target and target in picture.nodes:
            targets.setdefault(source, {})[target] = None
    return sum(len(ends) - _in_line([picture.nodes[end] for end in ends]) for ends in targets.values() if len(ends) > 1)


def _in_line(boxes: Sequence[Box]) -> int:
    """Return how many boxes have the same top, middle or left, at most."""
    ways: Iterable[list[float]] = (
        [box[1] for box in boxes], [(box[1] + box[3]) / 2 for box in boxes], [box[0] for box in boxes],
        [(box[0] + box[2]) / 2 for box in boxes],
    )  # fmt: skip
    return max(sum(abs(value - other) <= _ALIGNED for other in values) for values in ways for value in values)

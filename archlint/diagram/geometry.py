"""Boxes and curved lines: which of them intersect, the distance between them, and points on a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import hypot
from typing import Final

import msgspec

Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""
_SAMPLES: Final = 10
"""How many straight segments approximate one Bézier curve."""


class Trace(msgspec.Struct, frozen=True):
    """A line as points joined by straight segments, with its bounding box."""

    points: tuple[Point, ...]
    around: Box


def box_around(centre: Point, width: float, height: float, slack: float = 0.0) -> Box:
    """Return the box of a size around a centre, with `slack` taken off each side.

    >>> box_around((10, 10), 8, 6, 1)
    (7.0, 8.0, 13.0, 12.0)
    """
    x, y = centre[0] - width / 2 + slack, centre[1] - height / 2 + slack
    return x, y, x + width - 2 * slack, y + height - 2 * slack


def meet(one: Box, other: Box) -> bool:
    """Return whether two boxes overlap; boxes that only touch do not."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def inside(one: Box, other: Box) -> bool:
    """Return whether the first box lies within the second."""
    return one[0] >= other[0] and one[1] >= other[1] and one[2] <= other[2] and one[3] <= other[3]


def trace(controls: Sequence[Point], tip: Point | None) -> Trace:
    """Return the trace of joined cubic Bézier curves: a start point, then three control points for each curve."""
    return along_points((*controls[:1], *_on_curves(controls), *([tip] if tip is not None else [])))


def along_points(points: Sequence[Point]) -> Trace:
    """Return the trace of straight segments between points."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return Trace(tuple(points), (min(xs), min(ys), max(xs), max(ys)))


def _on_curves(controls: Sequence[Point]) -> Iterator[Point]:
    for start in range(0, len(controls) - 3, 3):
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = controls[start : start + 4]
        if (x0, y0, x3, y3) == (x1, y1, x2, y2):               # a straight piece
            yield x3, y3
            continue
        for step in range(1, _SAMPLES + 1):
            t = step / _SAMPLES
            a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
            yield a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3


def passes(line: Trace, box: Box) -> bool:
    """Return whether a line passes through a box.

    >>> passes(trace([(0, 0), (0, 0), (9, 9), (9, 9)], None), (4, 3, 6, 5))
    True
    """
    around = line.around
    flat = around[0] - 0.1, around[1] - 0.1, around[2] + 0.1, around[3] + 0.1      # a straight line has no area
    if not meet(flat, box):
        return False
    left, top, right, bottom = box
    for a, b in zip(line.points, line.points[1:], strict=False):
        (x0, y0), (x1, y1) = a, b
        if (
            (x0 > left or x1 > left) and (x0 < right or x1 < right) and (y0 > top or y1 > top)
            and (y0 < bottom or y1 < bottom) and _cuts(a, b, box)
        ):  # fmt: skip
            return True
    return False


def _cuts(start: Point, end: Point, box: Box) -> bool:
    """Return whether part of a straight segment is inside a box (Liang and Barsky's clipping, 1984)."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    first, last = 0.0, 1.0
    for step, room in (
        (-dx, start[0] - box[0]), (dx, box[2] - start[0]), (-dy, start[1] - box[1]), (dy, box[3] - start[1]),
    ):  # fmt: skip
        if step == 0:
            if room <= 0:
                return False
        elif step < 0:
            first = max(first, room / step)
        else:
            last = min(last, room / step)
    return first < last


def gap(line: Trace, box: Box) -> float:
    """Return the distance between a line and a box; 0 if they touch.

    >>> gap(Trace(((0, 0), (9, 0)), (0, 0, 9, 0)), (4, 3, 6, 5))
    3.0
    """
    if passes(line, box):
        return 0.0
    left, top, right, bottom = box
    corners = ((left, top), (right, top), (left, bottom), (right, bottom))
    pieces = list(zip(line.points, line.points[1:], strict=False))
    to_corners = (_to_piece(corner, a, b) for corner in corners for a, b in pieces)
    to_points = (hypot(max(left - x, 0, x - right), max(top - y, 0, y - bottom)) for x, y in line.points)
    return min((*to_corners, *to_points), default=0.0)


def _to_piece(point: Point, start: Point, end: Point) -> float:
    dx, dy = end[0] - start[0], end[1] - start[1]
    square = dx * dx + dy * dy
    share = ((point[0] - start[0]) * dx + (point[1] - start[1]) * dy) / square if square else 0.0
    share = min(1.0, max(0.0, share))
    return hypot(point[0] - start[0] - share * dx, point[1] - start[1] - share * dy)


def along(line: Trace, share: float) -> Point:
    """Return the point at a share of a line's length.

    >>> along(Trace(((0, 0), (4, 0), (4, 4)), (0, 0, 4, 4)), 0.75)
    (4.0, 2.0)
    """
    pieces = list(zip(line.points, line.points[1:], strict=False))
    lengths = [((b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2) ** 0.5 for a, b in pieces]
    left = share * sum(lengths)
    for (a, b), length in zip(pieces, lengths, strict=True):
        if left <= length and length > 0:
            part = left / length
            return a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part
        left -= length
    return line.points[-1]

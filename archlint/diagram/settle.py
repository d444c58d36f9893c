"""Moves labels and titles to free places: a label along its line, a title along the top of its frame.

The layout engine reserves room for both, but sometimes routes other lines through it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from archlint.diagram.cards import Card, EdgeLabel
from archlint.diagram.conflicts import Scene, scene_of, title_box, under_label, under_title, word_box
from archlint.diagram.geometry import Box, Point, Trace, along, along_points, box_around, gap, passes
from archlint.diagram.layout import Frame, Layout, Line
from archlint.diagram.picture import Cluster, Edge

_SHARES: Final = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82, 0.1, 0.9)
"""Positions to try for a label, as shares of its line's length, from the middle outwards."""
_STEP: Final = 6.0
"""Points between the positions to try for a title."""
_NEAREST: Final = 4.0
"""Smallest distance in points between a title and the sides of its frame."""
_STROKE: Final = 1.0
"""Points between a label and the middle of its own line, whose stroke is at most 3 points wide."""
_NEAR: Final = 3.0
"""Points up to which a label is close to its line."""
_EDGE: Final = 12.0
"""Points by which a label may extend beyond the layout: the picture has a wider margin."""


def settled(
    layout: Layout, cards: Sequence[Card], edges: Sequence[Edge], labels: Sequence[EdgeLabel | None],
    clusters: Sequence[Cluster],
) -> Layout:  # fmt: skip
    """Return a layout in which labels and titles cover as little as possible; those that cover nothing stay."""
    scene = scene_of(layout, cards, edges, labels, clusters)
    frames = tuple(
        _titled(scene, index, frame, cluster) if frame is not None else None
        for index, (frame, cluster) in enumerate(zip(layout.frames, clusters, strict=True))
    )
    lines = tuple(
        _labelled(scene, index, line, label, layout) if line is not None and label is not None else line
        for index, (line, label) in enumerate(zip(layout.edges, labels, strict=True))
    )
    return replace(layout, edges=lines, frames=frames)


def _titled(scene: Scene, index: int, frame: Frame, cluster: Cluster) -> Frame:
    """Return a frame with its title where it covers the least, as far to the left as possible."""
    left, _, right, _ = title_box(cluster, frame)
    best, clashes = frame, under_title(scene, index, title_box(cluster, frame))
    steps = max(0, int((frame.width - _NEAREST - (right - left) - frame.title) / _STEP))
    for start in (_NEAREST, *(frame.title + _STEP * (step + 1) for step in range(steps))):
        if clashes == 0:
            break
        place = replace(frame, title=start)
        found = under_title(scene, index, title_box(cluster, place))
        if found < clashes:
            best, clashes = place, found
    scene.titles[index] = title_box(cluster, best)
    return best


def _labelled(scene: Scene, index: int, line: Line, label: EdgeLabel, layout: Layout) -> Line:
    """Return a line with its label where it covers the least, off its own line and close to it."""
    way = scene.lines[index]
    if way is None:
        return line
    mine = along_points(line.own) if line.own else way

    def faults(middle: Point) -> tuple[int, bool, bool, float]:
        ground = box_around(middle, label.width, label.height, -_STROKE)
        clashes = under_label(scene, index, word_box(middle, label))
        own = gap(mine, ground)
        return clashes, passes(way, ground), _is_nearer(scene, index, ground, own), max(0.0, own - _NEAR)

    best = line.label or along(mine, 0.5)
    least = faults(best)
    for middle in _beside(mine, label, layout):
        if least == (0, False, False, 0.0):
            break
        found = faults(middle)
        if found < least:
            best, least = middle, found
    scene.words[index] = word_box(best, label)
    return replace(line, label=best)


def _is_nearer(scene: Scene, index: int, ground: Box, own: float) -> bool:
    """Return whether a label is as near to another line as to its own, or nearer, so that it seems to be that one's."""
    reach = own + _STROKE
    around = ground[0] - reach, ground[1] - reach, ground[2] + reach, ground[3] + reach
    return any(
        number != index and line is not None and passes(line, around) for number, line in enumerate(scene.lines)
    )


def _beside(way: Trace, label: EdgeLabel, layout: Layout) -> Iterator[Point]:
    """Yield positions for a label: beside its line, then on it, from the middle outwards."""
    half, tall = label.width / 2 + _STROKE + 0.5, label.height / 2 + _STROKE + 0.5
    flat = ((half, 0.0), (-half, 0.0), (0.0, -tall), (0.0, tall))
    slanting = ((half, -tall), (half, tall), (-half, -tall), (-half, tall))
    for sides in ((*flat, *slanting), ((0.0, 0.0),)):
        for share in _SHARES:
            x, y = along(way, share)
            for dx, dy in sides:
                if (
                    half - _EDGE <= x + dx <= layout.width - half + _EDGE
                    and tall - _EDGE <= y + dy <= layout.height - tall + _EDGE
                ):
                    yield x + dx, y + dy

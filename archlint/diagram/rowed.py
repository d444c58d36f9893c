"""A layout in rows: cards in rows of limited width, with lines of vertical and horizontal pieces between the rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Final

import msgspec
from msgspec.structs import replace

from archlint.diagram.cards import Card, EdgeLabel
from archlint.diagram.geometry import Point
from archlint.diagram.layout import Band, Frame, Layout, Line
from archlint.diagram.nets import Net, nets_of, spans_of
from archlint.diagram.order import Grid, grid_of, ordered, positioned, unbent
from archlint.diagram.picture import Edge
from archlint.diagram.ports import Ports, port_x, ports_of, straightened
from archlint.diagram.ranks import LOOP, Rows, rows_of, without_hangs
from archlint.diagram.tracks import Piece, levels_of

_TRACK: Final = 9.0
_PAD: Final = 12.0
"""Points between a row and the first horizontal piece below it, and between the last one and the next row."""
_HEAD: Final = 9.0
"""The length of an arrowhead."""
_ROUND: Final = 6.0
_BESIDE: Final = 10.0
"""Points between the cards and the sides of a lane."""
_TITLE: Final = 20.0
"""The height of a lane's title."""
_BETWEEN: Final = 8.0
"""Points between two lanes."""
"""The radius of corners."""


class _Channel(msgspec.Struct, frozen=True):
    """The space above a row: its top, the first track, and the level of each net in it."""

    top: float
    first: float
    bottom: float
    levels: dict[int, int]

    def y(self, net: int) -> float:
        """Return the height of a net's horizontal piece."""
        return self.first + _TRACK * self.levels.get(net, 0)


class _Made(msgspec.Struct):
    grid: Grid
    ports: Ports
    nets: list[Net]
    channels: list[_Channel]
    tops: list[float]
    height: float
    lanes: tuple[str, ...]


def in_rows(
    cards: Sequence[Card], edges: Sequence[Edge], labels: Sequence[EdgeLabel | None], lanes: Mapping[str, str],
    width: float, chains: str, tight: bool = False,
) -> Layout:  # fmt: skip
    """Return a layout in rows whose cards are at most `width` wide together.

    If it is `tight`, no room is kept for labels that are wider than the cards below them.
    """
    rows = rows_of(cards, edges, labels, lanes, width, chains)
    if tight:
        rows = without_hangs(rows)
    number_of = {card.node.name: number for number, card in enumerate(cards)}
    spans, short = spans_of(rows, edges, number_of)
    nets = nets_of(spans, edges, [number_of[edge.source] for edge in edges])
    grid = grid_of(rows, nets)
    ordered(grid)
    ports = ports_of(grid, cards)
    for rounds in (10, 8):
        positioned(grid, width, partial(_mean, grid, ports), rounds)
        ports = ports_of(grid, cards, ports)
    positioned(grid, width, partial(_mean, grid, ports), 6)
    unbent(grid, nets, partial(_mean, grid, ports))
    straightened(grid, ports)
    unbent(grid, nets, partial(_mean, grid, ports))
    made = _with_heights(rows, grid, ports, nets, cards, labels)
    lines: list[Line | None] = [None] * len(edges)
    for number in short:
        lines[number] = _short(made, cards, number_of[edges[number].source], number_of[edges[number].target])
    for index, net in enumerate(nets):
        for span in net.spans:
            upwards = number_of[edges[span.edge].source] != span.upper
            lines[span.edge] = _line(made, cards, index, span.edge, upwards)
    return _trimmed(made, cards, lines)


def _mean(grid: Grid, ports: Ports, row: int, index: int, net: int, below: bool) -> float:
    cards = [card for card in grid.rows[row][index].cards if (card, below, net) in ports.shifts] or [-1]
    return sum(port_x(grid, ports, row, index, card, net, below) for card in cards) / len(cards)


def _with_heights(
    rows: Rows, grid: Grid, ports: Ports, nets: list[Net], cards: Sequence[Card],
    labels: Sequence[EdgeLabel | None],
) -> _Made:  # fmt: skip
    channels, tops = [], []
    banded = len(set(rows.lanes)) > 1
    y = 0.0
    for row, items in enumerate(grid.rows):
        pieces = _pieces(grid, ports, row - 1) if row else []
        levels = levels_of(pieces)
        above, below = _room(grid, nets, labels, row)
        tracks = max(levels.values(), default=0) * _TRACK
        height = max(above, _PAD) + tracks + max(below, _PAD) + _HEAD if row else 0.0
        if banded and (not row or rows.lanes[row] != rows.lanes[row - 1]):
            y += _TITLE + (_BETWEEN if row else 0.0)
            height = max(height, _PAD)
        channels.append(_Channel(y, y + max(above, _PAD), y + height, levels))
        y += height
        tops.append(y)
        y += max((cards[card].height for item in items for card in item.cards), default=0.0)
    last = _pieces(grid, ports, len(grid.rows) - 1)
    levels = levels_of(last)
    channels.append(_Channel(y, y + _PAD, y, levels))
    y += 2 * _PAD + _TRACK * max(levels.values(), default=0) if levels else 0.0
    return _Made(grid, ports, nets, channels, tops, y, rows.lanes)


def _pieces(grid: Grid, ports: Ports, row: int) -> list[Piece]:
    """Return what each net does below a row."""
    return [
        Piece(
            joint.net,
            tuple(port_x(grid, ports, row, index, card, joint.net, True) for index, card in joint.upper),
            tuple(port_x(grid, ports, row + 1, index, card, joint.net, False) for index, card in joint.lower),
        )
        for joint in grid.joints[row]
    ]


def _room(grid: Grid, nets: Sequence[Net], labels: Sequence[EdgeLabel | None], row: int) -> tuple[float, float]:
    """Return the room that labels need above a row: below the cards of the row before, and above its own cards."""
    above = below = 0.0
    if row:
        for joint in grid.joints[row - 1]:
            net = nets[joint.net]
            joins = len(net.spans) > 1 and not net.forks
            for span in net.spans:
                label = labels[span.edge]
                if label is None:
                    continue
                if joins and span.top == row - 1:
                    above = max(above, label.height + 2)
                elif not joins and span.bottom == row:
                    below = max(below, label.height + 2)
    return above, below


def _line(made: _Made, cards: Sequence[Card], index: int, edge: int, upwards: bool) -> Line:
    """Return the line of an edge, through the passing items of its net."""
    net = made.nets[index]
    span = next(span for span in net.spans if span.edge == edge)
    at = {
        (row, card): (item_index, item)
        for row in (span.top, span.bottom) for item_index, item in enumerate(made.grid.rows[row]) for card in item.cards
    }
    upper, _ = at[span.top, span.upper]
    start = port_x(made.grid, made.ports, span.top, upper, span.upper, index, True)
    top = made.tops[span.top] + cards[span.upper].height
    points: list[Point] = [(start, top)]
    x = start
    for row in range(span.top + 1, span.bottom):
        item = next(item for item in made.grid.rows[row] if item.net == index)
        next_x = item.x + item.width / 2
        points += _step(x, next_x, made.channels[row].y(index))
        x = next_x
    lower, _ = at[span.bottom, span.lower]
    end = port_x(made.grid, made.ports, span.bottom, lower, span.lower, index, span.is_level)
    channel = made.channels[span.bottom + span.is_level]
    points += _step(x, end, channel.y(index))
    card = cards[span.lower]
    points.append((end, made.tops[span.bottom] + (card.height if span.is_level else 0.0)))
    own = _own(net, points, span.is_level)
    line = drawn(points[::-1] if upwards else points, own)
    return replace(line, backwards=net.forks == upwards and len(net.spans) > 1)


def _own(net: Net, points: Sequence[Point], level: bool) -> tuple[Point, ...]:
    """Return the part of a line that it does not share with others of its net."""
    if len(net.spans) == 1:
        return ()
    return tuple(points[-2:] if net.forks else points[:2])


def _step(x: float, other: float, y: float) -> list[Point]:
    return [(x, y), (other, y)] if abs(x - other) >= 0.5 else []


def _short(made: _Made, cards: Sequence[Card], source: int, target: int) -> Line:
    """Return a line between two neighbours in a block, or from a card to itself."""
    row, item = next(
        (row, item) for row, items in enumerate(made.grid.rows) for item in items if source in item.cards
    )
    x = item.x + item.middles[item.cards.index(source)]
    right = x - cards[source].width / 2 + cards[source].width
    top = made.tops[row]
    if source == target:
        out, over, under = right + LOOP - 4, top + cards[source].height / 2 - 9, top + cards[source].height / 2 + 9
        return drawn([(right, over), (out, over), (out, under), (right, under)])
    left = item.x + item.middles[item.cards.index(target)] - cards[target].width / 2
    y = top + min(cards[source].height, cards[target].height) / 2
    return drawn([(right, y), (left, y)])


def drawn(points: Sequence[Point], own: tuple[Point, ...] = ()) -> Line:
    """Return a line through points with round corners, and an arrowhead at its end."""
    kept = [point for place, point in enumerate(points) if not place or _far(points[place - 1], point)]
    (x0, y0), (x1, y1) = kept[-2], kept[-1]
    length = abs(x1 - x0) + abs(y1 - y0)
    tip, base = kept[-1], (x1 - (x1 - x0) / length * _HEAD, y1 - (y1 - y0) / length * _HEAD)
    kept[-1] = base
    controls: list[Point] = [kept[0]]
    for before, corner, after in zip(kept, kept[1:], kept[2:], strict=False):
        radius = min(_ROUND, _length(before, corner) / 2, _length(corner, after) / 2)
        enter, leave = _towards(corner, before, radius), _towards(corner, after, radius)
        controls += [controls[-1], enter, enter]
        controls += [_towards(corner, enter, radius * 0.45), _towards(corner, leave, radius * 0.45), leave]
    controls += [controls[-1], base, base]
    return Line(tuple(controls), tip, None, own)


def _far(one: Point, other: Point) -> bool:
    return _length(one, other) > 0.01


def _length(one: Point, other: Point) -> float:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def _towards(start: Point, end: Point, distance: float) -> Point:
    length = _length(start, end) or 1.0
    share = distance / length
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


def _trimmed(made: _Made, cards: Sequence[Card], lines: Sequence[Line | None]) -> Layout:
    """Return the layout, moved to the left and top of the picture, with its lanes if there are several."""
    centres: list[Point] = [(0.0, 0.0)] * len(cards)
    bottoms: list[float] = []
    for row, items in enumerate(made.grid.rows):
        bottoms.append(made.tops[row])
        for item in items:
            for card, middle in zip(item.cards, item.middles, strict=True):
                centres[card] = (item.x + middle, made.tops[row] + cards[card].height / 2)
                bottoms[row] = max(bottoms[row], made.tops[row] + cards[card].height)
    xs = [x + side * card.width / 2 for (x, _), card in zip(centres, cards, strict=True) for side in (-1, 1)]
    xs += [x for line in lines if line is not None for x, _ in line.points]
    beside = _BESIDE if len(set(made.lanes)) > 1 else 0.0
    left, width = min(xs) - beside, max(xs) - min(xs) + 2 * beside
    bands = tuple(_bands(made, bottoms, width)) if beside else ()
    return Layout(
        width, made.height + beside, tuple((x - left, y) for x, y in centres),
        tuple(shifted(line, -left, 0.0) if line is not None else None for line in lines), (), bands,
    )  # fmt: skip


def _bands(made: _Made, bottoms: Sequence[float], width: float) -> Iterable[Band]:
    first = 0
    for row, lane in enumerate(made.lanes):
        if row + 1 == len(made.lanes) or made.lanes[row + 1] != lane:
            top = made.channels[first].top - _TITLE
            last = row + 1 == len(made.lanes)
            bottom = made.height + _BESIDE if last else made.channels[row + 1].top - _TITLE - _BETWEEN
            yield Band(lane, Frame(0.0, top, width, bottom - top))
            first = row + 1


def shifted(line: Line, dx: float, dy: float) -> Line:
    """Return a line moved by a step."""
    def move(point: Point) -> Point:
        return point[0] + dx, point[1] + dy

    tip = move(line.tip) if line.tip is not None else None
    label = move(line.label) if line.label is not None else None
    return replace(
        line, points=tuple(map(move, line.points)), tip=tip, label=label, own=tuple(map(move, line.own))
    )

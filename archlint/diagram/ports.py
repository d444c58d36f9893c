"""Where lines meet cards: each side of a card has its lines in the order of what they lead to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from archlint.diagram.cards import Card
from archlint.diagram.order import Grid

_CORNER: Final = 12.0
"""Points between the corner of a card and the nearest line."""
_LEAST: Final = 9.0
"""Points between two lines at one side of a card, if there is room."""
_MOST: Final = 46.0
Key = tuple[int, bool, int]
"""A card, whether its lower side, and a net."""


class Ports(msgspec.Struct):
    """How far each line is from the middle of its card."""

    shifts: dict[Key, float]
    sides: dict[tuple[int, bool], list[int]]
    half: dict[int, float]


def ports_of(grid: Grid, cards: Sequence[Card], before: Ports | None = None) -> Ports:
    """Return the place of each line at its cards; the positions in the grid decide about their order."""
    wanted: dict[tuple[int, bool], dict[int, float]] = {}
    for row, joints in enumerate(grid.joints):
        for joint in joints:
            tops = [(row, index, card) for index, card in joint.upper]
            ends = [(row + 1, index, card) for index, card in joint.lower]
            for here, there, below in ((tops, ends or tops, True), (ends, tops, False)):
                lower = not below or not ends
                xs = [_x(grid, before, row, index, card, joint.net, lower) for row, index, card in there]
                for _, _, card in here:
                    if card >= 0:
                        mean = sum(xs) / len(xs)
                        wanted.setdefault((card, below), {})[joint.net] = mean
    sides = {side: sorted(nets, key=lambda net: (nets[net], net)) for side, nets in wanted.items()}
    half = {number: card.body_width / 2 - _CORNER for number, card in enumerate(cards)}
    shifts: dict[Key, float] = {}
    for (card, below), nets in sides.items():
        step = min(_MOST, 2 * half[card] / max(1, len(nets) - 1))
        for place, net in enumerate(nets):
            shifts[card, below, net] = (place - (len(nets) - 1) / 2) * step
    return Ports(shifts, sides, half)


def _x(grid: Grid, ports: Ports | None, row: int, index: int, card: int, net: int, below: bool) -> float:
    item = grid.rows[row][index]
    if card < 0:
        return item.x + item.width / 2
    middle = item.x + item.middles[item.cards.index(card)]
    return middle + (ports.shifts.get((card, below, net), 0.0) if ports is not None else 0.0)


def port_x(grid: Grid, ports: Ports, row: int, index: int, card: int, net: int, below: bool) -> float:
    """Return where a net meets a card, or passes a row (card -1), from the left of the picture."""
    return _x(grid, ports, row, index, card, net, below)


def straightened(grid: Grid, ports: Ports) -> None:
    """Move lines along the sides of cards so that short sideways steps disappear."""
    for _ in range(3):
        for row, index, card, net, below, target in _ends(grid, ports):
            here = port_x(grid, ports, row, index, card, net, below)
            if abs(target - here) > 0.01:
                _move(ports, (card, below, net), target - here)


def _ends(grid: Grid, ports: Ports) -> Iterator[tuple[int, int, int, int, bool, float]]:
    """Yield each place where a net that does not fork here meets a card, and where its other end is."""
    for row, joints in enumerate(grid.joints):
        for joint in joints:
            if len(joint.upper) == 1 and joint.lower:
                (index, card), = joint.upper
                xs = [port_x(grid, ports, row + 1, other, end, joint.net, False) for other, end in joint.lower]
                here = port_x(grid, ports, row, index, card, joint.net, True)
                if card >= 0:
                    yield row, index, card, joint.net, True, min(xs, key=lambda x: abs(x - here))
            if len(joint.lower) == 1:
                (index, card), = joint.lower
                xs = [port_x(grid, ports, row, other, end, joint.net, True) for other, end in joint.upper]
                here = port_x(grid, ports, row + 1, index, card, joint.net, False)
                if card >= 0:
                    yield row + 1, index, card, joint.net, False, min(xs, key=lambda x: abs(x - here))


def _move(ports: Ports, key: Key, step: float) -> None:
    """Move a line along its side if it stays on it, in its order, and away from the others."""
    card, below, net = key
    side = ports.sides[card, below]
    place = side.index(net)
    target = ports.shifts[key] + step
    low = ports.shifts[card, below, side[place - 1]] + _LEAST if place else -ports.half[card]
    high = ports.shifts[card, below, side[place + 1]] - _LEAST if place + 1 < len(side) else ports.half[card]
    if low <= target <= high:
        ports.shifts[key] = target

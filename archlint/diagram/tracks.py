"""Horizontal pieces of lines between two rows: which is above which, so that few cross and none overlap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

_CLOSE: Final = 5.0
"""Points below which two vertical pieces would look like one."""
_OVERLAP: Final = 12
"""The cost of an overlap, in crossings."""
_SEARCHED: Final = 40
"""Above this number of pieces, they keep the order of their left ends."""


class Piece(msgspec.Struct, frozen=True):
    """What a net does between two rows: where it comes from above, and where it goes below."""

    net: int
    tops: tuple[float, ...]
    bottoms: tuple[float, ...]

    @property
    def left(self) -> float:
        """The left end."""
        return min(*self.tops, *self.bottoms, *self.tops)

    @property
    def right(self) -> float:
        """The right end."""
        return max(*self.tops, *self.bottoms, *self.tops)

    @property
    def is_straight(self) -> bool:
        """Whether it runs straight down."""
        return self.right - self.left < 0.5


def levels_of(pieces: Sequence[Piece]) -> dict[int, int]:
    """Return the level of each net with a horizontal piece, from 0 at the top."""
    bent = [piece for piece in pieces if not piece.is_straight]
    order = sorted(bent, key=lambda piece: (piece.left, piece.net))
    if len(order) <= _SEARCHED:
        order = _improved(order)
    levels: dict[int, int] = {}
    placed: list[Piece] = []
    for piece in order:
        above = [levels[other.net] for other in placed if _depends(other, piece)]
        levels[piece.net] = max(above, default=-1) + 1
        placed.append(piece)
    return levels


def _improved(order: list[Piece]) -> list[Piece]:
    """Move each piece to the place in the order where it costs least, until nothing improves."""
    cost = {
        (one.net, other.net): _cost(one, other) for one in order for other in order if one is not other
    }  # fmt: skip
    for _ in range(4):
        changed = False
        for piece in list(order):
            rest = [other for other in order if other is not piece]
            now = order.index(piece)
            total = sum(cost[piece.net, other.net] for other in rest)
            best, least, at_now = 0, total, total
            for place, other in enumerate(rest):
                total += cost[other.net, piece.net] - cost[piece.net, other.net]
                if place + 1 == now:
                    at_now = total
                if total < least:
                    best, least = place + 1, total
            if least < at_now:
                rest.insert(best, piece)
                order, changed = rest, True
        if not changed:
            break
    return order


def _cost(above: Piece, below: Piece) -> int:
    """Return the crossings of two pieces, the first above the second, and the price of overlaps."""
    found = sum(above.left < x < above.right for x in below.tops)
    found += sum(below.left < x < below.right for x in above.bottoms)
    touching = sum(abs(x - y) < _CLOSE for x in above.bottoms for y in below.tops)
    return found + _OVERLAP * touching


def _depends(one: Piece, other: Piece) -> bool:
    """Return whether two pieces cannot be on one level, or in the other order."""
    if one.left < other.right + _CLOSE and other.left < one.right + _CLOSE:
        return True
    return any(abs(x - y) < _CLOSE for x in one.bottoms for y in other.tops)

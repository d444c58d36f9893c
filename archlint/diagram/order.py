"""The order of blocks and of passing lines in each row (fewest crossings), and their positions from left to right.

Ordering is by medians with swaps of neighbours (Gansner and others, "A technique for drawing directed graphs", 1993).
Positions are the least squares of horizontal distances that keep the order and the gaps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from archlint.diagram.nets import Net
from archlint.diagram.ranks import GAP, Rows

_SWEEPS: Final = 12
_PORTS: Final = 24.0
"""Points to the left of a card's middle at which lines may lead to it."""
PASSING: Final = 12.0
"""The width that a passing line takes."""


Port = Callable[[int, int, int, bool], float]
"""Where a net is at an item, from the left: by its row, its number, the net, and whether it is on its lower side."""


class Item(msgspec.Struct):
    """A block in a row, or a net that passes it (`net` is its number). `x` is the left of it."""

    cards: tuple[int, ...]
    middles: tuple[float, ...]
    width: float
    net: int = -1
    x: float = 0.0
    hang: float = 0.0


class Joint(msgspec.Struct, frozen=True):
    """What a net connects between two rows: items of the upper row and of the lower one, with the cards on them.

    A card is -1 where the net passes the row.
    """

    net: int
    upper: tuple[tuple[int, int], ...]
    lower: tuple[tuple[int, int], ...]


class Grid(msgspec.Struct):
    """Items by row, and the joints below each row, which name items by their number in the row as it was made."""

    rows: list[list[Item]]
    joints: list[list[Joint]]
    order: list[list[int]]


def grid_of(rows: Rows, nets: Sequence[Net]) -> Grid:
    """Return the items of each row, with those of passing lines, and what connects them."""
    items = [[Item(b.cards, b.middles, b.width, hang=b.hang) for b in blocks] for blocks in rows.blocks]
    at = {card: index for found in items for index, item in enumerate(found) for card in item.cards}
    passing: dict[tuple[int, int], int] = {}
    for number, net in enumerate(nets):
        for row in range(net.first + 1, net.last):
            passing[number, row] = len(items[row])
            items[row].append(Item((), (), PASSING, number))
    joints: list[list[Joint]] = [[] for _ in items]
    for number, net in enumerate(nets):
        for row in range(net.first, max(net.last, net.first + 1)):
            upper = {(at[span.upper], span.upper) for span in net.spans if span.top == row}
            lower = {(at[span.lower], span.lower) for span in net.spans if span.bottom == row + 1 and not span.is_level}
            upper |= {(at[span.lower], span.lower) for span in net.spans if span.is_level}
            if row > net.first and (number, row) in passing:
                upper.add((passing[number, row], -1))
            if (number, row + 1) in passing:
                lower.add((passing[number, row + 1], -1))
            joints[row].append(Joint(number, tuple(sorted(upper)), tuple(sorted(lower))))
    return Grid(items, joints, [list(range(len(found))) for found in items])


def ordered(grid: Grid) -> int:
    """Order the items of each row, and return the number of crossings that are left between rows."""
    best, fewest = [list(row) for row in grid.order], _crossings(grid)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        rows = range(1, len(grid.rows)) if down else range(len(grid.rows) - 2, -1, -1)
        for row in rows:
            _by_median(grid, row, down, sweep % 4 < 2)
        _swap(grid)
        found = _crossings(grid)
        if found < fewest:
            best, fewest = [list(row) for row in grid.order], found
        if not fewest:
            break
    grid.order = best
    return fewest


def _by_median(grid: Grid, row: int, down: bool, rightwards: bool) -> None:
    near = _place_of(grid, row - 1 if down else row + 1)
    wanted: dict[int, list[float]] = {}
    for joint in grid.joints[row - 1] if down else grid.joints[row]:
        here, there = (joint.lower, joint.upper) if down else (joint.upper, joint.lower)
        for index, card in here:
            item = grid.rows[row][index]
            shift = item.cards.index(card) / len(item.cards) / 4 if card >= 0 else 0.0
            wanted.setdefault(index, []).extend(near[other, end] - shift for other, end in there)
    place = {index: float(position) for position, index in enumerate(grid.order[row])}
    key = {index: _median(wanted.get(index, [])) if wanted.get(index) else None for index in grid.order[row]}
    movable = sorted(
        (index for index in grid.order[row] if key[index] is not None),
        key=lambda index: (key[index] or 0.0, place[index] if rightwards else -place[index]),
    )
    free = iter(movable)
    grid.order[row] = [index if key[index] is None else next(free) for index in grid.order[row]]


def _median(values: Iterable[float]) -> float:
    found = sorted(values)
    middle = len(found) // 2
    return found[middle] if len(found) % 2 else (found[middle - 1] + found[middle]) / 2


def _place_of(grid: Grid, row: int) -> dict[tuple[int, int], float]:
    """Return the place of each card, and of each passing line, in its row: counted over cards and lines."""
    places: dict[tuple[int, int], float] = {}
    count = 0
    for index in grid.order[row]:
        cards = grid.rows[row][index].cards
        for card in cards or (-1,):
            places[index, card] = float(count)
            count += 1
    return places


def _crossings(grid: Grid) -> int:
    places = [_place_of(grid, row) for row in range(len(grid.rows))]
    return sum(_between(grid, row, places) for row in range(len(grid.rows) - 1))


def _between(grid: Grid, row: int, places: Sequence[dict[tuple[int, int], float]]) -> int:
    """Return the number of crossings between a row and the next one."""
    ends = sorted(
        (places[row][one], places[row + 1][other], joint.net)
        for joint in grid.joints[row] for one in joint.upper for other in joint.lower
    )  # fmt: skip
    found = 0
    for index, (a, b, net) in enumerate(ends):
        found += sum(d < b and a < c and net != other for c, d, other in ends[index + 1 :])
    return found


def _swap(grid: Grid) -> None:
    """Swap neighbours in each row as long as that removes crossings."""
    for row, order in enumerate(grid.order):
        ends = _ends_of(grid, row)
        for _ in range(len(order)):
            changed = False
            for position in range(len(order) - 1):
                one, other = order[position], order[position + 1]
                if _crossed(ends.get(one, ()), ends.get(other, ())) > _crossed(ends.get(other, ()), ends.get(one, ())):
                    order[position], order[position + 1] = other, one
                    changed = True
            if not changed:
                break


_End = tuple[bool, float, int]


def _ends_of(grid: Grid, row: int) -> dict[int, list[_End]]:
    """Return, for each item of a row, what it leads to: whether below, the place there, and the net."""
    found: dict[int, list[_End]] = {}
    for below, joints, near in (
        (False, grid.joints[row - 1] if row else [], row - 1), (True, grid.joints[row], row + 1),
    ):  # fmt: skip
        if not 0 <= near < len(grid.rows):
            continue
        places = _place_of(grid, near)
        for joint in joints:
            here, there = (joint.upper, joint.lower) if below else (joint.lower, joint.upper)
            for index, _ in here:
                found.setdefault(index, []).extend((below, places[end], joint.net) for end in there)
    return found


def _crossed(left: Iterable[_End], right: Sequence[_End] | tuple[()]) -> int:
    """Return the crossings of two neighbours in a row."""
    return sum(
        below == under and place > where and net != other for below, place, net in left for under, where, other in right
    )


def gap_between(one: Item, other: Item) -> float:
    """Return the least gap between two items of a row."""
    if one.net < 0 and other.net < 0:
        return max(GAP, one.hang - other.middles[0] + _PORTS)
    if one.net < 0 or other.net < 0:
        return max(GAP * 0.6, one.hang - PASSING / 2)
    return 0.0


class _Pull(msgspec.Struct, frozen=True):
    """What draws an item of a row: another item, and how far to its right this one wants to be."""

    index: int
    other: Item
    shift: float
    weight: float


def positioned(grid: Grid, width: float, port: Port, rounds: int) -> None:
    """Place the items of each row, or move them from where they are, in some rounds.

    The first time, `rounds` begins with the middle of each row.
    """
    width = max(width, *(_starts(_items(grid, row))[-1] for row in range(len(grid.rows))))
    if all(item.x == 0.0 for items in grid.rows for item in items):
        for row in range(len(grid.rows)):
            items = _items(grid, row)
            starts = _starts(items)
            for item, start in zip(items, starts, strict=False):
                item.x = (width - starts[-1]) / 2 + start
    pulls = [(_pulls(grid, row, False, port), _pulls(grid, row, True, port)) for row in range(len(grid.rows))]
    for number in range(rounds):
        down, last = number % 2 == 0, number >= rounds - 4
        for row in range(len(grid.rows)) if down else range(len(grid.rows) - 1, -1, -1):
            over, under = pulls[row]
            _pull(_items(grid, row), grid.order[row], [*over, *under] if last else over if down else under, width)


def _items(grid: Grid, row: int) -> list[Item]:
    return [grid.rows[row][index] for index in grid.order[row]]


def _starts(items: Sequence[Item]) -> list[float]:
    """Return where each item begins if all are as far to the left as possible, and where the last one ends."""
    starts = [0.0]
    for one, other in zip(items, items[1:], strict=False):
        starts.append(starts[-1] + one.width + gap_between(one, other))
    return [*starts[: len(items)], starts[-1] + items[-1].width if items else 0.0]


def _pulls(grid: Grid, row: int, below: bool, port: Port) -> list[_Pull]:
    """Return what draws the items of a row from the next row, or from the one before."""
    beside = row + 1 if below else row - 1
    if not 0 <= beside < len(grid.rows):
        return []
    found = []
    for joint in grid.joints[row if below else row - 1]:
        here, there = (joint.upper, joint.lower) if below else (joint.lower, joint.upper)
        if not there:                          # a net within one row draws nothing towards another
            continue
        passing = any(end < 0 for _, end in there)
        for index, card in here:
            own = port(row, index, joint.net, below) - grid.rows[row][index].x
            weight = (4.0 if card < 0 and passing else 1.0) / len(there)
            for end, _ in there:
                other = grid.rows[beside][end]
                found.append(_Pull(index, other, port(beside, end, joint.net, not below) - other.x - own, weight))
    return found


def _pull(items: Sequence[Item], order: Sequence[int], pulls: Iterable[_Pull], width: float) -> None:
    """Move the items of a row as close to what they are connected with as their order and gaps allow."""
    sums: dict[int, float] = {}
    weights: dict[int, float] = {}
    for pull in pulls:
        sums[pull.index] = sums.get(pull.index, 0.0) + pull.weight * (pull.other.x + pull.shift)
        weights[pull.index] = weights.get(pull.index, 0.0) + pull.weight
    starts = _starts(items)
    wanted = [
        (sums[index] / weights[index] if index in weights else item.x) - start
        for index, item, start in zip(order, items, starts, strict=False)
    ]
    flat = fitted(wanted, [weights.get(index, 0.05) for index in order])
    most = width - starts[-1]
    for item, base, start in zip(items, flat, starts, strict=False):
        item.x = min(max(base, 0.0), most) + start


def unbent(grid: Grid, nets: Sequence[Net], port: Port) -> None:
    """Move passing lines so that each runs straight through as many rows as possible."""
    for number, net in enumerate(nets):
        passed = [(row, _passing(grid, row, number)) for row in range(net.first + 1, net.last)]
        while passed:
            low, high, run = float("-inf"), float("inf"), 0
            for row, index in passed:
                left, right = _free(grid, row, index)
                if max(low, left) > min(high, right):
                    break
                low, high, run = max(low, left), min(high, right), run + 1
            target = _wanted(grid, number, passed[0][0] - 1, passed[max(run, 1) - 1][0], port)
            for row, index in passed[:run]:
                grid.rows[row][index].x = min(max(target - PASSING / 2, low), high)
            passed = passed[max(run, 1) :]


def _passing(grid: Grid, row: int, net: int) -> int:
    return next(index for index, item in enumerate(grid.rows[row]) if item.net == net)


def _free(grid: Grid, row: int, index: int) -> tuple[float, float]:
    """Return how far to the left and to the right an item may move between its neighbours."""
    order = grid.order[row]
    item, place = grid.rows[row][index], order.index(index)
    low, high = float("-inf"), float("inf")
    if place:
        before = grid.rows[row][order[place - 1]]
        low = before.x + before.width + gap_between(before, item)
    if place + 1 < len(order):
        after = grid.rows[row][order[place + 1]]
        high = after.x - gap_between(item, after) - item.width
    return min(low, item.x), max(high, item.x)


def _wanted(grid: Grid, net: int, above: int, last: int, port: Port) -> float:
    """Return where the ends of a stretch of a passing line are, on average: its neighbours above and below."""
    over = [index for joint in grid.joints[above] if joint.net == net for index, _ in joint.upper]
    under = [index for joint in grid.joints[last] if joint.net == net for index, _ in joint.lower]
    ends = [port(above, index, net, True) for index in over] + [port(last + 1, index, net, False) for index in under]
    return min(ends, key=lambda x: sum(abs(x - other) for other in ends))


def fitted(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Return the values that never fall and are nearest to given ones (pool adjacent violators, Ayer and others, 1955).

    >>> fitted([1.0, 5.0, 3.0, 6.0], [1, 1, 1, 1])
    [1.0, 4.0, 4.0, 6.0]
    """
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        pools.append((value, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, u, m), (b, v, n) = pools[-2], pools[-1]
            pools[-2:] = [((a * u + b * v) / (u + v), u + v, m + n)]
    return [value for value, _, count in pools for _ in range(count)]

"""Rows of limited width: which cards are side by side, so that a picture fits a width and siblings are in one row.

Layout engines give each node the earliest rank that its relations allow, however wide that rank becomes. Here, a row
has room for cards up to a width, and the targets of one component stay together in a row if they fit. Lanes follow
each other from top to bottom.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from archlint.diagram.cards import Card, EdgeLabel
from archlint.diagram.lanes import LANES, following
from archlint.diagram.picture import Edge

BESIDE, FIRST, BELOW = "beside", "first", "below"
CHAINS: Final = (BESIDE, FIRST, BELOW)
"""Where components of a chain are: beside one another, only if the first is no sibling of others, or below."""
GAP: Final = 16.0
"""Points between two cards of one row."""
_ARROW: Final = 30.0
"""The least length of a line between two cards of one block."""
_NEXT: Final = 6.0
"""Points between a line and its label, and between the label and what follows."""
_SPREAD: Final = 20.0
"""Half of the distance between two lines to one card."""
LOOP: Final = 18.0
"""Points that a relation of a component to itself needs beside its card."""


class Block(msgspec.Struct, frozen=True):
    """Cards that are side by side in one row, each leading to the next: their numbers, and the middle of each.

    Middles are measured from the left of the block. `width` is without the gap to the next block. The label of a line
    to the block needs `hang` beyond its right side.
    """

    cards: tuple[int, ...]
    middles: tuple[float, ...]
    width: float
    hang: float = 0.0


class Rows(msgspec.Struct, frozen=True):
    """Blocks in rows from top to bottom, and the lane of each row."""

    blocks: tuple[tuple[Block, ...], ...]
    lanes: tuple[str, ...]


def rows_of(
    cards: Sequence[Card], edges: Sequence[Edge], labels: Sequence[EdgeLabel | None], lanes: Mapping[str, str],
    width: float, chains: str,
) -> Rows:  # fmt: skip
    """Return the rows of a picture that is at most `width` wide. `chains` is one of CHAINS."""
    rows: list[tuple[Block, ...]] = []
    named: list[str] = []
    for lane in LANES:
        inside = [number for number, card in enumerate(cards) if lanes[card.node.name] == lane]
        if inside:
            names = {cards[number].node.name for number in inside}
            within = [edge for edge in edges if edge.source in names and edge.target in names]
            after = _without_cycles([cards[number].node.name for number in inside], following(within))
            blocks = _blocks(inside, cards, edges, labels, after, width, chains)
            found = _rows(blocks, cards, after, width)
            rows += found
            named += [lane] * len(found)
    return Rows(tuple(rows), tuple(named))


def without_hangs(rows: Rows) -> Rows:
    """Return rows that keep no room for labels beside their cards."""
    return Rows(tuple(tuple(replace(block, hang=0.0) for block in row) for row in rows.blocks), rows.lanes)


def _blocks(
    inside: Sequence[int], cards: Sequence[Card], edges: Sequence[Edge], labels: Sequence[EdgeLabel | None],
    after: Mapping[str, list[str]], width: float, chains: str,
) -> list[Block]:  # fmt: skip
    """Return chains as blocks, as long as they fit a width; other cards are blocks of their own."""
    numbers = {cards[number].node.name: number for number in inside}
    sources: dict[str, list[str]] = {}
    for source, ends in after.items():
        for end in ends:
            sources.setdefault(end, []).append(source)
    loops = {edge.source for edge in edges if edge.source == edge.target}
    words = {
        (edge.source, edge.target): label.width + 14 if label is not None else 0.0
        for edge, label in zip(edges, labels, strict=True)
    }
    next_of = {
        name: ends[0] for name, ends in after.items()
        if len(ends) == 1 and len(sources[ends[0]]) == 1 and name in numbers and chains != BELOW
    }  # fmt: skip
    if chains == FIRST:
        siblings = {end for ends in after.values() if len(ends) > 1 for end in ends}
        next_of = {name: end for name, end in next_of.items() if name not in siblings}
    led = set(next_of.values())
    hangs = _hangs(edges, labels, {name: cards[number].width / 2 for name, number in numbers.items()})
    blocks, done = [], set()
    for start in sorted(numbers, key=lambda name: (name in led, numbers[name])):
        if start in done:
            continue
        name: str | None = start
        members: list[int] = []
        middles: list[float] = []
        right, last = 0.0, start
        while name is not None:
            card = cards[numbers[name]]
            gap = max(_ARROW, words.get((last, name), 0.0)) if members else 0.0
            if name in done or (members and right + gap + card.width > width):
                break
            members.append(numbers[name])
            middles.append(right + gap + card.width / 2)
            right += gap + card.width + (LOOP if name in loops else 0.0)
            done.add(name)
            last, name = name, next_of.get(name)
        blocks.append(Block(tuple(members), tuple(middles), right, hangs.get(start, 0.0)))
    return sorted(blocks, key=lambda block: block.cards[0])


def _hangs(
    edges: Sequence[Edge], labels: Sequence[EdgeLabel | None], halves: Mapping[str, float]
) -> dict[str, float]:
    """Return how far the labels of lines to each component are beyond its right side."""
    widths: dict[str, list[float]] = {}
    for edge, label in zip(edges, labels, strict=True):
        if edge.target in halves:
            widths.setdefault(edge.target, []).append(label.width if label is not None else 0.0)
    return {
        name: max(found) + _NEXT - halves[name] + min(_SPREAD * (len(found) - 1), halves[name] - _NEXT)
        for name, found in widths.items() if max(found)
    }


def _rows(
    blocks: Sequence[Block], cards: Sequence[Card], after: Mapping[str, list[str]], width: float
) -> list[tuple[Block, ...]]:
    block_of = {cards[number].node.name: index for index, block in enumerate(blocks) for number in block.cards}
    later: dict[int, list[int]] = {}
    earlier: dict[int, list[int]] = {}
    for source, ends in after.items():
        for end in ends:
            one, other = block_of[source], block_of[end]
            if one != other and other not in later.setdefault(one, []):
                later[one].append(other)
                earlier.setdefault(other, []).append(one)
    widths = [block.width + GAP for block in blocks]
    row_of: dict[int, int] = {}
    taken: dict[int, float] = {}
    for group in _families(len(blocks), later, earlier):
        least = max((row_of[one] + 1 for other in group for one in earlier.get(other, ())), default=0)
        _place(group, least, widths, width, row_of, taken)
    _lower(row_of, taken, later, earlier, widths, width)
    rows: dict[int, list[Block]] = {}
    for index, block in enumerate(blocks):
        rows.setdefault(row_of[index], []).append(block)
    return [tuple(rows[number]) for number in sorted(rows)]


def _without_cycles(names: Iterable[str], after: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return relations without those that lead back on a walk from the components that nothing leads to."""
    kept: dict[str, list[str]] = {}
    done: set[str] = set()
    entered = {end for ends in after.values() for end in ends}
    for start in sorted(names, key=lambda name: name in entered):
        if start in done:
            continue
        open_names, stack = {start}, [(start, iter(after.get(start, ())))]
        kept.setdefault(start, [])
        while stack:
            name, ends = stack[-1]
            end = next(ends, None)
            if end is None:
                stack.pop()
                open_names.discard(name)
                done.add(name)
            elif end not in open_names:
                kept[name].append(end)
                if end not in done:
                    kept.setdefault(end, [])
                    open_names.add(end)
                    stack.append((end, iter(after.get(end, ()))))
    return kept


def _families(
    count: int, later: Mapping[int, list[int]], earlier: Mapping[int, list[int]]
) -> Iterable[list[int]]:
    """Yield blocks in the order of their relations: those that become ready by the same block together."""
    waiting = [len(earlier.get(index, ())) for index in range(count)]
    ready = [[index] for index in range(count) if not waiting[index]]
    while ready:
        group = ready.pop(0)
        yield group
        for index in group:
            free = []
            for other in later.get(index, ()):
                waiting[other] -= 1
                if not waiting[other]:
                    free.append(other)
            if free:
                ready.append(free)


def _place(
    group: Sequence[int], least: int, widths: Sequence[float], width: float, row_of: dict[int, int],
    taken: dict[int, float],
) -> None:  # fmt: skip
    """Place a group into the first row with room for all of it; a group that is too wide is split evenly."""
    parts = max(1, -int(-sum(widths[index] for index in group) // width))
    size = -(-len(group) // parts)
    row = least
    for start in range(0, len(group), size):
        some = group[start : start + size]
        needed = sum(widths[index] for index in some)
        while taken.get(row, 0.0) and taken[row] + needed > width:
            row += 1
        taken[row] = taken.get(row, 0.0) + needed
        row_of |= dict.fromkeys(some, row)


def _lower(
    row_of: dict[int, int], taken: dict[int, float], later: Mapping[int, list[int]],
    earlier: Mapping[int, list[int]], widths: Sequence[float], width: float,
) -> None:  # fmt: skip
    """Move blocks that nothing leads to closer to what they lead to."""
    for index in [index for index in row_of if not earlier.get(index) and later.get(index)]:
        latest = min(row_of[end] for end in later[index]) - 1
        for row in range(latest, row_of[index], -1):
            if taken.get(row, 0.0) + widths[index] <= width:
                taken[row_of[index]] -= widths[index]
                taken[row] = taken.get(row, 0.0) + widths[index]
                row_of[index] = row
                break

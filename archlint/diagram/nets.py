"""Lines that are merged: relations of one family with a card in common share a part of their way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from archlint.diagram.picture import Edge
from archlint.diagram.ranks import Rows


class Span(msgspec.Struct, frozen=True):
    """A relation by the numbers of its edge and of the cards at its upper and lower end, and their rows."""

    edge: int
    upper: int
    lower: int
    top: int
    bottom: int

    @property
    def is_level(self) -> bool:
        """Whether both ends are in one row."""
        return self.top == self.bottom


class Net(msgspec.Struct, frozen=True):
    """Relations that share their way; they have their upper end in common, or their lower end, or there is only one."""

    spans: tuple[Span, ...]

    @property
    def first(self) -> int:
        """The row where it begins."""
        return min(span.top for span in self.spans)

    @property
    def last(self) -> int:
        """The row where it ends."""
        return max(span.bottom for span in self.spans)

    @property
    def forks(self) -> bool:
        """Whether its relations part on their way down; otherwise they join, or there is only one."""
        return len({span.lower for span in self.spans}) > 1


def spans_of(rows: Rows, edges: Sequence[Edge], number_of: Mapping[str, int]) -> tuple[list[Span], list[int]]:
    """Return the relations that need a way between rows, and those between neighbours in a block, or to itself."""
    row_of = {card: row for row, blocks in enumerate(rows.blocks) for block in blocks for card in block.cards}
    beside = {
        (one, other) for blocks in rows.blocks for block in blocks
        for one, other in zip(block.cards, block.cards[1:], strict=False)
    }  # fmt: skip
    spans, short = [], []
    direct: set[tuple[int, int]] = set()
    for number, edge in enumerate(edges):
        source, target = number_of[edge.source], number_of[edge.target]
        if source == target or ((source, target) in beside and (source, target) not in direct):
            direct.add((source, target))
            short.append(number)
            continue
        upper, lower = (source, target) if row_of[source] <= row_of[target] else (target, source)
        spans.append(Span(number, upper, lower, row_of[upper], row_of[lower]))
    return spans, short


def nets_of(spans: Sequence[Span], edges: Sequence[Edge], sources: Sequence[int]) -> list[Net]:
    """Return relations that look alike and have one end in common as one net: the largest nets first.

    `sources` holds the card that each edge leaves.
    """
    groups: dict[tuple[str | int | bool, ...], list[Span]] = {}
    twins: dict[tuple[str | int | bool, ...], int] = {}
    for span in spans:
        if span.is_level:
            continue
        edge = edges[span.edge]
        look = (span.upper == sources[span.edge], edge.family, edge.optional, edge.emphasis, edge.change)
        pair = (span.upper, span.lower, *look)
        twin = twins[pair] = twins.get(pair, -1) + 1
        groups.setdefault(("from", span.upper, twin, *look), []).append(span)
        groups.setdefault(("to", span.lower, twin, *look), []).append(span)
    taken: set[int] = set()
    nets: list[Net] = []
    for members in sorted(groups.values(), key=lambda group: -len(group)):
        free = tuple(span for span in members if span.edge not in taken)
        if len(free) > 1:
            nets.append(Net(free))
            taken |= {span.edge for span in free}
    nets += [Net((span,)) for span in spans if span.edge not in taken]
    return sorted(nets, key=lambda net: (net.first, net.spans[0].edge))

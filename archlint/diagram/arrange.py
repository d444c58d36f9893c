"""Chooses the layout of a picture: in rows and lanes, or part by part by the layout engine, whichever reads best.

Components that many share, without lines, are at the foot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from archlint.diagram.cards import Card, EdgeLabel
from archlint.diagram.conflicts import conflicts
from archlint.diagram.geometry import Point
from archlint.diagram.lanes import FOOT, SERVING, lanes_of
from archlint.diagram.layout import Band, Frame, Layout
from archlint.diagram.parts import in_parts
from archlint.diagram.picture import Cluster, Edge
from archlint.diagram.purpose import README, Purpose
from archlint.diagram.ranks import CHAINS
from archlint.diagram.rowed import in_rows
from archlint.diagram.score import Score, score
from archlint.diagram.settle import settled

RIGHT: Final = "right"
DOWN: Final = "down"
_LANES_FROM: Final = 17
"""From this number of cards, a picture has lanes."""
_MOST_IN_ROWS: Final = 120
"""Above this number of cards, only the layout engine is used."""
_SHARES: Final = (1.0, 0.85, 0.7)
"""The widths of rows to try, as shares of the width at which all text is legible."""
_SETTLED: Final = 2
"""How many of the best layouts in rows get labels, so that overlaps can be counted."""
_RETRIES: Final = 4
"""How often rows get narrower because the lines between their cards need too much room."""
_GAP: Final = 14.0
_PAD: Final = 10.0
_TITLE: Final = 20.0


def arranged(
    cards: Sequence[Card], edges: Sequence[Edge], labels: Sequence[EdgeLabel | None], clusters: Sequence[Cluster],
    direction: str = "", purpose: Purpose = README,
) -> Layout:  # fmt: skip
    """Return the layout of a picture. Without a direction, it is the one that reads best for the purpose."""
    low = [number for number, card in enumerate(cards) if card.node.is_shared]
    high = [number for number, card in enumerate(cards) if not card.node.is_shared]
    upper = [cards[number] for number in high]
    if low:
        taken, _ = _foot([cards[number] for number in low], purpose.most_width * _SHARES[-1], 0.0)
        purpose = purpose.without(taken.frame.height + _GAP)
    main = _best(upper, edges, labels, clusters, direction, purpose) if high else Layout(0.0, 0.0, (), (), ())
    if not low:
        return main
    foot, places = _foot([cards[number] for number in low], max(main.width, 560.0), main.height + (_GAP if high else 0))
    middles: list[Point] = [(0.0, 0.0)] * len(cards)
    for number, point in (*zip(high, main.nodes, strict=True), *zip(low, places, strict=True)):
        middles[number] = point
    width = max(main.width, foot.frame.width)
    bands = tuple(replace(band, frame=replace(band.frame, width=width)) for band in main.bands)
    return replace(
        main, width=width, height=foot.frame.top + foot.frame.height, nodes=tuple(middles), bands=(*bands, foot)
    )


def _foot(cards: Sequence[Card], width: float, top: float) -> tuple[Band, list[Point]]:
    """Return the strip of shared components, and the middles of its cards from left to right, in lines."""
    places: list[Point] = []
    x, y, lowest = _PAD, top + _TITLE, top + _TITLE
    for card in cards:
        if x > _PAD and x + card.width > width - _PAD:
            x, y = _PAD, lowest + _GAP
        places.append((x + card.width / 2, y + card.height / 2))
        x += card.width + _GAP
        lowest = max(lowest, y + card.height)
    return Band(FOOT, Frame(0.0, top, width, lowest + _PAD - top)), places


def _best(
    cards: Sequence[Card], edges: Sequence[Edge], labels: Sequence[EdgeLabel | None], clusters: Sequence[Cluster],
    direction: str, purpose: Purpose,
) -> Layout:  # fmt: skip
    """Return the layout with the lowest cost."""
    rows = direction != RIGHT and not clusters and 1 < len(cards) <= _MOST_IN_ROWS
    found: list[tuple[float, Layout]] = []
    if rows:
        tried = sorted(
            ((score(layout, cards, edges, purpose), layout) for layout in _in_rows(cards, edges, labels, purpose)),
            key=lambda one: one[0].cost(),
        )
        found += [_with_labels(one, cards, edges, labels) for one in tried[: 1 if purpose.quick else _SETTLED]]
    if not rows or (len(cards) < _LANES_FROM and not purpose.quick):
        layout = in_parts(cards, edges, labels, clusters, direction, purpose)
        overlaps = conflicts(layout, cards, edges, labels, clusters) if found else 0
        found.append((score(layout, cards, edges, purpose).cost(overlaps), layout))
    return min(found, key=lambda one: one[0])[1]


def _with_labels(
    one: tuple[Score, Layout], cards: Sequence[Card], edges: Sequence[Edge], labels: Sequence[EdgeLabel | None]
) -> tuple[float, Layout]:
    layout = settled(one[1], cards, edges, labels, ())
    return one[0].cost(conflicts(layout, cards, edges, labels)), layout


def _in_rows(
    cards: Sequence[Card], edges: Sequence[Edge], labels: Sequence[EdgeLabel | None], purpose: Purpose
) -> Iterator[Layout]:
    """Yield layouts in rows of several widths, with chains beside or below one another."""
    names = [card.node.name for card in cards]
    one = dict.fromkeys(names, SERVING)
    lanes = lanes_of([card.node for card in cards], edges) if len(cards) >= _LANES_FROM else one
    for way in (lanes, one) if purpose.height_px and lanes != one else (lanes,):
        beside = 2 * _PAD if len(set(way.values())) > 1 else 0.0
        for share in _SHARES[:1] if purpose.quick else _SHARES:
            for chains in CHAINS:
                yield _within(cards, edges, labels, way, share * purpose.most_width - beside, chains, purpose)


def _within(
    cards: Sequence[Card], edges: Sequence[Edge], labels: Sequence[EdgeLabel | None], lanes: Mapping[str, str],
    width: float, chains: str, purpose: Purpose,
) -> Layout:  # fmt: skip
    """Return a layout in rows of a width, or of less if lines that pass the rows make it too wide to be legible."""
    layout = in_rows(cards, edges, labels, lanes, width, chains)
    for attempt in range(_RETRIES):
        excess = layout.width - purpose.most_width
        if excess < 0.5:
            break
        width -= excess + _GAP if attempt else 0.0
        layout = in_rows(cards, edges, labels, lanes, width, chains, tight=True)
    return layout


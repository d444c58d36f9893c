"""Pictures in rows: legible where they are read, with few crossings, siblings side by side and no relation lost."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from archlint.diagram import Plan, draw, svg
from archlint.diagram.arrange import arranged
from archlint.diagram.cards import Card, EdgeLabel, card_of, edge_label, letters
from archlint.diagram.conflicts import conflicts
from archlint.diagram.lanes import lanes_of
from archlint.diagram.layout import Layout
from archlint.diagram.picture import Picture
from archlint.diagram.purpose import LEAST_PX, PURPOSES, README, Purpose
from archlint.diagram.ranks import CHAINS
from archlint.diagram.rowed import in_rows
from archlint.diagram.score import crossings, score
from archlint.diagram.themes import FONTS
from tests.diagram.samples import generated, of_file, of_text

SYSTEMS = Path(__file__).parent / "systems"
CLAIMS, TRAVEL = SYSTEMS / "claims.yaml", SYSTEMS / "travel.yaml"


def cards_of(picture: Picture) -> tuple[list[Card], list[EdgeLabel | None]]:
    cards = [card_of(node, letters(picture), picture.badges) for node in picture.nodes]
    return cards, [edge_label(edge, True) for edge in picture.edges]


@cache
def laid(path: Path) -> tuple[Picture, list[Card], list[EdgeLabel | None], Layout]:
    picture = draw(*of_file(path))
    cards, labels = cards_of(picture)
    return picture, cards, labels, arranged(cards, picture.edges, labels, picture.clusters)


def smallest_px(markup: str, purpose: Purpose) -> float:
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', markup)
    assert size is not None
    scale = purpose.width_px / float(size[1])
    used = {found.split()[0] for found in re.findall(r'<text class="([^"]+)"', markup)}
    return min(FONTS[style][0] for style in used) * scale


@pytest.mark.parametrize("purpose", PURPOSES.values(), ids=PURPOSES)
@pytest.mark.parametrize("path", [CLAIMS, TRAVEL], ids=lambda path: path.stem)
def test_all_text_is_legible_where_a_picture_is_read(path: Path, purpose: Purpose) -> None:
    markup = svg(draw(*of_file(path)), purpose=purpose)
    assert smallest_px(markup, purpose) >= LEAST_PX * 0.999
    width, height = map(float, re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', markup)[0])
    if purpose.ratio:
        assert height / width == pytest.approx(purpose.ratio, rel=0.01) or (purpose.may_continue and height > width)


@pytest.mark.parametrize("size", [30, 41, 45])
def test_all_text_of_a_generated_system_is_legible_in_a_readme(size: int) -> None:
    assert smallest_px(svg(draw(*generated(size))), README) >= LEAST_PX * 0.999


@pytest.mark.parametrize(("path", "most_crossings", "most_astray"), [(CLAIMS, 0, 4), (TRAVEL, 13, 7)], ids=["27", "41"])
def test_few_lines_cross_and_siblings_are_side_by_side(path: Path, most_crossings: int, most_astray: int) -> None:
    picture, cards, labels, layout = laid(path)
    upper = [card for card in cards if not card.node.is_shared]
    assert conflicts(layout, cards, picture.edges, labels, picture.clusters) == 0
    found = score(layout, cards, picture.edges, README)
    assert found.crossings <= most_crossings and found.astray <= most_astray, found
    assert len(upper) < len(cards)


def test_lanes_are_serving_streams_and_batch_from_top_to_bottom() -> None:
    picture, cards, _, layout = laid(TRAVEL)
    titles = [band.title for band in layout.bands]
    assert titles == ["serving", "streams", "batch and training", "shared"]
    lanes = lanes_of([node for node in picture.nodes if not node.is_shared], picture.edges)
    frames = {band.title: band.frame for band in layout.bands}
    for card, (_, y) in zip(cards, layout.nodes, strict=True):
        frame = frames[lanes.get(card.node.name, "shared")]
        assert frame.top <= y - card.height / 2 and y + card.height / 2 <= frame.top + frame.height, card.node.name
    assert lanes["beacon"] == "streams" and lanes["similar-job"] == "batch and training"
    assert lanes["live-features"] == "serving"


def test_monitors_logs_and_registries_are_at_the_foot() -> None:
    picture, *_ = laid(TRAVEL)
    assert {node.name: node.users for node in picture.nodes if node.is_shared} == {
        "shelf": 8, "answers-log": 5, "metrics": 14,
    }  # fmt: skip
    assert not [edge for edge in picture.edges if edge.target in {"shelf", "answers-log", "metrics"}]
    lit = draw(*of_file(CLAIMS), Plan(focus="collector"))
    assert not any(node.is_shared for node in lit.nodes)


@pytest.mark.parametrize("chains", CHAINS)
@pytest.mark.parametrize("width", [300.0, 700.0, 984.0])
def test_rows_draw_every_card_and_every_relation_within_their_width(width: float, chains: str) -> None:
    picture, cards, labels, _ = laid(CLAIMS)
    numbers = [number for number, card in enumerate(cards) if not card.node.is_shared]
    upper = [cards[number] for number in numbers]
    lanes = lanes_of([card.node for card in upper], picture.edges)
    layout = in_rows(upper, picture.edges, labels, lanes, width, chains)
    boxes = [(x - c.width / 2, y - c.height / 2, x + c.width / 2, y + c.height / 2)
             for (x, y), c in zip(layout.nodes, upper, strict=True)]  # fmt: skip
    for index, one in enumerate(boxes):
        assert one[0] >= 0 and one[2] <= layout.width and one[1] >= 0 and one[3] <= layout.height
        assert not any(one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
                       for other in boxes[index + 1 :])  # fmt: skip
    places = {card.node.name: box for card, box in zip(upper, boxes, strict=True)}
    for edge, line in zip(picture.edges, layout.edges, strict=True):
        assert line is not None and line.tip is not None
        for name, (x, y) in ((edge.source, line.points[0]), (edge.target, line.tip)):
            left, top, right, bottom = places[name]
            assert left - 5 <= x <= right + 5 and top - 1 <= y <= bottom + 1, (edge.source, edge.target)


def test_lines_that_share_their_way_do_not_cross_there() -> None:
    picture, _, _, layout = laid(CLAIMS)
    leaving = [line for edge, line in zip(picture.edges, layout.edges, strict=True) if edge.source == "composer"]
    assert len(leaving) > 4 and crossings(leaving) <= 1


def test_a_component_that_calls_itself_and_a_circle_are_drawn() -> None:
    system, _ = of_text("""
    archlint: 1
    workloads: {ask: {from: page, waits: true}}
    components:
      page: {kind: client, calls: [a]}
      a: {kind: service, calls: [b, {to: a, timeout: 1s}]}
      b: {kind: service, calls: [c]}
      c: {kind: service, calls: [a]}
    """)
    picture = draw(system)
    cards, labels = cards_of(picture)
    for chains in CHAINS:
        layout = in_rows(cards, picture.edges, labels, dict.fromkeys("abc", "serving") | {"page": "serving"}, 900, chains)
        assert all(line is not None for line in layout.edges)


@pytest.mark.parametrize("purpose", PURPOSES.values(), ids=PURPOSES)
def test_a_row_whose_lines_stay_within_it_is_drawn(purpose: Purpose) -> None:
    picture = draw(*of_text("""
    archlint: 1
    components:
      a: {kind: guardrail, publishes: [s]}
      b: {kind: queue, publishes: [other], logs_to: [s]}
      s: {kind: client, monitored_by: [b]}
      other: {kind: client, triggers: [done]}
      done: {kind: client}
    """))  # fmt: skip
    assert svg(picture, purpose=purpose).count("<path") >= len(picture.edges)

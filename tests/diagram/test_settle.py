"""Labels and titles move to free places: what counts as an overlap, and where they move."""

from __future__ import annotations

import pytest

from archlint.diagram.cards import Card, EdgeLabel
from archlint.diagram.conflicts import conflicts
from archlint.diagram.geometry import Point, box_around, gap, passes, trace
from archlint.diagram.layout import Frame, Layout, Line
from archlint.diagram.picture import Cluster, Edge, Node
from archlint.diagram.settle import settled

CARDS = [Card(Node(name, "service"), 40, 20, (), (), (), 0, 40) for name in ("a", "b", "c", "d")]
EDGES = [Edge("a", "b", "calls", "waiting", "a"), Edge("c", "d", "calls", "waiting", "c")]
WORDS = EdgeLabel(("≤ 50 ms",), (), 60, 18)
FRAME = [Cluster("x", "zone a")]


def straight(start: Point, end: Point, label: Point | None = None) -> Line:
    return Line((start, start, end, end), end, label)


def layout(*lines: Line, frame: Frame | None = None) -> Layout:
    """Cards at the four corners of a square of 300; the first line runs down the left side."""
    corners = ((20.0, 10.0), (20.0, 290.0), (280.0, 10.0), (280.0, 290.0))
    return Layout(300, 300, corners, lines, (frame,) if frame is not None else ())


def counted(made: Layout, labels: list[EdgeLabel | None]) -> int:
    return conflicts(made, CARDS, EDGES, labels, FRAME[: len(made.frames)])


@pytest.mark.parametrize(("label", "other_end"), [
    ((20.0, 20.0), (280, 280)), ((160.0, 150.0), (40, 280)), ((280.0, 150.0), (280, 280)),
], ids=["over a card", "over a slanting line", "over an upright line"])  # fmt: skip
def test_a_label_moves_along_its_own_line_from_what_it_lies_over(label: Point, other_end: Point) -> None:
    made = layout(straight((20, 20), (20, 280), label), straight((280, 20), other_end))
    assert counted(made, [WORDS, None]) == 1
    after = settled(made, CARDS, EDGES, [WORDS, None], [])
    assert counted(after, [WORDS, None]) == 0
    moved = after.edges[0]
    assert moved is not None and moved.label is not None and moved.points == straight((20, 20), (20, 280)).points
    assert moved.label[0] == 51.5 and 20 < moved.label[1] < 280, "right beside its line"


def test_what_lies_over_nothing_stays() -> None:
    made = layout(straight((20, 20), (20, 280), (52, 150)), straight((280, 20), (280, 280), (248, 150)))
    assert settled(made, CARDS, EDGES, [WORDS, WORDS], []) == made


@pytest.mark.parametrize("label", [(20.0, 150.0), (40.0, 150.0), (120.0, 150.0)], ids=["on it", "biting", "adrift"])
@pytest.mark.parametrize("end", [(20.0, 280.0), (220.0, 280.0), (280.0, 60.0)], ids=["upright", "slanting", "nearly flat"])
def test_a_label_stands_close_to_its_line_and_hides_nothing_of_it(label: Point, end: Point) -> None:
    made = layout(straight((20, 20), end, label), straight((299, 20), (299, 280)))
    after = settled(made, CARDS, EDGES, [WORDS, None], []).edges[0]
    assert after is not None and after.label is not None
    line, ground = trace(after.points, after.tip), box_around(after.label, WORDS.width, WORDS.height)
    assert not passes(line, ground) and gap(line, ground) <= 4


def test_a_label_does_not_cover_the_border_of_a_frame() -> None:
    frame = Frame(30, 150, 100, 150)
    made = layout(straight((20, 20), (20, 280), (60, 148)), straight((280, 20), (280, 280)), frame=frame)
    assert counted(made, [WORDS, None]) == 1
    assert counted(settled(made, CARDS, EDGES, [WORDS, None], FRAME), [WORDS, None]) == 0


@pytest.mark.parametrize(("x", "title"), [(30.0, 34.0), (48.0, 4.0), (200.0, 10.0)])
def test_the_title_of_a_frame_makes_way_for_a_line(x: float, title: float) -> None:
    frame = Frame(0, 100, 290, 80)
    made = layout(straight((x, 20), (x, 280)), straight((295, 20), (295, 280)), frame=frame)
    assert counted(made, [None, None]) == (title != 10)
    after = settled(made, CARDS, EDGES, [None, None], FRAME)
    assert counted(after, [None, None]) == 0
    assert after.frames == (Frame(0, 100, 290, 80, title),)


def test_a_straight_line_passes_through_what_lies_on_it() -> None:
    down = trace([(5, 0), (5, 0), (5, 90), (5, 90)], (5, 100))
    assert passes(down, (0, 40, 10, 50)) and passes(down, (0, 95, 10, 99))
    assert not passes(down, (6, 40, 10, 50)) and not passes(down, (0, 101, 10, 120))


def test_a_label_is_not_nearer_to_another_line_than_to_its_own() -> None:
    made = layout(straight((60, 20), (60, 280), (92, 150)), straight((123, 20), (123, 280)))
    after = settled(made, CARDS, EDGES, [WORDS, None], [])
    own, other = after.edges
    assert own is not None and own.label is not None and other is not None
    ground = box_around(own.label, WORDS.width, WORDS.height)
    assert gap(trace(own.points, own.tip), ground) < gap(trace(other.points, other.tip), ground)

"""Laws of every picture: nothing is lost, and nothing overlaps."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

import archlint
from archlint.analysis.system import System
from archlint.diagram import Picture, Plan, draw, svg
from archlint.diagram.arrange import arranged
from archlint.diagram.cards import card_of, edge_label, letters
from archlint.diagram.conflicts import conflicts
from archlint.diagram.groups import MOST_SEARCHED, MOST_SEEN, WAYS
from archlint.diagram.purpose import README
from archlint.verdicts import FileReport
from tests.diagram.samples import EXAMPLES, HOSTILE, PATTERNS, generated, of_file, of_text
from tests.strategies import Tree, architectures, dump


def drawn(picture: Picture) -> list[str]:
    return [name for node in picture.nodes for name in (node.members or (node.name,))]


def assert_nothing_is_lost(system: System, report: FileReport, picture: Picture) -> None:
    assert sorted(drawn(picture)) == sorted(system.components)
    marks = {(mark.rule, mark.at, mark.message) for mark in picture.all_marks}
    assert marks == {(finding.rule, finding.at, finding.message) for finding in report.findings}
    names = {node.name for node in picture.nodes}
    assert len(names) == len(picture.nodes)
    assert all(edge.source in names and edge.target in names for edge in picture.edges)
    assert all(link.target in names for node in picture.nodes for link in node.links)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("plan", [Plan(), Plan(cluster="zone"), Plan(cluster="owner", all_lines=True), *(
    Plan(collapse=way) for way in WAYS)], ids=str)  # fmt: skip
def test_no_component_and_no_finding_of_an_example_is_lost(path: Path, plan: Plan) -> None:
    system, report = of_file(path)
    assert_nothing_is_lost(system, report, draw(system, report, plan))


@pytest.mark.parametrize("size", [30, 150, 500, 900])
@pytest.mark.parametrize("plan", [Plan(), Plan(collapse="none"), Plan(collapse="name"), Plan(cluster="zone")], ids=str)
def test_no_component_and_no_finding_of_a_large_system_is_lost(size: int, plan: Plan) -> None:
    system, report = generated(size)
    picture = draw(system, report, plan)
    assert_nothing_is_lost(system, report, picture)
    if plan.collapse == "none":
        assert len(picture.nodes) == size


def test_a_system_is_collapsed_beyond_a_readable_size_and_says_so() -> None:
    system, report = generated(900)
    for most in (MOST_SEEN, MOST_SEARCHED):
        picture = draw(system, report, Plan(most=most))
        assert len(picture.nodes) < most
        said = "Collapsed by name: there are 900 components; use --collapse none or --focus to show them."
        assert picture.notes[-1] == said
    system, report = generated(MOST_SEEN)
    assert draw(system, report).notes == ()


@pytest.mark.parametrize("size", [150, 500])
def test_the_path_in_a_large_system_is_drawn_part_by_part_beside_groups(size: int) -> None:
    system, report = generated(size)
    workload = next(iter(system.workloads))
    whole = draw(system, report, Plan(path=workload, collapse="none"))
    picture = draw(system, report, Plan(path=workload))
    assert len(picture.nodes) < MOST_SEEN < len(whole.nodes)
    assert_nothing_is_lost(system, report, picture)
    lit = [replace(node, cluster="", links=()) for node in whole.nodes if node.emphasis > 0]
    assert len(lit) > 5
    assert [replace(node, links=()) for node in picture.nodes if node.emphasis > 0] == lit


def test_a_group_is_not_mistaken_for_the_component_of_its_name() -> None:
    system = archlint.load("""
    archlint: 1
    workloads: {ask: {from: page, waits: true}}
    components:
      page: {kind: client, calls: [auth]}
      auth: {kind: service, reads: [auth-db]}
      auth-db: {kind: database}
      auth-job: {kind: batch-job, triggers: [], writes: [auth-db]}
      auth-sweeper: {kind: batch-job, writes: [auth-db]}
    """)
    picture = draw(system, None, Plan(path="ask", collapse="name"))
    members = {node.name: node.members for node in picture.nodes}
    assert members == {"page": (), "auth": (), "auth-db": (), "auth (others)": ("auth-job", "auth-sweeper")}


def test_what_lies_around_a_component_is_drawn_part_by_part() -> None:
    system, report = generated(500)
    picture = draw(system, report, Plan(focus="prometheus"))
    assert len(picture.nodes) > MOST_SEEN and not any(node.members for node in picture.nodes)


@settings(max_examples=25)
@given(architectures())
def test_no_component_and_no_finding_of_any_system_is_lost(tree: Tree) -> None:
    system, report = of_text(dump(tree))
    for plan in (Plan(), Plan(collapse="kind"), Plan(path=next(iter(system.workloads)), patterns=True)):
        picture = draw(system, report, plan)
        assert_nothing_is_lost(system, report, picture)
    assert all(f">{mark.rule}" in svg(picture) for mark in picture.all_marks)


MOST_LEGIBLE, MOST_IN_FRAMES = 45, 16
"""The number of components up to which all text is legible in a README, without frames around them and with frames."""


@pytest.mark.parametrize(("path", "cluster"), [
    pytest.param(path, cluster, id=f"{path.parent.name}/{path.stem}-{cluster}")
    for path in (*EXAMPLES, *PATTERNS) for cluster in ("auto", "zone", "owner")
    if cluster == "auto" or path.parent.name != "failing"      # those differ from the passing ones in a few facts only
])  # fmt: skip
def test_nothing_lies_over_anything_else_in_an_example(path: Path, cluster: str) -> None:
    """No line crosses a card, a label or a title, and none of these overlaps another or the border of a frame."""
    system, report = of_file(path)
    picture = draw(system, report, Plan(cluster=cluster))
    cards = [card_of(node, letters(picture), picture.badges) for node in picture.nodes]
    labels = [edge_label(edge, True) for edge in picture.edges]
    layout = arranged(cards, picture.edges, labels, picture.clusters)
    assert conflicts(layout, cards, picture.edges, labels, picture.clusters) == 0
    most = MOST_IN_FRAMES if picture.clusters else MOST_LEGIBLE
    assert layout.width <= README.most_width + 0.5 or len(cards) > most, "its text would be illegible"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_nothing_lies_over_anything_else_beside_a_path_or_to_the_right(path: Path) -> None:
    system, report = of_file(path)
    for plan, direction in ((Plan(path=next(iter(system.workloads))), ""), (Plan(), "right")):
        picture = draw(system, report, plan)
        cards = [card_of(node, letters(picture), picture.badges) for node in picture.nodes]
        labels = [edge_label(edge, True) for edge in picture.edges]
        layout = arranged(cards, picture.edges, labels, picture.clusters, direction)
        assert conflicts(layout, cards, picture.edges, labels, picture.clusters) == 0, direction or plan.path


@pytest.mark.parametrize("text", [HOSTILE, *(path.read_text(encoding="utf-8") for path in EXAMPLES)])
def test_every_finding_and_every_line_of_a_card_is_inside_it(text: str) -> None:
    from archlint.diagram.text import text_width

    system, report = of_text(text)
    picture = draw(system, report, Plan(patterns=True, path=next(iter(system.workloads))))
    for node in picture.nodes:
        card = card_of(node, letters(picture), picture.badges)
        for line in card.lines:
            bold = line.style in {"name", "budget"}
            size = 13 if line.style == "name" else 11
            assert line.x + text_width(line.text, size, bold) <= card.body_width + 0.5, line
            assert 0 < line.y < card.height
        for chip in card.chips:
            assert chip.x + chip.width <= card.body_width + 0.5
            assert chip.y + 15 <= card.height

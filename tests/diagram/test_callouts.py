"""The worst findings are callouts in words beside their cards; the others are badges with a phrase."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from archlint.diagram import Look, Plan, draw, render
from archlint.diagram.callouts import callout, callouts_of, worst_of_parts
from archlint.diagram.cards import Card, card_of, letters
from archlint.diagram.picture import Picture
from tests.conftest import ROOT
from tests.diagram.samples import EXAMPLES, of_file
from tests.diagram.test_rows import SYSTEMS, TRAVEL

SLOW = ROOT / "examples" / "failing" / "online-bigsize.yaml"


def said(card: Card) -> str:
    return " ".join(line.text for line in card.lines if line.style == "said")


def cards_of(picture: Picture) -> dict[str, Card]:
    called = callouts_of(picture)
    return {
        node.name: card_of(node, letters(picture), picture.badges, callouts=called.get(node.name, ()))
        for node in picture.nodes
    }


def test_a_callout_has_the_numbers_that_contradict_each_other_and_the_first_fix() -> None:
    system, report = of_file(SLOW)
    (finding,) = [one for one in report.findings if one.rule == "SRV001"]
    words = "8.04 s > 4 s (SLO of translate-paragraph, p95); more replicas won't help → smaller model"
    assert callout(finding) == words
    card = cards_of(draw(system, report))["translator"]
    assert said(card).replace("translate- ", "translate-") == words
    ((note,),) = [card.notes]
    assert (note.severity, note.y + note.height <= card.height, note.x + note.width <= card.width) == ("error", True, True)


@pytest.mark.parametrize("path", [*EXAMPLES, TRAVEL, SYSTEMS / "claims.yaml", SYSTEMS / "ko.yaml"], ids=lambda path: path.stem)
def test_the_worst_findings_of_parts_are_called_out_once_and_fit_their_cards(path: Path) -> None:
    picture = draw(*of_file(path))
    of_parts = {mark for mark in picture.all_marks if mark not in picture.marks}
    worst = [mark for mark, _ in worst_of_parts(picture)]
    told = {(mark.rule, mark.severity, mark.group, mark.group or mark.message) for mark in of_parts}
    assert len(worst) == len(set(worst)) == min(3, len(told))
    rules = {mark.rule for mark in of_parts}
    assert len({mark.rule for mark in worst}) == min(3, len(rules)), "of different rules, if there are enough"
    cards = cards_of(picture)
    assert sorted(mark.callout for marks in callouts_of(picture).values() for mark in marks) == sorted(
        mark.callout for mark in worst
    )
    for card in cards.values():
        boxes = sorted((note.y, note.y + note.height) for note in card.notes)
        assert all(below >= above for (_, above), (below, _) in zip(boxes, boxes[1:], strict=False)), "no two overlap"
        assert not boxes or boxes[-1][1] <= card.height
        words = [line.y for line in card.lines if line.style == "said"]
        assert all(any(top < y < bottom for top, bottom in boxes) for y in words)


def test_a_slide_has_them_in_its_head_and_a_readme_on_the_cards() -> None:
    picture = draw(*of_file(SLOW), Plan(path="translate-paragraph"))
    readme, slide = (render(picture, "svg", Look(purpose=purpose)).decode() for purpose in ("readme", "slide"))
    assert len(re.findall('class="callout ', readme)) == 1 and "class=\"callout " not in slide
    readme_head, slide_head = (text.partition("</desc>")[2].partition('class="node')[0] for text in (readme, slide))
    assert "translate-paragraph` needs p95" in slide_head and "needs p95" not in readme_head

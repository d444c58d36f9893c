"""Mermaid output, drawn by Mermaid itself in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from archlint.diagram import Edge, Node, Picture, Plan, draw, mermaid
from archlint.diagram.mermaid import RESERVED
from archlint.diagram.picture import WAITING
from tests.diagram.samples import EXAMPLES, HOSTILE, generated, of_file, of_text
from tests.tools import mermaid_script


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    found = browser.new_page()
    found.set_content("<!doctype html><div id='out'></div>")
    found.add_script_tag(path=mermaid_script())
    found.evaluate("mermaid.initialize({startOnLoad: false, securityLevel: 'strict', maxTextSize: 500000})")
    yield found
    found.close()


def drawn(page: Page, text: str) -> str:
    """The words in Mermaid's picture; fails if Mermaid cannot read the text."""
    return str(page.evaluate(
        """async text => {
            const {svg} = await mermaid.render("made", text);
            const out = document.getElementById("out");
            out.innerHTML = svg;
            return out.textContent;
        }""", text))  # fmt: skip


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_mermaid_draws_every_example(page: Page, path: Path) -> None:
    system, report = of_file(path)
    picture = draw(system, report, Plan(cluster="zone", path=next(iter(system.workloads)), patterns=True))
    words = drawn(page, mermaid(picture))
    for name in system.components:
        assert name in words
    for mark in picture.all_marks:
        assert mark.rule in words


def test_mermaid_reads_components_that_are_called_as_its_words_and_their_changes(page: Page) -> None:
    names = [*sorted(RESERVED), "direction TB", "end-user", "subgraph x"]
    edges = tuple(Edge("end-user", name, "calls", WAITING, "end-user") for name in names if name != "end-user")
    picture = Picture("words", tuple(Node(name, "service") for name in names), edges)
    drawn(page, mermaid(picture, nodes={"end": "added", "style": "removed"}))
    assert page.locator("#out g.node").count() == len(names) + 1
    assert page.locator("#out path.flowchart-link").count() == len(edges)
    for name, change in (("end", "added"), ("style", "removed")):
        (node,) = page.locator(f"#out g.node.{change}").all()
        assert node.text_content() == f"{name}service" and "work" in str(node.get_attribute("class"))


def test_mermaid_reads_a_large_system(page: Page) -> None:
    system, report = generated(150)
    text = mermaid(draw(system, report, Plan(cluster="owner")))
    assert page.evaluate("async text => (await mermaid.parse(text)).diagramType", text).startswith("flowchart")


def test_hostile_words_stay_words(page: Page) -> None:
    system, report = of_text(HOSTILE)
    words = drawn(page, mermaid(draw(system, report, Plan(cluster="zone", patterns=True))))
    assert page.evaluate("window.hacked") is None
    assert page.locator("#out img, #out script, #out a").count() == 0
    legend = 1
    assert page.locator("#out g.node").count() == len(system.components) + len(draw(system, report).marks) + legend
    for said in ('"quoted"', "日本語テキスト", "if x\"] --> y; click page call alert() <b>| end subgraph", "javascript:alert(1)"):
        assert said in words

"""What a reader does on the page and in the report, by pointer and by keyboard, in a wide window and in a narrow one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser, Page

from archlint.diagram import Plan, draw, mermaid
from tests.conftest import ROOT
from tests.diagram.opened import SEEN, WAITS_ON_QUEUE, Opened, page_of, report_page, waiting_page
from tests.diagram.samples import HOSTILE, generated, of_file, of_text
from tests.diagram.test_rows import TRAVEL
from tests.report.test_html import CONTRAST

SIZES = [(1280, 800), (390, 800)]
LATE = ROOT / "examples" / "failing" / "online-bigsize.yaml"
TEXT_PX = """() => Math.min(...[...document.querySelectorAll('.drawing svg text')]
    .filter(text => text.getClientRects().length && text.textContent.trim())
    .map(text => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a))"""


@pytest.fixture(params=SIZES, ids=["wide", "narrow"])
def opened(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Opened]:
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height}, accept_downloads=True)
    found = Opened(context.new_page())
    yield found
    assert found.said == []
    asked = {url.split("#")[0] for url in found.requests if not url.startswith(("data:", "blob:"))}
    assert len(asked) == 1, "something left the page"
    assert found.page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def tab_to(page: Page, selector: str) -> None:
    """Move the focus by keyboard to an element."""
    for _ in range(80):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"Tab does not reach {selector}")


def lit(page: Page) -> set[str]:
    """The components on the highlighted path, by their spoken names."""
    return {(one.get_attribute("aria-label") or "").split(",")[0] for one in page.locator(".node.lit:visible").all()}


def test_findings_are_in_the_order_of_harm_with_arithmetic_lines_and_fixes(opened: Opened, tmp_path: Path) -> None:
    system, report = of_file(TRAVEL)
    page = opened.open(page_of(system, report), tmp_path)
    kinds = [one.get_attribute("data-kind") for one in page.locator(".side .item").all()]
    assert kinds == [finding.severity for finding in report.grouped] and len(kinds) > 1
    first = page.locator(".side .item").first
    assert first.locator("table.terms tr").count() > 1
    assert first.locator("pre.source .here").count() == 1
    assert first.locator(".fixes li").count() > 0


@pytest.mark.parametrize("by", ["pointer", "keyboard"])
def test_a_workload_lights_its_path_and_shows_its_budget(opened: Opened, tmp_path: Path, by: str) -> None:
    system, report = of_file(LATE)
    page = opened.open(page_of(system, report), tmp_path)
    [workload] = system.workloads.values()
    assert page.locator(".route").is_hidden() and lit(page) == set()
    if by == "pointer":
        page.select_option(".workload", index=1)
    else:
        tab_to(page, ".workload")
        page.keyboard.press("ArrowDown")
    assert lit(page) == set(system.flow(workload).waiting)
    assert "over the" in page.locator(".route .note").inner_text()
    assert page.locator(".route figure:visible .over").count() > 0
    assert page.evaluate("decodeURIComponent(location.hash)") == f"#workloads.{workload.name}"
    dimmed = page.locator(".node.dim:visible").count()
    assert dimmed == len(system.components) - len(lit(page))
    page.click(opened.node("translator" if "translator" in system.components else next(iter(lit(page)))))
    assert "minimum time" in page.locator(".part").inner_text()
    page.select_option(".workload", index=0)
    assert lit(page) == set() and page.locator(".route").is_hidden()


def test_the_path_of_the_call_is_lit_at_first(opened: Opened, tmp_path: Path) -> None:
    page = opened.open(page_of(*of_file(WAITS_ON_QUEUE), Plan(path="upload-photo")), tmp_path)
    assert {"browser", "balancer", "page"} <= lit(page)


@pytest.mark.parametrize("by", ["pointer", "keyboard"])
def test_neighbours_are_shown(opened: Opened, tmp_path: Path, by: str) -> None:
    page = opened.open(waiting_page(), tmp_path)
    if by == "pointer":
        page.hover(opened.node("page"))
    else:
        tab_to(page, opened.node("page").removesuffix(":visible"))
    near = {(one.get_attribute("aria-label") or "").split(",")[0] for one in page.locator(".node.near:visible").all()}
    assert near == {"page", "balancer", "photos"}
    assert page.locator(".node.dim:visible").count() == page.locator(".node:visible").count() - 3
    assert page.locator(".edge.near:visible, .edge.near .line").count() >= 2
    if by == "pointer":
        page.hover("h1")
    else:
        page.focus("#words")
    assert page.locator(".near").count() == page.locator(".dim").count() == 0


@pytest.mark.parametrize("by", ["pointer", "keyboard"])
def test_layers_and_severities_are_switched(opened: Opened, tmp_path: Path, by: str) -> None:
    page = opened.open(waiting_page(), tmp_path)
    line = f'[data-edge="{opened.edge("page", "photos")}"]'
    chip = page.locator(f"{line} .chip:visible")
    assert chip.count() == 1
    if by == "pointer":
        page.click(".layers summary")
        page.uncheck('.layers input[value="message"]')
    else:
        tab_to(page, ".layers summary")
        page.keyboard.press("Enter")
        tab_to(page, '.layers input[value="message"]')
        page.keyboard.press("Space")
    assert page.locator(".edge.message:visible").count() == page.locator(".edge-label.message:visible").count() == 0
    assert page.locator(".edge.waiting:visible, .edge.data:visible").count() > 0
    page.check('.layers input[value="message"]')
    page.keyboard.press("Escape")
    assert page.locator(".layers > div").is_hidden()
    if by == "pointer":
        page.uncheck('input[name="kind"][value="error"]')
    else:
        page.focus("#words")
        tab_to(page, 'input[name="kind"][value="error"]')
        page.keyboard.press("Space")
    assert chip.count() == 0 and page.locator(".side .item:visible").count() == 0
    assert page.locator("#nothing").is_visible()


def test_an_address_names_a_part(opened: Opened, tmp_path: Path) -> None:
    page = opened.open(waiting_page(), tmp_path)
    page.click(opened.node("photos"))
    assert page.url.endswith("#components.photos")
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    page.wait_for_selector("body[data-ready=yes]")
    assert page.locator(".part h2").inner_text() == "photos" and opened.in_view(".node.chosen:visible")
    for hash_, title in (("components.page.publishes%5B0%5D", "page publishes photos"), ("components.classifier", "classifier")):
        page.evaluate("hash => { location.hash = hash }", hash_)
        page.wait_for_function("title => document.querySelector('.part h2').textContent === title", arg=title)
    page.evaluate("location.hash = 'workloads.upload-photo'")
    page.wait_for_function("() => !document.querySelector('.route').hidden")
    for nothing in ("components.nobody", "%E0%A4%A", "<img src=x>"):
        page.evaluate("hash => { location.hash = hash }", nothing)
    assert page.locator(".part h2").inner_text() == "classifier"
    page.keyboard.press("Escape")
    assert page.url.endswith("#workloads.upload-photo")


@pytest.mark.parametrize("by", ["pointer", "keyboard"])
def test_what_is_shown_can_be_saved(opened: Opened, tmp_path: Path, by: str) -> None:
    system, report = of_file(WAITS_ON_QUEUE)
    page = opened.open(waiting_page(), tmp_path)

    def saved(kind: str) -> bytes:
        with page.expect_download() as waiting:
            if by == "pointer":
                page.click(".share summary")
                page.click(f'[data-share="{kind}"]')
            else:
                page.focus(".layers summary")
                tab_to(page, ".share summary")
                page.keyboard.press("Enter")
                tab_to(page, f'[data-share="{kind}"]')
                page.keyboard.press("Enter")
        assert waiting.value.suggested_filename == f"cat-or-dog.{'mmd' if kind == 'mermaid' else kind}"
        return Path(waiting.value.path()).read_bytes()

    tree = ElementTree.fromstring(saved("svg"))
    assert tree.tag == "{http://www.w3.org/2000/svg}svg" and "cat-or-dog" in "".join(tree.itertext())
    assert any(".archlint-picture .paper" in (one.text or "") for one in tree.iter("{http://www.w3.org/2000/svg}style"))
    assert saved("png").startswith(b"\x89PNG\r\n\x1a\n")
    assert saved("mermaid").decode() == mermaid(draw(system, report), "light")
    if by == "pointer":
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.click(opened.node("photos"))
        page.click(".share summary")
        page.click('[data-share="link"]')
        page.wait_for_function("() => document.querySelector('.said').textContent")
        assert page.locator(".said").inner_text() in {"Link copied", page.url}


@pytest.mark.parametrize("by", ["pointer", "keyboard"])
def test_the_theme_is_chosen(opened: Opened, tmp_path: Path, by: str) -> None:
    page = opened.open(waiting_page(), tmp_path)
    papers = []
    for _ in range(3):
        if by == "pointer":
            page.click("#theme")
        else:
            page.focus("#words")
            tab_to(page, "#theme")
            page.keyboard.press("Enter")
        papers.append(page.evaluate("[getComputedStyle(document.querySelector('.paper')).fill, getComputedStyle(document.body).backgroundColor]"))
    white, black = "rgb(255, 255, 255)", "rgb(18, 23, 30)"
    assert papers == [[white, white], [black, black], [white, white]]


@pytest.mark.parametrize("make", [waiting_page, lambda: report_page(*of_file(WAITS_ON_QUEUE))], ids=["page", "report"])
def test_the_first_tab_skips_to_the_findings(opened: Opened, tmp_path: Path, make: object) -> None:
    assert callable(make)
    page = opened.open(make(), tmp_path)
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the findings"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.contains(document.querySelector('.item'))")


def test_the_layout_follows_the_window(browser: Browser, tmp_path: Path) -> None:
    page = Opened(browser.new_page(viewport={"width": 1280, "height": 800})).open(page_of(*of_file(TRAVEL)), tmp_path)
    wide = page.evaluate(f"{SEEN}.dataset.body").split()
    page.set_viewport_size({"width": 800, "height": 1200})
    tall = page.evaluate(f"{SEEN}.dataset.body").split()
    assert float(wide[2]) / float(wide[3]) > float(tall[2]) / float(tall[3])
    page.close()


def test_paper_has_the_picture_and_all_findings(opened: Opened, tmp_path: Path) -> None:
    page = opened.open(page_of(*of_file(TRAVEL)), tmp_path)
    page.click("#theme")
    page.click("#theme")
    page.locator(".side .show button").first.click()
    page.locator(".in").click()
    page.emulate_media(media="print")
    page.wait_for_function("() => [...document.querySelectorAll('.drawing svg')].every(svg => svg.getAttribute('viewBox').startsWith('0 0 '))")
    assert page.locator(".tools").is_hidden() and page.locator("form").is_hidden() and page.locator("#theme").is_hidden()
    assert all(one.is_visible() for one in page.locator(".side .item").all())
    assert page.locator(".tall:visible").count() == 1
    page.emulate_media(media="screen")
    page.wait_for_function("() => [...document.querySelectorAll('.tall svg')].every(svg => !svg.getAttribute('viewBox').startsWith('0 0 '))")


@pytest.fixture(scope="module")
def large() -> str:
    return page_of(*generated(150))


@pytest.mark.parametrize("by", ["pointer", "keyboard"])
def test_a_large_system_shows_groups_first_and_opens_them(opened: Opened, tmp_path: Path, large: str, by: str) -> None:
    page = opened.open(large, tmp_path)
    group = opened.node("fraud-1")
    assert page.evaluate(TEXT_PX) > 4.3
    assert page.locator(".node:visible").count() < 20
    if by == "pointer":
        page.dblclick(group)
    else:
        page.focus(group)
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
    assert page.locator(".group").inner_text() == "fraud-1" and page.url.endswith("#groups.fraud-1")
    assert page.locator(".node:visible", has_text="fraud-1-judge").count() == 1
    page.fill("#words", "prices-1-ranker")
    page.press("#words", "Enter")
    assert page.locator(".group").inner_text() == "prices-1"
    assert page.locator(".part h2").inner_text().startswith("prices-1-rank") and opened.in_view(".node.chosen:visible")
    page.press("#words", "Escape")
    if by == "pointer":
        page.click(".back")
    else:
        page.focus(".fit")
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
    assert page.locator(".group").inner_text() == "" and page.locator(".node:visible").count() < 20


def test_the_wheel_enters_a_group_and_leaves_it(browser: Browser, tmp_path: Path, large: str) -> None:
    opened = Opened(browser.new_page(viewport={"width": 1280, "height": 800}))
    page = opened.open(large, tmp_path)
    box = page.locator(opened.node("search-1")).bounding_box()
    assert box is not None
    for _ in range(14):
        page.mouse.move(box["x"] + 9, box["y"] + 9)
        page.mouse.wheel(0, -120)
    page.wait_for_function("() => document.querySelector('.group').textContent === 'search-1'")
    for _ in range(14):
        page.mouse.wheel(0, 120)
    page.wait_for_function("() => document.querySelector('.group').textContent === ''")
    page.evaluate("location.hash = 'components.fraud-1-judge'")
    page.wait_for_function("() => document.querySelector('.part h2')?.textContent === 'fraud-1-judge'")
    assert opened.said == []
    page.close()


def test_the_report_has_the_findings_first_and_the_same_picture(opened: Opened, tmp_path: Path) -> None:
    page = opened.open(report_page(*of_file(WAITS_ON_QUEUE)), tmp_path)
    finding, picture = page.locator(".item").first.bounding_box(), page.locator(".live").bounding_box()
    assert finding is not None and picture is not None
    assert finding["x"] < picture["x"] or finding["y"] < picture["y"]
    page.get_by_role("button", name="Show page publishes photos").click()
    assert page.locator(".part h2").inner_text() == "page publishes photos"
    assert page.locator(".edge.chosen:visible").count() == 1
    page.keyboard.press("Escape")
    assert page.locator(".part").is_hidden() and page.locator(".item").first.is_visible()
    page.select_option(".workload", index=1)
    assert {"browser", "balancer", "page"} <= lit(page)
    page.evaluate("location.hash = 'components.photos'")
    page.wait_for_function("() => document.querySelector('.part h2')?.textContent === 'photos'")


def test_names_in_a_report_run_nothing(opened: Opened, tmp_path: Path) -> None:
    system, report = of_text(HOSTILE)
    for made in (report_page(system, report), page_of(system, report)):
        page = opened.open(made, tmp_path)
        for number in range(len(system.components)):
            page.locator(f'[data-node="{number}"]').first.dispatch_event("click")
        page.select_option(".workload", index=1)
        assert page.evaluate("window.hacked") is None
        assert page.locator("img, iframe, object, embed, script[src]").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_beside_the_picture_contrasts(browser: Browser, tmp_path: Path, scheme: str) -> None:
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
    page = Opened(context.new_page()).open(waiting_page(), tmp_path)
    page.select_option(".workload", index=1)
    page.locator(".side .show button").first.click()
    worst = page.evaluate(CONTRAST.replace('"body *"', '"body *:not(svg *)"'))
    assert worst["ratio"] >= 4.5, worst
    context.close()

"""The page, in a real browser: search, selection, zoom, keyboard, a narrow window, no requests, hostile names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from archlint.diagram import Plan, draw, live
from archlint.report.html import render_picture
from tests.diagram.opened import SEEN, WAITS_ON_QUEUE, Opened, failing_page, line_of, page_of, waiting_page
from tests.diagram.samples import HOSTILE, generated, of_file, of_text


@pytest.fixture
def opened(browser: Browser) -> Iterator[Opened]:
    context = browser.new_context(viewport={"width": 1200, "height": 760})
    found = Opened(context.new_page())
    yield found
    assert found.said == []
    assert [url for url in found.requests if not url.startswith("data:")][1:] == [], "something left the page"
    context.close()


def test_a_click_shows_facts_findings_and_the_line(opened: Opened, tmp_path: Path) -> None:
    page = opened.open(failing_page(), tmp_path)
    panel = page.locator("#findings")
    assert "1 finding" in panel.inner_text() and "REL001 single-point-of-failure" in panel.inner_text()
    page.click(opened.node("balancer"))
    shown = panel.inner_text()
    assert "examples/failing/single-balancer.yaml:42" in shown
    assert "balancer has only one replica" in shown
    assert "kind: load-balancer" in shown and "driver-app calls balancer (timeout: 30 s)" in shown
    page.get_by_role("button", name="Show upload-api").click()
    assert panel.locator(".part h2").inner_text() == "upload-api"
    page.mouse.click(20, 700)                      # outside all components
    assert "1 finding" in panel.inner_text()


def test_search_dims_what_does_not_match(opened: Opened, tmp_path: Path) -> None:
    page = opened.open(failing_page(), tmp_path)
    page.fill("#words", "postgres")
    assert page.locator("#count").inner_text() == "1 match"
    assert page.locator("[data-node]:not(.miss):visible").get_attribute("aria-label") == "verdicts, database"
    page.press("#words", "Enter")
    assert page.locator(".part h2").inner_text() == "verdicts"
    page.fill("#words", "rel001")
    assert page.locator("[data-node]:not(.miss):visible").get_attribute("aria-label") == "balancer, load-balancer, 1 finding"
    page.fill("#words", "nothing of that name")
    assert page.locator("#count").inner_text() == "0 matches"
    page.press("#words", "Escape")
    assert page.locator(".miss").count() == 0 and page.locator("#count").inner_text() == ""


def test_wheel_buttons_and_drag_move_the_picture(opened: Opened, tmp_path: Path) -> None:
    page = opened.open(failing_page(), tmp_path)
    full, left = opened.width(), opened.left()
    page.click(".in")
    assert opened.width() < full
    page.click(".out")
    page.click(".fit")
    assert opened.width() == full
    page.mouse.move(400, 400)
    page.mouse.wheel(0, -300)
    page.wait_for_function(f"width => {SEEN}.viewBox.baseVal.width < width", arg=full)
    page.click(".fit")
    page.mouse.move(300, 650)
    page.mouse.down()
    page.mouse.move(500, 650, steps=4)
    page.mouse.up()
    assert opened.left() < left
    assert "1 finding" in page.locator("#findings").inner_text(), "a drag is no click"


def test_everything_can_be_done_by_keyboard(opened: Opened, tmp_path: Path) -> None:
    page = opened.open(failing_page(), tmp_path)
    full = opened.width()
    page.keyboard.press("+")
    assert opened.width() < full
    page.keyboard.press("0")
    page.keyboard.press("ArrowRight")
    assert opened.left() > 0
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "words"
    page.keyboard.type("classifier")
    page.keyboard.press("Enter")
    assert page.locator(".part h2").inner_text() == "classifier"
    page.locator(opened.node("driver-app")).focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    second = page.locator(".part h2").inner_text()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    third = page.locator(".part h2").inner_text()
    assert len({"driver-app", "classifier", second, third}) == 4
    page.keyboard.press("Escape")
    assert "1 finding" in page.locator("#findings").inner_text()


@pytest.mark.parametrize("size", [(1280, 800), (360, 700)])
def test_what_has_the_focus_is_in_view(opened: Opened, tmp_path: Path, size: tuple[int, int]) -> None:
    """WCAG 2.2, 2.4.11: the part with the focus is visible when users move with Tab."""
    opened.page.set_viewport_size({"width": size[0], "height": size[1]})
    page = opened.open(waiting_page(), tmp_path)
    for _ in range(8):
        page.keyboard.press("+")
    page.focus(".fit")
    count = page.locator("[data-node]:visible").count()
    for key in ["Tab"] * count + ["Shift+Tab"] * (count - 1):
        page.keyboard.press(key)
        assert opened.in_view("[data-node]:focus"), page.locator(":focus").get_attribute("aria-label")
    page.keyboard.press("Enter")
    assert opened.in_view("[data-node]:focus"), "also where the facts take a part of a narrow window"


def test_the_pointer_and_what_is_seen_already_do_not_move_the_picture(opened: Opened, tmp_path: Path) -> None:
    page = opened.open(waiting_page(), tmp_path)
    full, left = opened.width(), opened.left()
    page.focus(".fit")
    for _ in range(page.locator("[data-node]:visible").count()):
        page.keyboard.press("Tab")
    assert (opened.width(), opened.left()) == (full, left)
    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    width, left = opened.width(), opened.left()
    for node in page.locator("[data-node]:visible").all():
        if opened.in_view(f'[data-node="{node.get_attribute("data-node")}"]:visible'):
            node.click()
    assert (opened.width(), opened.left()) == (width, left)


def test_the_search_leaves_a_picture_alone_that_shows_its_match(opened: Opened, tmp_path: Path) -> None:
    opened.page.set_viewport_size({"width": 1280, "height": 800})
    page = opened.open(failing_page(), tmp_path)
    full = page.evaluate(f"{SEEN}.getAttribute('viewBox')")
    page.fill("#words", "rel001")
    page.press("#words", "Enter")
    assert page.locator(".part h2").inner_text() == "balancer"
    assert page.evaluate(f"{SEEN}.getAttribute('viewBox')") == full


@pytest.mark.parametrize("size", [(1280, 800), (390, 700)])
def test_a_jump_shows_its_target_large_enough_and_no_blank(
    opened: Opened, tmp_path: Path, size: tuple[int, int]
) -> None:  # fmt: skip
    opened.page.set_viewport_size({"width": size[0], "height": size[1]})
    system, report = generated(40)
    page = opened.open(page_of(system, report, Plan(collapse="none")), tmp_path)
    for index in (0, len(system.components) // 2, len(system.components) - 1):
        page.press("#words", "Escape")
        page.click(".fit")
        page.fill("#words", list(system.components)[index])
        page.press("#words", "Enter")
        chosen = ".node.chosen:visible"
        assert opened.in_view(chosen)
        assert page.evaluate(f"{SEEN}.getScreenCTM().a") >= 0.65
        view, paper = page.locator(".view").bounding_box(), page.locator(".paper:visible").bounding_box()
        assert view is not None and paper is not None
        if paper["width"] > view["width"]:
            assert paper["x"] <= view["x"] + 1
            assert paper["x"] + paper["width"] >= view["x"] + view["width"] - 1
        if paper["height"] > view["height"]:
            assert paper["y"] <= view["y"] + 1
            assert paper["y"] + paper["height"] >= view["y"] + view["height"] - 1


def test_a_search_dims_a_line_with_its_labels(opened: Opened, tmp_path: Path) -> None:
    page = opened.open(waiting_page(), tmp_path)
    marked, other = opened.edge("page", "photos"), opened.edge("browser", "balancer")
    page.fill("#words", "weekly-report")
    for line in (marked, other):
        assert opened.opacity(f'[data-edge="{line}"] .line') == 0.5
    assert opened.opacity(f'[data-edge="{marked}"] .chip') == 1, "findings stay legible"
    label = page.locator(f'.wide [data-edge="{other}"] .label').first
    assert label.evaluate("element => getComputedStyle(element).fill") == "rgb(90, 102, 115)", "the dimmed colour"
    page.fill("#words", "photos")
    page.press("#words", "Enter")
    assert page.locator(".part h2").inner_text() == "photos"
    for part in (".line", ".chip"):
        assert opened.opacity(f'[data-edge="{marked}"] {part}') == 1, part
        assert opened.opacity(f'[data-edge="{other}"] .line') == 0.5
    page.press("#words", "Escape")
    assert opened.opacity(f'[data-edge="{other}"] .line') == 1


def test_what_is_chosen_beside_a_path_is_seen_with_its_lines(opened: Opened, tmp_path: Path) -> None:
    page = opened.open(page_of(*of_file(WAITS_ON_QUEUE), Plan(path="upload-photo")), tmp_path)
    beside = f'[data-edge="{opened.edge("weekly-report", "answers")}"]'
    card = f'{opened.node("weekly-report")} .card'
    assert opened.opacity(f"{beside} .line") < 0.7 and opened.opacity(card) < 0.7
    page.click(opened.node("weekly-report"))
    assert opened.opacity(f"{beside} .line") == opened.opacity(card) == 1
    assert opened.opacity(f'{opened.node("weekly-report")} .name') == 1


def test_a_line_its_label_and_its_finding_can_be_clicked(opened: Opened, tmp_path: Path) -> None:
    page = opened.open(waiting_page(), tmp_path)
    panel = page.locator("#findings")
    page.click(f'[data-edge="{opened.edge("page", "photos")}"] .chip')
    shown = panel.inner_text()
    assert panel.locator(".part h2").inner_text() == "page publishes photos"
    assert f"page-waits-on-queue.yaml:{line_of(WAITS_ON_QUEUE, '# expect: SRV006')}" in shown
    assert "SRV006" in shown and "message through a queue" in shown
    called = f'[data-edge="{opened.edge("browser", "balancer")}"]'
    page.click(f"{called} .label")
    shown = panel.inner_text()
    assert panel.locator(".part h2").inner_text() == "browser calls balancer"
    assert "timeout" in shown and "10 s" in shown and "caller waits" in shown
    assert page.locator(".chosen:visible").count() == page.locator(f"{called}.chosen:visible").count() == 2, "line and label"
    page.keyboard.press("Escape")
    assert "1 finding" in panel.inner_text() and page.locator(".chosen:visible").count() == 0


def test_a_thin_line_is_hit_some_pixels_beside_it(opened: Opened, tmp_path: Path) -> None:
    page = opened.open(waiting_page(), tmp_path)
    number = opened.edge("page", "photos")
    x, y = page.locator(f'.wide .edge[data-edge="{number}"] .line').evaluate("""line => {
        const at = line.getPointAtLength(line.getTotalLength() * .75).matrixTransform(line.getScreenCTM());
        return [at.x, at.y];
    }""")
    for dx, dy in ((0, 0), (5, 0), (-5, 0)):
        page.keyboard.press("Escape")
        page.mouse.click(x + dx, y + dy)
        assert page.locator(".part h2").inner_text() == "page publishes photos", (dx, dy)


def test_every_line_shows_what_it_says(opened: Opened, tmp_path: Path) -> None:
    """Also lines from other keys than relations, and lines between groups."""
    system, report = generated(40)
    picture = draw(system, report, Plan(collapse="kind"))
    assert any(edge.count > 1 for edge in picture.edges)
    page = opened.open(page_of(system, report, Plan(collapse="kind")), tmp_path)
    for number, edge in enumerate(picture.edges):
        page.locator(f'.wide .edge[data-edge="{number}"] .line').dispatch_event("click")
        shown = page.locator("#findings").inner_text()
        assert f"from {edge.source}" in shown and f"to {edge.target}" in shown
        assert edge.detail in shown or edge.sheet, edge
        assert (f"{edge.file}:{edge.line}" in shown) == (edge.line > 0)
    system, _ = of_file(WAITS_ON_QUEUE)
    named = {(edge.verb, edge.file, edge.line) for edge in draw(system, None, Plan(all_lines=True)).edges}
    assert ("dead_letter", system.architecture.document.name, line_of(WAITS_ON_QUEUE, "dead_letter:")) in named


def test_a_line_can_be_reached_and_left_by_keyboard(opened: Opened, tmp_path: Path) -> None:
    page = opened.open(waiting_page(), tmp_path)
    page.focus(opened.node("page"))
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert page.locator(".part h2:focus").inner_text() == "page"
    while page.locator(":focus").inner_text() != "page publishes photos":
        page.keyboard.press("Tab")
        assert page.locator("#findings :focus").count() == 1, "no such button in the panel"
    page.keyboard.press("Enter")
    assert page.locator(".part h2:focus").inner_text() == "page publishes photos"
    assert opened.in_view(f'.edge.chosen[data-edge="{opened.edge("page", "photos")}"]:visible')
    for _ in range(3):                             # the button that closes, the first end, the second end
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator(".part h2").inner_text() == "photos"
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.node") == opened.node("photos").split('"')[1]
    assert "1 finding" in page.locator("#findings").inner_text()


def test_the_overview_leads_to_a_finding_on_a_line(opened: Opened, tmp_path: Path) -> None:
    page = opened.open(waiting_page(), tmp_path)
    page.get_by_role("button", name="Show page publishes photos").click()
    assert page.locator(".part h2").inner_text() == "page publishes photos"
    assert page.locator(".edge.chosen:visible").count() == 1


SEARCHED = """
archlint: 1
owner: shop
components:
  page: {kind: client, description: A page with a cart., calls: [{to: jobs-api, timeout: 1s}]}
  jobs-api: {kind: service, uses: fastapi, zones: [a, b], publishes: [jobs]}
  jobs: {kind: queue, uses: amazon-sqs, owner: {team: platform, contact: help@example.org}}
  worker: {kind: worker, consumes: [jobs], zones: [c], host: rack-7}
"""


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("zone a", {"jobs-api"}), ("zones C", {"worker"}), ("zone b a", {"jobs-api"}), ("zone d", set()),
        ("sqs queue", {"jobs"}), ("queue  amazon\tsqs ", {"jobs"}), ("amazon-sqs", {"jobs"}), ("platform", {"jobs"}),
        ("owner shop service", {"jobs-api"}), ("help@example.org", {"jobs"}), ("rack-7", {"worker"}),
        ("queue fastapi", set()), ("[a", set()), (".* (", set()),
    ],
)  # fmt: skip
def test_the_search_asks_for_all_words_in_any_order(
    opened: Opened, tmp_path: Path, words: str, found: set[str]
) -> None:  # fmt: skip
    page = opened.open(page_of(*of_text(SEARCHED)), tmp_path)
    page.fill("#words", words)
    labels = [one.get_attribute("aria-label") or "" for one in page.locator("[data-node]:not(.miss):visible").all()]
    assert {label.split(",")[0] for label in labels} == found
    assert page.locator("#count").inner_text() == ("1 match" if len(found) == 1 else f"{len(found)} matches")


def test_the_search_finds_a_finding_on_a_line(opened: Opened, tmp_path: Path) -> None:
    page = opened.open(waiting_page(), tmp_path)
    page.fill("#words", "srv006")
    assert page.locator("#count").inner_text() == "1 match"
    assert opened.opacity(f'[data-edge="{opened.edge("page", "photos")}"] .chip') == 1
    page.press("#words", "Enter")
    assert page.locator(".part h2").inner_text() == "page publishes photos"


@pytest.mark.parametrize("width", [320, 390, 640])
def test_a_narrow_window_shows_all_of_it(opened: Opened, tmp_path: Path, width: int) -> None:
    opened.page.set_viewport_size({"width": width, "height": 700})
    page = opened.open(failing_page(), tmp_path)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for name in ("#words", ".in", ".fit", ".view", "#findings"):
        box = page.locator(name).bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= width + 1, name
        assert box["width"] > 30 and box["height"] > 30, name
    page.click(opened.node("balancer"))
    assert page.locator(".part h2").inner_text() == "balancer"


def test_no_script_of_the_file_runs(opened: Opened, tmp_path: Path) -> None:
    system, report = of_text(HOSTILE)
    page = opened.open(page_of(system, report, Plan(cluster="owner", path="ask", patterns=True)), tmp_path)
    for name in system.components:
        page.click(opened.node(name))
        assert page.locator(".part h2").inner_text() == name
    assert page.evaluate("window.hacked") is None
    assert page.locator("img, iframe, object, embed, script[src]").count() == 0
    addresses = page.locator("a[href]").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert all(address.startswith(("#", "https://")) for address in addresses)
    assert page.locator("script").count() == 2
    page.click(opened.node("page"))
    assert "<script>window.hacked=4</script>" in page.locator("#findings").inner_text()
    for source, target, words in (("page", "api", "click page call alert()"), ("api", "server", "window.hacked=7")):
        page.locator(f'.wide .edge[data-edge="{opened.edge(source, target)}"] .line').dispatch_event("click")
        assert words in page.locator("#findings").inner_text()
    assert page.evaluate("window.hacked") is None and page.locator("script").count() == 2


def test_the_policy_lets_nothing_else_run(browser: Browser, tmp_path: Path) -> None:
    """In a manipulated page, the policy blocks an added script and any request."""
    made = failing_page().replace("</main>", "</main><script>window.hacked=1</script><img src='https://x.invalid/a.png'>")
    page = browser.new_page()
    said: list[str] = []
    sent: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("requestfinished", lambda request: sent.append(request.url))
    file = tmp_path / "page.html"
    file.write_text(made, encoding="utf-8")
    page.goto(file.as_uri())
    page.wait_for_selector("body[data-ready=yes]")
    assert page.evaluate("window.hacked") is None
    assert not [url for url in sent if "x.invalid" in url]
    assert len([text for text in said if "Content Security Policy" in text]) == 2
    page.close()


def test_a_page_of_five_hundred_components_answers(opened: Opened, tmp_path: Path) -> None:
    system, report = generated(500)
    page = opened.open(render_picture(live(system, report, Plan(collapse="none"), for_window=False), report), tmp_path)
    page.fill("#words", "fraud-1-judge")
    page.press("#words", "Enter")
    assert page.locator(".part h2").inner_text() == "fraud-1-judge"
    box = page.locator(opened.node("fraud-1-judge")).bounding_box()
    assert box is not None and box["width"] > 60, "the one that is found can be read"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_what_the_viewer_prefers(browser: Browser, tmp_path: Path, scheme: str) -> None:
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
    page = Opened(context.new_page()).open(failing_page(), tmp_path)
    paper = page.evaluate("getComputedStyle(document.querySelector('.paper')).fill")
    body = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == body == ("rgb(18, 23, 30)" if scheme == "dark" else "rgb(255, 255, 255)")
    context.close()

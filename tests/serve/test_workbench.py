"""The workbench in a real browser, by pointer and by keyboard, wide and as narrow as a phone."""

from __future__ import annotations

import http.client
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, expect

from tests.diagram.conftest import browser
from tests.serve.conftest import SHOP, fill
from tests.serve.running import PATIENCE_S, Running, serving

__all__ = ["browser"]
pytestmark = pytest.mark.xdist_group("serve")
WIDTHS = [1280, 390]
WAIT_MS = PATIENCE_S * 1_000
expect.set_options(timeout=WAIT_MS)


class Tab:
    """A page with the workbench; nothing that it asks for may be elsewhere."""

    def __init__(self, browser: Browser, server: Running, width: int) -> None:
        self.page = browser.new_page(viewport={"width": width, "height": 800})
        self.page.set_default_timeout(WAIT_MS)
        self.server = server
        self.requests: list[str] = []
        self.said: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", self._refuse)

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.said.append(message.text)

    def _refuse(self, dialog: Dialog) -> None:
        self.said.append(dialog.message)
        dialog.dismiss()

    def open(self, file: str) -> Page:
        self.page.goto(f"{self.server.url}/#{file}")
        self.page.wait_for_selector("body[data-ready=yes][data-listening=yes]")
        return self.page

    def text(self) -> str:
        lines: str = self.page.evaluate("[...document.querySelectorAll('.cm-line')].map(line => line.textContent).join('\\n')")
        return lines

    def replace(self, old: str, new: str) -> None:
        """Select a word by a double click, and type another one."""
        box = self.page.evaluate("""old => {
            const walk = document.createTreeWalker(document.querySelector('.cm-content'), NodeFilter.SHOW_TEXT);
            for (let node = walk.nextNode(); node; node = walk.nextNode()) {
                const at = node.textContent.indexOf(old);
                if (at < 0) continue;
                const range = document.createRange();
                range.setStart(node, at); range.setEnd(node, at + old.length);
                const box = range.getBoundingClientRect();
                return [box.x + box.width / 2, box.y + box.height / 2];
            }
        }""", old)
        assert box, f"{old} is not shown in {self.text()}"
        self.page.mouse.dblclick(*box)
        self.page.keyboard.type(new)

    def until(self, done: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < end, (what, self.text(), self.page.inner_text("#status"))
            self.page.wait_for_timeout(30)

    def close(self) -> None:
        self.page.close(run_before_unload=False)
        assert [url for url in self.requests if not url.startswith((f"{self.server.url}/", "blob:", "data:"))] == []
        assert [said for said in self.said if "Failed to load resource" not in said] == []


Open = Callable[..., Tab]


@pytest.fixture
def tab(browser: Browser, server: Running) -> Iterator[Open]:
    opened: list[Tab] = []

    def make(width: int = 1280, at: Running = server) -> Tab:
        opened.append(Tab(browser, at, width))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def file(server: Running) -> Iterator[Path]:
    path = server.folder / "edited.yaml"
    path.write_text(SHOP)
    yield path
    path.unlink()


@pytest.mark.parametrize("width", WIDTHS)
def test_an_edit_shows_its_finding_at_its_line_and_saving_is_a_choice(tab: Open, file: Path, width: int) -> None:
    one = tab(width)
    page = one.open(file.name)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width
    expect(page.locator("#save")).to_be_disabled()
    one.replace("service", "servce")
    finding = page.locator("#findings button", has_text="servce")
    expect(finding).to_contain_text("line 7")
    expect(page.locator(".cm-lintRange-error").first).to_be_attached()
    expect(page.locator("#unsaved")).to_be_visible()
    assert file.read_text() == SHOP
    finding.focus()
    page.keyboard.press("Enter")                           # leads to the line
    expect(page.locator(".cm-activeLine")).to_contain_text("servce")
    page.keyboard.press("Control+s")
    one.until(lambda: "servce" in file.read_text(), "the file is saved")
    expect(page.locator("#save")).to_be_disabled()
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_a_slider_changes_the_numbers_and_then_the_text(tab: Open, file: Path, width: int) -> None:
    one = tab(width)
    page = one.open(file.name)
    page.locator("#picture-tab").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#numbers")).to_contain_text("api")
    page.keyboard.press("ArrowRight")
    slider = page.get_by_label("components.api.replicas")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#changes table")).to_contain_text("utilisation")
    box = slider.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] - 3, box["y"] + box["height"] / 2)
    expect(page.locator(".slider output").first).to_have_text("10")
    expect(page.locator("#changes")).to_contain_text("10 %")       # 50/s of 20 ms on ten workers
    page.locator("#kind").select_option("rates")
    rate = page.get_by_label("workloads.search.rate")
    rate.focus()
    page.keyboard.press("End")
    expect(page.locator(".slider output").first).to_have_text("500/s")
    page.locator("#apply").click()
    assert "replicas: 10" in one.text() and "rate: 500/s" in one.text()
    assert file.read_text() == SHOP
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width


def test_the_picture_follows_the_text_and_leads_to_it(tab: Open, file: Path) -> None:
    one = tab()
    page = one.open(file.name)
    card = page.get_by_role("button", name="Show api in the editor")
    card.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".cm-activeLine")).to_contain_text("api: {kind: service")
    one.replace("page", "portal")                          # its workload, then itself
    one.replace("page", "portal")
    expect(page.get_by_role("button", name="Show portal in the editor")).to_be_attached()
    before = page.locator("#picture svg").bounding_box()
    page.locator("#larger").click()
    after = page.locator("#picture svg").bounding_box()
    assert before is not None and after is not None and after["width"] > before["width"]


def test_keys_and_names_are_completed_and_explained(tab: Open, file: Path) -> None:
    one = tab()
    page = one.open(file.name)
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("  worker:\n")
    page.keyboard.type("  rep", delay=20)
    expect(page.locator(".cm-tooltip-autocomplete")).to_contain_text("replicas")
    page.keyboard.press("Escape")
    page.keyboard.type("licas: 2\nkind: mod", delay=20)
    expect(page.locator(".cm-tooltip-autocomplete")).to_contain_text("model-server")
    page.keyboard.press("Escape")
    page.locator(".cm-line", has_text="workloads:").get_by_text("workloads").hover()
    expect(page.locator(".cm-tooltip-hover .hint")).to_contain_text("workloads")


def test_two_tabs_and_an_external_editor_lose_nothing(tab: Open, file: Path) -> None:
    first, second = tab(), tab()
    first.open(file.name)
    second.open(file.name)
    second.replace("search", "lookup")                     # stays unsaved in the second tab
    first.page.bring_to_front()
    first.replace("shop", "market")
    first.page.locator("#save").click()
    one_more = SHOP.replace("system: shop", "system: market").replace("replicas: 2", "replicas: 7")
    first.until(lambda: "market" in file.read_text(), "the first tab saves")
    file.write_text(one_more)                              # an external editor, from what it read
    second.until(lambda: "replicas: 7" in second.text() and "market" in second.text(), "both changes are merged")
    assert "lookup" in second.text()
    second.page.bring_to_front()
    second.page.locator("#save").click()
    second.until(lambda: "lookup" in file.read_text(), "the second tab saves")
    assert file.read_text() == one_more.replace("search", "lookup")
    first.until(lambda: first.text() == file.read_text(), "the first tab follows")


def test_a_conflict_is_shown_and_overwrites_nothing(tab: Open, file: Path) -> None:
    one = tab()
    page = one.open(file.name)
    one.replace("shop", "mine")
    theirs = SHOP.replace("system: shop", "system: theirs").replace("replicas: 2", "replicas: 9")
    file.write_text(theirs)
    expect(page.locator("#conflicts")).to_be_visible()
    expect(page.locator("#conflicts figure").first).to_contain_text("system: mine")
    expect(page.locator("#conflicts figure").nth(1)).to_contain_text("system: theirs")
    expect(page.locator("#save")).to_be_disabled()
    page.keyboard.press("Control+s")
    assert file.read_text() == theirs and "system: mine" in one.text()
    page.get_by_label("both").check()
    page.get_by_role("button", name="Use these choices").click()
    assert one.text() == theirs.replace("system: theirs", "system: mine\nsystem: theirs")
    assert file.read_text() == theirs
    page.keyboard.press("Control+s")


def test_a_file_that_is_gone_stays_in_the_editor(tab: Open, server: Running) -> None:
    file = server.folder / "gone.yaml"
    file.write_text(SHOP)
    one = tab()
    page = one.open(file.name)
    file.unlink()
    expect(page.locator("#status")).to_contain_text("gone from disk")
    assert one.text() == SHOP
    page.locator("#save").click()
    one.until(file.exists, "it is written again")
    assert file.read_text() == SHOP
    file.unlink()


def test_hostile_names_run_nothing(tab: Open, server: Running) -> None:
    script = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    file = server.folder / "hostile <img src=x onerror=alert(4)>.yaml"
    names = json.dumps(script)
    file.write_text(
        f"archlint: 1\nsystem: {names}\ndescription: {names}\nworkloads: {{{names}: {{from: {names}, rate: 2/s}}}}\n"
        f"components:\n  {names}: {{kind: client, calls: [api, {json.dumps('</style>' + script)}]}}\n  api: {{kind: service, replicas: 2, uses: {names}}}\n"
    )
    one = tab()
    page = one.open("hostile%20%3Cimg%20src%3Dx%20onerror%3Dalert(4)%3E.yaml")
    expect(page.locator("#findings")).to_contain_text("onerror")
    expect(page.locator("#picture svg")).to_be_attached()
    page.locator("#numbers-tab").click()
    page.locator("#whatif-tab").click()
    slider = page.get_by_label("components.api.replicas")
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("body[data-compared]", state="attached")
    page.locator("#systems").click()
    expect(page.locator("#systems-rows")).to_contain_text("hostile")
    assert page.locator("main img, #systems-rows img, header img, main script").count() == 0
    file.unlink()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_table_of_systems_leads_to_each(tab: Open, file: Path, width: int) -> None:
    one = tab(width)
    page = one.open(file.name)
    page.locator("#systems").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#systems-rows tr", has_text="waits.yaml")).to_contain_text("failing")
    expect(page.locator("#systems-rows tr", has_text="edited.yaml")).to_contain_text("p99 ≤ 200 ms")
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width
    page.locator("#systems-rows tr", has_text="waits.yaml").get_by_role("button").click()
    expect(page.locator("#findings")).to_contain_text("SRV006")


def test_a_server_that_is_killed_while_it_saves_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    folder = fill(tmp_path)
    file = folder / "shop.yaml"
    new = SHOP + "# more\n" * 100_000
    for pause in (0.001, 0.01):
        file.write_text(SHOP)
        with serving(folder, "--processes", "1") as running:
            version = running.call("GET", "/files/shop.yaml").headers["etag"]

            def save(running: Running = running, version: str = version) -> None:
                with suppress(ConnectionError, http.client.HTTPException):
                    running.call("PUT", "/files/shop.yaml", {"text": new}, {"If-Match": version})

            saving = threading.Thread(target=save)
            saving.start()
            time.sleep(pause)
            running.process.send_signal(signal.SIGKILL)
            running.process.wait()
            saving.join()
        assert file.read_text() in {SHOP, new}

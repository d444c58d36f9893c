"""The HTML report: its content, and its behaviour in a browser."""

from __future__ import annotations

import base64
import re
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from playwright.sync_api import Browser, Page

from archlint.api import check_targets
from archlint.diagram import live
from archlint.linter import Options
from archlint.report.html import render_html
from archlint.report.options import ReportOptions
from archlint.verdicts import Report
from tests.conftest import ROOT
from tests.diagram.conftest import browser
from tests.diagram.samples import HOSTILE, of_text

from . import reading
from .hostile import any_reports, hostile_report
from .samples import WHOLE, report_of

__all__ = ["browser"]
VOID = {"meta", "input", "link", "br"}


def assert_escaped(text: str, pictures: int = 0) -> None:
    page = reading.Page(text)
    names = [tag for tag, _ in page.tags]
    assert names.count("script") == 1 + pictures
    assert names.count("style") == 4
    assert page.comments == []
    for tag, given_here in page.tags:
        assert not [name for name in given_here if name.startswith("on") or name == "style"]
        if tag == "a":
            assert re.match(r"#report$|https?://", given_here["href"])
        assert tag not in {"img", "iframe", "object", "embed"}
    for name in set(names) - VOID - {"html"}:
        empty = len(re.findall(rf"<{name}\b[^<>]*/>", text))
        assert names.count(name) == text.count(f"</{name}>") + empty, name


def test_hostile_texts_stay_texts() -> None:
    report = hostile_report()
    text = render_html(report, ReportOptions(diagrams={report.files[0].file: live(*of_text(HOSTILE))}))
    assert_escaped(text, pictures=1)
    assert "<script>document.title='run'</script>" in reading.Page(text).text


@settings(max_examples=25)
@given(report=any_reports())
def test_any_text_stays_text(report: Report) -> None:
    assert_escaped(render_html(report))


def test_the_policy_names_the_one_style_and_the_one_script() -> None:
    text = render_html(WHOLE)
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    assert policy.startswith("default-src 'none'; ")
    for tag, count in (("style", 4), ("script", 1)):
        parts = re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", text, re.DOTALL)
        digests = [base64.b64encode(sha256(part.encode()).digest()).decode() for part in parts]
        assert len(parts) == count
        allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
        assert f"{tag}-src {allowed};" in policy


class Opened:
    """A report in a browser, with its requests and errors."""

    def __init__(self, browser: Browser, path: Path, text: str, width: int = 1000, scheme: str = "light") -> None:
        path.write_text(text, encoding="utf-8")
        self.page: Page = browser.new_page(
            viewport={"width": width, "height": 800}, color_scheme="dark" if scheme == "dark" else "light"
        )
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(path.as_uri())

    def shown(self) -> list[str]:
        """The kinds of all visible items."""
        return [
            item.get_attribute("data-kind") or "" for item in self.page.locator(".item").all() if item.is_visible()
        ]


KINDS = ["error"] * 5 + ["warning"] * 2 + ["undecided"] * 2 + ["accepted"]
"""The items that are visible at first; findings in the baseline are folded away."""


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Opened:
    return Opened(browser, tmp_path / "report.html", render_html(WHOLE))


def test_it_shows_all_at_first_and_asks_nothing_of_anybody(opened: Opened) -> None:
    assert opened.shown() == KINDS
    assert [url for url in opened.requests if not url.startswith(("file:", "data:"))] == []
    assert len([url for url in opened.requests if url.startswith("file:")]) == 1
    assert opened.complaints == []
    assert opened.page.locator("#shown").inner_text() == "11 of 11 shown"
    opened.page.get_by_text("In the baseline (1)").click()
    assert opened.shown() == [*KINDS[:-1], "baseline", "accepted"]


def test_it_is_filtered_by_severity_rule_and_text(opened: Opened) -> None:
    page = opened.page
    page.get_by_label("Errors").uncheck()
    page.get_by_label("Undecided").uncheck()
    assert opened.shown() == ["warning", "warning", "accepted"]
    page.get_by_role("button", name="Reset").click()
    page.wait_for_function("document.getElementById('shown').value.startsWith('11 ')")
    page.get_by_label("Rule").select_option("REL001")
    assert opened.shown() == ["error", "undecided"]
    page.get_by_label("Rule").select_option("REL002")
    assert opened.shown() == ["baseline"], "what is asked for is unfolded"
    page.get_by_label("Rule").select_option("")
    page.get_by_label("Text").fill("OBJECTIVE 854")
    assert opened.shown() == ["error"]
    assert page.locator("#shown").inner_text() == "1 of 11 shown"
    page.get_by_label("Text").fill("no such thing")
    assert opened.shown() == []
    assert page.get_by_text("Nothing matches the filter.").is_visible()


def test_it_is_used_by_keyboard_alone(opened: Opened) -> None:
    page = opened.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "theme"
    page.keyboard.press("Tab")
    page.keyboard.type("replica:")
    assert page.evaluate("document.activeElement.id") == "words"
    assert 0 < len(opened.shown()) < len(KINDS)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "rule"
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.evaluate("document.activeElement.value") == "error"
    assert "error" not in opened.shown()
    page.keyboard.press("Enter")
    assert page.url.endswith("report.html")


@pytest.mark.parametrize("width", [320, 1000])
@pytest.mark.parametrize("name", ["whole", "hostile"])
def test_nothing_runs_off_the_side(browser: Browser, tmp_path: Path, width: int, name: str) -> None:
    report = WHOLE if name == "whole" else hostile_report()
    page = Opened(browser, tmp_path / "report.html", render_html(report), width).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_hostile_texts_do_not_run(browser: Browser, tmp_path: Path) -> None:
    report = hostile_report()
    text = render_html(report, ReportOptions(diagrams={report.files[0].file: live(*of_text(HOSTILE))}))
    opened = Opened(browser, tmp_path / "report.html", text)
    title = opened.page.title()
    assert title.startswith("archlint: ")
    opened.page.get_by_label("Text").fill("<script>")
    assert opened.shown() == ["error", "undecided", "baseline", "accepted"]
    assert opened.page.title() == title
    assert [url for url in opened.requests if "evil" in url] == []
    assert opened.page.evaluate("window.hacked") is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_written_can_be_read(browser: Browser, tmp_path: Path, scheme: str) -> None:
    """The contrast of all text to its background is at least 4.5 to 1 (WCAG 2.2, success criterion 1.4.3)."""
    page = Opened(browser, tmp_path / "report.html", render_html(WHOLE), scheme=scheme).page
    worst = page.evaluate(CONTRAST)
    assert worst["ratio"] >= 4.5, worst


CONTRAST = """() => {
  const parse = (color) => color.match(/[0-9.]+/g).map(Number);
  const light = (color) => parse(color).slice(0, 3).map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if ((parse(color)[3] ?? 1) > 0) return color;
    }
    return getComputedStyle(document.body).backgroundColor;
  };
  let worst = {ratio: 99};
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility()) continue;
    const [one, two] = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (two + 0.05);
    if (ratio < worst.ratio) worst = {ratio, text: element.textContent.slice(0, 40), tag: element.outerHTML.slice(0, 80)};
  }
  return worst;
}"""


def test_without_its_script_everything_is_shown_and_the_filter_is_not(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(render_html(WHOLE), encoding="utf-8")
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(path.as_uri())
    assert page.locator("#filter").is_hidden()
    assert page.locator(".item").count() == len(KINDS) + 1


def test_it_prints_without_the_filter(opened: Opened) -> None:
    opened.page.emulate_media(media="print")
    assert opened.page.locator("#filter").is_hidden()
    assert opened.shown() == KINDS
    assert len(opened.page.pdf()) > 10_000


def test_patterns_and_clean_systems_are_shown() -> None:
    report = check_targets([ROOT / "examples" / "passing" / "bulk-image-analysis.yaml"], Options(patterns=True))
    page = reading.Page(render_html(report))
    assert "Recognised patterns" in page.text
    assert report.files[0].patterns[0].pattern in page.text
    assert "Nothing found (28 rules)." in reading.Page(render_html(report_of())).text

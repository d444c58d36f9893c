"""A page with a picture, opened in a browser, and the pages that tests open."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Dialog, Page

from archlint.analysis.system import System
from archlint.diagram import Plan, live
from archlint.report.html import render_html, render_picture
from archlint.report.options import ReportOptions
from archlint.verdicts import FileReport, Report
from tests.conftest import ROOT
from tests.diagram.samples import RICH, of_file

SEEN = "[...document.querySelectorAll('.drawing svg')].find(one => one.getClientRects().length)"
"""The layout that the window shows, in JavaScript."""
WAITS_ON_QUEUE = ROOT / "examples" / "failing" / "page-waits-on-queue.yaml"


class Opened:
    """A page with its requests, console messages and errors."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[str] = []
        self.said: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("dialog", self._refuse)

    def _refuse(self, dialog: Dialog) -> None:
        self.said.append(dialog.message)
        dialog.dismiss()

    def open(self, text: str, folder: Path) -> Page:
        file = folder / "page.html"
        file.write_text(text, encoding="utf-8")
        self.page.goto(file.as_uri())
        self.page.wait_for_selector("body[data-ready=yes]")
        return self.page

    def node(self, name: str) -> str:
        number = self.page.evaluate(
            "name => JSON.parse(document.querySelector('.live-data').textContent).drawings[0].nodes.findIndex(one => one.name === name)",
            name,
        )
        return f'[data-node="{number}"]:visible'

    def in_view(self, selector: str) -> bool:
        """Whether a part is completely visible, up to a pixel."""
        view, part = self.page.locator(".view").bounding_box(), self.page.locator(selector).bounding_box()
        assert view is not None and part is not None
        inside = view["x"] - 1 <= part["x"] and part["x"] + part["width"] <= view["x"] + view["width"] + 1
        above, below = part["y"] - view["y"], view["y"] + view["height"] - part["y"] - part["height"]
        return inside and min(above, below) >= -1

    def width(self) -> float:
        return float(self.page.evaluate(f"{SEEN}.viewBox.baseVal.width"))

    def opacity(self, selector: str) -> float:
        """The opacity of a part, including all groups around it."""
        return float(self.page.locator(selector).first.evaluate("""element => {
            let seen = 1;
            for (let one = element; one instanceof Element; one = one.parentElement) seen *= getComputedStyle(one).opacity;
            return seen;
        }"""))

    def edge(self, source: str, target: str) -> int:
        return int(self.page.evaluate("""([source, target]) => {
            const data = JSON.parse(document.querySelector('.live-data').textContent).drawings[0];
            const name = number => data.nodes[number].name;
            return data.edges.findIndex(one => name(one.source) === source && name(one.target) === target);
        }""", [source, target]))

    def left(self) -> float:
        return float(self.page.evaluate(f"{SEEN}.viewBox.baseVal.x"))


def page_of(system: System, report: FileReport | None, plan: Plan | None = None) -> str:
    """The page of a system."""
    return render_picture(live(system, report, plan), report)


def report_page(system: System, report: FileReport) -> str:
    """The report of a system."""
    return render_html(Report((report,)), ReportOptions(diagrams={report.key: live(system, report, for_window=False)}))


def failing_page() -> str:
    system, report = of_file(RICH)
    return page_of(system, report, Plan(patterns=True))


def line_of(file: Path, words: str) -> int:
    """The first line of a file with some words."""
    return next(number for number, line in enumerate(file.read_text().splitlines(), 1) if words in line)


def waiting_page() -> str:
    return page_of(*of_file(WAITS_ON_QUEUE))

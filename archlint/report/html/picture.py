"""The page of `archlint render -o x.html`: the picture of a system first, and its findings beside it."""

from __future__ import annotations

from typing import Final

from archlint.diagram.live import Live
from archlint.diagram.themes import AUTO
from archlint.report.html.document import document, switches, theme_button
from archlint.report.html.findings import finding_item
from archlint.report.html.live import live_section, overview
from archlint.report.html.tags import element
from archlint.report.layout import plural
from archlint.verdicts import FileReport

_KINDS: Final = (("error", "Errors"), ("warning", "Warnings"), ("info", "Information"))


def render_picture(live: Live, report: FileReport | None = None, theme: str = AUTO, root: str = "") -> str:
    """Return the page of a system as an HTML document; without a report, without findings.

    `theme` is light, dark or auto; paths are made relative to `root`, if it is given.
    """
    findings = report.grouped if report is not None else ()
    counts = [(name, title, sum(f.severity == name for f in findings)) for name, title in _KINDS]
    sources = report.sources if report is not None else {}
    body = [
        '<a class="skip" href="#findings">Skip to the findings</a>',
        "<header>",
        element("h1", live.picture.title),
        '<form id="filter" role="search" aria-label="Filter" hidden>',
        '<input id="words" type="search" placeholder="Search ( / )" autocomplete="off" spellcheck="false"',
        ' aria-label="Search components, technologies, zones, owners, rules">',
        '<output id="count" role="status"></output>',
        *(switches([one for one in counts if one[2]]) if findings else ()),
        "</form>",
        theme_button(),
        "</header>",
        '<main class="system">',
        *live_section(live),
        '<aside id="findings" class="side" tabindex="-1" aria-label="Facts and findings">',
        '<div class="part" hidden aria-live="polite"></div>',
        element("h2", plural(len(findings), "finding") if findings else "No findings", klass="found"),
        *(line for number, one in enumerate(findings) for line in finding_item(one, sources, root, number)),
        '<p id="nothing" hidden>Nothing matches the filter.</p>',
        *overview(live),
        "</aside>",
        "</main>",
    ]
    return document(live.picture.title, "picture", body, theme)

"""Reports in all formats: one pure function per format, loaded when it is needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from archlint.report.options import ReportOptions
    from archlint.verdicts import Report


def _text(report: Report, options: ReportOptions) -> str:
    from archlint.report.text import render_text

    return render_text(report, options)


def _json(report: Report, _options: ReportOptions) -> str:
    from archlint.report.json import render_json

    return render_json(report)


def _sarif(report: Report, options: ReportOptions) -> str:
    from archlint.report.sarif import render_sarif

    return render_sarif(report, options)


def _sarif_alerts(report: Report, options: ReportOptions) -> str:
    from archlint.report.sarif import render_alerts

    return render_alerts(report, options)


def _junit(report: Report, options: ReportOptions) -> str:
    from archlint.report.junit import render_junit

    return render_junit(report, options)


def _github(report: Report, options: ReportOptions) -> str:
    from archlint.report.github import render_github

    return render_github(report, options)


def _gitlab(report: Report, options: ReportOptions) -> str:
    from archlint.report.gitlab import render_gitlab

    return render_gitlab(report, options)


def _markdown(report: Report, options: ReportOptions) -> str:
    from archlint.report.markdown import render_markdown

    return render_markdown(report, options)


def _concise(report: Report, options: ReportOptions) -> str:
    from archlint.report.concise import render_concise

    return render_concise(report, options)


def _checkstyle(report: Report, options: ReportOptions) -> str:
    from archlint.report.checkstyle import render_checkstyle

    return render_checkstyle(report, options)


def _html(report: Report, options: ReportOptions) -> str:
    from archlint.report.html import render_html

    return render_html(report, options)


FORMATS: dict[str, Callable[[Report, ReportOptions], str]] = {
    "text": _text,
    "json": _json,
    "sarif": _sarif,
    "junit": _junit,
    "github": _github,
    "gitlab": _gitlab,
    "markdown": _markdown,
    "html": _html,
    "concise": _concise,
    "checkstyle": _checkstyle,
    "sarif-alerts": _sarif_alerts,
}
"""The function that writes each format, by name."""

SHOW_PATTERNS: Final = frozenset({"html"})
"""The formats that always show recognised patterns: the check has to find them."""
FINDINGS_ALONE: Final = frozenset({"concise", "checkstyle", "sarif-alerts"})
"""The formats that show neither what is undecided nor what is accepted."""
SHOW_DIAGRAMS: Final = frozenset({"html"})
"""The formats that show a diagram of each system: the caller has to draw it."""

"""Findings to text: one pure function a format, loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archlint.report.options import TextOptions
    from archlint.verdicts import Report


def _text(report: Report, options: TextOptions) -> str:
    from archlint.report.text import render_text

    return render_text(report, options)


def _json(report: Report, _options: TextOptions) -> str:
    from archlint.report.json import render_json

    return render_json(report)


FORMATS: dict[str, Callable[[Report, TextOptions], str]] = {
    "text": _text,
    "json": _json,
}
"""From the name of a format to what writes it; only `text` heeds the options."""

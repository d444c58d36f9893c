"""What settings change, as text for people."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.compare.text import render_text as difference_text
from archlint.explore.whatif import NumberChange, WhatIf
from archlint.report.layout import Ink, flat, hanging
from archlint.report.numbers.words import label, number_text

LEAST_WIDTH = 40
MOST_ROWS = 60


def render_text(found: WhatIf, color: bool = False, width: int = 100) -> str:
    """Return the numbers that changed, and below them the difference of facts and findings, as `diff` prints it."""
    ink, width = Ink(color), max(LEAST_WIDTH, width)
    rows = list(_rows(found, ink, width))
    difference = difference_text(found.difference, color, width)
    return "\n".join(rows) + "\n\n" + difference if rows else difference


def _rows(found: WhatIf, ink: Ink, width: int) -> Iterator[str]:
    if not found.numbers:
        return
    yield ink("Numbers:", "strong")
    subject = ""
    for change in found.numbers[:MOST_ROWS]:
        if change.subject != subject:
            subject = change.subject
            yield f"  {flat(subject)}"
        yield from hanging("    ", _said(change), width, 6)
    if len(found.numbers) > MOST_ROWS:
        yield f"  and {len(found.numbers) - MOST_ROWS:,} more: `--output json` lists all"


def _said(change: NumberChange) -> str:
    return f"{label(change.name)}: {number_text(change.old)} -> {number_text(change.new)}"

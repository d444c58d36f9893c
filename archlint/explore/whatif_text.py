"""What settings change, as text for people."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.compare.text import findings_text
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
    difference = difference_text(found.difference, color, width, _end(found))
    return "\n".join(rows) + "\n\n" + difference if rows else difference


def _end(found: WhatIf) -> str:
    count = len(found.after.settings)
    said = "this change" if count == 1 else f"these {count} changes"
    return f"Nothing differs with {said}." if found.is_empty else f"With {said}: {findings_text(found.difference)}."


def _rows(found: WhatIf, ink: Ink, width: int) -> Iterator[str]:
    if not found.numbers:
        return
    yield ink("Numbers:", "strong")
    subject = ""
    later = {one.subject for one in found.after.numbers.workloads if one.gets_result_later}
    for change in found.numbers[:MOST_ROWS]:
        if change.subject != subject:
            subject = change.subject
            yield f"  {flat(subject)}"
        yield from hanging("    ", _said(change, subject in later), width, 6)
    if len(found.numbers) > MOST_ROWS:
        yield f"  and {len(found.numbers) - MOST_ROWS:,} more: `--output json` lists all"


def _said(change: NumberChange, later: bool) -> str:
    old, new = (number_text(number) if number is not None else "unknown" for number in (change.old, change.new))
    return f"{label(change.name, later)}: {old} -> {new}"

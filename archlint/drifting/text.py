"""Differences of description and deployment for people at a terminal."""

from __future__ import annotations

from typing import Final

from archlint.drifting.found import DIFFERS, NOT_DEPLOYED, NOT_DESCRIBED, Drift, Drifted
from archlint.drifting.lines import summary
from archlint.report.frame import place_rows
from archlint.report.layout import Ink, flat, hanging
from archlint.verdicts import Location

LEAST_WIDTH: Final = 40
MOST_UNSEEN: Final = 20
_MARKS: Final = {NOT_DESCRIBED: ("+", "good"), NOT_DEPLOYED: ("-", "error"), DIFFERS: ("~", "warning")}
_TITLES: Final = {
    NOT_DEPLOYED: "Described, not deployed:", NOT_DESCRIBED: "Deployed, not described:", DIFFERS: "Different:",
}  # fmt: skip


def render_text(drifted: Drifted, color: bool = False, width: int = 100) -> str:
    """Return the differences as text that ends with a line break."""
    ink, width = Ink(color), max(LEAST_WIDTH, width)
    blocks: list[list[str]] = []
    for error in drifted.errors:
        hint = hanging("  hint: ", flat(error.hint), width) if error.hint else []
        blocks.append([*hanging("error: ", flat(error.message), width, 4), *hint])
    for state, title in _TITLES.items():
        some = [one for one in drifted.found if one.state == state]
        if some:
            blocks.append([ink(title, "strong"), *(line for one in some for line in _rows(one, ink, width))])
    blocks.append(_unseen(drifted, width))
    style = "good" if drifted.is_empty else "strong"
    blocks.append([ink(line, style) for line in hanging("", summary(drifted), width)])
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _rows(one: Drift, ink: Ink, width: int) -> list[str]:
    mark, style = _MARKS[one.state]
    first, *rest = hanging(f"{mark} ", flat(one.message), width, 4)
    rows = [first.replace(mark, ink(mark, style), 1), *rest]
    sides = [("deployed", one.here)] if one.state == NOT_DESCRIBED else [("described", one.here)]
    if one.there is not None:
        sides.append(("described" if one.state == NOT_DESCRIBED else "deployed", one.there))
    for side, place in sides:
        rows += _place(side, place, width, ink)
    return [*rows, *(hanging("    fix: ", flat(one.hint), width, 9) if one.hint else [])]


def _place(side: str, place: Location, width: int, ink: Ink) -> list[str]:
    return place_rows("    -->", place, side, width, ink)


def _unseen(drifted: Drifted, width: int) -> list[str]:
    if not drifted.unseen:
        return []
    names = [f"`{flat(name)}`" for name in drifted.unseen[:MOST_UNSEEN]]
    more = len(drifted.unseen) - len(names)
    others = f" and {more:,} more" if more else ""
    return hanging("note: ", f"the deployment files omit these, which is allowed: {', '.join(names)}{others}", width, 6)

"""The budget of a path, drawn to scale: the least time of each hop, the objective as a line, the overrun in red."""

from __future__ import annotations

from typing import Final

from archlint.diagram.picture import Budget
from archlint.diagram.shapes import number, text
from archlint.diagram.text import cut, text_width
from archlint.model.quantities import format_duration

_BAR: Final = 22.0
_TOP: Final = 40.0
_LEAST: Final = 0.002
"""Parts below this share of the whole are not drawn."""
HEIGHT: Final = 100.0


def budget_elements(budget: Budget, width: float) -> tuple[str, ...]:
    """Return a bar as wide as the longer of the least time and the objective, with the hops below it."""
    total = sum(seconds for _, seconds in budget.parts)
    scale = (width - 2) / max(total, budget.objective_s)
    aim = budget.objective_s * scale
    title = f"Budget of {budget.workload}: {budget.percentile} ≤ {format_duration(budget.objective_s)}, at least "
    title += format_duration(total) + (f" and {budget.unknown} unknown" if budget.unknown else "")
    elements = [text(0, 14, "frame-title", cut(title, width, 12, True))]
    x, row_ends = 0.0, [0.0, 0.0]
    for index, (label, seconds) in enumerate(budget.parts):
        size = seconds * scale
        if seconds < _LEAST * total:
            x += size
            continue
        within = max(0.0, min(size, aim - x))
        if within:
            elements.append(_bar(f"spent spent-{index % 2}", x, within))
        if size > within:
            elements.append(_bar("over", x + within, size - within))
        words = cut(f"{label} {format_duration(seconds)}", width, 11)
        row = min((0, 1), key=lambda place: (row_ends[place] > x, row_ends[place]))
        start = max(min(x, width - text_width(words, 11)), row_ends[row])
        if start + text_width(words, 11) <= width:
            elements.append(text(start, _TOP + _BAR + 13 + 14 * row, "text", words))
            row_ends[row] = start + text_width(words, 11) + 12
        x += size
    elements.append(f'<path class="aim" d="M{number(aim)} {number(_TOP - 6)}v{number(_BAR + 12)}"/>')
    note = f"objective {format_duration(budget.objective_s)}"
    late = total - budget.objective_s
    if late > 0:
        note += f", {format_duration(late)} over"
    at = min(max(0.0, aim - text_width(note, 11, True) / 2), width - text_width(note, 11, True))
    elements.append(text(at, _TOP - 9, "limit", note))
    return tuple(elements)


def _bar(style: str, x: float, width: float) -> str:
    place = f'x="{number(x)}" y="{number(_TOP)}" width="{number(width)}" height="{number(_BAR)}"'
    return f'<rect class="{style}" {place}/>'

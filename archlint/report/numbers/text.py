"""The numbers of a system for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from archlint.analysis.numbers import ComponentNumbers, Number, Numbers, Waterfall, WorkloadNumbers
from archlint.analysis.quantity import Missing, Quantity
from archlint.analysis.result_time import NAME as RESULT_TIME
from archlint.model.quantities import format_duration, format_percentile, format_quantity
from archlint.report.layout import Ink, columns_of, flat, hanging
from archlint.report.numbers.words import label, left_out, meaning, number_text, why_missing
from archlint.report.plain import imported_text

LEAST_WIDTH: Final = 60
MOST_ROWS: Final = 60
MOST_LOST: Final = 8
LOAD: Final = {
    "utilisation": "busy", "occupied": "with waits", "peak_utilisation": "at peak", "capacity": "capacity",
    "breaks_at_factor": "full at",
}  # fmt: skip
"""The numbers of the table of components, with their heads."""
_BAR: Final = 24
_FULL: Final = 1.0
_HIGH: Final = 0.8


def render_text(
    file: str, numbers: Numbers, color: bool = False, width: int = 100, verbose: bool = False
) -> str:
    """Return the numbers as text that ends with a line break; `verbose` shows each formula with its terms."""
    writer = _Writer(Ink(color), max(LEAST_WIDTH, width), verbose)
    head = f"{flat(numbers.name)} ({flat(file)})" if numbers.name else flat(file)
    origin = hanging("", f"{imported_text(numbers.imported)}.", writer.width, 2) if numbers.imported else []
    blocks = [[writer.ink(head, "strong"), *origin]]
    blocks += [list(writer.workload(one)) for one in numbers.workloads]
    blocks.append(list(writer.load(numbers.components)))
    blocks.append(list(writer.others(numbers.components)))
    if numbers.system:
        blocks.append([writer.ink("System:", "strong"), *(row for n in numbers.system for row in writer.number(n))])
    blocks.append(list(writer.missing(numbers)))
    if len(blocks) > 1 and not any(blocks[1:]):
        blocks.append(["No numbers: the file states no rates, times or sizes."])
    blocks.append(_legend(numbers))
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _legend(numbers: Numbers) -> list[str]:
    if not any(isinstance(number, Quantity) for number in numbers.flat().values()):
        return []
    return [">= and <= are bounds that hold for every implementation; ~ is an estimate."]


class _Writer:
    def __init__(self, ink: Ink, width: int, verbose: bool) -> None:
        self.ink = ink
        self.width = width
        self.verbose = verbose

    def workload(self, one: WorkloadNumbers) -> Iterator[str]:
        """Write the numbers of a workload, and where its time goes."""
        rows = list(self._workload_rows(one))
        missing = ": see Unknown below" if any(isinstance(number, Missing) for number in one.numbers) else ""
        known = "" if rows else f" no numbers{missing}"
        yield f"{self.ink(f'Workload {flat(one.name)}:', 'strong')}{known}"
        yield from rows

    def _workload_rows(self, one: WorkloadNumbers) -> Iterator[str]:
        shown = {waterfall.total.name for waterfall in one.waterfalls}
        shown |= set() if self.verbose else {"breaks_at_factor"}
        later = one.gets_result_later
        for number in one.numbers:
            if number.name == "breaks_at" and isinstance(number, Quantity):
                yield from self.number(number, _times(one.get("breaks_at_factor")))
            elif number.name not in shown and isinstance(number, Quantity):
                yield from self.number(number, later=later)
        lost = [each for each in one.contributions if each.lost_s > 0][:MOST_LOST]
        if lost:
            said = ", ".join(f"{flat(each.name)} {format_duration(each.lost_s)}" for each in lost)
            yield from hanging("  ", f"lost a month because of: {said}", self.width, 4)
        for waterfall in one.waterfalls:
            yield from self.waterfall(waterfall)

    def number(self, number: Number, more: str = "", later: bool = False) -> Iterator[str]:
        """Write one number; if verbose, with its formula and its terms. `later` is as in `label`."""
        if isinstance(number, Missing):
            yield from hanging("  ", f"{label(number.name)}: unknown: {why_missing(number)}", self.width, 4)
            return
        said = f"{label(number.name, later)}: {number_text(number)}{more}"
        where = next((str(term.value) for term in number.terms if term.name == "bottleneck"), "")
        objective = next((term for term in number.terms if term.name == "objective"), None)
        objective = None if number.name == RESULT_TIME else objective      # it is for a percentile, which is shown too
        said += f", {flat(objective.label)} {format_quantity(objective.value, objective.unit)}" if objective else ""
        limits = where and number.name in {"breaks_at", "saturates_at"}
        said += f" ({flat(where)} is overloaded from there on)" if limits else ""
        yield from hanging("  ", said, self.width, 4)
        if self.verbose:
            yield from self._terms(number, later)

    def _terms(self, number: Quantity, later: bool = False) -> Iterator[str]:
        about = meaning(number.name, later)
        yield from hanging("      ", f"{about}; = {number.formula}" if about else f"= {number.formula}", self.width, 8)
        if number.band is not None:
            low, high = (format_quantity(value, number.unit) for value in number.band)
            yield f"      between {low} and {high}"
        for term in number.terms:
            where = f"  [{flat(term.at.at)}]" if term.at is not None else f"  ({flat(term.note)})" if term.note else ""
            value = format_quantity(term.value, term.unit)
            yield from hanging("        ", f"{flat(term.label)}: {flat(value)}{where}", self.width, 10)

    def waterfall(self, one: Waterfall) -> Iterator[str]:
        """Write where the time goes, one piece a line, each with a bar at its place in time."""
        asked = f", SLO {format_duration(one.objective_s)}" if one.objective_s is not None else ""
        name = format_percentile(one.fraction)
        yield from hanging("  ", f"{name} {_about(one)}: {number_text(one.total)}{asked}", self.width, 4)
        end_s = max(one.total.value, one.objective_s or 0.0)
        room = max(16, min(48, self.width - _BAR - 18))
        for step in one.steps[:MOST_ROWS]:
            said = flat(step.label)
            said = said if columns_of(said) <= room else f"{said[: room - 1]}…"
            bar = _bar(step.start_s, step.time_s, end_s)
            pad = " " * (room - columns_of(said))
            yield f"    {said}{pad} {format_duration(step.time_s):>9} {self.ink(bar, 'frame')}".rstrip()
        if len(one.steps) > MOST_ROWS:
            yield f"    and {len(one.steps) - MOST_ROWS} more"
        for said in left_out(one):
            yield from hanging("    ", said, self.width, 6)

    def load(self, components: Sequence[ComponentNumbers]) -> Iterator[str]:
        """Write a table of how busy the components are, the busiest first."""
        loaded = [one for one in components if any(isinstance(one.get(name), Quantity) for name in LOAD)]
        if not loaded:
            return
        loaded.sort(key=lambda one: -_value(one.get("peak_utilisation") or one.get("utilisation")))
        yield self.ink("Load:", "strong")
        heads = ["  component", *LOAD.values()]
        rows = [[f"  {flat(one.name)}", *(_cell(one.get(name), name) for name in LOAD)] for one in loaded[:MOST_ROWS]]
        used = [n for n in range(len(heads)) if n == 0 or any(row[n] for row in rows)]
        widths = [max(columns_of(row[n]) for row in (heads, *rows)) for n in used]
        yield self.ink(_row([heads[n] for n in used], widths), "faint")
        for one, row in zip(loaded, rows, strict=False):
            style = self._style(one)
            line = _row([row[n] for n in used], widths)
            yield self.ink(line, style) if style else line
            if self.verbose:
                for name in LOAD:
                    number = one.get(name)
                    if isinstance(number, Quantity):
                        yield f"    {label(name)}: {number_text(number)}"
                        yield from self._terms(number)
        if len(loaded) > MOST_ROWS:
            yield f"  and {len(loaded) - MOST_ROWS:,} more: `--output json` lists all"

    def _style(self, one: ComponentNumbers) -> str:
        highest = max(_value(one.get("utilisation")), _value(one.get("peak_utilisation")))
        return "error" if highest > _FULL else "warning" if highest > _HIGH else ""

    def others(self, components: Sequence[ComponentNumbers]) -> Iterator[str]:
        """Write all other numbers of the components."""
        rows = []
        for one in components:
            found = [n for n in one.numbers if n.name not in LOAD and isinstance(n, Quantity)]
            if found and self.verbose:
                rows += [f"  {flat(one.name)}", *(f"  {row}" for number in found for row in self.number(number))]
            elif found:
                said = ", ".join(f"{label(number.name)} {number_text(number)}" for number in found)
                rows += hanging("  ", f"{flat(one.name)}: {said}", self.width, 4)
        if rows:
            yield self.ink("Components:", "strong")
            yield from rows[: 4 * MOST_ROWS]
            if len(rows) > 4 * MOST_ROWS:
                yield f"  and {len(rows) - 4 * MOST_ROWS:,} more lines: `--output json` lists all"

    def missing(self, numbers: Numbers) -> Iterator[str]:
        """Write which numbers are unknown, and what would decide them."""
        together: dict[tuple[str, str], list[str]] = {}
        later = {one.subject for one in numbers.workloads if one.gets_result_later}
        for (subject, name), number in numbers.flat().items():
            if isinstance(number, Missing):
                together.setdefault((subject, why_missing(number)), []).append(label(name, subject in later))
        if not together:
            return
        unknown = [f"{flat(subject)}: {'; '.join(names)}: {why}" for (subject, why), names in together.items()]
        yield self.ink("Unknown:", "strong")
        for said in unknown[:MOST_ROWS]:
            yield from hanging("  ", said, self.width, 4)
        if len(unknown) > MOST_ROWS:
            yield f"  and {len(unknown) - MOST_ROWS:,} more: `--output json` lists all"


def _about(one: Waterfall) -> str:
    when = "on idle servers" if one.total.name.startswith("least") else "under load"
    return f"until the request is accepted, {when}" if one.accepted else when


def _value(number: Number | None) -> float:
    return number.value if isinstance(number, Quantity) else 0.0


def _times(factor: Number | None) -> str:
    return f", {number_text(factor)} x its rate" if isinstance(factor, Quantity) else ""


def _cell(number: Number | None, name: str) -> str:
    if number is None or isinstance(number, Missing):
        return ""
    return f"{number_text(number)} x" if name == "breaks_at_factor" else number_text(number)


def _row(cells: Iterable[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    text = first[0] + " " * (first[1] - columns_of(first[0]))
    return (text + "".join(" " * (2 + width - columns_of(cell)) + cell for cell, width in others)).rstrip()


def _bar(start_s: float, time_s: float, end_s: float) -> str:
    """Return a bar at its place in time.

    >>> _bar(0.5, 0.5, 1.0)
    '            ############'
    """
    if end_s <= 0:
        return ""
    start = round(_BAR * start_s / end_s)
    return " " * start + "#" * max(1, round(_BAR * (start_s + time_s) / end_s) - start)

"""A sweep as a table for people, CSV, JSON, a page, or a plot."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from archlint.explore.sweep import Cell, Row, Sweep, latencies
from archlint.model.names import Names
from archlint.model.quantities import format_quantity, shorten
from archlint.report.html.tags import element, text
from archlint.report.json import encoded
from archlint.report.layout import Ink, columns_of, flat, hanging, plural
from archlint.report.numbers.html import figure, page
from archlint.report.numbers.json import Path
from archlint.report.numbers.plots import Curve, alone, curves
from archlint.schemas import schema_of
from archlint.verdicts import Severity
from archlint.writing import csv_cell

VERSION: Literal[1] = 1
MOST_ROWS: Final = 200
MOST_COLUMNS: Final = 5
MOST_WANTED: Final = 16
_FIRST: Final = (
    "cost_per_month", "cost_per_1000", "availability", "breaks_at_factor", "peak_utilisation", "utilisation",
)  # fmt: skip
"""The numbers that a table shows first, after latencies."""
_LEVELS: Final = tuple(level.value for level in sorted(Severity, key=lambda level: -level.rank))

Key = tuple[str, str]


def name_of(key: Key) -> str:
    """Return the name of a column: `workloads.search.p99`."""
    subject, name = key
    return f"{subject}.{name}"


def columns(found: Sweep, wanted: Sequence[str] = ()) -> list[Key]:
    """Return the numbers to show: those that match a name, or of those that vary the most telling ones."""
    keys = list(dict.fromkeys(key for row in found.rows for key in row.numbers))
    if wanted:
        return [key for key in keys if any(name_of(key) == word or key[1] == word for word in wanted)][:MOST_WANTED]
    varying = found.varying()
    slowest = latencies(varying)
    telling = [key for key in slowest if key[1] == slowest[0][1]]
    of_all = [key for key in varying if not (key[1] == "breaks_at_factor" and key[0].startswith("components."))]
    telling += [key for name in _FIRST for key in of_all if key[1] == name]
    telling += [key for key in varying if key not in telling]
    return telling[:MOST_COLUMNS]


def without_number(found: Sweep, wanted: Sequence[str]) -> Iterator[str]:
    """Say of each wanted name that no number has what was meant, or which names there are."""
    keys = dict.fromkeys(key for row in found.rows for key in row.numbers)
    names = Names([*dict.fromkeys(name for _, name in keys), *map(name_of, keys)])
    for word in wanted:
        if word not in names.names.values():
            near = names.nearest(word)
            hint = f"did you mean `{near}`?" if near else f"names: {', '.join(dict.fromkeys(name for _, name in keys))}"
            yield f"--show {shorten(word)}: no number has this name; {hint}"


def render_text(found: Sweep, wanted: Sequence[str] = (), color: bool = False, width: int = 100) -> str:
    """Return a table with one row for each combination; those of the Pareto front are marked."""
    ink = Ink(color)
    shown, front = columns(found, wanted), front_of(found)
    heads = [*(csv_cell(axis.path) for axis in found.axes), *map(name_of, shown), "findings"]
    rows = [_cells(row, shown) for row in found.rows[:MOST_ROWS]]
    legend = [f"  {letter} = {head}" for letter, head in zip(_LETTERS, heads, strict=False) if head != "findings"]
    short = [*_LETTERS[: len(heads) - 1], "findings"]
    widths = [max(columns_of(cell) for cell in column) for column in zip(short, *rows, strict=True)]
    lines = [ink(_line(short, widths, " "), "faint")]
    for index, cells in enumerate(rows):
        mark = "*" if index in front else " "
        line = _line(cells, widths, mark)
        lines.append(ink(line, "good") if index in front else line)
    if len(found.rows) > MOST_ROWS:
        lines.append(f"  and {len(found.rows) - MOST_ROWS:,} more rows: `--output csv` lists all")
    title = f"{flat(found.system or found.file)}: {plural(len(found.rows), 'combination')}"
    notes = []
    if front:
        cost, time = found.pareto_keys() or (("", ""), ("", ""))
        said = f"* no other combination is better in both {name_of(cost)} and {name_of(time)} (Pareto front)."
        notes = ["", *hanging("", said, width)]
    return "\n".join([ink(title, "strong"), *legend, "", *lines, *notes]) + "\n"


_LETTERS: Final = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def _line(cells: Sequence[str], widths: Sequence[int], mark: str) -> str:
    padded = (" " * (width - columns_of(cell)) + cell for cell, width in zip(cells[:-1], widths, strict=False))
    return f"{mark} {'  '.join(padded)}  {cells[-1]}".rstrip()


def _cells(row: Row, shown: Sequence[Key]) -> list[str]:
    values = [flat(value) for value in row.values]
    if row.error:
        return [*values, *("" for _ in shown), f"error: {flat(row.error)}"]
    return [*values, *(_text(row.numbers.get(key)) for key in shown), findings_text(row)]


def _text(cell: Cell | None) -> str:
    return cell.text if cell is not None else "-"


def findings_text(row: Row) -> str:
    """Return the rules of errors and warnings, with their counts.

    >>> findings_text(Row((), findings={"error": ("CAP001", "CAP001"), "info": ("SRV009",)}))
    'CAP001 x2'
    """
    counted = Counter(rule for level in _LEVELS[:2] for rule in row.rules(level))
    return ", ".join(f"{rule} x{count}" if count > 1 else rule for rule, count in counted.items()) or "none"


def front_of(found: Sweep) -> list[int]:
    """Return the rows of the Pareto front of cost against latency; none if one of the two is not known."""
    keys = found.pareto_keys()
    return found.front(*keys) if keys is not None else []


def render_csv(found: Sweep, wanted: Sequence[str] = ()) -> str:
    """Return a row for each combination: its values, all numbers that vary in base units, and its findings."""
    keys = columns(found, wanted) if wanted else found.varying()
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    named = [*(axis.path for axis in found.axes), *map(name_of, keys)]
    writer.writerow([*map(csv_cell, named), *_LEVELS, "rules", "pareto", "error"])
    front = set(front_of(found))
    for index, row in enumerate(found.rows):
        numbers = [_number(row.numbers.get(key)) for key in keys]
        counts = [len(row.rules(level)) for level in _LEVELS]
        rules = " ".join(rule for level in _LEVELS for rule in row.rules(level))
        cells = [*map(csv_cell, row.values), *numbers, *counts, rules, int(index in front), csv_cell(row.error)]
        writer.writerow(cells)
    return stream.getvalue()


def _number(cell: Cell | None) -> str:
    return "" if cell is None or cell.value is None else repr(cell.value)



class JsonCell(msgspec.Struct, frozen=True):
    """A number of a combination."""

    subject: Path
    name: str
    value: Annotated[float | None, Meta(description="In base units; null if it is missing.")]
    unit: str
    text: str


class JsonRow(msgspec.Struct, frozen=True):
    """One combination."""

    values: Annotated[list[str], Meta(description="One for each axis, as written.")]
    numbers: list[JsonCell]
    findings: Annotated[dict[str, list[str]], Meta(description="Rules that fire, by severity.")]
    pareto: Annotated[bool, Meta(description="Whether no other row has both less cost and less latency.")]
    error: Annotated[str, Meta(description="Why this combination cannot be computed, else empty.")]


class JsonSweep(msgspec.Struct, frozen=True):
    """The numbers and findings of all combinations of some facts."""

    version: Annotated[Literal[1], Meta(description="Version of this contract.")]
    file: str
    system: str
    axes: Annotated[list[str], Meta(description="The structural paths that vary.")]
    rows: list[JsonRow]


def render_json(found: Sweep) -> str:
    """Return all numbers of all combinations as indented JSON that ends with a line break."""
    front = set(front_of(found))
    rows = [_json_row(row, index in front) for index, row in enumerate(found.rows)]
    return encoded(JsonSweep(VERSION, found.file, found.system, [axis.path for axis in found.axes], rows))


def _json_row(row: Row, pareto: bool) -> JsonRow:
    cells = [JsonCell(*key, cell.value, cell.unit, cell.text) for key, cell in row.numbers.items()]
    findings = {level: list(rules) for level, rules in row.findings.items()}
    return JsonRow(list(row.values), cells, findings, pareto, row.error)


def sweep_schema() -> dict[str, object]:
    """Return the JSON Schema (draft 2020-12) of what `render_json` writes."""
    return schema_of(JsonSweep, "archlint sweep, version 1")


def render_svg(found: Sweep, wanted: Sequence[str] = ()) -> str:
    """Return the plot of a sweep as a file of its own."""
    return alone(plot(found, wanted))


def plot(found: Sweep, wanted: Sequence[str] = ()) -> str:
    """Return a plot: cost against latency with the Pareto front, otherwise the first number over the first axis."""
    keys = found.pareto_keys()
    if keys is not None and not wanted:
        return _front_plot(found, *keys)
    shown = [key for key in columns(found, wanted) if any(_value(row, key) is not None for row in found.rows)]
    if not shown:
        return curves("No number varies", [Curve("", ((0.0, 0.0),))], "", "", str, str)
    return _axis_plot(found, shown[0])


def _front_plot(found: Sweep, cost: Key, time: Key) -> str:
    points: list[tuple[float, float]] = []
    titles: list[str] = []
    places: dict[int, int] = {}
    for index, row in enumerate(found.rows):
        x, y = _value(row, cost), _value(row, time)
        if x is not None and y is not None:
            places[index] = len(points)
            points.append((x, y))
            titles.append(_title(found, row))
    front = [places[index] for index in found.front(cost, time)]
    unit, other = _unit(found, cost), _unit(found, time)
    title = f"{name_of(time)} against {name_of(cost)}"
    line = Curve("combinations", tuple(points), False, tuple(titles))
    return curves(title, [line], name_of(cost), name_of(time), lambda v: format_quantity(v, unit),
                  lambda v: format_quantity(v, other), front=front)  # fmt: skip


def _axis_plot(found: Sweep, key: Key) -> str:
    """Plot one number over the values of the first axis, one line for each combination of the others."""
    values = found.axes[0].values
    series: dict[tuple[str, ...], list[tuple[float, float]]] = {}
    titles: dict[tuple[str, ...], list[str]] = {}
    for row in found.rows:
        y = _value(row, key)
        if y is not None:
            series.setdefault(row.values[1:], []).append((float(values.index(row.values[0])), y))
            titles.setdefault(row.values[1:], []).append(_title(found, row))
    names = [axis.path.rpartition(".")[2] for axis in found.axes[1:]]
    lines = [
        Curve(", ".join(f"{name} {value}" for name, value in zip(names, rest, strict=True)) or name_of(key),
              tuple(points), True, tuple(titles[rest]))
        for rest, points in list(series.items())[:12]
    ]  # fmt: skip
    unit, step = _unit(found, key), max(1, len(values) // 8)
    ticks = [float(index) for index in range(0, len(values), step)]
    return curves(name_of(key), lines, found.axes[0].path, name_of(key), lambda v: values[round(v)],
                  lambda v: format_quantity(v, unit), ticks=ticks)  # fmt: skip


def _title(found: Sweep, row: Row) -> str:
    return ", ".join(f"{axis.path}={value}" for axis, value in zip(found.axes, row.values, strict=True))


def _value(row: Row, key: Key) -> float | None:
    cell = row.numbers.get(key)
    return cell.value if cell is not None else None


def _unit(found: Sweep, key: Key) -> str:
    return next((row.numbers[key].unit for row in found.rows if _value(row, key) is not None), "")


def render_html(found: Sweep, wanted: Sequence[str] = ()) -> str:
    """Return a page with the plot and the table."""
    shown, front = columns(found, wanted), set(front_of(found))
    heads = [*(csv_cell(axis.path) for axis in found.axes), *map(name_of, shown), "findings"]
    heads += ["Pareto front"] if front else []
    body = [*figure(plot(found, wanted)), '<div class="scroll"><table class="numbers"><thead><tr>']
    body += [f'<th scope="col"><code>{text(head)}</code></th>' for head in heads]
    body.append("</tr></thead><tbody>")
    for index, row in enumerate(found.rows):
        mark = ["yes" if index in front else ""] if front else []
        body.append("<tr>" + "".join(element("td", cell) for cell in (*_cells(row, shown), *mark)) + "</tr>")
    body.append("</tbody></table></div>")
    lead = f"{found.system or found.file}: {plural(len(found.rows), 'combination')}"
    return page(f"{found.system or found.file}: sweep", lead, found.file, body)

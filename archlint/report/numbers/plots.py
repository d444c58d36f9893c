"""Plots as SVG: bars, waterfalls and curves, in the colours of the page or, alone, of the viewer's theme.

A plot has no script and loads nothing. Its texts are escaped. Each has a title and a description for screen readers,
which gives the values of bars, and the first, highest and last points of curves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Final

import msgspec

from archlint.model.quantities import format_duration
from archlint.report.layout import columns_of, flat

WIDTH: Final = 640.0
_ROW: Final = 22.0
_LABELS: Final = 220.0
_CHAR: Final = 6.4
"""The usual width of a character at 12 px."""
_VALUES: Final = 120.0
_PLOT: Final = (64.0, 30.0, 616.0, 250.0)
"""Left, top, right and bottom of the axes of a curve."""
_MARKS: Final = 6
_OF_CLOCKS: Final = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0)
_ROUNDING: Final = 1e-12
_MOST_SAID: Final = 12
SERIES: Final = 6
"""How many series have a colour of their own."""

STYLE: Final = """
.plot { --p-ink: #1a1f27; --p-faint: #59636e; --p-line: #d8dde3; --p-limit: #b3261e; --p-0: #2b6cb0; --p-1: #a8660a;
  --p-2: #2f7d4f; --p-3: #6a3fc4; --p-4: #b3201d; --p-5: #13766c; --p-pale: #bcd3ee; }
@media (prefers-color-scheme: dark) { .plot { --p-ink: #e8ebef; --p-faint: #a3adb8; --p-line: #333b45;
  --p-limit: #ff8a80; --p-0: #7db4f0; --p-1: #e3ab52; --p-2: #77c998; --p-3: #b598f5; --p-4: #ff8a84; --p-5: #5fd0c3;
  --p-pale: #2c4a6b; } }
.plot text { fill: var(--p-ink); font: 12px system-ui, sans-serif; } .plot .faint { fill: var(--p-faint); }
.plot .axis { stroke: var(--p-line); stroke-width: 1; } .plot .limit { stroke: var(--p-limit); stroke-dasharray: 4 3; }
.plot .limit-text { fill: var(--p-limit); } .plot .pale { fill: var(--p-pale); }
.plot .bar0 { fill: var(--p-0); } .plot .bar1 { fill: var(--p-1); } .plot .over { fill: var(--p-limit); }
.plot .line { fill: none; stroke-width: 2; } .plot .front { stroke: var(--p-faint); stroke-dasharray: 5 3; fill: none; }
""" + "".join(
    f".plot .line{n} {{ stroke: var(--p-{n}); }} .plot .dot{n} {{ fill: var(--p-{n}); }}\n" for n in range(SERIES)
)


class Bar(msgspec.Struct, frozen=True):
    """One row: a bar from `start` to `start + value`, with a text behind it; `pale` is a longer bar behind it."""

    label: str
    value: float
    text: str
    start: float = 0.0
    pale: float | None = None
    klass: str = "bar0"


class Curve(msgspec.Struct, frozen=True):
    """A series of points; `joined` draws a line through them."""

    name: str
    points: tuple[tuple[float, float], ...]
    joined: bool = True
    titles: tuple[str, ...] = ()


def bars(title: str, rows: Sequence[Bar], limit: float | None = None, limit_text: str = "") -> str:
    """Return horizontal bars, one a row, with a line at a limit."""
    ends = [max(bar.start + bar.value, bar.pale or 0.0) for bar in rows]
    most = max([*ends, limit or 0.0, 1e-300])
    room = WIDTH - _LABELS - _VALUES
    height = _ROW * len(rows) + (26.0 if limit is not None else 8.0)

    def x(value: float) -> float:
        return _LABELS + room * max(0.0, min(1.0, value / most))

    said = [f"{bar.label}: {bar.text}" for bar in rows]
    return _svg(title, height, _bar_rows(rows, x, limit, limit_text, height), said)


def _bar_rows(
    rows: Sequence[Bar], x: Callable[[float], float], limit: float | None, limit_text: str, height: float
) -> Iterator[str]:
    for number, bar in enumerate(rows):
        top = 4 + _ROW * number
        yield _text(_LABELS - 8, top + 14, _cut(bar.label, _LABELS - 12), "end")
        if bar.pale is not None and bar.pale > 0:
            yield _rect(x(0), top + 3, x(bar.pale) - x(0), _ROW - 8, "pale")
        start, end = x(bar.start), x(bar.start + bar.value)
        yield _rect(start, top + 3, max(1.0, end - start), _ROW - 8, bar.klass)
        behind = max(end, x(bar.pale or 0.0))
        yield _text(min(behind + 6, WIDTH - _VALUES + 4), top + 14, bar.text, klass="faint")
    if limit is not None:
        at = x(limit)
        yield f'<line class="limit" x1="{at:.1f}" x2="{at:.1f}" y1="0" y2="{height - 18:.1f}"/>'
        yield _text(at, height - 5, limit_text, "middle", "limit-text")


def curves(
    title: str, lines: Sequence[Curve], x_label: str, y_label: str, x_text: Callable[[float], str],
    y_text: Callable[[float], str], limit: float | None = None, limit_text: str = "", front: Sequence[int] = (),
    ticks: Sequence[float] = (),
) -> str:  # fmt: skip
    """Return curves over axes from zero, with marks at even steps or at `ticks` of the first axis.

    `front` are the indices of the first curve's points that a line joins.
    """
    points = [point for line in lines for point in line.points]
    if not points:
        return ""
    x_most = max(1e-300, *(x for x, _ in points))
    y_most = max(limit or 0.0, 1e-300, *(y for _, y in points))
    left, top, right, bottom = _PLOT

    def place(point: tuple[float, float]) -> tuple[float, float]:
        return left + (right - left) * point[0] / x_most, bottom - (bottom - top) * point[1] / y_most

    marks = ticks or steps(x_most, x_text is format_duration)
    rows = [*_axes(y_most, steps(y_most, y_text is format_duration), x_label, y_label, y_text)]
    rows += (_text(place((x, 0.0))[0], bottom + 16, x_text(x), "middle", "faint") for x in marks)
    if limit is not None:
        _, y = place((0.0, limit))
        rows.append(f'<line class="limit" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        rows.append(_text(right, y - 4, limit_text, "end", "limit-text"))
    if front:
        found = sorted(place(lines[0].points[index]) for index in front)
        rows.append(f'<polyline class="front" points="{_path(found)}"/>')
    for number, line in enumerate(lines):
        rows += _curve(line, number, place)
    if len(lines) > 1:
        rows += _legend(lines)
    height = bottom + 46 + (_ROW * math.ceil(len(lines) / 2) if len(lines) > 1 else 0.0)
    said = [f"{line.name}: {_course(line.points, x_text, y_text)}" for line in lines if line.points]
    return _svg(title, height, iter(rows), [f"{y_label} by {x_label}", *said])


def _course(
    points: Sequence[tuple[float, float]], x_text: Callable[[float], str], y_text: Callable[[float], str]
) -> str:
    """Say the first, the highest and the last point of a curve."""
    shown = dict.fromkeys((points[0], max(points, key=lambda point: point[1]), points[-1]))
    return ", ".join(f"{y_text(y)} at {x_text(x)}" for x, y in sorted(shown))


def steps(most: float, seconds: bool = False) -> list[float]:
    """Return round values from 0 to a number, about six; of seconds, also round numbers of minutes, hours and days.

    >>> steps(280.0), steps(166.0, seconds=True)
    ([0.0, 50.0, 100.0, 150.0, 200.0, 250.0], [0.0, 30.0, 60.0, 90.0, 120.0, 150.0])
    """
    least = most / _MARKS * (1 - _ROUNDING)
    unit = next((unit for unit in (86400.0, 3600.0, 60.0) if seconds and least >= unit / 4), 1.0)
    known = _OF_CLOCKS if 60.0 <= unit <= 3600.0 else ()
    step = next((each * unit for each in known if each * unit >= least), 0.0)
    if not step:
        power = 10.0 ** math.floor(math.log10(least / unit))
        step = unit * next(each * power for each in (1.0, 2.0, 5.0, 10.0, 20.0) if each * power * unit >= least)
    return [step * number for number in range(math.floor(most / step * (1 + _ROUNDING)) + 1)]


def _curve(
    line: Curve, number: int, place: Callable[[tuple[float, float]], tuple[float, float]]
) -> Iterator[str]:
    found = [place(point) for point in line.points]
    colour = number % SERIES
    if line.joined:
        yield f'<polyline class="line line{colour}" points="{_path(found)}"/>'
    for index, (x, y) in enumerate(found):
        if not line.joined or line.titles:
            said = escape(flat(line.titles[index])) if index < len(line.titles) else ""
            yield f'<circle class="dot{colour}" cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{said}</title></circle>'


def _axes(
    y_most: float, marks: Sequence[float], x_label: str, y_label: str, y_text: Callable[[float], str]
) -> Iterator[str]:
    left, top, right, bottom = _PLOT
    for mark in marks:
        y = bottom - (bottom - top) * mark / y_most
        yield f'<line class="axis" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield _text(left - 6, y + 4, y_text(mark), "end", "faint")
    yield _text((left + right) / 2, bottom + 34, x_label, "middle")
    yield _text(4, 11, y_label)


def _legend(lines: Sequence[Curve]) -> Iterator[str]:
    top = _PLOT[3] + 46
    for number, line in enumerate(lines):
        x, y = _PLOT[0] + (number % 2) * 280, top + _ROW * (number // 2)
        yield f'<circle class="dot{number % SERIES}" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'
        yield _text(x + 10, y + 4, _cut(line.name, 260))


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _rect(x: float, y: float, width: float, height: float, klass: str) -> str:
    return f'<rect class="{klass}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2"/>'


def _text(x: float, y: float, said: str, anchor: str = "start", klass: str = "") -> str:
    given = f' class="{klass}"' if klass else ""
    return f'<text{given} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(flat(said))}</text>'


def _cut(text: str, room: float) -> str:
    """Return a text that fits into a number of pixels.

    >>> _cut("a name that is far too long", 80.0)
    'a name that…'
    """
    shown = flat(text)
    most = int(room / _CHAR)
    return shown if columns_of(shown) <= most else f"{shown[: most - 1].rstrip()}…"


def _svg(title: str, height: float, rows: Iterator[str], said: Sequence[str]) -> str:
    name, more = escape(flat(title), quote=True), len(said) - _MOST_SAID
    told = [*said[:_MOST_SAID], *([f"and {more} more"] if more > 0 else [])]
    head = f'<svg class="plot" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height:g}" role="img"'
    described = f"<title>{name}</title><desc>{escape(flat('; '.join(told)))}</desc>"
    return f'{head} aria-label="{name}">{described}{"".join(rows)}</svg>'


def alone(plot: str) -> str:
    """Return a plot as a file of its own, with its style and a background.

    >>> alone(bars("busy", [Bar("api", 0.5, "50 %")])).startswith("<svg")
    True
    """
    head, close, rest = plot.partition(">")
    paper = '<style>.paper { fill: #fff; } @media (prefers-color-scheme: dark) { .paper { fill: #1b2027; } }'
    return f'{head}{close}{paper}{STYLE}</style><rect class="paper" width="100%" height="100%"/>{rest}\n'

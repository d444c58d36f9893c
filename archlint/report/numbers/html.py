"""The numbers of a system as one page with plots: no script, nothing to load, light and dark.

All text from files is escaped. A content security policy allows only the style of the page itself, by its hash.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Final

from archlint.analysis.courses import FIRST, Courses, SurgeTimeline
from archlint.analysis.numbers import ComponentNumbers, Number, Numbers, Waterfall, WorkloadNumbers
from archlint.analysis.quantity import Missing, Quantity
from archlint.analysis.system import System
from archlint.model.quantities import format_count, format_duration, format_percentile, format_quantity, format_share
from archlint.report.html.document import own_part
from archlint.report.html.tags import element, prose, text
from archlint.report.numbers.plots import STYLE, Bar, Curve, bars, curves
from archlint.report.numbers.words import left_out, meaning, number_text, why_missing
from archlint.report.plain import imported_text

MOST_BARS: Final = 40
_STYLE: Final = """
figure { margin: 0 0 1rem; } .plot { display: block; width: 100%; max-width: 52rem; height: auto; }
table.numbers { border-collapse: collapse; width: 100%; }
.numbers td, .numbers th { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); }
.numbers td { vertical-align: top; } .numbers td:last-child { min-width: 12rem; }
.numbers td.value { white-space: nowrap; }
.numbers details ul { margin: .3rem 0; padding-left: 1.2rem; } .numbers summary { cursor: pointer; }
"""
_BUSY: Final = "Dark: at the mean rates. Pale: while one workload is at its peak. Above 100 %, queues grow."
_CURVE: Final = "An estimate, while the other workloads stay at their mean rates."
_DISTRIBUTION: Final = "An estimate under load: the share of the answers that take at most as long."
_SHARES: Final = (0.0, 0.2, 0.4, 0.6, 0.8, 0.95)
_BREAKS: Final = "The rate of this workload at which each component has no worker left, if the others stay as they are."


def render_html(file: str, system: System, numbers: Numbers, courses: Sequence[Courses] = ()) -> str:
    """Return numbers and their courses as an HTML document with a line break at the end; `system` is that of both."""
    plotted = {one.workload: one for one in courses}
    title = f"{numbers.name or file}: numbers"
    origin = [element("p", f"{imported_text(numbers.imported)}.", klass="aside")] if numbers.imported else []
    workloads = (row for one in numbers.workloads for row in _workload(system, one, plotted.get(one.name)))
    return page(title, numbers.name or file, file, [
        *origin, *_load(numbers.components), *workloads, *_lost(numbers.components),
        *_all(numbers),
    ])  # fmt: skip


def page(title: str, lead: str, file: str, body: Sequence[str]) -> str:
    """Return a page with the style of the reports; its policy allows no script and no other source."""
    dark = f"@media (prefers-color-scheme: dark) {{\n{own_part('page_dark.css')}}}\n"
    style = own_part("page.css") + dark + _STYLE + STYLE
    hashed = b64encode(sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{hashed}'; img-src data:; base-uri 'none'; form-action 'none'"
    return "\n".join([
        "<!DOCTYPE html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">', '<meta name="referrer" content="no-referrer">',
        '<link rel="icon" href="data:,">', element("title", f"archlint: {title}"), f"<style>{style}</style>", "</head>",
        "<body>", "<header>", element("h1", "archlint"), element("p", lead, klass="lead"),
        element("p", file, klass="aside"), "</header>", "<main>", *body, "</main>", "</body>", "</html>",
    ]) + "\n"  # fmt: skip


def figure(plot: str, caption: str = "", table: str = "") -> Iterator[str]:
    """Yield a plot with a caption, and its values as a table that the reader may open."""
    if plot:
        yield "<figure>"
        yield plot
        if caption:
            yield f"<figcaption class=\"aside\">{prose(caption)}</figcaption>"
        if table:
            yield table
        yield "</figure>"


def values(
    lines: Sequence[Curve], heads: tuple[str, str], x_text: Callable[[float], str], y_text: Callable[[float], str]
) -> str:
    """Return the points of curves as a closed table: the same for those who cannot see a plot."""
    head = "".join(f'<th scope="col">{name}</th>' for name in ("curve", *heads))
    rows = "".join(
        f"<tr><td>{text(line.name)}</td><td>{text(x_text(x))}</td><td>{text(y_text(y))}</td></tr>"
        for line in lines for x, y in line.points
    )  # fmt: skip
    table = f'<table class="numbers"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return f"<details><summary>the values</summary><div class=\"scroll\">{table}</div></details>"


def _load(components: Sequence[ComponentNumbers]) -> Iterator[str]:
    """Yield the utilisations as bars, the busiest first."""
    rows = []
    for one in components:
        mean, peak = _quantity(one.get("utilisation")), _quantity(one.get("peak_utilisation"))
        shown = mean or peak
        if shown is not None:
            highest = max(shown.value, peak.value if peak is not None else 0.0)
            said = number_text(mean) if mean is not None else ""
            said += f", peak {format_share(peak.value)}" if peak is not None else ""
            klass = "over" if shown.value > 1 else "bar0"
            rows.append((highest, Bar(one.name, shown.value, said.lstrip(', '), pale=highest, klass=klass)))
    if rows:
        rows.sort(key=lambda row: -row[0])
        yield element("h2", "How busy the components are")
        busiest = [bar for _, bar in rows[:MOST_BARS]]
        yield from figure(bars("Utilisation by component", busiest, 1.0, "100 %"), _BUSY)


def _workload(system: System, one: WorkloadNumbers, plotted: Courses | None) -> Iterator[str]:
    yield element("h2", f"Workload {one.name}")
    if plotted is not None:
        yield from _latencies(system, plotted)
    for waterfall in one.waterfalls:
        yield from _waterfall(one.name, waterfall)
    if one.breaking:
        rate = next((each.per_s / each.factor for each in one.breaking if each.factor), None)
        rows = [
            Bar(each.component, each.per_s, format_quantity(each.per_s, "/s")) for each in one.breaking[:MOST_BARS]
        ]
        title = f"Where {one.name} breaks first"
        yield from figure(bars(title, rows, rate, "today" if rate is not None else ""), _BREAKS)
    if plotted is not None:
        for surge in plotted.surges:
            yield from _surge(system, one.name, surge)
    yield from _unavailable(one)


def _latencies(system: System, one: Courses) -> Iterator[str]:
    """Yield how the latency grows with the rate, up to that at which a component is full, and its distribution."""
    objectives = system.workloads[one.workload].slo.latency
    limit, said = None, ""
    if objectives:
        fraction, limit = objectives[-1]
        said = f"SLO {format_percentile(fraction)}"
    lines = [Curve(format_percentile(curve.fraction), curve.points) for curve in one.against_rate]
    title = f"Latency of {one.workload} against its rate"
    plot = curves(title, lines, "requests per second", "latency", _per_s, format_duration, limit, said)
    yield from figure(plot, _CURVE, values(lines, ("rate", "latency"), _per_s, format_duration))
    lines = [Curve(each.name, each.points) for each in one.distributions]
    title, of = f"Distribution of the latency of {one.workload}", ("share of the answers", "latency at most")
    if any(each.name.startswith(FIRST) for each in one.distributions):
        title, limit, said = f"Distribution of the time to the first token of {one.workload}", None, ""
    plot = curves(title, lines, of[0], of[1], format_share, format_duration, limit, said, ticks=_SHARES)
    yield from figure(plot, _DISTRIBUTION, values(lines, of, format_share, format_duration))


def _surge(system: System, workload: str, one: SurgeTimeline) -> Iterator[str]:
    """Yield how many requests wait over time when a peak begins."""
    lines = [Curve(f"noticed after {format_duration(each.noticed_s)}", each.points) for each in one.courses]
    limit = system.components[one.component].limit
    said = "most requests in progress" if limit is not None else ""
    title = f"The start of a peak of {workload} at {one.component}"
    plot = curves(title, lines, "time since the peak began", "requests that wait", format_duration, format_count,
                  limit, said)  # fmt: skip
    caption = (
        f"An estimate: {_per_s(one.arriving_per_s)} arrive, and {_per_s(one.handled_per_s)} are handled until the "
        f"autoscaler has noticed the peak and new replicas have started ({format_duration(one.start_s)})"
    )
    if one.handled_after_per_s is not None:
        caption += f", {_per_s(one.handled_after_per_s)} afterwards"
    of = ("time since the peak began", "requests that wait")
    yield from figure(plot, f"{caption}.", values(lines, of, format_duration, format_count))


def _per_s(value: float) -> str:
    return format_quantity(value, "/s") if value else "0/s"


def _unavailable(one: WorkloadNumbers) -> Iterator[str]:
    """Yield what its availability loses to each part, as bars."""
    lost = [each for each in one.contributions if each.lost_s > 0][:MOST_BARS]
    rows = [Bar(each.name, each.lost_s, format_duration(each.lost_s), klass="bar1") for each in lost]
    if rows:
        caption = "Time a month that requests fail less if the part never fails."
        yield from figure(bars(f"What the availability of {one.name} loses", rows), caption)


def _waterfall(workload: str, one: Waterfall) -> Iterator[str]:
    name = format_percentile(one.fraction)
    rows = [Bar(s.label, s.time_s, format_duration(s.time_s), s.start_s) for s in one.steps[:MOST_BARS]]
    if not rows:
        return
    caption = f"{name} {number_text(one.total)}"
    caption += " on idle servers" if one.total.name.startswith("least") else " under load"
    caption = "; ".join([caption, *left_out(one)])
    limit = one.objective_s
    said = f"SLO {format_duration(limit)}" if limit is not None else ""
    yield from figure(bars(f"Where the time of {workload} goes at {name}", rows, limit, said), caption)


def _lost(components: Sequence[ComponentNumbers]) -> Iterator[str]:
    rows = []
    for one in components:
        lost = _quantity(one.get("lost_traffic"))
        if lost is not None and lost.value > 0:
            rows.append(Bar(one.name, lost.value, format_share(lost.value), klass="bar1"))
    if rows:
        rows.sort(key=lambda bar: (-bar.value, bar.label))
        yield element("h2", "What is lost with each component")
        yield from figure(bars("Share of all requests that fails with each component", rows[:MOST_BARS], 1.0, "100 %"))


def _all(numbers: Numbers) -> Iterator[str]:
    """Yield a table of all numbers, each with its formula and terms."""
    yield element("h2", "All numbers")
    head = "".join(f'<th scope="col">{name}</th>' for name in ("part", "number", "value", "how it is computed"))
    yield f'<div class="scroll"><table class="numbers"><thead><tr>{head}</tr></thead><tbody>'
    later = {one.subject for one in numbers.workloads if one.gets_result_later}
    for (subject, name), number in numbers.flat().items():
        value = text(number_text(number))
        how = prose(why_missing(number)) if isinstance(number, Missing) else _how(number)
        about = text(meaning(name, subject in later))
        yield (
            f'<tr><td><code>{text(subject)}</code></td><td title="{about}"><code>{text(name)}</code></td>'
            f'<td class="value">{value}</td><td>{how}</td></tr>'
        )
    yield "</tbody></table></div>"


def _how(number: Quantity) -> str:
    items = []
    for term in number.terms:
        noted = f" ({text(term.note)})" if term.note else ""
        where = f" <code>{text(term.at.at)}</code>" if term.at is not None else noted
        items.append(f"<li>{text(term.label)}: {text(format_quantity(term.value, term.unit))}{where}</li>")
    return f"<details><summary>{text(number.formula)}</summary><ul>{''.join(items)}</ul></details>"


def _quantity(number: Number | None) -> Quantity | None:
    return number if isinstance(number, Quantity) else None

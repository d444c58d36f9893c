"""The report: head, summary, filter, and a section for each system, with its findings first, and its picture."""

from __future__ import annotations

from typing import Final

from archlint.baselined import BaselineUse
from archlint.report.html.document import document, switches, theme_button
from archlint.report.html.findings import accepted_item, finding_item, known_item
from archlint.report.html.live import live_section
from archlint.report.html.tags import Lines, element, text
from archlint.report.html.undecided import fact_item, pattern_row
from archlint.report.layout import flat, joined, plural
from archlint.report.options import ReportOptions
from archlint.report.plain import imported_text, place_text, relative_path, skipped_text, to_do
from archlint.report.spent import overdue, spent_groups, spent_text
from archlint.report.summary import SEVERITIES
from archlint.report.undecided import missing_facts
from archlint.verdicts import FileReport, Report

_KINDS: Final = (
    ("error", "Errors"), ("warning", "Warnings"), ("info", "Information"), ("undecided", "Undecided"),
    ("baseline", "In the baseline"), ("accepted", "Accepted"),
)  # fmt: skip


def render_html(report: Report, options: ReportOptions | None = None) -> str:
    """Return the report as an HTML document that ends with a line break, with the diagrams in `options.diagrams`."""
    options = options or ReportOptions()
    body = [
        '<a class="skip" href="#report">Skip to the findings</a>',
        *_header(report),
        *_filter(report),
        '<main id="report" tabindex="-1">',
        *_errors(report),
        *(line for use in report.baselines for line in _baseline(use)),
        *(line for number, file in enumerate(report.files) for line in _system(file, number, options)),
        '<p id="nothing" hidden>Nothing matches the filter.</p>',
        "</main>",
        element("footer", f"Written by {f'archlint {options.version}'.strip()}."),
    ]
    return document(f"archlint: {_told(report)}", "report", body)


def _counts(files: tuple[FileReport, ...]) -> dict[str, int]:
    counts = {name: sum(f.severity == name for file in files for f in file.grouped) for name in SEVERITIES}
    return {
        **counts,
        "undecided": sum(len(file.undecided) for file in files),
        "baseline": sum(len(file.baselined) for file in files),
        "accepted": sum(len(file.accepted) for file in files),
    }


def _kinds(report: Report) -> list[tuple[str, str]]:
    """Return the kinds to count and show; the baseline is one of them only if there is a baseline."""
    known = any(file.baseline for file in report.files)
    return [(name, title) for name, title in _KINDS if known or name != "baseline"]


def _told(report: Report) -> str:
    counts = _counts(report.files)
    found = joined(plural(counts[name], name) for name in SEVERITIES if counts[name])
    found = found or ("nothing new" if counts["baseline"] else "nothing found")
    late = overdue(report)
    told = f"; {plural(len(late), 'strict baseline')} with outdated entries" if late else ""
    return f"{found} in {plural(len(report.files), 'file')}{told}"


def _header(report: Report) -> Lines:
    counts = _counts(report.files)
    yield "<header>"
    yield element("h1", "archlint")
    yield theme_button()
    yield element("p", f"{_told(report)}.", klass="lead")
    yield '<dl class="counts">'
    for name, title in _kinds(report):
        empty = "" if counts[name] else " none"
        yield f'<div class="count {name}{empty}"><dt>{title}</dt><dd>{counts[name]:,}</dd></div>'
    yield "</dl>"
    for file in report.files:
        if file.imported:
            yield element("p", f"{imported_text(file.imported)}.", klass="aside")
    if report.skipped:
        skipped = skipped_text(report)
        yield element("p", skipped, klass="aside")
    yield "</header>"


def _filter(report: Report) -> Lines:
    """Write the filter; the script shows it, because it needs the script to work."""
    rules: dict[str, str] = {}
    for file in report.files:
        rules |= {finding.rule: finding.name for finding in file.findings}
        rules |= {known.finding.rule: known.finding.name for known in file.baselined}
        rules |= {entry.finding.rule: entry.finding.name for entry in file.accepted}
        rules |= {question.rule: question.name for question in file.undecided}
    yield '<form id="filter" role="search" aria-label="Filter" hidden>'
    yield '<label class="search">Text <input type="search" id="words" autocomplete="off" spellcheck="false"></label>'
    yield '<label>Rule <select id="rule"><option value="">all rules</option>'
    for rule in sorted(rules):
        yield element("option", f"{rule} {rules[rule]}", value=rule)
    yield "</select></label>"
    yield from switches([(name, title, -1) for name, title in _kinds(report)])
    yield '<button type="reset">Reset</button>'
    yield '<output id="count" role="status"></output>'
    yield '<output id="shown" role="status" aria-live="polite"></output>'
    yield "</form>"


def _errors(report: Report) -> Lines:
    if not report.errors:
        return
    yield '<section class="unread" aria-labelledby="unread">'
    yield element("h2", "Could not be read", id="unread")
    yield "<ul>"
    for error in report.errors:
        hint = element("span", error.hint, klass="hint") if error.hint else ""
        yield f"<li>{element('span', error.message, klass='message')} {hint}</li>"
    yield "</ul></section>"


def _baseline(use: BaselineUse) -> Lines:
    """Report entries that a baseline no longer needs; a strict baseline is highlighted, because it fails the check."""
    if not use.spent:
        return
    yield f'<section class="spent{" strict" if use.strict else ""}">'
    yield element("h2", f"{'Strict baseline' if use.strict else 'Baseline'} {flat(use.file)}")
    yield element("p", spent_text(use), klass="message")
    yield "<ul>"
    yield from (element("li", entry) for _, entries in spent_groups(use) for entry in entries)
    yield "</ul></section>"


def _system(file: FileReport, number: int, options: ReportOptions) -> Lines:
    name = f"system-{number}"
    path = relative_path(file.file, options.root)
    live = options.diagrams.get(file.key)
    yield f'<section class="system{" with-picture" if live else ""}" aria-labelledby="{name}">'
    where = f" {element('code', path, klass='path')}" if file.system else ""
    yield f'<h2 id="{name}">{text(file.system or path)}{where}</h2>'
    yield '<div class="side">'
    if live:
        yield '<div class="part" hidden aria-live="polite"></div>'
    if not file.findings:
        ran = f" ({plural(file.rules_run, 'rule')})" if file.rules_run else ""
        yield element("p", f"Nothing {'new' if file.baselined else 'found'}{ran}.", klass="clear")
    for place, finding in enumerate(file.grouped):
        yield from finding_item(finding, file.sources, options.root, place, number)
    for hint in file.hints:
        yield element("p", f"Note: {hint.message} (`{place_text(hint.location, options.root)}`)", klass="aside")
    yield "</div>"
    if live:
        yield from live_section(live)
    yield '<div class="rest">'
    yield from _undecided(file, options.root)
    yield from _known(file, options.root)
    yield from _accepted(file, options.root)
    yield from _patterns(file)
    yield "</div></section>"


def _undecided(file: FileReport, root: str) -> Lines:
    if file.undecided:
        yield '<section class="block">'
        yield element("h3", f"Undecided ({len(file.undecided):,})")
        facts = missing_facts(Report((file,)))
        aside = to_do(facts)
        yield element("p", f"{aside[:1].upper()}{aside[1:]}:", klass="aside")
        yield '<ul class="facts">'
        for fact in facts:
            if fact.listed:
                yield from fact_item(fact, len(file.undecided), root)
        yield "</ul></section>"


def _known(file: FileReport, root: str) -> Lines:
    """Write the findings in the baseline, folded away: they need no action now."""
    if file.baselined:
        yield f'<details class="block known"><summary>In the baseline ({len(file.baselined):,})</summary>'
        for known in file.baselined:
            yield from known_item(known, root)
        yield "</details>"


def _accepted(file: FileReport, root: str) -> Lines:
    if file.accepted:
        yield '<section class="block">'
        yield element("h3", f"Accepted ({len(file.accepted):,})")
        for entry in file.accepted:
            yield from accepted_item(entry, root)
        yield "</section>"


def _patterns(file: FileReport) -> Lines:
    if file.patterns:
        yield '<section class="block patterns">'
        yield element("h3", "Recognised patterns")
        yield '<div class="scroll"><table><thead><tr><th scope="col">pattern</th><th scope="col">workload</th>'
        yield '<th scope="col">components</th></tr></thead><tbody>'
        yield from map(pattern_row, file.patterns)
        yield "</tbody></table></div></section>"

"""The page: head, summary, filter, and a section for each system.

All text from files is escaped. A content security policy allows only the style and the script of the page itself, by
their hashes; nothing else runs or loads.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

from archlint.baselined import BaselineUse
from archlint.report.html.findings import accepted_item, finding_item, known_item
from archlint.report.html.tags import Lines, element, text
from archlint.report.html.undecided import fact_item, pattern_row
from archlint.report.layout import flat, joined, plural
from archlint.report.options import ReportOptions
from archlint.report.plain import imported_text, place_text, relative_path, skipped_text, to_do
from archlint.report.spent import overdue, spent_groups, spent_text
from archlint.report.summary import SEVERITIES
from archlint.report.undecided import missing_facts
from archlint.verdicts import FileReport, Report

_HERE: Final = Path(__file__).resolve().parent
_KINDS: Final = (
    ("error", "Errors"), ("warning", "Warnings"), ("info", "Information"), ("undecided", "Undecided"),
    ("baseline", "In the baseline"), ("accepted", "Accepted"),
)  # fmt: skip


def render_html(report: Report, options: ReportOptions | None = None) -> str:
    """Return the report as an HTML document that ends with a line break, with the diagrams in `options.diagrams`."""
    options = options or ReportOptions()
    style = (_HERE / "page.css").read_text(encoding="utf-8")
    script = (_HERE / "page.js").read_text(encoding="utf-8")
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(style, script)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        '<meta name="referrer" content="no-referrer">',
        '<meta name="robots" content="noindex">',
        element("title", f"archlint: {_told(report)}"),
        f"<style>{style}</style>",
        "</head>",
        "<body>",
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
        f"<script>{script}</script>",
        "</body>",
        "</html>",
    ]
    return "\n".join(lines) + "\n"


def _policy(style: str, script: str) -> str:
    """Return a policy that allows only this style, this script, and images that are part of the page."""
    hashes = [base64.b64encode(sha256(part.encode()).digest()).decode() for part in (style, script)]
    sources = f"style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; img-src data:"
    return f"default-src 'none'; {sources}; base-uri 'none'; form-action 'none'"


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
    yield "<fieldset><legend>Show</legend>"
    for name, title in _kinds(report):
        yield f'<label class="kind"><input type="checkbox" name="kind" value="{name}" checked> {title}</label>'
    yield "</fieldset>"
    yield '<button type="reset">Reset</button>'
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
    yield f'<section class="system" aria-labelledby="{name}">'
    where = f" {element('code', path, klass='path')}" if file.system else ""
    yield f'<h2 id="{name}">{text(file.system or path)}{where}</h2>'
    yield from _diagram(file, options)
    if not file.findings:
        ran = f" ({plural(file.rules_run, 'rule')})" if file.rules_run else ""
        yield element("p", f"Nothing {'new' if file.baselined else 'found'}{ran}.", klass="clear")
    for finding in file.grouped:
        yield from finding_item(finding, file.sources, options.root)
    for hint in file.hints:
        yield element("p", f"Note: {hint.message} (`{place_text(hint.location, options.root)}`)", klass="aside")
    yield from _undecided(file, options.root)
    yield from _known(file, options.root)
    yield from _accepted(file, options.root)
    yield from _patterns(file)
    yield "</section>"


def _diagram(file: FileReport, options: ReportOptions) -> Iterator[str]:
    """Show the diagram of a system as an image, so that nothing in it can run or load."""
    svg = options.diagrams.get(file.key)
    if svg:
        data = base64.b64encode(svg.encode("utf-8", "replace")).decode()
        alt = text(f"Diagram of {file.system or file.file}")
        yield f'<figure class="diagram"><img alt="{alt}" src="data:image/svg+xml;base64,{data}"></figure>'


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

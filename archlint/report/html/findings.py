"""Findings as HTML: message, place, source, arithmetic, fixes."""

from __future__ import annotations

from collections.abc import Mapping

from archlint.report.html.tags import Lines, element, prose, source, text
from archlint.report.layout import flat
from archlint.report.plain import certainty_text, place_text, start_after, term_label, term_source
from archlint.source.document import Document
from archlint.verdicts import Accepted, Baselined, Cure, Finding, Location

_AROUND = 2
_MOST_LINES = 12
_MOST_WIDE = 400


def finding_item(
    finding: Finding, sources: Mapping[str, Document], root: str, number: int = 0, system: int = 0
) -> Lines:
    """Write a finding with all of its details; `number` is its number in its system."""
    kind = text(finding.severity)
    own = f'id="finding-{system + 1}-{text(finding.fingerprint)}" data-finding="{number}"'
    yield f'<article class="item {kind}" {own} data-kind="{kind}" data-rules="{text(finding.rule)}">'
    yield from _head(finding, finding.severity, root)
    yield from _frame(finding.location, sources.get(finding.location.file))
    yield from _terms(finding, root)
    yield from _notes(finding, root)
    yield from _cures(finding)
    yield _more(finding)
    yield "</article>"


def _more(finding: Finding) -> str:
    """Return the command that explains the rule, and a link to its page if there is one."""
    page = f' or <a href="{text(finding.docs)}" rel="noreferrer">its page</a>' if _web(finding.docs) else ""
    return f'<p class="more">More: <code>archlint explain {text(finding.rule)}</code>{page}</p>'


def _web(address: str) -> bool:
    return address.startswith("https://") and address.isprintable() and " " not in address


def known_item(known: Baselined, root: str) -> Lines:
    """Write a finding that is in the baseline."""
    finding = known.finding
    yield f'<article class="item baseline" data-kind="baseline" data-rules="{text(finding.rule)}">'
    yield from _head(finding, finding.severity, root)
    if known.was:
        yield element("p", f"In the baseline as `{known.was}`", klass="why")
    yield "</article>"


def accepted_item(entry: Accepted, root: str) -> Lines:
    """Write an accepted finding, with the reason and the place of the acceptance."""
    finding = entry.finding
    yield f'<article class="item accepted" data-kind="accepted" data-rules="{text(finding.rule)}">'
    yield from _head(finding, "accepted", root)
    until = f" until {flat(entry.until)}" if entry.until else ""
    yield element("p", f"Accepted{until} in `{place_text(entry.location, root)}`: {flat(entry.reason)}", klass="why")
    yield "</article>"


def _head(finding: Finding, badge: str, root: str) -> Lines:
    name = f'<code class="rule">{text(finding.rule)}</code> {text(finding.name)}'
    yield f'<h3><span class="badge {text(badge)}">{text(badge)}</span> {name}</h3>'
    yield element("p", finding.message, klass="message")
    place = f"{place_text(finding.location, root)}:{finding.location.column}"
    at = f' <span class="at">{text(finding.at)}</span>' if finding.at != "system" else ""
    yield f'<p class="place"><code>{text(place)}</code>{at}</p>'


def _frame(here: Location, document: Document | None) -> Lines:
    """Show the lines of a place and the lines around them, with the place marked."""
    if document is None or not document.line(here.line):
        return
    last = min(here.end_line, here.line + _MOST_LINES)
    numbers = range(max(1, here.line - _AROUND), last + _AROUND + 1)
    shown = [number for number in numbers if here.line <= number <= last or document.line(number).strip()]
    yield '<pre class="source" tabindex="0" aria-label="Source"><code>'
    for number in shown:
        line = document.line(number)
        inside = here.line <= number <= last
        klass = ' class="here"' if inside else ""
        yield f'<span{klass}><i>{number}</i>{_marked(line, here, number) if inside else source(_cut(line))}</span>'
    yield "</code></pre>"


def _marked(line: str, here: Location, number: int) -> str:
    start = here.column - 1 if number == here.line else len(line) - len(line.lstrip())
    end = here.end_column - 1 if number == here.end_line else len(line.rstrip())
    first = max(0, start - _MOST_WIDE // 2)
    before, inside, after = line[first:start], line[start:end], line[end:]
    dots = "…" if first else ""
    return f"{dots}{source(before)}<mark>{source(_cut(inside))}</mark>{source(_cut(after))}"


def _cut(line: str) -> str:
    return line if len(line) <= _MOST_WIDE else f"{line[:_MOST_WIDE]}…"


def _terms(finding: Finding, root: str) -> Lines:
    if not finding.terms:
        return
    yield '<div class="scroll"><table class="terms"><thead><tr><th scope="col">what</th><th scope="col">value</th>'
    yield '<th scope="col">from</th></tr></thead><tbody>'
    for term in finding.terms:
        place = place_text(term.location, root) if term.location else ""
        limit = ' class="limit"' if term.limit else ""
        cells = f"<td>{prose(term.text)}</td><td>{prose(term_source(term, place))}</td>"
        yield f'<tr{limit}><th scope="row">{prose(term_label(term))}</th>{cells}</tr>'
    yield "</tbody></table></div>"


def _notes(finding: Finding, root: str) -> Lines:
    notes = [prose(said) for said in (certainty_text(finding), flat(finding.suggestion)) if said]
    for other in finding.all_related:
        notes.append(f"<code>{text(place_text(other.location, root))}</code> {prose(other.message)}")
    if notes:
        yield '<ul class="notes">'
        yield from (f"<li>{note}</li>" for note in notes)
        yield "</ul>"


def _cures(finding: Finding) -> Lines:
    if finding.cures:
        yield element("h4", "Fixes, best first" if len(finding.cures) > 1 else "Fix")
        yield '<ul class="fixes">'
        yield from (f"<li>{_cure(cure)}</li>" for cure in finding.cures)
        yield "</ul>"


def _cure(cure: Cure) -> str:
    url, title = cure.docs if _web(cure.docs) else "", text(cure.title or cure.pattern)
    name = f'<a href="{text(url)}" rel="noreferrer">{title}</a>' if url else f"<strong>{title}</strong>"
    start = f"{start_after(cure)}<code>{text(cure.start)}</code>" if cure.start else ""
    return f"{name}: {prose(cure.text)}{start}"

"""The report as GitHub-flavoured Markdown, for a comment on a pull request.

It fits into one comment: GitHub rejects a body of more than 65,536 characters. A longer report is shortened: first
arithmetic is omitted, then the least severe findings. A note counts what was omitted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from archlint.report.layout import flat, joined, plural
from archlint.report.markup import clipped, code, prose, web_link
from archlint.report.next import correction, next_steps
from archlint.report.options import ReportOptions
from archlint.report.plain import (
    certainty_text,
    fact_text,
    first_correct,
    imported_text,
    keyless,
    place_text,
    relative_path,
    skipped_text,
    start_after,
    term_label,
    term_source,
    to_do,
    why_open,
)
from archlint.report.spent import spent_text
from archlint.report.summary import SEVERITIES
from archlint.report.undecided import MissingFact, missing_facts
from archlint.verdicts import Accepted, Baselined, FileReport, Finding, Report

MOST_CHARACTERS: Final = 65_536
_TITLES: Final = {"error": "Errors", "warning": "Warnings", "info": "Information"}
_MOST_SHORT = 300
_MOST_FILES = 50
_MOST_PLACES = 20
_RESERVED = 600
"""Characters for the notes that count what was omitted."""


def render_markdown(report: Report, options: ReportOptions | None = None, most: int = MOST_CHARACTERS) -> str:
    """Return the report as Markdown of at most so many characters (at least some 4,000) that ends with a line break."""
    root = (options or ReportOptions()).root
    parts = ["\n".join(_head(report, root))]
    room = most - len(parts[0]) - _RESERVED
    tail = {
        f"In the baseline ({len(report.baselined):,})": list(_known(report.baselined, root)),
        f"Undecided ({len(report.undecided):,}): {to_do(missing_facts(report))}": list(_undecided(report, root)),
        f"Accepted ({len(report.accepted):,})": list(_accepted(report.accepted, root)),
    }
    tail = {title: lines for title, lines in tail.items() if lines}
    parts += _next(report, root)
    room -= sum(len(part) + 2 for part in parts[1:])
    first = len(parts)
    kept_for_tail = min(sum(map(_size, tail.values())), room // 3)
    parts += _findings(report.findings, root, room - kept_for_tail)
    room -= sum(len(part) + 2 for part in parts[first:])
    for number, (title, lines) in enumerate(tail.items()):
        parts.append(_folded(title, lines, room // (len(tail) - number)))
        room -= len(parts[-1]) + 2
    return "\n\n".join(parts) + "\n"


def _next(report: Report, root: str) -> Iterator[str]:
    """Yield facts to know that no rule judges, and what to write next, the most decisive first."""
    hints = [hint for file in report.files for hint in file.hints][:_MOST_PLACES]
    if hints:
        yield "\n".join(f"> {code(place_text(hint.location, root))}: {prose(hint.message)}" for hint in hints)
    many = len(report.files) > 1
    steps = [
        f"- {code(step.write)}{f' in {code(relative_path(step.file, root))}' if many else ''}: {prose(step.why)}"
        for step in next_steps(report)
    ]
    head = f"{len(report.undecided):,} undecided."
    if wrong := correction(report):
        head += f" {prose(wrong)}"
    if steps:
        said = f"{head} {'Then add' if wrong else 'Add'} these facts; the first decides most:"
        yield "\n".join([said, "", *steps])
    elif wrong:
        yield head


def _size(lines: Sequence[str]) -> int:
    return sum(len(line) + 1 for line in lines) + 200


def _head(report: Report, root: str) -> Iterator[str]:
    counts = {name: sum(f.severity == name for f in report.findings) for name in SEVERITIES}
    told = joined(plural(count, name) for name, count in counts.items() if count)
    told = told or ("nothing new" if report.baselined else "nothing found")
    yield f"## archlint: {told} in {plural(len(report.files), 'file')}"
    yield ""
    if report.files:
        yield from _table(report, root)
    for file in report.files[:_MOST_FILES]:
        if file.imported:
            yield ""
            yield f"{imported_text(file.imported, root, code)}."
    yield from _baselines(report)
    if report.skipped:
        yield ""
        yield skipped_text(report)
    if report.errors:
        yield ""
        yield f"### Could not be read ({len(report.errors):,})"
        yield ""
        for error in report.errors[:_MOST_FILES]:
            hint = f" ({prose(error.hint)})" if error.hint else ""
            yield f"- {prose(clipped(error.message, _MOST_SHORT))}{hint}"
        if len(report.errors) > _MOST_FILES:
            yield f"- and {plural(len(report.errors) - _MOST_FILES, 'more input')}"


def _table(report: Report, root: str) -> Iterator[str]:
    """Count by file; there is a column for the baseline if any file has one."""
    known = any(file.baseline for file in report.files)
    columns = ["file", *SEVERITIES, *(["baseline"] if known else []), "accepted", "undecided"]
    yield f"| {' | '.join(columns)} |"
    yield f"|---|{'--:|' * (len(columns) - 1)}"
    yield from (_row(file, root, known) for file in report.files[:_MOST_FILES])
    if len(report.files) > _MOST_FILES:
        yield f"| and {plural(len(report.files) - _MOST_FILES, 'more file')} |{' |' * (len(columns) - 1)}"


def _baselines(report: Report) -> Iterator[str]:
    """Report the entries that each baseline no longer needs."""
    for use in report.baselines:
        if use.spent:
            told = prose(spent_text(use))
            yield ""
            yield f"**{told}**" if use.strict else told


def _row(file: FileReport, root: str, known: bool) -> str:
    counts = [sum(f.severity == name for f in file.grouped) for name in SEVERITIES]
    counts += [len(file.baselined)] if known else []
    counts += [len(file.accepted), len(file.undecided)]
    name = code(clipped(relative_path(file.file, root), _MOST_SHORT), cell=True)
    system = f" {prose(clipped(file.system, 80), cell=True)}" if file.system else ""
    return f"| {name}{system} | {' | '.join(f'{count:,}' if count else '-' for count in counts)} |"


def _findings(findings: Sequence[Finding], root: str, room: int) -> Iterator[str]:
    """Yield what fits: the most severe in full, then others in one line each, then the number of the rest."""
    left_out = 0
    full = True
    for severity in SEVERITIES:
        group = [finding for finding in findings if finding.severity == severity]
        if group:
            title = f"### {_TITLES[severity]} ({len(group):,})"
            room -= len(title) + 2
            yield title
        lines: list[str] = []
        for number, finding in enumerate(group):
            block = "\n".join(_block(finding, root)) if full else ""
            # Once one is shortened, all later ones are: no finding is shown in full below a shortened one.
            full = full and len(block) + 2 <= room - _short_lines(group[number + 1 :]) // 4
            if full:
                room -= len(block) + 2
                yield block
                continue
            short = f"- {_title(finding, root, _MOST_SHORT)}"
            if len(short) + 2 > room:
                left_out += len(group) - number
                room = 0
                break
            room -= len(short) + 1
            lines.append(short)
        if lines:
            yield "\n".join(lines)
    if not full:
        yield _cut_note(left_out)


def _short_lines(findings: Sequence[Finding]) -> int:
    return len(findings) * _MOST_SHORT


def _cut_note(left_out: int) -> str:
    gone = f" {plural(left_out, 'finding')} not listed (the least severe)." if left_out else ""
    cut = f"Shortened to GitHub's limit of {MOST_CHARACTERS:,} characters per comment: some arithmetic is omitted."
    return f"> {cut}{gone} Run `archlint check` for the full report."


def _title(finding: Finding, root: str, most: int) -> str:
    place = code(f"{place_text(finding.location, root)}:{finding.location.column}")
    return f"**{prose(finding.rule)} {prose(finding.name)}** at {place}: {prose(clipped(flat(finding.message), most))}"


def _block(finding: Finding, root: str) -> Iterator[str]:
    yield _title(finding, root, 4 * _MOST_SHORT)
    details = [*_terms(finding, root), *_notes(finding, root), *_cures(finding)]
    if details:
        yield ""
        yield f"<details><summary>{_what(finding)}</summary>"
        yield ""
        yield from details
        yield "</details>"


def _what(finding: Finding) -> str:
    told = ["arithmetic"] if finding.terms else []
    told += ["places"] if finding.all_related else []
    told += ["fixes"] if finding.cures or finding.suggestion else []
    return (joined(told) or "details").capitalize()


def _terms(finding: Finding, root: str) -> Iterator[str]:
    if not finding.terms:
        return
    yield "| what | value | from |"
    yield "|---|--:|---|"
    for term in finding.terms:
        place = place_text(term.location, root) if term.location else ""
        label, value = prose(term_label(term), cell=True), prose(clipped(term.text, _MOST_SHORT), cell=True)
        strong = "**" if term.limit and label and value else ""
        told = prose(term_source(term, place), cell=True)
        yield f"| {strong}{label}{strong} | {strong}{value}{strong} | {told} |"
    yield ""


def _notes(finding: Finding, root: str) -> Iterator[str]:
    notes = [prose(said) for said in (certainty_text(finding), flat(finding.suggestion)) if said]
    others = finding.elsewhere
    shown = (*others[:_MOST_PLACES], *finding.related)
    notes += [f"{code(place_text(other.location, root))}: {prose(other.message)}" for other in shown]
    if len(others) > _MOST_PLACES:
        notes.insert(len(notes) - len(finding.related), f"and {plural(len(others) - _MOST_PLACES, 'more place')}")
    yield from (f"- {note}" for note in notes)
    if notes:
        yield ""


def _cures(finding: Finding) -> Iterator[str]:
    if finding.cures:
        yield "Fixes, best first:" if len(finding.cures) > 1 else "Fix:"
        yield ""
    for cure in finding.cures:
        title = f"**{web_link(cure.title or cure.pattern, cure.docs)}**"
        start = f"{start_after(cure)}{code(cure.start)}" if cure.start else ""
        yield f"- {title}: {prose(cure.text)}{start}"
    if finding.cures:
        yield ""
    page = f" or {web_link('its page', finding.docs)}" if finding.docs.startswith("https://") else ""
    yield f"More: {code(f'archlint explain {finding.rule}')}{page}"
    yield ""


def _undecided(report: Report, root: str) -> Iterator[str]:
    count = len(report.undecided)
    for fact in missing_facts(report):
        if fact.listed:
            yield f"- {_fact(fact, count, len(report.files) > 1, root)}"
            for question in fact.listed:
                name = f"{prose(question.rule)} {prose(question.name)}"
                because = f" ({prose(why_open(question))})" if question.because else ""
                if question.mistakes:
                    because = f": {prose(first_correct((question,), question.location.file))}"
                yield f"  - {name} at {code(place_text(question.location, root))}{because}"


def _fact(fact: MissingFact, count: int, many: bool, root: str) -> str:
    if not fact.key:
        return keyless(fact)
    where = f" in {code(relative_path(fact.file, root))}" if many else ""
    return f"{code(fact.key)}{where}: {fact_text(fact, count)}"


def _known(entries: Sequence[Baselined], root: str) -> Iterator[str]:
    for known in entries:
        was = f" (in the baseline as {code(known.was)})" if known.was else ""
        yield f"- {known.finding.severity} {_title(known.finding, root, _MOST_SHORT)}{was}"


def _accepted(entries: Sequence[Accepted], root: str) -> Iterator[str]:
    for entry in entries:
        until = f" until {prose(entry.until)}" if entry.until else ""
        reason, place = prose(clipped(entry.reason, _MOST_SHORT)), code(place_text(entry.location, root))
        why = f"accepted{until} in {place}: {reason}"
        yield f"- {_title(entry.finding, root, _MOST_SHORT)} ({why})"


def _folded(title: str, lines: Sequence[str], room: int) -> str:
    """Fold a list away; of a list that does not fit, only the first lines."""
    head, foot = f"<details><summary>{title}</summary>\n\n", "\n\n</details>"
    room -= len(head) + len(foot) + 60
    kept: list[str] = []
    for number, line in enumerate(lines):
        room -= len(line) + 1
        if room < 0:
            kept.append(f"- and {plural(len(lines) - number, 'more line')}, omitted to fit the limit")
            break
        kept.append(line)
    return head + "\n".join(kept) + foot

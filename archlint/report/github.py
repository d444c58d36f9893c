"""The report as commands of GitHub Actions, which annotate the lines of a pull request.

The form and the escapes are those of docs.github.com, "Workflow commands for GitHub Actions", and of
github.com/actions/toolkit, packages/core/src/command.ts. GitHub shows ten errors and ten warnings for each step
(github.com/actions/toolkit, docs/problem-matchers.md, "Limitations"), and archlint limits notices in the same way.
Further findings go into the log as plain text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from archlint.baselined import BaselineUse
from archlint.findings import count_of
from archlint.inputs import InputError
from archlint.report.layout import flat, joined, plural
from archlint.report.options import ReportOptions
from archlint.report.plain import (
    arithmetic,
    certainty_text,
    error_place,
    fix_lines,
    place_lines,
    place_text,
    question_text,
    relative_path,
    without_place,
)
from archlint.report.spent import overdue, spent_text
from archlint.report.summary import SEVERITIES
from archlint.verdicts import Accepted, Finding, OpenQuestion, Report

MOST_SHOWN: Final = 10
_COMMANDS: Final = {"error": "error", "warning": "warning", "info": "notice"}


def render_github(report: Report, options: ReportOptions | None = None) -> str:
    """Return a command for each finding, the most severe first, and the others as groups of the log."""
    root = (options or ReportOptions()).root
    by_severity = {name: [f for f in report.findings if f.severity == name] for name in SEVERITIES}
    late = overdue(report)
    lines = [*(_of_error(error, root) for error in report.errors), *(_of_baseline(use, root) for use in late)]
    beyond = [plain_line(f"error {text}") for text in (*(e.message for e in report.errors), *map(spent_text, late))]
    lines, beyond = lines[:MOST_SHOWN], beyond[MOST_SHOWN:]
    told = {"error": len(lines), "warning": 0, "info": 0}
    for severity, findings in by_severity.items():
        room = MOST_SHOWN - told[severity] - (severity == "info")
        lines += [_command(finding, root) for finding in findings[:room]]
        beyond += [_log_line(finding, root) for finding in findings[room:]]
    known = [_log_line(known.finding, root) for known in report.baselined]
    accepted = [_accepted(entry, root) for entry in report.accepted]
    undecided = [_undecided(question, root) for question in report.undecided]
    why = f"GitHub shows at most {MOST_SHOWN} annotations of a level"
    lines += _group(f"{plural(len(beyond), 'more finding')}: {why}", beyond)
    lines += _group(f"{plural(count_of(one.finding for one in report.baselined), 'finding')} in the baseline", known)
    lines += _group(f"{plural(count_of(one.finding for one in report.accepted), 'finding')} accepted", accepted)
    lines += _group(f"{len(undecided):,} undecided", undecided)
    return "\n".join([*lines, f"::notice title=archlint::{data_text(_summary(report, len(beyond)))}"]) + "\n"


def _command(finding: Finding, root: str) -> str:
    here = finding.location
    properties = {"file": relative_path(here.file, root), "line": str(here.line), "endLine": str(here.end_line)}
    if here.line == here.end_line:        # an annotation of several lines has no columns
        properties |= {"col": str(here.column), "endColumn": str(here.end_column)}
    properties["title"] = f"{finding.rule} {finding.name}"
    return f"::{_COMMANDS[finding.severity]} {properties_text(properties)}::{data_text(_message(finding, root))}"


def _message(finding: Finding, root: str) -> str:
    lines = [flat(finding.message), *place_lines(finding, root), *arithmetic(finding, root)]
    lines += [said for said in (certainty_text(finding), flat(finding.suggestion)) if said]
    return "\n".join([*lines, *fix_lines(finding.cures)])


def _of_error(error: InputError, root: str) -> str:
    place = error_place(error)
    properties = {"file": relative_path(error.file, root)} if error.file else {}
    if place is not None:
        properties |= {"line": str(place[0]), "col": str(place[1])}
    hint = f"\n{flat(error.hint)}" if error.hint else ""
    data = data_text(flat(without_place(error)) + hint)
    return f"::error {properties_text(properties | {'title': 'archlint'})}::{data}"


def _of_baseline(use: BaselineUse, root: str) -> str:
    properties = {"file": relative_path(use.file, root)} | ({"line": str(use.line)} if use.line else {})
    return f"::error {properties_text(properties | {'title': 'archlint'})}::{data_text(spent_text(use))}"


def _summary(report: Report, beyond: int) -> str:
    counts = {name: sum(f.severity == name for f in report.findings) for name in SEVERITIES}
    told = [plural(count, name) for name, count in counts.items() if count]
    text = f"Found {joined(told) or 'nothing'} in {plural(len(report.files), 'file')}"
    text += f"; {plural(len(report.errors), 'input')} could not be read" if report.errors else ""
    text += f"; {len(report.baselined):,} in the baseline" if report.baselined else ""
    late = overdue(report)
    text += f"; {plural(len(late), 'strict baseline')} with outdated entries" if late else ""
    text += f"; {len(report.accepted):,} accepted" if report.accepted else ""
    text += f"; {len(report.undecided):,} undecided" if report.undecided else ""
    return f"{text}. {beyond:,} of them only in the log of this step." if beyond else f"{text}."


def _group(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"::group::{title}"
        yield from lines
        yield "::endgroup::"


def _log_line(finding: Finding, root: str) -> str:
    named = _named(finding.rule, finding.name)
    return plain_line(f"{finding.severity} {named} {_at(finding, root)}: {flat(finding.message)}")


def _accepted(entry: Accepted, root: str) -> str:
    finding = entry.finding
    until = f" until {entry.until}" if entry.until else ""
    why = f"accepted{until} in {place_text(entry.location, root)}: {entry.reason}"
    return plain_line(f"{_named(finding.rule, finding.name)} {_at(finding, root)}: {flat(finding.message)} ({why})")


def _undecided(question: OpenQuestion, root: str) -> str:
    place = place_text(question.location, root)
    return plain_line(f"{_named(question.rule, question.name)} {place} {question.at}: {question_text(question)}")


def _named(rule: str, name: str) -> str:
    return f"{flat(rule)} {flat(name)}"


def _at(finding: Finding, root: str) -> str:
    return f"{place_text(finding.location, root)}:{finding.location.column}"


def plain_line(text: str) -> str:
    """Write a line of the log in which the runner finds no command: no `::` at its start and no `##[` in it."""
    return f"- {flat(text).replace('##[', '# #[')}"


def properties_text(values: dict[str, str]) -> str:
    """Write the properties of a command, such as the file and the line."""
    return ",".join(f"{key}={_property(value)}" for key, value in values.items())


def data_text(text: str) -> str:
    """Escape the message of a command.

    >>> data_text("100 %\\nof it")
    '100 %25%0Aof it'
    """
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escape a property of a command.

    >>> _property("a:b, 5 %")
    'a%3Ab%2C 5 %25'
    """
    return data_text(flat(text)).replace(":", "%3A").replace(",", "%2C")

"""The report as GitLab's Code Quality report.

The form is that of docs.gitlab.com, "Code Quality", section "Code Quality report format": a list of objects with a
description, the name of the check, a unique fingerprint, a severity, and a place. GitLab has no state
for findings that are accepted, undecided or in the baseline: they are `info`, and their description states it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from typing import Final

import msgspec

from archlint.baselined import BaselineUse
from archlint.inputs import InputError
from archlint.report.layout import flat
from archlint.report.options import ReportOptions
from archlint.report.plain import (
    arithmetic,
    certainty_text,
    error_place,
    fix_lines,
    place_lines,
    place_text,
    question_text,
    readable,
    relative_path,
)
from archlint.report.spent import overdue, spent_text
from archlint.verdicts import FileReport, Finding, Report

_SEVERITIES: Final = {"error": "critical", "warning": "major", "info": "minor"}


class _Lines(msgspec.Struct, frozen=True):
    begin: int
    end: int


class _Place(msgspec.Struct, frozen=True):
    path: str
    lines: _Lines


class _Issue(msgspec.Struct, frozen=True):
    description: str
    check_name: str
    fingerprint: str
    severity: str
    location: _Place


def render_gitlab(report: Report, options: ReportOptions | None = None) -> str:
    """Return the report as an indented JSON list that ends with a line break."""
    root = (options or ReportOptions()).root
    issues = [_found(finding, relative_path(file.file, root), root) for file, finding in report.ordered]
    issues += [issue for file in report.files for issue in _others(file, root)]
    issues += [_input(error, root) for error in report.errors]
    issues += [_overdue(use, root) for use in overdue(report)]
    return msgspec.json.format(msgspec.json.encode(_unique(issues)), indent=2).decode() + "\n"


def _found(finding: Finding, name: str, root: str) -> _Issue:
    text = ". ".join([flat(finding.message), *_more(finding, root)])
    return _of(finding, name, text, _SEVERITIES[finding.severity], root)


def _others(file: FileReport, root: str) -> Iterator[_Issue]:
    """Yield what needs no action now: findings in the baseline, accepted findings, open questions."""
    name = relative_path(file.file, root)
    for known in file.baselined:
        frozen = msgspec.structs.replace(known.finding, fingerprint=known.fingerprint)
        was = relative_path(known.was_file, root) if known.was_file else name
        yield _of(frozen, was, f"In the baseline: {flat(known.finding.message)}", "info", root)
    for entry in file.accepted:
        until = f" until {flat(entry.until)}" if entry.until else ""
        why = f"Accepted{until} in {place_text(entry.location, root)} ({flat(entry.reason)})"
        yield _of(entry.finding, name, f"{why}: {flat(entry.finding.message)}", "info", root)
    for question in file.undecided:
        identity = "\n".join((name, "undecided", question.rule, question.at, *question.needs, *question.unread))
        here = question.location
        place = _Place(readable(relative_path(here.file, root)), _Lines(here.line, here.end_line))
        text = f"`{flat(question.name)}` at {flat(question.at)} is {question_text(question)}"
        yield _Issue(text, _check(question.rule, question.name), _hash(identity), "info", place)


def _of(finding: Finding, name: str, text: str, severity: str, root: str) -> _Issue:
    here = finding.location
    place = _Place(readable(relative_path(here.file, root)), _Lines(here.line, here.end_line))
    identity = f"{name}\n{finding.fingerprint}"
    return _Issue(readable(text), _check(finding.rule, finding.name), _hash(identity), severity, place)


def _more(finding: Finding, root: str) -> Iterator[str]:
    yield from place_lines(finding, root)
    yield from arithmetic(finding, root)
    yield from (said for said in (certainty_text(finding), flat(finding.suggestion)) if said)
    if finding.cures:
        yield "; ".join(fix_lines(finding.cures))


def _input(error: InputError, root: str) -> _Issue:
    line = (error_place(error) or (1, 1))[0]
    text = f"{flat(error.message)}. {flat(error.hint)}" if error.hint else flat(error.message)
    place = _Place(readable(relative_path(error.file, root) or "."), _Lines(line, line))
    return _Issue(text, "input-not-read", _hash(f"input\n{error.file}\n{error.message}"), "blocker", place)


def _overdue(use: BaselineUse, root: str) -> _Issue:
    """Return one issue for a strict baseline with entries that are no longer needed, however many there are."""
    file = relative_path(use.file, root)
    place = _Place(readable(file), _Lines(use.line or 1, use.line or 1))
    return _Issue(readable(spent_text(use)), "baseline-strict", _hash(f"baseline\n{file}"), "critical", place)


def _check(rule: str, name: str) -> str:
    return flat(f"{rule}-{name}") or "-"


def _hash(identity: str) -> str:
    return sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _unique(issues: list[_Issue]) -> list[_Issue]:
    """Give issues with the same fingerprint different ones: GitLab shows one of each."""
    seen: Counter[str] = Counter()
    unique = []
    for issue in issues:
        ordinal = seen[issue.fingerprint]
        seen[issue.fingerprint] += 1
        again = _hash(f"{issue.fingerprint}\n{ordinal}") if ordinal else issue.fingerprint
        unique.append(msgspec.structs.replace(issue, fingerprint=again))
    return unique

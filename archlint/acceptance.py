"""Findings taken on purpose: entries under `accept:` and comments beside a line.

An acceptance needs a reason. Past its `until`, or with its `while` no longer true, the finding is open again and says
so; one that accepts nothing is itself reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from operator import eq, ge, gt, le, lt
from typing import Final

import msgspec

from archlint.model.architecture import Acceptance, Architecture, Problem
from archlint.model.locate import locate
from archlint.model.names import nearest
from archlint.model.places import Place
from archlint.packs import parse_param
from archlint.source.document import Document
from archlint.source.nodes import Mapping, Node, Scalar, Sequence, Span
from archlint.verdicts import Accepted, Finding, Location, ShownRelated, ShownTerm

_COMMENT: Final = re.compile(r"#\s*archlint:\s*accept\b[ \t]*(?P<rules>[A-Za-z0-9_*, \t]*?)[ \t]*(?:(?:--|—)[ \t]*(?P<reason>[^\r\n]*?))?[ \t]*(?=\r|\n|$)")
_OPERATORS: Final = {"<": lt, "<=": le, ">": gt, ">=": ge, "==": eq}


class Grant(msgspec.Struct, frozen=True):
    """One acceptance with where it stands; `line` is set for a comment, which covers that line or the next."""

    rule: str
    reason: str
    location: Location
    document: Document
    span: Span
    place: Place
    at: str | None = None
    until: str | None = None
    bound: tuple[str, str, str] | None = None
    lines: tuple[int, ...] = ()


class Acceptances:
    """The acceptances of a system, and what became of them; `problems` is filled by `apply`.

    `active` are the ids and names of the rules that run, `known` those of all rules.
    """

    def __init__(self, architecture: Architecture, active: frozenset[str], known: frozenset[str], today: str) -> None:
        self.today = today
        self.active = active
        self.known = known
        self.incomplete = architecture.incomplete
        self.problems: list[Problem] = []
        self.grants = [_of_entry(architecture, entry) for entry in architecture.accept]
        for document in architecture.documents:
            if "archlint:" in document.text and "accept" in document.text:
                self.grants += self._comments(document)

    def apply(self, findings: list[Finding]) -> tuple[list[Finding], tuple[Accepted, ...]]:
        """Split findings into those that stay open and those that are accepted."""
        if not self.grants:
            return findings, ()
        still_open: list[Finding] = []
        accepted: list[Accepted] = []
        used: set[int] = set()
        for finding in findings:
            grant, notes = None, []
            for index, candidate in enumerate(self.grants):
                if not _covers(candidate, finding):
                    continue
                used.add(index)
                lapse = self._lapse(candidate, finding)
                if lapse is None:
                    grant = candidate
                    break
                notes.append(ShownRelated(candidate.place.at, lapse, candidate.location))
            if grant is not None:
                accepted.append(Accepted(finding, grant.reason, grant.until, grant.location))
            else:
                still_open.append(msgspec.structs.replace(finding, related=(*finding.related, *notes)) if notes else finding)
        self._report_unused(used)
        return still_open, tuple(accepted)

    def _lapse(self, grant: Grant, finding: Finding) -> str | None:
        """Why an acceptance no longer holds, or None while it does."""
        if grant.until is not None and self.today > grant.until:
            return f"accepted until {grant.until}, which has passed: the finding is open again"
        if grant.bound is None:
            return None
        name, operator, limit = grant.bound
        terms = [term for term in finding.terms if term.name == name]
        if not terms:
            known = ", ".join(dict.fromkeys(term.name for term in finding.terms)) or "none"
            return f"accepted while {name} {operator} {limit}, but the finding has no term `{name}` (it has: {known})"
        for term in terms:
            holds = _holds(term, operator, limit)
            if holds is None:
                return f"accepted while {name} {operator} {limit}, but `{limit}` cannot be compared with {term.text}"
            if not holds:
                return f"accepted while {name} {operator} {limit}, but it is {term.text}: the finding is open again"
        return None

    def _report_unused(self, used: set[int]) -> None:
        """Report what accepts nothing; of a rule that does not run now, and beside what is unread, nobody can say."""
        for index, grant in enumerate(self.grants):
            is_rule = grant.rule in self.known
            if index in used or (is_rule and (grant.rule not in self.active or self.incomplete)):
                continue
            where = f" at {grant.at}" if grant.at else " here"
            message = f"this accepts {grant.rule}{where}, but there is no such finding"
            suggestion = "take it out"
            if not is_rule:
                likely = nearest(grant.rule, sorted(self.known))
                message = f"this accepts {grant.rule}, but there is no such rule"
                suggestion = f"did you mean `{likely}`?" if likely else "see `archlint rules`"
            problem = Problem("unused-acceptance", grant.place, message, grant.document, grant.span, suggestion)
            self.problems.append(problem)

    def _comments(self, document: Document) -> Iterator[Grant]:
        scalars: list[Span] | None = None
        for match in _COMMENT.finditer(document.text):
            scalars = _scalars(document.root) if scalars is None else scalars
            if any(span.start <= match.start() < span.end for span in scalars):
                continue                           # inside a quoted text, not a comment
            span = Span(match.start(), max(match.end(), match.start() + 1))
            position = document.position(match.start())
            place = Place(("accept", f"line {position.line}"), ("accept", f"line {position.line}"))
            end = document.position(span.end)
            location = Location(document.name, position.line, position.column, end.line, end.column)
            rules = match["rules"].replace(",", " ").split()
            reason = (match["reason"] or "").strip()
            if not rules or not reason:
                what = "a reason" if rules else "a rule"
                message = f"an accepted finding needs {what}"
                hint = "write `# archlint: accept SRV002 -- why`"
                self.problems.append(Problem("missing-key", place, message, document, span, hint))
                continue
            alone = not document.line(position.line)[: position.column - 1].strip()
            lines = (_next_code_line(document, position.line),) if alone else (position.line,)
            for rule in rules:
                yield Grant(rule, reason, location, document, span, place, lines=lines)


def _next_code_line(document: Document, line: int) -> int:
    """The first line after a comment that stands alone, past further comments and blank lines."""
    following = line + 1
    while following - line < 50 and (document.line(following).lstrip().startswith("#") or not document.line(following).strip()):
        following += 1
    return following


def _of_entry(architecture: Architecture, entry: Acceptance) -> Grant:
    document, span = locate(architecture.origins, entry.place, architecture.document)
    start, end = document.position(span.start), document.position(span.end)
    location = Location(document.name, start.line, start.column, end.line, end.column)
    return Grant(entry.rule, entry.reason, location, document, span, entry.place, entry.at, entry.until, entry.bound)


def _covers(grant: Grant, finding: Finding) -> bool:
    """Whether an acceptance speaks of a finding: its rule by id or name, and its place or what lies below it."""
    if grant.rule not in (finding.rule, finding.name):
        return False
    if grant.lines:
        return finding.location.file == grant.document.name and finding.location.line in grant.lines
    if grant.at is None:
        return True
    return (
        finding.at == grant.at
        or (finding.at.startswith(grant.at) and finding.at[len(grant.at)] in ".[")
        or ("*" in grant.at and fnmatchcase(finding.at, grant.at))
    )


def _holds(term: ShownTerm, operator: str, limit: str) -> bool | None:
    value: float | str | bool
    if isinstance(term.value, str):
        return _OPERATORS[operator](term.value, limit) if operator == "==" else None
    try:
        value = parse_param(limit, term.unit if term.unit != "h" else "")
    except ValueError:
        return None
    if isinstance(value, str):
        return None
    return bool(_OPERATORS[operator](float(term.value), float(value)))


def _scalars(root: Node | None) -> list[Span]:
    """The spans of all scalars that could hold a `#`."""
    found: list[Span] = []
    stack = [root] if root is not None else []
    while stack:
        node = stack.pop()
        if isinstance(node, Scalar):
            if "#" in node.text:
                found.append(node.span)
        elif isinstance(node, Mapping):
            for key, entry in node.entries.items():
                if "#" in key:
                    found.append(entry.key_span)
                stack.append(entry.value)
        elif isinstance(node, Sequence):
            stack.extend(node.items)
    return found

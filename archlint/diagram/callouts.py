"""The worst findings of a picture as callouts: the numbers that contradict each other, and the first fix."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from archlint.diagram.picture import Mark, Picture, badness
from archlint.diagram.text import clean
from archlint.findings import Finding, ShownTerm

_LONGEST: Final = 110
"""Characters of a message in a callout; the tooltip has all of it."""
_MOST: Final = 3
"""The number of callouts; the other findings are badges with a phrase."""


def order(mark: Mark) -> tuple[int, float, str, int, str]:
    """Return a sort key: the worst first, then by place."""
    return (*badness(mark), mark.rule, mark.line, mark.at)


def alike(marks: Iterable[Mark]) -> list[tuple[Mark, int]]:
    """Return the first of the findings that share rule, severity and text, or one decision, with their number."""
    found: dict[tuple[str, str, str, str], list[Mark]] = {}
    for mark in marks:
        key = mark.rule, mark.severity, mark.group, "" if mark.group else mark.message
        found.setdefault(key, []).append(mark)
    return [(same[0], len(same)) for same in found.values()]


def more_places(count: int) -> str:
    """Count the other places of a finding, as reports do."""
    return f" (and {count - 1:,} more {'place' if count == 2 else 'places'})" if count > 1 else ""


def worst_of_parts(picture: Picture) -> list[tuple[Mark, int]]:
    """Return the worst findings of parts, each of another rule if there are enough, with the number of those alike.

    If a path is highlighted, the findings on it are chosen first.
    """
    near = {mark for node in picture.nodes if node.emphasis >= 0 for mark in node.marks}
    near |= {mark for edge in picture.edges if edge.emphasis >= 0 for mark in edge.marks}
    of_parts = {mark for mark in picture.all_marks if mark not in picture.marks}
    ranked = alike(sorted(of_parts, key=lambda mark: (mark not in near, *order(mark))))
    firsts = {mark.rule: mark for mark, _ in reversed(ranked)}
    ranked.sort(key=lambda told: firsts[told[0].rule] is not told[0])
    return sorted(ranked[:_MOST], key=lambda told: order(told[0]))


def callouts_of(picture: Picture) -> dict[str, list[Mark]]:
    """Return the callouts beside each card; those of a relation are beside the component that states it."""
    names = {node.name for node in picture.nodes}
    home: dict[Mark, str] = {}
    for edge in picture.edges:
        for mark in edge.marks:
            home.setdefault(mark, edge.owner if edge.owner in names else edge.source)
    for node in reversed(picture.nodes):
        home |= dict.fromkeys(node.marks, node.name)
    found: dict[str, list[Mark]] = {}
    for mark, _ in worst_of_parts(picture):
        found.setdefault(home[mark], []).append(mark)
    return found


def callout(finding: Finding) -> str:
    """Return a finding in a few words: `8 s > 4 s (SLO of ask, p95); more replicas won't help → smaller model`."""
    said = _compared(finding) or _clauses(finding.message)
    fix = finding.cures[0].title if finding.cures else ""
    fix = fix if fix[1:2].isupper() else fix[:1].lower() + fix[1:]
    return clean(f"{said} → {fix}" if fix else said).replace("`", "")


def _compared(finding: Finding) -> str:
    """Return the value that breaks a limit, beside the limit; empty if a finding does not compare numbers.

    Of several values in the message, it is the largest one above the limit, otherwise the smallest.
    """
    limit = next((term for term in finding.terms if term.limit and _is_number(term)), None)
    if limit is None:
        return ""
    found = [
        term for term in finding.terms
        if _is_number(term) and not term.limit and term.unit == limit.unit and term.value != limit.value
    ]  # fmt: skip
    if not found:
        return ""
    told = [term for term in found if re.search(rf"(?<![\w.,]){re.escape(term.text)}(?!\w)", finding.message)]
    largest, smallest = max(told or found[-1:], key=_number), min(told or found[-1:], key=_number)
    value = largest if _number(largest) > _number(limit) else smallest
    sign = ">" if _number(value) > _number(limit) else "<"
    _, semicolon, tail = finding.message.rpartition("; ")
    is_whole = semicolon and tail.count("(") == tail.count(")")
    return f"{value.text} {sign} {limit.text} ({limit.label}){f'; {tail}' if is_whole else ''}"


def _is_number(term: ShownTerm) -> bool:
    return isinstance(term.value, int | float) and not isinstance(term.value, bool)


def _number(term: ShownTerm) -> float:
    return float(term.value)


def _clauses(message: str) -> str:
    """Return the first clauses of a message, as many as are short enough.

    >>> _clauses("`api` has one replica: if it fails, `ask` fails (100 % of all traffic); " + "and so on, " * 9)
    '`api` has one replica: if it fails, `ask` fails (100 % of all traffic)'
    """
    said, *more = re.split(r"(?<=[:;]) ", message)
    for clause in more:
        if len(said) + len(clause) >= _LONGEST:
            break
        said += f" {clause}"
    return said.rstrip(":;")

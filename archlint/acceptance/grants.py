"""Records of acceptances, and whether one still applies to a finding."""

from __future__ import annotations

from operator import eq, ge, gt, le, lt
from typing import Final

import msgspec

from archlint.model.architecture import Acceptance, Architecture
from archlint.model.locate import locate
from archlint.model.places import Place
from archlint.packs import parse_param
from archlint.source.document import Document
from archlint.source.nodes import Span
from archlint.verdicts import Finding, Location, ShownTerm

_OPERATORS: Final = {"<": lt, "<=": le, ">": gt, ">=": ge, "==": eq}
_FLAGS: Final = {"true": True, "yes": True, "false": False, "no": False}


class Grant(msgspec.Struct, frozen=True):
    """One acceptance, with its location.

    `line` is set for a comment: the line whose findings it accepts. If that line is the one of a component, model or
    workload, `part` is its structural path, and the comment accepts findings anywhere in it.
    """

    rule: str
    reason: str
    location: Location
    document: Document
    span: Span
    place: Place
    at: str | None = None
    until: str | None = None
    bound: tuple[str, str, str] | None = None
    line: int | None = None
    part: str | None = None


def grant_of(architecture: Architecture, entry: Acceptance) -> Grant:
    """Make a grant from an entry under `accept:`; its identity is its content, not its index in the list."""
    document, span = locate(architecture.origins, entry.place, architecture.document)
    place = Place(entry.place.steps, ("accept", entry.rule, entry.at or ""))
    return Grant(
        entry.rule, entry.reason.strip(), location_of(document, span), document, span, place,
        entry.at.strip() if entry.at is not None else None, entry.until, entry.bound,
    )  # fmt: skip


def location_of(document: Document, span: Span) -> Location:
    """Return the lines and columns of a span."""
    start, end = document.position(span.start), document.position(max(span.end, span.start + 1))
    return Location(document.name, start.line, start.column, end.line, end.column)


def lapse(grant: Grant, finding: Finding, today: str) -> str | None:
    """Return why an acceptance no longer applies to a finding that it covers; None while it applies.

    `today` is an ISO date; an acceptance applies up to and including its `until`.
    """
    if grant.until is not None and today > grant.until:
        return f"accepted until {grant.until}, which has passed: the finding is open again"
    if grant.bound is None:
        return None
    name, operator, limit = grant.bound
    said = f"accepted while {name} {operator} {limit}"
    terms = [term for term in finding.terms if term.name == name]
    if not terms:
        known = ", ".join(dict.fromkeys(term.name for term in finding.terms)) or "none"
        return f"{said}, but the finding has no term `{name}` (it has: {known})"
    for term in terms:
        holds = _holds(term, operator, limit)
        if holds is None:
            return f"{said}, but `{limit}` cannot be compared with {term.text}"
        if not holds:
            return f"{said}, but it is {term.text}: the finding is open again"
    return None


def _holds(term: ShownTerm, operator: str, limit: str) -> bool | None:
    """Compare a term with a limit in its unit; None if they cannot be compared."""
    if isinstance(term.value, bool):
        flag = _FLAGS.get(limit.lower())
        return term.value is flag if operator == "==" and flag is not None else None
    if isinstance(term.value, str):
        return term.value == limit if operator == "==" else None
    try:
        value = _quantity(limit, term.unit)
    except ValueError:
        return None
    return bool(_OPERATORS[operator](float(term.value), value))


def _quantity(limit: str, unit: str) -> float:
    """Read a limit in base units; replica-hours may be written `5`, `5h` or `2d`."""
    if unit == "h":
        try:
            return float(parse_param(limit, "s")) / 3600
        except ValueError:
            return float(parse_param(limit, ""))
    try:
        return float(parse_param(limit, unit))
    except ValueError:
        if unit == "":
            return float(parse_param(limit, "count"))
        raise

"""The things to say next in a file that leaves whole families of facts out, the most decisive first."""

from __future__ import annotations

from typing import Final

from archlint.report.layout import Ink, flat, hanging, joined
from archlint.report.plain import fact_text
from archlint.report.undecided import MissingFact, missing_facts
from archlint.verdicts import OpenQuestion, Report

_MOST: Final = 5
_DESCRIBED: Final = "described"


def silent(report: Report) -> tuple[OpenQuestion, ...]:
    """Return the questions about families of facts that files do not describe."""
    return tuple(question for question in report.undecided if question.family)


def next_lines(report: Report, width: int, ink: Ink, hint: bool) -> list[str]:
    """List at most five keys to add, the one that decides most first; `hint` names the option that lists all."""
    facts = [fact for fact in missing_facts(report) if fact.key]
    count, many = len(report.undecided), len(report.files) > 1
    head = f"{count:,} undecided. To decide them, write next, the most decisive first"
    lines = hanging("", head + (" (all: --undecided):" if hint else ":"), width)
    for fact in facts[:_MOST]:
        key, why = _line(fact, count)
        place = f" in {flat(fact.file)}" if many else ""
        first, *rest = hanging("  ", f"{key}{place}  {why}", width, 6)
        lines += [first.replace(key, ink(key, "help"), 1), *rest]
    return lines


def _line(fact: MissingFact, count: int) -> tuple[str, str]:
    """Return what to write, and what it decides."""
    families = [question for question in fact.questions if question.family]
    if fact.key != _DESCRIBED or not families:
        return flat(fact.key), f"({fact_text(fact, count)})"
    said = joined(f"{one.family} ({flat(one.because.rpartition(': ')[2])})" for one in families)
    names = ", ".join(sorted({question.family for question in families}))
    return f"described: [{names}]", f"if there are none; otherwise state them. The file never mentions {said}"

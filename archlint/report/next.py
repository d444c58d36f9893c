"""The things to say next in a file that leaves whole families of facts out, the most decisive first."""

from __future__ import annotations

from typing import Final

import msgspec

from archlint.report.layout import Ink, flat, hanging, joined
from archlint.report.plain import fact_text
from archlint.report.undecided import MissingFact, missing_facts
from archlint.verdicts import OpenQuestion, Report

_MOST: Final = 5
_DESCRIBED: Final = "described"


def silent(report: Report) -> tuple[OpenQuestion, ...]:
    """Return the questions about families of facts that files do not describe."""
    return tuple(question for question in report.undecided if question.family)


class NextStep(msgspec.Struct, frozen=True):
    """What to write next in a file, and what it decides; `families` are those of which the file says nothing."""

    file: str
    write: str
    why: str
    families: tuple[str, ...] = ()


def next_steps(report: Report) -> tuple[NextStep, ...]:
    """Return at most five keys to add, the one that decides most first."""
    count = len(report.undecided)
    facts = [fact for fact in missing_facts(report) if fact.key]
    return tuple(_step(fact, count) for fact in facts[:_MOST])


def next_lines(report: Report, width: int, ink: Ink, hint: bool) -> list[str]:
    """List the next steps; `hint` names the option that lists all open questions."""
    count, many = len(report.undecided), len(report.files) > 1
    head = f"{count:,} undecided. To decide them, write next, the most decisive first"
    lines = hanging("", head + (" (all: --undecided):" if hint else ":"), width)
    for step in next_steps(report):
        place = f" in {flat(step.file)}" if many else ""
        why = step.why if step.families else f"({step.why})"
        first, *rest = hanging("  ", f"{step.write}{place}  {why}", width, 6)
        lines += [first.replace(step.write, ink(step.write, "help"), 1), *rest]
    return lines


def _step(fact: MissingFact, count: int) -> NextStep:
    families = [question for question in fact.questions if question.family]
    if fact.key != _DESCRIBED or not families:
        return NextStep(fact.file, flat(fact.key), fact_text(fact, count))
    said = joined(f"{one.family} ({flat(one.because.rpartition(': ')[2])})" for one in families)
    names = tuple(sorted({question.family for question in families}))
    why = f"if there are none; otherwise state them. The file never mentions {said}"
    return NextStep(fact.file, f"described: [{', '.join(names)}]", why, names)

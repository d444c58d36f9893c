"""The things to say next in a file that leaves whole families of facts out, the most decisive first."""

from __future__ import annotations

from itertools import islice
from typing import Final

import msgspec

from archlint.analysis.described import NOT_MENTIONED, family_of
from archlint.report.layout import Ink, flat, hanging, joined
from archlint.report.plain import fact_text, first_correct
from archlint.report.undecided import MissingFact, missing_facts, to_correct
from archlint.verdicts import OpenQuestion, Report

_MOST: Final = 5
_DESCRIBED: Final = "described"
_FROM_DEPLOYMENT: Final = "Deployment files cannot state all facts: `archlint import -o arch.yaml` starts a file."


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
    """Return at most five keys to add, the one that decides most first.

    A step that asks for a whole family of facts stands for each key of that family in the same file.
    """
    count = len(report.undecided)
    asked = {(file.file, question.family) for file in report.files for question in file.undecided if question.family}
    facts = (
        fact for fact in missing_facts(report)
        if fact.key and (fact.file, family_of(fact.key)) not in asked
    )
    return tuple(_step(fact, count) for fact in islice(facts, _MOST))


def next_lines(report: Report, width: int, ink: Ink, hint: bool) -> list[str]:
    """List the next steps; `hint` names the option that lists all open questions."""
    count, many = len(report.undecided), len(report.files) > 1
    wrong, steps = correction(report), next_steps(report)
    head = f"{count:,} undecided.{f' {wrong}' if wrong else ''}"
    if steps:
        head += f" {_FROM_DEPLOYMENT}" if any(file.imported for file in report.files) else ""
        head += f" {'Then add' if wrong else 'Add'} these facts; the first decides most"
        head += " (`--undecided` lists all):" if hint else ":"
    lines = hanging("", head, width)
    for step in steps:
        place = f" (in {flat(step.file)})" if many else ""
        text = f"{step.write}  ({step.why})"
        if step.families:
            text = f"{step.why}. Add them, or `{step.write}` if there are none."
        rows = hanging("  ", f"{text}{place}", width, 6)
        lines += [row.replace(step.write, ink(step.write, "help"), 1) for row in rows]
    return lines


def correction(report: Report) -> str:
    """Write which lines to correct first, and how many open questions wait for them; empty if there are none."""
    waiting = [question for file in report.files for question in to_correct(file)]
    if not waiting:
        return ""
    home = report.files[0].file if len(report.files) == 1 else ""
    count = len(report.undecided)
    share = f" (for {len(waiting):,} of {count:,})" if count > 1 else ""
    text = first_correct(waiting, home)
    return f"{text[:1].upper()}{text[1:]}{share}."


def _step(fact: MissingFact, count: int) -> NextStep:
    families = [question for question in fact.questions if question.family]
    if fact.key != _DESCRIBED or not families:
        return NextStep(fact.file, flat(fact.key), fact_text(fact, count))
    said = joined((flat(one.because.removeprefix(NOT_MENTIONED)) for one in families), "or")
    names = tuple(sorted({question.family for question in families}))
    return NextStep(fact.file, f"described: [{', '.join(names)}]", f"The file mentions no {said}", names)

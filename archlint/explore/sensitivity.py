"""Which single stated quantity, changed by how much, makes a finding appear or go away.

Each quantity of the file is multiplied by rising and by falling factors until the findings change; the factor of that
change is then found by bisection. This assumes that between two factors the findings change once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from typing import Final

import msgspec

from archlint.changing import Setting, parse_setting
from archlint.errors import UsageError
from archlint.explore.variants import Inputs, Variants
from archlint.model.architecture import Architecture
from archlint.model.names import Names
from archlint.model.places import Place, Step
from archlint.model.quantities import shorten
from archlint.model.records import SECTIONS
from archlint.source import nodes
from archlint.source.nodes import Node, Scalar
from archlint.verdicts import FileReport
from archlint.workers import Workers

FACTORS: Final = (1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
MOST_FACTS: Final = 1_000
ALONE: Final = 6
"""So few facts take less time than the start of other processes."""
_ENOUGH: Final = 1.01
"""A factor is known if the findings change within one per cent."""
_NUMBER: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(\s*[^\s0-9.].*)?")
_NO_QUANTITIES: Final = frozenset({"version", "date", "contact", "runbook", "description", "zones", "layers", "kind"})

Found = frozenset[tuple[str, str]]
"""The findings of a version: rule and place."""


class Changes(msgspec.Struct, frozen=True):
    """What one fact changes: at `value` (`factor` times `stated`), findings appear or go away, as rule and place.

    Of a share above a half, such as an availability, the factor is that of the rest: 99 % to 99.9 % is a tenth.
    """

    path: str
    stated: str
    value: str
    factor: float
    appear: tuple[tuple[str, str], ...]
    gone: tuple[tuple[str, str], ...]

    @property
    def distance(self) -> float:
        """How far the value is from the stated one: the same for twice as much and for half."""
        return abs(math.log(self.factor)) if self.factor > 0 else math.inf


class Sensitivity(msgspec.Struct, frozen=True):
    """The changes of all facts, the most sensitive first; `tried` facts were changed, up to `most` times."""

    file: str
    system: str
    tried: int
    most: float
    changes: tuple[Changes, ...]
    left_out: int = 0


class _Fact(msgspec.Struct, frozen=True):
    """A stated quantity: its path, its text with number and unit, and where a file has it, in characters."""

    path: str
    text: str
    number: float
    unit: str
    file: str = ""
    start: int = 0
    end: int = 0

    @property
    def is_rest(self) -> bool:
        """Whether the factor is that of the rest up to 100 %."""
        return self.unit.strip() == "%" and self.number > 50

    def at(self, factor: float) -> str | None:
        """Return the value times a factor, as written; whole numbers stay whole, shares at most 100 %.

        None if that is the stated value, or nothing is left.
        """
        value = 100 - (100 - self.number) * factor if self.is_rest else self.number * factor
        if not self.unit and self.number.is_integer():
            value = float(round(value))
            if value == self.number:
                value += 1 if factor > 1 else -1
        if self.unit.strip() == "%":
            value = min(100.0, value)
        digits = 7 if self.is_rest else 4
        text = f"{Decimal(f'{value:.{digits}g}'):f}"
        return None if value <= 0 or float(text) == self.number else f"{text}{self.unit}"

    def factor_of(self, text: str) -> float:
        """Return which multiple a value as written is."""
        match = _NUMBER.fullmatch(text)
        value = float(match[1]) if match is not None else self.number
        return (100 - value) / (100 - self.number) if self.is_rest else value / self.number


def facts_of(architecture: Architecture) -> Iterator[_Fact]:
    """Yield the stated quantities of a system, in the order of the file."""
    for (section, *name), origin in architecture.origins.items():
        if section in SECTIONS and name:
            yield from _facts(origin.entry.value, (section, name[0]), origin.document.name)


def _facts(node: Node, steps: tuple[Step, ...], file: str) -> Iterator[_Fact]:
    if isinstance(node, nodes.Mapping):
        for key, entry in node.entries.items():
            if key not in _NO_QUANTITIES and not key.startswith("x-"):
                yield from _facts(entry.value, (*steps, key), file)
    elif isinstance(node, nodes.Sequence):
        for index, item in enumerate(node.items):
            if not isinstance(item, Scalar):
                yield from _facts(item, (*steps, index), file)
    elif len(steps) > 2:
        match = _NUMBER.fullmatch(node.text.strip())
        if match is not None and node.plain and float(match[1]) > 0:
            place = Place(steps, ()).at
            yield _Fact(place, node.text, float(match[1]), match[2] or "", file, node.start, node.end)


class _Prober:
    """Finds the changes of one fact after the other."""

    def __init__(self, inputs: Inputs, most: float) -> None:
        self.variants = Variants(inputs)
        report = self.variants.report()
        self.base, self.misled = findings_of(report), _misled(report)
        self.factors = [factor for factor in FACTORS if factor < most] + [most]

    def __call__(self, fact: _Fact) -> list[Changes]:
        found = (self._direction(fact, up) for up in (True, False))
        return [changes for changes in found if changes is not None]

    def _direction(self, fact: _Fact, up: bool) -> Changes | None:
        """Return the first change of the findings in one direction."""
        same, known = 1.0, ""
        for step in self.factors:
            factor = step if up else 1 / step
            text = fact.at(factor)
            if text is None or text == known:
                continue
            known = text
            found = self._findings(fact, text)
            if found is None:
                return None                    # the file cannot state such a value
            if found != self.base:
                return self._between(fact, same, factor, text, found)
            same = factor
        return None

    def _between(self, fact: _Fact, same: float, other: float, text: str, found: Found) -> Changes:
        """Return the change between a factor with the same findings and one with others, by bisection."""
        while max(same / other, other / same) > _ENOUGH:
            middle = math.sqrt(same * other)
            value = fact.at(middle)
            if value is None or value == text or value == fact.at(same):
                break
            there = self._findings(fact, value)
            if there is None or there == self.base:
                same = middle
            else:
                other, text, found = middle, value, there
        appear, gone = tuple(sorted(found - self.base)), tuple(sorted(self.base - found))
        return Changes(fact.path, fact.text, text, fact.factor_of(text), appear, gone)

    def _findings(self, fact: _Fact, text: str) -> Found | None:
        """Return the findings with another value; None if the format has none such, or it contradicts other facts.

        A contradiction leaves rules undecided: their findings have not gone away.
        """
        try:
            report = self.variants.report([_setting(fact, text)])
        except UsageError:
            return None
        found = findings_of(report)
        misled = _misled(report) - self.misled
        return None if any(rule in misled for rule, _ in self.base - found) else found


def _setting(fact: _Fact, text: str) -> Setting:
    return parse_setting(f"{fact.path}={text}")


def _misled(report: FileReport) -> set[str]:
    """Return the rules that a mistake of the file leaves undecided."""
    return {question.rule for question in report.undecided if question.mistakes}


def findings_of(report: FileReport) -> Found:
    """Return the findings of a report, except those about how the file is written."""
    return frozenset((one.rule, one.at) for one in report.findings if not one.rule.startswith("DOC"))


def prober(inputs: Inputs, most: float) -> Callable[[_Fact], list[Changes]]:
    """Return the function that finds the changes of a fact; each process makes it once."""
    return _Prober(inputs, most)


def lost(fact: _Fact) -> list[Changes]:
    """Return no changes for a fact whose process was killed twice."""
    return []


def stated_facts(inputs: Inputs, only: str = "") -> tuple[list[_Fact], int]:
    """Return the facts to change, at or below the path `only`: at most `MOST_FACTS`, and the number of those left out.

    Raises `UsageError` if no quantity is stated there.
    """
    every = list(facts_of(Variants(inputs).changing.architecture))
    top = only.rstrip(".")
    facts = [fact for fact in every if _is_within(fact.path, top)] if top else every
    if not facts and top:
        places = dict.fromkeys(".".join(fact.path.split(".")[:depth]) for fact in every for depth in (1, 2, 9))
        near = Names(places).nearest(top)
        hint = f"did you mean `{near}`?" if near else "write a path as findings show it, such as components.api"
        raise UsageError(f"--only {shorten(only, 80)}: no quantity is stated at or below this path", hint)
    return facts[:MOST_FACTS], max(0, len(facts) - MOST_FACTS)


def _is_within(path: str, top: str) -> bool:
    return path.startswith(top) and path[len(top) : len(top) + 1] in {"", ".", "["}


def sensitivity(inputs: Inputs, most: float, seen: Callable[[int], None], only: str = "") -> Sensitivity:
    """Return which facts change the findings if multiplied or divided by at most a factor."""
    facts, left_out = stated_facts(inputs, only)
    make = partial(prober, inputs, most)
    results = map(make(), facts) if len(facts) <= ALONE else Workers(make, lost).map(facts)
    changes: list[Changes] = []
    for done, found in enumerate(results, start=1):
        changes += found
        seen(done)
    changes.sort(key=lambda one: (round(one.distance, 6), one.path, one.factor))
    name = Variants(inputs).changing.architecture.name or ""
    return Sensitivity(inputs.document.name, name, len(facts), most, tuple(changes), left_out)

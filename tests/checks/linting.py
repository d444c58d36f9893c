"""Runs the whole linter on small systems, and returns the results of one rule."""

from __future__ import annotations

from functools import cache
from itertools import chain
from pathlib import Path
from textwrap import dedent

import msgspec

from archlint.config import Config
from archlint.linter import Linter, Options
from archlint.source.parser import parse
from archlint.verdicts import Finding


@cache
def _linter(rule: str) -> Linter:
    return Linter(Config(Path(__file__).parent), Options(select=(rule,), today="2026-06-30"))


class Said(msgspec.Struct, frozen=True):
    """The results of one rule: its findings by place, and for each open question the keys to add (or others instead) or to correct."""

    findings: dict[str, Finding]
    undecided: dict[str, tuple[str, ...]]

    @property
    def places(self) -> set[str]:
        """The places of the findings."""
        return set(self.findings)

    def term(self, at: str, name: str) -> float | str | bool:
        """The value of a term of a finding."""
        return next(term.value for term in self.findings[at].terms if term.name == name)

    def cures(self, at: str) -> list[str]:
        """The patterns that a finding names, in order."""
        return [cure.pattern for cure in self.findings[at].cures]


def lint(rule: str, text: str) -> Said:
    """Lint a text with one rule; it starts with the version, and describes all families of facts unless it says which."""
    described = "" if "described:" in text else "described: all\n"
    report, _ = _linter(rule).lint(parse("arch.yaml", "archlint: 1\n" + described + dedent(text)), None)
    assert len({finding.at for finding in report.findings}) == len(report.findings), "two findings at one place"
    asked = {q.at: (*q.needs, *chain.from_iterable(q.instead), *q.unread) for q in report.undecided}
    return Said({f.at: f for f in report.findings}, {at: tuple(dict.fromkeys(keys)) for at, keys in asked.items()})

"""Mistakes in the file itself: each rule reports one kind."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.system import System
from archlint.model.architecture import Problem


class Params(msgspec.Struct, frozen=True):
    """problem: the kind of problem that the rule reports."""

    problem: str = ""


def check(system: System, params: Params) -> Iterator[Problem]:
    """Yield the problems of one kind; each has its own span, because unreadable text has no place."""
    return (problem for problem in system.architecture.problems if problem.kind == params.problem)

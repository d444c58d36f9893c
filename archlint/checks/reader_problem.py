"""Mistakes in the file itself: each rule reports one kind."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.system import System
from archlint.model.architecture import Problem
from archlint.verdicts import Hit, Severity, Verdict


class Params(msgspec.Struct, frozen=True):
    """problem: the kind of problem that the rule reports."""

    problem: str = ""


def check(system: System, params: Params) -> Iterator[Problem | Verdict]:
    """Yield the problems of one kind; each has its own span, because unreadable text has no place.

    In an imported system, an address that no file defines may be in another repository: it is informative.
    """
    yield from (problem for problem in system.architecture.problems if problem.kind == params.problem)
    if system.deployment is not None and params.problem == "dangling-reference":
        from archlint.model.deployment import spot

        for one in system.deployment.dangling:
            message = f"`{one.source}` uses `{one.target}`, which no file defines"
            yield Hit(spot(one.source, one.site, "uses", one.target), message, severity=Severity.INFO)

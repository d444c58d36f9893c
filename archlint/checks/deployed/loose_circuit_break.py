"""Circuit breakers that hardly ever open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.checks.deployed._parts import hit, parts
from archlint.verdicts import NoParams, Verdict

MOST_ERRORS: Final = 20
"""So many requests fail before the replica is ejected."""


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each replica that a proxy ejects only after very many errors."""
    for name, part in parts(system):
        for breaker in part.running.breakers:
            if breaker.errors.isdigit() and int(breaker.errors) > MOST_ERRORS:
                message = (
                    f"a failing replica of `{name}` is ejected only after {breaker.errors} errors one after another"
                )
                yield hit(name, breaker.site, "outlierDetection", message, loss=0.3)

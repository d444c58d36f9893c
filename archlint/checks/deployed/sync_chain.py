"""Answers that wait for many parts, one after another."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final

from archlint.analysis.system import System
from archlint.checks.deployed._parts import Params, hit, parts
from archlint.verdicts import Verdict

LEAST_PARTS: Final = 4
"""Four parts of 99.9 % are three hours without an answer a month."""
MOST_PARTS: Final = 200
_WAITED: Final = frozenset({"model-server", "service", "vector-store"})


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each part that calls many model servers or stores of vectors for its answers."""
    behind = cache(lambda name: _behind(system, name))
    for name, part in parts(system):
        if part.role == "external" or part.kind not in {"service", "gateway"}:
            continue
        reached = behind(name)
        models = [one for one in reached if system.components[one].kind in {"model-server", "vector-store"}]
        if len(models) >= LEAST_PARTS and not any(name in behind(caller) for caller in _callers(system, name)):
            message = (
                f"an answer of `{name}` waits for {len(models)} models and indexes: their times and failures add up"
            )
            yield hit(name, part.site, "calls", message, hint=True)


def _callers(system: System, name: str) -> list[str]:
    found = system.topology.incoming.get(name, ())
    return [one.source for one in found if one.verb == "calls" and system.components[one.source].kind == "service"]


def _behind(system: System, name: str) -> set[str]:
    """Return what a part calls or reads, directly or through others."""
    found: set[str] = set()
    stack = [name]
    while stack and len(found) < MOST_PARTS:
        for relation in system.topology.outgoing.get(stack.pop(), ()):
            if relation.waits and relation.target not in found and system.components[relation.target].kind in _WAITED:
                found.add(relation.target)
                stack.append(relation.target)
    return found

"""Answers that wait for many parts, one after another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

from archlint.analysis.system import System
from archlint.checks.deployed._parts import are_alternatives, deployment, hit, parts
from archlint.verdicts import NoParams, Verdict

LEAST_PARTS: Final = 4
"""Four parts of 99.9 % are three hours without an answer a month."""
MOST_PARTS: Final = 200
_WAITED: Final = frozenset({"model-server", "service", "vector-store"})


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each part that calls many model servers or stores of vectors for its answers."""
    behind = cache(lambda name: _behind(system, name))
    for name, part in parts(system):
        if part.role == "external" or part.kind not in {"service", "gateway"}:
            continue
        reached = behind(name)
        models = [one for one in reached if system.components[one].kind in {"model-server", "vector-store"}]
        number = _together(system, models)
        if number >= LEAST_PARTS and not any(name in behind(caller) for caller in _callers(system, name)):
            message = f"an answer of `{name}` waits for {number} models and indexes: their times and failures add up"
            yield hit(name, part.site, "calls", message, hint=True)


def _together(system: System, names: Iterable[str]) -> int:
    """Return how many of the parts can run at once: one of several alternatives counts."""
    found = deployment(system).parts
    chosen: list[str] = []
    for name in sorted(names):
        if not any(name in found and one in found and are_alternatives(found[name], found[one]) for one in chosen):
            chosen.append(name)
    return len(chosen)


def _callers(system: System, name: str) -> list[str]:
    found = system.topology.incoming.get(name, ())
    return [one.source for one in found if one.verb == "calls" and system.components[one.source].kind == "service"]


def _behind(system: System, name: str) -> set[str]:
    """Return what a part calls or reads, directly or through others; shared variables prove no use."""
    shared = deployment(system).shared
    found: set[str] = set()
    stack = [name]
    while stack and len(found) < MOST_PARTS:
        source = stack.pop()
        for relation in system.topology.outgoing.get(source, ()):
            target = relation.target
            is_new = relation.waits and target not in found and system.components[target].kind in _WAITED
            if is_new and (source, target) not in shared:
                found.add(target)
                stack.append(target)
    return found

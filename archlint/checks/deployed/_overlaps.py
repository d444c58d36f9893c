"""Workloads that select the pods of each other."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks.deployed._parts import pods
from archlint.model.deployment import Part

Named = tuple[str, Part]
MAX_PAIRS = 1_000


def overlaps(system: System) -> Iterator[tuple[Named, Named]]:
    """Yield each pair of workloads of one namespace of which the first selects the pods of the second."""
    labelled: dict[tuple[str, str], list[Named]] = {}
    found = [(name, part) for name, part in pods(system) if part.what != "Pod"]
    for name, part in found:
        for key, value in part.running.labels.items():
            labelled.setdefault((key, value.text), []).append((name, part))
    seen: set[frozenset[str]] = set()
    for name, part in found:
        selector = part.running.selector
        candidates = min((labelled.get(pair, []) for pair in selector.items()), key=len, default=[])
        for other, second in candidates:
            pair = frozenset({name, other})
            if len(seen) > MAX_PAIRS:
                return
            if other == name or pair in seen or not _is_near(part, second):
                continue
            labels = second.running.labels
            if all(key in labels and labels[key].text == value for key, value in selector.items()):
                seen.add(pair)
                yield (name, part), (other, second)


def _is_near(one: Part, other: Part) -> bool:
    return one.scope == other.scope or not one.scope or not other.scope

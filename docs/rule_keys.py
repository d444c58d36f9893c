"""The keys that each rule reads, as examples show: those that its findings, terms and open questions name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from archlint.analysis.system import System
from archlint.api import load
from archlint.config import Config
from archlint.linter import Linter
from archlint.model.architecture import Problem
from archlint.model.places import Either, Place
from archlint.model.types import percentile_of
from archlint.packs.binding import Rule
from archlint.report.key_help import find_keys
from archlint.verdicts import Hit, Undecided, Verdict


def rule_keys(root: Path) -> str:
    """The keys of each rule by its id, as JSON with one rule a line."""
    rules = Linter(Config(root)).rules(root / "arch.yaml")
    systems = [load(path) for path in sorted(root.glob("examples/*/*.yaml"))]
    keys = ((rule.pack.id, keys_of_rule(rule, systems)) for rule in rules)
    rows = (f'"{name}": {msgspec.json.encode(paths).decode()}' for name, paths in keys if paths)
    return "{\n" + ",\n".join(rows) + "\n}\n"


def keys_of_rule(rule: Rule, systems: Sequence[System]) -> list[str]:
    """The paths of the keys that its verdicts name, in order; a percentile counts as the mapping that it is in.

    The verdicts are about its own examples, and about some other systems.
    """
    own = [load(path) for kind in ("bad", "good") for path in rule.pack.examples(kind)]
    places = {
        place for system in (*own, *systems) for verdict in rule.run(system, rule.params)
        if not isinstance(verdict, Problem) for place in _places(verdict)
    }  # fmt: skip
    return sorted({path for place in places for path in _path(place)})


def _places(verdict: Verdict) -> Iterator[Place]:
    yield verdict.at
    if isinstance(verdict, Undecided):
        for need in verdict.needs:
            yield need
            if isinstance(need, Either):
                yield from (place for keys in need.instead for place in keys)
    elif isinstance(verdict, Hit):
        yield from (term.at for term in verdict.terms if term.at is not None)
        yield from (related.at for related in verdict.related)
        yield from (*verdict.absent, *verdict.each, *verdict.group)


def _path(place: Place) -> Iterator[str]:
    if place.steps[:1] in {("workloads",), ("models",), ("components",)} and len(place.steps) < 3:
        return                                         # a part as a whole
    for key in find_keys(place.at):
        whole = key.path.removesuffix(f".{key.names[-1]}")
        yield whole if percentile_of(key.names[-1]) is not None and len(key.names) > 1 else key.path

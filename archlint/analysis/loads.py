"""What gets more requests when a cache fails: the components that answer its misses then answer everything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.model.architecture import Relation
from archlint.model.quantities import format_count, format_share
from archlint.model.words import STORES

_LEAST_RATIO: Final = 0.5
"""A cache that answers less than this at most halves the requests behind it."""


class Surge(msgspec.Struct, frozen=True):
    """That components behind a cache get `factor` times as many requests when it fails."""

    look_up: Relation
    behind: tuple[str, ...]
    factor: float
    hit_ratio: float

    @property
    def message(self) -> str:
        """Say what happens, with the factor and where it comes from."""
        get = "gets" if len(self.behind) == 1 else "get"
        what = "read" if self.look_up.caches == "data" else "request"
        return (
            f"if `{self.look_up.target}` fails, {listed(self.behind)} {get} every {what} of `{self.look_up.source}`: "
            f"{format_count(self.factor)} times as many as with its hit ratio of {format_share(self.hit_ratio)}"
        )


def surges(system: System) -> Iterator[Surge]:
    """Yield the look-ups whose misses others answer, on the waiting paths, each once, in the order of the file."""
    found: set[tuple[str, str, int]] = set()
    for flow in system.distinct_flows():
        for name in flow.waiting:
            found |= {(name, s.relation.verb, s.relation.index) for s in flow.steps[name] if s.missed and s.waits}
    for relations in system.topology.outgoing.values():
        for relation in relations:
            ratio = relation.hit_ratio
            if (relation.source, relation.verb, relation.index) in found and ratio is not None and 0 < ratio < 1:
                behind = tuple(_behind(system, relation))
                if behind and relation.caches != "prefix" and ratio >= _LEAST_RATIO:
                    yield Surge(relation, behind, 1 / (1 - ratio), ratio)


def _behind(system: System, look_up: Relation) -> Iterator[str]:
    """Yield what answers every miss: the reads and calls after a look-up, without those of branches."""
    topology = system.topology
    relations = topology.outgoing[look_up.source]
    for relation in relations[relations.index(look_up) + 1 :]:
        branch = relation.share is not None or relation.when is not None or relation.either is not None
        if relation.verb not in {"calls", "reads"} or topology.looks_up(relation) or branch:
            continue
        stored = relation.verb == "reads" or system.components[relation.target].kind in STORES
        if stored or look_up.caches != "data":
            yield relation.target

"""What gets more requests when a cache fails: the components that answer its misses then answer everything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

import msgspec

from archlint.analysis.following import Following
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
        known: dict[bool, Following[Relation, str]] = {}
        for position, relation in enumerate(relations):
            ratio = relation.hit_ratio
            if ratio is None or not _LEAST_RATIO <= ratio < 1 or relation.caches == "prefix":
                continue
            if (relation.source, relation.verb, relation.index) not in found:
                continue
            stored = relation.caches == "data"
            if stored not in known:
                known[stored] = Following(relations, partial(_answering, system, stored), tuple)
            behind = tuple(known[stored].after(position))
            if behind:
                yield Surge(relation, behind, 1 / (1 - ratio), ratio)


def _answering(system: System, stored: bool, relation: Relation) -> Sequence[str]:
    """Return what answers every miss of an earlier look-up: the target of a read or a call that is no branch.

    If `stored`, only a store answers.
    """
    branch = relation.share is not None or relation.when is not None or relation.either is not None
    if relation.verb not in {"calls", "reads"} or system.topology.looks_up(relation) or branch:
        return ()
    is_stored = relation.verb == "reads" or system.components[relation.target].kind in STORES
    return (relation.target,) if is_stored or not stored else ()

"""What can hold a streamed answer back, or cut it off."""

from __future__ import annotations

from typing import NamedTuple

from archlint.analysis.system import System
from archlint.model.architecture import Relation


class Hops(NamedTuple):
    """The components that pass an answer on only when it is complete, and the calls with a timeout."""

    buffering: frozenset[str]
    cutting: frozenset[Relation]


def hops_of(system: System) -> Hops:
    """Return what can hold a stream back, or cut it off: in a large system, most calls and components cannot."""
    cutting = (
        relation for component in system.components.values() for relation in component.relations
        if relation.timeout_s is not None or relation.idle_timeout_s is not None
        or system.facts.cuts_streams_after(relation) is not None
    )  # fmt: skip
    buffering = (name for name, component in system.components.items() if component.buffers)
    return Hops(frozenset(buffering), frozenset(cutting))

"""Callers that wait for one another in a circle."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.system import System
from archlint.verdicts import Hit, Related, Verdict


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield one hit for each knot of components that wait for one another, at the relation that closes the circle."""
    for cycle in system.topology.waiting_cycles():
        closing = cycle[-1]
        names = [relation.source for relation in cycle]
        shown = " -> ".join(f"`{name}`" for name in [*names[:8], *(["…"] if len(names) > 8 else []), names[0]])
        message = f"each waits for the next: {shown}; under load they hold one another's workers until all time out"
        related = tuple(Related(relation.place(), f"waits for `{relation.target}`") for relation in cycle[:-1][:8])
        yield Hit(closing.place(), message, (), related, cures=("break-the-cycle",), cause=f"component {names[0]}")

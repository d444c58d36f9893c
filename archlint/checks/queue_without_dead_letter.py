"""A message that cannot be worked comes back for ever, or is lost without a trace."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.system import System
from archlint.verdicts import Hit, Related, Verdict


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each consumed queue with neither a dead letter nor bounded attempts, at the queue."""
    letters = {component.dead_letter for component in system.components.values() if component.dead_letter}
    for component in system.components.values():
        if component.kind != "queue" or component.dead_letter is not None or component.name in letters:
            continue
        unbounded = [r for r in system.topology.consumptions(component.name) if r.max_attempts is None]
        if not unbounded:
            continue
        consumers = ", ".join(f"`{relation.source}`" for relation in unbounded[:4])
        message = (
            f"a message that {consumers} cannot work has nowhere to go: `{component.name}` has no dead letter and its "
            "attempts are not bounded"
        )
        related = tuple(Related(relation.place(), "consumed without `max_attempts`") for relation in unbounded[:8])
        absent = (component.place("dead_letter"), *(relation.place("max_attempts") for relation in unbounded))
        yield Hit(
            component.place(), message, (), related, absent=absent, cures=("dead-letter",), cause=f"component {component.name}"
        )

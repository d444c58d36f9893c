"""A message that cannot be worked comes back for ever, or is lost without a trace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.model.architecture import Component, Relation
from archlint.verdicts import Hit, Related, Verdict


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each consumed queue with neither a dead letter nor bounded attempts, at the queue."""
    dead_letters = {component.dead_letter for component in system.components.values()}
    for component in system.components.values():
        # What stands in a dead-letter queue has failed already: whoever empties it needs no second one.
        if component.kind != "queue" or component.dead_letter is not None or component.name in dead_letters:
            continue
        unbounded = [
            r for r in system.topology.consumptions(component.name) if r.max_attempts is None and r.retries is None
        ]
        if unbounded:
            yield _hit(system, component, sorted(unbounded, key=lambda relation: relation.source))


def _hit(system: System, queue: Component, unbounded: Sequence[Relation]) -> Hit:
    message = (
        f"a message that {listed(relation.source for relation in unbounded)} cannot work has nowhere to go: "
        f"`{queue.name}` has no dead letter, and nothing bounds the attempts"
    )
    related = tuple(Related(relation.place(), "consumed without `max_attempts`") for relation in unbounded[:8])
    unread = system.architecture.unread
    attempts = [relation.place("max_attempts") for relation in unbounded]
    # One consumer that certainly has no bound is enough.
    doubtful = attempts if all(place.identity in unread for place in attempts) else []
    return Hit(
        queue.place(),
        message,
        (),
        related,
        absent=(queue.place("dead_letter"), *doubtful),
        cures=("dead-letter",),
    )

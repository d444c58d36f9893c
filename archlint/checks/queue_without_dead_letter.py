"""A queue without a dead-letter queue: a message that fails is retried forever or lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.checks._loss import Traffic
from archlint.model.architecture import Component, Relation
from archlint.verdicts import Hit, NoParams, Related, Verdict


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each consumed queue with neither a dead-letter queue nor limited attempts, at the queue."""
    traffic = Traffic(system)
    dead_letters = {component.dead_letter for component in system.components.values()}
    for component in system.topology.of_kind("queue"):
        # What is in a dead-letter queue has failed already: who empties it needs no second one.
        if component.dead_letter is not None or component.name in dead_letters:
            continue
        unbounded = [
            r for r in system.topology.consumptions(component.name) if r.max_attempts is None and r.retries is None
        ]
        if unbounded:
            yield _hit(system, component, sorted(unbounded, key=lambda r: r.source), traffic.through(component.name))


def _hit(system: System, queue: Component, unbounded: Sequence[Relation], loss: float) -> Hit:
    consumers = {relation.source for relation in unbounded}
    message = (
        f"`{queue.name}` has no dead-letter queue, and {listed(sorted(consumers))} "
        f"{'has' if len(consumers) == 1 else 'have'} no limit on attempts: "
        "a message that always fails is retried forever or lost"
    )
    related = tuple(Related(relation.place(), "no `max_attempts`") for relation in unbounded[:8])
    unread = system.architecture.unread
    attempts = [relation.place("max_attempts") for relation in unbounded]
    # One consumer that certainly has no limit is enough.
    doubtful = attempts if all(place.identity in unread for place in attempts) else []
    return Hit(
        queue.place(),
        message,
        (),
        related,
        absent=(queue.place("dead_letter"), *doubtful),
        cures=("dead-letter",),
        loss=loss,
    )

"""What a request waits for though the answer could do without it: a call that is optional, or has a fallback.

The floor of an answer leaves such calls out, as the answer does not depend on them. But the caller waits for a call
that succeeds, until its timeout: a fallback answers for a model that fails, not for one that is slow.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.floors import Floor, FloorOf, Part
from archlint.analysis.modes import ONLINE
from archlint.analysis.system import System
from archlint.model.architecture import Relation, Workload
from archlint.topology import Flow


class Spared(msgspec.Struct, frozen=True):
    """A call that the answer could do without (None: the answer itself), with the floor of waiting for it."""

    call: Relation | None
    floor: Floor


def spared_calls(system: System, workload: Workload, fraction: float, floors: FloorOf) -> Iterator[Spared]:
    """Yield the calls on the way to a model that all requests wait for, though the answer could do without."""
    flow = system.flow(workload)
    seen: dict[Relation, None] = {}
    for serving in system.servings(workload):
        call = _first_spared(flow, flow.path_to(serving.server)) if serving.mode == ONLINE else None
        if call is not None and call not in seen:
            seen[call] = None
            yield Spared(call, _until_given_up(system, call, floors.component(call.target, fraction)))


def _first_spared(flow: Flow, path: tuple[Relation, ...]) -> Relation | None:
    """Return the first call of a path that can be done without; None where not all requests come to it."""
    for relation in path:
        steps = flow.steps[relation.source]
        cached = any(step.relation.hit_ratio and step.relation.caches != "data" for step in steps)
        grouped = any(step.relation == relation and step.group is not None for step in steps)
        if cached or grouped or relation.when is not None or (relation.share or 1.0) < 1:
            return None
        if relation.optional or relation.fallback is not None:
            return relation
    return None


def _until_given_up(system: System, call: Relation, floor: Floor) -> Floor:
    """Return a floor, cut off where the caller gives up."""
    timeout = system.facts.timeout_s(call)
    models = [part for part in floor.parts if part.model]
    if timeout is None or floor.at_s <= float(timeout.value) or not models:
        return floor
    largest = max(models, key=lambda part: part.value_s)
    value_s = float(timeout.value)
    part = Part(
        f"{call.source} waits for {call.target} until it gives up",
        value_s,
        timeout.origin,
        timeout.at,
        timeout.source,
        largest.model,
        largest.server,
        floor.certainty,
    )
    return Floor(0.0, value_s, (part,), (), floor.unknown, floor.certainty)

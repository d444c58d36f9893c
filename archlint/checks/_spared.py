"""What a request waits for though the answer could do without it: a call that is optional, or has a fallback.

The floor of an answer leaves such calls out, as the answer does not depend on them. But the caller waits for a call
that succeeds, until its timeout: a fallback answers for a model that fails, not for one that is slow.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final, Literal
from weakref import WeakKeyDictionary

import msgspec

from archlint.analysis.floors import Floor, FloorOf, Part
from archlint.analysis.modes import ONLINE
from archlint.analysis.system import System
from archlint.model.architecture import Relation, Workload
from archlint.topology import Flow, Step
from archlint.topology.reach import Reach


class Spared(msgspec.Struct, frozen=True):
    """A call that the answer could do without (None: the answer itself), with the floor of waiting for it."""

    call: Relation | None
    floor: Floor


class _Source(msgspec.Struct, frozen=True):
    """What decides whether all requests at a component take a relation: a cache before it, groups."""

    cached: bool
    grouped: frozenset[tuple[str, int]]


_OPEN: Final = "open"
"""All requests take the way, and so far nothing on it can be done without."""
_Way = Relation | Literal["open"] | None


class _Memory:
    """What is known of the ways to servers; workloads that enter alike share the ways behind their client."""

    def __init__(self) -> None:
        self.ways: dict[Reach, dict[str, tuple[str, _Way]]] = {}
        self.sources: dict[Reach, dict[str, _Source]] = {}
        self.spared: dict[Hashable, tuple[Spared, ...]] = {}

    def way(self, flow: Flow, client: _Source, server: str) -> Relation | None:
        """Return the first call on the way to a server that can be done without, if all requests come to it."""
        start, behind = self._behind(flow, server)
        if start == flow.client:
            return None
        entry = flow.entering(start)
        first = _at(client, entry.relation)
        way = behind if first == _OPEN else first
        return way if isinstance(way, Relation) else None

    def _behind(self, flow: Flow, name: str) -> tuple[str, _Way]:
        """Return where the way to a component enters behind the client, and what is known of it from there on."""
        known = self.ways.setdefault(flow.reach, {})
        sources = self.sources.setdefault(flow.reach, {})
        path: list[Step] = []
        while name not in known and (step := flow.reach.entered.get(name)) is not None:
            path.append(step)
            name = step.source
        found = known.setdefault(name, (name, _OPEN))
        for step in reversed(path):
            start, way = found
            if way == _OPEN:
                if step.source not in sources:
                    sources[step.source] = _source(flow.reach.steps[step.source])
                way = _at(sources[step.source], step.relation)
            found = known[step.target] = (start, way)
        return found


_memories: WeakKeyDictionary[System, _Memory] = WeakKeyDictionary()


def spared_calls(system: System, workload: Workload, fraction: float, floors: FloorOf) -> tuple[Spared, ...]:
    """Return the calls on the way to a model that all requests wait for, though the answer could do without."""
    memory = _memories.setdefault(system, _Memory())
    flow, servings = system.flow(workload), system.servings(workload)
    key = (flow, id(servings), floors.key, fraction)       # the system keeps the servings
    known = memory.spared.get(key)
    if known is None:
        client = _source(flow.steps[flow.client]) if flow.waiting else _Source(False, frozenset())
        servers = dict.fromkeys(serving.server for serving in servings if serving.mode == ONLINE)
        calls = dict.fromkeys(memory.way(flow, client, server) for server in servers)
        known = memory.spared[key] = tuple(
            Spared(call, _until_given_up(system, call, floors.component(call.target, fraction)))
            for call in calls if call is not None
        )  # fmt: skip
    return known


def _source(steps: Sequence[Step]) -> _Source:
    cached = any(step.relation.hit_ratio and step.relation.caches != "data" for step in steps)
    grouped = ((step.relation.verb, step.relation.index) for step in steps if step.group is not None)
    return _Source(cached, frozenset(grouped))


def _at(source: _Source, relation: Relation) -> _Way:
    """Return the relation if it can be done without, None if not all requests come to it, else that it is open."""
    grouped = (relation.verb, relation.index) in source.grouped
    if source.cached or grouped or relation.when is not None or (relation.share or 1.0) < 1:
        return None
    return relation if relation.optional or relation.fallback is not None else "open"


def _until_given_up(system: System, call: Relation, floor: Floor) -> Floor:
    """Return a floor, limited by the time at which the caller gives up."""
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

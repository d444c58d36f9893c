"""What a request waits for though the answer could do without it: a call that is optional, or has a fallback.

The floor of an answer leaves such calls out, as the answer does not depend on them. But the caller waits for a call
that succeeds, until its timeout: a fallback answers for a model that fails, not for one that is slow.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Final

import msgspec

from archlint.analysis.floor_parts import fraction_behind, taken_by
from archlint.analysis.floors import Floor, FloorOf, Part
from archlint.analysis.mean_floors import MeanFloorOf
from archlint.analysis.modes import EDGE, ONLINE
from archlint.analysis.system import System
from archlint.model.architecture import Relation, Workload
from archlint.topology import Flow, Step
from archlint.topology.reach import Reach
from archlint.topology.routes import Routes


class Spared(msgspec.Struct, frozen=True):
    """A call that the answer could do without (None: the answer itself), with the floor of waiting for it."""

    call: Relation | None
    floor: Floor


class _Source(msgspec.Struct, frozen=True):
    """What decides how many requests at a component take a relation: a cache before it, and groups.

    `shares` has the relations in groups, each with the share of requests that take it (None: unknown).
    """

    cached: bool
    shares: dict[tuple[str, int], float | None]


class _Way(msgspec.Struct, frozen=True):
    """A way that a `share` of the requests takes, to the first `call` on it that can be done without, if any."""

    share: float = 1.0
    call: Relation | None = None


_OPEN: Final = _Way()


class _Memory:
    """What is known of the ways to servers; workloads that enter alike share the ways behind their client."""

    def __init__(self, _: System) -> None:
        self.ways: dict[Reach, dict[str, tuple[str, _Way | None]]] = {}
        self.sources: dict[Routes, dict[str, _Source]] = {}
        self.spared: dict[Hashable, tuple[Spared, ...]] = {}

    def calls(self, flow: Flow, client: _Source, servers: Iterable[str]) -> Iterator[tuple[Relation, float]]:
        """Yield the first call on the way to each server that can be done without, and the share that comes to it."""
        known = self.ways.setdefault(flow.reach, {})
        passed: dict[str, tuple[str, _Way | None]] = {}       # kept for the servers only: the ways may be long
        for server in servers:
            if server not in known:
                known[server] = self._behind(flow, server, passed)
            start, behind = known[server]
            if start != flow.client:
                first = _at(client, flow.entering(start).relation)
                way = first if first is None or first.call is not None else _joined(first, behind)
                if way is not None and way.call is not None:
                    yield way.call, way.share

    def _behind(self, flow: Flow, name: str, known: dict[str, tuple[str, _Way | None]]) -> tuple[str, _Way | None]:
        """Return where the way to a component enters behind the client, and what is known of it from there on."""
        sources = self.sources.setdefault(flow.routes, {})
        path: list[Step] = []
        while name not in known and (step := flow.reach.waiting.get(name)) is not None:
            path.append(step)
            name = step.source
        found = known.setdefault(name, (name, _OPEN))
        for step in reversed(path):
            if found[1] is not None and found[1].call is None:
                if step.source not in sources:
                    sources[step.source] = _source(flow.reach.steps[step.source])
                way = _at(sources[step.source], step.relation)
                # shared by all components on an open way
                found = found if way == _OPEN else (found[0], _joined(found[1], way))
            known[step.target] = found
        return found


def spared_calls(
    system: System, workload: Workload, fraction: float | None, floors: FloorOf
) -> tuple[Spared, ...]:
    """Return the calls on the way to a model that requests wait for, though the answer could do without.

    `fraction` is a percentile; None stands for the mean.
    """
    memory = system.once(_Memory)
    flow, servings = system.flow(workload), system.servings(workload)
    key = (flow, id(servings), floors.key, fraction)       # the system keeps the servings
    known = memory.spared.get(key)
    if known is None:
        client = _source(flow.steps[flow.client]) if flow.waiting else _Source(False, {})
        live = (serving.server for serving in servings if serving.mode in {EDGE, ONLINE})
        # A device may also be behind a queue.
        servers = dict.fromkeys(server for server in live if server in flow.waiting)
        calls = dict(memory.calls(flow, client, servers))
        if fraction is None:
            means = MeanFloorOf(floors) if calls else None
            waits = [_mean_wait(call, share, means) for call, share in calls.items() if means is not None]
        else:
            waits = [_wait(system, call, share, fraction, floors) for call, share in calls.items()]
        known = memory.spared[key] = tuple(spared for spared in waits if spared is not None)
    return known


def _wait(system: System, call: Relation, share: float, fraction: float, floors: FloorOf) -> Spared | None:
    """Return what a share of the requests waits for; None if that bounds nothing over all of them."""
    inner = fraction_behind(fraction, share)
    if inner <= 0 or not floors.delays(call.target):
        return None
    floor = _until_given_up(system, call, floors.over(call, floors.component(call.target, inner)))
    return Spared(call, taken_by(floor, share, inner, fraction))


def _mean_wait(call: Relation, share: float, means: MeanFloorOf) -> Spared | None:
    """Return the mean time that requests wait for a call, over all of them."""
    if not means.floors.delays(call.target):
        return None
    floor = means.waiting_for(call, share)
    return Spared(call, floor) if floor.at_s > 0 else None


def _source(steps: Sequence[Step]) -> _Source:
    cached = any(step.relation.hit_ratio and step.relation.caches not in {"data", "prefix"} for step in steps)
    shares = {
        (step.relation.verb, step.relation.index): step.share if step.share < 1 else None
        for step in steps if step.group is not None
    }  # fmt: skip
    return _Source(cached, shares)


def _at(source: _Source, relation: Relation) -> _Way | None:
    """Return the share of requests at a component that take a relation, and whether it can be done without.

    None if the share is unknown.
    """
    share = source.shares.get((relation.verb, relation.index), relation.share or 1.0)
    if source.cached or share is None or relation.when is not None:
        return None
    return _Way(share, relation if relation.optional or relation.fallback is not None else None)


def _joined(way: _Way, behind: _Way | None) -> _Way | None:
    return None if behind is None else _Way(way.share * behind.share, behind.call)


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

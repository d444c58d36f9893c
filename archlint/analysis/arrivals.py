"""The least number of requests that reach each component: a lower bound, so that it may prove an overload.

A branch has its share. After a look-up in a cache, only the misses are left. Requests that an alternative (`either`), a
condition (`when`) or a cache without a hit ratio may take away are left out. Retries and fallbacks only add requests,
and only if something fails, so they are left out too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import msgspec

from archlint.analysis.system import System
from archlint.model.architecture import Workload
from archlint.topology import SHARE, Flow, Step
from archlint.topology.reach import Reach


class Arrival(msgspec.Struct, frozen=True):
    """The requests of a workload that reach a component: at least `visits` for each request, on average."""

    workload: Workload
    visits: float


class Arrivals:
    """The least number of requests that reach the components that clients wait for.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... workloads: {search: {from: page, rate: 100/s}}
    ... models: {ranker: {}}
    ... components:
    ...   page: {kind: client, calls: [api]}
    ...   api:
    ...     kind: service
    ...     reads: [{to: answers, hit_ratio: 0.8}]
    ...     calls: [{to: old, share: 0.25}, {to: new, share: 0.75}]
    ...   answers: {kind: cache}
    ...   old: {kind: model-server, serves: [ranker]}
    ...   new: {kind: model-server, serves: [ranker]}
    ... ''')
    >>> arrivals = Arrivals(system)
    >>> [round(arrivals.at(name)[0].visits, 3) for name in ("api", "answers", "old", "new")]
    [1.0, 1.0, 0.05, 0.15]
    """

    def __init__(self, system: System) -> None:
        self._system = system
        self._left: dict[tuple[int, str], tuple[tuple[Step, float], ...]] = {}
        self._visits_of: dict[str, Mapping[str, float]] = {}

    def at(self, name: str) -> Sequence[Arrival]:
        """Return the requests that reach a component, by workload, in the order of the file."""
        return self._by_component.get(name, ())

    def of(self, workload: Workload) -> Mapping[str, float]:
        """Return how often one request of a workload reaches each component, at least; one object for equal flows."""
        return self._visits_of.get(workload.name, {}) if self._by_component else {}

    @cached_property
    def _by_component(self) -> Mapping[str, list[Arrival]]:
        found: dict[str, list[Arrival]] = {}
        known: dict[tuple[Reach, tuple[tuple[str, float], ...]], Mapping[str, float]] = {}
        for workload in self._system.workloads.values():
            flow = self._system.flow(workload)
            if not flow.waiting:
                continue
            entering = counted(self._system, flow, flow.steps[flow.client])
            key = flow.reach, tuple((step.target, share) for step, share in entering)
            visits = known.get(key)
            if visits is None:
                visits = known[key] = self._visits(flow, key[1])
            self._visits_of[workload.name] = visits
            for name in flow.reach.waiting:
                found.setdefault(name, []).append(Arrival(workload, visits.get(name, 0.0)))
        return found

    def _visits(self, flow: Flow, entering: Sequence[tuple[str, float]]) -> Mapping[str, float]:
        """Return how often one request reaches each component behind the client, at least."""
        visits: dict[str, float] = {}
        for target, share in entering:
            visits[target] = visits.get(target, 0.0) + share
        steps, waiting = flow.reach.steps, flow.reach.waiting
        for group in reversed(flow.reach.order):
            # Within a circle of callers, nothing is certain of how often a request goes round.
            inside = set(group) if len(group) > 1 else ()
            for name in group:
                reached = visits.get(name, 0.0)
                if reached > 0 and name in waiting:
                    for step, share in self._counted(flow, name, steps[name]):
                        if step.target not in inside and step.target != name:
                            visits[step.target] = visits.get(step.target, 0.0) + reached * share
        return visits

    def _counted(self, flow: Flow, name: str, steps: Sequence[Step]) -> tuple[tuple[Step, float], ...]:
        key = id(flow.routes), name
        known = self._left.get(key)
        if known is None:
            known = self._left[key] = counted(self._system, flow, steps)
        return known


def arrivals_of(system: System) -> Arrivals:
    """Return the arrivals of a system, computed once."""
    known = system.shared.get("arrivals")
    if not isinstance(known, Arrivals):
        known = system.shared["arrivals"] = Arrivals(system)
    return known


def counted(system: System, flow: Flow, steps: Sequence[Step]) -> tuple[tuple[Step, float], ...]:
    """Return the steps that wait, each with the share of its source's requests that take it at least."""
    found = []
    left = reading = 1.0
    for step in steps:
        if not step.waits:
            continue
        relation = step.relation
        met = max(0.0, min(left, reading) if relation.verb == "reads" else left)
        share = _least_share(flow, step)
        if share * met > 0:
            found.append((step, share * met))
        if system.topology.looks_up(relation):
            hits = 1.0 if relation.hit_ratio is None else relation.hit_ratio
            if relation.caches == "data":
                reading -= hits
            elif relation.caches != "prefix":
                left -= hits
                reading -= hits
    return tuple(found)


def misses(system: System, steps: Sequence[Step]) -> float:
    """Return the least share of a component's requests that no cache of predictions answers.

    The hits of several caches may be different requests, so they add up.
    """
    left = 1.0
    for step in steps:
        relation = step.relation
        if system.topology.looks_up(relation) and relation.caches not in {"data", "prefix"}:
            left -= 1.0 if relation.hit_ratio is None else relation.hit_ratio
    return max(0.0, left)


def _least_share(flow: Flow, step: Step) -> float:
    """Return the share of requests that take a step at least: none is certain of an alternative or a condition."""
    if step.group is None:
        relation = step.relation
        if relation.share is not None:
            return relation.share
        return 1.0 if relation.when is None else 0.0
    return step.share if flow.groups[step.group].kind == SHARE else 0.0

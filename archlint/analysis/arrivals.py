"""The least number of requests that reach each component: a lower bound, so that it may prove an overload.

A branch has its share. After a look-up in a cache, only the misses are left. Requests that an alternative (`either`), a
condition (`when`) or a cache without a hit ratio may take away are left out. Retries and fallbacks only add requests,
and only if something fails, so they are left out too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import msgspec

from archlint.analysis.system import System
from archlint.model.architecture import Relation, Workload
from archlint.topology import SHARE, Flow, Step
from archlint.topology.reach import Reach


class Arrival(msgspec.Struct, frozen=True):
    """The requests of a workload that reach a component: at least `visits` for each request, on average."""

    workload: Workload
    visits: float


class Group(msgspec.Struct, frozen=True, dict=True, eq=False):
    """Workloads whose requests reach the same components equally often, each with its number in the file.

    `visits` is how often one request reaches each component, at least. Thousands of workloads may share all components
    of a path: what is summed up here is summed up once.
    """

    workloads: tuple[tuple[int, Workload], ...]
    visits: Mapping[str, float]

    @cached_property
    def mean_per_s(self) -> float:
        """The stated mean rates, together."""
        return sum(workload.rate_per_s or 0.0 for _, workload in self.workloads)

    @cached_property
    def most_per_s(self) -> float:
        """The higher of the mean rate and the peak of each workload, together."""
        return sum(max(workload.rate_per_s or 0.0, workload.peak_per_s or 0.0) for _, workload in self.workloads)

    @cached_property
    def peaked(self) -> Sequence[Workload]:
        """The workloads that state a peak, the highest peak first."""
        found = [workload for _, workload in self.workloads if workload.peak_per_s is not None]
        return sorted(found, key=lambda workload: -(workload.peak_per_s or 0.0))

    @cached_property
    def surging(self) -> Workload | None:
        """The workload whose peak is most above its mean rate."""
        return max(self.peaked, key=lambda one: (one.peak_per_s or 0.0) - (one.rate_per_s or 0.0), default=None)

    @cached_property
    def unpeaked(self) -> Sequence[tuple[int, Workload]]:
        """The workloads that state no peak."""
        return [(number, workload) for number, workload in self.workloads if workload.peak_per_s is None]

    @cached_property
    def rated(self) -> bool:
        """Whether any workload states a rate or a peak."""
        return bool(self.peaked) or any(workload.rate_per_s is not None for _, workload in self.workloads)


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
        groups = self._by_component.get(name, ())
        rows = [(number, workload, group) for group in groups for number, workload in group.workloads]
        rows.sort(key=lambda row: row[0])
        return [Arrival(workload, group.visits.get(name, 0.0)) for _, workload, group in rows]

    def groups_at(self, name: str) -> Sequence[Group]:
        """Return the groups of workloads whose requests are certain to reach a component."""
        return [group for group in self._by_component.get(name, ()) if group.visits.get(name, 0.0) > 0]

    def of(self, workload: Workload) -> Mapping[str, float]:
        """Return how often one request of a workload reaches each component, at least; one object for equal flows."""
        return self._visits_of.get(workload.name, {}) if self._by_component else {}

    def let_through(self, workload: Workload, let: Mapping[str, float]) -> Mapping[str, float]:
        """Return how often one request reaches each component, at least, if some only let a share of theirs through."""
        flow = self._system.flow(workload)
        entering = counted(self._system, flow, flow.steps[flow.client])
        return self._visits(flow, [(step.target, share) for step, share in entering], let)

    @cached_property
    def _by_component(self) -> Mapping[str, list[Group]]:
        known: dict[tuple[Reach, tuple[tuple[str, float], ...]], list[tuple[int, Workload]]] = {}
        visits: dict[tuple[Reach, tuple[tuple[str, float], ...]], Mapping[str, float]] = {}
        for number, workload in enumerate(self._system.workloads.values()):
            flow = self._system.flow(workload)
            if not flow.waiting:
                continue
            entering = counted(self._system, flow, flow.steps[flow.client])
            key = flow.reach, tuple((step.target, share) for step, share in entering)
            if key not in known:
                known[key], visits[key] = [], self._visits(flow, key[1])
            known[key].append((number, workload))
            self._visits_of[workload.name] = visits[key]
        found: dict[str, list[Group]] = {}
        for key, workloads in known.items():
            group = Group(tuple(workloads), visits[key])
            for name in key[0].waiting:
                found.setdefault(name, []).append(group)
        return found

    def _visits(
        self, flow: Flow, entering: Sequence[tuple[str, float]], let: Mapping[str, float] = {}
    ) -> Mapping[str, float]:
        """Return how often one request reaches each component behind the client, at least."""
        visits: dict[str, float] = {}
        for target, share in entering:
            visits[target] = visits.get(target, 0.0) + share
        steps, waiting = flow.reach.steps, flow.reach.waiting
        for group in reversed(flow.reach.order):
            # Within a circle of callers, nothing is certain of how often a request goes round.
            inside = set(group) if len(group) > 1 else ()
            for name in group:
                reached = visits.get(name, 0.0) * let.get(name, 1.0)
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
    return system.once(Arrivals)


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


def misses(system: System, relations: Iterable[Relation]) -> float:
    """Return the least share of a component's requests that no cache of predictions answers.

    The hits of several caches may be different requests, so they add up.
    """
    left = 1.0
    for relation in relations:
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

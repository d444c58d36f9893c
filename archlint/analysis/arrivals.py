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
"""How many messages arrive at each queue at the mean, and how many its consumers can handle."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.handling import handlings, mean_time
from archlint.analysis.system import System
from archlint.analysis.work import replicas_key, work
from archlint.model.architecture import Component, Workload
from archlint.model.places import Place
from archlint.topology import Flow
from archlint.verdicts import Certainty, Origin, Term

_IN_PARALLEL = frozenset({"replicas", "workers", "batch"})


class Rate(msgspec.Struct, frozen=True):
    """Messages per second, with the terms of the calculation."""

    per_s: float
    terms: tuple[Term, ...]
    certainty: Certainty = Certainty.PROVEN


class Capacity(msgspec.Struct, frozen=True):
    """How many messages per second all consumers of a queue handle together at most, and the largest time of one.

    `slots` is the number of messages in parallel. `unknown` are the places of the missing facts, by what they state;
    none for a time of which the file says nothing at all.
    """

    rate: Rate
    each_s: float = 0.0
    slots: float = 0.0
    unknown: dict[str, tuple[Place, ...]] = {}


def capacity(system: System, queue: Component) -> Capacity:
    """Return what the consumers of a queue handle at most: replicas x workers x batch / mean time of one message."""
    total = each_s = slots = 0.0
    terms: list[Term] = []
    certainty, unknown = Certainty.PROVEN, dict[str, tuple[Place, ...]]()
    for relation in system.topology.consumptions(queue.name):
        consumer = system.components[relation.source]
        one = _of_consumer(system, consumer)
        for kind, places in one.unknown.items():
            unknown[kind] = (*unknown.get(kind, ()), *places)
        if not one.unknown:
            total += one.rate.per_s
            slots += one.slots
            each_s = max(each_s, one.each_s)
            terms += one.rate.terms
            if one.rate.certainty is not Certainty.PROVEN:
                certainty = one.rate.certainty
    return Capacity(Rate(total, tuple(terms), certainty), each_s, slots, unknown)


def _of_consumer(system: System, consumer: Component) -> Capacity:
    """Return the capacity of one consumer, with the shortest time of its models if workloads run different ones."""
    nothing = Rate(0.0, ())
    means: list[tuple[float, tuple[Term, ...], bool]] = []
    missing: list[Place] = []
    for handling in handlings(system, consumer):
        found = mean_time(handling.pieces)
        missing += handling.missing
        if found is None:
            missing += [piece.at.key("mean") for piece in handling.pieces]
        elif not handling.missing:
            means.append((*found, all(piece.cap_s == float("inf") for piece in handling.pieces)))
    places: dict[str, tuple[Place, ...]] = {}
    if missing or not any(each_s > 0 for each_s, _, _ in means):
        places["time"] = tuple(dict.fromkeys(missing))
    parallel = work(system, 1.0, (), consumer, widest=True)
    if isinstance(parallel, tuple):
        places["replicas"] = tuple(at for at in parallel if at == replicas_key(consumer, widest=True)) or parallel
    if places or isinstance(parallel, tuple):
        return Capacity(nothing, unknown=places)
    each_s, terms, whole = min(means, key=lambda mean: mean[0])
    shared = tuple(term for term in parallel.terms if term.name in _IN_PARALLEL)
    stated = whole and all(term.origin is Origin.STATED for term in (*terms, *shared))
    certainty = Certainty.PROVEN if stated else Certainty.ESTIMATED
    per_s = parallel.slots / each_s if each_s > 0 else float("inf")
    return Capacity(Rate(per_s, (*terms, *shared), certainty), each_s, parallel.slots)


def arrivals(system: System, queue: str, passed: frozenset[str]) -> Rate:
    """Return how many messages reach a queue at the mean, at least: what a share of unknown size brings is left out.

    `passed` are the queues that are known to hand on all that they get.
    """
    flows: dict[Flow, list[Workload]] = {}
    for workload in system.workloads_of.get(queue, ()):
        if workload.rate_per_s:
            flows.setdefault(system.flow(workload), []).append(workload)
    total, terms = 0.0, list[Term]()
    for flow, workloads in flows.items():
        share = _share(flow, queue, passed)
        for workload in workloads if share else ():
            rate = workload.rate_per_s or 0.0
            total += rate * (share or 0.0)
            terms.append(Term("rate", f"rate of {workload.name}", rate, "/s", Origin.STATED, workload.place("rate")))
            if share != 1:
                label = f"share of {workload.name} that comes to {queue}"
                terms.append(Term("share", label, share or 0.0, "share", Origin.DERIVED, None, "product of the shares"))
    return Rate(total, tuple(terms))


def _share(flow: Flow, queue: str, passed: frozenset[str]) -> float | None:
    """Return the share of requests that put a message on a queue; None if it is unknown."""
    share = 1.0
    if queue not in flow:
        return None
    for source, target in _hops(flow, queue):
        if source != flow.client and source not in flow.reach.steps:
            return None
        steps = flow.steps[source]
        if any(step.relation.hit_ratio and step.relation.caches not in {"data", "prefix"} for step in steps):
            return None
        step = next((step for step in steps if step.target == target), None)
        conditional = step is None or step.relation.when is not None or step.relation.either is not None
        if step is None or conditional or (step.group is not None and step.share == 1):
            return None
        if step.relation.verb == "consumes" and source not in passed:
            return None
        share *= step.share
    return share


def _hops(flow: Flow, queue: str) -> Iterator[tuple[str, str]]:
    """Yield the steps of the first way to a queue, each as source and target of the work."""
    for relation in flow.path_to(queue):
        if relation.verb == "consumes":
            yield relation.target, relation.source
        else:
            yield relation.source, relation.target

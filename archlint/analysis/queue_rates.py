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

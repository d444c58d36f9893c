"""A queue that gets more messages than its consumers can handle: it grows as long as that lasts."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, isfinite

from archlint.analysis.queue_rates import Capacity, Rate, arrivals, capacity
from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.checks._lines import exceeds
from archlint.checks._loss import Traffic, beyond
from archlint.model.architecture import Component, Workload
from archlint.model.quantities import format_count, format_duration, format_rate
from archlint.verdicts import Certainty, Hit, NoParams, Origin, Related, Term, Undecided, Verdict


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each queue whose consumers handle less than arrives at the mean, at the queue."""
    traffic = Traffic(system)
    rates: dict[int, float] = {}                 # components that the same workloads use share one tuple of them
    passed: set[str] = set()
    waiting: list[tuple[Component, Capacity]] = []
    for queue in system.topology.of_kind("queue"):
        workloads = system.workloads_of.get(queue.name, ())
        if not workloads or not system.topology.consumptions(queue.name):
            continue
        handled = capacity(system, queue)
        most = rates.setdefault(id(workloads), _sum(workloads))
        yield from _open(system, queue, handled, workloads)
        if handled.unknown:
            continue
        if exceeds(most, handled.rate.per_s):
            waiting.append((queue, handled))
        elif all(workload.rate_per_s is not None for workload in workloads):
            passed.add(queue.name)               # even if every request put a message on it
    yield from _judged(system, waiting, passed, traffic)


def _judged(
    system: System, waiting: list[tuple[Component, Capacity]], passed: set[str], traffic: Traffic
) -> Iterator[Hit]:
    """Judge the queues that may get too much; one behind another queue only if that one hands on all that it gets."""
    for queue, handled in waiting:
        arriving = arrivals(system, queue.name, frozenset(passed))
        if exceeds(arriving.per_s, handled.rate.per_s):
            yield _hit(system, queue, arriving, handled, traffic)


def _sum(workloads: tuple[Workload, ...]) -> float:
    return sum(workload.rate_per_s or 0.0 for workload in workloads)


def _open(
    system: System, queue: Component, handled: Capacity, workloads: tuple[Workload, ...]
) -> Iterator[Undecided]:
    """Ask for the one kind of fact that is missing, if the others are stated: the rate, the time or the replicas."""
    unknown = dict(handled.unknown)
    rates = tuple(workload.place("rate") for workload in workloads if workload.rate_per_s is None)
    if rates:
        unknown["rate"] = rates
    consumers = [system.components[relation.source] for relation in system.topology.consumptions(queue.name)]
    if len(unknown) == 1 and not any(system.facts.serverless(c) or c.kind == "external" for c in consumers):
        (needs,) = unknown.values()
        if not needs:
            return
        because = f"whether the consumers of `{queue.name}` handle all that arrives"
        yield Undecided(queue.place(), needs[:4], because, len(needs[4:]))


def _hit(system: System, queue: Component, arriving: Rate, handled: Capacity, traffic: Traffic) -> Hit:
    consumers = [relation.source for relation in system.topology.consumptions(queue.name)]
    growth = arriving.per_s - handled.rate.per_s
    about = "at most" if handled.rate.certainty is Certainty.PROVEN else "about"
    handle = "handles" if len(consumers) == 1 else "handle"
    terms = [
        *arriving.terms,
        Term("arrivals", f"messages to {queue.name}", arriving.per_s, "/s", Origin.DERIVED, None, "rate x share"),
        *handled.rate.terms,
    ]
    formula = "replicas x workers / time of one message"
    label = f"messages that {listed(consumers).replace('`', '')} {handle}"
    terms.append(Term("capacity", label, handled.rate.per_s, "/s", Origin.DERIVED, None, formula, limit=True))
    message = (
        f"`{queue.name}` gets {format_rate(arriving.per_s)} on average, but {listed(consumers)} {handle} {about} "
        f"{format_rate(handled.rate.per_s)}: {_grows(queue, growth)}; {_enough(arriving, handled)}"
    )
    related = tuple(Related(system.components[name].place(), "takes messages from it") for name in consumers[:4])
    if queue.max_length is not None:
        at, label = queue.place("max_length"), f"maximum length of {queue.name}"
        terms.append(Term("max_length", label, queue.max_length, "count", Origin.STATED, at))
    return Hit(
        queue.place(),
        message,
        tuple(terms),
        related,
        handled.rate.certainty,
        cures=("parallel-jobs", "smaller-model", "load-test"),
        loss=traffic.through(queue.name) * beyond(arriving.per_s, handled.rate.per_s),
    )


def _grows(queue: Component, growth: float) -> str:
    """Say what happens to a queue that grows: it is full after some time, or has no limit."""
    grows = f"the queue grows by {format_rate(growth)}"
    if queue.max_length is None:
        return f"{grows} and never drains"
    return f"{grows} and is full after {format_duration(queue.max_length / growth)}; then messages are lost or refused"


def _enough(arriving: Rate, handled: Capacity) -> str:
    if not isfinite(handled.each_s * arriving.per_s):
        return "handle more in parallel"
    needed = ceil(arriving.per_s * handled.each_s)
    return f"handle {format_count(needed)} in parallel instead of {format_count(handled.slots)}"

"""How long a result takes that comes from behind queues: the waits for free consumers, and the work on the message."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import msgspec

from archlint.analysis.modes import ASYNCHRONOUS, EDGE, ONLINE
from archlint.analysis.quantity import Missing, Quantity
from archlint.analysis.queue_rates import Capacity, arrivals, capacity
from archlint.analysis.queueing import Unstable, mmc_wait
from archlint.analysis.system import System
from archlint.model.architecture import Component, Workload
from archlint.model.places import Place
from archlint.model.quantities import format_percentile
from archlint.verdicts import Certainty, Origin, Term

NAME = "result_time"
_MOST_TERMS = 24


def gets_results_later(system: System, workload: Workload) -> bool:
    """Whether all predictions of a workload come from behind queues, while its client does not wait for them.

    Its latency objective is then for the result, and not for the time until the request is accepted.
    """
    modes = {serving.mode for serving in system.servings(workload)}
    return workload.waits is False and ASYNCHRONOUS in modes and not modes & {ONLINE, EDGE}


def result_time(system: System, workload: Workload) -> Quantity | Missing | None:
    """Return the mean time from the message to the result, at the mean rates; None for a workload without queues.

    On the way to each server behind queues, the waits (M/M/c) and the work of the consumers add up; the longest way
    counts. It is an estimate: messages arrive at random, and the times of the work vary like exponential ones.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... workloads: {upload: {from: page, rate: 5/s, waits: false}}
    ... models: {tagger: {service_time: 100ms}}
    ... components:
    ...   page: {kind: client, publishes: [photos]}
    ...   photos: {kind: queue}
    ...   tagging: {kind: worker, consumes: [photos], serves: [tagger], replicas: 1, workers: 1}
    ... ''')
    >>> found = result_time(system, system.workloads["upload"])
    >>> found.value, found.unit
    (0.2, 's')
    """
    if not gets_results_later(system, workload):
        return None
    flow = system.flow(workload)
    needs: dict[Place, None] = {}
    longest: Quantity | None = None
    for server in dict.fromkeys(s.server for s in system.servings(workload) if s.mode == ASYNCHRONOUS and s.server):
        queues = [
            system.components[relation.target] for relation in flow.path_to(server) if relation.verb == "consumes"
        ]  # fmt: skip
        found = _behind(system, queues)
        if isinstance(found, Missing):
            if found.because:
                return found
            needs |= dict.fromkeys(found.needs)
        elif longest is None or found.value > longest.value:
            longest = found
    if needs or longest is None:
        return Missing(NAME, tuple(needs)) if needs else None
    objectives = tuple(
        Term("objective", f"SLO {format_percentile(fraction)}", time_s, "s", Origin.STATED,
             workload.place("slo", "latency", format_percentile(fraction)), limit=True)
        for fraction, time_s in workload.slo.latency[-1:]
    )  # fmt: skip
    return msgspec.structs.replace(longest, terms=(*longest.terms, *objectives))


def _behind(system: System, queues: Sequence[Component]) -> Quantity | Missing:
    """Add up the waits and the work behind some queues, one after another."""
    total_s, terms = 0.0, list[Term]()
    needs: dict[Place, None] = {}
    for queue in queues:
        handled = capacity(system, queue)
        rates = [w.place("rate") for w in system.workloads_of.get(queue.name, ()) if w.rate_per_s is None]
        needs |= dict.fromkeys((*(place for places in handled.unknown.values() for place in places), *rates))
        if handled.unknown or rates:
            continue
        arriving = arrivals(system, queue.name, frozenset(system.components)).per_s
        wait_s = _wait_s(arriving, handled)
        if wait_s is None:
            return Missing(NAME, because=f"`{queue.name}` gets more than its consumers handle, so it grows")
        terms += (
            Term("wait", f"wait in {queue.name}, mean", wait_s, "s", Origin.DERIVED, queue.place(), "M/M/c"),
            Term("work", f"work on a message of {queue.name}, mean", handled.each_s, "s", Origin.DERIVED, None, "sum"),
        )
        total_s += wait_s + handled.each_s
    if needs:
        return Missing(NAME, tuple(needs))
    formula = "sum of the waits and the work behind the queues"
    return Quantity(NAME, total_s, "s", formula, tuple(terms[:_MOST_TERMS]), Certainty.ESTIMATED)


def _wait_s(arriving: float, handled: Capacity) -> float | None:
    """Return the mean wait for a free consumer, in seconds; None if the queue grows without limit."""
    slots = int(handled.slots)
    if slots < 1 or not isfinite(handled.rate.per_s) or handled.each_s <= 0:
        return 0.0
    wait = mmc_wait(arriving, handled.each_s, slots)
    return None if isinstance(wait, Unstable) else wait.mean_s

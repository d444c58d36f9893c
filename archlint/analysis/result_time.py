"""How long a result takes that comes from behind queues: the waits for free consumers, and the work on the message.

Estimates: messages arrive at random, waits are those of `queueing.ggc_wait`, and times of which only the mean is stated
vary like exponential ones. Percentiles are of the sum, as a distribution; the band has the waits from 0.7 to 1.45 times
the estimate. `tests/analysis/test_result_time.py` compares them with the simulator.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite

import msgspec

from archlint.analysis.distributions import (
    NOTHING,
    Distribution,
    exponential,
    mixture,
    of_service_time,
    of_wait,
    one_after_the_other,
    scaled,
)
from archlint.analysis.handling import Handling, handlings
from archlint.analysis.modes import ASYNCHRONOUS, EDGE, ONLINE
from archlint.analysis.quantity import Missing, Quantity
from archlint.analysis.queue_rates import Capacity, arrivals, capacity
from archlint.analysis.queueing import NO_WAIT, Unstable, Wait, ggc_wait
from archlint.analysis.runs import runs_of, starts_runs
from archlint.analysis.service_time import mean
from archlint.analysis.system import System
from archlint.model.architecture import Component, Workload
from archlint.model.places import Place
from archlint.model.quantities import format_percentile
from archlint.verdicts import Certainty, Origin, Term

NAME = "result_time"
_SHOWN = (0.5, 0.95, 0.99)
_BAND = (0.7, 1.45)
_SLACK = 0.05
_POINTS = 0.02
_MOST_TERMS = 24


class Behind(msgspec.Struct, frozen=True):
    """The way of a message through queues: the mean of its time, the work in all, and the wait in each."""

    total_s: float
    work: Distribution
    waits: tuple[Wait, ...]
    terms: tuple[Term, ...]

    def time(self, factor: float = 1.0) -> Distribution:
        """Return the time until the result, with the waits by a factor."""
        waits = [scaled(of_wait(wait), factor) for wait in self.waits]
        return one_after_the_other([self.work, *waits])


def gets_results_later(system: System, workload: Workload) -> bool:
    """Whether the client of a workload does not wait: all of its predictions come from behind queues, or from jobs.

    Its latency objective is then for the result, and not for the time until the request is accepted.
    """
    if starts_runs(system, workload):
        return True
    modes = {serving.mode for serving in system.servings(workload)}
    return workload.waits is False and ASYNCHRONOUS in modes and not modes & {ONLINE, EDGE}


def result_time(system: System, workload: Workload) -> Iterator[Quantity | Missing]:
    """Yield the mean time from the message to the result, at the mean rates, and its percentiles.

    Of a workload that starts jobs, it is the time of their runs. Nothing for one without queues and jobs. On the way to
    each server behind queues, the waits and the work of the consumers add up; the longest way counts.

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
    >>> [(number.name, round(number.value, 2)) for number in result_time(system, system.workloads["upload"])]
    [('result_time', 0.15), ('result_p50', 0.1), ('result_p95', 0.33), ('result_p99', 0.49)]
    """
    if not gets_results_later(system, workload):
        return
    if starts_runs(system, workload):
        yield from _of_runs(system, workload)
        return
    longest = _longest(system, workload)
    if not isinstance(longest, Behind):
        if longest is not None:
            yield longest
        return
    objectives = {fraction: _objective(workload, fraction, time_s) for fraction, time_s in workload.slo.latency}
    formula = "sum of the waits and the work behind the queues"
    last = tuple(objectives[fraction] for fraction in list(objectives)[-1:])
    yield Quantity(NAME, longest.total_s, "s", formula, (*longest.terms, *last), Certainty.ESTIMATED)
    usual, low, high = longest.time(), longest.time(_BAND[0]), longest.time(_BAND[1])
    for fraction in sorted({*_SHOWN, *objectives}):
        slack, value_s = _SLACK * (1 - fraction), usual.percentile(fraction)
        least_s = min(value_s, low.percentile(max(fraction - slack, fraction / 2))) * (1 - _POINTS)
        most_s = max(value_s, high.percentile(fraction + slack)) * (1 + _POINTS)
        terms = (*longest.terms, *([objectives[fraction]] if fraction in objectives else []))
        yield Quantity(
            f"result_{format_percentile(fraction)}", value_s, "s", f"{formula}, as distributions", terms,
            Certainty.ESTIMATED, "", (least_s, most_s),
        )  # fmt: skip


def _of_runs(system: System, workload: Workload) -> Iterator[Quantity | Missing]:
    """Yield how long the runs take that a workload starts, the longest chain of them."""
    runs = runs_of(system, workload)
    if runs is None:
        return
    if runs.needs:
        yield Missing(NAME, runs.needs)
        return
    objectives = [_objective(workload, fraction, time_s) for fraction, time_s in workload.slo.latency]
    strictest = sorted(objectives, key=lambda one: float(one.value))[:1]
    formula = "sum of the runs, one after the other"
    terms = (*runs.terms[:_MOST_TERMS], *strictest)
    yield Quantity(NAME, runs.value_s, "s", formula, terms, runs.certainty)


def _objective(workload: Workload, fraction: float, time_s: float) -> Term:
    name = format_percentile(fraction)
    at = workload.place("slo", "latency", name)
    return Term("objective", f"SLO {name}", time_s, "s", Origin.STATED, at, limit=True)


def _longest(system: System, workload: Workload) -> Behind | Missing | None:
    flow = system.flow(workload)
    needs: dict[Place, None] = {}
    longest: Behind | None = None
    for server in dict.fromkeys(s.server for s in system.servings(workload) if s.mode == ASYNCHRONOUS and s.server):
        queues = [
            system.components[relation.target] for relation in flow.path_to(server) if relation.verb == "consumes"
        ]  # fmt: skip
        found = _behind(system, queues)
        if isinstance(found, Missing):
            if found.because:
                return found
            needs |= dict.fromkeys(found.needs)
        elif longest is None or found.total_s > longest.total_s:
            longest = found
    return Missing(NAME, tuple(needs)) if needs else longest


def _behind(system: System, queues: Sequence[Component]) -> Behind | Missing:
    """Add up the waits and the work behind some queues, one after another."""
    terms, works, waits = list[Term](), list[Distribution](), list[Wait]()
    needs: dict[Place, None] = {}
    for queue in queues:
        handled = capacity(system, queue)
        rates = [w.place("rate") for w in system.workloads_of.get(queue.name, ()) if w.rate_per_s is None]
        needs |= dict.fromkeys((*(place for places in handled.unknown.values() for place in places), *rates))
        if handled.unknown or rates:
            continue
        arriving = arrivals(system, queue.name, frozenset(system.components)).per_s
        work = _work(system, queue, handled)
        wait = _wait(arriving, handled, work)
        if wait is None:
            return Missing(NAME, because=f"`{queue.name}` gets more than its consumers handle, so it grows")
        terms += (
            Term("wait", f"wait in {queue.name}, mean", wait.mean_s, "s", Origin.DERIVED, queue.place(),
                 "Allen-Cunneen"),
            Term("work", f"work on a message of {queue.name}, mean", handled.each_s, "s", Origin.DERIVED, None, "sum"),
        )  # fmt: skip
        works.append(work)
        waits.append(wait)
    if needs:
        return Missing(NAME, tuple(needs))
    total_s = sum(wait.mean_s for wait in waits) + sum(work.mean for work in works)
    return Behind(total_s, one_after_the_other(works), tuple(waits), tuple(terms[:_MOST_TERMS]))


def _work(system: System, queue: Component, handled: Capacity) -> Distribution:
    """Return the time of the work on a message, with the largest mean of its consumers."""
    found = []
    for relation in system.topology.consumptions(queue.name):
        found += [_of_pieces(one) for one in handlings(system, system.components[relation.source])]
    usual = mixture((1 / len(found), one) for one in found) if found else NOTHING
    return scaled(usual, handled.each_s / usual.mean) if usual.mean > 0 else NOTHING


def _of_pieces(handling: Handling) -> Distribution:
    always, behind, missed = list[Distribution](), list[Distribution](), 1.0
    for piece in handling.pieces:
        time = of_service_time(piece.time) or exponential(mean(piece.time) or 0.0)
        if time.values[-1] > piece.cap_s:
            time = Distribution(tuple(min(value, piece.cap_s) for value in time.values), time.weights)
        (always if piece.share == 1 else behind).append(time)
        missed = min(missed, piece.share)
    if behind:                           # a cache of predictions saves all of it together
        always.append(mixture(((missed, one_after_the_other(behind)), (1 - missed, NOTHING))))
    return one_after_the_other(always)


def _wait(arriving: float, handled: Capacity, work: Distribution) -> Wait | None:
    """Return the wait for a free consumer; None if the queue grows without limit."""
    slots = int(handled.slots)
    if slots < 1 or not isfinite(handled.rate.per_s) or handled.each_s <= 0:
        return NO_WAIT
    wait = ggc_wait(arriving, handled.each_s, slots, 1.0, work.cv2)
    return None if isinstance(wait, Unstable) else wait

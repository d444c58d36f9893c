"""More requests than a component can handle: its queue grows without limit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import msgspec

from archlint.analysis.generation import may_generate
from archlint.analysis.system import System
from archlint.analysis.utilisation import Demand, Load, Slots, Utilisation, utilisations
from archlint.checks._lines import exceeds
from archlint.checks._loss import Traffic, beyond
from archlint.model.architecture import Workload
from archlint.model.places import Place
from archlint.model.quantities import format_count, format_duration, format_percentile, format_rate, format_share
from archlint.verdicts import Certainty, Hit, NoParams, Origin, Related, Term, Undecided, Verdict

_MOST_SHOWN: Final = 8


class _Over(msgspec.Struct, frozen=True):
    """A load that the workers of a component cannot handle."""

    use: Utilisation
    load: Load
    certain: bool

    @property
    def each_s(self) -> float:
        """The mean time of one request."""
        return self.load.busy / self.load.per_s

    @property
    def served_per_s(self) -> float:
        """The requests per second that it handles at most."""
        return self.use.slots.total / self.each_s

    @property
    def demands(self) -> list[Demand]:
        """What adds to the load, the largest part first."""
        peak = self.load.peak if self.certain else None
        adding = [d for d in self.use.demands if d.mean_s > 0 and (peak is None or d.workload is peak)]
        return sorted(adding, key=lambda demand: -demand.visits * self.rate(demand)[0] * demand.mean_s)

    def rate(self, demand: Demand) -> tuple[float, str]:
        """Return the requests per second of a workload in this load, and the key that states them."""
        workload = demand.workload
        if workload is self.load.peak:
            return workload.peak_per_s or 0.0, "peak"
        return workload.rate_per_s or 0.0, "rate"


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each component whose workers cannot handle the mean rates, or a peak, at its replicas."""
    traffic = Traffic(system)
    for use in utilisations(system):
        if use.slots.unbounded or use.slots.total == 0:
            continue                      # an instance for each request, or a component that is switched off
        over = _over(use)
        if over is None:
            open_question = _open(use)
            if open_question is not None:
                yield open_question
        elif use.slots.needs:
            because = f"whether `{use.component.name}` can handle {format_rate(over.load.per_s)}"
            yield Undecided(use.component.place(), use.slots.needs, because)
        else:
            yield _hit(over, traffic)
    if any(may_generate(system, workload) for workload in system.workloads.values()):
        from archlint.checks._tokens import generating_too_much  # needed only for generated answers

        yield from generating_too_much(system, traffic)


def _over(use: Utilisation) -> _Over | None:
    """Return a load that is too much: a certain one if there is one, at the mean rates if they already are too much."""
    total = use.slots.total
    # No load is more than all workloads at their highest rates, which is quick to add up.
    most = sum(part.group.most_per_s * max(part.each_s(True), part.each_s(False)) for part in use.parts)
    if not most or exceeds(total, most):
        return None
    for certain in (True, False):
        for load in (use.at_mean(certain), use.at_peak(certain)):
            # At a utilisation of exactly 1, only a perfectly even flow is handled: that is no proof.
            if exceeds(load.busy, total) or (not certain and load.busy > 0 and not exceeds(total, load.busy)):
                return _Over(use, load, certain)
    return None


def _open(use: Utilisation) -> Undecided | None:
    """Return the question that is left, if the file states the workers, and either the rates or the times."""
    if use.slots.needs:
        return None                       # not even one worker of one replica would be overloaded
    because = f"whether `{use.component.name}` can handle its requests"
    if use.needs:
        rated = any(part.group.rated for part in use.parts)
        return Undecided(use.component.place(), use.needs, because) if rated else None
    unpeaked = [part.group.unpeaked for part in use.parts if part.least_s > 0]
    if not any(unpeaked):
        return None
    first = sorted((row for rows in unpeaked for row in rows[:_MOST_SHOWN]), key=lambda row: row[0])[:_MOST_SHOWN]
    keys = tuple(w.place("rate" if w.rate_per_s is None else "peak") for _, w in first)
    return Undecided(use.component.place(), keys, because, max(0, sum(map(len, unpeaked)) - _MOST_SHOWN))


def _hit(over: _Over, traffic: Traffic) -> Hit:
    use, load, slots = over.use, over.load, over.use.slots
    workloads = [demand.workload for demand in use.demands if demand.mean_s > 0]
    replicas = slots.replicas
    at = replicas.at if replicas is not None and replicas.at is not None else use.component.place()
    tightest = _tightest(workloads)
    band = None
    if not over.certain:
        least = max(use.at_mean(True).busy, use.at_peak(True).busy)
        band = least / slots.total, load.busy / slots.total
    return Hit(
        at,
        _message(over, tightest),
        tuple(_terms(over, tightest)),
        tuple(Related(d.workload.place(over.rate(d)[1]), "this rate arrives") for d in over.demands[:_MOST_SHOWN]),
        Certainty.PROVEN if over.certain else Certainty.ESTIMATED,
        absent=(use.component.place("workers"), use.component.place("batching")),
        cures=tuple(_cures(over)),
        band=band,
        loss=traffic.share(workloads) * beyond(load.busy, slots.total),
    )


def _message(over: _Over, tightest: Workload | None) -> str:
    load, slots, component = over.load, over.use.slots, over.use.component
    when = f"at the peak of `{load.peak.name}`" if load.peak is not None else "at the mean rate"
    about, least = ("", "at least") if over.certain else ("about ", "about")
    busy = _count(load.busy, "worker")
    needs = f"{format_rate(load.per_s)} x {about}{format_duration(over.each_s)} keep {about}{busy} busy"
    growth = load.per_s - over.served_per_s
    if component.limit is not None:
        effect = f"{least} {format_share(growth / load.per_s)} of the requests are rejected"
    elif growth > load.per_s * 1e-9:
        effect = f"the queue grows by {about}{format_rate(growth)}"
    else:
        effect = "the queue does not drain"
    late = _breaks_after(over, tightest, growth)
    needed, at_peak = (_replicas(busy, slots) for busy in (load.busy, over.use.at_peak(over.certain).busy))
    more = f" ({format_count(at_peak)} at the peak)" if load.peak is None and at_peak > needed else ""
    return (
        f"`{component.name}` is overloaded {when}: {needs}, but it has {format_count(slots.total)}, so "
        f"{effect}{late}; it needs {least} {_count(needed, 'replica')}{more}"
    )


def _replicas(busy: float, slots: Slots) -> float:
    """Return the least number of replicas with a utilisation below 1."""
    return math.floor(busy / slots.each) + 1.0


def _breaks_after(over: _Over, tightest: Workload | None, growth: float) -> str:
    """Say when a new request waits longer than the tightest objective, if the queue was empty before."""
    if tightest is None or growth <= over.load.per_s * 1e-9 or over.use.component.limit is not None:
        return ""
    fraction, objective_s = tightest.slo.latency[-1]
    after_s = (objective_s - over.each_s) * over.served_per_s / growth
    if after_s <= 0:
        return ""
    asked = f"{format_percentile(fraction)} <= {format_duration(objective_s)}"
    about = "" if over.certain else "about "
    return f", and after {about}{format_duration(after_s)} new requests miss {asked}"


def _count(value: float, noun: str) -> str:
    """Return a number with its noun.

    >>> _count(1.0, "worker"), _count(2.5, "worker")
    ('1 worker', '2.5 workers')
    """
    return f"{format_count(value)} {noun}{'' if value == 1 else 's'}"


def _tightest(workloads: list[Workload]) -> Workload | None:
    asked = [workload for workload in workloads if workload.slo.latency]
    return min(asked, key=lambda workload: (workload.slo.latency[-1][1], workload.name), default=None)


def _terms(over: _Over, tightest: Workload | None) -> Iterator[Term]:
    """Yield the rates, the share that arrives, the times, the workers and the utilisation."""
    use, slots = over.use, over.use.slots
    least = ", at least" if over.certain else ""
    times: dict[Place, Term] = {}
    for demand in over.demands[:_MOST_SHOWN]:
        rate, key = over.rate(demand)
        workload = demand.workload
        yield Term(key, f"{key} of {workload.name}", rate, "/s", Origin.STATED, workload.place(key))
        if demand.visits != 1:
            label = f"requests here for each of {workload.name}{least}"
            note = "product of shares and cache misses"
            yield Term("visits", label, demand.visits, "", Origin.DERIVED, None, note)
        for time in demand.times:
            note = "" if not time.fitted else "least that the percentiles allow" if over.certain else "lognormal fit"
            origin = Origin.DERIVED if time.fitted else Origin.STATED
            value_s = time.least_s if over.certain else time.mean_s
            label = f"{time.label}, mean" if time.fitted else time.label
            times.setdefault(time.at, Term(time.name, label, value_s, "s", origin, time.at, note))
            if time.share < 1:
                label = f"requests that run {time.label}{least}"
                times.setdefault(time.at.key("misses"), Term("misses", label, time.share, "share", Origin.DERIVED))
    yield from times.values()
    yield Term("busy", "workers that are busy on average", over.load.busy, "count", Origin.DERIVED, None, "rate x time")
    if slots.replicas is not None:
        yield slots.replicas.term("replicas", f"replicas of {use.component.name}, at most", "count")
    if slots.workers is not None:
        yield slots.workers.term("workers", "workers per replica", "count")
    if slots.batch is not None:
        yield slots.batch.term("batch", "items in one full batch", "count")
    note = "busy / (replicas x workers)"
    yield Term("utilisation", "utilisation", over.load.busy / slots.total, "share", Origin.DERIVED, None, note)
    yield Term("most", "utilisation at which queues grow without limit", 1.0, "share", Origin.DERIVED, limit=True)
    if tightest is not None:
        fraction, objective_s = tightest.slo.latency[-1]
        said = tightest.place("slo", "latency", format_percentile(fraction))
        label = f"SLO of {tightest.name}, {format_percentile(fraction)}"
        yield Term("objective", label, objective_s, "s", Origin.STATED, said)


def _cures(over: _Over) -> Iterator[str]:
    """Yield the fixes that apply here, best first."""
    workloads = [demand.workload for demand in over.demands]
    models = any(time.name == "service_time" for demand in over.demands for time in demand.times)
    yield "replicate"
    if models and any((workload.repeats or 0.0) > 0 for workload in workloads):
        yield "prediction-cache"
    if models:
        yield "smaller-model"
    if all(workload.inputs == "known" for workload in workloads):
        yield "batch"
    if all(workload.waits is False for workload in workloads):
        yield "asynchronous"

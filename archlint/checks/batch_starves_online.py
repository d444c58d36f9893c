"""A batch job whose calls take the workers that a waiting workload needs on the same server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from archlint.analysis.facts import Fact
from archlint.analysis.system import System
from archlint.analysis.utilisation import Utilisation, slots_of, utilisations
from archlint.checks._lines import exceeds
from archlint.checks._loss import Traffic, beyond
from archlint.model.architecture import Component, Relation, Workload
from archlint.model.places import Place
from archlint.model.quantities import format_count
from archlint.model.words import BALANCERS, SERVERS
from archlint.verdicts import Certainty, Hit, NoParams, Origin, Related, Term, Undecided, Verdict


class _Calls(msgspec.Struct, frozen=True):
    """The calls that a job keeps in progress at a server, at least; `first` is the relation of the job."""

    job: Component
    first: Relation
    target: Component
    replicas: Fact | None
    workers: Fact
    most: tuple[float, Place] | None = None

    @property
    def in_flight(self) -> float:
        """The calls in progress: replicas x workers, as far as a limit on the way lets them pass."""
        share = 1.0 if self.first.share is None else self.first.share
        calls = (1.0 if self.replicas is None else float(self.replicas.value)) * float(self.workers.value) * share
        return calls if self.most is None else min(calls, self.most[0])


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each call of a batch job that needs more workers of a server than requests leave, at the call."""
    found = [calls for job in system.topology.of_kind("batch-job") for calls in _calls(system, job)]
    if not found:
        return
    uses = {use.component.name: use for use in utilisations(system)}
    traffic = Traffic(system)
    for calls in found:
        waiting = _waiting(system, calls)
        if waiting:
            yield from _judge(system, calls, waiting, uses, traffic)


def _calls(system: System, job: Component) -> Iterator[_Calls]:
    """Yield the servers that a job calls and waits for, itself or through balancers."""
    replicas, workers = system.facts.replicas(job), system.facts.workers(job)
    for relation in system.topology.outgoing[job.name]:
        if relation.verb != "calls" or relation.when is not None or relation.in_process:
            continue
        for target, most in _behind(system, relation.target, None, frozenset({job.name})):
            yield _Calls(job, relation, target, replicas, workers, most)


def _behind(
    system: System, name: str, most: tuple[float, Place] | None, seen: frozenset[str]
) -> Iterator[tuple[Component, tuple[float, Place] | None]]:
    component = system.components.get(name)
    if component is None or name in seen:
        return
    concurrent = component.rate_limit.concurrent if component.rate_limit is not None else None
    if concurrent is not None and (most is None or concurrent < most[0]):
        most = concurrent, component.place("rate_limit", "concurrent")
    if component.kind in SERVERS - BALANCERS:
        yield component, most
    elif component.kind in BALANCERS:
        calls = [r for r in system.topology.outgoing[name] if r.verb == "calls" and r.when is None]
        # Behind a balancer with several targets, a call goes to one of them: nothing is certain of each.
        if len(calls) == 1:
            yield from _behind(system, calls[0].target, most, seen | {name})


def _waiting(system: System, calls: _Calls) -> list[Workload]:
    """Return the workloads whose clients wait for the server that a job calls."""
    name = calls.target.name
    return [w for w in system.workloads_of.get(name, ()) if name in system.flow(w).waiting and w.waits is not False]


def _judge(
    system: System, calls: _Calls, waiting: list[Workload], uses: Mapping[str, Utilisation], traffic: Traffic
) -> Iterator[Verdict]:
    use = uses.get(calls.target.name)
    slots = use.slots if use is not None else slots_of(system, calls.target)
    if slots.unbounded or slots.total == 0:
        return
    because = f"whether calls of `{calls.job.name}` leave workers of `{calls.target.name}` to other requests"
    at = calls.first.place()
    if slots.needs:
        stated = calls.replicas is not None and calls.job.workers is not None and len(slots.needs) == 1
        if stated and exceeds(calls.in_flight, slots.each):
            yield Undecided(at, slots.needs, because)
        return
    load = None
    if use is not None and not use.needs:
        load = max((use.at_peak(False), use.at_mean(False)), key=lambda one: one.busy)
    busy = load.busy if load is not None else 0.0
    left = max(0.0, slots.total - busy)
    if exceeds(calls.in_flight, left):
        yield _hit(calls, waiting, busy, slots.total, left, load is not None and load.peak is not None, traffic)
    elif calls.replicas is None and calls.job.workers is not None:
        yield Undecided(at, (calls.job.place("replicas"),), because)


def _hit(
    calls: _Calls, waiting: list[Workload], busy: float, total: float, left: float, peak: bool, traffic: Traffic
) -> Hit:
    names = ", ".join(f"`{workload.name}`" for workload in waiting[:3])
    target, job = calls.target, calls.job
    when = "at the peak" if peak else "on average"
    needs = f", and {names} needs {format_count(busy)} of them {when}: {format_count(left)} are left" if busy else ""
    message = (
        f"`{job.name}` keeps up to {format_count(calls.in_flight)} calls in progress at `{target.name}`, which handles "
        f"{format_count(total)} requests at a time{needs}. While the job runs, requests of {names} wait behind its "
        "calls"
    )
    return Hit(
        calls.first.place(),
        message,
        tuple(_terms(calls, busy, total, left)),
        tuple(Related(workload.place(), "waits for the same server") for workload in waiting[:8]),
        Certainty.ESTIMATED,
        absent=(target.place("workers"), target.place("batching"), target.place("rate_limit")),
        cures=("replicate", "asynchronous", "smaller-model"),
        loss=traffic.share(waiting) * beyond(calls.in_flight, left),
    )


def _terms(calls: _Calls, busy: float, total: float, left: float) -> Iterator[Term]:
    if calls.replicas is not None:
        yield calls.replicas.term("job_replicas", f"replicas of {calls.job.name}", "count")
    yield calls.workers.term("job_workers", f"calls in progress for each replica of {calls.job.name}", "count")
    if calls.most is not None:
        yield Term("allowed", "calls in progress that a limit on the way allows", calls.most[0], "count", Origin.STATED,
                   calls.most[1])
    yield Term("in_flight", "calls of the job in progress", calls.in_flight, "count", Origin.DERIVED, None,
               "replicas x workers")
    yield Term("workers", f"requests that {calls.target.name} handles at a time", total, "count", Origin.DERIVED, None,
               "replicas x workers x batch, at most")
    yield Term("busy", "of these, busy with other requests", busy, "count", Origin.DERIVED, None, "rate x time")
    yield Term("left", "left for the job", left, "count", Origin.DERIVED, None, "workers - busy", limit=True)

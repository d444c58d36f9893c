"""The runs of jobs that a workload starts: its result is there when the last of them ends."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import msgspec

from archlint.analysis.ages import RunTime, least_run, run_time
from archlint.analysis.system import System
from archlint.model.architecture import Component, Workload
from archlint.model.places import Place
from archlint.verdicts import Certainty, Term


class Runs(msgspec.Struct, frozen=True):
    """The chain of jobs that takes longest, each of which triggers the next, with the run of each.

    `needs` are the keys without which the time of other jobs is unknown; then the chain is the longest of those known,
    also by the quotas of vendors alone.
    """

    chain: tuple[tuple[Component, RunTime], ...]
    needs: tuple[Place, ...]

    @property
    def value_s(self) -> float:
        """How long all of the chain takes, in seconds."""
        return sum(run.value_s for _, run in self.chain)

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms of each run."""
        return tuple(term for _, run in self.chain for term in run.terms)

    @property
    def certainty(self) -> Certainty:
        """Proven if each run is."""
        proven = all(run.certainty is Certainty.PROVEN for _, run in self.chain)
        return Certainty.PROVEN if proven else Certainty.ESTIMATED

    @property
    def longest(self) -> tuple[Component, RunTime]:
        """The job of the chain whose run takes longest."""
        return max(self.chain, key=lambda one: one[1].value_s)


def starts_runs(system: System, workload: Workload) -> bool:
    """Return whether a workload starts jobs: its client is a scheduler, or another component, that triggers them.

    Its latency objective is then for the end of the runs.
    """
    client = system.components.get(workload.entrance.client)
    return client is not None and client.starts_jobs


def runs_of(system: System, workload: Workload) -> Runs | None:
    """Return the runs that a workload starts, or None: it starts none, or jobs that trigger each other in a circle.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... workloads: {nightly: {from: cron, waits: false}}
    ... components:
    ...   cron: {kind: scheduler, schedule: "0 2 * * *", triggers: [embed]}
    ...   embed: {kind: batch-job, run_time: 3h, triggers: [publish]}
    ...   publish: {kind: batch-job, run_time: 30min}
    ... ''')
    >>> runs = runs_of(system, system.workloads["nightly"])
    >>> [job.name for job, _ in runs.chain], runs.value_s / 3600
    (['embed', 'publish'], 3.5)
    """
    if not starts_runs(system, workload):
        return None
    order = tuple(_in_order(system, workload.entrance.client))
    runs, needs = dict[str, RunTime](), list[Place]()
    for name in order[1:]:
        job = system.components[name]
        found = run_time(system, job, model_called(system, job))
        if not isinstance(found, RunTime):
            needs += found
        known = found if isinstance(found, RunTime) else least_run(system, job)
        if known is not None:
            runs[name] = known
    best: dict[str, tuple[float, str | None]] = {}
    for name in order:                                  # each after all that trigger it
        before = max(((best[source][0], source) for source in _sources(system, name) if source in best), default=None)
        own_s = runs[name].value_s if name in runs else 0.0
        best[name] = (own_s, None) if before is None else (before[0] + own_s, before[1])
    last = max(order[1:], key=lambda name: best[name][0], default=None)
    chain: list[tuple[Component, RunTime]] = []
    while last is not None:
        if last in runs:
            chain.append((system.components[last], runs[last]))
        last = best[last][1]
    return Runs(tuple(reversed(chain)), tuple(dict.fromkeys(needs))) if chain or needs else None


def _in_order(system: System, first: str) -> Iterator[str]:
    """Yield the client and what it triggers, each after all that trigger it; jobs in a circle are left out."""
    reached, stack = {first}, [first]
    while stack:
        for target in _targets(system, stack.pop()):
            if target not in reached:
                reached.add(target)
                stack.append(target)
    waiting = {name: sum(source in reached for source in _sources(system, name)) for name in reached}
    ready = deque([first] if not waiting[first] else ())
    while ready:
        yield (name := ready.popleft())
        for target in _targets(system, name):
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)


def _targets(system: System, name: str) -> list[str]:
    found = (relation.target for relation in system.topology.outgoing[name] if relation.verb == "triggers")
    return list(dict.fromkeys(found))


def _sources(system: System, name: str) -> list[str]:
    found = (relation.source for relation in system.topology.incoming[name] if relation.verb == "triggers")
    return list(dict.fromkeys(found))


def model_called(system: System, job: Component) -> str | None:
    """Return the one model that a job calls; None if it runs its own, or calls none or several."""
    if job.serves:
        return None
    called = system.topology.names_of(system.topology.models_awaited[job.name])
    return called[0] if len(called) == 1 else None

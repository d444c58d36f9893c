"""The workloads that a job works for: those that start it, and those that get its predictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from archlint.analysis.system import System
from archlint.model.architecture import Component, Workload


def triggered_by(system: System, job: Component) -> Iterator[Component]:
    """Yield the components that trigger a job, also indirectly."""
    seen = {job.name}
    stack = [job.name]
    while stack:
        for relation in system.topology.incoming[stack.pop()]:
            if relation.verb == "triggers" and relation.source not in seen:
                seen.add(relation.source)
                stack.append(relation.source)
                yield system.components[relation.source]


def workloads_of_job(system: System, job: Component) -> tuple[Workload, ...]:
    """Return the workloads whose client is a job or triggers it, and those that get predictions of the job.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... workloads: {nightly: {from: cron}, show: {from: page}}
    ... models: {net: {}}
    ... components:
    ...   cron: {kind: scheduler, triggers: [job]}
    ...   job: {kind: batch-job, serves: [net], writes: [table]}
    ...   table: {kind: database}
    ...   page: {kind: client, calls: [api]}
    ...   api: {kind: service, reads: [table]}
    ... ''')
    >>> [workload.name for workload in workloads_of_job(system, system.components["job"])]
    ['show', 'nightly']
    """
    known = system.once(_by_source)
    names = (job.name, *(component.name for component in triggered_by(system, job)))
    return tuple(dict.fromkeys(workload for name in names for workload in known.get(name, ())))


def _by_source(system: System) -> Mapping[str, list[Workload]]:
    """Return the workloads by their client, and by the producer of their predictions."""
    found: dict[str, list[Workload]] = {}
    for workload in system.workloads.values():
        producers = {serving.producer for serving in system.servings(workload) if serving.producer}
        for name in (workload.entrance.client, *sorted(producers)):
            found.setdefault(name, []).append(workload)
    return found

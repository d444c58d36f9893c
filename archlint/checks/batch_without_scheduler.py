"""A job that nothing starts, or whose result nothing reads."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.checks._loss import Traffic
from archlint.model.architecture import Component, Relation, Workload
from archlint.model.places import either, place
from archlint.verdicts import Certainty, Hit, NoParams, Related, Undecided, Verdict

STARTING = frozenset({"triggers", "calls"})
TAKING = frozenset({"reads", "consumes", "calls", "loads"})
HANDING_ON = frozenset({"writes", "publishes", "calls", "mirrors"})
FOR_PEOPLE = frozenset({"warehouse", "log-store", "monitoring"})
"""Kinds of stores that people query: their readers are no components."""


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each batch job that nothing starts, and for each whose predictions nothing reads.

    Deployment files start a job when they are applied, and code decides where it writes: both are unknown there.
    """
    named, described, idle = _named_as_source(system), _describes_schedules(system), _idle_schedulers(system)
    for component in system.topology.of_kind("batch-job"):
        imported = system.architecture.is_imported
        unstarted = component.schedule is None and not imported and not _started(system, component)
        if unstarted and (idle or not described):
            needs = (either(component.place("schedule"), *((scheduler.place("triggers"),) for scheduler in idle)),)
            yield Undecided(component.place(), needs, "what starts it")
        elif unstarted:
            yield _unscheduled(component, Traffic(system).share(_readers(system, component)))
        if _predicts(system, component) and not _taken_by_anyone(system, component, named):
            if not imported and not _describes_readers(system):
                # Only the side that fills the stores is described.
                results = _results(system, component)
                needs = (place("components", "*", "reads") if results else component.place("writes"),)
                yield Undecided(component.place(), needs, "who uses its predictions")
            elif imported and not _results(system, component):
                yield Undecided(component.place(), (component.place("writes"),), "where its predictions go")
            else:
                yield _unread(system, component)


def _describes_schedules(system: System) -> bool:
    """Whether the file states when any job starts: then a job without a schedule is left out, or has none."""
    scheduled = any(component.schedule is not None for component in system.components.values())
    return scheduled or bool(system.topology.relations_of("triggers"))


def _describes_readers(system: System) -> bool:
    """Whether the file says of any component, other than its jobs, what it takes from a store or queue."""
    taken = (*system.topology.relations_of("reads"), *system.topology.relations_of("consumes"))
    return any(not system.components[relation.source].kind.endswith("-job") for relation in taken)


def _idle_schedulers(system: System) -> tuple[Component, ...]:
    """Return the schedulers of which the file does not say what they start: it may be any job."""
    return tuple(
        component for component in system.topology.of_kind("scheduler")
        if not any(relation.verb in STARTING for relation in system.topology.outgoing[component.name])
    )  # fmt: skip


def _started(system: System, job: Component) -> bool:
    """Whether something starts the job: a trigger, a caller, a message, or a technology that is a scheduler."""
    if any(relation.verb in STARTING for relation in system.topology.incoming[job.name]):
        return True
    if any(relation.verb == "consumes" for relation in system.topology.outgoing[job.name]):
        return True
    technology = system.facts.technology(job)
    return technology is not None and technology.kind == "scheduler"


def _readers(system: System, job: Component) -> list[Workload]:
    """Return the workloads that read predictions of a job."""
    return [
        workload for workload in system.workloads.values()
        if any(serving.producer == job.name for serving in system.servings(workload))
    ]  # fmt: skip


def _unscheduled(job: Component, loss: float) -> Hit:
    message = f"nothing starts `{job.name}`: it has no schedule, no trigger, no caller and no queue to consume"
    absent = (job.place("schedule"), job.place("consumes"))
    # A schedule that is left out is unknown, so this is a hint.
    return Hit(
        job.place(), message, certainty=Certainty.HEURISTIC, absent=absent, whole_graph=True, cures=("batch",),
        loss=loss,
    )  # fmt: skip


def _predicts(system: System, job: Component) -> bool:
    return bool(job.serves) or any(
        relation.verb == "calls" and system.topology.models_below[relation.target]
        for relation in system.topology.outgoing[job.name]
    )


def _results(system: System, job: Component) -> list[Relation]:
    return [r for r in system.topology.outgoing[job.name] if r.verb in {"writes", "publishes"}]


def _named_as_source(system: System) -> set[str]:
    """Collect the components that others name without a relation: as a fallback or a feature source."""
    names: set[str] = set()
    for name, component in system.components.items():
        if component.features is not None:
            names.add(component.features)
        names.update(r.fallback for r in system.topology.outgoing[name] if r.fallback is not None)
    return names


def _taken_by_anyone(system: System, job: Component, named: set[str]) -> bool:
    """Whether another component reads the job's output, or the job delivers it itself."""
    if job.callback:
        return True
    for relation in _results(system, job):
        target = system.components[relation.target]
        if target.kind == "external" or target.kind in FOR_PEOPLE or target.name in named:
            return True
        incoming = system.topology.incoming[target.name]
        if any(back.source != job.name and back.verb in TAKING for back in incoming):
            return True
        # A store that passes data on by itself: a warehouse that publishes, a database that is mirrored.
        if any(onward.verb in HANDING_ON for onward in system.topology.outgoing[target.name]):
            return True
    outgoing = system.topology.outgoing[job.name]
    if any(r.verb == "calls" and not system.topology.models_below[r.target] for r in outgoing):
        return True
    # People look at predictions that are only logged: an evaluation, whose reader is no component.
    return not _results(system, job) and any(r.verb == "logs_to" for r in outgoing)


def _unread(system: System, job: Component) -> Hit:
    results = _results(system, job)
    if results:
        names = listed([relation.target for relation in results])
        message = f"nothing reads the predictions of `{job.name}`: they end in {names}"
    else:
        message = f"`{job.name}` makes predictions, but writes them to no store and publishes them nowhere"
    related = tuple(Related(relation.place(), "nothing reads them here either") for relation in results[1:4])
    absent = (job.place("writes"), job.place("publishes"))
    at = results[0].place() if results else job.place("serves")
    return Hit(
        at,
        message,
        (),
        related,
        absent=absent,
        whole_graph=True,
        cures=("batch",),
        group=(job.place(),),
    )

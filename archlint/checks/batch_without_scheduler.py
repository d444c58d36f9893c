"""A job that nobody starts, or whose result nobody reads."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.system import System
from archlint.model.architecture import Component, Relation
from archlint.verdicts import Hit, Related, Verdict

_STARTS = frozenset({"triggers", "calls"})


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each batch job without a start, and for each whose predictions lead nowhere, at the job."""
    for component in system.components.values():
        if component.kind != "batch-job":
            continue
        if component.schedule is None and not _started(system, component):
            yield _unscheduled(component)
        if _predicts(system, component) and not _read_by_anyone(system, component):
            yield _unread(system, component)


def _started(system: System, job: Component) -> bool:
    """Whether something starts the job: a trigger, a caller, or a message."""
    if any(relation.verb in _STARTS for relation in system.topology.incoming[job.name]):
        return True
    return any(relation.verb == "consumes" for relation in system.topology.outgoing[job.name])


def _unscheduled(job: Component) -> Hit:
    message = f"nothing starts `{job.name}`: it has no schedule, and no scheduler triggers it"
    absent = (job.place("schedule"), job.place("consumes"))
    return Hit(job.place(), message, absent=absent, whole_graph=True, cures=("batch",), cause=f"component {job.name}")


def _predicts(system: System, job: Component) -> bool:
    return bool(job.serves) or any(
        relation.verb == "calls" and system.topology.models_below[relation.target]
        for relation in system.topology.outgoing[job.name]
    )


def _results(system: System, job: Component) -> list[Relation]:
    return [r for r in system.topology.outgoing[job.name] if r.verb in {"writes", "publishes", "logs_to"}]


def _read_by_anyone(system: System, job: Component) -> bool:
    """Whether somebody else reads what the job writes, directly or after further copies."""
    if job.callback:
        return True
    for relation in _results(system, job):
        target = system.components[relation.target]
        if target.kind == "external":
            return True
        for back in system.topology.incoming[relation.target]:
            if back.source != job.name and back.verb in {"reads", "consumes", "calls", "loads"}:
                return True
        # a store that hands on by itself (a warehouse that publishes, a database that is mirrored)
        if any(r.verb in {"writes", "publishes", "calls", "mirrors"} for r in system.topology.outgoing[relation.target]):
            return True
    return any(relation.verb in {"calls"} and not system.topology.models_below[relation.target]
               for relation in system.topology.outgoing[job.name])  # fmt: skip


def _unread(system: System, job: Component) -> Hit:
    results = _results(system, job)
    if results:
        written = ", ".join(f"`{relation.target}`" for relation in results[:4])
        message = f"nobody reads the predictions of `{job.name}`: it writes to {written}, and nothing reads there"
    else:
        message = f"the predictions of `{job.name}` go nowhere: it writes to no store and publishes nothing"
    related = tuple(Related(relation.place(), "written here, read by nobody") for relation in results[:4])
    absent = (job.place("writes"), job.place("publishes"))
    at = results[0].place() if results else job.place("serves")
    return Hit(at, message, (), related, absent=absent, whole_graph=True, cures=("batch",), cause=f"component {job.name}")

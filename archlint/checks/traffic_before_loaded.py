"""A server that gets requests while it still starts, because nothing checks that its model is loaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from archlint.analysis.patience import Patience, least_patience
from archlint.analysis.starts import StartTime, start_time
from archlint.analysis.system import System
from archlint.checks._lines import exceeds
from archlint.checks._loss import Traffic
from archlint.model.architecture import Component, Workload
from archlint.model.quantities import format_count, format_duration, format_percentile
from archlint.topology import Flow
from archlint.verdicts import Certainty, Hit, NoParams, Origin, Related, Term, Undecided, Verdict

_CALLED: Final = frozenset({"service", "model-server", "gateway", "guardrail"})
"""Kinds to which a platform sends requests."""


class _Limit(msgspec.Struct, frozen=True):
    """What a start may take without failing a request: the patience of a caller, or a latency objective."""

    value_s: float
    words: str
    terms: tuple[Term, ...]
    related: Related
    certainty: Certainty


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each server without a ready check whose start outlasts its callers, at `ready_check`."""
    mentioned: bool | None = None
    traffic: Traffic | None = None
    complete = "all" in system.architecture.described
    for component in system.components.values():
        if component.ready_check or component.kind not in _CALLED or not _loads(component):
            continue
        start = start_time(system, component)
        if not isinstance(start, StartTime) and component.ready_check is None and not complete:
            continue                      # the file says nothing of starts
        limit = _limit(system, component)
        if limit is None:
            continue                      # no request fails because of a start, as far as the file states
        if not isinstance(start, StartTime):
            yield Undecided(component.place(), start, f"whether requests fail while `{component.name}` starts")
        elif exceeds(start.value_s, limit.value_s):
            if mentioned is None:
                mentioned = _mentions(system)
            if component.ready_check is None and not mentioned:
                because = f"whether requests reach `{component.name}` before its model is loaded"
                yield Undecided(component.place(), (component.place("ready_check"),), because)
                continue
            traffic = traffic or Traffic(system)
            yield _hit(system, component, start, limit, traffic)


def _loads(component: Component) -> bool:
    """Return whether a component holds a model: its own, or one that it loads."""
    return bool(component.serves) or any(relation.verb == "loads" for relation in component.relations)


def _mentions(system: System) -> bool:
    """Return whether the file describes ready checks, so that a missing one does not exist."""
    described = "all" in system.architecture.described
    return described or any(component.ready_check is not None for component in system.components.values())


def _limit(system: System, component: Component) -> _Limit | None:
    """Return the first limit that a start breaks: of the callers that wait for the component, or of their product."""
    patience = least_patience(system, component)
    found = [_of_caller(patience)] if patience is not None else []
    objective = _tightest(_waiting(system, component))
    if objective is not None:
        found.append(_of_objective(objective))
    return min(found, key=lambda limit: limit.value_s, default=None)


def _waiting(system: System, component: Component) -> list[Workload]:
    """Return the workloads whose clients wait for a component without which they get no answer."""
    name, lost = component.name, dict[Flow, bool]()
    found = []
    for workload in system.workloads_of.get(name, ()):
        if workload.slo.latency:
            flow = system.flow(workload)
            if flow not in lost:
                lost[flow] = name in flow.waiting and flow.is_lost_with([name])
            if lost[flow]:
                found.append(workload)
    return found


def _tightest(workloads: Sequence[Workload]) -> Workload | None:
    return min(workloads, key=lambda workload: (workload.slo.latency[-1][1], workload.name), default=None)


def _of_caller(wait: Patience) -> _Limit:
    call = wait.call
    words = f"`{call.source}` gives up on `{call.target}` after {format_duration(wait.value_s)}"
    return _Limit(wait.value_s, words, wait.terms, Related(call.place(), "gives up before it is ready"), wait.certainty)


def _of_objective(workload: Workload) -> _Limit:
    fraction, objective_s = workload.slo.latency[-1]
    name = format_percentile(fraction)
    at = workload.place("slo", "latency", name)
    words = f"`{workload.name}` requires {name} <= {format_duration(objective_s)}"
    term = Term("objective", f"SLO of {workload.name}, {name}", objective_s, "s", Origin.STATED, at, limit=True)
    return _Limit(objective_s, words, (term,), Related(at, "the objective that these requests miss"), Certainty.PROVEN)


def _hit(system: System, component: Component, start: StartTime, limit: _Limit, traffic: Traffic) -> Hit:
    about = "" if start.certainty is Certainty.PROVEN else "about "
    replicas = component.least_replicas
    share = ""
    if replicas is not None and replicas > 1:
        share = f" (1 of {format_count(replicas)} while one replica starts)"
    stated = component.ready_check is not None
    message = (
        f"`{component.name}` takes {about}{format_duration(start.value_s)} to start and has no ready check: after each "
        f"start it gets requests{share} before its model is loaded, but {limit.words}"
    )
    certainty = Certainty.PROVEN
    if Certainty.ESTIMATED in {start.certainty, limit.certainty}:
        certainty = Certainty.ESTIMATED
    elif not stated and "all" not in system.architecture.described:
        certainty = Certainty.HEURISTIC
    absent = () if stated else (component.place("ready_check"),)
    if component.start_time_s is None:
        absent = (*absent, component.place("start_time"))
    return Hit(
        component.place("ready_check") if stated else component.place(),
        message,
        (*start.terms, *limit.terms),
        (limit.related,),
        certainty,
        absent=absent,
        loss=traffic.through(component.name) / max(1.0, replicas or 1.0),
    )

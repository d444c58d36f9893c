"""A peak that reaches a model before its server has scaled, with nothing that answers or rejects the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archlint.analysis.scaling import Surge, open_surges, surges
from archlint.analysis.system import System
from archlint.checks._loss import Traffic, beyond
from archlint.model.architecture import Component, Relation
from archlint.model.quantities import format_count, format_rate, format_share
from archlint.verdicts import MOST_NEEDS, Certainty, Hit, NoParams, Origin, Related, Term, Undecided, Verdict


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each model server whose peak nothing on the way limits or answers, at the call of it."""
    mentioned: bool | None = None
    traffic: Traffic | None = None
    for surge in surges(system):
        component = surge.component
        path = system.flow(surge.workload).path_to(component.name) if component.serves else ()
        if not path or _is_protected(system, path):
            continue
        if mentioned is None:
            mentioned = _mentions(system)
        call = path[-1]
        if not mentioned:
            because = f"what answers the requests that `{component.name}` cannot handle"
            yield Undecided(call.place(), (call.place("fallback"),), because)
            continue
        traffic = traffic or Traffic(system)
        yield _hit(surge, call, path, traffic)
    for use, needs in open_surges(system):
        component = use.component
        if component.serves and (mentioned := _mentions(system) if mentioned is None else mentioned):
            paths = [system.flow(demand.workload).path_to(component.name) for demand in use.demands]
            if any(path and not _is_protected(system, path) for path in paths):
                because = f"whether anything answers the requests that `{component.name}` cannot handle"
                yield Undecided(component.place(), needs[:MOST_NEEDS], because, len(needs[MOST_NEEDS:]))


def _is_protected(system: System, path: Sequence[Relation]) -> bool:
    """Return whether something on the way rejects requests early, or answers them in another way."""
    parts = [system.components[call.target] for call in path]
    return any(_answers(call) for call in path) or any(_rejects(part) for part in parts)


def _answers(call: Relation) -> bool:
    other = (call.fallback, call.either, call.when)
    return bool(call.optional or call.circuit_breaker) or any(fact is not None for fact in other)


def _rejects(component: Component) -> bool:
    return component.limit is not None or component.rate_limit is not None


def _mentions(system: System) -> bool:
    """Return whether the file describes what happens under overload, so that what it leaves out does not exist."""
    if "all" in system.architecture.described:
        return True
    parts = system.components.values()
    calls = (call for part in parts for call in part.relations)
    return any(call.fallback is not None or call.circuit_breaker is not None for call in calls) or any(
        part.limit is not None for part in parts
    )


def _hit(surge: Surge, call: Relation, path: Sequence[Relation], traffic: Traffic) -> Hit:
    component, workload = surge.component, surge.workload
    arriving, handled = surge.load.per_s, surge.handled_per_s
    rest = 1 - handled / arriving
    message = (
        f"at the peak of `{workload.name}`, {format_rate(arriving)} arrive at `{component.name}`, and the replicas "
        f"that run before it scales handle {format_rate(handled)}: nothing on the way answers or rejects the other "
        f"{format_share(rest)}, so all requests wait"
    )
    terms = (
        Term("peak", f"peak of {workload.name}", workload.peak_per_s or 0.0, "/s", Origin.STATED,
             workload.place("peak")),
        Term("arriving", f"requests at {component.name}", arriving, "/s", Origin.DERIVED, None,
             "peak x visits + mean rates of the others"),
        Term("time", "mean time of one request", surge.each_s, "s", Origin.DERIVED),
        surge.standing.term("standing", f"replicas of {component.name} before the peak", "count"),
        Term("slots", "requests that one replica handles at a time", surge.use.slots.each, "count", Origin.DERIVED,
             None, "workers x batch"),
        Term("handled", "requests that they handle", handled, "/s", Origin.DERIVED, None,
             f"{format_count(float(surge.standing.value))} x {format_count(surge.use.slots.each)} / time", limit=True),
    )  # fmt: skip
    absent = [step.place(key) for step in path for key in ("fallback", "circuit_breaker", "optional")]
    return Hit(
        call.place(),
        message,
        terms,
        (Related(component.place(), "cannot handle the peak at once"),),
        Certainty.ESTIMATED,
        absent=(*absent, component.place("limit"), component.place("rate_limit")),
        cures=("prediction-circuit-break", "replicate", "multiple-stage"),
        loss=traffic.share([workload]) * beyond(arriving, handled),
    )

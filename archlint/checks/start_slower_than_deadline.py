"""A start that takes longer than its deadline, or than callers wait for a component that scales to zero."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.patience import least_patience
from archlint.analysis.starts import StartTime, start_time
from archlint.analysis.system import System
from archlint.checks._lines import exceeds
from archlint.checks._loss import Traffic, beyond
from archlint.model.architecture import Component
from archlint.model.places import Place
from archlint.model.quantities import format_duration
from archlint.verdicts import Certainty, Hit, NoParams, Origin, Related, Term, Undecided, Verdict

CURES = ("smaller-model", "model-in-image")


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each start that is too slow, at its deadline, or at the minimum of zero replicas."""
    traffic = Traffic(system)
    for component in system.components.values():
        idle = _zero(component)
        if component.deadline_s is None and idle is None:
            continue
        start = start_time(system, component)
        if component.deadline_s is not None:
            yield from _against_deadline(component, component.deadline_s, start, traffic)
        if idle is not None and component.kind != "batch-job":
            yield from _from_zero(system, component, idle, start, traffic)


def _zero(component: Component) -> Place | None:
    """Return the place that lets a component scale to zero replicas, or would say so; None if some always run."""
    for key, scaling in (("autoscale", component.autoscale), ("replicas", component.scaling)):
        if scaling is not None and (scaling.minimum is not None or component.replicas is None):
            return component.place(key, "min") if not scaling.minimum else None
    return None


def _is_unsaid(component: Component) -> bool:
    """Return whether the file states a range of replicas without its minimum."""
    return all(scaling is None or scaling.minimum is None for scaling in (component.autoscale, component.scaling))


def _against_deadline(
    component: Component, deadline_s: float, start: StartTime | tuple[Place, ...], traffic: Traffic
) -> Iterator[Verdict]:
    at = component.place("deadline")
    if not isinstance(start, StartTime):
        yield Undecided(at, start, f"whether `{component.name}` is ready before its deadline")
    elif exceeds(start.value_s, deadline_s):
        message = (
            f"`{component.name}` {_takes(start)} to start, {format_duration(start.value_s - deadline_s)} over its "
            f"deadline of {format_duration(deadline_s)}: it is stopped before it is ready, and starts again"
        )
        limit = Term("deadline", f"deadline of {component.name}", deadline_s, "s", Origin.STATED, at, limit=True)
        yield Hit(
            at, message, (*start.terms, limit), _about(component), start.certainty,
            absent=_absent(component), cures=CURES,
            loss=traffic.through(component.name) * beyond(start.value_s, deadline_s),
        )  # fmt: skip


def _from_zero(
    system: System, component: Component, at: Place, start: StartTime | tuple[Place, ...], traffic: Traffic
) -> Iterator[Verdict]:
    """Judge the first request that finds no replica: whether all that wait for it wait until one has started."""
    least = least_patience(system, component)
    if least is None:
        return
    if _is_unsaid(component):
        if isinstance(start, StartTime) and exceeds(start.value_s, least.value_s):
            yield Undecided(component.place(), (at,), f"whether `{component.name}` scales to zero")
        return
    if not isinstance(start, StartTime):
        if component.image_bytes is None and component.pull_bytes_per_s is None and component.loads_model is None:
            return                       # the file says nothing of starts
        yield Undecided(at, start, f"whether callers of `{component.name}` wait until it has started")
    elif exceeds(start.value_s, least.value_s):
        message = (
            f"`{component.name}` scales to zero and {_takes(start)} to start, but `{least.call.source}` gives up on "
            f"`{least.call.target}` after {format_duration(least.value_s)}: the first request after a pause fails"
        )
        weakest = Certainty.PROVEN
        if Certainty.ESTIMATED in {start.certainty, least.certainty}:
            weakest = Certainty.ESTIMATED
        call = Related(least.call.place(), "gives up before it has started")
        yield Hit(
            at, message, (*start.terms, *least.terms), (*_about(component), call), weakest,
            absent=(*_absent(component), least.call.place("fallback"), least.call.place("retries")),
            cures=("replicate", *CURES, "asynchronous"),
            loss=traffic.through(component.name) * beyond(start.value_s, least.value_s),
        )  # fmt: skip


def _takes(start: StartTime) -> str:
    about = "" if start.certainty is Certainty.PROVEN else "about "
    return f"takes {about}{format_duration(start.value_s)}"


def _about(component: Component) -> tuple[Related, ...]:
    if component.start_time_s is None:
        return ()
    return (Related(component.place("start_time"), "the time of one start"),)


def _absent(component: Component) -> tuple[Place, ...]:
    return () if component.start_time_s is not None else (component.place("start_time"),)

"""A caller waits for slow work that nobody needs immediately: use a queue instead."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.generative import generates, perhaps_streamed, streaming_unsaid
from archlint.analysis.modes import ONLINE
from archlint.analysis.service_time import estimate, lower_bound, says, upper_bound
from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.checks._lines import without_repeats
from archlint.checks._loss import Traffic, beyond
from archlint.model.architecture import Model, Relation, Workload
from archlint.model.places import Place
from archlint.model.quantities import format_duration, format_percentile
from archlint.verdicts import Certainty, Hit, Origin, Related, Term, Undecided, Verdict

TYPICAL = 0.5


class Params(msgspec.Struct, frozen=True):
    """When a caller is blocked.

    slow: a typical prediction that takes longer than this blocks its caller, in seconds.
    objective_over_timeout: where the objective is more than this many times the longest timeout on the path,
    callers give up long before it, without unit.
    """

    slow: float = 1.0
    objective_over_timeout: float = 3.0


class Reason(msgspec.Struct, frozen=True):
    """Why nobody should wait: the reason, the arithmetic, and how far the time is over the limit."""

    text: str
    terms: tuple[Term, ...]
    certainty: Certainty = Certainty.PROVEN
    loss: float = 0.0


class Case(msgspec.Struct, frozen=True):
    """A call by which one workload waits for slow work."""

    workload: Workload
    call: Relation
    models: tuple[str, ...]
    reason: Reason


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each relation by which a caller waits for slow work, at that relation."""
    cases: dict[Place, list[Case]] = {}
    questions: list[Undecided] = []
    for workload in system.workloads.values():
        if workload.inputs == "known" or workload.waiting is True:
            continue
        for server, models in _online(system, workload).items():
            judged = _judge(system, workload, server, models, params)
            if isinstance(judged, Case):
                cases.setdefault(judged.call.place(), []).append(judged)
            elif judged is not None:
                questions.append(judged)
    traffic = Traffic(system)
    for found in cases.values():
        yield _hit(traffic, found)
    yield from without_repeats(questions)


def _online(system: System, workload: Workload) -> dict[str, tuple[str, ...]]:
    """Return the servers that a workload waits for, each with the models that it runs there."""
    found: dict[str, tuple[str, ...]] = {}
    for serving in system.servings(workload):
        if serving.mode == ONLINE:
            found[serving.server] = (*found.get(serving.server, ()), serving.model)
    return found


def _judge(
    system: System, workload: Workload, server: str, names: tuple[str, ...], params: Params
) -> Case | Undecided | None:
    path = system.flow(workload).path_to(server)
    if not path:
        return None
    call = path[-1]
    models = [system.architecture.models[name] for name in names if name in system.architecture.models]
    component = system.components[server]
    streams = [model for model in models if workload.stream and generates(system, workload, model, component)]
    models = [model for model in models if model not in streams]     # their caller uses the first token
    slow = [reason for model in models if (reason := _slow_reason(model, params)) is not None]
    slow.sort(key=lambda reason: reason.certainty is not Certainty.PROVEN)
    reason = slow[0] if slow else _timeout_reason(system, workload, path, params)
    said = (("waits", workload.waits), ("inputs", workload.inputs))
    unknown = [workload.place(key) for key, value in said if value is None]
    if reason is not None:
        if slow and any(generates(system, workload, model, component) for model in models):
            unknown += streaming_unsaid(workload)
        elif slow and any(perhaps_streamed(system, workload, model, component) for model in models):
            reason = msgspec.structs.replace(reason, certainty=Certainty.HEURISTIC)
        if not unknown:
            return Case(workload, call, names, reason)
        because = f"whether `{workload.name}` can continue without the answer"
        return Undecided(call.place(), tuple(unknown), because)
    needs = [place for model in models for place in _time_unknown(model, params)]
    if not needs:
        return None
    return Undecided(call.place(), (*needs, *unknown), f"how long `{call.source}` waits")


def _slow_reason(model: Model, params: Params) -> Reason | None:
    """Return why a prediction is slow: its typical time, or its mean, is above the parameter."""
    typical = _typical(model, params.slow)
    if typical is None:
        return None
    note = "parameter `slow`"
    label = "longest that a caller should wait"
    limit = Term("slow", label, params.slow, "s", Origin.ASSUMED, None, note, limit=True)
    certainty = Certainty.ESTIMATED if typical.note.startswith("lognormal") else Certainty.PROVEN
    takes_s = float(typical.value)
    text = f"a typical prediction of `{model.name}` takes {format_duration(takes_s)}"
    return Reason(text, (typical, limit), certainty, beyond(takes_s, params.slow))


def _typical(model: Model, above_s: float) -> Term | None:
    """Return the typical time of a prediction if it is above a limit: its median, stated or not, or its mean."""
    time, at = model.service_time, model.place("service_time")
    if time is None:
        return None
    label = f"model {model.name}"
    bound = lower_bound(time, TYPICAL, at)
    if bound is not None and bound.value_s > above_s:
        origin = Origin.DERIVED if bound.formula else Origin.STATED
        what = f"{label}, {bound.said}"
        return Term("service_time", what, bound.value_s, "s", origin, bound.at, bound.formula)
    if time.mean_s is not None and time.mean_s > above_s:
        return Term("service_time", f"{label}, mean", time.mean_s, "s", Origin.STATED, at.key("mean"))
    fitted = estimate(time, TYPICAL)
    if fitted is None or fitted <= above_s:
        return None
    note, what = "lognormal through what is stated", f"{label}, {format_percentile(TYPICAL)}"
    return Term("service_time", what, fitted, "s", Origin.DERIVED, at, note)


def _time_unknown(model: Model, params: Params) -> tuple[Place, ...]:
    """Return the missing fact that would state how long a typical prediction takes."""
    time, at = model.service_time, model.place("service_time")
    if time is None:
        return (at,)
    most_s = upper_bound(time, TYPICAL)
    known = says(time, TYPICAL) or time.mean_s is not None or (most_s is not None and most_s <= params.slow)
    return () if known else (at.key(format_percentile(TYPICAL)),)


def _timeout_reason(system: System, workload: Workload, path: tuple[Relation, ...], params: Params) -> Reason | None:
    """Return why callers give up long before the objective: it is far above every timeout on the path."""
    if not workload.slo.latency:
        return None
    stated = [(relation, system.facts.timeout_s(relation)) for relation in path]
    timeouts = [(relation, fact) for relation, fact in stated if fact is not None]
    if len(timeouts) < len(stated):
        return None  # a call without a timeout: REL003 reports it
    relation, longest = max(timeouts, key=lambda pair: float(pair[1].value))
    fraction, objective_s = min(workload.slo.latency, key=lambda objective: objective[1])
    longest_s, most = float(longest.value), params.objective_over_timeout
    if objective_s <= most * longest_s:
        return None
    name = format_percentile(fraction)
    at, label = workload.place("slo", "latency", name), f"SLO of {workload.name}, {name}"
    ratio = objective_s / longest_s if longest_s else float("inf")
    note = "parameter `objective_over_timeout`"
    terms = (
        longest.term("timeout", f"longest timeout, {relation.source} to {relation.target}", "s"),
        Term("objective", label, objective_s, "s", Origin.STATED, at),
        Term("ratio", "SLO / timeout", ratio, "", Origin.DERIVED),
        Term("objective_over_timeout", "largest ratio allowed", most, "", Origin.ASSUMED, None, note, limit=True),
    )
    text = (
        f"its SLO allows {format_duration(objective_s)} at {name}, and callers time out after "
        f"{format_duration(longest_s)}"
    )
    return Reason(text, terms, loss=beyond(ratio, most))


def _hit(traffic: Traffic, cases: list[Case]) -> Hit:
    first = min(cases, key=lambda case: case.reason.certainty is not Certainty.PROVEN)
    call = first.call
    names = listed(case.workload.name for case in cases)
    message = (
        f"`{call.source}` waits while `{call.target}` runs {listed(first.models)}, but {names} can continue "
        f"without the answer: {first.reason.text}"
    )
    related = tuple(Related(case.workload.place("waits"), "does not wait for the answer") for case in cases)
    return Hit(
        call.place(),
        message,
        first.reason.terms,
        related,
        first.reason.certainty,
        cures=("asynchronous",),
        loss=traffic.missed((case.workload, case.reason.loss) for case in cases),
    )

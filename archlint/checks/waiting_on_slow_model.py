"""A caller is blocked by slow work that nobody needs at once: a queue belongs there."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.modes import ONLINE, Serving
from archlint.analysis.service_time import lower_bound, upper_bound
from archlint.analysis.system import System
from archlint.model.architecture import Model, Relation, Workload
from archlint.model.places import Place
from archlint.model.quantities import format_duration, format_percentile
from archlint.verdicts import Hit, Origin, Related, Term, Undecided, Verdict


class Params(msgspec.Struct, frozen=True):
    """slow: a typical prediction longer than this blocks its caller, in seconds.

    objective_over_timeout: an objective more than this many times the longest timeout on the way says that nobody
    waits that long, without unit.
    """

    slow: float = 1.0
    objective_over_timeout: float = 3.0


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each relation by which a caller waits for slow work, at that relation."""
    for workload in system.workloads.values():
        if workload.inputs == "known" or workload.waits is True:
            continue
        judged: set[str] = set()
        for serving in system.servings(workload):
            if serving.mode == ONLINE and serving.server not in judged:
                judged.add(serving.server)
                yield from _judge(system, workload, serving, params)


def _judge(system: System, workload: Workload, serving: Serving, params: Params) -> Iterator[Verdict]:
    path = system.flow(workload).path_to(serving.server)
    if not path:
        return
    call = path[-1]
    model = system.architecture.models.get(serving.model)
    reason = _slow_reason(model, params) or _timeout_reason(system, workload, path, params)
    said = (("waits", workload.waits), ("inputs", workload.inputs))
    unknown = [workload.place(key) for key, value in said if value is None]
    if reason is not None:
        if unknown:
            yield Undecided(call.place(), tuple(unknown), "whether anybody needs the answer at once")
        else:
            yield _hit(workload, serving, call, reason)
    elif model is not None and _time_unknown(model, params):
        needs = model.place("service_time") if model.service_time is None else model.place("service_time", "p50")
        yield Undecided(call.place(), (needs, *unknown), f"how long `{model.name}` takes")


Reason = tuple[str, tuple[Term, ...]]


def _slow_reason(model: Model | None, params: Params) -> Reason | None:
    """Why a prediction is slow: its typical time is certain to be above the parameter."""
    if model is None or model.service_time is None:
        return None
    bound = lower_bound(model.service_time, 0.5, model.place("service_time"))
    if bound is None or bound.value_s <= params.slow:
        return None
    origin = Origin.DERIVED if bound.formula else Origin.STATED
    terms = (
        Term("service_time", f"model {model.name}, {bound.said}", bound.value_s, "s", origin, bound.at, bound.formula),
        Term("slow", "longest that a caller should be blocked", params.slow, "s", Origin.ASSUMED, None, "parameter `slow`",
             limit=True),
    )  # fmt: skip
    return f"one prediction takes {format_duration(bound.value_s)}", terms


def _time_unknown(model: Model, params: Params) -> bool:
    if model.service_time is None:
        return True
    upper = upper_bound(model.service_time, 0.5)
    return (upper is None or upper > params.slow) and lower_bound(model.service_time, 0.5) is None


def _timeout_reason(
    system: System, workload: Workload, path: tuple[Relation, ...], params: Params
) -> Reason | None:
    """Why the objective says that nobody waits: it lies far beyond every timeout on the way."""
    if not workload.slo.latency:
        return None
    timeouts = [(relation, system.facts.timeout_s(relation)) for relation in path]
    if any(fact is None for _, fact in timeouts):
        return None                   # a call without a timeout waits as long as it takes: REL003 says so
    relation, longest = max(((r, f) for r, f in timeouts if f is not None), key=lambda pair: float(pair[1].value))
    fraction, objective_s = workload.slo.latency[0]
    if objective_s <= params.objective_over_timeout * float(longest.value):
        return None
    name = format_percentile(fraction)
    at: Place = workload.place("slo", "latency", name)
    terms = (
        Term("objective", f"objective of {workload.name}, {name}", objective_s, "s", Origin.STATED, at),
        longest.term("timeout", f"longest timeout on the way, {relation.source} to {relation.target}", "s"),
        Term("ratio", "objective over timeout may be", params.objective_over_timeout, "", Origin.ASSUMED, None,
             "parameter `objective_over_timeout`", limit=True),
    )  # fmt: skip
    return f"the answer may take {format_duration(objective_s)}, but the caller gives up after {format_duration(float(longest.value))}", terms


def _hit(workload: Workload, serving: Serving, call: Relation, reason: Reason) -> Hit:
    message = (
        f"`{call.source}` waits for `{serving.server}` to predict `{serving.model}`, though nobody needs the answer of "
        f"`{workload.name}` at once: {reason[0]}"
    )
    related = (Related(workload.place("waits"), "the product goes on without the answer"),)
    return Hit(call.place(), message, reason[1], related, cures=("asynchronous",), cause=f"component {serving.server}")

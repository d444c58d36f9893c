"""Somebody waits, but the model stands behind a queue and the answer does not come back in time."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.modes import ASYNCHRONOUS, Serving
from archlint.analysis.service_time import lower_bound
from archlint.analysis.system import System
from archlint.model.architecture import Relation, Workload
from archlint.model.quantities import format_duration, format_percentile
from archlint.topology import Flow
from archlint.verdicts import Hit, Origin, Related, Term, Undecided, Verdict


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each queue that a waiting caller's request disappears into, at the relation that publishes."""
    for workload in system.workloads.values():
        if workload.waits is False:
            continue
        judged: set[str] = set()
        for serving in system.servings(workload):
            if serving.mode == ASYNCHRONOUS and serving.server not in judged:
                judged.add(serving.server)
                if system.modes(workload, serving.model) == {ASYNCHRONOUS}:
                    yield from _judge(system, workload, serving)


def _judge(system: System, workload: Workload, serving: Serving) -> Iterator[Verdict]:
    flow = system.flow(workload)
    publish = _publish(flow, serving.server)
    if publish is None:
        return
    back = _way_back(system, flow, serving.server)
    if back is None:
        if workload.waits is None:
            yield Undecided(publish.place(), (workload.place("waits"),), "whether anybody waits for the answer")
        else:
            yield _no_way_back(system, workload, serving, publish)
        return
    yield from _too_slow(system, workload, serving, publish)


def _publish(flow: Flow, server: str) -> Relation | None:
    """The relation by which the request leaves the waiting side."""
    return next((relation for relation in flow.path_to(server) if relation.verb == "publishes"), None)


def _way_back(system: System, flow: Flow, server: str) -> Relation | str | None:
    """How the result reaches the waiting side: a store that it reads, a callback, or a queue that it consumes."""
    read = {step.target for name in flow.waiting for step in flow.steps.get(name, ()) if step.relation.waits}
    consumed = {
        relation.target for name in flow.waiting for relation in system.topology.outgoing[name]
        if relation.verb == "consumes"
    }  # fmt: skip
    seen = {server, *(name for name in flow.eventual if _before(flow, name, server))}
    stack = list(seen)
    while stack:
        name = stack.pop()
        component = system.components[name]
        for target in component.callback:
            if target in flow.waiting:
                return target
        for relation in system.topology.outgoing[name]:
            target = relation.target
            if relation.verb == "writes" and target in read:
                return relation
            if relation.verb == "publishes" and target in consumed:
                return relation
            if relation.verb in {"calls", "writes"} and target in flow.waiting and relation.verb == "calls":
                return relation
            if relation.verb in {"writes", "publishes", "calls"} and target not in seen:
                seen.add(target)
                stack.append(target)
        for relation in system.topology.incoming[name]:
            moves = relation.verb in {"consumes", "reads"} and relation.source not in flow.waiting
            if moves and relation.source not in seen:
                seen.add(relation.source)
                stack.append(relation.source)
    return None


def _before(flow: Flow, name: str, server: str) -> bool:
    """Whether a component hands the work on to a server that it waits for (so the result comes back to it)."""
    return any(step.target == server and step.relation.waits for step in flow.steps.get(name, ()))


def _no_way_back(system: System, workload: Workload, serving: Serving, publish: Relation) -> Hit:
    message = (
        f"`{workload.name}` waits for `{serving.model}`, but its request goes into the queue `{publish.target}` and no "
        f"result of `{serving.server}` comes back to who waits: no store that it reads, no callback, no reply queue"
    )
    waits = Term("waits", f"{workload.name} waits for the answer", True, "", Origin.STATED, workload.place("waits"))
    related = (
        Related(workload.place("waits"), "waits for the answer"),
        Related(system.components[serving.server].place("serves"), f"`{serving.server}` predicts behind the queue"),
    )
    return Hit(
        publish.place(), message, (waits,), related, whole_graph=True, cures=("synchronous", "asynchronous"),
        cause=f"component {publish.target}",
    )  # fmt: skip


def _too_slow(system: System, workload: Workload, serving: Serving, publish: Relation) -> Iterator[Verdict]:
    """Whether the answer, polled or called back, is there within the objective: the worker's own time is the floor."""
    if not workload.slo.latency:
        if workload.waits is None:
            yield Undecided(publish.place(), (workload.place("waits"),), "whether anybody waits for the answer")
        return
    model = system.architecture.models.get(serving.model)
    if model is None or model.service_time is None:
        if model is not None:
            needs = [model.place("service_time")]
            needs += [workload.place("waits")] if workload.waits is None else []
            yield Undecided(publish.place(), tuple(needs), "how long the answer takes behind the queue")
        return
    for fraction, objective_s in workload.slo.latency:
        bound = lower_bound(model.service_time, fraction, model.place("service_time"))
        if bound is None or bound.value_s <= objective_s:
            continue
        if workload.waits is None:
            yield Undecided(publish.place(), (workload.place("waits"),), "whether anybody waits for the answer")
            return
        name = format_percentile(fraction)
        origin = Origin.DERIVED if bound.formula else Origin.STATED
        at = workload.place("slo", "latency", name)
        terms = (
            Term("model_time", f"model {model.name}, {bound.said}", bound.value_s, "s", origin, bound.at, bound.formula),
            Term("objective", f"objective of {workload.name}, {name}", objective_s, "s", Origin.STATED, at, limit=True),
        )
        message = (
            f"`{workload.name}` waits for `{serving.model}` behind the queue `{publish.target}`: the prediction alone takes "
            f"{format_duration(bound.value_s)}, the answer is asked for within {format_duration(objective_s)}"
        )
        related = (Related(workload.place("waits"), "waits for the answer"),)
        yield Hit(publish.place(), message, terms, related, cures=("synchronous",), cause=f"model {model.name}")
        return

"""A caller waits for a model behind a queue, and the answer does not come back, or not in time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from archlint.analysis.floor_parts import fraction_behind, in_sequence, taken_by
from archlint.analysis.floors import Floor, FloorOf
from archlint.analysis.generative import generates, perhaps_streamed, streaming_unsaid
from archlint.analysis.modes import ASYNCHRONOUS, STREAMING, Serving
from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.checks._lines import exceeds, floor_terms, path_to, unread_on_the_way, without_repeats
from archlint.checks._loss import Traffic, beyond
from archlint.model.architecture import Relation, Workload
from archlint.model.places import Place
from archlint.model.quantities import format_duration, format_percentile
from archlint.topology import Flow
from archlint.topology.reach import Reach
from archlint.verdicts import Certainty, Hit, NoParams, Origin, Related, Term, Undecided, Verdict

TAKES_RESULTS = frozenset({"client", "load-balancer", "gateway", "service", "edge-device", "external"})
"""Kinds that take a result by a call; a call to a model server or a store is a request instead."""


class Case(msgspec.Struct, frozen=True):
    """A request that leaves the waiting side by a queue; `floor` is set if the answer comes back too late.

    With `is_hint`, the workload does not say whether its objective is for the whole answer.
    """

    workload: Workload
    serving: Serving
    publish: Relation
    fraction: float = 0.0
    objective_s: float = 0.0
    floor: Floor | None = None
    is_hint: bool = False


_QUEUED = frozenset({ASYNCHRONOUS, STREAMING})


_Held = tuple[str, Reach | None]
"""A component that has a result; behind a queue with the reach of the requests, whose callers there wait for it."""


class Side(msgspec.Struct, frozen=True):
    """The waiting side: all that a client can call, and the stores and queues from which these read.

    `known` says of those that hold a result whether it reaches that side, as far as it was asked.
    """

    asking: set[str]
    taken: set[str]
    known: dict[_Held, bool]


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each queue between a waiting caller and its model, at the relation that publishes to it."""
    cases: dict[Place, list[Case]] = {}
    questions: list[Undecided] = []
    sides: dict[str, Side] = {}
    for workload in system.workloads.values():
        if workload.waits is False:
            continue
        for serving in _behind_a_queue(system, workload):
            client = workload.entrance.client
            if client not in sides:
                sides[client] = waiting_side(system, client)
            judged = _judge(system, workload, serving, sides[client])
            if isinstance(judged, Undecided):
                questions.append(judged)
            elif judged is None:
                continue
            elif workload.waits is None:
                because = f"whether `{workload.name}` waits for the answer"
                questions.append(Undecided(judged.publish.place(), (workload.place("waits"),), because))
            else:
                cases.setdefault(judged.publish.place(), []).append(judged)
    for found in cases.values():
        lost = [case for case in found if case.floor is None]
        yield _no_way_back(system, lost) if lost else _too_late(system, max(found, key=_factor))
    yield from without_repeats(questions)


def _behind_a_queue(system: System, workload: Workload) -> Iterator[Serving]:
    """Yield the servings that a request reaches only by a queue, one a server.

    Where the workload names no models and another one answers it, what is behind the queue is a side path
    (features kept up to date, a later review) for which nobody waits.
    """
    if system.modes_of(workload).isdisjoint(_QUEUED):
        return
    servings = system.servings(workload)
    behind = [serving for serving in servings if _queued(serving)]
    if workload.models is None and len(behind) < len(servings):
        return
    otherwise = {serving.model for serving in servings if not _queued(serving)}
    judged: set[str] = set()
    for serving in behind:
        if serving.model not in otherwise and serving.server not in judged:
            judged.add(serving.server)
            yield serving


def _queued(serving: Serving) -> bool:
    """Return whether a request gets a prediction by a queue, and no store that it reads is known to hold it."""
    return serving.mode in _QUEUED and serving.read is None


def _judge(system: System, workload: Workload, serving: Serving, side: Side) -> Case | Undecided | None:
    flow = system.flow(workload)
    published = flow.published_to(serving.server)
    if published is None:
        return None
    publish = published[0]
    if not comes_back(system, flow, serving.server, side):
        return Case(workload, serving, publish)
    takers, floors = _takers(flow.path_to(serving.server), serving.server), FloorOf(system, workload)
    unknown: dict[Place, None] = {}
    for fraction, objective_s in workload.slo.latency:
        floor = _of_takers(floors, takers, fraction)
        if exceeds(floor.at_s, objective_s):
            model, component = system.architecture.models.get(serving.model), system.components[serving.server]
            if model is not None and perhaps_streamed(system, workload, model, component):
                if generates(system, workload, model, component):
                    because = "whether the objective is for the first token or for the whole answer"
                    return Undecided(publish.place(), streaming_unsaid(workload), because)
                is_hint = floor.certainty is Certainty.PROVEN
                return Case(workload, serving, publish, fraction, objective_s, floor, is_hint)
            return Case(workload, serving, publish, fraction, objective_s, floor)
        unknown.update(dict.fromkeys(floor.unknown))
    if not unknown:
        return None
    needs = (*unknown, *([workload.place("waits")] if workload.waits is None else []))
    return Undecided(publish.place(), needs, "how long the work behind the queue takes")


def _takers(path: Sequence[Relation], server: str) -> list[tuple[str, float]]:
    """Return who takes the request from each queue on a path, with the share of the requests that come so far.

    Each waits for all that it calls. What follows a publication without a known share is left out.
    """
    takers: list[tuple[str, float]] = []
    share = 1.0
    for relation in path:
        if relation.verb == "publishes":
            if takers and (relation.optional or (relation.when is not None and relation.share is None)):
                break
            share *= relation.share if relation.share is not None else 1.0
        elif relation.verb == "consumes":
            takers.append((relation.source, share))
    return takers or [(server, 1.0)]


def _of_takers(floors: FloorOf, takers: Sequence[tuple[str, float]], fraction: float) -> Floor:
    """Return the least time until the last of some components is done, each behind a queue of its own."""
    found = []
    for name, share in takers:
        inner = fraction_behind(fraction, share)
        if inner > 0:
            found.append(taken_by(floors.component(name, inner), share, inner, fraction))
    return in_sequence(found)


def comes_back(system: System, flow: Flow, server: str, side: Side) -> bool:
    """Return whether the result of a server behind a queue reaches the waiting side.

    It does so by a store that the waiting side reads, a reply queue that it consumes, a callback, or a call to it,
    directly or through other components.
    """
    start: _Held = (server, flow.reach)
    before: dict[_Held, _Held | None] = {start: None}
    stack = [start]
    while stack:
        at = stack.pop()
        name, reach = at
        if side.known.get(at) or (at not in side.known and _hands_over(system, name, side)):
            way: _Held | None = at
            while way is not None:
                side.known[way] = True
                way = before[way]
            return True
        if at in side.known:
            continue
        # All behind the queue that wait for one that has the result have it too.
        waiting = reach.waiting_behind.get(name, ()) if reach is not None else ()
        found: list[_Held] = [(other, reach) for other in waiting]
        onward = [
            relation.target
            for relation in system.topology.outgoing[name]
            if relation.verb in {"writes", "publishes", "calls"}
        ]
        onward += [r.source for r in system.topology.incoming[name] if r.verb in {"consumes", "reads"}]
        found += [(other, None) for other in onward if other not in side.asking]
        for next_one in found:
            if next_one not in before:
                before[next_one] = at
                stack.append(next_one)
    side.known.update(dict.fromkeys(before, False))
    return False


def _hands_over(system: System, name: str, side: Side) -> bool:
    """Return whether a component that has the result hands it to the waiting side."""
    if any(target in side.asking for target in system.components[name].callback):
        return True
    for relation in system.topology.outgoing[name]:
        target = relation.target
        if relation.verb in {"writes", "publishes"} and target in side.taken:
            return True
        delivered = target in side.asking and system.components[target].kind in TAKES_RESULTS
        if relation.verb == "calls" and delivered:
            return True
    return False


def waiting_side(system: System, client: str) -> Side:
    """Return all that a client can call, for whichever workload: it may poll elsewhere than it published."""
    asking, taken = {client}, set()
    stack = [client]
    while stack:
        for relation in system.topology.outgoing[stack.pop()]:
            if system.topology.waits(relation):
                taken.add(relation.target)
                if relation.target not in asking:
                    asking.add(relation.target)
                    stack.append(relation.target)
            elif relation.verb == "consumes":
                taken.add(relation.target)
    return Side(asking, taken, {})


def _no_way_back(system: System, cases: list[Case]) -> Hit:
    serving, publish = cases[0].serving, cases[0].publish
    workloads = [case.workload for case in cases]
    verb = "waits" if len({workload.name for workload in workloads}) == 1 else "wait"
    message = (
        f"{listed(workload.name for workload in workloads)} {verb} for "
        f"{listed(case.serving.model for case in cases)}, but the request goes to queue `{publish.target}` and nothing "
        f"returns the result of `{serving.server}`: no store that the caller can poll, no callback, no reply queue"
    )
    related = [Related(workload.place("waits"), "waits for the answer") for workload in workloads]
    served = system.components[serving.server].place("serves")
    slow = any(_is_slow(system, case) for case in cases)
    return Hit(
        publish.place(),
        message,
        tuple(dict.fromkeys(_waits(workload) for workload in workloads)),
        (*dict.fromkeys(related), Related(served, "its result does not reach the caller")),
        whole_graph=True,
        cures=("asynchronous", "synchronous") if slow else ("synchronous", "asynchronous"),
        path=path_to(system, workloads[0], serving.server),
        loss=Traffic(system).share(list({workload.name: workload for workload in workloads}.values())),
    )


def _waits(workload: Workload) -> Term:
    label = f"{workload.name} waits for the answer"
    return Term("waits", label, True, "", Origin.STATED, workload.place("waits"))


def _is_slow(system: System, case: Case) -> bool:
    """Return whether the server alone exceeds the objective, so that calling it directly does not help."""
    floors = FloorOf(system, case.workload)
    server = case.serving.server
    return any(floors.component(server, p).at_s > limit_s for p, limit_s in case.workload.slo.latency)


def _factor(case: Case) -> float:
    floor_s = case.floor.at_s if case.floor is not None else 0.0
    return floor_s / case.objective_s if case.objective_s else float("inf")


def _too_late(system: System, case: Case) -> Hit:
    floor, workload = case.floor or Floor(), case.workload
    least = "at least" if floor.certainty is Certainty.PROVEN else "about"
    message = (
        f"`{workload.name}` needs {format_percentile(case.fraction)} <= {format_duration(case.objective_s)}, but its "
        f"request goes to queue `{case.publish.target}`, and the work behind it takes {least} "
        f"{format_duration(floor.at_s)} even if the queue is empty "
        f"({format_duration(floor.at_s - case.objective_s)} over)"
    )
    return Hit(
        case.publish.place(),
        message,
        (_waits(workload), *floor_terms(floor, workload, case.fraction, case.objective_s)),
        (Related(workload.place("waits"), "waits for the answer"),),
        Certainty.HEURISTIC if case.is_hint else floor.certainty,
        absent=unread_on_the_way(system, workload),
        cures=("smaller-model", "multiple-stage"),
        path=path_to(system, workload, case.serving.server),
        loss=Traffic(system).missed([(workload, beyond(floor.at_s, case.objective_s))]),
    )

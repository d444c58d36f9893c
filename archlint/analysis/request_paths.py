"""What a request of a workload does at each component, as a tree: in sequence, side by side, one of several.

The trees follow the same steps, caches and shares as `floors`: what a floor bounds, a tree describes in full. A floor
leaves out what an answer may do without; a tree has it, since a request waits for it.

- Of branches with shares, a request takes one. Of an `either` group, each is as likely as the others.
- A cache answers its share of hits, for which the work behind it is not done. A read cache saves the reads.
- A branch with a condition (`when`) and no share is left out: `Body.left_out` names it.
- A call with a timeout is tried again as often as it says; the last attempt of a needed call has no limit here.
- Callers that wait in a circle get nothing from it (REL007 reports them).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from archlint.analysis.floor_stages import Stage, is_far, parallel_of, stages_of
from archlint.analysis.floors import FloorOf
from archlint.analysis.generation import FIRST, asks_for_tokens
from archlint.analysis.network import travel_place, travel_s
from archlint.analysis.system import System
from archlint.model.architecture import Component, Model, ServiceTime, Workload
from archlint.model.places import Place
from archlint.topology import EITHER, SHARE, Step
from archlint.topology.cycles import condensed_order

_MOST_CACHES = 50
"""Of more caches one behind the other in one component, the hits of the first ones are regarded: trees stay shallow."""


class Work(msgspec.Struct, frozen=True):
    """Work of the component itself, in one of its workers. `model` is set for a prediction."""

    label: str
    time: ServiceTime
    at: Place
    model: str = ""


class Delay(msgspec.Struct, frozen=True):
    """A constant time that occupies no worker of the target: the network."""

    label: str
    seconds: float
    at: Place


class Visit(msgspec.Struct, frozen=True):
    """A request to another component: what it does there is `RequestPath.bodies[component]`."""

    component: str


class Series(msgspec.Struct, frozen=True):
    """One piece after the other."""

    parts: tuple[Node, ...]


class Together(msgspec.Struct, frozen=True):
    """Pieces that start at the same time; the request continues when all are done."""

    branches: tuple[Node, ...]


class Mixture(msgspec.Struct, frozen=True):
    """One of several pieces, each with its probability; these add up to 1."""

    arms: tuple[tuple[float, Node], ...]


class Attempts(msgspec.Struct, frozen=True):
    """A call that is given up after `timeout_s` and tried again, `count` times in all.

    If `gives_up`, the request continues without an answer after the last timeout; otherwise the last attempt may last.
    """

    inside: Node
    timeout_s: float
    count: int
    gives_up: bool


Node = Work | Delay | Visit | Series | Together | Mixture | Attempts

NOTHING = Series(())


class Body(msgspec.Struct, frozen=True):
    """What one request does at a component.

    `unknown` are the keys of missing times and shares, each taken as 0. `left_out` are branches with a condition.
    """

    inside: Node
    unknown: tuple[Place, ...] = ()
    left_out: tuple[Place, ...] = ()


class RequestPath(msgspec.Struct, frozen=True):
    """All that one request of a workload does until its client has the answer.

    A request starts with the body of `client`. `order` has every component that it may visit, each after those that it
    visits itself, so the client comes last. `visits` is how often a request visits each, on average.
    """

    client: str
    bodies: Mapping[str, Body]
    order: tuple[str, ...]
    visits: Mapping[str, float]

    @property
    def unknown(self) -> tuple[Place, ...]:
        """The keys of missing times and shares of all components that a request visits."""
        met = (place for name in reversed(self.order) if self.visits.get(name) for place in self.bodies[name].unknown)
        return tuple(dict.fromkeys(met))


class Known:
    """The bodies of components that several paths have in common: workloads may enter a long chain at any place.

    Those of `bare` components, without a model below them, are the same for requests of any models, if they repeat as
    often.
    """

    def __init__(self) -> None:
        self.bodies: dict[tuple[object, ...], dict[str, _Made]] = {}
        self.bare: dict[float | None, dict[str, _Made]] = {}


_Calls = tuple[tuple[str, float], ...]
_Made = tuple[Sequence[Step], Body, _Calls]
"""The steps that leave a component, the body that was made of them, and its calls."""


def request_path(system: System, workload: Workload, known: Known | None = None) -> RequestPath | None:
    """Return what a request of a workload does while its client waits; None if it waits for nothing.

    `known` has what was built for other workloads of the system, and gets what is built now.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... workloads: {search: {from: page, rate: 100/s}}
    ... models: {ranker: {service_time: {p50: 40ms, p99: 120ms}}}
    ... components:
    ...   page: {kind: client, calls: [{to: api, network: 5ms}]}
    ...   api: {kind: service, service_time: 3ms, reads: [{to: answers, hit_ratio: 0.25}], calls: [server]}
    ...   answers: {kind: cache, service_time: 1ms}
    ...   server: {kind: model-server, serves: [ranker]}
    ... ''')
    >>> path = request_path(system, system.workloads["search"])
    >>> path.order, dict(path.visits)
    (('answers', 'server', 'api', 'page'), {'page': 1.0, 'api': 1.0, 'answers': 1.0, 'server': 0.75})
    >>> [type(part).__name__ for part in path.bodies["api"].inside.parts]
    ['Work', 'Visit', 'Mixture']
    """
    return _Builder(system, workload).path(known or Known())


def body_of(system: System, workload: Workload, name: str) -> Body:
    """Return what one request of a workload does at any component of its flow, also after a queue."""
    return _Builder(system, workload).body(name)


def calls_of(node: Node) -> Iterator[tuple[str, float]]:
    """Yield the components that a piece visits, each with the average number of visits; retries are not counted."""
    stack: list[tuple[Node, float]] = [(node, 1.0)]
    while stack:
        piece, share = stack.pop()
        if isinstance(piece, Visit):
            yield piece.component, share
        elif isinstance(piece, Mixture):
            stack += [(arm, share * part) for part, arm in reversed(piece.arms)]
        elif isinstance(piece, Attempts):
            stack.append((piece.inside, share))
        elif isinstance(piece, Series):
            stack += [(part, share) for part in reversed(piece.parts)]
        elif isinstance(piece, Together):
            stack += [(branch, share) for branch in reversed(piece.branches)]


def works_of(node: Node) -> Iterator[tuple[Work, float]]:
    """Yield the work of the component itself, each piece with the share of requests that do it."""
    stack: list[tuple[Node, float]] = [(node, 1.0)]
    while stack:
        piece, share = stack.pop()
        if isinstance(piece, Work):
            yield piece, share
        elif isinstance(piece, Mixture):
            stack += [(arm, share * part) for part, arm in reversed(piece.arms)]
        elif isinstance(piece, Attempts):
            stack.append((piece.inside, share))
        elif isinstance(piece, Series | Together):
            parts = piece.parts if isinstance(piece, Series) else piece.branches
            stack += [(part, share) for part in reversed(parts)]


def visits_with(path: RequestPath, attempts: Mapping[tuple[str, str], float]) -> Mapping[str, float]:
    """Return how often a request visits each component if calls are tried so often, by (caller, target)."""
    visits = {path.client: 1.0}
    for name in reversed(path.order):
        for target, share in calls_of(path.bodies[name].inside):
            times = attempts.get((name, target), 1.0)
            visits[target] = visits.get(target, 0.0) + visits.get(name, 0.0) * share * times
    return visits


class _Builder:
    """Builds the tree of each component of a workload, with the steps and shares that its floors use."""

    def __init__(self, system: System, workload: Workload) -> None:
        self.system = system
        self.workload = workload
        self.floors = FloorOf(system, workload, estimated=True)
        self.flow = self.floors.flow
        self._unknown: dict[Place, None] = {}
        self._left_out: dict[Place, None] = {}
        self._circular: frozenset[str] = frozenset()

    def path(self, known: Known) -> RequestPath | None:
        """Return the trees of all components, and how often a request visits each."""
        if not self.flow.waiting:
            return None
        steps = {name: self.floors.waiting_steps(name) for name in self.flow.waiting}
        targets = {name: [step.target for step in leaving] for name, leaving in steps.items()}
        groups = condensed_order(targets)
        circles = [group for group in groups if len(group) > 1 or group[0] in targets[group[0]]]
        self._circular = frozenset(name for group in circles for name in group)
        shared = {} if self._circular else known.bodies.setdefault(self._alike(), {})
        bare = {} if self._circular else known.bare.setdefault(self.workload.repeats, {})
        below = self.flow.topology.models_below
        bodies, calls = {}, {}
        for group in groups:
            for name in group:
                leaving = self.flow.steps[name]
                made = shared if below[name] else bare
                found = made.get(name)
                if found is None or found[0] is not leaving:
                    body = self._body(name, steps[name])
                    found = made[name] = leaving, body, tuple(calls_of(body.inside))
                bodies[name], calls[name] = found[1:]
        order = tuple(bodies)
        visits = {self.flow.client: 1.0}
        for name in reversed(order):
            for target, share in calls[name]:
                visits[target] = visits.get(target, 0.0) + visits.get(name, 0.0) * share
        return RequestPath(self.flow.client, bodies, order, visits)

    def _alike(self) -> tuple[object, ...]:
        """Return what bodies depend on, apart from the steps that leave a component."""
        one = self.workload
        return self.flow.routes, one.models, one.repeats, one.tokens, one.stream, asks_for_tokens(one)

    def body(self, name: str) -> Body:
        """Return what a request does at a component that is in no circle of callers."""
        return self._body(name, self.floors.waiting_steps(name))

    def _body(self, name: str, steps: list[Step]) -> Body:
        self._unknown, self._left_out = {}, {}
        component = self.system.components[name]
        pieces: list[Node] = [*self._own(component)]
        segments: list[tuple[float, list[Node]]] = [(1.0, pieces)]
        beside: dict[str, tuple[int, list[Node]]] = {}
        reading = 1.0
        for stage in stages_of(steps):
            parallel, _ = parallel_of(stage)
            reads = self.floors.reads(stage)
            piece = _for_share(self._stage(stage), reading if reads else 1.0)
            self._add(segments[-1][1], beside, parallel, piece)
            reading *= 1 - self.floors.hits(stage, "data")
            misses = 1 - self.floors.hits(stage, "prediction")
            if misses < 1 and len(segments) < _MOST_CACHES:
                segments.append((misses, []))
                beside = {}
        segments[-1][1].extend([*self._preprocessing(component), *self._models(component)])
        inside: Node = NOTHING
        for share, parts in reversed(segments):
            inside = _for_share(_in_sequence([*parts, inside]), share)
        return Body(inside, tuple(self._unknown), tuple(self._left_out))

    @staticmethod
    def _add(pieces: list[Node], beside: dict[str, tuple[int, list[Node]]], parallel: str | None, piece: Node) -> None:
        """Add a piece of work; those of one parallel group are at the place of the first."""
        if parallel is None:
            pieces.append(piece)
            return
        position, branches = beside.setdefault(parallel, (len(pieces), []))
        branches.append(piece)
        if len(branches) == 1:
            pieces.append(piece)
        else:
            pieces[position] = Together(tuple(branches))

    def _stage(self, stage: Stage) -> Node:
        first = stage[0]
        if first.group is None:
            share = first.relation.share
            if first.relation.when is not None and share is None and not first.needed:
                return self._leave_out(stage)
            return _for_share(self._call(first), 1.0 if share is None or first.needed else share)
        kind = self.flow.groups[first.group].kind
        if kind == EITHER:
            return _one_of([(1 / len(stage), self._call(step)) for step in stage])
        if kind == SHARE:
            return _one_of([(step.share, self._call(step)) for step in stage])
        return self._leave_out(stage)

    def _leave_out(self, stage: Stage) -> Node:
        self._left_out |= dict.fromkeys(step.relation.place("when") for step in stage)
        return NOTHING

    def _call(self, step: Step) -> Node:
        relation = step.relation
        if {step.source, step.target} <= self._circular:
            return NOTHING
        if relation.hit_ratio is None and self.system.topology.looks_up(relation):
            self._unknown[relation.place("hit_ratio")] = None
        node: Node = Visit(step.target)
        if travel_s(relation):
            label = f"network, {step.source} to {step.target}"
            node = Series((Delay(label, travel_s(relation), travel_place(relation)), node))
        if is_far(self.system.components, relation):
            self._unknown[relation.place("network")] = None
        spared = not step.needed and step.group is None
        timeout = self.system.facts.timeout_s(relation) if relation.retries or spared else None
        if timeout is None:
            return node
        return Attempts(node, float(timeout.value), 1 + int(min(relation.retries or 0.0, 100.0)), spared)

    def _own(self, component: Component) -> Iterator[Work]:
        time = component.service_time
        if time is not None:
            yield Work(f"own work of {component.name}", time, component.place("service_time"))
            return
        for floor in self.floors.own_work(component, 0.5):
            self._unknown |= dict.fromkeys(floor.unknown)

    def _preprocessing(self, component: Component) -> Iterator[Work]:
        preparing = component.preprocessing
        if preparing is None:
            return
        at = component.place("preprocessing", "service_time")
        if preparing.service_time is None:
            self._unknown[at] = None
        else:
            yield Work(f"preprocessing in {component.name}", preparing.service_time, at)

    def _models(self, component: Component) -> list[Node]:
        """Return the predictions that a request runs here: one after the other; side by side if they are not stated."""
        models = self.floors.models_of(component)
        if self.floors.wanted is None and len(models) > 1 and self.floors.is_one_of_several(component):
            self._unknown[self.workload.place("models")] = None
            return [_one_of([(1 / len(models), self._model(model, component)) for model in models])]
        found = [self._model(model, component) for model in models]
        return found if self.floors.wanted is not None or len(found) < 2 else [Together(tuple(found))]

    def _model(self, model: Model, server: Component) -> Node:
        at = model.place("service_time")
        if self.floors.generates(model, server) and self.floors.part_of(model, server) == FIRST:
            return NOTHING                    # the server of the last stage has the time of the whole answer
        if model.service_time is None:
            self._unknown[at] = None
            return NOTHING
        return Work(f"model {model.name}", model.service_time, at, model.name)


def _in_sequence(parts: Sequence[Node]) -> Node:
    found = [part for part in parts if part is not NOTHING]
    return found[0] if len(found) == 1 else Series(tuple(found)) if found else NOTHING


def _for_share(node: Node, share: float) -> Node:
    """Return work that only a share of the requests does."""
    return node if share >= 1 else _one_of([(share, node)])


def _one_of(arms: Sequence[tuple[float, Node]]) -> Node:
    """Return a mixture; what is left of the probability does nothing."""
    total = sum(share for share, _ in arms)
    kept = [(share / max(1.0, total), arm) for share, arm in arms if share > 0]
    if total < 1 - 1e-9:
        kept.append((1 - total, NOTHING))
    return kept[0][1] if len(kept) == 1 and kept[0][0] >= 1 - 1e-9 else Mixture(tuple(kept)) if kept else NOTHING

"""The least time for the answer of a workload, at a percentile.

A floor holds for any load, number of replicas and distributions. Work in sequence adds its least times, with one part
at the percentile. Of parallel work, the longest is a floor; of alternatives, the fastest. If only a share s of the
requests takes a branch (or passes a cache that answers 1 - s of them), these may be the slowest requests: the
p-quantile of all is at least the quantile 1 - (1 - p) / s of the branch. A caller that gives up and retries needs at
least its timeout plus the least time of another attempt.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.floor_parts import (
    NOTHING,
    Floor,
    Part,
    add_unknown,
    as_estimate,
    fraction_behind,
    in_sequence,
    mixture,
    one_of,
    side_by_side,
    taken_by,
)  # fmt: skip
from archlint.analysis.floor_stages import FloorMemory, Segment, SharedFloors, Stage, is_far, parallel_of, stages_of
from archlint.analysis.generation import (
    ANSWER,
    DECODE,
    EACH,
    FIRST,
    PREFILL,
    Generation,
    calls_into,
    generating_until,
    way_to,
)  # fmt: skip
from archlint.analysis.network import on_the_wire, travel_s
from archlint.analysis.single_floors import prediction, stated
from archlint.analysis.system import System
from archlint.analysis.turns import in_turn
from archlint.model.architecture import Component, Model, Relation, Workload
from archlint.model.words import STORES, WORKING_KINDS
from archlint.topology import EITHER, SHARE, Flow, Step

__all__ = ["NOTHING", "Floor", "FloorOf", "Part"]


class FloorOf:
    """Computes floors for one workload; `until` is what its client waits for: the answer, or a first token.

    Floors are bounds. With `estimated`, percentiles come from fitted lognormals if these are above the bounds, and
    the whole artefact is assumed to be read for a prediction. With `models_first`, a prediction is the piece at the
    percentile, if there is one: the floor may be lower, but it shows the part of the model.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... workloads: {search: {from: page, repeats: 0.3}}
    ... models: {ranker: {service_time: {p50: 40ms, p98: 90ms, p99: 120ms}}}
    ... components:
    ...   page: {kind: client, calls: [{to: api, network: 5ms}]}
    ...   api: {kind: service, service_time: 3ms, reads: [{to: answers, hit_ratio: 0.5}], calls: [server]}
    ...   answers: {kind: cache, service_time: 1ms}
    ...   server: {kind: model-server, serves: [ranker]}
    ... ''')
    >>> floor = FloorOf(system, system.workloads["search"]).answer(0.99)
    >>> for part in floor.parts:
    ...     print(f"{part.label}: {part.value_s:g} s")
    network, page to api: 0.005 s
    own work of api, service time: 0.003 s
    own work of answers, service time: 0.001 s
    model ranker, p98: 0.09 s
    >>> round(floor.at_s, 6)
    0.099
    """

    def __init__(
        self, system: System, workload: Workload, estimated: bool = False, models_first: bool = False,
        until: str = ANSWER,
    ) -> None:  # fmt: skip
        self.system, self.workload = system, workload
        self.flow: Flow = system.flow(workload)
        self.estimated = estimated
        self.models_first = models_first
        self.wanted = set(workload.models) if workload.models is not None else None
        self.until = until
        made = generating_until(system, workload, until)
        self._made = frozenset((serving.server, serving.model) for serving in made)
        self._stages = {(system.components[name].stage, model) for name, model in self._made}
        self.in_turn = bool(made) and in_turn(system, workload)
        of_tokens = (until, workload.tokens, self._made, self.in_turn) if made else None
        # What is behind the client is the same for all workloads that enter in the same way.
        self.key = (self.flow.reach, workload.repeats, estimated, models_first, of_tokens)
        self._memory = system.floor_memories.setdefault(self.key, FloorMemory())
        shared = (self.flow.routes, workload.repeats, estimated, models_first, of_tokens)
        self._common = system.shared_floors.setdefault(shared, SharedFloors())
        # Components without a model below them take the same time for requests of any models.
        self._below = self.flow.topology.models_below
        self._bare = system.shared_floors.setdefault((None, *shared[1:]), SharedFloors()).floors
        self._way = frozenset[str]()
        if until == FIRST:
            servers = (serving.server for serving in made)
            self._way = self._memory.way = self._memory.way or way_to(system, workload, servers)
        self._client_on_way = calls_into(self._way, self.flow.steps.get(self.flow.client, ()))
        self._of_client: dict[tuple[str, float], Floor] = {}
        self._open: set[tuple[str, float]] = set()
        self._missing: list[tuple[str, float]] = []
        self._depends_on_entry = False

    def answer(self, fraction: float) -> Floor:
        """Return the floor of the answer for its client."""
        return self.component(self.flow.client, fraction) if self.flow.waiting else NOTHING

    def component(self, name: str, fraction: float) -> Floor:
        """Return the floor of one component's answer, including everything that it waits for.

        Dependencies are computed first, with a stack instead of recursion, so that chains may have any length.
        """
        asked = (name, round(fraction, 12))
        self._memory.stated.add(asked[1])
        stack = [asked]
        while stack:
            key = stack[-1]
            if self._known(key) is None:
                self._open.add(key)
                self._depends_on_entry = False
                floor = self._of_component(*key)
                if self._missing:
                    stack += reversed(self._missing)
                    self._missing = []
                    continue
                self._keep(key, floor)
                self._open.discard(key)
            stack.pop()
        return self._known(asked) or NOTHING

    def _known(self, key: tuple[str, float]) -> Floor | None:
        if key[0] == self.flow.client:
            return self._of_client.get(key)
        return self._common.floors.get(key) or self._bare.get(key) or self._memory.floors.get(key)

    def _keep(self, key: tuple[str, float], floor: Floor) -> None:
        if key[0] == self.flow.client:
            self._of_client[key] = floor
        elif self._depends_on_entry:
            self._memory.floors[key] = floor
        elif self._below[key[0]]:
            self._common.floors[key] = floor
        else:
            self._bare[key] = floor

    def _ask(self, name: str, fraction: float) -> Floor:
        """Return a computed floor; otherwise record that it is missing."""
        key = (name, fraction)
        if name != self.flow.client:
            known = self._common.floors.get(key) or self._bare.get(key)
            if known is not None:
                return known
            known = self._memory.floors.get(key)
            if known is None and key not in self._open and self._memory.may_ask(name, fraction):
                self._missing.append(key)
                return NOTHING
            if known is not None:
                self._depends_on_entry = True
                return known
        # Callers that wait in a circle get nothing: REL007 reports them.
        self._depends_on_entry = True
        return NOTHING

    def _of_component(self, name: str, fraction: float) -> Floor:
        """Return the floor of a component: its own work, then each segment between caches."""
        component = self.system.components[name]
        if name != self.flow.client:
            plain = self._common.plain_steps(name, self.flow.steps.get(name, ()))
            if plain is not None and not self._is_on_way(name):
                return self._of_plain(component, plain, fraction)
        segments = [Segment(1.0, fraction)]
        segments[0].sequence += self.own_work(component, fraction)
        waiting = self.waiting_steps(name)
        if self._through_stages(component, waiting, segments):
            last = segments[-1]
            last.sequence += self._preprocessing(component, last.fraction)
            last.sequence += self._models(component, last.fraction)
        floor = NOTHING
        for index in range(len(segments) - 1, -1, -1):
            segment = segments[index]
            floor = in_sequence([*segment.floors(self.models_first), floor], self.models_first)
            if index:
                floor = taken_by(floor, segment.share, segment.fraction, segments[index - 1].fraction)
        return floor

    def waiting_steps(self, name: str) -> list[Step]:
        """Return the steps that a component waits for: until its first token, those up to the model's."""
        steps = [step for step in self.flow.steps.get(name, ()) if step.waits]
        if not self._is_on_way(name):
            return steps
        last = max((index for index, step in enumerate(steps) if step.target in self._way), default=len(steps))
        return steps[: last + 1]

    def _is_on_way(self, name: str) -> bool:
        """Whether the stream comes through a component: what it does after its start delays nothing."""
        return name in self._way or (name == self.flow.client and self._client_on_way)

    def _of_plain(self, component: Component, steps: list[Step], fraction: float) -> Floor:
        """Return the floor of a component that does all its work in sequence, without a cache."""
        behind = [self._relation(step, fraction) for step in steps]
        if self._missing:
            return NOTHING                     # it is computed again later
        floors = [*self.own_work(component, fraction), *behind]
        if component.preprocessing is not None or component.serves:
            floors += [*self._preprocessing(component, fraction), *self._models(component, fraction)]
        return in_sequence(floors, self.models_first)

    def _through_stages(self, component: Component, steps: list[Step], segments: list[Segment]) -> bool:
        """Add the components that it waits for to the segments; False if so few requests pass that the rest adds 0.

        `reading` is the share of these requests for which data caches have not saved the reads.
        """
        reading = 1.0
        begun: set[str] = set()
        for stage in stages_of(steps):
            here = segments[-1]
            parallel, mixed = parallel_of(stage)
            if not mixed and parallel not in begun:     # such work runs in parallel with later work
                here.add(parallel, self._shared(stage, here.fraction, reading if self.reads(stage) else 1.0))
            reading *= 1 - self.hits(stage, "data")
            hits = self.hits(stage, "prediction")
            if hits > 0:
                misses = 1 - hits
                inner = fraction_behind(here.fraction, misses)
                if inner <= 0:
                    return False
                begun |= here.parallel.keys()
                # Both caches may hit for the same requests or for others: the least share of reads that may remain.
                reading = max(0.0, (reading + misses - 1) / misses)
                segments.append(Segment(misses, inner))
        return True

    def reads(self, stage: Stage) -> bool:
        """Whether a stage reads data."""
        components = self.system.components
        return any(step.relation.verb == "reads" or components[step.target].kind in STORES for step in stage)

    def hit_ratio(self, relation: Relation) -> float:
        """Return the share of lookups that a cache answers.

        A prediction can be found only for a repeated input, so the ratio is at most the `repeats` of the workload. Data
        can be found for a new input.
        """
        if relation.hit_ratio is None or relation.verb not in {"calls", "reads"}:
            return 0.0
        repeats = self.workload.repeats
        return relation.hit_ratio if repeats is None or relation.caches == "data" else min(relation.hit_ratio, repeats)

    def hits(self, stage: Stage, kind: str) -> float:
        """Return the largest possible share of hits of a stage in caches of a kind."""
        ratios = [
            self.hit_ratio(step.relation) if (step.relation.caches or "prediction") == kind else 0.0
            for step in stage
        ]
        group = stage[0].group
        if group is not None and self.flow.groups[group].kind == SHARE:
            return sum(step.share * ratio for step, ratio in zip(stage, ratios, strict=True))
        return max(ratios)

    def _shared(self, stage: Stage, fraction: float, share: float) -> Floor:
        """Return the floor of a stage that only a share of the requests reaches."""
        if share >= 1:
            return self._stage(stage, fraction)
        inner = fraction_behind(fraction, share)
        return taken_by(self._stage(stage, inner), share, inner, fraction) if inner > 0 else NOTHING

    def _stage(self, stage: Stage, fraction: float) -> Floor:
        first = stage[0]
        if first.group is None:
            return self._relation(first, fraction) if first.needed else NOTHING
        group = self.flow.groups[first.group]
        if group.kind == EITHER:
            return one_of(self._one_after_timeout(stage, [self._relation(step, fraction) for step in stage]))
        if group.kind != SHARE:
            return NOTHING
        slow = []
        for step in stage:
            inner = fraction_behind(fraction, step.share)
            arm = self._relation(step, inner) if inner > 0 else NOTHING
            slow.append(taken_by(arm, step.share, inner, fraction))
        arms = [self._relation(step, fraction) for step in stage] if group.complete else []
        return mixture(slow, arms, group.complete, self.models_first)

    def _relation(self, step: Step, fraction: float) -> Floor:
        """Return the floor of a call: the target and the network, or a timeout and a retry."""
        relation = step.relation
        floor = self.over(relation, self._ask(step.target, fraction))
        return self._given_up(relation, floor, floor) if relation.retries else floor

    def over(self, relation: Relation, floor: Floor) -> Floor:
        """Return the floor of a target as its caller sees it: after the network, which takes time between regions."""
        if is_far(self.system.components, relation):
            floor = add_unknown(floor, relation.place("network"))
        if not travel_s(relation):
            return floor
        target = relation.source if relation.verb == "consumes" else relation.target
        source = relation.target if relation.verb == "consumes" else relation.source
        return in_sequence([on_the_wire(relation, source, target), floor], self.models_first)

    def delays(self, name: str) -> bool:
        """Whether its client waits for a component until what the floor is of: the answer, or the first token."""
        return self.until != FIRST or self._is_on_way(name)

    def _one_after_timeout(self, stage: Stage, floors: list[Floor]) -> list[Floor]:
        """Return the floors of relations of which one is enough: a caller may give up and use another."""
        least = one_of(floors)
        return [self._given_up(step.relation, floor, least) for step, floor in zip(stage, floors, strict=True)]

    def _given_up(self, relation: Relation, floor: Floor, another: Floor) -> Floor:
        """Return a floor, or the timeout plus the least time of another attempt, if that is less."""
        timeout = self.system.facts.timeout_s(relation)
        if timeout is None or floor.at_s <= float(timeout.value) + another.least_s:
            return floor
        waited_s = float(timeout.value)
        label = f"{relation.source} gives up on {relation.target} and tries again"
        part = Part(label, waited_s, timeout.origin, timeout.at, timeout.source, certainty=floor.certainty)
        parts, total_s = (part, *another.least_parts), waited_s + another.least_s
        least_s, least_parts = min((floor.least_s, floor.least_parts), (total_s, parts), key=lambda pair: pair[0])
        return Floor(least_s, total_s, parts, least_parts, floor.unknown, floor.certainty)

    def own_work(self, component: Component, fraction: float) -> Iterator[Floor]:
        """Yield the floor of a component's own work."""
        time, place = component.service_time, component.place("service_time")
        if time is not None:
            floor = stated(time, fraction, f"own work of {component.name}", place, self.estimated)
            if not self._is_on_way(component.name):
                yield floor
            elif self.estimated:               # it may be done after the stream has started
                yield as_estimate(Floor(0.0, floor.at_s, floor.parts, (), floor.unknown, floor.certainty))
        elif component.kind in WORKING_KINDS and not component.serves:
            yield Floor(unknown=(place,))

    def _preprocessing(self, component: Component, fraction: float) -> Iterator[Floor]:
        if component.preprocessing is None:
            return
        time, place = component.preprocessing.service_time, component.place("preprocessing", "service_time")
        if time is None:
            yield Floor(unknown=(place,))
        else:
            yield stated(time, fraction, f"{component.name}, preprocessing", place, self.estimated)

    def generates(self, model: Model, server: Component) -> bool:
        """Whether a model generates the answer of the workload on a server."""
        return (server.name, model.name) in self._made

    def models_of(self, component: Component) -> list[Model]:
        """Return the models that a request runs on a server."""
        models = self.system.architecture.models
        return [models[n] for n in self.system.topology.served_by(component.name, self.workload.models) if n in models]

    def part_of(self, model: Model, server: Component) -> str:
        """Return what a server generates for the workload: the first token, those after it, or the whole answer.

        A model whose stages run apart does each on one server, so that together they make one answer.
        """
        others = {DECODE: PREFILL, PREFILL: DECODE}
        other = others.get(server.stage or "")
        if other is None or (other, model.name) not in self._stages:
            return ANSWER
        return FIRST if server.stage == PREFILL else EACH

    def prediction_of(self, model: Model, server: Component, fraction: float) -> Floor:
        """Return the floor of a model's answer: of its first token, or of all tokens, if it generates them."""
        if self.generates(model, server):
            from archlint.analysis.token_floors import PARTS, first_token  # needed only for generated answers

            made, part = Generation(model, server, self.workload, self.in_turn), self.part_of(model, server)
            if self.until == FIRST:
                return NOTHING if part == EACH else first_token(made, fraction, self.estimated)
            if model.service_time is None:
                return PARTS[part](made, fraction, self.estimated)
            if part == FIRST:
                return NOTHING                 # the server of the last stage has the time of the whole answer
        return prediction(model, server, fraction, self.estimated)

    def is_one_of_several(self, component: Component) -> bool:
        """Whether requests of several workloads enter a server, and none states which of its models it runs."""
        entering = self.system.workloads_served_by.get(component.name, ())
        return sum(workload.models is None for workload in entering) > 1

    def _models(self, component: Component, fraction: float) -> list[Floor]:
        """Return the floors of the predictions that a request runs on this server.

        Stated models run in sequence. If the workload does not state its models, all of them run, at best in parallel.
        If several such workloads enter the server, only one model is certain.
        """
        floors = [self.prediction_of(model, component, fraction) for model in self.models_of(component)]
        if self.wanted is not None or len(floors) < 2:
            return floors
        if self.is_one_of_several(component):
            return [one_of(floors)]
        return [side_by_side(floors, self.models_first)]

"""The least mean time of an answer, on idle servers: means add up, whatever depends on what.

Unlike percentiles, the mean of a sum is the sum of the means, the mean of a maximum is at least the largest mean, and
work that a share of the requests meets counts with that share.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from archlint.analysis.floor_parts import NOTHING, Floor, add_unknown, as_estimate
from archlint.analysis.floor_stages import Stage, is_far, parallel_of, stages_of
from archlint.analysis.floors import FloorOf
from archlint.analysis.generation import EACH, FIRST, Generation
from archlint.analysis.network import on_the_wire, travel_s
from archlint.analysis.single_means import mean_floor, sum_of_means
from archlint.model.architecture import Component, Model, Relation, ServiceTime
from archlint.model.places import Place
from archlint.topology import EITHER, SHARE, Step
from archlint.topology.cycles import condensed_order
from archlint.verdicts import Certainty

_LONG: Final = 3.0
"""A timeout of this many times the mean takes 5 % off the mean of an exponential time."""


class MeanFloorOf:
    """Computes the least mean time of a workload's answer, or until its first token.

    `estimated` fits lognormals to percentiles, as `FloorOf` does.
    """

    def __init__(self, floors: FloorOf) -> None:
        self.floors = floors
        self.flow = floors.flow
        self.estimated = floors.estimated
        self._known: dict[str, Floor] = {}

    def answer(self) -> Floor:
        """Return the floor of the mean, in `at_s`."""
        steps = {name: self.floors.waiting_steps(name) for name in self.flow.waiting}
        targets = {name: [step.target for step in leaving] for name, leaving in steps.items()}
        for group in condensed_order(targets):
            # Callers that wait in a circle get nothing.
            circular = len(group) > 1 or group[0] in targets[group[0]]
            for name in group:
                self._known[name] = NOTHING if circular else self._of_component(name, steps[name])
        return self._known.get(self.flow.client, NOTHING)

    def waiting_for(self, call: Relation, share: float) -> Floor:
        """Return the floor of the mean wait for a call, which a share of the requests makes, until it is given up.

        Who gives up waits for less than the mean of all answers: then only the least time of any answer is certain. A
        timeout far above the mean changes it little.
        """
        if not self._known:
            self.answer()
        target = self._known.get(call.target, NOTHING)
        timeout = self.floors.system.facts.timeout_s(call)
        if timeout is not None:
            limit_s, least_s = float(timeout.value), target.least_s
            if self.estimated and limit_s >= _LONG * target.at_s:
                target = as_estimate(target)
            else:
                target = Floor(least_s, least_s, target.least_parts, target.least_parts, target.unknown)
            if target.at_s > limit_s:
                target = _scaled(target, limit_s / target.at_s)
        return _scaled(sum_of_means([*self._network(call), target]), share)

    def _network(self, relation: Relation) -> Iterator[Floor]:
        if travel_s(relation):
            yield on_the_wire(relation, relation.source, relation.target)

    def _of_component(self, name: str, steps: list[Step]) -> Floor:
        component = self.floors.system.components[name]
        pieces = list(self._own(component))
        beside: dict[str, list[Floor]] = {}
        share = reading = 1.0
        for stage in stages_of(steps):
            parallel, mixed = parallel_of(stage)
            if not mixed:
                met = share * (reading if self.floors.reads(stage) else 1.0)
                floor = _scaled(self._stage(stage), met)
                (pieces if parallel is None else beside.setdefault(parallel, [])).append(floor)
            reading *= 1 - self.floors.hits(stage, "data")
            misses = 1 - self.floors.hits(stage, "prediction")
            # The hits of both caches may be different requests: then fewer are left.
            reading = max(0.0, (reading + misses - 1) / misses) if misses > 0 else 0.0
            share *= misses
        pieces += [max(branches, key=lambda floor: floor.at_s) for branches in beside.values()]
        pieces += [_scaled(floor, share) for floor in self._models(component)]
        return sum_of_means(pieces)

    def _stage(self, stage: Stage) -> Floor:
        first = stage[0]
        if first.group is None:
            return self._relation(first) if first.needed else NOTHING
        kind = self.flow.groups[first.group].kind
        arms = [self._relation(step) for step in stage]
        if kind == EITHER:
            return min(arms, key=lambda floor: floor.at_s)
        if kind == SHARE:
            return sum_of_means(_scaled(arm, step.share) for arm, step in zip(arms, stage, strict=True))
        return NOTHING

    def _relation(self, step: Step) -> Floor:
        relation = step.relation
        target = self._known.get(step.target, NOTHING)
        if relation.retries and self.floors.system.facts.timeout_s(relation) is not None:
            # A slow attempt may be given up early: only the least of any request is certain.
            least = Floor(target.least_s, target.least_s, target.least_parts, target.least_parts, target.unknown)
            target = as_estimate(target) if self.estimated else least
        if is_far(self.floors.system.components, relation):
            target = add_unknown(target, relation.place("network"))
        return sum_of_means([*self._network(relation), target])

    def _own(self, component: Component) -> Iterator[Floor]:
        for floor in self.floors.own_work(component, 0.5):
            # At the median only to learn what is unknown.
            if component.service_time is None:
                yield floor
            else:
                label, at = f"own work of {component.name}", component.place("service_time")
                exact = self._mean(component.service_time, label, at)
                yield exact if floor.certainty is Certainty.PROVEN else as_estimate(exact)
        preparing = component.preprocessing
        if preparing is not None:
            at = component.place("preprocessing", "service_time")
            if preparing.service_time is None:
                yield Floor(unknown=(at,))
            else:
                yield self._mean(preparing.service_time, f"{component.name}, preprocessing", at)

    def _models(self, component: Component) -> Iterable[Floor]:
        models = self.floors.models_of(component)
        found = [self._of_model(model, component) for model in models]
        if self.floors.wanted is not None or len(found) < 2:
            return found
        choose = min if self.floors.is_one_of_several(component) else max
        return [choose(found, key=lambda floor: floor.at_s)]

    def _of_model(self, model: Model, server: Component) -> Floor:
        label = f"model {model.name}"
        if self.floors.generates(model, server):
            from archlint.analysis.token_means import PARTS, mean_first_token  # needed only for generated answers

            floors = self.floors
            made, part = Generation(model, server, floors.workload, floors.in_turn), floors.part_of(model, server)
            if self.floors.until == FIRST:
                return NOTHING if part == EACH else mean_first_token(made, self.estimated)
            if model.service_time is None:
                return PARTS[part](made, self.estimated)
            if part == FIRST:
                return NOTHING
        if model.service_time is not None:
            return self._mean(model.service_time, label, model.place("service_time"), model.name, server.name)
        return self.floors.prediction_of(model, server, 0.5)

    def _mean(self, time: ServiceTime, label: str, at: Place, model: str = "", server: str = "") -> Floor:
        return mean_floor(time, label, at, self.estimated, model, server)


def _scaled(floor: Floor, share: float) -> Floor:
    """Return the floor of the mean of work that a share of the requests meets."""
    if share >= 1 or floor is NOTHING:
        return floor
    parts = tuple(
        msgspec.structs.replace(part, value_s=part.value_s * share, formula=f"{share:.3g} of the requests")
        for part in floor.parts
    )
    return Floor(0.0, floor.at_s * share, parts, (), floor.unknown, floor.certainty)

"""The least time within which a workload's answer can be there, at a percentile.

A floor holds whatever the load, the number of replicas and the shape of the distributions: work that happens one
after another adds its least, one part of it at the asked percentile; side by side the longest counts; of alternatives
the fastest. An arm that only a share s of the requests takes (or what stands behind a cache that answers 1 - s of
them) is met by the slowest: the p-quantile of all is at least its quantile 1 - (1 - p) / s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from archlint.analysis.roofline import roofline
from archlint.analysis.service_time import estimate, lower_bound
from archlint.analysis.system import System
from archlint.model.architecture import Component, Relation, ServiceTime, Workload
from archlint.model.places import Place
from archlint.model.quantities import format_percentile, format_share
from archlint.topology.flow import EITHER, SHARE, Flow, Step
from archlint.verdicts import Certainty, Origin

_WORKING_KINDS = frozenset({
    "service", "model-server", "worker", "stream-processor", "feature-store", "database", "warehouse", "external",
})  # fmt: skip
"""Kinds whose own work counts as unknown where it is not stated; of balancers, gateways and caches it counts as none."""


class Part(msgspec.Struct, frozen=True):
    """One addend of a floor. `model` is set where it is a prediction's time."""

    label: str
    value_s: float
    origin: Origin
    at: Place | None = None
    formula: str = ""
    model: str = ""
    server: str = ""
    certainty: Certainty = Certainty.PROVEN


class Floor(msgspec.Struct, frozen=True):
    """The floor of a piece of work: `least_s` of any request, `at_s` at the asked percentile with its `parts`.

    `unknown` are the places of service times that nobody states; each counts as nothing in the floor.
    """

    least_s: float = 0.0
    at_s: float = 0.0
    parts: tuple[Part, ...] = ()
    least_parts: tuple[Part, ...] = ()
    unknown: tuple[Place, ...] = ()
    certainty: Certainty = Certainty.PROVEN


NOTHING = Floor()
_MAX_PARTS = 24
_MAX_UNKNOWN = 200
_MAX_OPEN = 200_000


class FloorOf:
    """Works out floors for one workload. With `estimated`, percentiles come from fitted lognormals, not bounds."""

    def __init__(self, system: System, workload: Workload, estimated: bool = False) -> None:
        self.system = system
        self.flow: Flow = system.flow(workload)
        self.workload = workload
        self.estimated = estimated
        self.wanted = set(workload.models) if workload.models is not None else None
        self._known: dict[tuple[str, float], Floor] = {}
        self._open: set[str] = set()

    def answer(self, fraction: float) -> Floor:
        """The floor of the whole answer, as its client sees it."""
        return self.component(self.flow.client, fraction)

    def component(self, name: str, fraction: float) -> Floor:
        """The floor of one component's answer, with all that it waits for."""
        fraction = round(fraction, 12)
        known = self._known.get((name, fraction))
        if known is not None:
            return known
        if (name, fraction) in self._open or len(self._open) > _MAX_OPEN:
            return NOTHING                     # callers that wait in a circle: REL007 says so
        order = self._callees_first(name, fraction)
        opened = {(each, fraction) for each in order}
        self._open |= opened
        for each in order:
            self._known[each, fraction] = self._of_component(each, fraction)
        self._open -= opened
        return self._known[name, fraction]

    def _callees_first(self, start: str, fraction: float) -> list[str]:
        """What a component waits for, before itself: an order instead of a recursion, however long the chain."""
        order: list[str] = []
        seen = {start}
        stack: list[tuple[str, Iterator[Step]]] = [(start, iter(self.flow.steps.get(start, ())))]
        while stack:
            name, steps = stack[-1]
            for step in steps:
                target = step.target
                if target in seen or target not in self.flow.waiting or (target, fraction) in self._known:
                    continue
                seen.add(target)
                stack.append((target, iter(self.flow.steps.get(target, ()))))
                break
            else:
                order.append(name)
                stack.pop()
        return order

    def _of_component(self, name: str, fraction: float) -> Floor:
        component = self.system.components[name]
        waits = self.system.topology.waits
        own = list(self._own(component, fraction))
        steps = [s for s in self.flow.steps.get(name, ()) if s.relation.verb != "consumes" and waits(s.relation)]
        before: list[Floor] = own
        for position, step in enumerate(steps):
            hits = self.hit_ratio(step.relation)
            if hits > 0 and step.relation.caches != "data":
                before += self._arms(steps[: position + 1], fraction)
                behind = self._behind(component, steps[position + 1 :], fraction, 1 - hits)
                return in_sequence([*before, behind])
        return in_sequence([*before, *self._arms(steps, fraction), *self._models(component, fraction)])

    def hit_ratio(self, relation: Relation) -> float:
        """The share of look-ups that a cache answers: the smaller of its hit ratio and the workload's repeats."""
        if relation.hit_ratio is None:
            return 0.0
        repeats = self.workload.repeats
        return min(relation.hit_ratio, repeats) if repeats is not None else relation.hit_ratio

    def _behind(self, component: Component, steps: list[Step], fraction: float, share: float) -> Floor:
        """What stands behind a cache: met by the share of the requests that miss."""
        inner = 1 - (1 - fraction) / share if share > 0 else 0.0
        if inner <= 0:
            return Floor()
        floors = [*self._arms(steps, inner), *self._models(component, inner)]
        return _taken_by(in_sequence(floors), share, inner, fraction)

    def _own(self, component: Component, fraction: float) -> Iterator[Floor]:
        name = component.name
        place = component.place("service_time")
        if component.service_time is not None:
            yield self._stated(component.service_time, fraction, f"{name}, own work", place)
        elif component.kind in _WORKING_KINDS and not component.serves:
            yield Floor(unknown=(place,))
        if component.preprocessing is not None and component.preprocessing.service_time is not None:
            time = component.preprocessing.service_time
            yield self._stated(time, fraction, f"{name}, preprocessing", component.place("preprocessing", "service_time"))

    def _stated(self, time: ServiceTime, fraction: float, label: str, at: Place, model: str = "", server: str = "") -> Floor:
        bound = lower_bound(time, fraction, at)
        value = bound.value_s if bound else 0.0
        said = bound.said if bound else "nothing below"
        formula, certainty = (bound.formula if bound else ""), Certainty.PROVEN
        if self.estimated:
            fitted = estimate(time, fraction)
            if fitted is not None and fitted > value:
                value, said, certainty = fitted, format_percentile(fraction), Certainty.ESTIMATED
                formula = "lognormal through what is stated"
        origin = Origin.DERIVED if formula else Origin.STATED
        where = bound.at if bound and bound.at and not formula else at
        part = Part(f"{label}, {said}", value, origin, where, formula, model, server, certainty)
        least = time.constant_s or 0.0
        unknown = () if value > 0 or time.constant_s == 0 else (at,)
        return Floor(least, value, (part,), (part,) if least else (), unknown, certainty)

    def _models(self, component: Component, fraction: float) -> Iterator[Floor]:
        """The predictions that a request runs on this server, one after another."""
        for name in component.serves:
            model = self.system.architecture.models.get(name)
            if model is None or (self.wanted is not None and name not in self.wanted):
                continue
            label = f"model {name}"
            if model.service_time is not None:
                yield self._stated(model.service_time, fraction, label, model.place("service_time"), name, component.name)
                continue
            unknown = (model.place("service_time"),)
            bound = roofline(model, component)
            if bound is None:
                hardware = component.hardware
                if model.parameters is not None and (hardware is None or hardware.gpu is None):
                    unknown = (*unknown, component.place("hardware"))
                yield Floor(unknown=unknown)
                continue
            at = model.place("parameters" if model.parameters is not None else "artifact")
            part = Part(
                f"{label}, least on its hardware", bound.floor_s, Origin.DERIVED, at, bound.formula, name,
                component.name, bound.certainty,
            )  # fmt: skip
            yield Floor(bound.floor_s, bound.floor_s, (part,), (part,), unknown, bound.certainty)

    def _arms(self, steps: Iterable[Step], fraction: float) -> list[Floor]:
        """The floors of a component's relations; groups count as one."""
        floors: list[Floor] = []
        grouped: dict[int, list[Step]] = {}
        parallel: dict[str, list[Floor]] = {}
        data_share = 1.0
        for step in steps:
            if step.group is not None:
                grouped.setdefault(step.group, []).append(step)
                continue
            hits = self.hit_ratio(step.relation)
            if not step.needed:
                continue
            if data_share < 1 and step.relation.verb == "reads" and hits == 0:
                floor = self._shared(step, fraction, data_share)
            else:
                floor = self._relation(step, fraction)
            if hits > 0 and step.relation.caches == "data":
                data_share *= 1 - hits
            if step.relation.parallel is not None:
                parallel.setdefault(step.relation.parallel, []).append(floor)
            else:
                floors.append(floor)
        floors += [side_by_side(branches) for branches in parallel.values()]
        return floors + [self._group(number, members, fraction) for number, members in grouped.items()]

    def _shared(self, step: Step, fraction: float, share: float) -> Floor:
        """The floor of a relation that only a share of the requests takes."""
        inner = 1 - (1 - fraction) / share if share > 0 else 0.0
        return _taken_by(self._relation(step, inner), share, inner, fraction) if inner > 0 else Floor()

    def _relation(self, step: Step, fraction: float) -> Floor:
        floor = self.component(step.target, fraction)
        network_s = step.relation.network_s
        if not network_s:
            return floor
        label = f"network, {step.source} to {step.target}"
        part = Part(label, network_s, Origin.STATED, step.relation.place("network"))
        return in_sequence([Floor(network_s, network_s, (part,), (part,)), floor])

    def _group(self, number: int, steps: list[Step], fraction: float) -> Floor:
        group = self.flow.groups[number]
        if group.kind == EITHER:
            return min((self._relation(step, fraction) for step in steps), key=lambda floor: floor.at_s)
        if group.kind != SHARE:
            return NOTHING
        arms = []
        for step in steps:
            arms.append(self._shared(step, fraction, step.relation.share or 0.0))
        slowest = max(arms, key=lambda floor: floor.at_s)
        return msgspec.structs.replace(slowest, unknown=_places(arms))


def _taken_by(floor: Floor, share: float, inner: float, fraction: float) -> Floor:
    """The floor of work that only a share of the requests meets; `inner` is the percentile that they are asked at."""
    if share >= 1:
        return floor
    note = f"{format_percentile(fraction)} of all is {format_percentile(inner)} of the {format_share(share)} that come here"
    parts = tuple(
        msgspec.structs.replace(part, formula=f"{part.formula}; {note}" if part.formula else note) for part in floor.parts
    )
    return Floor(0.0, floor.at_s, parts, (), floor.unknown, floor.certainty)


def in_sequence(floors: list[Floor]) -> Floor:
    """Work one after another: the least of all, and one of them at the percentile.

    >>> a, b = Floor(0.0, 0.5), Floor(0.1, 0.2)
    >>> in_sequence([a, b]).at_s
    0.6
    """
    floors = [floor for floor in floors if floor is not NOTHING]
    if not floors:
        return NOTHING
    if len(floors) == 1:
        return floors[0]
    least = sum(floor.least_s for floor in floors)
    top = max(floors, key=lambda floor: floor.at_s - floor.least_s)
    parts = tuple(part for floor in floors for part in (floor.parts if floor is top else floor.least_parts))
    least_parts = tuple(part for floor in floors for part in floor.least_parts)
    return Floor(
        least, least - top.least_s + top.at_s, _few(parts), _few(least_parts), _places(floors), _weakest(parts)
    )


def side_by_side(floors: list[Floor]) -> Floor:
    """Work in parallel, all of which is waited for: the longest."""
    slowest = max(floors, key=lambda floor: floor.at_s)
    least = max(floors, key=lambda floor: floor.least_s)
    return Floor(
        least.least_s, slowest.at_s, slowest.parts, least.least_parts, _places(floors), slowest.certainty
    )


def _few(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Keep the largest parts of very many, and their order; the rest become one."""
    if len(parts) <= _MAX_PARTS:
        return parts
    largest = sorted(range(len(parts)), key=lambda index: -parts[index].value_s)[: _MAX_PARTS - 1]
    kept = tuple(parts[index] for index in sorted(largest))
    rest = sum(part.value_s for part in parts) - sum(part.value_s for part in kept)
    return (*kept, Part(f"{len(parts) - len(kept)} smaller parts", rest, Origin.DERIVED))


def _places(floors: list[Floor]) -> tuple[Place, ...]:
    return tuple({place: None for floor in floors for place in floor.unknown})[:_MAX_UNKNOWN]


def _weakest(parts: Iterable[Part]) -> Certainty:
    order = (Certainty.PROVEN, Certainty.ESTIMATED, Certainty.HEURISTIC)
    return max((part.certainty for part in parts if part.value_s > 0), key=order.index, default=Certainty.PROVEN)

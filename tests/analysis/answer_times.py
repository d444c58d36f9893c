"""Systems with known distributions of time, and the exact distribution of their answers.

Times are whole milliseconds with probabilities. The distribution of an answer is computed exactly, by adding and mixing
distributions and by taking maxima. Whatever the file leaves open (the relation of an `either` group, how often a
condition is true, how often something optional runs) is random: a floor must hold in all cases.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from random import Random

import msgspec

from archlint.analysis.system import System
from archlint.catalog.technologies import Technologies
from archlint.model.architecture import Architecture, Component, Entrance, Model, Relation, ServiceTime, Workload

Times = dict[float, float]
"""From milliseconds (infinity for no answer) to probability."""

STORES = ("database", "cache", "feature-store")
NEVER: Times = {0.0: 1.0}


def combine(one: Times, other: Times, join: Callable[[float, float], float]) -> Times:
    found: Times = {}
    for a, p in one.items():
        for b, q in other.items():
            value = join(a, b)
            found[value] = found.get(value, 0.0) + p * q
    return found


def after(*times: Times) -> Times:
    total = NEVER
    for each in times:
        total = combine(total, each, lambda a, b: a + b)
    return total


def beside(times: Iterable[Times]) -> Times:
    total = NEVER
    for each in times:
        total = combine(total, each, max)
    return total


def mixed(parts: Iterable[tuple[float, Times]]) -> Times:
    found: Times = {}
    for weight, times in parts:
        for value, p in times.items() if weight > 1e-12 else ():
            found[value] = found.get(value, 0.0) + weight * p
    return found


def percentile(times: Times, fraction: float) -> float:
    """The smallest time within which this fraction is done."""
    total = 0.0
    for value in sorted(times):
        total += times[value]
        if total >= fraction - 1e-9:
            return value
    return math.inf


class Lot:
    """One random system with the distribution of each piece of work."""

    def __init__(self, seed: int, size: int = 6, flat: bool = False) -> None:
        """Draw a system: a small graph, or with `flat` a client with many relations that carry several attributes."""
        self.random = Random(seed)
        self.flat = flat
        self.names = ["client", *(f"c{number}" for number in range(1, size))]
        self.own: dict[str, Times] = {}
        self.model_times: dict[str, Times] = {}
        self.repeats = self.random.choice([None, None, 0.2, 0.5, 0.95])
        self.unsaid = self.random.random() < 0.3
        self.shared_server = self.unsaid and self.random.random() < 0.5
        components = {name: self._component(position) for position, name in enumerate(self.names)}
        models = {name: Model(name, service_time=self._stated(self.model_times, name)) for name in ("m", "n")}
        stated = None if self.unsaid else self.random.choice([("m",), ("m", "n")])
        self.stated = ("m", "n") if stated is None else stated
        self.workload = Workload("main", Entrance("client"), models=stated, repeats=self.repeats)
        workloads = {"main": self.workload}
        if self.shared_server:
            workloads["other"] = Workload("other", Entrance("client"))
        self.components = components
        architecture = Architecture((), workloads=workloads, models=models, components=components)
        self.system = System(architecture, Technologies(()))
        self._known: dict[str, Times] = {}

    def _times(self) -> Times:
        values = self.random.sample((*range(1, 40), 300, 500), self.random.choice([1, 2, 3]))
        weights = [self.random.choice([0.5, 0.3, 0.2, 0.05, 0.01]) for _ in values]
        total = sum(weights)
        return {float(value): weight / total for value, weight in zip(values, weights, strict=True)}

    def _stated(self, truth: dict[str, Times], name: str) -> ServiceTime | None:
        """A true statement about a distribution: a constant, percentiles, mean and cv, or nothing."""
        times = truth[name] = self._times()
        if self.random.random() < 0.3:
            truth[name] = {min(times): 1.0}
            return ServiceTime(constant_s=min(times) / 1000)
        lot = self.random.random()
        if lot < 0.1:
            return None
        if lot < 0.3:
            mean = sum(value * p for value, p in times.items())
            variance = sum(p * (value - mean) ** 2 for value, p in times.items())
            return ServiceTime(mean_s=mean / 1000, cv=math.sqrt(variance) / mean)
        fractions = sorted(self.random.sample([0.1, 0.5, 0.9, 0.95, 0.99, 0.999], self.random.choice([1, 2, 3])))
        return ServiceTime(percentiles=tuple((p, percentile(times, p) / 1000) for p in fractions))

    def _component(self, position: int) -> Component:
        name = self.names[position]
        kind = "client" if not position else self.random.choice(["service", "model-server", "gateway", *STORES])
        later = self.names[position + 1 :]
        relations: list[Relation] = []
        if self.flat and not position:
            relations = [self._relation(name, target, index) for index, target in enumerate(later)]
        elif later and kind not in STORES and not self.flat:
            count = self.random.choice([1, 2, 3]) if not position else self.random.choice([0, 1, 2, 3])
            relations = [self._relation(name, self.random.choice(later), index) for index in range(count)]
        serves = self.random.choice([(), ("m",), ("m", "n")]) if kind == "model-server" else ()
        time = self._stated(self.own, name)
        if time is None and (kind in {"client", "gateway", "cache"} or serves):
            self.own[name] = NEVER                 # balancers and caches without a service time need no time
        return Component(name, kind, relations=tuple(self._attributes(relations)), serves=serves, service_time=time)

    def _relation(self, source: str, target: str, index: int) -> Relation:
        timeout_s = self.random.choice([None, None, None, None, None, 0.02, 0.04])
        retries = self.random.choice([None, 1.0, 2.0]) if timeout_s else None
        network_s = self.random.choice([None, None, 0.002])
        verb = self.random.choice(["calls", "reads"])
        return Relation(verb, source, target, index, timeout_s=timeout_s, retries=retries, network_s=network_s)

    def _attributes(self, relations: list[Relation]) -> list[Relation]:
        lot = self.random.random()
        if lot < 0.15 and len(relations) > 1:
            number = len(relations) if not self.flat else 2
            either = [msgspec.structs.replace(relation, either="a") for relation in relations[:number]]
            relations = [*either, *relations[number:]]
        elif lot < 0.35 and relations:
            shares = self.random.choice([(0.9, 0.1), (0.5, 0.5), (0.6,), (0.2, 0.3)])
            number = min(len(shares), len(relations))
            shared = [
                msgspec.structs.replace(r, share=s) for r, s in zip(relations[:number], shares[:number], strict=True)
            ]
            relations = [*shared, *relations[number:]]
        if self.flat:
            self.random.shuffle(relations)
            return [self._attribute(self._attribute(relation)) for relation in relations]
        if any(relation.share is not None or relation.either is not None for relation in relations):
            return relations
        return [self._attribute(relation) for relation in relations]

    def _attribute(self, relation: Relation) -> Relation:
        """Add one random attribute, if it fits the existing ones."""
        lot = self.random.random()
        ratio = self.random.choice([0.3, 0.6, 0.95])
        grouped = relation.share is not None or relation.either is not None
        if lot < 0.2:
            return msgspec.structs.replace(relation, hit_ratio=ratio, caches=None)
        if lot < 0.35:
            return msgspec.structs.replace(relation, hit_ratio=ratio, caches="data")
        if lot < 0.45 and not grouped:
            return msgspec.structs.replace(relation, optional=True)
        if lot < 0.5 and not grouped:
            return msgspec.structs.replace(relation, when="it rains")
        if lot < 0.75:
            return msgspec.structs.replace(relation, parallel=self.random.choice(["a", "a", "b"]))
        return relation

    def answer(self) -> Times:
        """The exact distribution of the whole answer."""
        return self.of("client")

    def of(self, name: str) -> Times:
        if name not in self._known:
            component = self.components[name]
            self._known[name] = after(self.own[name], self._from(component, self._leaving(component), 1.0, {}))
        return self._known[name]

    def _leaving(self, component: Component) -> list[Relation]:
        """The relations that a request takes: those that lead to other models only are left out."""
        return [r for r in component.relations if not (self._models(r.target) and not self._wanted(r.target))]

    def _models(self, name: str) -> set[str]:
        component = self.components[name]
        found = set(component.serves)
        for relation in component.relations:
            found |= self._models(relation.target)
        return found

    def _wanted(self, name: str) -> set[str]:
        return self._models(name) & set(self.stated)

    def _from(
        self, component: Component, relations: Sequence[Relation], reading: float, begun: dict[str, Times]
    ) -> Times:
        """The distribution of a component's remaining relations.

        `begun` are the parallel groups that have started: a group ends when all of its relations end.
        `reading` is the share of requests for which no data cache has saved the reads.
        """
        if not relations:
            return after(*begun.values(), self._predictions(component))
        first = relations[0]
        if first.optional or (first.when is not None and not self._is_certain(component, first)):
            runs = self.random.choice([0.0, 0.5, 1.0])
            arms = [(runs, first)]
            rest = relations[1:]
        elif first.either is None and first.share is None:
            arms, rest = [(1.0, first)], relations[1:]
        else:
            group = [r for r in relations if r.either == first.either and (r.share is None) == (first.share is None)]
            group = [r for r in group if first.either is not None or r.parallel == first.parallel]
            arms = [(relation.share or 0.0, relation) for relation in group]
            if first.either is not None:
                weights = [self.random.random() for _ in group]
                arms = [(weight / sum(weights), r) for weight, r in zip(weights, group, strict=True)]
            rest = [relation for relation in relations if relation not in group]
        taken = [
            (weight, self._take(component, relation, [r for _, r in arms], rest, reading, begun))
            for weight, relation in arms if weight > 0
        ]  # fmt: skip
        others = 1 - sum(weight for weight, _ in taken)
        return mixed([*taken, (others, self._from(component, rest, reading, begun))]) if others > 1e-9 else mixed(taken)

    def _take(
        self, component: Component, relation: Relation, group: Sequence[Relation], rest: Sequence[Relation],
        reading: float, begun: dict[str, Times],
    ) -> Times:  # fmt: skip
        """The distribution of one relation, chosen from its group, and of the following relations."""
        here = self._with_another(relation, group) if relation.either is not None else self._call(relation)
        if reading < 1 and (relation.verb == "reads" or self.components[relation.target].kind in STORES):
            here = mixed([(reading, here), (1 - reading, NEVER)])
        if relation.parallel is not None:
            begun = {**begun, relation.parallel: beside([begun.get(relation.parallel, NEVER), here])}
            here = NEVER
        if relation.hit_ratio is not None and relation.caches == "data":
            reading *= 1 - relation.hit_ratio
        elif relation.hit_ratio is not None:
            hits = relation.hit_ratio if self.repeats is None else min(relation.hit_ratio, self.repeats)
            # Both caches may hit for the same requests, or for different ones.
            apart = max(0.0, (reading - hits) / (1 - hits)) if hits < 1 else 0.0
            behind = self._from(component, rest, self.random.choice([reading, apart]), begun)
            return after(here, mixed([(hits, after(*begun.values())), (1 - hits, behind)]))
        return after(here, self._from(component, rest, reading, begun))

    def _is_certain(self, component: Component, relation: Relation) -> bool:
        """Whether a condition is certainly true: otherwise the request would run none of its models."""
        if self.unsaid or set(component.serves) & set(self.stated):
            return False
        return [r for r in self._leaving(component) if self._wanted(r.target)] == [relation]

    def _with_another(self, relation: Relation, group: Sequence[Relation]) -> Times:
        """One of a group; if it does not answer in time, another one does, drawn again."""
        here = self._call(relation)
        late = here.get(math.inf, 0.0)
        others = [other for other in group if other is not relation]
        if not late or relation.timeout_s is None or relation.retries or not others:
            return here
        other = self._call(self.random.choice(others))
        waited = {value + relation.timeout_s * 1000: p for value, p in other.items()}
        return mixed([(1.0, {value: p for value, p in here.items() if value < math.inf}), (late, waited)])

    def _call(self, relation: Relation) -> Times:
        """The distribution of a call with its attempts; if the last attempt times out, there is no answer."""
        once = after(self.of(relation.target), {(relation.network_s or 0.0) * 1000: 1.0})
        if relation.timeout_s is None:
            return once
        limit = relation.timeout_s * 1000
        found: Times = {}
        late, waited = 1.0, 0.0
        for _ in range(1 + int(relation.retries or 0)):
            for value, p in once.items():
                if value <= limit:
                    found[value + waited] = found.get(value + waited, 0.0) + late * p
            late *= sum(p for value, p in once.items() if value > limit)
            waited += limit
        if late > 0:
            found[math.inf] = found.get(math.inf, 0.0) + late
        return found

    def _predictions(self, component: Component) -> Times:
        times = [self.model_times[model] for model in component.serves if model in self.stated]
        if self.unsaid and len(times) > 1:
            if self.shared_server:
                weight = self.random.random()
                return mixed([(weight, times[0]), (1 - weight, times[1])])
            if self.random.random() < 0.5:
                return beside(times)
        return after(*times)

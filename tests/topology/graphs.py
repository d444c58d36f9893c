"""Architectures for tests: random small ones, and systems written as text."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from random import Random
from textwrap import dedent, indent

import msgspec

import archlint
from archlint.analysis.system import System
from archlint.catalog.technologies import Technologies
from archlint.model.architecture import Architecture, Component, Entrance, Model, Relation, Workload
from archlint.model.places import Either, Place

MODELS = ("ranker", "tagger", "scorer")
_SHARES = ((0.5, 0.5), (0.9, 0.1), (0.25, 0.25), (0.7,), (0.333, 0.333, 0.333), (0.2, 0.3, 0.5))


def system_of(components: str, workloads: str = "", models: str = "") -> System:
    """A system of components written as YAML lines; the default workload `main` enters at `client`."""
    stated = workloads or "main: {from: client}"
    known = "".join(f"  {name}: {{}}\n" for name in MODELS) if not models else _indented(models)
    text = f"archlint: 1\nworkloads:\n{_indented(stated)}models:\n{known}components:\n{_indented(components)}"
    system = archlint.load(text)
    problems = [problem.message for problem in system.architecture.problems if problem.loses_meaning]
    assert not problems, problems
    return system


def with_instead(missing: Iterable[Place]) -> list[str]:
    """The paths of missing keys, each with those that could be stated in its place."""
    return [one.at for key in missing for one in (key, *(chain(*key.instead) if isinstance(key, Either) else ()))]


def _indented(text: str) -> str:
    return indent(dedent(text).strip("\n"), "  ") + "\n"


def random_system(seed: int, size: int = 6) -> System:
    """A system with random relations, groups, shares, conditions and queues."""
    return _Lot(seed, size).system()


class _Lot:
    def __init__(self, seed: int, size: int) -> None:
        self.random = Random(seed)
        self.names = ["client", *(f"c{number}" for number in range(1, size))]
        self.kinds = {name: self._kind() for name in self.names}
        self.kinds["client"] = "client"
        self.arms = self.conditions = 0

    def _kind(self) -> str:
        return self.random.choices(
            ("service", "model-server", "database", "queue", "worker", "stream-processor"), (5, 3, 2, 2, 2, 1)
        )[0]

    def system(self) -> System:
        components = {name: self._component(name) for name in self.names}
        models = {name: Model(name) for name in MODELS}
        workloads = {}
        for name in ("main", "other"):
            stated = self.random.choice([None, None, ("ranker",), ("ranker", "tagger"), MODELS])
            targets = [relation.target for relation in components["client"].relations]
            to = self.random.choice(targets) if targets and self.random.random() < 0.15 else None
            rate = self.random.choice([1.0, 2.0, 5.0])
            workloads[name] = Workload(name, Entrance("client", to), models=stated, rate_per_s=rate)
        architecture = Architecture((), workloads=workloads, models=models, components=components)
        return System(architecture, Technologies(()))

    def _component(self, name: str) -> Component:
        kind = self.kinds[name]
        serves: tuple[str, ...] = ()
        if kind in {"model-server", "worker", "stream-processor"} or self.random.random() < 0.1:
            serves = tuple(sorted(self.random.sample(MODELS, self.random.choice([1, 1, 2]))))
        if kind in {"database", "queue"}:
            return Component(name, kind)
        return Component(name, kind, relations=tuple(self._relations(name)), serves=serves)

    def _relations(self, name: str) -> list[Relation]:
        others = [other for other in self.names if other != name]
        count = self.random.choice([1, 2, 2, 3]) if name == "client" else self.random.choice([0, 1, 1, 2, 3])
        found = [self._relation(name, self.random.choice(others), index) for index in range(count)]
        if self.kinds[name] in {"worker", "stream-processor"}:
            queues = [other for other in others if self.kinds[other] == "queue"]
            if queues:
                found.append(Relation("consumes", name, self.random.choice(queues), 0))
        return self._grouped(found)

    def _relation(self, name: str, target: str, index: int) -> Relation:
        kind = self.kinds[target]
        verb = "calls"
        if kind == "queue":
            verb = "publishes"
        elif kind == "database":
            verb = self.random.choice(["reads", "writes"])
        wait = False if verb == "writes" and self.random.random() < 0.3 else None
        retries = self.random.choice([None, None, 1.0, 2.0])
        return Relation(verb, name, target, index, wait=wait, retries=retries)

    def _grouped(self, relations: list[Relation]) -> list[Relation]:
        """Give some relations attributes with which a request may succeed without them."""
        lot = self.random.random()
        if lot < 0.25 and len(relations) > 1:
            return [self._with(r, either=self.random.choice(["a", "a", "b"])) for r in relations]
        if lot < 0.5 and relations and self.arms < 3:
            self.arms += 1
            shares = [s for s in _SHARES if len(s) <= len(relations)]
            chosen = self.random.choice(shares)
            shared = [
                self._with(r, share=share) for r, share in zip(relations[: len(chosen)], chosen, strict=True)
            ]
            return shared + relations[len(chosen) :]
        return [self._softened(relation) for relation in relations]

    def _softened(self, relation: Relation) -> Relation:
        lot = self.random.random()
        if lot < 0.1:
            return self._with(relation, optional=True)
        if lot < 0.2:
            return self._with(relation, fallback="a stale answer")
        if lot < 0.35 and self.conditions < 3:
            self.conditions += 1
            return self._with(relation, when="it is urgent")
        return relation

    def _with(
        self, relation: Relation, optional: bool | None = None, fallback: str | None = None,
        when: str | None = None, either: str | None = None, share: float | None = None,
    ) -> Relation:  # fmt: skip
        if relation.verb == "consumes":
            return relation
        return msgspec.structs.replace(
            relation, optional=optional, fallback=fallback, when=when, either=either, share=share
        )

"""Computes naively what a workload uses and loses: it tries every choice of branches, and shares nothing.

It follows only the description of the format, with sets and loops over the whole graph, so that it shares no code with
the program.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import networkx

from archlint.model.architecture import Architecture, Relation, Workload

Arm = tuple[Fraction, str]


class Clauses:
    """The needs of one component: `all` of these, `any` of each list, one `arm` of each list, `maybe`."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self.any: list[list[str]] = []
        self.arms: list[list[Arm]] = []
        self.maybe: list[str] = []
        self.without: list[str] = []


class Oracle:
    """Brute force over one workload of a small architecture."""

    def __init__(self, architecture: Architecture, workload: Workload) -> None:
        self.components = architecture.components
        self.client = workload.entrance.client
        self.to = workload.entrance.to
        served = {model for c in self.components.values() for model in c.serves}
        self.stated = None if workload.models is None else set(workload.models) & served
        self.relations = [r for c in self.components.values() for r in c.relations if r.target in self.components]
        self.work: networkx.DiGraph[str] = networkx.DiGraph()
        self.work.add_nodes_from(self.components)
        self.waits_graph = self.work.copy()
        for relation in self.relations:
            if relation.verb == "consumes":
                self.work.add_edge(relation.target, relation.source)
            elif relation.verb == "publishes" or self.waits(relation):
                self.work.add_edge(relation.source, relation.target)
            if self.waits(relation):
                self.waits_graph.add_edge(relation.source, relation.target)
        self.waiting: set[str] = set()
        self.waiting = self._waiting()
        self.eventual = self._eventual()
        self.clauses = {name: self._clauses(name) for name in (*self.waiting, *self.eventual)}

    def waits(self, relation: Relation) -> bool:
        if relation.verb == "loads":
            return self.components[relation.source].loads_model == "on-request"
        return relation.verb in {"calls", "reads"} or (relation.verb == "writes" and relation.wait is not False)

    def models_of(self, graph: networkx.DiGraph[str], name: str) -> set[str]:
        names = {name, *networkx.descendants(graph, name)}
        return {model for each in names for model in self.components[each].serves}

    def wanted(self, name: str) -> set[str]:
        models = self.models_of(self.work, name)
        return models if self.stated is None else models & self.stated

    def elsewhere(self, name: str) -> bool:
        return bool(self.models_of(self.work, name)) and not self.wanted(name)

    def takes(self, relation: Relation) -> bool:
        """Whether a request takes a relation of a reached component."""
        if relation.source == self.client and self.to is not None and relation.target != self.to:
            return False
        if relation.verb == "publishes":
            return bool(self.wanted(relation.target)) or self._is_result(relation)
        if relation.verb == "writes" or self.waits(relation):
            return not self.elsewhere(relation.target)
        return False

    def _is_result(self, relation: Relation) -> bool:
        source = self.components[relation.source]
        verbs = {other.verb for other in source.relations if other.target in self.components}
        runs = self.models_of(self.waits_graph, source.name)
        runs_wanted = runs if self.stated is None else runs & self.stated
        return (
            source.name not in self.waiting and "consumes" in verbs and "writes" not in verbs
            and not source.callback and bool(runs_wanted) and not self.elsewhere(relation.target)
        )  # fmt: skip

    def taken(self, name: str) -> list[Relation]:
        return [relation for relation in self.relations if relation.source == name and self.takes(relation)]

    def consumers(self, name: str) -> list[Relation]:
        """The relevant consumers of a queue."""
        found = [r for r in self.relations if r.verb == "consumes" and r.target == name]
        leading = [r for r in found if self.wanted(r.source)]
        idle = {"training-job", "monitoring", "log-store"}
        results = [
            r for r in found if not self.models_of(self.work, r.source) and self.components[r.source].kind not in idle
        ]
        return leading or results

    def _waiting(self) -> set[str]:
        found = {self.client}
        while True:
            more = {r.target for name in found for r in self.taken(name) if self.waits(r)} - found
            if not more:
                return found
            found |= more

    def _eventual(self) -> set[str]:
        found: set[str] = set()
        while True:
            met = self.waiting | found
            more = {r.target for name in met for r in self.taken(name)}
            more |= {r.source for name in met for r in self.consumers(name)}
            if more <= met:
                return found
            found |= more - self.waiting

    def _clauses(self, name: str) -> Clauses:
        clauses = Clauses()
        relations = self.taken(name)
        either: dict[str, list[str]] = {}
        shared: dict[str | None, list[Relation]] = {}
        when: list[Relation] = []
        soft = {r.either for r in relations if r.either is not None and (r.optional or r.fallback is not None)}
        for r in relations:
            if r.optional or r.fallback is not None or r.either in soft:
                clauses.without.append(r.target)
            elif r.either is not None:
                either.setdefault(r.either, []).append(r.target)
            elif r.share is not None and r.share < 1:
                shared.setdefault(r.parallel, []).append(r)
            elif r.when is not None:
                when.append(r)
            elif self.waits(r) or r.verb == "publishes" or self._works_behind_queue(name):
                clauses.all.append(r.target)
            else:
                clauses.without.append(r.target)
        clauses.any += either.values()
        clauses.arms += [self._arms(members) for members in shared.values()]
        self._conditions(name, clauses, relations, when)
        self._consumption(name, clauses)
        return clauses

    def _works_behind_queue(self, name: str) -> bool:
        consumes = any(r.verb == "consumes" and r.source == name for r in self.relations)
        return name not in self.waiting and consumes

    def _arms(self, members: list[Relation]) -> list[Arm]:
        shares = [Fraction(str(r.share)) for r in members]
        total = sum(shares)
        if (len(shares) > 1 and total >= Fraction(99, 100)) or total > 1:
            shares = [share / total for share in shares]
        return [(share, r.target) for share, r in zip(shares, members, strict=True)]

    def _conditions(self, name: str, clauses: Clauses, taken: list[Relation], when: list[Relation]) -> None:
        """A condition is certain if nothing else leads to any of the workload's models."""
        certain: Relation | None = None
        if self.stated is not None and not set(self.components[name].serves) & self.stated:
            leading = [r for r in taken if self.wanted(r.target)]
            if len(leading) == 1 and leading[0] in when:
                certain = leading[0]
        for r in when:
            (clauses.all if r is certain else clauses.maybe).append(r.target)

    def _consumption(self, name: str, clauses: Clauses) -> None:
        consumers = self.consumers(name)
        for r in consumers:
            models = self.wanted(r.source)
            alike = [other.source for other in consumers if self.wanted(other.source) == models]
            others = {m for other in consumers if other is not r for m in self.wanted(other.source)}
            if len(alike) > 1:
                if alike[0] == r.source:
                    clauses.any.append(alike)
            elif not models or models - others:
                clauses.all.append(r.source)
            else:
                clauses.without.append(r.source)

    def lost_with(self, failed: set[str]) -> Fraction | None:
        """The share of lost requests; None if it depends on conditions."""
        arms = [(name, number) for name, c in self.clauses.items() for number in range(len(c.arms))]
        maybe = [(name, number) for name, c in self.clauses.items() for number in range(len(c.maybe))]
        outcomes = []
        for held in product((False, True), repeat=len(maybe)):
            conditions = {key for key, holds in zip(maybe, held, strict=True) if holds}
            total = Fraction(0)
            options = [[*self.clauses[name].arms[number], (None, None)] for name, number in arms]
            for choice in product(*options):
                chosen: dict[tuple[str, int], str | None] = {}
                weight = Fraction(1)
                for key, (share, target) in zip(arms, choice, strict=True):
                    whole = sum((share for share, _ in self.clauses[key[0]].arms[key[1]]), Fraction(0))
                    weight *= 1 - whole if share is None else share
                    chosen[key] = target
                if weight and self.client in self.down(failed, chosen, conditions):
                    total += weight
            outcomes.append(total)
        return outcomes[0] if len(set(outcomes)) == 1 else None

    def down(
        self, failed: set[str], chosen: dict[tuple[str, int], str | None], conditions: set[tuple[str, int]]
    ) -> set[str]:
        """The least set of components that are down, for one choice of branches and true conditions."""
        down = failed & set(self.clauses)
        while True:
            more = {
                name for name, c in self.clauses.items() if name not in down
                and (
                    any(target in down for target in c.all)
                    or any(all(target in down for target in group) for group in c.any)
                    or any(chosen[name, number] in down for number in range(len(c.arms)))
                    or any(t in down and (name, number) in conditions for number, t in enumerate(c.maybe))
                )
            }  # fmt: skip
            if not more:
                return down
            down |= more

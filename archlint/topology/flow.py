"""The part of the graph that one workload uses, and what it needs of it.

A request is an AND/OR graph: a component needs all that it waits for, but what is `optional` or has a `fallback`,
one of each `either` group, and the one arm that the request takes of those with a `share` or a condition (`when`).
Behind a queue the same holds up to where the result is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from archlint.model.architecture import Entrance, Relation
from archlint.topology.graph import Topology

EITHER, SHARE, WHEN = "either", "share", "when"
_MAX_BRANCHES = 4096
_MAX_DEPTH = 64


class Group(msgspec.Struct, frozen=True):
    """Relations of one component of which a request needs one (`either`) or takes one (`share`, `when`)."""

    kind: str
    relations: tuple[Relation, ...]

    @property
    def complete(self) -> bool:
        """Whether every request needs one of them: the shares add up to the whole, or any one suffices."""
        return self.kind == EITHER or sum(relation.share or 0.0 for relation in self.relations) > 1 - 1e-6


class Step(msgspec.Struct, frozen=True):
    """A relation that a workload takes. `needed` is false where the answer does without it, and in a group."""

    source: str
    target: str
    relation: Relation
    needed: bool
    group: int | None = None


class Flow:
    """What one workload uses.

    `waiting` are the components that its client waits for (itself first), `eventual` those reached beyond a queue;
    both in the order in which a request meets them. `entered_by` is the first relation that reaches a component.
    `models` are those that one request runs; None stands for all that it reaches.
    """

    def __init__(self, topology: Topology, entrance: Entrance, models: tuple[str, ...] | None = None) -> None:
        self.topology = topology
        self.entrance = entrance
        self.client = entrance.client
        self.wanted = topology.bits_of(models) if models is not None else None
        self.waiting: dict[str, None] = {}
        self.eventual: dict[str, None] = {}
        self.steps: dict[str, list[Step]] = {}
        self.groups: list[Group] = []
        self.entered_by: dict[str, Relation] = {}
        self._sources: dict[str, list[Step]] = {}
        if self.client in topology.components:
            self._walk()

    @property
    def components(self) -> Iterator[str]:
        """Every component that it uses."""
        yield from self.waiting
        yield from self.eventual

    def __contains__(self, name: str) -> bool:
        return name in self.waiting or name in self.eventual

    def _walk(self) -> None:
        self.waiting[self.client] = None
        queue: list[tuple[str, bool]] = [(self.client, True)]
        for name, waits in queue:            # grows while it is walked: breadth first
            if not waits and name in self.waiting:
                continue
            for step, now in self._steps_from(name):
                target, still = step.target, waits and now
                if target in self.waiting or (not still and target in self.eventual):
                    continue
                if still:
                    self.waiting[target] = None
                    self.eventual.pop(target, None)
                else:
                    self.eventual[target] = None
                self.entered_by[target] = step.relation
                queue.append((target, still))

    def _steps_from(self, name: str) -> list[tuple[Step, bool]]:
        """The steps that leave a component, each with whether the caller waits; noted the first time."""
        known = self.steps.get(name)
        if known is None:
            known = self.steps[name] = self._find_steps(name)
            for step in known:
                self._sources.setdefault(step.target, []).append(step)
        waits = self.topology.waits
        return [(step, step.relation.verb != "consumes" and waits(step.relation)) for step in known]

    def _find_steps(self, name: str) -> list[Step]:
        topology = self.topology
        grouped: dict[tuple[str, str], list[Relation]] = {}
        steps: list[Step] = []
        entrance = self.entrance.to if name == self.client else None
        for relation in topology.outgoing[name]:
            if entrance is not None and relation.target != entrance:
                continue
            if relation.verb == "publishes":
                if not self._leads_to_models(relation.target):
                    continue
            elif not topology.waits(relation) or self._leads_elsewhere(relation.target):
                continue
            if relation.optional or relation.fallback is not None:
                steps.append(Step(name, relation.target, relation, False))
            elif relation.either is not None:
                grouped.setdefault((EITHER, relation.either), []).append(relation)
            elif relation.share is not None and relation.share < 1:
                grouped.setdefault((SHARE, ""), []).append(relation)
            elif relation.when is not None:
                grouped.setdefault((WHEN, ""), []).append(relation)
            else:
                steps.append(Step(name, relation.target, relation, True))
        for (kind, _), relations in grouped.items():
            steps += self._grouped(name, kind, relations)
        consumers = [r for r in topology.consumptions(name) if self._leads_to_models(r.source)]
        return steps + self._consumed(name, consumers)

    def _grouped(self, name: str, kind: str, relations: list[Relation]) -> list[Step]:
        if kind == WHEN and self.wanted is not None:
            taken = [relation for relation in relations if self._leads_to_models(relation.target)]
            if len(taken) == 1:              # the condition under which this workload's models run
                return [Step(name, r.target, r, r is taken[0]) for r in relations]
        if kind == EITHER and len(relations) == 1:
            return [Step(name, relations[0].target, relations[0], True)]
        self.groups.append(Group(kind, tuple(relations)))
        number = len(self.groups) - 1
        return [Step(name, relation.target, relation, False, number) for relation in relations]

    def _consumed(self, queue: str, consumptions: list[Relation]) -> list[Step]:
        """Consumers of a queue: those that lead to the same models stand in for one another."""
        below = self.topology.models_below
        by_models: dict[int, list[Relation]] = {}
        for relation in consumptions:
            bits = below[relation.source] if self.wanted is None else below[relation.source] & self.wanted
            by_models.setdefault(bits, []).append(relation)
        steps = []
        for relations in by_models.values():
            number = None
            if len(relations) > 1:
                self.groups.append(Group(EITHER, tuple(relations)))
                number = len(self.groups) - 1
            steps += [Step(queue, r.source, r, number is None, number) for r in relations]
        return steps

    def _leads_to_models(self, name: str) -> bool:
        below = self.topology.models_below[name]
        return bool(below if self.wanted is None else below & self.wanted)

    def _leads_elsewhere(self, name: str) -> bool:
        """Whether a component leads to models only that this workload does not run."""
        if self.wanted is None:
            return False
        below = self.topology.models_below[name]
        return below != 0 and below & self.wanted == 0

    def needed(self) -> dict[str, None]:
        """The components without any one of which a request is not answered (the client among them)."""
        closed: dict[str, None] = {self.client: None} if self.waiting else {}
        stack = [self.client]
        while stack:
            for step in self.steps.get(stack.pop(), ()):
                if step.needed and step.target not in closed:
                    closed[step.target] = None
                    stack.append(step.target)
        if any(group.complete for group in self.groups):
            for name in self.components:
                if name not in closed and self.is_lost_with((name,)):
                    closed[name] = None
        return closed

    def is_lost_with(self, failed: Iterable[str]) -> bool:
        """Whether no request is answered once all of these components are gone."""
        return self._propagate(failed, {}) == 1.0

    def share_lost_with(self, failed: Iterable[str]) -> float | None:
        """The share of requests that are not answered once these components are gone.

        Exact where the arms of each component are taken independently; None where a condition (`when`) decides
        it, or there are too many arms to try all.
        """
        self._branches = 0
        return self._propagate(tuple(failed), {}, branching=True)

    def _propagate(
        self, failed: Iterable[str], chosen: dict[int, Relation | None], branching: bool = False
    ) -> float | None:
        """Carry failure upwards to the client; 1.0 or 0.0, or with `branching` the mean over the arms taken."""
        down = set(failed)
        queue = list(down)
        gone: dict[int, int] = {}
        undecided: dict[int, None] = {}
        while queue:
            for step in self._sources.get(queue.pop(), ()):
                if step.source in down:
                    continue
                fails = step.needed
                if step.group is not None:
                    gone[step.group] = gone.get(step.group, 0) + 1
                    group = self.groups[step.group]
                    if step.group in chosen:
                        fails = chosen[step.group] is step.relation
                    elif group.complete and gone[step.group] == len(group.relations):
                        fails = True
                    elif group.kind != EITHER:
                        undecided[step.group] = None
                if fails:
                    down.add(step.source)
                    queue.append(step.source)
        if self.client in down:
            return 1.0
        if not branching or not undecided:
            return 0.0
        return self._branch(tuple(failed), chosen, next(iter(undecided)))

    def _branch(
        self, failed: tuple[str, ...], chosen: dict[int, Relation | None], number: int
    ) -> float | None:
        """The mean over the arms of one group."""
        group = self.groups[number]
        self._branches += 1
        if group.kind == WHEN or self._branches > _MAX_BRANCHES or len(chosen) > _MAX_DEPTH:
            return None
        total, rest = 0.0, 1.0
        for relation in (*group.relations, None):
            weight = rest if relation is None else (relation.share or 0.0)
            if relation is not None:
                rest -= weight
            if weight > 1e-12:
                lost = self._propagate(failed, {**chosen, number: relation}, branching=True)
                if lost is None:
                    return None
                total += weight * lost
        return total

    def path_to(self, name: str) -> tuple[Relation, ...]:
        """The relations by which a request first reaches a component, from the client on."""
        path: list[Relation] = []
        while name != self.client and name in self.entered_by and len(path) <= len(self.entered_by):
            relation = self.entered_by[name]
            path.append(relation)
            name = relation.target if relation.verb == "consumes" else relation.source
        return tuple(reversed(path))

    def either_groups(self) -> Iterator[Group]:
        """The groups of which any one relation suffices."""
        return (group for group in self.groups if group.kind == EITHER)

    def attempts(self) -> dict[str, float] | None:
        """The most attempts at each waiting component that one request can cause, by retries along all ways.

        None where callers wait for one another in a circle: there is no bound.
        """
        from archlint.topology.cycles import condensed_order

        waits = self.topology.waits
        targets = {
            name: [s.target for s in self.steps.get(name, ()) if s.relation.verb != "consumes" and waits(s.relation)]
            for name in self.waiting
        }
        order = condensed_order(targets)
        if any(len(group) > 1 or group[0] in targets[group[0]] for group in order):
            return None
        totals = {name: 0.0 for name in self.waiting}
        totals[self.client] = 1.0
        for (name,) in reversed(order):
            for step in self.steps.get(name, ()):
                if step.relation.verb != "consumes" and waits(step.relation):
                    totals[step.target] += totals[name] * (1 + (step.relation.retries or 0.0))
        return totals

    def dominators(self, target: str) -> tuple[str, ...]:
        """The components that every way of waiting from the client to a target passes, in order, both included."""
        import rustworkx

        names = [*self.waiting]
        if target not in self.waiting:
            return ()
        graph: rustworkx.PyDiGraph[str, None] = rustworkx.PyDiGraph()
        index = dict(zip(names, graph.add_nodes_from(names), strict=True))
        for name in names:
            for step in self.steps.get(name, ()):
                if step.target in index and step.relation.verb != "consumes":
                    graph.add_edge(index[name], index[step.target], None)
        immediate = rustworkx.immediate_dominators(graph, index[self.client])
        chain = [index[target]]
        while chain[-1] != index[self.client]:
            chain.append(immediate[chain[-1]])
        return tuple(graph[node] for node in reversed(chain))

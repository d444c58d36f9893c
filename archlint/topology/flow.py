"""The part of the graph that one workload uses, and the components that it needs."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Final

from archlint.errors import UnreadableInputError
from archlint.model.architecture import Entrance, Relation
from archlint.topology.cycles import condensed_order
from archlint.topology.failure import Failures
from archlint.topology.graph import Topology
from archlint.topology.reach import Joined, Reach, Start
from archlint.topology.routes import EITHER, Group, PlainSteps, Routes, Step

MAX_USES: Final = 1_000_000
"""How many components all different ways through a system may use together: each use takes about 700 bytes."""


class Flows:
    """The flows of a graph, and their shared parts: each is computed once, on first use."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self._uses = 0
        self._flows: dict[tuple[str, str | None, tuple[str, ...] | None], Flow] = {}
        self._routes: dict[tuple[int | None, bool], Routes] = {}
        self._plain: PlainSteps = {}
        self._reaches: dict[tuple[Routes, tuple[Start, ...], str | None], Reach] = {}
        self._failures: dict[tuple[Reach, tuple[object, ...]], Failures] = {}

    def of(self, entrance: Entrance, models: tuple[str, ...] | None = None) -> Flow:
        """Return the flow of requests that enter here and run these models (None: all that they reach)."""
        key = (entrance.client, entrance.to, models)
        flow = self._flows.get(key)
        if flow is None:
            flow = self._flows[key] = Flow(self, entrance, models)
        return flow

    def routes(self, models: tuple[str, ...] | None, failing: bool = False) -> Routes:
        """Return the steps of requests that run these models (None: all that they reach).

        With `failing`, those that requests may take once components have failed: fallbacks that name one too.
        """
        wanted = None if models is None else self.topology.bits_of(models)
        key = wanted, failing
        known = self._routes.get(key)
        if known is None:
            known = self._routes[key] = Routes(self.topology, *key, self._plain)
        return known

    def reach(self, routes: Routes, client: str, entry: Sequence[Step]) -> Reach:
        """Return the reach of requests that enter by some steps, shared by all clients that they do not reach again."""
        starts = tuple(dict.fromkeys((step.target, step.waits) for step in entry if step.target != client))
        shared = self._reach(routes, starts, None)
        return self._reach(routes, starts, client) if client in shared else shared

    def _reach(self, routes: Routes, starts: tuple[Start, ...], without: str | None) -> Reach:
        key = (routes, starts, without)
        known = self._reaches.get(key)
        if known is None:
            known = self._reaches[key] = Reach(routes, starts, without)
            self._uses += len(known.steps)
            if self._uses > MAX_USES:
                what = f"too large: workloads that enter at different places use over {MAX_USES:,} components together"
                raise UnreadableInputError(what, "split the system, or let workloads enter at the same places")
        return known

    def failures(self, reach: Reach, key: tuple[object, ...], entry: Sequence[Step]) -> Failures:
        """Return the effects of failures; `key` describes how requests enter, without the client's name."""
        known = self._failures.get((reach, key))
        if known is None:
            known = self._failures[reach, key] = Failures(reach, entry)
        return known


class Flow:
    """The part of the graph that one workload uses.

    `waiting` are the components that its client waits for (the client first). `eventual` are those after a queue, up to
    the store of the result. Both are in the order of the request. `steps` are the relations that a request takes from
    each component, `groups` those of which it needs one, by number (`Step.group`). `models` are those that one request
    runs; None means all that it reaches. `reach` is the part after the client, shared by all workloads that enter in
    the same way.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... workloads: {search: {from: page}}
    ... models: {ranker: {}}
    ... components:
    ...   page: {kind: client, calls: [{to: blue, either: dns}, {to: green, either: dns}]}
    ...   blue: {kind: load-balancer, calls: [api]}
    ...   green: {kind: load-balancer, calls: [api]}
    ...   api: {kind: service, publishes: [jobs], reads: [{to: clicks, optional: true}]}
    ...   jobs: {kind: queue}
    ...   ranking: {kind: worker, consumes: [jobs], serves: [ranker], writes: [results]}
    ...   results: {kind: database}
    ...   clicks: {kind: database}
    ... ''')
    >>> flow = system.flow(system.workloads["search"])
    >>> list(flow.waiting), list(flow.eventual)
    (['page', 'blue', 'green', 'api', 'clicks'], ['jobs', 'ranking', 'results'])
    >>> list(flow.needed())
    ['page', 'api', 'jobs', 'ranking', 'results']
    >>> flow.is_lost_with(["blue"]), flow.is_lost_with(["blue", "green"])
    (False, True)
    >>> [relation.verb for relation in flow.path_to("ranking")]
    ['calls', 'calls', 'publishes', 'consumes']
    >>> flow.dominators("clicks")
    ('page', 'api', 'clicks')
    """

    waiting: Mapping[str, Step | None]
    eventual: Mapping[str, Step | None]
    steps: Mapping[str, list[Step]]

    def __init__(self, flows: Flows, entrance: Entrance, models: tuple[str, ...] | None = None) -> None:
        self.topology = topology = flows.topology
        self.entrance = entrance
        self.client = entrance.client
        self.routes = flows.routes(models)
        self.groups = self.routes.groups
        known = self.client in topology.components
        self._entry = self.routes.first_steps(self.client, entrance.to) if known else []
        self.reach = flows.reach(self.routes, self.client, self._entry)
        self._flows = flows
        self._models = models
        self._published: dict[str, tuple[Relation, Relation] | None] = {}
        self.eventual = self.reach.eventual
        self.waiting, self.steps = {}, {}
        if known:
            self.waiting = Joined(self.client, None, self.reach.waiting)
            self.steps = Joined(self.client, self._entry, self.reach.steps)

    def __repr__(self) -> str:
        return f"<Flow from {self.client}: {len(self.waiting)} waiting, {len(self.eventual)} eventual>"

    @property
    def components(self) -> Iterator[str]:
        """Every component that it uses."""
        return chain(self.waiting, self.eventual)

    def __contains__(self, name: str) -> bool:
        return name in self.waiting or name in self.eventual

    @property
    def alike(self) -> Hashable:
        """A key that is equal for workloads that differ only in their client."""
        return self.failures

    @cached_property
    def failures(self) -> Failures:
        """What requests lose if components fail; shared by workloads that differ only in their client."""
        if not (self.reach.falls_back or self.client in self.topology.falling_back):
            return self._flows.failures(self.reach, _entry_key(self._entry, self.groups), self._entry)
        routes = self._flows.routes(self._models, failing=True)
        entry = routes.first_steps(self.client, self.entrance.to)
        reach = self._flows.reach(routes, self.client, entry)
        return self._flows.failures(reach, _entry_key(entry, routes.groups), entry)

    def needed(self) -> dict[str, None]:
        """Return the components that every request needs, the client first."""
        return {self.client: None} | self.failures.needed if self.waiting else {}

    def is_lost_with(self, failed: Iterable[str]) -> bool:
        """Return whether every request fails if all of these components fail."""
        names = tuple(failed)
        return (self.client in names and bool(self.waiting)) or self.failures.is_lost_with(names)

    def are_lost_with(self, groups: Sequence[tuple[str, ...]]) -> list[bool]:
        """Return for each group of components whether every request fails if all of the group fail."""
        if any(self.client in names for names in groups):
            return [self.is_lost_with(names) for names in groups]
        return self.failures.are_lost_with(groups)

    def share_lost_with(self, failed: Iterable[str]) -> float | None:
        """Return the share of requests, from 0 to 1, that fail if these components fail.

        It is exact if each component chooses its branches independently. None if it depends on a condition (`when`), or
        if there are too many combinations of branches.
        """
        names = tuple(failed)
        if self.client in names and self.waiting:
            return 1.0
        return self.failures.share_lost_with(names)

    def components_lost_with(self, failed: Iterable[str]) -> tuple[str, ...]:
        """Return the components that can no longer answer requests if some fail, including these."""
        names = set(failed)
        if self.is_lost_with(names):
            names.add(self.client)
        down = names | set(self.failures.down_with(names))
        return tuple(name for name in self.components if name in down)

    def path_to(self, name: str) -> tuple[Relation, ...]:
        """Return the first path of relations from the client to a component, or ()."""
        return tuple(reversed([step.relation for step in self.steps_back_from(name)]))

    def steps_back_from(self, name: str) -> Iterator[Step]:
        """Yield the steps of the first path to a component, from it back to the client."""
        while name != self.client and name in self:
            step = self.reach.entering(name) or self.entering(name)
            yield step
            name = step.source

    def published_to(self, name: str) -> tuple[Relation, Relation] | None:
        """Return the first and the last relation to a queue on the first path to a component; None without a queue."""
        way, found = [], None
        for step in self.steps_back_from(name):
            if step.target in self._published:
                found = self._published[step.target]
                break
            way.append(step)
        for step in reversed(way):
            if step.relation.verb == "publishes":
                found = (step.relation if found is None else found[0], step.relation)
            self._published[step.target] = found
        return found

    def entering(self, name: str) -> Step:
        """Return a step of the client to a component, preferably one that it waits for."""
        return self._entering[name]

    @cached_property
    def _entering(self) -> dict[str, Step]:
        found: dict[str, Step] = {}
        for step in self._entry:
            before = found.get(step.target)
            if before is None or (step.waits and not before.waits):
                found[step.target] = step
        return found

    def either_groups(self) -> Iterator[Group]:
        """Yield the groups of which one relation is enough."""
        numbers = dict.fromkeys(step.group for steps in self.steps.values() for step in steps)
        for number in numbers:
            if number is not None and self.groups[number].kind == EITHER:
                yield self.groups[number]

    def attempts(self) -> dict[str, float] | None:
        """Return how often one request can reach each waiting component if all attempts but the last fail.

        Attempts multiply along each path, and add up over paths; branches with a share or a condition are all included.
        None if callers wait for one another in a cycle: there is no bound.
        """
        steps = {name: [step for step in self.steps[name] if step.waits] for name in self.waiting}
        targets = {name: [step.target for step in leaving] for name, leaving in steps.items()}
        order = condensed_order(targets)
        if any(len(group) > 1 or group[0] in targets[group[0]] for group in order):
            return None
        totals = dict.fromkeys(self.waiting, 0.0)
        if self.waiting:
            totals[self.client] = 1.0
        for (name,) in reversed(order):
            for step in steps[name]:
                totals[step.target] += totals[name] * attempts_along((step.relation,))
        return totals

    @cached_property
    def _immediate_dominators(self) -> dict[str, str]:
        import networkx

        graph: networkx.DiGraph[str] = networkx.DiGraph()
        graph.add_nodes_from(self.waiting)
        graph.add_edges_from((name, step.target) for name in self.waiting for step in self.steps[name] if step.waits)
        return networkx.immediate_dominators(graph, self.client)

    def dominators(self, target: str) -> tuple[str, ...]:
        """Return the components on every waiting path from the client to a target, including both.

        They are in the order of the path; () if the client does not wait for the target.
        """
        if target not in self.waiting:
            return ()
        chain = [target]
        while chain[-1] != self.client:
            chain.append(self._immediate_dominators[chain[-1]])
        return tuple(reversed(chain))


def attempts_along(path: Iterable[Relation]) -> float:
    """Return how often one request can take the last relation of a path, by the retries on the path."""
    product = 1.0
    for relation in path:
        product *= 1 + (relation.retries or 0.0)
    return product


def _entry_key(entry: Sequence[Step], groups: Sequence[Group]) -> tuple[object, ...]:
    """Return what the steps of the client are, its name and the numbers of its groups aside."""
    numbers: dict[int | None, int] = {None: 0}
    parts: list[tuple[object, ...]] = []
    for step in entry:
        number = numbers.setdefault(step.group, len(numbers))
        group = None if step.group is None else groups[step.group]
        kind = None if group is None else (group.kind, group.complete)
        parts.append((step.target, step.essential, step.waits, step.share, number, kind))
    return tuple(parts)

"""The part of the graph that one workload uses, and what it needs of it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain

from archlint.model.architecture import Entrance, Relation
from archlint.topology.cycles import condensed_order
from archlint.topology.failure import Failures
from archlint.topology.graph import Topology
from archlint.topology.reach import Joined, Reach, Start
from archlint.topology.routes import EITHER, Group, Routes, Step


class Flows:
    """The flows of a graph, with what they share: each part is worked out once, when it is first asked for."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self._flows: dict[tuple[str, str | None, tuple[str, ...] | None], Flow] = {}
        self._routes: dict[int | None, Routes] = {}
        self._reaches: dict[tuple[Routes, tuple[Start, ...], str | None], Reach] = {}
        self._failures: dict[tuple[Reach, tuple[object, ...]], Failures] = {}

    def of(self, entrance: Entrance, models: tuple[str, ...] | None = None) -> Flow:
        """Return what requests use that enter here and run these models (None: all that they reach)."""
        key = (entrance.client, entrance.to, models)
        flow = self._flows.get(key)
        if flow is None:
            flow = self._flows[key] = Flow(self, entrance, models)
        return flow

    def routes(self, models: tuple[str, ...] | None) -> Routes:
        """Return the steps of requests that run these models (None: all that they reach)."""
        wanted = None if models is None else self.topology.bits_of(models)
        known = self._routes.get(wanted)
        if known is None:
            known = self._routes[wanted] = Routes(self.topology, wanted)
        return known

    def reach(self, routes: Routes, client: str, entry: Sequence[Step]) -> Reach:
        """Return what requests meet that enter by some steps: one for all clients that are not met again."""
        starts = tuple(dict.fromkeys((step.target, step.waits) for step in entry if step.target != client))
        shared = self._reach(routes, starts, None)
        return self._reach(routes, starts, client) if client in shared else shared

    def _reach(self, routes: Routes, starts: tuple[Start, ...], without: str | None) -> Reach:
        key = (routes, starts, without)
        known = self._reaches.get(key)
        if known is None:
            known = self._reaches[key] = Reach(routes, starts, without)
        return known

    def failures(self, reach: Reach, key: tuple[object, ...], entry: Sequence[Step]) -> Failures:
        """Return what is lost with components; `key` says how requests enter, the client's name aside."""
        known = self._failures.get((reach, key))
        if known is None:
            known = self._failures[reach, key] = Failures(reach, entry)
        return known


class Flow:
    """What one workload uses.

    `waiting` are the components that its client waits for (itself first), `eventual` those reached beyond a
    queue, up to where the result is stored; both in the order in which a request meets them. `steps` are the
    relations that a request takes from each, `groups` those of which it needs one, by number (`Step.group`).
    `models` are those that one request runs; None stands for all that it reaches. `reach` is what lies behind the
    client, one for all workloads that enter alike.

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
        """A key that is the same for workloads that differ in nothing but their client."""
        return self._failures

    @cached_property
    def _failures(self) -> Failures:
        return self._flows.failures(self.reach, self._entry_key(), self._entry)

    def _entry_key(self) -> tuple[object, ...]:
        """Return what the steps of the client are, its name and the numbers of its groups aside."""
        numbers: dict[int | None, int] = {None: 0}
        parts: list[tuple[object, ...]] = []
        for step in self._entry:
            number = numbers.setdefault(step.group, len(numbers))
            group = None if step.group is None else self.groups[step.group]
            kind = None if group is None else (group.kind, group.complete)
            parts.append((step.target, step.needed, step.waits, step.share, number, kind))
        return tuple(parts)

    def needed(self) -> dict[str, None]:
        """Return the components without any one of which no request is answered, the client first."""
        return {self.client: None} | self._failures.needed if self.waiting else {}

    def is_lost_with(self, failed: Iterable[str]) -> bool:
        """Return whether no request is answered once all of these components are gone."""
        names = tuple(failed)
        return (self.client in names and bool(self.waiting)) or self._failures.is_lost_with(names)

    def share_lost_with(self, failed: Iterable[str]) -> float | None:
        """Return the share of requests, from 0 to 1, that are not answered once these components are gone.

        Exact where each component takes its arms independently of the others; None where a condition (`when`)
        decides it, or there are too many combinations of arms to go through.
        """
        names = tuple(failed)
        if self.client in names and self.waiting:
            return 1.0
        return self._failures.share_lost_with(names)

    def components_lost_with(self, failed: Iterable[str]) -> tuple[str, ...]:
        """Return the components that can answer no request once some are gone, these among them."""
        names = set(failed)
        if self.is_lost_with(names):
            names.add(self.client)
        down = names | set(self._failures.down_with(names))
        return tuple(name for name in self.components if name in down)

    def path_to(self, name: str) -> tuple[Relation, ...]:
        """Return the relations by which a request first reaches a component, from the client on, or ()."""
        path: list[Relation] = []
        while name != self.client and name in self:
            step = self.reach.entering(name) or self.entering(name)
            path.append(step.relation)
            name = step.source
        return tuple(reversed(path))

    def entering(self, name: str) -> Step:
        """Return the step of the client to a component where requests enter, one that it waits for before others."""
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
        """Yield the groups of which any one relation suffices."""
        numbers = dict.fromkeys(step.group for steps in self.steps.values() for step in steps)
        for number in numbers:
            if number is not None and self.groups[number].kind == EITHER:
                yield self.groups[number]

    def attempts(self) -> dict[str, float] | None:
        """Return how often one request can reach each waiting component, where all attempts but the last fail.

        The attempts multiply along each way and add up over the ways; arms with a share or a condition count
        as if all were taken. None where callers wait for one another in a circle: there is no bound.
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
        """Return the components that every way of waiting from the client to a target passes, both included.

        In the order in which they are passed; () where the client does not wait for the target.
        """
        if target not in self.waiting:
            return ()
        chain = [target]
        while chain[-1] != self.client:
            chain.append(self._immediate_dominators[chain[-1]])
        return tuple(reversed(chain))


def attempts_along(path: Iterable[Relation]) -> float:
    """Return how often one request can take the last relation of a path, by the retries on the way."""
    product = 1.0
    for relation in path:
        product *= 1 + (relation.retries or 0.0)
    return product

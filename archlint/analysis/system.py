"""A system as checks see it: the architecture, its graph, and what is worked out from them, each once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Final

import msgspec

from archlint.analysis.facts import Facts
from archlint.analysis.floor_stages import FloorMemory
from archlint.analysis.modes import Production, Serving, productions, servings
from archlint.catalog.technologies import Technologies
from archlint.errors import UsageError
from archlint.model.architecture import Architecture, Component, Relation, Workload
from archlint.topology import Flow, Topology

if TYPE_CHECKING:
    import graphviz
    import networkx

_DRAWS: Final = "archlint.diagram.notebook"
"""What draws a system; it stands above this room, so it is loaded by name, when somebody asks for a picture."""


class Loss(msgspec.Struct, frozen=True):
    """What a workload loses: the share of its requests, or None where a condition decides it."""

    workload: Workload
    share: float | None


class BlastRadius(msgspec.Struct, frozen=True):
    """What is lost with some components.

    `losses` names each workload that loses requests; `traffic_share` is the share of all requests per second that
    is lost, or None where a rate or a share is unknown.
    """

    losses: tuple[Loss, ...]
    traffic_share: float | None


class _Kind(msgspec.Struct, frozen=True, eq=False):
    """Workloads that use the same components in the same way, their clients aside, with the flow of the first."""

    flow: Flow
    workloads: list[Workload]


class System:
    """An architecture with its topology and its analyses, each computed once, when first asked.

    Questions about one workload take it by itself or by its name; an unknown name raises `UsageError`.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... system: shop
    ... workloads:
    ...   search: {from: page, rate: 30/s, models: [ranker]}
    ...   upload: {from: page, rate: 10/s, models: [tagger]}
    ... models: {ranker: {}, tagger: {}}
    ... components:
    ...   page: {kind: client, calls: [gateway]}
    ...   gateway: {kind: gateway, calls: [api]}
    ...   api: {kind: service, calls: [ranking, {to: clicks, optional: true}], publishes: [photos]}
    ...   ranking: {kind: model-server, serves: [ranker]}
    ...   clicks: {kind: database}
    ...   photos: {kind: queue}
    ...   tagging: {kind: worker, consumes: [photos], serves: [tagger], writes: [tags]}
    ...   tags: {kind: database}
    ... ''')
    >>> system
    <System shop: 8 components, 2 workloads, 2 models>
    >>> system.waiting_path("search")
    ('page', 'gateway', 'api', 'ranking', 'clicks')
    >>> system.eventual_path("upload")
    ('photos', 'tagging', 'tags')
    >>> system.serving_modes("search"), system.serving_modes("upload")
    ({'ranker': ('online',)}, {'tagger': ('asynchronous',)})
    >>> system.needed_components("search")
    ('page', 'gateway', 'api', 'ranking')
    >>> system.dominators("search", "ranking")
    ('page', 'gateway', 'api', 'ranking')
    >>> system.components_lost_with("search", ["ranking"])
    ('page', 'gateway', 'api', 'ranking')
    >>> blast = system.blast_radius(["ranking"])
    >>> [(loss.workload.name, loss.share) for loss in blast.losses], blast.traffic_share
    ([('search', 1.0)], 0.75)
    >>> system.waiting_cycles(), system.articulation_points()
    ((), ('api', 'gateway', 'photos', 'tagging'))
    """

    def __init__(self, architecture: Architecture, technologies: Technologies) -> None:
        self.architecture = architecture
        self.technologies = technologies
        self._flows: dict[tuple[str, str | None, tuple[str, ...] | None], Flow] = {}
        self._servings: dict[Hashable, tuple[Serving, ...]] = {}
        self.floor_memories: dict[Hashable, FloorMemory] = {}
        self._losses: dict[tuple[tuple[int, float | None], ...], BlastRadius] = {}

    def __repr__(self) -> str:
        name = f" {self.architecture.name}" if self.architecture.name else ""
        counts = f"{len(self.components)} components, {len(self.workloads)} workloads"
        return f"<System{name}: {counts}, {len(self.architecture.models)} models>"

    @property
    def components(self) -> dict[str, Component]:
        """Components by name, in the order of the file."""
        return self.architecture.components

    @property
    def workloads(self) -> dict[str, Workload]:
        """Workloads by name, in the order of the file."""
        return self.architecture.workloads

    @cached_property
    def topology(self) -> Topology:
        """The graph."""
        return Topology(self.architecture)

    @cached_property
    def facts(self) -> Facts:
        """Facts with their origins."""
        return Facts(self.components, self.technologies)

    def _workload(self, workload: Workload | str) -> Workload:
        if isinstance(workload, Workload):
            return workload
        found = self.workloads.get(workload)
        if found is None:
            known = ", ".join(self.workloads) or "none"
            raise UsageError(f"the system has no workload `{workload}`", f"its workloads: {known}")
        return found

    def flow(self, workload: Workload | str) -> Flow:
        """Return what a workload uses; workloads that enter alike and run the same models share one."""
        asked = self._workload(workload)
        key = (asked.entrance.client, asked.entrance.to, asked.models)
        flow = self._flows.get(key)
        if flow is None:
            flow = self._flows[key] = Flow(self.topology, asked.entrance, asked.models)
        return flow

    def waiting_path(self, workload: Workload | str) -> tuple[str, ...]:
        """Return the components that a workload's client waits for, itself first, as a request meets them."""
        return tuple(self.flow(workload).waiting)

    def eventual_path(self, workload: Workload | str) -> tuple[str, ...]:
        """Return the components that work for a workload beyond a queue, as a request meets them."""
        return tuple(self.flow(workload).eventual)

    def needed_components(self, workload: Workload | str) -> tuple[str, ...]:
        """Return the components without any one of which no request of a workload is answered."""
        return tuple(self.flow(workload).needed())

    def components_lost_with(self, workload: Workload | str, failed: Iterable[str]) -> tuple[str, ...]:
        """Return the components that can answer no request of a workload once some have failed, these included."""
        return self.flow(workload).components_lost_with(failed)

    def dominators(self, workload: Workload | str, component: str) -> tuple[str, ...]:
        """Return the components that every way of waiting for a component passes, from the client to itself."""
        return self.flow(workload).dominators(component)

    def attempts(self, workload: Workload | str) -> dict[str, float] | None:
        """Return how often one request can reach each waiting component by retries; None where there is no bound."""
        return self.flow(workload).attempts()

    def waiting_cycles(self) -> tuple[tuple[Relation, ...], ...]:
        """Return a shortest cycle for each knot of components that wait for one another."""
        return tuple(self.topology.waiting_cycles())

    def articulation_points(self) -> tuple[str, ...]:
        """Return the components without which the graph, directions aside, falls into more parts."""
        return self.topology.articulation_points()

    @cached_property
    def productions(self) -> dict[str, tuple[Production, ...]]:
        """The predictions that are written to each store ahead of requests."""
        return productions(self.topology)

    def servings(self, workload: Workload | str) -> tuple[Serving, ...]:
        """Return how a workload gets the predictions of each of its models."""
        asked = self._workload(workload)
        flow = self.flow(asked)
        key = (self._client_apart(flow), asked.models)
        known = self._servings.get(key)
        if known is None:
            known = self._servings[key] = servings(flow, asked.models, self.productions)
        return known

    def _client_apart(self, flow: Flow) -> Hashable:
        """Return a key for flows that are served alike: a client counts where it predicts or reads predictions."""
        client = self.components.get(flow.client)
        if client is None or client.serves:
            return flow
        return flow if any(step.target in self.productions for step in flow.steps[flow.client]) else flow.alike

    def modes(self, workload: Workload | str, model: str) -> frozenset[str]:
        """Return the modes in which a workload gets a model's predictions."""
        return frozenset(serving.mode for serving in self.servings(workload) if serving.model == model)

    def serving_modes(self, workload: Workload | str) -> dict[str, tuple[str, ...]]:
        """Return the modes in which a workload gets the predictions of each of its models."""
        found: dict[str, dict[str, None]] = {}
        for serving in self.servings(workload):
            found.setdefault(serving.model, {})[serving.mode] = None
        return {model: tuple(modes) for model, modes in found.items()}

    @cached_property
    def _kinds(self) -> list[_Kind]:
        kinds: dict[Hashable, _Kind] = {}
        for workload in self.workloads.values():
            flow = self.flow(workload)
            kinds.setdefault(flow.alike, _Kind(flow, [])).workloads.append(workload)
        return list(kinds.values())

    def distinct_flows(self) -> Iterator[Flow]:
        """Yield one flow for all workloads that use the same components in the same way, their clients aside."""
        return (kind.flow for kind in self._kinds)

    @cached_property
    def _clients(self) -> dict[str, list[Workload]]:
        found: dict[str, list[Workload]] = {}
        for workload in self.workloads.values():
            if workload.entrance.client in self.components:
                found.setdefault(workload.entrance.client, []).append(workload)
        return found

    @cached_property
    def _kinds_at(self) -> dict[str, list[int]]:
        """The kinds of workload that use each component, their own clients aside."""
        found: dict[str, list[int]] = {}
        for number, kind in enumerate(self._kinds):
            for name in kind.flow.components:
                if name != kind.flow.client:
                    found.setdefault(name, []).append(number)
        return found

    def _in_order(self, workloads: Iterable[Workload]) -> tuple[Workload, ...]:
        """Return workloads in the order of the file, each once."""
        names = {workload.name: workload for workload in workloads}
        return tuple(sorted(names.values(), key=lambda workload: self._order[workload.name]))

    @cached_property
    def _order(self) -> dict[str, int]:
        return {name: position for position, name in enumerate(self.workloads)}

    @cached_property
    def workloads_of(self) -> dict[str, tuple[Workload, ...]]:
        """For each component, the workloads that use it, in the order of the file."""
        same: dict[tuple[int, ...], tuple[Workload, ...]] = {}
        found: dict[str, tuple[Workload, ...]] = {}
        for name, numbers in self._kinds_at.items():
            key = tuple(numbers)
            if key not in same:
                same[key] = self._in_order(w for number in numbers for w in self._kinds[number].workloads)
            found[name] = same[key]
        for name, workloads in self._clients.items():
            found[name] = self._in_order((*found.get(name, ()), *workloads))
        return found

    @cached_property
    def workloads_served_by(self) -> dict[str, tuple[Workload, ...]]:
        """For each server, the workloads that get predictions of its models, in whatever mode."""
        users: dict[tuple[Serving, ...], list[Workload]] = {}
        for workload in self.workloads.values():
            users.setdefault(self.servings(workload), []).append(workload)
        at: dict[str, dict[int, None]] = {}
        groups = list(users.values())
        for number, found in enumerate(users):
            for serving in found:
                at.setdefault(serving.server, {})[number] = None
        same: dict[tuple[int, ...], tuple[Workload, ...]] = {}
        for numbers in at.values():
            if tuple(numbers) not in same:
                same[tuple(numbers)] = self._in_order(w for number in numbers for w in groups[number])
        return {server: same[tuple(numbers)] for server, numbers in at.items()}

    def blast_radius(self, failed: Iterable[str]) -> BlastRadius:
        """Return what is lost once all of these components are gone: workloads, and the share of all traffic."""
        gone = tuple(dict.fromkeys(failed))
        for name in gone:
            if name not in self.components:
                raise UsageError(f"the system has no component `{name}`", "name its components as the file does")
        touched = dict.fromkeys(number for name in gone for number in self._kinds_at.get(name, ()))
        shares = {number: self._kinds[number].flow.share_lost_with(gone) for number in sorted(touched)}
        lost = tuple((number, share) for number, share in shares.items() if share is None or share > 0)
        clients = [workload for name in gone for workload in self._clients.get(name, ())]
        if clients:
            return self._blast(lost, clients)
        if lost not in self._losses:
            self._losses[lost] = self._blast(lost, ())
        return self._losses[lost]

    def _blast(
        self, lost: Iterable[tuple[int, float | None]], clients: Iterable[Workload]
    ) -> BlastRadius:
        """Put a blast radius together from the shares that kinds of workload lose, and the clients that are gone."""
        shares: dict[str, float | None] = {}
        for number, share in lost:
            shares |= {workload.name: share for workload in self._kinds[number].workloads}
        shares |= {workload.name: 1.0 for workload in clients}
        names = sorted(shares, key=self._order.__getitem__)
        losses = tuple(Loss(self.workloads[name], shares[name]) for name in names)
        return BlastRadius(losses, self._traffic_share(losses))

    @cached_property
    def _total_rate(self) -> float | None:
        rates = [workload.rate_per_s for workload in self.workloads.values()]
        return None if None in rates else sum(rate for rate in rates if rate is not None)

    def _traffic_share(self, losses: tuple[Loss, ...]) -> float | None:
        if not losses:
            return 0.0 if self.workloads else None
        if len(losses) == len(self.workloads) and all(loss.share == 1.0 for loss in losses):
            return 1.0
        if self._total_rate is None or self._total_rate == 0:
            return None
        lost = 0.0
        for loss in losses:
            if loss.share is None or loss.workload.rate_per_s is None:
                return None
            lost += loss.share * loss.workload.rate_per_s
        return min(1.0, lost / self._total_rate)

    def to_networkx(self) -> networkx.MultiDiGraph[str]:
        """Return the system as a graph of networkx.

        Nodes carry `kind`, `technology`, `replicas` (the least), `models`, `zones`, `owner` and all else that the file
        states in one value; edges carry `verb`, `waits` (whether the caller waits) and what the file states of the
        relation. Values are text, numbers or truth values.

        >>> import archlint
        >>> system = archlint.load('''
        ... archlint: 1
        ... components: {page: {kind: client, calls: [{to: api, timeout: 1s}]}, api: {kind: service, replicas: 2}}
        ... ''')
        >>> graph = system.to_networkx()
        >>> graph.nodes["api"], graph.edges["page", "api", 0]
        ({'kind': 'service', 'replicas': 2.0}, {'waits': True, 'verb': 'calls', 'timeout_s': 1.0})
        """
        from archlint.analysis.networks import network_of

        return network_of(self)

    def to_graphviz(self) -> graphviz.Source:
        """Return the system as DOT, in the `Source` of the package `graphviz`."""
        import graphviz

        source: str = import_module(_DRAWS).dot_of(self)
        return graphviz.Source(source)

    def _repr_svg_(self) -> str | None:
        """Return the picture that notebooks show; None, and so the text, where no layout engine is installed."""
        picture: str | None = import_module(_DRAWS).svg_of(self)
        return picture

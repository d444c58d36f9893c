"""A system for checks: the architecture, its graph, and its analyses, each computed once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Final, TypeVar, cast

from archlint.analysis.blast import BlastRadii, BlastRadius, Usage
from archlint.analysis.described import described_families
from archlint.analysis.facts import Facts
from archlint.analysis.floor_stages import FloorMemory, SharedFloors
from archlint.analysis.modes import Productions, Serving, servings
from archlint.catalog.technologies import Technologies
from archlint.errors import UsageError
from archlint.model.architecture import Architecture, Component, Relation, Workload
from archlint.model.places import Place
from archlint.topology import Flow, Flows, Topology

if TYPE_CHECKING:
    import graphviz
    import networkx

    from archlint.model.deployment import Deployment

_Made = TypeVar("_Made")

_DRAWS: Final = "archlint.diagram.notebook"
"""The module that draws a system. It is in a higher layer, so it is imported by name when a picture is requested."""


class System:
    """An architecture with its topology and its analyses, each computed once, on first use.

    Methods accept a workload or its name; an unknown name raises `UsageError`.

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

    def __init__(
        self, architecture: Architecture, technologies: Technologies, require_described: Iterable[str] = ()
    ) -> None:
        self.architecture = architecture
        self.components = architecture.components
        """Components by name, in the order of the file."""
        self.workloads = architecture.workloads
        """Workloads by name, in the order of the file."""
        self._require_described = tuple(require_described)
        self.technologies = technologies
        self._servings: dict[Hashable, tuple[Serving, ...]] = {}
        self._modes: dict[Hashable, frozenset[str]] = {}
        self._alike: dict[str, Hashable] = {}
        self.floor_memories: dict[Hashable, FloorMemory] = {}
        self.shared_floors: dict[Hashable, SharedFloors] = {}
        self._once: dict[Callable[[System], object], object] = {}

    def __repr__(self) -> str:
        name = f" {self.architecture.name}" if self.architecture.name else ""
        counts = f"{len(self.components)} components, {len(self.workloads)} workloads"
        return f"<System{name}: {counts}, {len(self.architecture.models)} models>"

    def once(self, make: Callable[[System], _Made]) -> _Made:
        """Return what `make` returns for this system: it is computed once, for all rules that ask for it."""
        if make not in self._once:
            self._once[make] = make(self)
        return cast(_Made, self._once[make])

    @property
    def deployment(self) -> Deployment | None:
        """What deployment files state of its parts; None for a system that was not imported from them."""
        return self.architecture.deployment

    @cached_property
    def indexed_models(self) -> frozenset[str | None]:
        """The models whose vectors an index holds."""
        return frozenset(component.index_of for component in self.components.values())

    @cached_property
    def base_models(self) -> dict[str, str]:
        """The model that each model adapts in the end, over any number of adapters; others adapt themselves."""
        return _ends({name: model.adapter_of for name, model in self.architecture.models.items()})

    @cached_property
    def original_models(self) -> dict[str, str]:
        """The model that each model was quantised from, over any number of steps; others are their own originals."""
        return _ends({name: model.quantised_from for name, model in self.architecture.models.items()})

    @cached_property
    def topology(self) -> Topology:
        """The graph."""
        return Topology(self.architecture)

    @cached_property
    def _flows(self) -> Flows:
        return Flows(self.topology)

    @cached_property
    def facts(self) -> Facts:
        """Facts with their origins."""
        return Facts(self.components, self.technologies, self.architecture.nones)

    def _workload(self, workload: Workload | str) -> Workload:
        if isinstance(workload, Workload):
            return workload
        found = self.workloads.get(workload)
        if found is None:
            known = ", ".join(self.workloads) or "none"
            raise UsageError(f"the system has no workload `{workload}`", f"its workloads: {known}")
        return found

    def flow(self, workload: Workload | str) -> Flow:
        """Return the flow of a workload; workloads with the same entry and models share one."""
        asked = self._workload(workload)
        return self._flows.of(asked.entrance, asked.models)

    def waiting_path(self, workload: Workload | str) -> tuple[str, ...]:
        """Return the components that a workload's client waits for, the client first, in the order of the request."""
        return tuple(self.flow(workload).waiting)

    def eventual_path(self, workload: Workload | str) -> tuple[str, ...]:
        """Return the components that work for a workload after a queue, in the order of the request."""
        return tuple(self.flow(workload).eventual)

    def needed_components(self, workload: Workload | str) -> tuple[str, ...]:
        """Return the components that every request of a workload needs."""
        return tuple(self.flow(workload).needed())

    def components_lost_with(self, workload: Workload | str, failed: Iterable[str]) -> tuple[str, ...]:
        """Return the components that can no longer answer requests of a workload if some fail, including these."""
        return self.flow(workload).components_lost_with(failed)

    def dominators(self, workload: Workload | str, component: str) -> tuple[str, ...]:
        """Return the components on every waiting path to a component, from the client to the component itself."""
        return self.flow(workload).dominators(component)

    def attempts(self, workload: Workload | str) -> dict[str, float] | None:
        """Return how often one request can reach each waiting component because of retries; None if unbounded."""
        return self.flow(workload).attempts()

    def waiting_cycles(self) -> tuple[tuple[Relation, ...], ...]:
        """Return a shortest cycle for each group of components that wait for one another."""
        return tuple(self.topology.waiting_cycles())

    def articulation_points(self) -> tuple[str, ...]:
        """Return the components whose removal disconnects the undirected graph."""
        return self.topology.articulation_points()

    @cached_property
    def productions(self) -> Productions:
        """The predictions that are written to each store before requests."""
        return Productions(self.topology)

    def servings(self, workload: Workload | str) -> tuple[Serving, ...]:
        """Return how a workload gets the predictions of each of its models."""
        asked = self._workload(workload)
        key = self.served_alike(asked)
        known = self._servings.get(key)
        if known is None:
            known = self._servings[key] = servings(self.flow(asked), asked.models, self.productions)
        return known

    def modes_of(self, workload: Workload) -> frozenset[str]:
        """Return the modes in which a workload gets predictions of any model."""
        key = self.served_alike(workload)
        if key not in self._modes:
            self._modes[key] = frozenset(serving.mode for serving in self.servings(workload))
        return self._modes[key]

    def served_alike(self, workload: Workload) -> Hashable:
        """Return a key that is the same for workloads that get the same predictions in the same way."""
        key = self._alike.get(workload.name)
        if key is None:
            key = self._alike[workload.name] = self._client_apart(self.flow(workload)), workload.models
        return key

    def _client_apart(self, flow: Flow) -> Hashable:
        """Return a key for flows that are served alike; clients that predict or read predictions differ."""
        client = self.components.get(flow.client)
        if client is None or client.serves:
            return flow
        return flow if any(step.target in self.productions for step in flow.steps[flow.client]) else flow.alike

    def modes(self, workload: Workload | str, model: str) -> frozenset[str]:
        """Return the modes in which a workload gets a model's predictions.

        Raises `UsageError` if there is no such workload or model.
        """
        found = frozenset(serving.mode for serving in self.servings(workload) if serving.model == model)
        if not found and model not in self.architecture.models:
            known = ", ".join(self.architecture.models) or "none"
            raise UsageError(f"the system has no model `{model}`", f"its models: {known}")
        return found

    def serving_modes(self, workload: Workload | str) -> dict[str, tuple[str, ...]]:
        """Return the modes in which a workload gets the predictions of each of its models."""
        found: dict[str, dict[str, None]] = {}
        for serving in self.servings(workload):
            found.setdefault(serving.model, {})[serving.mode] = None
        return {model: tuple(modes) for model, modes in found.items()}

    def distinct_flows(self) -> Iterator[Flow]:
        """Yield one flow for all workloads that use the same components in the same way, except for their clients."""
        return (kind.flow for kind in self._usage.kinds)

    @cached_property
    def _usage(self) -> Usage:
        return Usage(self.components, self.workloads, self.flow)

    @property
    def workloads_of(self) -> dict[str, tuple[Workload, ...]]:
        """The workloads that use each component, in the order of the file."""
        return self._usage.workloads_of

    @cached_property
    def workloads_served_by(self) -> dict[str, tuple[Workload, ...]]:
        """The workloads that get predictions of each server's models, in any mode."""
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
                same[tuple(numbers)] = self._usage.in_order(w for number in numbers for w in groups[number])
        return {server: same[tuple(numbers)] for server, numbers in at.items()}

    @cached_property
    def _described(self) -> frozenset[str]:
        return described_families(self.architecture, self._require_described)

    def described(self, family: str) -> bool:
        """Whether the file describes a family of facts, so that what it leaves out there does not exist.

        >>> import archlint
        >>> system = archlint.load('''
        ... archlint: 1
        ... components: {a: {kind: client, calls: [{to: b, timeout: 1s}]}, b: {kind: service}}
        ... ''')
        >>> system.described("timeouts"), system.described("owners")
        (True, False)
        """
        return family in self._described

    def states_none(self, place: Place) -> bool:
        """Whether the file states `none` at a place."""
        return place.identity in self.architecture.nones

    @cached_property
    def has_generators(self) -> bool:
        """Whether a model or a server's technology generates tokens, as far as the file states it."""
        models, components = self.architecture.models.values(), self.components.values()
        served = [component for component in components if component.serves]
        staged = any(component.stage is not None for component in served)
        return staged or any(model.states_generation for model in models) or any(map(self.facts.generates, served))

    def zone_count(self, component: Component) -> float | None:
        """Return the number of different zones of a component, named or not; None if the file does not state them."""
        return component.different_zones

    @cached_property
    def _blast_radii(self) -> BlastRadii:
        return BlastRadii(self._usage)

    def blast_radius(self, failed: Iterable[str]) -> BlastRadius:
        """Return what is lost if all of these components fail: workloads, and the share of all traffic."""
        gone = tuple(dict.fromkeys(failed))
        for name in gone:
            if name not in self.components:
                raise UsageError(f"the system has no component `{name}`", "name its components as the file does")
        return self._blast_radii.of(gone)

    def to_networkx(self) -> networkx.MultiDiGraph[str]:
        """Return the system as a networkx graph.

        Nodes carry `kind`, `technology`, `replicas` (the least), `models`, `zones`, `owner` and every other single
        value of the file; edges carry `verb`, `waits` (whether the caller waits) and the stated values of the relation.
        Values are text, numbers or booleans.

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

        return network_of(self.architecture, self.topology, self.facts)

    def to_graphviz(self) -> graphviz.Source:
        """Return the system as DOT, in the `Source` of the package `graphviz`."""
        import graphviz

        source: str = import_module(_DRAWS).dot_of(self)
        return graphviz.Source(source)

    def _repr_svg_(self) -> str | None:
        """Return the picture for notebooks; None, so that they show the text, if no layout engine is installed."""
        picture: str | None = import_module(_DRAWS).svg_of(self)
        return picture


def _ends(after: Mapping[str, str | None]) -> dict[str, str]:
    """Return where each name leads in the end. A name of a circle leads to itself.

    >>> _ends({"a": "b", "b": "c", "c": None, "circle": "back", "back": "circle", "into": "back"})
    {'c': 'c', 'b': 'c', 'a': 'c', 'back': 'back', 'circle': 'circle', 'into': 'back'}
    """
    ends: dict[str, str] = {}
    for start in after:
        way: dict[str, None] = {}
        name = start
        while name not in ends and name not in way:
            way[name] = None
            following = after.get(name)
            name = name if following is None else following
        is_circle, end = name not in ends, ends.get(name, name)
        for one in reversed(way):
            ends[one] = one if is_circle else end
            is_circle = is_circle and one != name
    return ends

"""The typed graph: components by name, relations in both directions, and the models below a component."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final

import msgspec

from archlint.model.architecture import Architecture, Component, Relation
from archlint.model.words import STORES
from archlint.topology.cycles import condensed_order, shortest_cycles

if TYPE_CHECKING:
    import networkx

_AWAITED: Final = frozenset({"calls", "reads"})
_FEW: Final = 4
"""A component that serves more than so many times the wanted models is not searched: these are looked up and sorted."""
_WIDE: Final = 64
"""If a component has at least this many relations, they are indexed by the models that they lead to."""


class Topology:
    """The graph of an architecture. Relations to unknown names are left out (they are DOC findings).

    >>> import archlint
    >>> topology = archlint.load('''
    ... archlint: 1
    ... models: {ranker: {}}
    ... components:
    ...   page: {kind: client, calls: [api]}
    ...   api: {kind: service, calls: [server], reads: [profiles]}
    ...   server: {kind: model-server, serves: [ranker]}
    ...   profiles: {kind: database}
    ... ''').topology
    >>> topology
    <Topology: 4 components, 3 relations>
    >>> [relation.target for relation in topology.outgoing["api"]]
    ['server', 'profiles']
    >>> topology.servers, topology.names_of(topology.models_below["page"])
    ({'ranker': ('server',)}, ('ranker',))
    >>> topology.articulation_points(), topology.waiting_cycles()
    (('api',), [])
    """

    def __init__(self, architecture: Architecture) -> None:
        components = architecture.components
        self.components = components
        self.models = architecture.models
        outgoing: dict[str, list[Relation]] = {}
        incoming: dict[str, list[Relation]] = {name: [] for name in components}
        consumers: dict[str, list[Relation]] = {}
        published: dict[str, list[str]] = {}
        by_verb: defaultdict[str, list[Relation]] = defaultdict(list)
        by_kind: defaultdict[str, list[Component]] = defaultdict(list)
        self._awaited: dict[str, list[str]] = {}
        for name, component in components.items():
            kept = outgoing[name] = []
            awaited = self._awaited[name] = []
            by_kind[component.kind].append(component)
            for relation in component.relations:
                target, verb = relation.target, relation.verb
                into = incoming.get(target)
                if into is None:
                    continue
                into.append(relation)
                kept.append(relation)
                by_verb[verb].append(relation)
                if verb in _AWAITED or self.waits(relation):
                    awaited.append(target)
                if verb == "consumes":
                    consumers.setdefault(target, []).append(relation)
                elif verb == "publishes":
                    published.setdefault(name, []).append(target)
        self.outgoing = outgoing
        self.incoming = incoming
        self._by_verb, self._by_kind = by_verb, by_kind
        self._consumers = consumers
        self._published = published
        self._wide: dict[str, _ByModel | None] = {}
        self._orders: dict[str, dict[str, int]] = {}
        self._bits_served: dict[str, int] = {}

    def __repr__(self) -> str:
        relations = sum(len(relations) for relations in self.outgoing.values())
        return f"<Topology: {len(self.components)} components, {relations} relations>"

    def relations_of(self, verb: str) -> Sequence[Relation]:
        """Return all relations of a verb, in the order of the file."""
        return self._by_verb.get(verb, ())

    def of_kind(self, kind: str) -> Sequence[Component]:
        """Return all components of a kind, in the order of the file."""
        return self._by_kind.get(kind, ())

    def consumptions(self, queue: str) -> Sequence[Relation]:
        """Return the `consumes` relations from a queue."""
        return self._consumers.get(queue, ())

    def leaving(self, name: str, wanted: int | None) -> Sequence[Relation]:
        """Return the relations of a component; with `models`, most relations that lead only to others are left out."""
        relations = self.outgoing[name]
        if wanted is None or len(relations) < _WIDE:
            return relations
        if name not in self._wide:
            self._wide[name] = _by_model(relations, self.models_below)
        index = self._wide[name]
        return relations if index is None else index.of(relations, wanted)

    @cached_property
    def servers(self) -> dict[str, tuple[str, ...]]:
        """The components that serve each model, in the order of the file."""
        found: dict[str, list[str]] = {}
        for name, component in self.components.items():
            for model in component.serves:
                found.setdefault(model, []).append(name)
        return {model: tuple(dict.fromkeys(names)) for model, names in found.items()}

    @cached_property
    def serving(self) -> frozenset[str]:
        """The components that serve a model."""
        return frozenset(name for name, component in self.components.items() if component.serves)

    @cached_property
    def reading(self) -> frozenset[str]:
        """The components that read something, or call a store."""
        components = self.components
        calls = (r for r in self.relations_of("calls") if components[r.target].kind in STORES)
        return frozenset(relation.source for relation in (*self.relations_of("reads"), *calls))

    def looks_up(self, relation: Relation) -> bool:
        """Return whether a relation is a look-up in a cache, which may miss: it says so, or has a ttl in a cache."""
        if relation.hit_ratio is None and relation.caches is None and relation.ttl_s is None:
            return False                       # most say none of these
        said = relation.hit_ratio is not None or relation.caches is not None
        return (said or self.components[relation.target].kind == "cache") and relation.verb in _AWAITED

    @cached_property
    def falling_back(self) -> frozenset[str]:
        """The components with a relation whose fallback names a component."""
        components = self.components
        relations = (relation for leaving in self.outgoing.values() for relation in leaving if relation.fallback)
        return frozenset(relation.source for relation in relations if relation.fallback in components)

    @cached_property
    def fallback_callers(self) -> dict[str, list[str]]:
        """For each component, those that ask it when another one fails: their relation names it as its fallback."""
        found: dict[str, list[str]] = {}
        for name in sorted(self.falling_back):
            for relation in self.outgoing[name]:
                if relation.fallback in self.components:
                    found.setdefault(relation.fallback or "", []).append(name)
        return found

    def waits(self, relation: Relation) -> bool:
        """Return whether the component at the start of a relation waits for the answer."""
        verb = relation.verb
        if verb in _AWAITED:                   # most are, and this is asked most
            return True
        if verb == "loads":
            return self.components[relation.source].loads_model == "on-request"
        return relation.waits

    def waiting_relations(self) -> Iterator[Relation]:
        """Yield every relation whose caller waits, in the order of the file."""
        for relations in self.outgoing.values():
            for relation in relations:
                if self.waits(relation):
                    yield relation

    def waited_for(self, name: str) -> Sequence[str]:
        """Return the components that a component waits for."""
        return self._awaited[name]

    def work_targets(self, name: str) -> Sequence[str]:
        """Return the targets of work: awaited components, queues, and the consumers of a queue."""
        return self._work_targets[name]

    @cached_property
    def _work_targets(self) -> dict[str, list[str]]:
        found = dict(self._awaited)
        for name, published in self._published.items():
            found[name] = found[name] + published
        for name, consumptions in self._consumers.items():
            found[name] = found[name] + [relation.source for relation in consumptions]
        return found

    @property
    def works_in_circles(self) -> bool:
        """Whether work may come back to a component that it left: without that, nobody waits in a circle."""
        return any(len(group) > 1 for group in self._work_order)

    @cached_property
    def _work_order(self) -> list[tuple[str, ...]]:
        return condensed_order(self._work_targets)

    @cached_property
    def model_bits(self) -> dict[str, int]:
        """A bit for each model that is served somewhere."""
        return {model: 1 << position for position, model in enumerate(self.servers)}

    @cached_property
    def models_below(self) -> dict[str, int]:
        """For each component, the bits of the models that work entering it can reach (its own included)."""
        return self._models_over(self._work_targets, self._work_order)

    @cached_property
    def models_awaited(self) -> dict[str, int]:
        """For each component, the bits of the models that it runs itself or waits for."""
        order: list[tuple[str, ...]] = []
        for group in self._work_order:         # what is awaited is work, so only a circle of work may come apart
            if len(group) == 1:
                order.append(group)
            else:
                inside = set(group)
                order += condensed_order({name: [t for t in self._awaited[name] if t in inside] for name in group})
        return self._models_over(self._awaited, order)

    def _models_over(self, targets: Mapping[str, Sequence[str]], order: Iterable[tuple[str, ...]]) -> dict[str, int]:
        """Return the bits of the models that each component serves, or reaches; targets come first in the order."""
        below = {name: self.bits_served(name) if c.serves else 0 for name, c in self.components.items()}
        same: dict[int, int] = {}      # equal sets of many models are stored once
        for group in order:
            union = 0
            for name in group:
                for target in targets[name]:
                    union |= below[target]
            if union:
                for name in group:
                    union |= below[name]
                union = same.setdefault(union, union)
                for name in group:
                    below[name] = union
        return below

    def served_by(self, name: str, models: Sequence[str] | None) -> Sequence[str]:
        """Return the models that a component serves, of some models (None: all), in the order of the component."""
        serves = self.components[name].serves
        if models is None or not serves:
            return serves
        order = self._orders.get(name)
        if order is None:
            order = self._orders[name] = {model: number for number, model in enumerate(serves)}
        wanted = set(models)
        if len(wanted) * _FEW > len(serves) or len(order) < len(serves):
            return [model for model in serves if model in wanted]
        return sorted(wanted.intersection(order), key=order.__getitem__)

    def bits_served(self, name: str) -> int:
        """Return the bits of the models that a component serves itself."""
        known = self._bits_served.get(name)
        if known is None:
            known = self._bits_served[name] = self.bits_of(self.components[name].serves)
        return known

    def bits_of(self, models: Iterable[str]) -> int:
        """Return the bits of some models, of those that are served."""
        known = self.model_bits
        union = 0
        for model in models:
            union |= known.get(model, 0)
        return union

    def names_of(self, bits: int) -> tuple[str, ...]:
        """Return the models of some bits, in the order of the file."""
        found = []
        while bits:
            bit = bits & -bits
            bits ^= bit
            found.append(self._model_names[bit.bit_length() - 1])
        return tuple(found)

    @cached_property
    def _model_names(self) -> list[str]:
        return list(self.model_bits)

    def waiting_cycles(self) -> list[tuple[Relation, ...]]:
        """Return a shortest cycle of waiting relations for each group of components that wait for one another.

        Relations of a component to itself are ignored. Each cycle starts at the component that is first in the file,
        and the cycles are in the order of these components.
        """
        edges: dict[str, list[Relation]] = {name: [] for name in self.components}
        for relation in self.waiting_relations():
            if relation.source != relation.target:
                edges[relation.source].append(relation)
        return shortest_cycles(edges)

    def articulation_points(self) -> tuple[str, ...]:
        """Return the names of the components whose removal disconnects the undirected graph."""
        import networkx

        graph: networkx.Graph[str] = networkx.Graph()
        graph.add_nodes_from(self.components)
        relations = (relation for leaving in self.outgoing.values() for relation in leaving)
        graph.add_edges_from((r.source, r.target) for r in relations if r.source != r.target)
        return tuple(sorted(set(networkx.articulation_points(graph))))

    def to_networkx(self) -> networkx.MultiDiGraph[str]:
        """Return the graph as a networkx graph: nodes carry `kind`, edges `verb` and `waits`.

        Edges have the direction of the file, so a `consumes` goes from the consumer to the queue.
        """
        import networkx

        graph: networkx.MultiDiGraph[str] = networkx.MultiDiGraph()
        for name, component in self.components.items():
            graph.add_node(name, kind=component.kind)
        for relations in self.outgoing.values():
            for relation in relations:
                waits = self.waits(relation)
                graph.add_edge(relation.source, relation.target, verb=relation.verb, waits=waits)
        return graph


class _ByModel(msgspec.Struct, frozen=True):
    """Indices of relations by the bit of a model that they lead to; the `neutral` ones lead to no model."""

    neutral: list[int]
    by_bit: dict[int, list[int]]

    def of(self, relations: Sequence[Relation], wanted: int) -> list[Relation]:
        """Return the relations that lead to one of the wanted models, or to no model, in their order."""
        positions = set(self.neutral)
        while wanted:
            bit = wanted & -wanted
            wanted ^= bit
            positions.update(self.by_bit.get(bit.bit_length(), ()))
        return [relations[position] for position in sorted(positions)]


def _by_model(relations: Sequence[Relation], below: dict[str, int]) -> _ByModel | None:
    """Index relations by model; None if they lead to so many models that testing each relation is faster."""
    neutral: list[int] = []
    by_bit: dict[int, list[int]] = {}
    entries = 0
    for position, relation in enumerate(relations):
        bits = below[relation.target]
        entries += bits.bit_count()
        if entries > 8 * len(relations):
            return None
        if not bits:
            neutral.append(position)
        while bits:
            bit = bits & -bits
            bits ^= bit
            by_bit.setdefault(bit.bit_length(), []).append(position)
    return _ByModel(neutral, by_bit)

"""The typed graph: components by name, relations in both directions, and what lies below a component."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from archlint.model.architecture import Architecture, Relation
from archlint.topology.cycles import condensed_order

if TYPE_CHECKING:
    import networkx
    import rustworkx


class Topology:
    """The graph of an architecture. Relations to names that nothing has are left out (they are DOC findings)."""

    def __init__(self, architecture: Architecture) -> None:
        components = architecture.components
        self.components = components
        self.models = architecture.models
        outgoing: dict[str, list[Relation]] = {}
        incoming: dict[str, list[Relation]] = {name: [] for name in components}
        consumers: dict[str, list[Relation]] = {}
        for name, component in components.items():
            kept = outgoing[name] = []
            for relation in component.relations:
                into = incoming.get(relation.target)
                if into is None:
                    continue
                into.append(relation)
                kept.append(relation)
                if relation.verb == "consumes":
                    consumers.setdefault(relation.target, []).append(relation)
        self.outgoing = outgoing
        self.incoming = incoming
        self._consumers = consumers

    def consumptions(self, queue: str) -> Sequence[Relation]:
        """The `consumes` relations from a queue."""
        return self._consumers.get(queue, ())

    @cached_property
    def servers(self) -> dict[str, tuple[str, ...]]:
        """The components that serve each model, in the order of the file."""
        found: dict[str, list[str]] = {}
        for name, component in self.components.items():
            for model in component.serves:
                found.setdefault(model, []).append(name)
        return {model: tuple(dict.fromkeys(names)) for model, names in found.items()}

    def waits(self, relation: Relation) -> bool:
        """Whether the component at the start of a relation waits for the answer."""
        if relation.verb == "loads":
            return self.components[relation.source].loads_model == "on-request"
        return relation.waits

    def waiting_relations(self) -> Iterator[Relation]:
        """Every relation whose caller waits, in the order of the file."""
        for relations in self.outgoing.values():
            for relation in relations:
                if self.waits(relation):
                    yield relation

    def work_targets(self, name: str) -> Iterator[str]:
        """Where work goes from a component: to what it waits for, to queues, and from a queue to its consumers."""
        for relation in self.outgoing[name]:
            if relation.verb == "publishes" or self.waits(relation):
                yield relation.target
        for relation in self.consumptions(name):
            yield relation.source

    @cached_property
    def model_bits(self) -> dict[str, int]:
        """A bit for each model that is served somewhere."""
        return {model: 1 << position for position, model in enumerate(self.servers)}

    @cached_property
    def models_below(self) -> dict[str, int]:
        """For each component, the bits of the models that work entering it can reach (its own included)."""
        bits = self.model_bits
        below = {name: 0 for name in self.components}
        for name, component in self.components.items():
            for model in component.serves:
                below[name] |= bits[model]
        targets = {name: list(self.work_targets(name)) for name in self.components}
        for group in condensed_order(targets):
            union = 0
            for name in group:
                union |= below[name]
                for target in targets[name]:
                    union |= below[target]
            for name in group:
                below[name] = union
        return below

    def bits_of(self, models: Iterable[str]) -> int:
        """The bits of some models, of those that are served."""
        known = self.model_bits
        union = 0
        for model in models:
            union |= known.get(model, 0)
        return union

    def names_of(self, bits: int) -> tuple[str, ...]:
        """The models of some bits, in the order of the file."""
        return tuple(model for model, bit in self.model_bits.items() if bit & bits)

    def waiting_cycles(self) -> list[tuple[Relation, ...]]:
        """One shortest cycle of waiting relations for each knot of components that wait for one another."""
        from archlint.topology.cycles import shortest_cycles

        edges: dict[str, list[Relation]] = {name: [] for name in self.components}
        for relation in self.waiting_relations():
            if relation.source != relation.target:
                edges[relation.source].append(relation)
        return shortest_cycles(edges)

    def articulation_points(self) -> tuple[str, ...]:
        """The components without which the graph, directions aside, falls into more parts."""
        import rustworkx

        names = list(self.components)
        graph: rustworkx.PyGraph[str, None] = rustworkx.PyGraph()
        index = dict(zip(names, graph.add_nodes_from(names), strict=True))
        graph.add_edges_from_no_data(
            [(index[r.source], index[r.target]) for rs in self.outgoing.values() for r in rs if r.source != r.target]
        )
        return tuple(sorted(graph[node] for node in rustworkx.articulation_points(graph)))

    def to_networkx(self) -> networkx.MultiDiGraph[str]:
        """The graph as networkx has it: nodes carry `kind`, edges `verb` and `waits` (needs the extra `graph`)."""
        import networkx

        graph: networkx.MultiDiGraph[str] = networkx.MultiDiGraph()
        for name, component in self.components.items():
            graph.add_node(name, kind=component.kind)
        for relations in self.outgoing.values():
            for relation in relations:
                graph.add_edge(relation.source, relation.target, verb=relation.verb, waits=self.waits(relation))
        return graph



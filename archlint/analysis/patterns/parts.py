"""The parts of a system that patterns of generated answers consist of: guardrails, indexes, embedders, generators."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cached_property
from typing import Final

from archlint.analysis.generation import asks_for_tokens, generates_no_tokens
from archlint.analysis.modes import ASYNCHRONOUS, EDGE, ONLINE, STREAMING, Serving
from archlint.analysis.patterns.reach import GUARDRAIL
from archlint.analysis.system import System
from archlint.model.architecture import Component, Workload

_OF_REQUESTS: Final = frozenset({ONLINE, EDGE, ASYNCHRONOUS, STREAMING})


def is_index(component: Component) -> bool:
    """Return whether a component is searched with vectors: a vector store, or another one with `index_of`."""
    return component.kind == "vector-store" or component.index_of is not None


def _is_for_tokens(server: Component) -> bool:
    """Return whether a server states what only servers of generated tokens have.

    A stage, sequences in flight, a price or quota of tokens, a choice of replicas by the prefix, a cache of prefixes.
    """
    price, limit = server.price, server.rate_limit
    sold = (price is not None and price.output is not None) or (limit is not None and limit.tokens_per_s is not None)
    prefixes = server.balancing == "prefix-aware" or any(relation.caches == "prefix" for relation in server.relations)
    return server.stage is not None or server.max_sequences is not None or sold or prefixes


class Parts:
    """The guardrails and indexes of a system, its models that make vectors (embedders), and its generators."""

    def __init__(self, system: System) -> None:
        self.system = system
        self._generating: dict[Hashable, tuple[Serving, ...]] = {}

    @cached_property
    def guardrails(self) -> frozenset[str]:
        """The components that check requests or answers."""
        return frozenset(name for name, component in self.system.components.items() if component.kind == GUARDRAIL)

    @cached_property
    def checks(self) -> int:
        """The models that only guardrails serve, as bits."""
        topology = self.system.topology
        served = {model for name in self.guardrails for model in self.system.components[name].serves}
        return topology.bits_of(model for model in served if self.guardrails.issuperset(topology.servers[model]))

    def answering(self, workload: Workload) -> int:
        """Return the models of a workload that make its answer, as bits: all but those that only check.

        A check is a model that only guardrails serve, or that a guardrail asks while its caller gets the answer from
        other models. If nothing else is left, the check is the answer (a moderation service).
        """
        topology = self.system.topology
        wanted = topology.bits_of(workload.models if workload.models is not None else topology.model_bits)
        answer = wanted & ~self.checks
        asked = 0
        beside: dict[str, int] = {}
        flow = self.system.flow(workload) if self.guardrails else ()
        for name in self.guardrails:
            below = topology.models_below[name] & answer
            for relation in topology.incoming[name] if below and name in flow else ():
                caller = relation.source
                if caller not in beside:
                    beside[caller] = self._beside(caller, workload, answer)
                asked |= below & beside[caller]
        return answer & ~asked or answer or wanted

    def _beside(self, caller: str, workload: Workload, wanted: int) -> int:
        """Return the models that give a guardrail's caller no answer, as bits; none if no other model answers."""
        topology = self.system.topology
        answers = topology.bits_served(caller)
        for step in self.system.flow(workload).steps.get(caller, ()):
            if step.target not in self.guardrails:
                answers |= topology.models_below[step.target]
        return ~answers if answers & wanted else 0

    @cached_property
    def indexes(self) -> frozenset[str]:
        """The components that are searched with vectors."""
        return frozenset(name for name, component in self.system.components.items() if is_index(component))

    @cached_property
    def staged(self) -> dict[str, dict[str, list[str]]]:
        """The servers of each model that run one stage of it, by the stage."""
        found: dict[str, dict[str, list[str]]] = {}
        for name, component in self.system.components.items():
            for model in component.serves if component.stage is not None else ():
                found.setdefault(model, {}).setdefault(component.stage or "", []).append(name)
        return found

    @cached_property
    def batching(self) -> frozenset[str]:
        """The components that generate several sequences at a time."""
        components = self.system.components
        return frozenset(name for name, one in components.items() if one.max_sequences and one.max_sequences > 1)

    @cached_property
    def embedders(self) -> frozenset[str]:
        """The models of the vectors of an index: `index_of`, otherwise what its writers run.

        Models that were quantised from the same model as one of them make the same vectors.
        """
        components, topology = self.system.components, self.system.topology
        found: set[str] = set()
        for name in self.indexes:
            stated = components[name].index_of
            if stated is not None:
                found.add(stated)
                continue
            for relation in topology.incoming[name]:
                if relation.verb == "writes":
                    run = topology.names_of(topology.models_awaited[relation.source])
                    found.update(model for model in run if not self._is_known_to_generate(model))
        originals = self.system.original_models
        origins = {originals.get(model, model) for model in found}
        return frozenset(found) | {model for model, origin in originals.items() if origin in origins}

    def without_embedders(self, servers: list[str]) -> list[str]:
        """Return the servers of other models than embedders; all of them if there are none."""
        served = {server: self.system.components[server].serves for server in servers}
        return [server for server in servers if not self.embedders.issuperset(served[server])] or servers

    def _is_known_to_generate(self, model: str) -> bool:
        servers = self.system.topology.servers.get(model, ())
        return any(self._is_known(model, self.system.components[server]) for server in servers)

    def _is_known(self, model: str, server: Component) -> bool:
        """Return whether facts of a model or its server, or the server's technology, show that it generates tokens."""
        known = self.system.architecture.models.get(model)
        stated = _is_for_tokens(server) or (known is not None and known.states_generation)
        return stated or self.system.facts.generates(server)

    @cached_property
    def knows_some(self) -> bool:
        """Whether any fact shows that a model generates tokens; quick, for large systems."""
        serving = (self.system.components[name] for name in self.system.topology.serving)
        return self.system.has_generators or any(map(_is_for_tokens, serving))

    def _may(self, model: str, server: Component) -> bool:
        known = self.system.architecture.models.get(model)
        of_another_sort = known is not None and generates_no_tokens(self.system, known, server)
        return not of_another_sort and server.kind != GUARDRAIL and model not in self.embedders

    def generating(self, workload: Workload) -> tuple[Serving, ...]:
        """Return how requests of a workload get generated answers, in any mode but ahead of time.

        If no fact shows which of its models generate, all may that are of no other sort, if the workload states tokens.
        """
        asks = asks_for_tokens(workload)
        if not asks and not self.knows_some:
            return ()
        key = self.system.served_alike(workload), asks
        if key not in self._generating:
            components = self.system.components
            live = (s for s in self.system.servings(workload) if s.server and s.mode in _OF_REQUESTS and not s.producer)
            may = [s for s in live if self._may(s.model, components[s.server])]
            known = [s for s in may if self._is_known(s.model, components[s.server])]
            self._generating[key] = tuple(known or (may if asks else ()))
        return self._generating[key]

    def models_that_may(self, server: str) -> tuple[str, ...]:
        """Return the models of a server that may generate tokens, as far as the file states it."""
        component = self.system.components[server]
        return tuple(model for model in component.serves if self._may(model, component))

    @cached_property
    def generators(self) -> frozenset[str]:
        """The servers that are known to generate tokens, for any workload or none."""
        components = self.system.components
        found: set[str] = set()
        if self.knows_some:
            for name in self.system.topology.serving:
                may = self.models_that_may(name)
                if any(self._is_known(model, components[name]) for model in may):
                    found.add(name)
        for servings in {self.generating(workload) for workload in self.system.workloads.values()}:
            found.update(serving.server for serving in servings)
        return frozenset(found)

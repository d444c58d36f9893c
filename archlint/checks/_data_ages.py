"""Reads of data that jobs or streams fill, and how old that data may be: features, indexes and copies."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import cached_property

from archlint.analysis.modes import BATCH
from archlint.analysis.stores import Stores, reads_behind
from archlint.analysis.system import System
from archlint.analysis.writers import Writers
from archlint.checks._ages import Age, Asked, Judged, asked_by_relation
from archlint.checks._lines import allowed_age, exceeds
from archlint.checks._loss import Traffic
from archlint.checks._old_data import OldData, Predicted, Read, Reader, ttl_terms
from archlint.model.architecture import Relation, Workload
from archlint.model.places import place
from archlint.model.quantities import format_duration
from archlint.model.words import STORES
from archlint.topology import Flow
from archlint.topology.reach import Reach
from archlint.verdicts import Certainty, Undecided

_NO_DATA = frozenset({"log-store", "model-registry", "config-store"})
"""Kinds of store whose content is no data of an answer, unless a relation asks how old it may be."""


class DataReads:
    """The reads of a system, to be judged by the ages of what is written to their stores."""

    def __init__(
        self, system: System, writers: Writers, traffic: Traffic, longest_runs: Callable[[], Iterable[float]]
    ) -> None:
        self._system = system
        self._stores = Stores(system, writers)
        self._old = OldData(system, self._stores, traffic, longest_runs)
        self._behind: dict[Reach, list[Read]] = {}
        self._answered: dict[str, dict[str, list[Relation]]] = {}
        self._predicted: dict[Hashable, Predicted] = {}
        self._readers: list[Reader] = []

    @cached_property
    def asking(self) -> tuple[Relation, ...]:
        """The relations that require a freshness, in the order of the file."""
        relations = (r for relations in self._system.topology.outgoing.values() for r in relations)
        return tuple(relation for relation in relations if relation.freshness_s is not None)

    def judged(self) -> Iterator[Judged]:
        """Judge all reads that were asked about since the last time, those of a store that meet the same together."""
        readers, self._readers = self._readers, []
        yield from self._old.judged(readers)

    def _ask(
        self, read: Read, asked: Asked, workload: Workload | None = None, predicted: Predicted = frozenset()
    ) -> None:
        self._readers.append(Reader(read, asked, workload, predicted))

    def of_relations(self) -> Iterator[Judged]:
        """Judge each read by the freshness of a relation: that of the store, or of the stores behind a service."""
        for relation in self.asking:
            if relation.verb == "consumes":
                continue
            asked, target = asked_by_relation(relation), self._system.components[relation.target]
            if target.kind in STORES:
                yield from self._of_store(relation, asked)
            else:
                for read in self._below(relation.target):
                    self._ask(read, asked)
        yield from self.judged()

    def _of_store(self, relation: Relation, asked: Asked) -> Iterator[Judged]:
        looked_up = self._system.topology.looks_up(relation)
        read = Read(relation.source, relation.target, relation.place(), relation)
        # What the reader of a cache writes there is what it read after a miss.
        filled = any(not looked_up or w.name != relation.source for w in self._stores.fillings(relation.target))
        behind = list(self._filled_behind(relation))
        if looked_up and not filled:
            yield _kept(relation, asked)
        if filled:
            self._ask(read, asked)
        for other in behind:
            self._ask(other, asked)
        if not (looked_up or filled or behind):
            because = f"how old the data in `{relation.target}` gets: no component has it in its `writes`"
            yield Undecided(relation.place(), (place("components", "*", "writes"),), because)

    def _filled_behind(self, relation: Relation) -> Iterator[Read]:
        """Yield the reads that fill a cache: of the cache itself, and of its reader after a miss."""
        for other in self._system.topology.outgoing[relation.target]:
            yield from self._read(other)
        if relation.source not in self._answered:
            self._answered[relation.source] = reads_behind(self._system, relation.source)
        for other in self._answered[relation.source].get(relation.target, ()):
            yield from self._read(other)

    def ask_of_workload(self, workload: Workload, asked: Asked) -> None:
        """Ask about each store that a workload's waiting path reads and that jobs or streams of the file fill."""
        alike = self._system.served_alike(workload)
        predicted = self._predicted.get(alike)
        if predicted is None:
            servings = (serving for serving in self._system.servings(workload) if serving.mode == BATCH)
            predicted = self._predicted[alike] = frozenset((each.producer, each.store) for each in servings)
        for read in self._on(self._system.flow(workload)):
            # A relation that allows an older age is the more specific one, and is judged by itself.
            own_s = None if read.relation is None else read.relation.freshness_s
            if own_s is None or own_s <= asked.freshness_s:
                self._ask(read, asked, workload, predicted)

    def _on(self, flow: Flow) -> Iterator[Read]:
        if not flow.waiting:
            return
        yield from self._of(flow.client, [step.relation for step in flow.steps[flow.client] if step.waits])
        behind = self._behind.get(flow.reach)
        if behind is None:
            reads = (
                read for name in flow.reach.waiting
                for read in self._of(name, [step.relation for step in flow.reach.steps[name] if step.waits])
            )  # fmt: skip
            behind = self._behind[flow.reach] = list(self._each_once(reads))
        yield from behind

    def _each_once(self, reads: Iterable[Read]) -> Iterator[Read]:
        """Yield the first of those that meet the same data, and allow the same age."""
        seen: set[Hashable] = set()
        for read in reads:
            key = self._old.met_by(read), None if read.relation is None else read.relation.freshness_s
            if key not in seen:
                seen.add(key)
                yield read

    def _below(self, start: str) -> Iterator[Read]:
        """Yield the reads of a component and of all that it waits for."""
        topology = self._system.topology
        seen = {start}
        order = [start]
        for name in order:  # grows during the loop
            relations = [r for r in topology.outgoing[name] if topology.waits(r) and r.verb != "writes"]
            yield from self._of(name, relations)
            order += [r.target for r in relations if r.target not in seen]
            seen.update(r.target for r in relations)

    def _of(self, name: str, relations: list[Relation]) -> Iterator[Read]:
        for relation in relations:
            yield from self._read(relation)
        store = self._system.components[name].features
        known = store is not None and store in self._system.components
        if store is not None and known and self._is_data(store) and all(r.target != store for r in relations):
            yield Read(name, store, self._system.components[name].place("features"))

    def _read(self, relation: Relation) -> Iterator[Read]:
        if relation.verb in {"calls", "reads"} and self._is_data(relation.target):
            yield Read(relation.source, relation.target, relation.place(), relation)

    def _is_data(self, store: str) -> bool:
        kind = self._system.components[store].kind
        return kind in STORES and kind not in _NO_DATA and self._stores.is_filled(store)


def _kept(relation: Relation, asked: Asked) -> Judged:
    """Judge a cache by itself: its entries may be older than the relation that reads them allows."""
    if relation.ttl_s is None:
        because = f"how long `{relation.target}` keeps what it holds"
        return Undecided(relation.place(), (relation.place("ttl"),), because)
    if not exceeds(relation.ttl_s, asked.freshness_s):
        return None
    return Age(
        asked,
        relation.place("ttl"),
        relation.ttl_s,
        f"`{relation.target}` keeps what it holds for {format_duration(relation.ttl_s)}, but `{asked.name}` allows "
        f"{allowed_age(relation.ttl_s, asked.freshness_s)}: set `ttl` to {format_duration(asked.freshness_s)} or less",
        tuple(ttl_terms((relation,))),
        ("prediction-cache",),
        Certainty.ESTIMATED,
    )

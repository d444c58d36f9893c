"""Serving modes: how a workload gets the predictions of a model, derived from the graph.

online: the client waits for the server. asynchronous: the request goes through a queue. batch: a job writes predictions
to a store that the waiting path reads. streaming: a stream processor, or a worker on the events of others, writes them.
edge: the model runs on the client's device. unreached: none of these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import Final

import msgspec

from archlint.model.architecture import Relation
from archlint.model.words import STORES
from archlint.topology import Flow, Topology
from archlint.topology.cycles import condensed_order

ONLINE: Final = "online"
ASYNCHRONOUS: Final = "asynchronous"
BATCH: Final = "batch"
STREAMING: Final = "streaming"
EDGE: Final = "edge"
UNREACHED: Final = "unreached"
_PRODUCER_MODES: Final = {"batch-job": BATCH, "stream-processor": STREAMING, "worker": STREAMING}
_EDGES: Final = frozenset({"client", "edge-device"})
GIVEN_ON: Final = frozenset({"writes", "publishes"})


class Serving(msgspec.Struct, frozen=True):
    """The mode in which a workload gets a model's predictions.

    `server` runs the model (None if it is unreached). For batch and streaming, `producer` writes the predictions to
    `store`, and the relation `read` of the waiting path reads them; a stream processor that gets the workload's own
    events may have neither.
    """

    model: str
    mode: str
    server: str = ""
    producer: str = ""
    store: str = ""
    read: Relation | None = None


class Production(msgspec.Struct, frozen=True):
    """A component that writes the predictions of a model to a store, directly or through other stores."""

    model: str
    server: str
    producer: str
    mode: str


class Productions(Mapping[str, tuple[Production, ...]]):
    """For each store, the predictions that are written before any request reads them.

    They are computed on demand: in a chain of jobs, the last store has the predictions of all of them.
    """

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._copies = _copies(topology)
        self._made: dict[str, list[Production]] = {}
        self._written: dict[str, list[str]] = {}
        self._writers: dict[str, list[str]] = {}
        self._known: dict[str, tuple[Production, ...]] = {}
        self._by_model: dict[str, dict[str, dict[int, Production]]] = {}
        self._unchanged: dict[tuple[str, bool], dict[str, None]] = {}
        reached: dict[str, None] = {}
        for name, component in topology.components.items():
            mode = _PRODUCER_MODES.get(component.kind)
            if mode is None or not topology.models_awaited[name]:
                continue
            written = [r.target for r in topology.outgoing[name] if r.verb in GIVEN_ON]
            if not written:
                continue
            made = (Production(model, server, name, mode) for server, model in _models_run(topology, name))
            self._made[name] = list(dict.fromkeys(made))
            self._written[name] = written
            for store in written:
                self._writers.setdefault(store, []).append(name)
            _spread(written, self._copies, reached)
        self._sources = _reversed(self._copies, reached)
        self._rank = {name: rank for rank, name in enumerate(self._made)}
        stores = [store for store in reached if topology.components[store].kind != "queue"]
        self._stores = {store: rank for rank, store in enumerate(stores)}

    def __getitem__(self, store: str) -> tuple[Production, ...]:
        if store not in self._known:
            if store not in self._stores:
                raise KeyError(store)
            writers = {name for source in self.behind(store) for name in self._writers.get(source, ())}
            ordered = sorted(writers, key=self._rank.__getitem__)
            self._known[store] = tuple(made for name in ordered for made in self._made[name])
        return self._known[store]

    def of(self, store: str, models: Sequence[str] | None) -> Iterable[Production]:
        """Return the productions of some models (None: all) in a store; none if it is no store of predictions."""
        if models is None or store not in self._stores:
            return self.get(store, ())
        if store not in self._by_model:
            found = self._by_model[store] = {}
            for position, made in enumerate(self[store]):
                found.setdefault(made.model, {})[position] = made
        known = self._by_model[store]
        some = {position: made for model in models for position, made in known.get(model, {}).items()}
        return [some[position] for position in sorted(some)]

    def sources_of(self, store: str, models: int) -> Iterator[str]:
        """Yield the stores and queues from which predictions of some models (bits) come to a store, itself first."""
        upstream, bits = self._upstream
        order = [store] if bits.get(store, 0) & models else []
        seen = set(order)
        while order:
            source = order.pop()
            yield source
            for other in upstream.get(source, ()):
                if other not in seen and bits[other] & models:
                    seen.add(other)
                    order.append(other)

    @cached_property
    def _upstream(self) -> tuple[dict[str, list[str]], dict[str, int]]:
        """What is copied to each store, and the bits of the models whose predictions come there."""
        topology = self._topology
        bits: dict[str, int] = {}
        for name, awaited in topology.models_awaited.items():
            for relation in topology.outgoing[name] if awaited else ():
                if relation.verb in GIVEN_ON:
                    bits[relation.target] = bits.get(relation.target, 0) | awaited
        upstream = _reversed(self._copies, _spread(bits, self._copies, {}))
        for group in condensed_order({store: upstream.get(store, ()) for store in (*upstream, *bits)}):
            union = 0
            for store in group:
                union |= bits.get(store, 0)
                for source in upstream.get(store, ()):
                    union |= bits.get(source, 0)
            bits.update(dict.fromkeys(group, union))
        return upstream, bits

    def behind(self, store: str) -> Iterable[str]:
        """Return a store and all from which something is copied to it."""
        return _spread([store], self._sources, {})

    def are_passed_on(self, producer: str, store: str, *, alone: bool = False) -> bool:
        """Return whether predictions of a producer come to a store as they are: no other model works on them between.

        What a job with a model of its own reads, it may use for other predictions, or not at all. `alone` also asks
        that nothing else is in the stores that are copied.
        """
        if (store, alone) not in self._unchanged:
            sources = self._sole_sources if alone else self._plain_sources
            self._unchanged[store, alone] = _spread([store], sources, {})
        return any(written in self._unchanged[store, alone] for written in self._written.get(producer, ()))

    @cached_property
    def _plain_sources(self) -> dict[str, list[str]]:
        """The stores that components without a model copy to each store."""
        copies = _copies(self._topology, lambda name: not self._topology.models_awaited[name])
        return _reversed(copies, copies)

    @cached_property
    def _sole_sources(self) -> dict[str, list[str]]:
        """Those of them that only one component writes."""
        sole = {store for sources in self._plain_sources.values() for store in sources}
        sole = {store for store in sole if len(givers(self._topology, store)) < 2}
        return {store: [one for one in sources if one in sole] for store, sources in self._plain_sources.items()}

    def __contains__(self, store: object) -> bool:
        return store in self._stores

    def __iter__(self) -> Iterator[str]:
        return iter(self._stores)

    def __len__(self) -> int:
        return len(self._stores)

    def unread_stores(self, mode: str, read: AbstractSet[str]) -> dict[str, list[str]]:
        """Return the unread stores of each producer of a mode."""
        found: dict[str, list[str]] = {}
        for name, made in self._made.items():
            if name not in read and any(production.mode == mode for production in made):
                reached = [store for store in _spread(self._written[name], self._copies, {}) if store in self._stores]
                if reached:
                    found[name] = sorted(reached, key=self._stores.__getitem__)
        return dict(sorted(found.items(), key=lambda item: self._stores[item[1][0]]))


def givers(topology: Topology, store: str) -> dict[str, None]:
    """Return the components that write or publish to a store or queue, in the order of the file."""
    return {relation.source: None for relation in topology.incoming[store] if relation.verb in GIVEN_ON}


def _models_run(topology: Topology, start: str) -> Iterator[tuple[str, str]]:
    """Yield the (server, model) pairs that a component runs by itself or by waiting for others."""
    awaited = topology.models_awaited
    seen = {start}
    stack = [start]
    while stack:
        name = stack.pop()
        for model in topology.components[name].serves:
            yield name, model
        for target in topology.waited_for(name):
            if target not in seen and awaited[target]:
                seen.add(target)
                stack.append(target)


def _copies(topology: Topology, counts: Callable[[str], bool] = bool) -> dict[str, list[str]]:
    """Return the stores to which jobs copy each store, and to which consumers write the messages of each queue.

    Only components count of which `counts` is true, by name.
    """
    copies: dict[str, list[str]] = {}
    producers = {component.name for kind in _PRODUCER_MODES for component in topology.of_kind(kind)}
    takers = producers.union(relation.source for relation in topology.relations_of("consumes"))
    for name in topology.components if takers else ():
        if name not in takers or not counts(name):
            continue
        relations = topology.outgoing[name]
        given_on = [relation.target for relation in relations if relation.verb in GIVEN_ON]
        for relation in relations if given_on else ():
            if relation.verb == "consumes" or (relation.verb == "reads" and name in producers):
                copies.setdefault(relation.target, []).extend(given_on)
    return copies


def _reversed(copies: Mapping[str, list[str]], sources: Iterable[str]) -> dict[str, list[str]]:
    """Return the sources that are copied to each store."""
    found: dict[str, list[str]] = {}
    for source in sources:
        for store in copies.get(source, ()):
            found.setdefault(store, []).append(source)
    return found


def _spread(stores: Iterable[str], onward: Mapping[str, list[str]], reached: dict[str, None]) -> dict[str, None]:
    """Add some stores, and all that follow them, to the reached ones."""
    stack = [store for store in dict.fromkeys(stores) if store not in reached]
    reached.update(dict.fromkeys(stack))
    while stack:
        for store in onward.get(stack.pop(), ()):
            if store not in reached:
                reached[store] = None
                stack.append(store)
    return reached


def servings(flow: Flow, models: tuple[str, ...] | None, stores: Productions) -> tuple[Serving, ...]:
    """Return every way in which a flow gets the predictions of its models.

    `models` are the stated models of the workload (None: all); `stores` are the productions of the whole system. Stated
    models without any way are unreached.
    """
    found: dict[Serving, None] = {}
    reads = list(_reads(flow))
    serving = flow.topology.serving
    for name in [name for name in flow.waiting if name in serving]:
        mode = EDGE if flow.topology.components[name].kind in _EDGES else ONLINE
        found |= dict.fromkeys(Serving(model, mode, name) for model in _served(flow, name, models))
    found |= dict.fromkeys(_behind_queues(flow, models, stores, reads))
    found |= dict.fromkeys(_made_ahead(flow, models, stores, reads))
    reached = {serving.model for serving in found}
    missing = (Serving(model, UNREACHED) for model in models or () if model not in reached)
    return (*found, *dict.fromkeys(missing))


def _served(flow: Flow, name: str, models: tuple[str, ...] | None) -> Sequence[str]:
    return flow.topology.served_by(name, models)


def _reads(flow: Flow) -> Iterator[Relation]:
    """Yield the relations with which the waiting path reads a store."""
    components, reading = flow.topology.components, flow.topology.reading
    for name in [name for name in flow.waiting if name in reading]:
        for step in flow.steps[name]:
            relation = step.relation
            if relation.verb == "reads" or (relation.verb == "calls" and components[step.target].kind in STORES):
                yield relation


def _behind_queues(
    flow: Flow, models: tuple[str, ...] | None, stores: Productions, reads: list[Relation]
) -> Iterator[Serving]:
    """Yield the servings that messages or writes start, and that nobody waits for."""
    components = flow.topology.components
    entered = _entered(flow)
    jobs = {name: mode for name in entered if (mode := _job_mode(flow.topology, name)) is not None}
    for name in _run_by(flow, [name for name in entered if name not in jobs]):
        mode = EDGE if components[name].kind in _EDGES else ASYNCHRONOUS
        yield from (Serving(model, mode, name) for model in _served(flow, name, models))
    for job, mode in jobs.items():
        for server in _run_by(flow, [job]):
            for model in _served(flow, server, models):
                made = Production(model, server, job, mode)
                ways = [read for read in reads if made in stores.of(read.target, (model,))]
                yield from (Serving(model, mode, server, job, read.target, read) for read in ways)
                if not ways:
                    yield Serving(model, ASYNCHRONOUS if mode == BATCH else mode, server)


def _entered(flow: Flow) -> dict[str, None]:
    """Return the components that a message or a write reaches, without anybody waiting."""
    if not flow.eventual:
        return {}
    steps = (step for name in flow.components for step in flow.steps[name] if not step.waits)
    return {step.target: None for step in steps if step.target in flow.eventual}


def _job_mode(topology: Topology, name: str) -> str | None:
    """Return batch for a scheduled job, whatever it reads; streaming for a stream processor."""
    component = topology.components[name]
    if component.kind == "stream-processor":
        return STREAMING
    if component.kind != "batch-job":
        return None
    triggered = any(relation.verb == "triggers" for relation in topology.incoming[name])
    return BATCH if triggered or component.schedule is not None else None


def _run_by(flow: Flow, starts: Iterable[str]) -> dict[str, None]:
    """Return some components and those that run for them, after a queue."""
    run = dict.fromkeys(starts)
    order = list(run)
    for name in order:                   # grows while it is walked
        for step in flow.steps[name]:
            if step.waits and step.target not in run and step.target in flow.eventual:
                run[step.target] = None
                order.append(step.target)
    return run


def _made_ahead(
    flow: Flow, models: tuple[str, ...] | None, stores: Productions, reads: list[Relation]
) -> Iterator[Serving]:
    """Yield the servings through stores that the waiting path reads, of producers that no request reaches."""
    for read in reads:
        for made in stores.of(read.target, models):
            if made.producer not in flow:
                yield Serving(made.model, made.mode, made.server, made.producer, read.target, read)

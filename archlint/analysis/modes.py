"""Serving modes: how a workload gets the predictions of a model, read off the graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from archlint.model.architecture import Relation
from archlint.model.words import STORES
from archlint.topology import Flow, Topology

ONLINE: Final = "online"
ASYNCHRONOUS: Final = "asynchronous"
BATCH: Final = "batch"
STREAMING: Final = "streaming"
EDGE: Final = "edge"
UNREACHED: Final = "unreached"
_PRODUCER_MODES: Final = {"batch-job": BATCH, "stream-processor": STREAMING, "worker": STREAMING}


class Serving(msgspec.Struct, frozen=True):
    """That a workload gets a model's predictions in a mode.

    `server` runs the model (none where it is unreached); for batch and streaming, `producer` writes the
    predictions to `store`, which the workload's waiting path reads by `read`.
    """

    model: str
    mode: str
    server: str = ""
    producer: str = ""
    store: str = ""
    read: Relation | None = None


class Production(msgspec.Struct, frozen=True):
    """That a component writes the predictions of a model to a store, directly or over other stores."""

    model: str
    server: str
    producer: str
    mode: str


def productions(topology: Topology) -> dict[str, tuple[Production, ...]]:
    """For each store, the predictions that are written there ahead of any request that reads them."""
    found: dict[str, dict[Production, None]] = {}
    copies = _copies(topology)
    for name, component in topology.components.items():
        mode = _PRODUCER_MODES.get(component.kind)
        if mode is None or not topology.models_below[name]:
            continue
        written = [r.target for r in topology.outgoing[name] if r.verb == "writes"]
        if not written:
            continue
        made = [Production(model, server, name, mode) for server, model in _models_run(topology, name)]
        for store in _spread(written, copies):
            found.setdefault(store, {}).update(dict.fromkeys(made))
    return {store: tuple(made) for store, made in found.items()}


def _models_run(topology: Topology, start: str) -> Iterator[tuple[str, str]]:
    """The (server, model) pairs that a component runs by itself or by waiting for others."""
    seen = {start}
    stack = [start]
    while stack:
        name = stack.pop()
        for model in topology.components[name].serves:
            yield name, model
        for relation in topology.outgoing[name]:
            target = relation.target
            if target not in seen and topology.waits(relation) and topology.models_below[target]:
                seen.add(target)
                stack.append(target)


def _copies(topology: Topology) -> dict[str, list[str]]:
    """From a store to the stores that jobs copy it to."""
    copies: dict[str, list[str]] = {}
    for name, component in topology.components.items():
        if component.kind in _PRODUCER_MODES:
            relations = topology.outgoing[name]
            written = [r.target for r in relations if r.verb == "writes"]
            for relation in relations:
                if relation.verb == "reads" and written:
                    copies.setdefault(relation.target, []).extend(written)
    return copies


def _spread(stores: list[str], copies: dict[str, list[str]]) -> dict[str, None]:
    reached = dict.fromkeys(stores)
    stack = list(stores)
    while stack:
        for store in copies.get(stack.pop(), ()):
            if store not in reached:
                reached[store] = None
                stack.append(store)
    return reached


def servings(flow: Flow, models: tuple[str, ...] | None, stores: dict[str, tuple[Production, ...]]) -> tuple[Serving, ...]:
    """Every way in which a flow gets the predictions of its models; stated models that it gets in none are unreached."""
    wanted = None if models is None else set(models)
    found: dict[Serving, None] = {}
    components = flow.topology.components
    for name in flow.components:
        component = components[name]
        for model in component.serves:
            if wanted is None or model in wanted:
                found[Serving(model, _mode_of(component.kind, name in flow.waiting), name)] = None
    for relation in _reads(flow):
        for made in stores.get(relation.target, ()):
            if (wanted is None or made.model in wanted) and made.producer not in flow:
                serving = Serving(made.model, made.mode, made.server, made.producer, relation.target, relation)
                found.setdefault(serving, None)
    for model in models or ():
        if not any(serving.model == model for serving in found):
            found[Serving(model, UNREACHED)] = None
    return tuple(found)


def _mode_of(kind: str, waiting: bool) -> str:
    if kind in {"client", "edge-device"}:
        return EDGE
    if waiting:
        return ONLINE
    return STREAMING if kind == "stream-processor" else ASYNCHRONOUS


def _reads(flow: Flow) -> Iterator[Relation]:
    """The relations by which the waiting side reads a store."""
    components = flow.topology.components
    for name in flow.waiting:
        for step in flow.steps.get(name, ()):
            if step.relation.verb == "reads" or (
                step.relation.verb == "calls" and components[step.target].kind in STORES
            ):
                yield step.relation

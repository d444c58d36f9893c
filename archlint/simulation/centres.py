"""From a component to the centre that stands for it."""

from __future__ import annotations

import math
from typing import Final

from archlint.analysis.generated import Generator, generator_of
from archlint.analysis.system import System
from archlint.analysis.utilisation import JUDGED, slots_of
from archlint.model.architecture import Component
from archlint.model.places import Place
from archlint.model.words import BALANCERS
from archlint.simulation.scenario import LEAST_LOADED, POOLED, RANDOM, ROUND_ROBIN, Batches, Centre, Tokens

_BALANCING: Final = {
    "pooled": POOLED, "round-robin": ROUND_ROBIN, "least-loaded": LEAST_LOADED, "random": RANDOM,
    "consistent-hash": RANDOM, "prefix-aware": RANDOM,
}  # fmt: skip
_MOST: Final = 1e9


def centre_of(
    system: System, component: Component, queue_limit: float | None
) -> tuple[Centre, tuple[Place, ...], list[str]]:
    """Return the centre of a component, the keys of missing facts, and what was assumed.

    Stores, vendors, balancers without workers and platforms that start an instance for each request serve every request
    at once. `queue_limit` is the most messages that wait in the queue before it.
    """
    generator = generator_of(system, component)
    if isinstance(generator, Generator):
        return _generating(generator)
    slots, notes = slots_of(system, component), list[str]()
    if not _queues(component) or slots.unbounded:
        return Centre(component.name, math.inf, 1.0, limit=component.limit), (), notes
    needs = [need for need in slots.needs if need.names[-1] != "workers"]
    workers = system.facts.workers(component)
    each = workers.value if slots.workers is None else slots.workers.value
    if slots.workers is None:
        notes.append(f"{component.name}: {float(each):g} worker a replica is assumed; state `workers` if it has more")
    replicas = float(slots.replicas.value) if slots.replicas is not None else 1.0
    if replicas == 0:
        notes.append(f"{component.name}: it has no replicas, so that it rejects every request")
        return Centre(component.name, 1.0, 1.0, limit=0.0), tuple(needs), notes
    if component.scaling is not None or component.autoscale is not None:
        notes.append(f"{component.name}: {replicas:g} replicas, the most of its range, run all the time")
    balancing = system.facts.balancing(component)
    batching = component.batching
    batches = None
    if batching is not None and batching.max_size is not None:
        batches = Batches(int(batching.max_size), batching.max_delay_s or 0.0)
        notes.append(f"{component.name}: a batch takes as long as one prediction")
    limit = component.limit
    if queue_limit is not None:
        limit = queue_limit + float(each) * replicas * (batches.size if batches else 1)
    centre = Centre(
        component.name, max(1.0, math.floor(min(float(each), _MOST))), max(1.0, math.floor(min(replicas, _MOST))),
        _BALANCING.get(str(balancing.value) if balancing is not None else "", POOLED), limit, batches,
    )  # fmt: skip
    if balancing is None and centre.replicas > 1:
        notes.append(f"{component.name}: one queue for all replicas is assumed; state `balancing`")
    return centre, tuple(needs), notes


def _generating(found: Generator) -> tuple[Centre, tuple[Place, ...], list[str]]:
    """Return the centre of a server with continuous batching: each replica has a batch and a queue of its own."""
    server = found.server
    balancing = _BALANCING.get(server.balancing or "", POOLED)
    notes = [f"{server.name}: a step reads all prompts that wait and have a place"]
    if math.isinf(found.most):
        notes.append(f"{server.name}: any number of answers fits at once; state `max_sequences` or its memory")
    if found.replicas > 1 and balancing in {POOLED, LEAST_LOADED}:
        balancing = LEAST_LOADED
        notes.append(f"{server.name}: a request goes to the replica with the fewest requests")
    centre = Centre(
        server.name, 1.0, float(found.replicas), balancing, server.limit, tokens=Tokens(found.steps, found.most)
    )
    return centre, (), notes


def _queues(component: Component) -> bool:
    """Return whether requests wait for workers of a component."""
    balancer_without_workers = component.kind in BALANCERS and component.workers is None
    return component.kind in JUDGED and not balancer_without_workers

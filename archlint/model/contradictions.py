"""Facts of a file that cannot be true together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping as AbstractMapping

from archlint.model.architecture import Component, Model, Relation, Scaling, Workload
from archlint.model.locate import locate
from archlint.model.places import Place
from archlint.model.quantities import format_count, format_rate, format_share
from archlint.model.reading import Reading
from archlint.model.words import DURABLE_STORES, STORES

Components = AbstractMapping[str, Component]
Contradiction = tuple[Place, str, str]
"""Where, what cannot be true, and what to do."""

_EVERY_STORE = STORES | {"external"}
_TARGET_KINDS = {
    "reads": (_EVERY_STORE, "a store (database, cache, warehouse, …)"),
    "writes": (_EVERY_STORE, "a store (database, cache, warehouse, …)"),
    "publishes": (frozenset({"queue", "external"}), "a queue"),
    "consumes": (frozenset({"queue", "external"}), "a queue"),
    "triggers": (frozenset({"batch-job", "training-job", "stream-processor", "worker", "service", "external"}), "a job"),
    "monitored_by": (frozenset({"monitoring", "external", "log-store"}), "a component of kind monitoring"),
    "logs_to": (_EVERY_STORE | {"queue", "monitoring"}, "a log store, another store or a queue"),
    "loads": (frozenset({"model-registry", "object-store", "external", "database", "warehouse"}), "a model registry or object store"),
}  # fmt: skip
_INSTEAD = {("reads", "queue"): "consumes", ("writes", "queue"): "publishes"}


def report_contradictions(
    r: Reading, workloads: dict[str, Workload], models: dict[str, Model], components: dict[str, Component]
) -> None:
    """Report each contradiction at the place that says the second of the two facts."""
    found: list[Contradiction] = []
    for component in components.values():
        found += _of_component(component, components, r.unread)
        for relation in component.relations:
            target = components.get(relation.target)
            if target is not None:
                found += _of_relation(relation, target)
    for workload in workloads.values():
        found += _of_workload(workload, components)
    for model in models.values():
        found += _of_model(model, components)
    for place, message, suggestion in found:
        document, span = locate(r.origins, place, r.document)
        r.document = document
        r.report("contradiction", place.steps, span, message, suggestion, loses_meaning=False)


def _of_component(component: Component, components: Components, unread: set[str]) -> Iterator[Contradiction]:
    kind = component.kind
    if kind == "worker" and not any(relation.verb == "consumes" for relation in component.relations):
        place = component.place("kind")
        if component.place("consumes").identity not in unread:
            yield place, "a worker takes work from a queue, but this one consumes nothing", "add `consumes: [queue]`, or make it a `service`"
    replicas, zones = component.least_replicas, component.zones
    for key, scaling in (("replicas", component.scaling), ("autoscale", component.autoscale)):
        yield from _of_scaling(component.place(key), scaling)
    if component.scaling is not None and component.autoscale is not None:
        yield component.place("autoscale"), "the range of replicas is stated twice", "keep `replicas: {min, max}` or `autoscale`"
    if replicas is not None and zones is not None:
        most = max([replicas, *(s.maximum for s in (component.scaling, component.autoscale) if s and s.maximum)])
        if len(set(zones)) > most:
            message = f"{format_count(most)} replicas cannot stand in {len(set(zones))} zones"
            yield component.place("zones"), message, "add replicas, or take out zones"
    if zones is not None and len(set(zones)) != len(zones):
        yield component.place("zones"), "the same zone is named twice", "name each zone once"
    if replicas is not None and replicas == 0 and not component.autoscale and not component.scaling:
        yield component.place("replicas"), "no replica: this component does not run", "write at least 1"
    if component.dead_letter is not None:
        target = components.get(component.dead_letter)
        if component.dead_letter == component.name:
            yield component.place("dead_letter"), "a queue cannot be its own dead letter", "name another queue"
        elif target is not None and target.kind not in {"queue", *DURABLE_STORES, "external"}:
            message = f"`{target.name}` is a {target.kind}; dead letters go to a queue or a store"
            yield component.place("dead_letter"), message, "name a queue"
    if component.trains and kind != "training-job":
        yield component.place("trains"), f"a {kind} does not train", "make it a `training-job`"
    if component.window_s and component.run_time_s and kind != "batch-job":
        yield component.place("window"), f"a {kind} has no window", "make it a `batch-job`"


def _of_scaling(place: Place, scaling: Scaling | None) -> Iterator[Contradiction]:
    if scaling is None or scaling.minimum is None or scaling.maximum is None:
        return
    if scaling.minimum > scaling.maximum:
        low, high = format_count(scaling.minimum), format_count(scaling.maximum)
        yield place.key("min"), f"min is {low}, above max with {high}", "are they swapped?"


def _of_relation(relation: Relation, target: Component) -> Iterator[Contradiction]:
    allowed = _TARGET_KINDS.get(relation.verb)
    if allowed is not None and target.kind not in allowed[0]:
        fits = next((verb for verb, kinds in _TARGET_KINDS.items() if target.kind in kinds[0] and verb != "triggers"), "calls")
        better = _INSTEAD.get((relation.verb, target.kind), "calls" if target.kind not in STORES | {"queue"} else fits)
        message = f"`{relation.source}` {relation.verb} `{target.name}`, which is a {target.kind}, not {allowed[1]}"
        yield relation.place(), message, f"did you mean `{better}`, or another kind for `{target.name}`?"
    if relation.verb == "calls" and target.kind == "queue":
        yield relation.place(), f"`{target.name}` is a queue: nobody answers a call there", "did you mean `publishes`?"
    if relation.verb == "calls" and relation.target == relation.source:
        yield relation.place(), "a component cannot call itself", "leave it out: replicas are not told apart"
    for key, value in (("hit_ratio", relation.hit_ratio), ("ttl", relation.ttl_s), ("kind", relation.caches)):
        if value is not None and target.kind not in {"cache", "feature-store", "database", "external"}:
            yield relation.place(key), f"`{target.name}` is a {target.kind}, not a cache", "make its kind `cache`"
            break


def _of_workload(workload: Workload, components: Components) -> Iterator[Contradiction]:
    rate, peak = workload.rate_per_s, workload.peak_per_s
    if rate is not None and peak is not None and peak < rate:
        message = f"the peak, {format_rate(peak)}, is below the mean rate, {format_rate(rate)}"
        yield workload.place("peak"), message, "are they swapped?"
    if workload.distinct is not None and workload.inputs == "on-request":
        message = "inputs that are unknown before the request cannot be counted ahead of time"
        yield workload.place("distinct"), message, "take out `distinct`, or write `inputs: known`"
    client = components.get(workload.entrance.client)
    to = workload.entrance.to
    if client is not None and to is not None and to in components and all(rel.target != to for rel in client.relations):
        message = f"`{client.name}` has no relation to `{to}`"
        yield workload.place("from", "to"), message, "name the target of one of its relations"


def _of_model(model: Model, components: Components) -> Iterator[Contradiction]:
    whole, active = model.parameters, model.active_parameters
    if whole is not None and active is not None and active > whole:
        message = f"{format_count(active)} active parameters are more than all {format_count(whole)}"
        yield model.place("active_parameters"), message, "are they swapped?"
    registry = components.get(model.registry) if model.registry else None
    if registry is not None and registry.kind not in {"model-registry", "object-store", "external", "database"}:
        message = f"`{registry.name}` is a {registry.kind}; models come from a model registry or object store"
        yield model.place("registry"), message, "name a component of kind `model-registry`"


def shares_above_one(relations: list[Relation]) -> str | None:
    """Say by how much the shares of one component's relations exceed the whole, or None."""
    total = sum(relation.share or 0.0 for relation in relations)
    return format_share(total) if total > 1 + 1e-9 else None

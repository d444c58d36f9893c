"""Facts of a file that cannot be true together.

Unusual facts are not contradictions: a correct file must never get such an error.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as AbstractMapping

from archlint.model.architecture import Component, Model, Scaling, Workload
from archlint.model.fitting import check_relations
from archlint.model.locate import locate
from archlint.model.places import Place
from archlint.model.quantities import format_count, format_rate, format_share, format_size
from archlint.model.reading import Reading
from archlint.model.words import DEAD_LETTER_KINDS, PRECISIONS, REGISTRY_KINDS, WITHOUT_MODEL, WITHOUT_TRAINING

Components = AbstractMapping[str, Component]
Say = Callable[[Place, str, str], None]
"""Reports a place, what is wrong there, and what to do."""

_FAR_TOO_SMALL = 20.0
"""Neither compression nor quantisation makes an artefact this many times smaller than its parameters."""
_OTHER_DOWNTIME = 2.0
"""Rounding does not explain two values of one unavailability that differ by this factor."""


def report_contradictions(
    r: Reading, workloads: dict[str, Workload], models: dict[str, Model], components: dict[str, Component]
) -> None:
    """Report each contradiction at the second of its two facts."""

    def say(place: Place, message: str, suggestion: str) -> None:
        document, span = locate(r.origins, place, r.document)
        r.document = document
        r.report("contradiction", span, message, suggestion, steps=place.steps, loses_meaning=False)

    given = {one.target for part in components.values() for one in part.relations if one.verb in {"calls", "triggers"}}
    for component in components.values():
        if component.kind == "worker" and component.name not in given:
            _check_idle(say, component, components, r.unread)
        _check_component(say, component, components)
        if component.relations:
            check_relations(say, component, components)
    for workload in workloads.values():
        _check_workload(say, workload, components, r)
    for model in models.values():
        _check_model(say, model, components)


def _check_idle(say: Say, component: Component, components: Components, unread: set[str]) -> None:
    """Check that a worker has a queue, or asks a scheduler for its work, as those of Dask and Temporal do.

    One that something calls needs neither: the head of a Ray cluster hands tasks to its workers.
    """
    idle = not any(
        relation.verb == "consumes" or (relation.verb == "calls" and _is_scheduler(components.get(relation.target)))
        for relation in component.relations
    )
    if idle and component.place("consumes").identity not in unread:
        message = "this worker consumes nothing; a worker takes its work from a queue"
        say(component.place("kind"), message, "add `consumes: [queue]`, or change `kind` to `service`")


def _is_scheduler(component: Component | None) -> bool:
    return component is not None and component.kind == "scheduler"


def _check_component(say: Say, component: Component, components: Components) -> None:
    if component.serves:
        _check_models_of(say, component, "serves", component.serves, WITHOUT_MODEL)
    if component.trains:
        _check_models_of(say, component, "trains", component.trains, WITHOUT_TRAINING)
    _check_replicas(say, component)
    zones = component.different_zones
    if zones is not None:
        _check_zones(say, component, int(zones))
    if component.dead_letter is not None:
        _check_dead_letter(say, component, components.get(component.dead_letter))
    if component.availability is not None:
        _check_availability(say, component, component.availability)
    if component.features is not None and component.features == component.name:
        say(component.place("features"), "a component cannot be its own feature source", "name another one")
    hardware = component.hardware
    if hardware is not None and hardware.gpus == 0 and hardware.gpu is not None:
        say(component.place("hardware", "gpus"), f"`gpus` is 0, but `gpu` is {hardware.gpu}", "remove one of them")
    if hardware is not None and hardware.gpus is not None:
        _check_parallel(say, component, hardware.gpus)
    regions = component.regions or ()
    if len(set(regions)) != len(regions):
        say(component.place("regions"), "`regions` lists the same region twice", "list each region once")


def _check_parallel(say: Say, component: Component, gpus: float) -> None:
    """Check that a replica has the accelerators that its model is spread over."""
    needed = (component.tensor_parallel or 1.0) * (component.pipeline_parallel or 1.0)
    if needed > max(1.0, gpus):
        key = "tensor_parallel" if component.tensor_parallel is not None else "pipeline_parallel"
        spread = f"the model is spread over {format_count(needed)} accelerators"
        message = f"{spread}, but a replica has {format_count(gpus)}"
        say(component.place(key), message, "change `hardware.gpus`, or the key here")


def _check_models_of(
    say: Say, component: Component, key: str, models: tuple[str, ...], wrong_kinds: frozenset[str]
) -> None:
    if component.kind in wrong_kinds:
        better = "`model-server`" if key == "serves" else "`training-job`"
        hint = f"change `kind` to {better}, or remove `{key}`"
        say(component.place(key), f"a {component.kind} cannot have `{key}`", hint)
    if len(set(models)) == len(models):
        return
    seen: set[str] = set()
    for index, name in enumerate(models):
        if name in seen:
            place = Place(("components", component.name, key, index), ("components", component.name, key, name))
            say(place, f"`{key}` lists `{name}` twice", "list each model once")
            return
        seen.add(name)


def _check_replicas(say: Say, component: Component) -> None:
    replicas, scaling, autoscale = component.replicas, component.scaling, component.autoscale
    if scaling is not None:
        _check_range(say, component.place("replicas"), scaling)
        if autoscale is not None and scaling != autoscale:
            message = "`replicas` and `autoscale` have different ranges"
            say(component.place("autoscale"), message, "remove one of them")
    if autoscale is not None:
        _check_range(say, component.place("autoscale"), autoscale)
    if replicas is None:
        return
    if replicas == 0 and autoscale is None:
        message = "with 0 replicas, this component does not run"
        say(component.place("replicas"), message, "write at least 1, or a range such as {min: 0, max: 4}")
    elif autoscale is not None and not (autoscale.minimum or 0) <= replicas <= (autoscale.maximum or replicas):
        message = f"{format_count(replicas)} replicas are outside the range of `autoscale`"
        say(component.place("replicas"), message, "remove `replicas`, or change the range")


def _check_range(say: Say, place: Place, scaling: Scaling) -> None:
    low, high = scaling.minimum, scaling.maximum
    if high == 0:
        say(place.key("max"), "with a maximum of 0 replicas, this component never runs", "write at least 1")
    elif low is not None and high is not None and low > high:
        say(place.key("min"), f"`min` is {format_count(low)}, but `max` is {format_count(high)}", "swap them?")


def _check_zones(say: Say, component: Component, different: int) -> None:
    if component.zones and different != len(component.zones):
        say(component.place("zones"), "`zones` lists the same zone twice", "list each zone once")
    if different < 2:
        return
    if component.host is not None:
        message = f"all replicas run on the host `{component.host}`, so they cannot run in {different} zones"
        say(component.place("zones"), message, "remove `host`, or keep one zone")
    replicas = component.least_replicas
    if replicas is None:
        return
    ranges = [s.maximum if s.maximum is not None else different for s in (component.scaling, component.autoscale) if s]
    most = max([replicas, *ranges])
    if 0 < most < different:
        one = "replica" if most == 1 else "replicas"
        message = f"{format_count(most)} {one} cannot run in {different} zones"
        say(component.place("zones"), message, "add replicas, or remove zones")


def _check_dead_letter(say: Say, component: Component, target: Component | None) -> None:
    if component.dead_letter == component.name:
        say(component.place("dead_letter"), "a queue cannot be its own dead-letter queue", "name another queue")
    elif target is not None and target.kind not in DEAD_LETTER_KINDS:
        message = f"`{target.name}` is a {target.kind}; dead letters go to a queue or a store"
        say(component.place("dead_letter"), message, "name a queue")


def _check_availability(say: Say, component: Component, availability: float) -> None:
    up, down = component.mtbf_s, component.mttr_s
    if up is None or down is None:
        return
    stated, derived = 1 - availability, down / (up + down)
    if max(stated, derived) > _OTHER_DOWNTIME * min(stated, derived) + 1e-12:
        one, other = format_share(availability), format_share(1 - derived)
        message = f"`availability` is {one}, but `mtbf` and `mttr` give {other}"
        say(component.place("availability"), message, "remove `availability`, or correct `mtbf` and `mttr`")


def _check_workload(say: Say, workload: Workload, components: Components, r: Reading) -> None:
    rate, peak = workload.rate_per_s, workload.peak_per_s
    if rate is not None and peak is not None and peak < rate:
        message = f"`peak` is {format_rate(peak)}, below the mean `rate` of {format_rate(rate)}"
        say(workload.place("peak"), message, "swap them?")
    if workload.distinct is not None and workload.inputs == "on-request":
        message = "with `inputs: on-request`, nobody can count the distinct inputs in advance"
        say(workload.place("distinct"), message, "remove `distinct`, or write `inputs: known`")
    client = components.get(workload.entrance.client)
    if client is None or ("components", client.name) in r.unread_parts:
        return
    to = workload.entrance.to
    if to is not None and to in components and all(relation.target != to for relation in client.relations):
        message = f"`{client.name}` has no relation to `{to}`"
        say(workload.place("from", "to"), message, f"name a target of `{client.name}`, or remove `to`")
    elif client.kind == "client" and not client.relations and not client.serves:
        message = f"the workload enters at `{client.name}`, which has no relations"
        say(workload.place("from"), message, f"add `calls: [COMPONENT]` to `{client.name}`")


def _check_generative(say: Say, model: Model) -> None:
    if model.adapter_of == model.name:
        say(model.place("adapter_of"), "a model cannot be its own adapter", "name its base model")
    whole, tables = model.parameters, model.embedding_parameters
    if whole is not None and tables is not None and tables > whole:
        message = f"`embedding_parameters` is {format_count(tables)}, above `parameters` with {format_count(whole)}"
        say(model.place("embedding_parameters"), message, "swap them?")


def _check_model(say: Say, model: Model, components: Components) -> None:
    _check_generative(say, model)
    whole, active = model.parameters, model.active_parameters
    if whole is not None and active is not None and active > whole:
        message = f"`active_parameters` is {format_count(active)}, above `parameters` with {format_count(whole)}"
        say(model.place("active_parameters"), message, "swap them?")
    if whole is not None and model.artifact_bytes is not None and model.precision is not None:
        needed = whole * PRECISIONS[model.precision]
        if model.artifact_bytes * _FAR_TOO_SMALL < needed:
            message = (
                f"{format_count(whole)} parameters in {model.precision} need {format_size(needed)}, "
                f"but the artefact has only {format_size(model.artifact_bytes)}"
            )
            say(model.place("artifact"), message, "check the units of `artifact` and `parameters`")
    registry = components.get(model.registry) if model.registry is not None else None
    if registry is not None and registry.kind not in REGISTRY_KINDS:
        message = f"`{registry.name}` is a {registry.kind}; models come from a model registry or object store"
        say(model.place("registry"), message, "name a component of the kind `model-registry`")

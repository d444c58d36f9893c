"""Facts of a file that cannot be true together.

What is merely unusual is no contradiction: a correct file must never be told that it contradicts itself.
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
"""Takes where, what cannot be true, and what to do."""

_FAR_TOO_SMALL = 20.0
"""An artefact this many times smaller than its parameters is not explained by compression or quantisation."""
_OTHER_DOWNTIME = 2.0
"""Two figures for the same unavailability that differ by this factor are not one figure rounded."""


def report_contradictions(
    r: Reading, workloads: dict[str, Workload], models: dict[str, Model], components: dict[str, Component]
) -> None:
    """Report each contradiction at the place that says the second of the two facts."""

    def say(place: Place, message: str, suggestion: str) -> None:
        document, span = locate(r.origins, place, r.document)
        r.document = document
        r.report("contradiction", span, message, suggestion, steps=place.steps, loses_meaning=False)

    for component in components.values():
        _check_component(say, component, components, r.unread)
        if component.relations:
            check_relations(say, component, components)
    for workload in workloads.values():
        _check_workload(say, workload, components, r)
    for model in models.values():
        _check_model(say, model, components)


def _check_component(say: Say, component: Component, components: Components, unread: set[str]) -> None:
    kind = component.kind
    idle = kind == "worker" and not any(relation.verb == "consumes" for relation in component.relations)
    if idle and component.place("consumes").identity not in unread:
        message = "a worker takes work from a queue, but this one consumes nothing"
        say(component.place("kind"), message, "add `consumes: [queue]`, or make it a `service`")
    if component.serves:
        _check_models_of(say, component, "serves", component.serves, WITHOUT_MODEL)
    if component.trains:
        _check_models_of(say, component, "trains", component.trains, WITHOUT_TRAINING)
    _check_replicas(say, component)
    if component.zones is not None:
        _check_zones(say, component, component.zones)
    if component.dead_letter is not None:
        _check_dead_letter(say, component, components.get(component.dead_letter))
    if component.availability is not None:
        _check_availability(say, component, component.availability)
    if component.features is not None and component.features == component.name:
        say(component.place("features"), "a component cannot be its own source of features", "name another component")
    hardware = component.hardware
    if hardware is not None and hardware.gpus == 0 and hardware.gpu is not None:
        say(component.place("hardware", "gpus"), f"no accelerator, but `gpu` names one: {hardware.gpu}", "remove one")


def _check_models_of(
    say: Say, component: Component, key: str, models: tuple[str, ...], wrong_kinds: frozenset[str]
) -> None:
    if component.kind in wrong_kinds:
        better = "`model-server`" if key == "serves" else "`training-job`"
        say(component.place(key), f"a {component.kind} cannot have `{key}`", f"make it a {better}, or remove `{key}`")
    if len(set(models)) == len(models):
        return
    seen: set[str] = set()
    for index, name in enumerate(models):
        if name in seen:
            place = Place(("components", component.name, key, index), ("components", component.name, key, name))
            say(place, f"`{name}` is named twice", "name each model once")
            return
        seen.add(name)


def _check_replicas(say: Say, component: Component) -> None:
    replicas, scaling, autoscale = component.replicas, component.scaling, component.autoscale
    if scaling is not None:
        _check_range(say, component.place("replicas"), scaling)
        if autoscale is not None and scaling != autoscale:
            message = "`replicas` and `autoscale` state different ranges"
            say(component.place("autoscale"), message, "keep `replicas: {min, max}` or `autoscale`")
    if autoscale is not None:
        _check_range(say, component.place("autoscale"), autoscale)
    if replicas is None:
        return
    if replicas == 0 and autoscale is None:
        message = "no replica: this component does not run"
        say(component.place("replicas"), message, "write at least 1, or {min: 0, max: 4}")
    elif autoscale is not None and not (autoscale.minimum or 0) <= replicas <= (autoscale.maximum or replicas):
        message = f"{format_count(replicas)} replicas are outside the range of `autoscale`"
        say(component.place("replicas"), message, "remove `replicas`, or change the range")


def _check_range(say: Say, place: Place, scaling: Scaling) -> None:
    low, high = scaling.minimum, scaling.maximum
    if high == 0:
        say(place.key("max"), "no replica ever: this component does not run", "write at least 1")
    elif low is not None and high is not None and low > high:
        say(place.key("min"), f"min is {format_count(low)}, above max with {format_count(high)}", "are they swapped?")


def _check_zones(say: Say, component: Component, zones: tuple[str, ...]) -> None:
    different = len(set(zones))
    if different != len(zones):
        say(component.place("zones"), "the same zone is named twice", "name each zone once")
    if different < 2:
        return
    if component.host is not None:
        message = f"replicas that share the host `{component.host}` cannot run in {different} zones"
        say(component.place("zones"), message, "remove `host`, or name the one zone")
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
        say(component.place("dead_letter"), "a queue cannot be its own dead letter", "name another queue")
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
        message = f"an availability of {one}, but `mtbf` and `mttr` make it {other}"
        say(component.place("availability"), message, "remove it, or correct `mtbf` and `mttr`")


def _check_workload(say: Say, workload: Workload, components: Components, r: Reading) -> None:
    rate, peak = workload.rate_per_s, workload.peak_per_s
    if rate is not None and peak is not None and peak < rate:
        message = f"the peak, {format_rate(peak)}, is below the mean rate, {format_rate(rate)}"
        say(workload.place("peak"), message, "are they swapped?")
    if workload.distinct is not None and workload.inputs == "on-request":
        message = "inputs that are unknown before the request cannot be counted ahead of time"
        say(workload.place("distinct"), message, "remove `distinct`, or write `inputs: known`")
    client = components.get(workload.entrance.client)
    if client is None or ("components", client.name) in r.unread_parts:
        return
    to = workload.entrance.to
    if to is not None and to in components and all(relation.target != to for relation in client.relations):
        message = f"`{client.name}` has no relation to `{to}`"
        say(workload.place("from", "to"), message, "name the target of one of them")
    elif client.kind == "client" and not client.relations and not client.serves:
        message = f"the workload enters `{client.name}`, which has no relation to anything"
        say(workload.place("from"), message, f"add `calls:` to `{client.name}`")


def _check_model(say: Say, model: Model, components: Components) -> None:
    whole, active = model.parameters, model.active_parameters
    if whole is not None and active is not None and active > whole:
        message = f"{format_count(active)} active parameters are more than all {format_count(whole)}"
        say(model.place("active_parameters"), message, "are they swapped?")
    if whole is not None and model.artifact_bytes is not None and model.precision is not None:
        needed = whole * PRECISIONS[model.precision]
        if model.artifact_bytes * _FAR_TOO_SMALL < needed:
            message = (
                f"{format_count(whole)} parameters in {model.precision} take {format_size(needed)}, "
                f"far more than the artefact with {format_size(model.artifact_bytes)}"
            )
            say(model.place("artifact"), message, "check the units of `artifact` and `parameters`")
    registry = components.get(model.registry) if model.registry is not None else None
    if registry is not None and registry.kind not in REGISTRY_KINDS:
        message = f"`{registry.name}` is a {registry.kind}; models come from a model registry or object store"
        say(model.place("registry"), message, "name a component of kind `model-registry`")

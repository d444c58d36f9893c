"""The duration of some work: pieces x mean time of one / pieces in parallel."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from archlint.analysis.facts import Fact
from archlint.analysis.quota_use import Each, time_in_flight
from archlint.analysis.service_time import mean
from archlint.analysis.system import System
from archlint.model.architecture import Component, Model, Scaling, ServiceTime, Workload
from archlint.model.places import Place, place
from archlint.verdicts import Certainty, Origin, Term

AskedBy = Callable[[System, Component], tuple[Workload, ...]]
"""The workloads for whose requests a component works."""


class Work(msgspec.Struct, frozen=True):
    """Seconds until all pieces are done, with the terms of the calculation.

    `each_s` is the mean time of one piece; `slots` is the number of parallel pieces. The certainty is `estimated` if a
    mean is fitted to percentiles.
    """

    value_s: float
    each_s: float
    slots: float
    terms: tuple[Term, ...]
    certainty: Certainty


def work(
    system: System, pieces: float, models: tuple[str, ...], server: Component, widest: bool = False,
    asked_by: AskedBy | None = None,
) -> Work | tuple[Place, ...]:  # fmt: skip
    """Return the time that a server takes for some pieces, or the places of the missing keys.

    With `widest`, the maximum of replicas works on full batches: the server cannot be faster. Otherwise, the replicas
    that always run work on one piece per worker. With `asked_by`, answers that a model generates take the time of the
    tokens of these workloads, if the model states no time of its own; then the workers must be stated.
    """
    generated = asked_by is not None and any(_generates(system.architecture.models.get(name)) for name in models)
    asking = asked_by(system, server) if asked_by is not None and generated else ()
    times = list(_times(system, models, server, asking))
    needs = [item for item in times if isinstance(item, Place)]
    replicas = most_replicas(system, server) if widest else system.facts.replicas(server)
    if replicas is None:
        needs.append(replicas_key(server, widest))
    if needs or replicas is None:
        return tuple(needs)
    stated = [item for item in times if not isinstance(item, Place)]
    each_s = sum(float(term.value) for term, _ in stated if term.name in {"service_time", "own_time"})
    workers = system.facts.workers(server)
    terms = [*(term for term, _ in stated), replicas.term("replicas", f"replicas of {server.name}", "count")]
    terms.append(workers.term("workers", "workers per replica", "count"))
    slots = float(replicas.value) * float(workers.value)
    batch = server.batching.max_size if widest and server.batching is not None else None
    if generated and batch is None and workers.origin is Origin.ASSUMED:
        return (server.place("workers"),)        # servers of such models work on many answers at a time
    if batch is not None:
        slots *= batch
        at = server.place("batching", "max_size")
        terms.append(Term("batch", "items in one full batch", batch, "count", Origin.STATED, at))
    fitted = any(certainty is Certainty.ESTIMATED for _, certainty in stated)
    return Work(
        pieces * each_s / slots if slots else float("inf"), each_s, slots, tuple(terms),
        Certainty.ESTIMATED if fitted else Certainty.PROVEN,
    )  # fmt: skip


def together(one: Work, other: Work) -> Work:
    """Return the work of two servers that empty one queue: their rates add up."""
    if not other.slots:
        return one
    both = one.value_s + other.value_s
    value_s = one.value_s * (other.value_s / both) if both > 0 else 0.0
    slots = one.slots + other.slots
    return Work(value_s, one.each_s, slots, (*one.terms, *other.terms), Certainty.ESTIMATED)


def _times(
    system: System, models: tuple[str, ...], server: Component, asking: tuple[Workload, ...] = ()
) -> Iterator[tuple[Term, Certainty] | Place]:
    """Yield the mean times of one piece: of the models, and of the server's own work if stated."""
    for name in models:
        model = system.architecture.models.get(name)
        if asking and model is not None and _generates(model):
            yield from _generated([time_in_flight(system, model, server, workload, True) for workload in asking])
            continue
        time = model.service_time if model is not None else None
        yield _mean(time, place("models", name, "service_time"), "service_time", f"model {name}")
    if server.service_time is not None:
        yield _mean(server.service_time, server.place("service_time"), "own_time", f"own work of {server.name}")
    preparing = server.preprocessing
    if preparing is not None and preparing.service_time is not None:
        at = server.place("preprocessing", "service_time")
        yield _mean(preparing.service_time, at, "own_time", f"preprocessing in {server.name}")


def _generates(model: Model | None) -> bool:
    """Return whether only the times of a model's tokens say how long its answers take."""
    return model is not None and model.service_time is None and (model.ttft is not None or model.tpot is not None)


def _generated(found: list[Each]) -> Iterator[tuple[Term, Certainty] | Place]:
    """Yield the least of the times that answers for several workloads take, or what is missing of them."""
    least = min(found, key=lambda each: (bool(each.needs), each.amount))
    if least.needs:
        yield from least.needs
        return
    yield from ((term, Certainty.ESTIMATED) for term in least.terms)


def _mean(time: ServiceTime | None, at: Place, name: str, label: str) -> tuple[Term, Certainty] | Place:
    if time is None:
        return at
    value_s = mean(time)
    if value_s is None:
        return at.key("mean")
    if time.constant_s is not None:
        return Term(name, label, value_s, "s", Origin.STATED, at), Certainty.PROVEN
    if time.mean_s is not None:
        return Term(name, f"{label}, mean", value_s, "s", Origin.STATED, at.key("mean")), Certainty.PROVEN
    note = "mean of the lognormal through what is stated"
    return Term(name, f"{label}, mean", value_s, "s", Origin.DERIVED, at, note), Certainty.ESTIMATED


def _ranges(component: Component) -> Iterator[tuple[str, Scaling]]:
    for key, scaling in (("autoscale", component.autoscale), ("replicas", component.scaling)):
        if scaling is not None:
            yield key, scaling


def most_replicas(system: System, component: Component) -> Fact | None:
    """Return the maximum of replicas: the upper end of a range, otherwise the stated number."""
    for key, scaling in _ranges(component):
        if scaling.maximum is None:
            return None
        return Fact(scaling.maximum, Origin.STATED, component.place(key, "max"))
    return system.facts.replicas(component)


def replicas_key(component: Component, widest: bool = False) -> Place:
    """Return the key to add if the replicas of a component are unknown.

    >>> replicas_key(Component("ranker", "model-server")).at
    'components.ranker.replicas'
    """
    for key, _ in _ranges(component):
        return component.place(key, "max" if widest else "min")
    return component.place("replicas")

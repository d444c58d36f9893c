"""What a cache of predictions can save: hits that are possible, the time that a hit saves, and the load without it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from archlint.analysis.service_time import mean
from archlint.analysis.system import System
from archlint.analysis.utilisation import Load, Utilisation, utilisations
from archlint.model.architecture import Component, Relation, ServiceTime, Workload
from archlint.model.places import Place, place
from archlint.verdicts import Origin, Term


class LookUp(msgspec.Struct, frozen=True):
    """A look-up in a cache of predictions, with the workloads whose requests make it."""

    relation: Relation
    source: Component
    cache: Component
    workloads: tuple[Workload, ...]


class Possible(msgspec.Struct, frozen=True):
    """The largest share of look-ups that can be hits: that of inputs which repeat."""

    value: float
    terms: tuple[Term, ...]


class Cold(msgspec.Struct, frozen=True):
    """The load of a component behind a cache while the cache is empty."""

    use: Utilisation
    load: Load
    busy: float
    factor: float


def look_ups(system: System) -> Iterator[LookUp]:
    """Yield the look-ups in caches of predictions on waiting paths, in the order of the file."""
    for component in system.components.values():
        for relation in system.topology.outgoing[component.name]:
            predicts = relation.caches == "prediction" or (relation.caches is None and relation.hit_ratio is not None)
            if predicts and system.topology.looks_up(relation):
                used = tuple(
                    w for w in system.workloads_of.get(component.name, ()) if component.name in system.flow(w).waiting
                )
                if used:
                    yield LookUp(relation, component, system.components[relation.target], used)


def possible_hits(look_up: LookUp) -> Possible | tuple[Place, ...]:
    """Return the largest possible hit ratio: the share of repeated inputs, weighted with the rates.

    If a rate is unknown, it is the largest share of a workload. If a share is unknown, returns the keys to add.
    """
    missing = tuple(w.place("repeats") for w in look_up.workloads if w.repeats is None)
    if missing:
        return missing
    repeats = [(w, w.repeats or 0.0, w.rate_per_s) for w in look_up.workloads]
    terms = [
        Term("repeats", f"inputs of {w.name} that repeat", share, "share", Origin.STATED, w.place("repeats"))
        for w, share, _ in repeats
    ]
    total = sum(rate or 0.0 for _, _, rate in repeats)
    if len(repeats) == 1 or not total or any(rate is None for _, _, rate in repeats):
        value, note = max(share for _, share, _ in repeats), "largest share"
    else:
        value, note = sum(share * (rate or 0.0) for _, share, rate in repeats) / total, "mean, weighted with the rates"
    if len(repeats) > 1:
        terms.append(Term("possible", "look-ups that can be hits, at most", value, "share", Origin.DERIVED, None, note))
    return Possible(value, tuple(terms))


def saved_s(system: System, look_up: LookUp) -> tuple[float, tuple[Term, ...]] | None:
    """Return the mean time that a hit saves: of the source's models, and of the calls after the look-up.

    None if it is unknown, or more than a file of single times can tell.
    """
    relations = system.topology.outgoing[look_up.source.name]
    position = relations.index(look_up.relation)
    times = list(_model_times(system, look_up.source, look_up.workloads))
    for relation in relations[position + 1 :]:
        if relation.verb in {"calls", "reads"} and not system.topology.looks_up(relation):
            target = system.components[relation.target]
            if any(system.topology.waits(one) for one in system.topology.outgoing[target.name]):
                return None
            times += [("own_time", f"own work of {target.name}", target.service_time, target.place("service_time"))]
            times += _model_times(system, target, look_up.workloads)
    total, terms = 0.0, []
    for name, label, time, at in times:
        value = mean(time) if time is not None else None
        if value is None:
            return None
        total += value
        origin = Origin.STATED if time is not None and not time.percentiles else Origin.DERIVED
        terms.append(Term(name, f"{label}, mean", value, "s", origin, at))
    return (total, tuple(terms)) if terms else None


def _model_times(
    system: System, server: Component, workloads: Sequence[Workload]
) -> Iterator[tuple[str, str, ServiceTime | None, Place]]:
    wanted = {name for workload in workloads for name in workload.models or server.serves}
    for name in dict.fromkeys(server.serves):
        if name in wanted:
            model = system.architecture.models.get(name)
            time = model.service_time if model is not None else None
            yield "service_time", f"model {name}", time, place("models", name, "service_time")


def cold_loads(system: System, look_up: LookUp) -> Iterator[Cold]:
    """Yield the load of the components that answer the misses of a look-up, as if none were a hit."""
    ratio = look_up.relation.hit_ratio or 0.0
    if not 0 < ratio < 1:
        return
    uses = {use.component.name: use for use in utilisations(system)}
    relations = system.topology.outgoing[look_up.source.name]
    behind = [relation.target for relation in relations[relations.index(look_up.relation) + 1 :]]
    for name in dict.fromkeys([look_up.source.name, *behind]):
        use = uses.get(name)
        if use is None or use.slots.needs or use.slots.unbounded or use.slots.total == 0:
            continue
        calls = [r for r in system.topology.incoming[name] if system.topology.waits(r)]
        if name != look_up.source.name and {relation.source for relation in calls} != {look_up.source.name}:
            continue                      # others send requests here too
        load = max((use.at_mean(False), use.at_peak(False)), key=lambda one: one.busy)
        if load.busy <= 0:
            continue
        if name != look_up.source.name:
            yield Cold(use, load, load.busy / (1 - ratio), 1 / (1 - ratio))
        else:
            busy = load.busy + _spared(use, load)
            if busy > load.busy:
                yield Cold(use, load, busy, busy / load.busy)


def _spared(use: Utilisation, load: Load) -> float:
    """Return the workers that the hits of a component's own look-up spare."""
    total = 0.0
    for demand in use.demands:
        workload = demand.workload
        rate = (workload.peak_per_s if workload is load.peak else workload.rate_per_s) or 0.0
        total += demand.visits * rate * sum(time.mean_s * (1 - time.share) for time in demand.times)
    return total

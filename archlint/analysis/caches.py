"""What a cache of predictions can save: hits that are possible, the time that a hit saves, and the load without it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter, mul

import msgspec

from archlint.analysis.following import Following
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
    """The largest share of look-ups that can be hits, which is that of inputs which repeat: from `least` to `most`.

    The two differ if `needs` is not empty: the keys of the shares and rates that are not stated.
    """

    least: float
    most: float
    terms: tuple[Term, ...]
    needs: tuple[Place, ...] = ()


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


def possible_hits(look_up: LookUp) -> Possible:
    """Return the largest possible hit ratio: the share of repeated inputs, weighted with the rates.

    If a rate is unknown, it is between the smallest and the largest share of a workload.
    """
    terms = [
        Term("repeats", f"inputs of {w.name} that repeat", w.repeats, "share", Origin.STATED, w.place("repeats"))
        for w in look_up.workloads if w.repeats is not None
    ]  # fmt: skip
    least = [(0.0 if w.repeats is None else w.repeats) for w in look_up.workloads]
    most = [(1.0 if w.repeats is None else w.repeats) for w in look_up.workloads]
    rates = [w.rate_per_s or 0.0 for w in look_up.workloads]
    needs = [w.place("repeats") for w in look_up.workloads if w.repeats is None]
    if len(rates) > 1 and all(rates):
        low, high = (sum(map(mul, shares, rates)) / sum(rates) for shares in (least, most))
        note = "mean, weighted with the rates"
    else:
        low, high, note = min(least), max(most), "largest share"
        if low < high:
            needs += [w.place("rate") for w in look_up.workloads if w.rate_per_s is None and len(rates) > 1]
    if len(rates) > 1:
        terms.append(Term("possible", "look-ups that can be hits, at most", high, "share", Origin.DERIVED, None, note))
    return Possible(low, high, tuple(terms), tuple(needs))


class Saved(msgspec.Struct, frozen=True):
    """The mean time that a hit saves; `needs` are the keys that would state missing parts of it."""

    value_s: float
    terms: tuple[Term, ...]
    needs: tuple[Place, ...] = ()


def saved(system: System, look_up: LookUp) -> Saved | None:
    """Return the mean time that a hit saves: of the source's models, and of the calls after the look-up.

    None if single times cannot tell it, because calls lead to further calls.
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
    total, terms, needs = 0.0, [], []
    for name, label, time, at in times:
        value = mean(time) if time is not None else None
        if value is None:
            needs.append(at if time is None else at.key("mean"))
            continue
        total += value
        origin = Origin.STATED if time is not None and not time.percentiles else Origin.DERIVED
        terms.append(Term(name, f"{label}, mean", value, "s", origin, at))
    return Saved(total, tuple(terms), tuple(needs)) if terms or needs else None


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
    for use in _behind(system, look_up):
        if use.slots.needs or not use.works:
            continue
        load = max((use.at_mean(False), use.at_peak(False)), key=lambda one: one.busy)
        if load.busy <= 0:
            continue
        if use.component.name != look_up.source.name:
            yield Cold(use, load, load.busy / (1 - ratio), 1 / (1 - ratio))
        else:
            busy = load.busy + _spared(use, load)
            if busy > load.busy:
                yield Cold(use, load, busy, busy / load.busy)


def _behind(system: System, look_up: LookUp) -> list[Utilisation]:
    """Return the components that answer the misses of a look-up, if nobody else sends requests there."""
    return [use for _, use in system.once(_Behind).of(look_up.source.name, look_up.relation)]


_Numbered = tuple[int, Utilisation]


class _Behind:
    """What answers the misses of the look-ups of each component."""

    def __init__(self, system: System) -> None:
        self._outgoing = system.topology.outgoing
        self._uses = _uses_by_caller(system)
        self._of_source: dict[str, tuple[dict[tuple[str, int], int], Following[Relation, _Numbered]]] = {}

    def of(self, source: str, look_up: Relation) -> Sequence[_Numbered]:
        """Return the components that a component calls after a look-up, and itself, in the order of the file."""
        if source not in self._of_source:
            relations, own = self._outgoing[source], self._uses.get(source, {})
            positions = {(r.verb, r.index): position for position, r in enumerate(relations)}
            itself = self._uses[None].get(source)
            self._of_source[source] = positions, Following(
                relations, lambda r: [own[r.target]] if r.target in own and r.target != source else [],
                lambda ends: _in_order([*ends, itself] if itself is not None else ends),
            )  # fmt: skip
        positions, following = self._of_source[source]
        return following.after(positions[look_up.verb, look_up.index])


def _in_order(numbered: Sequence[_Numbered]) -> Sequence[_Numbered]:
    """Return components in the order of the file, each once."""
    return sorted(dict(numbered).items(), key=itemgetter(0))


def _uses_by_caller(system: System) -> Mapping[str | None, Mapping[str, _Numbered]]:
    """Return the components that have a limited number of workers, by their only caller, and all of them under None.

    Each has its number in the file.
    """
    found: dict[str | None, dict[str, _Numbered]] = {None: {}}
    for number, use in enumerate(utilisations(system)):
        if use.slots.unbounded or use.slots.total == 0:
            continue
        name = use.component.name
        found[None][name] = number, use
        callers = {r.source for r in system.topology.incoming[name] if system.topology.waits(r)}
        if len(callers) == 1:
            found.setdefault(callers.pop(), {})[name] = number, use
    return found



def open_loads(system: System, look_up: LookUp) -> tuple[Place, ...]:
    """Return the keys without which the load without the cache is unknown, of the first component."""
    ratio = look_up.relation.hit_ratio or 0.0
    for use in _behind(system, look_up) if 0 < ratio < 1 else []:
        rated = any(part.group.most_per_s > 0 for part in use.parts)
        busy = max(use.at_mean(False).busy, use.at_peak(False).busy) / (1 - ratio)
        if use.needs and not use.slots.needs and rated:
            return use.needs
        if use.slots.needs and not use.needs and busy > use.slots.total:
            return use.slots.needs
    return ()


def _spared(use: Utilisation, load: Load) -> float:
    """Return the workers that the hits of a component's own look-up spare."""
    total = 0.0
    for demand in use.demands:
        workload = demand.workload
        rate = (workload.peak_per_s if workload is load.peak else workload.rate_per_s) or 0.0
        total += demand.visits * rate * sum(time.mean_s * (1 - time.share) for time in demand.times)
    return total

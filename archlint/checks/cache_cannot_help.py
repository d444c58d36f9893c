"""A cache of predictions that saves nothing, serves answers of old models, or must not fail."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.caches import (
    Cold,
    LookUp,
    Possible,
    Saved,
    cold_loads,
    look_ups,
    open_loads,
    possible_hits,
    saved,
)
from archlint.analysis.network import travel_place, travel_s
from archlint.analysis.service_time import mean
from archlint.analysis.system import System
from archlint.checks._lines import exceeds
from archlint.checks._loss import Traffic, beyond
from archlint.model.architecture import Model
from archlint.model.quantities import format_count, format_duration, format_share
from archlint.verdicts import MOST_NEEDS, Certainty, Hit, Origin, Related, Term, Undecided, Verdict


class Params(msgspec.Struct, frozen=True):
    """longest_look_up and longest_ttl: how long a look-up and a prediction last before the rule asks for more facts."""

    longest_look_up: float = 0.01
    longest_ttl: float = 86400.0


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each look-up in a cache that cannot help, at its hit ratio or at its time to live."""
    traffic: Traffic | None = None
    for look_up in look_ups(system):
        traffic = traffic or Traffic(system)
        share = traffic.share(look_up.workloads)
        possible = possible_hits(look_up)
        ratio = look_up.relation.hit_ratio
        found: Hit | None = None
        if ratio is not None and exceeds(ratio, possible.most):
            found = _impossible(look_up, ratio, possible, share)
        elif possible.needs and (ratio is None or exceeds(ratio, possible.least)):
            because = f"how many look-ups in `{look_up.cache.name}` can be hits"
            yield Undecided(look_up.relation.place(), possible.needs[:MOST_NEEDS], because,
                            len(possible.needs[MOST_NEEDS:]))
        else:
            hits = possible.most if ratio is None else ratio
            slower = _slower(system, look_up, hits, possible, share, params)
            if isinstance(slower, Undecided):
                yield slower
            else:
                found = slower
        if found is None:
            copies = look_up.cache.least_replicas
            over = [cold for cold in cold_loads(system, look_up) if _only_cold(cold)] if (copies or 1) < 2 else []
            worst = max(over, key=lambda cold: cold.busy / cold.use.slots.total, default=None)
            if worst is not None and copies is None:
                because = f"whether `{worst.use.component.name}` is overloaded if `{look_up.cache.name}` fails"
                yield Undecided(look_up.relation.place(), (look_up.cache.place("replicas"),), because)
            elif worst is not None:
                found = _overloads(look_up, worst, share)
            elif copies is not None and copies < 2 and (needs := open_loads(system, look_up)):
                because = f"whether the servers behind `{look_up.cache.name}` are overloaded if it fails"
                yield Undecided(look_up.relation.place(), needs, because)
        if found is not None:
            yield found
        yield from _outlives(system, look_up, share, params)


def _only_cold(cold: Cold) -> bool:
    """Return whether a component is overloaded without the cache, but not with it."""
    total = cold.use.slots.total
    return exceeds(cold.busy, total) and not exceeds(cold.load.busy, total)


def _place(look_up: LookUp) -> tuple[str, ...]:
    return ("hit_ratio",) if look_up.relation.hit_ratio is not None else ()


def _impossible(look_up: LookUp, ratio: float, possible: Possible, share: float) -> Hit:
    relation = look_up.relation
    at = relation.place("hit_ratio")
    message = (
        f"`{look_up.source.name}` expects {format_share(ratio)} of its look-ups in `{look_up.cache.name}` to be hits, "
        f"but only {format_share(possible.most)} of the inputs repeat within its TTL"
    )
    stated = Term("hit_ratio", f"hit ratio of {look_up.cache.name}", ratio, "share", Origin.STATED, at)
    related = tuple(Related(w.place("repeats"), "inputs that repeat") for w in look_up.workloads[:8])
    return Hit(
        at, message, (*possible.terms, stated), related,
        cures=("data-cache", "smaller-model"),
        loss=share * (ratio - possible.most),
    )  # fmt: skip


def _slower(
    system: System, look_up: LookUp, hits: float, possible: Possible, share: float, params: Params
) -> Hit | Undecided | None:
    """Return a hit if the look-ups take longer than the hits save, in the mean."""
    cache, relation = look_up.cache, look_up.relation
    looked = mean(cache.service_time) if cache.service_time is not None else None
    cost_s, gain = (looked or 0.0) + travel_s(relation), saved(system, look_up)
    if gain is None:
        return None
    because = f"whether look-ups in `{cache.name}` take longer than hits save"
    if gain.needs:
        asked = cost_s > 0 and len(gain.needs) == 1
        return Undecided(relation.place(), gain.needs, because) if asked else None
    if not exceeds(cost_s, hits * gain.value_s):
        asked = looked is None and exceeds(params.longest_look_up, hits * gain.value_s)
        return Undecided(relation.place(), (cache.place("service_time"),), because) if asked else None
    return _costs(look_up, hits, possible, gain, cost_s, share)


def _costs(look_up: LookUp, hits: float, possible: Possible, gain: Saved, cost_s: float, share: float) -> Hit:
    cache, relation = look_up.cache, look_up.relation
    message = (
        f"each look-up in `{cache.name}` takes {format_duration(cost_s)}, but hits save "
        f"{format_duration(hits * gain.value_s)} of a request on average ({format_share(hits)} hits x "
        f"{format_duration(gain.value_s)}): with the cache, requests take longer"
    )
    terms = [*possible.terms]
    if relation.hit_ratio is not None:
        at = relation.place("hit_ratio")
        terms.append(Term("hit_ratio", f"hit ratio of {cache.name}", relation.hit_ratio, "share", Origin.STATED, at))
    terms += gain.terms
    note = "hits x time of what they skip"
    terms.append(Term("saved", "time that hits save", hits * gain.value_s, "s", Origin.DERIVED, None, note))
    at = cache.place("service_time") if cache.service_time is not None else travel_place(relation)
    terms.append(Term("look_up", "time of a look-up, mean", cost_s, "s", Origin.DERIVED, at, "cache + network"))
    return Hit(
        relation.place(*_place(look_up)), message, tuple(terms),
        (Related(cache.place(), "what each request asks first"),), Certainty.ESTIMATED,
        cures=("data-cache", "smaller-model"),
        loss=share * beyond(cost_s, hits * gain.value_s) if hits > 0 else share,
    )  # fmt: skip


def _overloads(look_up: LookUp, cold: Cold, share: float) -> Hit:
    use, relation = cold.use, look_up.relation
    name, total = use.component.name, use.slots.total
    when = f"at the peak of `{cold.load.peak.name}`" if cold.load.peak is not None else "at the mean rate"
    message = (
        f"if `{look_up.cache.name}` is empty or fails, `{name}` has {format_count(cold.factor)} times the work: {when} "
        f"it keeps about {format_count(cold.busy)} workers busy, but has {format_count(total)}"
    )
    at = relation.place("hit_ratio")
    terms = (
        Term("hit_ratio", f"hit ratio of {look_up.cache.name}", relation.hit_ratio or 0.0, "share", Origin.STATED, at),
        Term("busy", f"busy workers of {name} with the cache", cold.load.busy, "count", Origin.DERIVED, None,
             "rate x time"),
        Term("cold", "busy workers without it", cold.busy, "count", Origin.DERIVED, None, "all requests are misses"),
        Term("workers", f"requests that {name} handles at a time, at most", total, "count", Origin.DERIVED, None,
             "replicas x workers x batch", limit=True),
    )
    return Hit(
        at, message, terms, (Related(use.component.place(), "answers the misses"),), Certainty.ESTIMATED,
        absent=(use.component.place("workers"), use.component.place("batching")),
        cures=("replicate", "prediction-circuit-break"),
        loss=share * beyond(cold.busy, total),
    )  # fmt: skip


def _outlives(system: System, look_up: LookUp, share: float, params: Params) -> Iterator[Verdict]:
    """Judge whether the cache keeps predictions of a model that was replaced since."""
    relation = look_up.relation
    kept = list(_models(system, look_up))
    models = [model for model in kept if model.retrained_s is not None]
    if not models:
        needs = tuple(model.place("retrained") for model in kept)
        if needs and relation.ttl_s is not None and relation.ttl_s > params.longest_ttl:
            because = f"whether `{look_up.cache.name}` keeps predictions of models that were replaced"
            yield Undecided(relation.place("ttl"), needs, because)
        return
    youngest = min(models, key=lambda model: model.retrained_s or 0.0)
    period_s = youngest.retrained_s or 0.0
    if relation.ttl_s is None:
        because = f"whether `{look_up.cache.name}` keeps predictions of models that were replaced"
        yield Undecided(relation.place("ttl"), (relation.place("ttl"),), because)
    elif exceeds(relation.ttl_s, period_s):
        at = relation.place("ttl")
        message = (
            f"`{look_up.cache.name}` keeps predictions for {format_duration(relation.ttl_s)}, but `{youngest.name}` is "
            f"retrained every {format_duration(period_s)}: requests get predictions of models that were replaced"
        )
        said = youngest.place("retrained")
        terms = (
            Term("ttl", f"time to live in {look_up.cache.name}", relation.ttl_s, "s", Origin.STATED, at),
            Term("retrained", f"time between two versions of {youngest.name}", period_s, "s", Origin.STATED, said,
                 limit=True),
        )
        yield Hit(
            at, message, terms, (Related(said, "a new version comes this often"),), Certainty.HEURISTIC,
            cures=("shorter-period",),
            loss=share * beyond(relation.ttl_s, period_s),
        )  # fmt: skip


def _models(system: System, look_up: LookUp) -> Iterator[Model]:
    """Yield the models whose predictions the cache keeps: those of the workloads, as far as the file names them."""
    names = {name for workload in look_up.workloads for name in workload.models or ()}
    if not names:
        names = set(look_up.source.serves)
    components, servers = system.components, system.topology.servers
    for name, model in system.architecture.models.items():
        # A vendor's model is replaced under another name, and one for vectors does not make the predictions.
        own = any(components[server].kind != "external" for server in servers.get(name, ()))
        if name in names and own and name not in system.indexed_models:
            yield model

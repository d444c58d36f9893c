"""Generated answers in progress that need more memory for keys and values than the weights leave."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from archlint.analysis.facts import Fact
from archlint.analysis.kv_cache import (
    CacheUse,
    Demand,
    PerToken,
    Room,
    cache_uses,
    origin_of,
)
from archlint.analysis.system import System
from archlint.checks._lines import exceeds
from archlint.checks._loss import Traffic, beyond
from archlint.model.pieces import Amounts
from archlint.model.places import Place
from archlint.model.quantities import format_count, format_size
from archlint.verdicts import Certainty, Hit, NoParams, Origin, Related, Term, Undecided, Verdict

_MOST_SHOWN: Final = 8
_ONE: Final = Fact(1.0, Origin.DERIVED)


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each server without memory for the answers in progress at its load, at its memory."""
    traffic: Traffic | None = None
    for use in cache_uses(system):
        traffic = traffic or Traffic(system)
        if use.room is not None and use.per_token is not None:
            longest = _longest(use, use.per_token, use.room, traffic)
            if longest is not None:
                yield longest
                continue
            proven = use.least is not None and _is_proven(use.least.needed_bytes, use.room, use.room.replicas)
            demand = use.least if proven else use.usual
            if demand is not None and exceeds(demand.needed_bytes, use.room.total_bytes):
                if use.room.replicas is None:
                    yield _question(use, tuple(place for place in use.needs if place.names[-1] in {"replicas", "max"}))
                else:
                    yield _hit(use, use.per_token, use.room, demand, traffic, proven)
                continue
            if use.usual is not None and [place.names[-1] for place in use.needs] in (["replicas"], ["max"]):
                continue                  # one replica is enough
        question = _open(use)
        if question is not None:
            yield question


def _is_proven(needed: float, room: Room, replicas: Fact | None) -> bool:
    """Return whether not even all the memory of the replicas holds this; if it is stated."""
    if room.most_bytes is None or replicas is None:
        return False
    return exceeds(needed, room.most_bytes * float(replicas.value))


def _open(use: CacheUse) -> Undecided | None:
    """Return the question that is left, if most of what decides it is stated."""
    if not use.needs:
        return None
    known = [use.per_token is not None, use.rated, use.room is not None]
    return _question(use, use.needs) if known.count(True) >= 2 else None


def _question(use: CacheUse, needs: tuple[Place, ...]) -> Undecided:
    because = f"whether `{use.server.name}` has memory for the answers in progress"
    return Undecided(use.server.place(), needs[:_MOST_SHOWN], because, max(0, len(needs) - _MOST_SHOWN))


def _longest(use: CacheUse, per_token: PerToken, room: Room, traffic: Traffic) -> Hit | None:
    """Return a hit if the memory of one replica is too small for a single request, with nothing beside it."""
    for workload in use.asking:
        stated = workload.tokens
        amounts = [] if stated is None else [("in", stated.input), ("out", stated.output)]
        sizes = [(_most(amount), key) for key, amount in amounts if amount is not None]
        tokens, key = max(sizes, default=(0.0, ""))
        certain = _is_proven(tokens * per_token.least, room, _ONE)
        if not certain and not exceeds(tokens * per_token.usual, room.each_bytes):
            continue
        each = per_token.least if certain else per_token.usual
        at = workload.place("tokens", key)
        fits = math.floor(room.each_bytes / each)
        message = (
            f"requests of `{workload.name}` with {format_count(tokens)} tokens need {format_size(tokens * each)} of "
            f"keys and values in `{use.server.name}`, but the weights leave {format_size(room.each_bytes)} in one "
            f"replica: at most {format_count(fits)} tokens fit, so these requests fail"
        )
        count = Term("tokens", f"tokens of one request of {workload.name}", tokens, "count", Origin.STATED, at)
        needed = Term("needed", "keys and values of one request", tokens * each, "B", Origin.DERIVED, None,
                      "tokens x bytes")
        terms = (count, _bytes(per_token, each, per_token.model), needed, *_room_terms(use, room),
                 _left(room.each_bytes, "memory - weights"))
        certainty = Certainty.PROVEN if certain else Certainty.ESTIMATED
        loss = traffic.share([workload]) * beyond(tokens * each, room.each_bytes)
        return _made(use, room, message, terms, (Related(at, "the longest requests"),), certainty, loss)
    return None


def _most(amount: Amounts) -> float:
    """Return a number of tokens that some requests have: the highest stated percentile, without a mere maximum."""
    return amount.constant if amount.constant is not None else max((n for _, n in amount.percentiles), default=0.0)


def _hit(
    use: CacheUse, per_token: PerToken, room: Room, demand: Demand, traffic: Traffic, proven: bool
) -> Hit:
    certainty = Certainty.PROVEN if proven else Certainty.ESTIMATED
    about = "" if certainty is Certainty.PROVEN else "about "
    each = per_token.least if proven else per_token.usual
    tokens = demand.needed_bytes / each / demand.in_flight
    fits = math.floor(room.total_bytes / (tokens * each))
    workloads = [one.arrival.workload for one in demand.answers]
    names = ", ".join(f"`{workload.name}`" for workload in workloads[:3])
    when = "at the peak of" if demand.peak else "at the mean rate of"
    message = (
        f"{when} {names}, `{use.server.name}` has {about}{format_count(demand.in_flight)} answers in progress, each "
        f"with {about}{format_count(tokens)} tokens: {about}{format_size(demand.needed_bytes)} of keys and values, but "
        f"the weights leave {format_size(room.total_bytes)} in all replicas. At most {format_count(fits)} answers fit; "
        "the others wait"
    )
    terms = (
        *_rates(demand), _bytes(per_token, each, ""),
        Term("in_flight", "answers in progress", demand.in_flight, "count", Origin.DERIVED, None, "rate x time"),
        Term("needed", "keys and values", demand.needed_bytes, "B", Origin.DERIVED, None,
             "answers x tokens x bytes of a token"),
        *_room_terms(use, room),
        Term("fits", "answers that fit", float(fits), "count", Origin.DERIVED, None, "room / (tokens x bytes)"),
        _left(room.total_bytes, "replicas x (memory - weights)"),
    )  # fmt: skip
    related = tuple(Related(w.place("peak" if _at_peak(w.peak_per_s, demand) else "rate"), "this rate arrives")
                    for w in workloads[:_MOST_SHOWN])
    band = None
    if not proven:
        low = use.least.needed_bytes if use.least is not None else 0.0
        band = low, demand.needed_bytes
    loss = traffic.share(workloads) * beyond(demand.needed_bytes, room.total_bytes)
    return _made(use, room, message, terms, related, certainty, loss, band)


def _at_peak(peak: float | None, demand: Demand) -> bool:
    return demand.peak and peak is not None


def _rates(demand: Demand) -> Iterator[Term]:
    for one in demand.answers[:_MOST_SHOWN]:
        stated = one.arrival.workload
        key = "peak" if _at_peak(stated.peak_per_s, demand) else "rate"
        rate = (stated.peak_per_s if key == "peak" else stated.rate_per_s) or 0.0
        least = "at least" if one.certain else "about"
        yield Term(key, f"{key} of {stated.name}", rate, "/s", Origin.STATED, stated.place(key))
        if one.arrival.visits != 1:
            note = "product of shares and cache misses"
            yield Term("visits", f"calls for each request of {stated.name}, at least", one.arrival.visits, "",
                       Origin.DERIVED, None, note)
        yield Term("time", f"time of one answer, {least}", one.time_s, "s", Origin.DERIVED, one.time_at,
                   "tokens after the first x time of each" if one.certain else "mean")
        yield Term("tokens", f"tokens in memory for one answer, {least}", one.tokens, "count", Origin.DERIVED,
                   stated.place("tokens"), "out / 2" if one.certain else "in + out / 2")


def _bytes(per_token: PerToken, value: float, model: str) -> Term:
    label = f"keys and values of one token of {model}" if model else "keys and values of one token"
    return Term("kv_per_token", label, value, "B", origin_of(per_token), per_token.at, per_token.formula)


def _room_terms(use: CacheUse, room: Room) -> Iterator[Term]:
    yield room.memory.term("memory", f"memory of a replica of {use.server.name}", "B")
    yield Term("weights", "weights in one replica, at least", room.weights_bytes, "B", Origin.DERIVED)
    if room.replicas is not None:
        yield room.replicas.term("replicas", f"replicas of {use.server.name}, at most", "count")


def _left(value: float, note: str) -> Term:
    return Term("room", "memory that the weights leave", value, "B", Origin.DERIVED, None, note, limit=True)


def _made(
    use: CacheUse, room: Room, message: str, terms: tuple[Term, ...], related: tuple[Related, ...],
    certainty: Certainty, loss: float, band: tuple[float, float] | None = None,
) -> Hit:  # fmt: skip
    server = use.server
    return Hit(
        room.memory.at or server.place(),
        message,
        terms,
        related,
        certainty,
        absent=(server.place("hardware", "gpus"), server.place("tensor_parallel")),
        cures=("smaller-model", "replicate", "asynchronous"),
        band=band,
        loss=loss,
    )

"""The memory that generated answers in progress need for their keys and values, and what the weights leave of it.

By Little's law, rate x (time of an answer x tokens that it holds) tokens are held on average at any time. An answer
holds its prompt from the start, and half of its tokens on average. Prompts that start alike may share their part of the
memory, so only generated tokens prove something: an answer of n tokens, each of which takes t at least, holds
n x (n - 1) / 2 x t token-seconds at least.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from archlint.analysis.arrivals import Arrival, arrivals_of
from archlint.analysis.facts import Fact
from archlint.analysis.generation import PREFILL, Generation, generating, may_generate
from archlint.analysis.memory import held, memory_of, weights_of
from archlint.analysis.service_time import mean
from archlint.analysis.single_means import least_mean
from archlint.analysis.system import System
from archlint.analysis.token_floors import cache_bytes_per_token, each_token
from archlint.analysis.token_means import mean_answer, mean_later_tokens
from archlint.analysis.turns import in_turn
from archlint.analysis.work import most_replicas, replicas_key
from archlint.model.architecture import Component, Model, Workload
from archlint.model.places import Place, either
from archlint.model.words import PRECISIONS
from archlint.verdicts import Origin

_NARROWEST: Final = min(PRECISIONS.values())


class PerToken(msgspec.Struct, frozen=True):
    """The bytes of keys and values of one token of a model: `least` for certain, `usual` as an estimate."""

    model: str
    least: float
    usual: float
    at: Place
    formula: str


class Answers(msgspec.Struct, frozen=True):
    """The answers of a workload on a server: how long one takes, and how many tokens it holds, on average."""

    arrival: Arrival
    model: Model
    time_s: float
    tokens: float
    certain: bool
    time_at: Place

    def in_flight(self, per_s: float) -> float:
        """Return how many answers are in progress on average, at a rate of the workload (Little's law)."""
        return per_s * self.arrival.visits * self.time_s


class Demand(msgspec.Struct, frozen=True):
    """The answers in progress on a server at one rate: their number, and the bytes that they hold."""

    in_flight: float
    needed_bytes: float
    answers: tuple[Answers, ...]
    peak: bool


class Room(msgspec.Struct, frozen=True):
    """The memory for keys and values: of all replicas, and of one.

    What accelerators do not hold may stay in the replica's own memory: `most_bytes` is the memory of one replica with
    all of that, and None if the file does not state it.
    """

    memory: Fact
    weights_bytes: float
    replicas: Fact | None
    each_bytes: float
    most_bytes: float | None = None

    @property
    def total_bytes(self) -> float:
        """The memory for keys and values in all replicas; an unknown number is 1."""
        return self.each_bytes * (float(self.replicas.value) if self.replicas is not None else 1.0)


class CacheUse(msgspec.Struct, frozen=True):
    """What a server holds for answers in progress: at least, and as an estimate; `needs` are the missing facts.

    `asking` are the workloads whose requests come here.
    """

    server: Component
    asking: tuple[Workload, ...]
    per_token: PerToken | None = None
    room: Room | None = None
    least: Demand | None = None
    usual: Demand | None = None
    needs: tuple[Place, ...] = ()
    rated: bool = False


def cache_uses(system: System) -> Iterator[CacheUse]:
    """Yield the use of memory of each server that generates tokens, except those that only read prompts."""
    served: dict[str, dict[str, Model]] = {}
    asked: dict[str, set[str]] = {}
    models = system.architecture.models
    for workload in system.workloads.values():
        if may_generate(system, workload):
            for serving in generating(system, workload):
                served.setdefault(serving.server, {})[serving.model] = models[serving.model]
                asked.setdefault(serving.server, set()).add(workload.name)
    if not served:
        return
    arrivals = arrivals_of(system)
    for name, found in served.items():
        server = system.components[name]
        if server.kind not in {"external", "edge-device"} and server.stage != PREFILL:
            arriving = [a for a in arrivals.at(name) if a.visits > 0 and a.workload.name in asked[name]]
            yield _use(system, server, list(found.values()), arriving)


def _use(system: System, server: Component, models: Sequence[Model], arriving: Sequence[Arrival]) -> CacheUse:
    needs: list[Place] = []
    asking = tuple(dict.fromkeys(arrival.workload for arrival in arriving))
    per_token = _least_of(models)
    if per_token is None:
        needs += _sizes_of(next(model for model in models if _per_token(model) is None))
    room = _room(system, server, needs)
    rated = [a for a in arriving if _is_rated(a)]
    needs += [a.workload.place("peak") for a in arriving if not _is_rated(a)]
    sure = [arrival for arrival in rated if not in_turn(system, arrival.workload)]
    least = [one for arrival in sure for one in _least_answers(server, models, arrival)]
    usual = [one for arrival in rated for one in _usual_answers(server, models, arrival, needs)]
    if per_token is None or room is None:
        return CacheUse(server, asking, per_token, room, needs=tuple(dict.fromkeys(needs)), rated=bool(usual))
    if room.replicas is None:
        needs.append(replicas_key(server, widest=True))
    return CacheUse(
        server, asking, per_token, room, _demand(least, per_token.least, False), _demand(usual, per_token.usual, True),
        tuple(dict.fromkeys(needs)), bool(usual),
    )  # fmt: skip


def _is_rated(arrival: Arrival) -> bool:
    return arrival.workload.peak_per_s is not None or arrival.workload.rate_per_s is not None


def _least_of(models: Sequence[Model]) -> PerToken | None:
    """Return the bytes of a token; of several models that a request may run, those of the smallest."""
    found = [_per_token(model) for model in models]
    known = [one for one in found if one is not None]
    return min(known, key=lambda one: one.least) if len(known) == len(found) else None


def _per_token(model: Model) -> PerToken | None:
    usual = cache_bytes_per_token(model)
    if model.kv_per_token_bytes is not None:
        value = float(model.kv_per_token_bytes)
        return PerToken(model.name, value, value, model.place("kv_per_token"), "")
    if model.layers is None or model.kv_heads is None or model.head_dim is None:
        return None
    # The server may keep keys and values in a narrower format than the weights.
    numbers = 2 * model.layers * model.kv_heads * model.head_dim
    formula = "2 x layers x kv_heads x head_dim x bytes of a number"
    likely = usual or numbers * PRECISIONS["fp16"]
    return PerToken(model.name, numbers * _NARROWEST, likely, model.place("kv_heads"), formula)


def _sizes_of(model: Model) -> list[Place]:
    """Return the keys that would state the size of keys and values: those of its parts that are missing, or its own."""
    parts = (("layers", model.layers), ("kv_heads", model.kv_heads), ("head_dim", model.head_dim))
    missing = [model.place(key) for key, value in parts if value is None]
    whole = model.place("kv_per_token")
    return [either(whole, missing)] if len(missing) == len(parts) else [either(missing[0], (whole,)), *missing[1:]]


def _room(system: System, server: Component, needs: list[Place]) -> Room | None:
    """Return what the weights leave of the memory; None if it is unknown, or if not even they fit."""
    memory = memory_of(server)
    fact = memory.chips if memory.chips is not None else None if memory.unknown_chip else memory.host
    architecture = system.architecture
    served = [architecture.models[name] for name in dict.fromkeys(server.serves) if name in architecture.models]
    sized = [weights for weights in map(weights_of, served) if weights is not None]
    if fact is None:
        known = server.hardware is not None
        needs.append(server.place("hardware", "gpu_memory") if known else server.place("hardware"))
    if not sized:
        needs += [model.place("parameters") for model in served]
    needs += [weights.model.place("precision") for weights in sized if not weights.sure]
    if fact is None or not sized:
        return None
    weights = sum(one.least_bytes for one in held(server, sized))
    each = float(fact.value) * (server.shards or 1.0) - weights
    if each <= 0 and memory.chips is None:
        needs.append(server.place("hardware", "gpu"))
    known = memory.chips is None or memory.host is not None
    most = memory.total_bytes * (server.shards or 1.0) - weights if known else None
    return Room(fact, weights, most_replicas(system, server), each, most) if each > 0 else None


def _least_answers(server: Component, models: Sequence[Model], arrival: Arrival) -> Iterator[Answers]:
    """Yield what an answer holds for certain: its own tokens, each for the time of those after it."""
    found = []
    for model in models:
        made = Generation(model, server, arrival.workload)
        out, each = made.amount("out"), each_token(made, 0.5, False)
        number = least_mean(out) if out is not None else None
        if number is None or number <= 1 or each.least_s <= 0:
            return
        time_s = (number - 1) * each.least_s
        found.append(Answers(arrival, model, time_s, number / 2, True, model.place("tpot")))
    yield from sorted(found, key=lambda one: one.time_s * one.tokens)[:1]


def _usual_answers(
    server: Component, models: Sequence[Model], arrival: Arrival, needs: list[Place]
) -> Iterator[Answers]:
    """Yield what an answer holds as an estimate: its prompt and half of its tokens, for the mean time of an answer."""
    found = []
    for model in models:
        made = Generation(model, server, arrival.workload)
        amounts = [(key, made.amount(key)) for key in ("in", "out")]
        numbers = {key: mean(one) or least_mean(one) for key, one in amounts if one is not None}
        needs += [made.asked(key) for key, one in amounts if one is None]
        later = mean_later_tokens(made, True) if server.stage is not None else None
        floor = later if later is not None else mean_answer(made, True)
        time_s, at = floor.at_s, model.place("tpot")
        if model.service_time is not None and later is None:
            time_s, at = mean(model.service_time) or least_mean(model.service_time) or 0.0, model.place("service_time")
        if time_s <= 0:
            needs.append(model.place("tpot"))
        tokens = (numbers.get("in") or 0.0) * (1 - _shared(server)) + (numbers.get("out") or 0.0) / 2
        if time_s > 0 and tokens > 0 and numbers.get("out"):
            found.append(Answers(arrival, model, time_s, tokens, False, at))
    if len(found) == len(models):
        yield from sorted(found, key=lambda one: one.time_s * one.tokens)[:1]


def _shared(server: Component) -> float:
    """Return the share of the prompts that may be in memory once for several requests."""
    ratios = [r.hit_ratio for r in server.relations if r.caches == "prefix" and r.hit_ratio is not None]
    return max(ratios, default=0.0)


def _demand(answers: Sequence[Answers], per_token: float, together: bool) -> Demand | None:
    """Return the highest demand: of all mean rates, or of one peak; `together` adds the means of the others to it."""
    if not answers:
        return None
    means = [one.arrival.workload.rate_per_s or 0.0 for one in answers]
    rates = [(means, False)]
    for number, one in enumerate(answers):
        if one.arrival.workload.peak_per_s is not None:
            others = means if together else [0.0] * len(means)
            rates.append(([*others[:number], one.arrival.workload.peak_per_s, *others[number + 1 :]], True))
    demands = []
    for each, peak in rates:
        flight = [one.in_flight(rate) for one, rate in zip(answers, each, strict=True)]
        held_bytes = sum(n * one.tokens for n, one in zip(flight, answers, strict=True)) * per_token
        used = tuple(one for one, n in zip(answers, flight, strict=True) if n > 0)
        demands.append(Demand(sum(flight), held_bytes, used, peak))
    return max(demands, key=lambda demand: demand.needed_bytes)


def origin_of(per_token: PerToken) -> Origin:
    """Return whether the bytes of a token are stated."""
    return Origin.DERIVED if per_token.formula else Origin.STATED

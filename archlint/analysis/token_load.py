"""Generated tokens under load: answers in progress, the time of each token, and how many answers a second fit.

A server with continuous batching makes one token of each answer in progress in a step. A step reads all weights and the
keys and values of each answer, and does two operations per parameter for each:

    t(b) = max((weights + b x tokens held x bytes of a token) / bandwidth, 2 x parameters x b / FLOPS)

(Williams, Waterman, Patterson 2009). By Little's law, b = rate x tokens out x t(b) answers are in progress. This is
solved exactly: t is linear in b while reading takes longer, and where multiplying does, the server cannot keep up. At
most as many answers are in progress as fit into the memory that the weights leave, or as `max_sequences` allows. The
operations on prompts are a limit of their own, which prompts that start alike may lower: it is an estimate.

All are floors: real servers take 3.6 times as long at the median. With a stated `tpot` (of one answer at a time), what
that one takes beyond its floor is added to each step: then they are estimates. Drafts that make several tokens in a
step are not considered.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from archlint.analysis.arrivals import Arrival
from archlint.analysis.generation import Generation
from archlint.analysis.kv_cache import Answers, CacheUse, cache_uses, origin_of
from archlint.analysis.quantity import Missing, Quantity
from archlint.analysis.roofline import peak_flops
from archlint.analysis.service_time import mean
from archlint.analysis.steps import Steps
from archlint.analysis.system import System
from archlint.analysis.token_floors import Chips, Weights, chips_of, weights_of
from archlint.analysis.work import most_replicas, replicas_key
from archlint.model.architecture import Component, Model, Workload
from archlint.model.places import Place
from archlint.verdicts import Certainty, Origin, Term

NO_SHARE: Final = "which share of the requests comes to its server is not stated"


class TokenLoad(msgspec.Struct, frozen=True):
    """The tokens that a server makes for `requests_per_s` answers of `out` tokens each, on average.

    `prompt` are the tokens before them that it has to read, and `most` the answers at once that fit on a replica: by
    its memory (`by_memory`), or as many as the file allows. `prompt_s` is the time that a
    prompt adds to a step, 0 if unknown.
    """

    server: Component
    model: Model
    steps: Steps
    replicas: float
    requests_per_s: float
    out: float
    prompt: float
    most: float | None
    terms: tuple[Term, ...]
    answers: tuple[Arrival, ...] = ()
    peak: bool = False
    by_memory: bool = False
    prompt_s: float = 0.0

    @property
    def workloads(self) -> tuple[Workload, ...]:
        """The workloads that ask."""
        return tuple(one.workload for one in self.answers)

    @property
    def certainty(self) -> Certainty:
        """Whether the steps are floors, and so bounds."""
        return Certainty.ESTIMATED if self.steps.more_s or self.prompt_s else Certainty.PROVEN

    @property
    def tokens_per_s(self) -> float:
        """The tokens that one replica has to make in a second."""
        return self.requests_per_s * self.out / self.replicas

    @property
    def steps_per_s(self) -> float | None:
        """The answers per second of all replicas with as many at once as fit; None if their number is unknown.

        With a stated time to the first token, what it takes beyond a step is time in which no other token is made.
        """
        return self.answers_per_s(self.prompt_s)

    def answers_per_s(self, prompt_s: float) -> float | None:
        """Return the same for another time to read a prompt, which makes the first token."""
        if self.most is None or self.most < 1:
            return None
        time_s = prompt_s + self.out * self.steps.time_s(self.most) / self.most
        return self.replicas / time_s if time_s > 0 else None

    @property
    def work_per_s(self) -> float | None:
        """The answers per second for which the accelerators can multiply, prompts included; None if unknown."""
        work_s = self.steps.work_s * (self.prompt + self.out)
        return self.replicas / work_s if work_s > 0 else None


def token_loads(system: System) -> Mapping[str, TokenLoad | tuple[Place, ...]]:
    """Return the load of each server that generates tokens, or the keys of the missing facts; computed once."""
    return system.once(_loads)


def _loads(system: System) -> Mapping[str, TokenLoad | tuple[Place, ...]]:
    return {use.server.name: _load(system, use) for use in cache_uses(system)}


def _load(system: System, use: CacheUse) -> TokenLoad | tuple[Place, ...]:
    server, demand = use.server, use.usual
    answers = () if demand is None else demand.answers
    models = {one.model.name: one.model for one in answers}
    if use.per_token is None or demand is None or len(models) != 1:
        return use.needs
    model = next(iter(models.values()))
    chips, weights = chips_of(server, True), weights_of(model)
    if chips is None or weights is None or weights.width is None:
        missing = ((server.place("hardware", "gpu"), chips is None), (model.place("parameters"), weights is None),
                   (model.place("precision"), weights is not None and weights.width is None))  # fmt: skip
        return tuple(place for place, absent in missing if absent)
    replicas = most_replicas(system, server)
    if replicas is None or not replicas.value:
        return (replicas_key(server, widest=True),)
    outs = [(one, _out(one, server)) for one in answers]
    rates = [_rate(one, demand.peak) * one.arrival.visits for one in answers]
    requests = sum(rates)
    tokens = sum(rate * (out or 0.0) for rate, (_, out) in zip(rates, outs, strict=True))
    if requests <= 0 or tokens <= 0:
        return use.needs or tuple(_unknown_means(answers, server))
    held = sum(rate * one.tokens for rate, one in zip(rates, answers, strict=True)) / requests
    steps = _steps(chips, weights, held * use.per_token.usual, model)
    allowed = math.inf if server.max_sequences is None else server.max_sequences
    fits = math.inf if use.room is None else math.floor(use.room.each_bytes / (held * use.per_token.usual))
    most = min(allowed, fits)
    number = float(replicas.value)
    terms = (
        Term("requests", "answers per second here", requests, "/s", Origin.DERIVED, None, "rate x visits"),
        Term("out", "tokens of one answer, mean", tokens / requests, "count", Origin.DERIVED,
             answers[0].arrival.workload.place("tokens")),
        Term("held", "tokens in memory for one answer, mean", held, "count", Origin.DERIVED, None, "in + out / 2"),
        Term("kv_per_token", "keys and values of one token", use.per_token.usual, "B", origin_of(use.per_token),
             use.per_token.at, use.per_token.formula),
        Term("read", "time to read the weights", steps.read_s, "s", Origin.DERIVED, weights.at, "weights / bandwidth"),
        replicas.term("replicas", f"replicas of {server.name}, at most", "count"),
        *_more(steps, model),
    )  # fmt: skip
    prompt_s = 0.0
    if model.ttft is not None and server.stage is None:
        prompt_s = max(0.0, (mean(model.ttft) or 0.0) - steps.time_s(1.0))
        label, note = "time that a prompt adds to a step, mean", "first token - step of one answer"
        terms = (*terms, Term("prompt_time", label, prompt_s, "s", Origin.DERIVED, model.place("ttft"), note))
    prompt = held - tokens / requests / 2 if server.stage is None else 0.0
    return TokenLoad(
        server, model, steps, number, requests, tokens / requests, max(0.0, prompt),
        None if most == math.inf else most, terms, tuple(one.arrival for one in answers), demand.peak,
        fits < allowed, prompt_s,
    )  # fmt: skip


def _more(steps: Steps, model: Model) -> Iterator[Term]:
    if steps.more_s:
        at, note = model.place("tpot"), "stated step - its floor"
        yield Term("more", "time of a step beyond its floor", steps.more_s, "s", Origin.DERIVED, at, note)


def _rate(one: Answers, peak: bool) -> float:
    workload = one.arrival.workload
    return (workload.peak_per_s if peak and workload.peak_per_s is not None else workload.rate_per_s) or 0.0


def _out(one: Answers, server: Component) -> float | None:
    amount = Generation(one.model, server, one.arrival.workload).amount("out")
    return None if amount is None else mean(amount)


def _unknown_means(answers: Sequence[Answers], server: Component) -> Iterator[Place]:
    """Yield the keys that would give the tokens of the answers a mean."""
    for one in answers:
        if _out(one, server) is None:
            yield Generation(one.model, server, one.arrival.workload).asked("out").key("mean")


def _steps(chips: Chips, weights: Weights, held_bytes: float, model: Model) -> Steps:
    power = chips.number * chips.share
    bandwidth = power * chips.chip.bandwidth_bytes_per_s
    flops = peak_flops(chips.chip, weights.width)
    work_s = 2 * weights.parameters / (power * flops) if flops else 0.0
    floor = Steps(weights.parameters * (weights.width or 0.0) / bandwidth, held_bytes / bandwidth, work_s)
    measured = mean(model.tpot) if model.tpot is not None else None
    more_s = 0.0 if measured is None else measured - floor.time_s(1.0)
    return msgspec.structs.replace(floor, more_s=max(0.0, more_s))


def token_numbers(found: TokenLoad | Sequence[Place] | None) -> Iterator[Quantity | Missing]:
    """Yield the numbers of a server that generates tokens: answers at once, time per token, and most answers a second.

    They are at the highest stated load: the mean rates, or the peak of a workload beside the means of the others.
    """
    if found is None:
        return
    if not isinstance(found, TokenLoad):
        yield Missing("answers_at_once", tuple(found), "" if found else NO_SHARE)
        return
    certainty, steps = found.certainty, found.steps
    capacity = token_capacity(found)
    if capacity is not None:
        yield capacity
    at_once = steps.in_progress(found.tokens_per_s)
    over = capacity is not None and found.requests_per_s > capacity.value
    if over or at_once is None or (found.most is not None and at_once > found.most):
        yield Missing("answers_at_once", because="more tokens are asked for than its replicas can make")
        return
    bound = "least" if certainty is Certainty.PROVEN else ""
    yield Quantity("answers_at_once", at_once, "count", "tokens per second x step", found.terms, certainty, bound)
    step_s, formula = steps.time_s(max(1.0, at_once)), "max(reading, multiplying) of a step"
    yield Quantity("loaded_tpot", step_s, "s", formula, found.terms, certainty, bound)


def token_capacity(found: TokenLoad) -> Quantity | None:
    """Return the answers per second of all replicas, at most: by the steps, or by the operations if they allow less."""
    by_steps, by_work = found.steps_per_s, found.work_per_s
    if by_work is not None and (by_steps is None or by_work < by_steps):
        prompt = Term("prompt", "tokens of a prompt, mean", found.prompt, "count", Origin.DERIVED)
        certainty = found.certainty if not found.prompt else Certainty.ESTIMATED
        value, formula, last = by_work, "replicas x FLOPS / (2 x parameters x tokens)", prompt
    elif by_steps is not None:
        last = Term("at_once", "answers at once in a replica, at most", found.most or 0.0, "count", Origin.DERIVED)
        formula = "replicas x most / (tokens x step)"
        if found.prompt_s:
            formula = "replicas / (prompt + tokens x step / most)"
        value, certainty = by_steps, found.certainty
    else:
        return None
    bound = "most" if certainty is Certainty.PROVEN else ""
    return Quantity("answers_per_s", value, "/s", formula, (*found.terms, last), certainty, bound)

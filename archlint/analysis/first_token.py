"""The time to the first token under load: the way to the server, the wait for a place in its batch, and the prompt.

The waits at the server are those of `batch_waits`, the others those of `responses`, combined as distributions.
The band has the waits at the server from a half to twice the estimate, and one more step above: a server that reads a
prompt in chunks makes tokens in between. `tests/analysis/test_first_token.py` measures it: of 60 simulated systems with
12,000 requests each, at 30 to 90 % of their capacity, it held p50, p95 and p99 of 100, 97 and 92 %. The median error
was 6, 8 and 13 %; nine of ten were within 41, 39 and 49 %. Of the whole answer: 100, 97 and 95 %, and 1, 3 and 4 %.
Real schedulers differ: limits on the tokens of a step, preemption and prompts that start alike were not simulated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final

import msgspec

from archlint.analysis.batch_waits import Arriving, BatchWaits, batch_waits
from archlint.analysis.distributions import (
    NOTHING,
    Distribution,
    constant,
    mixture,
    of_service_time,
    of_wait,
    one_after_the_other,
    scaled,
    uniform,
)
from archlint.analysis.generated import Asks, Generator, asks_of, generator_of, only_generator
from archlint.analysis.generation import asks_for_tokens
from archlint.analysis.latency import BAND, overloaded
from archlint.analysis.missing_times import missing_for
from archlint.analysis.quantity import Missing, Quantity
from archlint.analysis.queueing import Unstable
from archlint.analysis.responses import Overloaded, Response, Settings, response
from archlint.analysis.service_time import mean, squared_cv
from archlint.analysis.stations import Rates, rates_at_mean, rates_at_peak, stations_at
from archlint.analysis.system import System
from archlint.analysis.token_load import NO_SHARE
from archlint.model.architecture import Workload
from archlint.model.places import Place
from archlint.model.quantities import format_percentile, format_share
from archlint.verdicts import Certainty, Origin, Term

BAND_OF_PLACES: Final = (0.5, 2.0)
"""Factors of the waits at the server between which the true percentile lies for nine of ten systems."""
BAND_OF_STEPS: Final = 0.15
"""By how much the mean time of a step during one answer differs from that of all, for nine of ten answers."""
_SLACK: Final = 0.05
_POINTS: Final = 0.02
_FORMULA: Final = "way to the server + wait for a place + rest of a step + prompts of others + own prompt"


class FirstToken:
    """The first tokens of a workload at some rates, at its only server that generates."""

    def __init__(
        self, system: System, workload: Workload, rates: Rates, found: Generator, asks: Asks, waits: BatchWaits,
        at_peak: bool,
    ) -> None:  # fmt: skip
        self.system = system
        self.workload = workload
        self.rates = rates
        self.generator = found
        self.waits = waits
        self.at_peak = at_peak
        self._asks = asks

    def seconds(self, fraction: float) -> float:
        """Return a percentile in seconds."""
        return self._usual.percentile(fraction)

    def band(self, fraction: float) -> tuple[float, float]:
        """Return between which times the percentile lies for nine of ten systems."""
        slack, own = _SLACK * (1 - fraction), self.seconds(fraction)
        low, high = self._ends
        low_s = low.percentile(max(fraction - slack, fraction / 2))
        high_s = high.percentile(fraction + slack)
        return min(low_s, own) * (1 - _POINTS), max(high_s, own) * (1 + _POINTS)

    @cached_property
    def answer(self) -> Distribution:
        """The time of the whole answer."""
        return self._composed(Settings(), 1.0, 0.0, True)

    def answer_band(self, fraction: float) -> tuple[float, float]:
        """Return between which times a percentile of the whole answer lies for nine of ten systems."""
        own, slack = self.answer.percentile(fraction), _SLACK * (1 - fraction)
        low = self._composed(Settings(waits=BAND[0]), BAND_OF_PLACES[0], 0.0, True)
        high = self._composed(Settings(waits=BAND[1]), BAND_OF_PLACES[1], 1.0, True)
        low_s, high_s = low.percentile(max(fraction - slack, fraction / 2)), high.percentile(fraction + slack)
        return min(low_s, own) * (1 - BAND_OF_STEPS), max(high_s, own) * (1 + BAND_OF_STEPS)

    @cached_property
    def unloaded(self) -> Distribution:
        """The same if nobody else asks for anything."""
        return self._composed(Settings(waits=0.0), 0.0, 0.0)

    @cached_property
    def _usual(self) -> Distribution:
        return self._composed(Settings(), 1.0, 0.0)

    @cached_property
    def _ends(self) -> tuple[Distribution, Distribution]:
        low, high = BAND_OF_PLACES
        return self._composed(Settings(waits=BAND[0]), low, 0.0), self._composed(Settings(waits=BAND[1]), high, 1.0)

    @cached_property
    def _held(self) -> Response | Overloaded | None:
        """The queues on the way while a whole answer is made: callers with workers hold one for that time."""
        name = self.generator.server.name
        answer = one_after_the_other([self._at_server(1.0, 0.0), self._later()])
        return response(self.system, self.workload, self.rates, Settings(more={name: answer}))

    @property
    def full(self) -> Overloaded | None:
        """A caller whose workers are all held; None if all keep up."""
        return self._held if isinstance(self._held, Overloaded) else None

    def _later(self) -> Distribution:
        """Return the time of the tokens after the first."""
        out = of_service_time(self._asks.out) or NOTHING
        later = Distribution(tuple(max(0.0, value - 1) for value in out.values), out.weights)
        return scaled(later, self.waits.each_s)

    def _composed(self, settings: Settings, waits: float, steps: float, whole: bool = False) -> Distribution:
        here = self._at_server(waits, steps)
        here = one_after_the_other([here, self._later()]) if whole else here
        known = self._held.stations if isinstance(self._held, Response) else {}
        changed = msgspec.structs.replace(settings, more={self.generator.server.name: here}, known=known)
        found = response(self.system, self.workload, self.rates, changed)
        return found.time if isinstance(found, Response) else here

    def _at_server(self, waits: float, steps: float) -> Distribution:
        """Return the time at the server, with its waits by a factor, and some whole steps more."""
        found = self.waits
        step = mixture([(1 - found.decoding, NOTHING), (found.decoding, uniform(0.0, found.step_s))])
        parts = [scaled(part, waits) for part in (of_wait(found.place), of_wait(found.prompts), step)]
        prompt = of_service_time(self._asks.prompt) or NOTHING
        longer_s = max(0.0, found.step_s - self.generator.steps.time_s(1.0)) if waits else 0.0
        return one_after_the_other([*parts, prompt, constant(longer_s + steps * found.decoding * found.step_s)])

    def with_replicas(self, replicas: int) -> FirstToken | None:
        """Return the same with another number of replicas of the server; None if these do not keep up."""
        found = msgspec.structs.replace(self.generator, replicas=replicas)
        other = _found(self.system, self.workload, self.rates, found, self.at_peak)
        return other if isinstance(other, FirstToken) else None

    def quantity(self, name: str, fraction: float) -> Quantity:
        """Return a percentile with its terms and its band."""
        return Quantity(
            name, self.seconds(fraction), "s", _FORMULA, tuple(self.terms()), Certainty.ESTIMATED, "",
            self.band(fraction),
        )  # fmt: skip

    def answer_quantity(self, name: str, fraction: float) -> Quantity:
        """Return a percentile of the whole answer with its terms and its band."""
        value_s, formula = self.answer.percentile(fraction), "time to the first token + tokens x (step + prompts)"
        each = Term("each", "time per token, prompts of others included", self.waits.each_s, "s", Origin.DERIVED)
        band = self.answer_band(fraction)
        return Quantity(name, value_s, "s", formula, (*self.terms(), each), Certainty.ESTIMATED, "", band)

    def terms(self) -> Iterator[Term]:
        """Yield the rate, the prompt, and what makes each wait at the server."""
        key, waits, found = "peak" if self.at_peak else "rate", self.waits, self.generator
        rate, server = self.rates.get(self.workload.name) or 0.0, found.server.name
        yield Term(key, f"{key} of {self.workload.name}", rate, "/s", Origin.STATED, self.workload.place(key))
        yield from (term for term in found.terms if term.name in {"replicas", "out", "kv_per_token"})
        prompt_s, at = mean(self._asks.prompt) or 0.0, found.model.place("ttft")
        yield Term("prompt", f"prompt on an idle {server}, mean", prompt_s, "s", Origin.STATED, at)
        if waits.place.waits > 0:
            label = f"mean wait for one of {found.most:,.0f} places, {format_share(waits.place.waits)} wait"
            stated = found.server.max_sequences == found.most
            limit = found.server.place("max_sequences") if stated else None
            yield Term("place_wait", label, waits.place.mean_s, "s", Origin.DERIVED, limit, "answers in progress")
        note = "a queue with gates"
        yield Term("prompts", "mean wait for other prompts", waits.prompts.mean_s, "s", Origin.DERIVED, None, note)
        note = "of the answers in progress"
        each = None if found.model.tpot is None else found.model.place("tpot")
        yield Term("step", "time of a step", waits.step_s, "s", Origin.DERIVED, each, note)
        yield Term("at_once", "answers in progress in a replica, mean", waits.at_once, "count", Origin.DERIVED)
        note = "rate x (prompt + tokens x step / answers at once)"
        yield Term("utilisation", f"utilisation of {server}", waits.load, "share", Origin.DERIVED, None, note)


def first_token(system: System, workload: Workload, peak: bool = False) -> FirstToken | Missing | None:
    """Return the first tokens of a workload at its mean rate or its peak; None if no server generates its answers.

    `Missing` names the keys of missing facts, or says that a server makes fewer tokens than are asked for.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... workloads: {chat: {from: app, rate: 1/s, tokens: {in: 900, out: 300}, stream: true}}
    ... models:
    ...   llama: {parameters: 8B, precision: fp16, kv_per_token: 128KiB, family: transformer, ttft: 0.2s, tpot: 55ms}
    ... components:
    ...   app: {kind: client, calls: [llm]}
    ...   llm: {kind: model-server, serves: [llama], replicas: 1, max_sequences: 32, hardware: {gpu: l4}}
    ... ''')
    >>> found = first_token(system, system.workloads["chat"])
    >>> assert isinstance(found, FirstToken)
    >>> round(found.waits.load, 2), round(found.seconds(0.5), 2), round(found.seconds(0.99), 2)
    (0.79, 0.25, 4.4)
    """
    if not (asks_for_tokens(workload) or workload.slo.ttft):
        return None
    server = only_generator(system, workload)
    found = None if server is None else generator_of(system, server)
    if server is None or found is None:
        return None
    if not isinstance(found, Generator):
        return Missing("peak_ttft" if peak else "ttft", found, "" if found else NO_SHARE)
    rates = rates_at_peak(system, workload) if peak else rates_at_mean(system)
    return _found(system, workload, rates, found, peak)


def _found(
    system: System, workload: Workload, rates: Rates, found: Generator, peak: bool
) -> FirstToken | Missing:
    name = "peak_ttft" if peak else "ttft"
    asks = asks_of(found, workload)
    needs = dict.fromkeys(place for place in missing_for(system, workload, rates) if not _generated(found, place))
    if not isinstance(asks, Asks):
        needs |= dict.fromkeys(asks)
    arriving = _arriving(system, found, rates)
    if not isinstance(arriving, Arriving):
        needs |= dict.fromkeys(arriving)
    if needs or not isinstance(asks, Asks) or not isinstance(arriving, Arriving):
        return Missing(name, tuple(needs))
    waits = batch_waits(found.steps, found.most, arriving)
    if isinstance(waits, Unstable):
        busy = format_share(waits.utilisation)
        return Missing(name, because=f"`{found.server.name}` is overloaded (utilisation {busy})")
    answers = FirstToken(system, workload, rates, found, asks, waits, peak)
    return answers if answers.full is None else Missing(name, because=overloaded(answers.full))


def _generated(found: Generator, place: Place) -> bool:
    """Whether a key is of the time of the model, which tokens replace, or of the workers of its server."""
    return place.names[:2] == ("models", found.model.name) or place.names[:2] == ("components", found.server.name)


def _arriving(system: System, found: Generator, rates: Rates) -> Arriving | tuple[Place, ...]:
    """Return what comes to one replica, of all workloads, or the keys of missing facts."""
    name, needs = found.server.name, dict[Place, None]()
    station = stations_at(system, rates, (name,))[name]
    asked: list[tuple[float, Asks]] = []
    for one in station.arriving:
        asks = asks_of(found, one.workload)
        if not isinstance(asks, Asks):
            needs |= dict.fromkeys(asks)
        elif one.rate_per_s is None:
            needs[one.workload.place("rate")] = None
        else:
            asked.append((one.per_s, asks))
    if needs:
        return tuple(needs)
    rate = sum(per_s for per_s, _ in asked)
    prompt_s, prompt_cv2 = _together([(per_s, asks.added_s, asks.added_cv2) for per_s, asks in asked])
    out, out_cv2 = _together([(per_s, mean(asks.out) or 0.0, squared_cv(asks.out) or 0.0) for per_s, asks in asked])
    arrivals_cv2 = 1 / found.replicas if found.in_turn else 1.0
    many = found.replicas if found.together else 1
    return Arriving(rate / found.replicas, prompt_s, prompt_cv2, out, out_cv2, arrivals_cv2, many)


def _together(amounts: Sequence[tuple[float, float, float]]) -> tuple[float, float]:
    """Return the mean and the squared coefficient of variation of a mixture: of rates, means and variations."""
    rate = sum(per_s for per_s, _, _ in amounts)
    if rate <= 0:
        return 0.0, 0.0
    means = [(per_s / rate, value, cv2) for per_s, value, cv2 in amounts]
    whole = sum(share * value for share, value, _ in means)
    square = sum(share * value**2 * (cv2 + 1) for share, value, cv2 in means)
    return whole, max(0.0, square / whole**2 - 1) if whole > 0 else 0.0


def first_token_numbers(system: System, workload: Workload) -> Iterator[Quantity | Missing]:
    """Yield percentiles of the first token and the whole answer; at the peak, only those of objectives."""
    asked = [fraction for fraction, _ in workload.slo.ttft]
    for peak, fractions in ((False, sorted({0.5, 0.95, 0.99, *asked})), (True, asked or [0.99])):
        if peak and workload.peak_per_s is None:
            continue
        found = first_token(system, workload, peak)
        name = "peak_ttft" if peak else "ttft"
        if isinstance(found, Missing):
            yield msgspec.structs.replace(found, name=f"{name}_p99")
        elif found is not None:
            for fraction in fractions:
                yield found.quantity(f"{name}_{format_percentile(fraction)}", fraction)
            wanted = [fraction for fraction, _ in workload.slo.latency] or [0.99]
            for fraction in wanted if peak else sorted({0.5, 0.95, 0.99, *wanted}):
                yield found.answer_quantity(("peak_" if peak else "") + format_percentile(fraction), fraction)

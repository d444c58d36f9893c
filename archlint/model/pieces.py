"""Small records that workloads, models and components hold, and the base of all records."""

from __future__ import annotations

import msgspec

from archlint.model.quantities import Money, format_percentile

Extra = tuple[tuple[str, str], ...]
"""The keys of a record that start with `x-`, each with its value as text."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """The base of all records.

    A record is made after its parts, so it cannot contain itself, and the garbage collector need not track it.
    """


class Amounts(Record, frozen=True):
    """How many of something: a constant, or percentiles as (fraction, amount) in rising order, a mean, a maximum.

    `unlimited` is true if the file states that there is no maximum (`max: none`).
    """

    constant: float | None = None
    percentiles: tuple[tuple[float, float], ...] = ()
    mean: float | None = None
    most: float | None = None
    unlimited: bool = False
    extra: Extra = ()

    @property
    def by_name(self) -> dict[str, float]:
        """The stated numbers of a distribution, by the keys that state them; empty for a constant.

        >>> Amounts(percentiles=((0.5, 300.0),), most=900.0).by_name
        {'p50': 300.0, 'max': 900.0}
        """
        others = {key: amount for key, amount in (("mean", self.mean), ("max", self.most)) if amount is not None}
        return {format_percentile(fraction): amount for fraction, amount in self.percentiles} | others


class Tokens(Record, frozen=True):
    """Tokens of one request: those that the model reads, and those that it generates."""

    input: Amounts | None = None
    output: Amounts | None = None
    extra: Extra = ()


class RateLimit(Record, frozen=True):
    """The most that a component accepts from this system: a vendor's quota."""

    requests_per_s: float | None = None
    tokens_per_s: float | None = None
    concurrent: float | None = None
    extra: Extra = ()


class Team(Record, frozen=True):
    """Who builds and runs the system."""

    engineers: float | None = None
    on_call: bool | None = None
    extra: Extra = ()


class Batching(Record, frozen=True):
    """How a server combines requests into one prediction."""

    max_size: float | None = None
    max_delay_s: float | None = None
    extra: Extra = ()


class LoadTest(Record, frozen=True):
    """The result of a load test."""

    rate_per_s: float | None = None
    p99_s: float | None = None
    date: str | None = None
    extra: Extra = ()


class Price(Record, frozen=True):
    """A price with its source: `amount` of one replica, `input` and `output` of tokens."""

    amount: Money | None = None
    source: str | None = None
    date: str | None = None
    input: Money | None = None
    output: Money | None = None
    extra: Extra = ()


class Slo(Record, frozen=True):
    """The objectives of a workload.

    `latency` (the whole answer), `ttft` (time to the first token) and `tpot` (time per output token after it) hold
    (fraction, seconds) in rising order of the fraction. Each may also have a mean.
    """

    latency: tuple[tuple[float, float], ...] = ()
    availability: float | None = None
    freshness_s: float | None = None
    ttft: tuple[tuple[float, float], ...] = ()
    tpot: tuple[tuple[float, float], ...] = ()
    latency_mean_s: float | None = None
    ttft_mean_s: float | None = None
    tpot_mean_s: float | None = None
    extra: Extra = ()

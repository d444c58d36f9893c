"""Percentiles of a workload's answers under load, at its mean rate and at its peak, and what each hop adds to them.

Estimates: stated times are taken as lognormal, arrivals as random, waits as those of `responses`. The band has the
waits from 0.7 to 1.45 times the estimate, and 2 % for distributions as points. `tests/analysis/test_latency_bands.py`
measures it: of 231 simulated systems with 40,000 requests each, at utilisations of 0.3 to 0.9, it held p50, p95 and p99
of 95, 98 and 98 %. The median error was 1.1, 1.5 and 2.5 %; nine of ten were within 16, 8 and 15 %. Heavier tails (a cv
above 1.2) and arrivals in bursts were not simulated. For waits in batches, the upper factor is 1.8: of 60 such systems,
the band held p50, p95 and p99 of 93, 97 and 97 % (`tests/analysis/test_gathering.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Final

import msgspec

from archlint.analysis.missing_times import missing_for
from archlint.analysis.quantity import Missing, Quantity
from archlint.analysis.responses import (
    MOST_COMPONENTS,
    Occupied,
    Overloaded,
    Response,
    Settings,
    response,
)
from archlint.analysis.stations import (
    Delay,
    Mixture,
    Node,
    Rates,
    Series,
    path_of,
    rates_at_mean,
    rates_at_peak,
    stations_at,
)
from archlint.analysis.system import System
from archlint.model.architecture import Workload
from archlint.model.places import Place
from archlint.model.quantities import format_duration, format_percentile, format_share
from archlint.verdicts import Certainty, Origin, Term

FRACTIONS: Final = (0.5, 0.95, 0.99)
BAND: Final = (0.7, 1.45)
"""Factors of all waits between which the true percentile lies for nine of ten systems."""
_SLACK: Final = 0.05
_POINTS: Final = 0.02
"""The error of distributions that consist of points."""
_STEP: Final = 0.1
_FORMULA: Final = "waits of G/G/c queues (Allen-Cunneen) and stated times, as distributions along the path"
_MOST_REPLICAS: Final = 1_000_000


class Hop(msgspec.Struct, frozen=True):
    """What a component adds to a percentile: the wait for a worker, and its own work with the network behind it.

    The parts of all hops add up to the percentile. Each is the mean of the hop in answers that take about that long. If
    the percentile is the timeout of a call that is given up, the wait of the client is all of it.
    """

    component: str
    wait_s: float
    work_s: float
    utilisation: float | None

    @property
    def total_s(self) -> float:
        """Both together."""
        return self.wait_s + self.work_s


class Latency:
    """The answers of one workload at some rates. Everything is computed when it is first asked for."""

    def __init__(self, system: System, workload: Workload, rates: Rates, peak: bool, found: Response) -> None:
        self.system = system
        self.workload = workload
        self.rates = rates
        self.at_peak = peak
        self.response = found
        self._moved: dict[tuple[str, str, float], Response] = {}

    @property
    def stations(self) -> Mapping[str, Occupied]:
        """The queues on the path, by component."""
        return self.response.stations

    def seconds(self, fraction: float) -> float:
        """Return a percentile in seconds."""
        return self.response.time.percentile(fraction)

    def band(self, fraction: float) -> tuple[float, float]:
        """Return between which times the percentile lies for nine of ten systems."""
        slack = _SLACK * (1 - fraction)                      # between a hit and a miss, a percentile may be either
        low, high = self._ends
        own = self.seconds(fraction)
        low_s = low.time.percentile(max(fraction - slack, fraction / 2))
        high_s = high.time.percentile(fraction + slack)
        return min(low_s, own) * (1 - _POINTS), max(high_s, own) * (1 + _POINTS)

    @cached_property
    def _ends(self) -> tuple[Response, Response]:
        return self._with(Settings(waits=BAND[0])), self._with(Settings(waits=BAND[1]))

    def quantity(self, fraction: float) -> Quantity:
        """Return a percentile with its terms and its band."""
        name = format_percentile(fraction)
        return Quantity(
            name, self.seconds(fraction), "s", _FORMULA, tuple(self.terms()), Certainty.ESTIMATED, "",
            self.band(fraction),
        )  # fmt: skip

    def terms(self) -> Iterator[Term]:
        """Yield the rate of the workload, and of each queue on the path what makes the wait."""
        key = "peak" if self.at_peak else "rate"
        rate = self.rates.get(self.workload.name) or 0.0
        yield Term(key, f"{key} of {self.workload.name}", rate, "/s", Origin.STATED, self.workload.place(key))
        for (source, target), times in self.response.attempts.items():
            note = "1 + those given up after the timeout"
            yield Term("attempts", f"attempts of {source} at {target}", times, "", Origin.DERIVED, None, note)
        for name in reversed(self.response.path.order):
            found = self.stations.get(name)
            if found is not None and found.time_s > 0:
                yield from station_terms(found)

    def occupied(self) -> Iterator[tuple[str, Quantity]]:
        """Yield how busy the workers of each component are, with waits for others and calls that are tried again."""
        low, high = self._ends
        for name, found in self.stations.items():
            ends = [one.stations[name].utilisation for one in (low, high) if name in one.stations]
            band = min([found.utilisation, *ends]), max([found.utilisation, *ends])
            terms = tuple(term for term in station_terms(found) if term.name not in {"utilisation", "wait"})
            yield name, Quantity(
                "occupied", found.utilisation, "share", "requests x time in a worker / (replicas x workers)", terms,
                Certainty.ESTIMATED, "", band,
            )  # fmt: skip

    def hops(self, fraction: float) -> tuple[Hop, ...]:
        """Return what each component adds to a percentile, in the order of the request."""
        parts: dict[tuple[str, str], float] = {}
        for name in reversed(self.response.path.order):
            occupied = self.stations.get(name)
            if occupied is not None and occupied.wait.mean_s > 0:
                parts[name, "wait"] = self._slope(name, "wait", fraction)
            if _has_time(self.response.path.bodies[name].inside):
                parts[name, "work"] = self._slope(name, "work", fraction)
        total, own = sum(parts.values()), self.seconds(fraction)
        if total <= 0 < own:                   # it is the time after which a call is given up
            client = self.response.path.client
            return (Hop(client, own, 0.0, None),)
        scale = own / total if total > 0 else 0.0
        names = dict.fromkeys(name for name, _ in parts)
        return tuple(
            Hop(
                name, parts.get((name, "wait"), 0.0) * scale, parts.get((name, "work"), 0.0) * scale,
                self.stations[name].utilisation if name in self.stations else None,
            )
            for name in names
        )  # fmt: skip

    def _slope(self, name: str, part: str, fraction: float) -> float:
        """Return how the percentile grows with the time of one part: by Euler's theorem, these slopes add up to it."""
        ends = []
        for factor in (1 + _STEP, 1 - _STEP):
            key = name, part, factor
            if key not in self._moved:
                self._moved[key] = self._with(Settings(scales={(name, part): factor}))
            ends.append(self._moved[key].time.percentile(fraction))
        return max(0.0, (ends[0] - ends[1]) / (2 * _STEP))

    def _with(self, settings: Settings) -> Response:
        if settings.scales:                    # a part of the time changes, and not how often calls are given up
            settings = msgspec.structs.replace(settings, attempts=self.response.attempts)
        found = response(self.system, self.workload, self.rates, settings)
        return found if isinstance(found, Response) else self.response


def station_terms(found: Occupied) -> Iterator[Term]:
    """Yield the terms of the wait at one component."""
    station, name = found.station, found.station.component.name
    slots = station.slots
    note = "own work and the answers that it waits for" if station.holds else "mean of its work"
    yield Term("rate_here", f"requests at {name}", station.rate_per_s, "/s", Origin.DERIVED, None, "all workloads")
    yield Term("time_here", f"time in a worker of {name}", found.time_s, "s", Origin.DERIVED, None, note)
    if slots.replicas is not None:
        yield slots.replicas.term("replicas", f"replicas of {name}, at most", "count")
    if slots.workers is not None:
        yield slots.workers.term("workers", f"workers per replica of {name}", "count")
    if slots.batch is not None:
        yield slots.batch.term("batch", f"items in one full batch of {name}", "count")
    if station.queues > 1 and station.balancing is not None:
        yield station.balancing.term("balancing", f"a queue for each replica of {name}")
    busy = f"utilisation of {name}"
    yield Term("utilisation", busy, found.utilisation, "share", Origin.DERIVED, None, "rate x time / workers")
    delay = station.component.batching.max_delay_s if station.component.batching is not None else None
    if found.gathered is not None and delay is not None:
        at = station.component.place("batching", "max_delay")
        yield Term("delay", f"longest wait of {name} for a batch to fill", delay, "s", Origin.STATED, at)
        size, note = found.gathered.size, "1 + rate x wait of the first request"
        yield Term("filled", f"requests in one batch of {name}, mean", size, "count", Origin.DERIVED, None, note)
    label = f"mean wait at {name}, {format_share(found.wait.waits)} of the requests wait"
    yield Term("wait", label, found.wait.mean_s, "s", Origin.DERIVED, None,
               "Allen-Cunneen" if found.gathered is None else "batches, see `gathering`")


def _has_time(node: Node) -> bool:
    """Whether a component does work of its own, or its requests cross a network."""
    stack = [node]
    while stack:
        piece = stack.pop()
        if hasattr(piece, "time") or isinstance(piece, Delay):
            return True
        if isinstance(piece, Mixture):
            stack += [arm for _, arm in piece.arms]
        elif isinstance(piece, Series):
            stack += piece.parts
    return False


_ADDING: Final = frozenset({"service_time", "cv", "p50", "p99", "network", "rate"})
"""Keys without which an answer is taken to be quicker than it is: an unknown time or rate of others is 0."""


def latency(system: System, workload: Workload, peak: bool = False, at_least: bool = False) -> Latency | Missing:
    """Return the answers of a workload at its mean rate or at its peak; `Missing` if facts are, or a queue is unstable.

    With `at_least`, unknown times and rates of other workloads are 0, so that the true answers are slower.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... workloads: {search: {from: page, rate: 80/s}}
    ... models: {ranker: {service_time: {mean: 10ms, cv: 1}}}
    ... components:
    ...   page: {kind: client, calls: [api]}
    ...   api: {kind: service, service_time: 2ms, replicas: 4, calls: [server]}
    ...   server: {kind: model-server, serves: [ranker], replicas: 1, workers: 1}
    ... ''')
    >>> p99 = latency(system, system.workloads["search"]).quantity(0.99)
    >>> round(p99.value, 2), [round(end, 2) for end in p99.band]
    (0.23, [0.16, 0.34])
    """
    name = "latency at the peak" if peak else "latency at the mean rate"
    path = path_of(system, workload)
    if path is None:
        return Missing(name, (), f"no client waits for an answer of `{workload.name}`")
    if len(path.order) > MOST_COMPONENTS:
        return Missing(name, (), f"the path has {len(path.order)} components; at most {MOST_COMPONENTS} are composed")
    rates = rates_at_peak(system, workload) if peak else rates_at_mean(system)
    needs = tuple(_own(workload, missing_for(system, workload, rates)))
    if at_least and (rates.get(workload.name) or 0.0) > 0:
        needs = tuple(place for place in needs if place.last not in _ADDING)
    if peak and workload.peak_per_s is None:
        needs = (workload.place("peak"), *needs)
    if needs:
        return Missing(name, tuple(dict.fromkeys(needs)))
    stations = stations_at(system, rates, path.order).values()
    off = next((one for one in stations if one.queued and one.slots.total == 0), None)
    if off is not None:
        return Missing(name, (), f"`{off.component.name}` has no replicas")
    found = response(system, workload, rates)
    if isinstance(found, Overloaded):
        return Missing(name, (), overloaded(found))
    if found is None:
        return Missing(name)
    return Latency(system, workload, rates, peak, found)


def _own(workload: Workload, places: tuple[Place, ...]) -> Iterator[Place]:
    """Yield the places of another workload with an equal path as those of this one."""
    for place in places:
        yield workload.place("models") if place.names[0] == "workloads" and place.last == "models" else place


def overloaded(found: Overloaded) -> str:
    """Say which component cannot keep up, so that no percentile exists."""
    held = ", as its workers are held while they wait for others" if found.held else ""
    held += ", as calls that are given up are tried again" if found.retried else ""
    return f"`{found.component}` is overloaded (utilisation {format_share(found.utilisation)}){held}"


def percentiles(system: System, workload: Workload, peak: bool = False) -> tuple[Quantity | Missing, ...]:
    """Return p50, p95 and p99 of a workload's answers."""
    found = latency(system, workload, peak)
    if isinstance(found, Missing):
        return tuple(msgspec.structs.replace(found, name=format_percentile(fraction)) for fraction in FRACTIONS)
    return tuple(found.quantity(fraction) for fraction in FRACTIONS)


class Enough(msgspec.Struct, frozen=True):
    """The least replicas of one component with which a percentile is at most an objective."""

    component: str
    replicas: int
    before: int


def replicas_for(found: Latency, fraction: float, objective_s: float) -> Enough | None:
    """Return the replicas that would meet an objective, of the component whose wait is longest; None if more do not.

    The component is that whose wait adds most; if more replicas of it alone are not enough, there is no answer.
    """
    waits = {name: found.response.path.visits[name] * one.wait.mean_s for name, one in found.stations.items()}
    name = max(sorted(waits), key=lambda one: waits[one], default=None)
    if name is None or waits[name] <= 0:
        return None
    slots = found.stations[name].station.slots
    before = int(float(slots.replicas.value)) if slots.replicas is not None else 1

    def meets(replicas: int) -> bool:
        settings = Settings(replicas={name: replicas})
        other = response(found.system, found.workload, found.rates, settings)
        return isinstance(other, Response) and other.time.percentile(fraction) <= objective_s

    low, high = before, before * 2
    while not meets(high):
        if high > min(before * 64, _MOST_REPLICAS):
            return None
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if meets(middle) else (middle, high)
    return Enough(name, high, before)


def describe_band(band: tuple[float, float]) -> str:
    """Say a band in words.

    >>> describe_band((0.1, 0.25))
    '100 ms to 250 ms'
    """
    return f"{format_duration(band[0])} to {format_duration(band[1])}"

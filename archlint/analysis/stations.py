"""The queues that requests pass: the workers of each component, and the work that all workloads bring to them.

`request_path` (see `request_paths`) is what one request does; `stations_at` is what it competes with, at chosen rates.
The same trees are the input of the closed forms (`latency`) and of the simulator.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from archlint.analysis.facts import Fact
from archlint.analysis.generation import asks_for_tokens
from archlint.analysis.request_paths import (
    NOTHING,
    Attempts,
    Body,
    Delay,
    Known,
    Mixture,
    Node,
    RequestPath,
    Series,
    Together,
    Visit,
    Work,
    calls_of,
    request_path,
    visits_with,
    works_of,
)
from archlint.analysis.service_time import mean, squared_cv
from archlint.analysis.system import System
from archlint.analysis.utilisation import JUDGED, Slots, slots_of
from archlint.model.architecture import Component, Workload
from archlint.model.places import Place
from archlint.model.words import BALANCERS

__all__ = [
    "NOTHING", "Arriving", "Attempts", "Body", "Delay", "Mixture", "Node", "RequestPath", "Series", "Station",
    "Together", "Visit", "Work", "calls_of", "path_of", "rates_at_mean", "rates_at_peak", "stations_at", "visits_with",
    "works_of",
]  # fmt: skip

_SEPARATE: Final = frozenset({"round-robin", "random", "consistent-hash", "prefix-aware"})
"""How requests are spread if each replica has a queue of its own; `least-loaded` is close to one queue for all."""
_IN_TURN: Final = "round-robin"
_FEW: Final = 4
"""Up to so many rates that are not the mean, stations are adapted instead of computed."""
_HOLDING: Final = frozenset({"service", "gateway", "guardrail", "model-server", "worker", "stream-processor"})


class Arriving(msgspec.Struct, frozen=True):
    """The requests of a workload at a component: `rate_per_s` is None if the file does not state it.

    `mean_s` is the mean of the component's own work for one of them, `square` the mean of its square.
    """

    workload: Workload
    visits: float
    rate_per_s: float | None
    mean_s: float
    square: float

    @property
    def per_s(self) -> float:
        """The requests per second that arrive here."""
        return self.visits * (self.rate_per_s or 0.0)


class Station(msgspec.Struct, frozen=True):
    """The workers of a component, and the work of all workloads that they do, at the chosen rates.

    If `queued`, requests wait for one of `servers` workers, in each of `queues` separate queues (1: pooled); requests
    go to these `in_turn`, or at random. Otherwise, each is served at once: stores, vendors, balancers without workers,
    and platforms that start an instance for each request. `mean_s` and `cv2` (squared coefficient of variation) are
    of the component's own work, over the requests of all workloads. If it `holds`, a worker is occupied until the
    request leaves, also while it waits for others: then its time is longer than `mean_s`. `needs` are the keys of
    workers and replicas that the file does not state, each taken as 1. An unknown rate is taken as 0; `unrated` are the
    keys of such rates. `works` is whether any request needs work here. `sums` are those of the requests per second, of
    their work, and of its squares, over all workloads.
    """

    component: Component
    slots: Slots
    queued: bool
    holds: bool
    queues: int
    servers: int
    in_turn: bool
    balancing: Fact | None
    arriving: tuple[Arriving, ...]
    needs: tuple[Place, ...]
    unrated: tuple[Place, ...]
    works: bool
    sums: tuple[float, float, float]

    @property
    def rate_per_s(self) -> float:
        """The requests per second of all workloads, for all queues together."""
        return self.sums[0]

    @property
    def mean_s(self) -> float:
        """The mean of the component's own work for one request."""
        rate = self.rate_per_s
        return self.sums[1] / rate if rate > 0 else 0.0

    @property
    def cv2(self) -> float:
        """The squared coefficient of variation of the component's own work, over all requests."""
        rate, mean_s = self.rate_per_s, self.mean_s
        if rate <= 0 or mean_s <= 0:
            return 0.0
        return max(0.0, self.sums[2] / rate / mean_s**2 - 1)


Rates = Mapping[str, float | None]
"""Requests per second by workload; None if unknown."""


class _AtPeak(Mapping[str, float | None]):
    """The mean rates of all workloads but one: thousands of workloads with a peak do not copy them all."""

    def __init__(self, means: Rates, name: str, rate_per_s: float) -> None:
        self.means, self.name, self.rate_per_s = means, name, rate_per_s

    def __getitem__(self, name: str) -> float | None:
        return self.rate_per_s if name == self.name else self.means[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.means)

    def __len__(self) -> int:
        return len(self.means)


def rates_at_mean(system: System) -> Rates:
    """Return the mean rates of all workloads."""
    return system.once(_Memory).means


def rates_at_peak(system: System, workload: Workload) -> Rates:
    """Return the rates at the peak of one workload: the file does not state that peaks come together."""
    means, peak = rates_at_mean(system), workload.peak_per_s
    return means if peak is None else _AtPeak(means, workload.name, peak)


def is_separate(system: System, component: Component) -> bool:
    """Whether each replica of a component has a queue of its own, by the way in which requests are spread."""
    balancing = system.facts.balancing(component)
    return balancing is not None and balancing.value in _SEPARATE


_User = tuple[int, Workload, RequestPath]
"""A workload that uses a component: its number in the file, and its path."""


class _Memory:
    """The paths of a system, and the moments of work: those of equal workloads are worked out once.

    So are the stations at the mean rates, and those at the rates that were asked for last (`rates`, by identity).
    """

    def __init__(self, system: System) -> None:
        self.means: Rates = MappingProxyType({name: one.rate_per_s for name, one in system.workloads.items()})
        self.paths: dict[object, RequestPath | None] = {}
        self.known = Known()
        self.moments: dict[int, tuple[float, float]] = {}
        self.users: dict[str, list[_User]] | None = None
        self.at_mean: dict[str, Station] = {}
        self.rates: Rates | None = None
        self.changed: dict[int, float | None] | None = None
        self.stations: dict[str, Station] = {}
        self.numbers = {name: number for number, name in enumerate(system.workloads)}

    def turn_to(self, rates: Rates) -> None:
        """Note at which rates stations are asked for, and which of them are not the mean rates."""
        if rates is self.rates:
            return
        self.rates, self.changed, self.stations = rates, {}, {}
        if rates is self.means:
            return
        if isinstance(rates, _AtPeak) and rates.means is self.means:
            self.changed[self.numbers[rates.name]] = rates.rate_per_s
            return
        for number, (name, mean_per_s) in enumerate(self.means.items()):
            rate = rates.get(name)
            if rate != mean_per_s:
                self.changed[number] = rate
                if len(self.changed) > _FEW:
                    self.changed = None
                    return


def path_of(system: System, workload: Workload) -> RequestPath | None:
    """Return what a request of a workload does, worked out once for workloads that enter alike."""
    memory = system.once(_Memory)
    paths = memory.paths
    flow = system.flow(workload)
    key = flow, workload.repeats, workload.tokens, workload.stream, asks_for_tokens(workload)
    if key not in paths:
        paths[key] = request_path(system, workload, memory.known)
    return paths[key]


def stations_at(system: System, rates: Rates, names: tuple[str, ...] | None = None) -> dict[str, Station]:
    """Return the stations that requests of any workload pass while a client waits; only some of them by `names`.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... workloads: {search: {from: page, rate: 100/s}, upload: {from: page, rate: 20/s}}
    ... models: {ranker: {service_time: 20ms}}
    ... components:
    ...   page: {kind: client, calls: [api]}
    ...   api: {kind: service, service_time: 5ms, workers: 8, replicas: 2, balancing: random, calls: [server]}
    ...   server: {kind: model-server, serves: [ranker], replicas: 4, workers: 1}
    ... ''')
    >>> stations = stations_at(system, rates_at_mean(system))
    >>> for name in ("api", "server"):
    ...     station = stations[name]
    ...     print(name, station.rate_per_s, station.mean_s, station.queues, station.servers, station.holds)
    api 120.0 0.005 2 8 True
    server 120.0 0.02 1 4 False
    """
    memory = system.once(_Memory)
    if memory.users is None:
        memory.users = {}
        for number, workload in enumerate(system.workloads.values()):
            path = path_of(system, workload)
            if path is not None:
                for name, visits in path.visits.items():
                    if visits > 0 and name != path.client:
                        memory.users.setdefault(name, []).append((number, workload, path))
    memory.turn_to(rates)
    asked = memory.users if names is None else [name for name in names if name in memory.users]
    for name in asked:
        if name not in memory.stations:
            memory.stations[name] = _at_rates(system, memory, rates, name, memory.users[name])
    return {name: memory.stations[name] for name in asked}


def _at_rates(system: System, memory: _Memory, rates: Rates, name: str, users: list[_User]) -> Station:
    """Return a station at the rates of the memory: from that at the mean rates, if only a few are others."""
    if memory.changed is None:
        return _station(system, memory, rates, system.components[name], users)
    station = memory.at_mean.get(name)
    if station is None:
        means = rates_at_mean(system) if memory.changed else rates
        station = memory.at_mean[name] = _station(system, memory, means, system.components[name], users)
    for number, rate in memory.changed.items():
        place = bisect_left(users, number, key=lambda user: user[0])
        if place < len(users) and users[place][0] == number:
            station = _with_rate(station, place, rate)
    return station


def _with_rate(station: Station, place: int, rate_per_s: float | None) -> Station:
    """Return a station at which the requests of one workload arrive at another rate."""
    old = station.arriving[place]
    new = msgspec.structs.replace(old, rate_per_s=rate_per_s)
    arriving = (*station.arriving[:place], new, *station.arriving[place + 1 :])
    more = new.per_s - old.per_s
    rate, work, squares = station.sums
    return msgspec.structs.replace(
        station, arriving=arriving, sums=(rate + more, work + more * old.mean_s, squares + more * old.square),
        unrated=station.unrated if (rate_per_s is None) is (old.rate_per_s is None) else _unrated(arriving),
    )  # fmt: skip


def _unrated(arriving: Iterable[Arriving]) -> tuple[Place, ...]:
    return tuple(one.workload.place("rate") for one in arriving if one.rate_per_s is None)


def _station(
    system: System, memory: _Memory, rates: Rates, component: Component, users: list[_User]
) -> Station:
    arriving = []
    rate = work = squares = 0.0
    for _, workload, path in users:
        mean_s, square = _moments(memory, path.bodies[component.name])
        one = Arriving(workload, path.visits[component.name], rates.get(workload.name), mean_s, square)
        arriving.append(one)
        per_s = one.per_s
        rate, work, squares = rate + per_s, work + per_s * mean_s, squares + per_s * square
    slots = slots_of(system, component)
    queued = component.kind in JUDGED and not slots.unbounded and not (
        component.kind in BALANCERS and component.workers is None
    )  # fmt: skip
    holds = queued and component.kind in _HOLDING and component.workers is not None
    holds = holds and any(True for _, _, path in users for _ in calls_of(path.bodies[component.name].inside))
    balancing = system.facts.balancing(component)
    said = str(balancing.value) if balancing is not None else ""
    total, each = _whole(slots.total), _whole(slots.each)
    replicas = _whole(float(slots.replicas.value)) if slots.replicas is not None else 1
    separate = queued and is_separate(system, component) and replicas > 1
    return Station(
        component, slots, queued, holds, replicas if separate else 1, each if separate else total,
        said == _IN_TURN, balancing, tuple(arriving), slots.needs if queued else (), _unrated(arriving),
        any(one.mean_s > 0 for one in arriving), (rate, work, squares),
    )  # fmt: skip


def _moments(memory: _Memory, body: Body) -> tuple[float, float]:
    """Return the mean and the mean square of a component's own work for one request; 0 where a time is unknown."""
    known = memory.moments.get(id(body))                 # the paths keep the bodies
    if known is None:
        mean_s = variance = 0.0
        for work, share in works_of(body.inside):
            one_s, cv2 = mean(work.time) or 0.0, squared_cv(work.time) or 0.0
            mean_s += share * one_s
            # Pieces are independent of one another; one that a share of the requests does is that or nothing.
            variance += share * one_s**2 * (cv2 + 1) - (share * one_s) ** 2
        known = memory.moments[id(body)] = mean_s, variance + mean_s**2
    return known


def _whole(number: float) -> int:
    """Return how many whole workers there are, at most 10^9."""
    return math.floor(min(number, 1e9))

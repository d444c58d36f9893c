"""The distribution of a request's time at each component under load: waits, work, and what it calls.

Components are computed in one pass, each after those that it calls. A wait is that of a G/G/c queue with random
arrivals (Allen-Cunneen). A caller whose workers hold a request until its answer is there is occupied for its own work
and the whole response behind it (Rolia, Sevcik 1995); as arrivals do not depend on answers, no iteration is needed.
Pieces are taken as independent.

Calls that are given up are tried again: the server does the work of each attempt, so there is more to do, and more
calls are given up. The load is the least one that this agrees with (a fixed point). If there is none, or all attempts
of all requests are more than the workers can do, the retries overload it: a burst fills the queue, and keeps it full.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from archlint.analysis.distributions import (
    NOTHING,
    Distribution,
    constant,
    mixture,
    of_service_time,
    of_wait,
    one_after_the_other,
    scaled,
    slowest,
    with_attempts,
)
from archlint.analysis.gathering import Gathered
from archlint.analysis.missing_times import unclear_times
from archlint.analysis.queueing import Unstable, Wait, attempts_per_request
from archlint.analysis.stations import (
    Arriving,
    Attempts,
    Body,
    Delay,
    Mixture,
    Node,
    Rates,
    RequestPath,
    Series,
    Station,
    Together,
    Visit,
    Work,
    calls_of,
    path_of,
    stations_at,
    visits_with,
)
from archlint.analysis.system import System
from archlint.analysis.waits import batches_of, gathered_wait, wait_of
from archlint.model.architecture import Workload
from archlint.model.places import Place
from archlint.topology.cycles import condensed_order

MOST_COMPONENTS: Final = 300
"""Longer paths are not computed: each component takes some milliseconds."""

_MOST_ROUNDS: Final = 12
_SAME_QUEUE: Final = 0.5
"""At the upper end of a band, an attempt after a late one is late with at least this probability."""
_FEW_ATTEMPTS: Final = 0.002
"""Fewer calls that are given up, as a share of all, change nothing."""
_WIDER: Final = 1.25
"""By how much the upper end of a band is wider for waits in batches."""


Attempted = Mapping[tuple[str, str], float]


class Overloaded(msgspec.Struct, frozen=True):
    """A component that cannot keep up, so that nothing behind its queue has a percentile.

    With `retried`, it could without the calls that are given up and tried again.
    """

    component: str
    utilisation: float
    held: bool
    retried: bool = False


class Occupied(msgspec.Struct, frozen=True):
    """A station under load: the time for which a request occupies a worker, and the wait for one."""

    station: Station
    time_s: float
    cv2: float
    wait: Wait
    gathered: Gathered | None = None

    @property
    def utilisation(self) -> float:
        """The share of its workers that is busy on average."""
        return self.wait.utilisation


class Settings(msgspec.Struct, frozen=True):
    """What to change in a computation: all waits by a factor, the replicas of some components, or single times.

    `attempts` are how often a caller asks for each request, by (caller, target), where that is known; else it is
    computed. `scales` has factors by (component, "wait" or "work"). `more` is time that a visit of a component takes
    beyond what the path has, such as that of generated tokens; `known` are queues that are computed already.
    """

    waits: float = 1.0
    replicas: Mapping[str, int] = {}
    scales: Mapping[tuple[str, str], float] = {}
    more: Mapping[str, Distribution] = {}
    known: Mapping[str, Occupied] = {}
    attempts: Attempted | None = None


DEFAULT: Final = Settings()


class Response(msgspec.Struct, frozen=True):
    """The time of a workload's answer, and the stations on its path."""

    time: Distribution
    path: RequestPath
    stations: Mapping[str, Occupied]
    attempts: Attempted = {}

    def own_times(self) -> Mapping[str, Distribution]:
        """Return the time of each component's own work for one request that visits it, in the order of the request."""
        path = self.path
        names = (name for name in reversed(path.order) if path.visits.get(name))
        return {name: own_time(path.bodies[name].inside) for name in names}


def unloaded(system: System, workload: Workload) -> tuple[Response, tuple[Place, ...]] | None:
    """Return the response of a workload without any wait, and the keys of the times that are unknown: each is 0 in it.

    None if its client waits for nothing, or if the path is too long.
    """
    path = path_of(system, workload)
    if path is None or len(path.order) > MOST_COMPONENTS:
        return None
    needs = dict.fromkeys(path.unknown)
    for name in path.order:
        if path.visits.get(name):
            needs |= dict.fromkeys(unclear_times(path.bodies[name].inside))
    found = response(system, workload, {})
    return (found, tuple(needs)) if isinstance(found, Response) else None


def response(
    system: System, workload: Workload, rates: Rates, settings: Settings = DEFAULT
) -> Response | Overloaded | None:
    """Return the response of a workload at some rates, or the component that cannot keep up; None if there is none.

    Times that the file does not state are taken as 0: ask `missing_for` first.

    >>> import archlint
    >>> from archlint.analysis.stations import rates_at_mean
    >>> system = archlint.load('''
    ... archlint: 1
    ... workloads: {search: {from: page, rate: 80/s}}
    ... models: {ranker: {service_time: {mean: 10ms, cv: 1}}}
    ... components:
    ...   page: {kind: client, calls: [server]}
    ...   server: {kind: model-server, serves: [ranker], replicas: 1, workers: 1}
    ... ''')
    >>> found = response(system, system.workloads["search"], rates_at_mean(system))
    >>> round(found.time.mean, 3), found.stations["server"].utilisation
    (0.05, 0.8)
    """
    path = path_of(system, workload)
    if path is None:
        return None
    if settings.attempts is not None:
        return _Solver(system, rates, settings, settings.attempts).solve(path)
    attempts: Attempted = {}
    most: dict[tuple[str, str], float] = {}
    for _ in range(_MOST_ROUNDS):
        solver = _Solver(system, rates, settings, attempts)
        found = solver.solve(path)
        if isinstance(found, Overloaded):
            return msgspec.structs.replace(found, retried=bool(attempts))
        most |= solver.most_attempts
        more = {pair: times for pair, times in solver.attempts.items() if times > 1 + _FEW_ATTEMPTS}
        if all(times <= attempts.get(pair, 1.0) * (1 + _FEW_ATTEMPTS) for pair, times in more.items()):
            break
        attempts = more
    # A burst may fill the queue until every call is given up: if all attempts are too many, it never drains again.
    if attempts:
        storm = _Solver(system, rates, settings, {pair: most[pair] for pair in attempts}).solve(path)
        if isinstance(storm, Overloaded):
            return msgspec.structs.replace(storm, retried=True)
    return found


def own_time(node: Node) -> Distribution:
    """Return the time of a component's own work for one request, without waits and what it calls."""
    if isinstance(node, Work):
        return of_service_time(node.time) or NOTHING
    if isinstance(node, Series):
        return one_after_the_other(own_time(part) for part in node.parts)
    if isinstance(node, Together):
        return slowest([own_time(branch) for branch in node.branches])
    if isinstance(node, Mixture):
        return mixture((share, own_time(arm)) for share, arm in node.arms)
    return own_time(node.inside) if isinstance(node, Attempts) else NOTHING


_Key = tuple[int, str]
_MOST_HOLDERS: Final = 100


class _Solver:
    """Computes the times of one path, and of other workloads' requests that hold the same workers."""

    def __init__(self, system: System, rates: Rates, settings: Settings, attempts: Attempted) -> None:
        self.system = system
        self.rates = rates
        self.attempts: dict[tuple[str, str], float] = {}
        self.most_attempts: dict[tuple[str, str], float] = {}
        self._before = attempts
        self._visits: dict[int, Mapping[str, float]] = {}
        self.settings = settings
        self._times: dict[_Key, Distribution] = {}            # of a visit, with its wait, by body and component
        self._inside: dict[_Key, Distribution] = {}
        self._paths: dict[int, RequestPath] = {}
        self._held: dict[str, Sequence[Arriving]] = {}

    def solve(self, path: RequestPath) -> Response | Overloaded:
        """Return the response of a path, or the first component that cannot keep up, from the back."""
        stations = stations_at(self.system, self.rates, path.order) if self.rates else {}
        met = self._also_needed(path, stations)
        targets = {
            name: [to for body in bodies.values() for to, _ in calls_of(body.inside) if to in met]
            for name, bodies in met.items()
        }  # fmt: skip
        occupied: dict[str, Occupied] = {}
        for group in condensed_order(targets):
            for name in group:
                for number, body in met[name].items():
                    inside = self._time(number, name, body.inside)
                    more = self.settings.more.get(name)
                    self._inside[number, name] = inside if more is None else one_after_the_other([inside, more])
                found = self._occupied(name, stations.get(name), met[name])
                if isinstance(found, Overloaded):
                    return found
                if found is not None:
                    occupied[name] = found
                wait = self._wait(name, found)
                for number in met[name]:
                    self._times[number, name] = one_after_the_other([wait, self._inside[number, name]])
        on_path = {name: occupied[name] for name in path.order if name in occupied}
        return Response(self._times[id(path), path.client], path, on_path, self._before)

    def _retried(self, station: Station) -> Station:
        """Return a station with the calls that are tried again."""
        if not self._before:
            return station
        arriving = []
        for one in station.arriving:
            path = path_of(self.system, one.workload)
            if path is not None and id(path) not in self._visits:
                self._visits[id(path)] = visits_with(path, self._before)
            visits = one.visits if path is None else self._visits[id(path)].get(station.component.name, one.visits)
            arriving.append(msgspec.structs.replace(one, visits=visits))
        sums = (
            sum(one.per_s for one in arriving), sum(one.per_s * one.mean_s for one in arriving),
            sum(one.per_s * one.square for one in arriving),
        )  # fmt: skip
        return msgspec.structs.replace(station, arriving=tuple(arriving), sums=sums)

    def _also_needed(self, path: RequestPath, stations: dict[str, Station]) -> dict[str, dict[int, Body]]:
        """Return the bodies to compute, by component and path: of the path, and of others that hold its workers."""
        met: dict[str, dict[int, Body]] = {}
        open_bodies = [(path, name) for name in path.order if path.visits.get(name)]
        while open_bodies:
            one, name = open_bodies.pop()
            self._paths[id(one)] = one
            bodies = met.setdefault(name, {})
            if id(one) in bodies:
                continue
            bodies[id(one)] = one.bodies[name]
            open_bodies += [(one, to) for to, _ in calls_of(one.bodies[name].inside)]
            if name not in stations and self.rates:
                stations |= stations_at(self.system, self.rates, (name,))
            station = stations.get(name)
            if station is not None and station.holds:
                others = (path_of(self.system, other.workload) for other in self._holders(name, station))
                open_bodies += [(other, name) for other in others if other is not None]
        return met

    def _holders(self, name: str, station: Station) -> Sequence[Arriving]:
        """Return the requests whose whole answers are computed, because they hold workers of a component.

        Of more than a hundred workloads, those with most requests stand for all.
        """
        known = self._held.get(name)
        if known is None:
            found = [arriving for arriving in station.arriving if arriving.per_s > 0]
            if len(found) > _MOST_HOLDERS:
                found = sorted(found, key=lambda one: -one.per_s)[:_MOST_HOLDERS]
            known = self._held[name] = found
        return known

    def _occupied(self, name: str, station: Station | None, bodies: Mapping[int, Body]) -> Occupied | Overloaded | None:
        if station is None or not station.queued:
            return None
        if name in self.settings.known:
            return self.settings.known[name]
        station = self._retried(station)
        time_s, cv2 = station.mean_s, station.cv2
        if station.holds:
            shares: dict[int, float] = {}
            for arriving in self._holders(name, station):
                other = path_of(self.system, arriving.workload)
                if other is not None and id(other) in bodies:
                    shares[id(other)] = shares.get(id(other), 0.0) + arriving.per_s
            total = sum(shares.values())
            if total > 0:
                held = mixture((share / total, self._inside[number, name]) for number, share in shares.items())
                time_s, cv2 = held.mean, held.cv2
        queues, servers = station.queues, station.servers
        replicas = self.settings.replicas.get(name)
        if replicas is not None:
            each = max(1, int(station.slots.each))
            queues, servers = (replicas, each) if queues > 1 or station.queues > 1 else (1, replicas * each)
        batches = batches_of(station)
        if batches is not None and time_s > 0 and servers >= 1:
            together = gathered_wait(station, batches, time_s, cv2, queues, servers)
            if isinstance(together, Unstable):
                return Overloaded(name, together.utilisation, station.holds)
            return Occupied(station, time_s, cv2, together.wait, together)
        wait = wait_of(station, station.rate_per_s, time_s, cv2, queues, servers)
        if isinstance(wait, Unstable):
            return Overloaded(name, wait.utilisation, station.holds)
        return Occupied(station, time_s, cv2, wait)

    def _wait(self, name: str, occupied: Occupied | None) -> Distribution:
        if occupied is None:
            return NOTHING
        factor = self.settings.waits * self.settings.scales.get((name, "wait"), 1.0)
        if occupied.gathered is not None:
            return scaled(occupied.gathered.time, factor * (_WIDER if self.settings.waits > 1 else 1.0))
        return scaled(of_wait(occupied.wait), factor)

    def _time(self, number: int, name: str, node: Node) -> Distribution:
        """Return the time of a piece of a component's body; bodies are shallow, so that this may call itself."""
        if isinstance(node, Work):
            time = of_service_time(node.time) or NOTHING
            return scaled(time, self.settings.scales.get((name, "work"), 1.0))
        if isinstance(node, Delay):
            return constant(node.seconds * self.settings.scales.get((name, "work"), 1.0))
        if isinstance(node, Visit):
            return self._times.get((number, node.component), NOTHING)
        if isinstance(node, Series):
            return one_after_the_other(self._all(number, name, node.parts))
        if isinstance(node, Together):
            return slowest(list(self._all(number, name, node.branches)))
        if isinstance(node, Mixture):
            return mixture((share, self._time(number, name, arm)) for share, arm in node.arms)
        inside = self._time(number, name, node.inside)
        late = inside.beyond(node.timeout_s)
        if late > 0 and node.count > 1 and self.rates:
            times = attempts_per_request(min(1.0, late), node.count)
            for target, _ in calls_of(node.inside):
                self.attempts[name, target] = max(times, self.attempts.get((name, target), 1.0))
                self.most_attempts[name, target] = float(node.count)
        again = _SAME_QUEUE if self.settings.waits > 1 else 0.0
        return with_attempts(inside, node.timeout_s, node.count, node.gives_up, again)

    def _all(self, number: int, name: str, nodes: Iterable[Node]) -> Iterator[Distribution]:
        return (self._time(number, name, node) for node in nodes)

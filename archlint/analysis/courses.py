"""What plots show beside single numbers: latency against the rate, its distribution, and the course of a surge."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import msgspec

from archlint.analysis.first_token import FirstToken, first_token
from archlint.analysis.latency import Latency, latency
from archlint.analysis.load_latency import LoadCurve, load_curves
from archlint.analysis.numbers import Numbers
from archlint.analysis.quantity import Missing
from archlint.analysis.scaling import NOTICED_S, Surge, surges
from archlint.analysis.starts import StartTime, start_time
from archlint.analysis.system import System
from archlint.analysis.workload_numbers import MOST_LOADED
from archlint.model.architecture import Workload

SHARES: Final = (0.01, *(step / 40 for step in range(1, 38)), 0.94, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995)
"""The shares of the answers at which a distribution is computed."""
FIRST: Final = "first token"
_AFTER: Final = 1.15
"""How much longer than its backlog a course is shown."""

Points = tuple[tuple[float, float], ...]


class LatencyDistribution(msgspec.Struct, frozen=True):
    """A share of the answers, and the time in seconds that they take at most: an estimate under load."""

    name: str
    points: Points


class SurgeCourse(msgspec.Struct, frozen=True):
    """The requests that wait at a component over time, if its autoscaler notices the peak after `noticed_s`.

    The peak starts at 0 s. From `noticed_s + start_s` on, all replicas serve. A fluid model: rates, no single requests.
    """

    noticed_s: float
    points: Points


class SurgeTimeline(msgspec.Struct, frozen=True):
    """What happens at a component from the start of a peak until its backlog is gone; rates in requests per second.

    `handled_after_per_s` is None if the most replicas are unknown: then the courses end when new ones serve.
    """

    component: str
    arriving_per_s: float
    handled_per_s: float
    handled_after_per_s: float | None
    start_s: float
    courses: tuple[SurgeCourse, ...]


class Courses(msgspec.Struct, frozen=True):
    """The courses of one workload."""

    workload: str
    against_rate: tuple[LoadCurve, ...] = ()
    distributions: tuple[LatencyDistribution, ...] = ()
    surges: tuple[SurgeTimeline, ...] = ()


def courses_of(system: System, numbers: Numbers) -> tuple[Courses, ...]:
    """Return the courses of the workloads that `numbers` has; without latencies, if these are too many at once.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... workloads: {search: {from: page, rate: 60/s, peak: 150/s}}
    ... components:
    ...   page: {kind: client, calls: [api]}
    ...   api: {kind: service, service_time: 20ms, autoscale: {min: 2, max: 4}, workers: 1, start_time: 45s}
    ... ''')
    >>> found = courses_of(system, archlint.analyze(system))[0]
    >>> [one.name for one in found.distributions], found.surges[0].courses[1].points
    (['at the mean rate', 'at the peak'], ((0.0, 0.0), (60.0, 3000.0), (120.0, 0.0), (138.0, 0.0)))
    """
    timelines: dict[str, list[SurgeTimeline]] = {}
    for surge in surges(system):
        timeline = _timeline(system, surge)
        if timeline is not None:
            timelines.setdefault(surge.workload.name, []).append(timeline)
    few = len(numbers.workloads) <= MOST_LOADED
    found = []
    for one in numbers.workloads:
        workload = system.workloads[one.name]
        full = one.breaking[0].per_s if one.breaking else None
        against = load_curves(system, workload, full) if few else ()
        shares = tuple(_distributions(system, workload)) if few else ()
        found.append(Courses(one.name, against, shares, tuple(timelines.get(one.name, ()))))
    return tuple(found)


def _distributions(system: System, workload: Workload) -> Iterator[LatencyDistribution]:
    for peak, words in ((False, "at the mean rate"), (True, "at the peak")):
        if peak and workload.peak_per_s is None:
            continue
        tokens = first_token(system, workload, peak)
        if isinstance(tokens, FirstToken):
            yield _distribution(f"{FIRST} {words}", tokens)
        elif tokens is None:
            found: Latency | Missing = latency(system, workload, peak)
            if isinstance(found, Latency):
                yield _distribution(words, found)


def _distribution(name: str, found: Latency | FirstToken) -> LatencyDistribution:
    points = ((share, found.seconds(share)) for share in SHARES)
    return LatencyDistribution(name, tuple(point for point in points if math.isfinite(point[1])))


def _timeline(system: System, surge: Surge) -> SurgeTimeline | None:
    start = start_time(system, surge.component)
    if not isinstance(start, StartTime):
        return None
    after = surge.most_handled_per_s
    courses = tuple(SurgeCourse(noticed_s, _course(surge, noticed_s + start.value_s, after)) for noticed_s in NOTICED_S)
    return SurgeTimeline(
        surge.component.name, surge.load.per_s, surge.handled_per_s, after, start.value_s, courses
    )


def _course(surge: Surge, delay_s: float, after: float | None) -> Points:
    """Return when how many requests wait: more until new replicas serve, then fewer if these handle more."""
    waiting = surge.backlog(delay_s)
    points = [(0.0, 0.0), (delay_s, waiting)]
    spare = (after or 0.0) - surge.load.per_s
    if spare > 1e-9 * surge.load.per_s:
        gone_s = delay_s + waiting / spare
        points += [(gone_s, 0.0), (gone_s * _AFTER, 0.0)]
    elif after is not None:
        points.append((delay_s * _AFTER, waiting))
    return tuple(points)

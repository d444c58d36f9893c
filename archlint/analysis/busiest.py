"""Which workloads may miss a latency objective under load: a cheap bound, so that few are computed in full.

A percentile of an answer is hardly above the floor at that percentile plus the means of all work on the path, as long
as no queue is busy. Where that is well below the objective, and no component on the path is busy, nothing is open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from archlint.analysis.arrivals import arrivals_of
from archlint.analysis.floors import FloorOf
from archlint.analysis.service_time import mean
from archlint.analysis.system import System
from archlint.analysis.tails import Sums, longest_s
from archlint.analysis.utilisation import Utilisation, utilisations
from archlint.model.architecture import Component, Workload
from archlint.model.places import Place
from archlint.model.words import BALANCERS

_BUSY: Final = 0.5
_MOST_FACTS: Final = 8
_ROOM: Final = 0.6
"""Below this part of the objective, and below a utilisation of a half, no percentile is near the objective."""
_ROOM_OF_MEANS: Final = 0.9
"""The same for the sum of the means, as the median of an answer is below its mean."""
_LIKE_A_MEAN: Final = 0.75
"""Up to this percentile, the sum of the means stands for it alone."""


class _Known:
    """What is known of a system: its busy components, those whose workers wait for others, and mean times of work."""

    def __init__(self, system: System) -> None:
        self.busy: set[str] = set()
        self.held: dict[str, tuple[float, float]] = {}        # requests per second at most, and workers
        self.means: dict[str, float] = {}
        self.open: dict[str, bool] = {}
        self.topology = system.topology
        self.answers = Sums(system.topology, lambda name: self.mean_of(self.components[name]))
        self.uses = {use.component.name: use for use in utilisations(system)}
        self.components = system.components
        self.models = system.architecture.models
        self.arrivals = arrivals_of(system)
        for use in self.uses.values():
            if not use.slots.unbounded and use.slots.total > 0:
                self._add(use)

    def _add(self, use: Utilisation) -> None:
        """Keep a component if it may be busy at the means of all workloads, and the peak of one."""
        mean_busy = more_busy = mean_rate = more_rate = longest_s = 0.0
        for part in use.parts:
            longest_s = max(longest_s, part.mean_s)
            surging = part.group.surging
            above = (surging.peak_per_s or 0.0) - (surging.rate_per_s or 0.0) if surging is not None else 0.0
            mean_rate += part.visits * part.group.mean_per_s
            more_rate = max(more_rate, part.visits * above)
            mean_busy += part.group.mean_per_s * part.each_s(False)
            more_busy = max(more_busy, above * part.each_s(False))
        name, total = use.component.name, use.slots.total
        batching = use.component.batching
        self.means[name] = longest_s + (0.0 if batching is None else batching.max_delay_s or 0.0)
        if mean_busy + more_busy > _BUSY * total:
            self.busy.add(name)
        if use.component.workers is not None and use.component.relations:
            self.held[name] = mean_rate + more_rate, total

    def mean_of(self, component: Component) -> float:
        """Return the mean of all work that a component may do for a request; 0 if unknown."""
        known = self.means.get(component.name)
        if known is None:
            preparing = component.preprocessing
            times = [component.service_time, preparing.service_time if preparing is not None else None]
            times += [self.models[name].service_time for name in component.serves if name in self.models]
            gathers_s = 0.0 if component.batching is None else component.batching.max_delay_s or 0.0
            work_s = sum(mean(time) or 0.0 for time in times if time is not None)
            known = self.means[component.name] = work_s + gathers_s
        return known

    def work_s(self, workload: Workload, waiting: Sequence[str]) -> float:
        """Return the mean work of a request in all components; those that it may not visit are counted as visited."""
        visits = self.arrivals.of(workload)
        return sum(visits.get(name, 1.0) * self.mean_of(self.components[name]) for name in waiting)

    def may_be_held(self, name: str) -> bool:
        """Whether the workers of a component may be busy while they wait for others."""
        known = self.open.get(name)
        if known is None:
            rate, workers = self.held[name]
            known = self.open[name] = 2 * rate * self.answers.of(name) > _BUSY * workers
        return known


def last_facts(system: System, workload: Workload) -> tuple[Place, ...]:
    """Return the rate, or the times of work, that a file leaves out which states the other facts of a queue.

    Only queues on the path of the workload whose workers and replicas are stated are regarded.
    """
    uses = system.once(_Known).uses
    queues = [uses[name] for name in system.flow(workload).waiting if name in uses]
    stated = [use for use in queues if not use.slots.needs and not use.slots.unbounded and use.slots.total > 0]
    times = dict.fromkeys(place for use in stated for place in use.needs)
    idle = [use.component for use in stated if not use.needs and not use.works]
    idle = [component for component in idle if component.service_time is None and not component.serves]
    busy = any(use.works for use in stated)
    if busy:                              # of a file that states no times at all, nothing is asked
        times |= dict.fromkeys(c.place("service_time") for c in idle if c.kind not in BALANCERS)
    if workload.rate_per_s is not None or workload.peak_per_s is not None:
        return tuple(times)[:_MOST_FACTS]
    return (workload.place("rate"),) if busy and not times else ()


def is_near_under_load(system: System, workload: Workload, objectives: Mapping[float, float]) -> bool:
    """Whether a percentile may be near its objective by the means and variances of waits and work."""
    from archlint.analysis.moments import is_near

    return is_near(system, workload, objectives, system.once(_Known).uses)


def is_near_unloaded(system: System, workload: Workload, objectives: Mapping[float, float]) -> bool:
    """Whether a percentile may be near its objective on idle servers, by the means and variances of work."""
    from archlint.analysis.moments import is_near

    return is_near(system, workload, objectives, None)


def may_be_late(system: System, workload: Workload, objectives: Mapping[float, float]) -> bool:
    """Whether a workload's answers may miss one of the objectives (seconds by percentile) under load.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... workloads: {search: {from: page, rate: 100/s}}
    ... components:
    ...   page: {kind: client, calls: [api]}
    ...   api: {kind: service, service_time: 10ms, replicas: 4, workers: 1}
    ... ''')
    >>> workload = system.workloads["search"]
    >>> may_be_late(system, workload, {0.99: 1.0}), may_be_late(system, workload, {0.99: 0.015})
    (False, True)
    """
    known = system.once(_Known)
    flow = system.flow(workload)
    waiting = tuple(flow.waiting)
    if not known.busy.isdisjoint(waiting):
        return True
    entered = [step.target for step in flow.steps[flow.client] if step.waits] if waiting else []
    floors: FloorOf | None = None
    work_s: float | None = None
    for fraction, objective_s in objectives.items():
        slow = fraction > _LIKE_A_MEAN
        room_s = (_ROOM if slow else _ROOM_OF_MEANS) * objective_s
        most_s = longest_s(system, entered, fraction)
        if slow and most_s * (len(waiting) + 1) <= room_s:
            continue                                          # even if each component took as long as all together
        work_s = known.work_s(workload, waiting) if work_s is None else work_s
        if _together(work_s, most_s, slow) <= room_s:
            continue
        floors = floors or FloorOf(system, workload, estimated=True)
        floor_s = sum([floors.component(name, fraction).at_s for name in entered])
        if slow and floor_s * (len(waiting) + 1) <= room_s:
            continue
        if _together(work_s, floor_s, slow) > room_s:
            return True
    return any(name in known.held and known.may_be_held(name) for name in waiting)


def _together(work_s: float, tail_s: float, slow: bool) -> float:
    """Return what an answer hardly exceeds, by the sum of its means and the percentile of one part."""
    return work_s + tail_s if slow else max(work_s, tail_s)

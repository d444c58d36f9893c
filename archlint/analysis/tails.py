"""A time that no floor of a workload exceeds. It is quick to compute, and most objectives are far above it.

It adds up the percentiles of all that a component waits for, whatever branches and caches requests take. The floor of a
sequence has one part at the percentile and the others at their least, so it is lower.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from archlint.analysis.floor_stages import is_far
from archlint.analysis.network import travel_s
from archlint.analysis.service_time import estimate, lower_bound, says
from archlint.analysis.system import System
from archlint.model.architecture import Component, Model, ServiceTime
from archlint.model.words import WORKING_KINDS
from archlint.topology import Topology


def longest_s(system: System, names: Iterable[str], fraction: float) -> float:
    """Return what no floor of these components exceeds at a percentile, in seconds; infinite if a time is unknown.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... components:
    ...   api: {kind: service, service_time: {p50: 5ms, p99: 20ms}, calls: [{to: ranker, network: 1ms}]}
    ...   ranker: {kind: service, service_time: 30ms, reads: [store]}
    ...   store: {kind: database}
    ...   cache: {kind: cache, service_time: 2ms}
    ... ''')
    >>> longest_s(system, ["cache"], 0.99), longest_s(system, ["api"], 0.99)
    (0.002, inf)
    """
    sums = system.once(_Tails).at(fraction)
    return sum([sums.of(name) for name in names])


class Sums:
    """What components and all that they wait for take together, whatever branches requests take; each once."""

    def __init__(self, topology: Topology, own_s: Callable[[str], float]) -> None:
        self._topology = topology
        self._own_s = own_s
        self._known: dict[str, float] = {}
        self._targets: dict[str, Sequence[str]] = {}

    def of(self, name: str) -> float:
        """Return the sum in seconds; a call back into a circle adds nothing."""
        known = self._known
        stack = [] if name in known else [name]
        while stack:
            top = stack[-1]
            targets = self._targets.get(top)
            if targets is None:
                targets = self._targets[top] = self._topology.waited_for(top)
                left = [one for one in targets if one not in known and one not in self._targets]
                if left:
                    stack += left
                    continue
            stack.pop()
            if top not in known:
                known[top] = self._own_s(top) + sum([known.get(one, 0.0) for one in targets])
        return known[name]


class _Tails:
    """The sums of percentiles of a system, for each percentile that an objective names."""

    def __init__(self, system: System) -> None:
        self._topology = system.topology                      # and not the system, so that it can be forgotten
        self._components = system.components
        self._models = system.architecture.models
        self._has_regions = any(component.regions for component in self._components.values())
        self._sums: dict[float, Sums] = {}

    def at(self, fraction: float) -> Sums:
        sums = self._sums.get(fraction)
        if sums is None:
            sums = self._sums[fraction] = Sums(self._topology, lambda name: self._own_s(name, fraction))
        return sums

    def _own_s(self, name: str, fraction: float) -> float:
        """Return the percentile of all work that a component may do for a request, and of its calls' networks."""
        component = self._components[name]
        total_s = 0.0
        for relation in self._topology.outgoing[name]:
            total_s += travel_s(relation)
            if self._has_regions and is_far(self._components, relation):
                return math.inf
        for time in _times(component, self._models):
            total_s += math.inf if time is None else _percentile_s(time, fraction)
        return total_s


@lru_cache(maxsize=4096)
def _percentile_s(time: ServiceTime, fraction: float) -> float:
    """Return the percentile of a time, as a bound or an estimate, whichever is larger; infinite if unknown."""
    if not says(time, fraction):
        return math.inf
    bound = lower_bound(time, fraction)
    return max(bound.value_s if bound is not None else 0.0, estimate(time, fraction) or 0.0)


def _times(component: Component, models: dict[str, Model]) -> Iterator[ServiceTime | None]:
    """Yield the times of the work that a component does; None for each that is not stated."""
    if component.service_time is not None or (component.kind in WORKING_KINDS and not component.serves):
        yield component.service_time
    if component.preprocessing is not None:
        yield component.preprocessing.service_time
    for name in component.serves:
        model = models.get(name)
        yield model.service_time if model is not None else None

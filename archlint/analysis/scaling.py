"""What happens between the moment a peak arrives and the moment new replicas serve: a backlog, and the longest wait.

A fluid model of a sudden peak: more arrives than the replicas handle that run at the mean rate, for as long as it
takes to notice the peak and to start new ones. With arrivals of a per second and h of them handled, a backlog of
(a - h) x T stands after T seconds, and the longest wait is T x (1 - h / a): that of the last request served before the
new replicas.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import msgspec

from archlint.analysis.facts import Fact
from archlint.analysis.system import System
from archlint.analysis.utilisation import Load, Utilisation, utilisations
from archlint.analysis.work import replicas_key
from archlint.model.architecture import Component, Workload
from archlint.model.places import Place
from archlint.verdicts import Origin

NOTICED_S: Final = (6.0, 15.0, 60.0)
"""After how long an autoscaler notices a peak: the least, the usual and the most.

The HorizontalPodAutoscaler looks every 15 s, Knative averages over 6 s in panic mode and over 60 s otherwise
(https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/, https://knative.dev/docs/serving/autoscaling/).
"""


class Surge(msgspec.Struct, frozen=True):
    """A peak that the replicas which run before it cannot handle, though more may be started."""

    use: Utilisation
    load: Load
    workload: Workload
    standing: Fact

    @property
    def component(self) -> Component:
        """The component that gets the peak."""
        return self.use.component

    @property
    def handled_per_s(self) -> float:
        """The requests per second that the standing replicas handle."""
        return self.load.per_s * self.use.slots.each * float(self.standing.value) / self.load.busy

    @property
    def most_handled_per_s(self) -> float | None:
        """The requests per second that all replicas handle; None if their number has no maximum."""
        slots = self.use.slots
        return None if slots.replicas is None else self.load.per_s * slots.total / self.load.busy

    @property
    def each_s(self) -> float:
        """The mean time of one request."""
        return self.load.busy / self.load.per_s

    def backlog(self, delay_s: float) -> float:
        """Return how many requests wait when new replicas start to serve after a delay."""
        return (self.load.per_s - self.handled_per_s) * delay_s

    def longest_wait_s(self, delay_s: float) -> float:
        """Return the longest wait in the queue if new replicas serve after a delay."""
        return delay_s * (1 - self.handled_per_s / self.load.per_s)


def scales(component: Component) -> bool:
    """Return whether the number of replicas changes with the load."""
    return component.autoscale is not None or component.scaling is not None


def surges(system: System) -> Iterator[Surge]:
    """Yield the components whose standing replicas cannot handle the peak of a workload, though they scale."""
    if not any(map(scales, system.components.values())):
        return
    for use in utilisations(system):
        if scales(use.component) and not use.slots.unbounded and not use.needs:
            standing = _standing(system, use)
            load = use.at_peak(False)
            if standing is None or load.peak is None or use.slots.workers is None or use.slots.each <= 0:
                continue
            if use.slots.replicas is not None and load.busy > use.slots.total:
                continue                  # not even the maximum can handle it, which is another fault
            if load.busy > use.slots.each * float(standing.value) * (1 + 1e-9):
                yield Surge(use, load, load.peak, standing)


def open_surges(system: System) -> Iterator[tuple[Utilisation, tuple[Place, ...]]]:
    """Yield the components that may scale and about which one fact is missing, with the keys that would state it.

    The facts are the times of a request, the peak, the minimum of replicas, and the workers of each.
    """
    for use in utilisations(system):
        component = use.component
        unknown = component.replicas is None and not scales(component)
        if use.slots.unbounded or not (unknown or scales(component)):
            continue
        missing: list[tuple[Place, ...]] = [use.needs] if use.needs else []
        if system.facts.replicas(component) is None:
            missing.append((replicas_key(component),))
        if use.slots.workers is None:
            missing.append((component.place("workers"),))
        unpeaked = not any(part.group.peaked for part in use.parts)
        if len(missing) == 1 and not unpeaked:
            yield use, missing[0]
        elif unpeaked and not missing:
            yield use, tuple(demand.workload.place("peak") for demand in use.demands)


def _standing(system: System, use: Utilisation) -> Fact | None:
    """Return the replicas that run before the peak: the minimum, or what the mean rates need if that is more."""
    least = system.facts.replicas(use.component)
    if least is None:
        return None
    rated = all(demand.workload.rate_per_s is not None for demand in use.demands)
    needed = math.floor(use.at_mean(False).busy / use.slots.each) + 1.0 if rated and use.slots.each > 0 else 0.0
    most = use.slots.replicas
    if most is not None:
        needed = min(needed, float(most.value))
    if needed > float(least.value):
        return Fact(needed, Origin.DERIVED, least.at, "replicas for the mean rates")
    return least if float(least.value) > 0 else None

"""How bad a finding is, from 0 to 1: it orders findings of one severity."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from archlint.analysis.blast import BlastRadius
from archlint.analysis.system import System
from archlint.model.architecture import Workload
from archlint.model.places import Place
from archlint.verdicts import Hit


def beyond(value: float, limit: float) -> float:
    """Return how far a value is over its limit: 0 at the limit, towards 1 the farther it is over.

    >>> beyond(8.0, 4.0), beyond(4.0, 4.0), beyond(5.0, 0.0)
    (0.5, 0.0, 1.0)
    """
    return max(0.0, 1 - limit / value) if value > 0 else 0.0


def lost_share(system: System, blast: BlastRadius) -> float:
    """Return the share of all traffic that is lost; if a rate is unknown, the share of all workloads.

    A workload of which an unknown part is lost counts as lost.
    """
    if blast.traffic_share is not None:
        return blast.traffic_share
    return sum(1.0 if loss.share is None else loss.share for loss in blast.losses) / max(1, len(system.workloads))


def keep(hits: dict[Place, Hit], hit: Hit, loss: float) -> None:
    """Add a hit to those of other workloads: one for each place, with the largest loss."""
    known = hits.setdefault(hit.at, hit)
    hits[hit.at] = msgspec.structs.replace(known, loss=max(known.loss, loss))


class Traffic:
    """The share of all traffic that some workloads bring, each group of workloads worked out once.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... workloads: {search: {from: page, rate: 30/s}, upload: {from: form, rate: 10/s}}
    ... components: {page: {kind: client}, form: {kind: client}}
    ... ''')
    >>> traffic = Traffic(system)
    >>> traffic.through("page"), traffic.share([system.workloads["upload"]])
    (0.75, 0.25)
    """

    def __init__(self, system: System) -> None:
        self._system = system
        self._shares: dict[int, float] = {}
        rates = [workload.rate_per_s for workload in system.workloads.values()]
        total = sum(rate for rate in rates if rate is not None)
        self._total = 0.0 if None in rates else total

    def share(self, workloads: Sequence[Workload]) -> float:
        """Return the share of all requests per second; if a rate is unknown, the share of all workloads."""
        if self._total:
            return min(1.0, sum(workload.rate_per_s or 0.0 for workload in workloads) / self._total)
        return len(workloads) / max(1, len(self._system.workloads))

    def missed(self, degrees: Iterable[tuple[Workload, float]]) -> float:
        """Return how much of the traffic misses an objective: the share of each workload, times how far it is over.

        `degrees` has a workload with what `beyond` gives; of several for one workload, the largest one is taken.
        """
        worst: dict[str, float] = {}
        for workload, degree in degrees:
            worst[workload.name] = max(worst.get(workload.name, 0.0), degree)
        workloads = self._system.workloads
        return min(1.0, sum(self.share([workloads[name]]) * degree for name, degree in worst.items()))

    def through(self, component: str) -> float:
        """Return the share of the workloads that use a component."""
        return self._once(self._system.workloads_of.get(component, ()))

    def of(self, name: str) -> float:
        """Return the share of a workload, or of the workloads that use a component."""
        workload = self._system.workloads.get(name)
        return self.share([workload]) if workload is not None else self.through(name)

    def served_by(self, component: str) -> float:
        """Return the share of the workloads that get predictions from a component."""
        return self._once(self._system.workloads_served_by.get(component, ()))

    def _once(self, workloads: tuple[Workload, ...]) -> float:
        # Components that the same workloads use share one tuple, which the system keeps.
        known = self._shares.get(id(workloads))
        if known is None:
            known = self._shares[id(workloads)] = self.share(workloads)
        return known

"""Mean and variance of a workload's answers under load: quick, to tell which percentiles need distributions.

A percentile is taken to be at most 0.87 ln(1 / (1 - p)) standard deviations above the mean: 4 at p99, where an
exponential needs 3.6. It only decides what is computed in full, never a finding.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import msgspec

from archlint.analysis.queueing import Unstable, ggc_wait, separate_wait
from archlint.analysis.responses import MOST_COMPONENTS
from archlint.analysis.service_time import mean, squared_cv
from archlint.analysis.stations import (
    Attempts,
    Delay,
    Mixture,
    Node,
    RequestPath,
    Series,
    Together,
    Visit,
    Work,
    calls_of,
    is_separate,
    path_of,
)
from archlint.analysis.system import System
from archlint.analysis.utilisation import Utilisation
from archlint.model.architecture import Workload

_DEVIATIONS: Final = 0.87
_NEAR: Final = 0.85
_LIKE_A_MEAN: Final = 0.75


class Moments(msgspec.Struct, frozen=True):
    """Mean and variance of a time."""

    mean_s: float = 0.0
    variance: float = 0.0

    def percentile(self, fraction: float) -> float:
        """Return a time that is hardly below the percentile.

        >>> round(Moments(1.0, 1.0).percentile(0.99), 1)
        5.0
        """
        if fraction <= _LIKE_A_MEAN:
            return self.mean_s
        return self.mean_s + _DEVIATIONS * -math.log(1 - fraction) * math.sqrt(self.variance)


def is_near(
    system: System, workload: Workload, objectives: Mapping[float, float], uses: Mapping[str, Utilisation] | None
) -> bool:
    """Whether a percentile may be near its objective at the mean rate or the peak; without `uses`, on idle servers."""
    if len(system.flow(workload).waiting) > MOST_COMPONENTS:
        return False
    path = path_of(system, workload)
    if path is None:
        return False
    rate = max(workload.rate_per_s or 0.0, workload.peak_per_s or 0.0) if uses is not None else 0.0
    found = _response(system, path, workload, rate, uses or {})
    if found is None:
        return True
    return any(found.percentile(fraction) > _NEAR * objective_s for fraction, objective_s in objectives.items())


def _response(
    system: System, path: RequestPath, workload: Workload, rate: float, uses: Mapping[str, Utilisation]
) -> Moments | None:
    """Return the moments of a response; None if a queue is unstable."""
    times: dict[str, Moments] = {}
    for name in path.order:
        inside = _moments(path.bodies[name].inside, times)
        use = uses.get(name)
        if use is None or use.slots.unbounded or use.slots.total < 1:
            times[name] = inside
            continue
        load = use.at_mean(False)
        arriving = load.per_s + path.visits.get(name, 0.0) * max(0.0, rate - (workload.rate_per_s or 0.0))
        held = use.component.workers is not None and any(True for _ in calls_of(path.bodies[name].inside))
        own = _moments(path.bodies[name].inside, {})
        time = inside if held else own if own.mean_s * arriving >= load.busy else _of_all(load.busy / load.per_s, own)
        waiting = _wait(system, use, arriving, time)
        if waiting is None:
            return None
        times[name] = Moments(inside.mean_s + waiting.mean_s, inside.variance + waiting.variance)
    return times.get(path.client, Moments())


def _of_all(mean_s: float, own: Moments) -> Moments:
    """Return the moments of the work of all workloads, with the variation of one."""
    cv2 = own.variance / own.mean_s**2 if own.mean_s > 0 else 1.0
    return Moments(mean_s, cv2 * mean_s**2)


def _wait(system: System, use: Utilisation, rate: float, time: Moments) -> Moments | None:
    if rate <= 0 or time.mean_s <= 0:
        return Moments()
    slots, cv2 = use.slots, min(time.variance / time.mean_s**2, 1e6)
    if is_separate(system, use.component) and slots.replicas is not None and float(slots.replicas.value) > 1:
        wait = separate_wait(rate, time.mean_s, int(float(slots.replicas.value)), max(1, int(slots.each)), 1.0, cv2)
    else:
        wait = ggc_wait(rate, time.mean_s, int(min(slots.total, 1e9)), 1.0, cv2)
    if isinstance(wait, Unstable):
        return None
    batching = use.component.batching
    delay_s = 0.0 if batching is None else batching.max_delay_s or 0.0        # a batch may wait that long to fill
    return Moments(wait.mean_s + delay_s, 2 * wait.mean_s * wait.scale_s - wait.mean_s**2)


def _moments(node: Node, times: Mapping[str, Moments]) -> Moments:
    if isinstance(node, Work):
        value = mean(node.time) or 0.0
        return Moments(value, min(squared_cv(node.time) or 0.0, 1e12) * value**2)
    if isinstance(node, Delay):
        return Moments(node.seconds)
    if isinstance(node, Visit):
        return times.get(node.component, Moments())
    if isinstance(node, Series | Together):                  # parallel work is taken as one after the other
        parts = [_moments(part, times) for part in (node.parts if isinstance(node, Series) else node.branches)]
        return Moments(sum(part.mean_s for part in parts), sum(part.variance for part in parts))
    if isinstance(node, Mixture):
        arms = [(share, _moments(arm, times)) for share, arm in node.arms]
        mean_s = sum(share * arm.mean_s for share, arm in arms)
        square = sum(share * (arm.variance + arm.mean_s**2) for share, arm in arms)
        return Moments(mean_s, max(0.0, square - mean_s**2))
    assert isinstance(node, Attempts)
    return _moments(node.inside, times)

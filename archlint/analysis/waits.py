"""The wait at one component: of single requests, or of those that are worked on in batches."""

from __future__ import annotations

import math

from archlint.analysis.distributions import constant, of_service_time
from archlint.analysis.gathering import Batches, Gathered, gathered
from archlint.analysis.queueing import NO_WAIT, Unstable, Wait, ggc_wait, separate_wait
from archlint.analysis.stations import Station
from archlint.model.architecture import ServiceTime


def batches_of(station: Station) -> Batches | None:
    """Return how the queues of a component make batches; None if a worker takes one request at a time."""
    batching, batch = station.component.batching, station.slots.batch
    if batching is None or batch is None or not float(batch.value) > 1:
        return None
    return Batches(math.floor(min(float(batch.value), 1e9)), batching.max_delay_s or 0.0)


def gathered_wait(
    station: Station, batches: Batches, time_s: float, cv2: float, queues: int, servers: int
) -> Gathered | Unstable:
    """Return the wait of requests that are worked on in batches; `servers` counts the places in all batches."""
    service = of_service_time(ServiceTime(mean_s=time_s, cv=math.sqrt(cv2))) or constant(time_s)
    workers = max(1, round(servers / batches.size))
    arrivals_cv2 = 1 / queues if station.in_turn else 1.0
    return gathered(station.rate_per_s / queues, service, workers, batches, arrivals_cv2)


def wait_of(
    station: Station, rate_per_s: float, time_s: float, cv2: float, queues: int, servers: int
) -> Wait | Unstable:
    """Return the wait of requests that are worked on one by one, in one queue or in some separate ones."""
    if rate_per_s <= 0 or time_s <= 0 or servers < 1:
        return NO_WAIT
    if queues > 1:
        return separate_wait(rate_per_s, time_s, queues, servers, 1.0, cv2, station.in_turn)
    return ggc_wait(rate_per_s, time_s, servers, 1.0, cv2)

"""When each request of a centre starts and ends: recursions over sorted arrival times, without an event loop.

One worker is Lindley's recursion, several are that of Kiefer and Wolfowitz, with a heap of the times at which workers
become free. Requests are served in the order of their arrival. This module needs nothing but Python;
`archlint.simulation.vectors` computes the same with NumPy for many replications at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from heapq import heapify, heappop, heappush, heapreplace

from archlint.simulation.scenario import LEAST_LOADED, RANDOM, Batches, Centre, Outage

Ends = list[float]
"""When each request ends; infinite for one that the centre rejects."""


def serve(times: Sequence[float], works: Sequence[float], centre: Centre, picks: Sequence[float] = ()) -> Ends:
    """Return when each request of a centre ends, given sorted arrival times and the work of each, in seconds.

    `picks` are uniform numbers for a random choice of the replica.

    >>> serve([0.0, 1.0, 2.0], [3.0, 3.0, 1.0], Centre("api", workers=2.0))
    [3.0, 4.0, 4.0]
    """
    plain = centre.limit is None and not (centre.outage or centre.batches)
    if plain and centre.servers >= len(times) and centre.pooled:
        return [t + s for t, s in zip(times, works, strict=True)]
    if math.isinf(centre.servers) and centre.limit is None:
        return [after_outage(t, centre.outage) + s for t, s in zip(times, works, strict=True)]
    if centre.batches is not None:
        return _batched(times, works, centre, picks)
    if centre.limit is not None or centre.outage is not None:
        return _careful(times, works, centre, picks)
    if centre.pooled:
        return pooled(times, works, int(centre.servers))
    if centre.balancing == LEAST_LOADED:
        return _careful(times, works, centre, picks)
    return _apart(times, works, replica_of(len(times), centre, picks), centre)


def pooled(times: Sequence[float], works: Sequence[float], servers: int) -> Ends:
    """Return when each request ends if one queue feeds all workers."""
    ends: Ends = []
    add = ends.append
    if servers == 1:
        free = 0.0
        for t, s in zip(times, works, strict=True):
            free = (free if free > t else t) + s
            add(free)
        return ends
    free_at = [0.0] * min(servers, len(times))
    for t, s in zip(times, works, strict=True):
        first = free_at[0]
        end = (first if first > t else t) + s
        heapreplace(free_at, end)
        add(end)
    return ends


def replica_of(count: int, centre: Centre, picks: Sequence[float]) -> list[int]:
    """Return the replica that takes each request, at random or in turn."""
    replicas = int(centre.replicas)
    if centre.balancing == RANDOM:
        return [int(u * replicas) for u in picks[:count]]
    return [number % replicas for number in range(count)]


def _apart(times: Sequence[float], works: Sequence[float], replica: Sequence[int], centre: Centre) -> Ends:
    """Return when each request ends if each replica has its own queue."""
    servers = min(int(centre.workers), len(times))
    free_at: dict[int, list[float]] = {}
    ends = []
    for t, s, r in zip(times, works, replica, strict=True):
        heap = free_at.get(r)
        if heap is None:
            heap = free_at[r] = [0.0] * servers
        end = max(heap[0], t) + s
        heapreplace(heap, end)
        ends.append(end)
    return ends


def _careful(times: Sequence[float], works: Sequence[float], centre: Centre, picks: Sequence[float]) -> Ends:
    """Return when each request ends where it matters how many are in the centre, or that it is away for a time.

    The requests in the centre are those that have arrived and not ended. As they are served in order, the end of each
    is known when it arrives.
    """
    queues = [[0.0] * int(min(queue, len(times))) for queue in _queues(centre, len(times))]
    inside = [0] * len(queues)
    leaving: list[tuple[float, int]] = []
    total, turn, limit = 0, 0, math.inf if centre.limit is None else centre.limit
    ends = []
    for number, (t, s) in enumerate(zip(times, works, strict=True)):
        while leaving and leaving[0][0] <= t:
            _, gone = heappop(leaving)
            inside[gone] -= 1
            total -= 1
        if total >= limit:
            ends.append(math.inf)
            continue
        if len(queues) == 1:
            queue = 0
        elif centre.balancing == LEAST_LOADED:
            queue = inside.index(min(inside))
        elif centre.balancing == RANDOM:
            queue = int(picks[number] * len(queues))
        else:
            queue = turn % len(queues)
        turn += 1
        free_at = queues[queue]
        end = after_outage(max(free_at[0], t), centre.outage) + s
        heapreplace(free_at, end)
        inside[queue] += 1
        total += 1
        heappush(leaving, (end, queue))
        ends.append(end)
    return ends


def _queues(centre: Centre, count: int) -> list[float]:
    """Return the workers behind each queue of a centre; replicas beyond the number of requests take none."""
    if centre.pooled:
        return [centre.servers]
    return [centre.workers] * int(min(centre.replicas, count))


def after_outage(start: float, outage: Outage | None) -> float:
    """Return when work starts that could start at a time, if nothing starts during an outage."""
    return outage.end_s if outage is not None and outage.start_s <= start < outage.end_s else start


def _batched(times: Sequence[float], works: Sequence[float], centre: Centre, picks: Sequence[float]) -> Ends:
    """Return when each request ends if workers take several at once."""
    batches = centre.batches or Batches(1, 0.0)
    if centre.pooled or centre.balancing == LEAST_LOADED:
        return batched(times, works, int(min(centre.servers, len(times) + 1)), batches)
    ends = [math.inf] * len(times)
    members: dict[int, list[int]] = {}
    for number, replica in enumerate(replica_of(len(times), centre, picks)):
        members.setdefault(replica, []).append(number)
    for numbers in members.values():
        own = [times[number] for number in numbers], [works[number] for number in numbers]
        found = batched(*own, int(min(centre.workers, len(numbers) + 1)), batches)
        for number, end in zip(numbers, found, strict=True):
            ends[number] = end
    return ends


def batched(times: Sequence[float], works: Sequence[float], servers: int, batches: Batches) -> Ends:
    """Return when each request ends if workers take several at once.

    A batch starts as soon as a worker is free, and it is full or its first request has waited long enough. It takes as
    long as its first request.

    >>> batched([0.0, 0.1, 0.2, 0.9], [1.0] * 4, 1, Batches(2, 0.5))
    [1.1, 1.1, 2.1, 2.1]
    """
    size, ends, first, count = batches.size, [], 0, len(times)
    free_at = [0.0] * servers
    heapify(free_at)
    while first < count:
        full = times[first + size - 1] if first + size <= count else math.inf
        start = max(free_at[0], min(full, times[first] + batches.wait_s))
        last = first + 1
        while last < count and last - first < size and times[last] <= start:
            last += 1
        end = start + works[first]
        heapreplace(free_at, end)
        ends += [end] * (last - first)
        first = last
    return ends

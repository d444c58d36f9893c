"""Which times, shares, rates and workers a file must state before the time of an answer is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from archlint.analysis.distributions import of_service_time
from archlint.analysis.stations import (
    Attempts,
    Mixture,
    Node,
    Rates,
    Series,
    Station,
    Together,
    Work,
    path_of,
    stations_at,
)
from archlint.analysis.system import System
from archlint.model.architecture import ServiceTime, Workload
from archlint.model.places import Place

_QUIET: Final = 0.1


def missing_for(system: System, workload: Workload, rates: Rates) -> tuple[Place, ...]:
    """Return the keys without which a response is not known: times, shares, rates and workers; () if all are stated."""
    path = path_of(system, workload)
    if path is None:
        return ()
    needs = dict.fromkeys(path.unknown)
    stations = stations_at(system, rates, path.order)
    for name in reversed(path.order):
        body = path.bodies[name]
        if not path.visits.get(name):
            continue
        needs |= dict.fromkeys(unclear_times(body.inside))
        station = stations.get(name)
        if station is not None and (station.holds or station.works):
            needs |= dict.fromkeys((*station.unrated, *(station.needs if _matters(station) else ())))
    return tuple(needs)


def _matters(station: Station) -> bool:
    """Whether the number of workers matters: one for each unknown number would be busy for a tenth of the time."""
    return station.rate_per_s * station.mean_s > _QUIET * max(1, station.servers * station.queues)


def unclear_times(node: Node) -> Iterator[Place]:
    """Yield the keys that would give a stated time a distribution: its cv, or another percentile."""
    stack = [node]
    while stack:
        piece = stack.pop()
        if isinstance(piece, Work):
            if of_service_time(piece.time) is None:
                yield piece.at.key(_second_fact(piece.time))
        elif isinstance(piece, Mixture):
            stack += [arm for _, arm in piece.arms]
        elif isinstance(piece, Attempts):
            stack.append(piece.inside)
        elif isinstance(piece, Series):
            stack += piece.parts
        elif isinstance(piece, Together):
            stack += piece.branches


def _second_fact(time: ServiceTime) -> str:
    if time.mean_s is not None:
        return "cv"
    return "p50" if any(fraction > 0.9 for fraction, _ in time.percentiles) else "p99"

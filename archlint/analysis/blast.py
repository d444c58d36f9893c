"""Which workloads use a component, and what is lost when components fail."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cached_property

import msgspec

from archlint.model.architecture import Component, Workload
from archlint.topology import Flow


class Loss(msgspec.Struct, frozen=True):
    """The share of requests that a workload loses; None if it depends on a condition."""

    workload: Workload
    share: float | None


class BlastRadius(msgspec.Struct, frozen=True):
    """What is lost if some components fail.

    `losses` has each workload that loses requests; `traffic_share` is the lost share of all requests per second, or
    None if a rate or a share is unknown.
    """

    losses: tuple[Loss, ...]
    traffic_share: float | None


class Kind(msgspec.Struct, frozen=True, eq=False):
    """Workloads that use the same components in the same way, except for their clients; `flow` is that of the first."""

    flow: Flow
    workloads: list[Workload]


class Usage:
    """Which workloads use which components; workloads that differ only in their client are one kind."""

    def __init__(
        self, components: Mapping[str, Component], workloads: Mapping[str, Workload], flow: Callable[[Workload], Flow]
    ) -> None:
        self.components = components
        self.workloads = workloads
        kinds: dict[Hashable, Kind] = {}
        for workload in workloads.values():
            used = flow(workload)
            kinds.setdefault(used.alike, Kind(used, [])).workloads.append(workload)
        self.kinds = list(kinds.values())
        self.order = {name: position for position, name in enumerate(workloads)}

    @cached_property
    def clients(self) -> dict[str, list[Workload]]:
        """The workloads of each client."""
        found: dict[str, list[Workload]] = {}
        for workload in self.workloads.values():
            if workload.entrance.client in self.components:
                found.setdefault(workload.entrance.client, []).append(workload)
        return found

    @cached_property
    def kinds_at(self) -> dict[str, list[int]]:
        """The indices of the kinds that use each component, except as their client."""
        found: dict[str, list[int]] = {}
        for number, kind in enumerate(self.kinds):
            for name in kind.flow.components:
                if name != kind.flow.client:
                    found.setdefault(name, []).append(number)
        return found

    @cached_property
    def workloads_of(self) -> dict[str, tuple[Workload, ...]]:
        """For each component, the workloads that use it, in the order of the file."""
        same: dict[tuple[int, ...], tuple[Workload, ...]] = {}
        found: dict[str, tuple[Workload, ...]] = {}
        for name, numbers in self.kinds_at.items():
            key = tuple(numbers)
            if key not in same:
                same[key] = self.in_order(w for number in numbers for w in self.kinds[number].workloads)
            found[name] = same[key]
        for name, workloads in self.clients.items():
            found[name] = self.in_order((*found.get(name, ()), *workloads))
        return found

    def in_order(self, workloads: Iterable[Workload]) -> tuple[Workload, ...]:
        """Return workloads in the order of the file, each once."""
        names = {workload.name: workload for workload in workloads}
        return tuple(sorted(names.values(), key=lambda workload: self.order[workload.name]))


class BlastRadii:
    """Blast radii of components, each computed once."""

    def __init__(self, usage: Usage) -> None:
        self._usage = usage
        self._known: dict[tuple[tuple[int, float | None], ...], BlastRadius] = {}

    def of(self, gone: tuple[str, ...]) -> BlastRadius:
        """Return what is lost if all of these components fail; each must be in the system."""
        usage = self._usage
        touched = dict.fromkeys(number for name in gone for number in usage.kinds_at.get(name, ()))
        shares = {number: usage.kinds[number].flow.share_lost_with(gone) for number in sorted(touched)}
        lost = tuple((number, share) for number, share in shares.items() if share is None or share > 0)
        clients = [workload for name in gone for workload in usage.clients.get(name, ())]
        if clients:
            return self._radius(lost, clients)
        if lost not in self._known:
            self._known[lost] = self._radius(lost, ())
        return self._known[lost]

    def _radius(self, lost: Iterable[tuple[int, float | None]], clients: Iterable[Workload]) -> BlastRadius:
        """Return the blast radius from the shares that kinds of workloads lose, and the failed clients."""
        usage = self._usage
        shares: dict[str, float | None] = {}
        for number, share in lost:
            shares |= {workload.name: share for workload in usage.kinds[number].workloads}
        shares |= {workload.name: 1.0 for workload in clients}
        names = sorted(shares, key=usage.order.__getitem__)
        losses = tuple(Loss(usage.workloads[name], shares[name]) for name in names)
        return BlastRadius(losses, self._traffic_share(losses))

    @cached_property
    def _total_rate(self) -> float | None:
        rates = [self._rate(workload) for workload in self._usage.workloads.values()]
        return None if None in rates else sum(rate for rate in rates if rate is not None)

    def _rate(self, workload: Workload) -> float | None:
        """Return how many requests a workload sends per second; one that starts jobs sends none."""
        if workload.rate_per_s is not None:
            return workload.rate_per_s
        client = self._usage.components.get(workload.entrance.client)
        return 0.0 if client is not None and client.starts_jobs else None

    def _traffic_share(self, losses: tuple[Loss, ...]) -> float | None:
        workloads = self._usage.workloads
        if not losses:
            return 0.0 if workloads else None
        if len(losses) == len(workloads) and all(loss.share == 1.0 for loss in losses):
            return 1.0
        if self._total_rate is None or self._total_rate == 0:
            return None
        lost = 0.0
        for loss in losses:
            rate = self._rate(loss.workload)
            if loss.share is None or rate is None:
                return None
            lost += loss.share * rate
        return min(1.0, lost / self._total_rate)

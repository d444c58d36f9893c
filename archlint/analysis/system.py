"""A system as checks see it: the architecture, its graph, and what is worked out from them, each once."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from archlint.analysis.facts import Facts
from archlint.analysis.modes import Production, Serving, productions, servings
from archlint.catalog.technologies import Technologies
from archlint.model.architecture import Architecture, Component, Workload
from archlint.topology import Flow, Topology

if TYPE_CHECKING:
    import networkx


class Loss(msgspec.Struct, frozen=True):
    """What a workload loses: the share of its requests, or None where a condition decides it."""

    workload: Workload
    share: float | None


class BlastRadius(msgspec.Struct, frozen=True):
    """What is lost with some components.

    `losses` names each workload that loses requests; `traffic_share` is the share of all requests per second that
    is lost, or None where a rate or a share is unknown.
    """

    losses: tuple[Loss, ...]
    traffic_share: float | None


class System:
    """An architecture with its topology and its analyses, each computed once, when first asked."""

    def __init__(self, architecture: Architecture, technologies: Technologies) -> None:
        self.architecture = architecture
        self.technologies = technologies
        self._flows: dict[tuple[str, str | None, tuple[str, ...] | None], Flow] = {}
        self._servings: dict[str, tuple[Serving, ...]] = {}

    @property
    def components(self) -> dict[str, Component]:
        """Components by name, in the order of the file."""
        return self.architecture.components

    @property
    def workloads(self) -> dict[str, Workload]:
        """Workloads by name, in the order of the file."""
        return self.architecture.workloads

    @cached_property
    def topology(self) -> Topology:
        """The graph."""
        return Topology(self.architecture)

    @cached_property
    def facts(self) -> Facts:
        """Facts with their origins."""
        return Facts(self.components, self.technologies)

    def flow(self, workload: Workload) -> Flow:
        """What a workload uses; workloads that enter alike and run the same models share one."""
        key = (workload.entrance.client, workload.entrance.to, workload.models)
        flow = self._flows.get(key)
        if flow is None:
            flow = self._flows[key] = Flow(self.topology, workload.entrance, workload.models)
        return flow

    @cached_property
    def productions(self) -> dict[str, tuple[Production, ...]]:
        """The predictions that are written to each store ahead of requests."""
        return productions(self.topology)

    def servings(self, workload: Workload) -> tuple[Serving, ...]:
        """How a workload gets the predictions of each of its models."""
        known = self._servings.get(workload.name)
        if known is None:
            known = self._servings[workload.name] = servings(self.flow(workload), workload.models, self.productions)
        return known

    def modes(self, workload: Workload, model: str) -> frozenset[str]:
        """The modes in which a workload gets a model's predictions."""
        return frozenset(serving.mode for serving in self.servings(workload) if serving.model == model)

    @cached_property
    def workloads_of(self) -> dict[str, tuple[Workload, ...]]:
        """For each component, the workloads that use it."""
        found: dict[str, list[Workload]] = {}
        for workload in self.workloads.values():
            for name in self.flow(workload).components:
                found.setdefault(name, []).append(workload)
        return {name: tuple(users) for name, users in found.items()}

    @cached_property
    def workloads_served_by(self) -> dict[str, tuple[Workload, ...]]:
        """For each server, the workloads that get predictions of its models, in whatever mode."""
        found: dict[str, dict[str, Workload]] = {}
        for workload in self.workloads.values():
            for serving in self.servings(workload):
                found.setdefault(serving.server, {})[workload.name] = workload
        return {name: tuple(users.values()) for name, users in found.items()}

    def blast_radius(self, failed: Iterable[str]) -> BlastRadius:
        """What is lost once all of these components are gone."""
        gone = tuple(failed)
        touched = {w.name: w for name in gone for w in self.workloads_of.get(name, ())}
        losses = []
        for name in self.workloads:
            workload = touched.get(name)
            if workload is not None:
                share = self.flow(workload).share_lost_with(gone)
                if share is None or share > 0:
                    losses.append(Loss(workload, share))
        return BlastRadius(tuple(losses), self._traffic_share(losses))

    @cached_property
    def _total_rate(self) -> float | None:
        rates = [workload.rate_per_s for workload in self.workloads.values()]
        return None if None in rates else sum(rate for rate in rates if rate is not None)

    def _traffic_share(self, losses: list[Loss]) -> float | None:
        if self._total_rate is None or self._total_rate == 0:
            return 1.0 if losses and len(self.workloads) == 1 and losses[0].share == 1.0 else None
        lost = 0.0
        for loss in losses:
            if loss.share is None or loss.workload.rate_per_s is None:
                return None
            lost += loss.share * loss.workload.rate_per_s
        return min(1.0, lost / self._total_rate)

    def to_networkx(self) -> networkx.MultiDiGraph[str]:
        """The graph in its interchange form (needs the extra `graph`)."""
        return self.topology.to_networkx()

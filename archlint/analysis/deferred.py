"""What fails late, not at once: work behind a durable queue that nobody waits for."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from archlint.analysis.system import System
from archlint.model.architecture import Workload
from archlint.model.places import Place
from archlint.topology import Flow
from archlint.topology.reach import Reach


class Deferral(msgspec.Struct, frozen=True):
    """Whether the loss of components only delays a workload.

    `queues` hold the work in the meantime. `needs` are the facts that decide it, where they are unsaid.
    """

    late: bool
    queues: tuple[str, ...] = ()
    needs: tuple[Place, ...] = ()


_LOST = Deferral(False)


class Deferred:
    """Which components a request meets only behind a durable queue; workloads that enter alike share the answer."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._before: dict[tuple[Reach, bool], dict[str, None]] = {}
        self._of_flow: dict[Flow, list[str]] = {}

    def of(self, workload: Workload, gone: Collection[str], replaced: bool = False) -> Deferral:
        """Return whether a workload loses nothing, and is only late, while some components are gone.

        It is late where it does not wait, asks for no availability, and each of them is behind a durable queue. If
        others are started in their place (`replaced`), an availability objective changes nothing.
        """
        flow = self._system.flow(workload)
        asks = workload.slo.availability is not None and not replaced
        if workload.waiting is True or asks or any(name in flow.waiting for name in gone):
            return _LOST
        met = [name for name in gone if name in flow.eventual]
        if not met or any(name in self._reached(flow, doubtful=False) for name in met):
            return _LOST
        queues = self._queues(flow)
        unsaid = [name for name in queues if self._system.facts.persistent(self._system.components[name]) is None]
        needs = [workload.place("waits")] if workload.waits is None else []
        if any(name in self._reached(flow, doubtful=True) for name in met):
            needs += [self._system.components[name].place("persistent") for name in unsaid]
        return Deferral(not needs, tuple(name for name in queues if name not in unsaid), tuple(needs))

    def _queues(self, flow: Flow) -> list[str]:
        if flow not in self._of_flow:
            components = self._system.components
            self._of_flow[flow] = [name for name in flow.eventual if components[name].kind == "queue"]
        return self._of_flow[flow]

    def _reached(self, flow: Flow, doubtful: bool) -> dict[str, None]:
        """Return what is met without passing a durable queue; with `doubtful`, of the unsaid ones none is durable."""
        key = (flow.reach, doubtful)
        if key not in self._before:
            starts = [step.target for step in flow.steps[flow.client]] if flow.waiting else []
            self._before[key] = self._followed(flow, starts, doubtful)
        return self._before[key]

    def _followed(self, flow: Flow, starts: Iterable[str], doubtful: bool) -> dict[str, None]:
        met = dict.fromkeys(starts)
        order = list(met)
        for name in order:                   # grows while it is walked
            if name not in flow.reach.steps or self._keeps(name, doubtful):
                continue
            for step in flow.reach.steps[name]:
                if step.target not in met:
                    met[step.target] = None
                    order.append(step.target)
        return met

    def _keeps(self, name: str, doubtful: bool) -> bool:
        component = self._system.components[name]
        if component.kind != "queue":
            return False
        persistent = self._system.facts.persistent(component)
        return not doubtful if persistent is None else bool(persistent.value)

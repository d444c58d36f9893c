"""One workload's requests as patterns see them: its steps, the models of its answer, and what generates it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from functools import cached_property

from archlint.analysis.patterns.parts import Parts
from archlint.analysis.patterns.reach import Servers, nearest_servers, servers_of_flow
from archlint.analysis.system import System
from archlint.model.architecture import Workload
from archlint.topology import Flow, Step


class View:
    """One workload's flow, with the bits of the models of its answer, and the servers after each component.

    A model that only checks requests or answers is no model of the answer: see `Parts.answering`.
    """

    def __init__(self, system: System, workload: Workload, parts: Parts | None = None) -> None:
        self.system = system
        self.workload = workload
        self.flow: Flow = system.flow(workload)
        self.topology = system.topology
        self.parts = parts or Parts(system)
        self.wanted = self.parts.answering(workload)

    @cached_property
    def servers(self) -> Servers:
        """The nearest servers behind each component."""
        return servers_of_flow(self.system, self.workload, self.wanted, self.parts.guardrails) if self.wanted else {}

    @cached_property
    def generating(self) -> dict[str, None]:
        """The servers that generate this workload's answers."""
        return {serving.server: None for serving in self.parts.generating(self.workload)}

    @cached_property
    def back(self) -> dict[str, list[Step]]:
        """The steps to each component."""
        found: dict[str, list[Step]] = {}
        for name in self.flow.components:
            for step in self.steps(name):
                found.setdefault(step.target, []).append(step)
        return found

    def steps(self, name: str) -> list[Step]:
        """Return the steps of requests that leave a component."""
        return self.flow.steps.get(name, [])

    def below(self, name: str) -> int:
        """Return the workload's models at or below a component, as bits."""
        return self.topology.models_below[name] & self.wanted

    def own(self, name: str) -> int:
        """Return the workload's models that a component serves itself, as bits."""
        return 0 if name in self.parts.guardrails else self.topology.bits_served(name) & self.wanted

    def behind(self, steps: Iterable[Step]) -> list[str]:
        """Return the nearest servers after some steps."""
        return [server for step in steps for server in self.servers.get(step.target, ())]

    def nearest(self, ends: AbstractSet[str]) -> Servers:
        """Return the first of some components on every waiting path from each component."""
        flow = self.flow.components
        return nearest_servers({name: [step.target for step in self.steps(name) if step.waits] for name in flow}, ends)

    def leading_to(self, ends: AbstractSet[str], takes: Callable[[Step], bool]) -> set[str]:
        """Return the components from which steps of a kind lead to some components, these included."""
        found = set(ends)
        waiting = list(ends)
        while waiting:
            for step in self.back.get(waiting.pop(), ()):
                if step.source not in found and takes(step):
                    found.add(step.source)
                    waiting.append(step.source)
        return found

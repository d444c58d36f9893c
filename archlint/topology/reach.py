"""The components that requests reach after they enter: shared by all workloads that enter in the same way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import chain
from typing import TypeVar

from archlint.topology.cycles import condensed_order
from archlint.topology.routes import Routes, Step

V = TypeVar("V")
Start = tuple[str, bool]
"""A component where requests enter, and whether the client waits for it."""


class Joined(Mapping[str, V]):
    """A mapping with one additional entry before a shared mapping, without a copy."""

    __slots__ = ("_name", "_rest", "_value")

    def __init__(self, name: str, value: V, rest: Mapping[str, V]) -> None:
        self._name = name
        self._value = value
        self._rest = rest

    def __getitem__(self, name: str) -> V:
        return self._value if name == self._name else self._rest[name]

    def __contains__(self, name: object) -> bool:
        return name == self._name or name in self._rest

    def __iter__(self) -> Iterator[str]:
        return chain((self._name,), self._rest)

    def __len__(self) -> int:
        return 1 + len(self._rest)

    def __repr__(self) -> str:
        return repr(dict(self))


class Reach:
    """The components that requests reach from some starts: `waiting` are awaited, `eventual` are the others.

    Both are in the order in which requests meet them (breadth first), each with the step by which it is met first
    (None: a start). `steps` holds the steps of each. `without` is the client where a way leads back to it.
    """

    def __init__(self, routes: Routes, starts: tuple[Start, ...], without: str | None = None) -> None:
        self.routes = routes
        self.waiting: dict[str, Step | None] = {}
        self.eventual: dict[str, Step | None] = {}
        self.steps: dict[str, list[Step]] = {}
        self._meet_waiting([name for name, waits in starts if waits], without)
        self._meet_eventual([name for name, waits in starts if not waits], without)

    @property
    def components(self) -> Iterator[str]:
        """Every component, the awaited ones first."""
        return chain(self.waiting, self.eventual)

    def __contains__(self, name: str) -> bool:
        return name in self.waiting or name in self.eventual

    def entering(self, name: str) -> Step | None:
        """Return the step by which a component is met first; None for a start."""
        return self.waiting.get(name) or self.eventual.get(name)

    def _meet_waiting(self, starts: list[str], without: str | None) -> None:
        met = self.waiting
        met.update(dict.fromkeys([name for name in starts if name != without]))
        order = list(met)
        for name in order:                   # grows during the loop
            steps = self.steps[name] = self.routes.steps(name)
            for step in steps:
                target = step.target
                if step.waits and target not in met and target != without:
                    met[target] = step
                    order.append(target)

    def _meet_eventual(self, starts: list[str], without: str | None) -> None:
        waiting, met = self.waiting, self.eventual
        met.update(dict.fromkeys(name for name in starts if name != without and name not in waiting))
        order = list(met)
        for name in waiting:
            self._follow(self.steps[name], without, order)
        for name in order:                   # grows during the loop
            steps = self.steps[name] = self.routes.steps(name, beyond=True)
            self._follow(steps, without, order)

    def _follow(self, steps: list[Step], without: str | None, order: list[str]) -> None:
        for step in steps:
            target = step.target
            if target not in self.waiting and target not in self.eventual and target != without:
                self.eventual[target] = step
                order.append(target)

    @cached_property
    def falls_back(self) -> bool:
        """Whether another component stands in for one that it reaches, if that one fails."""
        return not self.routes.topology.falling_back.isdisjoint(self.steps)

    @cached_property
    def takers(self) -> dict[str, list[Step]]:
        """The steps that lead to each component."""
        found: dict[str, list[Step]] = {}
        for steps in self.steps.values():
            for step in steps:
                found.setdefault(step.target, []).append(step)
        return found

    @cached_property
    def waiting_behind(self) -> dict[str, list[str]]:
        """The components after a queue that wait for each component."""
        found: dict[str, list[str]] = {}
        for name in self.eventual:
            for step in self.steps[name]:
                if step.waits:
                    found.setdefault(step.target, []).append(name)
        return found

    @cached_property
    def targets(self) -> dict[str, list[str]]:
        """The reached targets of the steps of each component."""
        met = self.steps
        return {name: [step.target for step in steps if step.target in met] for name, steps in met.items()}

    @cached_property
    def order(self) -> list[tuple[str, ...]]:
        """The components in groups that reach one another, each group after those that it reaches."""
        return condensed_order(self.targets)

    @cached_property
    def circles(self) -> dict[str, int]:
        """The number of its group, for each component that waits for itself through others."""
        return {name: number for number, group in enumerate(self.order) if len(group) > 1 for name in group}

"""What a component does for a request, in stages, and the percentiles that its callees are asked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from archlint.analysis.floor_parts import Floor, side_by_side
from archlint.topology import Step

_MAX_FRACTIONS: Final = 32
_MAX_DERIVED: Final = 10_000
"""Percentiles that shares on the way lead to, of one component and of all; what is beyond counts as nothing."""

Stage = tuple[Step, ...]
"""A step of a component, or all those of one group."""


class Segment:
    """What a component does before the next prediction cache: met by a share of the requests before it."""

    def __init__(self, share: float, fraction: float) -> None:
        self.share = share
        self.fraction = fraction
        self.sequence: list[Floor] = []
        self.parallel: dict[str, list[Floor]] = {}

    def add(self, parallel: str | None, floor: Floor) -> None:
        """Add a piece of work, beside those of the same parallel group."""
        branches = self.sequence if parallel is None else self.parallel.setdefault(parallel, [])
        branches.append(floor)

    def floors(self, models_first: bool) -> list[Floor]:
        """Return the floors of what happens one after another."""
        return self.sequence + [side_by_side(branches, models_first) for branches in self.parallel.values()]


def stages_of(steps: list[Step]) -> list[Stage]:
    """Return steps in the order of the file; a group stands at its first member."""
    stages: dict[tuple[str, int], list[Step]] = {}
    for position, step in enumerate(steps):
        key = ("step", position) if step.group is None else ("group", step.group)
        stages.setdefault(key, []).append(step)
    return [tuple(members) for members in stages.values()]


def parallel_of(stage: Stage) -> tuple[str | None, bool]:
    """Return the name of the parallel group that a stage is in, and whether its relations are in different ones."""
    names = {step.relation.parallel for step in stage}
    return stage[0].relation.parallel, len(names) > 1


Floors = dict[tuple[str, float], Floor]
"""Floors by component and percentile."""


class SharedFloors:
    """The floors that are the same wherever requests of the same models enter.

    `plain` are the steps of the components that do one thing after another (None for the others).
    """

    def __init__(self) -> None:
        self.floors: Floors = {}
        self.plain: dict[str, list[Step] | None] = {}

    def plain_steps(self, name: str, steps: Sequence[Step]) -> list[Step] | None:
        """Return what a component waits for, one after another; None where there is more to it."""
        if name not in self.plain:
            waits = [step for step in steps if step.waits]
            simple = all(
                step.needed and step.relation.hit_ratio is None and step.relation.parallel is None for step in waits
            )
            self.plain[name] = waits if simple else None
        return self.plain[name]


class FloorMemory:
    """What is known of floors behind the client, for all workloads that enter alike.

    `floors` are those that depend on where requests enter: something behind them leads back to the client or waits in
    a circle, or its percentile was not worked out. `stated` are the percentiles of objectives; those that shares on
    the way lead to are limited in number, as they multiply.
    """

    def __init__(self) -> None:
        self.floors: Floors = {}
        self.stated: set[float] = set()
        self._derived: dict[str, set[float]] = {}
        self._count = 0

    def may_ask(self, name: str, fraction: float) -> bool:
        """Return whether a component may be asked at a percentile, and note that it is."""
        if fraction in self.stated:
            return True
        known = self._derived.setdefault(name, set())
        if fraction in known:
            return True
        if len(known) >= _MAX_FRACTIONS or self._count >= _MAX_DERIVED:
            return False
        known.add(fraction)
        self._count += 1
        return True

"""The stages of a component's work for a request, and the percentiles at which its callees are computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from archlint.analysis.floor_parts import Floor, side_by_side
from archlint.model.architecture import Component, Relation
from archlint.topology import Step

_MAX_FRACTIONS: Final = 32
_MAX_DERIVED: Final = 10_000
"""The maximum number of percentiles that result from shares on the path; the floor beyond it is 0."""

Stage = tuple[Step, ...]
"""A step of a component, or all steps of one parallel group."""


class Segment:
    """The work of a component up to the next prediction cache; a share of the requests needs it."""

    def __init__(self, share: float, fraction: float) -> None:
        self.share = share
        self.fraction = fraction
        self.sequence: list[Floor] = []
        self.parallel: dict[str, list[Floor]] = {}

    def add(self, parallel: str | None, floor: Floor) -> None:
        """Add a piece of work, in parallel with those of the same group."""
        branches = self.sequence if parallel is None else self.parallel.setdefault(parallel, [])
        branches.append(floor)

    def floors(self, models_first: bool) -> list[Floor]:
        """Return the floors of the pieces in sequence."""
        return self.sequence + [side_by_side(branches, models_first) for branches in self.parallel.values()]


def stages_of(steps: list[Step]) -> list[Stage]:
    """Return the steps in the order of the file; a group has the position of its first member."""
    stages: dict[tuple[str, int], list[Step]] = {}
    for position, step in enumerate(steps):
        key = ("step", position) if step.group is None else ("group", step.group)
        stages.setdefault(key, []).append(step)
    return [tuple(members) for members in stages.values()]


def parallel_of(stage: Stage) -> tuple[str | None, bool]:
    """Return the name of a stage's parallel group, and whether its relations are in different groups."""
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
        """Return the components that a component waits for in sequence; None if it has other steps."""
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
    the way lead to are limited in number, as they multiply. `way` are the components, without the
    client, through which a stream comes.
    """

    def __init__(self) -> None:
        self.way: frozenset[str] = frozenset()
        self.floors: Floors = {}
        self.stated: set[float] = set()
        self._derived: dict[str, set[float]] = {}
        self._count = 0

    def may_ask(self, name: str, fraction: float) -> bool:
        """Return whether a component may be computed at a percentile, and record that it is."""
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


def is_far(components: Mapping[str, Component], relation: Relation) -> bool:
    """Whether a relation leads from one region to another, and its time on the network is not stated."""
    here, there = components[relation.source].regions, components[relation.target].regions
    return relation.network_s is None and bool(here and there) and set(here or ()).isdisjoint(there or ())

"""What requests lose when components fail: on the AND/OR graph of the steps that they take.

A component is down where it failed, where a step that it needs leads to one that is down, where all relations
of an `either` group do, or where the one arm does that the request takes (`share`). This is the least such set,
so that callers who wait for one another in a circle do not fail by themselves. What a cache answers does not
count: its entries run out while what stands behind it is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import Final

import msgspec

from archlint.topology.cycles import targets_first
from archlint.topology.reach import Reach
from archlint.topology.routes import EITHER, SHARE, Group, Step

_MAX_WORK: Final = 100_000
"""Steps that one question may look at; a share of requests that takes more is not worked out."""
_MAX_SWEEPS: Final = 64
"""How often the components of one circle are gone through; circles within circles need more than two."""
_CHUNK: Final = 4096
"""Components that are failed at a time, each as one bit."""
_NEGLIGIBLE: Final = 1e-12



class _Other(msgspec.Struct, frozen=True):
    """That a request takes none of these arms of a group (verb and index), which together have this share."""

    arms: frozenset[tuple[str, int]] = frozenset()
    share: float = 0.0


_ANY: Final = _Other()
Choices = dict[int, _Other | None]
"""What a request takes, by group: none of some arms, or (None) one that is down."""


class _Spread(msgspec.Struct, frozen=True):
    """How far a failure spreads: if to the client, what is down, and the arms of groups that lead there."""

    lost: bool
    down: dict[str, None]
    arms: dict[int, list[Step]]


class Failures:
    """Answers for all requests that enter by the same steps; `entry` are those of one of their clients."""

    def __init__(self, reach: Reach, entry: Sequence[Step]) -> None:
        self.reach = reach
        self.entry = entry
        self.groups: list[Group] = reach.routes.groups
        self._client = entry[0].source if entry else ""
        self._entering: dict[str, list[Step]] = {}
        for step in entry:
            self._entering.setdefault(step.target, []).append(step)
        self._shares: dict[frozenset[str], float | None] = {}
        self._heads: dict[str, str] = {}
        self._work = 0

    @cached_property
    def needed(self) -> dict[str, None]:
        """The components without any one of which no request is answered, the client aside."""
        closed = self._closed(grouped=False)
        if any(self.groups[step.group].complete for step in self._steps() if step.group is not None):
            others = [name for name in self.reach.components if name not in closed]
            for start in range(0, len(others), _CHUNK):
                chunk = others[start : start + _CHUNK]
                bits = self._lost_by(chunk)
                closed |= {name for position, name in enumerate(chunk) if bits >> position & 1}
        return {name: None for name in self.reach.components if name in closed}

    @cached_property
    def _matter(self) -> set[str]:
        """The components whose failure can cost an answer, by whatever arms the request takes."""
        return self._closed(grouped=True)

    def is_lost_with(self, failed: Iterable[str]) -> bool:
        """Return whether no request is answered once all of these are gone."""
        names = [name for name in failed if name in self._matter]
        return any(name in self.needed for name in names) or (bool(names) and self._spread(names, {}).lost)

    def down_with(self, failed: Iterable[str]) -> dict[str, None]:
        """Return all components that cannot answer once these are gone, whatever arms a request takes."""
        return self._spread(failed, {}, whole=True).down

    def share_lost_with(self, failed: Iterable[str]) -> float | None:
        """Return the share of requests that are not answered once these are gone.

        Exact where each component takes its arms independently of the others; None where a condition (`when`)
        decides it, or there are too many combinations of arms to go through.
        """
        names = [name for name in failed if name in self._matter]
        if any(name in self.needed for name in names):
            return 1.0
        heads = frozenset(self._head(name) for name in names)
        if heads not in self._shares:
            self._shares[heads] = self._share(sorted(heads)) if heads else 0.0
        return self._shares[heads]

    def _share(self, failed: Sequence[str]) -> float | None:
        """Go through the choices that make a difference, group by group as the failure comes to them."""
        self._work = 0
        total = 0.0
        stack: list[tuple[Choices, float]] = [({}, 1.0)]
        while stack:
            chosen, weight = stack.pop()
            if self._work > _MAX_WORK:
                return None
            certain = self._spread(failed, chosen)
            if certain.lost:
                total += weight
            elif self._spread(failed, chosen, doubtful=True).lost:
                group = self._undecided(certain.arms, chosen)
                if group is None:
                    return None                # only conditions are left to decide
                self._work += len(chosen)
                stack += _branches(chosen, weight, group, certain.arms[group])
        return min(1.0, total)

    def _undecided(self, arms: Iterable[int], chosen: Choices) -> int | None:
        """Return a group with shares of which it is not yet said whether the request takes an arm that is down."""
        for number in arms:
            group = self.groups[number]
            source = group.relations[0].source
            matters = source == self._client or source in self._matter
            if matters and group.kind == SHARE and chosen.get(number, _ANY) is not None:
                return number
        return None

    def _takers(self, name: str) -> Iterator[Step]:
        """Yield the steps that lead to a component."""
        return chain(self.reach.takers.get(name, ()), self._entering.get(name, ()))

    def _head(self, name: str) -> str:
        """Return the component whose failure comes to the same: up along steps that nothing else shares."""
        way: list[str] = []
        while name not in self._heads and len(way) <= len(self.reach.steps):
            takers = list(self._takers(name))
            if len(takers) != 1 or not takers[0].needed or takers[0].source == self._client:
                self._heads[name] = name
                break
            way.append(name)
            name = takers[0].source
        head = self._heads.get(name, name)
        self._heads.update(dict.fromkeys(way, head))
        return head

    def _spread(
        self, failed: Iterable[str], chosen: Choices, doubtful: bool = False, whole: bool = False
    ) -> _Spread:
        """Carry failure upwards; with `doubtful`, an arm that may be down is the one that is taken.

        Stops as soon as the client is sure to be reached, unless all of it is asked for.
        """
        down = dict.fromkeys(failed)
        arms: dict[int, list[Step]] = {}
        lost = False
        order = list(down)
        for name in order:                   # grows while it is walked
            for step in self._takers(name):
                self._work += 1
                source = step.source
                if source in down or not self._fails(step, arms, chosen, doubtful):
                    continue
                lost = lost or source == self._client or source in self.needed
                if lost and not whole:
                    return _Spread(True, down, arms)
                down[source] = None
                order.append(source)
        return _Spread(lost, down, arms)

    def _fails(self, step: Step, arms: dict[int, list[Step]], chosen: Choices, doubtful: bool) -> bool:
        """Return whether the source of a step is down, now that its target is; notes the arms of groups."""
        if step.group is None:
            return step.needed
        other = chosen.get(step.group, _ANY)
        if other is None:
            return True
        if (step.relation.verb, step.relation.index) in other.arms:
            return False
        group = self.groups[step.group]
        gone = arms.setdefault(step.group, [])
        gone.append(step)
        if group.complete and len(gone) + len(other.arms) == len(group.relations):
            return True
        return doubtful and group.kind != EITHER

    def _steps(self) -> Iterator[Step]:
        yield from self.entry
        for steps in self.reach.steps.values():
            yield from steps

    def _closed(self, grouped: bool) -> set[str]:
        """Return what is reached from the client over needed steps; with `grouped`, also over the arms of groups."""
        steps_of = self.reach.steps
        closed: set[str] = set()
        ways: list[Sequence[Step]] = [self.entry]
        while ways:
            for step in ways.pop():
                if step.needed or (grouped and step.group is not None):
                    target = step.target
                    if target not in closed and target in steps_of:
                        closed.add(target)
                        ways.append(steps_of[target])
        return closed

    def _lost_by(self, chunk: Sequence[str]) -> int:
        """Return as bits which of some components lose every request: all are failed at once, a bit each."""
        bits = {name: 1 << position for position, name in enumerate(chunk)}
        masks: dict[str, int] = {}
        for knot in self.reach.order:
            for name in knot:
                masks[name] = bits.get(name, 0)
            order = targets_first(self.reach.targets, knot) if len(knot) > 1 else knot
            for _ in range(_MAX_SWEEPS if len(knot) > 1 else 1):
                before = [masks[name] for name in order]
                for name in order:
                    masks[name] |= self._mask(self.reach.steps[name], masks)
                if before == [masks[name] for name in order]:
                    break
        return self._mask(self.entry, masks)

    def _mask(self, steps: Iterable[Step], masks: dict[str, int]) -> int:
        """Return the bits of the components that take the source of these steps with them."""
        union = 0
        groups: dict[int, int] = {}
        for step in steps:
            mask = masks.get(step.target, 0)
            if step.group is None:
                union |= mask if step.needed else 0
            elif self.groups[step.group].complete:
                groups[step.group] = groups[step.group] & mask if step.group in groups else mask
        for mask in groups.values():
            union |= mask
        return union


def _branches(chosen: Choices, weight: float, group: int, gone: Sequence[Step]) -> Iterator[tuple[Choices, float]]:
    """Yield the two choices at a group, with their part of the requests: an arm that is down, or one of the others.

    `gone` are arms that are down; what was left out before is no longer to choose from.
    """
    before = chosen.get(group) or _ANY
    left = 1.0 - before.share
    share = sum(step.share for step in gone)
    part = min(1.0, share / left) if left > _NEGLIGIBLE else 0.0
    if weight * part > _NEGLIGIBLE:
        yield {**chosen, group: None}, weight * part
    if weight * (1 - part) > _NEGLIGIBLE:
        keys = {(step.relation.verb, step.relation.index) for step in gone}
        yield {**chosen, group: _Other(before.arms | keys, before.share + share)}, weight * (1 - part)

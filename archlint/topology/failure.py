"""What requests lose if components fail: computed on the AND/OR graph of their steps.

A component is down if it failed, if a step that it needs leads to one that is down, if all relations of an `either`
group do, or if the branch does that the request takes (`share`). This is the least such set, so that callers that wait
for one another in a cycle do not fail by themselves. Answers of caches are ignored: their entries expire during the
failure. A fallback that names a component is followed: if the target fails, the request needs the fallback and all
that it needs.
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
"""The maximum number of steps to visit for one question; if a share needs more, it is unknown."""
_MAX_SWEEPS: Final = 64
"""The maximum number of passes over the components of one cycle; nested cycles need more than two."""
_CHUNK: Final = 4096
"""The number of components whose failure is computed at the same time, each as one bit."""
_TOGETHER: Final = 32
"""From how many questions on the failures are computed together, which visits every component once."""
_NEGLIGIBLE: Final = 1e-12


class _Other(msgspec.Struct, frozen=True):
    """A request that takes none of these branches of a group (verb and index); `share` is their total."""

    arms: frozenset[tuple[str, int]] = frozenset()
    share: float = 0.0


_ANY: Final = _Other()
Choices = dict[int, _Other | None]
"""The choice of a request, by group: none of some branches, or (None) one that is down."""


class _Spread(msgspec.Struct, frozen=True):
    """How far a failure spreads: whether to the client, what is down, and the branches that lead there."""

    lost: bool
    down: dict[str, None]
    arms: dict[int, list[Step]]


class Failures:
    """The results for all requests that enter by the same steps; `entry` are the steps of one of their clients."""

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
        """The components that every request needs, without the client."""
        closed = self._closed(grouped=False)
        if any(self.groups[step.group].complete for step in self._steps() if step.group is not None):
            others = [(name,) for name in self.reach.components if name not in closed]
            closed |= {name for (name,), lost in zip(others, self._found_lost_with(others), strict=True) if lost}
        known = self.reach.routes.topology.components
        return {name: None for name in self.reach.components if name in closed and name in known}

    @cached_property
    def _matter(self) -> set[str]:
        """The components whose failure can make a request fail, with any branches."""
        return self._closed(grouped=True)

    def is_lost_with(self, failed: Iterable[str]) -> bool:
        """Return whether every request fails if all of these fail."""
        names = [name for name in failed if name in self._matter]
        return any(name in self.needed for name in names) or (bool(names) and self._spread(names, {}).lost)

    def are_lost_with(self, groups: Sequence[tuple[str, ...]]) -> list[bool]:
        """Return for each group of components whether every request fails if all of the group fail."""
        if len(groups) < _TOGETHER:
            return [self.is_lost_with(names) for names in groups]
        # In a cycle, the passes may end before all failures have spread: what they find lost is lost.
        exact = all(len(knot) == 1 for knot in self.reach.order)
        found = zip(groups, self._found_lost_with(groups), strict=True)
        return [lost or (not exact and self.is_lost_with(names)) for names, lost in found]

    def down_with(self, failed: Iterable[str]) -> dict[str, None]:
        """Return all components that cannot answer if these fail, with any branches."""
        return self._spread(failed, {}, whole=True).down

    def share_lost_with(self, failed: Iterable[str]) -> float | None:
        """Return the share of requests that fail if these components fail.

        It is exact if each component chooses its branches independently. None if it depends on a condition (`when`), or
        if there are too many combinations of branches.
        """
        names = [name for name in failed if name in self._matter]
        if any(name in self.needed for name in names):
            return 1.0
        heads = frozenset(self._head(name) for name in names)
        if heads not in self._shares:
            self._shares[heads] = self._share(sorted(heads)) if heads else 0.0
        return self._shares[heads]

    def _share(self, failed: Sequence[str]) -> float | None:
        """Try the choices that make a difference, group by group in the order in which the failure reaches them."""
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
                    return None                # only conditions remain
                self._work += len(chosen)
                stack += _branches(chosen, weight, group, certain.arms[group])
        return min(1.0, total)

    def _undecided(self, arms: Iterable[int], chosen: Choices) -> int | None:
        """Return a group with shares without a choice yet: whether the request takes a branch that is down."""
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
        """Return the first component upstream whose failure has the same effect, along steps without alternatives."""
        way: list[str] = []
        while name not in self._heads and len(way) <= len(self.reach.steps):
            takers = list(self._takers(name))
            if len(takers) != 1 or not takers[0].essential or takers[0].source == self._client:
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
        """Propagate failure upstream; with `doubtful`, requests take a branch that may be down.

        Stops as soon as it certainly reaches the client, unless the complete result is requested.
        """
        down = dict.fromkeys(failed)
        arms: dict[int, list[Step]] = {}
        lost = False
        order = list(down)
        for name in order:                   # grows during the loop
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
        """Return whether the source of a step is down, because its target is; record the branches of groups."""
        if step.group is None:
            return step.essential
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
                if step.essential or (grouped and step.group is not None):
                    target = step.target
                    if target not in closed and target in steps_of:
                        closed.add(target)
                        ways.append(steps_of[target])
        return closed

    def _found_lost_with(self, groups: Sequence[tuple[str, ...]]) -> Iterator[bool]:
        """Yield for each group whether all of it together is found to lose every request."""
        for start in range(0, len(groups), _CHUNK):
            chunk = groups[start : start + _CHUNK]
            lost = self._lost_by(chunk)
            yield from (bool(lost >> position & 1) for position in range(len(chunk)))

    def _lost_by(self, chunk: Sequence[tuple[str, ...]]) -> int:
        """Return as bits which groups of components lose every request; all failures are computed together."""
        bits: dict[str, int] = {}
        for position, names in enumerate(chunk):
            for name in names:
                bits[name] = bits.get(name, 0) | 1 << position
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
        """Return the bits of the components whose failure also stops the source of these steps."""
        union = 0
        groups: dict[int, int] = {}
        for step in steps:
            mask = masks.get(step.target, 0)
            if step.group is None:
                union |= mask if step.essential else 0
            elif self.groups[step.group].complete:
                groups[step.group] = groups[step.group] & mask if step.group in groups else mask
        for mask in groups.values():
            union |= mask
        return union


def _branches(chosen: Choices, weight: float, group: int, gone: Sequence[Step]) -> Iterator[tuple[Choices, float]]:
    """Yield the two choices at a group, with their share of the requests: a branch that is down, or one of the others.

    `gone` are the branches that are down; branches that were excluded before are no longer available.
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

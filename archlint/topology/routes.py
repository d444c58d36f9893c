"""The relations that a request takes, and which of them it needs.

A request is an AND/OR graph. A component needs everything that it waits for, except relations that are `optional` or
have a `fallback`. Of an `either` group it needs one relation, and of branches with a `share` the one that the request
takes. A relation with a condition (`when`) is needed only if nothing else runs the workload's models. A cache
that fails is a cache that misses: no request needs it if something behind it answers a miss.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from archlint.model.architecture import Relation
from archlint.model.words import STORES
from archlint.topology.graph import Topology

EITHER: Final = "either"
SHARE: Final = "share"
WHEN: Final = "when"
_ROUNDING: Final = 0.01
"""Three shares of 33 % are treated as 100 %."""
_USUAL: Final = frozenset({"calls", "reads", "writes"})
"""Verbs of relations that requests take, unless they lead to other models only."""
_NO_WORK: Final = frozenset({"training-job", "monitoring", "log-store"})
"""Kinds that receive messages but do no work for the request."""

Key = tuple[str, int]
_NO_KEYS: Final[frozenset[Key]] = frozenset()


class Group(msgspec.Struct, frozen=True):
    """Relations of one component: a request needs one of them (`either`) or takes one (`share`, `when`).

    `complete` means that every request needs one of them: any one is enough, or the shares add up to 100 %.
    """

    kind: str
    relations: tuple[Relation, ...]
    complete: bool


class Step(msgspec.Struct, frozen=True):
    """A relation that a request takes from `source` to `target` (`consumes`: from the queue to its consumer).

    `needed` is false if the request can succeed without it, and in a group; `waits` tells whether the source waits.
    `share` is the share of the source's requests that take it, if it is one of several branches. `missed` is true for a
    look-up in a cache whose misses are answered: the request waits for it, but does not fail with it.
    """

    source: str
    target: str
    relation: Relation
    needed: bool
    group: int | None = None
    waits: bool = True
    share: float = 1.0
    missed: bool = False

    @property
    def essential(self) -> bool:
        """Whether a request at the source fails if the target does."""
        return self.needed and not self.missed


class _Role(msgspec.Struct, frozen=True):
    """The role of a relation in a group for a request."""

    needed: bool
    group: int | None = None
    share: float = 1.0


_NEEDED: Final = _Role(True)
_SPARE: Final = _Role(False)

PlainSteps = dict[tuple[str, bool, bool], list[Step]]
"""Steps that do not depend on the models, by component, `beyond`, and whether a fallback of it is a step too."""


class Routes:
    """The steps of each component for requests that run the same models, computed on first use.

    `wanted` are the bits of the models that a request runs (`Topology.model_bits`); None if it runs all that it
    reaches. `groups` are numbered by `Step.group`. With `failing`, a fallback that names a component is a step too: a
    request needs the target or its fallback. A branch (`share`, `when`) with such a fallback leads to a junction that
    needs one of the two; junctions have names that no component can have. All routes of a graph may share `plain`.
    """

    def __init__(
        self, topology: Topology, wanted: int | None, failing: bool = False, plain: PlainSteps | None = None
    ) -> None:
        self.topology = topology
        self.wanted = wanted
        self.failing = failing
        self.groups: list[Group] = []
        self._steps: dict[tuple[str, bool], list[Step]] = {}
        self._junctions: dict[str, list[Step]] = {}
        self._plain: PlainSteps = {} if plain is None else plain

    def steps(self, name: str, beyond: bool = False) -> list[Step]:
        """Return the steps that leave a component, in the file's order; `beyond` a queue, also that to the result."""
        known = self._junctions.get(name) or self._steps.get((name, beyond))
        if known is None:
            known = self._steps[name, beyond] = self._first_made(name, beyond)
        return known

    def _first_made(self, name: str, beyond: bool) -> list[Step]:
        """Make the steps of a component; without models behind it and without groups, they are the same for all."""
        key = name, beyond, self.failing and name in self.topology.falling_back
        known = self._plain.get(key)
        if known is not None:
            return known
        relations, groups = self.topology.leaving(name, self.wanted), len(self.groups)
        made = self._made(name, relations, beyond)
        below = self.topology.models_below
        if not below[name] and len(self.groups) == groups and not any(below[r.target] for r in relations):
            self._plain[key] = made
        return made

    def first_steps(self, client: str, to: str | None) -> list[Step]:
        """Return the steps by which requests enter at a client: over all relations, or those to one target."""
        if to is None:
            return self.steps(client)
        return self._made(client, [r for r in self.topology.outgoing[client] if r.target == to], False)

    def _made(self, name: str, relations: Sequence[Relation], beyond: bool) -> list[Step]:
        beyond = beyond and self._works_from_queue(name)
        taken = [relation for relation in relations if self._takes(relation, beyond)]
        grouped: dict[tuple[str, str], list[Relation]] = {}
        for relation in taken:
            if relation.either is None and relation.share is None and relation.when is None:
                continue
            kind = _group_of(relation, self._branches_again(relation))
            if kind is not None:
                grouped.setdefault(kind, []).append(relation)
        roles = self._roles(taken, grouped) if grouped else {}
        waits = self.topology.waits
        misses = self._missed(name, taken)
        steps = []
        for relation in taken:
            key = relation.verb, relation.index
            role = roles.get(key) or (_NEEDED if _is_needed(relation, beyond) else _SPARE)
            target = relation.target
            stands_in = self._stand_in(relation) if self.failing else None
            if stands_in is not None and _is_partial(relation):
                target = self._junction(relation, stands_in)
            elif stands_in is not None:
                role = _Role(False, self._number(Group(EITHER, (relation, stands_in), True)))
                steps.append(Step(name, stands_in.target, stands_in, False, role.group, waits(relation)))
            missed = key in misses
            steps.append(Step(name, target, relation, role.needed, role.group, waits(relation), role.share, missed))
        consumptions = self.topology.consumptions(name)
        return steps + self._consumed(name, consumptions) if consumptions else steps

    def _stand_in(self, relation: Relation) -> Relation | None:
        """Return the relation to the component that answers if the target of a relation fails."""
        name = relation.fallback
        known = name is not None and name in self.topology.components and name not in {relation.source, relation.target}
        if not known or relation.optional or relation.either is not None:
            return None
        return msgspec.structs.replace(relation, target=name, fallback=None)

    def _branches_again(self, relation: Relation) -> bool:
        """Return whether a branch still answers if its target fails: from the component that stands in."""
        return self.failing and _is_partial(relation) and self._stand_in(relation) is not None

    def _junction(self, relation: Relation, stands_in: Relation) -> str:
        """Return a name for the target of a branch or the component that stands in: a request needs one of them."""
        name = f"{relation.source} {relation.verb} {relation.index}"
        number, waits = self._number(Group(EITHER, (relation, stands_in), True)), self.topology.waits(relation)
        self._junctions[name] = [
            Step(name, end.target, end, False, number, waits) for end in (relation, stands_in)
        ]  # fmt: skip
        return name

    def _missed(self, name: str, taken: Sequence[Relation]) -> frozenset[Key]:
        """Return the look-ups in caches whose misses are answered: by another read or call, or by an own model."""
        looks_up = self.topology.looks_up
        looked_up = [relation for relation in taken if looks_up(relation)]
        if not looked_up:
            return _NO_KEYS
        caches = [relation for relation in looked_up if relation.hit_ratio != 1]
        if not caches:
            return _NO_KEYS
        components = self.topology.components
        behind = [r for r in taken if r.verb in {"calls", "reads"} and not looks_up(r)]
        own = bool(components[name].serves)
        stored = any(r.verb == "reads" or components[r.target].kind in STORES for r in behind)
        answered = {"data": stored, "prefix": True}
        return frozenset(
            (relation.verb, relation.index)
            for relation in caches if answered.get(relation.caches or "", own or bool(behind))
        )  # fmt: skip

    def _takes(self, relation: Relation, beyond: bool) -> bool:
        """Return whether requests of these models take a relation."""
        verb = relation.verb
        if verb == "publishes":
            return self._leads_to_models(relation.target) or (beyond and self._hands_on(relation))
        if verb not in _USUAL and not self.topology.waits(relation):
            return False
        return self.wanted is None or not self._leads_elsewhere(relation.target)

    def _works_from_queue(self, name: str) -> bool:
        return any(relation.verb == "consumes" for relation in self.topology.outgoing[name])

    def _hands_on(self, relation: Relation) -> bool:
        """Return whether a message is the result of a prediction: its sender has no other output."""
        source = self.topology.components[relation.source]
        if source.callback or any(other.verb == "writes" for other in source.relations):
            return False
        runs = self.topology.models_awaited[relation.source]
        if self.wanted is not None:
            runs &= self.wanted
        return runs != 0 and not self._leads_elsewhere(relation.target)

    def _roles(
        self, taken: Sequence[Relation], grouped: dict[tuple[str, str], list[Relation]]
    ) -> dict[Key, _Role]:
        """Return the role of each relation in a group, by verb and index."""
        roles: dict[Key, _Role] = {}
        for (kind, _), relations in grouped.items():
            if kind == EITHER and any(map(_is_dispensable, relations)):
                # If one of them is dispensable, the whole group is.
                roles |= {(relation.verb, relation.index): _SPARE for relation in relations}
            elif kind == EITHER:
                self._assign(roles, EITHER, relations)
            elif kind == SHARE:
                for members in _exclusive(relations):
                    self._assign(roles, SHARE, members)
            else:
                certain = self._certain(taken, relations)
                if certain is not None:
                    roles[certain.verb, certain.index] = _NEEDED
                self._assign(roles, WHEN, [relation for relation in relations if relation is not certain])
        return roles

    def _assign(self, roles: dict[Key, _Role], kind: str, relations: Sequence[Relation]) -> None:
        """Make a group; a group of one relation is an ordinary needed relation."""
        if kind == EITHER and len(relations) == 1:
            roles[relations[0].verb, relations[0].index] = _NEEDED
        elif relations:
            total = sum(relation.share or 0.0 for relation in relations)
            whole = len(relations) > 1 and total >= 1 - _ROUNDING
            number = self._number(Group(kind, tuple(relations), kind == EITHER or (kind == SHARE and whole)))
            scale = total if kind == SHARE and (whole or total > 1) else 1.0
            for relation in relations:
                share = (relation.share or 0.0) / scale if kind == SHARE else 1.0
                roles[relation.verb, relation.index] = _Role(False, number, share)

    def _number(self, group: Group) -> int:
        self.groups.append(group)
        return len(self.groups) - 1

    def _certain(self, taken: Sequence[Relation], arms: Sequence[Relation]) -> Relation | None:
        """Return the branch with a condition that a request needs because nothing else runs its models."""
        if self.wanted is None or self.topology.bits_served(arms[0].source) & self.wanted:
            return None
        leading = [relation for relation in taken if self._leads_to_models(relation.target)]
        return leading[0] if len(leading) == 1 and leading[0] in arms else None

    def _consumed(self, queue: str, consumptions: Sequence[Relation]) -> list[Step]:
        """Return the steps to a queue's consumers: those with the same models are interchangeable.

        Consumers without a model are included only if no consumer has one: then the queue carries results.
        """
        leading = [relation for relation in consumptions if self._leads_to_models(relation.source)]
        if not leading:
            leading = [relation for relation in consumptions if self._takes_results(relation.source)]
        by_models: dict[int, list[Relation]] = {}
        seen = twice = 0
        for relation in leading:
            bits = self._bits(relation.source)
            by_models.setdefault(bits, []).append(relation)
            twice |= seen & bits
            seen |= bits
        steps = []
        for bits, relations in by_models.items():
            number = self._number(Group(EITHER, tuple(relations), True)) if len(relations) > 1 else None
            needed = number is None and (not bits or bool(bits & ~twice))
            steps += [Step(queue, r.source, r, needed, number, waits=False) for r in relations]
        return steps

    def _takes_results(self, name: str) -> bool:
        return not self.topology.models_below[name] and self.topology.components[name].kind not in _NO_WORK

    def _bits(self, name: str) -> int:
        below = self.topology.models_below[name]
        return below if self.wanted is None else below & self.wanted

    def _leads_to_models(self, name: str) -> bool:
        return self._bits(name) != 0

    def _leads_elsewhere(self, name: str) -> bool:
        """Return whether a component leads only to models that a request does not run."""
        if self.wanted is None:
            return False
        below = self.topology.models_below[name]
        return below != 0 and below & self.wanted == 0


def _is_partial(relation: Relation) -> bool:
    """Return whether only some requests take a relation."""
    return (relation.share is not None and relation.share < 1) or relation.when is not None


def _is_dispensable(relation: Relation) -> bool:
    """Return whether the answer is degraded, not lost, without a relation."""
    return bool(relation.optional) or relation.fallback is not None or relation.fails == "open"


def _is_needed(relation: Relation, beyond: bool) -> bool:
    """Return whether a request needs a relation that is in no group.

    Nobody waits for a write with `wait: false`, except that the write of a worker is the answer.
    """
    if _is_dispensable(relation):
        return False
    return relation.verb != "writes" or relation.wait is not False or beyond


def _group_of(relation: Relation, answers: bool) -> tuple[str, str] | None:
    """Return the group of a relation: its kind and a name; None if it is in no group.

    A relation that can be done without is in none, unless it `answers` although its target has failed.
    """
    if relation.either is not None:
        return EITHER, relation.either
    if _is_dispensable(relation) and not answers:
        return None
    if relation.share is not None and relation.share < 1:
        return SHARE, relation.parallel or ""
    return (WHEN, "") if relation.when is not None else None


def _exclusive(relations: Sequence[Relation]) -> Iterator[list[Relation]]:
    """Yield the relations with a share of which a request takes one.

    Two conditions may be true for the same request: if the shares of conditional relations exceed 100 %, each of
    them is independent.
    """
    if sum(relation.share or 0.0 for relation in relations) <= 1 + _ROUNDING:
        yield list(relations)
        return
    yield [relation for relation in relations if relation.when is None]
    for relation in relations:
        if relation.when is not None:
            yield [relation]


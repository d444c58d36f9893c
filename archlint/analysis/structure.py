"""Which components have to be up for a request to succeed: a Boolean function, from the AND/OR graph of its steps.

A component is up if it has not failed and all steps that it needs lead to components that are up. Of an `either` group,
one is enough; of branches with a `share`, the one that the request takes is needed. A hit in a cache skips what is
written after it. Where the file leaves something open, the function is true more often than the system is up: a
condition (`when`) is not met, a cache without a hit ratio answers everything, and work that waits in a durable queue is
late, not lost. So its probability is an upper bound.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from archlint.analysis.decision_diagrams import MOST_STEPS, TRUE, Diagram
from archlint.analysis.system import System
from archlint.model.architecture import Relation
from archlint.topology import EITHER, SHARE, Flow, Group, Step
from archlint.topology.cycles import targets_first

_ALL: Final = 1.0 - 1e-12


class Chance(msgspec.Struct, frozen=True):
    """A variable of the function that is not a component: a branch that is taken, or a hit. `of` tells groups apart."""

    of: str
    probability: float


class Structure(msgspec.Struct, frozen=True):
    """The function of a request: true if all of `always` are up, and `function` of `diagram` is true.

    `variables` are those of the diagram by level: names of components, and chances. `met` are all components that can
    make a request fail. `open` says that the file leaves something open, so that the function is a bound only.
    """

    always: tuple[str, ...]
    met: tuple[str, ...]
    variables: tuple[str | Chance, ...]
    diagram: Diagram
    function: int
    open: bool

    @property
    def chances(self) -> int:
        """How many groups of branches and hits matter: with more than one, they are assumed to be independent."""
        used = self.diagram.variables(self.function)
        found = (self.variables[level] for level in used)
        return len({variable.of for variable in found if isinstance(variable, Chance)})


def structure(
    system: System, flow: Flow, imperfect: Collection[str], waits: bool, most_steps: int = MOST_STEPS
) -> Structure:
    """Return the function of the requests of a flow. Components that are not `imperfect` are always up.

    If the workload `waits`, work behind a queue is lost with its worker. Raises `TooLargeError` if it is too large.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... workloads: {search: {from: page}}
    ... components:
    ...   page: {kind: client, calls: [api]}
    ...   api: {kind: service, calls: [{to: a, either: way}, {to: b, either: way}], reads: [{to: c, optional: true}]}
    ...   a: {kind: service}
    ...   b: {kind: service}
    ...   c: {kind: database}
    ... ''')
    >>> made = structure(system, system.flow("search"), {"api", "a", "b", "c"}, True)
    >>> made.always, made.variables, made.diagram.probability(made.function, [0.9, 0.9])
    (('api',), ('a', 'b'), 0.99)
    """
    return _Builder(system, flow, imperfect, waits, most_steps).built()


class _Builder:
    def __init__(
        self, system: System, flow: Flow, imperfect: Collection[str], waits: bool, most_steps: int
    ) -> None:
        self._system = system
        failures = flow.failures
        self._entry: Sequence[Step] = failures.entry
        self._steps: Mapping[str, Sequence[Step]] = failures.reach.steps
        self._reach = failures.reach
        self._groups: Sequence[Group] = failures.groups
        self._imperfect = imperfect
        self._waits = waits
        self._open = False
        self._variables: list[str | Chance] = []
        self._levels: dict[str, int] = {}
        self._diagram = Diagram(most_steps)

    def built(self) -> Structure:
        always = self._always()
        met = self._met(always)
        known = self._system.components
        up: dict[str, int] = dict.fromkeys(met, TRUE)
        function = TRUE
        if any(isinstance(variable, str) for variable in self._variables):
            self._work_out(up, always)
            function = self._function(self._entry, up)
        return Structure(
            tuple(name for name in always if name in self._imperfect),
            tuple(name for name in met if name in known),
            tuple(self._variables), self._diagram, function, self._open,
        )  # fmt: skip

    def _always(self) -> dict[str, None]:
        """Return the components that every request needs, whatever branches it takes and whatever caches answer."""
        always: dict[str, None] = {}
        ways: list[Sequence[Step]] = [self._entry]
        while ways:
            skipped, skipped_reads = False, False
            for step in ways.pop():
                taken = not (skipped or (skipped_reads and step.relation.verb == "reads"))
                new = step.target in self._steps and step.target not in always
                if new and taken and step.essential and not self._is_late(step):
                    always[step.target] = None
                    ways.append(self._steps[step.target])
                skipped = skipped or self._hits(step.relation, "prediction") > 0
                skipped_reads = skipped_reads or self._hits(step.relation, "data") > 0
        return always

    def _met(self, always: Collection[str]) -> dict[str, None]:
        """Return the components that matter, depth first, and number the variables in this order."""
        met: dict[str, None] = {}
        ways: list[Iterator[Step]] = [self._visited(self._entry)]
        while ways:
            step = next(ways[-1], None)
            if step is None:
                ways.pop()
            elif step.target not in met and step.target in self._steps:
                met[step.target] = None
                if step.target in self._imperfect and step.target not in always:
                    self._add(step.target, step.target)
                ways.append(self._visited(self._steps[step.target]))
        return met

    def _visited(self, steps: Sequence[Step]) -> Iterator[Step]:
        """Yield the steps that matter, after numbering the chances of their source."""
        for step in steps:
            group = None if step.group is None else self._groups[step.group]
            late = self._is_late(step)
            self._open = self._open or late or (group is not None and group.kind not in {EITHER, SHARE})
            if late:
                continue
            if group is not None and group.kind == SHARE and step.group is not None:
                self._number_branches(step.group, group, steps)
            if self._looks_up(step.relation):
                hits = self._hits(step.relation, step.relation.caches or "prediction")
                self._open = self._open or step.relation.hit_ratio is None
                if 0 < hits < _ALL:
                    self._add(_key(step.relation), Chance(_key(step.relation), hits))
                yield step
            elif step.essential or (group is not None and group.kind in {EITHER, SHARE}):
                yield step

    def _number_branches(self, number: int, group: Group, steps: Sequence[Step]) -> None:
        """Number the branches of a group: each is taken if none before it was, with its part of what is left."""
        left = 1.0
        for step in steps:
            if step.group == number:
                key = f"{number} {_key(step.relation)}"
                part = min(1.0, step.share / left) if left > 1 - _ALL else 0.0
                left = max(0.0, left - step.share)
                if key not in self._levels and part < _ALL:
                    self._add(key, Chance(f"group {number}", part))

    def _add(self, key: str, variable: str | Chance) -> None:
        if key not in self._levels:
            self._levels[key] = len(self._variables)
            self._variables.append(variable)

    def _work_out(self, up: dict[str, int], always: Collection[str]) -> None:
        """Set the function of each component; callers that wait for one another start as up."""
        for knot in self._reach.order:
            names = [name for name in knot if name in up]
            order = targets_first(self._reach.targets, names) if len(names) > 1 else names
            for _ in range(len(order) + 1 if len(order) > 1 else 1):
                before = [up[name] for name in order]
                for name in order:
                    own = TRUE
                    if name in self._imperfect and name not in always:
                        own = self._diagram.variable(self._levels[name])
                    up[name] = self._diagram.both(own, self._function(self._steps[name], up))
                if before == [up[name] for name in order]:
                    break

    def _function(self, steps: Sequence[Step], up: Mapping[str, int]) -> int:
        """Return whether all that a request needs of these steps is up, from the last step to the first."""
        diagram = self._diagram
        reads = others = TRUE
        done: set[int] = set()
        taken = self._branches(steps)
        for step in reversed(steps):
            if self._is_late(step):
                continue
            target = up.get(step.target, TRUE)
            if self._looks_up(step.relation):
                reads, others = self._with_hits(step, target, reads, others)
            needed = self._needed(step, target, steps, up, taken, done)
            if step.relation.verb == "reads":
                reads = diagram.both(needed, reads)
            else:
                others = diagram.both(needed, others)
        return diagram.both(others, reads)

    def _needed(
        self, step: Step, target: int, steps: Sequence[Step], up: Mapping[str, int], taken: Mapping[str, int],
        done: set[int],
    ) -> int:  # fmt: skip
        """Return whether what a request needs of one step is up; for an `either` group, at its last step."""
        diagram = self._diagram
        if step.group is None:
            return target if step.essential else TRUE
        kind = self._groups[step.group].kind
        if kind == SHARE:
            return diagram.choice(taken[f"{step.group} {_key(step.relation)}"], target, TRUE)
        if kind != EITHER or step.group in done:
            return TRUE
        done.add(step.group)
        ways = [up.get(other.target, TRUE) for other in steps if other.group == step.group]
        result = ways[-1]
        for way in reversed(ways[:-1]):
            result = diagram.either(way, result)
        return result

    def _branches(self, steps: Iterable[Step]) -> dict[str, int]:
        """Return for each branch with a share whether a request takes it."""
        diagram = self._diagram
        none_before: dict[int, int] = {}
        taken: dict[str, int] = {}
        for step in steps:
            if step.group is not None and self._groups[step.group].kind == SHARE:
                before = none_before.get(step.group, TRUE)
                key = f"{step.group} {_key(step.relation)}"
                level = self._levels.get(key)
                own = TRUE if level is None else diagram.variable(level)
                taken[key] = diagram.both(before, own)
                none_before[step.group] = diagram.choice(own, 0, before)
        return taken

    def _with_hits(self, step: Step, target: int, reads: int, others: int) -> tuple[int, int]:
        """Return what is needed of the later steps, if a hit in this cache skips them: the reads, and the others."""
        caches = step.relation.caches or "prediction"
        hits = self._hits(step.relation, caches)
        if hits <= 0 or caches == "prefix":
            return reads, others
        diagram = self._diagram
        level = self._levels.get(_key(step.relation))
        hit = diagram.both(TRUE if level is None else diagram.variable(level), target)
        if caches == "data":
            return diagram.either(hit, reads), others
        return TRUE, diagram.either(hit, diagram.both(others, reads))

    def _looks_up(self, relation: Relation) -> bool:
        return self._system.topology.looks_up(relation)

    def _hits(self, relation: Relation, caches: str) -> float:
        """Return the share of look-ups that a cache of this kind answers: all of them, if the file does not say."""
        if not self._looks_up(relation) or (relation.caches or "prediction") != caches or caches == "prefix":
            return 0.0
        return 1.0 if relation.hit_ratio is None else relation.hit_ratio

    def _is_late(self, step: Step) -> bool:
        """Return whether a step only starts later if its target is down: nobody waits, and the queue keeps the work."""
        if self._waits or step.relation.verb != "consumes":
            return False
        persistent = self._system.facts.persistent(self._system.components[step.source])
        return persistent is None or bool(persistent.value)


def _key(relation: Relation) -> str:
    return f"{relation.source} {relation.verb} {relation.index}"

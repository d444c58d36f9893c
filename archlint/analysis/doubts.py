"""What could not be read on the way of a workload: nobody can say that a component is needed there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.model.architecture import Problem, Workload
from archlint.model.places import Place
from archlint.model.words import VERBS
from archlint.topology import Flow

_SOFTENING: Final = ("optional", "fallback", "either", "share", "when")
"""The keys of a relation by which an answer may do without it."""


class Doubts:
    """The unread places by which a relation might be optional, or have a fallback or a sibling."""

    def __init__(self, system: System) -> None:
        self.system = system
        self._known: dict[Flow, tuple[Place, ...]] = {}

    def of(self, workloads: Iterable[Workload]) -> tuple[Place, ...]:
        """Return the unread places on the ways of some workloads; none where the whole file could be read."""
        if not self.system.architecture.unread:
            return ()
        flows = dict.fromkeys(self.system.flow(workload) for workload in workloads)
        return tuple(dict.fromkeys(place for flow in flows for place in self._of_flow(flow)))

    def _of_flow(self, flow: Flow) -> tuple[Place, ...]:
        found = self._known.get(flow)
        if found is None:
            users = dict.fromkeys(flow.components)
            siblings = (p.place for p in self.system.architecture.problems if self._hides_sibling(p, users))
            found = self._known[flow] = (*self._unread_keys(users), *siblings)
        return found

    def _unread_keys(self, users: Iterable[str]) -> Iterator[Place]:
        unread = self.system.architecture.unread
        for name in users:
            for relation in self.system.components[name].relations:
                for key in _SOFTENING:
                    at = relation.place(key)
                    if at.identity in unread:
                        yield at

    def _hides_sibling(self, problem: Problem, users: dict[str, None]) -> bool:
        """Return whether a relation is unread, or one of `either` to a name that nothing has."""
        section, name, verb, *target = (*problem.place.names, "", "", "")[: max(3, len(problem.place.names))]
        if not problem.loses_meaning or section != "components" or name not in users or verb not in VERBS:
            return False
        said = [r for r in self.system.components[name].relations if r.verb == verb and r.target in target[:1]]
        dangles = problem.kind == "dangling-reference" and any(r.either is not None for r in said)
        return not said or dangles

"""Unreadable values on the path of a workload: they leave open whether a component is needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.model.architecture import Problem, Workload
from archlint.model.places import Place
from archlint.model.words import VERBS
from archlint.topology import Flow

_SOFTENING: Final = ("optional", "fallback", "either", "share", "when")
"""The keys of a relation with which a request may succeed without it."""


class Doubts:
    """The unreadable places that may make a relation optional, or give it a fallback or an alternative."""

    def __init__(self, system: System) -> None:
        self.system = system
        self._known: dict[Flow, tuple[Place, ...]] = {}

    def of(self, workloads: Iterable[Workload]) -> tuple[Place, ...]:
        """Return the unreadable places on the paths of some workloads; none if the whole file could be read."""
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
        """Return whether a relation is unreadable, or is one of `either` with an unknown target."""
        section, name, verb, *target = (*problem.place.names, "", "", "")[: max(3, len(problem.place.names))]
        if not problem.loses_meaning or section != "components" or name not in users or verb not in VERBS:
            return False
        said = [r for r in self.system.components[name].relations if r.verb == verb and r.target in target[:1]]
        dangles = problem.kind == "dangling-reference" and any(r.either is not None for r in said)
        return not said or dangles

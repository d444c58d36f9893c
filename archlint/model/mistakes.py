"""Which mistake of the file hides the value of a place."""

from __future__ import annotations

from collections.abc import Iterable

from archlint.model.architecture import Problem
from archlint.model.places import Place


class Mistakes:
    """The mistakes that lose meaning, by the places that they hide."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self._within: dict[tuple[str, ...], Problem] = {}
        self._around: dict[tuple[str, ...], Problem] = {}
        for problem in problems:
            if problem.loses_meaning:
                names, written = problem.lost.names, problem.place.names
                if len(names) >= len(written):     # otherwise a key belongs elsewhere, and hides no key here
                    self._around.setdefault(names, problem)
                for size in range(1, len(names) + 1):
                    self._within.setdefault(names[:size], problem)

    def of(self, place: Place) -> Problem | None:
        """Return the first mistake inside a place, or in a value that would contain it; None if there is none."""
        names = place.names
        if names in self._within:
            return self._within[names]
        above = (self._around.get(names[:size]) for size in range(len(names), 0, -1))
        return next((problem for problem in above if problem is not None), None)

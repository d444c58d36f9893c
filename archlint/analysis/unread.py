"""Values that exist in a file but could not be read: what might rest on them is not proven.

A misspelt key or a value of the wrong type may state any fact. If it is in a part that a finding rests on, the finding
is undecided until the line is correct. If it is elsewhere in the file, it may still change the finding through the rest
of the graph, so the finding is an estimate.
"""

from __future__ import annotations

from typing import Final

import msgspec

from archlint.model.architecture import WHOLE_FILE, Architecture
from archlint.model.places import Place
from archlint.model.words import VERBS
from archlint.verdicts import Certainty, Hit

_NO_EVIDENCE: Final = frozenset(
    {"description", "owner", "logs_to", "monitored_by", "registry", "price", "budget", "load_tested", "retrained"}
)
"""Keys of a part from which no fact about latency, age or failure follows; rules on these keys name them themselves."""


class UnreadValues:
    """The unreadable values of a file that may be evidence, by the part that they belong to."""

    def __init__(self, architecture: Architecture) -> None:
        self._by_part: dict[tuple[str, ...], list[Place]] = {}
        for problem in architecture.problems:
            names = problem.lost.names
            if problem.loses_meaning and names[:1] != ("accept",) and _NO_EVIDENCE.isdisjoint(names[2:3]):
                self._by_part.setdefault(_part_of(names), []).append(problem.lost)
        self._unlisted = WHOLE_FILE in architecture.unread

    def under(self, hit: Hit) -> tuple[Place, ...]:
        """Return the unreadable values in the parts that a hit names, in its order."""
        if not self._by_part:
            return ()
        named = [hit.at, *(term.at for term in hit.terms if term.at), *(one.at for one in (*hit.related, *hit.path))]
        places = (*named, *hit.each, *hit.group)
        parts = dict.fromkeys(part for place in places for part in (place.names[:2], _part_of(place.names)))
        return tuple(dict.fromkeys(place for part in parts for place in self._by_part.get(part, ())))

    def doubted(self, hit: Hit) -> Hit:
        """Return the hit as an estimate, if anything in the file is unreadable."""
        if not self._by_part and not self._unlisted:
            return hit
        return msgspec.structs.replace(hit, certainty=Certainty.ESTIMATED)


def _part_of(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of a relation, or else of the component, model or workload that a place belongs to."""
    return names[:4] if names[2:3] and names[2] in VERBS and len(names) > 3 else names[:2]

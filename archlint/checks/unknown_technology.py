"""A technology that the catalogue does not know, so that no defaults apply."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from archlint.analysis.system import System
from archlint.model.architecture import Component
from archlint.model.names import nearest
from archlint.model.quantities import shorten
from archlint.verdicts import Hit, Related, Verdict

_MOST_COMPARED: Final = 20
"""How many unknown names are compared with the whole catalogue: each costs some milliseconds."""


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield one hit for each unknown technology, at the first component by name that uses it."""
    unknown: dict[str, list[Component]] = {}
    for component in system.components.values():
        if component.uses is not None and system.technologies.get(component.uses) is None:
            unknown.setdefault(component.uses.lower(), []).append(component)
    for index, (technology, unsorted) in enumerate(sorted(unknown.items())):
        users = sorted(unsorted, key=lambda component: component.name)
        likely = nearest(technology, system.technologies.names()) if index < _MOST_COMPARED else None
        hint = f"did you mean `{likely}`?" if likely else "describe it under `technologies` in archlint.toml"
        message = f"unknown technology `{shorten(users[0].uses or technology)}`, so no defaults apply; {hint}"
        related = tuple(Related(component.place("uses"), "used here too") for component in users[1:9])
        places = tuple(component.place("uses") for component in users)
        yield Hit(places[0], message, (), related, group=places)

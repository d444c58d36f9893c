"""A technology that the catalogue does not know, so that nothing is assumed of it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.system import System
from archlint.model.architecture import Component
from archlint.model.names import nearest
from archlint.verdicts import Hit, Related, Verdict


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield one hit for each unknown technology, at the first component that uses it."""
    unknown: dict[str, list[Component]] = {}
    for component in system.components.values():
        if component.uses is not None and system.technologies.get(component.uses) is None:
            unknown.setdefault(component.uses, []).append(component)
    for index, (name, users) in enumerate(unknown.items()):
        likely = nearest(name, system.technologies.names()) if index < 20 else None
        hint = f"did you mean `{likely}`?" if likely else "describe it in a catalogue of your own (`technologies` in archlint.toml)"
        message = f"`{name}` is in no catalogue: nothing is assumed of it; {hint}"
        related = tuple(Related(component.place("uses"), "used here too") for component in users[1:9])
        yield Hit(users[0].place("uses"), message, (), related)

"""A queue or database on a write path that forgets at a restart what it accepted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from archlint.analysis.facts import Fact
from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.model.architecture import Component
from archlint.model.places import Place
from archlint.verdicts import Hit, Related, Undecided, Verdict

KINDS: Final = frozenset({"queue", "database"})


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


class _Write(msgspec.Struct, frozen=True):
    writer: str
    at: Place


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each queue or database that is written to and does not persist, at what says so."""
    writes = _writes(system)
    for component in system.components.values():
        into = writes.get(component.name)
        if into is None or component.kind not in KINDS:
            continue
        persistent = system.facts.persistent(component)
        if persistent is None:
            because = "whether what it accepts survives a restart"
            keys = ("persistent",) if component.uses is not None else ("persistent", "uses")
            yield Undecided(component.place(), tuple(component.place(key) for key in keys), because)
        elif not persistent.value:
            yield _hit(component, persistent, into)


def _writes(system: System) -> dict[str, list[_Write]]:
    """Return what is put into each store: written, published, or moved there as a dead letter."""
    found: dict[str, list[_Write]] = {}
    for name in sorted(system.components):
        for relation in system.topology.outgoing[name]:
            if relation.verb in {"writes", "publishes"}:
                found.setdefault(relation.target, []).append(_Write(name, relation.place()))
        dead_letter = system.components[name].dead_letter
        if dead_letter is not None:
            found.setdefault(dead_letter, []).append(_Write(name, system.components[name].place("dead_letter")))
    return found


def _hit(component: Component, persistent: Fact, writes: Sequence[_Write]) -> Hit:
    shown = listed(write.writer for write in writes)
    what = "messages" if component.kind == "queue" else "records"
    why = "" if component.persistent is not None else f": `{component.uses}` keeps them in memory"
    message = f"`{component.name}` forgets at a restart the {what} that it accepted from {shown}{why}"
    related = tuple(Related(write.at, "written here") for write in writes[:8])
    at = component.place("persistent" if component.persistent is not None else "uses")
    term = persistent.term("persistent", f"{component.name} persists")
    return Hit(at, message, (term,), related, absent=(component.place("persistent"),), cures=("durable-store",))

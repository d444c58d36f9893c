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
WRITES: Final = frozenset({"writes", "publishes"})


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


class _Write(msgspec.Struct, frozen=True):
    writer: str
    at: Place


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each queue or database that is written to and does not persist, at what says so."""
    moved = _dead_letters(system)
    for component in system.components.values():
        if component.kind not in KINDS:
            continue
        into = [_Write(r.source, r.place()) for r in system.topology.incoming[component.name] if r.verb in WRITES]
        into += moved.get(component.name, ())
        if not into:
            continue
        persistent = system.facts.persistent(component)
        if persistent is None:
            because = "whether what it accepts survives a restart"
            keys = ("persistent",) if component.uses is not None else ("persistent", "uses")
            yield Undecided(component.place(), tuple(component.place(key) for key in keys), because)
        elif not persistent.value:
            yield _hit(component, persistent, sorted(into, key=lambda write: (write.writer, write.at.at)))


def _dead_letters(system: System) -> dict[str, list[_Write]]:
    """Return for each target of dead letters the queues that move theirs there."""
    found: dict[str, list[_Write]] = {}
    for name, component in system.components.items():
        if component.dead_letter is not None:
            found.setdefault(component.dead_letter, []).append(_Write(name, component.place("dead_letter")))
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

"""A queue or database on a write path that loses accepted data when it restarts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from archlint.analysis.facts import Fact
from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.checks._loss import Traffic
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
    """Yield a hit for each queue or database that is written to and is not persistent."""
    moved, traffic = _dead_letters(system), Traffic(system)
    for component in system.components.values():
        if component.kind not in KINDS:
            continue
        into = [_Write(r.source, r.place()) for r in system.topology.incoming[component.name] if r.verb in WRITES]
        into += moved.get(component.name, ())
        if not into:
            continue
        persistent = system.facts.persistent(component)
        if persistent is None:
            because = "whether accepted data survives a restart"
            keys = ("persistent",) if component.uses is not None else ("persistent", "uses")
            yield Undecided(component.place(), tuple(component.place(key) for key in keys), because)
        elif not persistent.value:
            writes = sorted(into, key=lambda write: (write.writer, write.at.at))
            loss = max(traffic.through(name) for name in (component.name, *(write.writer for write in writes)))
            yield _hit(component, persistent, writes, loss)


def _dead_letters(system: System) -> dict[str, list[_Write]]:
    """Return for each dead-letter target the queues that move failed messages there."""
    found: dict[str, list[_Write]] = {}
    for name, component in system.components.items():
        if component.dead_letter is not None:
            found.setdefault(component.dead_letter, []).append(_Write(name, component.place("dead_letter")))
    return found


def _hit(component: Component, persistent: Fact, writes: Sequence[_Write], loss: float) -> Hit:
    shown = listed(write.writer for write in writes)
    what = "messages" if component.kind == "queue" else "records"
    why = "" if component.persistent is not None else f": `{component.uses}` keeps them only in memory"
    message = f"`{component.name}` loses the {what} accepted from {shown} when it restarts{why}"
    related = tuple(Related(write.at, "written here") for write in writes[:8])
    at = component.place("persistent" if component.persistent is not None else "uses")
    term = persistent.term("persistent", f"{component.name} is persistent")
    absent = (component.place("persistent"),)
    return Hit(at, message, (term,), related, absent=absent, cures=("durable-store",), loss=loss)

"""A queue or database on a write path that forgets at a restart what it accepted."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.system import System
from archlint.model.architecture import Component, Relation
from archlint.verdicts import Hit, Related, Undecided, Verdict

KINDS = frozenset({"queue", "database", "feature-store", "object-store", "warehouse"})


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each store that is written to and does not persist, at what says so."""
    for component in system.components.values():
        if component.kind not in KINDS:
            continue
        writes = [r for r in system.topology.incoming[component.name] if r.verb in {"writes", "publishes"}]
        if not writes:
            continue
        persistent = system.facts.persistent(component)
        if persistent is None:
            yield Undecided(component.place(), (component.place("persistent"),), "whether what it accepts survives a restart")
        elif not persistent.value:
            term = persistent.term("persistent", f"{component.name} persists")
            at = component.place("persistent") if component.persistent is not None else component.place("uses")
            yield Hit(at, _message(component, writes), (term,), _related(writes), cures=("durable-store",),
                      cause=f"component {component.name}")  # fmt: skip


def _message(component: Component, writes: list[Relation]) -> str:
    writers = ", ".join(f"`{relation.source}`" for relation in writes[:4])
    what = "messages" if component.kind == "queue" else "records"
    return f"`{component.name}` forgets at a restart the {what} that it accepted from {writers}"


def _related(writes: list[Relation]) -> tuple[Related, ...]:
    return tuple(Related(relation.place(), "written here") for relation in writes[:8])

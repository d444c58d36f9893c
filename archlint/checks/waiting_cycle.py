"""Callers that wait for one another in a circle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from archlint.analysis.system import System
from archlint.model.architecture import Relation
from archlint.topology.cycles import shortest_cycles
from archlint.verdicts import Hit, Origin, Related, Term, Verdict


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield one hit for each knot of components that wait for one another, at the relation that closes it."""
    for knot in shortest_cycles(_waits_for(system)):
        cycle = _from_entrance(system, knot)
        names = [f"`{relation.source}`" for relation in cycle]
        shown = " -> ".join([*names[:6], *(["…"] if len(names) > 6 else []), names[0]])
        message = f"{shown} wait for one another in a circle: under load each holds workers that the next one needs"
        related = tuple(Related(relation.place(), f"waits for `{relation.target}`") for relation in cycle[:-1][:8])
        term = Term(
            "hops",
            "hops of the circle",
            len(cycle),
            "count",
            Origin.DERIVED,
            None,
            "the shortest of its knot",
        )
        yield Hit(cycle[-1].place(), message, (term,), related, cures=("break-the-cycle",))


def _waits_for(system: System) -> dict[str, list[Relation]]:
    """Return what each component waits for, by name: of equal circles the order in the file chooses none."""
    topology = system.topology
    return {
        name: sorted(
            (r for r in topology.outgoing[name] if r.target != name and topology.waits(r)),
            key=lambda relation: (relation.target, relation.verb, relation.index),
        )
        for name in sorted(system.components)
    }


def _from_entrance(system: System, cycle: Sequence[Relation]) -> tuple[Relation, ...]:
    """Turn a circle so that it starts where requests enter it, and its last relation leads back there."""
    members = {relation.source: index for index, relation in enumerate(cycle)}
    for workload in system.workloads.values():
        start = next((members[name] for name in system.flow(workload).waiting if name in members), None)
        if start is not None:
            return (*cycle[start:], *cycle[:start])
    start = members[min(members)]
    return (*cycle[start:], *cycle[:start])

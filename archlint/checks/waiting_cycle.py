"""Components that wait for each other in a cycle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from archlint.analysis.system import System
from archlint.checks._lines import way
from archlint.checks._loss import lost_share
from archlint.model.architecture import Relation
from archlint.topology.cycles import condensed_order, shortest_cycles
from archlint.verdicts import Hit, NoParams, Origin, Related, Term, Verdict


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield one hit for each set of components that wait for each other, at the relation that closes the cycle."""
    knots = _knots(system)
    together = {name: group for group in _groups(knots) for name in group}
    for knot in shortest_cycles(knots):
        if all(r.in_process for name in together[knot[0].source] for r in knots[name]):
            continue  # inside one process nobody holds a worker that another needs
        cycle = _from_entrance(system, knot)
        group = tuple(system.components[name].place() for name in together[knot[0].source])
        names = [f"`{relation.source}`" for relation in cycle]
        shown = " -> ".join([*names[:6], *(["…"] if len(names) > 6 else []), names[0]])
        message = f"{shown} wait for each other: under load they can deadlock, each holding workers that the next needs"
        related = tuple(Related(relation.place(), f"waits for `{relation.target}`") for relation in cycle[:-1][:8])
        term = Term(
            "hops",
            "calls in the cycle",
            len(cycle),
            "count",
            Origin.DERIVED,
            None,
            "the shortest cycle here",
        )
        path = tuple(Related(relation.place(), way(relation)) for relation in cycle)
        yield Hit(
            cycle[-1].place(), message, (term,), related, cures=("break-the-cycle",), path=path, group=group,
            loss=lost_share(system, system.blast_radius(together[knot[0].source])),
        )  # fmt: skip


def _knots(system: System) -> dict[str, list[Relation]]:
    """Return what the components in cycles wait for, by name, so that the order of the file does not matter."""
    topology = system.topology
    if not topology.works_in_circles:
        return {}
    callers = {relation.source for relation in topology.waiting_relations() if relation.target != relation.source}
    waited = {
        name: [r for r in topology.outgoing[name] if r.target in callers and r.target != name and topology.waits(r)]
        for name in callers
    }
    knotted = {name for group in _groups(waited) if len(group) > 1 for name in group}
    return {
        name: sorted((r for r in waited[name] if r.target in knotted), key=lambda r: (r.target, r.verb, r.index))
        for name in sorted(knotted)
    }


def _groups(waited: Mapping[str, Sequence[Relation]]) -> list[list[str]]:
    """Return the components that wait for each other; each of the others is a group by itself."""
    order = condensed_order({name: [r.target for r in relations] for name, relations in waited.items()})
    return [sorted(group) for group in order]


def _from_entrance(system: System, cycle: Sequence[Relation]) -> tuple[Relation, ...]:
    """Turn a cycle so that it starts where requests enter it, and its last relation leads back there."""
    members = {relation.source: index for index, relation in enumerate(cycle)}
    for _, workload in sorted(system.workloads.items()):
        start = next((members[name] for name in system.flow(workload).waiting if name in members), None)
        if start is not None:
            return (*cycle[start:], *cycle[:start])
    start = members[min(members)]
    return (*cycle[start:], *cycle[:start])

"""A component without which a workload is not answered, and which one failure takes away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from archlint.analysis.redundancy import Redundancy, redundancy
from archlint.analysis.system import BlastRadius, Loss, System
from archlint.model.architecture import Component
from archlint.model.quantities import format_share
from archlint.topology import Flow
from archlint.verdicts import Hit, Origin, Related, Term, Undecided, Verdict

NEVER = frozenset({
    "client", "external", "edge-device", "monitoring", "log-store", "model-registry", "scheduler", "batch-job",
})  # fmt: skip


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each needed component, or group of siblings, that is single, at what makes it so."""
    for pool in _needed(system):
        judged = redundancy(system, pool)
        if judged.single:
            yield _hit(system, pool, judged)
        elif judged.unknown:
            yield Undecided(pool[0].place(), judged.unknown, f"whether {_name(pool)} survives the loss of a replica or a zone")


def _needed(system: System) -> Iterator[tuple[Component, ...]]:
    """The components, and the groups of `either` siblings, that some workload cannot do without."""
    pools: dict[tuple[str, ...], None] = {}
    for flow in dict.fromkeys(system.flow(workload) for workload in system.workloads.values()):
        needed = flow.needed()
        pools.update(dict.fromkeys((name,) for name in needed))
        for group in flow.either_groups():
            if _source(flow, group.relations[0].source, group.relations[0].target, needed):
                members = tuple(dict.fromkeys(_member(r.verb, r.source, r.target) for r in group.relations))
                if len(members) > 1:
                    pools[members] = None
    for names in pools:
        pool = tuple(system.components[name] for name in names)
        if all(component.kind not in NEVER for component in pool):
            yield pool


def _member(verb: str, source: str, target: str) -> str:
    """The sibling of a group: the consumer of a queue, else the target."""
    return source if verb == "consumes" else target


def _source(flow: Flow, source: str, target: str, needed: dict[str, None]) -> bool:
    return source in needed or target in needed


def _name(pool: Sequence[Component]) -> str:
    return " with ".join(f"`{component.name}`" for component in pool)


def _hit(system: System, pool: Sequence[Component], judged: Redundancy) -> Hit:
    blast = system.blast_radius([component.name for component in pool])
    message = f"{_name(pool)} {judged.single}: without it, {_lost(blast)}"
    terms = [*judged.terms, *_terms(blast)]
    related = tuple(Related(loss.workload.place(), "is not answered without it") for loss in blast.losses[:8])
    others = tuple(Related(component.place(), "counts with it") for component in pool[1:])
    at = judged.at or pool[0].place()
    return Hit(at, message, tuple(terms), related + others, cures=("replicate",), cause=f"component {pool[0].name}")


def _lost(blast: BlastRadius) -> str:
    names = [f"`{loss.workload.name}`" for loss in blast.losses]
    shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    verb = "is" if len(names) == 1 else "are"
    traffic = f" ({format_share(blast.traffic_share)} of all traffic)" if blast.traffic_share is not None else ""
    return f"{shown} {verb} not answered{traffic}"


def _terms(blast: BlastRadius) -> Iterator[Term]:
    for loss in blast.losses[:8]:
        yield _rate(loss)
    count = len(blast.losses)
    yield Term("workloads_lost", "workloads lost with it", count, "count", Origin.DERIVED, None, "paths that need it")
    if blast.traffic_share is not None:
        note = "rates lost / rates of all workloads"
        yield Term("traffic_lost", "share of all traffic lost", blast.traffic_share, "share", Origin.DERIVED, None, note)


def _rate(loss: Loss) -> Term:
    workload = loss.workload
    if workload.rate_per_s is None:
        return Term("workload", f"workload {workload.name}", "rate unknown", "", Origin.STATED, workload.place())
    return Term("rate", f"rate of {workload.name}", workload.rate_per_s, "/s", Origin.STATED, workload.place("rate"))

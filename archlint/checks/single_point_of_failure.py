"""A component without which a workload is not answered, and which one failure takes away."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Final

import msgspec

from archlint.analysis.doubts import Doubts
from archlint.analysis.redundancy import NO_REPLICA, ONE_HOST, ONE_REPLICA, Redundancy, redundancy
from archlint.analysis.system import BlastRadius, Loss, System
from archlint.analysis.wording import listed
from archlint.model.architecture import Component, Relation
from archlint.model.quantities import format_count, format_share
from archlint.model.words import DURABLE_STORES
from archlint.topology import Flow
from archlint.verdicts import Hit, Origin, Related, Term, Undecided, Verdict

NEVER: Final = frozenset(
    {
        "client",
        "external",
        "edge-device",
        "monitoring",
        "log-store",
        "model-registry",
        "scheduler",
        "batch-job",
    }
)
_MOST_SHOWN: Final = 8


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each needed component, or group of siblings, that is single, at what makes it so."""
    doubts = Doubts(system)
    for pool in _needed(system):
        judged = redundancy(system, pool)
        if judged.weakness:
            yield _hit(system, pool, judged, doubts)
        elif judged.needs:
            yield Undecided(pool[0].place(), judged.needs, f"whether {_names(pool)} can lose a replica or a zone")


def _needed(system: System) -> Iterator[tuple[Component, ...]]:
    """Yield the components, and the groups of `either` siblings, that some workload cannot do without."""
    pools: dict[tuple[str, ...], None] = {}
    alike: set[Hashable] = set()
    for flow in dict.fromkeys(system.flow(workload) for workload in system.workloads.values()):
        if flow.client in flow:
            pools[flow.client,] = None
        if flow.alike not in alike:
            alike.add(flow.alike)
            needed = flow.needed()
            pools.update(dict.fromkeys((name,) for name in needed if name != flow.client))
            pools.update(dict.fromkeys(_siblings(flow, needed)))
    for names in pools:
        pool = tuple(system.components[name] for name in names)
        if all(component.kind not in NEVER for component in pool):
            yield pool


def _siblings(flow: Flow, needed: dict[str, None]) -> Iterator[tuple[str, ...]]:
    """Yield the members of each `either` group of which one has to be left, in the order of their names."""
    for group in flow.either_groups():
        members = tuple(sorted({_member(relation) for relation in group.relations}))
        # A member that is needed for itself is judged alone, and the group stands or falls with it.
        if not any(member in needed for member in members) and flow.is_lost_with(members):
            yield members


def _member(relation: Relation) -> str:
    """Return the sibling of a relation: the consumer of a queue, else the target."""
    return relation.source if relation.verb == "consumes" else relation.target


def _names(pool: Sequence[Component]) -> str:
    return listed(component.name for component in pool)


def _hit(system: System, pool: Sequence[Component], judged: Redundancy, doubts: Doubts) -> Hit:
    blast = _blast_radius(system, pool)
    at = judged.at or pool[0].place()
    losses = [Related(loss.workload.place(), _loss(loss)) for loss in blast.losses[:_MOST_SHOWN]]
    siblings = [Related(c.place(), "stands in for it, and counts with it") for c in pool if c.name != at.names[1]]
    own = (component.place(key) for component in pool for key in ("replicas", "autoscale", "zones", "host"))
    return Hit(
        at,
        f"{_weakness(pool, judged)}, {_consequence(blast)}",
        (*judged.terms, *_terms(system, blast)),
        (*losses, *siblings[:_MOST_SHOWN]),
        absent=(*own, *doubts.of(loss.workload for loss in blast.losses)),
        cures=_cures(system, pool),
        cause=f"{judged.weakness}: {judged.where}" if judged.where else "",
        group=tuple(component.place() for component in pool),
    )


def _blast_radius(system: System, pool: Sequence[Component]) -> BlastRadius:
    """Return what is lost with a pool, the workload that loses most requests first."""
    blast = system.blast_radius([component.name for component in pool])
    return BlastRadius(tuple(sorted(blast.losses, key=_damage)), blast.traffic_share)


def _damage(loss: Loss) -> tuple[float, str]:
    share = 1.0 if loss.share is None else loss.share
    return -share * (loss.workload.rate_per_s or 0.0), loss.workload.name


def _weakness(pool: Sequence[Component], judged: Redundancy) -> str:
    """Say what is single: `` `api` has one replica: if it fails``."""
    one = len(pool) == 1
    stands, has, scales = ("stands", "has", "scales") if one else ("stand together", "have together", "scale together")
    if judged.weakness == NO_REPLICA:
        return f"{_names(pool)} {scales} down to no replica: if the first one that starts fails"
    if judged.weakness == ONE_REPLICA:
        if judged.at is not None and judged.at.last == "min":
            return f"{_names(pool)} {scales} down to one replica: if that one fails"
        return f"{_names(pool)} {has} one replica: if it fails"
    what = "host" if judged.weakness == ONE_HOST else "zone"
    count = f", {format_count(judged.replicas)} replicas" if judged.replicas is not None else ""
    where = f"{'on' if what == 'host' else 'in'} one {what} only (`{judged.where}`{count})"
    return f"{_names(pool)} {stands} {where}: if that {what} fails"


def _consequence(blast: BlastRadius) -> str:
    """Say what is lost: `` `search` and 10 % of `ads` are not answered (40 % of all traffic)``."""
    words = [f"{_part(loss)}`{loss.workload.name}`" for loss in blast.losses]
    if len(words) > 4:
        words = [*words[:3], f"{len(words) - 3} more workloads"]
    what = " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
    traffic = f" ({format_share(blast.traffic_share)} of all traffic)" if blast.traffic_share is not None else ""
    return f"{what} {'is' if len(words) == 1 else 'are'} not answered{traffic}"


def _part(loss: Loss) -> str:
    if loss.share is None:
        return "a part of "
    return f"{format_share(loss.share)} of " if loss.share < 1 else ""


def _loss(loss: Loss) -> str:
    part = _part(loss)
    return f"{part}its requests are not answered without it" if part else "is not answered without it"


def _terms(system: System, blast: BlastRadius) -> Iterator[Term]:
    """Yield the blast radius with its arithmetic: what is lost, over what there is."""
    for loss in blast.losses[:_MOST_SHOWN]:
        workload = loss.workload
        if workload.rate_per_s is not None:
            at = workload.place("rate")
            yield Term("rate", f"rate of {workload.name}", workload.rate_per_s, "/s", Origin.STATED, at)
        if loss.share is not None and loss.share < 1:
            note = "shares of the arms that need it"
            yield Term(
                "share_lost",
                f"share lost of {workload.name}",
                loss.share,
                "share",
                Origin.DERIVED,
                None,
                note,
            )
    count = len(blast.losses)
    yield Term("workloads_lost", "workloads that need it", count, "count", Origin.DERIVED, None, "from their paths")
    if blast.traffic_share is None:
        return
    rates = [workload.rate_per_s for workload in system.workloads.values()]
    if None not in rates:
        total = sum(rate for rate in rates if rate is not None)
        yield Term("rate_of_all", "rate of all workloads", total, "/s", Origin.DERIVED, None, "sum of the rates")
    note = "sum of rate x share lost / rate of all"
    yield Term("traffic_lost", "share of all traffic lost", blast.traffic_share, "share", Origin.DERIVED, None, note)


def _cures(system: System, pool: Sequence[Component]) -> tuple[str, ...]:
    """Return what helps: a fallback does where somebody in front can give it, and no data is kept."""
    incoming = [relation for component in pool for relation in system.topology.incoming[component.name]]
    in_front = any(system.components[r.source].kind not in NEVER and system.topology.waits(r) for r in incoming)
    keeps = any(component.kind in DURABLE_STORES | {"queue"} for component in pool)
    return ("replicate", "prediction-circuit-break") if in_front and not keeps else ("replicate",)

"""A component that a workload needs and that a single failure stops."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Final

from archlint.analysis.blast import BlastRadius
from archlint.analysis.deferred import Deferred
from archlint.analysis.doubts import Doubts
from archlint.analysis.redundancy import NO_REPLICA, ONE_HOST, ONE_REPLICA, Redundancy, redundancy
from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.checks._blast import MOST_SHOWN, blast_terms, by_damage, failing, part_of
from archlint.checks._loss import lost_share
from archlint.model.architecture import Component, Relation, Workload
from archlint.model.places import Place
from archlint.model.quantities import format_count
from archlint.model.words import DURABLE_STORES
from archlint.topology import Flow
from archlint.verdicts import Certainty, Hit, NoParams, Related, Severity, Undecided, Verdict

NEVER: Final = frozenset(
    {
        "client",
        "edge-device",
        "monitoring",
        "log-store",
        "model-registry",
        "scheduler",
        "batch-job",
    }
)


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each needed component, or group of siblings, that a single failure stops."""
    doubts, deferred = Doubts(system), Deferred(system)
    for pool in _needed(system):
        if any(_of_others(component) for component in pool):
            continue
        judged = redundancy(system, pool)
        asked = _may_miss(system, pool) if judged.weakness else ()
        if asked:
            yield Undecided(pool[0].place(), asked, f"whether a miss in {_names(pool)} is answered elsewhere")
        elif judged.weakness:
            yield _verdict(system, pool, judged, doubts, deferred)
        elif judged.needs:
            yield Undecided(pool[0].place(), judged.needs, f"whether {_names(pool)} can lose a replica or a zone")


def _may_miss(system: System, pool: Sequence[Component]) -> tuple[Place, ...]:
    """Return the keys that say whether callers do without a cache, if each of them has something else to ask.

    A cache holds copies. A caller that also reads or calls something else, or runs a model, may only look up there.
    """
    topology = system.topology
    if any(component.kind != "cache" for component in pool):
        return ()
    reads = [r for component in pool for r in topology.incoming[component.name] if topology.waits(r)]
    reads = [r for r in reads if r.verb in {"calls", "reads"} and system.workloads_of.get(r.source)]
    plain = all(r.hit_ratio is None and _asks_elsewhere(system, r) for r in reads)
    return tuple(r.place("hit_ratio") for r in reads) if plain else ()


def _asks_elsewhere(system: System, read: Relation) -> bool:
    others = (r for r in system.topology.outgoing[read.source] if r.verb in {"calls", "reads"})
    return bool(system.components[read.source].serves) or any(r.target != read.target for r in others)


def _of_others(component: Component) -> bool:
    """Return whether others run it, and the file does not state its replicas, zones or host."""
    said = component.least_replicas is not None or component.different_zones is not None or component.host is not None
    return component.kind == "external" and not said


def _needed(system: System) -> Iterator[tuple[Component, ...]]:
    """Yield the components, and the groups of `either` siblings, that some workload cannot do without."""
    pools: dict[tuple[str, ...], None] = {}
    alone: set[str] = set()
    alike: set[Hashable] = set()
    for flow in dict.fromkeys(system.flow(workload) for workload in system.workloads.values()):
        if flow.client in flow:
            pools[flow.client,] = None
        if flow.alike not in alike:
            alike.add(flow.alike)
            needed = flow.needed()
            for name in needed:
                if name not in alone and name != flow.client:
                    alone.add(name)
                    pools[name,] = None
            pools.update(dict.fromkeys(_siblings(flow, needed)))
    for names in pools:
        pool = tuple(system.components[name] for name in names)
        if all(component.kind not in NEVER for component in pool):
            yield pool


def _siblings(flow: Flow, needed: dict[str, None]) -> Iterator[tuple[str, ...]]:
    """Yield the members of each `either` group that a workload needs one of, in the order of their names."""
    groups = [tuple(sorted({_member(relation) for relation in group.relations})) for group in flow.either_groups()]
    # A member that is needed by itself is judged alone, and the group depends on it.
    asked = [members for members in groups if not any(member in needed for member in members)]
    yield from (members for members, lost in zip(asked, flow.are_lost_with(asked), strict=True) if lost)


def _member(relation: Relation) -> str:
    """Return the sibling of a relation: the consumer of a queue, else the target."""
    return relation.source if relation.verb == "consumes" else relation.target


def _names(pool: Sequence[Component]) -> str:
    return listed(component.name for component in pool)


def _verdict(
    system: System, pool: Sequence[Component], judged: Redundancy, doubts: Doubts, deferred: Deferred
) -> Verdict:
    """Say what is lost with a pool; where each workload that uses it is only late, this is info."""
    names = [component.name for component in pool]
    blast = by_damage(system.blast_radius(names))
    replaced = judged.weakness in {NO_REPLICA, ONE_REPLICA} and all(map(_scales_out, pool))
    found = [(loss.workload, deferred.of(loss.workload, names, replaced)) for loss in blast.losses]
    needs = tuple(dict.fromkeys(place for _workload, each in found for place in each.needs))
    if not found or any(not each.late and not each.needs for _workload, each in found):
        return _hit(system, pool, judged, doubts, blast)
    if needs:
        return Undecided(pool[0].place(), needs, f"whether requests are lost or only late while {_names(pool)} is down")
    return _late(pool, judged, [workload for workload, _each in found], found[0][1].queues)


def _scales_out(component: Component) -> bool:
    """Return whether more replicas start as a queue grows, and so in the place of one that fails."""
    ranges = (component.scaling, component.autoscale)
    return any(scaling is not None and (scaling.maximum or 0) > 1 for scaling in ranges)


def _late(pool: Sequence[Component], judged: Redundancy, workloads: Sequence[Workload], queues: Sequence[str]) -> Hit:
    message = (
        f"{_weakness(pool, judged)}, requests of {listed(workload.name for workload in workloads)} wait in "
        f"{listed(queues)} until it is back: they are late, not lost"
    )
    related = tuple(Related(w.place(), "late until it is back") for w in workloads[:MOST_SHOWN])
    return Hit(
        judged.at or pool[0].place(),
        message,
        judged.terms,
        related,
        _certainty(pool, judged),
        cures=("replicate",),
        severity=Severity.INFO,
        group=tuple(component.place() for component in pool),
    )


def _hit(
    system: System, pool: Sequence[Component], judged: Redundancy, doubts: Doubts, blast: BlastRadius
) -> Hit:
    at = judged.at or pool[0].place()
    losses = [Related(loss.workload.place(), _note(part_of(loss))) for loss in blast.losses[:MOST_SHOWN]]
    siblings = [Related(c.place(), "in the same group") for c in pool if c.name != at.names[1]]
    own = (component.place(key) for component in pool for key in ("replicas", "autoscale", "zones", "host"))
    return Hit(
        at,
        f"{_weakness(pool, judged)}, {failing(blast, system.components)}",
        (*judged.terms, *blast_terms(system, blast)),
        (*losses, *siblings[:MOST_SHOWN]),
        _certainty(pool, judged),
        absent=(*own, *doubts.of(loss.workload for loss in blast.losses)),
        cures=_cures(system, pool),
        group=tuple(component.place() for component in pool),
        loss=lost_share(system, blast),
    )


def _certainty(pool: Sequence[Component], judged: Redundancy) -> Certainty:
    """Return a hint where the file does not say what scales a pool: a serverless platform replaces what fails."""
    scales = judged.weakness in {NO_REPLICA, ONE_REPLICA} and judged.at is not None and judged.at.last == "min"
    unsaid = judged.weakness == NO_REPLICA or any(component.uses is None for component in pool)
    return Certainty.HEURISTIC if scales and unsaid else Certainty.PROVEN


def _weakness(pool: Sequence[Component], judged: Redundancy) -> str:
    """Name the single replica: `` `api` has only one replica: if it fails``."""
    one = len(pool) == 1
    together = "" if one else " together"
    if judged.weakness == NO_REPLICA:
        return f"{_names(pool)} {'scales' if one else 'scale'}{together} down to zero: if the first replica fails"
    if judged.weakness == ONE_REPLICA:
        if judged.at is not None and judged.at.last == "min":
            return f"{_names(pool)} {'scales' if one else 'scale'}{together} down to one replica: if it fails"
        return f"{_names(pool)} {'has' if one else 'have'}{together} only one replica: if it fails"
    what = "host" if judged.weakness == ONE_HOST else "zone"
    known = (
        f"`{judged.where}`" if judged.where else "",
        f"{format_count(judged.replicas)} replicas" if judged.replicas is not None else "",
    )
    named = ", ".join(filter(None, known))
    where = f"{'on' if what == 'host' else 'in'} a single {what}" + (f" ({named})" if named else "")
    return f"{_names(pool)} {'runs' if one else 'run'} {where}: if that {what} fails"


def _note(part: str) -> str:
    return f"{part}its requests fail without it" if part else "fails without it"


def _cures(system: System, pool: Sequence[Component]) -> tuple[str, ...]:
    """Return the fixes that apply: a fallback does if a caller can provide it, and no data is kept."""
    incoming = [relation for component in pool for relation in system.topology.incoming[component.name]]
    in_front = any(system.components[r.source].kind not in NEVER and system.topology.waits(r) for r in incoming)
    keeps = any(component.kind in DURABLE_STORES | {"queue"} for component in pool)
    return ("replicate", "prediction-circuit-break") if in_front and not keeps else ("replicate",)

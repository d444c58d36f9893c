"""Data that is older than allowed when it is read: features, indexes and copies that jobs or streams fill."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from functools import cached_property
from typing import Final

import msgspec

from archlint.analysis.modes import BATCH, GIVEN_ON
from archlint.analysis.stores import DataAge, Stores, cached_before
from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.analysis.writers import Writers, Younger
from archlint.checks._ages import Age, Asked, asked_by_relation, enough
from archlint.checks._held_data import Held, WritersOfStore
from archlint.checks._lines import allowed_age, exceeds
from archlint.checks.batch_for_live_need import weaker
from archlint.model.architecture import Relation, Workload
from archlint.model.places import Place, place
from archlint.model.quantities import format_duration
from archlint.model.words import STORES
from archlint.topology import Flow
from archlint.topology.reach import Reach
from archlint.verdicts import Certainty, Origin, Term, Undecided

_NO_DATA = frozenset({"log-store", "model-registry", "config-store"})
"""Kinds of store whose content is no data of an answer, unless a relation asks how old it may be."""
_ROUNDING: Final = 1e-9
Judged = Age | Undecided | None


class Read(msgspec.Struct, frozen=True):
    """That a component reads a store; `at` is the relation, or the key `features` that names the store."""

    source: str
    store: str
    at: Place
    relation: Relation | None = None


class DataReads:
    """The reads of a system, each judged by the ages of what is written to its store."""

    def __init__(self, system: System, writers: Writers) -> None:
        self._system = system
        self._stores = Stores(system, writers)
        self._behind: dict[Reach, list[Read]] = {}

    @cached_property
    def asking(self) -> tuple[Relation, ...]:
        """The relations that require a freshness, in the order of the file."""
        relations = (r for relations in self._system.topology.outgoing.values() for r in relations)
        return tuple(relation for relation in relations if relation.freshness_s is not None)

    def of_relations(self) -> Iterator[Judged]:
        """Judge each read by the freshness of a relation: that of the store, or of the stores behind a service."""
        for relation in self.asking:
            if relation.verb == "consumes":
                continue
            asked, target = asked_by_relation(relation), self._system.components[relation.target]
            if target.kind in STORES:
                yield from self._of_store(relation, asked)
            else:
                for read in self._below(relation.target):
                    yield from self._judged(read, asked, None)

    def _of_store(self, relation: Relation, asked: Asked) -> Iterator[Judged]:
        looked_up = self._system.topology.looks_up(relation)
        read = Read(relation.source, relation.target, relation.place(), relation)
        # What the reader of a cache writes there is what it read after a miss.
        filled = [w for w in self._stores.fillings(relation.target) if not looked_up or w.name != relation.source]
        behind = list(self._filled_behind(relation))
        if looked_up and not filled:
            yield _kept(relation, asked)
        if filled:
            yield from self._judged(read, asked, None)
        for other in behind:
            yield from self._judged(other, asked, None)
        if not (looked_up or filled or behind):
            because = f"how old the data in `{relation.target}` gets: no component has it in its `writes`"
            yield Undecided(relation.place(), (place("components", "*", "writes"),), because)

    def _filled_behind(self, relation: Relation) -> Iterator[Read]:
        """Yield the reads that fill a cache: of the cache itself, and of its reader after a miss."""
        for other in self._system.topology.outgoing[relation.target]:
            yield from self._read(other)
        for other in self._system.topology.outgoing[relation.source]:
            if any(cache.target == relation.target for cache in cached_before(self._system, other)):
                yield from self._read(other)

    def of_workload(self, workload: Workload, asked: Asked) -> Iterator[Judged]:
        """Judge each store that a workload's waiting path reads and that jobs or streams of the file fill."""
        flow = self._system.flow(workload)
        predicted = {
            (serving.producer, serving.store) for serving in self._system.servings(workload) if serving.mode == BATCH
        }
        for read in self._on(flow):
            # A relation that allows an older age is the more specific one, and is judged by itself.
            own_s = None if read.relation is None else read.relation.freshness_s
            if own_s is None or own_s <= asked.freshness_s:
                yield from self._judged(read, asked, workload, predicted)

    def _on(self, flow: Flow) -> Iterator[Read]:
        if not flow.waiting:
            return
        yield from self._of(flow.client, [step.relation for step in flow.steps[flow.client] if step.waits])
        behind = self._behind.get(flow.reach)
        if behind is None:
            behind = self._behind[flow.reach] = [
                read for name in flow.reach.waiting
                for read in self._of(name, [step.relation for step in flow.reach.steps[name] if step.waits])
            ]  # fmt: skip
        yield from behind

    def _below(self, start: str) -> Iterator[Read]:
        """Yield the reads of a component and of all that it waits for."""
        topology = self._system.topology
        seen = {start}
        order = [start]
        for name in order:  # grows during the loop
            relations = [r for r in topology.outgoing[name] if topology.waits(r) and r.verb != "writes"]
            yield from self._of(name, relations)
            order += [r.target for r in relations if r.target not in seen]
            seen.update(r.target for r in relations)

    def _of(self, name: str, relations: list[Relation]) -> Iterator[Read]:
        for relation in relations:
            yield from self._read(relation)
        store = self._system.components[name].features
        known = store is not None and store in self._system.components
        if store is not None and known and self._is_data(store) and all(r.target != store for r in relations):
            yield Read(name, store, self._system.components[name].place("features"))

    def _read(self, relation: Relation) -> Iterator[Read]:
        if relation.verb in {"calls", "reads"} and self._is_data(relation.target):
            yield Read(relation.source, relation.target, relation.place(), relation)

    def _is_data(self, store: str) -> bool:
        kind = self._system.components[store].kind
        return kind in STORES and kind not in _NO_DATA and self._stores.is_filled(store)

    def _judged(
        self, read: Read, asked: Asked, workload: Workload | None, predicted: Set[tuple[str, str]] = frozenset()
    ) -> Iterator[Judged]:
        """Judge what a store holds, and what caches before it keep. What jobs predict for a workload is left out."""
        held = [Held(age, self._expires(read, age)) for age in self._stores.ages_in(read.store)]
        cached = () if read.relation is None else cached_before(self._system, read.relation)
        others = WritersOfStore(self._system, held, asked)
        live = [one for one in held if one.age.live and not one.age.needs]
        fresh = any(not exceeds(one.whole_s, asked.freshness_s) for one in live)
        found = False
        for one in () if fresh else held:
            if (one.name, read.store) not in predicted:
                judged = self._one(read, one, others, asked, workload, cached)
                found = found or judged is not None
                yield judged
        if not found and held:
            yield self._kept_before(read, min(held, key=lambda one: one.whole_s), asked, cached)

    def _expires(self, read: Read, age: DataAge) -> Relation | None:
        """Return the relation that says how long entries of a cache live, if less than the period of its writer."""
        if self._system.components[read.store].kind != "cache":
            return None
        written = [r for r in self._system.topology.outgoing[age.writer.name] if r.target == read.store]
        relations = [*(r for r in written if r.verb in GIVEN_ON), *filter(None, (read.relation,))]
        stated = [(relation.ttl_s, relation) for relation in relations if relation.ttl_s is not None]
        ttl_s, shortest = min(stated, key=lambda pair: pair[0], default=(0.0, None))
        return shortest if shortest is not None and (not age.gap_s or ttl_s < age.gap_s) else None

    def _one(
        self, read: Read, one: Held, others: WritersOfStore, asked: Asked, workload: Workload | None,
        cached: Sequence[Relation],
    ) -> Judged:  # fmt: skip
        old = exceeds(one.whole_s, asked.freshness_s)
        if not old and not one.age.needs:
            return None
        if _is_kept_young(one, others, workload):
            return None
        if not old:
            return Undecided(one.age.writer.place(), one.age.needs, f"how old the data in `{read.store}` gets")
        younger = _younger(one, others, workload)
        if younger.needs:
            because = f"whether a younger writer reaches each item that `{one.name}` writes to `{read.store}`"
            return Undecided(one.age.writer.place(), younger.needs, because)
        # Entries of a cache may expire sooner than the file says.
        expires = one.ttl is None and self._system.components[read.store].kind == "cache"
        doubt = Certainty.ESTIMATED if expires else Certainty.PROVEN
        return _old(read, one, asked, cached, weaker(younger.certainty, doubt))

    def _kept_before(self, read: Read, youngest: Held, asked: Asked, cached: Sequence[Relation]) -> Judged:
        """Judge the caches before a store whose data is young enough by itself: their ttls are added."""
        if not cached or exceeds(youngest.whole_s, asked.freshness_s):
            return None
        ttl_s = sum(relation.ttl_s or 0.0 for relation in cached)
        longest = max(cached, key=lambda relation: relation.ttl_s or 0.0)
        if exceeds(youngest.whole_s + ttl_s, asked.freshness_s):
            return self._kept_too_long(read, youngest, asked, cached, longest)
        unknown = [relation for relation in cached if relation.ttl_s is None]
        if not unknown:
            return None
        because = f"how long `{unknown[0].target}` keeps what it holds"
        return Undecided(unknown[0].place(), tuple(r.place("ttl") for r in unknown), because)

    def _kept_too_long(
        self, read: Read, youngest: Held, asked: Asked, cached: Sequence[Relation], longest: Relation
    ) -> Age:
        ttl_s, left_s = sum(relation.ttl_s or 0.0 for relation in cached), asked.freshness_s - youngest.whole_s
        age_s = youngest.whole_s + ttl_s
        readers = {relation.source for relation in cached} | {relation.target for relation in cached}
        incoming = (r for relation in cached for r in self._system.topology.incoming[relation.target])
        renewing = sorted({r.source for r in incoming if r.verb in GIVEN_ON} - readers)
        others = self._system.topology.outgoing[longest.source]
        alone = sum(r.verb in {"calls", "reads"} and r.hit_ratio is None for r in others) < 2
        unless = f", unless {listed(renewing)} {'renews' if len(renewing) == 1 else 'renew'} it" if renewing else ""
        return Age(
            asked,
            longest.place("ttl"),
            age_s,
            f"`{longest.target}` keeps data of `{read.store}` until it is {format_duration(age_s)} old{unless}, but "
            f"`{asked.name}` allows {allowed_age(age_s, asked.freshness_s)}: set `ttl` to {format_duration(left_s)} "
            "or less",
            (*_own_terms(youngest), *youngest.age.read_terms, *_ttls(cached), _total(age_s, "age in the store + ttl")),
            ("prediction-cache", "streaming"),
            Certainty.HEURISTIC if renewing or not alone else Certainty.ESTIMATED,
        )


def _is_kept_young(one: Held, others: WritersOfStore, workload: Workload | None) -> bool:
    """Whether each item of a writer is surely also written by one that keeps it young enough.

    A job does where it writes at least as many records as the other, or as the workload has distinct inputs. Of several
    writers that are all too old, only the youngest are reported.
    """
    enough = _enough(one, workload)
    return others.is_younger(one) or any(others.reaches(count, one.name) for count in enough)


def _enough(one: Held, workload: Workload | None) -> list[float]:
    distinct = None if workload is None else workload.distinct
    return [count for count in (one.age.writer.records, distinct) if count is not None]


def _younger(one: Held, others: WritersOfStore, workload: Workload | None) -> Younger:
    """Say what leaves open whether each item of a writer is also written by one that keeps it young enough.

    Only fewer records than the workload has distinct inputs prove that it is not.
    """
    needs: list[Place] = []
    together = 0.0
    distinct = None if workload is None else workload.distinct
    enough = _enough(one, workload)
    doubtful = False
    for other in others.fresh:
        if other.name == one.name:
            continue
        writer = other.age.writer
        reaches = writer.records is not None and any(writer.records >= count for count in enough)
        unknown = [writer.place("records")] if writer.records is None else []
        unknown += [workload.place("distinct")] if workload is not None and distinct is None else []
        if reaches or unknown:
            needs += (*other.age.needs, *unknown)
        together += writer.records or 0.0
        doubtful = doubtful or distinct is None or together >= distinct
    jobs = others.scheduled
    if len(jobs) > 1 and one.name in jobs and not others.are_late_together:
        own = jobs[one.name].records
        together += others.written - (own or 0.0)
        unknown_records = others.without_records > (own is None)
        doubtful = doubtful or unknown_records or distinct is None or together >= distinct
    return Younger(False, tuple(dict.fromkeys(needs)), Certainty.HEURISTIC if doubtful else Certainty.PROVEN)


def _old(read: Read, one: Held, asked: Asked, cached: Sequence[Relation], younger: Certainty) -> Age:
    age, freshness_s = one.age, asked.freshness_s
    ttl_s = sum(relation.ttl_s or 0.0 for relation in cached)
    age_s = one.whole_s + ttl_s
    alone = exceeds(one.own_s, freshness_s)
    proven = exceeds(min(age.gap_s, one.own_s), freshness_s * (1 - _ROUNDING)) or (alone and not age.run_s)
    certainty = Certainty.PROVEN if proven else age.certainty if alone else Certainty.ESTIMATED
    if age.backlog is not None and not exceeds(one.own_s - age.backlog.work.value_s, freshness_s):
        certainty = Certainty.ESTIMATED          # the queue need not be full
    worst = age.own if alone or age.oldest is None or age.oldest.value_s <= one.own_s else age.oldest
    return Age(
        asked,
        worst.at,
        age_s,
        f"data that `{one.name}` writes to `{read.store}` is up to {format_duration(age_s)} old when `{read.source}` "
        f"reads it, but `{asked.name}` allows {allowed_age(age_s, freshness_s)}: {_advice(one, freshness_s - ttl_s)}",
        (*_own_terms(one), *age.read_terms, *_ttls(cached), _total(age_s, _sum(one, cached))),
        _cures(one, freshness_s),
        weaker(certainty, younger),
        (age.writer.place("schedule"), age.writer.place("run_time")),
        worst.name,
    )


def _advice(one: Held, freshness_s: float) -> str:
    """Say what would make the data young enough."""
    age = one.age
    if not age.gap_s:
        if age.oldest is not None and age.oldest.value_s > one.own_s:
            return f"`{age.oldest.name}` causes {format_duration(age.oldest.value_s)} of it"
        if age.backlog is not None and age.own.at == age.backlog.queue.place("max_length"):
            length, done = age.backlog.queue.max_length or 0.0, age.backlog.work
            rest_s = one.whole_s - done.value_s
            change = enough(length, done, max(0.0, freshness_s - rest_s))
            return f"when `{age.backlog.queue.name}` is full, messages wait in it; {change}"
        return f"write each change within {format_duration(max(0.0, freshness_s))}"
    left_s = freshness_s - age.run_s - age.read_s
    if left_s >= age.run_s and left_s > 0:
        return f"start runs of `{one.name}` at most {format_duration(left_s)} apart"
    if age.oldest is not None and age.oldest.value_s > one.own_s:
        return f"run `{age.oldest.name}` more often, which causes {format_duration(age.oldest.value_s)} of it"
    return "no schedule can meet that; write each change to the store as it happens"


def _cures(one: Held, freshness_s: float) -> tuple[str, ...]:
    left_s = freshness_s - one.age.run_s - one.age.read_s
    if one.age.gap_s and left_s >= one.age.run_s and left_s > 0:
        return ("shorter-period", "streaming")
    if one.age.gap_s:
        return ("streaming", "asynchronous")
    return ("streaming",) if one.age.backlog is None else ("parallel-jobs", "streaming")


def _sum(one: Held, cached: Sequence[Relation]) -> str:
    age = one.age
    parts = ["lag"] if not age.gap_s else ["ttl" if one.ttl is not None else "longest gap"]
    parts += ["run time"] if age.gap_s and age.run_s else []
    parts += ["age of what it reads"] if age.read_s else []
    parts += ["ttl of the cache"] if cached else []
    unknown = "; the run time is unknown" if age.gap_s and age.needs else ""
    return " + ".join(parts) + unknown


def _own_terms(one: Held) -> Iterator[Term]:
    """Yield the parts of a writer's own age; entries that expire before its next run live for their ttl only."""
    expires = one.ttl is not None and one.own_s < one.age.own.value_s
    if one.ttl is not None and expires:
        yield from _ttls((one.ttl,))
    yield from (term for term in one.age.terms if not expires or term.name != "period")


def _total(age_s: float, note: str) -> Term:
    return Term("age", "maximum age of the data", age_s, "s", Origin.DERIVED, None, note)


def _ttls(cached: Sequence[Relation]) -> Iterator[Term]:
    for relation in cached:
        if relation.ttl_s is not None:
            yield Term("ttl", f"ttl of {relation.target}", relation.ttl_s, "s", Origin.STATED, relation.place("ttl"))


def _kept(relation: Relation, asked: Asked) -> Judged:
    """Judge a cache by itself: its entries may be older than the relation that reads them allows."""
    if relation.ttl_s is None:
        because = f"how long `{relation.target}` keeps what it holds"
        return Undecided(relation.place(), (relation.place("ttl"),), because)
    if not exceeds(relation.ttl_s, asked.freshness_s):
        return None
    return Age(
        asked,
        relation.place("ttl"),
        relation.ttl_s,
        f"`{relation.target}` keeps what it holds for {format_duration(relation.ttl_s)}, but `{asked.name}` allows "
        f"{allowed_age(relation.ttl_s, asked.freshness_s)}: set `ttl` to {format_duration(asked.freshness_s)} or less",
        tuple(_ttls((relation,))),
        ("prediction-cache",),
        Certainty.ESTIMATED,
    )

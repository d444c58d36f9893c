"""Whether what the writers of a store leave in it is too old for its readers, and what would make it young enough."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence, Set
from functools import cached_property
from itertools import islice
from typing import Final

import msgspec

from archlint.analysis.modes import GIVEN_ON
from archlint.analysis.stores import DataAge, Stores, cached_before
from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.analysis.writers import Younger
from archlint.checks._ages import Age, Asked, Judged, enough
from archlint.checks._held_data import Held, WritersOfStore
from archlint.checks._lines import allowed_age, exceeding, exceeds
from archlint.checks._loss import Traffic, beyond
from archlint.checks.batch_for_live_need import weaker
from archlint.model.architecture import Relation, Workload
from archlint.model.places import Place
from archlint.model.quantities import format_duration
from archlint.verdicts import Certainty, Origin, Term, Undecided

_ROUNDING: Final = 1e-9
_MOST_ASKING: Final = 8
"""How many of those who ask for the same a finding names."""
Predicted = Set[tuple[str, str]]
"""Jobs, each with the store of its predictions."""


class Read(msgspec.Struct, frozen=True):
    """That a component reads a store; `at` is the relation, or the key `features` that names the store."""

    source: str
    store: str
    at: Place
    relation: Relation | None = None


class Reader(msgspec.Struct, frozen=True):
    """A read, with who asks how old its data may be; `predicted` are the jobs whose predictions that workload gets."""

    read: Read
    asked: Asked
    workload: Workload | None
    predicted: Predicted


class _Together:
    """Readers that are judged alike, the strictest first, for whom something is `age_s` old."""

    def __init__(self, readers: Sequence[Reader], traffic: Traffic, age_s: float) -> None:
        self._readers, self._traffic, self._age_s = readers, traffic, age_s

    def asking(self, writer: str) -> list[Reader]:
        """Return the first of those for whom a writer leaves data, and the one that loses most."""
        found = list(islice(_of(self._readers, writer), _MOST_ASKING))
        if len(found) < _MOST_ASKING:
            return found
        most = next(_of(self._by_loss, writer))
        return found if most in found else [*found, most]

    @cached_property
    def _by_loss(self) -> list[Reader]:
        return sorted(self._readers, key=lambda reader: -self._lost(reader.asked))

    def _lost(self, asked: Asked) -> float:
        return self._traffic.of(asked.name) * beyond(self._age_s, asked.freshness_s)


def _of(readers: Iterable[Reader], writer: str) -> Iterator[Reader]:
    return (reader for reader in readers if (writer, reader.read.store) not in reader.predicted)


class OldData:
    """Judges the data that readers get, by the ages of what is written to their stores.

    `longest_runs` gives the seconds of runs that another rule reports of readers who allow less.
    """

    def __init__(
        self, system: System, stores: Stores, traffic: Traffic, longest_runs: Callable[[], Iterable[float]]
    ) -> None:
        self._system, self._stores, self._traffic, self._longest_runs = system, stores, traffic, longest_runs

    def judged(self, readers: Iterable[Reader]) -> Iterator[Judged]:
        """Judge what stores hold for their readers, and what caches before them keep.

        Of what `predicted` names, the age is judged as one of predictions, and left out here. Readers for whom the same
        writers of a store are too late are judged together, by the strictest of them.
        """
        groups: dict[Hashable, list[Reader]] = {}
        for reader in readers:
            groups.setdefault(self._meets(reader), []).append(reader)
        for group in groups.values():
            held = self._held(group[0].read)
            bounds = [one.whole_s for one in held]
            if len({reader.asked.freshness_s for reader in group}) > 1:
                bounds += self._longest_runs()
            bounds.sort()
            alike: dict[Hashable, list[Reader]] = {}
            for reader in group:
                key = exceeding(bounds, reader.asked.freshness_s), _inputs(reader.workload)
                alike.setdefault(key, []).append(reader)
            for some in alike.values():
                yield from self._for(sorted(some, key=lambda reader: reader.asked.freshness_s), held)

    def _meets(self, reader: Reader) -> Hashable:
        """Return a key that is the same for readers that are judged together, if the same writers are too late."""
        read = reader.read
        if not self._cached(read):
            return self.met_by(read)
        left_out = frozenset(name for name, store in reader.predicted if store == read.store)
        return self.met_by(read), left_out, reader.asked.freshness_s

    def met_by(self, read: Read) -> Hashable:
        """Return a key that is the same for reads that meet the same ages."""
        apart = self._system.components[read.store].kind == "cache" or self._cached(read)
        return read.at if apart else read.store

    def _held(self, read: Read) -> list[Held]:
        return [Held(age, self._expires(read, age)) for age in self._stores.ages_in(read.store)]

    def _cached(self, read: Read) -> tuple[Relation, ...]:
        return () if read.relation is None else cached_before(self._system, read.relation)

    def _for(self, readers: Sequence[Reader], held: Sequence[Held]) -> Iterator[Judged]:
        """Judge for readers that are alike, the strictest first."""
        read, asked = readers[0].read, readers[0].asked
        cached, others = self._cached(read), WritersOfStore(self._system, held, asked.freshness_s)
        together = _Together(readers, self._traffic, others.youngest_old_s)
        found = False
        for one in () if others.keeps_all_fresh else held:
            asking = together.asking(one.name)
            for judged in self._one(one, others, asking, cached) if asking else ():
                found = True
                yield judged
        if cached and held and not found:
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
        self, one: Held, others: WritersOfStore, asking: Sequence[Reader], cached: Sequence[Relation]
    ) -> Iterator[Age | Undecided]:
        read, asked, workload = asking[0].read, asking[0].asked, asking[0].workload
        old = exceeds(one.whole_s, asked.freshness_s)
        if not old and not one.age.needs:
            return
        if _is_kept_young(one, others, workload):
            return
        if not old:
            yield Undecided(one.age.writer.place(), one.age.needs, f"how old the data in `{read.store}` gets")
            return
        younger = _younger(one, others, workload)
        if younger.needs:
            because = f"whether a younger writer reaches each item that `{one.name}` writes to `{read.store}`"
            for reader in asking:        # each workload may have to say how many distinct inputs it has
                yield Undecided(one.age.writer.place(), _younger(one, others, reader.workload).needs, because)
            return
        # Entries of a cache may expire sooner than the file says.
        expires = one.ttl is None and self._system.components[read.store].kind == "cache"
        doubt = Certainty.ESTIMATED if expires else Certainty.PROVEN
        age = _old(read, one, asked, cached, weaker(younger.certainty, doubt))
        yield msgspec.structs.replace(age, also=tuple(reader.asked for reader in asking[1:]))

    def _kept_before(self, read: Read, youngest: Held, asked: Asked, cached: Sequence[Relation]) -> Judged:
        """Judge the caches before a store whose data is young enough by itself: their ttls are added."""
        if exceeds(youngest.whole_s, asked.freshness_s):
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
            (*_own_terms(youngest), *youngest.age.read_terms, *ttl_terms(cached),
             _total(age_s, "age in the store + ttl")),
            ("prediction-cache", "streaming"),
            Certainty.HEURISTIC if renewing or not alone else Certainty.ESTIMATED,
        )


def _inputs(workload: Workload | None) -> tuple[bool, float | None]:
    """Return how many distinct inputs are asked for, and whether no workload asks."""
    return workload is None, None if workload is None else workload.distinct


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
    distinct = None if workload is None else workload.distinct
    needs = others.missing(min(_enough(one, workload), default=None), workload)
    together = others.written_fresh
    doubtful = bool(others.fresh) and (distinct is None or together >= distinct)
    jobs = others.scheduled
    if len(jobs) > 1 and one.name in jobs and not others.are_late_together:
        own = jobs[one.name].records
        together += others.written - (own or 0.0)
        unknown_records = others.without_records > (own is None)
        doubtful = doubtful or unknown_records or distinct is None or together >= distinct
    return Younger(False, needs, Certainty.HEURISTIC if doubtful else Certainty.PROVEN)


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
        (*_own_terms(one), *age.read_terms, *ttl_terms(cached), _total(age_s, _sum(one, cached))),
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
        yield from ttl_terms((one.ttl,))
    yield from (term for term in one.age.terms if not expires or term.name != "period")


def _total(age_s: float, note: str) -> Term:
    return Term("age", "maximum age of the data", age_s, "s", Origin.DERIVED, None, note)


def ttl_terms(cached: Sequence[Relation]) -> Iterator[Term]:
    """Yield how long caches keep an entry, where the file says so."""
    for relation in cached:
        if relation.ttl_s is not None:
            yield Term("ttl", f"ttl of {relation.target}", relation.ttl_s, "s", Origin.STATED, relation.place("ttl"))

"""How old the data in a store gets: from the jobs and streams that fill it, back to where their data comes from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final, NamedTuple

import msgspec

from archlint.analysis.ages import RunTime, Starts, run_time, starts_of, unknown_starts
from archlint.analysis.modes import GIVEN_ON
from archlint.analysis.service_time import mean
from archlint.analysis.system import System
from archlint.analysis.work import Work, together, work
from archlint.analysis.writers import Writers, is_scheduled
from archlint.model.architecture import Component, Relation
from archlint.model.cron import longest_wait_s
from archlint.model.places import Place
from archlint.topology.cycles import condensed_order
from archlint.verdicts import Certainty, Origin, Term

_MOST: Final = 8
"""Of a long chain of jobs, this many parts are shown."""
_STORE: Final = "\0"
"""Before the name of a store among the names of writers: no component's name starts like that."""


class Leg(msgspec.Struct, frozen=True):
    """What one component adds to the age of data, at the key that changes it."""

    name: str
    value_s: float
    at: Place


class Backlog(msgspec.Struct, frozen=True):
    """A full queue before a stream, and the work until its last message is handled."""

    queue: Component
    work: Work


class DataAge(msgspec.Struct, frozen=True):
    """How old the data gets that a writer leaves in a store, just before it writes the next.

    `own` is its own part: the longest gap of its schedule and a run, or the lag of a stream, with the `backlog` of its
    queue. `read_s` is the age of what it reads, and `oldest` the largest part of that. `needs` are the missing keys,
    without which the age is only a lower bound. `live` is true if it writes each item on its event.
    """

    writer: Component
    own: Leg
    gap_s: float
    run_s: float
    terms: tuple[Term, ...]
    needs: tuple[Place, ...] = ()
    certainty: Certainty = Certainty.PROVEN
    live: bool = False
    read_s: float = 0.0
    oldest: Leg | None = None
    read_terms: tuple[Term, ...] = ()
    backlog: Backlog | None = None

    @property
    def whole_s(self) -> float:
        """Its own part and the age of what it reads."""
        return self.own.value_s + self.read_s


class Stores:
    """The ages of what jobs and streams write, each worked out once."""

    def __init__(self, system: System, writers: Writers) -> None:
        self._system = system
        self._writers = writers
        self._ages: dict[str, DataAge] = {}
        self._starts: dict[str, Starts | None] = {}
        self._fillings: dict[str, dict[str, Component]] = {}
        self._filled: dict[str, bool] = {}
        self._places: dict[str, frozenset[Place]] = {}
        self._youngest: dict[tuple[str, str | None, Place | None], DataAge] = {}

    def fillings(self, store: str) -> Collection[Component]:
        """Return the components that write to a store, in the order of the file."""
        return self._filling(store).values()

    def _filling(self, store: str) -> dict[str, Component]:
        """Return them by name."""
        found = self._fillings.get(store)
        if found is None:
            names = (r.source for r in self._system.topology.incoming[store] if r.verb in GIVEN_ON)
            found = {name: self._system.components[name] for name in names if name != store}
            self._fillings[store] = found
        return found

    def is_filled(self, store: str) -> bool:
        """Return whether a job or a stream fills a store; what a training job writes to a bucket is a model."""
        if store not in self._filled:
            kinds = {writer.kind for writer in self.fillings(store)}
            if self._system.components[store].kind == "object-store":
                kinds.discard("training-job")
            scheduled = any(is_scheduled(writer) for writer in self.fillings(store) if writer.kind in kinds)
            self._filled[store] = scheduled or not kinds.isdisjoint({"stream-processor", "worker", "batch-job"})
        return self._filled[store]

    def ages_in(self, store: str) -> tuple[DataAge, ...]:
        """Return the age of what each writer leaves in a store."""
        return tuple(self.age_of(writer) for writer in self.fillings(store))

    def age_of(self, writer: Component) -> DataAge:
        """Return the age of what a component writes, with the ages of all that it reads.

        What jobs read of each other is followed back to its first source, but not around a circle.
        """
        if writer.name not in self._ages:
            above = {writer.name: self._unknown_upstream(writer.name)}
            order = [writer.name]
            for name in order:  # grows during the loop
                for other in above[name]:
                    if other not in above:
                        above[other] = self._unknown_upstream(other)
                        order.append(other)
            for members in condensed_order(above):
                circle = [name for name in members if not name.startswith(_STORE)]
                found = {name: self._worked_out(self._system.components[name], circle) for name in circle}
                self._ages.update(found)
        return self._ages[writer.name]

    def _unknown_upstream(self, name: str) -> tuple[str, ...]:
        """Return the stores, by a name that no component has, or the components whose data one takes.

        A store has its writers as its upstream. Those whose age is known are left out.
        """
        if name.startswith(_STORE):
            return tuple(other for other in self._filling(name.removeprefix(_STORE)) if other not in self._ages)
        found: dict[str, None] = {}
        for store, writers in self._sources(self._system.components[name]):
            if store:
                found[_STORE + store] = None
            else:
                found.update((other, None) for other in writers if other not in self._ages)
        return tuple(found)

    def _sources(self, writer: Component) -> Iterator[tuple[str, Mapping[str, Component]]]:
        """Yield the writers by name of each store or queue that a component takes its data from, with its name.

        What calls or triggers it has no store.
        """
        scheduled, live = is_scheduled(writer), self._writers.is_live(writer)
        copies = scheduled or self._only_reads(writer)
        for relation in self._system.topology.outgoing[writer.name]:
            consumed = relation.verb == "consumes"
            if consumed or (relation.verb == "reads" and copies):
                writers = self._filling(relation.target)
                # Events that come from their source are new; those of another consumer have waited in its queue.
                late = not (consumed and live) or all(self._consumes(name) for name in writers)
                if late and len(writers) > (writer.name in writers):
                    yield relation.target, writers
        if not scheduled and not live:
            callers = [r.source for r in self._system.topology.incoming[writer.name] if r.verb in {"calls", "triggers"}]
            if callers:
                yield "", {name: self._system.components[name] for name in callers}

    def _consumes(self, name: str) -> bool:
        return any(relation.verb == "consumes" for relation in self._system.topology.outgoing[name])

    def _only_reads(self, writer: Component) -> bool:
        """Return whether a stream takes its data from stores, as change data capture does."""
        return writer.kind in {"stream-processor", "worker"} and not self._writers.feeding(writer.name)

    def _worked_out(self, writer: Component, circle: Sequence[str]) -> DataAge:
        own = self._scheduled(writer) if is_scheduled(writer) else self._lagging(writer)
        oldest: DataAge | None = None
        for store, writers in self._sources(writer):
            youngest = self._youngest_of(store, writers, own, circle)
            if youngest is not None and (oldest is None or self._added(youngest, own) > self._added(oldest, own)):
                oldest = youngest
        return own if oldest is None else self._behind(own, oldest)

    def _youngest_of(
        self, store: str, writers: Mapping[str, Component], reader: DataAge, circle: Sequence[str]
    ) -> DataAge | None:
        """Return the youngest data that a component reads; all that read a store on one schedule read the same."""
        shared = bool(store) and not any(name in writers for name in circle)
        starts = self._starts_of(reader.writer)
        meets = starts.at if starts is not None and shared and starts.at in self._starts_in(store) else None
        key = (store, None if starts is None else starts.schedule.text, meets)
        if shared and key in self._youngest:
            return self._youngest[key]
        ages = (self._ages[name] for name in writers if name not in circle)
        youngest = min(ages, key=lambda age: self._added(age, reader), default=None)
        if shared and youngest is not None:
            self._youngest[key] = youngest
        return youngest

    def _starts_in(self, store: str) -> frozenset[Place]:
        """Return the places of the schedules of all writers of a store."""
        if store not in self._places:
            starts = (self._starts_of(writer) for writer in self.fillings(store))
            self._places[store] = frozenset(each.at for each in starts if each is not None)
        return self._places[store]

    def _added(self, source: DataAge, reader: DataAge) -> tuple[bool, float]:
        return bool(source.needs), self._until_read(source, reader)

    def _until_read(self, source: DataAge, reader: DataAge) -> float:
        """Return how old the data of a writer is when another starts to read it, at most."""
        return source.read_s + self._wait(source, reader)[0]

    def _wait(self, source: DataAge, reader: DataAge) -> tuple[float, str]:
        """Return the part of a writer's own age that its reader meets, with the formula."""
        first, then = self._starts_of(source.writer), self._starts_of(reader.writer)
        if first is None or then is None:
            return source.own.value_s, "longest gap + run time" if first is not None else "its lag"
        if first.at == then.at:
            return source.run_s, "one run, which comes first"
        fixed = longest_wait_s(first.schedule.text, source.run_s, then.schedule.text)
        if fixed is not None:
            return fixed, f"from a start of {source.writer.name} to the next of {reader.writer.name}"
        return source.own.value_s, "longest gap + run time"

    def _behind(self, own: DataAge, source: DataAge) -> DataAge:
        wait_s, note = self._wait(source, own)
        label = f"age of the data that {own.writer.name} reads from {source.writer.name}"
        terms = [Term("source_age", label, wait_s, "s", Origin.DERIVED, None, note)] if wait_s else []
        legs = [Leg(source.writer.name, wait_s, source.own.at), *filter(None, (source.oldest,))]
        return msgspec.structs.replace(
            own,
            needs=(*own.needs, *source.needs)[:_MOST],
            live=own.live and source.live,
            read_s=wait_s + source.read_s,
            oldest=max(legs, key=lambda leg: leg.value_s),
            read_terms=(*terms, *source.read_terms)[:_MOST],
        )

    def _scheduled(self, job: Component) -> DataAge:
        starts, run = self._starts_of(job), self._run(job)
        gap_s = 0.0 if starts is None else starts.schedule.longest_gap_s
        run_s = run.value_s if isinstance(run, RunTime) else 0.0
        needs = (*(unknown_starts(self._system, job) if starts is None else ()), *_unknown(run))
        at = job.place("schedule") if starts is None else starts.at
        return DataAge(
            job, Leg(job.name, gap_s + run_s, at), gap_s, run_s, tuple(_terms(starts, run)), needs,
            run.certainty if isinstance(run, RunTime) else Certainty.PROVEN,
        )  # fmt: skip

    def _starts_of(self, job: Component) -> Starts | None:
        if job.name not in self._starts:
            self._starts[job.name] = starts_of(self._system, job)
        return self._starts[job.name]

    def _run(self, job: Component) -> RunTime | tuple[Place, ...]:
        """Return the time of one run; of the models that a job calls, one is enough for a lower bound."""
        topology = self._system.topology
        models = topology.names_of(topology.models_awaited[job.name])
        return run_time(self._system, job, None if job.serves or not models else models[0])

    def _lagging(self, writer: Component) -> DataAge:
        """Return the lag of a writer on events: the delay until a batch is full, and its own mean time."""
        terms, lag_s, at = [], 0.0, writer.place("service_time")
        if writer.service_time is not None and (own_s := mean(writer.service_time)) is not None:
            terms.append(Term("lag", f"own work of {writer.name}", own_s, "s", Origin.STATED, at))
            lag_s += own_s
        delay_s = writer.batching.max_delay_s if writer.batching is not None else None
        if delay_s is not None:
            if delay_s > lag_s:
                at = writer.place("batching", "max_delay")
            label = f"longest delay of a batch in {writer.name}"
            terms.append(Term("lag", label, delay_s, "s", Origin.STATED, writer.place("batching", "max_delay")))
            lag_s += delay_s
        unsaid = writer.batching is not None and writer.batching.max_size is not None and delay_s is None
        needs: tuple[Place, ...] = (writer.place("batching", "max_delay"),) if unsaid else ()
        live = self._writers.is_live(writer)
        full, asked = self._backlog(writer)
        if full is not None:
            backlog_s, key = full.work.value_s, full.queue.place("max_length")
            at = key if backlog_s > lag_s else at
            terms += _backlog_terms(full)
            lag_s += backlog_s
        leg, needs = Leg(writer.name, lag_s, at), (*needs, *asked)
        return DataAge(writer, leg, 0.0, lag_s, tuple(terms), needs, live=live, backlog=full)

    def _backlog(self, writer: Component) -> tuple[Backlog | None, tuple[Place, ...]]:
        """Return the queue that a writer takes longest to empty, or the missing keys.

        Other components that consume it and write to the same stores help. A file that limits no queue is not asked
        for limits: many logs of events have none.
        """
        worst: Backlog | None = None
        needs: list[Place] = []
        topology = self._system.topology
        for relation in topology.outgoing[writer.name]:
            queue = self._system.components[relation.target]
            if relation.verb != "consumes":
                continue
            if queue.max_length is None:
                needs += [queue.place("max_length")] if self._limits_queues else []
                continue
            done = self._emptying(writer, queue.max_length)
            written = {r.target for r in topology.outgoing[writer.name] if r.verb in GIVEN_ON}
            for other in topology.consumptions(queue.name):
                name = other.source
                if name != writer.name and any(r.target in written for r in topology.outgoing[name]):
                    helped = self._emptying(self._system.components[name], queue.max_length)
                    done = together(done, helped) if isinstance(done, Work) and isinstance(helped, Work) else done
            if not isinstance(done, Work):
                needs += done
            elif done.slots and (worst is None or done.value_s > worst.work.value_s):
                worst = Backlog(queue, done)
        return worst, tuple(dict.fromkeys(needs))

    @cached_property
    def _limits_queues(self) -> bool:
        return any(component.max_length is not None for component in self._system.components.values())

    def _emptying(self, writer: Component, messages: float) -> Work | tuple[Place, ...]:
        """Return the work until a component has handled some messages, or the missing keys."""
        done = work(self._system, messages, writer.serves, writer, widest=True)
        return (writer.place("service_time"),) if isinstance(done, Work) and not done.each_s else done


def _backlog_terms(full: Backlog) -> Iterator[Term]:
    name, at = full.queue.name, full.queue.place("max_length")
    yield Term("max_length", f"maximum length of {name}", full.queue.max_length or 0.0, "count", Origin.STATED, at)
    yield from full.work.terms
    formula = "messages x service time / (replicas x workers)"
    yield Term("lag", f"time to empty a full {name}", full.work.value_s, "s", Origin.DERIVED, None, formula)


def _terms(starts: Starts | None, run: RunTime | tuple[Place, ...]) -> Iterator[Term]:
    if starts is not None:
        yield starts.gap_term
    if isinstance(run, RunTime):
        yield from run.terms


def _unknown(run: RunTime | tuple[Place, ...]) -> tuple[Place, ...]:
    return () if isinstance(run, RunTime) else run


class _LookUps(NamedTuple):
    """The look-ups of a component in caches that keep data, each with its position among its relations."""

    found: list[tuple[int, Relation]]
    positions: dict[tuple[str, int], int]


def _look_ups(system: System) -> dict[str, _LookUps]:
    """Return the look-ups of each component that has any."""
    topology = system.topology
    found: dict[str, _LookUps] = {}
    for name, relations in topology.outgoing.items():
        own = [
            (position, r) for position, r in enumerate(relations)
            if topology.looks_up(r) and r.hit_ratio != 0 and r.caches != "prefix"
        ]  # fmt: skip
        if own:
            found[name] = _LookUps(own, {(r.verb, r.index): position for position, r in enumerate(relations)})
    return found


def cached_before(system: System, read: Relation) -> tuple[Relation, ...]:
    """Return the look-ups in caches that answer instead of a read, until their entries expire.

    They are written before it at the same component, or lead to the cache that reads.
    """
    if system.components[read.source].kind == "cache":
        incoming = system.topology.incoming[read.source]
        return tuple(r for r in incoming if r.verb in {"calls", "reads"} and r.hit_ratio != 0)
    own = system.once(_look_ups).get(read.source)
    if own is None:
        return ()
    before = own.positions[read.verb, read.index]
    return tuple(r for position, r in own.found if position < before and r.target != read.target)


def reads_behind(system: System, source: str) -> dict[str, list[Relation]]:
    """Return the relations of a component that a cache answers until its entries expire, by the cache."""
    found: dict[str, list[Relation]] = {}
    for read in system.topology.outgoing[source]:
        for target in dict.fromkeys(cache.target for cache in cached_before(system, read)):
            found.setdefault(target, []).append(read)
    return found

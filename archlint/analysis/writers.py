"""Who else writes the predictions that a job writes: the youngest writer of an item decides how old it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final

import msgspec

from archlint.analysis.ages import RunTime, run_time, starts_of, unknown_starts
from archlint.analysis.modes import Serving, givers
from archlint.analysis.system import System
from archlint.model.architecture import Component, Workload
from archlint.model.cron import shortest_gap_s
from archlint.model.places import Place
from archlint.verdicts import Certainty

SCHEDULED_KINDS: Final = frozenset({"batch-job", "scheduler", "training-job"})


def is_scheduled(writer: Component) -> bool:
    """Return whether a component works from time to time, not on each event or request."""
    return writer.kind in SCHEDULED_KINDS or writer.schedule is not None


class Younger(msgspec.Struct, frozen=True):
    """Whether a younger writer reaches each item that a job writes; `needs` would say, where it is undecided.

    `certainty` of the answer no: several younger writers may reach each item together, and what another job copies from
    a store with several writers may be something else. No key says either.
    """

    reaches_all: bool
    needs: tuple[Place, ...] = ()
    certainty: Certainty = Certainty.PROVEN


class _Age(msgspec.Struct, frozen=True):
    """How old what a job wrote gets, at least; `needs` are the facts without which it may be older."""

    least_s: float
    needs: tuple[Place, ...]


class _Jobs:
    """The writers of a model's predictions in a store, for those who allow an age; each question is about one."""

    def __init__(self, system: System, ages: Sequence[tuple[Component, _Age]], most_s: float) -> None:
        self._system, self._most_s = system, most_s
        self._fresh = {writer.name: (writer, age) for writer, age in ages if age.least_s <= most_s}
        self._late = {writer.name: writer for writer, age in ages if age.least_s > most_s}
        least = ((writer.name, age.least_s) for writer, age in ages if age.least_s > most_s)
        self._youngest = sorted(least, key=lambda item: item[1])[:2]
        sure = [writer for writer, age in self._fresh.values() if writer.records is not None and not age.needs]
        self._most = sorted(sure, key=lambda writer: -(writer.records or 0.0))[:2]
        self._written_fresh = sum(writer.records or 0.0 for writer, _ in self._fresh.values())
        self._written_late = sum(writer.records or 0.0 for writer in self._late.values())
        self._late_unknown = sum(writer.records is None for writer in self._late.values())
        self._missing: dict[tuple[str, str], tuple[Place, ...]] = {}

    def one_is_younger(self, job: Component, own: _Age) -> bool:
        """Whether another is too old as well, but less so."""
        return any(name != job.name and least_s < own.least_s for name, least_s in self._youngest)

    def one_reaches(self, distinct: float | None, job: Component) -> bool:
        """Whether another one surely writes all inputs of a workload, young enough."""
        if distinct is None:
            return False
        return any(writer.name != job.name and (writer.records or 0.0) >= distinct for writer in self._most)

    def missing(self, workload: Workload, job: Component) -> tuple[Place, ...]:
        """Return what would say whether another one writes all inputs, young enough."""
        key = (workload.name, job.name if job.name in self._fresh else "")
        if key not in self._missing:
            needs: list[Place] = []
            for other, age in self._fresh.values():
                reach = _reach(other, workload)
                if other.name != job.name and (reach.reaches_all or reach.needs):
                    needs += (*age.needs, *reach.needs)
            self._missing[key] = tuple(dict.fromkeys(needs))
        return self._missing[key]

    def written_fresh(self, job: Component) -> float:
        """Return how many records the others write that are young enough."""
        return self._written_fresh - ((job.records or 0.0) if job.name in self._fresh else 0.0)

    def written_late(self, job: Component) -> float:
        """Return how many records the others write that are too old."""
        return self._written_late - ((job.records or 0.0) if job.name in self._late else 0.0)

    def some_late_unknown(self, job: Component) -> bool:
        """Whether the file leaves out how many records another one writes that is too old."""
        return self._late_unknown > (job.name in self._late and job.records is None)

    def may_alternate(self, job: Component) -> bool:
        """Whether the job and those that are too old might start in turn, so that together they are not."""
        if job.name in self._late:
            return len(self._late) > 1 and not self._are_late_together
        return bool(self._late) and not exceeds_together(self._system, [job, *self._late.values()], self._most_s)

    @cached_property
    def _are_late_together(self) -> bool:
        return exceeds_together(self._system, list(self._late.values()), self._most_s)


class Writers:
    """The writers of each store; each question about a store or a job is answered once."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._of: dict[tuple[str, str], tuple[Component, ...]] = {}
        self._giving: dict[str, dict[str, list[str]]] = {}
        self._live: dict[tuple[str, str], tuple[str, ...]] = {}
        self._ages: dict[tuple[str, str], _Age] = {}
        self._jobs: dict[tuple[str, str, float], _Jobs] = {}
        self._lives: dict[str, bool] = {}
        self._behind: dict[str, tuple[str, ...]] = {}
        self._started: set[str] = set()

    def of(self, store: str, model: str) -> tuple[Component, ...]:
        """Return what writes the predictions of a model to a store, directly or over other stores."""
        if (store, model) not in self._of:
            self._of[store, model] = tuple(self._found(store, model))
        return self._of[store, model]

    def _found(self, store: str, model: str) -> Iterator[Component]:
        bit = self._system.topology.bits_of((model,))
        sources = self._system.productions.sources_of(store, bit)
        for name in dict.fromkeys(name for source in sources for name in self._giving_to(source).get(model, ())):
            yield self._system.components[name]

    def _giving_to(self, store: str) -> dict[str, list[str]]:
        """Return what writes to a store or queue itself, for each model that it runs or waits for."""
        if store not in self._giving:
            found = self._giving[store] = {}
            topology = self._system.topology
            for name in givers(topology, store):
                for model in topology.names_of(topology.models_awaited[name]):
                    found.setdefault(model, []).append(name)
        return self._giving[store]

    def are_live(self, store: str, model: str) -> bool:
        """Return whether a writer keeps a store up to date, item by item, as changes arrive."""
        return bool(self._live_of(store, model))

    def only_repairs(self, serving: Serving) -> bool:
        """Return whether others keep the predictions that a job writes up to date, so that it only repairs them.

        Where another job works on what it writes, any live writer of the stores on the way may keep them fresh. The
        age of that data is judged by itself.
        """
        store = serving.store
        if self.are_live(store, serving.model):
            return True
        if self._system.productions.are_passed_on(serving.producer, store):
            return False
        return any(name != serving.producer for name in self._live_behind(store))

    def _live_behind(self, store: str) -> tuple[str, ...]:
        """Return the live writers of a store and of all that is copied to it."""
        if store not in self._behind:
            behind = self._system.productions.behind(store)
            giving = {name: None for each in behind for name in givers(self._system.topology, each)}
            self._behind[store] = tuple(name for name in giving if self.is_live(self._system.components[name]))
        return self._behind[store]

    def _live_of(self, store: str, model: str) -> tuple[str, ...]:
        if (store, model) not in self._live:
            live = (writer.name for writer in self.of(store, model) if self.is_live(writer))
            self._live[store, model] = tuple(live)
        return self._live[store, model]

    def younger(self, workload: Workload, job: Component, store: str, model: str, most_s: float | None) -> Younger:
        """Say whether each item that a job writes is also written by a writer that keeps it young enough.

        A live writer does. Another job does where it writes at least as many records as the workload has distinct
        inputs. Of several jobs that are all too old, only the youngest are reported.
        """
        if any(name != job.name for name in self._live_of(store, model)):
            return Younger(True)
        if most_s is None:
            return Younger(False)
        jobs = self._jobs_of(store, model, most_s)
        distinct = workload.distinct
        if jobs.one_is_younger(job, self._age(job, model)) or jobs.one_reaches(distinct, job):
            return Younger(True)         # among those that are too old, that one is the finding
        alone = self._system.productions.are_passed_on(job.name, store, alone=True)
        together, unknown = jobs.written_fresh(job), False
        if jobs.may_alternate(job):
            together += jobs.written_late(job)
            unknown = distinct is None or jobs.some_late_unknown(job)
        doubtful = not alone or unknown or (distinct is not None and together >= distinct)
        return Younger(False, jobs.missing(workload, job), Certainty.HEURISTIC if doubtful else Certainty.PROVEN)

    def _jobs_of(self, store: str, model: str, most_s: float) -> _Jobs:
        key = (store, model, most_s)
        if key not in self._jobs:
            ages = [(writer, self._age(writer, model)) for writer in self.of(store, model)]
            self._jobs[key] = _Jobs(self._system, ages, most_s)
        return self._jobs[key]

    def is_live(self, writer: Component) -> bool:
        """Return whether a writer works on events or requests, not on what a job hands it, also over others."""
        if writer.name not in self._lives:
            self._lives[writer.name] = self._works_live(writer)
        return self._lives[writer.name]

    def _works_live(self, writer: Component) -> bool:
        """Follow the work back to where it starts: at a schedule, or at an event or request."""
        order, on_schedule = [writer.name], False
        handed: dict[str, str | None] = {writer.name: None}
        for name in order:                   # grows during the loop
            if is_scheduled(self._system.components[name]):
                on_schedule = True
                continue
            feeding = () if name in self._started else self.feeding(name)
            if all(other == name for other in feeding):
                way: str | None = name
                while way is not None:
                    self._started.add(way)
                    way = handed[way]
                return True
            order += [other for other in feeding if other not in handed]
            handed.update({other: name for other in feeding if other not in handed})
        return not on_schedule

    def feeding(self, writer: str) -> tuple[str, ...]:
        """Return the components that hand a writer its work: over its queues, or with a call or trigger."""
        topology = self._system.topology
        queues = [r.target for r in topology.outgoing[writer] if r.verb == "consumes"]
        found = [name for queue in queues for name in givers(topology, queue)]
        found += [r.source for r in topology.incoming[writer] if r.verb in {"calls", "triggers"}]
        return tuple(dict.fromkeys(found))

    def _age(self, job: Component, model: str) -> _Age:
        key = (job.name, model)
        if key not in self._ages:
            self._ages[key] = self._worked_out(job, model)
        return self._ages[key]

    def _worked_out(self, job: Component, model: str) -> _Age:
        if job.kind not in SCHEDULED_KINDS:
            return _Age(0.0, (job.place("schedule"),))
        starts, run = starts_of(self._system, job), run_time(self._system, job, model)
        needs = (*(unknown_starts(self._system, job) if starts is None else ()), *_unknown(run))
        gap_s = 0.0 if starts is None else starts.schedule.longest_gap_s
        return _Age(gap_s + (run.value_s if isinstance(run, RunTime) else 0.0), needs)


def exceeds_together(system: System, jobs: Sequence[Component], most_s: float) -> bool:
    """Return whether what several jobs write gets older than a time, even if their starts were spread evenly.

    Then a start comes each 1 / (1 / gap + 1 / gap ...) on average, with the shortest gap of each schedule.
    """
    rate = 0.0
    for job in jobs:
        starts = starts_of(system, job)
        if starts is None:
            return False
        rate += 1 / shortest_gap_s(starts.schedule.text)
    return 1 / rate > most_s


def _unknown(run: RunTime | tuple[Place, ...]) -> tuple[Place, ...]:
    return () if isinstance(run, RunTime) else run


def _reach(other: Component, workload: Workload) -> Younger:
    """Say whether a job writes every input of a workload."""
    if other.records is None or workload.distinct is None:
        said = ((other.place("records"), other.records), (workload.place("distinct"), workload.distinct))
        return Younger(False, tuple(place for place, value in said if value is None))
    return Younger(other.records >= workload.distinct)

"""Predictions that are older than the product allows, if a shorter period, TTL or queue is enough."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

import msgspec

from archlint.analysis.ages import RunTime, run_time, starts_of, unknown_starts
from archlint.analysis.modes import ASYNCHRONOUS, BATCH, GIVEN_ON, Serving
from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.analysis.writers import Writers
from archlint.checks._ages import (
    Age,
    Judged,
    asked_by_relation,
    asked_by_workload,
    hit_of,
    old_batch,
)
from archlint.checks._data_ages import DataReads
from archlint.checks._full_queues import FullQueues
from archlint.checks._lines import allowed_age, exceeds, without_repeats
from archlint.checks._loss import Traffic
from archlint.checks.batch_for_live_need import (
    Unmet,
    Use,
    asks_for_the_unknown,
    takes_too_long,
    unmet,
    weaker,
    younger_of,
)
from archlint.model.architecture import Relation, Workload
from archlint.model.places import Place
from archlint.model.quantities import format_duration
from archlint.topology import Flow, Step
from archlint.topology.reach import Reach
from archlint.verdicts import Certainty, NoParams, Origin, Term, Undecided, Verdict

_AGEING = frozenset({BATCH, ASYNCHRONOUS})
"""The modes in which a prediction grows old before it is read."""


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each schedule, cache or queue that lets a prediction grow too old, at its key."""
    ages: dict[Place, list[Age]] = {}
    questions: list[Undecided] = []
    writers = Writers(system)
    reported = _Reported(system, writers)
    traffic = Traffic(system)
    data = DataReads(system, writers, traffic, reported.runs_s)
    for judged in _judged(system, writers, data):
        if isinstance(judged, Age):
            if judged.job and reported.covers(judged):
                continue
            ages.setdefault(judged.at, []).append(judged)
        elif judged is not None:
            questions.append(judged)
    for found in ages.values():
        yield hit_of(traffic, found)
    # Whether a cache holds predictions or data makes no difference where both are too old.
    decided = {at.names[:-1] for at in ages if at.names[-1] == "ttl"}
    yield from without_repeats(
        question for question in questions
        if not (question.needs[0].names[-1] == "kind" and question.at.names in decided)
    )  # fmt: skip


class _Reported:
    """The jobs that SRV003 reports, worked out when they are first asked for."""

    def __init__(self, system: System, writers: Writers) -> None:
        self._system, self._writers = system, writers

    @cached_property
    def _jobs(self) -> dict[str, Unmet]:
        return unmet(self._system, self._writers)

    def covers(self, age: Age) -> bool:
        """Return whether the cause of an age is reported: no schedule of its job makes this data young enough."""
        job = self._jobs.get(age.job)
        return job is not None and (job.blind or exceeds(job.run_s, age.asked.freshness_s))

    def runs_s(self) -> Iterator[float]:
        """Yield the seconds of the longest runs of the jobs."""
        return (job.run_s for job in self._jobs.values())


def _judged(system: System, writers: Writers, data: DataReads) -> Iterator[Judged]:
    caches, queues = Caches(system), FullQueues(system)
    yield from data.of_relations()
    for relation in data.asking:
        if relation.verb == "consumes":
            asked = asked_by_relation(relation)
            worker = system.components[relation.source]
            yield queues.judged(asked, system.components[relation.target], worker, worker.serves)
    for workload in system.workloads.values():
        freshness_s = workload.slo.freshness_s
        if freshness_s is not None:
            yield from _of_workload(system, workload, freshness_s, caches, queues, writers)
            data.ask_of_workload(workload, asked_by_workload(workload, freshness_s))
    yield from data.judged()


def _of_workload(
    system: System, workload: Workload, freshness_s: float, caches: Caches, queues: FullQueues, writers: Writers
) -> Iterator[Judged]:
    for relation in caches.of(system.flow(workload)):
        yield _cache(system, workload, relation, freshness_s)
    if system.modes_of(workload).isdisjoint(_AGEING):
        return
    behind: dict[str, list[str]] = {}
    for serving in system.servings(workload):
        if serving.mode == ASYNCHRONOUS:
            behind.setdefault(serving.server, []).append(serving.model)
    judged: set[str] = set()
    for serving in system.servings(workload):
        name = serving.producer or serving.server
        if name in judged:
            continue
        if serving.mode == BATCH:
            judged.add(name)
            yield _job(system, workload, serving, freshness_s, writers)
        elif serving.mode == ASYNCHRONOUS:
            judged.add(name)
            yield _queue(system, workload, serving.server, tuple(behind[serving.server]), freshness_s, queues)


def _job(system: System, workload: Workload, serving: Serving, freshness_s: float, writers: Writers) -> Judged:
    """Judge a job: a prediction read just before the next is written is as old as the longest gap and a run."""
    job, use = system.components[serving.producer], Use(workload, serving)
    if use.freshness_s is None:
        return None  # the relation that reads them allows more, and is judged by itself
    if writers.only_repairs(serving):
        return None  # a live writer keeps each item up to date; this job only repairs
    if asks_for_the_unknown(system, workload) or takes_too_long(system, job, use):
        return None  # no schedule can meet it: SRV003 reports that
    starts, run = starts_of(system, job), run_time(system, job, serving.model)
    unknown = () if isinstance(run, RunTime) else run
    if starts is None or (unknown and starts.schedule.longest_gap_s <= freshness_s):
        needs = (*(unknown_starts(system, job) if starts is None else ()), *unknown)
        return Undecided(job.place(), needs, "how old its predictions get")
    known = run if isinstance(run, RunTime) else RunTime(0.0, ())
    if not exceeds(starts.schedule.longest_gap_s + known.value_s, freshness_s):
        return None
    younger = younger_of(writers, job, use)
    if younger.needs:
        because = f"whether a younger writer reaches each item that `{job.name}` writes"
        return Undecided(job.place(), younger.needs, because)
    if younger.reaches_all:
        return None
    age = old_batch(asked_by_workload(workload, freshness_s), job, starts, known)
    return msgspec.structs.replace(age, certainty=weaker(age.certainty, younger.certainty))


class Caches:
    """The reads of prediction caches on a waiting path; behind the client, workloads that enter alike share them."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._behind: dict[Reach, list[Relation]] = {}

    def of(self, flow: Flow) -> list[Relation]:
        """Return them in the order of the path, each with the ttl of its entries."""
        if not flow.waiting:
            return []
        behind = self._behind.get(flow.reach)
        if behind is None:
            steps = (step for name in flow.reach.waiting for step in flow.reach.steps[name])
            behind = self._behind[flow.reach] = list(self._kept(steps))
        own = list(self._kept(flow.steps[flow.client]))
        return own + behind if own else behind

    def _kept(self, steps: Iterable[Step]) -> Iterator[Relation]:
        for step in steps:
            if _keeps_predictions(self._system, step.relation):
                yield _with_ttl(self._system, step.relation)


def _cache(system: System, workload: Workload, relation: Relation, freshness_s: float) -> Judged:
    """Judge a prediction cache on the waiting path: its entries may outlive the freshness."""
    if relation.ttl_s is None:
        plain = relation.caches is None and relation.hit_ratio is None
        because = f"how long `{relation.target}` keeps a prediction{', if it holds any' if plain else ''}"
        kind = (relation.place("kind"),) if plain else ()
        return Undecided(relation.place(), (relation.place("ttl"), *kind), because)
    if not exceeds(relation.ttl_s, freshness_s):
        return None
    if relation.caches is None and _may_hold_data(system, relation):
        because = f"whether `{relation.target}` holds predictions or data"
        return Undecided(relation.place(), (relation.place("kind"),), because)
    renewing = sorted({r.source for r in system.topology.incoming[relation.target] if r.verb in GIVEN_ON})
    others = [name for name in renewing if name != relation.source]
    return _stale_cache(workload, relation, relation.ttl_s, freshness_s, others)


def _keeps_predictions(system: System, relation: Relation) -> bool:
    """Return whether a relation reads answers of earlier requests: a hit skips the model behind it."""
    if relation.verb not in {"calls", "reads"} or relation.caches not in {None, "prediction"}:
        return False
    if relation.hit_ratio is not None:
        return relation.hit_ratio > 0
    # What a job fills ahead of time is judged by its schedule. Without a model, there is no prediction to keep.
    if relation.target in system.productions or not system.topology.models_awaited[relation.source]:
        return False
    said = relation.caches is not None or relation.ttl_s is not None
    return said or system.components[relation.target].kind == "cache"


def _may_hold_data(system: System, relation: Relation) -> bool:
    """Return whether a cache whose kind is unsaid may hold data: its reader reads other stores as well."""
    return len(system.once(_plain_reads).get(relation.source, {}).keys() - {relation.target}) > 0


def _plain_reads(system: System) -> dict[str, dict[str, None]]:
    """Return the stores that each component reads without a sign of a cache."""
    found: dict[str, dict[str, None]] = {}
    for relation in system.topology.relations_of("reads"):
        if relation.hit_ratio is None and relation.ttl_s is None:
            found.setdefault(relation.source, {})[relation.target] = None
    return found


def _with_ttl(system: System, relation: Relation) -> Relation:
    """Return the relation with the ttl of an entry: the one that reads, else one that writes there."""
    if relation.ttl_s is not None:
        return relation
    return system.once(_writes_with_ttl).get((relation.source, relation.target), relation)


def _writes_with_ttl(system: System) -> dict[tuple[str, str], Relation]:
    """Return the first write with a ttl, by who writes where."""
    found: dict[tuple[str, str], Relation] = {}
    for relation in system.topology.relations_of("writes"):
        if relation.ttl_s is not None:
            found.setdefault((relation.source, relation.target), relation)
    return found


def _stale_cache(
    workload: Workload, relation: Relation, ttl_s: float, freshness_s: float, renewing: Sequence[str]
) -> Age:
    """Return the age of an entry that lives out its ttl; a hint where other components may renew or drop it."""
    at, allowed = relation.place("ttl"), format_duration(freshness_s)
    unless = f", unless {listed(renewing)} {'renews' if len(renewing) == 1 else 'renew'} them" if renewing else ""
    return Age(
        asked_by_workload(workload, freshness_s),
        at,
        ttl_s,
        f"`{relation.target}` keeps predictions for {format_duration(ttl_s)}{unless}, but `{workload.name}` allows "
        f"{allowed_age(ttl_s, freshness_s)}: set `ttl` to {allowed} or less",
        (Term("ttl", f"ttl of {relation.target}", ttl_s, "s", Origin.STATED, at),),
        ("prediction-cache",),
        Certainty.HEURISTIC if renewing else Certainty.PROVEN,
        (relation.place("kind"),),
    )


def _queue(
    system: System, workload: Workload, server: str, models: tuple[str, ...], freshness_s: float, queues: FullQueues
) -> Judged:
    """Judge a queue: the last message of a full one waits until all before it are processed."""
    published = system.flow(workload).published_to(server)
    if published is None:
        return None
    # Of several queues one after another, its own is the last: others empty those before it.
    publish = published[1]
    queue, worker = system.components[publish.target], system.components[server]
    return queues.judged(asked_by_workload(workload, freshness_s), queue, worker, models)

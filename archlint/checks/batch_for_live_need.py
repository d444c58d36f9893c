"""Predictions are made in batches, but the workload needs a live answer: no schedule can meet that."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.ages import RunTime, run_time
from archlint.analysis.modes import ASYNCHRONOUS, BATCH, EDGE, ONLINE, STREAMING, Serving
from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.analysis.writers import Writers, Younger
from archlint.checks._lines import allowed_age, exceeds, freshness_related, freshness_term, without_repeats
from archlint.checks._loss import Traffic, beyond
from archlint.model.architecture import Component, Workload
from archlint.model.quantities import format_duration
from archlint.verdicts import Certainty, Hit, NoParams, Origin, Related, Term, Undecided, Verdict

CERTAINTIES = (Certainty.PROVEN, Certainty.ESTIMATED, Certainty.HEURISTIC)
"""From the strongest to the weakest."""
LIVE = frozenset({ONLINE, ASYNCHRONOUS, STREAMING, EDGE})


class Use(msgspec.Struct, frozen=True):
    """That a workload reads the predictions that a job made ahead of time."""

    workload: Workload
    serving: Serving

    @property
    def freshness_s(self) -> float | None:
        """The objective of the workload; none if the relation that reads them allows more, which SRV008 judges."""
        asked_s, read = self.workload.slo.freshness_s, self.serving.read
        own_s = None if read is None else read.freshness_s
        return None if asked_s is None or (own_s is not None and own_s > asked_s) else asked_s


class Late(msgspec.Struct, frozen=True):
    """A run that alone takes longer than a workload's predictions may be old."""

    use: Use
    run: RunTime
    freshness_s: float
    certainty: Certainty = Certainty.PROVEN


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each job whose predictions cannot be there in time, at the job."""
    questions: list[Undecided] = []
    writers = Writers(system)
    uses = _uses(system, writers)
    traffic = Traffic(system)
    for name, found in uses.items():
        job = system.components[name]
        blind = [use for use in found if asks_for_the_unknown(system, use.workload)]
        late: list[Late] = []
        for use in found:
            one = takes_too_long(system, job, use)
            if one is None:
                continue
            younger = younger_of(writers, job, use)
            if younger.needs:
                because = f"whether a younger writer reaches each item that `{name}` writes"
                questions.append(Undecided(job.place(), younger.needs, because))
            elif not younger.reaches_all:
                late.append(msgspec.structs.replace(one, certainty=weaker(one.run.certainty, younger.certainty)))
        if blind:
            yield _unknown_inputs(job, blind, traffic)
        elif late:
            yield _too_long(system, job, late, traffic)
        judged = {id(use) for use in (*blind, *(use for use in found if takes_too_long(system, job, use)))}
        for use in found:
            if id(use) not in judged:
                questions += _open(system, job, use)
    yield from without_repeats(questions)


def _uses(system: System, writers: Writers) -> dict[str, list[Use]]:
    """Return who reads the predictions of each job; where a live writer keeps them fresh, the job only repairs."""
    uses: dict[str, list[Use]] = {}
    for workload in system.workloads.values():
        for serving in system.servings(workload):
            if serving.mode == BATCH and not writers.only_repairs(serving):
                uses.setdefault(serving.producer, []).append(Use(workload, serving))
    return uses


class Unmet(msgspec.Struct, frozen=True):
    """A job that this rule reports: `blind` if its inputs are unknown in advance, with the time of its longest run."""

    blind: bool
    run_s: float


def unmet(system: System, writers: Writers) -> dict[str, Unmet]:
    """Return the jobs that this rule reports, by name: no schedule helps them."""
    found: dict[str, Unmet] = {}
    for name, uses in _uses(system, writers).items():
        job = system.components[name]
        blind = any(asks_for_the_unknown(system, use.workload) for use in uses)
        late = [(use, takes_too_long(system, job, use)) for use in uses]
        runs = [one.run.value_s for use, one in late if one is not None and _is_youngest(writers, job, use)]
        if blind or runs:
            found[name] = Unmet(blind, max(runs, default=0.0))
    return found


def _is_youngest(writers: Writers, job: Component, use: Use) -> bool:
    younger = younger_of(writers, job, use)
    return not younger.needs and not younger.reaches_all


def asks_for_the_unknown(system: System, workload: Workload) -> bool:
    """Return whether a workload's inputs are known only at request time, and no model answers it live.

    Where another model answers live, the precomputed predictions are among its inputs (candidates, embeddings,
    a first stage): that model handles what is unknown before the request.
    """
    return workload.inputs == "on-request" and not _answered_live(system, workload)


def takes_too_long(system: System, job: Component, use: Use) -> Late | None:
    """Return the run that alone takes longer than the freshness allows, so that no schedule can meet it."""
    freshness_s = use.freshness_s
    if freshness_s is None:
        return None
    run = run_time(system, job, use.serving.model)
    late = isinstance(run, RunTime) and exceeds(run.value_s, freshness_s)
    return Late(use, run, freshness_s) if isinstance(run, RunTime) and late else None


def younger_of(writers: Writers, job: Component, use: Use) -> Younger:
    """Say whether what a job writes too late for a workload is also written by a younger writer."""
    serving, freshness_s = use.serving, use.freshness_s
    return writers.younger(use.workload, job, serving.store, serving.model, freshness_s)


def weaker(one: Certainty, other: Certainty) -> Certainty:
    """Return the weaker of two certainties."""
    return max(one, other, key=CERTAINTIES.index)


def _answered_live(system: System, workload: Workload) -> bool:
    return not LIVE.isdisjoint(system.modes_of(workload))


def _open(system: System, job: Component, use: Use) -> Iterator[Undecided]:
    workload = use.workload
    if use.freshness_s is not None:
        run = run_time(system, job, use.serving.model)
        if not isinstance(run, RunTime):
            because = f"whether one run takes longer than a prediction for `{workload.name}` may be old"
            yield Undecided(job.place(), run, because)
    if workload.inputs is None and not _answered_live(system, workload):
        because = f"whether the inputs of `{workload.name}` are known ahead"
        yield Undecided(job.place(), (workload.place("inputs"),), because)


def _cures(workload: Workload) -> tuple[str, ...]:
    if workload.waits is False:
        return ("asynchronous", "streaming")
    if workload.waits is True:
        return ("synchronous", "web-single")
    return ("synchronous", "web-single", "asynchronous", "streaming")


def _readers(uses: list[Use]) -> Iterator[Related]:
    """Yield each place that reads the predictions, once."""
    places = dict.fromkeys(use.serving.read.place() for use in uses if use.serving.read is not None)
    return (Related(place, "its predictions are read here") for place in places)


def _unknown_inputs(job: Component, uses: list[Use], traffic: Traffic) -> Hit:
    workloads = list({use.workload.name: use.workload for use in uses}.values())
    message = (
        f"`{job.name}` precomputes predictions of {listed(use.serving.model for use in uses)}, but the inputs of "
        f"{listed(workload.name for workload in workloads)} are known only at request time: "
        "no schedule can score them in advance"
    )
    terms = [
        Term("inputs", f"inputs of {w.name}", "on-request", "", Origin.STATED, w.place("inputs")) for w in workloads
    ]
    related = [Related(workload.place("inputs"), "known only at request time") for workload in workloads]
    return Hit(
        job.place(),
        message,
        tuple(terms),
        (*related, *_readers(uses)),
        # It holds only where no other model answers live: a relation that could not be read may lead to one.
        whole_graph=True,
        cures=_cures(workloads[0]),
        loss=traffic.share(workloads),
    )


def _too_long(system: System, job: Component, found: list[Late], traffic: Traffic) -> Hit:
    worst = min(found, key=lambda late: late.freshness_s)
    workload, run = worst.use.workload, worst.run
    about = "" if run.certainty is Certainty.PROVEN else "about "
    message = (
        f"one run of `{job.name}` takes {about}{format_duration(run.value_s)}, but `{workload.name}` allows "
        f"{allowed_age(run.value_s, worst.freshness_s)}: no schedule can meet that"
    )
    # Where the inputs are known, a shorter run is the smaller change; a vendor's batches take what they take.
    vendor = system.components[worst.use.serving.server].kind == "external"
    shorter = () if vendor or run.at_quota else ("parallel-jobs",)
    cures = (*_cures(workload), *shorter)
    if workload.inputs == "known":
        cures = (*shorter, "streaming", *_cures(workload))
    if _answered_live(system, workload):         # its predictions are only inputs: they need not wait for a request
        cures = ("streaming", "asynchronous", *shorter)
    allowed = dict.fromkeys(freshness_related(late.use.workload) for late in found)
    return Hit(
        job.place(),
        message,
        (*run.terms, freshness_term(workload, worst.freshness_s)),
        (*allowed, *_readers([late.use for late in found])),
        min((late.certainty for late in found), key=CERTAINTIES.index),
        cures=tuple(dict.fromkeys(cures)),
        loss=traffic.missed((late.use.workload, beyond(late.run.value_s, late.freshness_s)) for late in found),
    )

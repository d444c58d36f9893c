"""What is too old, and for whom: a workload's objective, or the relation that reads it."""

from __future__ import annotations

from math import ceil, floor

import msgspec

from archlint.analysis.ages import RunTime, Starts
from archlint.analysis.work import Work
from archlint.checks._lines import allowed_age, freshness_related, freshness_term
from archlint.checks._loss import Traffic, beyond
from archlint.model.architecture import Component, Relation, Workload
from archlint.model.places import Place
from archlint.model.quantities import format_count, format_duration
from archlint.verdicts import Certainty, Hit, Origin, Related, Term, Undecided


class Asked(msgspec.Struct, frozen=True):
    """How old something may be, with the name of the part that asks it, the term and the place."""

    name: str
    freshness_s: float
    limit: Term
    related: Related


class Age(msgspec.Struct, frozen=True):
    """The maximum age of a prediction or of data, the age that is allowed, and the key that changes it.

    `also` are others that meet the same age. `job` is the job or stream that makes up most of the age of data;
    predictions have none.
    """

    asked: Asked
    at: Place
    age_s: float
    message: str
    terms: tuple[Term, ...]
    cures: tuple[str, ...]
    certainty: Certainty = Certainty.PROVEN
    absent: tuple[Place, ...] = ()
    job: str = ""
    also: tuple[Asked, ...] = ()

    @property
    def over_s(self) -> float:
        """Return by how much it is too old."""
        return self.age_s - self.asked.freshness_s


Judged = Age | Undecided | None


def asked_by_workload(workload: Workload, freshness_s: float) -> Asked:
    """Return the freshness objective of a workload, for its predictions or their data."""
    return Asked(workload.name, freshness_s, freshness_term(workload, freshness_s), freshness_related(workload))


def asked_by_relation(relation: Relation) -> Asked:
    """Return the freshness that a relation requires of what it reads."""
    freshness_s, at = relation.freshness_s or 0.0, relation.place("freshness")
    label = f"freshness that {relation.source} requires of {relation.target}"
    limit = Term("freshness", label, freshness_s, "s", Origin.STATED, at, limit=True)
    return Asked(relation.source, freshness_s, limit, Related(at, f"freshness that `{relation.source}` requires"))


def hit_of(traffic: Traffic, ages: list[Age]) -> Hit:
    """Return one hit for all ages at a place: the one that is farthest over what is allowed."""
    worst = max(ages, key=lambda age: age.over_s)
    asked = [(age, each) for age in (worst, *ages) for each in (age.asked, *age.also)]
    return Hit(
        worst.at,
        worst.message,
        (*worst.terms, worst.asked.limit),
        tuple(dict.fromkeys(each.related for _, each in asked)),
        worst.certainty,
        absent=worst.absent,
        cures=worst.cures,
        loss=max(traffic.of(each.name) * beyond(age.age_s, each.freshness_s) for age, each in asked),
    )


def old_batch(asked: Asked, job: Component, starts: Starts, run: RunTime) -> Age:
    """Return the age of predictions that a job writes: just before the next, the longest gap and a run."""
    gap_s, freshness_s = starts.schedule.longest_gap_s, asked.freshness_s
    age_s, left_s = gap_s + run.value_s, freshness_s - run.value_s
    note = "longest gap + run time" if run.terms else "longest gap; the run time is unknown"
    terms = (
        starts.gap_term,
        *run.terms,
        Term("age", "maximum age of a prediction", age_s, "s", Origin.DERIVED, None, note),
    )
    overlaps = left_s < run.value_s
    if overlaps:
        advice = f"a run takes {format_duration(run.value_s)} but would have to start every {format_duration(left_s)}"
    else:
        advice = f"start runs at most {format_duration(left_s)} apart"
        advice += "" if run.terms else ", minus the run time"
    return Age(
        asked,
        starts.at,
        age_s,
        f"predictions of `{job.name}` are up to {format_duration(age_s)} old when `{asked.name}` reads them, but "
        f"it allows {allowed_age(age_s, freshness_s)}: {advice}",
        terms,
        (*_sooner(overlaps, run), "streaming", "asynchronous"),
        # A gap as long as the freshness is too long, whatever the run takes.
        Certainty.PROVEN if gap_s >= freshness_s else run.certainty,
        (job.place("schedule"), job.place("run_time")),
    )


def enough(length: float, done: Work, freshness_s: float) -> str:
    """Say with how many workers, or how short a queue, the last message is processed in time."""
    fits = floor(freshness_s * done.slots / done.each_s)
    shorter = f"limit the queue to {format_count(fits)} messages"
    if not freshness_s:
        return shorter
    at_once = format_count(ceil(length * done.each_s / freshness_s))
    return f"handle {at_once} messages in parallel instead of {format_count(done.slots)}, or {shorter}"


def _sooner(overlaps: bool, run: RunTime) -> tuple[str, ...]:
    """Return how runs may end sooner: where they overlap, only shorter ones; more workers do not help at a quota."""
    if not overlaps:
        return ("shorter-period",)
    return () if run.at_quota else ("parallel-jobs",)

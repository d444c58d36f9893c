"""Servers run around the clock for predictions that a scheduled job could precompute."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

import msgspec

from archlint.analysis.modes import ONLINE, Serving
from archlint.analysis.standing import basis, standing
from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.analysis.work import Work, replicas_key, work
from archlint.model.architecture import Component, Workload
from archlint.model.places import Place
from archlint.model.quantities import format_count, format_duration, format_share
from archlint.verdicts import MOST_NEEDS, Certainty, Hit, Origin, Related, Term, Undecided, Verdict

HOUR_S = 3600.0
DAY_S = 86400.0
FEW_ENGINEERS = 3


class Params(msgspec.Struct, frozen=True):
    """When a job is worth it.

    period: how often a job would run where nobody waits and no freshness is required, in seconds.
    shortest_period: a job that has to start more often than this is no better than a server, in seconds.
    least_saving: the least share of the replica-hours that a job has to save.
    """

    period: float = DAY_S
    shortest_period: float = 600.0
    least_saving: float = 0.2


class Use(msgspec.Struct, frozen=True):
    """That a workload gets predictions of some models online, from one server."""

    workload: Workload
    models: tuple[str, ...]


class Users(msgspec.Struct, frozen=True, eq=False):
    """Workloads that use a server, in the order of the file, each with the number of its group (`Online`).

    `live` says that one of them needs the server anyway; `unknown` are the places of what does not say whether it does,
    `unsized` of how many inputs there are.
    """

    workloads: list[tuple[Workload, int]]
    live: bool
    unknown: tuple[Place, ...]
    unsized: tuple[Place, ...]


class Online:
    """Which workloads get predictions of each server online.

    Workloads that are served alike are a group: what a server does is worked out for a group, not for each workload.
    """

    def __init__(self, system: System) -> None:
        self._groups: list[list[tuple[int, Workload]]] = []
        self._users: dict[tuple[int, ...], Users] = {}
        self.models: dict[str, dict[int, tuple[str, ...]]] = {}
        numbers: dict[Hashable, int] = {}
        for position, workload in enumerate(system.workloads.values()):
            key = system.served_alike(workload)
            if key not in numbers:
                numbers[key] = len(numbers)
                self._groups.append([])
                self._add(numbers[key], system.servings(workload))
            self._groups[numbers[key]].append((position, workload))

    def _add(self, number: int, servings: Iterable[Serving]) -> None:
        found: dict[str, list[str]] = {}
        for serving in servings:
            if serving.mode == ONLINE:
                found.setdefault(serving.server, []).append(serving.model)
        for server, models in found.items():
            self.models.setdefault(server, {})[number] = tuple(models)

    def users(self, server: str) -> Users:
        """Return the workloads that use a server; servers of the same groups share them."""
        numbers = tuple(self.models[server])
        if numbers not in self._users:
            found = sorted(
                ((position, number, workload) for number in numbers for position, workload in self._groups[number]),
                key=lambda user: user[0],
            )
            workloads = [(workload, number) for _, number, workload in found]
            self._users[numbers] = Users(
                workloads,
                any(_needs_it_live(workload) for workload, _ in workloads),
                tuple(place for workload, _ in workloads for place in _unknown_of(workload)),
                tuple(workload.place("distinct") for workload, _ in workloads if workload.distinct is None),
            )
        return self._users[numbers]


class Job(msgspec.Struct, frozen=True):
    """The job that could replace a server: how often it runs, and how long a run takes."""

    period_s: float
    run_s: float
    replicas: float
    works: tuple[Work, ...]

    @property
    def is_estimated(self) -> bool:
        """Whether a mean time of a prediction is fitted to percentiles."""
        return any(done.certainty is Certainty.ESTIMATED for done in self.works)

    @property
    def saved_h(self) -> float:
        """Replica-hours that a job saves in one period: the servers run all the time, the job for one run."""
        return self.replicas * (self.period_s - self.run_s) / HOUR_S

    @property
    def saving(self) -> float:
        """The share of the replica-hours that is saved."""
        return 1 - self.run_s / self.period_s if self.period_s > 0 else 0.0


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each online server whose work a job could do in time, at the server."""
    online = Online(system)
    for name, models in online.models.items():
        users = online.users(name)
        if users.live:
            continue  # that workload needs the server anyway
        server = system.components[name]
        job = _job(system, server, users, models, params)
        if isinstance(job, Job) and not _worth_it(job, params):
            continue
        if isinstance(job, Job) and not users.unknown:
            uses = [Use(workload, models[number]) for workload, number in users.workloads]
            yield _hit(system, server, uses, job)
        else:
            yield _undecided(server, (users.unknown, () if isinstance(job, Job) else job))


def _undecided(server: Component, needs: Sequence[tuple[Place, ...]]) -> Undecided:
    """Return the question about a server: of the keys that it needs, the first by name, the others by number."""
    named = tuple(islice(dict.fromkeys(chain.from_iterable(places[:MOST_NEEDS] for places in needs)), MOST_NEEDS))
    more = sum(map(len, needs)) - len(named)
    return Undecided(server.place(), named, "whether a job could precompute the predictions", more)


def _needs_it_live(workload: Workload) -> bool:
    """Return whether no job can serve it: the inputs come with the request, or a caller waits for a current answer."""
    return workload.inputs == "on-request" or (workload.waiting is True and workload.slo.freshness_s is None)


def _unknown_of(workload: Workload) -> Iterator[Place]:
    if workload.inputs is None:
        yield workload.place("inputs")
    if workload.waiting is None and workload.slo.freshness_s is None:
        yield workload.place("waits")


def _job(
    system: System, server: Component, users: Users, models: Mapping[int, tuple[str, ...]], params: Params
) -> Job | tuple[Place, ...]:
    """Return the job on today's replicas, or the places of what is unknown about it.

    Just before the next run ends, a prediction is one period and one run old: the period is the freshness less the run.
    """
    unknown: dict[Place, None] = {}
    for names in dict.fromkeys(models.values()):
        done = work(system, 0.0, names, server)
        if not isinstance(done, Work):
            unknown |= dict.fromkeys(done)
    replicas = system.facts.replicas(server)
    if users.unsized or unknown or replicas is None:
        return (*users.unsized, *unknown) or (replicas_key(server),)
    works: list[Work] = []
    known: dict[tuple[float | None, int], Work | tuple[Place, ...]] = {}
    for workload, number in users.workloads:
        key = (workload.distinct, number)
        if key not in known:
            known[key] = work(system, workload.distinct or 0.0, models[number], server)
        done = known[key]
        if isinstance(done, Work):
            works.append(done)
    run_s = sum(done.value_s for done in works)
    period_s = min(_period_s(workload, run_s, params) for workload, _ in users.workloads)
    return Job(period_s, run_s, float(replicas.value), tuple(works))


def _period_s(workload: Workload, run_s: float, params: Params) -> float:
    freshness_s = workload.slo.freshness_s
    return params.period if freshness_s is None else freshness_s - run_s


def _worth_it(job: Job, params: Params) -> bool:
    return job.period_s >= max(params.shortest_period, job.run_s) and job.saving >= params.least_saving


def _hit(system: System, server: Component, uses: list[Use], job: Job) -> Hit:
    workloads = [use.workload for use in uses]
    return Hit(
        server.place(),
        _message(system, server, workloads, job),
        tuple(_terms(server, uses, job)),
        tuple(Related(workload.place("inputs"), "inputs known in advance") for workload in workloads),
        # The server's own work on one input, if unsaid, makes a run longer.
        Certainty.ESTIMATED if job.is_estimated or server.service_time is None else Certainty.PROVEN,
        cures=_cures(system, job),
        loss=job.saving,
    )


def _message(system: System, server: Component, workloads: list[Workload], job: Job) -> str:
    count = format_count(sum(workload.distinct or 0.0 for workload in workloads))
    asked = [w.slo.freshness_s for w in workloads if w.slo.freshness_s is not None]
    why = f"predictions may be {format_duration(min(asked))} old" if asked else "nobody waits for the answer"
    names = listed(workload.name for workload in workloads)
    saved, about = format_share(round(job.saving, 3)), "about " if job.is_estimated else ""
    return (
        f"`{server.name}` runs 24/7 for {names}, but all {count} inputs are known and {why}: a job could score them "
        f"in {about}{format_duration(job.run_s)} and save {saved} of the replica-hours{_team(system)}"
    )


def _terms(server: Component, uses: list[Use], job: Job) -> Iterator[Term]:
    for use in uses:
        workload, count = use.workload, use.workload.distinct or 0.0
        at = workload.place("distinct")
        yield Term("distinct", f"inputs of {workload.name}", count, "count", Origin.STATED, at)
    yield from dict.fromkeys(term for done in job.works for term in done.terms)
    formula = "inputs x service time / (replicas x workers)" + (", summed" if len(uses) > 1 else "")
    yield Term("run_time", "run time of a job", job.run_s, "s", Origin.DERIVED, None, formula)
    yield from _periods(uses, job)
    formula = "replicas x (period - run time)"
    yield Term("saved", "replica-hours saved per period", job.saved_h, "h", Origin.DERIVED, None, formula)
    yield from _money(server, job.saved_h)


def _periods(uses: list[Use], job: Job) -> Iterator[Term]:
    """Yield the required freshness and the period that it leaves; else the parameter."""
    asked = [use.workload for use in uses if use.workload.slo.freshness_s is not None]
    for workload in asked:
        at, value_s = workload.place("slo", "freshness"), workload.slo.freshness_s or 0.0
        yield Term("freshness", f"freshness SLO of {workload.name}", value_s, "s", Origin.STATED, at)
    label, origin, note = "longest period of a job", Origin.DERIVED, "freshness - run time"
    if not asked:
        label, origin = "period of a job", Origin.ASSUMED
        note = "parameter `period`: nobody waits, no freshness required"
    yield Term("period", label, job.period_s, "s", origin, None, note, limit=True)


def _money(server: Component, saved_h: float) -> Iterator[Term]:
    """Yield the cost of the saved hours, if the file states a replica's price per time."""
    price, saved = server.price, standing(server, 1.0, saved_h * HOUR_S)
    if price is not None and price.amount is not None and saved is not None:
        value, at = f"{saved:,.2f} {price.amount.currency}", server.place("price")
        yield Term("money_saved", "money saved per period", value, "", Origin.DERIVED, at, basis(price))


def _small_team(system: System) -> bool:
    team = system.architecture.team
    if team is None:
        return False
    return team.on_call is False or (team.engineers is not None and team.engineers <= FEW_ENGINEERS)


def _cures(system: System, job: Job) -> tuple[str, ...]:
    """Return a job first; but a cache first if the job would run many times a day, unless the team is small."""
    if job.period_s < HOUR_S and not _small_team(system):
        return ("prediction-cache", "batch")
    return ("batch", "prediction-cache")


def _team(system: System) -> str:
    """Say what it means for a small team; this never changes the verdict."""
    team = system.architecture.team
    if team is None or not _small_team(system):
        return ""
    if team.on_call is False:
        return "; the team has nobody on call, and a failed job can be repeated later"
    engineers = team.engineers or 0.0
    return f"; the team has {format_count(engineers)} engineer{'s' if engineers != 1 else ''} to run a server"

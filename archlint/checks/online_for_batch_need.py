"""Online where a job would do: servers stand for what could be scored ahead of time."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.modes import ONLINE, Serving
from archlint.analysis.service_time import mean
from archlint.analysis.system import System
from archlint.model.architecture import Component, Workload
from archlint.model.places import Place
from archlint.model.quantities import format_count, format_duration
from archlint.verdicts import Hit, Origin, Related, Term, Undecided, Verdict

HOUR_S = 3600.0


class Params(msgspec.Struct, frozen=True):
    """period: how often a job would score all inputs where no freshness is asked, in seconds.

    least_saving: the share of the standing replica-hours that a job has to save.
    """

    period: float = 86400.0
    least_saving: float = 0.0


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each online server whose work a job could do in time, at the server."""
    for workload in system.workloads.values():
        if workload.inputs == "on-request" or not _may_be_old(workload):
            continue
        servings = [serving for serving in system.servings(workload) if serving.mode == ONLINE]
        if not servings:
            continue
        unknown = _unknown_of(workload)
        if unknown:
            yield Undecided(system.components[servings[0].server].place(), unknown, "whether a job could score the inputs ahead")
            continue
        for serving in servings:
            yield from _judge(system, workload, serving, params)


def _may_be_old(workload: Workload) -> bool:
    """Whether a prediction may be older than the request: a freshness is stated, or nobody waits, as far as is known."""
    return workload.slo.freshness_s is not None or workload.waits is not True


def _unknown_of(workload: Workload) -> tuple[Place, ...]:
    unknown = []
    if workload.inputs is None:
        unknown.append(workload.place("inputs"))
    if workload.waits is None and workload.slo.freshness_s is None:
        unknown.append(workload.place("waits"))
    if workload.distinct is None:
        unknown.append(workload.place("distinct"))
    return tuple(unknown)


def _judge(system: System, workload: Workload, serving: Serving, params: Params) -> Iterator[Verdict]:
    server = system.components[serving.server]
    model = system.architecture.models.get(serving.model)
    each_s = mean(model.service_time) if model and model.service_time else None
    replicas = system.facts.replicas(server)
    if model is None:
        return
    unknown = [model.place("service_time")] if each_s is None else []
    if replicas is None:
        unknown.append(server.place("replicas"))
    if unknown or each_s is None or replicas is None or workload.distinct is None:
        yield Undecided(server.place(), tuple(unknown), "how long a job would take")
        return
    workers = system.facts.workers(server)
    period_s = workload.slo.freshness_s if workload.slo.freshness_s is not None else params.period
    standing = float(replicas.value)
    run_s = workload.distinct * each_s / (standing * float(workers.value)) if standing else float("inf")
    standing_h = standing * period_s / HOUR_S
    batch_h = workload.distinct * each_s / float(workers.value) / HOUR_S
    if run_s > period_s or (standing_h - batch_h) <= params.least_saving * standing_h:
        return
    terms = [
        Term("distinct", f"inputs of {workload.name}", workload.distinct, "count", Origin.STATED, workload.place("distinct")),
        Term("service_time", f"model {model.name}, mean", each_s, "s", Origin.STATED, model.place("service_time")),
        replicas.term("replicas", f"replicas of {server.name}", "count"),
        workers.term("workers", "requests at a time", "count"),
        Term("run_time", "scoring all of them", run_s, "s", Origin.DERIVED, None,
             "inputs x service time / (replicas x workers)"),
        _period(workload, period_s),
        Term("standing", "replica-hours standing a period", standing_h, "h", Origin.DERIVED, None, "replicas x period"),
        Term("batch", "replica-hours of a job", batch_h, "h", Origin.DERIVED, None, "inputs x service time / workers"),
        Term("saved", "replica-hours saved a period", standing_h - batch_h, "h", Origin.DERIVED, None, "standing - job"),
        *_money(server, standing_h - batch_h),
    ]  # fmt: skip
    yield _hit(system, workload, server, model.name, tuple(terms), run_s, period_s)


def _period(workload: Workload, period_s: float) -> Term:
    if workload.slo.freshness_s is None:
        note = "parameter `period`: nobody waits and no freshness is asked"
        return Term("period", "period", period_s, "s", Origin.ASSUMED, None, note, limit=True)
    at = workload.place("slo", "freshness")
    return Term("period", f"freshness of {workload.name}", period_s, "s", Origin.STATED, at, limit=True)


def _money(server: Component, saved_h: float) -> Iterator[Term]:
    """What the saved hours cost, where the file states the price of a replica by the hour."""
    price = server.price
    if price is not None and price.amount.per_s is not None:
        value = f"{saved_h * HOUR_S * price.amount.amount / price.amount.per_s:,.2f} {price.amount.currency}"
        basis = ", ".join(part for part in (price.source, price.date) if part) or "the price that the file states"
        yield Term("money_saved", "money saved a period", value, "", Origin.DERIVED, server.place("price"), basis)


def _hit(
    system: System, workload: Workload, server: Component, model: str, terms: tuple[Term, ...], run_s: float, period_s: float
) -> Hit:
    why = "nobody waits for them" if workload.waits is False else f"they may be {format_duration(period_s)} old"
    message = (
        f"`{server.name}` predicts `{model}` online for `{workload.name}`, but the {format_count(workload.distinct or 0)} "
        f"inputs are known and {why}: a job scores all of them in {format_duration(run_s)}{_team(system)}"
    )
    related = (Related(workload.place("inputs"), "known before the request"),)
    return Hit(server.place(), message, terms, related, cures=("batch",), cause=f"component {server.name}")


def _team(system: System) -> str:
    team = system.architecture.team
    if team is None or team.engineers is None or team.engineers > 3:
        return ""
    people = f"{format_count(team.engineers)} engineer{'s' if team.engineers != 1 else ''}"
    return f", and {people} have no server to keep awake for"

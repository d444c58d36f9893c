"""A model too big for the latency that its callers wait for."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.floors import Floor, FloorOf, Part
from archlint.analysis.modes import ONLINE
from archlint.analysis.system import System
from archlint.model.architecture import Workload
from archlint.model.places import Place
from archlint.model.quantities import format_duration, format_percentile
from archlint.verdicts import Hit, Origin, Related, Term, Undecided, Verdict


class Params(msgspec.Struct, frozen=True):
    """margin: the floor may be this many times the objective before it counts, without unit."""

    margin: float = 1.0


class Excess(msgspec.Struct, frozen=True):
    """A floor above an objective."""

    workload: Workload
    fraction: float
    objective_s: float
    floor: Floor

    @property
    def ratio(self) -> float:
        return self.floor.at_s / self.objective_s if self.objective_s else float("inf")


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield one hit for each model that alone or with its path exceeds an objective, at what says its time."""
    by_model: dict[str, list[Excess]] = {}
    for workload in system.workloads.values():
        if not workload.slo.latency:
            continue
        if not any(serving.mode == ONLINE for serving in system.servings(workload)):
            continue
        excess, unknown = _judge(system, workload, params)
        if excess is not None:
            by_model.setdefault(_culprit(excess.floor).model, []).append(excess)
        elif unknown:
            yield Undecided(workload.place("slo", "latency"), unknown, "how long an answer takes at least")
    for model, excesses in by_model.items():
        yield _hit(system, model, excesses)


def _judge(system: System, workload: Workload, params: Params) -> tuple[Excess | None, tuple[Place, ...]]:
    """The worst excess over a workload's objectives, or the places that would decide."""
    unknown: dict[Place, None] = {}
    for estimated in (False, True):
        floors = FloorOf(system, workload, estimated)
        worst: Excess | None = None
        for fraction, objective_s in workload.slo.latency:
            floor = floors.answer(fraction)
            if not estimated:
                unknown.update(dict.fromkeys(floor.unknown))
            excess = Excess(workload, fraction, objective_s, floor)
            beyond = floor.at_s > objective_s * params.margin
            if beyond and _has_model(floor) and (worst is None or excess.ratio > worst.ratio):
                worst = excess
        if worst is not None:
            return worst, ()
    return None, _decisive(unknown)


def _decisive(unknown: dict[Place, None]) -> tuple[Place, ...]:
    """Models first: their times decide the most."""
    return tuple(sorted(unknown, key=lambda place: (place.steps[0] != "models", place.at)))


def _has_model(floor: Floor) -> bool:
    return any(part.model for part in floor.parts)


def _culprit(floor: Floor) -> Part:
    return max((part for part in floor.parts if part.model), key=lambda part: part.value_s)


def _hit(system: System, model: str, excesses: list[Excess]) -> Hit:
    worst = max(excesses, key=lambda excess: excess.ratio)
    workload, floor = worst.workload, worst.floor
    part = _culprit(floor)
    key = "service_time" if system.architecture.models[model].service_time is not None else part.at.last if part.at else ""
    at = system.architecture.models[model].place(*([key] if key else []))
    name = format_percentile(worst.fraction)
    message = (
        f"`{workload.name}` asks for an answer within {format_duration(worst.objective_s)} at {name}, "
        f"but it takes at least {format_duration(floor.at_s)}, of which `{model}` takes "
        f"{format_duration(part.value_s)}: more replicas cannot help"
    )
    objectives = [
        Related(excess.workload.place("slo", "latency"), f"`{excess.workload.name}` waits for it")
        for excess in sorted(excesses, key=lambda excess: -excess.ratio)
    ]
    served = Related(system.components[part.server].place("serves"), f"`{part.server}` serves it to who waits")
    return Hit(
        at, message, _terms(worst), (*objectives, served), floor.certainty,
        cures=_cures(system, worst, part), cause=f"model {model}",
    )  # fmt: skip


def _terms(excess: Excess) -> tuple[Term, ...]:
    workload, floor = excess.workload, excess.floor
    terms = [
        Term("model_time" if part.model else "hop_time", part.label, part.value_s, "s", part.origin, part.at, part.formula)
        for part in floor.parts
    ]
    name = format_percentile(excess.fraction)
    total = Term("floor", f"the answer takes at least, {name}", floor.at_s, "s", Origin.DERIVED, None, "sum")
    said = workload.place("slo", "latency", name)
    limit = Term("objective", f"objective, {name}", excess.objective_s, "s", Origin.STATED, said, limit=True)
    rate = [Term("rate", f"rate of {workload.name}", workload.rate_per_s, "/s", Origin.STATED, workload.place("rate"))]
    return (*terms, total, limit, *(rate if workload.rate_per_s is not None else []))


def _cures(system: System, excess: Excess, part: Part) -> tuple[str, ...]:
    """The cures that help here: a cache only where inputs repeat enough, a job only where inputs are known."""
    workload = excess.workload
    cures = ["smaller-model"]
    repeats = workload.repeats
    if repeats is not None and repeats > excess.fraction:
        cures.append("prediction-cache")
    server = system.components[part.server]
    if server.preprocessing is not None:
        cures.append("prep-pred")
    if workload.inputs == "known":
        cures.append("batch")
    if workload.waits is False:
        cures.append("asynchronous")
    cures.append("multiple-stage")
    if any(relation.verb == "reads" for relation in server.relations):
        cures.append("data-cache")
    if workload.inputs is None:
        cures.append("batch")
    if workload.waits is None:
        cures.append("asynchronous")
    return tuple(cures)



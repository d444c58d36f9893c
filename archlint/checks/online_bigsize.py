"""A model too big for the latency that its callers wait for."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

import msgspec

from archlint.analysis.floors import Floor, FloorOf, Part
from archlint.analysis.generative import first_token_s, generates, streaming_unsaid
from archlint.analysis.modes import ONLINE
from archlint.analysis.service_time import upper_bound
from archlint.analysis.system import System
from archlint.checks._lines import exceeds, floor_terms, path_to, unread_on_the_way
from archlint.checks._loss import beyond
from archlint.checks._spared import Spared, spared_calls
from archlint.model.architecture import Relation, Workload
from archlint.model.places import Place
from archlint.model.quantities import format_duration, format_percentile
from archlint.model.words import STORES
from archlint.verdicts import Certainty, Hit, Related, Undecided, Verdict


class Params(msgspec.Struct, frozen=True):
    """margin: the floor has to exceed the objective by more than this factor, without unit."""

    margin: float = 1.0


class Excess(msgspec.Struct, frozen=True):
    """A floor above an objective: `model` is what a fix changes, `proven_s` what is certain of the floor.

    `spared` is the call that is waited for though the answer could do without it, where the floor is that of one.
    """

    workload: Workload
    fraction: float
    objective_s: float
    floor: Floor
    proven_s: float
    model: str
    spared: Relation | None = None

    @property
    def rank(self) -> tuple[bool, float]:
        """The order in which the worst is chosen: proven before estimated, then by the factor."""
        proven = self.floor.certainty is Certainty.PROVEN
        return proven, self.floor.at_s / self.objective_s if self.objective_s else float("inf")

    @property
    def part(self) -> Part:
        """The addend of the model."""
        return max((p for p in self.floor.parts if p.model == self.model), key=lambda part: part.value_s)

    @property
    def rest_s(self) -> float:
        """What the other hops take without any model."""
        return sum(part.value_s for part in self.floor.parts if not part.model)


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each model that exceeds an objective, alone or with its path."""
    by_model: dict[str, list[Excess]] = {}
    met: dict[Hashable, tuple[Place, ...]] = {}      # of the same objectives on the same way, what is unknown
    for workload in system.workloads.values():
        if not workload.slo.latency:
            continue
        if not any(serving.mode == ONLINE for serving in system.servings(workload)):
            continue
        streaming = streaming_unsaid(workload)
        key = (system.flow(workload), workload.models, workload.repeats, workload.slo.latency, bool(streaming))
        found: list[Excess] = []
        if key in met:
            unknown = met[key]
        else:
            found, unknown = _judge(system, workload, params)
            if not found:
                met[key] = unknown
        certain = [excess for excess in found if not streaming or _whatever_is_meant(system, excess, params)]
        for excess in certain:
            by_model.setdefault(excess.model, []).append(excess)
        at = workload.place("slo", "latency")
        if found and not certain:
            yield Undecided(at, streaming, "whether the objective is for the first token or for the whole answer")
        elif unknown and not found:
            yield Undecided(at, unknown, "how long an answer takes at least")
    for excesses in by_model.values():
        yield _hit(system, excesses)


def _whatever_is_meant(system: System, excess: Excess, params: Params) -> bool:
    """Return whether the objective is exceeded even if it is meant for the first token of a generated answer."""
    total_s = excess.floor.at_s
    for part in excess.floor.parts:
        model = system.architecture.models.get(part.model)
        if model is None or model.service_time is None:
            continue  # the roofline is one pass over the weights, which the first token needs as well
        if generates(system, excess.workload, model, system.components[part.server]):
            total_s -= max(0.0, part.value_s - first_token_s(model, excess.fraction))
    return exceeds(total_s, excess.objective_s * params.margin)


def _judge(system: System, workload: Workload, params: Params) -> tuple[list[Excess], tuple[Place, ...]]:
    """Return what exceeds the objectives of a workload, and the places of what is unknown, models first.

    Floors are judged one by one, and each names its largest model whatever the objective: so a looser objective
    can only take findings away. Of each kind the fitted floor is the highest; below it no other is asked.
    """
    fitted = FloorOf(system, workload, estimated=True)
    found: list[Excess] = []
    unknown: dict[Place, None] = {}
    for fraction, objective_s in workload.slo.latency:
        limit_s = objective_s * params.margin
        highest = [Spared(None, fitted.answer(fraction)), *spared_calls(system, workload, fraction, fitted)]
        unknown.update(dict.fromkeys(place for each in highest for place in each.floor.unknown))
        if not any(exceeds(each.floor.at_s, limit_s) for each in highest):
            continue
        proven_s = FloorOf(system, workload).answer(fraction).at_s
        for floor, call in _floors(system, workload, fraction):
            model = _largest(floor)
            if model and exceeds(floor.at_s, limit_s):
                found.append(Excess(workload, fraction, objective_s, floor, proven_s, model, call))
    return found, tuple(sorted(unknown, key=lambda place: place.steps[0] != "models"))


def _floors(system: System, workload: Workload, fraction: float) -> Iterator[tuple[Floor, Relation | None]]:
    """Yield the floors of an answer, proven and fitted, with a prediction at the percentile or another hop.

    And those of the calls that are waited for though the answer could do without them.
    """
    for estimated in (False, True):
        for models_first in (False, True):
            yield FloorOf(system, workload, estimated, models_first).answer(fraction), None
        floors = FloorOf(system, workload, estimated, models_first=True)
        for spared in spared_calls(system, workload, fraction, floors):
            yield spared.floor, spared.call


def _largest(floor: Floor) -> str:
    """Return the model that takes the largest part of a floor; of equal ones, the first by name; or nothing."""
    timed = [part for part in floor.parts if part.model and part.value_s > 0]
    return min(timed, key=lambda part: (-part.value_s, part.model)).model if timed else ""


def _hit(system: System, excesses: list[Excess]) -> Hit:
    worst = max(excesses, key=lambda excess: excess.rank)
    model, part = system.architecture.models[worst.model], worst.part
    objectives = dict.fromkeys(
        Related(excess.workload.place("slo", "latency"), f"SLO of `{excess.workload.name}`")
        for excess in sorted(excesses, key=lambda excess: excess.rank, reverse=True)
    )
    served = [Related(system.components[part.server].place("serves"), f"`{part.server}` serves it")]
    if worst.spared is not None:
        served.append(Related(worst.spared.place(), "the fallback starts only after a failure or the timeout"))
    return Hit(
        model.place("service_time") if model.service_time is not None else part.at or model.place(),
        _message(worst),
        tuple(floor_terms(worst.floor, worst.workload, worst.fraction, worst.objective_s)),
        (*objectives, *served),
        worst.floor.certainty,
        absent=unread_on_the_way(system, worst.workload),
        cures=_cures(system, worst),
        cause=f"model {worst.model}",
        band=_band(system, worst),
        path=path_to(system, worst.workload, part.server),
        loss=max(beyond(excess.floor.at_s, excess.objective_s) for excess in excesses),
    )


def _message(worst: Excess) -> str:
    """Say by how much the model, its path, or both are over the objective, and that replicas do not shorten it."""
    part, floor, percentile = worst.part, worst.floor, format_percentile(worst.fraction)
    least = "at least" if floor.certainty is Certainty.PROVEN else "about"
    total, over = format_duration(floor.at_s), format_duration(floor.at_s - worst.objective_s)
    needs = f"`{worst.workload.name}` needs {percentile} <= {format_duration(worst.objective_s)}, but"
    alone = f"{needs} `{worst.model}` alone takes"
    if part.value_s >= floor.at_s:
        takes = f"{alone} {least} {total} on idle servers ({over} over)"
    elif exceeds(part.value_s, worst.objective_s):
        takes = f"{alone} {format_duration(part.value_s)} (path {percentile} is {least} {total}: {over} over)"
    else:
        takes = f"{needs} its path takes {least} {total} on idle servers ({over} over), {_shares(worst)}"
    return f"{takes}; more replicas won't help"


def _shares(worst: Excess) -> str:
    """Say where the time goes: in the model and, if that alone is too much, outside all models."""
    share = f"{format_duration(worst.part.value_s)} of it in `{worst.model}`"
    if worst.rest_s > worst.objective_s:
        share += f" and {format_duration(worst.rest_s)} outside all models"
    return share


def _band(system: System, worst: Excess) -> tuple[float, float] | None:
    """Return the band of an estimated floor: from the proven value to what the next higher percentiles allow."""
    if worst.floor.certainty is not Certainty.ESTIMATED:
        return None
    high_s = worst.floor.at_s
    for part in worst.floor.parts:
        if part.certainty is Certainty.ESTIMATED:
            time = system.architecture.models[part.model].service_time if part.model else None
            most_s = upper_bound(time, worst.fraction) if time is not None else None
            if most_s is None:
                return None
            high_s += max(0.0, most_s - part.value_s)
    return worst.proven_s, high_s


def _cures(system: System, worst: Excess) -> tuple[str, ...]:
    """Return the fixes that help here, best first; those whose condition the file does not state come last."""
    workload, server = worst.workload, system.components[worst.part.server]
    shorter_helps = worst.rest_s <= worst.objective_s
    said: list[tuple[str, bool | None]] = [
        ("smaller-model", shorter_helps),
        ("prediction-cache", None if workload.repeats is None else workload.repeats >= worst.fraction),
        ("data-cache", _stores_take_time(system, worst)),
        ("prep-pred", server.preprocessing is not None),
        ("batch", None if workload.inputs is None else workload.inputs == "known"),
        ("asynchronous", None if workload.waits is None else not workload.waits),
        ("multiple-stage", None if shorter_helps else False),
    ]
    sure = [cure for cure, helps in said if helps]
    return (*sure, *(cure for cure, helps in said if helps is None)) or ("data-cache",)


def _stores_take_time(system: System, worst: Excess) -> bool:
    """Return whether the own work of stores, stated at `components.X.service_time`, is a part of the floor."""
    said = [p.at.names for p in worst.floor.parts if p.at is not None and not p.model and p.value_s > 0]
    return any(names[0] == "components" and system.components[names[1]].kind in STORES for names in said)

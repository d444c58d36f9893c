"""A model too big for the latency that its callers wait for."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Final

import msgspec

from archlint.analysis.floor_parts import NOTHING, one_of
from archlint.analysis.floors import Floor, FloorOf, Part
from archlint.analysis.generation import (
    ANSWER,
    EACH,
    FIRST,
    Generation,
    after_the_first,
    generating,
    generating_until,
    may_generate,
)  # fmt: skip
from archlint.analysis.generative import generates, streaming_unsaid
from archlint.analysis.mean_floors import MeanFloorOf
from archlint.analysis.modes import EDGE as EDGE_MODE
from archlint.analysis.modes import ONLINE
from archlint.analysis.service_time import upper_bound
from archlint.analysis.system import System
from archlint.analysis.tails import longest_s
from archlint.checks._lines import exceeds, floor_terms, objective_name, path_to, unread_on_the_way
from archlint.checks._loss import Traffic, beyond
from archlint.checks._spared import spared_calls
from archlint.checks._unmeasured import unmeasured
from archlint.model.architecture import Model, Relation, Workload
from archlint.model.places import Place
from archlint.model.quantities import format_duration
from archlint.model.words import STORES
from archlint.verdicts import Certainty, Hit, Related, Undecided, Verdict

_LIVE: Final = frozenset({ONLINE, EDGE_MODE})
_BECAUSE: Final = {
    ANSWER: "how long an answer takes at least", FIRST: "how long the first token takes at least",
    EACH: "how long a token takes at least",
}  # fmt: skip
_UNTIL: Final = {ANSWER: "", FIRST: " to the first token", EACH: " per token"}


class Params(msgspec.Struct, frozen=True):
    """margin: the floor has to exceed the objective by more than this factor, without unit."""

    margin: float = 1.0


class Asked(msgspec.Struct, frozen=True):
    """One objective: for the answer (`latency`), its first token (`ttft`) or each further one (`tpot`).

    `fraction` is its percentile; None stands for the mean.
    """

    key: str
    fraction: float | None
    objective_s: float

    @property
    def name(self) -> str:
        """The percentile, or `mean`."""
        return objective_name(self.fraction)


class Excess(msgspec.Struct, frozen=True):
    """A floor above an objective: `model` is what a fix changes, `proven_s` is the proven part of the floor.

    `spared` is the waiting call that the answer does not need, if the floor belongs to such a call. With `is_hint`, the
    floor is a bound of the whole answer, but the workload does not say whether the objective is for that.
    """

    workload: Workload
    asked: Asked
    floor: Floor
    proven_s: float
    model: str
    spared: Relation | None = None
    is_hint: bool = False

    @property
    def certainty(self) -> Certainty:
        """How certain it is that the objective is missed."""
        return Certainty.HEURISTIC if self.is_hint else self.floor.certainty

    @property
    def objective_s(self) -> float:
        """The objective in seconds."""
        return self.asked.objective_s

    @property
    def rank(self) -> tuple[bool, float]:
        """The order in which the worst is chosen: proven before estimated, then by the factor."""
        proven = self.certainty is Certainty.PROVEN
        return proven, self.floor.at_s / self.objective_s if self.objective_s else float("inf")

    @property
    def part(self) -> Part:
        """The addend of the model."""
        return max((p for p in self.floor.parts if p.model == self.model), key=lambda part: part.value_s)

    @property
    def rest_s(self) -> float:
        """The time of the other hops, without any model."""
        return sum(part.value_s for part in self.floor.parts if not part.model)


class Judged(msgspec.Struct, frozen=True):
    """The objectives of a workload that are exceeded, and the questions about the others, each with its key."""

    excesses: tuple[Excess, ...] = ()
    questions: tuple[tuple[str, tuple[Place, ...], str], ...] = ()


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each model that exceeds an objective, alone or with its path."""
    by_model: dict[str, list[Excess]] = {}
    met: dict[Hashable, Judged] = {}                 # of the same objectives on the same path
    for workload in system.workloads.values():
        asked = _asked(workload)
        if not asked or not any(serving.mode in _LIVE for serving in system.servings(workload)):
            continue
        key = (system.flow(workload), workload.models, workload.repeats, asked, workload.tokens, workload.stream)
        judged = met.get(key) or _judge(system, workload, asked, params)
        if not judged.excesses:
            met[key] = judged
        for excess in judged.excesses:
            by_model.setdefault(excess.model, []).append(excess)
        for about, needs, because in judged.questions:
            yield Undecided(workload.place("slo", about), _own(needs, workload), because)
    traffic = Traffic(system)
    for excesses in by_model.values():
        yield _hit(system, traffic, excesses)


def _own(places: tuple[Place, ...], workload: Workload) -> tuple[Place, ...]:
    """Return places of another workload with the same path as those of this one."""
    return tuple(
        workload.place(*place.names[2:]) if place.names[0] == "workloads" else place for place in places
    )  # fmt: skip


def _asked(workload: Workload) -> tuple[Asked, ...]:
    """Return the objectives of a workload for times."""
    slo = workload.slo
    found = []
    for key, points, mean_s in (
        (ANSWER, slo.latency, slo.latency_mean_s),
        (FIRST, slo.ttft, slo.ttft_mean_s),
        (EACH, slo.tpot, slo.tpot_mean_s),
    ):
        found += [Asked(key, fraction, objective_s) for fraction, objective_s in points]
        if mean_s is not None:
            found.append(Asked(key, None, mean_s))
    return tuple(found)


def _judge(system: System, workload: Workload, asked: tuple[Asked, ...], params: Params) -> Judged:
    """Return the excesses of a workload, and what is unknown of the objectives that are not exceeded.

    Each floor is judged by itself and names its largest model, whatever the objective: a looser objective only removes
    findings.
    """
    excesses: list[Excess] = []
    unknown: dict[str, dict[Place, None]] = {}
    open_keys: list[str] = []
    for one in asked:
        if one.fraction is not None and _is_met(system, workload, one, params):
            continue
        found, missing = _excesses(system, workload, one, params)
        if not found:
            unknown.setdefault(one.key, {}).update(dict.fromkeys(missing))
        elif one.key == ANSWER and streaming_unsaid(workload):
            certain = _certain(system, workload, one, found, params)
            open_keys += [] if certain else [one.key]
            excesses += certain
        else:
            excesses += found
    if excesses:
        return Judged(tuple(excesses))
    questions = [
        (key, tuple(sorted(places, key=lambda place: place.steps[0] != "models")), _BECAUSE[key])
        for key, places in unknown.items() if places
    ]  # fmt: skip
    if open_keys:
        because = "whether the objective is for the first token or for the whole answer"
        questions.append((ANSWER, streaming_unsaid(workload), because))
    return Judged((), tuple(questions))


def _is_met(system: System, workload: Workload, asked: Asked, params: Params) -> bool:
    """Return whether all work together is quicker than an objective for the answer, so that no floor exceeds it."""
    if asked.key != ANSWER or asked.fraction is None or may_generate(system, workload):
        return False
    longest = longest_s(system, [workload.entrance.client], asked.fraction)
    return not exceeds(longest, asked.objective_s * params.margin)


def _certain(system: System, workload: Workload, asked: Asked, whole: list[Excess], params: Params) -> list[Excess]:
    """Return what is certain of an objective that may be meant for the first token; none if only streaming decides it.

    A time that is too long even for the first token is certain. If nothing is known of tokens, the time of the whole
    answer is a hint.
    """
    if not generating_until(system, workload, FIRST):
        return whole
    first, _ = _excesses(system, workload, Asked(FIRST, asked.fraction, asked.objective_s), params)
    if first:
        return [msgspec.structs.replace(excess, asked=asked) for excess in first]
    if may_generate(system, workload) and generating(system, workload):
        return []
    proven = Certainty.PROVEN
    return [msgspec.structs.replace(excess, is_hint=excess.floor.certainty is proven) for excess in whole]


def _excesses(
    system: System, workload: Workload, asked: Asked, params: Params
) -> tuple[list[Excess], tuple[Place, ...]]:
    """Return the floors above an objective, and the places of unknown values.

    Of each kind, the fitted floor is the highest, so if it fits, the others are not computed.
    """
    limit_s = asked.objective_s * params.margin
    highest = list(_floors(system, workload, asked, (True,), (False,)))
    unknown = tuple(dict.fromkeys(place for floor, _ in highest for place in floor.unknown))
    if not any(exceeds(floor.at_s, limit_s) for floor, _ in highest):
        return [], unknown
    proven_s = _floor(system, workload, asked, False, False).at_s
    found = []
    for floor, call in _floors(system, workload, asked, (False, True), (False, True)):
        model = _largest(floor)
        if model and exceeds(floor.at_s, limit_s):
            found.append(Excess(workload, asked, floor, proven_s, model, call))
    return found, unknown


def _floor(system: System, workload: Workload, asked: Asked, estimated: bool, models_first: bool) -> Floor:
    """Return the floor of what an objective is for."""
    if asked.key == EACH:
        return _per_token(system, workload, asked.fraction, estimated)
    floors = FloorOf(system, workload, estimated, models_first, asked.key)
    return MeanFloorOf(floors).answer() if asked.fraction is None else floors.answer(asked.fraction)


def _per_token(system: System, workload: Workload, fraction: float | None, estimated: bool) -> Floor:
    """Return the floor of a token after the first; of several models that may generate it, the quickest."""
    from archlint.analysis.token_floors import each_token  # needed only for objectives of tokens
    from archlint.analysis.token_means import mean_each_token

    components, models = system.components, system.architecture.models
    servings = after_the_first(system, generating(system, workload))
    made = (Generation(models[s.model], components[s.server], workload) for s in servings)
    floors = [
        mean_each_token(one, estimated) if fraction is None else each_token(one, fraction, estimated) for one in made
    ]
    return one_of(floors) if floors else NOTHING


def _floors(
    system: System, workload: Workload, asked: Asked, estimates: tuple[bool, ...], ways: tuple[bool, ...]
) -> Iterator[tuple[Floor, Relation | None]]:
    """Yield the floors of an objective: proven and fitted, with a prediction at the percentile or another hop.

    Also yield those of waiting calls that the answer does not need.
    """
    for estimated in estimates:
        for models_first in ways if asked.key != EACH else ways[:1]:
            yield _floor(system, workload, asked, estimated, models_first), None
        if asked.key != EACH:
            floors = FloorOf(system, workload, estimated, models_first=ways[-1], until=asked.key)
            for spared in spared_calls(system, workload, asked.fraction, floors):
                yield spared.floor, spared.call


def _largest(floor: Floor) -> str:
    """Return the model that takes the largest part of a floor; of equal ones, the first by name; or nothing."""
    timed = [part for part in floor.parts if part.model and part.value_s > 0]
    return min(timed, key=lambda part: (-part.value_s, part.model)).model if timed else ""


def _hit(system: System, traffic: Traffic, excesses: list[Excess]) -> Hit:
    worst = max(excesses, key=lambda excess: excess.rank)
    model, part = system.architecture.models[worst.model], worst.part
    objectives = dict.fromkeys(
        Related(excess.workload.place("slo", excess.asked.key), f"SLO of `{excess.workload.name}`")
        for excess in sorted(excesses, key=lambda excess: excess.rank, reverse=True)
    )
    served = [Related(system.components[part.server].place("serves"), f"`{part.server}` serves it")]
    if worst.is_hint:
        said = "does not state `stream`: the objective may be for the first token of a generated answer"
        served.append(Related(worst.workload.place("stream"), said))
    writes = generates(system, worst.workload, model, system.components[part.server])
    served += unmeasured(model, worst.floor, worst.asked.key, writes)
    if worst.spared is not None:
        served.append(Related(worst.spared.place(), "the fallback starts only after a failure or the timeout"))
    return Hit(
        _place(worst, model),
        _message(worst),
        tuple(floor_terms(worst.floor, worst.workload, worst.asked.fraction, worst.objective_s, worst.asked.key)),
        (*objectives, *served),
        worst.certainty,
        absent=unread_on_the_way(system, worst.workload),
        cures=_cures(system, worst),
        band=_band(system, worst),
        path=path_to(system, worst.workload, part.server),
        loss=traffic.missed((excess.workload, beyond(excess.floor.at_s, excess.objective_s)) for excess in excesses),
    )


def _place(worst: Excess, model: Model) -> Place:
    """Return the time of the model that is stated, or the value that its bound comes from."""
    if model.service_time is not None and worst.asked.key == ANSWER:
        return model.place("service_time")
    return worst.part.at or model.place()


def _message(worst: Excess) -> str:
    """Say by how much the model, its path, or both are over the objective, and that replicas do not shorten it."""
    part, floor, percentile = worst.part, worst.floor, worst.asked.name
    least = "at least" if floor.certainty is Certainty.PROVEN else "about"
    total, over = format_duration(floor.at_s), format_duration(floor.at_s - worst.objective_s)
    key, until = worst.asked.key, _UNTIL[worst.asked.key]
    asked = percentile if key == ANSWER else f"{key} {percentile}"
    needs = f"`{worst.workload.name}` needs {asked} <= {format_duration(worst.objective_s)}, but"
    alone = f"{needs} `{worst.model}` alone takes"
    if part.value_s >= floor.at_s:
        takes = f"{alone} {least} {total}{until} on idle servers ({over} over)"
    elif exceeds(part.value_s, worst.objective_s):
        takes = f"{alone} {format_duration(part.value_s)}{until} (path {percentile} is {least} {total}: {over} over)"
    else:
        takes = f"{needs} its path takes {least} {total}{until} on idle servers ({over} over), {_shares(worst)}"
    return f"{takes}; more replicas won't help"


def _shares(worst: Excess) -> str:
    """Say where the time goes: in the model and, if that is more or too much alone, outside the models."""
    share = f"{format_duration(worst.part.value_s)} of it in `{worst.model}`"
    if worst.rest_s > min(worst.objective_s, worst.part.value_s):
        share += f" and {format_duration(worst.rest_s)} outside the models"
    return share


def _band(system: System, worst: Excess) -> tuple[float, float] | None:
    """Return the band of an estimated floor: from the proven value to what the next higher percentiles allow."""
    fraction = worst.asked.fraction
    if worst.floor.certainty is not Certainty.ESTIMATED or fraction is None or worst.asked.key != ANSWER:
        return None
    high_s = worst.floor.at_s
    for part in worst.floor.parts:
        if part.certainty is Certainty.ESTIMATED:
            time = system.architecture.models[part.model].service_time if part.model else None
            most_s = upper_bound(time, fraction) if time is not None else None
            if most_s is None:
                return None
            high_s += max(0.0, most_s - part.value_s)
    return worst.proven_s, high_s


def _cures(system: System, worst: Excess) -> tuple[str, ...]:
    """Return the fixes that help here, best first; those whose condition the file does not state come last."""
    if worst.asked.key == EACH:
        return ("smaller-model",)
    workload, server = worst.workload, system.components[worst.part.server]
    fraction = worst.asked.fraction or 0.0
    shorter_helps = worst.rest_s <= worst.objective_s
    tokens = generates(system, workload, system.architecture.models[worst.model], server)
    said: list[tuple[str, bool | None]] = [
        ("smaller-model", shorter_helps),
        ("prediction-cache", None if workload.repeats is None else workload.repeats >= fraction),
        ("data-cache", _stores_take_time(system, worst)),
        ("prep-pred", server.preprocessing is not None),
        ("batch", None if workload.inputs is None else workload.inputs == "known"),
        ("asynchronous", None if workload.waits is None else not workload.waits),
        ("multiple-stage", None if shorter_helps else False),
        ("model-cascade", None if tokens and shorter_helps else False),
        ("streamed-answer", None if tokens and worst.asked.key == ANSWER and not workload.stream else False),
    ]
    sure = [cure for cure, helps in said if helps]
    return (*sure, *(cure for cure, helps in said if helps is None)) or ("data-cache",)


def _stores_take_time(system: System, worst: Excess) -> bool:
    """Return whether the own work of stores, stated at `components.X.service_time`, is a part of the floor."""
    said = [p.at.names for p in worst.floor.parts if p.at is not None and not p.model and p.value_s > 0]
    return any(names[0] == "components" and system.components[names[1]].kind in STORES for names in said)

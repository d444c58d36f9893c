"""Terms, places and questions that several checks share."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from archlint.analysis.busiest import may_be_late
from archlint.analysis.doubts import Doubts
from archlint.analysis.floors import Floor, FloorOf
from archlint.analysis.system import System
from archlint.model.architecture import Relation, Workload
from archlint.model.places import Place
from archlint.model.quantities import format_duration, format_percentile, format_share
from archlint.verdicts import Certainty, Origin, Related, Term, Undecided

_SHAPING = ("hit_ratio", "kind", "parallel")
"""The keys of a relation that make a floor lower, beside those that make it optional."""
_ROUNDING: Final = 1e-9


def exceeds(value: float, limit: float) -> bool:
    """Return whether a value is above a limit by more than the rounding of its arithmetic.

    >>> exceeds(0.1 + 0.2, 0.3), exceeds(0.31, 0.3)
    (False, True)
    """
    return value > limit * (1 + _ROUNDING)


def exceeding(values: Sequence[float], limit: float) -> int:
    """Return how many of some values, sorted from the least, `exceeds` a limit.

    >>> exceeding([1.0, 2.0, 3.0], 2.0)
    1
    """
    return len(values) - bisect_right(values, limit * (1 + _ROUNDING))


_STATED: Final = 1e-3
"""The precision of a stated availability: three digits of what is missing to 100 %, as reports show it."""


def falls_short(reached: float, objective: float) -> bool:
    """Return whether an availability is below an objective by more than the numbers state.

    >>> falls_short(0.999 * 0.9999999, 0.999), falls_short(0.9985, 0.999)
    (False, True)
    """
    return 1 - reached > (1 - objective) * (1 + _STATED) + _ROUNDING


def share_below(reached: float, objective: float) -> str:
    """Write an availability with as many digits as it takes to tell it from the objective above it.

    >>> share_below(0.99897, 0.999), share_below(0.99, 0.999)
    ('99.897 %', '99 %')
    """
    said, digits = format_share(reached), 5
    while said == format_share(objective) and digits < 15:
        said, digits = f"{reached * 100:.{digits}g} %", digits + 1
    return said


def model_is_late(system: System, workload: Workload, fraction: float, objective_s: float) -> bool:
    """Whether a model, with the least of the other hops, is too slow on an idle server: SRV001 reports that."""
    for models_first in (False, True):
        floor = FloorOf(system, workload, True, models_first).answer(fraction)
        if exceeds(floor.at_s, objective_s) and any(part.model and part.value_s > 0 for part in floor.parts):
            return True
    return False


IsNear = Callable[[System, Workload, Mapping[float, float]], bool]
"""Whether an answer may be near one of the objectives (seconds by percentile)."""


def left_to_judge(
    system: System, workload: Workload, objectives: Mapping[float, float], is_near: IsNear
) -> dict[float, float]:
    """Return the objectives that no model misses on its own, if an answer may be near one of them; else none.

    The bounds come first: the floors of models take ten times as long.
    """
    left = dict(objectives)
    while left and may_be_late(system, workload, left) and is_near(system, workload, left):
        late = [f for f, time_s in left.items() if model_is_late(system, workload, f, time_s)]
        if not late:
            return left
        left = {f: time_s for f, time_s in left.items() if f not in late}
    return {}


_UNTIL = {"latency": "whole path", "ttft": "until the first token", "tpot": "per token"}
"""What an objective is for, by its key."""


def objective_name(fraction: float | None) -> str:
    """Name the part of an objective: a percentile, or the mean."""
    return "mean" if fraction is None else format_percentile(fraction)


def floor_terms(
    floor: Floor, workload: Workload, fraction: float | None, objective_s: float, key: str = "latency"
) -> Iterator[Term]:
    """Yield the parts of a floor (`model_time`, `hop_time`), their sum (`floor`) and the `objective`."""
    name = objective_name(fraction)
    for part in floor.parts:
        term = "model_time" if part.model else "hop_time"
        yield Term(term, part.label, part.value_s, "s", part.origin, part.at, part.formula)
    least = "at least" if floor.certainty is Certainty.PROVEN else "about"
    yield Term("floor", f"{_UNTIL[key]}, {name}, {least}", floor.at_s, "s", Origin.DERIVED, None, "sum")
    said = workload.place("slo", key, name)
    label = f"SLO of {workload.name}, {name}" if key == "latency" else f"SLO of {workload.name}, {key} {name}"
    yield Term("objective", label, objective_s, "s", Origin.STATED, said, limit=True)


def unread_on_the_way(system: System, workload: Workload) -> tuple[Place, ...]:
    """Return the unreadable places on a workload's path that might lower its floor."""
    unread = system.architecture.unread
    if not unread:
        return ()
    relations = [r for name in system.flow(workload).components for r in system.components[name].relations]
    shaping = [relation.place(key) for relation in relations for key in _SHAPING]
    return (*Doubts(system).of([workload]), *(place for place in shaping if place.identity in unread))


def freshness_term(workload: Workload, freshness_s: float) -> Term:
    """Return how old a prediction, or its data, may be, as the limit."""
    at = workload.place("slo", "freshness")
    return Term("freshness", f"freshness SLO of {workload.name}", freshness_s, "s", Origin.STATED, at, limit=True)


def allowed_age(age_s: float, freshness_s: float) -> str:
    """Say how old a prediction may be, and by how much an age is over it.

    >>> allowed_age(90000.0, 86400.0)
    'an age of at most 1 d (1 h over)'
    """
    return f"an age of at most {format_duration(freshness_s)} ({format_duration(age_s - freshness_s)} over)"


def freshness_related(workload: Workload) -> Related:
    """Return the place of a workload's freshness objective."""
    return Related(workload.place("slo", "freshness"), f"freshness that `{workload.name}` requires")


def way(relation: Relation) -> str:
    """Describe a relation as a step of a request's path."""
    return f"`{relation.source}` {relation.verb} `{relation.target}`"


def path_to(system: System, workload: Workload, component: str) -> tuple[Related, ...]:
    """Return the relations by which a request of a workload first reaches a component, in order."""
    return tuple(Related(relation.place(), way(relation)) for relation in system.flow(workload).path_to(component))


def without_repeats(questions: Iterable[Undecided]) -> Iterator[Undecided]:
    """Yield questions, each once: several workloads may lead to the same one."""
    seen: set[tuple[Place, tuple[Place, ...]]] = set()
    for question in questions:
        key = (question.at, question.needs)
        if key not in seen:
            seen.add(key)
            yield question

"""A component, or some of its replicas, away for a time: the backlog, and how long it lasts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec

from archlint.errors import UsageError
from archlint.model.quantities import parse_duration
from archlint.simulation.backend import Span
from archlint.simulation.results import Away, Moment, Simulation
from archlint.simulation.running import MOST, MOST_OF_CALENDAR, Plan, Runner, run, summary
from archlint.simulation.scenario import Centre, Outage, Scenario

_PILOT: Final = 20_000
_FEWEST: Final = 3
_MOST_REPLICATIONS: Final = 20
_BEFORE: Final = 500
"""Requests that arrive before the outage, at least."""
_LONGEST: Final = 10.0
"""The most time after an outage, in multiples of it."""


class Asked(msgspec.Struct, frozen=True):
    """An outage as a call states it; without `replicas`, the whole component is away."""

    centre: str
    duration_s: float
    replicas: int | None = None


def parse_outage(text: str) -> Asked:
    """Return the outage of `COMPONENT[/REPLICAS]:DURATION`; raises `ValueError` for anything else.

    >>> parse_outage("api/2:5min")
    Asked(centre='api', duration_s=300.0, replicas=2)
    """
    before, _, duration = text.rpartition(":")
    name, slash, count = before.rpartition("/")
    if not slash:
        name = count
    try:
        seconds = parse_duration(duration)
    except ValueError as error:
        raise ValueError(f"`{text}`: {error}") from None
    wrong = not name or seconds <= 0 or (slash and not (count.isdecimal() and 0 < int(count) < 10**9))
    if wrong:
        raise ValueError(
            f"`{text}` is no outage; write COMPONENT:DURATION, such as api:5min, or COMPONENT/REPLICAS:DURATION"
        )
    return Asked(name, seconds, int(count) if slash else None)


def run_with_outage(scenario: Scenario, asked: Asked, plan: Plan) -> Simulation:
    """Simulate an outage: some time before it, the outage, and until its backlog is gone as far as fluid theory says.

    The results are those of requests that arrive from the start of the outage on.
    """
    centre = scenario.centres.get(asked.centre)
    if centre is None:
        known = ", ".join(scenario.centres) or "none"
        raise UsageError(f"no request comes to a component `{asked.centre}`", f"components on the way: {known}")
    if asked.replicas is not None and asked.replicas > centre.replicas:
        what = f"`{centre.name}` has {centre.replicas:g} replicas, not {asked.replicas}"
        raise UsageError(what, "name fewer, or leave the number out")
    rate = scenario.rate_per_s
    before = max(asked.duration_s / 4, _BEFORE / rate)
    after = min(_LONGEST * asked.duration_s, 1.5 * _drain_s(scenario, centre, asked, plan)) + asked.duration_s / 2
    seconds = before + asked.duration_s + max(after, _BEFORE / 2 / rate)
    changed = _changed(scenario, centre, asked, before)
    runner = Runner(changed, Span(before, seconds), plan, kept=_MOST_REPLICATIONS)
    most = plan.requests or plan.most or (MOST_OF_CALENDAR if runner.calendar_for else MOST)
    replications = int(min(_MOST_REPLICATIONS, most / (rate * seconds)))
    if replications < _FEWEST:
        needed = math.ceil(_FEWEST * rate * seconds)
        what = f"this outage and the time around it take {rate * seconds:,.0f} requests, and {_FEWEST} repetitions"
        raise UsageError(what, f"allow more with `--requests {needed}`, or name a shorter outage")
    runner.run(replications)
    found = summary(runner, plan)
    start_s = before + asked.duration_s
    return msgspec.structs.replace(found, outage=_away(asked, before, start_s, found.course))


def _changed(scenario: Scenario, centre: Centre, asked: Asked, start_s: float) -> Scenario:
    """Return the scenario with the outage: look-ups in a cache that is away miss, other requests wait for its end."""
    choices = scenario.lookups.get(centre.name, ())
    if choices and asked.replicas is None:
        window = start_s, start_s + asked.duration_s
        return msgspec.structs.replace(scenario, cold=dict.fromkeys(choices, window))
    away = msgspec.structs.replace(centre, outage=Outage(start_s, asked.duration_s, asked.replicas))
    return msgspec.structs.replace(scenario, centres={**scenario.centres, centre.name: away})


def _drain_s(scenario: Scenario, centre: Centre, asked: Asked, plan: Plan) -> float:
    """Return how long the backlog takes to drain, by the fluid limit: the work that is missing / the spare capacity."""
    pilot = run(scenario, Plan(plan.seed, requests=_PILOT, numpy=plan.numpy))
    busy = next((one.utilisation for one in pilot.centres if one.name == centre.name), None)
    if busy is None:
        return 0.0
    share = 1.0 if asked.replicas is None else asked.replicas / centre.replicas
    missing = max(0.0, busy - (1 - share))
    return math.inf if busy >= 1 else asked.duration_s * missing / (1 - busy)


def _away(asked: Asked, start_s: float, end_s: float, course: Sequence[Moment]) -> Away:
    totals: dict[float, float] = {}
    for moment in course:
        totals[moment.end_s] = totals.get(moment.end_s, 0.0) + moment.in_flight
    usual = [inside for end, inside in totals.items() if start_s * 0.3 < end <= start_s]
    level = sum(usual) / len(usual) if usual else 0.0
    after = [(end, inside) for end, inside in totals.items() if end >= end_s]
    calm = max(1.5 * level, level + 2)
    recovered = next((end - end_s for end, inside in after if inside <= calm), None)
    backlog = max((inside for end, inside in totals.items() if end > start_s), default=level) - level
    return Away(asked.centre, start_s, asked.duration_s, asked.replicas, max(0.0, backlog), recovered)

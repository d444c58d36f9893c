"""Runs a scenario: independent replications, until the intervals are narrow enough or there are enough requests."""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib.util import find_spec
from typing import Final

import msgspec

from archlint.simulation.backend import PERCENTILES, Ended, Sample, Span, Tally
from archlint.simulation.calendar import Calendar
from archlint.simulation.course import course_of
from archlint.simulation.lists import Lists, Sources, percentiles_of
from archlint.simulation.results import CentreResult, Moment, Simulation, StreamResult
from archlint.simulation.scenario import (
    FIRST_TOKEN,
    Attempts,
    Centre,
    Delay,
    Scenario,
    Stream,
    Visit,
    every,
)
from archlint.simulation.stages import FeedbackError, Stages
from archlint.simulation.statistics import Interval, interval
from archlint.source.parser import collector_paused

LENGTH: Final = 8_000
"""Requests of one replication, all workloads together."""
WARM_UP: Final = 0.2
"""The share of a replication that only fills the system, which starts empty."""
FEWEST_REQUESTS: Final = 100
MOST_REQUESTS: Final = 20_000_000
"""The numbers of requests that a call may ask for."""
MOST: Final = 1_000_000
MOST_OF_CALENDAR: Final = 200_000
"""Requests at most if the call states no number."""
KEPT: Final = 8
"""Replications whose requests are all kept, for the course."""
_MOST_NUMBERS: Final = 4_000_000
"""How many requests arrays hold at once."""
_ROUND: Final = 32
_ROUND_OF_CALENDAR: Final = 8
_FEWEST: Final = 5
"""The fewest replications, from which intervals are computed."""
_PILOT: Final = 2_000
_PILOT_MOST: Final = 20_000
"""How many requests the short run has that comes first, and at most if their work takes long."""
_LIFETIMES: Final = 40.0
_RELAXATIONS: Final = 15.0
"""How many of the longest pieces of work, and of the times in which queues fill, a run takes."""
_BUSIEST: Final = 0.995
_LONGEST: Final = 10_000_000
_MOST_REPLICATIONS: Final = 128
_MANY_ANSWERS: Final = 100.0
"""The answers at once that are assumed, at most, for how long one takes."""
_FEW: Final = 20
"""With fewer requests in a replication, its percentiles mean nothing."""


class Plan(msgspec.Struct, frozen=True):
    """How much to simulate: a number of requests, or until the p99 of each workload is within a share of itself.

    `most` are the requests after which it stops in any case. `numpy` is None to use it if it is installed.
    """

    seed: int = 1
    requests: int | None = None
    precision: float | None = 0.05
    most: int | None = None
    numpy: bool | None = None


class Runner:
    """Runs replications of one length, with random numbers that go on from one to the next."""

    def __init__(self, scenario: Scenario, span: Span, plan: Plan, kept: int = KEPT) -> None:
        self.scenario = scenario
        self.span = span
        self.calendar_for = needs_calendar(scenario)
        self.numpy = (find_spec("numpy") is not None) if plan.numpy is None else plan.numpy
        self.counts = {stream.name: _most_arrivals(stream.rate_per_s * span.last_s) for stream in scenario.streams}
        self.ends: dict[str, Ended] = {}
        self.results: dict[tuple[str, str], Ended] = {}
        self.tallies: dict[str, list[Tally]] = {}
        self.replications = 0
        self.complete = True
        self.kept = kept
        self._sources = Sources(plan.seed)
        self.percentiles_of = percentiles_of
        self._columns = self._vectors() if self.numpy and not self.calendar_for else None

    def _vectors(self) -> Callable[[int], None]:
        from archlint.simulation import vectors

        uniforms = vectors.Uniforms(self._sources)
        self.percentiles_of = vectors.percentiles_of

        def run(columns: int) -> None:
            backend = vectors.Vectors(uniforms, self.span, columns, self._whole)
            stages = Stages(self.scenario, backend, self.counts)
            stages.run()
            self._keep(stages.ends, stages.results, backend.tallies)

        return run

    @property
    def _whole(self) -> int:
        """Of how many further replications all requests are kept, for the course."""
        return max(0, self.kept - self.replications)

    def run(self, replications: int) -> None:
        """Run further replications."""
        if self._columns is not None:
            while replications:
                columns = min(replications, max(1, _MOST_NUMBERS // max(1, sum(self.counts.values()))))
                self._columns(columns)
                self.replications += columns
                replications -= columns
        else:
            for _ in range(replications):
                self._one()
                self.replications += 1

    def _one(self) -> None:
        if self.calendar_for:
            calendar = Calendar(self.scenario, self._sources, self.span, self.counts, self._whole)
            calendar.run()
            self.complete &= calendar.finished
            self._keep(calendar.ends, calendar.results, calendar.tallies)
            return
        backend = Lists(self._sources, self.span, self._whole)
        stages = Stages(self.scenario, backend, self.counts)
        stages.run()
        self._keep(stages.ends, stages.results, backend.tallies)

    def _keep(
        self, ends: dict[str, Ended], results: dict[tuple[str, str], Ended], tallies: dict[str, list[Tally]]
    ) -> None:
        for name, ended in ends.items():
            self.ends.setdefault(name, Ended()).extend(ended)
        for key, ended in results.items():
            self.results.setdefault(key, Ended()).extend(ended)
        for name, found in tallies.items():
            self.tallies.setdefault(name, []).extend(found)


def _most_arrivals(mean: float) -> int:
    """Return a number of Poisson arrivals that is hardly ever exceeded."""
    return int(mean + 6 * math.sqrt(mean) + 12)


def needs_calendar(scenario: Scenario) -> str:
    """Return what the stage-wise recursion cannot compute in a scenario; empty if it can compute all."""
    if any(centre.tokens is not None for centre in scenario.centres.values()):
        return "answers that are generated token by token"
    for stream in scenario.streams:
        for node in every(stream.node):
            if isinstance(node, Attempts) and node.retries > 0:
                return "retries"
            if isinstance(node, Visit) and node.then is not None:
                if node.held:
                    return f"the workers of {node.centre} are held while they wait for others"
                if scenario.centres[node.centre].limit is not None:
                    return f"the limit of {node.centre} includes requests that wait for others"
    for centre in scenario.centres.values():
        if _intricate(centre):
            return f"{centre.name} has batches with a limit or an outage, or an outage of some replicas"
    try:
        Stages(scenario, Lists(Sources(0), Span(0.0, 0.0)), {stream.name: 0 for stream in scenario.streams}).run()
    except FeedbackError as found:
        return f"requests come back to {found}"
    return ""


def _intricate(centre: Centre) -> bool:
    if centre.batches is not None and (centre.limit is not None or centre.outage is not None):
        return True
    return centre.outage is not None and (centre.outage.replicas or centre.replicas) < centre.replicas


def run(scenario: Scenario, plan: Plan) -> Simulation:
    """Simulate a scenario as a plan says.

    >>> from archlint.simulation.laws import exponential
    >>> from archlint.simulation.scenario import Work
    >>> visit = Visit("api", (Work(exponential(1.0)),))
    >>> scenario = Scenario({"api": Centre("api", workers=2.0)}, (Stream("search", 1.5, visit),))
    >>> found = run(scenario, Plan(requests=20_000))
    >>> found.centres[0].utilisation is not None and abs(found.centres[0].utilisation - 0.75) < 0.03
    True
    """
    calendar = bool(needs_calendar(scenario))
    most = plan.requests or plan.most or (MOST_OF_CALENDAR if calendar else MOST)
    needed = enough_requests(scenario, plan)
    if plan.requests is not None:
        replications = max(_FEWEST, min(_MOST_REPLICATIONS, plan.requests // max(LENGTH, needed)))
        length, rounds = math.ceil(plan.requests / replications), 1
    else:
        length = min(max(LENGTH, needed), most // _FEWEST)
        replications = max(_FEWEST, min(_ROUND_OF_CALENDAR if calendar else _ROUND, _ROUND * LENGTH // length))
        rounds = max(1, most // (replications * length))
    seconds = length / scenario.rate_per_s
    runner = Runner(scenario, Span(WARM_UP * seconds, seconds), plan)
    for _ in range(rounds):
        with collector_paused():
            runner.run(replications)
            found = summary(runner, plan, 0 if length >= needed else needed * _FEWEST)
        if found.unstable or plan.precision is None or (found.reached or 0.0) <= plan.precision:
            break
    return found


def enough_requests(scenario: Scenario, plan: Plan) -> int:
    """Return how many requests a run needs, so that its first part fills the empty system.

    The time until a queue has its usual length is about u / (v (1 - sqrt u)^2), with a utilisation u and v visits per
    second (the relaxation time of M/M/1); u comes from a short run. A run lasts for many of these times, and of the
    longest piece of work.
    """
    rate = scenario.rate_per_s
    few = min(_PILOT, (plan.requests or MOST) // _FEWEST)
    seconds = min(max(few / rate, 5 * longest_s(scenario)), _PILOT_MOST / rate)
    pilot = Runner(scenario, Span(0.0, seconds), plan, kept=0)
    with collector_paused():
        pilot.run(_FEWEST)
    relaxing = [0.0]
    for name, tallies in pilot.tallies.items():
        centre = _centre(scenario.centres[name], tallies, pilot.span)
        busy = centre.utilisation or 0.0
        if busy >= 1 and centre.limit is None:
            return 0                                     # its queue has no usual length
        if 0 < busy < 1 and centre.limit is None:
            relaxing.append(busy / (centre.visits_per_s * (1 - math.sqrt(min(busy, _BUSIEST))) ** 2))
    needed = rate * max(_RELAXATIONS * max(relaxing), _LIFETIMES * longest_s(scenario))
    return math.ceil(min(needed, _LONGEST))


def longest_s(scenario: Scenario) -> float:
    """Return the longest mean time of one piece of work: a run must last for many of it to fill the system."""
    nodes = [node for stream in scenario.streams for node in every(stream.node)]
    times = [work.law.mean_s for node in nodes if isinstance(node, Visit) for work in node.works]
    for node in nodes:
        tokens = scenario.centres[node.centre].tokens if isinstance(node, Visit) else None
        if isinstance(node, Visit) and node.tokens is not None and tokens is not None:
            times.append(node.tokens.mean_s * tokens.steps.time_s(min(tokens.most, _MANY_ANSWERS)))
    return max([*times, *(node.law.mean_s for node in nodes if isinstance(node, Delay))], default=0.0)


def summary(runner: Runner, plan: Plan, needed: int = 0) -> Simulation:
    """Return the results of all replications so far; `needed` is how many requests are enough, if these are not."""
    streams = tuple(_stream(runner, stream) for stream in runner.scenario.streams)
    centres = tuple(
        _centre(centre, runner.tallies[name], runner.span)
        for name, centre in runner.scenario.centres.items() if runner.tallies.get(name)
    )  # fmt: skip
    widths = [stream.p99.relative_width for stream in streams if stream.p99 is not None]
    requests = sum(stream.requests for stream in streams)
    reached = max(widths, default=math.inf)
    return Simulation(
        streams, centres, _course(runner), plan.seed, runner.replications, requests, runner.span.last_s,
        runner.calendar_for, plan.precision, None if reached == math.inf else reached, runner.complete, needed,
    )  # fmt: skip


def _course(runner: Runner) -> tuple[Moment, ...]:
    seconds, moments = runner.span.last_s, list[Moment]()
    for stream in runner.scenario.streams:
        moments += course_of(stream.name, "", runner.ends[stream.name].outcomes, seconds)
    for (name, queue), ended in sorted(runner.results.items()):
        if queue == FIRST_TOKEN:
            continue
        moments += course_of(name, queue, ended.outcomes, seconds)
    return tuple(moments)


def _stream(runner: Runner, stream: Stream) -> StreamResult:
    stored = {
        queue: _result(runner, stream, ended.samples)
        for (name, queue), ended in sorted(runner.results.items()) if name == stream.name
    }  # fmt: skip
    first = stored.pop(FIRST_TOKEN, None)
    found = _result(runner, stream, runner.ends[stream.name].samples)
    return msgspec.structs.replace(found, stored=stored, first=first)


def _result(runner: Runner, stream: Stream, samples: list[Sample]) -> StreamResult:
    total = sum(one.total for one in samples)
    rejected, timed_out, unfinished = (
        sum(one.lost[reason] for one in samples) / total if total else 0.0 for reason in range(3)
    )
    p50, p95, p99 = _percentiles(runner, samples)
    return StreamResult(
        stream.name, stream.rate_per_s, total, _mean(samples), p50, p95, p99, rejected, timed_out, unfinished
    )


def _percentiles(runner: Runner, samples: list[Sample]) -> list[Interval] | list[None]:
    """Return the percentiles of all answered requests, with the intervals that the replications give."""
    if not any(one.answered for one in samples):
        return [None for _ in PERCENTILES]
    few = any(one.answered < _FEW for one in samples)
    return [
        interval(value, [] if few else [one.percentiles[number] for one in samples])
        for number, value in enumerate(runner.percentiles_of(samples))
    ]


def _mean(samples: list[Sample]) -> Interval | None:
    known = [one for one in samples if one.answered]
    count = sum(one.answered for one in known)
    if not count:
        return None
    return interval(sum(one.mean_s * one.answered for one in known) / count, [one.mean_s for one in known])


def _centre(centre: Centre, tallies: list[Tally], span: Span) -> CentreResult:
    seconds, count = span.seconds, len(tallies)
    visits, rejected = sum(one.visits for one in tallies), sum(one.rejected for one in tallies)
    served = visits - rejected
    work_s = sum(one.work_s for one in tallies)
    known = math.isfinite(centre.places)
    grown = sum(one.queued[1] - one.queued[0] for one in tallies) / count
    return CentreResult(
        centre.name, centre.servers if known else None, visits / seconds / count,
        work_s / (centre.places * seconds * count) if known else None,
        sum(one.inside_s for one in tallies) / served if served else 0.0,
        rejected / visits if visits else 0.0,
        sum(one.queued[1] for one in tallies) / count, grown / (seconds / 2), centre.limit,
    )  # fmt: skip

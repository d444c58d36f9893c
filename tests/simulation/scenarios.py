"""Scenarios of one kind of feature each, and all engines that compute them."""

from __future__ import annotations

import math

import msgspec

from archlint.simulation.backend import Ended, Outcome, Span, Tally
from archlint.simulation.calendar import Calendar
from archlint.simulation.laws import Law, constant, exponential, lognormal
from archlint.simulation.lists import Lists, Sources
from archlint.simulation.scenario import (
    Attempts,
    Batches,
    Centre,
    Choice,
    Delay,
    Later,
    Node,
    Outage,
    Parallel,
    Scenario,
    Sequence,
    Stream,
    Visit,
    Work,
)
from archlint.simulation.stages import Stages
from archlint.simulation.vectors import Uniforms, Vectors

HEAVY = lognormal(1.0, 2.0)


def visit(centre: str, law: Law = HEAVY, then: Node | None = None, held: bool = False) -> Visit:
    return Visit(centre, (Work(law),), then, held)


def alone(centre: Centre, rate: float = 3.2, law: Law = HEAVY) -> Scenario:
    return Scenario({centre.name: centre}, (Stream("search", rate, visit(centre.name, law)),))


def branching() -> Scenario:
    """A fan-out, a choice that also saves work, a call that another one replaces, and a queue with a worker."""
    chosen = Choice("choice", (
        (0.3, Delay(exponential(0.5))),
        (0.7, Attempts(visit("ranker", lognormal(0.7, 1.0)), timeout_s=1.5, instead=visit("popular", constant(0.1)))),
    ))  # fmt: skip
    both = Parallel((
        Attempts(visit("features", lognormal(0.8, 0.5)), timeout_s=2.0),
        Attempts(visit("store"), timeout_s=3.0, optional=True),
    ))  # fmt: skip
    later = Later("jobs", Sequence((Delay(constant(0.1)), visit("worker", lognormal(0.2, 1.0)))))
    works = (Work(HEAVY), Work(constant(0.5), (("choice", 0.3, math.inf),)))
    node = Visit("api", works, Sequence((Delay(constant(0.1)), both, chosen, later)))
    other = Sequence((visit("ranker", constant(0.3)), visit("worker", exponential(0.1))))
    centres = (
        Centre("api", workers=8), Centre("features", workers=4, limit=9), Centre("ranker", replicas=4, balancing="random"),
        Centre("store", workers=math.inf), Centre("popular", workers=math.inf), Centre("worker"),
    )  # fmt: skip
    streams = Stream("search", 2.2, node), Stream("admin", 1.0, other)
    return Scenario({centre.name: centre for centre in centres}, streams)


SCENARIOS = {
    "pooled": alone(Centre("api", workers=4)),
    "many workers": alone(Centre("api", workers=20), 16.0),
    "more workers than vectors search": alone(Centre("api", workers=100), 90.0),
    "rejects": alone(Centre("api", workers=4, limit=6)),
    "random": alone(Centre("api", replicas=4, balancing="random")),
    "random, several workers": alone(Centre("api", replicas=2, workers=2, balancing="random")),
    "round-robin": alone(Centre("api", replicas=4, balancing="round-robin")),
    "least-loaded": alone(Centre("api", replicas=4, balancing="least-loaded")),
    "least-loaded, rejects": alone(Centre("api", replicas=2, workers=2, balancing="least-loaded", limit=7)),
    "batches": alone(Centre("api", batches=Batches(8, 0.5))),
    "batches, random": alone(Centre("api", replicas=2, balancing="random", batches=Batches(8, 0.5))),
    "batches, round-robin": alone(Centre("api", replicas=2, balancing="round-robin", batches=Batches(8, 0.5))),
    "outage": alone(Centre("api", workers=4, outage=Outage(60, 10))),
    "outage, round-robin": alone(Centre("api", replicas=4, balancing="round-robin", outage=Outage(60, 10))),
    "branching": branching(),
    "a cache is away": msgspec.structs.replace(branching(), cold={"choice": (40.0, 80.0)}),
}


class Run:
    """Outcomes of each stream and results of what happens later, by replication, and the tallies of each centre."""

    def __init__(self, ends: dict[str, list[Outcome]], tallies: dict[str, list[Tally]]) -> None:
        self.ends = ends
        self.tallies = tallies


def span_of(scenario: Scenario, length: int) -> tuple[Span, dict[str, int]]:
    seconds = length / scenario.rate_per_s
    counts = {stream.name: int(1.5 * stream.rate_per_s * seconds) + 30 for stream in scenario.streams}
    return Span(0.2 * seconds, seconds), counts


def in_lists(scenario: Scenario, length: int = 400, replications: int = 2, seed: int = 1) -> Run:
    (span, counts), sources = span_of(scenario, length), Sources(seed)
    run = Run({}, {})
    for _ in range(replications):
        backend = Lists(sources, span)
        stages = Stages(scenario, backend, counts)
        stages.run()
        _add(run, stages.ends, stages.results, backend.tallies)
    return run


def in_vectors(scenario: Scenario, length: int = 400, replications: int = 2, seed: int = 1) -> Run:
    span, counts = span_of(scenario, length)
    backend = Vectors(Uniforms(Sources(seed)), span, replications)
    stages, run = Stages(scenario, backend, counts), Run({}, {})
    stages.run()
    _add(run, stages.ends, stages.results, backend.tallies)
    return run


def by_events(scenario: Scenario, length: int = 400, replications: int = 2, seed: int = 1) -> Run:
    (span, counts), sources = span_of(scenario, length), Sources(seed)
    run = Run({}, {})
    for _ in range(replications):
        calendar = Calendar(scenario, sources, span, counts)
        calendar.run()
        _add(run, calendar.ends, calendar.results, calendar.tallies)
    return run


def _add(
    run: Run, ends: dict[str, Ended], results: dict[tuple[str, str], Ended], tallies: dict[str, list[Tally]]
) -> None:
    for name, ended in ends.items():
        run.ends.setdefault(name, []).extend(ended.outcomes)
    for (name, queue), ended in results.items():
        run.ends.setdefault(f"{name}, {queue}", []).extend(ended.outcomes)
    for name, found in tallies.items():
        run.tallies.setdefault(name, []).extend(found)

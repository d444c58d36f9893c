"""Lists, NumPy's arrays and the calendar of events give the same answers on the same trace."""

from __future__ import annotations

import math

import pytest

from archlint.simulation.backend import Outcome
from archlint.simulation.calendar import Calendar
from archlint.simulation.laws import constant
from archlint.simulation.lists import Sources
from archlint.simulation.running import needs_calendar
from archlint.simulation.scenario import Attempts, Centre, Scenario, Stream
from tests.simulation.oracles import simpy_calls
from tests.simulation.scenarios import SCENARIOS, Run, alone, by_events, in_lists, in_vectors, span_of, visit


def assert_same(one: Run, other: Run) -> None:
    assert one.ends.keys() == other.ends.keys()
    for name, outcomes in one.ends.items():
        for mine, theirs in zip(outcomes, other.ends[name], strict=True):
            assert mine.ended == pytest.approx(theirs.ended), name
            assert lost(mine) == lost(theirs), name
    for name, tallies in one.tallies.items():
        for here, there in zip(tallies, other.tallies[name], strict=True):
            assert (here.visits, here.rejected, here.queued) == (there.visits, there.rejected, there.queued), name
            assert here.inside_s == pytest.approx(there.inside_s), name


def lost(outcome: Outcome) -> list[float]:
    return outcome.lost or [0.0] * len(outcome.arrived)


@pytest.mark.parametrize("name", SCENARIOS)
def test_vectors_agree_with_lists(name: str) -> None:
    assert_same(in_vectors(SCENARIOS[name]), in_lists(SCENARIOS[name]))


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_calendar_agrees_with_lists(name: str) -> None:
    assert needs_calendar(SCENARIOS[name]) == ""
    assert_same(by_events(SCENARIOS[name]), in_lists(SCENARIOS[name]))


def test_the_scenarios_lose_requests_and_reach_every_branch() -> None:
    found = in_lists(SCENARIOS["branching"], length=2000)
    reasons = {reason for outcomes in found.ends.values() for outcome in outcomes for reason in lost(outcome)}
    assert reasons == {0.0, 2.0}
    assert all(tally.visits > 50 for tallies in found.tallies.values() for tally in tallies)
    assert len(found.ends["search, jobs"]) == 2


def calls(own: float, called: float, workers: tuple[int, int], timeout: float, retries: int, held: bool) -> Scenario:
    call = Attempts(visit("server", constant(called)), timeout, retries)
    node = visit("api", constant(own), call, held)
    centres = {"api": Centre("api", workers=workers[0]), "server": Centre("server", workers=workers[1])}
    return Scenario(centres, (Stream("search", 1.0, node),))


@pytest.mark.parametrize(
    ("timeout", "retries", "held"),
    [(math.inf, 0, True), (2.5, 0, False), (2.5, 2, False), (2.5, 2, True), (2.1, 1, True)],
)
def test_the_calendar_agrees_with_simpy(timeout: float, retries: int, held: bool) -> None:
    """Retries feed back into the load of the server, and a held worker keeps its caller's queue waiting."""
    scenario = calls(0.3, 1.7, (3, 2), timeout, retries, held)
    span, counts = span_of(scenario, 600)
    calendar = Calendar(scenario, Sources(4), span, counts)
    calendar.run()
    outcome = calendar.ends["search"].outcomes[0]
    times = [t for t in outcome.arrived if t < math.inf]
    patient = min(timeout, 1e9)
    ended, failed, served = simpy_calls(times, 0.3, 1.7, (3, 2), patient, retries, held)
    assert outcome.ended[: len(times)] == pytest.approx(ended)
    assert [why > 0 for why in lost(outcome)[: len(times)]] == failed
    assert served - len(times) > (20 if retries else -1)


def test_requests_miss_while_a_cache_is_away() -> None:
    warm, cold = (in_lists(SCENARIOS[name]).tallies["ranker"] for name in ("branching", "a cache is away"))
    assert sum(one.visits for one in cold) < sum(one.visits for one in warm)


def test_what_needs_the_calendar_is_named() -> None:
    assert needs_calendar(calls(1, 1, (1, 1), 1.0, 1, False)) == "retries"
    assert needs_calendar(calls(1, 1, (1, 1), 1.0, 0, True)) == "the workers of api are held while they wait for others"
    again = Scenario({"api": Centre("api")}, (Stream("s", 0.1, visit("api", then=visit("api"))),))
    assert needs_calendar(again) == "requests come back to api"
    assert needs_calendar(alone(Centre("api", workers=4))) == ""

from __future__ import annotations

import pytest

import archlint
from archlint.simulation.api import Simulated, simulate_system
from archlint.simulation.outages import Asked
from archlint.simulation.running import Plan
from tests.simulation.systems import SHOP, chain, p99, simulated


def out(centre: str, duration_s: float, replicas: int | None = None, workload: str = "upload") -> Simulated:
    asked = Asked(centre, duration_s, replicas)
    return simulate_system(archlint.load(SHOP), workload, plan=Plan(requests=40_000), outage=asked)


def test_the_backlog_of_an_outage_is_rate_times_duration_and_drains_with_the_spare_capacity() -> None:
    """20/s for 20 s are 400; 6 workers of 0.2 s do 30/s, so 10/s are spare: 40 s."""
    away = out("tagging", 20.0).results.outage
    assert away is not None
    assert away.backlog == pytest.approx(400, rel=0.1)
    assert away.recovered_s == pytest.approx(40, rel=0.25)


def test_half_of_the_replicas_away_leave_a_smaller_backlog() -> None:
    """Three workers do 15/s: 5/s are missing for 20 s."""
    asked = Asked("tagging", 20.0, 3)
    found = simulate_system(archlint.load(SHOP), "upload", plan=Plan(requests=10_000), outage=asked).results
    assert found.outage is not None
    assert found.outage.backlog == pytest.approx(100, rel=0.3)
    assert "outage of some replicas" in found.calendar_for


def test_replicas_with_queues_of_their_own_go_on_while_others_are_away() -> None:
    system = chain(server=", replicas: 4, balancing: round-robin", rate="40/s")
    some = simulate_system(system, plan=Plan(requests=20_000), outage=Asked("server", 5.0, 1))
    all_of_them = simulate_system(system, plan=Plan(requests=20_000), outage=Asked("server", 5.0))
    assert p99(some) < 1.0 < p99(all_of_them)


def test_an_outage_that_needs_too_many_requests_says_how_many() -> None:
    with pytest.raises(archlint.UsageError) as caught:
        out("tagging", 36_000.0)
    assert "--requests" in caught.value.hint
    assert "tagging" not in caught.value.hint


def test_an_outage_of_what_nobody_visits_is_an_error() -> None:
    with pytest.raises(archlint.UsageError, match="no request comes to a component `none`"):
        out("none", 1.0)
    with pytest.raises(archlint.UsageError, match="has 6 replicas, not 7"):
        out("tagging", 1.0, 7)


CACHED = """
archlint: 1
workloads: {search: {from: page, rate: 150/s}}
models: {ranker: {service_time: {mean: 20ms, cv: 1}}}
components:
  page: {kind: client, calls: [api]}
  api: {kind: service, service_time: 1ms, replicas: 1, reads: [{to: answers, hit_ratio: 0.8}], calls: [server]}
  answers: {kind: cache, service_time: 1ms}
  server: {kind: model-server, serves: [ranker], replicas: 1, workers: 1}
"""


@pytest.mark.parametrize("held", [False, True])
def test_without_its_cache_a_server_gets_all_requests(held: bool) -> None:
    """30/s of 50/s become 150/s: 100/s are too many for 4 s, and 20/s are spare afterwards."""
    text = CACHED.replace("replicas: 1, reads", "replicas: 1, workers: 1000, reads") if held else CACHED
    found = simulate_system(archlint.load(text), plan=Plan(requests=14_000), outage=Asked("answers", 4.0)).results
    assert bool(found.calendar_for) == held
    assert found.outage is not None
    assert found.outage.backlog == pytest.approx(400, rel=0.15)
    assert found.outage.recovered_s is None or found.outage.recovered_s > 8


def test_a_server_behind_its_own_cache_predicts_for_all_requests_without_it() -> None:
    text = CACHED.replace(", calls: [server]", "").replace("  server:", "  other:").replace("serves: [ranker], ", "")
    text = text.replace("api: {kind: service,", "api: {kind: model-server, serves: [ranker],")
    found = simulate_system(archlint.load(text), plan=Plan(requests=30_000), outage=Asked("answers", 4.0)).results
    assert found.calendar_for == ""
    assert found.outage is not None
    assert found.outage.backlog > 300


def test_a_store_that_is_away_holds_its_requests_until_it_is_back() -> None:
    text = SHOP.replace("reads: [{to: answers, hit_ratio: 0.3}]", "reads: [answers]").replace("kind: cache", "kind: database")
    calm = simulated(archlint.load(text), workload="search")
    away = simulate_system(archlint.load(text), "search", plan=Plan(requests=40_000), outage=Asked("answers", 3.0))
    assert p99(calm) < 0.3
    assert p99(away) > 2.0

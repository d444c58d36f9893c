"""What a file states decides what is simulated."""

from __future__ import annotations

import pytest

import archlint
from archlint.errors import UsageError
from archlint.simulation.api import simulate_system
from archlint.simulation.reading import MissingFactsError
from archlint.simulation.running import Plan
from tests.simulation.systems import SHOP, centre, chain, p50, p99, simulated, stream


def test_each_component_gets_its_share_of_the_requests_and_its_work() -> None:
    found = simulated(archlint.load(SHOP))
    visits = {one.name: one.visits_per_s for one in found.results.centres}
    assert visits["api"] == pytest.approx(50, rel=0.05)
    assert visits["answers"] == pytest.approx(visits["api"], rel=0.01)
    assert visits["ranking"] == pytest.approx(35, rel=0.05)          # 30 % are hits
    assert centre(found, "ranking").utilisation == pytest.approx(35 * 0.02236 / 3, rel=0.06)
    assert "page" not in visits
    assert found.results.calendar_for == ""


def test_a_message_is_done_after_the_request_has_its_answer() -> None:
    found = simulated(archlint.load(SHOP))
    upload = stream(found, "upload")
    assert p99(found, "upload") < 0.02
    stored = upload.stored["jobs"]
    assert stored.p50 is not None
    assert stored.p50.value > 0.17
    assert centre(found, "tagging").utilisation == pytest.approx(20 * 0.2 / 6, rel=0.06)


def test_missing_facts_are_listed_with_their_places() -> None:
    text = SHOP.replace("service_time: {p50: 20ms, p99: 60ms}", "service_time: {p50: 20ms}").replace(", replicas: 6", "")
    with pytest.raises(MissingFactsError) as caught:
        simulated(archlint.load(text.replace("rate: 20/s, ", "")))
    keys = {need.identity for need in caught.value.needs}
    assert keys == {"models.ranker.service_time.p99", "components.tagging.replicas", "workloads.upload.rate"}
    assert all(mistake.spot.line > 1 for mistake in caught.value.mistakes)
    assert "`components.tagging.replicas` is missing" in caught.value.message


def test_one_workload_needs_no_facts_of_parts_that_it_does_not_use() -> None:
    system = archlint.load(SHOP.replace(", replicas: 6", "").replace("rate: 20/s, ", ""))
    found = simulated(system, workload="search")
    assert [one.name for one in found.results.streams] == ["search"]


def test_workloads_that_share_a_queue_are_simulated_together() -> None:
    admin = "  admin: {from: page, rate: 5/s, models: [ranker]}\n  upload:"
    system = archlint.load(SHOP.replace("  upload:", admin))
    assert [one.name for one in simulated(system, 2000, workload="admin").results.streams] == ["search", "admin"]


@pytest.mark.parametrize(("load", "rate"), [("mean", 50.0), ("peak", 100.0), (1.5, 75.0)])
def test_the_load(load: str | float, rate: float) -> None:
    assert stream(simulated(archlint.load(SHOP), load=load)).rate_per_s == rate


def test_peaks_of_several_workloads_are_not_taken_to_come_together() -> None:
    system = archlint.load(SHOP.replace("rate: 20/s,", "rate: 20/s, peak: 30/s,"))
    with pytest.raises(archlint.UsageError, match="2 workloads have a `peak`"):
        simulated(system, load="peak")
    assert stream(simulated(system, load="peak", workload="search")).rate_per_s == 100.0


def test_a_queue_for_each_replica_makes_the_tail_longer_than_one_for_all() -> None:
    tails = {}
    for balancing in ("pooled", "least-loaded", "round-robin", "random"):
        facts = f", replicas: 8, balancing: {balancing}"
        tails[balancing] = p99(simulated(chain(server=facts, rate="320/s"), 20_000))
    assert tails["pooled"] < tails["round-robin"] < tails["random"]
    assert tails["least-loaded"] < tails["random"]


def test_a_limit_rejects_and_keeps_the_tail_short() -> None:
    free, limited = (simulated(chain(server=facts, rate="48/s")) for facts in ("", ", replicas: 1, limit: 4"))
    assert stream(free).rejected == 0
    assert stream(limited).rejected > 0.1
    assert p99(limited) < p99(free) / 3


def test_a_request_that_waits_for_a_batch_is_slower_at_low_load_and_the_server_faster_at_high_load() -> None:
    batches = ", replicas: 1, batching: {max_size: 8, max_delay: 50ms}"
    quiet = [p50(simulated(chain(server=facts, model="20ms", rate="2/s"))) for facts in ("", batches)]
    assert quiet[1] == pytest.approx(quiet[0] + 0.05, abs=0.003)
    assert centre(simulated(chain(model="20ms", rate="100/s")), "server").unstable
    assert not simulated(chain(server=batches, model="20ms", rate="100/s")).results.unstable


def test_a_timeout_loses_the_requests_of_the_tail() -> None:
    found = simulated(chain(call=", timeout: 60ms"))
    assert 0.1 < stream(found).timed_out < 0.8
    assert p99(found) <= 0.0611 + 0.01
    assert found.results.calendar_for == ""


def test_an_optional_call_is_given_up_without_losing_the_request() -> None:
    found = simulated(chain(call=", timeout: 60ms, optional: true"))
    assert stream(found).lost == 0
    assert p99(found) < 0.08


def test_retries_raise_the_load_of_the_server() -> None:
    plain, retried = (simulated(chain(call=f", timeout: 60ms{more}"), 4000) for more in ("", ", retries: 2"))
    assert centre(retried, "server").visits_per_s > 1.15 * centre(plain, "server").visits_per_s
    assert stream(retried).timed_out < stream(plain).timed_out or centre(retried, "server").unstable


def test_a_budget_limits_the_retries() -> None:
    facts = ", timeout: 30ms, retries: 3, retry_budget: 10%"
    found = simulated(chain(call=facts, rate="20/s"), 4000)
    assert centre(found, "server").visits_per_s <= 1.12 * centre(found, "api").visits_per_s


def test_stated_workers_are_held_while_they_wait() -> None:
    found = simulated(chain(api=", workers: 2", server=", replicas: 8"), 8000)
    assert found.results.calendar_for == "the workers of api are held while they wait for others"
    assert centre(found, "api").utilisation == pytest.approx(40 * 0.021 / 2, rel=0.1)
    assert any("workers" in note for note in simulated(chain(), 1000).notes)


def test_shares_and_parallel_calls() -> None:
    system = archlint.load("""
archlint: 1
workloads: {search: {from: page, rate: 10/s}}
models: {old: {service_time: 10ms}, new: {service_time: 30ms}, both: {service_time: 50ms}}
components:
  page: {kind: client, calls: [api]}
  api:
    kind: service
    service_time: 0s
    replicas: 1
    calls:
      - {to: a, share: 0.75}
      - {to: b, share: 0.25}
      - {to: c, parallel: group}
      - {to: d, parallel: group}
  a: {kind: service, service_time: 10ms, replicas: 9}
  b: {kind: service, service_time: 30ms, replicas: 9}
  c: {kind: service, service_time: 100ms, replicas: 90}
  d: {kind: service, service_time: 20ms, replicas: 90}
""")
    found = simulated(system)
    assert centre(found, "b").visits_per_s == pytest.approx(2.5, rel=0.1)
    assert p50(found) == pytest.approx(0.11)
    assert p99(found) == pytest.approx(0.13, rel=0.1)


def test_a_call_with_a_component_as_fallback_asks_that_one() -> None:
    system = archlint.load("""
archlint: 1
workloads: {search: {from: page, rate: 10/s}}
components:
  page: {kind: client, calls: [api]}
  api: {kind: service, service_time: 1ms, replicas: 1, calls: [{to: slow, timeout: 20ms, fallback: popular}]}
  slow: {kind: service, service_time: 40ms, replicas: 9}
  popular: {kind: service, service_time: 2ms, replicas: 1}
""")
    found = simulated(system)
    assert stream(found).lost == 0
    assert p50(found) == pytest.approx(0.023)
    assert centre(found, "popular").visits_per_s == pytest.approx(centre(found, "slow").visits_per_s, rel=0.02)


def test_a_system_without_requests_has_nothing_to_simulate() -> None:
    with pytest.raises(archlint.UsageError, match="nothing to simulate"):
        simulate_system(archlint.load("archlint: 1\nworkloads: {w: {from: page, rate: 1/s}}\ncomponents: {page: {kind: client}}\n"))
    with pytest.raises(archlint.UsageError, match="no workload `none`"):
        simulate_system(archlint.load(SHOP), "none")


@pytest.mark.parametrize(
    "facts",
    [
        {"rate": "1000000000000/s"}, {"server": ", replicas: 1000000, balancing: random"}, {"model": "0s"},
        {"model": "{p50: 60ms, p99: 20ms}"}, {"model": "{mean: 1us, cv: 1000}"}, {"server": ", replicas: 1, limit: 1"},
        {"call": ", timeout: 1ns, retries: 99"}, {"server": ", replicas: 1, batching: {max_size: 1000000, max_delay: 30d}"},
    ],
)  # fmt: skip
def test_nonsense_gives_bounded_numbers_or_an_error(facts: dict[str, str]) -> None:
    try:
        found = simulate_system(chain(**facts), plan=Plan(requests=400)).results
    except archlint.UsageError:
        return
    for one in found.streams:
        assert one.p99 is None or 0 <= one.p99.value < float("inf")
    for here in found.centres:
        assert here.utilisation is None or 0 <= here.utilisation < float("inf")


def test_a_workload_of_an_unknown_client_brings_nothing() -> None:
    text = "archlint: 1\nworkloads: {a: {from: nobody, rate: 5/s}}\ncomponents: {api: {kind: service, service_time: 5ms}}\n"
    with pytest.raises(UsageError, match="nothing to simulate"):
        simulate_system(archlint.load(text), "", "mean", Plan(1, 100), None)


def test_requests_that_go_too_deep_are_refused_in_one_line() -> None:
    facts = "kind: service, service_time: {p50: 1ms, p99: 2ms}, replicas: 2, workers: 2"
    rows = "".join(f"  h{n}: {{{facts}, calls: [h{n + 1}]}}\n" for n in range(300))
    system = archlint.load(
        "archlint: 1\nworkloads: {main: {from: page, rate: 5/s, waits: true}}\n"
        f"components:\n  page: {{kind: client, calls: [h0]}}\n{rows}  h300: {{{facts}}}\n"
    )
    with pytest.raises(UsageError, match="`main` passes too many components one behind the other"):
        simulate_system(system, "", "mean", Plan(1, 300, 0.05), None)

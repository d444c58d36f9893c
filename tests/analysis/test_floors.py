"""Floors, calculated by hand."""

from __future__ import annotations

import pytest

from archlint.analysis.floor_parts import Part, in_sequence, one_of, side_by_side
from archlint.analysis.floors import Floor, FloorOf
from archlint.analysis.system import System
from archlint.verdicts import Certainty, Origin
from tests.topology.graphs import system_of


def floor_of(system: System, fraction: float = 0.99, workload: str = "main", estimated: bool = False) -> Floor:
    return FloorOf(system, system.workloads[workload], estimated).answer(fraction)


def parts_of(floor: Floor) -> list[tuple[str, float]]:
    return [(part.label, round(part.value_s, 9)) for part in floor.parts]


def test_a_chain_of_constants_is_their_sum() -> None:
    system = system_of(
        """
        client: {kind: client, calls: [{to: gateway, network: 4ms}]}
        gateway: {kind: gateway, calls: [api]}
        api: {kind: service, service_time: 3ms, reads: [features], calls: [server]}
        features: {kind: feature-store, service_time: 2ms}
        server: {kind: model-server, serves: [ranker], preprocessing: {service_time: 5ms}}
        """,
        models="ranker: {service_time: 40ms}",
    )
    floor = floor_of(system)
    assert floor.at_s == pytest.approx(0.054) == floor.least_s
    assert parts_of(floor) == [
        ("network, client to gateway", 0.004),
        ("own work of api, service time", 0.003),
        ("own work of features, service time", 0.002),
        ("server, preprocessing, service time", 0.005),
        ("model ranker, service time", 0.04),
    ]
    assert floor.certainty is Certainty.PROVEN
    assert floor.unknown == ()


def test_percentiles_do_not_add_up() -> None:
    """Two hops with the same p99: only one of them certainly takes that long; the other may take no time."""
    system = system_of(
        """
        client: {kind: client, calls: [api]}
        api: {kind: service, service_time: {p50: 10ms, p99: 80ms}, calls: [server]}
        server: {kind: model-server, serves: [ranker]}
        """,
        models="ranker: {service_time: {p50: 30ms, p95: 60ms}}",
    )
    floor = floor_of(system, 0.99)
    assert parts_of(floor) == [("own work of api, p99", 0.08)]
    assert [place.at for place in floor.unknown] == []
    floor = floor_of(system, 0.95)
    assert parts_of(floor) == [("model ranker, p95", 0.06)]
    # With `models_first`, the prediction is at the percentile, even if another hop takes more time.
    floor = FloorOf(system, system.workloads["main"], models_first=True).answer(0.99)
    assert parts_of(floor) == [("model ranker, p95", 0.06)]


@pytest.mark.parametrize(
    ("repeats", "fraction", "expected"),
    [
        (None, 0.5, 0.001),      # at p50 half of the answers come from the cache
        (None, 0.8, 0.001),      # and exactly so up to its hit ratio
        (None, 0.9, 0.051),      # p90 of all is p50 of the 20 % that miss
        (None, 0.99, 0.091),     # p99 of all is p95 of those
        (0.5, 0.8, 0.051),       # half of the inputs are new: p80 of all is p60 of the 50 % that miss
        (0.5, 0.99, 0.101),      # p99 of all is p98 of those
        (0.0, 0.5, 0.051),       # nothing repeats, nothing hits
    ],
)  # fmt: skip
def test_behind_a_prediction_cache_stand_the_misses(repeats: float | None, fraction: float, expected: float) -> None:
    said = f", repeats: {repeats}" if repeats is not None else ""
    system = system_of(
        """
        client: {kind: client, calls: [api]}
        api: {kind: service, service_time: 0ms, reads: [{to: answers, hit_ratio: 0.8}], calls: [server]}
        answers: {kind: cache, service_time: 1ms}
        server: {kind: model-server, serves: [ranker]}
        """,
        f"main: {{from: client{said}}}",
        "ranker: {service_time: {p50: 50ms, p95: 90ms, p98: 100ms, p99: 120ms}}",
    )
    assert floor_of(system, fraction).at_s == pytest.approx(expected)


def test_a_hit_on_a_prefix_skips_no_relation() -> None:
    text = """
        client: {{kind: client, calls: [api]}}
        api: {{kind: service, service_time: 0ms, reads: [{{to: prefixes{how}}}], calls: [server]}}
        prefixes: {{kind: cache, service_time: 1ms}}
        server: {{kind: model-server, serves: [ranker]}}
        """
    plain, cached = (
        floor_of(system_of(text.format(how=how), "main: {from: client}", "ranker: {service_time: 50ms}"), 0.99)
        for how in ("", ", hit_ratio: 90%, kind: prefix")
    )
    assert plain.at_s == cached.at_s


def test_a_cache_stands_before_what_is_written_after_it_only() -> None:
    system = system_of(
        """
        client: {kind: client, calls: [api]}
        api: {kind: service, service_time: 0ms, calls: [before, {to: answers, hit_ratio: 0.9}, after]}
        before: {kind: service, service_time: 20ms}
        answers: {kind: cache}
        after: {kind: service, service_time: 300ms}
        """
    )
    assert floor_of(system, 0.5).at_s == pytest.approx(0.02)
    assert floor_of(system, 0.95).at_s == pytest.approx(0.32)


def test_two_caches_let_less_through_than_one() -> None:
    """Nine of ten hit the first cache, and nine of ten of the rest the second: 1 % reach the model."""
    system = system_of(
        """
        client: {kind: client, calls: [api]}
        api: {kind: service, service_time: 0ms, calls: [{to: near, hit_ratio: 0.9}, {to: far, hit_ratio: 0.9}, slow]}
        near: {kind: cache, service_time: 1ms}
        far: {kind: cache, service_time: 4ms}
        slow: {kind: service, service_time: {p50: 500ms, p95: 900ms}}
        """
    )
    assert floor_of(system, 0.9).at_s == pytest.approx(0.001)
    assert floor_of(system, 0.95).at_s == pytest.approx(0.005)
    assert floor_of(system, 0.98).at_s == pytest.approx(0.005)
    assert floor_of(system, 0.995).at_s == pytest.approx(0.505)


def test_a_hit_saves_preprocessing_but_not_the_work_of_asking() -> None:
    system = system_of(
        """
        client: {kind: client, calls: [server]}
        server:
          kind: model-server
          serves: [ranker]
          service_time: 2ms
          preprocessing: {service_time: 30ms}
          reads: [{to: answers, hit_ratio: 0.9}]
        answers: {kind: cache}
        """,
        models="ranker: {service_time: 10ms}",
    )
    assert floor_of(system, 0.9).at_s == pytest.approx(0.002)
    assert floor_of(system, 0.95).at_s == pytest.approx(0.042)


def test_a_data_cache_saves_the_reads_behind_it_only() -> None:
    system = system_of(
        """
        client: {kind: client, calls: [api]}
        api: {kind: service, service_time: 0ms, reads: [{to: near, hit_ratio: 0.9, kind: data}, {to: rows}], calls: [slow]}
        near: {kind: cache}
        rows: {kind: database, service_time: 70ms}
        slow: {kind: service, service_time: 200ms}
        """,
        "main: {from: client, repeats: 0.1}",
    )
    assert floor_of(system, 0.5).at_s == pytest.approx(0.2)
    assert floor_of(system, 0.95).at_s == pytest.approx(0.27)


def test_data_may_be_found_for_inputs_that_are_new() -> None:
    """`repeats` limits the hits of a prediction cache, but not those of a data cache."""
    system = system_of(
        """
        client: {kind: client, calls: [api]}
        api: {kind: service, service_time: 0ms, reads: [{to: near, hit_ratio: 0.9, kind: data}, rows]}
        near: {kind: cache}
        rows: {kind: database, service_time: 70ms}
        """,
        "main: {from: client, repeats: 0.1}",
    )
    assert floor_of(system, 0.85).at_s == 0
    relation = system.components["api"].relations[0]
    assert FloorOf(system, system.workloads["main"]).hit_ratio(relation) == 0.9


def test_side_by_side_the_longest_counts() -> None:
    system = system_of(
        """
        client: {kind: client, calls: [api]}
        api: {kind: service, service_time: 1ms, calls: [{to: a, parallel: g}, {to: b, parallel: g}, c]}
        a: {kind: service, service_time: 30ms}
        b: {kind: service, service_time: {p50: 10ms, p99: 50ms}}
        c: {kind: service, service_time: 5ms}
        """
    )
    assert floor_of(system, 0.5).at_s == pytest.approx(0.036)
    assert floor_of(system, 0.99).at_s == pytest.approx(0.056)
    assert floor_of(system, 0.99).least_s == pytest.approx(0.036)


def test_what_runs_beside_a_cache_is_not_added_to_what_ran_before_it() -> None:
    """`a` and `b` run in parallel, even after a miss of the cache between them."""
    system = system_of(
        """
        client: {kind: client, calls: [api]}
        api:
          kind: service
          service_time: 0ms
          calls: [{to: a, parallel: g}, {to: answers, hit_ratio: 0.5}, {to: b, parallel: g}]
        answers: {kind: cache}
        a: {kind: service, service_time: 100ms}
        b: {kind: service, service_time: 90ms}
        """
    )
    assert floor_of(system, 0.99).at_s == pytest.approx(0.1)


def test_members_of_a_group_in_different_parallel_groups_count_as_nothing() -> None:
    system = system_of(
        """
        client: {kind: client, calls: [api]}
        api:
          kind: service
          service_time: 0ms
          calls: [{to: slow, parallel: g}, {to: b, either: x}, {to: a, parallel: g, either: x}]
        slow: {kind: service, service_time: 100ms}
        a: {kind: service, service_time: 90ms}
        b: {kind: service, service_time: 90ms}
        """
    )
    assert floor_of(system, 0.99).at_s == pytest.approx(0.1)


def test_of_alternatives_the_fastest_counts_at_the_percentile_and_at_the_least() -> None:
    system = system_of(
        """
        client: {kind: client, calls: [{to: a, either: dns}, {to: b, either: dns}]}
        a: {kind: service, service_time: 40ms}
        b: {kind: service, service_time: {p50: 60ms, p99: 90ms}}
        """
    )
    floor = floor_of(system, 0.99)
    assert floor.least_s == 0
    assert floor.at_s == pytest.approx(0.04)


def test_a_caller_may_take_another_alternative_in_time() -> None:
    system = system_of(
        """
        client: {kind: client, calls: [{to: a, either: dns, timeout: 20ms}, {to: b, either: dns, timeout: 20ms}]}
        a: {kind: service, service_time: {p50: 300ms}}
        b: {kind: service, service_time: {p50: 400ms}}
        """
    )
    floor = floor_of(system, 0.5)
    assert parts_of(floor) == [("client gives up on a and tries again", 0.02)]


def test_a_retry_may_beat_a_slow_first_attempt() -> None:
    """A tenth of the attempts hang: p95 is the timeout plus a fast second attempt."""
    system = system_of(
        """
        client: {kind: client, calls: [{to: api, timeout: 50ms, retries: 1}]}
        api: {kind: service, service_time: {p50: 10ms, p95: 10s}}
        """
    )
    assert floor_of(system, 0.5).at_s == pytest.approx(0.01)
    floor = floor_of(system, 0.95)
    assert floor.at_s == pytest.approx(0.05)
    assert floor.parts[0].at is not None and floor.parts[0].at.at == "components.client.calls[0].timeout"
    # Without retries, a late answer is a failure: the floor is not lower.
    once = system_of(
        """
        client: {kind: client, calls: [{to: api, timeout: 50ms}]}
        api: {kind: service, service_time: {p50: 10ms, p95: 10s}}
        """
    )
    assert floor_of(once, 0.95).at_s == pytest.approx(10.0)


def test_an_arm_is_met_by_the_slowest() -> None:
    """Ten percent take the slow branch: p95 of all is its p50, p99 its p90; it has no effect up to p90."""
    system = system_of(
        """
        client: {kind: client, calls: [api]}
        api: {kind: service, service_time: 2ms, calls: [{to: heavy, share: 10%}, {to: light, share: 90%}]}
        heavy: {kind: service, service_time: {p50: 200ms, p90: 350ms}}
        light: {kind: service, service_time: 8ms}
        """
    )
    assert floor_of(system, 0.9).at_s == pytest.approx(0.01)
    assert floor_of(system, 0.95).at_s == pytest.approx(0.202)
    assert floor_of(system, 0.99).at_s == pytest.approx(0.352)
    # Every request takes one of the two: its least time is the shorter one of theirs.
    assert floor_of(system, 0.99).least_s == pytest.approx(0.002)


def test_arms_that_are_the_whole_take_as_long_as_the_quickest() -> None:
    """Each branch gets half of the requests and takes a second: so does every percentile."""
    arms = "{to: a, share: 50%}, {to: b, share: 50%}"
    times = "service_time: {p50: 1s, p90: 2s}"
    system = system_of(
        f"""
        client: {{kind: client, calls: [{arms}]}}
        a: {{kind: service, {times}}}
        b: {{kind: service, {times}}}
        """
    )
    assert floor_of(system, 0.5).at_s == pytest.approx(1.0)
    assert floor_of(system, 0.95).at_s == pytest.approx(2.0)


def test_a_floor_of_alternatives_is_as_certain_as_the_least_certain() -> None:
    proven = Floor(at_s=1.0, parts=(Part("a", 1.0, Origin.STATED),))
    guessed = Floor(at_s=5.0, certainty=Certainty.HEURISTIC)
    floor = one_of([proven, guessed])
    assert (floor.at_s, floor.certainty) == (1.0, Certainty.HEURISTIC)
    assert in_sequence([floor, Floor(0.5, 0.5)]).certainty is Certainty.HEURISTIC
    assert side_by_side([proven, guessed]).certainty is Certainty.HEURISTIC


def test_what_an_answer_can_do_without_counts_as_nothing() -> None:
    system = system_of(
        """
        client: {kind: client, calls: [api]}
        api: {kind: service, service_time: 2ms, calls: [{to: a, optional: true}, {to: b, fallback: none}, {to: c, when: x}]}
        a: {kind: service, service_time: 1s}
        b: {kind: service, service_time: 1s}
        c: {kind: service, service_time: 1s}
        """
    )
    assert floor_of(system).at_s == pytest.approx(0.002)


def test_a_component_reached_twice_counts_twice() -> None:
    system = system_of(
        """
        client: {kind: client, calls: [api]}
        api: {kind: service, service_time: 1ms, calls: [a, b]}
        a: {kind: service, service_time: 2ms, reads: [rows]}
        b: {kind: service, service_time: 3ms, reads: [rows]}
        rows: {kind: database, service_time: 10ms}
        """
    )
    floor = floor_of(system)
    assert floor.at_s == pytest.approx(0.026)
    assert [label for label, _ in parts_of(floor)].count("own work of rows, service time") == 2

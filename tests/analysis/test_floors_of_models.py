"""Floors of requests that run several models: which ones, what is unknown, how certain each part is."""

from __future__ import annotations

import pytest

from archlint.verdicts import Certainty, Origin
from tests.analysis.test_floors import floor_of, parts_of
from tests.topology.graphs import system_of

PIPELINE = """
    client: {kind: client, calls: [server]}
    server: {kind: model-server, serves: [ranker, tagger]}
"""
TWO = "ranker: {service_time: 10ms}\ntagger: {service_time: 20ms}"


@pytest.mark.parametrize(
    ("workloads", "expected"),
    [
        ("main: {from: client, models: [ranker, tagger]}", 0.03),       # in sequence, as stated
        ("main: {from: client, models: [ranker]}", 0.01),
        ("main: {from: client}", 0.02),                                 # all of them, at best in parallel
        ("main: {from: client}\nother: {from: client}", 0.01),          # the model is not stated: any one alone
        ("main: {from: client}\nother: {from: client, models: [tagger]}", 0.02),
    ],
)  # fmt: skip
def test_which_models_a_request_runs(workloads: str, expected: float) -> None:
    assert floor_of(system_of(PIPELINE, workloads, TWO)).at_s == pytest.approx(expected)


def test_what_nobody_states_is_named_and_counts_as_nothing() -> None:
    system = system_of(
        """
        client: {kind: client, calls: [gateway]}
        gateway: {kind: gateway, calls: [api]}
        api: {kind: service, calls: [server], reads: [{to: rows, optional: true}]}
        server: {kind: model-server, serves: [ranker, tagger], preprocessing: {hardware: {cpu: 1}}}
        rows: {kind: database}
        """,
        models="ranker: {}\ntagger: {service_time: {p50: 9ms}}",
    )
    floor = floor_of(system, 0.99)
    assert floor.at_s == pytest.approx(0.009)
    assert [place.at for place in floor.unknown] == [
        "components.api.service_time", "components.server.preprocessing.service_time",
        "models.ranker.service_time", "models.tagger.service_time.p99",
    ]  # fmt: skip


def test_what_hardly_anybody_meets_is_not_asked_for() -> None:
    system = system_of(
        """
        client: {kind: client, calls: [api]}
        api: {kind: service, service_time: 1ms, reads: [{to: answers, hit_ratio: 0.99}], calls: [server]}
        answers: {kind: cache}
        server: {kind: model-server, serves: [ranker]}
        """
    )
    assert floor_of(system, 0.95).unknown == ()
    assert [place.at for place in floor_of(system, 0.999).unknown] == ["models.ranker.service_time"]


def test_callers_that_wait_in_a_circle_end() -> None:
    system = system_of(
        """
        client: {kind: client, calls: [a]}
        a: {kind: service, service_time: 1ms, calls: [b]}
        b: {kind: service, service_time: 2ms, calls: [a, client]}
        """
    )
    assert floor_of(system).at_s == pytest.approx(0.003)


def test_estimates_come_with_their_certainty() -> None:
    system = system_of(
        """
        client: {kind: client, calls: [server]}
        server: {kind: model-server, serves: [ranker]}
        """,
        models="ranker: {service_time: {p50: 100ms, p99: 400ms}}",
    )
    bound, estimate = floor_of(system, 0.95), floor_of(system, 0.95, estimated=True)
    assert (bound.at_s, bound.certainty) == (0.1, Certainty.PROVEN)
    assert estimate.at_s == pytest.approx(0.1 * 4 ** (1.6448536 / 2.3263479))
    assert estimate.certainty is Certainty.ESTIMATED
    assert estimate.parts[0].origin is Origin.DERIVED and estimate.parts[0].model == "ranker"


def test_a_hint_of_the_hardware_counts_among_estimates_only() -> None:
    """A forest of trees is not read completely: the artefact's size proves nothing."""
    components = """
        client: {kind: client, calls: [server]}
        server: {kind: model-server, serves: [ranker], hardware: {gpu: t4}}
    """
    sized = system_of(components, models="ranker: {artifact: 3.2GB}")
    assert floor_of(sized).at_s == 0
    hint = floor_of(sized, estimated=True)
    assert hint.at_s == pytest.approx(0.01)
    assert hint.certainty is Certainty.HEURISTIC
    dense = system_of(components, models="ranker: {parameters: 800M, precision: fp32, family: cnn}")
    assert floor_of(dense).at_s == pytest.approx(0.01)
    assert floor_of(dense).certainty is Certainty.PROVEN


def test_very_many_parts_are_shown_as_the_largest_and_the_rest() -> None:
    hops = [f"h{n}: {{kind: service, service_time: {n}ms, calls: [h{n + 1}]}}" for n in range(1, 100)]
    hops = ["client: {kind: client, calls: [h1]}", *hops, "h100: {kind: service, service_time: 100ms}"]
    system = system_of("\n".join(hops))
    floor = floor_of(system)
    assert floor.at_s == pytest.approx(5.05)
    assert sum(part.value_s for part in floor.parts) == pytest.approx(5.05)
    labels = [label for label, _ in parts_of(floor)]
    assert "own work of h100, service time" in labels and "own work of h50, service time" not in labels
    assert sum(part.count for part in floor.parts) == 100
    assert labels[-1].endswith(" smaller parts")


def test_workloads_that_enter_alike_share_what_is_worked_out() -> None:
    system = system_of(
        """
        web: {kind: client, calls: [{to: api, network: 9ms}]}
        app: {kind: client, calls: [{to: api, network: 1ms}]}
        api: {kind: service, service_time: 5ms}
        """,
        "web: {from: web}\napp: {from: app}",
    )
    assert floor_of(system, workload="web").at_s == pytest.approx(0.014)
    assert floor_of(system, workload="app").at_s == pytest.approx(0.006)
    assert len(system.floor_memories) == 1


def test_workloads_that_enter_alike_but_repeat_differently_do_not_share() -> None:
    system = system_of(
        """
        client: {kind: client, calls: [api]}
        api: {kind: service, service_time: 0ms, reads: [{to: answers, hit_ratio: 0.9}], calls: [slow]}
        answers: {kind: cache}
        slow: {kind: service, service_time: 1s}
        """,
        "same: {from: client, repeats: 0.9}\nnew: {from: client, repeats: 0}",
    )
    assert floor_of(system, 0.5, "same").at_s == 0
    assert floor_of(system, 0.5, "new").at_s == pytest.approx(1.0)


def test_a_chain_of_caches_needs_no_recursion() -> None:
    hops = []
    for n in range(3000):
        cache = f"reads: [{{to: answers, hit_ratio: 0.0001}}], calls: [h{n + 1}]"
        hops.append(f"h{n}: {{kind: service, service_time: 1ms, {cache}}}")
    text = "\n".join(["client: {kind: client, calls: [h0]}", "answers: {kind: cache}", *hops])
    system = system_of(f"{text}\nh3000: {{kind: service, service_time: 1ms}}")
    assert floor_of(system, 0.5).at_s == pytest.approx(3.001)

"""CAP001: more work than all workers of a component can do."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archlint
from archlint.analysis.arrivals import Arrivals
from archlint.checks import overloaded
from archlint.verdicts import Hit, NoParams
from tests.checks.linting import Said, lint

AT = "components.s.replicas"


def text(
    workload: str = "rate: 100/s, peak: 1k/s", server: str = "replicas: 2, workers: 1", model: str = "service_time: 40ms",
    more: str = "", calls: str = "{to: s}",
) -> str:
    return f"""
workloads: {{w: {{from: app, models: [m], {workload}}}}}
models: {{m: {{{model}}}}}
components:
  app: {{kind: client, calls: [{calls}]}}
  s: {{kind: model-server, serves: [m], {server}}}
{more}"""


def found(**changes: str) -> Said:
    return lint("CAP001", text(**changes))


def test_twice_the_capacity_is_proven_and_says_how_fast_the_queue_grows() -> None:
    said = found(workload="rate: 100/s, peak: 1k/s, slo: {latency: {p99: 100ms}}")
    finding = said.findings[AT]
    assert (finding.severity, finding.certainty) == ("error", "proven")
    assert "100/s x 40 ms keep 4 workers busy, but it has 2" in finding.message
    assert "grows by 50/s" in finding.message
    # 50/s more than the 50/s that it handles: the wait reaches 60 ms of the 100 ms after 60 ms.
    assert "so the queue grows by 50/s, and after 60 ms new requests miss p99 <= 100 ms; it needs" in finding.message
    assert "at least 5 replicas (41 at the peak)" in finding.message
    assert said.term(AT, "utilisation") == pytest.approx(2)
    assert finding.loss == pytest.approx(0.5)


def test_a_peak_alone_is_enough() -> None:
    finding = found(workload="rate: 10/s, peak: 60/s").findings[AT]
    assert finding.certainty == "proven"
    assert "at the peak of `w`" in finding.message


@pytest.mark.parametrize(
    ("server", "at"),
    [
        ("autoscale: {min: 2, max: 39}, workers: 1", "components.s.autoscale.max"),
        ("replicas: {min: 2, max: 39}, workers: 1", "components.s.replicas.max"),
        ("replicas: 2, autoscale: {min: 2, max: 19}, workers: 2", "components.s.autoscale.max"),
    ],
)
def test_the_largest_number_of_replicas_decides(server: str, at: str) -> None:
    assert found(server=server).places == {at}


@pytest.mark.parametrize(
    "server",
    [
        "autoscale: {min: 2, max: 41}, workers: 1",
        "replicas: 2, workers: 21",
        "replicas: 2, workers: 1, batching: {max_size: 32}",
        "replicas: 2, workers: 1, max_sequences: 64",
    ],
)
def test_enough_workers_pass(server: str) -> None:
    assert found(server=server) == Said({}, {})


def test_percentiles_prove_what_they_allow_and_a_fit_is_an_estimate() -> None:
    proven = found(workload="rate: 1/s, peak: 100/s", model="service_time: {p50: 50ms, p90: 100ms}")
    assert proven.findings[AT].certainty == "proven"                     # 100/s x 30 ms at least, on two workers
    fitted = found(workload="rate: 1/s, peak: 50/s", model="service_time: {p50: 40ms, p90: 60ms}")
    finding = fitted.findings[AT]                                        # 1.1 workers at least, 2.1 by the fit
    assert (finding.severity, finding.certainty) == ("warning", "estimated")
    assert finding.band is not None
    assert finding.band[0] < 1 <= finding.band[1]


def test_a_utilisation_of_exactly_one_is_no_proof() -> None:
    finding = found(workload="rate: 10/s, peak: 50/s").findings[AT]
    assert finding.certainty == "estimated"
    assert "does not drain" in finding.message
    assert found(workload="rate: 10/s, peak: 49/s") == Said({}, {})


@pytest.mark.parametrize(
    ("calls", "share"),
    [
        ("{to: s, share: 25%}", 0.25), ("{to: s, when: the first answer is unsure}", 0.0),
        ("{to: s, either: x}, {to: t, either: x}", 0.0), ("{to: k, hit_ratio: 75%}, {to: s}", 0.25),
        ("{to: k, hit_ratio: 75%, kind: data}, {to: s}", 1.0), ("{to: k, ttl: 1h}, {to: s}", 0.0),
        ("{to: k, hit_ratio: 50%}, {to: s, share: 50%}", 0.25), ("{to: t, share: 70%}, {to: s, share: 30%}", 0.3),
        ("{to: s, retries: 5, timeout: 1s}", 1.0), ("{to: t, fallback: s}", 0.0), ("{to: s, optional: true}", 1.0),
        ("{to: s, optional: true, share: 10%}", 0.1),
    ],
)  # fmt: skip
def test_only_requests_that_must_arrive_prove(calls: str, share: float) -> None:
    more = "  k: {kind: cache}\n  t: {kind: service}\n"
    system = archlint.load("archlint: 1\n" + text(calls=calls, more=more))
    arrivals = {arrival.workload.name: arrival.visits for arrival in Arrivals(system).at("s")}
    assert arrivals.get("w", 0.0) == pytest.approx(share)


def test_workloads_add_up_at_their_means_and_peaks_do_not() -> None:
    two = """
workloads:
  w: {from: app, rate: 5/s, peak: 40/s, models: [m]}
  v: {from: app, rate: %s, peak: 40/s, models: [m]}
models: {m: {service_time: 40ms}}
components:
  app: {kind: client, calls: [s]}
  s: {kind: model-server, serves: [m], replicas: 2, workers: 1}
"""
    assert lint("CAP001", two % "50/s").findings[AT].certainty == "proven"
    assert lint("CAP001", two % "15/s").findings[AT].certainty == "estimated"    # the peak of one, beside the other
    assert lint("CAP001", two % "5/s") == Said({}, {})


@pytest.mark.parametrize(
    ("changes", "needs"),
    [
        ({"server": "replicas: 2"}, ("components.s.workers",)),
        ({"server": "workers: 1"}, ("components.s.replicas",)),
        ({"server": "autoscale: {min: 2}, workers: 1"}, ("components.s.autoscale.max",)),
        ({"server": "replicas: 2, workers: 1, batching: {}"}, ("components.s.batching.max_size",)),
        ({"model": "version: 1"}, ("models.m.service_time",)),
        ({"workload": "waits: true"}, ("workloads.w.rate",)),
        ({"workload": "rate: 1/s"}, ("workloads.w.peak",)),
    ],
)
def test_a_missing_fact_is_a_question(changes: dict[str, str], needs: tuple[str, ...]) -> None:
    said = found(**changes)
    assert said.undecided == {"components.s": needs}
    assert not said.findings


@pytest.mark.parametrize(
    "changes",
    [
        {"server": "uses: fastapi", "model": "version: 1", "workload": "waits: true"},      # a sketch
        {"server": "workers: 1", "workload": "rate: 1/s, peak: 20/s"},            # one replica is enough
        {"server": "uses: aws-lambda"},                                           # an instance for each request
        {"model": "ttft: 1s, tpot: 20ms"},                                        # tokens: another capacity
    ],
)
def test_what_no_fact_can_make_wrong_is_silent(changes: dict[str, str]) -> None:
    assert found(**changes) == Said({}, {})


def test_a_model_on_two_servers_of_one_path_is_not_taken_twice() -> None:
    more = "  t: {kind: model-server, serves: [m], replicas: 2, workers: 1}\n"
    assert found(calls="{to: s}, {to: t}", more=more) == Said({}, {})
    split = found(calls="{to: s, share: 50%}, {to: t, share: 50%}", more=more, workload="rate: 1/s, peak: 200/s")
    assert split.places == {AT, "components.t.replicas"}


def test_of_models_that_may_all_run_only_the_fastest_is_certain() -> None:
    several = """
workloads: {w: {from: app, rate: 1/s, peak: 60/s%s}}
models: {m: {service_time: 40ms}, n: {service_time: 30ms}, o: {%s}}
components:
  app: {kind: client, calls: [s]}
  s: {kind: model-server, serves: [m, n, o], replicas: 2, workers: 1}
"""
    assert lint("CAP001", several % ("", "service_time: 1ms")) == Said({}, {})
    assert lint("CAP001", several % ("", "tpot: 1ms")) == Said({}, {})
    assert lint("CAP001", several % (", models: [m, n]", "service_time: 1ms")).findings[AT].certainty == "proven"


def test_a_limit_rejects_what_the_queue_does_not_take() -> None:
    assert "at least 50 % of the requests are rejected" in found(
        server="replicas: 2, workers: 1, limit: 10"
    ).findings[AT].message


@pytest.mark.parametrize(
    "changes",
    [
        {"workload": "rate: 0/s, peak: 0/s"},
        {"model": "service_time: 0s"},
        {"workload": "rate: 1000000000000/s, peak: 1T/s"},
        {"server": "replicas: 1M, workers: 1M"},
        {"server": "replicas: 0, workers: 1"},
        {"server": "autoscale: {min: 0, max: 0}, workers: 1"},
        {"model": "service_time: {p50: 1000d, p99: 1ns}"},
        {"model": "service_time: {mean: 1ms, cv: 1000000}"},
    ],
)
def test_nonsense_gives_finite_numbers(changes: dict[str, str]) -> None:
    for finding in found(**changes).findings.values():
        assert "nan" not in finding.message
        assert "inf" not in finding.message
        assert all(math.isfinite(term.value) for term in finding.terms if isinstance(term.value, float))


def hits(rate: int, peak: int, millis: int, replicas: int, workers: int, unit: str = "s") -> set[str]:
    """The places that fail; rates are per second, or the same in another unit."""
    scale = {"s": 1, "min": 60, "h": 3600}[unit]
    system = archlint.load("archlint: 1\n" + text(
        workload=f"rate: {rate * scale}/{unit}, peak: {peak * scale}/{unit}",
        server=f"replicas: {replicas}, workers: {workers}", model=f"service_time: {millis}ms",
    ))  # fmt: skip
    return {v.at.at for v in overloaded.check(system, NoParams()) if isinstance(v, Hit)}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 99), st.integers(0, 999), st.integers(0, 99), st.integers(1, 9), st.integers(1, 9), st.data())
def test_more_requests_never_help_and_more_replicas_never_harm(
    rate: int, peak: int, millis: int, replicas: int, workers: int, data: st.DataObject
) -> None:
    before = hits(rate, peak, millis, replicas, workers)
    assert hits(rate, peak, millis, replicas, workers, data.draw(st.sampled_from(["min", "h"]))) == before
    more = data.draw(st.integers(1, 9))
    assert before <= hits(rate + more, peak, millis, replicas, workers)
    assert before <= hits(rate, peak + more, millis, replicas, workers)
    assert before <= hits(rate, peak, millis + more, replicas, workers)
    assert hits(rate, peak, millis, replicas + more, workers) <= before
    assert hits(rate, peak, millis, replicas, workers + more) <= before
    assert bool(before) == (max(rate, peak) * millis >= 1000 * replicas * workers)


GENERATING = """
workloads: {chat: {from: app, rate: RATE, tokens: {in: 1500, out: 300}, stream: true}}
models:
  llama: {parameters: 70B, precision: fp16, family: transformer, layers: 80, kv_heads: 8, head_dim: 128}
components:
  app: {kind: client, calls: [{to: llm, timeout: 60s}]}
  llm: {kind: model-server, serves: [llama], replicas: 2, tensor_parallel: 4, hardware: {gpu: h100, gpus: 4}}
"""


def test_more_tokens_than_the_accelerators_can_make_are_an_estimate() -> None:
    # 2 x 70e9 operations for each of 1,800 tokens, on 2 x 4 x 989 TFLOPS: 31.4 answers a second at best.
    finding = lint("CAP001", GENERATING.replace("RATE", "40/s")).findings["components.llm.replicas"]
    assert finding.message == (
        "`llm` is overloaded: 40/s answers of 300 tokens arrive, but its replicas (2) make about 31.4/s; "
        "it needs about 3 replicas"
    )
    assert finding.certainty == "estimated"
    assert lint("CAP001", GENERATING.replace("RATE", "30/s")).findings == {}

"""SRV001: the arithmetic by hand, near misses, and the questions about missing facts."""

from __future__ import annotations

import pytest

from archlint import load
from archlint.checks.online_bigsize import Params, check
from archlint.verdicts import Hit
from tests.checks.linting import lint

HEAD = """
workloads:
  rank: {from: shop, rate: 40/s, stream: false, SLO}
models: {ranker: {MODEL}}
components:
  shop: {kind: client, calls: [{to: api, timeout: 1s}]}
  api: {kind: load-balancer, calls: [CALLS]}
  server: {kind: model-server, serves: [ranker], SERVER}
"""
AT = "models.ranker.service_time"


def text(slo: str, model: str, server: str = "", calls: str = "server", more: str = "") -> str:
    facts = HEAD.replace("SLO", slo).replace("MODEL", model).replace("SERVER", server).replace("CALLS", calls)
    return facts + more


@pytest.mark.parametrize(("objective", "violated"), [("2s", False), ("80ms", False), ("79ms", True), ("50ms", True)])
def test_the_time_decides_and_not_the_size(objective: str, violated: bool) -> None:
    for size in ("200MB", "4GB"):
        found = lint("SRV001", text(f"slo: {{latency: {{p95: {objective}}}}}", f"artifact: {size}, service_time: 80ms"))
        assert found.places == ({AT} if violated else set())
        assert found.undecided == {}


def test_the_message_says_who_asks_how_much_and_why_replicas_do_not_help() -> None:
    finding = lint("SRV001", text("slo: {latency: {p95: 50ms}}", "service_time: 80ms")).findings[AT]
    assert finding.message == (
        "`rank` needs p95 <= 50 ms, but `ranker` alone takes at least 80 ms on idle servers (30 ms over); "
        "more replicas won't help"
    )
    assert (finding.severity, finding.certainty) == ("error", "proven")
    assert finding.loss == pytest.approx(1 - 50 / 80)


@pytest.mark.parametrize(
    ("model", "server", "certainty"),
    [
        ("", "", "heuristic"), ("", "uses: triton", "heuristic"), ("family: transformer, ", "", "heuristic"),
        ("framework: pytorch, ", "", "heuristic"), ("family: cnn, ", "", "proven"), ("framework: xgboost, ", "", "proven"),
        ("", "uses: tei", "proven"),
    ],
)  # fmt: skip
def test_without_a_word_on_streaming_the_time_of_a_whole_answer_is_a_hint(
    model: str, server: str, certainty: str
) -> None:
    facts = text("slo: {latency: {p95: 50ms}}", f"{model}service_time: 80ms", server).replace("stream: false, ", "")
    finding = lint("SRV001", facts).findings[AT]
    assert (finding.certainty, finding.severity) == (certainty, "error" if certainty == "proven" else "warning")
    assert "`ranker` alone takes at least 80 ms" in finding.message
    assert ("workloads.rank.stream" in [related.at for related in finding.related]) == (certainty == "heuristic")


def test_a_model_over_the_objective_is_named_with_what_the_whole_path_takes() -> None:
    found = lint("SRV001", text("slo: {latency: {p95: 4s}}", "service_time: 8s", "service_time: 40ms"))
    assert found.findings[AT].message == (
        "`rank` needs p95 <= 4 s, but `ranker` alone takes 8 s (path p95 is at least 8.04 s: 4.04 s over); "
        "more replicas won't help"
    )


def test_hops_add_up_one_of_them_at_the_percentile() -> None:
    # 4 ms + 25 ms + the p95 of the model, 35 ms = 64 ms; its p50 would give 57 ms.
    found = lint("SRV001", text(
        "slo: {latency: {p95: 60ms}}", "service_time: {p50: 28ms, p95: 35ms}", "service_time: 4ms, reads: [features]",
        more="  features: {kind: feature-store, service_time: 25ms}\n",
    ))  # fmt: skip
    assert found.term(AT, "floor") == pytest.approx(0.064)
    assert found.findings[AT].message == (
        "`rank` needs p95 <= 60 ms, but its path takes at least 64 ms on idle servers (4 ms over), "
        "35 ms of it in `ranker`; more replicas won't help"
    )
    assert found.cures(AT)[:2] == ["smaller-model", "data-cache"]


def test_in_parallel_the_longest_decides() -> None:
    facts = text(
        "slo: {latency: {p95: 50ms}}", "service_time: 40ms", calls="{to: server, parallel: x}, {to: users, parallel: x}",
        more="  users: {kind: service, service_time: 30ms}\n",
    )  # fmt: skip
    assert lint("SRV001", facts).places == set()
    assert lint("SRV001", facts.replace(", parallel: x", "")).term(AT, "floor") == pytest.approx(0.07)


def test_time_outside_the_model_is_shown_and_a_smaller_model_is_no_fix() -> None:
    found = lint("SRV001", text(
        "slo: {latency: {p95: 60ms}}", "service_time: 5ms", "reads: [features]",
        more="  features: {kind: database, service_time: 90ms}\n",
    ))  # fmt: skip
    assert "5 ms of it in `ranker` and 90 ms outside the models" in found.findings[AT].message
    assert "smaller-model" not in found.cures(AT)
    assert found.cures(AT)[0] == "data-cache"


CACHE = "  known: {kind: cache}\n"


@pytest.mark.parametrize(
    ("slo", "ratio", "repeats", "violated"),
    [
        ("p50: 100ms", "60%", "", False),  # more than half are hits
        ("p50: 100ms", "60%", "repeats: 10%, ", True),  # a cache cannot hit what does not repeat
        ("p50: 100ms", "40%", "", True),  # the median is a miss
        ("p99: 100ms", "90%", "", True),  # the p90 of the misses is 120 ms
        ("p99: 125ms", "90%", "", False),
        ("p99: 100ms", "99%", "", False),  # the p99 is the slowest hit
    ],
)
def test_behind_a_cache_the_percentile_of_the_misses_decides(slo: str, ratio: str, repeats: str, violated: bool) -> None:
    found = lint("SRV001", text(
        f"{repeats}slo: {{latency: {{{slo}}}}}", "service_time: {p16: 110ms, p90: 120ms, p99: 200ms}",
        calls=f"{{to: known, hit_ratio: {ratio}}}, server", more=CACHE,
    ))  # fmt: skip
    assert found.places == ({AT} if violated else set())


def test_the_misses_are_explained() -> None:
    found = lint("SRV001", text(
        "slo: {latency: {p99: 100ms}}", "service_time: {p50: 40ms, p90: 120ms, p99: 200ms}",
        calls="{to: known, hit_ratio: 90%}, server", more=CACHE,
    ))  # fmt: skip
    (term,) = [term for term in found.findings[AT].terms if term.name == "model_time"]
    assert term.value == pytest.approx(0.12)
    assert term.note == "overall p99 >= p90 of the 10 % of requests here"


def test_a_canary_of_half_a_per_cent_does_not_make_the_p99() -> None:
    slow = "service_time: 400ms}, big: {service_time: 10ms"
    calls = "{to: server, share: 0.5%}, {to: other, share: 99.5%}"
    more = "  other: {kind: model-server, serves: [big]}\n"
    assert lint("SRV001", text("slo: {latency: {p99: 100ms}}", slow, calls=calls, more=more)).places == set()
    assert lint("SRV001", text("slo: {latency: {p99.9: 100ms}}", slow, calls=calls, more=more)).places == {AT}


def test_of_two_servers_that_can_answer_the_faster_one_decides() -> None:
    more = "  other: {kind: model-server, serves: [small]}\n"
    models = "service_time: 400ms}, small: {service_time: 10ms"
    calls = "{to: server, either: x}, {to: other, either: x}"
    assert lint("SRV001", text("slo: {latency: {p99: 100ms}}", models, calls=calls, more=more)).places == set()


def test_the_weights_have_to_be_read_once() -> None:
    # 70e9 parameters x 2 B / (2 x 2039e9 B/s) = 34.33 ms, on two A100 with 80 GB.
    for family, certainty in (("cnn", "proven"), ("transformer", "estimated")):         # perhaps a mixture of experts
        found = lint("SRV001", text(
            "slo: {latency: {p50: 30ms}}", f"parameters: 70B, precision: bf16, family: {family}", "hardware: {gpu: a100-80gb, gpus: 2}"
        ))  # fmt: skip
        at = "models.ranker.parameters"
        assert found.term(at, "floor") == pytest.approx(140e9 / (2 * 2039e9))
        assert found.findings[at].certainty == certainty


@pytest.mark.parametrize(
    ("model", "server", "asked"),
    [
        ("parameters: 70B", "hardware: {gpu: a100-80gb, gpus: 2}", "models.ranker.precision"),
        ("precision: bf16", "hardware: {gpu: a100-80gb, gpus: 2}", "models.ranker.parameters"),
        ("parameters: 70B, precision: bf16", "", "components.server.hardware"),
        ("parameters: 70B, precision: bf16", "hardware: {cpu: 8}", "components.server.hardware.gpu"),
    ],
)
def test_the_hardware_floor_asks_for_the_one_fact_that_is_missing(model: str, server: str, asked: str) -> None:
    found = lint("SRV001", text("slo: {latency: {p50: 30ms}}", model, server))
    assert found.places == set()
    needs = found.undecided["workloads.rank.slo.latency"]
    assert needs[:2] == ("models.ranker.service_time", asked)


def test_the_size_of_the_artefact_alone_is_a_hint() -> None:
    # 64 GB / 320 GB/s = 200 ms on a T4, if all of it is read: a table would not be.
    found = lint("SRV001", text("slo: {latency: {p99: 100ms}}", "artifact: 64GB", "hardware: {gpu: t4}"))
    finding = found.findings["models.ranker.artifact"]
    assert (finding.certainty, finding.severity) == ("heuristic", "warning")
    assert "takes about 200 ms" in finding.message


def test_between_stated_percentiles_it_is_an_estimate_with_its_band() -> None:
    found = lint("SRV001", text("slo: {latency: {p95: 1.2s}}", "service_time: {p50: 850ms, p99: 1.6s}"))
    finding = found.findings[AT]
    assert (finding.certainty, finding.severity) == ("estimated", "warning")
    assert finding.band == pytest.approx((0.85, 1.6))
    assert 1.2 < float(found.term(AT, "floor")) < 1.6


def test_a_percentile_that_nothing_says_is_asked_for() -> None:
    found = lint("SRV001", text("slo: {latency: {p99: 100ms}}", "service_time: {p50: 20ms}"))
    assert found.undecided == {"workloads.rank.slo.latency": ("models.ranker.service_time.p99",)}


def test_models_are_asked_for_before_other_hops() -> None:
    found = lint("SRV001", text(
        "slo: {latency: {p99: 100ms}}", "", "reads: [features]", more="  features: {kind: database}\n"
    ))  # fmt: skip
    needs = found.undecided["workloads.rank.slo.latency"]
    assert needs == ("models.ranker.service_time", "components.features.service_time")


def test_without_an_objective_nothing_is_asked() -> None:
    found = lint("SRV001", text("waits: true", "service_time: 30s"))
    assert (found.places, found.undecided) == (set(), {})


def test_behind_a_queue_it_is_not_online() -> None:
    found = lint(
        "SRV001",
        """
        workloads: {judge: {from: app, slo: {latency: {p95: 1s}}}}
        models: {net: {service_time: 5s}}
        components:
          app: {kind: client, publishes: [jobs]}
          jobs: {kind: queue}
          worker: {kind: worker, consumes: [jobs], serves: [net]}
        """,
    )
    assert found.places == set()


def test_independent_models_of_one_server_do_not_add_up() -> None:
    # Neither workload says which model it runs: either of the two may be all that a request runs.
    facts = """
        workloads: {one: {from: app, slo: {latency: {p95: 100ms}}}, two: {from: app}}
        models: {x: {service_time: 60ms}, y: {service_time: 70ms}}
        components:
          app: {kind: client, calls: [server]}
          server: {kind: model-server, serves: [x, y]}
        """
    assert lint("SRV001", facts).places == set()
    assert lint("SRV001", facts.replace("one: {", "one: {models: [x, y], ")).places == {"models.y.service_time"}


def test_several_workloads_that_wait_for_one_model_are_one_finding() -> None:
    found = lint("SRV001", text("slo: {latency: {p95: 50ms}}", "service_time: 80ms").replace(
        "workloads:", "workloads:\n  tight: {from: shop, stream: false, slo: {latency: {p95: 20ms}}}"
    ))  # fmt: skip
    finding = found.findings[AT]
    assert finding.message.startswith("`tight` needs p95 <= 20 ms")
    assert [related.at for related in finding.related] == [
        "workloads.tight.slo.latency", "workloads.rank.slo.latency", "components.server.serves",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("workload", "cures"),
    [
        ("waits: true, inputs: on-request, repeats: 10%", ["smaller-model", "multiple-stage"]),
        ("waits: true, inputs: on-request, repeats: 96%", ["smaller-model", "prediction-cache", "multiple-stage"]),
        ("waits: false, inputs: on-request, repeats: 0", ["smaller-model", "asynchronous", "multiple-stage"]),
        ("waits: true, inputs: known, repeats: 0", ["smaller-model", "batch", "multiple-stage"]),
    ],
)
def test_only_fixes_that_help_are_named(workload: str, cures: list[str]) -> None:
    found = lint("SRV001", text(f"{workload}, slo: {{latency: {{p95: 50ms}}}}", "service_time: 80ms"))
    assert found.cures(AT) == cures


def test_the_margin_is_a_parameter() -> None:
    system = load("archlint: 1\n" + text("slo: {latency: {p95: 50ms}}", "service_time: 80ms"))
    assert [verdict for verdict in check(system, Params(margin=1.5)) if isinstance(verdict, Hit)]
    assert not list(check(system, Params(margin=1.7)))


@pytest.mark.parametrize(
    ("call", "model", "violated"),
    [
        ("fallback: the popular ones", "80ms", True),  # the fallback answers after a failure
        ("fallback: the popular ones, timeout: 200ms", "80ms", True),
        ("fallback: the popular ones, timeout: 60ms", "80ms", True),  # it answers, but after 60 ms
        ("fallback: the popular ones, timeout: 45ms", "80ms", False),
        ("fallback: the popular ones, timeout: 200ms", "40ms", False),
        ("optional: true", "80ms", True),
        ("fallback: the popular ones, share: 1%", "80ms", False),  # few requests take it
    ],
)
def test_a_fallback_does_not_answer_for_a_model_that_is_slow(call: str, model: str, violated: bool) -> None:
    found = lint(
        "SRV001", text("slo: {latency: {p95: 50ms}}", f"service_time: {model}", calls=f"{{to: server, {call}}}")
    )
    assert found.places == ({AT} if violated else set())
    assert found.undecided == {}


def test_what_is_waited_for_until_the_timeout_is_shown() -> None:
    call = "{to: server, fallback: the popular ones, timeout: 60ms}"
    found = lint("SRV001", text("slo: {latency: {p95: 50ms}}", "service_time: 80ms", calls=call))
    assert found.term(AT, "floor") == pytest.approx(0.06)
    assert "components.api.calls[0]" in [related.at for related in found.findings[AT].related]


def test_a_longer_branch_beside_it_does_not_hide_a_model() -> None:
    """Whatever runs in parallel with the model, the answer takes at least as long as the model."""
    import archlint

    for other in ("299ms", "301ms", "45s"):
        report = archlint.check(f"""
archlint: 1
workloads: {{rank: {{from: page, models: [m], slo: {{latency: {{p99: 100ms}}}}}}}}
models: {{m: {{service_time: {{p50: 200ms, p99: 300ms}}}}}}
components:
  page: {{kind: client, calls: [api]}}
  api: {{kind: service, service_time: 2ms, calls: [{{to: server, parallel: g}}, {{to: slow, parallel: g}}]}}
  server: {{kind: model-server, serves: [m]}}
  slow: {{kind: service, service_time: {other}}}
""")
        assert [f.at for f in report.findings if f.rule == "SRV001"] == ["models.m.service_time"], other


@pytest.mark.parametrize("calls", ["[b, a]", "[a, b]", "[{to: b, parallel: g}, {to: a, parallel: g}]"])
def test_of_models_that_take_as_long_the_order_in_the_file_decides_nothing(calls: str) -> None:
    found = lint("SRV001", f"""
workloads: {{rank: {{from: page, slo: {{latency: {{p50: 10ms}}}}}}}}
models: {{m: {{service_time: 20ms}}, n: {{service_time: 20ms}}}}
components:
  page: {{kind: client, calls: [api]}}
  api: {{kind: service, calls: {calls}}}
  a: {{kind: model-server, serves: [m]}}
  b: {{kind: model-server, serves: [n]}}
""")
    assert found.places == {"models.m.service_time"}


@pytest.mark.parametrize(("call", "time", "certainty"), [
    ("fallback: nothing", "300ms", "proven"),
    ("fallback: other", "300ms", "proven"),
    ("optional: true", "300ms", "proven"),
    ("fallback: nothing, share: 50%", "300ms", "proven"),
    ("fallback: nothing, share: 30%", "300ms", None),
    ("fallback: nothing, timeout: 200ms", "300ms", "proven"),
    ("fallback: nothing, timeout: 80ms", "300ms", None),
    ("fallback: nothing", "{mean: 150ms, cv: 1}", "proven"),
    ("fallback: nothing, timeout: 1s", "{mean: 150ms, cv: 1}", "estimated"),
    ("fallback: nothing, timeout: 200ms", "{mean: 150ms, cv: 1}", None),
])  # fmt: skip
def test_the_mean_of_a_call_with_a_fallback_is_waited_for(call: str, time: str, certainty: str | None) -> None:
    found = lint("SRV001", f"""
    workloads: {{ask: {{from: app, models: [m], waits: true, stream: false, slo: {{latency: {{mean: 100ms}}}}}}}}
    models: {{m: {{service_time: {time}}}}}
    components:
      app: {{kind: client, calls: [api]}}
      api: {{kind: service, calls: [{{to: server, {call}}}]}}
      server: {{kind: model-server, serves: [m]}}
      other: {{kind: service}}
    """)
    assert {finding.certainty for finding in found.findings.values()} == ({certainty} if certainty else set())

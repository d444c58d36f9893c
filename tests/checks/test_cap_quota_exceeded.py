"""CAP008: more than a vendor accepts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archlint
from archlint.checks import quota_exceeded
from archlint.verdicts import Hit, NoParams
from tests.checks.linting import Said, lint


def text(
    limit: str = "requests: 600/min", workload: str = "rate: 8/s, peak: 40/s", model: str = "version: 1",
    calls: str = "{to: v}",
) -> str:
    return f"""
workloads: {{w: {{from: app, models: [m], {workload}}}}}
models: {{m: {{{model}}}}}
components:
  app: {{kind: client, calls: [{calls}]}}
  v: {{kind: external, serves: [m], rate_limit: {{{limit}}}}}
  k: {{kind: cache}}
  u: {{kind: external, serves: [m]}}
"""


def found(**changes: str) -> Said:
    return lint("CAP008", text(**changes))


def at(key: str) -> str:
    return f"components.v.rate_limit.{key}"


def test_requests_at_the_peak_are_refused() -> None:
    said = found(calls="{to: v, retries: 2, timeout: 1s}")
    finding = said.findings[at("requests")]
    assert (finding.severity, finding.certainty) == ("error", "proven")
    assert "at the peak of `w`" in finding.message
    assert "at least 75 % of the calls are refused; with retries, up to 3 times as many calls arrive" in finding.message
    assert finding.loss == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("tokens", "each"),
    [
        ("{in: 900, out: 100}", 1000), ("{in: {mean: 900}}", 900), ("{out: {p50: 300, p90: 900}}", 210),
        ("{in: 100, out: {mean: 200, max: 4k}}", 300),
    ],
)  # fmt: skip
def test_tokens_add_up_from_those_read_and_generated(tokens: str, each: float) -> None:
    said = found(limit="tokens: 60/min", workload=f"rate: 8/s, peak: 40/s, tokens: {tokens}")
    assert said.term(at("tokens"), "needed") == pytest.approx(40 * each)


def test_calls_in_flight_follow_from_the_time_of_one() -> None:
    said = found(limit="concurrent: 99", model="service_time: 3s")
    assert said.term(at("concurrent"), "needed") == pytest.approx(120)
    assert found(limit="concurrent: 120", model="service_time: 3s") == Said({}, {})


@pytest.mark.parametrize(
    ("model", "out", "in_flight", "certainty"),
    [
        ("ttft: 500ms, tpot: 10ms", "{mean: 300, max: 1k}", 40 * 3.49, "proven"),
        ("ttft: {p50: 500ms}, tpot: 10ms", "301", 40 * 3.25, "proven"),         # half of the calls take 500 ms or more
        ("ttft: 1s, tpot: {mean: 10ms}", "{mean: 301}", 160, "estimated"),      # longer answers may have faster tokens
        ("ttft: 1s, tpot: {mean: 10ms}", "1", 40, "proven"),
        ("service_time: 2s, ttft: 1s, tpot: 10ms", "301", 80, "proven"),
    ],
)
def test_the_time_of_a_generated_answer_follows_from_its_tokens(model: str, out: str, in_flight: float, certainty: str) -> None:
    limit = "concurrent: 39" if certainty == "proven" else "concurrent: 159"
    said = found(limit=limit, model=model, workload=f"rate: 8/s, peak: 40/s, tokens: {{out: {out}}}")
    assert said.term(at("concurrent"), "needed") == pytest.approx(in_flight)
    assert said.findings[at("concurrent")].certainty == certainty


def test_a_model_that_one_request_asks_in_turn_takes_at_least_the_time_to_its_first_token() -> None:
    turns = text("concurrent: 9", "rate: 10/s, tokens: {out: 500}", "ttft: 1s, tpot: 10ms", "v, u").replace("[m]", "[m, n]", 1)
    turns = turns.replace("u: {kind: external, serves: [m]}", "u: {kind: external, serves: [n]}").replace("models: {m:", "models: {n: {ttft: 1s}, m:")
    assert lint("CAP008", turns).term(at("concurrent"), "needed") == pytest.approx(10)


@pytest.mark.parametrize("unsaid", ["requests: 1/min", "requests: 20/s", "requests: 1M/s", "tokens: 1/min", "tokens: 1M/s", "concurrent: 1"])
@pytest.mark.parametrize("tokens", ["", ", tokens: {in: 90, out: 10}"])
@pytest.mark.parametrize("limiter", ["gate", "api"])
def test_a_limit_before_the_vendor_that_the_file_leaves_out_overturns_no_proof(unsaid: str, tokens: str, limiter: str) -> None:
    facts = f"""
    workloads: {{w: {{from: app, rate: 4/s, peak: 40/s, models: [m]{tokens}}}}}
    models: {{m: {{}}}}
    components:
      app: {{kind: client, calls: [gate]}}
      gate: {{kind: gateway, calls: [api]}}
      api: {{kind: service, calls: [v, {{to: v, share: 50%}}]}}
      v: {{kind: external, serves: [m], rate_limit: {{requests: 10/s}}}}
    """
    before = lint("CAP008", facts).findings[at("requests")]
    more = facts.replace(f"{limiter}: {{", f"{limiter}: {{rate_limit: {{{unsaid}}}, ")
    after = {(finding.severity, finding.certainty) for finding in lint("CAP008", more).findings.values()}
    assert (before.severity, before.certainty) == ("error", "proven") and ("error", "proven") in after


@pytest.mark.parametrize(
    "changes",
    [
        {"limit": "requests: 40/s"},
        {"calls": "{to: k, hit_ratio: 80%}, {to: v}"},
        {"calls": "{to: v, share: 25%}, {to: u, share: 75%}"},
        {"calls": "{to: v, either: x}, {to: u, either: x}"},
        {"calls": "{to: u, fallback: v}"},
    ],
)
def test_what_is_accepted_or_may_go_elsewhere_passes(changes: dict[str, str]) -> None:
    assert not found(**changes).findings


@pytest.mark.parametrize(
    ("changes", "key", "needs"),
    [
        ({"workload": "rate: 1/s"}, "requests", ("workloads.w.peak",)),
        ({"workload": "waits: true"}, "requests", ("workloads.w.rate",)),
        ({"limit": "tokens: 1M/min"}, "tokens", ("workloads.w.tokens",)),
        (
            {"limit": "tokens: 1M/min", "workload": "rate: 1/s, peak: 2/s, tokens: {in: 1}"}, "tokens",
            ("workloads.w.tokens.out",),
        ),
        ({"limit": "concurrent: 9"}, "concurrent", ("models.m.service_time",)),
        ({"limit": "concurrent: 999", "model": "ttft: 1s, tpot: 9ms"}, "concurrent", ("workloads.w.tokens",)),
        ({"limit": "concurrent: 999", "model": "ttft: 1s", "workload": "rate: 1/s, peak: 2/s, tokens: {out: 9}"},
         "concurrent", ("models.m.tpot",)),
    ],
)
def test_a_missing_fact_is_a_question(changes: dict[str, str], key: str, needs: tuple[str, ...]) -> None:
    assert found(**changes) == Said({}, {at(key): needs})


@pytest.mark.parametrize(
    ("limit", "severity", "said"),
    [
        ("requests: 30/s", "info", "at least 75 % of the calls go to the fallback `u`, which accepts them"),
        ("requests: 29/s", "error", "are refused, and its fallback `u` would get 30/s (requests) and accepts 29/s (requests)"),
        ("requests: 30/s, tokens: 1k/s", "error", "would get 3,000/s (tokens) and accepts 1,000/s (tokens)"),
        ("requests: 30/s, tokens: 3k/s", "info", "which accepts them"),
    ],
)
def test_what_a_vendor_refuses_goes_to_the_fallback_if_its_limits_suffice(limit: str, severity: str, said: str) -> None:
    changes = {"calls": "{to: v, fallback: u}", "workload": "rate: 8/s, peak: 40/s, tokens: {in: 90, out: 10}"}
    facts = text(**changes).replace("u: {kind: external, serves: [m]}", f"u: {{kind: external, serves: [m], rate_limit: {{{limit}}}}}")
    finding = lint("CAP008", facts).findings[at("requests")]
    assert (finding.severity, finding.certainty) == (severity, "proven")
    assert said in finding.message


def test_what_the_fallback_already_gets_counts_too() -> None:
    facts = """
workloads:
  w: {from: {client: app, to: v}, models: [m], rate: 12/s}
  x: {from: {client: app, to: u}, models: [m], rate: RATE}
models: {m: {version: 1}}
components:
  app: {kind: client, calls: [{to: v, fallback: u}, u]}
  v: {kind: external, serves: [m], rate_limit: {requests: 10/s}}
  u: {kind: external, serves: [m], rate_limit: {requests: 7/s}}
"""
    assert lint("CAP008", facts.replace("RATE", "5/s")).findings[at("requests")].severity == "info"
    finding = lint("CAP008", facts.replace("RATE", "6/s")).findings[at("requests")]
    assert finding.severity == "error" and "would get 8/s (requests)" in finding.message


@pytest.mark.parametrize(
    ("calls", "severity", "certainty"),
    [("{to: v, fallback: an older answer}", "warning", "heuristic"), ("{to: v, fallback: own}", "warning", "heuristic")],
)
def test_another_fallback_is_no_error_and_no_proof(calls: str, severity: str, certainty: str) -> None:
    finding = lint("CAP008", text(calls=calls) + "  own: {kind: model-server, serves: [m]}\n").findings[at("requests")]
    assert (finding.severity, finding.certainty) == (severity, certainty)


def test_a_fallback_vendor_without_a_limit_is_a_question() -> None:
    said = found(calls="{to: v, fallback: u}")
    assert said == Said({}, {at("requests"): ("components.u.rate_limit",)})


def test_a_vendor_without_a_stated_limit_is_a_question_once_the_workload_is_described() -> None:
    described = text(workload="rate: 1/s, peak: 2/s, tokens: {in: 1, out: 1}").replace(", rate_limit: {requests: 600/min}", "")
    assert lint("CAP008", described) == Said({}, {"components.v": ("components.v.rate_limit",)})
    assert lint("CAP008", described.replace(", tokens: {in: 1, out: 1}", "")) == Said({}, {})


def refused(rate: int, peak: int, limit: int, unit: str = "s") -> bool:
    scale = {"s": 1, "min": 60}[unit]
    workload = f"rate: {rate * scale}/{unit}, peak: {peak * scale}/{unit}"
    system = archlint.load("archlint: 1\n" + text(f"requests: {limit * scale}/{unit}", workload))
    return any(isinstance(verdict, Hit) for verdict in quota_exceeded.check(system, NoParams()))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 99), st.integers(0, 99), st.integers(1, 99), st.integers(1, 99))
def test_a_higher_quota_never_adds_and_more_requests_never_remove(rate: int, peak: int, limit: int, more: int) -> None:
    before = refused(rate, peak, limit)
    assert before == (max(rate, peak) > limit)
    assert refused(rate, peak, limit, "min") == before
    assert refused(rate, peak, limit + more) <= before <= refused(rate, peak + more, limit)


@pytest.mark.parametrize(("gate", "more", "arrives", "certainty"), [
    ("requests: 400/min", "", None, None),                  # below the 500/min of the vendor
    ("requests: 550/min", "", 550 / 60, "proven"),
    ("requests: 400/s", "", 30.0, "proven"),                # lets everything through
    ("tokens: 550k/min", "", 550 / 60, "proven"),           # 1,000 tokens each
    ("requests: 400/s, concurrent: 3", "", 30.0, "proven"),  # it may let less through: then it refuses the others
    ("requests: 550/min", "o: {from: app2, rate: 1/s, peak: 20/s}", 30.0, "proven"),  # another takes part of it
    ("requests: 400/s", "o: {from: app2, rate: 1/s, peak: 20/s}", 30.0, "proven"),
])  # fmt: skip
def test_behind_a_limit_comes_what_it_lets_through(
    gate: str, more: str, arrives: float | None, certainty: str | None
) -> None:
    said = lint("CAP008", f"""
    workloads:
      w: {{from: app, rate: 4/s, peak: 30/s, models: [m], tokens: {{in: 900, out: 100}}}}
      {more}
    models: {{m: {{}}}}
    components:
      app: {{kind: client, calls: [gate]}}
      app2: {{kind: client, calls: [gate]}}
      gate: {{kind: gateway, rate_limit: {{{gate}}}, calls: [v, d]}}
      d: {{kind: service}}
      v: {{kind: external, serves: [m], rate_limit: {{requests: 500/min}}}}
    """)
    key = "components.v.rate_limit.requests"
    assert (key in said.findings) is (arrives is not None)
    if arrives is not None:
        finding = said.findings[key]
        assert said.term(key, "needed") == pytest.approx(arrives)
        assert (finding.certainty, finding.severity) == (certainty, "error" if certainty == "proven" else "warning")


def test_limits_one_after_the_other_let_the_least_through() -> None:
    said = lint("CAP008", """
    workloads: {w: {from: app, rate: 30/s, models: [m]}}
    models: {m: {}}
    components:
      app: {kind: client, calls: [first]}
      first: {kind: gateway, rate_limit: {requests: 20/s}, calls: [{to: second, share: 50%}]}
      second: {kind: gateway, rate_limit: {requests: 9/s}, calls: [v]}
      v: {kind: external, serves: [m], rate_limit: {requests: 8/s}}
    """)
    needed = {name: said.term(f"components.{name}.rate_limit.requests", "needed") for name in ("first", "second", "v")}
    assert needed == {"first": pytest.approx(30), "second": pytest.approx(10), "v": pytest.approx(9)}

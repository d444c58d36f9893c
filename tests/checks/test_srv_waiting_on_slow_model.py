"""SRV005: who is blocked by work that nobody needs immediately."""

from __future__ import annotations

import pytest

from archlint import load
from archlint.checks.waiting_on_slow_model import Params, check
from tests.checks.linting import lint

AT = "components.api.calls[0]"


def text(
    workload: str = "waits: false, inputs: on-request", model: str = "4.2s", call: str = "timeout: 20s", more: str = ""
) -> str:
    return f"""
workloads: {{judge: {{from: app{"" if "stream:" in workload else ", stream: false"}, {workload}}}{more}}}
models: {{net: {{service_time: {model}}}, quick: {{service_time: 5ms}}}}
components:
  app: {{kind: client, calls: [{{to: api, timeout: 30s}}]}}
  api: {{kind: service, calls: [{{to: server, {call}}}]}}
  server: {{kind: model-server, serves: [quick, net]}}
"""


def test_the_finding_says_who_waits_for_what() -> None:
    finding = lint("SRV005", text()).findings[AT]
    assert finding.message == (
        "`api` waits while `server` runs `quick` and `net`, but `judge` can continue without the answer: "
        "a typical prediction of `net` takes 4.2 s"
    )
    assert finding.loss == pytest.approx(1 - 1 / 4.2)
    assert [(term.name, term.value) for term in finding.terms] == [("service_time", 4.2), ("slow", 1.0)]


@pytest.mark.parametrize(
    ("model", "certainty"),
    [
        ("1s", ""),
        ("1.1s", "proven"),
        ("{p50: 900ms, p99: 30s}", ""),  # a slow tail is not a slow prediction
        ("{p50: 1.1s, p99: 30s}", "proven"),
        ("{p10: 2s}", "proven"),
        ("{p99: 900ms}", ""),
        ("{mean: 1.5s}", "proven"),
        ("{mean: 1.5s, cv: 0.5}", "proven"),
        ("{mean: 900ms}", ""),
        ("{p90: 5s, p99: 9s}", "estimated"),
        ("{p90: 1.1s, p99: 9s}", ""),
    ],
)
def test_the_typical_prediction_decides(model: str, certainty: str) -> None:
    found = lint("SRV005", text(model=model))
    assert [finding.certainty for finding in found.findings.values()] == ([certainty] if certainty else [])
    assert found.undecided == {}


@pytest.mark.parametrize(
    "workload", ["stream: true, inputs: on-request", "waits: true, inputs: on-request", "waits: false, inputs: known", "inputs: known"]
)
def test_who_needs_the_answer_or_knows_the_inputs_is_left_to_other_rules(workload: str) -> None:
    found = lint("SRV005", text(workload))
    assert (found.places, found.undecided) == (set(), {})


@pytest.mark.parametrize(("objective", "violated"), [("60s", False), ("90s", False), ("91s", True), ("10min", True)])
def test_an_objective_beyond_all_timeouts_says_that_nobody_waits(objective: str, violated: bool) -> None:
    # The longest timeout on the way is that of the app: 30 s, three times of which are 90 s.
    workload = f"waits: false, inputs: on-request, slo: {{latency: {{p95: {objective}}}}}"
    assert lint("SRV005", text(workload, model="50ms")).places == ({AT} if violated else set())


def test_the_tightest_objective_decides_and_a_call_without_a_timeout_is_left_to_rel003() -> None:
    workload = "waits: false, inputs: on-request, slo: {latency: {p50: 60s, p95: 10min}}"
    assert lint("SRV005", text(workload, model="50ms")).places == set()
    workload = "waits: false, inputs: on-request, slo: {latency: {p95: 10min}}"
    assert lint("SRV005", text(workload, model="50ms", call="retries: 1")).places == set()


def test_the_ratio_is_shown() -> None:
    found = lint("SRV005", text("waits: false, inputs: on-request, slo: {latency: {p95: 10min}}", model="50ms"))
    assert found.term(AT, "ratio") == pytest.approx(20)
    assert found.findings[AT].message.endswith(
        "its SLO allows 10 min at p95, and callers time out after 30 s"
    )


@pytest.mark.parametrize(
    ("workload", "model", "needs"),
    [
        ("inputs: on-request", "4.2s", ["workloads.judge.waits"]),
        ("waits: false", "4.2s", ["workloads.judge.inputs"]),
        ("rate: 1/s", "4.2s", ["workloads.judge.waits", "workloads.judge.inputs"]),
        ("waits: false, inputs: on-request", "{p99: 9s}", ["models.net.service_time.p50"]),
        ("waits: false", "{p99: 9s}", ["models.net.service_time.p50", "workloads.judge.inputs"]),
    ],
)
def test_the_fact_that_is_missing_is_asked_for(workload: str, model: str, needs: list[str]) -> None:
    found = lint("SRV005", text(workload, model))
    assert (found.places, found.undecided) == (set(), {AT: tuple(needs)})


def test_a_quick_model_leaves_nothing_to_ask() -> None:
    assert lint("SRV005", text("rate: 1/s", "40ms")).undecided == {}


def test_two_workloads_that_wait_at_one_call_are_one_finding() -> None:
    finding = lint("SRV005", text(more=", again: {from: app, waits: false, inputs: on-request}")).findings[AT]
    assert "`judge` and `again` can continue" in finding.message
    assert [related.at for related in finding.related] == ["workloads.judge.waits", "workloads.again.waits"]


def test_the_parameters_decide() -> None:
    system = load("archlint: 1\n" + text())
    assert not list(check(system, Params(slow=5.0)))

"""Several generated answers for one request: the tokens of the workload prove nothing of any one of them."""

from __future__ import annotations

import pytest

import archlint
from archlint.analysis.turns import in_turn
from tests.checks.linting import lint

TEXT = """
workloads:
  task:
    {from: web, rate: 2/s, peak: 2/s, waits: true, stream: true, models: [router, answerer], tokens: {in: 1k, out: 500},
     budget: 100 USD per month, slo: {latency: {OBJECTIVE: 4s}}}
models: {router: {ttft: 300ms, tpot: 10ms}, answerer: {ttft: 500ms, tpot: 10ms}}
components:
  web: {kind: client, calls: [agent]}
  agent: {kind: service, service_time: 1ms, calls: [{to: a ONE}, {to: b OTHER}]}
  a: {kind: external, serves: [router], rate_limit: {tokens: 1k/min}, price: {output: 5 USD per 1M tokens}}
  b: {kind: external, serves: [answerer], rate_limit: {tokens: 1k/min}, price: {output: 5 USD per 1M tokens}}
"""
IN_TURN = [("", ""), ("", ", when: it is unsure"), (", when: one", ", when: another"), ("", ", optional: true")]
ONE_OF = [(", either: x", ", either: x"), (", share: 50%", ", share: 50%")]
BRANCHES_THAT_FALL_BACK = (", share: 50%, fallback: b", ", share: 50%, fallback: a")


def said(rule: str, one: str, other: str, objective: str = "p95") -> list[str]:
    text = TEXT.replace("ONE", one).replace("OTHER", other).replace("OBJECTIVE", objective)
    return [str(finding.certainty) for finding in lint(rule, text).findings.values()]


@pytest.mark.parametrize(("one", "other"), IN_TURN)
def test_the_tokens_prove_nothing_of_models_that_run_in_turn(one: str, other: str) -> None:
    for objective in ("p95", "mean"):
        assert said("SRV001", one, other, objective) == []
    for rule in ("CAP007", "CAP008"):
        assert "proven" not in said(rule, one, other)


def test_what_each_of_them_takes_decides() -> None:
    text = TEXT.replace("ONE", "").replace("OTHER", "").replace("OBJECTIVE", "p95")
    asked = lint("SRV001", text).undecided["workloads.task.slo.latency"]
    assert {"models.router.service_time", "models.answerer.service_time"} <= set(asked)
    stated = text.replace("tpot: 10ms}, answerer", "tpot: 10ms, service_time: 4.5s}, answerer")
    assert [str(f.certainty) for f in lint("SRV001", stated).findings.values()] == ["proven"]


@pytest.mark.parametrize(("one", "other"), ONE_OF)
def test_of_alternatives_each_request_gets_one(one: str, other: str) -> None:
    assert said("SRV001", one, other) == ["proven"]


def test_branches_that_fall_back_are_alternatives_too() -> None:
    text = TEXT.replace("ONE", BRANCHES_THAT_FALL_BACK[0]).replace("OTHER", BRANCHES_THAT_FALL_BACK[1])
    system = archlint.load("archlint: 1" + text.replace("OBJECTIVE", "p95"))
    assert not in_turn(system, system.workloads["task"])

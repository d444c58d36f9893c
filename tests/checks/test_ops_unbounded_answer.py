"""OPS009: which generated answers have a maximum length."""

from __future__ import annotations

import pytest

from tests.checks.linting import lint

AT = "workloads.ask.tokens.out"


def text(workload: str, model: str = "") -> str:
    return f"""
workloads: {{ask: {{from: app, {workload}}}}}
models: {{llm: {{{model}}}}}
components:
  app: {{kind: client, calls: [server]}}
  server: {{kind: model-server, serves: [llm]}}
"""


@pytest.mark.parametrize("tokens", ["{p50: 300, p99: 900, max: none}", "{mean: 200, max: none}", "{p99.9: 4k, mean: 300, max: none}"])
@pytest.mark.parametrize("limit", ["budget: 1 USD per 1k", "slo: {latency: 20s}"])
def test_an_answer_without_a_maximum_breaks_a_limit(tokens: str, limit: str) -> None:
    assert lint("OPS009", text(f"tokens: {{out: {tokens}}}, {limit}")).places == {AT}


@pytest.mark.parametrize(
    "workload",
    [
        "tokens: {out: 300}, budget: 1 USD per 1k",
        "tokens: {out: {p50: 300, max: 900}}, slo: {latency: 20s}",
        "tokens: {out: {max: 900}}, slo: {latency: 20s}",
        "tokens: {out: {mean: 300}}",
        "tokens: {out: {mean: 300}}, slo: {ttft: 1s}",
    ],
)
def test_a_maximum_or_nothing_to_break(workload: str) -> None:
    said = lint("OPS009", text(workload))
    assert (said.places, said.undecided) == (set(), {})


@pytest.mark.parametrize("tokens", ["{p50: 300, p99: 900}", "{mean: 200}"])
def test_what_is_left_out_is_no_statement_that_there_is_no_maximum(tokens: str) -> None:
    facts = text(f"tokens: {{out: {tokens}}}, slo: {{latency: 20s}}")
    said = lint("OPS009", "described: [timeouts]\n" + facts)
    assert (said.places, said.undecided) == (set(), {AT: (f"{AT}.max",)})
    assert lint("OPS009", "described: all\n" + facts).places == {AT}


def test_generated_tokens_without_their_number_are_undecided() -> None:
    assert lint("OPS009", text("budget: 1 USD per 1k", "tpot: 20ms")).undecided == {"workloads.ask": ("workloads.ask.tokens",)}
    assert lint("OPS009", text("budget: 1 USD per 1k, tokens: {in: 1k}", "tpot: 20ms")).undecided == {"workloads.ask": (AT,)}
    assert lint("OPS009", text("budget: 1 USD per 1k", "family: gbdt")).undecided == {}

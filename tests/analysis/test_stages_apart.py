"""Prefill and decode on servers of their own: together they make one answer, so each does its part only once."""

from __future__ import annotations

import pytest

from archlint.config import Config
from archlint.linter import Linter
from archlint.source.parser import parse
from tests.conftest import ROOT

APART = """
archlint: 1
workloads:
  ask: {from: page, waits: true, inputs: on-request, stream: true, tokens: {in: 8k, out: 101}, slo: SLO}
models:
  writer: {family: transformer, parameters: 70B, precision: fp8, MEASURED}
components:
  page: {kind: client, calls: [{to: router, timeout: 60s}]}
  router: {kind: gateway, CALLS}
  first: {kind: model-server, serves: [writer], stage: prefill, hardware: {gpu: h200}}
  rest: {kind: model-server, serves: [writer], stage: decode, hardware: {gpu: l4, gpus: 8}, PULLS}
"""
BEHIND = {"CALLS": "calls: [rest]", "PULLS": "calls: [{to: first, timeout: 3s}]"}
BY_ROUTER = {"CALLS": "calls: [first, rest]", "PULLS": "zones: [a]"}
BESIDE = {"CALLS": "calls: [{to: first, parallel: one}, {to: rest, parallel: one}]", "PULLS": "zones: [a]"}
MEASURED = "ttft: 2s, tpot: 30ms"


def found(slo: str, measured: str = "version: 1", **rest: str) -> list[tuple[str, str, str]]:
    """The findings about times: rule, place and certainty."""
    text = APART
    for key, value in {"SLO": slo, "MEASURED": measured, **rest}.items():
        text = text.replace(key, value)
    report = Linter(Config(ROOT)).lint(parse("arch.yaml", text), None)[0]
    return [(f.rule, f.at, str(f.certainty)) for f in report.findings if f.rule in {"SRV001", "SRV014"}]


@pytest.mark.parametrize("wiring", [BEHIND, BY_ROUTER], ids=["decode-calls-prefill", "router-calls-both"])
@pytest.mark.parametrize("percentile", ["p95", "mean"])
def test_the_whole_answer_is_one_first_token_and_the_tokens_after_it(wiring: dict[str, str], percentile: str) -> None:
    """2 s and 100 x 30 ms: neither server does the part of the other."""
    assert found(f"{{latency: {{{percentile}: 5.1s}}}}", MEASURED, **wiring) == []
    over = found(f"{{latency: {{{percentile}: 4.9s}}}}", MEASURED, **wiring)
    assert [(rule, certainty) for rule, _, certainty in over] == [("SRV001", "proven")]


def test_stages_that_start_together_overlap() -> None:
    assert found("{latency: {p95: 3.1s}}", MEASURED, **BESIDE) == []
    assert [rule for rule, _, _ in found("{latency: {p95: 2.9s}}", MEASURED, **BESIDE)] == ["SRV001"]


@pytest.mark.parametrize("wiring", [BEHIND, BY_ROUTER, BESIDE], ids=["behind", "by-router", "beside"])
@pytest.mark.parametrize("percentile", ["p95", "mean"])
def test_the_first_token_comes_from_the_prefill_server_alone(wiring: dict[str, str], percentile: str) -> None:
    assert found(f"{{ttft: {{{percentile}: 2.1s}}}}", MEASURED, **wiring) == []
    assert [rule for rule, _, _ in found(f"{{ttft: {{{percentile}: 1.9s}}}}", MEASURED, **wiring)] == ["SRV001"]


@pytest.mark.parametrize("percentile", ["p95", "mean"])
def test_the_tokens_after_the_first_come_from_the_decode_server_alone(percentile: str) -> None:
    """70 GB of weights over 8 x 300 GB/s is 29.2 ms; the H200 of the prefill server would need 14.6 ms."""
    assert found(f"{{tpot: {{{percentile}: 30ms}}}}", **BEHIND) == []
    over = found(f"{{tpot: {{{percentile}: 28ms}}}}", **BEHIND)
    assert over == [("SRV001", "models.writer.parameters", "estimated")]


def test_a_time_of_the_whole_answer_counts_once() -> None:
    assert found("{latency: {p95: 5.1s}}", "service_time: 5s", **BEHIND) == []
    assert [rule for rule, _, _ in found("{latency: {p95: 4.9s}}", "service_time: 5s", **BEHIND)] == ["SRV001"]


def test_a_call_to_the_prefill_server_need_not_last_for_the_whole_stream() -> None:
    """The answer takes 5 s, but what the decode server waits 3 s for takes 2 s."""
    assert found("{ttft: {p95: 3s}}", MEASURED, **BEHIND) == []
    cut = {**BEHIND, "CALLS": "calls: [{to: rest, timeout: 4s}]"}
    assert found("{ttft: {p95: 3s}}", MEASURED, **cut) == [("SRV014", "components.router.calls[0].timeout", "proven")]


def test_a_stage_without_the_other_makes_the_whole_answer() -> None:
    """If the file leaves the prefill server out, its decode server waits for the first token somewhere."""
    alone = {"CALLS": "calls: [rest]", "PULLS": "zones: [a]"}
    assert [rule for rule, _, _ in found("{latency: {p95: 4.9s}}", MEASURED, **alone)] == ["SRV001"]


@pytest.mark.parametrize("shards", [2, 4])
def test_shards_divide_the_least_time_of_a_token(shards: int) -> None:
    """29.2 ms on one server; each shard reads its part of the weights."""
    sharded = {"CALLS": "calls: [rest]", "PULLS": "zones: [a]", "stage: decode": f"shards: {shards}"}
    least_ms = 70e9 / (8 * 300e9) / shards * 1000
    assert found(f"{{tpot: {{p95: {least_ms * 1.03:.3f}ms}}}}", **sharded) == []
    over = found(f"{{tpot: {{p95: {least_ms * 0.97:.3f}ms}}}}", **sharded)
    assert [rule for rule, *_ in over] == ["SRV001"]

"""DOC019: a stated time of a model that is shorter than its hardware allows."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.checks.linting import Said, lint

LEAST_S = 140e9 / (2 * 3.35e12)
"""70 billion parameters of two bytes each, read by two H100 once: 20.9 ms."""


def said(
    times: str, size: str = "active_parameters: 70B, precision: bf16",
    hardware: str = "hardware: {gpu: h100, gpus: 2}", more: str = "",
) -> Said:  # fmt: skip
    return lint("DOC019", f"""
    workloads: {{chat: {{from: app, models: [m], waits: true}}}}
    models: {{m: {{{size}, {times}}}}}
    components:
      app: {{kind: client, calls: [llm]}}
      llm: {{kind: model-server, serves: [m], {hardware}}}
      {more}
    """)


@pytest.mark.parametrize(("times", "places"), [
    ("ttft: 1ms", {"models.m.ttft"}),
    ("tpot: 1ms", {"models.m.tpot"}),
    ("service_time: 20ms", {"models.m.service_time"}),
    ("ttft: {p50: 20ms, p95: 4s}", {"models.m.ttft.p50"}),
    ("service_time: {mean: 20ms, cv: 1}", {"models.m.service_time.mean"}),
    ("ttft: 21ms, tpot: 21ms", set()),
    ("ttft: {p50: 21ms, p95: 4s}", set()),
])  # fmt: skip
def test_a_time_below_one_pass_over_the_weights_is_found_at_its_key(times: str, places: set[str]) -> None:
    found = said(times)
    assert found.places == places
    assert not found.undecided
    for at, finding in found.findings.items():
        assert finding.certainty == "proven" and finding.severity == "error"
        assert found.term(at, "least") == pytest.approx(LEAST_S)
        assert float(found.term(at, "stated")) < LEAST_S


def test_several_tokens_in_one_pass_are_a_hint() -> None:
    finding = said("tpot: 5ms").findings["models.m.tpot"]
    assert (finding.certainty, finding.severity) == ("heuristic", "warning")
    assert "unless it writes several tokens in one pass" in finding.message
    assert said("tpot: 2ms").findings["models.m.tpot"].certainty == "proven"         # 10 tokens in a pass
    assert said("ttft: 5ms").findings["models.m.ttft"].certainty == "proven"         # the first one needs a pass


@pytest.mark.parametrize(("family", "asked"), [
    ("", "family"), (", family: dlrm", "family"), (", family: transformer", "active_parameters"),
])  # fmt: skip
def test_a_model_of_which_a_pass_may_read_a_part_is_asked_about(family: str, asked: str) -> None:
    found = said("tpot: 1ms", f"parameters: 70B, precision: bf16{family}")
    assert not found.places
    assert found.undecided == {"models.m.tpot": (f"models.m.{asked}",)}


@pytest.mark.parametrize(("size", "hardware", "more"), [
    ("parameters: 70B, active_parameters: 3B, precision: bf16", "hardware: {gpu: h100, gpus: 2}", ""),
    ("artifact: 140GB", "hardware: {gpu: h100, gpus: 2}", ""),
    ("active_parameters: 70B, precision: bf16", "hardware: {memory: 200GB}", ""),
    ("active_parameters: 70B, precision: bf16", "hardware: {gpu: abacus}", ""),
    ("active_parameters: 70B, precision: bf16", "hardware: {gpu: h100, gpus: 2}, shards: 12", ""),
    ("active_parameters: 70B, precision: bf16", "hardware: {gpu: h100, gpus: 2}",
     "vendor: {kind: external, serves: [m]}"),
    ("active_parameters: 70B, precision: bf16", "hardware: {gpu: h100, gpus: 2}",
     "faster: {kind: model-server, serves: [m], hardware: {gpu: b200, gpus: 8}}"),
])  # fmt: skip
def test_what_another_fact_makes_possible_is_not_reported(size: str, hardware: str, more: str) -> None:
    found = said("ttft: 4ms", size, hardware, more)
    assert not found.places
    assert not found.undecided


def test_a_slower_second_server_does_not_hide_it() -> None:
    slower = "slower: {kind: model-server, serves: [m], hardware: {gpu: l4}}"
    assert said("ttft: 4ms", more=slower).places == {"models.m.ttft"}


@given(st.floats(1e-4, 1.0), st.floats(1.0, 100.0))
@settings(max_examples=30)
def test_a_longer_time_is_never_worse(time_s: float, factor: float) -> None:
    short, long = said(f"ttft: {time_s:.9f}s"), said(f"ttft: {time_s * factor:.9f}s")
    assert long.places <= short.places
    for at, finding in long.findings.items():
        assert finding.loss <= short.findings[at].loss

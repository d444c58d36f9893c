"""CAP009: the keys and values of answers in progress against the memory that the weights leave."""

from __future__ import annotations

from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.checks.linting import Said, lint

GPU = "components.server.hardware.gpu"
SIZES = "kv_per_token: 100kB"


def said(
    rate: str = "peak: 10/s", tokens: str = "{in: 2k, out: 1001}", model: str = f"{SIZES}, tpot: 20ms, ttft: 1s",
    server: str = "replicas: 1", hardware: str = "{gpu: h100}", weights: str = "parameters: 20B, precision: bf16",
) -> Said:  # fmt: skip
    return lint("CAP009", f"""
    workloads: {{ask: {{from: app, models: [chat], stream: true, {rate}, tokens: {tokens}}}}}
    models: {{chat: {{family: transformer, {weights}, {model}}}}}
    components:
      app: {{kind: client, calls: [{{to: server, timeout: 5min}}]}}
      server: {{kind: model-server, uses: vllm, serves: [chat], hardware: {hardware}, {server}}}
    """)


def test_an_estimate_with_prompts() -> None:
    """10/s x (1 s + 1000 x 20 ms) = 210 answers x (2000 + 500.5) tokens x 100 kB; the weights leave 80 - 40 GB."""
    found = said()
    assert found.term(GPU, "in_flight") == pytest.approx(210)
    assert found.term(GPU, "needed") == pytest.approx(210 * 2500.5 * 1e5)
    assert (found.term(GPU, "room"), found.term(GPU, "fits")) == (40e9, 159)
    finding = found.findings[GPU]
    assert (finding.severity, finding.certainty) == ("warning", "estimated")
    assert "`server` has about 210 answers in progress" in finding.message
    assert "At most 159 answers fit" in finding.message


def test_only_generated_tokens_prove() -> None:
    """30/s x 1000 x 20 ms = 600 answers x 500.5 tokens x 100 kB = 30 GB; 80 + 4 - 60 GB are left, even of all memory."""
    weights = "parameters: 30B, precision: bf16"
    found = said("peak: 30/s", hardware="{gpu: h100, memory: 4GB}", weights=weights)
    assert (found.findings[GPU].severity, found.findings[GPU].certainty) == ("error", "proven")
    assert found.term(GPU, "needed") == pytest.approx(30 * 20 * 500.5 * 1e5)
    # Without the replica's own memory, which may hold a part of the weights, it is an estimate.
    assert said("peak: 30/s", weights=weights).findings[GPU].certainty == "estimated"
    # Keys and values in 4 bits need a quarter of what 16 bits do.
    derived = "layers: 32, kv_heads: 8, head_dim: 95, tpot: 20ms, ttft: 1s"
    assert said("peak: 30/s", model=derived, hardware="{gpu: h100, memory: 4GB}", weights=weights).findings[
        GPU
    ].certainty == "estimated"


def test_a_request_that_never_fits() -> None:
    found = said("rate: 0.01/s", tokens="{in: {p50: 1k, p99: 500k}, out: 100}", hardware="{gpu: h100, memory: 1GB}")
    assert found.findings[GPU].message == (
        "requests of `ask` with 500 k tokens need 50 GB of keys and values in `server`, but the weights leave 40 GB in "
        "one replica: at most 400 k tokens fit, so these requests fail"
    )
    assert found.findings[GPU].certainty == "proven"
    # Neither rate nor answers matter to it.
    alone = said(rate="waits: true", tokens="{in: {p50: 1k, p99: 500k}}", model=SIZES, hardware="{gpu: h100, memory: 1GB}")
    assert alone.findings[GPU].message == found.findings[GPU].message
    assert alone.findings[GPU].certainty == "proven"
    # A maximum that no request may ever reach proves nothing.
    assert said("rate: 0.01/s", tokens="{in: {p50: 1k, max: 500k}, out: 100}").places == set()


@pytest.mark.parametrize(
    "change",
    [
        {"rate": "peak: 7/s"},
        {"server": "replicas: 2"},
        {"server": "autoscale: {min: 1, max: 2}"},
        {"hardware": "{gpu: h100, gpus: 2}"},
        {"weights": "parameters: 20B, precision: int4"},
        {"tokens": "{in: 500, out: 1001}"},
    ],
)
def test_what_makes_room(change: dict[str, str]) -> None:
    found = said(**change)
    assert (found.places, found.undecided) == (set(), {})


def test_prompts_from_a_shared_cache_take_less() -> None:
    shared = "replicas: 1, reads: [{to: prefixes, kind: prefix, hit_ratio: 70%, optional: true}]"
    assert said(server=shared).places == set()


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        ({"model": "tpot: 20ms, ttft: 1s"}, "models.chat.kv_per_token"),
        ({"rate": "waits: true"}, "workloads.ask.peak"),
        ({"server": "zones: 2"}, "components.server.replicas"),
        ({"hardware": "{gpus: 1}"}, "components.server.hardware.gpu_memory"),
        ({"tokens": "{in: 2k}"}, "workloads.ask.tokens.out"),
    ],
)
def test_the_one_missing_fact_is_asked_for(change: dict[str, str], asked: str) -> None:
    found = said(**change)
    assert found.places == set()
    assert asked in next(iter(found.undecided.values()))


def test_little_is_asked_where_little_is_stated() -> None:
    assert said("waits: true", model="version: 1.0").undecided == {}
    assert said(weights="framework: pytorch", model="version: 1.0").undecided == {}


def test_a_stage_that_reads_prompts_is_not_judged() -> None:
    assert said(server="replicas: 1, stage: prefill").places == set()


@given(
    st.sampled_from(["0/s", "1/day", "1e12/s"]), st.sampled_from(["0", "1", "1e12", "{p50: 9k, p99: 1}"]),
    st.sampled_from(["0s", "1us", "365d"]), st.sampled_from(["1B", "1PB"]),
)  # fmt: skip
@settings(max_examples=20, deadline=None)
def test_nonsense_gives_finite_numbers(rate: str, out: str, time: str, size: str) -> None:
    found = said(f"peak: {rate}", f"{{in: 1k, out: {out}}}", f"kv_per_token: {size}, tpot: {time}, ttft: {time}")
    for finding in found.findings.values():
        assert all(isfinite(term.value) for term in finding.terms if isinstance(term.value, float))


@given(st.floats(0.1, 1e4), st.floats(0.1, 1e4), st.integers(1, 40))
@settings(max_examples=20, deadline=None)
def test_more_requests_are_never_better_and_more_replicas_never_worse(one: float, other: float, replicas: int) -> None:
    low, high = sorted((one, other))
    fewer = said(f"peak: {low:f}/s", server=f"replicas: {replicas}")
    assert not fewer.places or said(f"peak: {high:f}/s", server=f"replicas: {replicas}").places
    assert fewer.places or not said(f"peak: {low:f}/s", server=f"replicas: {replicas + 1}").places

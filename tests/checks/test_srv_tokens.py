"""SRV001 over generated answers: the first token, each token, the whole answer, means, and models on devices.

The numbers: 8B parameters in bf16 are 16 GB, which an H100 reads at 3350 GB/s in 4.776 ms. 2 x 8B operations for each of
6000 tokens take 97.07 ms at 989 TFLOPS.
"""

from __future__ import annotations

import pytest

from tests.checks.linting import Said, lint

STEP_S = 16e9 / 3350e9
SIZED = "family: transformer, parameters: 8B, precision: bf16"
AT_SIZE = "models.llm.parameters"
DENSE = "parameters: 8B, active_parameters: 8B, precision: bf16"
AT_READ = "models.llm.active_parameters"


def chat(slo: str, model: str = SIZED, tokens: str = "{in: 6k, out: 350}", hardware: str = "{gpu: h100}", api: str = "") -> Said:
    return lint(
        "SRV001",
        f"""
        workloads: {{chat: {{from: app, waits: true, stream: true, tokens: {tokens}, slo: {{{slo}}}}}}}
        models: {{llm: {{{model}}}}}
        components:
          app: {{kind: client, calls: [{{to: api, network: 20ms}}]}}
          api: {{kind: gateway, calls: [serving]{api}}}
          serving: {{kind: model-server, uses: vllm, serves: [llm], hardware: {hardware}}}
          log: {{kind: database, service_time: 900ms}}
        """,
    )


def test_a_token_takes_at_least_one_read_of_the_weights() -> None:
    said = chat("tpot: {p50: 4ms}")
    found = said.findings[AT_SIZE]
    assert (found.certainty, found.severity) == ("estimated", "warning")
    assert said.term(AT_SIZE, "floor") == pytest.approx(STEP_S)
    assert "`chat` needs tpot p50 <= 4 ms, but `llm` alone takes about 4.78 ms per token on idle servers" in found.message
    notes = {place.at: place.message for place in found.related}
    assert "mixture of experts" in notes[AT_READ] and "speculative decoding" in notes["models.llm.tpot"]
    assert said.cures(AT_SIZE) == ["smaller-model"]
    assert not chat("tpot: {p50: 5ms}").findings


@pytest.mark.parametrize("faster", ["tpot: 3ms", "tpot: {mean: 3ms}", "active_parameters: 1B"])
def test_what_the_file_leaves_out_of_a_token_overturns_no_proof(faster: str) -> None:
    """Speculative decoding writes several tokens in one pass, and a mixture of experts reads a part of its weights."""
    for slo in ("tpot: {p50: 4ms}", "tpot: {mean: 4ms}", "latency: {p99: 1.5s}", "latency: {mean: 1.5s}"):
        (before,) = chat(slo).findings.values()
        assert before.certainty == "estimated"
        assert not [f for f in chat(slo, f"{SIZED}, {faster}").findings.values() if f.certainty == "proven"]


@pytest.mark.parametrize("slo", ["ttft: {p50: 24ms}", "ttft: {mean: 24ms}", "latency: {p50: 24ms}"])
def test_the_first_token_is_proven_from_the_parameters_that_it_reads(slo: str) -> None:
    assert {f.certainty for f in chat(slo, DENSE).findings.values()} == {"proven"}
    (found,) = chat(slo).findings.values()
    assert found.certainty == "estimated"
    assert AT_READ in {place.at for place in found.related}


def test_the_mean_is_an_objective_too() -> None:
    said = chat("tpot: {mean: 4ms}")
    assert "`chat` needs tpot mean <= 4 ms" in said.findings[AT_SIZE].message
    assert said.findings[AT_SIZE].certainty == "estimated"


@pytest.mark.parametrize(("hardware", "model", "step_s"), [
    ("{gpu: h100, gpus: 4}", SIZED, STEP_S / 4),
    ("{gpu: h100}", f"{SIZED}, embedding_parameters: 1B", STEP_S * 7 / 8),
    ("{gpu: h100}", "parameters: 30B, active_parameters: 4B, precision: bf16", STEP_S / 2),
])  # fmt: skip
def test_chips_share_the_weights_and_tables_are_not_read(hardware: str, model: str, step_s: float) -> None:
    said = chat(f"tpot: {{p50: {step_s * 990:.4f}ms}}", model, hardware=hardware)
    (found,) = said.findings.values()
    assert found.certainty == "estimated"
    assert said.term(found.at, "floor") == pytest.approx(step_s)
    assert not chat(f"tpot: {{p50: {step_s * 1010:.4f}ms}}", model, hardware=hardware).findings


def test_the_chips_of_a_pipeline_work_one_after_another() -> None:
    said = chat("tpot: {p50: 4ms}", hardware="{gpu: h100, gpus: 4}, tensor_parallel: 1, pipeline_parallel: 4")
    assert said.term(AT_SIZE, "floor") == pytest.approx(STEP_S)


@pytest.mark.parametrize("model", ["parameters: 8B, precision: bf16", "family: other, parameters: 8B, precision: bf16"])
def test_of_another_family_it_is_a_hint(model: str) -> None:
    assert chat("tpot: {p50: 4ms}", model).findings[AT_SIZE].certainty == "heuristic"


def test_a_share_of_a_chip_and_the_cache_are_estimates() -> None:
    share = chat("tpot: {p50: 6ms}", hardware="{gpu: h100, gpu_share: 0.5}").findings[AT_SIZE]
    assert share.certainty == "estimated"
    cached = chat("tpot: {p50: 5ms}", f"{SIZED}, kv_per_token: 1MB").findings[AT_SIZE]
    assert cached.certainty == "estimated"
    assert "of keys and values" in str([term.note for term in cached.terms])


def test_the_first_token_needs_the_whole_prompt_which_is_an_estimate() -> None:
    said = chat("ttft: {p50: 100ms}")
    found = said.findings["workloads.chat.tokens.in"]
    assert found.certainty == "estimated"
    assert said.term(found.at, "floor") == pytest.approx(2 * 8e9 * 6000 / 989e12 + 0.02)
    assert "to the first token" in found.message
    assert not chat("ttft: {p50: 120ms}").findings
    dense = chat("ttft: {p50: 24ms}", DENSE).findings[AT_READ]
    assert dense.certainty == "proven"                                           # one token and the network


def test_a_stated_first_token_is_what_counts() -> None:
    said = chat("ttft: {p95: 300ms}", "ttft: {p50: 200ms, p95: 400ms}")
    assert said.findings["models.llm.ttft.p95"].certainty == "proven"
    assert not chat("ttft: {p95: 500ms}", "ttft: {p50: 200ms, p95: 400ms}").findings
    whole = chat("ttft: {p95: 300ms}", "service_time: 6s")                       # says nothing of the first token
    assert not whole.findings
    assert "models.llm.ttft" in whole.undecided["workloads.chat.slo.ttft"]


def test_what_happens_after_the_stream_has_started_does_not_delay_it() -> None:
    after = ", reads: [log], service_time: 500ms"
    model = "ttft: 200ms"
    assert not [f for f in chat("ttft: {p95: 300ms}", model, api=after).findings.values() if f.certainty == "proven"]
    before = chat("ttft: {p95: 300ms}", model, api="").findings
    assert not before


def test_the_whole_answer_is_the_first_token_and_all_others() -> None:
    said = chat("latency: {p99: 3s}", "ttft: 200ms, tpot: 10ms")
    (found,) = said.findings.values()
    assert found.certainty == "proven"
    assert said.term(found.at, "floor") == pytest.approx(0.02 + 0.2 + 349 * 0.01)
    assert "`llm`" in found.message
    derived = chat("latency: {p99: 1.5s}", tokens="{out: 350}")
    assert derived.findings["workloads.chat.tokens.out"].certainty == "estimated"
    assert derived.term("workloads.chat.tokens.out", "floor") == pytest.approx(0.02 + 350 * STEP_S)


@pytest.mark.parametrize(("tokens", "fraction", "number"), [
    ("{out: {p50: 100, p99: 800}}", "p99", 800), ("{out: {p50: 100, p99: 800}}", "p50", 100), ("{out: 300}", "p90", 300),
])  # fmt: skip
def test_the_percentile_of_the_answer_is_that_of_its_tokens(tokens: str, fraction: str, number: int) -> None:
    said = chat(f"latency: {{{fraction}: 10ms}}", "ttft: 0ms, tpot: 10ms", tokens)
    (found,) = said.findings.values()
    assert found.certainty == "proven"
    assert said.term(found.at, "floor") == pytest.approx(0.02 + (number - 1) * 0.01)


def test_two_distributions_that_may_depend_on_each_other_prove_less() -> None:
    """Where one half is above 10 ms and 9 % above 500 tokens, only 1 % less than nothing is certain to be both."""
    said = chat("latency: {p99: 1s}", "ttft: 0ms, tpot: {p50: 10ms, p99: 30ms}", "{out: {p49: 500, p99: 600}}")
    proven = [f for f in said.findings.values() if f.certainty == "proven"]
    assert [said.term(f.at, "floor") for f in proven] == [pytest.approx(0.02 + 499 * 0.01)]


def test_the_mean_of_an_answer_adds_up() -> None:
    said = chat("latency: {mean: 2s}", "ttft: {mean: 200ms}, tpot: 10ms", "{out: {mean: 300}}")
    (found,) = said.findings.values()
    assert found.certainty == "proven"
    assert said.term(found.at, "floor") == pytest.approx(0.02 + 0.2 + 299 * 0.01)
    assert "`chat` needs mean <= 2 s" in found.message
    both = chat("latency: {mean: 2s}", "ttft: {mean: 200ms}, tpot: {mean: 10ms}", "{out: {mean: 300}}")
    assert {f.certainty for f in both.findings.values()} == {"estimated"}        # long answers may be the quick ones


def test_means_of_plain_systems() -> None:
    said = lint(
        "SRV001",
        """
        workloads: {w: {from: page, stream: false, slo: {latency: {mean: 60ms}}}}
        models: {m: {service_time: {p50: 100ms, p90: 200ms}}}
        components:
          page: {kind: client, calls: [{to: api, network: 10ms}]}
          api: {kind: service, service_time: 5ms, reads: [{to: answers, hit_ratio: 50%}], calls: [server]}
          answers: {kind: cache, service_time: 2ms}
          server: {kind: model-server, serves: [m]}
        """,
    )
    (found,) = said.findings.values()
    # 10 + 5 + 2 ms, and for half of the requests a prediction of 0.4 x 100 + 0.1 x 200 ms at least, or its lognormal mean
    assert found.certainty == "estimated"
    assert float(said.term(found.at, "floor")) > 0.017 + 0.5 * 0.06
    proven = list(lint("SRV001", """
        workloads: {w: {from: page, stream: false, slo: {latency: {mean: 40ms}}}}
        models: {m: {service_time: {mean: 100ms}}}
        components:
          page: {kind: client, calls: [{to: a, share: 50%}, {to: b, share: 50%}]}
          a: {kind: service, service_time: 1ms}
          b: {kind: model-server, serves: [m]}
        """).findings.values())  # fmt: skip
    assert [f.certainty for f in proven] == ["proven"]


def test_a_retry_after_a_timeout_may_cut_a_slow_attempt_short() -> None:
    text = """
        workloads: {{w: {{from: page, stream: false, slo: {{latency: {{mean: 60ms}}}}}}}}
        models: {{m: {{service_time: {{mean: 100ms}}}}}}
        components:
          page: {{kind: client, calls: [{{to: server, timeout: 50ms{retries}}}]}}
          server: {{kind: model-server, serves: [m]}}
        """
    assert {f.certainty for f in lint("SRV001", text.format(retries="")).findings.values()} == {"proven"}
    again = lint("SRV001", text.format(retries=", retries: 2"))
    assert not [f for f in again.findings.values() if f.certainty == "proven"]


@pytest.mark.parametrize("device", [
    "phone: {kind: edge-device, serves: [m]}", "phone: {kind: client, serves: [m]}",
])  # fmt: skip
def test_a_model_on_a_device_is_judged(device: str) -> None:
    said = lint(
        "SRV001",
        f"""
        workloads: {{w: {{from: phone, stream: false, slo: {{latency: {{p95: 50ms}}}}}}}}
        models: {{m: {{service_time: {{p50: 60ms, p95: 90ms}}}}}}
        components: {{{device}}}
        """,
    )
    assert said.findings["models.m.service_time"].certainty == "proven"


def test_several_models_that_may_answer_prove_what_the_quickest_needs() -> None:
    said = lint(
        "SRV001",
        """
        workloads: {chat: {from: app, models: [big, small], stream: true, tokens: {out: 9}, slo: {tpot: {p50: 8ms}}}}
        models: {big: {tpot: 20ms}, small: {tpot: 10ms}}
        components:
          app: {kind: client, calls: [{to: one, share: 50%}, {to: two, share: 50%}]}
          one: {kind: model-server, serves: [big]}
          two: {kind: model-server, serves: [small]}
        """,
    )
    (found,) = said.findings.values()
    assert said.term(found.at, "floor") == 0.01


def test_other_models_of_the_path_are_no_part_of_the_tokens() -> None:
    """An embedder, a guardrail and a ranker are judged by one pass each; the answer's tokens are the language model's."""
    said = lint(
        "SRV001",
        """
        workloads: {chat: {from: app, stream: true, tokens: {in: 100, out: 100}, slo: {latency: {p50: 1s}}}}
        models:
          llm: {ttft: 100ms, tpot: 1ms}
          embedder: {service_time: 5ms}
          safety: {family: transformer, service_time: 10ms}
          ranker: {family: gbdt, service_time: 3ms}
        components:
          app: {kind: client, calls: [api]}
          api: {kind: service, service_time: 1ms, calls: [embed, guard, rank, serving], reads: [index]}
          embed: {kind: model-server, serves: [embedder]}
          guard: {kind: guardrail, serves: [safety]}
          rank: {kind: model-server, serves: [ranker]}
          serving: {kind: model-server, serves: [llm]}
          index: {kind: vector-store, index_of: embedder, service_time: 2ms}
        """,
    )
    assert not said.findings
    assert not said.undecided

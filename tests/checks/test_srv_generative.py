"""Models that generate tokens: what an objective is meant for, which weights are read, adapters and stages."""

from __future__ import annotations

import pytest

from tests.checks.linting import Said, lint

AT = "models.llm.service_time"
ASKED = {"workloads.chat.slo.latency": ("workloads.chat.stream",)}


def chat(workload: str = "", server: str = "uses: vllm", model: str = "", slo: str = "latency: {p95: 1s}") -> Said:
    return lint(
        "SRV001",
        f"""
        workloads: {{chat: {{from: app, waits: true, inputs: on-request, slo: {{{slo}}}{workload}}}}}
        models: {{llm: {{service_time: 6s{model}}}}}
        components:
          app: {{kind: client, calls: [{{to: api, timeout: 30s}}]}}
          api: {{kind: gateway, calls: [{{to: serving, timeout: 30s}}]}}
          serving: {{kind: model-server, serves: [llm], {server}}}
        """,
    )


@pytest.mark.parametrize(
    ("workload", "server", "model"),
    [
        ("", "uses: vllm", ""),
        ("", "uses: anthropic", ""),
        (", tokens: {in: 1k, out: 300}", "uses: fastapi", ""),
        ("", "uses: fastapi", ", tpot: 20ms"),
        ("", "uses: vllm", ", ttft: 300ms"),
        ("", "uses: vllm", ", family: transformer"),
    ],
)
def test_without_a_word_on_streaming_it_is_asked_what_the_objective_means(
    workload: str, server: str, model: str
) -> None:
    said = chat(workload, server, model)
    assert not said.findings
    assert said.undecided == ASKED


@pytest.mark.parametrize(
    ("workload", "slo"),
    [
        (", stream: false", "latency: {p95: 1s}"),
        (", stream: true", "latency: {p95: 1s}"),             # `latency` is the whole answer
        ("", "latency: {p95: 1s}, ttft: {p95: 500ms}"),
        ("", "latency: {p95: 1s}, tpot: {mean: 50ms}"),
    ],
)
def test_a_word_on_streaming_decides_it(workload: str, slo: str) -> None:
    assert chat(workload, slo=slo).findings[AT].certainty == "proven"


def test_a_model_that_may_generate_is_a_hint() -> None:
    assert chat(server="uses: triton").findings[AT].certainty == "heuristic"
    assert chat(server="uses: triton", model=", family: cnn").findings[AT].certainty == "proven"


def test_an_objective_that_even_the_first_token_misses_is_missed() -> None:
    assert chat(model=", ttft: 2s").findings[AT].certainty == "proven"
    assert chat(slo="latency: {p95: 8s}").undecided == {}


def hardware(model: str) -> str | None:
    """How certain it is that a model of 70 billion parameters is too slow; None if nothing is found."""
    said = lint(
        "SRV001",
        f"""
        workloads: {{chat: {{from: app, slo: {{latency: {{p95: 10ms}}}}}}}}
        models: {{llm: {{precision: fp16, {model}}}}}
        components:
          app: {{kind: client, calls: [serving]}}
          serving: {{kind: model-server, uses: vllm, serves: [llm], hardware: {{gpu: h100}}}}
        """,
    )
    return next((finding.certainty for finding in said.findings.values()), None)


@pytest.mark.parametrize(
    ("model", "certainty"),
    [
        ("parameters: 70B", "heuristic"),
        ("parameters: 70B, family: dlrm", "heuristic"),
        ("parameters: 70B, family: gbdt", "heuristic"),
        ("parameters: 70B, family: transformer", "estimated"),
        ("parameters: 70B, family: cnn", "proven"),
        ("parameters: 70B, family: transformer, embedding_parameters: 1B", "estimated"),
        ("parameters: 70B, family: transformer, embedding_parameters: 69B", None),     # 1B are read in 0.6 ms
        ("active_parameters: 70B", "proven"),
        ("parameters: 700B, active_parameters: 5B", None),
    ],
)
def test_parameters_prove_a_floor_only_where_all_are_read(model: str, certainty: str | None) -> None:
    assert hardware(model) == certainty


def shared(models: str, uses: str = "triton") -> Said:
    return lint(
        "SRV002",
        f"""
        workloads:
          support: {{from: app, models: [base, lora-a]}}
          sales: {{from: app, models: [base, lora-b]}}
        models: {{base: {{}}, {models}}}
        components:
          app: {{kind: client, calls: [serving]}}
          serving: {{kind: model-server, uses: {uses}, serves: [base, lora-a, lora-b]}}
        """,
    )


def test_adapters_are_one_pipeline_with_their_base() -> None:
    assert not shared("lora-a: {adapter_of: base}, lora-b: {adapter_of: base}").findings
    assert not shared("lora-a: {adapter_of: base}, lora-b: {adapter_of: lora-a}").findings
    assert shared("lora-a: {adapter_of: base}, lora-b: {}").findings


def test_adapters_share_a_base_that_is_not_named_among_the_models() -> None:
    said = """
        workloads: {a: {from: app, models: [lora-a]}, b: {from: app, models: [lora-b]}}
        models: {base: {}, lora-a: {adapter_of: base}, lora-b: {adapter_of: base}, other: {}}
        components:
          app: {kind: client, calls: [serving]}
          serving: {kind: model-server, serves: [lora-a, lora-b]}
        """
    assert not lint("SRV002", said).findings
    assert lint("SRV002", said.replace("models: [lora-b]", "models: [other]").replace("lora-b]}", "other]}")).findings


def test_where_adapters_are_usual_models_that_do_not_say_are_a_hint() -> None:
    at = "components.serving.serves"
    assert shared("lora-a: {}, lora-b: {}", "vllm").findings[at].certainty == "heuristic"
    assert shared("lora-a: {}, lora-b: {}").findings[at].certainty == "heuristic"
    assert shared("lora-a: {family: gbdt}, lora-b: {family: gbdt}").findings[at].certainty == "proven"


@pytest.mark.parametrize(("logs", "places"), [("logs_to: [log]", set()), ("", {"components.start", "components.end"})])
def test_the_last_stage_logs_for_all(logs: str, places: set[str]) -> None:
    said = lint(
        "OPS001",
        f"""
        workloads: {{chat: {{from: app}}}}
        models: {{llm: {{}}}}
        components:
          app: {{kind: client, calls: [start, end]}}
          start: {{kind: model-server, serves: [llm], stage: prefill}}
          end: {{kind: model-server, serves: [llm], stage: decode, {logs}}}
          log: {{kind: log-store}}
        """,
    )
    assert said.places == places


def slow(workload: str, uses: str = "vllm") -> Said:
    return lint(
        "SRV005",
        f"""
        workloads: {{draft: {{from: app, waits: false, inputs: on-request{workload}}}}}
        models: {{llm: {{service_time: 6s}}}}
        components:
          app: {{kind: client, calls: [serving]}}
          serving: {{kind: model-server, uses: {uses}, serves: [llm]}}
        """,
    )


def test_who_reads_a_stream_does_not_wait_for_the_whole_answer() -> None:
    assert slow("", "triton").findings["components.app.calls[0]"].certainty == "heuristic"
    assert slow(", stream: false", "triton").findings["components.app.calls[0]"].certainty == "proven"
    assert slow(", stream: false").places == {"components.app.calls[0]"}
    assert slow(", stream: true").places == set()
    assert slow("").undecided == {"components.app.calls[0]": ("workloads.draft.stream",)}


def test_behind_a_queue_it_is_asked_what_the_objective_means() -> None:
    text = """
        workloads: {{ask: {{from: app, waits: true, slo: {{latency: {{p95: 1s}}}}{stream}}}}}
        models: {{llm: {{service_time: 6s}}}}
        components:
          app: {{kind: client, calls: [api]}}
          api: {{kind: service, publishes: [jobs], reads: [answers]}}
          jobs: {{kind: queue}}
          worker: {{kind: worker, uses: vllm, consumes: [jobs], serves: [llm], writes: [answers]}}
          answers: {{kind: database}}
        """
    said = lint("SRV006", text.format(stream=""))
    assert said.undecided == {"components.api.publishes[0]": ("workloads.ask.stream",)}
    assert lint("SRV006", text.format(stream=", stream: false")).findings
    plain = text.replace("uses: vllm, ", "")
    at = "components.api.publishes[0]"
    assert lint("SRV006", plain.format(stream="")).findings[at].certainty == "heuristic"
    assert lint("SRV006", plain.format(stream=", stream: false")).findings[at].certainty == "proven"

"""Published measurements: no bound of archlint is above them, and no finding is proven that they refute."""

from __future__ import annotations

import pytest

import archlint
from archlint.analysis.generation import Generation
from archlint.analysis.starts import StartTime, start_time
from archlint.analysis.token_floors import each_token, first_token
from tests.checks.linting import Said, lint

MIB = 2**20


# --- cold starts


def started(model: str, bandwidth: float) -> StartTime:
    """The start of a server that reads a model, without an image."""
    system = archlint.load(f"""
    archlint: 1
    models: {{llm: {{artifact: {model}}}}}
    components:
      server:
        {{kind: model-server, serves: [llm], loads_model: at-start, image_size: 0B,
         pull_bandwidth: {bandwidth:.0f}B/s}}
    """)
    found = start_time(system, system.components["server"])
    assert isinstance(found, StartTime)
    return found


@pytest.mark.parametrize(
    ("storage", "bandwidth", "best_s"), [("GP3", 1000 * MIB, 14.36), ("IO2", 4000 * MIB, 7.6)]
)
def test_llama_3_8b_from_a_disk(storage: str, bandwidth: float, best_s: float) -> None:
    """15 GB in one file, with the throughput of the disk and the best time that Run:ai's streamer reached.

    https://github.com/run-ai/runai-model-streamer/blob/master/docs/src/benchmarks.md
    """
    floor = started("15GB", bandwidth)
    assert floor.value_s <= best_s, storage
    if storage == "GP3":                  # the disk is the bottleneck: the sizes alone give the time within 1 %
        assert floor.value_s == pytest.approx(best_s, rel=0.01)


@pytest.mark.parametrize("measured_s", [20, 265])
def test_llama_2_70b_over_the_network(measured_s: float) -> None:
    """70 billion parameters of 2 bytes over four links of 25 Gbit/s: 20 s after years of work on it, 4 min 25 s before.

    https://www.anyscale.com/blog/loading-llama-2-70b-20x-faster-with-anyscale-endpoints
    """
    floor = started("140GB", 4 * 25e9 / 8)
    assert floor.value_s == pytest.approx(11.2)
    assert floor.value_s <= measured_s


# --- MLPerf: from single stream and offline to server

SINGLE_MS = 0.496841
OFFLINE_PER_S, OFFLINE_8_PER_S, SERVER_8_PER_S = 31063.5, 248179, 207975.79


def mlperf(time: str, rate: float, batching: str = "") -> Said:
    """ResNet-50 on eight A100 (PCIe), in the round v1.0.

    https://github.com/mlcommons/inference_results_v1.0, closed/NVIDIA/results/A100-PCIex1_TRT and A100-PCIex8_TRT
    """
    return lint("CAP001", f"""
    workloads: {{classify: {{from: loadgen, peak: {rate}/s, models: [resnet], slo: {{latency: {{p99: 15ms}}}}}}}}
    models: {{resnet: {{service_time: {time}}}}}
    components:
      loadgen: {{kind: client, calls: [{{to: cards, timeout: 1s}}]}}
      cards: {{kind: model-server, serves: [resnet], replicas: 8, workers: 1, {batching}}}
    """)


def test_offline_bounds_server() -> None:
    each = f"{1e6 / OFFLINE_PER_S:.9f}us"
    assert mlperf(each, SERVER_8_PER_S).places == set()
    assert mlperf(each, OFFLINE_8_PER_S).places == set()                 # eight cards reach 99.9 % of eight times one
    over = mlperf(each, OFFLINE_8_PER_S * 1.01).findings["components.cards.replicas"]
    assert over.certainty == "proven"


def test_single_stream_with_full_batches_proves_nothing_that_the_server_refutes() -> None:
    assert mlperf(f"{SINGLE_MS}ms", SERVER_8_PER_S, "batching: {max_size: 128}").places == set()
    # One at a time, eight cards could not do it: the batches are why they can.
    assert mlperf(f"{SINGLE_MS}ms", SERVER_8_PER_S).places == {"components.cards.replicas"}
    assert SERVER_8_PER_S > 8 / (SINGLE_MS / 1000)


# --- a language model


NIM = """
archlint: 1
workloads:
  ask: {{from: app, peak: {rate}/s, models: [llama], stream: true, tokens: {{in: 5000, out: 500}}}}
models:
  llama: {{family: transformer, active_parameters: 70.6B, parameters: 70.6B, precision: fp8, kv_per_token: 327680B{more}}}
components:
  app: {{kind: client, calls: [{{to: server, timeout: 5min}}]}}
  server:
    {{kind: model-server, uses: nim, serves: [llama], replicas: 1, hardware: {{gpu: h100, gpus: 2}}, tensor_parallel: 2}}
"""
MEASURED = ", ttft: 406.77ms, tpot: 18.58ms"


def test_floors_of_llama_70b_are_below_what_was_measured() -> None:
    """FP8 on two H100, 5000 tokens in and 500 out, one request at a time.

    https://docs.nvidia.com/nim/benchmarking/llm/1.0.0/performance
    """
    system = archlint.load(NIM.format(rate=1, more=""))
    made = Generation(system.architecture.models["llama"], system.components["server"], system.workloads["ask"])
    assert 0.5 * 0.01858 < each_token(made, 0.5, True).least_s <= 0.01858
    assert 0.5 * 0.01858 < first_token(made, 0.5, False).least_s <= 0.40677
    assert 0.4 * 0.40677 < first_token(made, 0.5, True).at_s <= 0.40677


def test_the_answers_that_fit_are_where_the_measured_latency_breaks() -> None:
    """With 50 requests in progress, the first token took 0.83 s; with 100, it took 8 s, at 13 % more throughput."""
    text = NIM.format(rate=20, more=MEASURED).replace("archlint: 1\n", "")
    found = lint("CAP009", text)
    fits = found.term("components.server.hardware.gpu", "fits")
    assert isinstance(fits, float)
    assert 50 <= fits < 100
    # At the highest measured throughput, 921 tokens/s, archlint says nothing.
    assert lint("CAP009", text.replace("peak: 20/s", f"peak: {921 / 500}/s")).places == set()


# --- a small model on CPUs


def test_distilbert_on_cpus_at_50_000_requests_a_second_under_20_ms() -> None:
    """Roblox required both, and met them with a distilled and quantised model, and a cache before it.

    https://www.databricks.com/session_na21/how-we-scaled-bert-to-serve-1-billion-daily-requests-on-cpu
    Assumed: the number of servers, the times of one request, and the hit ratio.
    """
    report = archlint.check("""
    archlint: 1
    system: text-classifier
    owner: {team: text, contact: "#text-oncall", runbook: docs/text.md}
    workloads:
      classify:
        {from: chat, rate: 25k/s, peak: 50k/s, models: [distilbert], waits: true, inputs: on-request, repeats: 40%,
         slo: {latency: {p95: 20ms}, availability: 99.9%}}
    models:
      distilbert: {family: transformer, parameters: 66M, precision: int8, service_time: {p50: 9ms, p95: 14ms},
        version: "4", registry: model-store}
    components:
      chat: {kind: client, calls: [{to: balancer, timeout: 200ms}]}
      balancer: {kind: load-balancer, uses: envoy, replicas: 6, zones: [a, b, c], calls: [{to: servers, timeout: 100ms}]}
      servers:
        {kind: model-server, serves: [distilbert], replicas: 40, workers: 32, zones: [a, b, c], balancing: least-loaded,
         hardware: {cpu: 36, memory: 64GB}, service_time: 500us, logs_to: [answers], monitored_by: [metrics],
         reads: [{to: known, kind: prediction, hit_ratio: 35%, ttl: 10min, timeout: 5ms, optional: true}]}
      known: {kind: cache, uses: redis, replicas: 3, zones: [a, b, c], service_time: 500us}
      answers: {kind: log-store, uses: s3}
      metrics: {kind: monitoring, uses: prometheus}
      model-store: {kind: model-registry, uses: mlflow}
    """)
    assert [(finding.rule, finding.message) for finding in report.findings] == []

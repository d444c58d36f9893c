"""The keys for generated answers, vendors, places, freshness and stated absence, and the attributes that they set."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from archlint.model.architecture import Hardware, Relation, ServiceTime
from archlint.model.pieces import Amounts, Price, RateLimit, Tokens
from archlint.model.quantities import Money
from archlint.model.schema import architecture_schema
from tests.model.core_yaml import load_core_all
from tests.model.help import architecture, problems

ASSISTANT = """\
archlint: 1
system: assistant
described: [timeouts, logs]
x-reviewed: {by: [mo, jun], on: 2026-03-01}
workloads:
  chat:
    from: app
    rate: 4/s
    tokens: {in: {p50: 400, p99: 6k, mean: 1.2k}, out: 350}
    stream: true
    x-ticket: ML-12
    slo: {latency: {p99: 20s, mean: 8s}, ttft: {p95: 800ms}, tpot: {mean: 40ms}}
models:
  llama:
    family: transformer
    parameters: 8B
    embedding_parameters: 1B
    layers: 32
    kv_heads: 8
    head_dim: 128
    kv_per_token: 128KB
    context: 128k
    ttft: 200ms
    tpot: {p50: 15ms, p99: 30ms}
    quantised_from: meta/llama-3-8b
  tone: {adapter_of: llama, version: none}
  embedder: {owner: none}
components:
  app: {kind: client, calls: {to: api, timeout: none}}
  api:
    kind: service
    auth: none
    calls:
    - {to: guard, fails: closed, in_process: true, timeout: 50ms}
    - {to: vendor, timeout: 30s}
    - {to: decode, timeout: 30s}
    reads:
    - {to: index, quorum: 10, freshness: 1min, timeout: 1s}
    - {to: prefixes, kind: prefix, hit_ratio: 40%, timeout: 10ms, x-why: shared prompts}
    - {to: settings, timeout: 10ms}
    logs_to: none
    monitored_by: none
  guard: {kind: guardrail, serves: [embedder]}
  vendor:
    kind: external
    serves: [tone]
    rate_limit: {requests: 500/min, tokens: 2M/min, concurrent: 100}
    price: {input: 2.50 USD per 1M tokens, output: 10 USD per 1M tokens, source: price list}
    availability: 99%
    region: us-east
  decode:
    kind: model-server
    serves: [llama]
    stage: decode
    balancing: prefix-aware
    max_sequences: 64
    tensor_parallel: 2
    pipeline_parallel: 1
    hardware: {gpu: h100, gpu_share: 0.5}
    zones: 3
    regions: [eu, us]
    jurisdiction: eu
  index: {kind: vector-store, index_of: embedder, shards: 12}
  prefixes: {kind: cache}
  settings: {kind: config-store}
  jobs: {kind: queue, dead_letter: none}
"""
VALIDATOR = Draft202012Validator(architecture_schema())


def accepted(text: str) -> bool:
    return not [error for value in load_core_all(text) for error in VALIDATOR.iter_errors(value)]


def test_the_file_is_read_without_a_problem_and_the_schema_accepts_it() -> None:
    assert problems(ASSISTANT) == []
    assert accepted(ASSISTANT)


def test_a_workload_of_generated_answers() -> None:
    chat = architecture(ASSISTANT).workloads["chat"]
    assert chat.tokens == Tokens(Amounts(percentiles=((0.5, 400), (0.99, 6000)), mean=1200), Amounts(constant=350))
    assert chat.stream is True
    assert (chat.slo.latency, chat.slo.latency_mean_s) == (((0.99, 20.0),), 8)
    assert (chat.slo.ttft, chat.slo.ttft_mean_s) == (((0.95, 0.8),), None)
    assert (chat.slo.tpot, chat.slo.tpot_mean_s) == ((), 0.04)
    assert chat.extra == (("x-ticket", "ML-12"),)


def test_a_generative_model() -> None:
    models = architecture(ASSISTANT).models
    llama = models["llama"]
    assert (llama.family, llama.layers, llama.kv_heads, llama.head_dim) == ("transformer", 32, 8, 128)
    assert (llama.kv_per_token_bytes, llama.context, llama.embedding_parameters) == (128_000, 128_000, 1e9)
    assert (llama.ttft, llama.tpot) == (
        ServiceTime(constant_s=0.2), ServiceTime(percentiles=((0.5, 0.015), (0.99, 0.03)))
    )  # fmt: skip
    assert (llama.quantised_from, models["tone"].adapter_of) == ("meta/llama-3-8b", "llama")


def test_components() -> None:
    components = architecture(ASSISTANT).components
    vendor, decode, index = components["vendor"], components["decode"], components["index"]
    assert vendor.rate_limit is not None
    assert vendor.rate_limit.requests_per_s == pytest.approx(500 / 60)
    assert vendor.rate_limit == RateLimit(vendor.rate_limit.requests_per_s, 2e6 / 60, 100)
    assert vendor.price == Price(
        source="price list", input=Money(2.5, "USD", per_count=1e6), output=Money(10, "USD", per_count=1e6)
    )
    assert (vendor.regions, decode.regions, decode.jurisdiction) == (("us-east",), ("eu", "us"), "eu")
    assert (decode.zones, decode.zone_count, decode.different_zones) == (None, 3, 3)
    assert (decode.stage, decode.balancing, decode.max_sequences) == ("decode", "prefix-aware", 64)
    assert (decode.tensor_parallel, decode.pipeline_parallel) == (2, 1)
    assert decode.hardware == Hardware(gpu="h100", gpu_share=0.5)
    assert (index.index_of, index.shards) == ("embedder", 12)


def test_relations() -> None:
    guard, _, _, index, prefixes, _ = architecture(ASSISTANT).components["api"].relations
    assert guard == Relation("calls", "api", "guard", 0, timeout_s=0.05, fails="closed", in_process=True)
    assert index == Relation("reads", "api", "index", 0, timeout_s=1, quorum=10, freshness_s=60)
    assert (prefixes.caches, prefixes.extra) == ("prefix", (("x-why", "shared prompts"),))


def test_none_is_a_statement_at_its_place() -> None:
    read = architecture(ASSISTANT)
    assert read.nones == {
        "models.tone.version", "models.embedder.owner", "components.app.calls.api.timeout", "components.api.auth",
        "components.api.logs_to", "components.api.monitored_by", "components.jobs.dead_letter",
    }  # fmt: skip
    app, api = read.components["app"], read.components["api"]
    assert (app.relations[0].timeout_s, api.auth, read.models["tone"].version) == (None, None, None)
    assert all(relation.verb in {"calls", "reads"} for relation in api.relations)
    assert (read.models["embedder"].owner, read.components["jobs"].dead_letter) == (None, None)


def test_the_owner_of_the_system_may_be_none_too() -> None:
    read = architecture("owner: none\ncomponents: {a: {kind: client}}")
    assert read.owner is None
    assert read.nones == {"owner"}


def test_described_families_and_own_keys_of_the_system() -> None:
    read = architecture(ASSISTANT)
    assert read.described == ("timeouts", "logs")
    assert read.extra == (("x-reviewed", "{by: [mo, jun], on: 2026-03-01}"),)


OWN = """\
x-a: 1
owner: {team: t, x-a: 1}
team: {engineers: 2, x-a: 1}
workloads:
  w:
    from: {client: c, x-a: 1}
    x-a: 1
    tokens: {in: 1, x-a: 1}
    slo: {latency: 1s, x-a: 1}
models: {m: {x-a: 1}}
components:
  c:
    kind: client
    x-a: 1
    calls: [{to: s, x-a: 1}]
    hardware: {cpu: 1, x-a: 1}
  s:
    kind: model-server
    replicas: {min: 1, max: 2, x-a: 1}
    batching: {max_size: 2, x-a: 1}
    preprocessing: {x-a: 1}
    load_tested: {x-a: 1}
    rate_limit: {x-a: 1}
    price: {amount: 1 USD per h, x-a: 1}
accept: [{rule: SRV001, reason: x, x-a: 1}]
"""


def test_own_keys_are_kept_on_every_record() -> None:
    read = architecture(OWN)
    assert read.problems == ()
    assert accepted("archlint: 1\n" + OWN)
    w, c, s = read.workloads["w"], read.components["c"], read.components["s"]
    assert read.owner is not None
    holders = (
        read, read.owner, read.team, w, w.entrance, w.tokens, w.slo, read.models["m"], c, c.relations[0], c.hardware, s,
        s.scaling, s.batching, s.preprocessing, s.load_tested, s.rate_limit, s.price, *read.accept,
    )  # fmt: skip
    kept = [getattr(holder, "extra", None) for holder in holders]
    assert kept == [() if holder is s else (("x-a", "1"),) for holder in holders]


@pytest.mark.parametrize(("text", "message", "suggestion"), [
    ("components: {a: {kind: external, rate_limit: {tokens: 2M}}}", "`2M` is not a rate", "did you mean 2M/s?"),
    ("components: {a: {kind: external, rate_limit: {requests: 2M tokens/min}}}", "`2M tokens/min` is not a rate", "write it like 40/s, 300/min or 2M/day"),
    ("components: {a: {kind: external, price: {input: 3 USD per h}}}", "`3 USD per h` is not a price of tokens", "write it like 2.50 USD per 1M tokens"),
    ("components: {a: {kind: external, price: {input: 3 USD per 0 tokens}}}", "`3 USD per 0 tokens` is a price of no tokens", "write it like 2.50 USD per 1M tokens"),
    ("components: {a: {kind: service, hardware: {gpu_share: 150%}}}", "`150%` is more than 100%", "write at most 100%"),
    ("components: {a: {kind: service, hardware: {gpu_share: 0}}}", "`0`: a share of nothing", "write more than 0, or remove the key"),
    ("components: {a: {kind: service, zones: 0}}", "`0` zones: a component runs somewhere", "write 1, or name the zones"),
    ("components: {a: {kind: service, region: eu, regions: [us]}}", "`region` and `regions` are the same key", "remove one of them"),
    ("components: {a: {kind: service, stage: train}}", "unknown stage of generation `train`", "valid values: prefill, decode"),
    ("models: {m: {family: gpt}}\ncomponents: {a: {kind: client}}", "unknown family of models `gpt`", "valid values: transformer, cnn, mlp, gbdt, linear, dlrm, other"),
    ("models: {m: {kv_per_token: 128}}\ncomponents: {a: {kind: client}}", "`128` has no unit", "did you mean 128MB or 128GB?"),
    ("models: {m: {adapter_of: base}}\ncomponents: {a: {kind: client}}", "unknown model `base`", "define it under `models:`"),
    ("described: [timeout]\ncomponents: {a: {kind: client}}", "unknown family of facts `timeout`", "did you mean `timeouts`?"),
    ("workloads: {w: {from: a, tokens: 500}}\ncomponents: {a: {kind: edge-device}}", "`tokens` needs a number of tokens (a mapping), but has `500`", "write `{in: …, out: …}`"),
    ("workloads: {w: {from: a, tokens: {in: {p50: 9, p99: 3}}}}\ncomponents: {a: {kind: edge-device}}", "p99 is 3, below p50 with 9: a higher percentile is never smaller", "swap them?"),
    ("workloads: {w: {from: a, tokens: {in: {}}}}\ncomponents: {a: {kind: edge-device}}", "`in` has no number", "add `p50:`, `p99:`, `mean:` or `max:`"),
])  # fmt: skip
def test_mistakes_are_plain(text: str, message: str, suggestion: str) -> None:
    (found,) = problems(text)
    assert found.message == message
    assert found.suggestion == suggestion


@pytest.mark.parametrize(("written", "names", "count"), [
    ("3", None, 3), ("'3'", ("3",), None), ("[3]", ("3",), None), ("[a, b]", ("a", "b"), None), ("a", ("a",), None),
])  # fmt: skip
def test_a_plain_number_of_zones_is_a_count(written: str, names: tuple[str, ...] | None, count: float | None) -> None:
    zoned = architecture(f"components: {{a: {{kind: service, zones: {written}}}}}").components["a"]
    assert (zoned.zones, zoned.zone_count) == (names, count)


def test_a_price_of_nothing_is_a_mistake() -> None:
    found = architecture("components: {a: {kind: external, price: {source: x}}}")
    assert [problem.message for problem in found.problems] == ["a price needs one of `amount`, `input`, `output`"]

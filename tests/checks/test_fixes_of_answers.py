"""The fixes that rules suggest for generated answers: the pattern that fits, and only where it fits."""

from __future__ import annotations

import pytest

from tests.checks.linting import lint


def slow(workload: str, model: str = "service_time: 4s") -> list[str]:
    """The fixes of SRV001 for a model that is too slow."""
    found = lint("SRV001", f"""
workloads: {{ask: {{from: app, waits: true, inputs: on-request, repeats: 0, {workload}}}}}
models: {{m: {{{model}}}}}
components:
  app: {{kind: client, calls: [server]}}
  server: {{kind: model-server, serves: [m]}}
""")
    (finding,) = found.findings.values()
    return [cure.pattern for cure in finding.cures]


@pytest.mark.parametrize(
    ("workload", "model", "fixes"),
    [
        ("slo: {latency: {p95: 1s}}", "service_time: 4s, family: cnn", ["smaller-model", "multiple-stage"]),
        ("stream: false, tokens: {out: 200}, slo: {latency: {p95: 1s}}", "service_time: 4s",
         ["smaller-model", "multiple-stage", "model-cascade", "streamed-answer"]),
        ("stream: true, tokens: {out: 200}, slo: {ttft: {p95: 1s}}", "ttft: 4s, tpot: 20ms",
         ["smaller-model", "multiple-stage", "model-cascade"]),
    ],
)  # fmt: skip
def test_a_slow_answer_may_be_streamed_or_come_from_a_smaller_model(workload: str, model: str, fixes: list[str]) -> None:
    assert slow(workload, model) == fixes


def vendor(uses: str) -> list[str]:
    """The fixes of REL014 for a vendor that every request needs."""
    found = lint("REL014", f"""
workloads: {{ask: {{from: app, slo: {{availability: 99.9%}}}}}}
models: {{m: {{}}}}
components:
  app: {{kind: client, calls: [api]}}
  api: {{kind: service, calls: [vendor]}}
  vendor: {{kind: external, serves: [m], availability: 99%{uses}}}
""")
    return found.cures("components.vendor.availability")


def test_a_gateway_replaces_a_vendor_of_generated_answers() -> None:
    assert vendor(", uses: openai") == ["llm-gateway", "prediction-circuit-break"]
    assert vendor("") == ["prediction-circuit-break"]


def index(workload: str) -> list[str]:
    """The fixes of SRV013 for an index of another model."""
    found = lint("SRV013", f"""
workloads: {{find: {{from: app, models: [query-net{workload}}}}}
models: {{query-net: {{}}, old-net: {{}}, m: {{tpot: 20ms}}}}
components:
  app: {{kind: client, calls: [api]}}
  api: {{kind: service, calls: [vectors, writer], reads: [index]}}
  vectors: {{kind: model-server, serves: [query-net]}}
  writer: {{kind: model-server, serves: [m]}}
  index: {{kind: vector-store, index_of: old-net}}
""")
    return found.cures("components.index.index_of")


def test_an_index_before_a_generated_answer_is_a_part_of_the_retrieval() -> None:
    assert index(", m], tokens: {out: 300}") == ["rag", "batch"]
    assert index("]") == ["batch"]


def test_a_part_that_buffers_passes_tokens_on() -> None:
    text = """
workloads: {ask: {from: app, stream: true, tokens: {out: 300}}}
models: {m: {}}
components:
  app: {kind: client, calls: [edge]}
  edge: {kind: gateway, buffers: true, calls: [server]}
  server: {kind: model-server, serves: [m]}
"""
    assert lint("SRV014", text).cures("components.edge.buffers") == ["streamed-answer"]


def test_a_check_that_may_be_skipped_becomes_a_guardrail_that_stops() -> None:
    text = """
workloads: {ask: {from: app}}
models: {m: {}}
components:
  app: {kind: client, calls: [api]}
  api: {kind: service, exposed: public, calls: [{to: check, fails: open}, server]}
  check: {kind: guardrail}
  server: {kind: model-server, serves: [m]}
"""
    assert lint("REL016", text).cures("components.api.calls[0].fails") == ["guardrail", "replicate"]


@pytest.mark.parametrize(("limit", "kind", "others", "fixes", "takes"), [
    ("slo: {latency: {p99: 9s}}", "model-server", "", ["timeout-budget"], "the time of one answer has no limit"),
    ("slo: {latency: {p99: 9s}}", "external", "", ["llm-gateway", "timeout-budget"], "the time of one answer has no limit"),
    ("slo: {latency: {p99: 9s}}", "model-server", ", other: {from: app}", ["llm-gateway", "timeout-budget"],
     "the time of one answer has no limit"),
    ("budget: 100 USD per month", "model-server", "", ["llm-gateway"], "the cost of one answer has no limit"),
    ("budget: 100 USD per month, slo: {latency: {p99: 9s}}", "external", "", ["llm-gateway", "timeout-budget"],
     "the time and cost of one answer have no limit"),
])  # fmt: skip
def test_a_gateway_limits_the_tokens_of_all_applications(
    limit: str, kind: str, others: str, fixes: list[str], takes: str
) -> None:
    found = lint("OPS009", f"""
workloads: {{ask: {{from: app, tokens: {{out: {{mean: 300}}}}, {limit}}}{others}}}
models: {{m: {{}}}}
components:
  app: {{kind: client, calls: [server]}}
  server: {{kind: {kind}, serves: [m]}}
""")
    at = "workloads.ask.tokens.out"
    assert found.cures(at) == fixes
    assert found.findings[at].message.endswith(takes)

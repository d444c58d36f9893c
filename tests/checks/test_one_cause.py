"""Findings have one cause only if one change of one fact resolves them: one component may have several faults."""

import archlint

MANY_FAULTS = """
archlint: 1
described: all
workloads:
  ask: {from: app, waits: true, rate: 40/s, slo: {latency: {p95: 2s}, availability: 99.9%}}
models:
  writer: {service_time: 800ms, parameters: 70B, precision: fp16, family: transformer}
components:
  app: {kind: client, calls: [{to: api, timeout: 5s, retries: 3}]}
  api: {kind: service, replicas: 3, workers: 50, zones: [a, b, c], calls: [{to: server, timeout: 4s, retries: 3}]}
  server: {kind: model-server, serves: [writer], replicas: 1, workers: 1, loads_model: at-start, availability: 99%,
    hardware: {memory: 64GB}}
"""


def test_several_faults_of_one_component_are_several_causes() -> None:
    found = archlint.check(MANY_FAULTS).findings
    assert {"CAP001", "CAP003", "REL001", "REL005", "REL008"} <= {finding.rule for finding in found}
    assert [finding.cause for finding in found if finding.cause] == []


def test_starts_that_need_the_same_source_have_one_cause() -> None:
    found = archlint.check(
        """
archlint: 1
described: all
workloads:
  ask: {from: app, waits: true, rate: 1/s, slo: {availability: 99.9%}}
models: {small: {}, large: {}}
components:
  app: {kind: client, calls: [{to: first, timeout: 5s}]}
  first: {kind: model-server, serves: [small], replicas: 2, loads: [hub], loads_model: at-start,
    calls: [{to: second, timeout: 4s}]}
  second: {kind: model-server, serves: [large], replicas: 2, loads: [mirror], loads_model: at-start}
  hub: {kind: external, availability: 99%}
  mirror: {kind: external, availability: 98%}
"""
    ).findings
    assert {finding.cause for finding in found if finding.rule == "REL015"} == {
        "availability of hub", "availability of mirror",
    }  # fmt: skip

"""Systems as teams run them today, each with the verdict that an expert would give: all rules at once."""

from __future__ import annotations

from functools import cache
from textwrap import dedent

import pytest

from archlint.config import Config
from archlint.linter import Linter, Options
from archlint.source.parser import parse
from archlint.verdicts import FileReport
from tests.conftest import ROOT

COMMON = """
archlint: 1
system: museum-guide
owner: {team: guide, contact: "#guide-oncall", runbook: docs/guide.md}
"""
WATCHED = "logs_to: [answers], monitored_by: [metrics]"
AROUND = """
  answers: {kind: log-store, uses: bigquery}
  metrics: {kind: monitoring, uses: datadog}
  hub: {kind: model-registry, uses: mlflow}
"""


@cache
def linter() -> Linter:
    return Linter(Config(ROOT), Options(today="2026-06-30"))


def checked(text: str) -> FileReport:
    """The report on a system; `WATCHED` in its text stands for a log and monitoring, which are added."""
    whole = COMMON + dedent(text).replace("WATCHED", WATCHED) + AROUND
    return linter().lint(parse("arch.yaml", whole), None)[0]


def found(report: FileReport) -> dict[str, str]:
    """The findings by rule and place, each with its severity and certainty."""
    return {f"{f.rule} {f.at}": f"{f.severity}, {f.certainty}" for f in report.findings}


def asked(report: FileReport) -> dict[str, tuple[str, ...]]:
    return {f"{question.rule} {question.at}": question.needs for question in report.undecided}


STREAMED = """
    workloads:
      tell: {from: phone, models: [guide-llm], waits: true, inputs: on-request, slo: {latency: {p95: 2s}}STREAM}
    models:
      guide-llm: {service_time: {p50: 9s, p95: 15s}, version: 3, registry: hub}
    components:
      phone: {kind: client, calls: [{to: entry, timeout: 40s}]}
      entry: {kind: gateway, replicas: 2, zones: [a, b], calls: [{to: writer, timeout: 40s}]}
      writer: {kind: model-server, uses: sglang, serves: [guide-llm], replicas: 3, zones: [a, b], WATCHED}
"""


def test_a_streamed_answer_may_have_an_objective_for_its_first_token() -> None:
    report = checked(STREAMED.replace("STREAM", ""))
    assert found(report) == {}
    assert asked(report)["SRV001 workloads.tell.slo.latency"] == ("workloads.tell.stream",)
    whole = found(checked(STREAMED.replace("STREAM", ", stream: false")))
    assert whole["SRV001 models.guide-llm.service_time"] == "error, proven"
    first = STREAMED.replace("latency: {p95: 2s}", "ttft: {p95: 2s}").replace("STREAM", ", stream: true")
    assert "SRV001" not in "".join(found(checked(first)))


def test_a_live_stream_keeps_an_index_fresh_beside_a_rebuild() -> None:
    report = checked("""
        workloads:
          look-up: {from: phone, models: [image-net], waits: true, inputs: known, slo: {freshness: 2min}}
        models:
          image-net: {service_time: 15ms, version: 8, registry: hub}
        components:
          phone: {kind: client, calls: [{to: api, timeout: 2s}]}
          api: {kind: service, replicas: 2, zones: [a, b], balancing: round-robin, reads: [{to: works, timeout: 200ms}]}
          works: {kind: database, uses: weaviate, replicas: 3, zones: [a, b, c]}
          curators: {kind: client, publishes: [changes]}
          changes: {kind: queue, uses: pubsub, dead_letter: failed}
          failed: {kind: queue, uses: pubsub}
          embed: {kind: worker, consumes: [changes], serves: [image-net], writes: [works], replicas: 2, zones: [a, b],
                  WATCHED}
          rebuild: {kind: batch-job, schedule: "@monthly", run_time: 9h, serves: [image-net], writes: [works], WATCHED}
    """)
    assert found(report) == {}
    assert not [question for question in asked(report) if question.startswith(("SRV003", "SRV008"))]


ADAPTERS = """
    workloads:
      young: {from: phone, models: [guide-llm, for-children], waits: true, inputs: on-request}
      old: {from: phone, models: [guide-llm, for-experts], waits: true, inputs: on-request}
    models:
      guide-llm: {artifact: 15GB, version: 3, registry: hub}
      for-children: {artifact: 60MB, version: 1, registry: hub ADAPTER}
      for-experts: {artifact: 60MB, version: 4, registry: hub ADAPTER}
    components:
      phone: {kind: client, calls: [{to: entry, timeout: 40s}]}
      entry: {kind: gateway, replicas: 2, zones: [a, b], calls: [{to: writer, timeout: 40s}]}
      writer: {kind: model-server, uses: lorax, serves: [guide-llm, for-children, for-experts], replicas: 2,
               zones: [a, b], WATCHED}
"""


def test_adapters_on_one_base_are_one_pipeline() -> None:
    unsaid = found(checked(ADAPTERS.replace("ADAPTER", "")))
    assert unsaid == {"SRV002 components.writer.serves": "warning, heuristic"}
    assert found(checked(ADAPTERS.replace("ADAPTER", ", adapter_of: guide-llm"))) == {}


@pytest.mark.parametrize("uses", ["lambda", "cloud-run"])
@pytest.mark.parametrize("replicas", ["{min: 2, max: 40}", "{min: 0, max: 40}"])
def test_a_serverless_endpoint_balances_and_spreads_by_itself(uses: str, replicas: str) -> None:
    report = checked(f"""
        workloads: {{label: {{from: phone, models: [label-net], waits: true, inputs: on-request}}}}
        models: {{label-net: {{version: 5, registry: hub}}}}
        components:
          phone: {{kind: client, calls: [{{to: labels, timeout: 3s}}]}}
          labels: {{kind: model-server, uses: {uses}, serves: [label-net], replicas: {replicas}, WATCHED}}
    """)
    assert found(report) == {}
    assert asked(report) == {}


def test_a_read_through_cache_is_no_single_point_of_failure() -> None:
    report = checked("""
        workloads: {rank: {from: phone, models: [rank-net], waits: true, inputs: on-request}}
        models: {rank-net: {version: 5, registry: hub}}
        components:
          phone: {kind: client, calls: [{to: ranking, timeout: 2s}]}
          ranking: {kind: model-server, serves: [rank-net], replicas: 4, zones: [a, b], balancing: least-loaded, WATCHED,
                    reads: [{to: recent, kind: data, hit_ratio: 95%, timeout: 5ms}, {to: visits, timeout: 30ms}]}
          recent: {kind: cache, uses: memcached, replicas: 1}
          visits: {kind: database, uses: dynamodb}
    """)
    assert found(report) == {}


@pytest.mark.parametrize(("zones", "single"), [("2", False), ("3", False), ("1", True)])
def test_zones_may_be_counted(zones: str, single: bool) -> None:
    report = checked(f"""
        workloads: {{label: {{from: phone, models: [label-net], waits: true, inputs: on-request}}}}
        models: {{label-net: {{version: 5, registry: hub}}}}
        components:
          phone: {{kind: client, calls: [{{to: labels, timeout: 3s}}]}}
          labels: {{kind: model-server, serves: [label-net], replicas: 6, zones: {zones}, balancing: random, WATCHED}}
    """)
    assert found(report) == ({"REL001 components.labels.zones": "error, proven"} if single else {})


def test_a_shadow_in_the_process_of_the_live_model_shares_its_fate() -> None:
    report = checked("""
        workloads: {label: {from: phone, models: [label-net], waits: true, inputs: on-request}}
        models:
          label-net: {family: cnn, version: 5, registry: hub, service_time: 2ms}
          next-net: {family: cnn, version: 6, registry: hub, service_time: 2ms, evaluated: [shadow]}
        components:
          phone: {kind: client, calls: [{to: labels, timeout: 3s}]}
          labels: {kind: service, serves: [label-net, next-net], replicas: 4, zones: [a, b], balancing: random, WATCHED}
    """)
    assert found(report) == {"SRV002 components.labels.serves": "warning, proven"}
    assert report.findings[0].message.endswith("`label` fails (100 % of all traffic)")


def test_a_vendor_that_serves_the_model_is_asked_like_a_server() -> None:
    text = """
        archlint: 1
        workloads: {tell: {from: phone, rate: 2/s, models: [guide-llm], waits: true, inputs: on-request,
                           slo: {availability: 99.9%}}}
        models: {guide-llm: {version: "2026-03"}}
        components:
          phone: {kind: client, calls: [{to: api, timeout: 60s}]}
          api: {kind: service, replicas: 3, zones: [a, b], balancing: random, calls: [{to: vendor, timeout: 60s}]}
          vendor: {kind: external, uses: mistral, serves: [guide-llm]}
    """
    report = linter().lint(parse("arch.yaml", dedent(text)), None)[0]
    said = {rule.partition(" ")[0] for rule in (*found(report), *asked(report))}
    assert {"OPS001", "OPS002", "OPS003"} <= said


def test_work_behind_a_durable_queue_is_late_and_not_lost() -> None:
    report = checked("""
        workloads: {describe: {from: curator, models: [text-net], waits: false, inputs: on-request}}
        models: {text-net: {version: 2, registry: hub}}
        components:
          curator: {kind: client, publishes: [photos]}
          photos: {kind: queue, uses: sqs, dead_letter: failed}
          failed: {kind: queue, uses: sqs}
          writer: {kind: worker, consumes: [photos], serves: [text-net], replicas: 1, writes: [texts], WATCHED}
          texts: {kind: database, uses: dynamodb}
    """)
    assert found(report) == {"REL001 components.writer.replicas": "info, proven"}

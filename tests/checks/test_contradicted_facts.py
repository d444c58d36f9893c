"""A finding that rests on a contradicted fact waits for its correction: DOC010 reports the fact once."""

import archlint

SHOP = """
archlint: 1
system: shop
described: all
workloads:
  home: {{from: app, waits: true, rate: 10/s, slo: {{latency: {{p95: 100ms}}}}}}
models: {{ranker: {{version: "1", registry: hub, {model}}}}}
components:
  app: {{kind: client, calls: [{{to: server, timeout: 1s}}]}}
  hub: {{kind: model-registry}}
  server: {{kind: model-server, serves: [ranker], workers: 4, {server}}}
"""


def _said(model: str, server: str) -> tuple[set[str], dict[str, str]]:
    report = archlint.check(SHOP.format(model=model, server=server))
    about = {question.rule: f"{len(question.mistakes)} {question.because}" for question in report.undecided}
    return {finding.rule for finding in report.findings}, about


def test_no_replicas_are_one_finding() -> None:
    rules, open_questions = _said("service_time: 5ms", "replicas: 0")
    assert "DOC010" in rules
    assert "REL001" not in rules
    assert open_questions["REL001"].startswith("1 which of two facts")


def test_one_replica_is_a_single_point_of_failure() -> None:
    rules, open_questions = _said("service_time: 5ms", "replicas: 1")
    assert "REL001" in rules
    assert "REL001" not in open_questions


def test_a_time_that_contradicts_itself_proves_nothing() -> None:
    rules, open_questions = _said("service_time: {p50: 400ms, p99: 300ms}", "replicas: 2")
    assert "DOC010" in rules
    assert "SRV001" not in rules
    assert open_questions["SRV001"].startswith("1 ")
    assert "SRV001" in _said("service_time: {p50: 400ms, p99: 500ms}", "replicas: 2")[0]

"""Workloads that start jobs: their result time is that of the runs, and they send no requests."""

from __future__ import annotations

import archlint
from archlint.analysis.numbers import numbers_of
from archlint.analysis.quantity import Missing, Quantity
from archlint.analysis.runs import runs_of

SYSTEM = """
archlint: 1
workloads:
  nightly: {from: cron, models: [net], waits: false, slo: {latency: {p95: 4h}}}
  show: {from: page, rate: 10/s, models: [net], inputs: known}
models: {net: {service_time: 3ms}}
components:
  page: {kind: client, calls: [api]}
  api: {kind: service, service_time: 1ms, workers: 1, replicas: 1, reads: [table]}
  table: {kind: database}
  cron: {kind: scheduler, schedule: "0 2 * * *", triggers: [load, score]}
  load: {kind: batch-job, run_time: 1h, triggers: [score]}
  score: {kind: batch-job, serves: [net], records: 4M, replicas: 2, writes: [table], triggers: [publish, report]}
  publish: {kind: batch-job, run_time: 10min}
  report: {kind: batch-job, run_time: 5min}
"""
SCORED_S = 4e6 * 0.003 / 2


def test_the_result_time_is_that_of_the_longest_chain_of_runs() -> None:
    numbers = numbers_of(archlint.load(SYSTEM))
    [nightly] = [one for one in numbers.workloads if one.name == "nightly"]
    found = nightly.get("result_time")
    assert isinstance(found, Quantity)
    assert found.value == 3600 + SCORED_S + 600
    assert [term.value for term in found.terms if term.limit] == [4 * 3600.0]
    assert nightly.get("p50") is None and nightly.get("p95") is None and nightly.get("breaks_at") is None


def test_traffic_is_that_of_the_workloads_that_send_requests() -> None:
    numbers = {one.name: one for one in numbers_of(archlint.load(SYSTEM)).components}
    table = numbers["table"].get("lost_traffic")
    assert isinstance(table, Quantity) and table.value == 1.0
    assert numbers["load"].get("lost_traffic") is None and numbers["cron"].get("lost_traffic") is None


def test_a_run_of_unknown_length_is_asked_for() -> None:
    numbers = numbers_of(archlint.load(SYSTEM.replace("run_time: 10min", "retry: all")))
    [nightly] = [one for one in numbers.workloads if one.name == "nightly"]
    found = nightly.get("result_time")
    assert isinstance(found, Missing) and [place.at for place in found.needs] == ["components.publish.run_time"]


def test_jobs_in_a_circle_are_left_out() -> None:
    system = archlint.load(SYSTEM.replace("report: {kind: batch-job,", "report: {kind: batch-job, triggers: [load],"))
    assert runs_of(system, system.workloads["nightly"]) is None

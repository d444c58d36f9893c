"""Facts that cannot be true together, and the near misses that can."""

from __future__ import annotations

import pytest

from archlint.model.words import KINDS
from tests.model.help import architecture, problems


def component(facts: str, more: str = "") -> str:
    """A system with one component under test, and possible targets of each kind."""
    others = ", ".join(f"{kind}-x: {{kind: {kind}, consumes: queue-x}}" for kind in KINDS)
    return f"components: {{it: {{{facts}}}, {others}{more}}}\nmodels: {{m: , n: }}\n"


def workload(facts: str) -> str:
    return f"workloads: {{w: {{{facts}}}}}\n" + component("kind: client, calls: [service-x, {to: gateway-x}]")


def model(facts: str) -> str:
    return component("kind: service").replace("m: ,", f"m: {{{facts}}},")


@pytest.mark.parametrize(("text", "underlined", "message"), [
    (component("kind: worker"), "worker", "this worker consumes nothing; a worker takes its work from a queue"),
    (component("kind: worker, reads: [database-x]"), "worker", "this worker consumes nothing"),
    (component("kind: queue, serves: [m]"), "serves: [m]", "a queue cannot have `serves`"),
    (component("kind: service, serves: [m, n, m]"), "m", "`serves` lists `m` twice"),
    (component("kind: database, trains: [m]"), "trains: [m]", "a database cannot have `trains`"),
    (component("kind: training-job, trains: [m, m]"), "m", "`trains` lists `m` twice"),
    (component("kind: service, replicas: 0"), "0", "with 0 replicas, this component does not run"),
    (component("kind: service, replicas: {min: 4, max: 2}"), "4", "`min` is 4, but `max` is 2"),
    (component("kind: service, autoscale: {min: 4, max: 2}"), "4", "`min` is 4, but `max` is 2"),
    (component("kind: service, replicas: {min: 0, max: 0}"), "0", "with a maximum of 0 replicas"),
    (component("kind: service, replicas: {min: 1, max: 4}, autoscale: {min: 1, max: 5}"), "autoscale: {min: 1, max: 5}", "have different ranges"),
    (component("kind: service, replicas: 3, autoscale: {min: 5, max: 9}"), "3", "3 replicas are outside the range"),
    (component("kind: service, replicas: 12, autoscale: {max: 9}"), "12", "12 replicas are outside the range"),
    (component("kind: service, replicas: 2, zones: [a, b, c]"), "zones: [a, b, c]", "2 replicas cannot run in 3 zones"),
    (component("kind: service, replicas: 1, zones: [a, b]"), "zones: [a, b]", "1 replica cannot run in 2 zones"),
    (component("kind: service, replicas: {min: 1, max: 2}, zones: [a, b, c]"), "zones: [a, b, c]",
     "2 replicas cannot run in 3 zones"),
    (component("kind: service, zones: [a, a]"), "zones: [a, a]", "`zones` lists the same zone twice"),
    (component("kind: service, host: node-1, zones: [a, b]"), "zones: [a, b]",
     "all replicas run on the host `node-1`, so they cannot run in 2 zones"),
    (component("kind: queue, dead_letter: it"), "it", "a queue cannot be its own dead-letter queue"),
    (component("kind: queue, dead_letter: client-x"), "client-x",
     "`client-x` is a client; dead letters go to a queue or a store"),
    (component("kind: service, availability: 99.9%, mtbf: 99h, mttr: 1h"), "99.9%",
     "but `mtbf` and `mttr` give 99 %"),
    (component("kind: service, features: it"), "it", "cannot be its own feature source"),
    (component("kind: service, hardware: {gpu: t4, gpus: 0}"), "0", "`gpus` is 0, but `gpu` is t4"),
    (component("kind: model-server, tensor_parallel: 4, hardware: {gpu: h100, gpus: 2}"), "4", "spread over 4 accelerators, but a replica has 2"),
    (component("kind: model-server, tensor_parallel: 2, pipeline_parallel: 2, hardware: {gpus: 2}"), "2", "spread over 4 accelerators, but a replica has 2"),
    (component("kind: service, regions: [eu, eu]"), "regions: [eu, eu]", "`regions` lists the same region twice"),
    (component("kind: service, reads: [{to: split, quorum: 13}]", ", split: {kind: vector-store, shards: 12}"), "13", "`quorum` is 13, but `split` has 12 shards"),
    (component("kind: service, publishes: [{to: queue-x, freshness: 1min}]"), "1min", "`freshness` is the age of what is read; `publishes` reads nothing"),
    (model("adapter_of: m"), "m", "a model cannot be its own adapter"),
    (model("parameters: 1B, embedding_parameters: 2B"), "2B", "`embedding_parameters` is 2 B, above `parameters` with 1 B"),
    (component("kind: service, workers: 0"), "0", "`0`: no request would be handled"),
    (component("kind: service, limit: 0"), "0", "`0`: nothing would be accepted"),
    (component("kind: service, batching: {max_size: 0}"), "0", "`0`: nothing would be accepted"),
    (component("kind: service, mtbf: 0h"), "0h", "`0h`: a period cannot be zero"),
    (component("kind: service, calls: [queue-x]"), "queue-x",
     "`it` calls `queue-x`, which is a queue, not a component that answers"),
    (component("kind: service, calls: [it]"), "it", "a component cannot call itself"),
    (component("kind: service, reads: [queue-x]"), "queue-x", "`it` reads `queue-x`, which is a queue, not a store"),
    (component("kind: service, reads: [{to: service-x}]"), "service-x", "`it` reads `service-x`, which is a service"),
    (component("kind: service, writes: [queue-x]"), "queue-x", "`it` writes `queue-x`, which is a queue"),
    (component("kind: service, publishes: [service-x]"), "service-x",
     "`it` publishes `service-x`, which is a service, not a queue"),
    (component("kind: worker, consumes: [service-x]"), "service-x",
     "`it` consumes `service-x`, which is a service, not a queue"),
    (component("kind: scheduler, triggers: [queue-x]"), "queue-x",
     "`it` triggers `queue-x`, which is a queue, not a job"),
    (component("kind: service, monitored_by: [cache-x]"), "cache-x",
     "which is a cache, not a component of the kind `monitoring`"),
    (component("kind: service, logs_to: [client-x]"), "client-x", "which is a client, not a log store"),
    (component("kind: service, loads: [queue-x]"), "queue-x", "which is a queue, not a model registry or object store"),
    (component("kind: service, mirrors: [client-x]"), "client-x",
     "which is a client, not a component that takes requests"),
    (component("kind: service, monitored_by: [monitoring-x, monitoring-x]"), "monitoring-x",
     "`monitored_by` lists `monitoring-x` twice"),
    (component("kind: service, calls: [{to: service-x, timeout: 0s}]"), "0s",
     "`0s`: every attempt would time out"),
    (component("kind: service, calls: [{to: service-x, wait: false}]"), "false", "`calls` always waits for the answer"),
    (component("kind: service, publishes: [{to: queue-x, wait: true}]"), "true",
     "`publishes` never waits"),
    (component("kind: service, calls: [{to: service-x, max_attempts: 3}]"), "3", "applies to `consumes` only, not to `calls`"),
    (component("kind: service, calls: [{to: service-x, redelivery_after: 3s}]"), "3s", "applies to `consumes` only, not to `calls`"),
    (component("kind: worker, consumes: [{to: queue-x, max_attempts: 0}]"), "0", "`0`: nothing would be accepted"),
    (component("kind: service, calls: [{to: service-x, fallback: service-x}]"), "service-x",
     "`service-x` cannot be its own fallback"),
    (component("kind: service, calls: [{to: service-x, hit_ratio: 0.3}]"), "0.3",
     "needs a cache, but `service-x` is a service"),
    (component("kind: service, calls: [{to: service-x, ttl: 3s}]"), "3s", "needs a cache, but `service-x` is a service"),
    (component("kind: service, calls: [{to: service-x, kind: data}]"), "data", "needs a cache, but `service-x` is a service"),
    (component("kind: service, calls: [{to: service-x, share: 0.7}, {to: gateway-x, share: 0.6}]"), "0.6",
     "add up to 130 %"),
    (component("kind: service, calls: [{to: service-x, either: dns}, {to: gateway-x, either: dsn}]"), "dsn",
     "the group `dsn` has only this member"),
    (workload("from: it, rate: 40/s, peak: 12/s"), "12/s", "`peak` is 12/s, below the mean `rate` of 40/s"),
    (workload("from: it, inputs: on-request, distinct: 2M"), "2M", "nobody can count the distinct inputs in advance"),
    (workload("from: {client: it, to: cache-x}"), "cache-x", "`it` has no relation to `cache-x`"),
    (workload("from: client-x").replace("client, consumes: queue-x", "client"), "client-x",
     "the workload enters at `client-x`, which has no relations"),
    (workload("from: it, slo: {latency: 0s}"), "0s", "`0s`: no answer takes zero time"),
    (workload("from: it, slo: {latency: {p50: 2s, p99: 1s}}"), "1s", "p99 is 1 s, below p50 with 2 s"),
    (workload("from: it, slo: {latency: {p99: 2s, p99.0: 2s}}"), "2s", "p99.0 and p99 are the same percentile"),
    (model("parameters: 7B, active_parameters: 70B"), "70B", "`active_parameters` is 70 B, above `parameters` with 7 B"),
    (model("parameters: 280B, precision: fp32, artifact: 1.1GB"), "1.1GB", "but the artefact has only 1.1 GB"),
    (model("registry: cache-x"), "cache-x", "`cache-x` is a cache; models come from a model registry"),
    (model("retrained: 0d"), "0d", "`0d`: a period cannot be zero"),
    (model("service_time: {p50: 2s, p95: 3s, p99: 1s}"), "1s", "p99 is 1 s, below p95 with 3 s"),
])  # fmt: skip
def test_a_contradiction_is_reported_at_the_second_fact(text: str, underlined: str, message: str) -> None:
    (problem,) = [said for said in problems(text) if said.kind == "contradiction"]
    assert message in problem.message
    assert problem.underlined == underlined
    assert problem.suggestion


@pytest.mark.parametrize("text", [
    component("kind: worker, consumes: [queue-x]"),
    component("kind: worker, consumes: [nowhere]"),
    component("kind: worker, consumes: "),
    component("kind: worker, consumers: [queue-x]"),
    component("kind: client, serves: [m]"),
    component("kind: batch-job, trains: [m], serves: [m]"),
    component("kind: warehouse, serves: [m], trains: [m]"),
    component("kind: service, replicas: 0, autoscale: {min: 0, max: 4}"),
    component("kind: service, replicas: {min: 0, max: 4}"),
    component("kind: service, replicas: {min: 2}"),
    component("kind: service, replicas: {min: 1, max: 4}, autoscale: {min: 1, max: 4}"),
    component("kind: service, replicas: 3, autoscale: {min: 3, max: 9}"),
    component("kind: service, replicas: 3, autoscale: {on: cpu}"),
    component("kind: service, replicas: 3, zones: [a, b, c]"),
    component("kind: service, replicas: {min: 1, max: 3}, zones: [a, b, c]"),
    component("kind: service, replicas: {min: 1}, zones: [a, b, c]"),
    component("kind: service, replicas: 0, autoscale: {max: 4}, zones: [a, b]"),
    component("kind: service, zones: [a, b, c]"),
    component("kind: service, host: node-1, replicas: 3, zones: [a]"),
    component("kind: queue, dead_letter: object-store-x"),
    component("kind: worker, consumes: [queue-x], dead_letter: queue-x"),
    component("kind: service, availability: 99.9%, mtbf: 1000h, mttr: 1h"),
    component("kind: service, availability: 99.9%, mttr: 1h"),
    component("kind: service, availability: 100%, mtbf: 1000h, mttr: 0s"),
    component("kind: service, hardware: {gpus: 0}"),
    component("kind: service, batching: {max_size: 1, max_delay: 0s}"),
    component("kind: service, calls: [service-x, service-x]"),
    component("kind: service, calls: [database-x, cache-x, model-registry-x, scheduler-x, external-x]"),
    component("kind: service, reads: [cache-x, database-x, object-store-x, log-store-x, external-x, monitoring-x]"),
    component("kind: service, writes: [model-registry-x, feature-store-x, warehouse-x]"),
    component("kind: service, publishes: [queue-x, cache-x], consumes: [object-store-x, database-x]"),
    component("kind: scheduler, triggers: [batch-job-x, training-job-x, service-x, worker-x, scheduler-x]"),
    component("kind: monitoring, monitored_by: [it]"),
    component("kind: service, monitored_by: [monitoring-x, batch-job-x, service-x, warehouse-x]"),
    component("kind: service, logs_to: [log-store-x, queue-x, warehouse-x, object-store-x, monitoring-x]"),
    component("kind: service, loads: [object-store-x, model-registry-x, external-x, cache-x]"),
    component("kind: service, mirrors: [service-x, queue-x, log-store-x]"),
    component("kind: service, publishes: [{to: queue-x, when: a}, {to: queue-x, when: b}]"),
    component("kind: service, writes: [{to: database-x, wait: false}, {to: cache-x, wait: true}]"),
    component("kind: service, publishes: [{to: queue-x, wait: false}], calls: [{to: service-x, wait: true}]"),
    component("kind: service, calls: [{to: service-x, fallback: popular items}]"),
    component("kind: service, calls: [{to: service-x, fallback: gateway-x}]"),
    component("kind: service, reads: [{to: database-x, hit_ratio: 0.3, ttl: 3s},"
              " {to: feature-store-x, hit_ratio: 0.5}]"),
    component("kind: service, calls: [{to: service-x, share: 90%},"
              " {to: gateway-x, share: 10%}], mirrors: [{to: worker-x, share: 50%}]"),
    component("kind: service, calls: [{to: service-x, share: 33.4%}, {to: gateway-x, share: 33.4%},"
              " {to: external-x, share: 33.4%}]"),
    component("kind: service, calls: [{to: service-x, share: 0.5, parallel: p},"
              " {to: gateway-x, share: 0.5, parallel: p},"
              " {to: external-x, share: 0.5, parallel: q}, {to: model-server-x, share: 0.5, parallel: q}]"),
    component("kind: service, calls: [{to: service-x, share: 0.8, when: a}, {to: gateway-x, share: 0.8, when: b}]"),
    component("kind: service, reads: [{to: cache-x, share: 0.7}], calls: [{to: service-x, share: 0.7}]"),
    component("kind: service, calls: [{to: service-x, either: dns}, {to: gateway-x, either: dns},"
              " {to: external-x, parallel: p}]"),
    component("kind: training-job, window: 4h, run_time: 2h, schedule: '@daily'"),
    component("kind: stream-processor, window: 5min, run_time: 1s"),
    workload("from: it, rate: 12/s, peak: 12/s"),
    workload("from: it, rate: 720/min, peak: 12/s"),
    workload("from: it, inputs: known, distinct: 2M, waits: true"),
    workload("from: {client: it, to: gateway-x}"),
    workload("from: scheduler-x"),
    workload("from: edge-device-x"),
    workload("from: it, slo: {freshness: 0s, availability: 100%}"),
    workload("from: it, slo: {latency: {p50: 1s, p99: 1s}}"),
    model("parameters: 280M, precision: fp32, artifact: 1.1GB"),
    model("parameters: 7B, precision: fp16, artifact: 3.9GB"),
    model("parameters: 7B, precision: fp32, artifact: 3.9GB"),
    model("parameters: 1M, precision: fp32, artifact: 40GB"),
    model("parameters: 47B, active_parameters: 47B"),
    model("registry: object-store-x"),
    model("registry: external-x"),
    model("service_time: {p50: 1s, p95: 1s, p99: 1s}"),
    model("service_time: {mean: 5s, p50: 1s}"),
])  # fmt: skip
def test_what_can_be_true_is_no_contradiction(text: str) -> None:
    assert [said for said in problems(text) if said.kind == "contradiction"] == []


@pytest.mark.parametrize("verb", ["calls", "triggers"])
def test_a_worker_that_something_calls_needs_no_queue(verb: str) -> None:
    """The head of a Ray cluster hands tasks to its workers."""
    text = f"components: {{head: {{kind: service, {verb}: [it]}}, it: {{kind: worker}}}}\n"
    assert problems(text) == []


def test_a_worker_that_asks_a_scheduler_needs_no_queue() -> None:
    text = "components: {clock: {kind: KIND}, it: {kind: worker, calls: [clock]}}\n"
    assert problems(text.replace("KIND", "scheduler")) == []
    assert len(problems(text.replace("KIND", "service"))) == 1


def test_a_worker_whose_queue_could_not_be_read_is_not_accused() -> None:
    text = "components: {it: {kind: worker, consumes: [{queue: jobs}]}, jobs: {kind: queue}}"
    assert [said.kind for said in problems(text)] == ["missing-key", "unknown-key"]


def test_a_contradiction_loses_no_meaning() -> None:
    read = architecture(component("kind: service, replicas: 2, zones: [a, b, c]"))
    assert not read.incomplete
    assert read.unread == frozenset()


def test_an_impossible_zero_is_unread_and_not_absent() -> None:
    read = architecture(component("kind: service, calls: [{to: service-x, timeout: 0s}]"))
    (relation,) = read.components["it"].relations
    assert relation.timeout_s is None
    assert relation.place("timeout").identity in read.unread


def test_a_client_whose_relations_could_not_be_read_is_not_accused() -> None:
    text = "workloads: {w: {from: it}}\ncomponents: {it: {kind: client, calls: [{too: api}]}, api: {kind: service}}"
    assert "contradiction" not in [said.kind for said in problems(text)]

"""Every key of the format, and the attribute that it sets."""

from __future__ import annotations

import pytest

from archlint.errors import UnreadableInputError
from archlint.model.architecture import (
    Entrance,
    Hardware,
    Owner,
    Preprocessing,
    Relation,
    Scaling,
    ServiceTime,
)
from archlint.model.pieces import Batching, LoadTest, Price, Slo, Team
from archlint.model.quantities import Money
from archlint.model.words import KINDS, VERBS
from tests.model.help import architecture, problems

WHOLE = """\
archlint: 1
system: car-condition
description: Classifies photos.
owner: {team: vision, contact: "#vision", runbook: docs/runbook.md}
team: {engineers: 2, on_call: false}
workloads:
  inspect:
    description: One photo.
    from: {client: app, to: api}
    rate: 12/s
    peak: 40/s
    models: [dirt]
    waits: false
    inputs: known
    distinct: 2M
    repeats: 0.02
    slo: {latency: {p99: 2s, p50: 300ms}, availability: 99.5%, freshness: 1h}
    budget: 0.40 USD per 1k
models:
  dirt:
    description: Clean or dirty.
    framework: pytorch
    artifact: 1.1GB
    parameters: 280M
    active_parameters: 70M
    precision: fp32
    service_time: {p50: 850ms, p99: 1.6s}
    version: 1.10
    registry: registry
    retrained: 30d
    evaluated: [offline, shadow]
    format: onnx
    owner: team-b
components:
  app: {kind: client, calls: {to: api, timeout: 5s}}
  api:
    kind: model-server
    description: Answers.
    uses: triton
    serves: dirt
    calls:
    - {to: features, hit_ratio: 30%, ttl: 10min, kind: data, timeout: 50ms, parallel: p}
    - {to: other, timeout: 80ms, retries: 2, backoff: exponential, retry_budget: 10%, circuit_breaker: true,
       fallback: popular, optional: true, share: 0.5, when: premium, payload: 20kB, network: 2ms, either: dns}
    - {to: spare, either: dns}
    writes: [{to: features, wait: false}]
    service_time: 5ms
    replicas: 3
    autoscale: {min: 2, max: 12, on: cpu}
    workers: 4
    hardware: {cpu: 500m, memory: 8GiB, gpu: t4, gpus: 2, gpu_memory: 16GB}
    zones: [a, b]
    balancing: least-loaded
    batching: {max_size: 32, max_delay: 5ms}
    limit: 200
    callback: app
    features: features
    image: registry.example/api:3
    image_size: 4GB
    pull_bandwidth: 200MB/s
    loads_model: at-start
    start_time: 40s
    ready_check: true
    deadline: 60s
    availability: 99.9%
    price: {amount: 0.75 USD per h, source: price list, date: 2026-01-31}
    exposed: public
    auth: oauth
    owner: {team: serving}
    preprocessing: {service_time: {mean: 3ms, cv: 0.5}, hardware: {cpu: 2}}
    training_code: false
    switch: use-model
    load_tested: {rate: 100/s, p99: 250ms, date: 2026-02-01}
    logs_to: log
    monitored_by: [watch]
  other: {kind: service, host: node-1, mtbf: 30d, mttr: 1h, replicas: {min: 1, max: 4, on: queue-depth}}
  spare: {kind: service}
  features: {kind: cache, uses: redis, persistent: true}
  registry: {kind: model-registry}
  log: {kind: log-store}
  watch: {kind: monitoring}
  jobs: {kind: queue, dead_letter: dead, max_length: 10k}
  dead: {kind: queue}
  hand: {kind: worker, consumes: [{to: jobs, max_attempts: 5}], publishes: [dead], loads: [registry]}
  night: {kind: batch-job, schedule: 0 3 * * *, records: 2M, window: 4h, run_time: 90min, retry: failed, reads: [log]}
  train: {kind: training-job, trains: [dirt]}
  timer: {kind: scheduler, triggers: [night, train]}
  shadow: {kind: service, mirrors: [spare]}
accept:
- {rule: SRV002, at: components.api, reason: one team, until: 2027-03-31, while: rate < 50/s}
"""


def test_the_whole_format_is_read_without_a_problem() -> None:
    assert problems(WHOLE) == []


def test_the_system() -> None:
    read = architecture(WHOLE)
    assert (read.name, read.description) == ("car-condition", "Classifies photos.")
    assert read.owner == Owner("vision", "#vision", "docs/runbook.md")
    assert read.team == Team(2, False)
    assert read.document.name == "arch.yaml"


def test_workloads() -> None:
    workload = architecture(WHOLE).workloads["inspect"]
    assert workload.entrance == Entrance("app", "api")
    assert (workload.rate_per_s, workload.peak_per_s, workload.distinct, workload.repeats) == (12, 40, 2e6, 0.02)
    assert (workload.models, workload.waits, workload.inputs) == (("dirt",), False, "known")
    assert workload.slo == Slo(((0.5, 0.3), (0.99, 2.0)), 0.995, 3600)
    assert workload.budget == Money(0.4, "USD", per_count=1000)
    assert workload.description == "One photo."


def test_models() -> None:
    model = architecture(WHOLE).models["dirt"]
    assert (model.framework, model.precision, model.format, model.version) == ("pytorch", "fp32", "onnx", "1.10")
    assert (model.artifact_bytes, model.parameters, model.active_parameters) == (1_100_000_000, 280e6, 70e6)
    assert model.service_time == ServiceTime(percentiles=((0.5, 0.85), (0.99, 1.6)))
    assert (model.registry, model.retrained_s, model.evaluated) == ("registry", 30 * 86400, ("offline", "shadow"))
    assert (model.owner, model.description) == (Owner("team-b"), "Clean or dirty.")


def test_components() -> None:
    api = architecture(WHOLE).components["api"]
    assert (api.kind, api.uses, api.serves, api.description) == ("model-server", "triton", ("dirt",), "Answers.")
    assert (api.replicas, api.scaling, api.autoscale, api.workers) == (3, None, Scaling(2, 12, "cpu"), 4)
    assert api.hardware == Hardware(0.5, 8 * 2**30, "t4", 2, 16_000_000_000)
    assert (api.zones, api.balancing, api.batching, api.limit) == (("a", "b"), "least-loaded", Batching(32, 0.005), 200)
    assert (api.callback, api.features, api.image) == (("app",), "features", "registry.example/api:3")
    assert (api.image_bytes, api.pull_bytes_per_s, api.loads_model) == (4_000_000_000, 2e8, "at-start")
    assert (api.start_time_s, api.ready_check, api.deadline_s) == (40, True, 60)
    assert (api.availability, api.exposed, api.auth, api.switch) == (0.999, "public", "oauth", "use-model")
    assert api.price == Price(Money(0.75, "USD", per_s=3600), "price list", "2026-01-31")
    assert (api.owner, api.training_code, api.service_time) == (Owner("serving"), False, ServiceTime(constant_s=0.005))
    assert api.preprocessing == Preprocessing(ServiceTime(mean_s=0.003, cv=0.5), Hardware(cpu=2))
    assert api.load_tested == LoadTest(100, 0.25, "2026-02-01")


def test_jobs_queues_and_stores() -> None:
    components = architecture(WHOLE).components
    night, jobs, other = components["night"], components["jobs"], components["other"]
    assert night.schedule is not None
    assert (night.schedule.longest_gap_s, night.records, night.window_s) == (86400, 2e6, 4 * 3600)
    assert (night.run_time_s, night.retry) == (5400, "failed")
    assert (jobs.dead_letter, jobs.max_length, components["features"].persistent) == ("dead", 10_000, True)
    assert (other.host, other.mtbf_s, other.mttr_s) == ("node-1", 30 * 86400, 3600)
    assert (other.replicas, other.scaling, other.least_replicas) == (None, Scaling(1, 4, "queue-depth"), 1)
    assert components["train"].trains == ("dirt",)


def test_relations_keep_the_order_of_the_file() -> None:
    relations = architecture(WHOLE).components["api"].relations
    assert [(relation.verb, relation.target, relation.index) for relation in relations] == [
        ("calls", "features", 0), ("calls", "other", 1), ("calls", "spare", 2), ("writes", "features", 0),
        ("logs_to", "log", 0), ("monitored_by", "watch", 0),
    ]  # fmt: skip


def test_attributes_of_relations() -> None:
    cached, other, *_ = architecture(WHOLE).components["api"].relations
    assert cached == Relation(
        "calls", "api", "features", 0, hit_ratio=0.3, ttl_s=600, caches="data", timeout_s=0.05, parallel="p"
    )
    assert other == Relation(
        "calls", "api", "other", 1, timeout_s=0.08, retries=2, backoff="exponential", retry_budget=0.1,
        circuit_breaker=True, fallback="popular", optional=True, share=0.5, when="premium", payload_bytes=20_000,
        network_s=0.002, either="dns",
    )  # fmt: skip


def test_acceptances() -> None:
    (accepted,) = architecture(WHOLE).accept
    assert (accepted.rule, accepted.at, accepted.reason) == ("SRV002", "components.api", "one team")
    assert (accepted.until, accepted.bound) == ("2027-03-31", ("rate", "<", "50/s"))
    assert accepted.place.at == "accept[0]"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_component_is_known(kind: str) -> None:
    assert architecture(f"components: {{a: {{kind: {kind}}}}}").components["a"].kind == kind


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("written", ["b", "[b]", "{to: b}", "[{to: b}]", "['b']"])
def test_every_relation_is_read_in_every_form(verb: str, written: str) -> None:
    read = architecture(f"components: {{a: {{kind: service, {verb}: {written}}}, b: {{kind: external}}}}")
    assert read.components["a"].relations == (Relation(verb, "a", "b", 0),)


@pytest.mark.parametrize(("written", "expected"), [
    ("850ms", ServiceTime(constant_s=0.85)),
    ("{p50: 1s}", ServiceTime(percentiles=((0.5, 1),))),
    ("{p99.9: 3s, p50: 1s, p99: 2s}", ServiceTime(percentiles=((0.5, 1), (0.99, 2), (0.999, 3)))),
    ("{mean: 1s}", ServiceTime(mean_s=1)),
    ("{mean: 1s, cv: 0.5, p99: 4s}", ServiceTime(percentiles=((0.99, 4),), mean_s=1, cv=0.5)),
    ("0s", ServiceTime(constant_s=0)),
    ("{p50: 0s, p99: 1s}", ServiceTime(percentiles=((0.5, 0), (0.99, 1)))),
])  # fmt: skip
def test_service_times(written: str, expected: ServiceTime) -> None:
    assert architecture(f"models: {{m: {{service_time: {written}}}}}").models["m"].service_time == expected


@pytest.mark.parametrize(("written", "expected"), [
    ("300ms", ((0.99, 0.3),)), ("{p95: 10min}", ((0.95, 600.0),)), ("{p99: 2s, p50: 1s}", ((0.5, 1.0), (0.99, 2.0))),
])  # fmt: skip
def test_latency_objectives(written: str, expected: tuple[tuple[float, float], ...]) -> None:
    workload = f"{{from: c, slo: {{latency: {written}}}}}"
    read = architecture(f"workloads: {{w: {workload}}}\ncomponents: {{c: {{kind: edge-device}}}}")
    assert read.workloads["w"].slo.latency == expected


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "~"])
def test_an_empty_file_is_refused(text: str) -> None:
    from archlint.model.read import no_includes, read
    from archlint.source.parser import parse

    with pytest.raises(UnreadableInputError, match="empty: it describes no system"):
        read(parse("arch.yaml", text), no_includes)


def test_what_is_not_said_is_none() -> None:
    read = architecture("components: {a: {kind: service}}\nmodels: {m: }\nworkloads: {w: {from: a}}")
    component, model, workload = read.components["a"], read.models["m"], read.workloads["w"]
    assert (component.replicas, component.zones, component.serves, component.relations) == (None, None, (), ())
    assert (model.version, model.evaluated) == (None, None)
    assert (workload.waits, workload.models, workload.slo) == (None, None, Slo())

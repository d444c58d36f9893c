"""Resources of operators that serve models or run stores: one reader a kind, and a table for plain ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from archlint.importers.digits import is_whole
from archlint.importers.kubernetes import charts
from archlint.importers.kubernetes.cluster import Cluster, Resource
from archlint.importers.kubernetes.graphs import GRAPH_READERS
from archlint.importers.kubernetes.hardware import hardware_of
from archlint.importers.kubernetes.llm_operators import GROUPS, LLM_READERS
from archlint.importers.kubernetes.pods import add_containers, pod_units
from archlint.importers.kubernetes.ray import RAY_READERS
from archlint.importers.kubernetes.running import artefacts_below, running_of
from archlint.importers.objects import Fact, Link, Table, Unit, Value, scalars

PLAIN: Final[dict[str, tuple[str, str, tuple[str, ...]]]] = {
    # kind of resource: kind of component, technology, ends of the names that its operator makes
    "Kafka": ("queue", "kafka", ("-kafka-bootstrap", "-kafka-brokers")),
    "RabbitmqCluster": ("queue", "rabbitmq", ("", "-nodes")),
    "NatsCluster": ("queue", "nats", ("",)),
    "Redpanda": ("queue", "redpanda", ("",)),
    "PulsarCluster": ("queue", "pulsar", ("-proxy", "-broker")),
    "postgresql": ("database", "postgresql", ("", "-repl")),
    "PostgresCluster": ("database", "postgresql", ("-primary", "-replicas", "-ha")),
    "MongoDBCommunity": ("database", "mongodb", ("-svc",)),
    "PerconaServerMongoDB": ("database", "mongodb", ("-rs0",)),
    "InnoDBCluster": ("database", "mysql", ("",)),
    "Elasticsearch": ("database", "elasticsearch", ("-es-http",)),
    "OpenSearchCluster": ("database", "opensearch", ("",)),
    "RedisCluster": ("cache", "redis", ("-leader", "-follower")),
    "Redis": ("cache", "redis", ("",)),
    "Valkey": ("cache", "redis", ("",)),
    "Dragonfly": ("cache", "redis", ("",)),
    "Memcached": ("cache", "memcached", ("",)),
    "MariaDB": ("database", "mysql", ("", "-primary")),
    "PerconaXtraDBCluster": ("database", "mysql", ("-haproxy", "-pxc")),
    "PerconaPGCluster": ("database", "postgresql", ("-ha", "-pgbouncer")),
    "CassandraDatacenter": ("database", "cassandra", ("-service",)),
    "ScyllaCluster": ("database", "", ("-client",)),
    "Neo4jCluster": ("database", "neo4j", ("",)),
    "SolrCloud": ("database", "", ("-solrcloud-common",)),
    "ZookeeperCluster": ("config-store", "zookeeper", ("-client",)),
    "EtcdCluster": ("config-store", "etcd", ("-client",)),
    "RedisFailover": ("cache", "redis", ("",)),
    "Milvus": ("vector-store", "milvus", ("-milvus",)),
    "QdrantCluster": ("vector-store", "qdrant", ("",)),
    "Tenant": ("object-store", "minio", ("-hl",)),
    "ClickHouseInstallation": ("warehouse", "clickhouse", ("",)),
    "FlinkDeployment": ("stream-processor", "flink", ("-rest",)),
    "FlinkSessionJob": ("stream-processor", "flink", ("",)),
    "KafkaConnect": ("stream-processor", "", ("-connect-api",)),
    "KafkaMirrorMaker2": ("stream-processor", "", ("",)),
    "KafkaBridge": ("gateway", "", ("-bridge-service",)),
    "FeatureStore": ("feature-store", "feast", ("-online", "-offline", "-registry")),
    "Prometheus": ("monitoring", "prometheus", ("",)),
    "Grafana": ("monitoring", "grafana", ("-service",)),
    "OpenTelemetryCollector": ("monitoring", "opentelemetry", ("-collector",)),
    "Jaeger": ("monitoring", "", ("-collector", "-query")),
    "Broker": ("queue", "", ("",)),
    "Channel": ("queue", "", ("",)),
    "KafkaChannel": ("queue", "kafka", ("",)),
    "PyTorchJob": ("training-job", "kubeflow", ("",)),
    "TFJob": ("training-job", "kubeflow", ("",)),
    "XGBoostJob": ("training-job", "kubeflow", ("",)),
    "MPIJob": ("training-job", "kubeflow", ("",)),
    "TrainJob": ("training-job", "kubeflow", ("",)),
    "SparkApplication": ("batch-job", "", ("",)),
    "ScheduledSparkApplication": ("batch-job", "", ("",)),
    "Workflow": ("batch-job", "argo-workflows", ("",)),
    "CronWorkflow": ("batch-job", "argo-workflows", ("",)),
    "Notebook": ("client", "", ("",)),
}
"""Resources that are one component each."""
FRAMEWORKS: Final = {
    "sklearn": "kserve", "xgboost": "kserve", "lightgbm": "kserve", "pmml": "kserve", "paddle": "kserve",
    "tensorflow": "tensorflow-serving", "pytorch": "torchserve", "onnx": "onnx-runtime", "triton": "triton",
    "huggingface": "kserve", "model": "kserve",
}  # fmt: skip
"""Predictors of KServe by the name of their runtime, and what runs them."""


def _plain(cluster: Cluster, resource: Resource) -> None:
    kind, uses, ends = PLAIN[resource.kind]
    unit = Unit(
        resource.name,
        "kubernetes",
        resource.kind,
        resource.namespace,
        resource.site,
        "job" if kind in {"batch-job", "training-job"} else "container",
        kind=kind,
        uses=uses,
        reason=f"resource {resource.kind}",
        names=[resource.name + end for end in ends if end],
    )
    replicas = resource.table.value("spec", "replicas")
    if replicas is not None and is_whole(replicas.text):
        unit.facts["replicas"] = Fact(replicas.text, replicas.site)
    schedules = [one for one in resource.table.rows("spec", "schedules") if isinstance(one, Value)]
    schedule = resource.table.value("spec", "schedule") or next(iter(schedules), None)
    if schedule is not None:
        unit.facts["schedule"] = Fact(schedule.text, schedule.site)
    if unit.role == "job":
        add_containers(cluster, resource, unit)
    elif kind == "stream-processor":
        settings = (*resource.table.rows("spec", "job", "args"), resource.table.value("spec", "bootstrapServers"))
        unit.command = tuple(one for one in settings if isinstance(one, Value))
        unit.env = {
            path[-1]: value for path, value in scalars(resource.table.table("spec", "flinkConfiguration")) if path
        }  # fmt: skip
    cluster.units.append(unit)


def _knative_service(cluster: Cluster, resource: Resource) -> None:
    units = pod_units(cluster, resource, resource.table.table("spec", "template"), "container", "Knative Service")
    for unit in units[:1]:
        _scale(
            unit,
            resource.table.table("spec", "template", "metadata", "annotations"),
            "autoscaling.knative.dev/min-scale",
            "autoscaling.knative.dev/max-scale",
        )
    cluster.units += units


def _scale(unit: Unit, table: Table, low: str, high: str) -> None:
    found = [(key, table.value(name)) for key, name in (("min", low), ("max", high))]
    inner = tuple(
        (key, Fact(value.text, value.site)) for key, value in found if value is not None and is_whole(value.text)
    )
    if inner:
        unit.facts["replicas"] = Fact("", inner[0][1].site, inner=inner)


def _inference_service(cluster: Cluster, resource: Resource) -> None:
    """KServe: a predictor, with a transformer before it and an explainer beside it."""
    spec = resource.table.table("spec")
    name = resource.name
    predictor = spec.table("predictor") if spec.get("predictor") is not None else spec.table("default", "predictor")
    units = _kserve_part(cluster, resource, predictor, name, "predictor")
    if not units:
        return
    main = units[0]
    main.names += [f"{name}-predictor", f"{name}-predictor-default"]
    for part in ("transformer", "explainer"):
        if spec.get(part) is not None:
            others = _kserve_part(cluster, resource, spec.table(part), f"{name}-{part}", part)
            for one in others[:1]:
                one.kind, one.reason = "service", f"{part} of InferenceService {name}"
                if part == "transformer":
                    one.facts["preprocessing"] = Fact("{}", spec.keys[part], "a transformer prepares the input")
                one.names.append(f"{name}-{part}-default")
                one.links.append(Link(name, "calls", f"{part} of {name}", spec.keys[part], scope=resource.namespace))
            units += others
    cluster.units += units


def _kserve_part(cluster: Cluster, resource: Resource, part: Table, name: str, what: str) -> list[Unit]:
    units = pod_units(cluster, resource, part, "container", what)
    if not units:
        units = [Unit(name, "kubernetes", what, resource.namespace, resource.site)]
    main = units[0]
    for unit in units[1:]:
        unit.name = unit.name.replace(main.name, name, 1)
    main.name = name
    main.running.managed = True
    main.running.artefacts += artefacts_below(part)
    if what == "predictor":
        main.kind, main.reason = "model-server", "predictor of an InferenceService"
    for runtime in part.entries:
        framework = part.table(runtime)
        if runtime in FRAMEWORKS and framework.entries:
            main.uses = FRAMEWORKS[runtime]
            main.facts.update(hardware_of(framework, part))
            if not main.running.limits and not main.running.requests:
                found = running_of(framework, part, managed=True)
                main.running.requests, main.running.limits = found.requests, found.limits
            uri = framework.value("storageUri") or framework.value("storage", "path")
            if uri is not None:
                main.models.append(name)
    _scale(main, part, "minReplicas", "maxReplicas")
    uri = main.env.get("STORAGE_URI")
    if uri is not None and uri.text:                       # the storage initializer of KServe reads it
        main.models.append(name)
        main.running.artefacts.append(uri)
    logger = part.value("logger", "url")
    if logger is not None:
        main.links.append(Link(logger.text, "logs_to", "logger.url", logger.site, scope=resource.namespace))
    return units


def _trained_model(cluster: Cluster, resource: Resource) -> None:
    """KServe: a model that an InferenceService loads."""
    unit = cluster.unit(resource.table.text("spec", "inferenceService"), resource.namespace)
    if unit is not None:
        unit.models.append(resource.name)
        artefacts = artefacts_below(resource.table.table("spec"))
        unit.running.artefacts += (msgspec.structs.replace(value, tag=resource.name) for value in artefacts)
        memory = resource.table.value("spec", "model", "memory")
        if memory is not None:
            unit.running.memory_of_models.append(memory)


def _llm_service(cluster: Cluster, resource: Resource) -> None:
    """KServe: an LLM with its pods."""
    spec = resource.table.table("spec")
    units = pod_units(cluster, resource, spec.table("template"), "container")
    if not units:
        units = [Unit(resource.name, "kubernetes", resource.kind, resource.namespace, resource.site)]
    main = units[0]
    main.name, main.kind, main.reason = resource.name, "model-server", "an LLMInferenceService"
    main.uses = main.uses or "vllm"
    main.running.managed = True
    model = spec.text("model", "name") or spec.text("model", "uri").removeprefix("hf://")
    if model:
        main.models.append(model)
    replicas = spec.value("replicas")
    if replicas is not None and is_whole(replicas.text):
        main.facts["replicas"] = Fact(replicas.text, replicas.site)
    cluster.units += units


def _kafka_source(cluster: Cluster, resource: Resource) -> None:
    """Knative: messages of Kafka that are sent to a sink."""
    spec = resource.table.table("spec")
    unit = Unit(
        resource.name,
        "kubernetes",
        resource.kind,
        resource.namespace,
        resource.site,
        kind="queue",
        reason="a source of messages",
    )
    for server in spec.rows("bootstrapServers"):
        if isinstance(server, Value):
            unit.links.append(Link(server.text, "consumes", "bootstrapServers", server.site, scope=resource.namespace))
    sink = spec.value("sink", "ref", "name") or spec.value("sink", "uri")
    if spec.get("delivery", "deadLetterSink") is None:
        unit.running.faults.append(Value("no `delivery.deadLetterSink`", resource.site, tag="no-dlq"))
    if sink is not None:
        unit.links.append(Link(sink.text, "~consumes", "sink", sink.site, scope=resource.namespace))
    cluster.units.append(unit)


def _trigger(cluster: Cluster, resource: Resource) -> None:
    """Knative: a subscriber of a broker."""
    spec = resource.table.table("spec")
    broker = spec.text("broker") or spec.text("channel", "name")
    subscriber = spec.value("subscriber", "ref", "name") or spec.value("subscriber", "uri")
    unit = cluster.unit(broker, resource.namespace)
    if unit is None and broker:
        unit = Unit(
            broker,
            "kubernetes",
            "Broker",
            resource.namespace,
            resource.site,
            kind="queue",
            uses="",
            reason="a Trigger names it",
        )
        cluster.units.append(unit)
    if unit is not None and subscriber is not None:
        unit.links.append(Link(subscriber.text, "~consumes", f"{resource.kind} {resource.name}", subscriber.site))


def _cluster_of(cluster: Cluster, resource: Resource) -> None:
    """CloudNativePG: a cluster of PostgreSQL."""
    ends = ("-rw", "-ro", "-r")
    unit = Unit(
        resource.name,
        "kubernetes",
        resource.kind,
        resource.namespace,
        resource.site,
        kind="database",
        uses="postgresql",
        reason="a cluster of CloudNativePG",
        names=[resource.name + end for end in ends],
    )
    cluster.units.append(unit)


Reader = Callable[[Cluster, Resource], None]
READERS: Final[dict[str, Reader]] = {
    **dict.fromkeys(PLAIN, _plain), **GRAPH_READERS, **RAY_READERS, **LLM_READERS,
    **dict.fromkeys(charts.KINDS, charts.read_release),
    "InferenceService": _inference_service, "TrainedModel": _trained_model, "LLMInferenceService": _llm_service,
    "KafkaSource": _kafka_source, "Trigger": _trigger, "Subscription": _trigger, "Cluster": _cluster_of,
    "ServingRuntime": lambda cluster, resource: None, "ClusterServingRuntime": lambda cluster, resource: None,
    "KafkaTopic": lambda cluster, resource: None, "KafkaUser": lambda cluster, resource: None,
    "KafkaNodePool": lambda cluster, resource: None, "NIMCache": lambda cluster, resource: None,
}  # fmt: skip


def is_read(resource: Resource) -> bool:
    """Whether a resource is of a kind that is read, and of an operator that has it."""
    if resource.kind in charts.KINDS:
        return charts.chart_of(resource) is not None
    groups = GROUPS.get(resource.kind)
    return resource.kind in READERS and (groups is None or resource.group in groups)


def add_operators(cluster: Cluster) -> None:
    """Read every resource of a known kind; those that refer to others come last."""
    for resource in list(_ordered(cluster)):
        READERS[resource.kind](cluster, resource)
    for resource in list(cluster.of("Service")):
        if resource.group == "serving.knative.dev":
            _knative_service(cluster, resource)


def _ordered(cluster: Cluster) -> Iterator[Resource]:
    late = {"TrainedModel", "Trigger", "Subscription"}
    yield from (one for one in cluster.resources if is_read(one) and one.kind not in late)
    yield from (one for one in cluster.resources if is_read(one) and one.kind in late)


__all__ = ["add_operators", "is_read"]

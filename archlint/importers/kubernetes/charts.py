"""Releases of well-known Helm charts, as Flux, Argo CD and K3s state them: what such a chart runs."""

from __future__ import annotations

from typing import Final

from archlint.importers.kubernetes.cluster import Cluster, Resource
from archlint.importers.objects import Unit, Value

CHARTS: Final[dict[str, tuple[str, str, tuple[str, ...]]]] = {
    # chart: kind of component, technology, ends of the names of its Services after that of the release
    "redis": ("cache", "redis", ("-master", "-redis-master")), "valkey": ("cache", "redis", ("-primary",)),
    "memcached": ("cache", "memcached", ("-memcached",)),
    "postgresql": ("database", "postgresql", ("-postgresql",)),
    "postgresql-ha": ("database", "postgresql", ("-pgpool", "-postgresql-ha-pgpool")),
    "mysql": ("database", "mysql", ("-mysql",)), "mariadb": ("database", "mysql", ("-mariadb",)),
    "mongodb": ("database", "mongodb", ("-mongodb",)), "cassandra": ("database", "cassandra", ("-cassandra",)),
    "elasticsearch": ("database", "elasticsearch", ("-elasticsearch", "-master")),
    "opensearch": ("database", "opensearch", ("-cluster-master",)), "neo4j": ("database", "neo4j", ("-neo4j",)),
    "clickhouse": ("warehouse", "clickhouse", ("-clickhouse",)), "trino": ("warehouse", "", ("-trino",)),
    "kafka": ("queue", "kafka", ("-kafka",)), "redpanda": ("queue", "kafka", ("-redpanda",)),
    "rabbitmq": ("queue", "rabbitmq", ("-rabbitmq",)), "nats": ("queue", "nats", ("-nats",)),
    "pulsar": ("queue", "pulsar", ("-proxy", "-broker")),
    "minio": ("object-store", "minio", ("-minio",)), "seaweedfs": ("object-store", "", ("-s3",)),
    "milvus": ("vector-store", "milvus", ("-milvus",)), "qdrant": ("vector-store", "qdrant", ("-qdrant",)),
    "weaviate": ("vector-store", "weaviate", ("-weaviate",)), "chromadb": ("vector-store", "chroma", ("-chromadb",)),
    "etcd": ("config-store", "etcd", ("-etcd",)), "zookeeper": ("config-store", "zookeeper", ("-zookeeper",)),
    "mlflow": ("model-registry", "mlflow", ("-mlflow", "-tracking")),
    "feast-feature-server": ("feature-store", "feast", ("-feast-feature-server",)),
    "airflow": ("scheduler", "airflow", ("-webserver", "-api-server")), "dagster": ("scheduler", "dagster", ()),
    "argo-workflows": ("scheduler", "argo-workflows", ("-server",)),
    "kube-prometheus-stack": ("monitoring", "prometheus", ("-prometheus", "-kube-prometheus-prometheus")),
    "prometheus": ("monitoring", "prometheus", ("-server",)), "grafana": ("monitoring", "grafana", ("-grafana",)),
    "loki": ("monitoring", "loki", ("-gateway",)), "jaeger": ("monitoring", "jaeger", ("-collector",)),
    "opentelemetry-collector": ("monitoring", "opentelemetry", ("-opentelemetry-collector",)),
    "langfuse": ("monitoring", "langfuse", ("-web",)), "litellm-helm": ("gateway", "litellm", ("-litellm",)),
    "ollama": ("model-server", "ollama", ("-ollama",)), "nim-llm": ("model-server", "nim", ("-nim-llm",)),
    "vllm-stack": ("gateway", "", ("-router-service",)), "open-webui": ("client", "", ("-open-webui",)),
    "superset": ("client", "", ("-superset",)),
}  # fmt: skip
_CHART_AT: Final[dict[tuple[str, str], tuple[tuple[str, ...], ...]]] = {
    ("HelmRelease", "helm.toolkit.fluxcd.io"): (("spec", "chart", "spec", "chart"),),
    ("Application", "argoproj.io"): (("spec", "source", "chart"),),
    ("HelmChart", "helm.cattle.io"): (("spec", "chart"),),
}  # fmt: skip
KINDS: Final = frozenset(kind for kind, _ in _CHART_AT)


def chart_of(resource: Resource) -> Value | None:
    """Return the name of the chart that a resource releases, if it is a known one."""
    paths = _CHART_AT.get((resource.kind, resource.group), ())
    found = (resource.table.value(*path) for path in paths)
    return next((one for one in found if one is not None and one.text.rpartition("/")[2] in CHARTS), None)


def read_release(cluster: Cluster, resource: Resource) -> None:
    """Add the component that a chart runs, with the names of its Services."""
    chart = chart_of(resource)
    if chart is None:
        return
    kind, uses, ends = CHARTS[chart.text.rpartition("/")[2]]
    name = resource.table.text("spec", "releaseName") or resource.table.text("spec", "source", "helm", "releaseName")
    space = resource.table.text("spec", "targetNamespace") or resource.table.text("spec", "destination", "namespace")
    unit = Unit(
        resource.name, "kubernetes", resource.kind, space or resource.namespace, resource.site, kind=kind, uses=uses,
        reason=f"chart {chart.text}", names=[f"{name or resource.name}{end}" for end in ("", *ends)],
    )  # fmt: skip
    unit.running.managed = True
    cluster.units.append(unit)

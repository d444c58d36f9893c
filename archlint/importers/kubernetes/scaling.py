"""How workloads scale: autoscalers of Kubernetes and KEDA."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from archlint.importers.digits import is_whole
from archlint.importers.kubernetes.cluster import Cluster, Resource
from archlint.importers.objects import Fact, Link, Table
from archlint.model.deployment import Scaler

QUEUES: Final[dict[str, tuple[str, ...]]] = {
    "kafka": ("bootstrapServers",), "apache-kafka": ("bootstrapServers",), "rabbitmq": ("host",),
    "aws-sqs-queue": ("queueURL",), "redis": ("address", "host"), "redis-streams": ("address", "host"),
    "nats-jetstream": ("natsServerMonitoringEndpoint",), "stan": ("natsServerMonitoringEndpoint",),
    "pulsar": ("adminURL",), "activemq": ("managementEndpoint",), "artemis-queue": ("managementEndpoint",),
}  # fmt: skip
"""Triggers of KEDA that count messages, and the field with the address of the queue; https://keda.sh/docs/scalers/."""


def add_scaling(cluster: Cluster) -> None:
    """Give each workload the range in which an autoscaler keeps its replicas."""
    for scaler in cluster.of("HorizontalPodAutoscaler"):
        spec = scaler.table.table("spec")
        _range(cluster, scaler, spec, "minReplicas", "maxReplicas", _metric(spec))
    for scaler in cluster.of("ScaledObject"):
        spec = scaler.table.table("spec")
        triggers = [trigger.text("type") for trigger in spec.tables("triggers")]
        _range(cluster, scaler, spec, "minReplicaCount", "maxReplicaCount", next(iter(triggers), ""))
    for scaler in cluster.of("ScaledObject", "ScaledJob"):
        spec = scaler.table.table("spec")
        name = spec.text("scaleTargetRef", "name") or (scaler.name if scaler.kind == "ScaledJob" else "")
        unit = cluster.unit(name, scaler.namespace)
        if unit is not None:
            for trigger in spec.tables("triggers"):
                unit.links += _waiting(trigger, scaler)


def _waiting(trigger: Table, scaler: Resource) -> Iterator[Link]:
    """Yield where the messages wait whose number scales a workload."""
    for key in QUEUES.get(trigger.text("type"), ()):
        value = trigger.value("metadata", key)
        if value is not None and value.text:
            yield Link(value.text, "consumes", f"trigger of {scaler.kind} {scaler.name}", value.site)


def _metric(spec: Table) -> str:
    for metric in spec.tables("metrics"):
        kind = metric.text("type").lower()
        name = metric.text(kind, "name") or metric.text(kind, "metric", "name") or metric.text(kind, "metricName")
        if name:
            return name
    return "cpu" if spec.get("targetCPUUtilizationPercentage") is not None else ""


def _range(cluster: Cluster, scaler: Resource, spec: Table, low: str, high: str, metric: str) -> None:
    unit = cluster.unit(spec.text("scaleTargetRef", "name"), scaler.namespace)
    if unit is None:
        return
    minimum, maximum = spec.value(low), spec.value(high)
    resources = tuple(one.text("resource", "name") for one in spec.tables("metrics") if one.text("type") == "Resource")
    if spec.get("targetCPUUtilizationPercentage") is not None:
        resources = ("cpu",)
    texts = [value.text if value is not None else "" for value in (minimum, maximum)]
    unit.running.scalers.append(Scaler(scaler.kind, scaler.name, scaler.site, resources, *texts))
    inner: list[tuple[str, Fact]] = []
    if minimum is not None and is_whole(minimum.text):
        inner.append(("min", Fact(minimum.text, minimum.site)))
    if maximum is not None and is_whole(maximum.text):
        inner.append(("max", Fact(maximum.text, maximum.site)))
    if metric and inner:
        inner.append(("on", Fact(metric, scaler.site)))
    if inner:
        unit.facts.pop("replicas", None)
        unit.facts["replicas"] = Fact("", inner[0][1].site, f"{scaler.kind} {scaler.name}", tuple(inner))


__all__ = ["add_scaling"]

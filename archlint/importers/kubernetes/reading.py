"""Manifests to units: workloads, what fronts them, and how they scale."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from archlint.importers.digits import is_whole
from archlint.importers.files import Files
from archlint.importers.kubernetes.cluster import Cluster, Resource, read_resources, texts_of
from archlint.importers.kubernetes.fronts import (
    add_ejection,
    add_ingresses,
    add_routes,
    add_services,
    add_virtual_services,
)
from archlint.importers.kubernetes.operators import add_operators, is_read
from archlint.importers.kubernetes.pods import pod_units
from archlint.importers.kubernetes.scaling import add_scaling
from archlint.importers.kubernetes.things import add_things
from archlint.importers.kubernetes.watching import add_watching, is_scraped
from archlint.importers.objects import Fact, Link, Rows, Table, Unit

POD_PATHS: Final[dict[str, tuple[str, ...]]] = {
    "Pod": (), "Deployment": ("spec", "template"), "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"), "ReplicationController": ("spec", "template"), "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"), "Rollout": ("spec", "template"),
    "LeaderWorkerSet": ("spec", "leaderWorkerTemplate", "workerTemplate"), "CloneSet": ("spec", "template"),
    "ScaledJob": ("spec", "jobTargetRef", "template"),
}  # fmt: skip
"""Where the pod template of a kind is."""
JOBS: Final = frozenset({"Job", "CronJob", "ScaledJob"})
QUIET: Final = frozenset(
    "Namespace ServiceAccount Role RoleBinding ClusterRole ClusterRoleBinding ConfigMap Secret PersistentVolume "
    "PersistentVolumeClaim StorageClass NetworkPolicy PodDisruptionBudget LimitRange ResourceQuota PriorityClass "
    "CustomResourceDefinition Service Ingress IngressClass Gateway HTTPRoute GRPCRoute TCPRoute TLSRoute UDPRoute "
    "GatewayClass ReferenceGrant InferencePool InferenceModel InferenceObjective VirtualService DestinationRule "
    "ServiceEntry PeerAuthentication RequestAuthentication AuthorizationPolicy EnvoyFilter Sidecar "
    "HorizontalPodAutoscaler VerticalPodAutoscaler ScaledObject TriggerAuthentication PodMonitor "
    "ServiceMonitor PrometheusRule "
    "Kustomization Endpoints EndpointSlice MutatingWebhookConfiguration ValidatingWebhookConfiguration "
    "APIService Lease ExternalSecret SecretStore ClusterSecretStore Certificate Issuer ClusterIssuer BackendConfig "
    "ManagedCertificate FrontendConfig PodMonitoring ClusterPodMonitoring ComputeClass ResourceClaim "
    "ResourceClaimTemplate DeviceClass LocalQueue ClusterQueue ResourceFlavor HealthCheckPolicy "
    "GCPBackendPolicy".split()
)
"""Kinds that are no component of their own."""
_SELECTOR: Final = re.compile(r"""label[-_]selector[=\s]+(?:["']([^"'\n]+)["']|([^\s"'\\]+))""")
MAX_DEPTH: Final = 12


def read_cluster(paths: list[Path], files: Files, notes: list[str], left_out: list[tuple[str, str]]) -> list[Unit]:
    """Return the units of the manifests."""
    cluster = read_resources(paths, files, left_out)
    for one in cluster.twice:
        notes.append(f"{one.site.shown}: a second {one.kind} `{one.name}`: only the first is read")
    for resource in cluster.resources:
        if resource.kind in POD_PATHS:
            _add_workload(cluster, resource, notes)
    add_operators(cluster)
    unknown: Counter[str] = Counter()
    for resource in cluster.resources:
        is_known = resource.kind in POD_PATHS or resource.kind in QUIET or is_read(resource)
        if not is_known and not _add_generic(cluster, resource):
            unknown[resource.kind or "(no kind)"] += 1
    notes += (f"{count} × {kind}: a kind that archlint does not read" for kind, count in unknown.most_common())
    if not cluster.units:
        known = Counter(one.kind for one in cluster.resources if one.kind in QUIET)
        notes += (f"{count} × {kind}: no component by itself" for kind, count in known.most_common())
    add_services(cluster)
    add_ingresses(cluster)
    add_routes(cluster)
    add_virtual_services(cluster)
    add_ejection(cluster)
    add_scaling(cluster)
    add_watching(cluster)
    _add_selectors(cluster)
    add_things(cluster)
    return cluster.units


def _add_workload(cluster: Cluster, resource: Resource, notes: list[str]) -> None:
    pod = resource.table.table(*POD_PATHS[resource.kind])
    if resource.kind == "LeaderWorkerSet":
        leader = resource.table.table("spec", "leaderWorkerTemplate", "leaderTemplate")
        pod = leader if leader.entries else pod
    role = "job" if resource.kind in JOBS else "container"
    containers = (pod.table("spec") if pod.get("spec") is not None else pod).tables("containers")
    if containers and not any(one.value("image") is not None for one in containers):
        what = f"{resource.site.shown}: {resource.kind} `{resource.name}` has no image, as in a patch: not read"
        notes.append(f"{what}; give archlint the folder of its kustomization")
        return
    units = pod_units(cluster, resource, pod, role)
    if not units:
        notes.append(f"{resource.site.shown}: {resource.kind} `{resource.name}` has no containers: not read")
        return
    main = units[0]
    spec = resource.table.table("spec")
    replicas = spec.value("replicas")
    if replicas is not None and is_whole(replicas.text) and resource.kind != "Pod":
        main.facts["replicas"] = Fact(replicas.text, replicas.site)
    schedule = spec.value("schedule")
    if resource.kind == "CronJob" and schedule is not None:
        main.facts["schedule"] = Fact(schedule.text, schedule.site)
    for unit in units:
        unit.running.api = resource.api
    _add_running(main, resource, pod)
    labels = texts_of(pod.table("metadata", "labels"))
    if resource.kind == "LeaderWorkerSet":
        labels = {"leaderworkerset.sigs.k8s.io/name": resource.name, "role": "leader", **labels}
        main.names += [resource.name, f"{resource.name}-leader"]
        _multiply(main, spec.text("leaderWorkerTemplate", "size"))
    if resource.kind == "StatefulSet":
        service = spec.text("serviceName")
        if service:
            main.names.append(service)
    cluster.label(main, resource.namespace, labels)
    cluster.units += units


def _add_running(main: Unit, resource: Resource, pod: Table) -> None:
    """Add how a workload runs its pods."""
    spec, running = resource.table.table("spec"), main.running
    running.replicas = spec.value("replicas")
    running.selector = texts_of(spec.table("selector", "matchLabels"))
    labels = pod.table("metadata", "labels")
    running.labels = {key: value for key in labels.entries if (value := labels.value(key)) is not None}
    annotations = pod.table("metadata", "annotations")
    running.watched = is_scraped(annotations)
    for key in ("concurrencyPolicy", "schedule", "startingDeadlineSeconds"):
        value = spec.value(key)
        if value is not None:
            running.policy[key] = value
    deadline = spec.value("jobTemplate", "spec", "activeDeadlineSeconds")
    if deadline is not None:
        running.policy["activeDeadlineSeconds"] = deadline


def _multiply(unit: Unit, size: str) -> None:
    """Count the accelerators of all pods of a group: together they are one replica."""
    hardware = unit.facts.get("hardware")
    if hardware is None or not is_whole(size) or int(size) < 2:
        return
    inner = [
        (key, Fact(str(int(fact.text) * int(size)), fact.site, f"{size} pods") if key == "gpus" else fact)
        for key, fact in hardware.inner
    ]
    unit.facts["hardware"] = Fact("", hardware.site, f"{size} pods a replica", tuple(inner))


def _add_selectors(cluster: Cluster) -> None:
    """Link each unit whose command selects pods by their labels to those pods."""
    for unit in cluster.units:
        for value in unit.command:
            for match in _SELECTOR.finditer(value.text):
                for labels in _selections(match[1] or match[2]):
                    for target in cluster.selected(labels, unit.scope):
                        if target is not unit:
                            how = "a selector of labels in the command"
                            unit.links.append(Link(target.name, "calls", how, value.site, scope=target.scope))


def _selections(text: str) -> Iterator[dict[str, str]]:
    """Yield the labels that a selector allows.

    >>> list(_selections("app in (a, b)")), list(_selections("app=x,tier=y"))
    ([{'app': 'a'}, {'app': 'b'}], [{'app': 'x', 'tier': 'y'}])
    """
    among = re.fullmatch(r"\s*([\w./-]+)\s+in\s+\(([^)]*)\)\s*", text)
    if among is not None:
        yield from ({among[1]: word.strip()} for word in among[2].split(",") if word.strip())
        return
    pairs = [part.partition("=") for part in text.split(",")]
    if all(equals and key.strip() for key, equals, _ in pairs):
        yield {key.strip(): word.strip("= ") for key, _, word in pairs}


def _add_generic(cluster: Cluster, resource: Resource) -> bool:
    """Add the pods of a resource of an unknown kind: anything that holds `containers`."""
    found = list(_pods(resource.table.table("spec"), 0))
    for number, pod in enumerate(found):
        units = pod_units(cluster, resource, pod, "job" if resource.kind.endswith("Job") else "container")
        if number and units:
            units[0].name = f"{resource.name}-{number + 1}"
        for unit in units[:1]:
            cluster.label(unit, resource.namespace, texts_of(pod.table("metadata", "labels")))
        cluster.units += units
    return bool(found)


def _pods(table: Table, depth: int) -> Iterator[Table]:
    """Yield the tables below that hold containers; one with `metadata` beside its `spec` is a template."""
    if depth > MAX_DEPTH:
        return
    if any(container.get("image") is not None for container in table.tables("containers")):
        yield table
        return
    spec = table.get("spec")
    if isinstance(spec, Table) and spec.tables("containers"):
        yield table
        return
    for item in table.entries.values():
        for one in item.items if isinstance(item, Rows) else (item,):
            if isinstance(one, Table):
                yield from _pods(one, depth + 1)

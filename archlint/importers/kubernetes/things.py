"""Resources that are no components, but whose faults a review reports: old versions, secrets, empty selectors."""

from __future__ import annotations

import re
from typing import Final

from archlint.importers.kubernetes.cluster import Cluster, Resource, same_namespace, texts_of
from archlint.importers.objects import Unit
from archlint.model.deployment import Thing

_OPERATORS: Final = re.compile(
    r"kserve|knative|leaderworkerset|ray\.io|strimzi|seldon|istio|job-name|batch\.kubernetes|statefulset\.kubernetes|"
    r"llm-d|inference\.networking|postgresql|cnpg"
)
"""Labels that controllers add to the pods that they make."""
_TARGETS: Final = frozenset({"HorizontalPodAutoscaler", "ScaledObject"})
MAX_THINGS: Final = 5_000


def add_things(cluster: Cluster) -> None:
    """Give each such resource to the part that it belongs to, else to the first one."""
    for resource in cluster.resources[:MAX_THINGS]:
        owner = _owner(cluster, resource)
        keeper = owner or next(iter(cluster.units), None)
        if keeper is not None:
            keeper.running.things.append(_thing(cluster, resource, owner is not None))


def _owner(cluster: Cluster, resource: Resource) -> Unit | None:
    spec = resource.table.table("spec")
    if resource.kind in _TARGETS:
        return cluster.unit(spec.text("scaleTargetRef", "name"), resource.namespace)
    if resource.kind in {"Service", "PodDisruptionBudget"}:
        selector = spec.table("selector", "matchLabels") if resource.kind != "Service" else spec.table("selector")
        found = cluster.selected(texts_of(selector), resource.namespace)
        if found:
            return found[0]
    if resource.kind in {"PersistentVolumeClaim", "PersistentVolume"}:
        return _mounting(cluster, resource)
    named = cluster.unit(resource.name, resource.namespace) if resource.name else None
    return named if named is not None and named.site.document is resource.site.document else None


def _mounting(cluster: Cluster, resource: Resource) -> Unit | None:
    """Return the first unit that mounts a claim, or the claim that names a volume."""
    claims = {resource.name}
    if resource.kind == "PersistentVolume":
        claims = {
            one.name
            for one in cluster.of("PersistentVolumeClaim")
            if one.table.text("spec", "volumeName") == resource.name
        }
    for unit in cluster.units:
        if any(mount.key.rpartition("/claim/")[2] in claims for mount in unit.mounts if "/claim/" in mount.key):
            return unit
    return None


def _thing(cluster: Cluster, resource: Resource, own: bool) -> Thing:
    host = ""
    if resource.kind == "PersistentVolume":
        host = resource.table.text("spec", "hostPath", "path") or resource.table.text("spec", "local", "path")
    empty = _empty(cluster, resource)
    return Thing(
        resource.kind, resource.api, resource.name, resource.site, own, empty, _has_credentials(resource), host
    )


def _empty(cluster: Cluster, resource: Resource) -> str:
    """Return what a resource selects or names, if the files have no such part but could have it."""
    spec = resource.table.table("spec")
    if resource.kind in _TARGETS:
        kind, name = spec.text("scaleTargetRef", "kind") or "Deployment", spec.text("scaleTargetRef", "name")
        plain = kind in {"Deployment", "StatefulSet"} and "$" not in name and "{" not in name
        return f"{kind} {name}" if plain and name and cluster.unit(name, resource.namespace) is None else ""
    if resource.kind == "Service" and resource.group == "":
        labels = texts_of(spec.table("selector"))
    elif resource.kind == "PodDisruptionBudget":
        labels = texts_of(spec.table("selector", "matchLabels"))
    else:
        return ""
    text = ", ".join(f"{key}={value}" for key, value in labels.items())
    if not labels or _OPERATORS.search(text) or "$" in text or "{" in text:
        return ""
    if cluster.selected(labels, resource.namespace) or _has_makers(cluster):
        return ""
    near = any(same_namespace(unit.scope, resource.namespace) for unit in cluster.units if unit.role == "container")
    return f"pods with {text}" if near else ""


def _has_makers(cluster: Cluster) -> bool:
    """Whether a resource of an operator makes pods with labels that no file states."""
    return any(unit.running.managed for unit in cluster.units) or bool(cluster.twice)


def _has_credentials(resource: Resource) -> bool:
    if resource.kind != "Secret":
        return False
    texts = [*resource.table.table("data").entries, *resource.table.table("stringData").entries]
    tables = (resource.table.table("data"), resource.table.table("stringData"))
    values = [table.text(key) for table in tables for key in texts]
    return any(value and not re.search(r"[<>{}$]|(?i:your|change|replace|xxx)", value) for value in values)


__all__ = ["add_things"]

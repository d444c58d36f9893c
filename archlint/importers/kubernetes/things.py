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
    index = _Index(cluster)
    for resource in cluster.resources[:MAX_THINGS]:
        owner = _owner(index, resource)
        keeper = owner or next(iter(cluster.units), None)
        if keeper is not None:
            keeper.running.things.append(_thing(index, resource, owner is not None))


class _Index:
    """The units of a cluster by name, and by the claims that they mount."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.named: dict[str, list[Unit]] = {}
        self.mounting: dict[str, Unit] = {}
        for unit in cluster.units:
            self.named.setdefault(unit.name, []).append(unit)
            for mount in unit.mounts:
                if "/claim/" in mount.key:
                    self.mounting.setdefault(mount.key.rpartition("/claim/")[2], unit)
        self.claims: dict[str, list[str]] = {}
        for claim in cluster.of("PersistentVolumeClaim"):
            self.claims.setdefault(claim.table.text("spec", "volumeName"), []).append(claim.name)
        self.spaces = {unit.scope for unit in cluster.units if unit.role == "container"}
        makes = any(unit.running.managed for unit in cluster.units)
        self.has_makers = makes or bool(cluster.twice)
        """Whether a resource of an operator makes pods with labels that no file states."""

    def unit(self, name: str, namespace: str) -> Unit | None:
        """Return the unit of a workload by name."""
        return next((one for one in self.named.get(name, ()) if same_namespace(one.scope, namespace)), None)


def _owner(index: _Index, resource: Resource) -> Unit | None:
    cluster, spec = index.cluster, resource.table.table("spec")
    if resource.kind in _TARGETS:
        return index.unit(spec.text("scaleTargetRef", "name"), resource.namespace)
    if resource.kind in {"Service", "PodDisruptionBudget"}:
        selector = spec.table("selector", "matchLabels") if resource.kind != "Service" else spec.table("selector")
        found = cluster.selected(texts_of(selector), resource.namespace)
        if found:
            return found[0]
    if resource.kind in {"PersistentVolumeClaim", "PersistentVolume"}:
        claims = [resource.name, *(index.claims.get(resource.name, ()) if resource.kind == "PersistentVolume" else ())]
        return next((index.mounting[name] for name in claims if name in index.mounting), None)
    named = index.unit(resource.name, resource.namespace) if resource.name else None
    return named if named is not None and named.site.document is resource.site.document else None


def _thing(index: _Index, resource: Resource, own: bool) -> Thing:
    host = ""
    if resource.kind == "PersistentVolume":
        host = resource.table.text("spec", "hostPath", "path") or resource.table.text("spec", "local", "path")
    empty = _empty(index, resource)
    return Thing(
        resource.kind, resource.api, resource.name, resource.site, own, empty, _has_credentials(resource), host
    )


def _empty(index: _Index, resource: Resource) -> str:
    """Return what a resource selects or names, if the files have no such part but could have it."""
    spec = resource.table.table("spec")
    if resource.kind in _TARGETS:
        kind, name = spec.text("scaleTargetRef", "kind") or "Deployment", spec.text("scaleTargetRef", "name")
        plain = kind in {"Deployment", "StatefulSet"} and "$" not in name and "{" not in name
        return f"{kind} {name}" if plain and name and index.unit(name, resource.namespace) is None else ""
    if resource.kind == "Service" and resource.group == "":
        labels = texts_of(spec.table("selector"))
    elif resource.kind == "PodDisruptionBudget":
        labels = texts_of(spec.table("selector", "matchLabels"))
    else:
        return ""
    text = ", ".join(f"{key}={value}" for key, value in labels.items())
    if not labels or _OPERATORS.search(text) or "$" in text or "{" in text:
        return ""
    if index.has_makers or index.cluster.selected(labels, resource.namespace):
        return ""
    near = any(same_namespace(space, resource.namespace) for space in index.spaces)
    return f"pods with {text}" if near else ""


def _has_credentials(resource: Resource) -> bool:
    if resource.kind != "Secret":
        return False
    texts = [*resource.table.table("data").entries, *resource.table.table("stringData").entries]
    tables = (resource.table.table("data"), resource.table.table("stringData"))
    values = [table.text(key) for table in tables for key in texts]
    return any(value and not re.search(r"[<>{}$]|(?i:your|change|replace|xxx)", value) for value in values)


__all__ = ["add_things"]

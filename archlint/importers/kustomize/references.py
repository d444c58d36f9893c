"""References by name between resources, which follow when kustomize changes a name."""

from __future__ import annotations

from typing import Final

from archlint.importers.kustomize.edits import walked, with_entry
from archlint.importers.kustomize.resources import Built, Resources
from archlint.importers.objects import Item, Rows, Table, Value

_INNER: Final[dict[str, tuple[str, str]]] = {
    "configMapRef": ("ConfigMap", "name"), "configMapKeyRef": ("ConfigMap", "name"), "configMap": ("ConfigMap", "name"),
    "secretRef": ("Secret", "name"), "secretKeyRef": ("Secret", "name"), "imagePullSecrets": ("Secret", "name"),
    "persistentVolumeClaim": ("PersistentVolumeClaim", "claimName"), "service": ("Service", "name"),
}  # fmt: skip
"""Where a mapping, or each mapping of a list, under a key names a resource: its kind, and the key of the name."""
_PLAIN: Final[dict[str, str]] = {
    "serviceAccountName": "ServiceAccount", "priorityClassName": "PriorityClass", "storageClassName": "StorageClass",
    "ingressClassName": "IngressClass", "serviceName": "Service", "secretName": "Secret",
    "volumeName": "PersistentVolume",
}  # fmt: skip
"""Keys whose value names a resource."""
_REFERRING: Final = frozenset(
    "Pod Deployment ReplicaSet DaemonSet StatefulSet Job CronJob ReplicationController PodTemplate Ingress "
    "ServiceAccount PersistentVolumeClaim PersistentVolume HorizontalPodAutoscaler RoleBinding ClusterRoleBinding "
    "APIService".split()
)
"""Kinds whose references follow; kustomize knows no fields of custom resources."""
_TYPED: Final = frozenset({"scaleTargetRef", "roleRef", "subjects"})


def follow_names(resources: Resources) -> None:
    """Change every reference to the name that its target has now."""
    for one in resources:
        if one.current.kind not in _REFERRING:
            continue
        table = walked(one.table, _Follower(one, resources).visit)
        if isinstance(table, Table):
            resources.update(one, table)


class _Follower:
    """Changes the references of one resource."""

    def __init__(self, one: Built, resources: Resources) -> None:
        self.one = one
        self.resources = resources

    def visit(self, table: Table) -> Table:
        for key, item in table.entries.items():
            changed: Item | None = None
            if key in _INNER:
                kind, field = _INNER[key]
                changed = self.inner(item, kind, field)
            elif key in _PLAIN and isinstance(item, Value):
                changed = self.value(item, _PLAIN[key])
            elif key == "secret" and isinstance(item, Table):
                changed = self.inner(item, "Secret", "name")
            elif key in _TYPED:
                changed = self.typed(item)
            if changed is not None and changed is not item:
                table = with_entry(table, key, changed, item.site)
        return table

    def typed(self, item: Item) -> Item:
        """Change references that state the kind of their target."""
        if isinstance(item, Rows):
            return Rows([self.typed(one) for one in item.items], item.site, item.tag)
        return self.inner(item, item.text("kind"), "name") if isinstance(item, Table) else item

    def inner(self, item: Item, kind: str, field: str) -> Item:
        if isinstance(item, Rows):
            return Rows([self.inner(one, kind, field) for one in item.items], item.site, item.tag)
        value = item.get(field) if isinstance(item, Table) else None
        if not isinstance(value, Value) or not isinstance(item, Table):
            return item
        return with_entry(item, field, self.value(value, kind), value.site)

    def value(self, value: Value, kind: str) -> Value:
        """Return the name that the target has now; of several, that of the one with the most of the same changes."""
        spaces = {identity.namespace for identity in self.one.ids}
        found = [one for one in self.resources.named(kind, value.text) if one is not self.one]
        same = [one for one in found if spaces & {identity.namespace for identity in one.ids}]
        best = max(same or found, key=lambda one: len(set(one.via) & set(self.one.via)), default=None)
        if best is None or best.current.name == value.text:
            return value
        return Value(best.current.name, value.site, value.status, best.current.name, value.plain, value.tag)

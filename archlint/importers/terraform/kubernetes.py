"""Resources of the provider `kubernetes` as manifests, which the reader of Kubernetes takes."""

from __future__ import annotations

import re
from typing import Final

from archlint.importers.cloud.resources import Resource
from archlint.importers.cloud.values import literal
from archlint.importers.objects import Item, Rows, Table, Value

KINDS: Final = {
    "deployment": ("Deployment", "apps/v1"), "stateful_set": ("StatefulSet", "apps/v1"),
    "daemon_set": ("DaemonSet", "apps/v1"), "daemonset": ("DaemonSet", "apps/v1"), "job": ("Job", "batch/v1"),
    "cron_job": ("CronJob", "batch/v1"), "pod": ("Pod", "v1"), "service": ("Service", "v1"),
    "ingress": ("Ingress", "networking.k8s.io/v1"), "config_map": ("ConfigMap", "v1"),
    "horizontal_pod_autoscaler": ("HorizontalPodAutoscaler", "autoscaling/v2"),
    "persistent_volume_claim": ("PersistentVolumeClaim", "v1"),
}  # fmt: skip
"""By the type without its provider and version: the kind, and the version of its API."""
_LISTS: Final = {
    "container": "containers", "init_container": "initContainers", "port": "ports", "volume": "volumes",
    "volume_mount": "volumeMounts", "env": "env", "env_from": "envFrom", "rule": "rules", "path": "paths",
    "metric": "metrics", "toleration": "tolerations", "volume_claim_template": "volumeClaimTemplates",
}  # fmt: skip
"""Blocks that are items of a list, and the name of that."""
_MAPS: Final = frozenset(
    {"labels", "match_labels", "annotations", "data", "limits", "requests", "node_selector", "binary_data"}
)
_VERSION: Final = re.compile(r"_v\d+(?:(?:alpha|beta)\d+)?$")
MAX_DEPTH: Final = 40


def manifest_of(one: Resource) -> Table | None:
    """Return the manifest that a resource makes; None if it makes none that is known."""
    if one.type == "kubernetes_manifest":
        stated = one.values.entries.get("manifest")
        return stated if isinstance(stated, Table) and "kind" in stated.entries else None
    known = KINDS.get(_VERSION.sub("", one.type.removeprefix("kubernetes_")))
    if not one.type.startswith("kubernetes_") or known is None or one.outside:
        return None
    kind, version = known
    made = _converted(one.values, "", "", 0)
    entries = made.entries if isinstance(made, Table) else {}
    head: dict[str, Item] = {"apiVersion": literal(version, one.site), "kind": literal(kind, one.site)}
    return Table(head | entries, made.keys if isinstance(made, Table) else {}, one.site)


def _converted(item: Item, key: str, parent: str, depth: int) -> Item:
    """Return values with the names and the nesting of a manifest."""
    if depth > MAX_DEPTH or key in _MAPS or isinstance(item, Value):
        return item
    if isinstance(item, Rows):
        rows = [_converted(one, key, parent, depth + 1) for one in item.items]
        is_list = key in _LISTS and not (key == "port" and parent == "service")
        return rows[0] if len(rows) == 1 and isinstance(rows[0], Table) and not is_list else Rows(rows, item.site)
    if key == "selector" and "match_labels" not in item.entries:
        return item
    entries: dict[str, Item] = {}
    keys = {}
    for name, inner in item.entries.items():
        is_block = isinstance(inner, Rows) and all(isinstance(one, Table) for one in inner.items)
        listed = _LISTS.get(name) if is_block and not (name == "port" and key == "service") else None
        new = listed or _camel(name)
        entries[new] = _converted(inner, name, key, depth + 1)
        if name in item.keys:
            keys[new] = item.keys[name]
    return Table(entries, keys, item.site)


def _camel(name: str) -> str:
    """Return a name as manifests spell it.

    >>> _camel("image_pull_policy"), _camel("http_get")
    ('imagePullPolicy', 'httpGet')
    """
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)

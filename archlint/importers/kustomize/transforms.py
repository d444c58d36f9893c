"""What a kustomization changes in all of its resources: namespace, names, labels, images and replicas."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from archlint.importers.kustomize.edits import changed, walked, with_entry, with_texts
from archlint.importers.kustomize.resources import CLUSTER_WIDE, Built, Resources, with_name
from archlint.importers.objects import Item, Rows, Site, Table, Value

_UNNAMED: Final = frozenset({"CustomResourceDefinition", "Namespace", "APIService"})
"""Kinds whose names have no prefix."""
_TEMPLATES: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(
        ("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job", "ReplicationController"), ("spec", "template")
    ),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}  # fmt: skip
_SELECTORS: Final[dict[str, tuple[str, ...]]] = {
    "Service": ("spec", "selector"), "ReplicationController": ("spec", "selector"),
    **dict.fromkeys(
        ("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"), ("spec", "selector", "matchLabels")
    ),
}  # fmt: skip
_SELECTORS_IF_THERE: Final[dict[str, tuple[str, ...]]] = {
    "Job": ("spec", "selector", "matchLabels"), "PodDisruptionBudget": ("spec", "selector", "matchLabels"),
    "CronJob": ("spec", "jobTemplate", "spec", "selector", "matchLabels"),
    "NetworkPolicy": ("spec", "podSelector", "matchLabels"),
}  # fmt: skip
_SCALED: Final = frozenset({"Deployment", "ReplicaSet", "StatefulSet", "ReplicationController"})
_CONTAINERS: Final = ("containers", "initContainers")


def set_namespace(resources: Resources, namespace: Value) -> None:
    """Put every resource that can have one into a namespace."""
    for one in resources:
        table = one.table
        if table.text("kind") == "Namespace":
            table = with_name(table, namespace.text, namespace.site)
        elif table.text("kind") not in CLUSTER_WIDE:
            metadata = with_entry(table.table("metadata"), "namespace", namespace, namespace.site)
            table = with_entry(table, "metadata", metadata, namespace.site)
        resources.update(one, table)


def set_names(resources: Resources, prefix: str, suffix: str, site: Site) -> None:
    """Put a prefix and a suffix around every name."""
    for one in resources:
        if one.current.kind not in _UNNAMED and one.current.name:
            resources.update(one, with_name(one.table, f"{prefix}{one.current.name}{suffix}", site))
        one.via.append(site.file)


def set_labels(
    resources: Resources, labels: Mapping[str, Item], site: Site, selectors: bool, templates: bool
) -> None:
    """Add labels to resources; with `selectors`, also to what selects pods by them."""
    for one in resources:
        kind = one.current.kind
        table = with_texts(one.table, ("metadata", "labels"), labels, site)
        if (selectors or templates) and kind in _TEMPLATES:
            table = with_texts(table, (*_TEMPLATES[kind], "metadata", "labels"), labels, site)
        if (selectors or templates) and kind == "CronJob":
            table = with_texts(table, ("spec", "jobTemplate", "metadata", "labels"), labels, site)
        if selectors and kind in _SELECTORS and (kind != "Service" or one.current.group == ""):
            table = with_texts(table, _SELECTORS[kind], labels, site)
        if selectors and kind in _SELECTORS_IF_THERE:
            table = with_texts(table, _SELECTORS_IF_THERE[kind], labels, site, create=False)
        if (selectors or templates) and kind == "StatefulSet":
            table = with_texts(table, ("spec", "volumeClaimTemplates", "metadata", "labels"), labels, site)
        resources.update(one, table)


def set_annotations(resources: Resources, annotations: Mapping[str, Item], site: Site) -> None:
    """Add annotations to resources and to their pods."""
    for one in resources:
        kind = one.current.kind
        table = with_texts(one.table, ("metadata", "annotations"), annotations, site)
        if kind in _TEMPLATES:
            table = with_texts(table, (*_TEMPLATES[kind], "metadata", "annotations"), annotations, site)
        if kind == "CronJob":
            table = with_texts(table, ("spec", "jobTemplate", "metadata", "annotations"), annotations, site)
        resources.update(one, table)


def set_replicas(resources: Resources, entry: Table) -> bool:
    """Set the number of replicas of a workload; return whether there is one of that name."""
    count = entry.value("count")
    name = entry.text("name")
    found = [one for kind in sorted(_SCALED) for one in resources.named(kind, name)]
    if count is None:
        return bool(found)
    for one in found:
        resources.update(one, changed(one.table, ("spec", "replicas"), lambda _: count, count.site, create=True))
    return bool(found)


def set_image(resources: Resources, entry: Table) -> bool:
    """Set the name, tag or digest of an image; return whether a container has it."""
    name = entry.text("name")
    matches = re.compile(rf"{re.escape(name)}(:[\w.{{}}-]*)?(@sha256:[\w.{{}}-]*)?").fullmatch
    site = next((entry.keys[key] for key in ("newTag", "newName", "digest") if key in entry.keys), entry.site)
    hits: list[Value] = []

    def change(container: Item) -> Item:
        image = container.get("image") if isinstance(container, Table) else None
        if not isinstance(container, Table) or not isinstance(image, Value) or not matches(image.text):
            return container
        hits.append(image)
        text = _image(image.text, entry)
        value = msgspec.structs.replace(image, text=text, raw=text, site=site, via=(image.site,))
        return Table({**container.entries, "image": value}, container.keys, container.site, container.tag)

    def visit(table: Table) -> Table:
        for key in _CONTAINERS:
            rows = table.get(key)
            if isinstance(rows, Rows):
                table = with_entry(table, key, Rows([change(one) for one in rows.items], rows.site), rows.site)
        return table

    for one in resources:
        before = len(hits)
        table = walked(one.table, visit)
        if len(hits) > before and isinstance(table, Table):
            resources.update(one, table)
    return bool(hits)


def _image(text: str, entry: Table) -> str:
    """Return an image with what an entry of `images` says.

    >>> from archlint.importers.nested import nested_items
    >>> from archlint.source.document import Document
    >>> from archlint.source.nodes import Span
    >>> site = Site(Document("a.yaml", "", None), Span(0, 0))
    >>> (entry,) = nested_items(Value("{newName: registry:5000/b, newTag: v2}", site))
    >>> _image("a:v1@sha256:12", entry)
    'registry:5000/b:v2'
    """
    rest, _, digest = text.partition("@")
    name, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:
        name, tag = rest, ""
    new, fixed = entry.text("newTag"), entry.text("digest")
    name = entry.text("newName") or name
    if new or fixed:
        tag, digest = new, fixed
    elif entry.text("tagSuffix"):
        tag, digest = tag + entry.text("tagSuffix"), ""
    return name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


def add_generator_options(table: Table, options: Table) -> Table:
    """Add the labels and annotations that generated resources get."""
    for key in ("labels", "annotations"):
        extra = options.table(key)
        if extra.entries:
            table = with_texts(table, ("metadata", key), extra.entries, extra.site)
    return table


def kept_identity(merged: Table, before: Built, name_may_change: bool, kind_may_change: bool) -> Table:
    """Return a patched resource with the kind and name that it had, unless the patch may change them."""
    if not kind_may_change:
        merged = _with_old(merged, before.table, ("kind", "apiVersion"))
    if not name_may_change:
        metadata = _with_old(merged.table("metadata"), before.table.table("metadata"), ("name", "namespace"))
        merged = with_entry(merged, "metadata", metadata, before.table.site)
    return merged


def _with_old(table: Table, old: Table, keys: tuple[str, ...]) -> Table:
    """Return a table with some entries as they were."""
    for key in keys:
        places = {name: site for name, site in table.keys.items() if name != key}
        table = with_entry(Table(table.entries, places, table.site), key, old.get(key), old.keys.get(key, old.site))
    return table

"""The resources of a set of manifests: one cluster, looked up by kind, namespace and name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from archlint.errors import UnreadableInputError
from archlint.importers.detect import is_template
from archlint.importers.files import Files
from archlint.importers.objects import Site, Table, Unit, tree
from archlint.source.nodes import Mapping as MappingNode

MARK = "# Source: "
"""What `helm template` writes before each manifest."""
CLUSTER_WIDE = frozenset({"Namespace", "ClusterRole", "ClusterRoleBinding", "PersistentVolume", "StorageClass"})


class Resource(msgspec.Struct, frozen=True):
    """One document of a manifest."""

    kind: str
    api: str
    name: str
    namespace: str
    table: Table
    path: Path

    @property
    def site(self) -> Site:
        """The place of its name, or its beginning."""
        metadata = self.table.table("metadata")
        return metadata.keys.get("name", self.table.keys.get("kind", self.table.site))

    @property
    def group(self) -> str:
        """The group of its API, such as `apps`."""
        return self.api.rpartition("/")[0]


class Cluster:
    """All resources. Of several with one identity, the first is used: the others are alternatives."""

    def __init__(self) -> None:
        self.resources: list[Resource] = []
        self.twice: list[Resource] = []
        self.seen: set[tuple[str, str, str]] = set()
        self.units: list[Unit] = []
        self._named: dict[tuple[str, str], list[Resource]] = {}
        self._labelled: dict[tuple[str, str], list[tuple[Unit, str, Mapping[str, str]]]] = {}

    def add(self, resource: Resource) -> None:
        """Add a resource, unless one with its identity is known."""
        key = (resource.kind, resource.namespace, resource.name)
        if resource.name and key in self.seen:
            self.twice.append(resource)
            return
        self.seen.add(key)
        self.resources.append(resource)
        self._named.setdefault((resource.kind, resource.name), []).append(resource)

    def label(self, unit: Unit, namespace: str, labels: Mapping[str, str]) -> None:
        """Keep the labels of the pods of a unit, by which others select it."""
        for pair in labels.items():
            self._labelled.setdefault(pair, []).append((unit, namespace, labels))

    def of(self, *kinds: str) -> Iterator[Resource]:
        """Yield the resources of some kinds."""
        return (one for one in self.resources if one.kind in kinds)

    def find(self, kind: str, name: str, namespace: str) -> Resource | None:
        """Return a resource by name; a namespace that is not stated may be any."""
        found = self._named.get((kind, name), ())
        return next((one for one in found if same_namespace(one.namespace, namespace)), None)

    def unit(self, name: str, namespace: str, whats: frozenset[str] = frozenset()) -> Unit | None:
        """Return the unit of a workload by name."""
        for one in self.units:
            if one.name == name and same_namespace(one.scope, namespace) and (not whats or one.what in whats):
                return one
        return None

    def selected(self, selector: Mapping[str, str], namespace: str) -> list[Unit]:
        """Return the units whose pods have these labels."""
        candidates = [self._labelled.get(pair, []) for pair in selector.items()]
        return [
            unit for unit, place, labels in min(candidates, key=len, default=[])
            if same_namespace(place, namespace) and all(labels.get(key) == text for key, text in selector.items())
        ]  # fmt: skip


def same_namespace(one: str, other: str) -> bool:
    """Whether two namespaces may be the same: one that is not stated may be any."""
    return one == other or not one or not other


def texts_of(table: Table) -> dict[str, str]:
    """Return a mapping of texts, such as labels."""
    return {key: table.text(key) for key in table.entries}


def read_resources(paths: list[Path], files: Files, left_out: list[tuple[str, str]]) -> Cluster:
    """Read every document of the manifests, after those that kustomize or Helm made."""
    cluster = Cluster()
    for table, path in files.manifests:
        cluster.add(_resource(table, path))
    for path in paths:
        try:
            documents = files.documents(path)
        except UnreadableInputError as error:
            reason = "a template: render it first" if is_template(files.text(path)) else error.message
            left_out.append((str(path), reason))
            continue
        is_rendered = MARK in files.text(path)
        for document in documents:
            if isinstance(document.root, MappingNode):
                root = tree(document, document.root)
                if is_rendered:
                    from archlint.importers.helm.sources import in_template

                    root = in_template(document, document.root, path, files)
                assert isinstance(root, Table)
                for table in _unlisted(root):
                    cluster.add(_resource(table, path))
    return cluster


def _unlisted(root: Table) -> Iterator[Table]:
    """Yield the items of a list of resources, or the resource itself."""
    if root.text("kind").endswith("List") and root.get("items") is not None:
        yield from root.tables("items")
    else:
        yield root


def _resource(table: Table, path: Path) -> Resource:
    name = table.text("metadata", "name") or table.text("metadata", "generateName").rstrip("-")
    kind = table.text("kind")
    namespace = "" if kind in CLUSTER_WIDE else table.text("metadata", "namespace")
    return Resource(kind, table.text("apiVersion"), name, namespace, table, path)

"""Builds a kustomization as kustomize does: resources, generators, components, then the changes in their order."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

import msgspec

from archlint.errors import UnreadableInputError
from archlint.importers.files import Files
from archlint.importers.kustomize.generators import GENERATORS, generate
from archlint.importers.kustomize.patches import Patcher
from archlint.importers.kustomize.references import follow_names
from archlint.importers.kustomize.replacing import replace_values, replace_variables, variables_of
from archlint.importers.kustomize.resources import Built, Resources, built
from archlint.importers.kustomize.transforms import (
    set_annotations,
    set_image,
    set_labels,
    set_names,
    set_namespace,
    set_replicas,
)
from archlint.importers.objects import Item, Site, Table, Value, tree
from archlint.source.nodes import Mapping

NAMES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
MAX_LOADED: Final = 1_000
MAX_CHAIN: Final = 40
MAX_RESOURCES: Final = 50_000
REMOTE: Final = re.compile(
    r"^(?:[a-z][a-z0-9+.-]*::|[a-z][a-z0-9+.-]*://|git@|github\.com[/:]|[\w.-]+@[\w.-]+:)|[?&]ref=|\.git(?:$|[/?#])",
    re.IGNORECASE,
)
"""A base that is not in the project."""
KNOWN: Final = frozenset(
    "apiVersion kind metadata resources bases components namespace namePrefix nameSuffix labels commonLabels "
    "commonAnnotations images imageTags replicas configMapGenerator secretGenerator generatorOptions patches "
    "patchesStrategicMerge patchesJson6902 vars replacements buildMetadata sortOptions openapi crds".split()
)
"""Fields that are applied, or that change nothing that archlint reads."""
_NAMING: Final = (
    "resources", "bases", "components", "patchesStrategicMerge", "patches", "crds", "configurations", "transformers",
    "generators", "validators",
)  # fmt: skip
"""Fields whose items are paths."""


class Result(msgspec.Struct):
    """A build: its resources, the files that it read, the fields that were not applied, and the bases not there."""

    resources: Resources
    notes: list[str]
    used: dict[Path, None]
    unapplied: list[tuple[str, Site]]
    remote: list[Site]


class Builder:
    """Builds one kustomization, with those that it names; what cannot be read is a note."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.notes: list[str] = []
        self.used: dict[Path, None] = {}
        self.unapplied: list[tuple[str, Site]] = []
        self.remote: list[Site] = []
        self.variables: list[Table] = []
        self.loaded = 0
        self.size = 0

    def build(self, path: Path) -> Result:
        """Build a kustomization file; raises `UnreadableInputError` if it is not one."""
        resources = self.level(path, Resources(), ())
        follow_names(resources)
        replace_variables(resources, variables_of(resources, self.variables))
        return Result(resources, self.notes, self.used, self.unapplied, self.remote)

    def _note(self, site: Site, what: str) -> None:
        self.notes.append(f"{site.shown}: {what}")

    def _claim(self, path: Path) -> None:
        self.used[path] = None

    def level(self, path: Path, resources: Resources, chain: tuple[str, ...]) -> Resources:
        """Build one kustomization into the resources of the level: those of its parent for a component."""
        name = str(path)
        if name in chain:
            circle = " -> ".join(_folder(one) for one in (*chain[chain.index(name) :], name))
            raise UnreadableInputError(f"{name}: includes itself: {circle}", "remove one of the resources")
        self.loaded += 1
        if self.loaded > MAX_LOADED or len(chain) > MAX_CHAIN:
            raise UnreadableInputError(f"{name}: more than {MAX_LOADED} kustomizations are included", "include fewer")
        table = read_kustomization(path, self.files)
        self._claim(path)
        chain = (*chain, name)
        for item in (*table.rows("resources"), *table.rows("bases")):
            self._include(item, path.parent, resources, chain)
        claimed = len(self.files.read)
        generate(table, path.parent, path, self.files, resources, self.notes)
        self.used.update(dict.fromkeys(Path(one) for one in list(self.files.read.values())[claimed:]))
        for item in table.rows("components"):
            self._include(item, path.parent, resources, chain, is_component=True)
        self._change(table, path, resources)
        return resources

    def _include(
        self, item: Item, folder: Path, resources: Resources, chain: tuple[str, ...], is_component: bool = False
    ) -> None:
        """Add a file of manifests, or another kustomization."""
        if not isinstance(item, Value) or not item.text:
            return
        if REMOTE.search(item.text) and not os.path.exists(folder / item.text):
            self.remote.append(item.site)
            self._note(item.site, f"the base {shown_address(item.text)} is elsewhere, and archlint fetches nothing")
            return
        try:
            path = self.files.find(folder, item.text)
            if not os.path.isdir(path):
                self._add_file(path, item, resources)
                return
            inner = kustomization_in(path)
            if inner is None:
                what = f"{item.text[:100]}: has no kustomization.yaml"
                raise UnreadableInputError(what, "name a folder that has one")
            made = self.level(inner, resources if is_component else Resources(), chain)
        except UnreadableInputError as error:
            self._note(item.site, f"not read: {error.message}")
            return
        if not is_component:
            for one in made:
                self._add(one, item.site, resources)

    def _add_file(self, path: Path, item: Value, resources: Resources) -> None:
        documents = self.files.documents(path)
        self._claim(path)
        for document in documents:
            if isinstance(document.root, Mapping):
                root = tree(document, document.root)
                if isinstance(root, Table):
                    rows = root.tables("items") if root.text("kind").endswith("List") else [root]
                    for table in rows:
                        self._add(built(table, path), item.site, resources)

    def _add(self, one: Built, site: Site, resources: Resources) -> None:
        self.size += 1
        if self.size > MAX_RESOURCES:
            raise UnreadableInputError(f"more than {MAX_RESOURCES:,} resources", "build fewer at once")
        if not resources.add(one):
            self._note(site, f"a second {one.current.kind} `{one.current.name}`: only the first is used")

    def _change(self, table: Table, path: Path, resources: Resources) -> None:
        """Apply what a kustomization says of all its resources, in the order of kustomize."""
        patcher = Patcher(self.files, path.parent, resources, self.notes, self._claim)
        patcher.merges(table)
        patcher.patches(table, "patches")
        namespace = table.value("namespace")
        if namespace is not None and namespace.text:
            set_namespace(resources, namespace)
        prefix, suffix = table.text("namePrefix"), table.text("nameSuffix")
        if prefix or suffix:
            set_names(resources, prefix, suffix, table.keys["namePrefix" if prefix else "nameSuffix"])
        self._label(table, resources)
        patcher.patches(table, "patchesJson6902")
        for entry in table.tables("replicas"):
            if not set_replicas(resources, entry):
                self._note(entry.site, f"no workload `{entry.text('name')[:100]}` has replicas to set")
        for entry in (*table.tables("images"), *table.tables("imageTags")):
            set_image(resources, entry)
        replace_values(resources, table, self.notes)
        self.variables += table.tables("vars")
        self.unapplied += ((key, site) for key, site in table.keys.items() if key not in KNOWN and key in table.entries)

    def _label(self, table: Table, resources: Resources) -> None:
        common = table.table("commonLabels")
        if common.entries:
            set_labels(resources, common.entries, common.site, True, True)
        for entry in table.tables("labels"):
            selectors, templates = entry.text("includeSelectors") == "true", entry.text("includeTemplates") == "true"
            set_labels(resources, entry.table("pairs").entries, entry.site, selectors, templates)
        annotations = table.table("commonAnnotations")
        if annotations.entries:
            set_annotations(resources, annotations.entries, annotations.site)


def read_kustomization(path: Path, files: Files) -> Table:
    """Return a kustomization file; raises `UnreadableInputError`."""
    for document in files.documents(path):
        if isinstance(document.root, Mapping):
            found = tree(document, document.root)
            assert isinstance(found, Table)
            return found
    raise UnreadableInputError(f"{path}: is not a mapping of keys", "a kustomization has keys such as `resources`")


def kustomization_in(folder: Path) -> Path | None:
    """Return the kustomization file of a folder."""
    return next((folder / name for name in NAMES if os.path.isfile(folder / name)), None)


def shown_address(text: str) -> str:
    """Show an address without user and password."""
    return re.sub(r"(?<=//)[^/@\s]*@", "", text)[:120]


def named_files(table: Table, path: Path, files: Files) -> list[Path]:
    """Return every path in the project that a kustomization names, whether or not it is there."""
    found: list[Value] = [
        item for key in _NAMING for item in table.rows(key) if isinstance(item, Value)
    ]  # fmt: skip
    for key in ("patches", "patchesJson6902", "replacements"):
        found += (value for entry in table.tables(key) if (value := entry.value("path")) is not None)
    for key in GENERATORS:
        for entry in table.tables(key):
            names = (*entry.rows("files"), *entry.rows("envs"), *entry.rows("env"))
            found += (item for item in names if isinstance(item, Value))
    paths = []
    for value in found:
        name = value.text.rpartition("=")[2]
        if not name or "\n" in name or REMOTE.search(name):
            continue
        try:
            paths.append(files.find(path.parent, name))
        except UnreadableInputError:
            continue
    return paths


def _folder(name: str) -> str:
    return os.path.basename(os.path.dirname(name)) or "."

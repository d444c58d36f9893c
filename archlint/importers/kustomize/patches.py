"""Patches of a kustomization: strategic merges and JSON patches, in files or inline, by target."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from archlint.errors import UnreadableInputError
from archlint.importers.files import Files
from archlint.importers.kustomize.jsonpatch import patched
from archlint.importers.kustomize.merging import has_merge_keys, merge
from archlint.importers.kustomize.resources import Built, Resources
from archlint.importers.kustomize.transforms import kept_identity
from archlint.importers.nested import nested_items
from archlint.importers.objects import Item, Rows, Site, Table, Value, tree

Claim = Callable[[Path], None]
"""Takes note of a file that belongs to the build."""


class Patcher:
    """Applies the patches of one kustomization; what does not apply is a note."""

    def __init__(self, files: Files, folder: Path, resources: Resources, notes: list[str], claim: Claim) -> None:
        self.files = files
        self.folder = folder
        self.resources = resources
        self.notes = notes
        self.claim = claim

    def merges(self, kustomization: Table) -> None:
        """Apply `patchesStrategicMerge`: paths, or patches inline."""
        for item in kustomization.rows("patchesStrategicMerge"):
            if isinstance(item, Value):
                is_inline = "\n" in item.text or re.match(r"\s*\{", item.text) is not None
                self._apply(self._items(item, is_inline), Table({}, {}, item.site), Table({}, {}, item.site))

    def patches(self, kustomization: Table, key: str) -> None:
        """Apply `patches` or `patchesJson6902`: each has a path or a patch inline, and mostly a target."""
        for item in kustomization.rows(key):
            if isinstance(item, Value):
                self._apply(self._items(item, False), Table({}, {}, item.site), Table({}, {}, item.site))
            elif isinstance(item, Table):
                inline, path = item.get("patch"), item.value("path")
                source = inline if isinstance(inline, Value) else path
                if source is not None:
                    self._apply(self._items(source, source is inline), item.table("target"), item.table("options"))

    def _items(self, value: Value, is_inline: bool) -> list[Item]:
        """Return the documents of a patch."""
        try:
            if is_inline:
                return nested_items(value)
            path = self.files.find(self.folder, value.text)
            self.claim(path)
            found = self.files.documents(path)
        except UnreadableInputError as error:
            self._note(value.site, f"the patch is not applied: {error.message}")
            return []
        return [tree(document, document.root) for document in found if document.root is not None]

    def _note(self, site: Site, what: str) -> None:
        self.notes.append(f"{site.shown}: {what}")

    def _apply(self, items: list[Item], target: Table, options: Table) -> None:
        """Apply the documents of one patch to its target, or each to the resource that it names."""
        for item in items:
            if isinstance(item, Rows):
                self._operations(item, target)
            elif isinstance(item, Table):
                self._merge(item, target, options)

    def _operations(self, item: Rows, target: Table) -> None:
        found = self.resources.selected(target) if target.entries else []
        if not found:
            self._note(item.site, "the patch is not applied: no resource is its target")
        for one in found:
            try:
                table = patched(one.table, item)
            except UnreadableInputError as error:
                self.notes.append(error.message)
                continue
            self.resources.update(one, kept_identity(table, one, True, True))

    def _merge(self, patch: Table, target: Table, options: Table) -> None:
        found = self.resources.selected(target) if target.entries else self.resources.matching(patch)
        if not found:
            kind, name = patch.text("kind"), patch.text("metadata", "name")
            self._note(patch.site, f"the patch is not applied: no {kind or 'resource'} `{name}` is there")
        for one in found:
            self._merge_into(one, patch, options)

    def _merge_into(self, one: Built, patch: Table, options: Table) -> None:
        merged = merge(one.table, patch, has_merge_keys(one.table.text("apiVersion")))
        if not isinstance(merged, Table):
            self.resources.remove(one)
            return
        may = [options.text(key) == "true" for key in ("allowNameChange", "allowKindChange")]
        self.resources.update(one, kept_identity(merged, one, *may))

"""The resources of a build: each knows the identities that it has had, by which patches and references find it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from archlint.importers.kustomize.edits import text_at, with_entry
from archlint.importers.objects import Item, Site, Table

CLUSTER_WIDE: Final = frozenset(
    "Namespace Node PersistentVolume ClusterRole ClusterRoleBinding StorageClass CustomResourceDefinition APIService "
    "PriorityClass IngressClass RuntimeClass MutatingWebhookConfiguration ValidatingWebhookConfiguration CSIDriver "
    "CSINode VolumeAttachment PodSecurityPolicy FlowSchema PriorityLevelConfiguration "
    "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding CertificateSigningRequest".split()
)
"""Kinds that have no namespace."""


class Identity(msgspec.Struct, frozen=True):
    """What identifies a resource at one point of a build."""

    group: str
    kind: str
    namespace: str
    name: str


class Built(msgspec.Struct, eq=False):
    """One resource of a build. `ids` are its identities, the first one first; `path` is the file that defines it.

    `via` are the kustomizations that have changed its name.
    """

    table: Table
    path: Path
    ids: list[Identity]
    via: list[str]

    @property
    def current(self) -> Identity:
        """Its identity now."""
        return self.ids[-1]

    @property
    def origin(self) -> Site:
        """The place of the document that defines it."""
        return self.table.site

    def renamed(self, table: Table) -> None:
        """Set its content, and keep the identity that this gives it."""
        self.table = table
        found = identity_of(table)
        if found != self.ids[-1]:
            self.ids.append(found)


def identity_of(table: Table) -> Identity:
    """Return the identity that a manifest states."""
    kind = table.text("kind")
    namespace = "" if kind in CLUSTER_WIDE else table.text("metadata", "namespace")
    return Identity(table.text("apiVersion").rpartition("/")[0], kind, namespace, table.text("metadata", "name"))


def built(table: Table, path: Path) -> Built:
    """Return a resource as its file defines it."""
    return Built(table, path, [identity_of(table)], [])


def with_name(table: Table, name: str, site: Site) -> Table:
    """Return a manifest with another name, at the place of the old one."""
    metadata = table.table("metadata")
    value = metadata.value("name")
    renamed = with_entry(metadata, "name", text_at(name, value.site if value is not None else site), site)
    return with_entry(table, "metadata", renamed, site)


class Resources:
    """The resources of one level of a build, found by any identity that they have had."""

    def __init__(self, items: Iterable[Built] = ()) -> None:
        self.items: dict[int, Built] = {}
        self._named: dict[tuple[str, str], list[Built]] = {}
        for item in items:
            self.add(item)

    def __iter__(self) -> Iterator[Built]:
        return iter(list(self.items.values()))

    def __len__(self) -> int:
        return len(self.items)

    def add(self, item: Built) -> bool:
        """Add a resource; return False if one with its identity is there."""
        if any(one.current == item.current for one in self._named.get((item.current.kind, item.current.name), ())):
            return False
        self.items[id(item)] = item
        for identity in item.ids:
            self._note(identity, item)
        return True

    def _note(self, identity: Identity, item: Built) -> None:
        known = self._named.setdefault((identity.kind, identity.name), [])
        if item not in known:
            known.append(item)

    def update(self, item: Built, table: Table) -> None:
        """Set the content of a resource."""
        item.renamed(table)
        self._note(item.current, item)

    def remove(self, item: Built) -> None:
        """Remove a resource."""
        self.items.pop(id(item), None)
        for known in self._named.values():
            if item in known:
                known.remove(item)

    def named(self, kind: str, name: str) -> list[Built]:
        """Return the resources of a kind that have, or had, a name."""
        return self._named.get((kind, name), [])

    def matching(self, patch: Table) -> list[Built]:
        """Return the resources that a patch without a target means: by kind, group, name and namespace."""
        wanted = identity_of(patch)
        return [
            one for one in self.named(wanted.kind, wanted.name)
            if any(_same(identity, wanted) for identity in one.ids)
        ]  # fmt: skip

    def selected(self, target: Table) -> list[Built]:
        """Return the resources that a selector means; its names are regular expressions, which match as a whole."""
        tests = {
            key: _pattern(target.text(key)) for key in ("group", "version", "kind", "name", "namespace")
            if target.text(key)
        }  # fmt: skip
        labels, annotations = target.text("labelSelector"), target.text("annotationSelector")
        kind, name = target.text("kind"), target.text("name")
        among = self.named(kind, name) if _is_plain(kind) and _is_plain(name) and kind and name else list(self)
        return [
            one for one in among
            if _passes(one, tests) and _has(one.table.table("metadata", "labels"), labels)
            and _has(one.table.table("metadata", "annotations"), annotations)
        ]  # fmt: skip


def _same(one: Identity, other: Identity) -> bool:
    spaces = {one.namespace or "default", other.namespace or "default"}
    return (one.kind, one.name, one.group) == (other.kind, other.name, other.group) and len(spaces) == 1


def _is_plain(text: str) -> bool:
    return re.fullmatch(r"[\w-]*", text) is not None


def _pattern(text: str) -> re.Pattern[str]:
    """Return a pattern that matches a whole text; what is no regular expression stands for itself."""
    if _is_plain(text) or len(text) > 300 or re.search(r"[*+?}]\)?[*+{]|\)[*+{]", text):
        return re.compile(re.escape(text))
    try:
        return re.compile(text)
    except (re.error, RecursionError, OverflowError):
        return re.compile(re.escape(text))


def _passes(one: Built, tests: dict[str, re.Pattern[str]]) -> bool:
    version = one.table.text("apiVersion").rpartition("/")[2]
    for key, pattern in tests.items():
        texts = [version] if key == "version" else [getattr(identity, key) for identity in one.ids]
        if key == "namespace":
            texts += ["default"] if "" in texts else []
        if not any(pattern.fullmatch(text) for text in texts):
            return False
    return True


def _has(labels: Table, selector: str) -> bool:
    """Whether labels fit a selector such as `app=web,tier!=x,zone`."""
    for part in filter(None, (one.strip() for one in selector.split(","))):
        key, operator, wanted = re.sub(r"\s", "", part).partition("!=" if "!=" in part else "=")
        found: Item | None = labels.entries.get(key.lstrip("!"))
        text = labels.text(key)
        if operator == "!=" and text == wanted:
            return False
        if operator == "=" and (found is None or text != wanted.lstrip("=")):
            return False
        if not operator and (found is None) != key.startswith("!"):
            return False
    return True

"""Strategic merge patches, by the rules of Kubernetes: named items of lists are merged, other lists are replaced."""

from __future__ import annotations

from typing import Final

from archlint.importers.objects import Item, Rows, Table, Value

_BY: Final[dict[str, tuple[str, ...]]] = {
    "containers": ("name",), "initContainers": ("name",), "ephemeralContainers": ("name",), "env": ("name",),
    "volumes": ("name",), "volumeMounts": ("mountPath",), "volumeDevices": ("devicePath",),
    "imagePullSecrets": ("name",), "secrets": ("name",), "hostAliases": ("ip",), "conditions": ("type",),
    "ownerReferences": ("uid",), "resourceClaims": ("name",), "claims": ("name",), "webhooks": ("name",),
    "topologySpreadConstraints": ("topologyKey",), "ports": ("containerPort", "port"),
}  # fmt: skip
"""The key that identifies the items of a list, by the name of the list."""
_GROUPS: Final = frozenset({"", "apps", "batch", "autoscaling", "policy", "extensions"})
_DELETE, _REPLACE = "delete", "replace"


def has_merge_keys(api: str) -> bool:
    """Whether the lists of a resource have merge keys: those of Kubernetes itself; custom resources have none.

    >>> has_merge_keys("apps/v1"), has_merge_keys("v1"), has_merge_keys("serving.kserve.io/v1beta1")
    (True, True, False)
    """
    group = api.rpartition("/")[0]
    return group in _GROUPS or group.endswith(".k8s.io")


def merge(base: Item | None, patch: Item, merges_lists: bool, name: str = "") -> Item | None:
    """Return a base with a patch applied; None if the patch deletes it."""
    if isinstance(patch, Value):
        return None if patch.is_null else patch
    if isinstance(patch, Rows):
        return _merge_rows(base, patch, merges_lists, name)
    directive = patch.text("$patch")
    if directive == _DELETE:
        return None
    plain = _without_directives(patch)
    if directive == _REPLACE or not isinstance(base, Table):
        return _without_nulls(plain)
    entries, keys = dict(base.entries), dict(base.keys)
    for key, item in plain.entries.items():
        merged = merge(entries.get(key), item, merges_lists, key)
        if merged is None:
            entries.pop(key, None)
            continue
        old = entries.get(key)
        if isinstance(old, Value) and isinstance(merged, Value) and old.text == merged.text:
            continue  # it stays where it was set first
        entries[key] = merged
        if isinstance(item, Value) or key not in keys:
            keys[key] = patch.keys[key]
    _retain(patch, entries)
    return Table(entries, keys, base.site, base.tag)


def _retain(patch: Table, entries: dict[str, Item]) -> None:
    """Keep only the keys that the patch retains, if it says so."""
    kept = patch.texts("$retainKeys")
    if kept:
        for key in set(entries) - set(kept):
            del entries[key]


def _without_directives(patch: Table) -> Table:
    if not any(key.startswith("$") for key in patch.entries):
        return patch
    return Table({key: item for key, item in patch.entries.items() if not key.startswith("$")}, patch.keys, patch.site)


def _without_nulls(item: Item) -> Item:
    """Return what a patch adds where there was nothing: keys that it would remove are left out."""
    if isinstance(item, Table):
        kept = {key: one for key, one in item.entries.items() if not (isinstance(one, Value) and one.is_null)}
        return Table({key: _without_nulls(one) for key, one in kept.items()}, item.keys, item.site)
    return item


def _merge_rows(base: Item | None, patch: Rows, merges_lists: bool, name: str) -> Item:
    if not isinstance(base, Rows):
        rows = [item for item in patch.items if not _is_directive(item)]
        return Rows([_without_nulls(item) for item in rows], patch.site)
    if any(isinstance(item, Table) and item.text("$patch") == _REPLACE for item in patch.items):
        return Rows([item for item in patch.items if not _is_directive(item)], patch.site)
    key = _key(name, [*base.items, *patch.items]) if merges_lists else ""
    if name == "finalizers" and merges_lists:
        known = {item.text for item in base.items if isinstance(item, Value)}
        added = [item for item in patch.items if isinstance(item, Value) and item.text not in known]
        return Rows([*base.items, *added], base.site)
    if not key:
        return patch
    known_rows = {item.text(key): item for item in base.items if isinstance(item, Table)}
    changed: dict[str, Item | None] = {}
    for item in patch.items:  # those of the patch come first, in its order, as kustomize has it
        assert isinstance(item, Table)
        identity = item.text(key)
        if identity in known_rows:
            changed[identity] = merge(changed.get(identity) or known_rows[identity], item, merges_lists)
        elif item.text("$patch") != _DELETE:
            changed[identity] = _without_nulls(_without_directives(item))
    rest = [item for item in base.items if isinstance(item, Table) and item.text(key) not in changed]
    return Rows([*(item for item in changed.values() if item is not None), *rest], base.site)


def _is_directive(item: Item) -> bool:
    return isinstance(item, Table) and "$patch" in item.entries and item.text("$patch") in {_DELETE, _REPLACE} \
        and (len(item.entries) == 1 or item.text("$patch") == _DELETE)


def _key(name: str, items: list[Item]) -> str:
    """Return the key by which the items of a list are merged; empty if the list is replaced."""
    for key in _BY.get(name, ()):
        if items and all(isinstance(item, Table) and key in item.entries for item in items):
            return key
    return ""

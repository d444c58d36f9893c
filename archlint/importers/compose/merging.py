"""How Compose merges two files, or a service with the one that it extends."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from archlint.importers.objects import Item, Rows, Site, Table, Value

_REPLACED: Final = frozenset({("command",), ("entrypoint",), ("healthcheck", "test"), ("build", "secrets")})
"""Lists that the later file replaces."""
_PAIRS: Final = frozenset(
    {("environment",), ("labels",), ("build", "args"), ("build", "labels"), ("deploy", "labels"), ("sysctls",),
     ("annotations",), ("extra_hosts",)}
)  # fmt: skip
"""Lists of `NAME=value`, or mappings."""
_NAMES: Final = frozenset({("depends_on",), ("networks",)})
"""Lists of names, or mappings by name."""


def merge_models(base: Table, over: Table) -> Table:
    """Merge two Compose files; the second one wins."""
    entries, keys = dict(base.entries), dict(base.keys)
    for key, value in over.entries.items():
        before = entries.get(key)
        if key == "services" and isinstance(before, Table) and isinstance(value, Table):
            entries[key] = _by_key(before, value, merge_service)
        elif isinstance(before, Table) and isinstance(value, Table):
            entries[key] = _by_key(before, value, lambda first, second: _merge(first, second, ("",)))
        else:
            entries[key] = value
        keys.setdefault(key, over.keys[key])
    return Table(entries, keys, base.site)


def _by_key(base: Table, over: Table, merge: Callable[[Item, Item], Item]) -> Table:
    entries, keys = dict(base.entries), dict(base.keys)
    for key, value in over.entries.items():
        if value.tag == "!reset":
            entries.pop(key, None)
            continue
        entries[key] = merge(entries[key], value) if key in entries and value.tag != "!override" else value
        keys.setdefault(key, over.keys[key])
    return Table(entries, keys, base.site, base.tag)


def merge_service(base: Item, over: Item) -> Item:
    """Merge two definitions of one service; the second one wins."""
    return _merge(base, over, ())


def without_resets(item: Item) -> Item:
    """Leave out what `!reset` removes."""
    if isinstance(item, Table):
        kept = {key: without_resets(value) for key, value in item.entries.items() if value.tag != "!reset"}
        return Table(kept, item.keys, item.site, item.tag)
    if isinstance(item, Rows):
        return Rows([without_resets(one) for one in item.items if one.tag != "!reset"], item.site, item.tag)
    return item


def _merge(base: Item, over: Item, path: tuple[str, ...]) -> Item:
    if over.tag == "!override":
        return over
    if path in _PAIRS:
        return _by_key(as_pairs(base), as_pairs(over), lambda first, second: second)
    if path in _NAMES:
        return _by_key(as_names(base), as_names(over), lambda first, second: _merge(first, second, (*path, "*")))
    if path == ("build",):
        base, over = _build(base), _build(over)
    if isinstance(base, Table) and isinstance(over, Table):
        return _by_key_below(base, over, path)
    if path in _REPLACED:
        return over
    if isinstance(base, Rows) or isinstance(over, Rows):
        return _joined(_rows(base), _rows(over), path)
    return over


def _by_key_below(base: Table, over: Table, path: tuple[str, ...]) -> Table:
    entries, keys = dict(base.entries), dict(base.keys)
    for key, value in over.entries.items():
        if value.tag == "!reset":
            entries.pop(key, None)
            continue
        if isinstance(value, Value) and value.is_null and key in entries:
            continue
        entries[key] = _merge(entries[key], value, (*path, key)) if key in entries else value
        keys[key] = over.keys[key] if isinstance(value, Value) else keys.get(key, over.keys[key])
    return Table(entries, keys, base.site, base.tag)


def _rows(item: Item) -> Rows:
    if isinstance(item, Rows):
        return item
    return Rows([] if isinstance(item, Value) and item.is_null else [item], item.site)


def _joined(base: Rows, over: Rows, path: tuple[str, ...]) -> Rows:
    """Append a list to another; what has the same identity is replaced in place."""
    found: dict[str, Item] = {}
    for number, item in enumerate((*base.items, *over.items)):
        found[_identity(item, path) or str(number)] = item
    return Rows(list(found.values()), base.site)


def _identity(item: Item, path: tuple[str, ...]) -> str:
    """Return what makes an item of a list the same as another."""
    if path == ("volumes",):
        return target_of_volume(item)
    if isinstance(item, Value):
        return f"={item.text}"
    if isinstance(item, Table) and path == ("ports",):
        return ":".join((item.text("published"), item.text("target"), item.text("protocol")))
    return item.text("target") or item.text("source") or item.text("path") if isinstance(item, Table) else ""


def target_of_volume(item: Item) -> str:
    """Return the path in the container at which a volume is mounted."""
    if isinstance(item, Value):
        parts = split_volume(item.text)
        return parts[1] if len(parts) > 1 else parts[0]
    return item.text("target") if isinstance(item, Table) else ""


def split_volume(text: str) -> list[str]:
    """Split `source:target:mode`; a drive letter belongs to its path.

    >>> split_volume("./a:/b:ro"), split_volume("data:/b"), split_volume("/b"), split_volume("C:/a:/b")
    (['./a', '/b', 'ro'], ['data', '/b'], ['/b'], ['C:/a', '/b'])
    """
    drive = re.match(r"[A-Za-z]:[\\/]", text)
    head, rest = (text[:2], text[2:]) if drive else ("", text)
    parts = rest.split(":")
    return [head + parts[0], *parts[1:]]


def as_pairs(item: Item) -> Table:
    """Read a list of `NAME=value` as a mapping; a name without a value keeps its own text and the tag `bare`."""
    if isinstance(item, Table):
        return item
    entries: dict[str, Item] = {}
    keys: dict[str, Site] = {}
    for one in item.items if isinstance(item, Rows) else []:
        if not isinstance(one, Value):
            continue
        name, equals, text = one.text.partition("=")
        if not equals and ":" in name and " " not in name.split(":")[0]:
            host, _, address = name.partition(":")  # `host:address` of extra_hosts
            name, equals, text = (host, "=", address) if "." in address or address == "host-gateway" else (name, "", "")
        tag = "" if equals else "bare"
        raw = one.raw.partition("=")[2] if equals else one.raw
        entries[name] = Value(text, one.site, one.status, raw or text, False, tag, one.via)
        keys[name] = one.site
    return Table(entries, keys, item.site, item.tag)


def as_names(item: Item) -> Table:
    """Read a list of names as a mapping without values."""
    if isinstance(item, Table):
        return item
    rows = item.items if isinstance(item, Rows) else [item]
    values = [one for one in rows if isinstance(one, Value) and not one.is_null]
    entries: dict[str, Item] = {value.text: Table({}, {}, value.site) for value in values}
    return Table(entries, {value.text: value.site for value in values}, item.site, item.tag)


def _build(item: Item) -> Item:
    return Table({"context": item}, {"context": item.site}, item.site) if isinstance(item, Value) else item

"""Changes of items: each returns a new item, and what it does not touch keeps its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from archlint.importers.objects import Item, Rows, Site, Table, Value

Change = Callable[[Item | None], Item | None]
"""From the item at a path, if there is one, to the item that takes its place; None removes it."""


def text_at(text: str, site: Site) -> Value:
    """Return a scalar with this text at a place."""
    return Value(text, site, raw=text, plain=False)


def with_entry(table: Table, key: str, item: Item | None, site: Site) -> Table:
    """Return a table with one entry set, or removed; a key that is there keeps its place."""
    if item is None:
        if key not in table.entries:
            return table
        rest = {name: value for name, value in table.entries.items() if name != key}
        return Table(rest, table.keys, table.site, table.tag)
    keys = table.keys if key in table.keys else {**table.keys, key: site}
    return Table({**table.entries, key: item}, keys, table.site, table.tag)


def changed(item: Table, path: tuple[str, ...], change: Change, site: Site, create: bool = False) -> Table:
    """Change what is at a path of keys; without `create`, a path that is not there stays so.

    A list on the way is changed in each of its items, as kustomize does.
    """
    key, rest = path[0], path[1:]
    found = item.entries.get(key)
    if not rest:
        if found is None and not create:
            return item
        return with_entry(item, key, change(found), site)
    if isinstance(found, Rows):
        rows = [changed(one, rest, change, site, create) if isinstance(one, Table) else one for one in found.items]
        return with_entry(item, key, Rows(rows, found.site, found.tag), site)
    if isinstance(found, Value) and found.is_null:
        found = None
    if found is None:
        if not create:
            return item
        found = Table({}, {}, site)
    if not isinstance(found, Table):
        return item
    return with_entry(item, key, changed(found, rest, change, site, create), site)


def with_texts(
    table: Table, path: tuple[str, ...], texts: Mapping[str, Item], site: Site, create: bool = True
) -> Table:
    """Add entries to the mapping at a path, such as labels; equal keys are replaced."""

    def change(found: Item | None) -> Item | None:
        known = found if isinstance(found, Table) else Table({}, {}, site)
        for key, item in texts.items():
            known = Table({**known.entries, key: item}, {**known.keys, key: item.site}, known.site)
        return known

    return changed(table, path, change, site, create)


def walked(item: Item, change: Callable[[Table], Table]) -> Item:
    """Change every mapping below an item, the inner ones first."""
    if isinstance(item, Rows):
        return Rows([walked(one, change) for one in item.items], item.site, item.tag)
    if isinstance(item, Table):
        entries = {key: walked(value, change) for key, value in item.entries.items()}
        return change(Table(entries, item.keys, item.site, item.tag))
    return item

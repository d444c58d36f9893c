"""JSON patches (RFC 6902) of items."""

from __future__ import annotations

from archlint.errors import UnreadableInputError
from archlint.importers.digits import is_whole
from archlint.importers.kustomize.edits import with_entry
from archlint.importers.objects import Item, Rows, Site, Table, Value


def patched(table: Table, operations: Rows) -> Table:
    """Apply the operations of a JSON patch; raises `UnreadableInputError` at one that does not apply."""
    found: Item = table
    for operation in operations.items:
        if not isinstance(operation, Table):
            raise _wrong(operations.site, "an operation of a JSON patch is a mapping")
        found = _apply(found, operation)
    if not isinstance(found, Table):
        raise _wrong(operations.site, "the patch replaces the whole resource")
    return found


def _apply(item: Item, operation: Table) -> Item:
    name, path = operation.text("op"), _steps(operation.text("path"))
    site = operation.keys.get("value", operation.site)
    if name in {"add", "replace"}:
        value = operation.get("value")
        if value is None:
            raise _wrong(operation.site, f"`{name}` has no value")
        return _put(item, path, value, name == "add", operation)
    if name == "remove":
        return _put(item, path, None, False, operation)
    if name in {"copy", "move"}:
        source = _steps(operation.text("from"))
        value = _find(item, source, operation)
        if name == "move":
            item = _put(item, source, None, False, operation)
        return _put(item, path, value, True, operation)
    if name == "test":
        return item
    raise _wrong(site, f"`{name[:40]}` is no operation of a JSON patch")


def _steps(path: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]


def _wrong(site: Site, what: str) -> UnreadableInputError:
    return UnreadableInputError(f"{site.shown}: {what}", "correct the patch")


def _missing(operation: Table) -> UnreadableInputError:
    path = operation.text("path")[:100]
    return _wrong(operation.site, f"the patch changes {path}, which its target does not have")


def _index(step: str, rows: Rows, operation: Table, is_new: bool) -> int:
    if step == "-" and is_new:
        return len(rows.items)
    if not step.isascii() or not is_whole(step) or len(step) > 6 or int(step) >= len(rows.items) + is_new:
        raise _missing(operation)
    return int(step)


def _find(item: Item, path: list[str], operation: Table) -> Item:
    for step in path:
        if isinstance(item, Rows):
            item = item.items[_index(step, item, operation, False)]
        elif isinstance(item, Table) and step in item.entries:
            item = item.entries[step]
        else:
            raise _missing(operation)
    return item


def _put(item: Item, path: list[str], value: Item | None, adds: bool, operation: Table) -> Item:
    """Set or remove the value at a path."""
    if not path:
        if value is None:
            raise _missing(operation)
        return value
    step, rest = path[0], path[1:]
    if isinstance(item, Rows):
        index = _index(step, item, operation, adds and not rest)
        rows = list(item.items)
        if rest:
            rows[index] = _put(rows[index], rest, value, adds, operation)
        elif value is None:
            del rows[index]
        elif adds:
            rows.insert(index, value)
        else:
            rows[index] = value
        return Rows(rows, item.site, item.tag)
    if isinstance(item, Value):
        raise _missing(operation)
    found = item.entries.get(step)
    if (rest or not adds) and found is None:
        raise _missing(operation)
    site = operation.keys.get("value", operation.site)
    if not rest:
        bare = Table(item.entries, {key: place for key, place in item.keys.items() if key != step}, item.site, item.tag)
        return with_entry(bare, step, value, site)
    assert found is not None
    return with_entry(item, step, _put(found, rest, value, adds, operation), site)

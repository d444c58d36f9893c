"""Values that one resource takes from another: `replacements`, and the older `vars`."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from archlint.importers.digits import is_whole
from archlint.importers.kustomize.edits import text_at, walked, with_entry
from archlint.importers.kustomize.resources import Resources
from archlint.importers.objects import Item, Rows, Site, Table, Value

_STEP: Final = re.compile(r"\[([\w./-]+)=([^\]]*)\]|((?:\\.|[^.\[])+)|\[([^\]]+)\]")
_FIELD: Final = re.compile(r"\[([\w./-]+)=(.*)\]")
_VARIABLE: Final = re.compile(r"\$\(([A-Za-z_][\w.-]*)\)")
_HOLDERS: Final = frozenset({"containers", "initContainers", "ephemeralContainers"})


def steps_of(path: str) -> list[str]:
    r"""Return the steps of a field path.

    >>> steps_of("spec.template.spec.containers.[name=a.b].image"), steps_of(r"metadata.annotations.a\.b/c")
    (['spec', 'template', 'spec', 'containers', '[name=a.b]', 'image'], ['metadata', 'annotations', 'a.b/c'])
    """
    found = []
    for match in _STEP.finditer(path):
        if match[1] is not None:
            found.append(f"[{match[1]}={match[2]}]")
        else:
            found.append((match[3] or match[4] or "").replace("\\.", "."))
    return [step for step in found if step]


def replace_values(resources: Resources, kustomization: Table, notes: list[str]) -> None:
    """Apply the `replacements` of a kustomization that stand in it."""
    for entry in kustomization.tables("replacements"):
        source = entry.table("source")
        if not source.entries:
            notes.append(f"{entry.site.shown}: a replacement from a file or a fixed value is not applied")
            continue
        value = _source(resources, source)
        if value is None:
            notes.append(f"{source.site.shown}: the replacement is not applied: nothing is at its source")
            continue
        for target in entry.tables("targets"):
            _replace(resources, target, value)


def _source(resources: Resources, source: Table) -> Value | None:
    found = resources.selected(_exact(source))
    steps = steps_of(source.text("fieldPath") or "metadata.name")
    item: Item | None = found[0].table if found else None
    for step in steps:
        item = _step(item, step)
    if not isinstance(item, Value):
        return None
    return _part(item, source.table("options"))


def _exact(selector: Table) -> Table:
    """Return a selector of a source or target: its names are no regular expressions."""
    entries: dict[str, Item] = {}
    for key, item in selector.entries.items():
        if isinstance(item, Value) and key not in {"fieldPath", "options"}:
            entries[key] = Value(re.escape(item.text) if key in {"name", "namespace"} else item.text, item.site)
    return Table(entries, selector.keys, selector.site)


def _part(value: Value, options: Table) -> Value | None:
    delimiter = options.text("delimiter")
    if not delimiter:
        return value
    parts = value.text.split(delimiter)
    index = options.text("index") or "0"
    if not is_whole(index) or len(index) > 5 or int(index) >= len(parts):
        return None
    return text_at(parts[int(index)], value.site)


def _step(item: Item | None, step: str) -> Item | None:
    if isinstance(item, Table):
        return item.entries.get(step)
    if isinstance(item, Rows):
        wanted = _FIELD.fullmatch(step)
        if wanted is not None:
            tables = (one for one in item.items if isinstance(one, Table))
            return next((one for one in tables if one.text(wanted[1]) == wanted[2]), None)
        if is_whole(step) and len(step) < 6 and int(step) < len(item.items):
            return item.items[int(step)]
    return None


def _replace(resources: Resources, target: Table, value: Value) -> None:
    selected = resources.selected(_exact(target.table("select")))
    rejected = [one for reject in target.tables("reject") for one in resources.selected(_exact(reject))]
    options = target.table("options")
    for one in selected:
        if one in rejected:
            continue
        table: Item = one.table
        for path in target.texts("fieldPaths") or ["metadata.name"]:
            table = _put(table, steps_of(path), value, options)
        if isinstance(table, Table):
            resources.update(one, table)


def _put(item: Item, steps: list[str], value: Value, options: Table) -> Item:
    """Set the value at a field path; a path that is not there is made only if the options say so."""
    if not steps:
        return _joined(item, value, options) if isinstance(item, Value) else value
    step, rest = steps[0], steps[1:]
    if isinstance(item, Rows):
        wanted = _FIELD.fullmatch(step)

        def means(number: int, one: Item) -> bool:
            if wanted is not None:
                return isinstance(one, Table) and one.text(wanted[1]) == wanted[2]
            return step in {"*", str(number)}

        rows = [_put(one, rest, value, options) if means(number, one) else one for number, one in enumerate(item.items)]
        return Rows(rows, item.site, item.tag)
    if not isinstance(item, Table):
        return item
    found = item.entries.get(step)
    if found is None:
        if options.text("create") != "true" or any("[" in one or one == "*" for one in steps):
            return item
        found = value if not rest else Table({}, {}, value.site)
    return with_entry(item, step, _put(found, rest, value, options), value.site)


def _joined(old: Value, value: Value, options: Table) -> Value:
    delimiter = options.text("delimiter")
    if not delimiter:
        return value
    parts = old.text.split(delimiter)
    index = options.text("index") or "0"
    number = int(index) if is_whole(index.lstrip("-")) and len(index) < 6 else 0
    if number < 0:
        parts.insert(0, value.text)
    elif number >= len(parts):
        parts.append(value.text)
    else:
        parts[number] = value.text
    return text_at(delimiter.join(parts), value.site)


def variables_of(resources: Resources, entries: list[Table]) -> dict[str, Value]:
    """Return the values of `vars`, after all names have followed."""
    found: dict[str, Value] = {}
    for entry in entries:
        reference = entry.table("objref")
        wanted = resources.selected(_exact(reference))
        item: Item | None = wanted[0].table if wanted else None
        field = entry.text("fieldref", "fieldpath") or entry.text("fieldref", "fieldPath")
        for step in steps_of(field or "metadata.name"):
            item = _step(item, step)
        if isinstance(item, Value):
            found[entry.text("name")] = item
    return found


def replace_variables(resources: Resources, variables: dict[str, Value]) -> None:
    """Replace `$(NAME)` in commands, arguments and variables of containers."""
    for one in resources if variables else ():
        table = walked(one.table, lambda table: _with_variables(table, variables))
        if isinstance(table, Table):
            resources.update(one, table)


def _with_variables(table: Table, variables: dict[str, Value]) -> Table:
    for holder in _HOLDERS & set(table.entries):
        rows = table.get(holder)
        if isinstance(rows, Rows):
            changed = Rows([_container(row, variables) for row in rows.items], rows.site)
            table = with_entry(table, holder, changed, rows.site)
    return table


def _container(item: Item, variables: dict[str, Value]) -> Item:
    if not isinstance(item, Table):
        return item
    for key in ("command", "args", "env"):
        found = item.get(key)
        if isinstance(found, Rows):
            rows = [_replaced(one, variables) for one in found.items]
            item = with_entry(item, key, Rows(rows, found.site, found.tag), found.site)
    return item


def _replaced(item: Item, variables: dict[str, Value]) -> Item:
    if isinstance(item, Table):
        value = item.get("value")
        return with_entry(item, "value", _replaced(value, variables), item.site) if value is not None else item
    if not isinstance(item, Value) or "$(" not in item.text:
        return item
    sites: list[Site] = []

    def one(match: re.Match[str]) -> str:
        known = variables.get(match[1])
        if known is None:
            return match[0]
        sites.append(known.site)
        return known.text

    text = _VARIABLE.sub(one, item.text)
    return msgspec.structs.replace(item, text=text, raw=text, via=tuple(sites)) if sites else item



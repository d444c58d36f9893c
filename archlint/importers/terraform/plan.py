"""A plan as `terraform show -json` writes it: planned values, and the references of the configuration behind them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

import msgspec

from archlint.importers.cloud.resources import Resource
from archlint.importers.cloud.values import Linked, Reference, literal, references_of, text_at, unresolved
from archlint.importers.objects import LITERAL, SECRET, UNRESOLVED, Item, Rows, Table, Value, tree
from archlint.source.document import Document

_INDEX: Final = re.compile(r'\["(?:[^"\\]|\\.)*"\]|\[\d+\]')
_LAST: Final = re.compile(r'\[(?:"((?:[^"\\]|\\.)*)"|\d+)\]$')
_REFERENCE: Final = re.compile(r'^((?:data\.)?\w+\.[\w-]+)(\[(?:"[^"]*"|\d+)\])?(?:\.([\w-]+))?')
MAX_DEPTH: Final = 16
MAX_RESOURCES: Final = 20_000


class Planned(msgspec.Struct, frozen=True):
    """A resource of a plan: `module` is the address of its module, `base` its own address without any index."""

    address: str
    base: str
    module: str
    table: Table


class Plan:
    """A plan, or a state: that has values only."""

    def __init__(self, document: Document, root: Table) -> None:
        self.document = document
        self.root = root
        every = (one for part, only in self._parts() for one in self._module(part, "", only, 0))
        self.resources = list(islice(every, MAX_RESOURCES))
        self.addresses = {one.address for one in self.resources} | {one.base for one in self.resources}
        self.is_used = False
        self.unknown: dict[str, Item] = {}
        for change in root.tables("resource_changes"):
            found = change.get("change", "after_unknown")
            if found is not None:
                self.unknown[change.text("address")] = found
        self.texts = {one.base: one.table.table("values") for one in reversed(self.resources)}

    def _parts(self) -> Iterator[tuple[Table, str]]:
        """Yield root modules, each with the only mode that is read of it: of the state before, the data sources."""
        for path, only in ((("planned_values",), ""), (("values",), ""), (("prior_state", "values"), "data")):
            part = self.root.table(*path, "root_module")
            if part.entries:
                yield part, only

    def _module(self, table: Table, address: str, only: str, depth: int) -> Iterator[Planned]:
        for one in table.tables("resources"):
            full = one.text("address")
            if full and one.text("mode") == (only or one.text("mode")):
                yield Planned(full, _INDEX.sub("", full), address, one)
        for child in table.tables("child_modules") if depth < MAX_DEPTH else ():
            yield from self._module(child, child.text("address"), only, depth + 1)

    @property
    def variables(self) -> dict[str, Item]:
        """The values of the variables of the root module."""
        found: dict[str, Item] = {}
        settings = self.root.table("configuration", "root_module", "variables")
        for name, item in self.root.table("variables").entries.items():
            value = item.entries.get("value") if isinstance(item, Table) else None
            if value is not None:
                is_secret = text_at(settings, f"{name}.sensitive") == "true"
                found[name] = unresolved(value.site) if is_secret else linked(value)
        return found

    @property
    def named(self) -> set[str]:
        """The resources of the root module's configuration, and its calls of modules."""
        module = self.root.table("configuration", "root_module")
        found = {one.text("address") for one in module.tables("resources")}
        return found | {f"module.{name}" for name in module.table("module_calls").entries}

    def config(self, module: str) -> Table:
        """Return the configuration of a module by its address."""
        found = self.root.table("configuration", "root_module")
        for name in re.findall(r"module\.([\w-]+)", _INDEX.sub("", module)):
            found = found.table("module_calls", name, "module")
        return found

    def read(self, scope: str) -> Iterator[Resource]:
        """Yield the resources with their values, and what these refer to; those with numbers are one."""
        counted: dict[str, int] = {}
        for one in self.resources:
            if one.address.endswith("]") and not one.address.endswith('"]'):
                counted[_LAST.sub("", one.address)] = counted.get(_LAST.sub("", one.address), 0) + 1
        for one in self.resources:
            last = _LAST.search(one.address)
            number = counted.pop(_LAST.sub("", one.address), 0) if last is not None and last[1] is None else 0
            if last is not None and last[1] is None and not number:
                continue
            site = one.table.keys.get("address", one.table.site)
            yield Resource(
                one.table.text("type"), one.table.text("name"), one.address, site, self.values(one), one.base,
                "terraform", one.module or scope, (last[1] or "") if last is not None else "",
                literal(str(number), site) if number else None, one.table.text("mode") == "data", self.region(one),
            )  # fmt: skip

    def region(self, one: Planned) -> Value | None:
        """Return the region of the provider of a resource."""
        expression = self.expressions(one)[1]
        key = expression.text("provider_config_key").rpartition(":")[2] if expression is not None else ""
        found = self.root.value("configuration", "provider_config", key, "expressions", "region", "constant_value")
        if found is not None:
            return found
        names = self.root.table("configuration", "provider_config", key, "expressions", "region").texts("references")
        values = [self.variables.get(name.removeprefix("var.")) for name in names if name.startswith("var.")]
        return next((value for value in values if isinstance(value, Value) and value.text), None)

    def expressions(self, one: Planned) -> tuple[Table, Table | None]:
        """Return the expressions of a resource's configuration, and the configuration itself."""
        wanted = _INDEX.sub("", one.address.removeprefix(f"{one.module}.") if one.module else one.address)
        for found in self.config(one.module).tables("resources"):
            if found.text("address") == wanted:
                return found.table("expressions"), found
        return Table({}, {}, one.table.site), None

    def values(self, one: Planned) -> Table:
        """Return the values of a resource with their references."""
        values = one.table.table("values")
        unknown = self.unknown.get(one.address)
        hidden = one.table.get("sensitive_values")
        merged = self._merged(values, self.expressions(one)[0], unknown, hidden, one.module, 0)
        return merged if isinstance(merged, Table) else values

    def _merged(
        self, value: Item | None, expression: Item | None, unknown: Item | None, hidden: Item | None, module: str,
        depth: int,
    ) -> Item:  # fmt: skip
        """Join a planned value with what its expression refers to; one that is secret loses its text."""
        site = value.site if value is not None else expression.site if expression is not None else self.root.site
        if depth > MAX_DEPTH:
            return unresolved(site)
        references = self._references(expression, module) if _is_leaf(expression) else None
        if isinstance(hidden, Value) and hidden.text == "true":
            known = references or []
            return Linked("", site, SECRET, raw="?", plain=False, references=tuple(known))
        if isinstance(value, Table):
            return self._table(value, expression, unknown, hidden, module, depth, references)
        if isinstance(value, Rows):
            items = [
                self._merged(
                    item, _at(expression, number), _at(unknown, number), _at(hidden, number), module, depth + 1
                )
                if references is None else self._filled(linked(item), references)
                for number, item in enumerate(value.items[:2_000])
            ]  # fmt: skip
            return Rows(items, value.site)
        if value is None or value.is_null:
            return linked(value) if value is not None and not references else unresolved(site, references or [])
        return self._filled(linked(value), references or [])

    def _table(
        self, value: Table, expression: Item | None, unknown: Item | None, hidden: Item | None, module: str, depth: int,
        references: list[Reference] | None,
    ) -> Table:  # fmt: skip
        entries: dict[str, Item] = {}
        parts = expression.entries if isinstance(expression, Table) and references is None else {}
        waits = unknown.entries if isinstance(unknown, Table) else {}
        secret = hidden.entries if isinstance(hidden, Table) else {}
        for key, item in value.entries.items():
            if references is not None and isinstance(item, Value):
                shown = Linked("", item.site, SECRET, raw="?", plain=False) if key in secret else linked(item)
                entries[key] = self._filled(shown, references)
            else:
                entries[key] = self._merged(item, parts.get(key), waits.get(key), secret.get(key), module, depth + 1)
        for key, part in parts.items():
            if key not in value.entries:
                entries[key] = self._merged(None, part, None, secret.get(key), module, depth + 1)
        missing = [key for key in waits if key not in value.entries and key not in parts]
        if references and missing:      # which of them refers to what is not in a plan
            entries[", ".join(missing[:3])] = unresolved(value.site, self._left(references, entries))
        return Table(entries, value.keys, value.site)

    def _left(self, references: list[Reference], entries: dict[str, Item]) -> list[Reference]:
        used = {one for item in entries.values() for one in references_of(item)}
        return [one for one in references if one not in used]

    def _filled(self, item: Item, references: list[Reference]) -> Item:
        """Give a known text the references whose own text is in it."""
        if not isinstance(item, Linked) or not references:
            return item
        if len(references) == 1:
            return msgspec.structs.replace(item, references=tuple(references))
        if item.text.lstrip()[:1] in {"{", "["}:
            return msgspec.structs.replace(item, references=tuple(references))
        found = tuple(one for one in references if self._is_in(one, item.text))
        return msgspec.structs.replace(item, references=found)

    def _is_in(self, reference: Reference, text: str) -> bool:
        values = self.texts.get(_INDEX.sub("", reference.address))
        own = text_at(values, reference.attribute) if values is not None and reference.attribute else ""
        return len(own) > 2 and own in text

    def _references(self, expression: Item | None, module: str) -> list[Reference]:
        names = expression.texts("references") if isinstance(expression, Table) else []
        return list(dict.fromkeys(self.resolved(names, module, 0)))

    def resolved(self, names: list[str], module: str, depth: int) -> Iterator[Reference]:
        """Yield the resources that names of a configuration lead to, through variables and outputs of modules."""
        if depth > MAX_DEPTH:
            return
        for name in names[:500]:
            if any(other.startswith((f"{name}.", f"{name}[")) for other in names):     # a longer one says more
                continue
            head, _, rest = name.partition(".")
            if head == "var":
                parent, own = _above(module)
                call = self.config(parent).table("module_calls", own, "expressions", rest.partition(".")[0])
                yield from self.resolved(call.texts("references"), parent, depth + 1) if own else ()
            elif head == "module":
                called, _, output = _INDEX.sub("", rest).partition(".")
                inner = f"{module}.module.{called}" if module else f"module.{called}"
                found = self.config(inner).table("outputs", output.partition(".")[0], "expression")
                yield from self.resolved(found.texts("references"), inner, depth + 1)
            elif head not in {"local", "each", "count", "path", "terraform", "self"}:
                yield from self._reference(name, module)

    def _reference(self, name: str, module: str) -> Iterator[Reference]:
        match = _REFERENCE.match(name)
        if match is None:
            return
        prefix = f"{module}." if module else ""
        key = match[2] if match[2] and '"' in match[2] else ""
        for address in (f"{prefix}{match[1]}{key}", f"{prefix}{match[1]}", _INDEX.sub("", f"{prefix}{match[1]}")):
            if address in self.addresses:
                yield Reference(address, match[3] or "")
                return


def read_plan(documents: list[Document]) -> Plan | None:
    """Return the plan that a file holds; None if it is none."""
    for document in documents:
        if document.root is None:
            continue
        root = tree(document, document.root)
        if isinstance(root, Table) and "format_version" in root.entries:
            return Plan(document, root)
    return None


def linked(item: Item, depth: int = 0) -> Item:
    """Return values of a file as values that may have references."""
    if isinstance(item, Table) and depth < MAX_DEPTH:
        return Table({key: linked(one, depth + 1) for key, one in item.entries.items()}, item.keys, item.site)
    if isinstance(item, Rows) and depth < MAX_DEPTH:
        return Rows([linked(one, depth + 1) for one in item.items], item.site)
    if isinstance(item, Value):
        return literal(item.text, item.site, item.plain)
    return unresolved(item.site)


def _is_leaf(expression: Item | None) -> bool:
    """Whether an expression is that of one argument, and no block."""
    return isinstance(expression, Table) and bool({"references", "constant_value"} & set(expression.entries))


def _at(item: Item | None, number: int) -> Item | None:
    """Return what belongs to an item of a list: blocks are listed in the order of the configuration."""
    if isinstance(item, Rows):
        return item.items[min(number, len(item.items) - 1)] if item.items else None
    return item if isinstance(item, Table) and not number else None


def _above(module: str) -> tuple[str, str]:
    """Return the address of the module that calls a module, and the name of the call."""
    plain = _INDEX.sub("", module)
    parent, _, name = plain.rpartition("module.")
    return parent.rstrip("."), name


def filled(item: Item, planned: Item | None, depth: int = 0) -> Item:
    """Fill what a configuration leaves open with what its plan knows; places and references stay."""
    if planned is None or depth > MAX_DEPTH:
        return item
    if isinstance(item, Table):
        if not isinstance(planned, Table):
            return item
        entries = {key: filled(one, planned.entries.get(key), depth + 1) for key, one in item.entries.items()}
        return Table(entries, item.keys, item.site)
    if isinstance(item, Rows):
        found = planned.items if isinstance(planned, Rows) else [planned]
        if len(found) != len(item.items):
            return item
        pairs = zip(item.items, found, strict=True)
        return Rows([filled(one, other, depth + 1) for one, other in pairs], item.site)
    if item.status != UNRESOLVED:
        return item
    if not isinstance(planned, Value):
        return planned
    if planned.status in {UNRESOLVED, SECRET} or planned.is_null or not isinstance(item, Linked):
        return item
    return msgspec.structs.replace(item, text=planned.text, raw=planned.raw, status=LITERAL, marked="")


def joined_with(plan: Plan, stated: list[Resource], prefix: str) -> list[Resource]:
    """Return the resources of a configuration as its plan has them: what it leaves out is absent, and more is added."""
    planned = list(plan.read(""))
    by_address = {one.address: one for one in planned}
    by_base: dict[str, list[Resource]] = {}
    for one in planned:
        by_base.setdefault(one.base, []).append(one)
    found: list[Resource] = []
    used: set[str] = set()
    for one in stated:
        address = one.address.removeprefix(prefix)
        same = by_base.get(_INDEX.sub("", address), [])
        match = by_address.get(address) or (same[0] if len(same) == 1 and not one.key else None)
        if match is not None:
            values = filled(one.values, match.values)
            one.values = values if isinstance(values, Table) else one.values
            one.count = match.count if one.count is None or match.count is not None else one.count
            used.add(match.address)
        elif not one.outside:
            continue
        found.append(one)
    for one in planned:
        if one.address not in used and not one.outside:
            one.address, one.base = f"{prefix}{one.address}", f"{prefix}{one.base}"
            found.append(one)
    return found

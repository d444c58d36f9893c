"""A template of CloudFormation: its parameters, conditions and intrinsic functions, in both of their spellings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from archlint.importers.cloud.values import Linked, Reference, joined, literal, null, references_of, unresolved
from archlint.importers.objects import DEFAULT, SECRET, UNRESOLVED, Item, Rows, Site, Table, Value

MAX_DEPTH: Final = 60
MAX_STEPS: Final = 1_000_000
_FILLED: Final = re.compile(r"\$\{(!?)([^}]*)\}")
_PARTITION: Final = {"AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}
FUNCTIONS: Final = frozenset(
    {"Ref", "Condition"} | {
        f"Fn::{name}" for name in (
            "GetAtt", "Sub", "Join", "Select", "Split", "FindInMap", "If", "ImportValue", "Base64", "Equals", "And",
            "Or", "Not", "Cidr", "GetAZs", "Transform", "ToJsonString", "Length", "ForEach",
        )
    }
)  # fmt: skip


class Template:
    """One template; `given` are parameters that a stack around it passes, `exports` are those of other templates."""

    def __init__(
        self, root: Table, prefix: str = "", given: dict[str, Item] | None = None,
        exports: dict[str, Item] | None = None,
    ) -> None:  # fmt: skip
        self.root = root
        self.prefix = prefix
        self.given = given or {}
        self.exports = exports if exports is not None else {}
        self.parameters = root.table("Parameters")
        self.resources = root.table("Resources")
        self.outputs_of: dict[str, dict[str, Item]] = {}
        """The outputs of the stacks that are inside of this one."""
        self.steps = 0
        self._conditions: dict[str, Value] = {}
        self._busy: set[str] = set()

    def resolved(self, item: Item, names: dict[str, Item] | None = None, depth: int = 0) -> Item:
        """Return a value with its functions replaced by what is known of their results."""
        self.steps += 1
        if depth > MAX_DEPTH or self.steps > MAX_STEPS:
            return unresolved(item.site)
        if item.tag.startswith("!") and len(item.tag) > 1:
            short = item.tag[1:]
            name = short if short in {"Ref", "Condition"} else f"Fn::{short}"
            return self.call(name, _bare(item), item.site, names or {}, depth + 1)
        if isinstance(item, Value):
            if item.is_null:
                return null(item.site)
            return literal(item.text, item.site, item.plain)
        if isinstance(item, Rows):
            return Rows([self.resolved(one, names, depth + 1) for one in item.items], item.site)
        if len(item.entries) == 1:
            ((key, inner),) = item.entries.items()
            if key in FUNCTIONS:
                return self.call(key, inner, item.site, names or {}, depth + 1)
        entries = {key: self.resolved(one, names, depth + 1) for key, one in item.entries.items()}
        return Table(entries, item.keys, item.site)

    def call(self, name: str, given: Item, site: Site, names: dict[str, Item], depth: int) -> Item:
        """Return the result of an intrinsic function."""
        if name == "Ref":
            return self.reference(given.text if isinstance(given, Value) else "", site, names)
        if name == "Fn::GetAtt":
            return self.attribute(given, site, depth)
        if name == "Fn::Sub":
            return self.substituted(given, site, names, depth)
        if name in {"Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not", "Condition"}:
            return self.condition(name, given, site, depth)
        if name == "Fn::If":
            return self.chosen(given, site, names, depth)
        argument = self.resolved(given, names, depth + 1)
        rows = argument.items if isinstance(argument, Rows) else []
        found: Item | None = None
        if name == "Fn::Join" and len(rows) == 2 and isinstance(rows[0], Value) and isinstance(rows[1], Rows):
            found = _join(rows[0], rows[1], site)
        elif name == "Fn::Select" and len(rows) == 2 and isinstance(rows[1], Rows) and isinstance(rows[0], Value):
            number, items = rows[0].text, rows[1].items
            found = items[int(number[:6])] if number.isdigit() and int(number[:6]) < len(items) else None
        elif name == "Fn::Split" and len(rows) == 2 and isinstance(rows[0], Value) and isinstance(rows[1], Value):
            found = _split(rows[0], rows[1], site)
        elif name == "Fn::FindInMap":
            found = self.mapped(rows)
        elif name == "Fn::ImportValue" and isinstance(argument, Value):
            found = self.exports.get(argument.text)
        elif name in {"Fn::Base64", "Fn::ToJsonString"}:
            found = argument
        return found if found is not None else unresolved(site, references_of(argument))

    def reference(self, name: str, site: Site, names: dict[str, Item]) -> Item:
        """Return what a parameter, a resource or a name of a function stands for."""
        if name in names:
            return names[name]
        if name == "AWS::NoValue":
            return null(site)
        if name in _PARTITION:
            return literal(_PARTITION[name], site, plain=False)
        parameter = self.parameters.get(name)
        if isinstance(parameter, Table):
            return self.parameter(name, parameter, site)
        head = name.partition(".")[0]       # SAM names a version or an alias of a function after it
        if head in self.resources.entries:
            return unresolved(site, (Reference(f"{self.prefix}{head}"),))
        return unresolved(site, (Reference(f"{self.prefix}{name}"),) if name and "::" not in name else ())

    def parameter(self, name: str, parameter: Table, site: Site) -> Item:
        """Return a parameter: as it is given, else its default; one that is hidden has no text."""
        if text_of(parameter.get("NoEcho")).lower() == "true":
            return Linked("", site, SECRET, raw="?", plain=False)
        if name in self.given:
            return self.given[name]
        default = parameter.get("Default")
        if not isinstance(default, Value):
            return unresolved(site)
        if parameter.text("Type").startswith(("CommaDelimitedList", "List<")):
            items: list[Item] = [
                literal(part.strip(), site, plain=False, status=DEFAULT) for part in default.text.split(",")
            ]
            return Rows(items[:500], site)
        return msgspec.structs.replace(literal(default.text, site, plain=False, status=DEFAULT), via=(default.site,))

    def attribute(self, given: Item, site: Site, depth: int) -> Item:
        """Return an attribute of a resource: the reference, or an output of a stack inside."""
        if isinstance(given, Rows):
            parts = [self.resolved(one, None, depth + 1) for one in given.items[:2]]
            name, attribute = (text_of(part) for part in (*parts, None)[:2]) if parts else ("", "")
        else:
            name, _, attribute = text_of(given).partition(".")
        if attribute.startswith("Outputs.") and name in self.outputs_of:
            found = self.outputs_of[name].get(attribute.removeprefix("Outputs."))
            return found if found is not None else unresolved(site)
        return unresolved(site, (Reference(f"{self.prefix}{name}", attribute),) if name else ())

    def substituted(self, given: Item, site: Site, names: dict[str, Item], depth: int) -> Item:
        """Fill in the parts of a text."""
        inner = dict(names)
        text = given
        if isinstance(given, Rows):
            text = given.items[0] if given.items else given
            more = given.items[1] if len(given.items) > 1 else None
            if isinstance(more, Table):
                inner.update((key, self.resolved(one, names, depth + 1)) for key, one in more.entries.items())
        if not isinstance(text, Value):
            return unresolved(site)
        parts: list[Value] = []
        at = 0
        for match in _FILLED.finditer(text.text):
            parts.append(literal(text.text[at : match.start()], site, plain=False))
            at = match.end()
            if match[1]:
                parts.append(literal(f"${{{match[2]}}}", site, plain=False))
                continue
            found = self._part(match[2].strip(), site, inner, depth)
            parts.append(found if isinstance(found, Value) else unresolved(site, references_of(found)))
            if len(parts) > 4_000:
                break
        parts.append(literal(text.text[at:], site, plain=False))
        return joined(parts, site)

    def _part(self, name: str, site: Site, names: dict[str, Item], depth: int) -> Item:
        head, dot, attribute = name.partition(".")
        if dot and name not in names and head not in names:
            return self.attribute(literal(f"{head}.{attribute}", site, plain=False), site, depth)
        return self.reference(name, site, names)

    def mapped(self, rows: list[Item]) -> Item | None:
        """Return a value of a mapping; if a key is not known, None."""
        if len(rows) < 3 or not all(isinstance(one, Value) and one.status != UNRESOLVED for one in rows[:3]):
            return None
        found = self.root.table("Mappings").get(*(text_of(one) for one in rows[:3]))
        if found is None:
            return None
        resolved = self.resolved(found)
        is_default = any(isinstance(one, Value) and one.status == DEFAULT for one in rows[:3])
        if is_default and isinstance(resolved, Linked):
            return msgspec.structs.replace(resolved, status=DEFAULT)
        return resolved

    def condition(self, name: str, given: Item, site: Site, depth: int) -> Value:
        """Return whether a condition holds, as far as it is known."""
        if name == "Condition":
            return self.named_condition(text_of(given), site, depth)
        items = given.items if isinstance(given, Rows) else [given]
        values = [self.resolved(one, None, depth + 1) for one in items[:20]]
        known = [one for one in values if isinstance(one, Value) and one.status not in {UNRESOLVED, SECRET}]
        texts = [one.text for one in known]
        status = DEFAULT if any(one.status == DEFAULT for one in known) else "literal"
        result: bool | None = None
        if name == "Fn::Equals" and len(known) == len(values) == 2:
            result = texts[0] == texts[1]
        elif name == "Fn::Not" and len(known) == 1:
            result = texts[0] != "true"
        elif name == "Fn::And" and values:
            result = False if "false" in texts else True if len(known) == len(values) else None
        elif name == "Fn::Or" and values:
            result = True if "true" in texts else False if len(known) == len(values) else None
        if result is None:
            return unresolved(site)
        return literal("true" if result else "false", site, status=status)

    def named_condition(self, name: str, site: Site, depth: int) -> Value:
        """Return whether a condition of the template holds; one that needs itself is not known."""
        if name in self._conditions:
            return self._conditions[name]
        found = self.root.table("Conditions").get(name)
        if found is None or name in self._busy:
            return unresolved(site)
        self._busy.add(name)
        value = self.resolved(found, None, depth + 1)
        self._busy.discard(name)
        self._conditions[name] = value if isinstance(value, Value) else unresolved(site)
        return self._conditions[name]

    def chosen(self, given: Item, site: Site, names: dict[str, Item], depth: int) -> Item:
        """Return one of two values by a condition; both references if it is not known."""
        items = given.items if isinstance(given, Rows) else []
        if len(items) != 3:
            return unresolved(site)
        condition = self.named_condition(text_of(items[0]), site, depth + 1)
        if condition.text in {"true", "false"} and condition.status != UNRESOLVED:
            found = self.resolved(items[1 if condition.text == "true" else 2], names, depth + 1)
            if condition.status == DEFAULT and isinstance(found, Linked) and found.status == "literal":
                return msgspec.structs.replace(found, status=DEFAULT)
            return found
        both = [self.resolved(one, names, depth + 1) for one in items[1:]]
        return unresolved(site, (one for item in both for one in references_of(item)))

    def outputs(self) -> Iterator[tuple[str, Item, Item | None]]:
        """Yield the outputs: name, value, and the name of an export."""
        for name, one in self.root.table("Outputs").entries.items():
            if isinstance(one, Table) and "Value" in one.entries:
                export = one.get("Export", "Name")
                yield name, self.resolved(one.entries["Value"]), self.resolved(export) if export is not None else None


def _bare(item: Item) -> Item:
    """The same value without its tag."""
    return msgspec.structs.replace(item, tag="")


def text_of(item: Item | None) -> str:
    """Return the text of a scalar; empty for anything else."""
    return item.text if isinstance(item, Value) else ""


def _join(separator: Value, rows: Rows, site: Site) -> Item:
    parts: list[Value] = []
    for one in rows.items[:2_000]:
        value = one if isinstance(one, Value) else unresolved(site, references_of(one))
        parts += [separator, value] if parts else [value]
    return joined(parts, site)


def _split(separator: Value, text: Value, site: Site) -> Item | None:
    if text.status == UNRESOLVED or not separator.text:
        return None
    items: list[Item] = [literal(part, site, plain=False) for part in text.text.split(separator.text)[:500]]
    return Rows(items, site)

"""Modules of Terraform: their variables, locals and outputs, and the resources that each call of them makes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from archlint.errors import UnreadableInputError
from archlint.importers.cloud.resources import Resource
from archlint.importers.cloud.values import Linked, Reference, joined, literal, references_of, unresolved
from archlint.importers.digits import is_whole
from archlint.importers.files import Files
from archlint.importers.objects import (
    DEFAULT,
    LITERAL,
    SECRET,
    UNRESOLVED,
    Item,
    Rows,
    Site,
    Table,
    Value,
)
from archlint.importers.secrets import is_secret_name, is_stated
from archlint.importers.terraform.evaluating import Budget, Evaluator, Scope, each, instances, walk
from archlint.importers.terraform.folders import Folder, Folders
from archlint.importers.terraform.registry import output_of, resources_of
from archlint.importers.terraform.syntax import Attribute, Block, Traversal
from archlint.model.deployment import STATED
from archlint.source.nodes import Span

MAX_MODULES: Final = 300
MAX_NESTING: Final = 12
MAX_RESOURCES: Final = 20_000
MAX_TEMPLATE: Final = 200_000
_FILLED: Final = re.compile(r"\$\{\s*(\w+)\s*\}")
_LOCAL: Final = ("./", "../")


class Reader:
    """Reads root modules and what they call; every module instance shares the budget of one import."""

    def __init__(self, files: Files, folders: Folders, notes: list[str]) -> None:
        self.files = files
        self.folders = folders
        self.notes = notes
        self.budget = Budget()
        self.modules = 0
        self.resources: list[Resource] = []
        self.remote: dict[str, int] = {}
        self.stated: set[str] = set()
        self.absent = 0
        self.prefix = ""

    def root(self, folder: Folder, given: dict[str, Item], prefix: str = "") -> None:
        """Read one root module with the values of its variables; the prefix makes its addresses its own."""
        self.prefix = prefix
        Module(self, folder, "", given, None).read()

    def note(self, text: str) -> None:
        """Add a note once."""
        if text not in self.notes:
            self.notes.append(text)


class Module:
    """One call of a module."""

    def __init__(
        self, reader: Reader, folder: Folder, path: str, given: dict[str, Item], region: Value | None, depth: int = 0
    ) -> None:
        self.reader = reader
        self.folder = folder
        self.path = path
        self.given = given
        self.depth = depth
        self.scope = f"{folder.path}" if not path else f"{path}"
        self.evaluator = Evaluator(self.look, self.read_file, reader.budget)
        self.known: dict[tuple[str, str], Item] = {}
        self.busy: set[tuple[str, str]] = set()
        self.children: dict[str, list[tuple[str, Module]]] = {}
        self.regions: dict[str, Value] = {"": region} if region is not None else {}

    def read(self) -> None:
        """Add the resources of this module and of those that it calls."""
        self.reader.modules += 1
        for block in self.folder.blocks("provider"):
            value = block.body.attributes.get("region") or block.body.attributes.get("location")
            found = self.value(value, {}) if value is not None else None
            if isinstance(found, Value) and found.text and found.status != UNRESOLVED:
                alias = block.body.attributes.get("alias")
                name = self.value(alias, {}) if alias is not None else None
                self.regions[name.text if isinstance(name, Value) else ""] = found
        for block in self.folder.blocks("module"):
            self.call(block)
        for block in self.folder.blocks("resource"):
            self.resource(block, outside=False)
        for block in self.folder.blocks("data"):
            self.resource(block, outside=True)
        for _, module in [pair for pairs in self.children.values() for pair in pairs]:
            module.read()

    def value(self, attribute: Attribute, scope: Scope) -> Item:
        """Return the value of an attribute."""
        return self.evaluator.value(attribute.value, scope)

    def expanded(self, block: Block) -> Iterator[tuple[str, Scope, Value | None]]:
        """Yield the key, the scope and the count of each instance; none if there are none."""
        count, many = block.body.attributes.get("count"), block.body.attributes.get("for_each")
        if count is not None:
            found = self.value(count, {})
            number = found if isinstance(found, Value) else unresolved(count.site)
            if number.text == "0" and number.status != UNRESOLVED:
                if number.status != DEFAULT:
                    self.reader.absent += 1
                    return
                name = ".".join(block.labels)
                self.reader.note(f"{block.site.shown}: `{name}` is disabled by a default value; it is read as enabled")
                number = unresolved(count.site)
            yield "", {"count": Table({"index": unresolved(count.site)}, {}, count.site)}, number
        elif many is not None:
            for key, value in instances(self.value(many, {}), many.site):
                text = key.text if isinstance(key, Value) and key.status != UNRESOLVED else ""
                yield text, {"each": each(key, value, many.site)}, None
        else:
            yield "", {}, None

    def call(self, block: Block) -> None:
        """Prepare the calls of one module block."""
        source = block.body.attributes.get("source")
        found = self.value(source, {}) if source is not None else None
        text = found.text if isinstance(found, Value) else ""
        if not block.labels or not text:
            return
        if block.labels[0] in self.folder.registered:
            self.registered(block, self.folder.registered[block.labels[0]])
            return
        if not text.startswith(_LOCAL):
            name = text.partition("?")[0][:120]
            self.reader.remote[name] = self.reader.remote.get(name, 0) + 1
            return
        if self.depth >= MAX_NESTING or self.reader.modules + len(self.children) >= MAX_MODULES:
            self.reader.note(f"{block.site.shown}: too many modules, or nested too deeply: the rest is not read")
            return
        try:
            folder = self.reader.folders.at(self.reader.files.find(Path(self.folder.path), text))
        except UnreadableInputError as error:
            self.reader.note(f"{block.site.shown}: module {block.labels[0]} is not read: {error.message}")
            return
        if folder is None:
            self.reader.note(f"{block.site.shown}: module {block.labels[0]} is not read: no Terraform files in {text}")
            return
        made = self.children.setdefault(block.labels[0], [])
        for key, scope, _ in list(self.expanded(block))[:20]:
            given = {
                name: self.evaluator.value(attribute.value, scope)
                for name, attribute in block.body.attributes.items()
                if name not in {"source", "version", "count", "for_each", "providers", "depends_on"}
            }
            inner = f'module.{block.labels[0]}["{key}"]' if key else f"module.{block.labels[0]}"
            path = f"{self.path}.{inner}" if self.path else inner
            region = self.regions.get("")
            made.append((key, Module(self.reader, folder, path, given, region, self.depth + 1)))

    def registered(self, block: Block, name: str) -> None:
        """Add what a module of the public registry makes."""
        base = self.address(f"module.{block.labels[0]}")
        for instance, scope, count in list(self.expanded(block))[:20]:
            given = {key: self.evaluator.value(one.value, scope) for key, one in block.body.attributes.items()}
            for one in resources_of(name, given, base, block.site, instance):
                one.name, one.scope, one.count, one.region = block.labels[0], self.scope, count, self.region(block)
                self.reader.resources.append(one)

    def resource(self, block: Block, outside: bool) -> None:
        """Add the instances of one resource."""
        if len(block.labels) < 2 or len(self.reader.resources) >= MAX_RESOURCES:
            return
        kind, name = block.labels[0], block.labels[1]
        base = self.address(f"data.{kind}.{name}" if outside else f"{kind}.{name}")
        if base in self.reader.stated:                         # Terraform refuses it
            self.reader.notes.append(f"{block.site.shown}: a second {kind} `{name}`: only the first is read")
            return
        self.reader.stated.add(base)
        for key, scope, count in self.expanded(block):
            address = f'{base}["{key}"]' if key else base
            values = self.evaluator.table(block.body, scope, block.site)
            self.reader.resources.append(
                Resource(
                    kind, name, address, block.site, values, base, "terraform", self.scope, key, count, outside,
                    self.region(block),
                )
            )  # fmt: skip

    def region(self, block: Block) -> Value | None:
        """Return the region of the provider of a resource."""
        chosen = block.body.attributes.get("provider")
        steps = chosen.value.steps if chosen is not None and isinstance(chosen.value, Traversal) else ()
        alias = steps[0] if steps and isinstance(steps[0], str) else ""
        return self.regions.get(alias)

    def address(self, name: str) -> str:
        """Return the address of a resource of this module."""
        return self.reader.prefix + (f"{self.path}.{name}" if self.path else name)

    def look(self, root: str, steps: tuple[str | Item, ...], site: Site) -> Item:
        """Return what a name with its steps stands for."""
        first = steps[0] if steps and isinstance(steps[0], str) else ""
        match root:
            case "var":
                return _at(walk(self.once("var", first, site), steps[1:], site), site)
            case "local":
                return _at(walk(self.once("local", first, site), steps[1:], site), site)
            case "module":
                return self.output(first, steps[1:], site)
            case "path":
                return literal(str(self.folder.path), site, plain=False)
            case "each" | "count" | "self" | "terraform":
                return unresolved(site)
            case "data":
                second = steps[1] if len(steps) > 1 and isinstance(steps[1], str) else ""
                return self.attribute(f"data.{first}.{second}", steps[2:], site)
        return self.attribute(f"{root}.{first}", steps[1:], site) if first and "_" in root else unresolved(site)

    def once(self, what: str, name: str, site: Site) -> Item:
        """Return a variable or a local, evaluated once; one that needs itself is not known."""
        key = (what, name)
        if key in self.known:
            return self.known[key]
        if key in self.busy:
            self.reader.note(f"{site.shown}: `{what}.{name}` refers to itself: it is unresolved")
            return unresolved(site)
        self.busy.add(key)
        try:
            found = self.variable(name, site) if what == "var" else self.local(name, site)
        finally:
            self.busy.discard(key)
        self.known[key] = found
        return found

    def variable(self, name: str, site: Site) -> Item:
        """Return a variable: as the caller gives it, else its default; the value of a sensitive one is not kept."""
        if name in self.given:
            found = self.given[name]
        else:
            block = self.folder.variables.get(name)
            default = block.body.attributes.get("default") if block is not None else None
            if default is None:
                return unresolved(site)
            found = marked_default(self.evaluator.value(default.value, {}))
        block = self.folder.variables.get(name)
        hides = block is not None and "sensitive" in block.body.attributes
        if isinstance(found, Linked) and (hides or is_secret_name(name)) and not found.references and found.text:
            tag = STATED if is_stated(found.text) else ""
            return msgspec.structs.replace(found, text="", raw="?", status=SECRET, plain=False, marked="", tag=tag)
        return found

    def local(self, name: str, site: Site) -> Item:
        """Return a local value."""
        attribute = self.folder.locals.get(name)
        return self.evaluator.value(attribute.value, {}) if attribute is not None else unresolved(site)

    def output(self, name: str, steps: tuple[str | Item, ...], site: Site) -> Item:
        """Return an output of a module that this one calls."""
        source = self.folder.registered.get(name)
        if source is not None:
            texts = [step for step in steps if isinstance(step, str) and not is_whole(step) and step != "*"]
            reference = output_of(source, texts[0] if texts else "", self.address(f"module.{name}"))
            return unresolved(site, (reference,))
        calls = self.children.get(name, [])
        rest = list(steps)
        if rest and (not isinstance(rest[0], str) or rest[0] in {"*", "0"}):
            key = rest.pop(0)
            text = key.text if isinstance(key, Value) else ""
            calls = [pair for pair in calls if pair[0] == text] or calls
        wanted = rest[0] if rest and isinstance(rest[0], str) else ""
        found = [module.once_output(wanted, site) for _, module in calls[:20]]
        if len(found) == 1:
            return _at(walk(found[0], tuple(rest[1:]), site), site)
        return unresolved(site, (one for item in found for one in references_of(item)))

    def once_output(self, name: str, site: Site) -> Item:
        """Return an output of this module, evaluated once."""
        key = ("output", name)
        if key not in self.known:
            if key in self.busy:
                return unresolved(site)
            self.busy.add(key)
            try:
                attribute = self.folder.outputs.get(name)
                found = self.evaluator.value(attribute.value, {}) if attribute is not None else unresolved(site)
            finally:
                self.busy.discard(key)
            self.known[key] = found
        return self.known[key]

    def attribute(self, name: str, steps: tuple[str | Item, ...], site: Site) -> Item:
        """Return an attribute of a resource: its text if the block states it, and always the reference."""
        block = self.folder.named.get(name)
        rest = list(steps)
        key = ""
        if rest and (not isinstance(rest[0], str) or rest[0] == "*" or is_whole(rest[0])):
            step = rest.pop(0)
            key = step.text if isinstance(step, Value) and not is_whole(step.text) else ""
        base = self.address(name)
        address = f'{base}["{key}"]' if key else base
        attribute = rest[0] if rest and isinstance(rest[0], str) else ""
        reference = Reference(address, attribute)
        if block is None:
            return unresolved(site, (reference,) if name.startswith("data.") else ())
        stated = block.body.attributes.get(attribute)
        if name.startswith("data.template_file.") and attribute == "rendered":
            return self.rendered(block, site)
        if stated is None and any(inner.type == attribute for inner in block.body.blocks):
            found = walk(self.inner_blocks(name, block, attribute), tuple(rest[1:]), site)
            if isinstance(found, Linked) and found.text and not found.references:
                return msgspec.structs.replace(found, site=site, references=(reference,))
            return unresolved(site, (reference,))
        if stated is None or "for_each" in block.body.attributes or attribute in {"count", "policy", "id"}:
            return unresolved(site, (reference,))
        guard = ("resource", f"{name}.{attribute}")
        if guard in self.busy:
            return unresolved(site, (reference,))
        if guard not in self.known:
            self.busy.add(guard)
            try:
                self.known[guard] = self.value(stated, {})
            finally:
                self.busy.discard(guard)
        found = walk(self.known[guard], tuple(rest[1:]), site)
        if not isinstance(found, Linked):
            return unresolved(site, (reference,))
        return msgspec.structs.replace(found, site=site, references=(reference,), marked="")

    def inner_blocks(self, name: str, block: Block, kind: str) -> Item:
        """Return the blocks of a type inside of a resource, evaluated once."""
        key = ("block", f"{name}.{kind}")
        if key not in self.known:
            self.known[key] = unresolved(block.site)        # for a block that needs itself
            inner = [one for one in block.body.blocks if one.type == kind][:50]
            self.known[key] = Rows([self.evaluator.table(one.body, {}, one.site, 1) for one in inner], block.site)
        return self.known[key]

    def rendered(self, block: Block, site: Site) -> Item:
        """Return the text of a template that a data source fills."""
        template, variables = (block.body.attributes.get(name) for name in ("template", "vars"))
        text = self.value(template, {}) if template is not None else None
        if not isinstance(text, Value) or text.status == UNRESOLVED or len(text.text) > MAX_TEMPLATE:
            return unresolved(site, references_of(text))
        return _filled(text.text, site, self.value(variables, {}) if variables is not None else None)

    def read_file(self, function: str, path: Item, variables: Item | None, scope: Scope) -> Item:
        """Return the text of a file of the project, with the variables of a template filled in."""
        if not isinstance(path, Value) or path.status == UNRESOLVED or not path.text:
            return unresolved(path.site)
        try:
            found = self.reader.files.side(self.reader.files.find(Path(self.folder.path), path.text))
        except UnreadableInputError:
            found = None
        if found is None or len(found.text) > MAX_TEMPLATE:
            return unresolved(path.site)
        start = Site(found, Span(0, min(len(found.text), 1)))
        if function != "templatefile":
            return literal(found.text, start, plain=False)
        return _filled(found.text, start, variables)


def _filled(text: str, site: Site, variables: Item | None) -> Item:
    """Fill the variables into a template: only plain ones; anything else in it is not known."""
    parts: list[Value] = []
    at = 0
    for match in _FILLED.finditer(text):
        parts.append(literal(text[at : match.start()], site, plain=False))
        value = variables.entries.get(match[1]) if isinstance(variables, Table) else None
        parts.append(value if isinstance(value, Value) else unresolved(site))
        at = match.end()
        if len(parts) > 2_000:
            break
    parts.append(literal(text[at:], site, plain=False))
    return joined(parts, site)


def marked_default(item: Item, depth: int = 0) -> Item:
    """Mark every scalar of a default as one."""
    if isinstance(item, Linked):
        return msgspec.structs.replace(item, status=DEFAULT) if item.status == LITERAL else item
    if isinstance(item, Table) and depth < 30:
        return Table({key: marked_default(one, depth + 1) for key, one in item.entries.items()}, item.keys, item.site)
    return item


def _at(item: Item, site: Site) -> Item:
    """Put a scalar where it is used; where it was stated comes along."""
    if isinstance(item, Linked) and item.site is not site:
        return msgspec.structs.replace(item, site=site, via=(item.site, *item.via)[:3])
    return item

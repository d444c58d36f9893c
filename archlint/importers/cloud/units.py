"""Resources to units: which are components, what their fields say, and which of them refer to which."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from archlint.importers.cloud.addressing import is_for_others, name_in_module, named_by_host
from archlint.importers.cloud.facts import add_facts, add_machine, attributes, shares
from archlint.importers.cloud.resources import Resource
from archlint.importers.cloud.tables import Part, Tables, fact_of
from archlint.importers.cloud.values import (
    Linked,
    first_at,
    follow,
    references_of,
    scalars_at,
    tables_at,
    text_at,
)
from archlint.importers.digits import is_whole
from archlint.importers.objects import (
    SECRET,
    UNRESOLVED,
    Fact,
    Item,
    Link,
    Port,
    Rows,
    Site,
    Table,
    Unit,
    Value,
    )
from archlint.importers.secrets import command_without_secrets, without_secrets

MAX_LINKS: Final = 50_000
_PLACED: Final = ("google_", "azurerm_")
_STORES: Final = frozenset(
    {"database", "cache", "object-store", "warehouse", "feature-store", "vector-store", "config-store", "log-store",
     "model-registry"}
)  # fmt: skip
_ANSWERING: Final = frozenset({"service", "model-server", "gateway", "load-balancer", "external", "guardrail"})
_OF_DATA: Final = frozenset({"reads", "writes", "publishes", "consumes"})
_UNITLESS: Final = frozenset({"queue", "monitoring"}) | _STORES


class Cloud:
    """The resources of an import with what they mean together."""

    def __init__(self, resources: list[Resource], tables: Tables, notes: list[str]) -> None:
        self.resources = resources
        self.tables = tables
        self.notes = notes
        self.by_address: dict[str, list[Resource]] = {}
        for one in resources:
            for address in dict.fromkeys((one.address, one.base)):
                self.by_address.setdefault(address, []).append(one)
        self.of_type: dict[str, list[Resource]] = {}
        for one in resources:
            self.of_type.setdefault(one.type, []).append(one)
        self.units: dict[str, list[Unit]] = {}
        """The units of a resource by its address; the first is the one that others reach."""
        self.all: list[Unit] = []
        self.made_from: dict[str, tuple[Resource, Part]] = {}
        self.groups: dict[str, list[Resource]] = {}
        self.names: dict[str, Resource | None] = {}
        self.taken: dict[tuple[str, str], int] = {}
        self.found: dict[tuple[str, tuple[str, ...]], dict[str, list[Resource]]] = {}
        self.number = 0
        self.links = 0

    def part(self, resource: Resource) -> Part | None:
        """Return what the tables say of a type; None if it is no component."""
        return self.tables.parts.get(resource.type)

    def prepare(self) -> None:
        """Find the groups that resources join, and the names by which texts refer to them."""
        for resource in self.resources:
            for group, member in self.tables.members.get(resource.type, ()):
                joins = [resource] if not member else self.referred(follow(resource.values, member))
                groups = self.referred(follow(resource.values, group), by_name=False) if group else [resource]
                for target in groups:
                    self.groups.setdefault(target.address, []).extend(joins)
            part = self.part(resource)
            name = text_at(resource.values, *part.name) if part is not None else ""
            if resource.type == "azapi_resource" and not name:
                name = text_at(resource.values, "name")
            if name:
                self.names[name] = None if name in self.names and self.names[name] is not resource else resource

    # -- references ---------------------------------------------------------------------------------------------

    def referred(self, items: Iterable[Item], by_name: bool = True) -> list[Resource]:
        """Return the resources that values refer to: by a reference, or by an ARN or a name as text."""
        found: dict[int, Resource] = {}
        for item in items:
            references = references_of(item)
            for reference in references:
                for one in self.by_address.get(reference.address, ()):
                    found.setdefault(id(one), one)
            if by_name and not references and isinstance(item, Value | Rows):
                for value in item.items if isinstance(item, Rows) else [item]:
                    named = self.named(value) if isinstance(value, Value) else None
                    if named is not None:
                        found.setdefault(id(named), named)
        return list(found.values())

    def users(self, kind: str, *paths: str) -> dict[str, list[Resource]]:
        """Return the resources of a type by the addresses that their fields refer to; found once."""
        found = self.found.get((kind, paths))
        if found is None:
            found = self.found[kind, paths] = {}
            for one in self.of_type.get(kind, ()):
                items = [item for path in paths for item in follow(one.values, path)]
                for target in self.referred(items):
                    found.setdefault(target.address, []).append(one)
        return found

    def texts(self, kind: str, text: Callable[[Resource], str]) -> dict[str, list[Resource]]:
        """Return the resources of a type by a text that each has; found once."""
        key = (kind, (text.__name__,))
        if key not in self.found:
            found: dict[str, list[Resource]] = {}
            for one in self.of_type.get(kind, ()):
                found.setdefault(text(one), []).append(one)
            self.found[key] = found
        return self.found[key]

    def named(self, value: Value) -> Resource | None:
        """Return the resource that a text names: by its whole name, or at the end of an address."""
        text = value.text
        if value.status in {UNRESOLVED, SECRET} or not 2 < len(text) < 500:
            return None
        found = self.names.get(text)
        if found is None and (name := named_by_host(text)):
            return self.names.get(name)
        if found is None and (text.startswith("arn:") or "://" in text or "projects/" in text):
            last = text.rstrip("/").replace(":", "/").rpartition("/")[2]
            found = self.names.get(last)
        return found

    def reached(self, resource: Resource, seen: frozenset[str] = frozenset()) -> list[Unit]:
        """Return the units that a resource is or stands for."""
        own = self.units.get(resource.address)
        if own:
            return own[:1]
        if resource.address in seen or len(seen) > 12:
            return []
        seen = seen | {resource.address}
        found: dict[int, Unit] = {}
        for path in self.tables.stands_for.get(resource.type, ()):
            for one in self.referred(follow(resource.values, path)):
                found.update((id(unit), unit) for unit in self.reached(one, seen))
            if found:
                break
        for one in self.groups.get(resource.address, ())[:100]:
            found.update((id(unit), unit) for unit in self.reached(one, seen))
        return list(found.values())

    def units_at(self, resource: Resource, path: str) -> list[Unit]:
        """Return the units that a field leads to; an empty path is the resource itself."""
        if not path:
            return self.reached(resource)
        return self.units_of(follow(resource.values, path))

    def units_of(self, items: Iterable[Item]) -> list[Unit]:
        """Return the units that values lead to."""
        found: dict[int, Unit] = {}
        for resource in self.referred(items):
            found.update((id(unit), unit) for unit in self.reached(resource))
        return list(found.values())

    # -- units --------------------------------------------------------------------------------------------------

    def unit(self, resource: Resource, name: str = "", what: str = "", **given: str) -> Unit:
        """Make a unit for a resource, under a name of its own."""
        self.number += 1
        wanted = name or resource.name
        unit = Unit(
            self.own_name(wanted, resource), resource.format, what or resource.spelling or resource.type,
            resource.scope, resource.site, kind=given.get("kind", ""), uses=given.get("uses", ""),
            reason=given.get("reason", ""), key=f"{resource.format}#{self.number}",
        )  # fmt: skip
        own = first_at(resource.values, "location", "region") if resource.type.startswith(_PLACED) else None
        fact = fact_of(own, "text", "its location") or fact_of(resource.region, "text", "the region of the provider")
        if fact is not None:
            unit.facts["regions"] = fact
        self.all.append(unit)
        return unit

    def own_name(self, name: str, resource: Resource) -> str:
        """Return a name that no other resource of the scope has: where two have one name, its type and a number."""
        name = " ".join(name.split())[:120] or resource.name or "unnamed"
        short = "-".join(resource.type.split("_")[1:])
        name += f"-{short}" if (resource.scope, name) in self.taken and not name.endswith(short) else ""
        whole, number = name, self.taken.get((resource.scope, name), 0)
        while (resource.scope, whole) in self.taken:
            whole, number = f"{name}-{number + 1}", number + 1
        self.taken |= {(resource.scope, whole): 1, (resource.scope, name): max(number, 1)}
        return whole

    def name_of(self, resource: Resource, part: Part) -> str:
        """Return the name that a resource has: as its fields state it, else as it is called in the files."""
        value = first_at(resource.values, *part.name)
        stated = value.text if value is not None and value.status != UNRESOLVED else ""
        if stated and len(stated) <= 80 and "\n" not in stated:
            return stated
        name = name_in_module(resource.name, resource.scope)
        return f"{name}-{resource.key}" if resource.key else name

    def add_parts(self) -> None:
        """Make the units of all resources that the tables know as components."""
        wanted = self.wanted()
        for resource in self.resources:
            part = self.part(resource)
            if part is None or resource.address in self.units or (resource.outside and resource.address not in wanted):
                continue
            self.units[resource.address] = [self.from_part(resource, part)]

    def wanted(self) -> set[str]:
        """Return the addresses that any resource refers to: data sources among them are drawn."""
        found: set[str] = set()
        for resource in self.resources:
            for reference in references_of(resource.values):
                found.add(reference.address)
        return found

    def from_part(self, resource: Resource, part: Part) -> Unit:
        """Make the unit of a resource by its row of the tables."""
        kind, uses, reason = part.kind, part.uses, part.reason
        if part.engine is not None:
            chosen = first_at(resource.values, part.engine[0])
            text = chosen.text.lower() if chosen is not None else ""
            known = next((key for key in part.engine[1] if text == key), "") or next(
                (key for key in part.engine[1] if text.startswith(key)), ""
            )
            kind, uses = part.engine[1][known] if known else (kind, uses)
        kind = next((other for field, other in part.instead if follow(resource.values, field)), kind)
        what = resource.spelling or resource.type
        unit = self.unit(resource, self.name_of(resource, part), kind=kind, uses=uses)
        if kind:
            unit.reason = reason or what
        self.made_from[unit.key] = (resource, part)
        self.fill(unit, resource.values, resource, part)
        if part.function:
            unit.role = "function"
        if part.job:
            unit.role, unit.kind = "job", ""
        for path in part.checked:
            for check in follow(resource.values, path)[:1]:
                unit.facts.setdefault("ready_check", Fact("true", check.site, path.rpartition(".")[2]))
        for value in (first_at(resource.values, path) for path in part.serves):
            if value is not None and value.text and value.status != UNRESOLVED and not unit.models:
                unit.models.append(value.text[:120])
        if resource.outside:
            unit.reason = f"{what}, defined elsewhere"
        return unit

    def fill(self, unit: Unit, values: Table, resource: Resource, part: Part) -> None:
        """Add the facts, variables, image and command that the fields of a resource state."""
        add_facts(unit, values, part.facts)
        for key, text, how in part.fixed:
            unit.facts.setdefault(key, Fact(text, resource.site, how))
        for key, path, text in part.defaults:
            if not follow(values, path):
                unit.facts.setdefault(key, Fact(text, resource.site, f"the default of {path}"))
        if part.machine:
            add_machine(unit, first_at(values, part.machine))
        for path in part.env:
            self.add_env(unit, follow(values, path), values)
        if part.image:
            unit.image = first_at(values, part.image)
        for path in part.command:
            found = [value for value in scalars_at(values, path) if value.status != UNRESOLVED or value.text]
            unit.command += command_without_secrets(tuple(found))
        if part.port:
            for port in scalars_at(values, part.port):
                if is_whole(port.text) and len(port.text) < 6:
                    unit.ports.append(Port(int(port.text), port.site))
        count = resource.count
        if count is not None and is_whole(count.text) and int(count.text) > 1 and unit.kind not in _UNITLESS:
            unit.facts.setdefault("replicas", Fact(count.text, count.site, "count"))

    def add_env(self, unit: Unit, items: Iterable[Item], owner: Table | None = None) -> None:
        """Add variables: a mapping, or a list of names and values; a secret of the owner has only its references."""
        for item in items:
            if isinstance(item, Table) and not {"name", "value"} <= set(item.entries):
                for name, value in item.entries.items():
                    self.variable(unit, name, value)
                continue
            for table in tables_at(item, ""):
                name = text_at(table, "name", "Name")
                value_of = table.entries.get("value")
                secret = text_at(table, "secret_name")
                for one in tables_at(owner, "secret") if secret and value_of is None else ():
                    if text_at(one, "name") == secret and "value" in one.entries:
                        references = tuple(references_of(one.entries["value"]))
                        value_of = Linked("", one.site, SECRET, raw="?", plain=False, references=references)
                if name and value_of is not None:
                    self.variable(unit, name, value_of)

    def variable(self, unit: Unit, name: str, value: Item) -> None:
        """Add one variable; of a value that is no scalar, only its references are kept."""
        if isinstance(value, Value):
            unit.env[name] = without_secrets(name, value)
        else:
            found = Linked("", value.site, UNRESOLVED, raw="?", plain=False, references=tuple(references_of(value)))
            unit.env[name] = found

    # -- relations ----------------------------------------------------------------------------------------------

    def link(self, source: Unit, target: Unit, verb: str, how: str, site: Site, strength: str = "certain",
             share: str = "", more: tuple[tuple[str, str], ...] = ()) -> None:  # fmt: skip
        """Relate two units; the verb follows the kinds where a queue is at one end."""
        if source is target or self.links >= MAX_LINKS:
            return
        if source.kind == "queue" and verb not in {"dead_letter", "publishes", "writes", "consumes"}:
            if target.kind not in _UNITLESS:
                source, target, verb = target, source, "consumes"
            else:
                verb = "publishes" if target.kind == "queue" else "writes"
        if verb == "consumes" and source.kind == "queue":
            source, target, verb = target, source, "publishes"
        elif target.kind == "queue" and verb in {"calls", "triggers", "reads", "writes", ""}:
            verb = "publishes"
        elif target.kind in _STORES and verb in {"calls", "triggers", "publishes", "consumes"}:
            verb = "writes" if verb in {"triggers", "publishes"} else "reads"
        elif (verb in _OF_DATA and target.kind not in _STORES | {"queue", "external"}) or (
            not verb and (target.kind in _ANSWERING or (target.role == "function" and not target.kind))
        ):
            verb = "calls"
        self.links += 1
        source.links.append(Link(target.key, verb, how, site, strength, share, more=more))

    def add_wires(self) -> None:
        """Add the relations that fields state."""
        for resource in self.resources:
            for wire in self.tables.wires.get(resource.type, ()):
                sources = self.units_at(resource, wire.source)
                if not sources:
                    continue
                if not wire.each:
                    self.wire(wire.how, wire.verb, wire.strength, sources, follow(resource.values, wire.target),
                              attributes(resource.values, wire.more))  # fmt: skip
                    continue
                tables = tables_at(resource.values, wire.each)
                weights = shares([text_at(table, wire.share) for table in tables] if wire.share else [])
                for number, table in enumerate(tables):
                    share = weights[number] if weights else ""
                    self.wire(wire.how, wire.verb, wire.strength, sources, follow(table, wire.target),
                              attributes(table, wire.more), share)  # fmt: skip

    def wire(self, how: str, verb: str, strength: str, sources: list[Unit], items: list[Item],
             more: tuple[tuple[str, str], ...], share: str = "") -> None:  # fmt: skip
        """Relate units to all that values lead to."""
        for item in items:
            for target in self.units_of([item]):
                for source in sources:
                    self.link(source, target, verb, how, item.site, strength, share, more)

    def add_variables(self) -> None:
        """Add the relations that variables state: a reference to another resource, or its name or address."""
        for unit in list(self.all):
            for name, value in unit.env.items():
                if is_for_others(name):
                    continue
                for resource in self.meant(value):
                    found = self.reached(resource)
                    taken = self.tables.taken.get(resource.type)
                    verb, more = ("consumes", attributes(resource.values, taken)) if taken is not None else ("", ())
                    for target in found:        # a part that several share names none of them for certain
                        strength = "strong" if len(found) == 1 else "weak"
                        self.link(unit, target, verb, f"{name} in the environment", value.site, strength, more=more)

    def meant(self, value: Value) -> list[Resource]:
        """Return the resources that a variable means: those that it refers to, or the one that it names."""
        references = value.references if isinstance(value, Linked) else ()
        found = {id(one): one for reference in references for one in self.by_address.get(reference.address, ())}
        if not references and value.status != SECRET:
            named = self.named(value)
            found = {id(named): named} if named is not None else {}
        return list(found.values())

    def add_attributes(self) -> None:
        """Add what the fields of a component say of its relations."""
        for unit in self.all:
            for number, link in enumerate(unit.links):
                more = dict(link.more)
                source, target = self.made_from.get(unit.key), self.made_from.get(link.target)
                if link.verb == "calls" and source is not None:
                    more = dict(attributes(source[0].values, source[1].asks)) | more
                if link.verb == "calls" and target is not None:
                    more = dict(attributes(target[0].values, target[1].answers)) | more
                if link.verb == "consumes" and target is not None:
                    more = dict(attributes(target[0].values, target[1].consumed)) | more
                if more != dict(link.more):
                    unit.links[number] = msgspec.structs.replace(link, more=tuple(more.items()))

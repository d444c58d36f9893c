"""The facts of one component, workload, model, relation or system, for expressions: names, values, places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

import msgspec

from archlint.analysis.fact_names import FIELDS
from archlint.analysis.fact_values import Leaf, Value, Values
from archlint.analysis.facts import Fact
from archlint.analysis.system import System
from archlint.model.architecture import Component, Model, Relation, Workload
from archlint.model.places import Place, place
from archlint.model.words import VERBS
from archlint.source.nodes import Mapping as MappingNode
from archlint.source.nodes import Node, Sequence
from archlint.verdicts import Origin

Subject = Component | Workload | Model | Relation


class Sheet(msgspec.Struct, frozen=True):
    """The facts of one subject for an expression: variables by name, and each of their facts with its place."""

    place: Place
    name: str
    variables: dict[str, Value]
    leaves: list[Leaf]


class Sheets:
    """Makes the sheets of a system; only facts whose names are `mentioned` are computed."""

    def __init__(self, system: System, mentioned: frozenset[str]) -> None:
        self.system = system
        self.mentioned = mentioned
        self.values = Values(mentioned, system.architecture.owner)
        self.whole = self._system()
        self.whole_leaves = self.values.leaves

    def of(self, kind: str) -> Iterator[Sheet]:
        """Yield a sheet for each subject of a kind: `component`, `workload`, `model`, `relation` or `system`."""
        architecture = self.system.architecture
        components = architecture.components
        if kind == "relation":
            for relation in (r for relations in self.system.topology.outgoing.values() for r in relations):
                ends = {"source": components[relation.source], "target": components[relation.target]}
                name = f"{relation.source} {relation.verb} {relation.target}"
                yield self._sheet(relation.place(), name, {kind: relation, **ends})
        elif kind == "system":
            yield self._sheet(place(), architecture.name or architecture.document.name, {})
        else:
            subjects: Mapping[str, Iterable[Component | Workload | Model]] = {
                "component": components.values(),
                "workload": architecture.workloads.values(),
                "model": architecture.models.values(),
            }
            for subject in subjects[kind]:
                yield self._sheet(subject.place(), subject.name, {kind: subject})

    def _sheet(self, at: Place, name: str, subjects: Mapping[str, Subject]) -> Sheet:
        self.values.leaves = list(self.whole_leaves)
        variables: dict[str, Value] = {"system": self.whole}
        for variable, subject in subjects.items():
            root = Leaf(variable, subject.place())
            if isinstance(subject, Component):
                variables[variable] = self._component(subject, root)
            elif isinstance(subject, Workload):
                variables[variable] = self._workload(subject, root)
            elif isinstance(subject, Model):
                variables[variable] = self._model(subject, root)
            else:
                variables[variable] = self._relation(subject, root)
        return Sheet(at, name, variables, self.values.leaves)

    def _component(self, component: Component, root: Leaf) -> Value:
        system, facts = self.system, self.system.facts
        found = self.values.fields(
            FIELDS["component"], component, root,
            {
                "replicas": facts.replicas(component), "workers": facts.workers(component),
                "persistent": facts.persistent(component), "autoscale": component.autoscale or component.scaling,
                "balancing": facts.balancing(component) or Fact("", Origin.STATED),
            },
        )  # fmt: skip
        self._name(found, root, component.name)
        self._derived(found, root, "models", component.serves, "serves")
        if "reached_by" in self.mentioned:
            users = system.workloads_of.get(component.name, ())
            self._derived(found, root, "reached_by", (workload.name for workload in users))
        if "technology" in self.mentioned:
            known = facts.technology(component)
            leaf = Leaf(f"{root.path}.technology", component.place("uses"), "", known.name if known else None)
            self.values.note(found, "technology", leaf)
        if "zone_count" in self.mentioned:
            zones = Leaf(f"{root.path}.zone_count", component.place("zones"), "count", system.zone_count(component))
            self.values.note(found, "zone_count", zones)
        self._relations(found, component, root)
        self._says(found, ("components", component.name))
        return found

    def _relations(self, found: dict[str, Value], component: Component, root: Leaf) -> None:
        """Add the names of each verb's targets, and whole relations in both directions."""
        topology = self.system.topology
        for verb in VERBS:
            if verb in self.mentioned:
                targets: list[Value] = [r.target for r in topology.outgoing[component.name] if r.verb == verb]
                leaf = Leaf(f"{root.path}.{verb}", component.place(verb), "", targets, absent=not targets)
                self.values.note(found, verb, leaf)
        for name, relations in (("relations", topology.outgoing), ("incoming", topology.incoming)):
            if name in self.mentioned:
                found[name] = [
                    self._relation(relation, Leaf(f"{root.path}.{name}[{index}]", relation.place()))
                    for index, relation in enumerate(relations[component.name])
                ]

    def _workload(self, workload: Workload, root: Leaf) -> Value:
        fields = [field for field in FIELDS["workload"] if field.attribute != "models"]
        found = self.values.fields(fields, workload, root)
        self._name(found, root, workload.name)
        if self.mentioned & {"models", "modes", "servers"}:
            servings = self.system.servings(workload)
            self._derived(found, root, "models", (serving.model for serving in servings), "models")
            self._derived(found, root, "modes", (serving.mode for serving in servings))
            self._derived(found, root, "servers", (serving.server for serving in servings if serving.server))
        if self.mentioned & {"components", "waiting"}:
            flow = self.system.flow(workload)
            self._derived(found, root, "components", flow.components)
            self._derived(found, root, "waiting", flow.waiting)
        self._says(found, ("workloads", workload.name))
        return found

    def _model(self, model: Model, root: Leaf) -> Value:
        active = model.active_parameters if model.active_parameters is not None else model.parameters
        found = self.values.fields(FIELDS["model"], model, root, {"active_parameters": active})
        self._name(found, root, model.name)
        self._derived(found, root, "servers", self.system.topology.servers.get(model.name, ()))
        if self.mentioned & {"workloads", "modes"}:
            users = self._users.get(model.name, ())
            self._derived(found, root, "workloads", (workload for workload, _ in users))
            self._derived(found, root, "modes", (mode for _, mode in users))
        self._says(found, ("models", model.name))
        return found

    @cached_property
    def _users(self) -> dict[str, list[tuple[str, str]]]:
        """For each model, the workloads that get its predictions, with the mode."""
        found: dict[str, list[tuple[str, str]]] = {}
        for workload in self.system.workloads.values():
            for serving in self.system.servings(workload):
                if serving.server:
                    found.setdefault(serving.model, []).append((workload.name, serving.mode))
        return found

    def _relation(self, relation: Relation, root: Leaf) -> Value:
        timeout = self.system.facts.timeout_s(relation) or Fact(float("inf"), Origin.STATED)
        found = self.values.fields(FIELDS["relation"], relation, root, {"timeout_s": timeout})
        facts: dict[str, Value] = {"verb": relation.verb, "source": relation.source, "target": relation.target}
        if "waits" in self.mentioned:
            facts["waits"] = self.system.topology.waits(relation)
        for name, value in facts.items():
            if name in self.mentioned:
                leaf = Leaf(f"{root.path}.{name}", root.place, "", value, Origin.DERIVED)
                self.values.note(found, name, leaf)
        self._says(found, ("components", relation.source), relation)
        return found

    def _system(self) -> Value:
        architecture, root = self.system.architecture, Leaf("system", place())
        found = self.values.fields(FIELDS["system"], architecture, root)
        self._name(found, root, architecture.name or architecture.document.name)
        self._derived(found, root, "workloads", architecture.workloads, "workloads")
        self._derived(found, root, "models", architecture.models, "models")
        self._derived(found, root, "components", architecture.components, "components")
        if "says" in self.mentioned:
            found["says"] = [keys[0] for keys in architecture.origins if len(keys) == 1]
        return found

    def _says(self, found: dict[str, Value], keys: tuple[str, str], relation: Relation | None = None) -> None:
        """Add the keys that are in the file, and those of them that could not be read."""
        origin = self.system.architecture.origins.get(keys) if "says" in self.mentioned else None
        if origin is None:
            return
        node: Node | None = origin.entry.value
        if relation is not None and isinstance(node, MappingNode):
            entry = node.entries.get(relation.verb)
            node = entry.value if entry is not None else None
            if isinstance(node, Sequence):
                node = node.items[relation.index]
        keys_there: list[Value] = list(node.entries) if isinstance(node, MappingNode) else []
        found["says"] = keys_there

    def _name(self, found: dict[str, Value], root: Leaf, name: str) -> None:
        if "name" in self.mentioned:
            self.values.note(found, "name", Leaf(f"{root.path}.name", root.place, "", name, Origin.DERIVED))

    def _derived(self, found: dict[str, Value], root: Leaf, name: str, names: Iterable[str], *keys: str) -> None:
        """Add a list of unique names, if it is mentioned; `keys` lead to its place."""
        if name in self.mentioned:
            distinct: list[Value] = list(dict.fromkeys(names))
            leaf = Leaf(f"{root.path}.{name}", root.place.key(*keys), "", distinct, Origin.DERIVED)
            self.values.note(found, name, leaf)

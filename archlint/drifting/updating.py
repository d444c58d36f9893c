"""Merges what changed in a deployment into the text of its description: comments, order and formatting stay.

Each change is one edit of the text, which is parsed again. What the deployment no longer has is marked with a comment
and named, never deleted. What it states differently is replaced; what only the description states stays.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from archlint.analysis.stated import facts_of
from archlint.drifting.comparing import SKIPPED, find_drift
from archlint.drifting.found import NOT_DEPLOYED, Drift
from archlint.drifting.matching import Matching, match
from archlint.errors import UsageError
from archlint.importers.draft import Component as Deployed
from archlint.importers.draft import Draft, Relation
from archlint.importers.objects import Fact
from archlint.importers.writing import component_text, fact_text, quoted, relation_text, target_text
from archlint.measure.edit import with_facts
from archlint.metrics.measured import WAITING, Measurement, component_facts, model_facts, workload_facts
from archlint.model.architecture import Architecture, Component
from archlint.model.read import read
from archlint.source.document import Document
from archlint.source.files import FileIncludes
from archlint.source.nodes import Entry, Node, Scalar, Sequence
from archlint.source.nodes import Mapping as MappingNode
from archlint.source.parser import parse

GONE: Final = "no deployment file has this component since"
_LINE: Final = re.compile(r"[^\r\n]*(\r\n|\r|\n)?")


class Updated(msgspec.Struct):
    """The new text, what was changed in it, and what a person must decide; each is one line."""

    text: str
    changes: list[str]
    open: list[str]


def update(
    path: Path, document: Document, deployed: Architecture, draft: Draft, day: str, base: str = "",
    measurement: Measurement | None = None,
) -> Updated:  # fmt: skip
    """Return the text of an architecture file with what changed in its deployment; `day` is the date for comments.

    With a measurement, rates and times that metrics state are set too.

    Raises `UsageError` if the text cannot be changed at a place without changing something else.
    """
    return _Update(path, document, deployed, draft, day, base).updated(measurement)


class _Update:
    """One update. `self.document` is parsed again after each edit."""

    def __init__(
        self, path: Path, document: Document, deployed: Architecture, draft: Draft, day: str, base: str
    ) -> None:
        self.path = path
        self.document = document
        self.deployed = deployed
        self.draft = draft
        self.day = day
        self.base = base
        self.architecture = read(document, FileIncludes(path))
        self.matching: Matching = match(self.architecture, draft)
        self.newline = "\r\n" if "\r\n" in document.text else "\n"
        self.changes: list[str] = []
        self.open: list[str] = []

    def updated(self, measurement: Measurement | None) -> Updated:
        found = find_drift(self.architecture, self.deployed, self.draft)
        self._facts()
        self._new_components()
        self._relations(found.found)
        for drift in found.found:
            if drift.state == NOT_DEPLOYED and drift.what == "component":
                self._gone(drift)
            elif drift.state == NOT_DEPLOYED or drift.what == "model":
                self.open.append(drift.message)
        if measurement is not None:
            self._measured(measurement)
        self._check()
        return Updated(self.document.text, self.changes, self.open)

    def _check(self) -> None:
        """Raise `UsageError` if the new text has problems that the old one had not."""
        known = {(problem.place.at, problem.message) for problem in self.architecture.problems}
        fresh = [
            problem for problem in read(self.document, FileIncludes(self.path)).problems
            if (problem.place.at, problem.message) not in known and problem.loses_meaning
        ]  # fmt: skip
        if fresh:
            what = f"the deployment does not fit into {self.path}: {fresh[0].message} at {fresh[0].place.at}"
            raise UsageError(what, "nothing was written; write this part by hand")

    def _facts(self) -> None:
        """Set the facts of components that only one component of each side stands for."""
        for group in self.matching.groups:
            if len(group.described) != 1 or len(group.deployed) != 1:
                continue
            component, one = group.described[0], group.deployed[0]
            facts = dict(self._changed(component, one))
            if not facts:
                continue
            if not self._is_here(component.name):
                self.open.append(f"`{component.name}` is in an included file: set {_shown(facts)} there")
                continue
            self._set(("components", component.name), facts)
            self.changes.append(f"{component.name}: {_shown(facts)}")

    def _changed(self, component: Component, one: Deployed) -> Iterator[tuple[str, str]]:
        """Yield the facts that the deployment states otherwise, or alone."""
        mine = facts_of(component, nones=self.architecture.nones)
        theirs = facts_of(self.deployed.components[one.name])
        entry = self._entry(component.name)
        known = entry.value.entries if entry is not None and isinstance(entry.value, MappingNode) else {}
        for key, fact in one.facts.items():
            if key in SKIPPED:
                continue
            inner = {name: value for name, value in theirs.items() if name == key or name.startswith(f"{key}.")}
            if not inner or all(name in mine and mine[name].is_like(value) for name, value in inner.items()):
                continue
            text = _merged(known.get(key), key, fact)
            if text is None:
                self.open.append(f"{component.name}: write {key}: {fact_text(key, fact)} by hand")
            else:
                yield key, text

    def _measured(self, measurement: Measurement) -> None:
        """Set measured facts: of workloads, by the only component that their client asks first, of parts and models."""
        for name, workload in self.architecture.workloads.items():
            client = self.architecture.components.get(workload.entrance.client)
            asked = {relation.target for relation in client.relations if relation.verb in WAITING} if client else set()
            targets = {workload.entrance.to} if workload.entrance.to else asked
            group = self.matching.described.get(next(iter(targets))) if len(targets) == 1 else None
            found = [measurement.components.get(one.name) for one in group.deployed] if group is not None else []
            if len(found) == 1 and found[0] is not None:
                self._set_measured("workloads", name, workload_facts(found[0]), measurement.how)
        for one, measured in measurement.components.items():
            group = self.matching.deployed.get(one)
            if group is not None and len(group.described) == 1:
                facts = component_facts(measured, self.draft.components[one])
                self._set_measured("components", group.described[0].name, facts, measurement.how)
        for model, measured in measurement.models.items():
            self._set_measured("models", model, model_facts(measured), measurement.how)

    def _set_measured(self, section: str, name: str, facts: Mapping[str, str], how: str) -> None:
        found = self._section(section)
        if facts and found is not None and name in found.entries:
            self._parse(with_facts(self.document, (section, name), facts, self.day, how))
            self.changes.append(f"{name}: {_shown(facts)} ({how})")

    def _set(self, steps: tuple[str, str], facts: Mapping[str, str]) -> None:
        self._parse(with_facts(self.document, steps, facts, self.day, "imported"))

    def _new_components(self) -> None:
        """Add the new components behind the others, with the models that they serve."""
        parts: list[str] = []
        models: dict[str, str] = {}
        for one in self.matching.only_deployed:
            if one.name in self.architecture.components:
                self.open.append(f"`{one.name}` is deployed; another component has its name")
                continue
            parts.append(component_text(self._translated(one), self.base))
            self.changes.append(f"{one.name}: new {one.kind}")
            for model in one.serves:
                if model not in self.architecture.models:
                    models[model] = self._model_text(model)
        for section, lines in (("components", "".join(parts)), ("models", "".join(models.values()))):
            if lines:
                self._add(section, lines)

    def _model_text(self, model: str) -> str:
        facts = self.draft.models.get(model, {})
        lines = "".join(f"    {key}: {fact_text(key, fact)}\n" for key, fact in facts.items())
        return f"  {quoted(model)}:\n{lines}" if lines else f"  {quoted(model)}: {{}}\n"

    def _translated(self, one: Deployed) -> Deployed:
        """Return a component whose relations name the components of the description."""
        relations = [msgspec.structs.replace(edge, target=self._name(edge.target)) for edge in one.relations]
        weak = [msgspec.structs.replace(edge, target=self._name(edge.target)) for edge in one.weak]
        return msgspec.structs.replace(one, relations=relations, weak=weak)

    def _name(self, deployed: str) -> str:
        """Return the name of a deployed component in the description."""
        group = self.matching.deployed.get(deployed)
        return group.described[0].name if group is not None and group.described else deployed

    def _add(self, section: str, lines: str) -> None:
        """Add lines at the end of a section; the section is added if it is missing."""
        lines = lines.replace("\n", self.newline)
        found = self._section(section)
        text = self.document.text
        empty = self._empty(section) if found is None else None
        if empty is not None:
            self._parse(f"{text[: empty.end]}:{self.newline}{lines}{text[self._line_end(empty.end) :]}")
            return
        if found is None:
            at = self._start_of("components")
            self._parse(f"{text[:at]}{section}:{self.newline}{lines}{self.newline}{text[at:]}")
            return
        if text[found.start : found.start + 1] == "{":
            line = self.document.position(found.start).line
            raise UsageError(f"{self.path}:{line}: `{section}` is written in braces", "write one part a line")
        first = min(entry.start for entry in found.entries.values())
        indent = " " * (self.document.position(first).column - 1)
        lines = textwrap.indent(textwrap.dedent(lines), indent)
        end = self._end_of(found)
        before = text[:end] if text[:end].endswith(("\n", "\r")) else text[:end] + self.newline
        self._parse(f"{before}{lines}{text[end:]}")

    def _relations(self, found: tuple[Drift, ...]) -> None:
        """Add relations between components that both sides have."""
        wanted = {one.part for one in found if one.what == "relation" and one.state != NOT_DEPLOYED}
        for one in list(self.draft.components.values()):
            group = self.matching.deployed.get(one.name)
            if group is None or not group.described:
                continue
            source = group.described[0].name
            for edge in one.relations:
                target = self._name(edge.target)
                is_new = self.matching.deployed.get(edge.target) is None and edge.target in self.draft.components
                if f"{source} -> {target}" not in wanted and not is_new:
                    continue
                if not self._is_here(source):
                    self.open.append(f"`{source}` is in an included file: add {edge.verb}: [{target}] there")
                    continue
                self._relate(source, msgspec.structs.replace(edge, target=target))
                self.changes.append(f"{source}: {edge.verb} {target}")

    def _relate(self, source: str, relation: Relation) -> None:
        """Add one relation to the list of its verb."""
        entry = self._entry(source)
        if entry is None or not isinstance(entry.value, MappingNode):
            raise UsageError(f"{self.path}: `{source}` cannot be changed", "write it as a mapping")
        verb = entry.value.entries.get(relation.verb)
        text = self.document.text
        if verb is None:
            self._set(("components", source), {relation.verb: f"[{target_text(relation)}]"})
        elif isinstance(verb.value, Sequence) and text[verb.value.start : verb.value.start + 1] != "[":
            last = verb.value.items[-1]
            start = text.rfind("-", verb.start, last.start)
            indent = " " * (self.document.position(start).column - 1)
            end = self._line_end(max(last.end - 1, last.start))
            before = text[:end] if text[:end].endswith(("\n", "\r")) else text[:end] + self.newline
            self._parse(f"{before}{indent}- {relation_text(relation, self.base)}{self.newline}{text[end:]}")
        elif isinstance(verb.value, Sequence):
            end = text.rfind("]", verb.value.start, verb.value.end)
            comma = ", " if verb.value.items else ""
            self._parse(f"{text[:end].rstrip()}{comma}{target_text(relation)}{text[end:]}")
        else:
            old = text[verb.value.start : verb.value.end].strip()
            self._set(("components", source), {relation.verb: f"[{old}, {target_text(relation)}]"})

    def _gone(self, one: Drift) -> None:
        """Mark a component that the deployment no longer has with a comment above it."""
        self.open.append(f"{one.message}: remove it, or add `deployed_as: none`")
        entry = self._entry(one.part)
        if entry is None:
            return
        text = self.document.text
        column = self.document.position(entry.start).column - 1
        start = entry.start - column
        above = text[text.rfind("\n", 0, max(start - 1, 0)) + 1 : start]
        if text[start : entry.start].strip() or GONE in above:
            return
        self._parse(f"{text[:start]}{' ' * column}# {GONE} {self.day}{self.newline}{text[start:]}")

    def _parse(self, text: str) -> None:
        self.document = parse(self.document.name, text)

    def _is_here(self, name: str) -> bool:
        return self._entry(name) is not None

    def _section(self, section: str) -> MappingNode | None:
        root = self.document.root
        entry = root.entries.get(section) if isinstance(root, MappingNode) else None
        node = entry.value if entry is not None else None
        return node if isinstance(node, MappingNode) and node.entries else None

    def _empty(self, section: str) -> Entry | None:
        """Return a section without parts, if it is on one line: `components: {}`."""
        root = self.document.root
        entry = root.entries.get(section) if isinstance(root, MappingNode) else None
        if entry is None:
            return None
        line = self.document.text[entry.end : self._line_end(entry.end)]
        return entry if re.match(r"[ \t]*:[ \t]*(\{[ \t]*\})?[ \t]*(#.*)?$", line.strip()) else None

    def _entry(self, name: str) -> Entry | None:
        section = self._section("components")
        return section.entries.get(name) if section is not None else None

    def _start_of(self, section: str) -> int:
        root = self.document.root
        entry = root.entries.get(section) if isinstance(root, MappingNode) else None
        return entry.start if entry is not None else len(self.document.text)

    def _end_of(self, section: MappingNode) -> int:
        """Return the offset behind the last line of a section: its indented comments belong to it."""
        last = max((_end(entry.value) for entry in section.entries.values()), default=section.end)
        end = self._line_end(max(last - 1, 0))
        text = self.document.text
        while end < len(text):
            line = _LINE.match(text, end)
            if line is None or not line[0] or not re.match(r"[ \t]+#", line[0]):
                break
            end = line.end()
        return end

    def _line_end(self, offset: int) -> int:
        """Return the offset behind the line break of the line of an offset."""
        line = _LINE.match(self.document.text, offset)
        return line.end() if line is not None else offset


def _end(node: Node) -> int:
    """Return the offset behind the last scalar of a value: a block ends where the next one begins."""
    if isinstance(node, Scalar):
        return node.end
    inner = node.items if isinstance(node, Sequence) else [entry.value for entry in node.entries.values()]
    return max((_end(one) for one in inner), default=node.end)


def _merged(old: Entry | None, key: str, fact: Fact) -> str | None:
    """Return the new value of a fact; a mapping keeps what only the description states. None if it cannot be merged."""
    if not fact.inner or old is None or not isinstance(old.value, MappingNode):
        return fact_text(key, fact)
    kept: dict[str, str] = {}
    for name, entry in old.value.entries.items():
        if not isinstance(entry.value, Scalar):
            return None
        kept[name] = quoted(entry.value.text)
    kept |= {name: quoted(value.text) for name, value in fact.inner}
    return f"{{{', '.join(f'{name}: {text}' for name, text in kept.items())}}}"


def _shown(facts: Mapping[str, str]) -> str:
    return ", ".join(f"{key} {value}" for key, value in facts.items())

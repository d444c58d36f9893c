"""A document, with what it includes, to an `Architecture`: one pass, every problem reported."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from archlint.errors import UnreadableInputError
from archlint.model.architecture import Acceptance, Architecture, Component, Model, Origin, Relation, Scaling, Workload
from archlint.model.contradictions import report_contradictions
from archlint.model.names import nearest
from archlint.model.places import Place
from archlint.model.quantities import shorten
from archlint.model.reading import Reading, Reference, Steps
from archlint.model.types import MAX_NAME, Field, Parsed, Rec, Schema
from archlint.model.vocabulary import (
    ACCEPT_FIELDS, COMPONENT_FIELDS, FORMAT_VERSION, MODEL_RECORD, RELATION_FIELDS, SYSTEM_FIELDS, WORKLOAD,
)  # fmt: skip
from archlint.model.words import SYNONYMS, VERBS
from archlint.source.document import Document, Flaw
from archlint.source.nodes import Entry, Mapping, Node, Scalar, Sequence, Span

IncludeLoader = Callable[[Document, str], Document]
"""Loads the file that a document includes, by the text that it wrote; raises `UnreadableInputError`."""

SECTIONS: Final = ("workloads", "models", "components")
TOP_LEVEL: Final = ("archlint", *(field.key for field in SYSTEM_FIELDS), *SECTIONS, "accept", "include")
_NAME = re.compile(r"[^\s\x00-\x1f\x7f]+")
_FLAW_RULES: Final = {
    "duplicate-key": "duplicate-name", "several-documents": "several-documents", "unsupported-yaml": "wrong-shape",
}  # fmt: skip
_SYSTEM = {field.key: field for field in SYSTEM_FIELDS}


class _Relations:
    """Reads the relations of one verb: names, or mappings with attributes."""

    record: Rec[Relation] = Rec(Relation, RELATION_FIELDS, "a relation")

    def read(self, r: Reading, node: Node, steps: Steps) -> list[Relation] | None:
        """Read a list of relations, or a single one."""
        if node.__class__ is Sequence:
            items = node.items
        elif isinstance(node, Sequence) or (isinstance(node, Scalar) and node.is_null):
            r.wrong_shape(steps, node, "a list of components", f"`{steps[-1]}: [name]`")
            return None
        else:
            items = [node]
        found = []
        source, verb = str(steps[1]), str(steps[2])
        for index, item in enumerate(items):
            if item.__class__ is Scalar and not item.is_null:
                r.references.append(Reference(r.document, item.text, item, "components", (*steps, index)))
                found.append(Relation(verb, source, item.text, index))
            elif isinstance(item, Mapping):
                values = self.record.values(r, item, (*steps, index))
                if values is not None:
                    found.append(self.record.make(verb=verb, source=source, index=index, **values))
            else:
                r.wrong_shape((*steps, index), item, "a component, or {to: …}", "`{to: name, timeout: 200ms}`")
        return found

    def schema(self) -> Schema:
        """Names or mappings, as a list or alone; the mapping's own schema stands once, in `$defs`."""
        one: Schema = {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/relation"}]}
        return {"anyOf": [{"type": "array", "items": one}, *one["anyOf"]]}  # type: ignore[misc]


RELATIONS = _Relations()
COMPONENT_RECORD: Rec[Component] = Rec(
    Component,
    (*COMPONENT_FIELDS, *(Field(verb, RELATIONS, f"Relation: {doc}.") for verb, doc in VERBS.items())),
    "a component",
)
ACCEPT_RECORD: Rec[Acceptance] = Rec(Acceptance, ACCEPT_FIELDS, "an accepted finding")


def read(document: Document, load: IncludeLoader) -> Architecture:
    """Read a system from the document of its main file; `load` is asked for each file that it includes."""
    reader = _Reader(Reading(document), load)
    reader.file(document, ())
    return reader.finish()


def no_includes(document: Document, target: str) -> Document:
    """Stand for the loader where there is no file system, as for standard input without a file name."""
    raise UnreadableInputError(f"{document.name}: cannot include {target} here", "check the file itself, by its name")


class _Reader:
    """Reads the sections of one file after the other into the same dictionaries."""

    def __init__(self, reading: Reading, load: IncludeLoader) -> None:
        self.r = reading
        self.load = load
        self.documents: list[Document] = []
        self.workloads: dict[str, Workload] = {}
        self.models: dict[str, Model] = {}
        self.components: dict[str, Component] = {}
        self.accept: list[Acceptance] = []
        self.top: dict[str, object] = {}

    def finish(self) -> Architecture:
        """Resolve references and contradictions, and put the architecture together."""
        self.resolve()
        report_contradictions(self.r, self.workloads, self.models, self.components)
        self.r.problems.sort(key=lambda p: (self.documents.index(p.document), p.span))
        return Architecture(
            **self.top,  # type: ignore[arg-type]
            documents=tuple(self.documents), workloads=self.workloads, models=self.models,
            components=self.components, accept=tuple(self.accept), problems=tuple(self.r.problems),
            unread=frozenset(self.r.unread), origins=self.r.origins,
        )  # fmt: skip

    def file(self, document: Document, chain: tuple[str, ...]) -> None:
        """Read one file, after the files that it includes were noted but before they are read."""
        r = self.r
        r.document = document
        self.documents.append(document)
        for flaw in document.flaws:
            self.flaw(flaw)
        root = document.root
        if not isinstance(root, Mapping):
            if not chain and root is not None:
                span = Span(root.start, root.end)
                r.report("wrong-shape", (), span, "a file describes a system: a mapping", "start with `archlint: 1`")
            return
        includes: Entry | None = None
        self.version(root)
        for key, entry in root.entries.items():
            if key == "archlint":
                continue
            r.origins.setdefault((key,), Origin(document, entry))
            if key in SECTIONS:
                self.section(key, entry.value)
            elif key == "accept":
                self.acceptances(entry.value)
            elif key == "include":
                includes = entry
            elif key in _SYSTEM:
                self.system_key(key, entry)
            else:
                self.unknown_top(key, entry)
        if includes is not None:
            self.includes(document, includes.value, (*chain, document.name))

    def flaw(self, flaw: Flaw) -> None:
        """Turn a flaw of the parser into a problem."""
        related = (("the first stands here", self.r.document, flaw.related),) if flaw.related else ()
        suggestion = {
            "duplicate-key": "rename one of them, or join them",
            "several-documents": "put each system into a file of its own",
        }.get(flaw.kind, "write plain YAML: mappings, lists, scalars")
        steps = (flaw.key,) if flaw.key else ()
        self.r.report(_FLAW_RULES[flaw.kind], steps, flaw.span, flaw.message, suggestion, related)

    def version(self, root: Mapping) -> None:
        """Check the version of the format."""
        entry = root.entries.get("archlint")
        if entry is None or (isinstance(entry.value, Scalar) and entry.value.text == FORMAT_VERSION):
            return
        value = entry.value
        said = f"`{shorten(value.text)}`" if isinstance(value, Scalar) else "this"
        span = Span(value.start, max(value.end, value.start + 1))
        message = f"the format has no version {said}; this archlint reads version {FORMAT_VERSION}"
        self.r.report("unknown-version", ("archlint",), span, message, "write `archlint: 1`, or update archlint")

    def unknown_top(self, key: str, entry: Entry) -> None:
        likely = nearest(key, TOP_LEVEL, {k: v for k, v in SYNONYMS.items() if v in TOP_LEVEL})
        suggestion = f"did you mean `{likely}`?" if likely else f"known keys: {', '.join(TOP_LEVEL)}"
        self.r.report("unknown-key", (key,), entry.key_span, f"a file has no key `{shorten(key)}`", suggestion)
        if likely:
            self.r.unread.add(likely)

    def system_key(self, key: str, entry: Entry) -> None:
        field = _SYSTEM[key]
        attribute = "name" if key == "system" else field.attribute
        value = field.type.read(self.r, entry.value, (key,))
        if attribute in self.top:
            self.twice((key,), key, entry)
        elif value is not None:
            self.top[attribute] = value

    def twice(self, steps: Steps, key: str, entry: Entry) -> None:
        """Report a name that two files say."""
        first = self.r.origins[tuple(str(step) for step in steps)]
        related = (("the first stands here", first.document, first.entry.key_span),)
        message = f"`{shorten(key)}` is said in two files; nothing is overwritten"
        self.r.report("duplicate-name", steps, entry.key_span, message, "rename one of them, or join them", related)

    def section(self, section: str, node: Node) -> None:
        """Read a mapping of names to records."""
        r = self.r
        if isinstance(node, Scalar) and node.is_null:
            return
        if not isinstance(node, Mapping):
            r.wrong_shape((section,), node, "names, each with its facts", f"`{section}: {{name: {{…}}}}`")
            return
        for name, entry in node.entries.items():
            steps = (section, name)
            if steps in r.origins:
                self.twice(steps, name, entry)
                continue
            r.origins[steps] = Origin(r.document, entry)
            if not _NAME.fullmatch(name) or len(name) > MAX_NAME:
                message = f"`{shorten(name)}` is not a name: one word, of at most {MAX_NAME} characters"
                r.report("wrong-name", steps, entry.key_span, message, "use letters, digits, - and _")
                continue
            if isinstance(entry.value, Scalar) and entry.value.is_null:
                value: Node = Mapping({}, entry.start, entry.end)
            else:
                value = entry.value
            if not isinstance(value, Mapping):
                r.wrong_shape(steps, value, f"the facts of a {section[:-1]} (a mapping)", f"`{name}: {{…}}`")
            elif section == "components":
                self.component(name, value, steps)
            elif section == "models":
                self.model(name, value, steps)
            else:
                self.workload(name, value, steps)

    def component(self, name: str, node: Mapping, steps: Steps) -> None:
        """Read a component; its relations keep the order of the file, over all verbs."""
        values = COMPONENT_RECORD.values(self.r, node, steps)
        if values is None:
            return
        relations: list[Relation] = []
        for verb in [key for key in values if key in VERBS]:
            relations += values.pop(verb)  # type: ignore[arg-type]
        if isinstance(values.get("replicas"), Scaling):
            values["scaling"] = values.pop("replicas")
        self.components[name] = COMPONENT_RECORD.make(name=name, relations=tuple(relations), **values)

    def model(self, name: str, node: Mapping, steps: Steps) -> None:
        """Read a model."""
        values = MODEL_RECORD.values(self.r, node, steps)
        if values is not None:
            self.models[name] = MODEL_RECORD.make(name=name, **values)

    def workload(self, name: str, node: Mapping, steps: Steps) -> None:
        """Read a workload."""
        values = WORKLOAD.values(self.r, node, steps)
        if values is not None:
            self.workloads[name] = WORKLOAD.make(name=name, **values)

    def includes(self, document: Document, node: Node, chain: tuple[str, ...]) -> None:
        """Read the files that a file includes."""
        items = node.items if isinstance(node, Sequence) else [node]
        for index, item in enumerate(items):
            steps: Steps = ("include", index)
            self.r.document = document
            if not isinstance(item, Scalar) or item.is_null:
                self.r.wrong_shape(steps, item, "the path of a file", "`include: [models.yaml]`")
                continue
            try:
                included = self.load(document, item.text)
            except UnreadableInputError as error:
                self.r.report("bad-include", steps, item.span, error.message, error.hint)
                continue
            if included.name in chain:
                circle = " -> ".join((*chain[chain.index(included.name) :], included.name))
                message = f"{item.text} includes itself: {circle}"
                self.r.report("bad-include", steps, item.span, message, "take one of the includes out")
            elif any(included.name == known.name for known in self.documents):
                message = f"{item.text} is included twice"
                self.r.report("bad-include", steps, item.span, message, "take one of the includes out")
            else:
                self.file(included, chain)

    def acceptances(self, node: Node) -> None:
        """Read the list of findings taken on purpose."""
        if isinstance(node, Scalar) and node.is_null:
            return
        if not isinstance(node, Sequence):
            example = "`accept: [{rule: SRV002, reason: …}]`"
            self.r.wrong_shape(("accept",), node, "a list", example)
            return
        for item in node.items:
            index = len(self.accept)
            while ("accept", str(index)) in self.r.origins:
                index += 1
            self.r.origins[("accept", str(index))] = Origin(self.r.document, Entry(item.start, item.end, item))
            values = ACCEPT_RECORD.values(self.r, item, ("accept", index)) if isinstance(item, Mapping) else None
            if not isinstance(item, Mapping):
                self.r.wrong_shape(("accept", index), item, "an accepted finding", "{rule: SRV002, reason: …}")
            if values is not None:
                self.accept.append(ACCEPT_RECORD.make(place=Place(("accept", index), ("accept", str(index))), **values))

    def resolve(self) -> None:
        """Report the references to names that no file says."""
        known = {"components": self.components, "models": self.models}
        origins = self.r.origins
        for ref in self.r.references:
            if ref.name in known[ref.section] or (ref.section, ref.name) in origins:
                continue
            self.r.document = ref.document
            one = ref.section.removesuffix("s")
            likely = nearest(ref.name, [name for section, *names in origins for name in names if section == ref.section])
            suggestion = f"did you mean `{likely}`?" if likely else f"add it to `{ref.section}:`"
            message = f"there is no {one} `{shorten(ref.name)}`"
            self.r.report("dangling-reference", ref.steps, ref.node.span, message, suggestion)

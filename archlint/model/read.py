"""Reads a document and the files that it includes into an `Architecture`, and reports all problems together."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache
from typing import Final

import msgspec

from archlint.errors import UnreadableInputError
from archlint.model.architecture import Acceptance, Architecture, Component, Model, Origin, Scaling, Workload
from archlint.model.contradictions import report_contradictions
from archlint.model.fields import STATED_NONE
from archlint.model.locate import locate
from archlint.model.names import Names
from archlint.model.own import OWN_KEY, text_of
from archlint.model.places import Place
from archlint.model.quantities import shorten
from archlint.model.reading import MAX_NAME, Reading, Reference, Steps, names_with_synonyms
from archlint.model.records import (
    ACCEPT_RECORD,
    COMPONENT_RECORD,
    SECTIONS,
    SYSTEM_RECORD,
    TOP_LEVEL,
    home_of,
)
from archlint.model.references import report_dangling
from archlint.model.vocabulary import FORMAT_VERSION, MODEL_RECORD, WORKLOAD
from archlint.source.document import Document
from archlint.source.nodes import Entry, Mapping, Node, Scalar, Sequence, Span
from archlint.source.parser import MAX_BYTES, MAX_SEPARATORS, MIN_ALIASED, collector_paused, count_separators

IncludeLoader = Callable[[Document, str], Document]
"""Loads a file that a document includes, by its path as written; raises `UnreadableInputError`."""

MAX_FILES: Final = 1_000
_FLAW_RULES: Final = {
    "duplicate-key": "duplicate-name", "several-documents": "several-documents", "unsupported-yaml": "wrong-shape",
    "line-separator": "wrong-shape",
}  # fmt: skip
_FLAW_CURES: Final = {
    "duplicate-key": "rename one of them, or merge them",
    "several-documents": "start it with `archlint: 1`, move it into another file, or remove it",
    "unsupported-yaml": "write plain YAML: mappings, lists, scalars",
    "line-separator": "remove it, or replace it with a line break or a space",
}


def read(document: Document, load: IncludeLoader) -> Architecture:
    """Read a system from the document of its main file; `load` loads each file that it includes.

    Raises `UnreadableInputError` if the main file is empty. Everything else that is wrong becomes a problem.
    """
    return read_with_references(document, load)[0]


def read_with_references(document: Document, load: IncludeLoader) -> tuple[Architecture, tuple[Reference, ...]]:
    """Do the same, and return each place that names a component or a model too."""
    if document.root is None:
        raise UnreadableInputError(f"{document.name}: empty: it describes no system", "start with `archlint: 1`")
    with collector_paused():
        reader = _Reader(Reading(document, home_of), load)
        reader.files(document)
        return reader.finish(), tuple(reader.r.references)


def no_includes(document: Document, target: str) -> Document:
    """Reject every include: the loader for input without a file name, such as standard input."""
    raise UnreadableInputError(f"{document.name}: cannot include {target} here", "check the file by its name")


class _Budget:
    """The limits for all files of one system together: repositories are untrusted, and includes multiply."""

    def __init__(self) -> None:
        self.size = 0
        self.values = 0
        self.aliased = 0

    def spend(self, document: Document) -> None:
        """Count a file; raises `UnreadableInputError` if all files together are too large."""
        self.size += len(document.text)
        self.values += count_separators(document.text)
        self.aliased += document.aliased
        hint = "include fewer files, or split the system"
        if self.size > MAX_BYTES:
            raise UnreadableInputError(f"the files of this system are larger than {MAX_BYTES // 1024**2} MiB", hint)
        if self.values > MAX_SEPARATORS:
            raise UnreadableInputError(f"the files of this system hold more than {MAX_SEPARATORS:,} values", hint)
        if self.aliased > max(MIN_ALIASED, self.size):
            most = max(MIN_ALIASED, self.size)
            message = f"the aliases in the files of this system expand to more than {most:,} values"
            raise UnreadableInputError(message, "write the values out")


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
        self.accept_items = 0
        self.budget = _Budget()
        self.top: dict[str, object] = {}
        self.extra: list[tuple[str, str]] = []

    def finish(self) -> Architecture:
        """Resolve references and contradictions, and put the architecture together."""
        r = self.r
        if not self.components and not r.problems:
            r.path = []
            r.document, span = locate(r.origins, Place((), ()), self.documents[0])
            message = "the system has no components"
            r.report("missing-key", span, message, "add `components:`", loses_meaning=False)
        report_dangling(r, self.components, self.models)
        report_contradictions(r, self.workloads, self.models, self.components)
        order = {id(document): index for index, document in enumerate(self.documents)}
        problems = sorted(r.problems, key=lambda p: (order[id(p.document)], p.span))
        if r.unlisted:
            more = f"{problems[-1].message} (and {r.unlisted:,} further problems that are not listed)"
            problems[-1] = msgspec.structs.replace(problems[-1], message=more)
        return SYSTEM_RECORD.make(
            **self.top,
            documents=tuple(self.documents), workloads=self.workloads, models=self.models,
            components=self.components, accept=tuple(self.accept), problems=tuple(problems),
            unread=frozenset(r.unread), nones=frozenset(r.nones), origins=r.origins, extra=tuple(sorted(self.extra)),
        )  # fmt: skip

    def files(self, main: Document) -> None:
        """Read the main file and the files that it includes, depth first."""
        known = {main.name}
        self.budget.spend(main)
        waiting: list[tuple[Document, tuple[str, ...]]] = [(main, ())]
        while waiting:
            document, chain = waiting.pop()
            self.documents.append(document)
            node = self.file(document)
            if node is not None:
                chain = (*chain, document.name)
                included = self.includes(document, node, chain, known)
                waiting += [(found, chain) for found in reversed(included)]

    def file(self, document: Document) -> Node | None:
        """Read one file, and return what it includes."""
        r = self.r
        r.document, r.path = document, []
        root = document.root
        if not isinstance(root, Mapping):
            span = root.span if root is not None else Span(0, 1)
            message = "the file is not a mapping of keys"
            r.report("wrong-shape", span, message, "start with `archlint: 1`")
            return None
        self.version(root)
        for key, entry in root.entries.items():
            self.top_key(key, entry, root.entries)
        self.flaws(document, root)
        includes = root.entries.get("include")
        return includes.value if includes is not None else None

    def top_key(self, key: str, entry: Entry, stated: Collection[str]) -> None:
        """Read the value of one top-level key."""
        r = self.r
        r.path = [key]
        r.origins.setdefault((key,), Origin(r.document, entry))
        if key in SECTIONS:
            self.section(key, entry.value)
        elif key == "accept":
            self.acceptances(entry.value)
        elif key in SYSTEM_RECORD.fields:
            self.system_key(key, entry)
        elif key.startswith(OWN_KEY):
            self.extra.append((key, text_of(entry.value)))
        elif key not in TOP_LEVEL:
            r.unknown_key(key, entry, "a file", _top_names(), _fits_top, stated)

    def flaws(self, document: Document, root: Mapping) -> None:
        """Turn the parser's flaws into problems; a repeated section is read too."""
        r = self.r
        r.unlisted += document.unlisted
        paths = _paths(root) if any(flaw.mapping >= 0 for flaw in document.flaws) else {}
        for flaw in document.flaws:
            r.path = [*paths.get(flaw.mapping, ()), *([flaw.key] if flaw.key else ())]
            related = (("first defined here", document, flaw.related),) if flaw.related else ()
            r.report(
                _FLAW_RULES[flaw.kind], flaw.span, flaw.message, _FLAW_CURES[flaw.kind], related=related,
                loses_meaning=flaw.loses_meaning,
            )  # fmt: skip
            if flaw.value is not None and len(r.path) == 1 and flaw.key in SECTIONS:
                self.section(flaw.key, flaw.value)

    def version(self, root: Mapping) -> None:
        """Check the version of the format, if the file states it; an included file need not."""
        r = self.r
        entry = root.entries.get("archlint")
        r.path = ["archlint"]
        if entry is None:
            return
        value = entry.value
        text = value.text if isinstance(value, Scalar) else ""
        if text == FORMAT_VERSION or text.rstrip("0") == f"{FORMAT_VERSION}.":    # JSON Schema cannot tell 1.0 from 1
            return
        said = f"`{shorten(value.text)}`" if isinstance(value, Scalar) else "here"
        message = f"unknown format version {said}; this archlint reads version {FORMAT_VERSION}"
        r.report("unknown-version", value.span, message, "write `archlint: 1`, or update archlint")

    def system_key(self, key: str, entry: Entry) -> None:
        """Read a key of the system as a whole; only one file may set it."""
        field = SYSTEM_RECORD.fields[key]
        says_none = field.may_be_none and isinstance(entry.value, Scalar) and entry.value.text == STATED_NONE
        if says_none:
            self.r.state_none(key)
        value = None if says_none else field.read(self.r, entry.value)
        if self.r.origins[(key,)].document is not self.r.document:
            self.twice((key,), key, entry)
        elif value is not None:
            self.top[field.attribute] = value

    def twice(self, steps: tuple[str, ...], key: str, entry: Entry) -> None:
        """Report a name that is defined twice."""
        r = self.r
        first = r.origins[steps]
        r.path = list(steps)
        related = (("first defined here", first.document, first.entry.key_span),)
        where = "in two files" if first.document is not r.document else "in two places"
        message = f"`{shorten(key)}` is defined {where}; only the first is used"
        r.report("duplicate-name", entry.key_span, message, "rename one of them, or merge them", related=related)

    def section(self, section: str, node: Node) -> None:
        """Read a mapping of names to records."""
        r = self.r
        if isinstance(node, Scalar) and node.is_null:
            return
        if not isinstance(node, Mapping):
            r.wrong_shape(node, "a mapping of names", f"`{section}: {{name: {{…}}}}`")
            return
        read_one = {"components": self.component, "models": self.model, "workloads": self.workload}[section]
        for name, entry in node.entries.items():
            steps = (section, name)
            if steps in r.origins:
                self.twice(steps, name, entry)
                continue
            r.origins[steps] = Origin(r.document, entry)
            r.path = [section, name]
            if len(name) > MAX_NAME or not _is_word(name):
                message = f"`{shorten(name)}` is not a valid name: a name is one word of at most {MAX_NAME} characters"
                r.report("wrong-name", entry.key_span, message, "use letters, digits, - and _")
                if len(name) > MAX_NAME:
                    continue
            value = entry.value
            if isinstance(value, Mapping):
                read_one(name, value)
            elif isinstance(value, Scalar) and value.is_null:
                read_one(name, Mapping({}, entry.start, entry.end))
            else:
                r.wrong_shape(value, "a mapping of keys", f"`{shorten(name)}: {{…}}`")

    def component(self, name: str, node: Mapping) -> None:
        """Read a component; its relations keep the order of the file, over all verbs."""
        relations = self.r.relations
        values = COMPONENT_RECORD.values(self.r, node)
        if values is not None:
            if type(values.get("replicas")) is Scaling:        # quicker than `isinstance`, which most of them fail
                values["scaling"] = values.pop("replicas")
            if type(values.get("zones")) is float:
                values["zone_count"] = values.pop("zones")
            self.components[name] = COMPONENT_RECORD.make(name=name, relations=tuple(relations), **values)
        relations.clear()

    def model(self, name: str, node: Mapping) -> None:
        """Read a model."""
        values = MODEL_RECORD.values(self.r, node)
        if values is not None:
            self.models[name] = MODEL_RECORD.make(name=name, **values)

    def workload(self, name: str, node: Mapping) -> None:
        """Read a workload."""
        values = WORKLOAD.values(self.r, node)
        if values is not None:
            self.workloads[name] = WORKLOAD.make(name=name, **values)

    def includes(self, document: Document, node: Node, chain: tuple[str, ...], known: set[str]) -> list[Document]:
        """Load the files that a file includes; each file is read once."""
        r = self.r
        found: list[Document] = []
        if isinstance(node, Scalar) and node.is_null:
            return found
        here: set[str] = set()
        for index, item in enumerate(node.items if isinstance(node, Sequence) else [node]):
            r.path = ["include", index]
            if not isinstance(item, Scalar) or item.is_null:
                r.wrong_shape(item, "the path of a file", "`include: [models.yaml]`")
                continue
            try:
                if len(known) >= MAX_FILES:
                    raise UnreadableInputError(f"more than {MAX_FILES:,} files are included", "merge some of them")
                included = self.load(document, item.text)
                if included.name not in known:
                    self.budget.spend(included)
            except UnreadableInputError as error:
                r.report("bad-include", item.span, error.message, error.hint)
                continue
            if included.others:
                message = f"{shorten(item.text)} describes {len(included.systems)} systems; only the first is included"
                r.report("several-documents", item.span, message, "move each system into its own file")
            name = included.name
            if name in chain:
                circle = " -> ".join((*chain[chain.index(name) :], name))
                message = f"{shorten(item.text)} includes itself: {circle}"
                r.report("bad-include", item.span, message, "remove one of the includes", loses_meaning=False)
            elif name in here:
                message = f"{shorten(item.text)} is included twice"
                r.report("bad-include", item.span, message, "remove one of the includes", loses_meaning=False)
            elif name not in known:
                found.append(included)
            here.add(name)
            known.add(name)
        return found

    def acceptances(self, node: Node) -> None:
        """Read the list of accepted findings."""
        r = self.r
        if isinstance(node, Scalar) and node.is_null:
            return
        for item in node.items if isinstance(node, Sequence) else [node]:
            index = self.accept_items
            self.accept_items += 1
            r.origins[("accept", str(index))] = Origin(r.document, Entry(item.start, item.end - item.start, item))
            r.path = ["accept", index]
            if not isinstance(item, Mapping):
                r.wrong_shape(item, "an accepted finding", "`{rule: SRV002, reason: …}`")
                continue
            before = len(r.problems)
            values = ACCEPT_RECORD.values(r, item)
            # Without its intended end or condition, an entry would accept too much.
            if values is not None and not any(problem.loses_meaning for problem in r.problems[before:]):
                place = Place(("accept", index), ("accept", str(index)))
                self.accept.append(ACCEPT_RECORD.make(place=place, **values))


@cache
def _top_names() -> Names:
    return names_with_synonyms(TOP_LEVEL)


def _fits_top(r: Reading, key: str, node: Node) -> bool:
    """Whether a key of the top level takes a value of this shape."""
    if key in SYSTEM_RECORD.fields:
        return r.could_read(SYSTEM_RECORD.fields[key].read, key, node)
    if key in SECTIONS:
        return isinstance(node, Mapping) or (isinstance(node, Scalar) and node.is_null)
    return isinstance(node, Scalar) if key == "archlint" else key != "include" or not isinstance(node, Mapping)


def _is_word(name: str) -> bool:
    """Whether a name is one word, without control characters."""
    return name.split() == [name] and min(name) > " " and "\x7f" not in name


def _paths(root: Mapping) -> dict[int, Steps]:
    """Where each mapping of a document stands, by the offset at which it starts."""
    paths: dict[int, Steps] = {}
    waiting: list[tuple[Node, Steps]] = [(root, ())]
    while waiting:
        node, path = waiting.pop()
        if isinstance(node, Mapping) and node.start not in paths:
            paths[node.start] = path
            waiting += [(entry.value, (*path, key)) for key, entry in node.entries.items()]
        elif isinstance(node, Sequence):
            waiting += [(item, (*path, index)) for index, item in enumerate(node.items)]
    return paths

"""A draft as the documents that the reader of architectures takes: every value stands at its place in a manifest."""

from __future__ import annotations

from pathlib import Path

from archlint.errors import UnreadableInputError
from archlint.importers.deployment import deployment_of
from archlint.importers.draft import Component, Draft, Entrance, Relation
from archlint.importers.objects import Fact, Site
from archlint.importers.secrets import masked
from archlint.source.document import Document
from archlint.source.files import real_path
from archlint.source.nodes import Entry, Mapping, Node, Scalar, Sequence, Span


class Deployed:
    """The documents of an import: the first file is the main one, and includes the others.

    Each file has the components that it defines, with their models and the workloads that come in at them. All of them
    name the files that were read (`Document.imported`).
    """

    def __init__(self, draft: Draft, system: str, sources: tuple[str, ...]) -> None:
        self.draft = draft
        self.sources = sources
        self.deployment = deployment_of(draft)
        self.files: dict[str, Document] = {}
        self.sections: dict[tuple[str, str], dict[str, Entry]] = {}
        models = dict(draft.models)
        for component in draft.components.values():
            place = _Places(component.site)
            self.add("components", component.name, component.site, place.component(component))
            for model in component.serves:
                if model in models:
                    self.add("models", model, component.site, place.model(models.pop(model)))
        for name, entrance in draft.workloads.items():
            self.add("workloads", name, entrance.site, _Places(entrance.site).workload(entrance))
        first = next(iter(self.files), "")
        self.documents = {name: self.document(name, system if name == first else "") for name in self.files}
        self.main = self.documents[first]
        self.included: set[Path] = {real_path(Path(name)) for name in self.documents if name != first}

    def __call__(self, document: Document, target: str) -> Document:
        """Return one of the further files."""
        if target not in self.documents:
            raise UnreadableInputError(f"{target}: no such file", "name a file of the import")
        return self.documents[target]

    def add(self, section: str, name: str, site: Site, value: Mapping) -> None:
        """Add a part to the file that defines it."""
        self.files.setdefault(site.file, site.document)
        self.sections.setdefault((site.file, section), {})[name] = Entry(*_Places(site).of(site), value)

    def document(self, name: str, system: str) -> Document:
        """Return one file with the parts that it defines; the main one has the name of the system."""
        source = self.files[name]
        length = len(source.text)
        entries: dict[str, Entry] = {"archlint": Entry(0, 1, Scalar("1", 0, 1, True))}
        if system:
            entries["system"] = Entry(0, 1, Scalar(system, 0, 1, False))
            entries["imported"] = Entry(0, 1, Scalar("true", 0, 1, True))
            others: list[Node] = [Scalar(other, 0, 1, False) for other in self.files if other != name]
            if others:
                entries["include"] = Entry(0, 1, Sequence(others, 0, 1))
        for section in ("workloads", "models", "components"):
            parts = self.sections.get((name, section))
            if parts:
                entries[section] = Entry(0, 1, Mapping(parts, 0, length))
        made = Document(name, masked(source.text), Mapping(entries, 0, length), extent=Span(0, length), like=source)
        made.imported = self.sources
        return made


class _Places:
    """The places of one component: what another file states stands at its name."""

    def __init__(self, home: Site) -> None:
        self.home = home

    def of(self, site: Site) -> tuple[int, int]:
        span = site.span if site.file == self.home.file else self.home.span
        return span.start, max(span.end - span.start, 1)

    def scalar(self, text: str, site: Site, plain: bool = False) -> Scalar:
        return Scalar(text, *self.of(site), plain)

    def entry(self, text: str, site: Site, plain: bool = False) -> Entry:
        return Entry(*self.of(site), self.scalar(text, site, plain))

    def component(self, one: Component) -> Mapping:
        image = one.unit.image.site if one.unit.image is not None else one.site
        entries = {"kind": self.entry(one.kind, one.site)}
        if one.uses:
            entries["uses"] = self.entry(one.uses, image)
        if one.serves:
            models: list[Node] = [self.scalar(model, one.site) for model in one.serves]
            entries["serves"] = Entry(*self.of(one.site), Sequence(models, *self.ends(one.site)))
        for key, fact in one.facts.items():
            entries[key] = Entry(*self.of(fact.site), self.fact(fact))
        verbs: dict[str, list[Relation]] = {}
        for relation in one.relations:
            verbs.setdefault(relation.verb, []).append(relation)
        for verb, relations in verbs.items():
            items = [self.relation(relation) for relation in relations]
            site = relations[0].site
            entries[verb] = Entry(*self.of(site), Sequence(items, *self.ends(site)))
        return Mapping(entries, *self.ends(one.site))

    def model(self, facts: dict[str, Fact]) -> Mapping:
        entries = {key: self.entry(fact.text, fact.site, plain=True) for key, fact in facts.items()}
        return Mapping(entries, *self.ends(self.home))

    def workload(self, one: Entrance) -> Mapping:
        source: Node = self.scalar(one.client, self.home)
        if one.to:
            pair = {"client": self.entry(one.client, self.home), "to": self.entry(one.to, self.home)}
            source = Mapping(pair, *self.ends(self.home))
        return Mapping({"from": Entry(*self.of(self.home), source)}, *self.ends(self.home))

    def ends(self, site: Site) -> tuple[int, int]:
        start, width = self.of(site)
        return start, start + width

    def fact(self, fact: Fact) -> Node:
        if fact.text == "{}":
            return Mapping({}, *self.ends(fact.site))
        if not fact.inner:
            return self.scalar(fact.text, fact.site, plain=True)
        return Mapping(
            {name: Entry(*self.of(value.site), self.fact(value)) for name, value in fact.inner}, *self.ends(fact.site)
        )

    def relation(self, relation: Relation) -> Node:
        if not relation.attributes:
            return self.scalar(relation.target, relation.site)
        entries = {"to": self.entry(relation.target, relation.site)}
        for key, text in relation.attributes:
            entries[key] = self.entry(text, relation.site, plain=key not in {"when", "parallel"})
        return Mapping(entries, *self.ends(relation.site))

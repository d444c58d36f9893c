"""A draft as the documents that the reader of architectures takes: every value stands at its place in a manifest."""

from __future__ import annotations

from pathlib import Path

from archlint.errors import UnreadableInputError
from archlint.importers.draft import Component, Draft, Relation
from archlint.importers.objects import Fact, Site
from archlint.source.document import Document
from archlint.source.files import real_path
from archlint.source.nodes import Entry, Mapping, Node, Scalar, Sequence, Span


class Deployed:
    """The documents of an import: the first file is the main one, and includes the others."""

    def __init__(self, draft: Draft, system: str) -> None:
        self.files: dict[str, Document] = {}
        self.parts: dict[str, dict[str, Entry]] = {}
        for component in draft.components.values():
            self.add(component.name, component)
        first = next(iter(self.files), "")
        models = {name: Entry(0, 1, Mapping({}, 0, 1)) for name in draft.models}
        self.documents = {
            name: self.document(name, system if name == first else "", models if name == first else {})
            for name in self.files
        }
        self.main = self.documents[first]
        self.included: set[Path] = {real_path(Path(name)) for name in self.documents if name != first}

    def __call__(self, document: Document, target: str) -> Document:
        """Return one of the further files."""
        if target not in self.documents:
            raise UnreadableInputError(f"{target}: no such file", "name a file of the import")
        return self.documents[target]

    def add(self, name: str, component: Component) -> None:
        """Add a component to the file that defines it."""
        site = component.site
        self.files.setdefault(site.file, site.document)
        place = _Places(site)
        self.parts.setdefault(site.file, {})[name] = Entry(*place.of(site), place.component(component))

    def document(self, name: str, system: str, models: dict[str, Entry]) -> Document:
        """Return one file with the components that it defines."""
        source = self.files[name]
        entries: dict[str, Entry] = {"archlint": Entry(0, 1, Scalar("1", 0, 1, True))}
        if system:
            entries["system"] = Entry(0, 1, Scalar(system, 0, 1, False))
            others: list[Node] = [Scalar(other, 0, 1, False) for other in self.files if other != name]
            if others:
                entries["include"] = Entry(0, 1, Sequence(others, 0, 1))
        if models:
            entries["models"] = Entry(0, 1, Mapping(models, 0, 1))
        entries["components"] = Entry(0, 1, Mapping(self.parts[name], 0, len(source.text)))
        length = len(source.text)
        return Document(name, source.text, Mapping(entries, 0, length), extent=Span(0, length), like=source)


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

    def ends(self, site: Site) -> tuple[int, int]:
        start, width = self.of(site)
        return start, start + width

    def fact(self, fact: Fact) -> Node:
        if not fact.inner:
            return self.scalar(fact.text, fact.site, plain=True)
        return Mapping(
            {name: Entry(*self.of(value.site), self.fact(value)) for name, value in fact.inner}, *self.ends(fact.site)
        )

    def relation(self, relation: Relation) -> Node:
        if not relation.share:
            return self.scalar(relation.target, relation.site)
        target, share = ((text, relation.site) for text in (relation.target, relation.share))
        entries = {"to": self.entry(*target), "share": self.entry(*share, plain=True)}
        return Mapping(entries, *self.ends(relation.site))

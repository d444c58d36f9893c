"""A system as an editor needs it: its parts, and every place that defines or uses a name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from archlint.linter import require_architecture
from archlint.lsp.systems import Texts
from archlint.lsp.tree import own_entries, steps_of
from archlint.model.architecture import Acceptance, Architecture
from archlint.model.locate import locate
from archlint.model.places import Place
from archlint.model.read import read_with_references
from archlint.model.reading import Reference
from archlint.model.records import SECTIONS
from archlint.source.document import Document
from archlint.source.files import FileIncludes, read_document, real_path
from archlint.source.nodes import Mapping, Span
from archlint.source.parser import decode, parse


def _in_path(name: str) -> str:
    return f'"{name}"' if "." in name else name


class Use(msgspec.Struct, frozen=True):
    """A place that names a part: its key, a reference to it, or a path that starts with it (`head`, name, `tail`)."""

    section: str
    name: str
    document: Document
    span: Span
    head: str = ""
    tail: str = ""

    @property
    def written(self) -> str:
        """The name as written, with its quotes."""
        return self.document.text[self.span.start : self.span.end]

    def with_name(self, name: str) -> str:
        """Return the value of the place with another name."""
        return f"{self.head}{_in_path(name)}{self.tail}" if self.head else name

    def holds(self, offset: int) -> bool:
        """Whether an offset is in this place, or at its end."""
        return self.span.start <= offset <= self.span.end


class Known(msgspec.Struct, frozen=True):
    """One system, read with the texts of an editor."""

    architecture: Architecture
    references: tuple[Reference, ...]

    @property
    def documents(self) -> tuple[Document, ...]:
        """The documents of its files, the main one first."""
        return self.architecture.documents

    def names(self, section: str) -> dict[str, str]:
        """Return the names of a section, each with a few words about it."""
        return {name: self.about(section, name) for name in self.parts(section)}

    def parts(self, section: str) -> tuple[str, ...]:
        """Return the names of a section."""
        return tuple(steps[1] for steps in self.architecture.origins if len(steps) == 2 and steps[0] == section)

    def about(self, section: str, name: str) -> str:
        """Describe a part in a few words."""
        if section == "components" and (component := self.architecture.components.get(name)) is not None:
            return f"{component.kind} ({component.uses})" if component.uses else component.kind
        if section == "models" and (model := self.architecture.models.get(name)) is not None:
            return model.description or " ".join(filter(None, ("model", model.family, model.version)))
        return section.removesuffix("s")

    def uses(self, section: str, name: str) -> list[Use]:
        """Return every place that defines or uses a name, each once, in the order of the files."""
        same = (use for use in self._uses() if (use.section, use.name) == (section, name))
        found = {(use.document.name, use.span): use for use in same}
        order = {document.name: index for index, document in enumerate(self.documents)}
        return sorted(found.values(), key=lambda use: (order[use.document.name], use.span))

    def use_at(self, document: str, offset: int) -> Use | None:
        """Return the name at an offset of a file, if one is there."""
        return next((use for use in self._uses() if use.document.name == document and use.holds(offset)), None)

    def document_at(self, path: Path, offset: int) -> Document | None:
        """Return the document that a place of a file belongs to, given the resolved path; None if it has none."""
        for document in self.documents:
            if document.extent.start <= offset <= document.extent.end and real_path(Path(document.name)) == path:
                return document
        return None

    def definition(self, section: str, name: str) -> Use | None:
        """Return the place that defines a name, if one does."""
        origin = self.architecture.origins.get((section, name))
        return Use(section, name, origin.document, origin.entry.key_span) if origin is not None else None

    def _uses(self) -> Iterator[Use]:
        for document in self.documents:
            for section in SECTIONS:
                root = document.root
                node = root.entries[section].value if isinstance(root, Mapping) and section in root.entries else None
                for name, entry in own_entries(node):
                    yield Use(section, name, document, entry.key_span)
        for reference in self.references:
            yield Use(reference.section, reference.node.text, reference.document, reference.node.span)
        for component in self.architecture.components.values():
            for relation in component.relations:
                if relation.fallback in self.architecture.components:      # others are in words
                    yield Use("components", relation.fallback or "", *self._at(relation.place("fallback")))
        for accepted in self.architecture.accept:
            yield from self._accepted(accepted)

    def _accepted(self, entry: Acceptance) -> Iterator[Use]:
        """Yield the path of an accepted finding, if it names a part."""
        section, name, *_ = (*steps_of(entry.at or ""), "", "")
        if entry.at is not None and section in SECTIONS and isinstance(name, str):
            head = f"{section}."
            rest = entry.at[len(head) :]
            word = next((word for word in (f'"{name}"', name) if rest.startswith(word)), None)
            if entry.at.startswith(head) and word is not None:
                document, span = self._at(entry.place.key("at"))
                yield Use(str(section), name, document, span, head, rest[len(word) :])

    def _at(self, where: Place) -> tuple[Document, Span]:
        return locate(self.architecture.origins, where, self.architecture.document)


def know(main: Path, texts: Texts) -> list[Known]:
    """Read the systems of a main file; raises `UnreadableInputError` if it cannot be read."""
    data = texts.get(real_path(main))
    document = read_document(main) if data is None else parse(str(main), decode(str(main), data))
    found = []
    for system in document.systems:
        require_architecture(system)
        found.append(Known(*read_with_references(system, FileIncludes(main, texts=texts))))
    return found


def unread_files(known: Iterable[Known]) -> list[str]:
    """Return the messages about files of systems that could not be read."""
    problems = (problem for one in known for problem in one.architecture.problems if problem.kind == "bad-include")
    return [problem.message for problem in problems]


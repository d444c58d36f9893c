"""What reading a document needs: the problems met so far, and the references to resolve at the end."""

from __future__ import annotations

from collections.abc import Iterable

from archlint.model.architecture import Origin, Problem
from archlint.model.names import nearest
from archlint.model.places import Place, Step
from archlint.model.quantities import shorten
from archlint.model.words import SYNONYMS
from archlint.source.document import Document
from archlint.source.nodes import Mapping, Node, Scalar, Sequence, Span

Steps = tuple[Step, ...]


class Reference:
    """A name that has to stand in a section of the file; checked when everything was read."""

    __slots__ = ("document", "name", "node", "section", "steps")

    def __init__(self, document: Document, name: str, node: Scalar, section: str, steps: Steps) -> None:
        self.document = document
        self.name = name
        self.node = node
        self.section = section
        self.steps = steps


class Reading:
    """The state of one reading: everything that is reported or noted goes through here."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self.unread: set[str] = set()
        self.references: list[Reference] = []
        self.origins: dict[tuple[str, ...], Origin] = {}

    def report(
        self,
        kind: str,
        steps: Steps,
        span: Span,
        message: str,
        suggestion: str = "",
        related: tuple[tuple[str, Document, Span], ...] = (),
        loses_meaning: bool = True,
    ) -> None:
        """Note a problem; where it loses meaning, the place counts as unread, never as absent."""
        place = Place(steps, self.names_of(steps))
        if loses_meaning:
            self.unread.add(place.identity)
        self.problems.append(
            Problem(kind, place, message, self.document, span, suggestion, related, loses_meaning)
        )

    def names_of(self, steps: Steps) -> tuple[str, ...]:
        """Name a path by targets instead of list indices, as far as the document tells them."""
        names: list[str] = []
        origin = self.origins.get(tuple(str(step) for step in steps[:2]))
        node: Node | None = origin.entry.value if origin else None
        for position, step in enumerate(steps):
            if isinstance(step, str):
                names.append(step)
                if position >= 2:
                    entry = node.entries.get(step) if isinstance(node, Mapping) else None
                    node = entry.value if entry else None
                continue
            if isinstance(node, Sequence):
                node = node.items[step] if step < len(node.items) else None
            names.append(_name_of_item(node) or str(step))
        return tuple(names)

    def wrong_shape(self, steps: Steps, node: Node, wanted: str, example: str) -> None:
        """Report a mapping, list or scalar that stands where another shape is needed."""
        found = {Mapping: "a mapping", Sequence: "a list"}.get(type(node))
        if isinstance(node, Scalar):
            found = "nothing" if node.is_null else f"`{shorten(node.text)}`"
        message = f"`{steps[-1]}` needs {wanted}, but has {found}"
        self.report("wrong-shape", steps, Span(node.start, max(node.end, node.start + 1)), message, f"write {example}")

    def unknown_word(self, steps: Steps, node: Scalar, what: str, words: Iterable[str], kind: str) -> None:
        """Report a word outside its list, with the nearest one inside."""
        known = list(words)
        likely = nearest(node.text, known, {k: v for k, v in SYNONYMS.items() if v in known})
        suggestion = f"did you mean `{likely}`?" if likely else f"known: {', '.join(known[:30])}"
        self.report(kind, steps, node.span, f"`{shorten(node.text)}` is no {what}", suggestion)


def _name_of_item(node: Node | None) -> str | None:
    if isinstance(node, Mapping):
        to = node.entries.get("to")
        node = to.value if to else None
    return node.text if isinstance(node, Scalar) else None

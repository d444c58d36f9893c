"""The state of reading a document: the problems so far, and the references to resolve at the end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Final

import msgspec

from archlint.about import docs_url
from archlint.model.architecture import WHOLE_FILE, Origin, Problem, Relation
from archlint.model.names import Names, is_near
from archlint.model.places import Place, Step
from archlint.model.quantities import shorten
from archlint.model.words import OTHER_SYNONYMS, SYNONYMS
from archlint.source.document import Document
from archlint.source.nodes import Entry, Mapping, Node, Scalar, Sequence, Span

Steps = tuple[Step, ...]

MAX_NAME: Final = 200
MAX_PROBLEMS: Final = 10_000
"""How many problems are listed. The last one gives the number of further problems."""
_MOST_KEYS_SHOWN: Final = 14
_MOST_SHOWN: Final = 20
_MAX_COMPARED: Final = 50_000
"""How many names are compared with misspelt ones in one reading: about one second of work."""


class Reference(msgspec.Struct, frozen=True):
    """A name that a section of the file must define; checked after everything is read."""

    section: str
    node: Scalar
    document: Document
    steps: Steps


HomeOf = Callable[[str, str, str], str | None]
"""Says where a misplaced key belongs, given its value as an example and what it was written in."""
Fits = Callable[["Reading", str, Node], bool]
"""Decides whether a key takes a value of this shape."""


class Reading:
    """The state of one reading: everything that is reported or noted goes through here.

    `path` is the current position. It grows and shrinks as the reader moves, so that correct parts cost no new path.
    `relations` are those of the current component. `home_of` names the right place for a misplaced key.
    """

    def __init__(self, document: Document, home_of: HomeOf = lambda key, value, what: None) -> None:
        self.document = document
        self.home_of = home_of
        self.path: list[Step] = []
        self.problems: list[Problem] = []
        self.unlisted = 0
        self.unread: set[str] = set()
        self.nones: set[str] = set()
        self.unread_parts: set[tuple[str, ...]] = set()
        self.references: list[Reference] = []
        self.relations: list[Relation] = []
        self.origins: dict[tuple[str, ...], Origin] = {}
        self.to_compare = _MAX_COMPARED
        self.is_trial = False

    def report(
        self,
        kind: str,
        span: Span,
        message: str,
        suggestion: str = "",
        *,
        related: tuple[tuple[str, Document, Span], ...] = (),
        loses_meaning: bool = True,
        steps: Steps | None = None,
        means: Place | None = None,
    ) -> None:
        """Add a problem at the current path; if it loses meaning, mark the place as unread, not as absent.

        `means` is the intended place, if the format does not have the written one.
        """
        if self.is_full():
            return
        steps = tuple(map(_short, self.path if steps is None else steps))
        place = Place(steps, self.names_of(steps))
        if loses_meaning:
            self.lose(place.names)
        size = self.document.size
        span = Span(min(span.start, size), min(max(span.end, span.start + 1), size))
        self.problems.append(
            Problem(kind, place, message, self.document, span, suggestion, related, loses_meaning, means)
        )

    def noted(self) -> tuple[int, ...]:
        """Return how much was reported and noted so far."""
        return len(self.problems), self.unlisted, len(self.references), len(self.nones), len(self.relations)

    def is_full(self) -> bool:
        """Whether the list of problems is full; then count one more, and mark the whole file as unread."""
        if len(self.problems) < MAX_PROBLEMS:
            return False
        self.unlisted += 1
        self.unread.add(WHOLE_FILE)
        return True

    def lose(self, names: tuple[str, ...]) -> None:
        """Mark a place and the keys that contain it as unread."""
        self.unread_parts.add(names[:2])
        self.unread.add(".".join(names) or WHOLE_FILE)
        for length in range(3, len(names)):
            self.unread.add(".".join(names[:length]))

    def state_none(self, key: str) -> None:
        """Note that the file states that there is none; the key is the last one of the path."""
        steps = tuple(map(_short, (*self.path[:-1], key)))
        self.nones.add(".".join(self.names_of(steps)))

    def names_of(self, steps: Steps) -> tuple[str, ...]:
        """Name a path with targets instead of list indices, as far as the document has them."""
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

    def wrong_shape(self, node: Node, wanted: str, example: str) -> None:
        """Report a mapping, list or scalar where another shape is needed."""
        if isinstance(node, Scalar):
            found = "nothing" if node.is_null else f"`{shorten(node.text)}`"
        else:
            found = "a mapping" if isinstance(node, Mapping) else "a list"
        message = f"{self.subject()} needs {wanted}, but has {found}"
        self.report("wrong-shape", Span(node.start, node.end), message, f"write {example}")

    def subject(self) -> str:
        """Name what is being read: a key, or an item of a list."""
        if not self.path:
            return "the file"
        last = self.path[-1]
        if isinstance(last, int):
            return f"an item of `{shorten(str(self.path[-2]))}`"
        return f"`{shorten(last)}`"

    def unknown_key(
        self, key: str, entry: Entry, what: str, names: Names, fits: Fits, stated: Collection[str] = ()
    ) -> None:
        """Report an unknown key, the last one of the path; `names` are the valid ones, `stated` those beside it.

        A key is suggested only if it takes such a value. Without a suggestion, no key of the format was meant.
        """
        if self.is_trial or self.is_full():
            return
        around: Steps = tuple(self.path[:-1])
        near = names.nearest(key, thorough=False)
        if near is not None and not fits(self, near, entry.value):
            near = None
        home = None if near else self.home_of(key, _shown_value(entry.value), what)
        likely = near or (None if home else self._similar_key(key, entry, names, fits))
        means: Place | None = None
        if home:
            suggestion = home
            means = Place(around, self.names_of(around))
        elif likely:
            suggestion = f"did you mean `{likely}`?"
            if likely in stated and self.document.home(entry.key_span)[0] is self.document:     # a setting replaces it
                suggestion = f"`{likely}` is set already; remove `{shorten(key)}`, or merge them"
            means = Place((*around, likely), (*self.names_of(around), likely))
            self.lose(means.names)
        elif len(names.names) <= _MOST_KEYS_SHOWN:
            suggestion = f"known keys: {', '.join(names.names.values())}"
        else:
            suggestion = f"`archlint explain {what.rpartition(' ')[2]}` lists the keys, as does {docs_url('keys.md')}"
        message = f"{what} has no key `{shorten(key)}`"
        self.report("unknown-key", entry.key_span, message, suggestion, loses_meaning=means is not None, means=means)

    def _similar_key(self, key: str, entry: Entry, names: Names, fits: Fits) -> str | None:
        likely = self.likely(names, key)
        return likely if likely and is_near(key, likely) and fits(self, likely, entry.value) else None

    def could_read(self, read: Callable[[Reading, Node], object], key: str, node: Node) -> bool:
        """Whether a value has the shape that a key takes; a mistake inside it does not matter."""
        if isinstance(node, Scalar) and node.is_null:
            return True
        trial = Reading(self.document)
        trial.is_trial = True
        trial.path = [*self.path[:-1], key]
        value = read(trial, node)
        kinds = {problem.kind for problem in trial.problems}
        if not kinds or value:
            return True
        if isinstance(node, Scalar):
            return "wrong-shape" not in kinds
        return "contradiction" in kinds or "wrong-quantity" in kinds

    def unknown_word(self, node: Scalar, what: str, names: Names, kind: str) -> None:
        """Report a word that is not in its list, with the nearest one that is."""
        if self.is_full():
            return
        likely = self.likely(names, node.text)
        known = list(names.names.values())
        suggestion = f"did you mean `{likely}`?" if likely else f"valid values: {', '.join(known[:30])}"
        word = f"`{shorten(node.text)}`"
        message = f"unknown {what} {word}" if what else f"{self.subject()} cannot be {word}"
        self.report(kind, node.span, message, suggestion)

    def likely(self, names: Names, word: str) -> str | None:
        """Return the nearest name, until the limit for comparisons is reached."""
        before = names.compared
        found = names.nearest(word, thorough=self.to_compare > 0)
        self.to_compare -= names.compared - before
        return found


def _shown_value(node: Node) -> str:
    """Return a short value as written, for an example; dots for any other."""
    return node.text if isinstance(node, Scalar) and 0 < len(node.text) <= _MOST_SHOWN and node.plain else "…"


def names_with_synonyms(words: Iterable[str]) -> Names:
    """Prepare words of the format, with common synonyms."""
    known = list(words)
    synonyms = (OTHER_SYNONYMS, SYNONYMS)
    meanings = {word: meant for words in synonyms for word, meant in words.items() if meant in known}
    return Names(known, meanings, by_words=True)


def _short(step: Step) -> Step:
    return step if isinstance(step, int) or len(step) <= MAX_NAME else step[: MAX_NAME - 1] + "…"


def _name_of_item(node: Node | None) -> str | None:
    if isinstance(node, Mapping):
        to = node.entries.get("to")
        node = to.value if to else None
    return str(_short(node.text)) if isinstance(node, Scalar) else None

"""The words that a system mentions. A rule has nothing to say about a system without its words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from archlint.analysis.system import System
from archlint.source.nodes import Mapping, Node, Sequence

GENERATOR: Final = "generator"
"""The word of systems with a server whose technology generates tokens, whatever the keys."""
MAX_CHARACTERS: Final = 400_000


class Searched:
    """The words of a large system: those in the texts of its files, as keys or not."""

    def __init__(self, system: System) -> None:
        self._texts = [document.text for document in system.architecture.documents]
        self._known = dict.fromkeys((component.kind for component in system.components.values()), True)
        self._known[GENERATOR] = system.has_generators

    def isdisjoint(self, words: Iterable[str], /) -> bool:
        """Return whether it has none of some words."""
        return not any(map(self._has, words))

    def _has(self, word: str) -> bool:
        if word not in self._known:
            key = word.rpartition(".")[2]
            self._known[word] = any(key in text for text in self._texts)
        return self._known[word]


def mentioned(system: System) -> frozenset[str] | Searched | None:
    """Return the keys and the kinds of a system, and `generator` if a technology of it generates tokens.

    A key that stands directly in a component is there as `component.KEY` too.

    None stands for every word: a misspelt key may be any, and so may one that is written with escapes. Of files above
    400,000 characters, only the texts are searched.
    """
    architecture = system.architecture
    documents = architecture.documents
    if architecture.problems or architecture.unread:
        return None
    if sum(document.size for document in documents) > MAX_CHARACTERS:
        plain = all(document.as_written and "\\" not in document.text for document in documents)
        return Searched(system) if plain else None
    words = {component.kind for component in system.components.values()}
    if system.has_generators:
        words.add(GENERATOR)
    roots = [document.root for document in documents if document.root is not None]
    for root in roots:
        section = root.entries.get("components") if isinstance(root, Mapping) else None
        if section is not None and isinstance(section.value, Mapping):
            for entry in section.value.entries.values():
                if isinstance(entry.value, Mapping):
                    words.update(f"component.{key}" for key in entry.value.entries)
    stack: list[Node] = list(roots)
    while stack:
        node = stack.pop()
        if isinstance(node, Mapping):
            words.update(node.entries)
            stack += [entry.value for entry in node.entries.values() if isinstance(entry.value, Mapping | Sequence)]
        elif isinstance(node, Sequence):
            stack += [item for item in node.items if isinstance(item, Mapping | Sequence)]
    return frozenset(words)

"""The words that a system mentions. A rule has nothing to say about a system without its words."""

from __future__ import annotations

from typing import Final

from archlint.analysis.system import System
from archlint.source.nodes import Mapping, Node, Sequence

GENERATOR: Final = "generator"
"""The word of systems with a server whose technology generates tokens, whatever the keys."""
MAX_CHARACTERS: Final = 400_000


def mentioned(system: System) -> frozenset[str] | None:
    """Return the keys and the kinds of a system, and `generator` if a technology of it generates tokens.

    A key that stands directly in a component is there as `component.KEY` too.

    None stands for every word. Files above 400,000 characters are not searched: they mention most words, and to load
    all rules takes little of their time. Neither are files with mistakes: a misspelt key may be any word.
    """
    architecture = system.architecture
    documents = architecture.documents
    if architecture.problems or architecture.unread or sum(document.size for document in documents) > MAX_CHARACTERS:
        return None
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

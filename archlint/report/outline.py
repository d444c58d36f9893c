"""The outline of a text, by its indentation: reports keep the text of a file, not its values."""

from __future__ import annotations

import re

from archlint.source.document import Document

_ENTITY = r'\w+\.(?:"([^"]+)"|([^.\["]+))'

_FAR = 2000
"""At most so many lines are searched upwards, to limit the time for many findings."""


class Outline:
    """Finds the line of a document that contains another one, by indentation."""

    __slots__ = ("_document",)

    def __init__(self, document: Document) -> None:
        self._document = document

    def entity_line(self, at: str, line: int) -> int | None:
        r"""Find the line above a place that names the component, model or workload it belongs to.

        None if it is the same line, or if the indentation does not show it.

        >>> text = "components:\n  api:\n    kind: service\n    replicas: 1\n"
        >>> Outline(Document("a.yaml", text, None)).entity_line("components.api.replicas", 4)
        2
        """
        match = re.match(_ENTITY, at)
        if match is None or line < 1:
            return None
        name = match[1] or match[2]
        starts = (f"{name}:", f'"{name}":', f"'{name}':")
        if self._document.line(line).lstrip(" ").startswith(starts):
            return None
        indent = _indent(self._document.line(line))
        for above in range(line - 1, max(0, line - _FAR), -1):
            text = self._document.line(above)
            outer = _indent(text)
            if outer is None or (indent is not None and outer >= indent):
                continue
            # A line without indentation is a section, which may have the same name as a component.
            if outer and text[outer:].startswith(starts):
                return above
            if not outer:
                return None
            indent = outer
        return None


def _indent(text: str) -> int | None:
    """Return the indentation of a line; None for an empty line or a comment."""
    key = text.lstrip(" ")
    return None if not key or key.startswith("#") else len(text) - len(key)

"""The outline of a text by its indentation: reports keep the text of a file, and not its values."""

from __future__ import annotations

import re

from archlint.source.document import Document

_ENTITY = re.compile(r'\w+\.(?:"([^"]+)"|([^.\["]+))')


class Outline:
    """Which line of a document stands above which."""

    __slots__ = ("_above", "_document")

    def __init__(self, document: Document) -> None:
        self._document = document
        self._above = _lines_above(document)

    def entity_line(self, at: str, line: int) -> int | None:
        r"""Find the line above a place that names the component, model or workload it belongs to.

        None where it is the same line, or where the text is laid out so that indentation does not tell.

        >>> text = "components:\n  api:\n    kind: service\n    replicas: 1\n"
        >>> Outline(Document("a.yaml", text, None)).entity_line("components.api.replicas", 4)
        2
        """
        match = _ENTITY.match(at)
        if match is None or not 0 < line < len(self._above):
            return None
        name = match[1] or match[2]
        starts = (f"{name}:", f'"{name}":', f"'{name}':")
        if self._document.line(line).lstrip(" ").startswith(starts):
            return None
        above = self._above[line]
        while above:
            text = self._document.line(above)
            # What is not indented is a section, which may have the name of a component.
            if text.startswith(" ") and text.lstrip(" ").startswith(starts):
                return above
            above = self._above[above]
        return None


def _lines_above(document: Document) -> list[int]:
    """For each line (counted from 1) the last one above that is indented less, or 0."""
    above = [0]
    open_lines: list[tuple[int, int]] = []
    for number in range(1, document.position(len(document.text)).line + 1):
        text = document.line(number)
        key = text.lstrip(" ")
        if not key or key.startswith("#"):
            above.append(0)
            continue
        indent = len(text) - len(key)
        while open_lines and open_lines[-1][0] >= indent:
            open_lines.pop()
        above.append(open_lines[-1][1] if open_lines else 0)
        open_lines.append((indent, number))
    return above

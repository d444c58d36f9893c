"""Where a line that Helm rendered comes from: the line of the template with the same text around its expressions."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import Final

from archlint.importers.objects import Site
from archlint.source.document import Document
from archlint.source.nodes import Span

_ACTION: Final = re.compile(r"\{\{.*?\}\}")
_KEY: Final = re.compile(r"^(?:- )?([\w./\"'-]+):")
MAX_TRIED: Final = 40
"""How many lines of the template are tried for one rendered line."""


class Lines:
    """The lines of one template."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.starts: list[int] = []
        self.texts: list[str] = []
        self.same: dict[str, list[int]] = {}
        self.keyed: dict[str, list[int]] = {}
        self.patterns: dict[int, re.Pattern[str]] = {}
        offset = 0
        for number, line in enumerate(document.text.split("\n")):
            text = line.strip()
            self.starts.append(offset)
            self.texts.append(text)
            offset += len(line) + 1
            if "{{" not in text:
                if text and not text.startswith("#"):
                    self.same.setdefault(text, []).append(number)
                continue
            key = _KEY.match(text)
            if key is not None and not key[1].startswith("{{"):
                self.keyed.setdefault(key[0], []).append(number)

    def align(self, rendered: str) -> list[int]:
        """Return the line of the template for each rendered line: the nearest that fits, preferably further down."""
        found: list[int] = []
        last = 0
        for line in rendered.split("\n"):
            text = line.strip()
            number = self._line(text, last) if text else None
            if number is None:
                after = last + 1
                number = after if after < len(self.texts) and "{{" in self.texts[after] and text else last
                found.append(number)
                continue
            last = number
            found.append(number)
        return found

    def _line(self, text: str, last: int) -> int | None:
        best: tuple[int, int] | None = None
        for number in _near(self.same.get(text, []), last):
            best = min(best or (1 << 30, 0), (_distance(number, last), number))
        key = _KEY.match(text)
        for number in _near(self.keyed.get(key[0], []), last) if key is not None else ():
            distance = (_distance(number, last), number)
            if (best is None or distance < best) and self._fits(number, text):
                best = distance
        return best[1] if best is not None else None

    def _fits(self, number: int, text: str) -> bool:
        """Whether a rendered line can come from a line with expressions."""
        parts = [part.strip() for part in _ACTION.split(self.texts[number])]
        at = 0
        for part in parts:
            at = text.find(part, at)
            if at < 0:
                return False
            at += len(part)
        return text.startswith(parts[0])

    def site(self, number: int, text: str) -> Site:
        """Return the place of a text in a line of the template; the whole line if the text is not in it."""
        start, line = self.starts[number], self.document.text[self.starts[number] :].partition("\n")[0]
        at = line.find(text) if text else -1
        if at >= 0:
            return Site(self.document, Span(start + at, start + at + len(text)))
        stripped = line.strip()
        begin = start + len(line) - len(line.lstrip())
        return Site(self.document, Span(begin, begin + max(1, len(stripped))))


def _distance(number: int, last: int) -> int:
    """How far a line is from the last one: going back, as a loop does, is further."""
    return number - last if number > last else 2 * (last - number) + 2


def _near(numbers: list[int], last: int) -> list[int]:
    at = bisect_left(numbers, last)
    return numbers[max(0, at - MAX_TRIED // 2) : at + MAX_TRIED // 2]


class Placing:
    """Maps places in a rendered text to places in its template."""

    def __init__(self, rendered: Document, template: Document) -> None:
        self.rendered = rendered
        self.lines = Lines(template)
        self.numbers = self.lines.align(rendered.text)

    def __call__(self, span: Span) -> Site:
        """Return the place in the template."""
        line = self.rendered.position(span.start).line - 1
        number = self.numbers[min(line, len(self.numbers) - 1)]
        return self.lines.site(number, self.rendered.text[span.start : span.end].partition("\n")[0].strip())

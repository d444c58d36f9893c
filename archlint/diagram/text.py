"""Text of files, made ready to draw: measured, wrapped, and without harmful characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from archlint.diagram.typefaces import advance, is_drawn

_MARGIN: Final = 1.02
"""Viewers round widths up, so lines get 2 % more room."""
_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
"""Characters that XML forbids, and those that change the direction of text."""
_LONGEST: Final = 400


def clean(text: str, longest: int = _LONGEST) -> str:
    """Return text on one line, without control characters, cut to `longest` characters.

    >>> clean("a\\tb\\u202ec"), clean("abcdef", 4)
    ('a b\ufffdc', 'abc…')
    """
    flat = _UNSAFE.sub("\ufffd", re.sub(r"\s+", " ", text)).strip()
    return flat if len(flat) <= longest else flat[: longest - 1] + "…"


def drawable(text: str) -> str:
    """Return text without characters that XML forbids or that change its direction; line breaks and tabs stay.

    >>> drawable("a\\nb\\x07")
    'a\\nb�'
    """
    return _UNSAFE.sub(lambda found: found[0] if found[0] in "\t\n" else "�", text)


def named(name: str) -> str:
    """Return a name as it is drawn; an invisible one becomes `(no name)`.

    >>> named("api"), named(" \\u200b")
    ('api', '(no name)')
    """
    return name if any(unicodedata.category(c) not in {"Cf", "Zs"} for c in clean(name)) else "(no name)"


def clean_end(line: str, longest: int = 160) -> str:
    """Return a line of a file with its indentation, without control characters, cut to `longest` characters.

    >>> clean_end("  kind: queue\u202e  ")
    '  kind: queue�'
    """
    flat = _UNSAFE.sub("\ufffd", line.expandtabs(2)).rstrip()
    return flat if len(flat) <= longest else flat[: longest - 1] + "…"


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return how wide a line is, in the unit of the size.

    >>> round(text_width("model", 10), 1)
    27.8
    """
    total = sum(_estimated(character) if (w := advance(character, bold)) is None else w for character in text)
    return total * size / 1000 * _MARGIN


def exact_width(text: str, size: float, bold: bool = False) -> float | None:
    """Return how wide a line is in the shipped font; None with a character that it lacks.

    >>> exact_width("model", 10), exact_width("模型", 10)
    (27.236328125, None)
    """
    widths = [advance(character, bold) for character in text]
    known = [width for width in widths if width is not None]
    return sum(known) * size / 1000 if len(known) == len(widths) else None


def _estimated(character: str) -> int:
    """Return a width for a character that the shipped font lacks: it does not depend on installed fonts."""
    if not is_drawn(character):
        return 0
    if unicodedata.category(character) == "So" and ord(character) > 0xFFFF:     # emoji are wider than a square
        return 1250
    return 1000 if unicodedata.east_asian_width(character) in "WF" or ord(character) > 0xFFFF else 620


def wrapped(text: str, width: float, size: float, bold: bool = False, most: int = 3) -> list[str]:
    """Return text in lines no wider than `width`, broken at spaces and after hyphens if possible; the last may be cut.

    >>> wrapped("candidate-generation-server", 100, 13)
    ['candidate-', 'generation-', 'server']
    """
    lines = [""]
    for piece in re.findall(r"[^\s\-_/.,·]*(?:[\-_/.,·]+\s*|\s+|$)", clean(text)):
        for part in _fitting(piece, width, size, bold):
            if lines[-1] and text_width((lines[-1] + part).rstrip(), size, bold) > width:
                lines.append("")
            lines[-1] += part if lines[-1] else part.lstrip()
    found = [line.rstrip() for line in lines if line.strip()]
    if len(found) > most:
        found = [*found[: most - 1], _cut(found[most - 1] + " " + found[most], width, size, bold)]
    return found


def _fitting(piece: str, width: float, size: float, bold: bool) -> Iterable[str]:
    """Split one word that is wider than a line."""
    while text_width(piece.rstrip(), size, bold) > width and len(piece) > 1:
        end = max(1, int(len(piece) * width / text_width(piece, size, bold)))
        while end > 1 and text_width(piece[:end], size, bold) > width:
            end -= 1
        yield piece[:end]
        piece = piece[end:]
    yield piece


def _cut(line: str, width: float, size: float, bold: bool) -> str:
    while line and text_width(line + "…", size, bold) > width:
        line = line[:-1]
    return line.rstrip() + "…"


def cut(text: str, width: float, size: float, bold: bool = False) -> str:
    """Return one line no wider than `width`, with an ellipsis if it is cut."""
    flat = clean(text)
    return flat if text_width(flat, size, bold) <= width else _cut(flat, width, size, bold)


_XML: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}


def xml(text: str) -> str:
    """Return text for the content or a quoted attribute of XML or HTML.

    >>> xml('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return "".join(_XML.get(character, character) for character in clean(text, 4_000))

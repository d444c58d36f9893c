"""Text that comes from files, made fit to draw: measured, wrapped, and without characters that do harm."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_PLAIN: Final = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 "
    "584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 "
    "667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 "
    "278 556 500 722 500 500 500 334 260 334 584"
)
_BOLD: Final = (
    "278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 333 333 "
    "584 584 584 611 975 722 722 722 722 667 611 778 722 278 556 722 611 833 722 778 667 778 722 667 611 722 667 944 "
    "667 667 611 333 278 333 584 556 333 556 611 556 611 556 333 611 611 278 278 556 278 889 611 611 611 611 389 556 "
    "333 611 556 778 556 556 500 389 280 389 584"
)
"""Widths of the characters from blank to tilde in thousandths of the size, from the metrics of Helvetica and its bold
that Adobe publishes for the 14 standard fonts; Arial, Liberation Sans and Arimo have the same."""
_SIGNS: Final = {"·": 333, "×": 584, "≤": 549, "≥": 549, "–": 556, "→": 1000, "…": 1000}
_WIDTHS: Final = tuple(
    {chr(32 + index): int(width) for index, width in enumerate(table.split())} | _SIGNS for table in (_PLAIN, _BOLD)
)
_MARGIN: Final = 1.02
"""Viewers round widths up."""
_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
"""What XML forbids, and what turns the direction of text."""
_LONGEST: Final = 400


def clean(text: str, longest: int = _LONGEST) -> str:
    """Return text on one line, without control characters, and no longer than so many characters.

    >>> clean("a\\tb\\u202ec"), clean("abcdef", 4)
    ('a b\ufffdc', 'abc…')
    """
    flat = _UNSAFE.sub("\ufffd", re.sub(r"\s+", " ", text)).strip()
    return flat if len(flat) <= longest else flat[: longest - 1] + "…"


def named(name: str) -> str:
    """Return a name as it is drawn: one in which nothing is to be seen says so.

    >>> named("api"), named(" \\u200b")
    ('api', '(no name)')
    """
    return name if any(unicodedata.category(c) not in {"Cf", "Zs"} for c in clean(name)) else "(no name)"


def clean_end(line: str, longest: int = 160) -> str:
    """Return a line of a file with its indentation, without control characters and what is beyond a length.

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
    known = _WIDTHS[bold]
    total = sum(known.get(character) or _other(character) for character in text)
    return total * size / 1000 * _MARGIN


def exact_width(text: str, size: float, bold: bool = False) -> float | None:
    """Return how wide a line is in the fonts that pictures are measured for; None with a character they may lack.

    >>> exact_width("model", 10), exact_width("模型", 10)
    (27.23, None)
    """
    known = _WIDTHS[bold]
    if not all(character in known for character in text):
        return None
    return sum(known[character] for character in text) * size / 1000


def _other(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 1000 if unicodedata.east_asian_width(character) in "WF" or ord(character) > 0xFFFF else 620


def wrapped(text: str, width: float, size: float, bold: bool = False, most: int = 3) -> list[str]:
    """Return text in lines of at most a width, broken at blanks, after hyphens, else anywhere; the last may be cut.

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
    """Return one line of at most a width, with an ellipsis where it is cut."""
    flat = clean(text)
    return flat if text_width(flat, size, bold) <= width else _cut(flat, width, size, bold)


_XML: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}


def xml(text: str) -> str:
    """Return text for the content or a quoted attribute of XML or HTML.

    >>> xml('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return "".join(_XML.get(character, character) for character in clean(text, 4_000))

"""Text in a terminal: display width, wrapping, colour, and escapes of control characters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import msgspec

TAB = 4
_EMOJI_STYLE = "\ufe0f"
"""After a character, this one requests its emoji form."""
_LEAST_ROOM = 12
_SPACES = re.compile(r"[ \t\r\n]+")
_BEFORE_UNIT = re.compile(r"(?<=[0-9]) (?=(?:%|[numµ]?s|min|h|d|[kKMGTP]?i?B(?:/s)?)(?![\w/]))")
"""The space between a number and its unit, where no line is broken."""
_ADDRESS = re.compile(r"https?://[!-~]+")
_CODES = {
    "error": "1;31", "warning": "1;33", "info": "1;34", "help": "1;32", "good": "1;32",
    "frame": "36", "related": "36", "strong": "1", "faint": "2",
}  # fmt: skip


class Ink:
    """Colours text with ANSI codes, or returns it unchanged."""

    __slots__ = ("links", "on")

    def __init__(self, on: bool, links: bool = False) -> None:
        self.on = on
        self.links = links

    def __call__(self, text: str, style: str) -> str:
        r"""Colour a text. The style is a severity, `help`, `good`, `frame`, `related`, `strong` or `faint`.

        >>> Ink(False)("x", "error"), Ink(True)("x", "error")
        ('x', '\x1b[1;31mx\x1b[0m')
        """
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.on and text else text

    def link(self, text: str, url: str) -> str:
        r"""Link a text that has no line break to an address, for terminals that support it (OSC 8).

        >>> Ink(True)("x", "strong") == Ink(True).link(Ink(True)("x", "strong"), "https://example.com")
        True
        >>> Ink(True, links=True).link("x", "https://example.com")
        '\x1b]8;;https://example.com\x1b\\x\x1b]8;;\x1b\\'
        """
        known = self.links and bool(text) and _ADDRESS.fullmatch(url) is not None
        return f"\x1b]8;;{url}\x1b\\{text}\x1b]8;;\x1b\\" if known else text


@lru_cache(maxsize=4096)
def _piece(char: str) -> tuple[str, int]:
    """Return what is shown for a character (not a tab), and its width in columns."""
    if char.isascii() and char.isprintable():
        return char, 1
    from unicodedata import category, east_asian_width

    kind = category(char)
    # Cc and Cf contain control codes and bidirectional overrides, which reorder the text on the screen.
    if kind in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
        code = ord(char)
        shown = f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
        return shown, len(shown)
    if kind in {"Mn", "Me"} or 0x1160 <= ord(char) <= 0x11FF:
        return char, 0
    return char, 2 if east_asian_width(char) in "WF" else 1


def _pieces(text: str) -> Iterator[tuple[str, int]]:
    """Yield what is shown for each character, and its width after those before it: emoji can be sequences."""
    before, base = "", 0
    for char in text:
        shown, width = _piece(char)
        if char == _EMOJI_STYLE and base == 1 and _has_emoji_style(before):
            width = 1                                  # as an emoji, the character before it takes two columns
        elif "\U0001f3fb" <= char <= "\U0001f3ff" and base == 2:
            width = 0                                  # the skin tone of the emoji before it
        elif width or char == _EMOJI_STYLE:
            before, base = char, width
        yield shown, width


@lru_cache(maxsize=1024)
def _has_emoji_style(char: str) -> bool:
    """Return whether a character of one column has an emoji form: digits, signs and symbols."""
    from unicodedata import category

    return char in "#*0123456789\xa9\xae" or (char >= "\u203c" and category(char) in {"So", "Sm", "Po", "Pd", "Ll"})


def visible(text: str) -> str:
    r"""Escape the control characters of a text, so that a terminal shows them and does not execute them.

    >>> print(visible("red \x1b[31m"))
    red \x1b[31m
    """
    return text if text.isprintable() else "".join([_piece(char)[0] for char in text])


def flat(text: str) -> str:
    r"""Put a text on one line, with control characters escaped.

    >>> flat("two\n  lines")
    'two lines'
    """
    if text.isprintable() and "  " not in text:
        return text.strip(" ")
    return visible(_SPACES.sub(" ", text).strip(" "))


def columns_of(text: str) -> int:
    """Count the columns that a visible text takes in a terminal.

    >>> columns_of("abc"), columns_of("日本")
    (3, 4)
    """
    return len(text) if text.isascii() else sum([width for _, width in _pieces(text)])


class Cells(msgspec.Struct, frozen=True):
    """A line of a file: what is shown for each character, and the column where each begins, plus the end."""

    pieces: Sequence[str]
    columns: Sequence[int]


def cells(line: str) -> Cells:
    r"""Lay out a line: tabs to the next tab stop, control characters escaped, wide characters in two columns.

    >>> cells("\ta").columns
    [0, 4, 5]
    """
    if line.isascii() and line.isprintable():
        return Cells(line, range(len(line) + 1))
    pieces, columns, column = [], [0], 0
    for char, (shown, width) in zip(line, _pieces(line), strict=True):
        wide = TAB - column % TAB if char == "\t" else width
        column += wide
        pieces.append(" " * wide if char == "\t" else shown)
        columns.append(column)
    return Cells(pieces, columns)


def wrap(text: str, first: int, rest: int, cut: bool = True) -> list[str]:
    """Break a flat text into lines of at most `first`, then `rest` columns; a number stays with its unit.

    A longer word is cut, or with `cut=False` it is a line of its own.

    >>> wrap("one two three", 8, 5), wrap("at 99.9 % of all", 8, 8)
    (['one two', 'three'], ['at', '99.9 %', 'of all'])
    """
    if columns_of(text) <= first:
        return [text]
    lines: list[str] = []
    current, used, room = "", 0, first
    for whole in words_of(text):
        word, size = whole, columns_of(whole)
        if current and used + 1 + size > room:
            lines.append(current)
            current, used, room = "", 0, rest
        while cut and size > room:
            fitting = _fitting(word, room)
            lines.append(word[:fitting])
            word, size, room = word[fitting:], columns_of(word[fitting:]), rest
        current, used = (f"{current} {word}", used + 1 + size) if current else (word, size)
    lines.append(current)
    return lines


def words_of(text: str) -> list[str]:
    """Return the words of a flat text; a number and its unit are one word.

    >>> words_of("99.9 % of 20 ms, 3 days")
    ['99.9 %', 'of', '20 ms,', '3', 'days']
    """
    words = text.split(" ")
    if not _BEFORE_UNIT.search(text):
        return words
    return [word.replace("\0", " ") for word in _BEFORE_UNIT.sub("\0", text).split(" ")]


def with_kept_units(text: str) -> str:
    r"""Put a no-break space between each number and its unit, for text that others wrap.

    >>> with_kept_units("20 ms over 3 days")
    '20\xa0ms over 3 days'
    """
    return _BEFORE_UNIT.sub("\u00a0", text)


def longest_word(text: str) -> int:
    """Return the columns of the longest word of a flat text."""
    return max(map(columns_of, words_of(text)))


def _fitting(word: str, room: int) -> int:
    """Return how many characters of a word fit, at least one."""
    used = 0
    for index, (_, width) in enumerate(_pieces(word)):
        used += width
        if used > room:
            return max(1, index)
    return len(word)


def hanging(prefix: str, text: str, width: int, indent: int | None = None, cut: bool = True) -> list[str]:
    """Wrap a text after a prefix; further lines are indented to the start of the text (or by `indent`).

    >>> hanging("note: ", "one two three", 18)
    ['note: one two', '      three']
    """
    start = columns_of(prefix)
    indent = min(start if indent is None else indent, width // 2)
    if start + _LEAST_ROOM > width and columns_of(text) > width - start:
        return [
            prefix.rstrip(),
            *(" " * indent + line for line in wrap(text, width - indent, width - indent, cut)),
        ]
    lines = wrap(text, max(1, width - start), max(1, width - indent), cut)
    return [prefix + lines[0], *(" " * indent + line for line in lines[1:])]


def plural(count: int, noun: str) -> str:
    """Write a count with its noun.

    >>> plural(1, "error"), plural(1200, "warning")
    ('1 error', '1,200 warnings')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def joined(items: Iterable[str], last: str = "and") -> str:
    """Join items as in a sentence.

    >>> joined(["a", "b", "c"])
    'a, b and c'
    """
    listed = list(items)
    return f"{', '.join(listed[:-1])} {last} {listed[-1]}" if len(listed) > 1 else "".join(listed)

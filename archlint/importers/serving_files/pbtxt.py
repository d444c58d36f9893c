"""The text format of protocol buffers, as far as `config.pbtxt` uses it, with the place of every value."""

from __future__ import annotations

import re
from typing import Final

from archlint.errors import UnreadableInputError
from archlint.importers.objects import UNRESOLVED, Item, Rows, Site, Table, Value
from archlint.source.document import Document
from archlint.source.nodes import Span

MAX_DEPTH: Final = 64
_TOKEN: Final = re.compile(
    r"(?P<skip>[\s,;]+|#[^\n]*)|(?P<string>\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')"
    r"|(?P<mark>\$\{[^}\n]*\}|\{\{[^}\n]*\}\})|(?P<word>[-+]?[\w.][\w.+-]*)|(?P<sign>[{}<>\[\]:/])"
)
_ESCAPE: Final = re.compile(r"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)")
_ESCAPED: Final = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_CLOSES: Final = {"{": "}", "<": ">"}

_Token = tuple[str, str, int, int]


def parse_pbtxt(document: Document) -> Table:
    """Parse a text; raises `UnreadableInputError` with the place.

    A field that stands more than once is a list. A mark of a template, such as `${size}`, is a value without a text.
    """
    return _Parser(document).whole()


class _Parser:
    """Parses one text from left to right."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.at = 0
        self.next: _Token = ("end", "", 0, 0)
        self.advance()

    def whole(self) -> Table:
        found = self.message("", 0, 0)
        if self.next[0] != "end":
            raise self.error(f"unexpected `{self.next[1]}`")
        return found

    def advance(self) -> _Token:
        """Move to the next token; return the one before."""
        before = self.next
        text = self.document.text
        while True:
            match = _TOKEN.match(text, self.at)
            if match is None:
                self.next = ("end", "", self.at, self.at)
                if self.at < len(text):
                    raise self.error(f"unexpected {text[self.at]!r}")
                return before
            self.at = match.end()
            if match.lastgroup != "skip":
                self.next = (match.lastgroup or "", match[0], match.start(), match.end())
                return before

    def message(self, closing: str, start: int, depth: int) -> Table:
        """Parse fields up to the closing bracket."""
        if depth > MAX_DEPTH:
            raise self.error(f"nests deeper than {MAX_DEPTH} levels")
        lists: dict[str, list[Item]] = {}
        keys: dict[str, Site] = {}
        listed: set[str] = set()
        while self.next[1] != closing or self.next[0] not in {"sign", "end"}:
            kind, name, begin, end = self.advance()
            if kind != "word":
                raise self.error(f"expected the name of a field, not `{name}`" if name else f"no `{closing}`", begin)
            items, is_list = self.field(depth)
            keys.setdefault(name, Site(self.document, Span(begin, end)))
            if is_list:
                listed.add(name)
            lists.setdefault(name, []).extend(items)
        end = self.next[3]
        site = Site(self.document, Span(start, max(end, start)))
        entries = {
            name: items[0] if len(items) == 1 and name not in listed else Rows(items, keys[name])
            for name, items in lists.items()
        }
        return Table(entries, keys, site)

    def field(self, depth: int) -> tuple[list[Item], bool]:
        """Parse what follows the name of a field: its values, and whether they are a list."""
        if self.next[1] == ":" and self.next[0] == "sign":
            self.advance()
        if self.next[1] != "[" or self.next[0] != "sign":
            return [self.value(depth)], False
        self.advance()
        items: list[Item] = []
        while self.next[1] != "]" or self.next[0] != "sign":
            items.append(self.value(depth))
        self.advance()
        return items, True

    def value(self, depth: int) -> Item:
        kind, text, start, end = self.next
        if kind == "sign" and text in _CLOSES:
            self.advance()
            found = self.message(_CLOSES[text], start, depth + 1)
            self.advance()
            return found
        if kind == "string":
            parts: list[str] = []
            while self.next[0] == "string":
                end = self.next[3]
                parts.append(_unescaped(self.advance()[1][1:-1]))
            return Value("".join(parts), Site(self.document, Span(start, end)), plain=False)
        if kind not in {"word", "mark"}:
            raise self.error(f"expected a value, not `{text}`" if text else "the file ends before a value")
        self.advance()
        site = Site(self.document, Span(start, end))
        return Value("", site, UNRESOLVED, text) if kind == "mark" else Value(text, site, raw=text)

    def error(self, what: str, offset: int | None = None) -> UnreadableInputError:
        line, column = self.document.position(self.next[2] if offset is None else offset)
        message = f"{self.document.name}:{line}:{column}: not the text format of protocol buffers: {what}"
        return UnreadableInputError(message, "correct the file: the server cannot load it either")


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_escape, text) if "\\" in text else text


def _escape(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] == "x" and len(code) > 1:
        return chr(int(code[1:], 16))
    if code[0] in "01234567":
        return chr(int(code, 8) & 0xFF)
    return _ESCAPED.get(code, code)

"""Files of properties, as Java reads them: continued lines, comments, escapes."""

from __future__ import annotations

import re
from typing import Final

from archlint.importers.objects import Site, Value
from archlint.source.document import Document
from archlint.source.nodes import Span

_PAIR: Final = re.compile(r"((?:[^\\=:\s]|\\.)+)[ \t\f]*[=: \t\f]?[ \t\f]*(.*)", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|\r\n|.)", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "\n": "", "\r\n": ""}
_CONTINUED: Final = re.compile(r"\\(?:\r\n|\r|\n)[ \t\f]*")


def parse_properties(document: Document) -> dict[str, Value]:
    """Return the properties of a text, each with the place of its lines; of several with one name, the last is used."""
    found: dict[str, Value] = {}
    for start, line in _lines(document.text):
        match = _PAIR.match(line)
        if match is None:
            continue
        name, text = _unescaped(match[1]), _unescaped(_CONTINUED.sub("", match[2])).rstrip()
        found[name] = Value(text, Site(document, Span(start, start + len(line.rstrip()))), raw=text)
    return found


def _lines(text: str) -> list[tuple[int, str]]:
    """Return each logical line with its offset: a backslash at the end continues it."""
    found: list[tuple[int, str]] = []
    start, pieces = 0, list[str]()
    offset = 0
    for line in text.splitlines(keepends=True):
        bare = line.lstrip(" \t\f")
        if not pieces:
            start = offset + len(line) - len(bare)
        offset += len(line)
        if not pieces and (bare[:1] in "#!" or not bare.strip()):
            continue
        pieces.append(bare if not pieces else line)
        content = line.rstrip("\r\n")
        if (len(content) - len(content.rstrip("\\"))) % 2 == 0:
            found.append((start, "".join(pieces).rstrip("\r\n")))
            pieces = []
    return [*found, (start, "".join(pieces))] if pieces else found


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_escape, text) if "\\" in text else text


def _escape(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code[1:], 16)) if len(code) == 5 else _ESCAPED.get(code, code)

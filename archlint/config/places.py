"""Finds the places of keys and values in a TOML text, which tomllib does not report.

The scanner reads a text that tomllib has accepted, so it need not detect mistakes. It follows table headers, dotted and
quoted keys, inline tables, arrays, and arrays of tables.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final, NamedTuple

Steps = tuple[str | int, ...]
_SPACE: Final = re.compile(r"[ \t]*")
_TRIVIA: Final = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_STRING: Final = re.compile(
    r'"""(?:[^\\"]|\\.|"{1,2}(?!"))*"{3,5}'
    r"|'''(?:[^']|'{1,2}(?!'))*'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR: Final = re.compile(r"[^,\]}#\r\n]+")


class Place(NamedTuple):
    """Offsets of a key and of its value; an array item has no key, and the value of a table is its header."""

    key: int
    value: int
    end: int


class Places:
    r"""Places by path, such as `("rules", "SRV005", "severity")` or `("per-path", 0, "paths", 1)`.

    >>> places = Places("a.toml", "[rules]\nSRV005.severity = 'error'")
    >>> places.of_key("rules", "SRV005", "severity"), places.of_value("rules", "SRV005", "severity")
    ('a.toml:2:8', 'a.toml:2:19')
    """

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.found = _Scanner(text).scan()
        self._starts = [0, *(match.end() for match in re.finditer(r"\n", text))]

    def at(self, offset: int) -> str:
        """Write an offset as `file:line:column`, counted from 1."""
        line = bisect_right(self._starts, offset) - 1
        return f"{self.name}:{line + 1}:{offset - self._starts[line] + 1}"

    def of_key(self, *path: str | int) -> str:
        """Return the place of a key, or of the value if there is no key."""
        return self.at(self._nearest(path).key)

    def of_value(self, *path: str | int) -> str:
        """Return the place of a value."""
        return self.at(self._nearest(path).value)

    def _nearest(self, path: Steps) -> Place:
        while path and path not in self.found:
            path = path[:-1]
        return self.found.get(path, Place(0, 0, 0))


class _Scanner:
    """Walks a text once; `found` maps paths to places."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.found: dict[Steps, Place] = {}
        self.last: dict[Steps, int] = {}

    def scan(self) -> dict[Steps, Place]:
        table: Steps = ()
        while True:
            self.skip(_TRIVIA)
            if self.position >= len(self.text):
                return self.found
            if self.text[self.position] == "[":
                table = self.header()
            else:
                self.pair(table)

    def skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.position)
        if match is not None:
            self.position = match.end()

    def header(self) -> Steps:
        """Read a table header; return the path that the keys below it belong to."""
        many = self.text.startswith("[[", self.position)
        start = self.position
        self.position += 2 if many else 1
        keys = self.keys()
        self.position += 2 if many else 1
        path = self.path_of((), keys[:-1])
        name, offset = keys[-1]
        path = (*path, name)
        self.found.setdefault(path, Place(offset, offset, self.position))
        if many:
            index = self.last[path] = self.last.get(path, -1) + 1
            path = (*path, index)
            self.found[path] = Place(start, start, self.position)
        elif path in self.last:
            path = (*path, self.last[path])
        return path

    def path_of(self, path: Steps, keys: list[tuple[str, int]]) -> Steps:
        """Follow the tables of a dotted key; in an array of tables, it is the last table."""
        for name, offset in keys:
            path = (*path, name)
            self.found.setdefault(path, Place(offset, offset, offset + len(name)))
            if path in self.last:
                path = (*path, self.last[path])
        return path

    def keys(self) -> list[tuple[str, int]]:
        """Read a key, dotted or not: names with their offsets."""
        found = []
        while True:
            self.skip(_SPACE)
            start = self.position
            quoted = _STRING.match(self.text, start)
            bare = _BARE_KEY.match(self.text, start)
            match = quoted or bare
            if match is None:  # not TOML; tomllib has reported it
                raise ValueError(f"no key at {start}")
            self.position = match.end()
            found.append((_unquoted(match[0]) if quoted else match[0], start))
            self.skip(_SPACE)
            if not self.text.startswith(".", self.position):
                return found
            self.position += 1

    def pair(self, table: Steps) -> None:
        """Read a key with its value."""
        keys = self.keys()
        self.position += 1
        self.skip(_SPACE)
        name, offset = keys[-1]
        path = (*self.path_of(table, keys[:-1]), name)
        start, end = self.value(path)
        self.found[path] = Place(offset, start, end)

    def value(self, path: Steps) -> tuple[int, int]:
        """Read a value with its content; return its start and end."""
        start = self.position
        opening = self.text[start : start + 1]
        if opening == "[":
            self.array(path)
        elif opening == "{":
            self.inline_table(path)
        else:
            match = _STRING.match(self.text, start) or _SCALAR.match(self.text, start)
            if match is None:
                raise ValueError(f"no value at {start}")
            self.position = start + len(match[0].rstrip(" \t"))
        return start, self.position

    def array(self, path: Steps) -> None:
        self.position += 1
        index = 0
        while True:
            self.skip(_TRIVIA)
            if self.text[self.position] == "]":
                self.position += 1
                return
            item = (*path, index)
            start, end = self.value(item)
            self.found[item] = Place(start, start, end)
            index += 1
            self.skip(_TRIVIA)
            if self.text[self.position] == ",":
                self.position += 1

    def inline_table(self, path: Steps) -> None:
        self.position += 1
        while True:
            self.skip(_TRIVIA)
            if self.text[self.position] == "}":
                self.position += 1
                return
            self.pair(path)
            self.skip(_TRIVIA)
            if self.text[self.position] == ",":
                self.position += 1


def _unquoted(text: str) -> str:
    if text[0] == "'" or "\\" not in text:
        return text[1:-1]
    import tomllib

    key: str = tomllib.loads(f"key = {text}")["key"]
    return key

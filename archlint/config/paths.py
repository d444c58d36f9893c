"""Patterns of paths in a configuration or a call, with the meaning that `.gitignore` gives them."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from archlint.source.ignore import Pattern, parse_pattern

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


class Patterns(msgspec.Struct, frozen=True):
    """Patterns in the form of `.gitignore`, relative to a folder, or to any of several; the last match wins.

    Beside what git knows, `./x` and `../x` are paths from the folder, and an absolute path is that path. `source` is
    how messages name the patterns, and `places` are where each stands.

    >>> patterns = Patterns(Path("/repo"), ("sub/**", "!sub/arch.yaml", "./old"))
    >>> [patterns.match(Path("/repo", name)) for name in ("sub/a.yaml", "sub/arch.yaml", "old/x.yaml", "a/old/x.yaml")]
    [True, False, True, False]
    """

    root: Path
    lines: tuple[str, ...]
    also: tuple[Path, ...] = ()
    source: str = "exclude"
    places: tuple[str, ...] = ()

    def match(self, path: Path, below: Path | None = None, is_folder: bool | None = None) -> bool:
        """Whether a file or folder matches, by itself or because a folder above it does.

        With `below`, only folders below that one are looked at.
        """
        whole = os.path.abspath(path)
        least = len(os.path.abspath(below)) if below is not None else 0
        at = whole.find(os.sep, least + 1)
        while at > 0:
            if self._decide(whole[:at], True):
                return True
            at = whole.find(os.sep, at + 1)
        return self._decide(whole, os.path.isdir(whole) if is_folder is None else is_folder)

    def match_itself(self, path: Path, is_folder: bool) -> bool:
        """Whether a file or folder matches by itself, whatever folders it lies in."""
        return self._decide(os.path.abspath(path), is_folder)

    def _decide(self, whole: str, is_folder: bool) -> bool:
        for line in _compiled(self):
            if line.matches(whole, is_folder):
                return not line.pattern.negated
        return False

    def lines_for(self, path: Path, is_folder: bool) -> Iterator[int]:
        """Every line that matches a path by itself, by its index."""
        whole = os.path.abspath(path)
        return (line.number for line in _compiled(self) if line.matches(whole, is_folder))

    def names_a_path(self, index: int) -> bool:
        """Whether a line without wildcards names a file or folder that exists, or re-includes one."""
        text = self.lines[index]
        if text.startswith("!"):
            return True
        return not re.search(r"[*?\[\\]", text) and any(
            os.path.lexists(os.path.join(root, text.lstrip("/"))) or os.path.lexists(text) for root in self._roots()
        )

    def _roots(self) -> tuple[Path, ...]:
        return (self.root, *self.also)


class _Line(NamedTuple):
    """A pattern of one line, below one folder, with and without links."""

    number: int
    base: str
    real_base: str
    pattern: Pattern

    def matches(self, whole: str, is_folder: bool) -> bool:
        if self.pattern.folders_only and not is_folder:
            return False
        below = _below(whole, self.base)
        if below is None and self.real_base:
            below = _below(_real(whole), self.real_base)
        if not below:
            return False
        data = os.fsencode(below.replace(os.sep, "/"))
        return bool(self.pattern.matches(data.rpartition(b"/")[2] if self.pattern.by_name else data))


@lru_cache(maxsize=256)
def _compiled(patterns: Patterns) -> tuple[_Line, ...]:
    """Every pattern below every folder that it may be relative to, the last one first."""
    roots = dict.fromkeys(os.path.abspath(root) for root in (patterns.root, *patterns.also))
    found = []
    for index, text in enumerate(patterns.lines):
        for root in roots:
            for base, line in _readings(text, root):
                pattern = parse_pattern(os.fsencode(line))
                if pattern is not None:
                    found.append(_Line(index, base, os.path.realpath(base), pattern))
    return tuple(found[::-1])


def _readings(text: str, root: str) -> Iterator[tuple[str, str]]:
    """The folders that a pattern may be relative to, each with the pattern as git would have it there.

    >>> list(_readings("!./a/*.yaml", "/repo")), list(_readings("../x/", "/repo/sub")), list(_readings("/x", "/repo"))
    ([('/repo', '!/a/*.yaml')], [('/repo', '/x/')], [('/repo', '/x'), ('/', '/x')])
    """
    sign, body = ("!", text[1:]) if text.startswith("!") else ("", text)
    if _DRIVE.match(body):
        drive, rest = os.path.splitdrive(body.replace("\\", "/"))
        yield f"{drive}{os.sep}", f"{sign}{rest}"
        return
    if os.sep == "\\" and body.startswith((".\\", "..\\")):
        body = body.replace("\\", "/")
    if body in {".", ".."} or body.startswith(("./", "../")):
        base = root
        end = "/" if body.endswith("/") else ""
        body = posixpath.normpath(body)
        while body == ".." or body.startswith("../"):
            base, body = os.path.dirname(base), body[3:] or "."
        yield base, f"{sign}/{'**' if body == '.' else body + end}"
        return
    yield root, text
    if body.startswith("/") and root != os.sep:
        yield os.path.splitdrive(root)[0] + os.sep, text


@lru_cache(maxsize=4096)
def _real_folder(folder: str) -> str:
    return os.path.realpath(folder)


def _real(path: str) -> str:
    """The path with the links of its folders resolved, but not its own."""
    return os.path.join(_real_folder(os.path.dirname(path)), os.path.basename(path))


def _below(path: str, root: str) -> str | None:
    stem = root if root.endswith(os.sep) else root + os.sep
    return path[len(stem) :] if path.startswith(stem) else None


def is_pattern(text: str) -> bool:
    """Whether a text is a pattern that something could match.

    >>> is_pattern("teams/*/old/"), is_pattern("./x"), is_pattern("[a-z"), is_pattern("/")
    (True, True, False, False)
    """
    return any(parse_pattern(os.fsencode(line)) is not None for _, line in _readings(text, os.sep))

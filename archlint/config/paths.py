"""Path patterns of a configuration or a call, with the meaning that they have in `.gitignore`."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from archlint.source.ignore import Pattern

_DRIVE = r"[A-Za-z]:[\\/]"


class Patterns(msgspec.Struct, frozen=True):
    """Patterns in `.gitignore` syntax, relative to one or several folders; the last match wins.

    Beside what git knows, `./x` and `../x` are paths from the folder (from those of `also` if there are some), and an
    absolute path is that path. `source` is how messages name the patterns, and `places` are where each is written.

    >>> patterns = Patterns(Path("/repo"), ("sub/**", "!sub/arch.yaml", "./old"))
    >>> [patterns.match(Path("/repo", name)) for name in ("sub/a.yaml", "sub/arch.yaml", "old/x.yaml", "a/old/x.yaml")]
    [True, False, True, False]
    """

    root: Path
    lines: tuple[str, ...]
    also: tuple[Path, ...] = ()
    source: str = "exclude"
    places: tuple[str, ...] = ()

    def match(self, path: Path) -> bool:
        """Whether a file or folder matches, by itself or because a folder above it does."""
        return match((self,), path)

    def decide(self, whole: str, is_folder: bool) -> bool | None:
        """Whether the last line that matches an absolute path by itself matches it for good; None if no line does."""
        for line in _compiled(self):
            if line.matches(whole, is_folder):
                return not line.pattern.negated
        return None

    def lines_for(self, path: Path, is_folder: bool) -> Iterator[int]:
        """Return the index of every line that matches the path itself."""
        whole = os.path.abspath(path)
        return (line.number for line in _compiled(self) if line.matches(whole, is_folder))

    def names_a_path(self, index: int) -> bool:
        """Return whether a line without wildcards names an existing file or folder, or re-includes one."""
        text = self.lines[index]
        if text.startswith("!"):
            return True
        return not re.search(r"[*?\[\\]", text) and any(
            os.path.lexists(os.path.join(root, text.lstrip("/"))) or os.path.lexists(text) for root in self._roots()
        )

    def _roots(self) -> tuple[Path, ...]:
        return (self.root, *self.also)


def match(several: tuple[Patterns, ...], path: Path, below: Path | None = None) -> bool:
    """Whether a file or folder matches, by itself or because a folder above it does; of all lines the last one wins.

    With `below`, only folders below that one are looked at.
    """
    whole = os.path.abspath(path)
    least = len(os.path.abspath(below)) if below is not None else 0
    at = whole.find(os.sep, least + 1)
    while at > 0:
        if _decide(several, whole[:at], True):
            return True
        at = whole.find(os.sep, at + 1)
    return _decide(several, whole, os.path.isdir(whole))


def match_itself(several: tuple[Patterns, ...], path: Path, is_folder: bool) -> bool:
    """Whether a file or folder matches by itself, whatever folders it lies in; of all lines the last one wins."""
    return _decide(several, os.path.abspath(path), is_folder)


def _decide(several: tuple[Patterns, ...], whole: str, is_folder: bool) -> bool:
    for patterns in reversed(several):
        decided = patterns.decide(whole, is_folder)
        if decided is not None:
            return decided
    return False


class _Line(msgspec.Struct, frozen=True):
    """The pattern of one line, relative to one folder, with and without resolved links."""

    number: int
    base: str
    real_base: str
    pattern: Pattern

    def matches(self, whole: str, is_folder: bool) -> bool:
        if self.pattern.folders_only and not is_folder:
            return False
        below = _below(whole, self.base)
        if below and self.pattern.by_name:             # links on the way do not change the name
            return self._fits(below)
        return self._fits(below) or self._fits(_below(_real(whole), self.real_base))

    def _fits(self, below: str | None) -> bool:
        if not below:
            return False
        data = os.fsencode(below.replace(os.sep, "/"))
        return bool(self.pattern.matches(data.rpartition(b"/")[2] if self.pattern.by_name else data))


@lru_cache(maxsize=256)
def _compiled(patterns: Patterns) -> tuple[_Line, ...]:
    """Return every pattern for every folder that it may be relative to, the last one first."""
    if not patterns.lines:
        return ()
    from archlint.source.ignore import parse_pattern

    roots = dict.fromkeys(os.path.abspath(root) for root in (patterns.root, *patterns.also))
    here = [os.path.abspath(root) for root in patterns.also] or list(roots)
    found = []
    for index, text in enumerate(patterns.lines):
        for root in here if _is_path(text.removeprefix("!")) else roots:
            for base, line in _readings(text, root):
                pattern = parse_pattern(os.fsencode(line))
                if pattern is not None:
                    found.append(_Line(index, base, os.path.realpath(base), pattern))
    return tuple(found[::-1])


def _readings(text: str, root: str) -> Iterator[tuple[str, str]]:
    """Return the folders that a pattern may be relative to, each with the pattern in git's syntax.

    >>> list(_readings("!./a/*.yaml", "/repo")), list(_readings("../x/", "/repo/sub")), list(_readings("/x", "/repo"))
    ([('/repo', '!/a/*.yaml')], [('/repo', '/x/')], [('/repo', '/x'), ('/', '/x')])
    >>> list(_readings("../sub", "/repo/sub")), list(_readings("/repo/sub/", "/repo/sub"))
    ([('/repo/sub', '/**')], [('/repo/sub', '/**')])
    """
    sign, body = ("!", text[1:]) if text.startswith("!") else ("", text)
    if re.match(_DRIVE, body):
        drive, rest = os.path.splitdrive(body.replace("\\", "/"))
        yield f"{drive}{os.sep}", f"{sign}{rest}"
        return
    if _is_path(body):
        base = root
        body = body.replace(os.sep, "/")
        end = "/" if body.endswith("/") else ""
        body = posixpath.normpath(body)
        while body == ".." or body.startswith("../"):
            base, body = os.path.dirname(base), body[3:] or "."
        whole = body == "." or os.path.join(base, body) == root
        yield (root, f"{sign}/**") if whole else (base, f"{sign}/{body}{end}")
        return
    if body.startswith("/") and _is_folder(body, root):
        yield root, f"{sign}/**"
        return
    yield root, text
    if body.startswith("/") and root != os.sep:
        yield os.path.splitdrive(root)[0] + os.sep, text
        folder, name = _real_start(body)
        if folder:
            yield folder, f"{sign}/{name}"


def _is_folder(body: str, root: str) -> bool:
    """Whether an absolute path is that of a folder, which a search in the folder never comes to."""
    stem = os.path.normpath(body)
    alike = os.path.basename(stem) == os.path.basename(root)
    return stem != os.sep and alike and (stem == root or os.path.realpath(stem) == os.path.realpath(root))


def _is_path(body: str) -> bool:
    """Whether a pattern is a path from a folder, as `./x`, `../x` or `a/../x`, and not one of git's."""
    if os.sep == "\\":
        body = body.replace("\\", "/") if body.startswith((".\\", "..\\")) else body
    return body in {".", ".."} or body.startswith(("./", "../")) or "/../" in body + "/"


def _real_start(body: str) -> tuple[str, str]:
    """Split an absolute pattern behind the last folder before a wildcard, if links lead there: real folder and rest."""
    stem = body.rstrip("/")
    special = re.search(r"[*?\[\\]", stem)
    folder = stem[: stem.rfind("/", 0, special.start() if special is not None else len(stem))]
    real = os.path.realpath(folder) if folder else folder
    return (real, body[len(folder) + 1 :]) if real != folder else ("", "")


@lru_cache(maxsize=4096)
def _real_folder(folder: str) -> str:
    return os.path.realpath(folder)


def _real(path: str) -> str:
    """Return the path with the links of its folders resolved, but not a link at its end."""
    return os.path.join(_real_folder(os.path.dirname(path)), os.path.basename(path))


def _below(path: str, root: str) -> str | None:
    stem = root if root.endswith(os.sep) else root + os.sep
    return path[len(stem) :] if path.startswith(stem) else None


def is_pattern(text: str) -> bool:
    """Return whether a text is a pattern that could match anything.

    >>> is_pattern("teams/*/old/"), is_pattern("./x"), is_pattern("[a-z"), is_pattern("/")
    (True, True, False, False)
    """
    from archlint.source.ignore import parse_pattern

    return any(parse_pattern(os.fsencode(line)) is not None for _, line in _readings(text, os.sep))

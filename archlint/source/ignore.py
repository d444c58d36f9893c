"""Patterns of ignore files, with the same meaning as in git.

A pattern becomes a regular expression over the bytes of a path, because git compares bytes. Each `*` but the last of a
segment is in an atomic group, and so is each series of segments between two `**`. The first match there is as good as
any later one, so there is no backtracking, and many stars cost no more than few.

Source: git's `dir.c` (reading and precedence) and `wildmatch.c` (matching); https://git-scm.com/docs/gitignore.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

import msgspec

_SPECIAL: Final = re.compile(rb"[*?\[\\]")
_STAR: Final = b"*"
_DEEP: Final = b"**"
_DEEP_SLASH: Final = b"**/"
_SLASH: Final = b"/"
_ANY: Final = b"[^/]"
_LETTERS: Final = frozenset(range(0x41, 0x5B))     # A to Z
_TO_SMALL: Final = 0x20
_CLASSES: Final = {
    b"alnum": rb"0-9A-Za-z", b"alpha": rb"A-Za-z", b"blank": rb" \t", b"cntrl": rb"\x00-\x1f\x7f", b"digit": rb"0-9",
    b"graph": rb"!-~", b"lower": rb"a-z", b"print": rb" -~", b"punct": rb"!-/:-@\[-`{-~", b"space": rb" \t\r\n",
    b"upper": rb"A-Z", b"xdigit": rb"0-9A-Fa-f",
}  # fmt: skip


class Pattern(msgspec.Struct, frozen=True):
    """One line of an ignore file.

    `matches` gets the name of a file if the pattern has no slash (`by_name`), otherwise its path relative to the folder
    of the ignore file.
    """

    negated: bool
    folders_only: bool
    by_name: bool
    matches: Callable[[bytes], object]


class IgnoreList:
    """The patterns of one ignore file; paths are relative to its folder.

    >>> rules = IgnoreList.read(b"*.yaml\\n!keep.yaml\\n")
    >>> rules.decide(b"a/x.yaml", False), rules.decide(b"a/keep.yaml", False), rules.decide(b"a/x.txt", False)
    (True, False, None)
    """

    __slots__ = ("patterns",)

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self.patterns = tuple(patterns)[::-1]

    @classmethod
    def read(cls, data: bytes, ignore_case: bool = False) -> IgnoreList:
        """Read an ignore file; lines without a meaning are ignored, as in git."""
        found = (parse_pattern(line, ignore_case) for line in _lines(data))
        return cls(pattern for pattern in found if pattern is not None)

    def decide(self, path: bytes, is_folder: bool) -> bool | None:
        """Whether the last matching pattern ignores a path; None if no pattern matches.

        Only the path itself is tested; the caller tests the folders above it.
        """
        name = path.rpartition(b"/")[2]
        for pattern in self.patterns:
            if (is_folder or not pattern.folders_only) and pattern.matches(name if pattern.by_name else path):
                return not pattern.negated
        return None


def _lines(data: bytes) -> Iterable[bytes]:
    for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        if line and not line.startswith(b"#"):
            yield _without_blanks(line.removesuffix(b"\r").partition(b"\0")[0])


def _without_blanks(line: bytes) -> bytes:
    """Remove trailing spaces that are not escaped by a backslash."""
    if not line.endswith(b" "):
        return line
    stem = line.rstrip(b" ")
    backslashes = len(stem) - len(stem.rstrip(b"\\"))
    return line[: len(stem) + 1] if backslashes % 2 else stem


@lru_cache(maxsize=4096)
def parse_pattern(line: bytes, ignore_case: bool = False) -> Pattern | None:
    """Read one line of an ignore file; None if it can match nothing."""
    negated = line.startswith(b"!")
    text = line[negated:]
    folders_only = text.endswith(b"/")
    body = text[: len(text) - folders_only]
    if not body:
        return None
    by_name = b"/" not in body
    matches = _by_name(body, ignore_case) if by_name else _by_path(body, ignore_case)
    return None if matches is None else Pattern(negated, folders_only, by_name, matches)


def _by_name(body: bytes, ignore_case: bool) -> Callable[[bytes], object] | None:
    if not ignore_case:
        if _SPECIAL.search(body) is None:
            return body.__eq__
        if body[:1] == b"*" and _SPECIAL.search(body, 1) is None:
            end = body[1:]
            return lambda name: name.endswith(end)
    return _matcher(b"", body, ignore_case, by_name=True)


def _by_path(body: bytes, ignore_case: bool) -> Callable[[bytes], object] | None:
    body = body.removeprefix(b"/")
    special = _SPECIAL.search(body)
    literal = body[: special.start()] if special is not None else body
    if len(literal) == len(body) and not ignore_case:
        return body.__eq__
    return _matcher(literal, body[len(literal) :], ignore_case, by_name=False)


def _matcher(literal: bytes, rest: bytes, ignore_case: bool, by_name: bool) -> Callable[[bytes], object] | None:
    """Compile a pattern; git compares the part before its first special character separately."""
    tokens = _tokens(rest, by_name, ignore_case)
    if tokens is None:
        return None
    flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
    return re.compile(re.escape(literal) + _expression(tokens), flags).fullmatch


def _tokens(pattern: bytes, by_name: bool, ignore_case: bool) -> list[bytes] | None:
    """Split a pattern into stars, slashes and expressions of one byte; None if it can match nothing."""
    tokens: list[bytes] = []
    at = 0
    while at < len(pattern):
        char = pattern[at : at + 1]
        if char == b"*":
            end = at
            while pattern[end : end + 1] == b"*":
                end += 1
            starts = at == 0 or pattern[at - 1 : at] == b"/"
            ends = end == len(pattern) or pattern[end : end + 1] == b"/" or pattern[end : end + 2] == b"\\/"
            deep = end - at > 1 and starts and ends and not by_name
            if deep and pattern[end : end + 1] == b"/":
                tokens.append(_DEEP_SLASH)
                end += 1
            else:
                tokens.append(_DEEP if deep else _STAR)
            at = end
        elif char == b"[":
            found = _class(pattern, at, ignore_case)
            if found is None:
                return None
            token, at = found
            tokens.append(token)
        elif char == b"\\":
            char = pattern[at + 1 : at + 2]
            if not char:
                return None
            tokens.append(_SLASH if char == b"/" else re.escape(char))
            at += 2
        else:
            tokens.append(_ANY if char == b"?" else _SLASH if char == b"/" else re.escape(char))
            at += 1
    return tokens


def _class(pattern: bytes, at: int, ignore_case: bool) -> tuple[bytes, int] | None:
    """Read `[...]`; return its expression and its end, or None if it does not end or can match nothing.

    Where case is ignored, git compares the small letter with single characters, and both letters with ranges and named
    classes: `[!A-Z]` matches no letter, and `[A]` matches none either.
    """
    negated = pattern[at + 1 : at + 2] in {b"!", b"^"}
    at += 2 if negated else 1
    allowed: set[int] = set()                      # single characters
    ranges: set[int] = set()                       # and named classes
    before = 0
    first = True
    while first or pattern[at : at + 1] != b"]":
        first = False
        if at >= len(pattern):
            return None
        char = pattern[at]
        if char == 0x5C:                           # a backslash
            at += 1
            if at >= len(pattern):
                return None
            before = pattern[at]
            allowed.add(before)
        elif char == 0x2D and before and pattern[at + 1 : at + 2] not in {b"", b"]"}:
            at += 1
            if pattern[at] == 0x5C:
                at += 1
                if at >= len(pattern):
                    return None
            ranges.update(range(before, pattern[at] + 1))
            before = 0
        elif pattern[at : at + 2] == b"[:":
            close = pattern.find(b"]", at + 2)
            if close < 0:
                return None
            if close - 1 >= at + 2 and pattern[close - 1] == 0x3A:
                word = _CLASSES.get(pattern[at + 2 : close - 1])
                if word is None:
                    return None
                ranges.update(byte for byte in range(256) if re.match(b"[" + word + b"]", bytes([byte])))
                at, before = close, 0
            else:
                allowed.add(char)
                before = char
        else:
            allowed.add(char)
            before = char
        at += 1
    allowed |= ranges
    if ignore_case:
        small = {byte for byte in _LETTERS if byte + _TO_SMALL in allowed or byte in ranges}
        allowed = allowed - _LETTERS | small | {byte + _TO_SMALL for byte in small}
    chosen = (set(range(256)) - allowed if negated else allowed) - {0x2F}
    return (b"[" + b"".join(b"\\x%02x" % byte for byte in sorted(chosen)) + b"]", at + 1) if chosen else None


def _expression(tokens: list[bytes]) -> bytes:
    """Join tokens to an expression without needless backtracking."""
    runs: list[tuple[bytes, list[bytes]]] = [(b"", [])]
    for token in tokens:
        if token in {_DEEP, _DEEP_SLASH}:
            runs.append((token, []))
        else:
            runs[-1][1].append(token)
    parts = []
    for index, (gap, run) in enumerate(runs):
        last = index == len(runs) - 1
        body = b"/".join(map(_segment, _split(run)))
        if gap == _DEEP:                           # at the end of the pattern, or before an escaped slash
            body = b".*" if not run else b"[^/]*(?:/[^/]*)*?" + body
        elif gap == _DEEP_SLASH:
            body = b"(?:[^/]*/)*?" + body
        parts.append(body if last else b"(?>" + body + b")")
    return b"".join(parts)


def _split(run: list[bytes]) -> list[list[bytes]]:
    segments: list[list[bytes]] = [[]]
    for token in run:
        if token == _SLASH:
            segments.append([])
        else:
            segments[-1].append(token)
    return segments


def _segment(tokens: list[bytes]) -> bytes:
    pieces: list[list[bytes]] = [[]]
    for token in tokens:
        if token == _STAR:
            pieces.append([])
        else:
            pieces[-1].append(token)
    if len(pieces) == 1:
        return b"".join(pieces[0])
    middle = b"".join(b"(?>[^/]*?" + b"".join(piece) + b")" for piece in pieces[1:-1])
    return b"".join(pieces[0]) + middle + b"[^/]*" + b"".join(pieces[-1])


@lru_cache(maxsize=256)
def compiled(lines: tuple[str, ...]) -> IgnoreList:
    """Compile patterns, each a line of an ignore file; they are cached, because the same ones occur often."""
    return IgnoreList.read("\n".join(lines).encode("utf-8", "surrogateescape"))

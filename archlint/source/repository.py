"""What a git repository on disk says about its files, read without git: no process starts, and none need be installed.

Ignore files beyond `.gitignore` (`info/exclude`, `core.excludesFile`), and the names of tracked files. Sources:
https://git-scm.com/docs/gitignore, /docs/gitrepository-layout, /docs/index-format and /docs/git-config.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from functools import cached_property
from typing import Final

from archlint.source.ignore import IgnoreList

_MAX_IGNORE: Final = 10_000_000
_MAX_CONFIG: Final = 1_000_000
_MAX_INCLUDES: Final = 10
_SECTION: Final = re.compile(r'\s*\[\s*([\w.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]')
_SETTING: Final = re.compile(r"\s*([A-Za-z][\w-]*)[ \t]*(?:=[ \t]*(.*))?$", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "t": "\t", "b": "\b"}
_NAME_LENGTH: Final = 0xFFF
_EXTENDED: Final = 0x4000
_SUBMODULE: Final = b"\0\0\xe0\0"
_SUFFIXES: Final = (b".yaml", b".yml")


class Repository:
    """The repository whose work tree a folder is; `top` is that folder, without links."""

    def __init__(self, top: str) -> None:
        self.top = top
        self.folder = _git_folder(top)
        self.common = _common_folder(self.folder)

    @classmethod
    def at(cls, folder: str) -> Repository | None:
        """The repository whose work tree begins at a folder, if one does."""
        return cls(folder) if os.path.lexists(os.path.join(folder, ".git")) else None

    @classmethod
    def around(cls, folder: str) -> Repository | None:
        """The repository that a folder belongs to, if it belongs to one."""
        while True:
            found = cls.at(folder)
            above = os.path.dirname(folder)
            if found is not None or above == folder:
                return found
            folder = above

    @cached_property
    def _settings(self) -> dict[str, str]:
        return read_settings(os.path.join(self.common, "config"), os.path.join(self.folder, "config.worktree"))

    @cached_property
    def ignore_case(self) -> bool:
        """Whether upper and lower case are the same to git here."""
        return self._settings.get("core.ignorecase", "false").lower() in {"true", "yes", "on", "1", ""}

    @cached_property
    def ignores(self) -> tuple[IgnoreList, ...]:
        """The ignore files for the whole work tree; the later one wins."""
        home = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
        files = self._settings.get("core.excludesfile", os.path.join(home, "git", "ignore"))
        own = os.path.join(self.common, "info", "exclude")
        named = os.path.join(self.top, _without_tilde(files)) if files else ""
        found = (read_ignores(file, self.ignore_case) for file in (named, own) if file)
        return tuple(rules for rules in found if rules is not None)

    @cached_property
    def tracked(self) -> frozenset[bytes]:
        """The paths of the tracked YAML files and of the submodules, below the top."""
        return frozenset(_indexed(self.folder, "index"))

    @cached_property
    def tracked_folders(self) -> frozenset[bytes]:
        """The submodules, and the folders with tracked YAML files, at any depth."""
        found: set[bytes] = set()
        for name in self.tracked:
            folder = name.rpartition(b"/")[0] if name.endswith(_SUFFIXES) else name
            while folder and folder not in found:
                found.add(folder)
                folder = folder.rpartition(b"/")[0]
        return frozenset(found)


def read_ignores(file: str, ignore_case: bool = False) -> IgnoreList | None:
    """Read an ignore file; None if it does not exist or cannot be read, and then nothing is ignored."""
    data = _read(file, _MAX_IGNORE)
    return None if data is None else IgnoreList.read(data, ignore_case)


def _read(file: str, most: int) -> bytes | None:
    try:
        if not os.path.isfile(file):
            return None
        with open(file, "rb") as stream:
            return stream.read(most)
    except (OSError, ValueError):
        return None


def _git_folder(top: str) -> str:
    """The folder `.git`, or the one that a file `.git` names: that of another work tree, or of a submodule."""
    git = os.path.join(top, ".git")
    data = _read(git, 10_000)
    if data is None or not data.startswith(b"gitdir:"):
        return git
    return os.path.join(top, os.fsdecode(data[len(b"gitdir:") :].strip()))


def _common_folder(folder: str) -> str:
    data = _read(os.path.join(folder, "commondir"), 10_000)
    return folder if data is None else os.path.join(folder, os.fsdecode(data.strip()))


def read_settings(*local: str) -> dict[str, str]:
    """The settings of git in force: the system's, the user's, then those of some files; the later one wins."""
    environ = os.environ
    home = os.path.expanduser("~")
    xdg = environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    system = [] if environ.get("GIT_CONFIG_NOSYSTEM") else [environ.get("GIT_CONFIG_SYSTEM", "/etc/gitconfig")]
    named = environ.get("GIT_CONFIG_GLOBAL")
    own = [named] if named is not None else [os.path.join(xdg, "git", "config"), os.path.join(home, ".gitconfig")]
    found: dict[str, str] = {}
    for file in (*system, *own, *local):
        found.update(_settings_of(file, 0))
    count = environ.get("GIT_CONFIG_COUNT", "")
    for index in range(int(count) if count.isdecimal() else 0):
        found[environ.get(f"GIT_CONFIG_KEY_{index}", "").lower()] = environ.get(f"GIT_CONFIG_VALUE_{index}", "")
    return found


def _settings_of(file: str, depth: int) -> Iterator[tuple[str, str]]:
    data = _read(file, _MAX_CONFIG) if file and depth < _MAX_INCLUDES else None
    if data is None:
        return
    for name, value in parse_settings(data.decode("utf-8-sig", "surrogateescape")):
        yield name, value
        if name == "include.path":
            yield from _settings_of(os.path.join(os.path.dirname(file), _without_tilde(value)), depth + 1)


def parse_settings(text: str) -> Iterator[tuple[str, str]]:
    r"""Read the settings of a text in the form of git's configuration.

    >>> dict(parse_settings('[core]\n  excludesFile = "~/my ignores" ; mine\n  bare\n[remote "x"] url=a\\\nb\n'))
    {'core.excludesfile': '~/my ignores', 'core.bare': '', 'remote.x.url': 'ab'}
    """
    section = ""
    for line in text.replace("\r\n", "\n").replace("\\\n", "").split("\n"):
        rest = line
        header = _SECTION.match(line)
        if header is not None:
            section = header[1].lower() + (f".{header[2]}" if header[2] is not None else "")
            rest = line[header.end() :]
        setting = _SETTING.match(rest)
        if setting is not None:
            yield f"{section}.{setting[1].lower()}", _value(setting[2] or "")


def _value(text: str) -> str:
    """Read a value: quotes, escapes, and a comment behind it."""
    found: list[str] = []
    quoted, kept = False, 0
    chars = iter(text)
    for char in chars:
        if char == '"':
            quoted = not quoted
        elif char == "\\":
            escaped = next(chars, "")
            found.append(_ESCAPES.get(escaped, escaped))
        elif char in "#;" and not quoted:
            break
        else:
            found.append(char)
        if quoted or not char.isspace():
            kept = len(found)
    return "".join(found[:kept])


def _without_tilde(path: str) -> str:
    return os.path.expanduser(path) if path.startswith("~") else path


def _indexed(folder: str, name: str) -> Iterator[bytes]:
    """The YAML files and submodules in an index of any version; none if it is not there or is not an index."""
    data = _read(os.path.join(folder, name), 1 << 30) or b""
    if data[:4] != b"DIRC" or len(data) < 12:
        return
    try:
        yield from _entries(data, folder)
    except (struct.error, IndexError, ValueError):     # cut short: what was read so far is tracked
        return


def _entries(data: bytes, folder: str) -> Iterator[bytes]:
    version, count = struct.unpack_from(">II", data, 4)
    at, before = 12, b""
    digest = _digest_size(folder)
    for _ in range(count):
        start = at
        flags = int.from_bytes(data[at + 40 + digest : at + 42 + digest], "big")
        at += 42 + digest + (2 if flags & _EXTENDED else 0)
        if version < 4:
            length = flags & _NAME_LENGTH
            end = at + length if length < _NAME_LENGTH else data.index(b"\0", at)
            name = data[at:end]
            at = start + (end - start + 8) // 8 * 8
        else:
            strip, at = _varint(data, at)
            end = data.index(b"\0", at)
            name = before[: len(before) - strip] + data[at:end]
            at = end + 1
        before = name
        if name.endswith(_SUFFIXES) or data[start + 24 : start + 28] == _SUBMODULE:
            yield name
    if data[at : at + 4] == b"link":                   # a split index: most names stand in the shared one
        shared = data[at + 8 : at + 8 + digest].hex()
        if shared.strip("0"):
            yield from _indexed(folder, f"sharedindex.{shared}")


def _digest_size(folder: str) -> int:
    config = _read(os.path.join(_common_folder(folder), "config"), _MAX_CONFIG) or b""
    settings = dict(parse_settings(config.decode("utf-8", "surrogateescape"))) if b"sha256" in config else {}
    return 32 if settings.get("extensions.objectformat") == "sha256" else 20


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Read a number of index version 4, encoded as an offset in a pack; return it and its end."""
    byte = data[at]
    value = byte & 0x7F
    while byte & 0x80:
        at += 1
        byte = data[at]
        value = (value + 1) << 7 | (byte & 0x7F)
    return value, at + 1

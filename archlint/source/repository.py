"""Reads facts about files from a git repository on disk, without running git, which need not be installed.

Ignore files beyond `.gitignore` (`info/exclude`, `core.excludesFile`), and the names of tracked files. Sources:
https://git-scm.com/docs/gitignore, /docs/gitrepository-layout, /docs/index-format and /docs/git-config.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Collection, Iterator
from functools import cached_property
from itertools import islice
from typing import Final

from archlint.source.ignore import IgnoreList
from archlint.source.settings import MAX_CONFIG, Place, parse_settings, read_part, read_settings, without_tilde

_MAX_IGNORE: Final = 10_000_000
_NAME_LENGTH: Final = 0xFFF
_EXTENDED: Final = 0x4000
_SUBMODULE: Final = b"\0\0\xe0\0"
_FOLDER: Final = b"\0\0\x40\0"
"""A folder outside of a sparse checkout, whose files a sparse index does not name."""
_BRANCH: Final = b"ref: refs/heads/"
_SUFFIXES: Final = (b".yaml", b".yml")


class Repository:
    """The repository whose work tree a folder is; `top` is that folder, without links."""

    def __init__(self, top: str, folder: str = "") -> None:
        self.top = top
        self.folder = folder or _git_folder(top)
        self.common = _common_folder(self.folder)

    @classmethod
    def at(cls, folder: str) -> Repository | None:
        """The repository whose work tree begins at a folder, if one does."""
        return cls(folder) if os.path.lexists(os.path.join(folder, ".git")) else None

    @classmethod
    def around(cls, folder: str) -> Repository | None:
        """The repository that a folder belongs to, if it belongs to one."""
        at = folder
        while True:
            found = cls.at(at)
            above = os.path.dirname(at)
            if found is not None:
                return found
            if above == at:
                return cls._named(folder)
            at = above

    @classmethod
    def _named(cls, folder: str) -> Repository | None:
        """The repository that the environment names, as git takes it, if its work tree holds a folder."""
        named = os.environ.get("GIT_DIR")
        if not named:
            return None
        top = os.path.realpath(os.environ.get("GIT_WORK_TREE") or os.curdir)
        return cls(top, os.path.abspath(named)) if os.path.join(folder, "").startswith(os.path.join(top, "")) else None

    @cached_property
    def _settings(self) -> dict[str, str]:
        local = os.path.join(self.common, "config"), os.path.join(self.folder, "config.worktree")
        head = read_part(os.path.join(self.folder, "HEAD"), 10_000) or b""
        branch = os.fsdecode(head.strip().removeprefix(_BRANCH)) if head.startswith(_BRANCH) else ""
        return read_settings(*local, place=Place(self.folder, branch))

    @cached_property
    def ignore_case(self) -> bool:
        """Whether git ignores case in this repository."""
        return self._settings.get("core.ignorecase", "false").lower() in {"true", "yes", "on", "1", ""}

    @cached_property
    def ignores(self) -> tuple[IgnoreList, ...]:
        """The ignore files for the whole work tree; the later one wins."""
        home = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
        files = self._settings.get("core.excludesfile", os.path.join(home, "git", "ignore"))
        own = os.path.join(self.common, "info", "exclude")
        named = os.path.join(self.top, without_tilde(files)) if files else ""
        found = (read_ignores(file, self.ignore_case) for file in (named, own) if file)
        return tuple(rules for rules in found if rules is not None)

    @cached_property
    def tracked(self) -> frozenset[bytes]:
        """The paths of the tracked YAML files, of the submodules, and of folders of a sparse index, below the top."""
        return frozenset(_indexed(self.folder, self._index()))

    def tracks(self, path: bytes, is_folder: bool) -> bool:
        """Whether a file is tracked, or a folder has tracked YAML files or is a submodule.

        Of a folder of a sparse index, the names of the files are unknown: each of them may be tracked.
        """
        if path in (self.tracked_folders if is_folder else self.tracked):
            return True
        return any(path.startswith(folder) for folder in self._sparse)

    @cached_property
    def _sparse(self) -> tuple[bytes, ...]:
        return tuple(name for name in self.tracked if name.endswith(b"/"))

    def _index(self) -> str:
        """The index; `git commit FILE` names another one to its hooks, for the repository that they run in."""
        named = os.environ.get("GIT_INDEX_FILE")
        if named:
            here = Repository.around(os.path.realpath(os.curdir))
            if here is not None and here.top == self.top:
                return os.path.abspath(named)
        return os.path.join(self.folder, "index")

    @cached_property
    def tracked_folders(self) -> frozenset[bytes]:
        """The submodules, and the folders with tracked YAML files, at any depth."""
        found: set[bytes] = set()
        for name in self.tracked:
            folder = name.rpartition(b"/")[0] if name.endswith((*_SUFFIXES, b"/")) else name
            while folder and folder not in found:
                found.add(folder)
                folder = folder.rpartition(b"/")[0]
        return frozenset(found)


def read_ignores(file: str, ignore_case: bool = False) -> IgnoreList | None:
    """Read an ignore file; None if it does not exist or cannot be read, and then nothing is ignored."""
    data = read_part(file, _MAX_IGNORE)
    return None if data is None else IgnoreList.read(data, ignore_case)


def _git_folder(top: str) -> str:
    """The folder `.git`, or the one that a file `.git` names: that of another work tree, or of a submodule."""
    git = os.path.join(top, ".git")
    data = read_part(git, 10_000)
    if data is None or not data.startswith(b"gitdir:"):
        return git
    return os.path.join(top, os.fsdecode(data[len(b"gitdir:") :].strip()))


def _common_folder(folder: str) -> str:
    data = read_part(os.path.join(folder, "commondir"), 10_000)
    return folder if data is None else os.path.join(folder, os.fsdecode(data.strip()))


def _indexed(folder: str, file: str, removed: Collection[int] = (), is_shared: bool = False) -> Iterator[bytes]:
    """The YAML files and submodules in an index of any version; none if it is not there or is not an index.

    `removed` are the numbers of entries that do not count any more. A shared index refers to no other one.
    """
    data = read_part(file, 1 << 30) or b""
    if data[:4] != b"DIRC" or len(data) < 12:
        return
    try:
        yield from _entries(data, folder, removed, is_shared)
    except (struct.error, IndexError, ValueError):     # cut short: what was read so far is tracked
        return


def _entries(data: bytes, folder: str, removed: Collection[int], is_shared: bool) -> Iterator[bytes]:
    version, count = struct.unpack_from(">II", data, 4)
    at, before = 12, b""
    digest = _digest_size(folder)
    for number in range(count):
        if at + 42 + digest > len(data):
            raise ValueError("fewer entries than the index says")
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
        named = name.endswith(_SUFFIXES) or data[start + 24 : start + 28] in {_SUBMODULE, _FOLDER}
        if named and number not in removed:
            yield name
    while at + 8 <= len(data) - digest:                # extensions, each with its name and size
        size = int.from_bytes(data[at + 4 : at + 8], "big")
        if data[at : at + 4] == b"link" and not is_shared:   # a split index: most names are in the shared one
            link = data[at + 8 : at + 8 + size]
            shared = link[:digest].hex()
            if shared.strip("0"):
                other = os.path.join(folder, f"sharedindex.{shared}")
                yield from _indexed(folder, other, _bits(link, digest, _size(other)), is_shared=True)
        at += 8 + size


def _size(file: str) -> int:
    try:
        return os.stat(file).st_size
    except (OSError, ValueError):
        return 0


def _bits(data: bytes, at: int, most: int) -> frozenset[int]:
    """Read the numbers below `most` of the bits that are set in a bitmap of the form EWAH (git's "bitmap-format")."""
    if at + 8 > len(data):
        return frozenset()
    _, count = struct.unpack_from(">II", data, at)
    words = iter(struct.unpack_from(f">{count}Q", data, at + 8))
    found: set[int] = set()
    start = 0
    for word in words:
        repeated, literals = word >> 1 & 0xFFFFFFFF, word >> 33
        if word & 1:
            found.update(range(start, min(start + repeated * 64, most)))
        start += repeated * 64
        for bits in islice(words, literals):
            found.update(start + bit for bit in range(64) if bits >> bit & 1)
            start += 64
        if start > most:
            break
    return frozenset(found)


def _digest_size(folder: str) -> int:
    config = read_part(os.path.join(_common_folder(folder), "config"), MAX_CONFIG) or b""
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

"""Finding architecture files in folders: files that git ignores are skipped, tracked files are not."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from archlint.errors import UnreadableInputError
from archlint.source.files import SUFFIXES, is_architecture, project_root, read_bytes, real_path
from archlint.source.ignore import IgnoreList
from archlint.source.repository import Repository, read_ignores

SKIPPED_FOLDERS: Final = frozenset({"node_modules", "__pycache__", "venv", "site-packages"})

_MOST_LOOKED: Final = 2_000

Ignored = Callable[[Path, bool], bool]
"""Decides whether a path below a folder is excluded; the second argument tells whether it is a folder."""


class Search(msgspec.Struct, frozen=True):
    """What a search found: architecture files, and other YAML files, which were skipped."""

    files: tuple[Path, ...]
    skipped: tuple[Path, ...]
    unreadable: tuple[UnreadableInputError, ...] = ()


def find_files(folder: Path, excluded: Ignored, use_ignore_files: bool = True) -> Search:
    """Find the architecture files below a folder, in a stable order.

    Left out are files that `excluded` names, files that git ignores and does not track, and folders whose name starts
    with a dot or that hold installed packages.
    """
    found: list[Path] = []
    unreadable: list[UnreadableInputError] = []
    skipped: list[Path] = []

    def note(error: OSError) -> None:
        what = f"{os.path.normpath(error.filename)}: cannot be read: {error.strerror}"
        unreadable.append(UnreadableInputError(what, "exclude the folder, or check its permissions"))

    for path in _walk(folder, excluded, note, use_ignore_files, _is_yaml):
        try:
            (found if is_architecture(read_bytes(path, str(path))) else skipped).append(path)
        except UnreadableInputError as error:
            unreadable.append(error)
    return Search(tuple(found), tuple(skipped), tuple(unreadable))


def find_named(
    folder: Path, wanted: Callable[[str], bool], excluded: Ignored, use_ignore_files: bool = True
) -> tuple[list[Path], list[Path]]:
    """Find the files below a folder whose names are wanted, as `find_files` does; also return what cannot be read."""
    unreadable: list[Path] = []

    def note(error: OSError) -> None:
        unreadable.append(Path(error.filename))

    return sorted(_walk(folder, excluded, note, use_ignore_files, wanted)), unreadable


def find_left_out(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield architecture files that `find_files` does not find, with the reason: for a search that found nothing."""
    looked = 0
    for current, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != ".git")
        for path in (Path(current, name) for name in sorted(names) if name.lower().endswith(SUFFIXES)):
            looked += 1
            try:
                if is_architecture(read_bytes(path, str(path))):
                    yield path, _why_left_out(path.relative_to(folder))
            except UnreadableInputError:
                continue
        looked += 1
        if looked > _MOST_LOOKED:
            return


def _why_left_out(path: Path) -> str:
    hidden = next((part for part in path.parts if part.startswith(".") or part in SKIPPED_FOLDERS), None)
    if hidden is not None:
        return f"`{hidden}` is not searched"
    if not _is_yaml(path.name):
        return "its name does not end with .yaml or .yml"
    return "git ignores it, or `exclude` matches it"


def _is_yaml(name: str) -> bool:
    return name.endswith(SUFFIXES)


def _walk(
    folder: Path, excluded: Ignored, note: Callable[[OSError], None], use_ignore_files: bool,
    wanted: Callable[[str], bool],
) -> Iterator[Path]:  # fmt: skip
    git = GitIgnores(folder) if use_ignore_files else None
    for current, folders, names in os.walk(folder, onerror=note, followlinks=False):
        here = Path(current)
        if git is not None:
            git.enter(here)
        folders[:] = sorted(
            name for name in folders
            if not excluded(here / name, True) and not name.startswith(".") and name not in SKIPPED_FOLDERS
            and not (git is not None and git.ignores(name, is_folder=True))
        )  # fmt: skip
        if not os.access(here, os.X_OK):           # it can be listed, but nothing is known of what is in it
            if folders or any(map(wanted, names)):
                note(PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(here)))
            folders.clear()
            continue
        for name in sorted(names):
            if wanted(name) and not name.startswith("."):
                path = here / name
                if not excluded(path, False) and not (git is not None and git.ignores(name, is_folder=False)) \
                        and _is_file(path, note):
                    yield path


def _is_file(path: Path, note: Callable[[OSError], None]) -> bool:
    """Whether a path is a file; notes that nobody may look, as at the target of a link."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except PermissionError as error:
        note(error)
    except (OSError, ValueError):                  # a link that leads nowhere, or in a circle
        pass
    return False


class _Level(msgspec.Struct, frozen=True):
    """A folder of a walk.

    `prefix` is its path below the top of the repository, with a slash at the end; `rules` are the ignore files that
    apply, each with the length of the prefix of its own folder, the one with the highest precedence first.
    """

    folder: str
    prefix: bytes
    rules: tuple[tuple[int, IgnoreList], ...]
    repository: Repository | None
    ignored: bool = False


class GitIgnores:
    """The paths that git excludes in a walk from the top down, as `git ls-files -co --exclude-standard` does.

    Of several patterns that match a path, the one in the deepest `.gitignore` decides, then `info/exclude`, then the
    global file. What lies in an ignored folder is ignored, and its `.gitignore` is not read. Tracked files are never
    ignored. Outside of a repository, the `.gitignore` files from the project's root down are used. The folder that the
    walk starts at is searched even if git ignores it.
    """

    def __init__(self, start: Path) -> None:
        self.given = start
        self.start = str(real_path(start))
        self.kept: set[str] = set()
        repository = Repository.around(self.start)
        top = repository.top if repository is not None else str(project_root(Path(self.start, "any")))
        self.levels = [_first_level(top, repository)]
        steps = [] if self.start == top else os.path.relpath(self.start, top).split(os.sep)
        for index in range(1, len(steps) + 1):
            self._push(os.path.join(top, *steps[:index]))

    def enter(self, folder: Path) -> None:
        """Enter a folder of the walk."""
        here = os.path.join(self.start, folder.relative_to(self.given)) if folder != self.given else self.start
        while len(self.levels) > 1 and not _is_below(here, self.levels[-1].folder):
            self.levels.pop()
        if here != self.levels[-1].folder:
            self._push(here)

    def _push(self, folder: str) -> None:
        """Add the level of a folder that lies directly in the last one."""
        above = self.levels[-1]
        repository = Repository.at(folder)
        if repository is not None:
            self.levels.append(_first_level(folder, repository))
            return
        prefix = above.prefix + os.fsencode(os.path.basename(folder)) + b"/"
        if above.ignored or folder in self.kept:
            self.levels.append(_Level(folder, prefix, above.rules, above.repository, ignored=True))
            return
        own = _own_rules(folder, above.repository)
        rules = above.rules if own is None else ((len(prefix), own), *above.rules)
        self.levels.append(_Level(folder, prefix, rules, above.repository))

    def ignores(self, name: str, is_folder: bool) -> bool:
        """Return whether a file or folder in the current folder is left out."""
        level = self.levels[-1]
        path = level.prefix + os.fsencode(name)
        if not level.ignored and not _decide(level.rules, path, is_folder):
            return False
        repository = level.repository
        if repository is None:
            return True
        if not repository.tracks(path, is_folder):
            return True
        if not is_folder:
            return False
        self.kept.add(os.path.join(level.folder, name))
        return False


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder if folder.endswith(os.sep) else folder + os.sep)


def _decide(rules: tuple[tuple[int, IgnoreList], ...], path: bytes, is_folder: bool) -> bool:
    for start, patterns in rules:
        ignored = patterns.decide(path[start:], is_folder)
        if ignored is not None:
            return ignored
    return False


def _first_level(folder: str, repository: Repository | None) -> _Level:
    own = _own_rules(folder, repository)
    wide = repository.ignores if repository is not None else ()
    rules = ((0, rule) for rule in (*((own,) if own is not None else ()), *reversed(wide)))
    return _Level(folder, b"", tuple(rules), repository)


def _own_rules(folder: str, repository: Repository | None) -> IgnoreList | None:
    """Read the `.gitignore` of a folder; git reads none through a link."""
    file = os.path.join(folder, ".gitignore")
    if os.path.islink(file):
        return None
    return read_ignores(file, repository is not None and repository.ignore_case)

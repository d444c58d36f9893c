"""Files: reading them under limits, finding architecture files in folders, and loading what they include."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from archlint.errors import UnreadableInputError
from archlint.source.document import Document
from archlint.source.parser import MAX_BYTES, decode, parse

SUFFIXES: Final = (".yaml", ".yml")
_ROOT_MARKS: Final = ("archlint.toml", ".git", ".hg")
_TOP_KEY = re.compile(rb"^\xef?\xbb?\xbf?(?:\"archlint\"|'archlint'|archlint)\s*:", re.MULTILINE)
_SKIPPED_FOLDERS: Final = frozenset({"node_modules", "__pycache__", "venv", "site-packages"})


def read_document(path: Path, name: str | None = None) -> Document:
    """Read and parse one file; raises `UnreadableInputError` with one clear line."""
    shown = name or str(path)
    return parse(shown, decode(shown, read_bytes(path, shown)))


def read_bytes(path: Path, name: str) -> bytes:
    """Read a file up to the limit; raises `UnreadableInputError` for what is no readable file."""
    try:
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "no such file" if not path.exists() else "is no regular file"
            raise UnreadableInputError(f"{name}: {what}", "name a YAML file, or a folder that holds some")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UnreadableInputError(f"{name}: cannot be read: {error.strerror or error}", "") from None


def project_root(start: Path) -> Path:
    """The folder that holds a file's project: the nearest above with a mark of one, else the file's own folder."""
    folder = start.resolve().parent
    for candidate in (folder, *folder.parents):
        if any((candidate / mark).exists() for mark in _ROOT_MARKS):
            return candidate
    return folder


class FileIncludes:
    """Loads included files, relative to the file that names them and inside the project's root only.

    The paths of all files that were included are kept in `included`, resolved.
    """

    def __init__(self, main: Path, root: Path | None = None) -> None:
        self.root = (root or project_root(main)).resolve()
        self.paths = {str(main): main}
        self.included: set[Path] = set()

    def __call__(self, document: Document, target: str) -> Document:
        """Load one file; raises `UnreadableInputError`."""
        base = self.paths.get(document.name, Path(document.name))
        path = base.parent / target
        resolved = path.resolve()
        if not resolved.is_relative_to(self.root):
            raise UnreadableInputError(
                f"`{target}` lies outside the project, {self.root.name}/", "include files of the project only"
            )
        if base.resolve() == resolved:
            return document
        name = os.path.normpath(str(path))
        loaded = read_document(path, name)
        self.paths[name] = path
        self.included.add(resolved)
        return loaded


class Ignored(Protocol):
    """Decides whether a path below a folder is left out."""

    def __call__(self, path: Path) -> bool: ...


class Search(NamedTuple):
    """What a search found: architecture files, and how many other YAML files were skipped."""

    files: tuple[Path, ...]
    skipped: int
    unreadable: tuple[UnreadableInputError, ...] = ()


def find_files(folder: Path, ignored: Ignored) -> Search:
    """Find the architecture files below a folder, in a stable order, heeding `.gitignore` files and `ignored`."""
    found: list[Path] = []
    unreadable: list[UnreadableInputError] = []
    skipped = 0
    for path in _walk(folder, ignored):
        try:
            if _TOP_KEY.search(read_bytes(path, str(path))):
                found.append(path)
            else:
                skipped += 1
        except UnreadableInputError as error:
            unreadable.append(error)
    return Search(tuple(found), skipped, tuple(unreadable))


def _walk(folder: Path, ignored: Ignored) -> Iterator[Path]:
    rules = _GitIgnores(folder)
    for current, folders, names in os.walk(folder, onerror=None, followlinks=False):
        here = Path(current)
        rules.enter(here)
        folders[:] = sorted(
            name for name in folders
            if not name.startswith(".") and name not in _SKIPPED_FOLDERS
            and not rules.ignores(here / name, is_folder=True) and not ignored(here / name)
        )  # fmt: skip
        for name in sorted(names):
            path = here / name
            if name.endswith(SUFFIXES) and not name.startswith("."):
                if not path.is_file() or rules.ignores(path, is_folder=False) or ignored(path):
                    continue
                yield path


class _GitIgnores:
    """The `.gitignore` files from the project's root down, each heard for the paths below it."""

    def __init__(self, folder: Path) -> None:
        top = folder.resolve()
        root = project_root(top / "any")
        above = [parent for parent in (top, *top.parents) if parent.is_relative_to(root)]
        self.specs: list[tuple[Path, _Spec]] = []
        for parent in reversed(above[1:]):
            self.enter(parent)

    def enter(self, folder: Path) -> None:
        file = folder / ".gitignore"
        if file.is_file():
            with file.open(encoding="utf-8", errors="replace") as lines:
                self.specs.append((folder.resolve(), match_patterns(lines)))

    def ignores(self, path: Path, is_folder: bool) -> bool:
        resolved = path.parent.resolve() / path.name
        for base, spec in reversed(self.specs):
            if resolved.is_relative_to(base):
                text = resolved.relative_to(base).as_posix() + ("/" if is_folder else "")
                if spec.match_file(text):
                    return True
        return False


class _Spec(Protocol):
    def match_file(self, file: str, /) -> bool: ...


def match_patterns(lines: Iterable[str]) -> _Spec:
    """Compile patterns in the form of a `.gitignore`."""
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(lines)

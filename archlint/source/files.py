"""Files: reading them under limits, finding architecture files in folders, and loading what they include."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from archlint.errors import UnreadableInputError, hint_to_read
from archlint.source.document import Document
from archlint.source.parser import MAX_BYTES, decode, parse

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

SUFFIXES: Final = (".yaml", ".yml")
_ROOT_MARKS: Final = ("archlint.toml", ".git", ".hg")
_TOP_KEY: Final = r"""(?m)^(?:\{\s*)?(?:"archlint"|'archlint'|archlint)[ \t]*:(?:\s|$|(?<=["']:))"""
_WORD: Final = r"""(?<![\w./@"'-])archlint(?=[\s:,}]|$)|(["'])archlint\1\s*:"""
"""What could be the key where the style is another; `"name": "archlint"`, as reports have it, could not."""
_MAX_IGNORE: Final = 1_000_000
_SKIPPED_FOLDERS: Final = frozenset({"node_modules", "__pycache__", "venv", "site-packages"})


def read_document(path: Path, name: str | None = None) -> Document:
    """Read and parse one file; raises `UnreadableInputError` with one clear line."""
    shown = name or str(path)
    return parse(shown, decode(shown, read_bytes(path, shown)))


def read_bytes(path: Path, name: str) -> bytes:
    """Read a file up to the limit; raises `UnreadableInputError` for what is no readable file."""
    hint = "name a YAML file, or a folder that holds some"
    try:
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "is no regular file" if path.exists() else "no such file"
            raise UnreadableInputError(f"{name}: {what}", hint)
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        what = f"{name}: cannot be read: {error.strerror or error}"
        raise UnreadableInputError(what, hint_to_read(error, hint)) from None
    except ValueError:  # a NUL in the name
        raise UnreadableInputError(f"{name!r}: no such file", hint) from None


def real_path(path: Path) -> Path:
    """A path without links; of a circle of links, as far as it goes."""
    return Path(os.path.realpath(path))


def project_root(start: Path) -> Path:
    """The folder that holds a file's project: the nearest above with a mark of one, else the file's own folder."""
    folder = real_path(start).parent
    for candidate in (folder, *folder.parents):
        if any((candidate / mark).exists() for mark in _ROOT_MARKS):
            return candidate
    return folder


class FileIncludes:
    """Loads included files, relative to the file that names them and inside the project's root only.

    A file is read once, by whatever way it is reached. The paths of all files that were included are kept in
    `included`, resolved.
    """

    def __init__(self, main: Path, root: Path | None = None) -> None:
        self.root = real_path(root or project_root(main))
        self.main = main
        self.paths: dict[str, Path] = {}
        self.documents: dict[Path, Document] = {}
        self.included: set[Path] = set()

    def __call__(self, document: Document, target: str) -> Document:
        """Load one file; raises `UnreadableInputError`."""
        if not self.documents:
            self.documents[real_path(self.main)] = document
        path = self.paths.get(document.name, self.main).parent / target
        try:
            resolved = real_path(path)
        except (OSError, RuntimeError, ValueError):  # a circle of links, a name too long, a NUL in it
            raise UnreadableInputError(f"{shorten_path(target)}: no such file", "name a file of the project") from None
        if not resolved.is_relative_to(self.root):
            raise UnreadableInputError(
                f"{shorten_path(target)}: lies outside the project, {self.root.name}/",
                "include files of the project only",
            )
        if resolved not in self.documents:
            name = os.path.normpath(str(path))
            self.documents[resolved] = read_document(path, name)
            self.paths[name] = path
            self.included.add(resolved)
        return self.documents[resolved]


def shorten_path(path: str) -> str:
    """Show a path on one line."""
    flat = " ".join(path.split())
    return flat if len(flat) <= 100 else f"{flat[:99]}…"


Ignored = Callable[[Path], bool]
"""Decides whether a path below a folder is left out."""


class Search(NamedTuple):
    """What a search found: architecture files, and other YAML files, which were skipped."""

    files: tuple[Path, ...]
    skipped: tuple[Path, ...]
    unreadable: tuple[UnreadableInputError, ...] = ()


def find_files(folder: Path, ignored: Ignored) -> Search:
    """Find the architecture files below a folder, in a stable order, heeding `.gitignore` files and `ignored`."""
    found: list[Path] = []
    unreadable: list[UnreadableInputError] = []
    skipped: list[Path] = []

    def note(error: OSError) -> None:
        what = f"{error.filename}: cannot be read: {error.strerror}"
        unreadable.append(UnreadableInputError(what, "exclude the folder, or let it be read"))

    for path in _walk(folder, ignored, note):
        try:
            (found if is_architecture(read_bytes(path, str(path))) else skipped).append(path)
        except UnreadableInputError as error:
            unreadable.append(error)
    return Search(tuple(found), tuple(skipped), tuple(unreadable))


def is_architecture(data: bytes) -> bool:
    """Whether a file's top level has the key `archlint`; other files need not even be YAML.

    Nearly always the text alone tells. Only where it holds the word, and not as a key at the start of a line, it is
    parsed, as far as the key.

    >>> is_architecture(b"# mine\\narchlint: 1\\n"), is_architecture(b"a:\\n  archlint: 1\\n")
    (True, False)
    """
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    if encoding == "utf-8-sig" and b"archlint" not in data:
        return False
    text = data.decode(encoding, errors="replace").replace("\r", "\n")
    if re.search(_TOP_KEY, text) is not None:
        return True
    if len(data) > MAX_BYTES or re.search(_WORD, text) is None:
        return False
    from archlint.source.keys import has_top_key

    return has_top_key(text, "archlint")


def _walk(folder: Path, ignored: Ignored, note: Callable[[OSError], None]) -> Iterator[Path]:
    rules = _GitIgnores(folder)
    for current, folders, names in os.walk(folder, onerror=note, followlinks=False):
        here = Path(current)
        rules.enter(here)
        folders[:] = sorted(
            name for name in folders
            if not name.startswith(".") and name not in _SKIPPED_FOLDERS
            and not rules.ignores(here, name, is_folder=True) and not ignored(here / name)
        )  # fmt: skip
        for name in sorted(names):
            if name.endswith(SUFFIXES) and not name.startswith("."):
                path = here / name
                if not rules.ignores(here, name, is_folder=False) and not ignored(path) and path.is_file():
                    yield path


class _GitIgnores:
    """The `.gitignore` files from the project's root down, each heard for the paths below it.

    Of several that speak of a path the deepest decides, as in git.
    """

    def __init__(self, folder: Path) -> None:
        self.given = folder
        self.top = real_path(folder)
        root = project_root(self.top / "any")
        above = [parent for parent in self.top.parents if parent.is_relative_to(root)]
        self.specs: list[tuple[Path, GitIgnoreSpec]] = []
        for parent in reversed(above):
            self._read(parent)

    def enter(self, folder: Path) -> None:
        """Come to a folder of the walk: what was said in folders beside it is forgotten."""
        here = self._resolved(folder)
        while self.specs and not here.is_relative_to(self.specs[-1][0]):
            self.specs.pop()
        self._read(here)

    def _resolved(self, folder: Path) -> Path:
        return self.top / folder.relative_to(self.given)

    def _read(self, folder: Path) -> None:
        file = folder / ".gitignore"
        try:
            if file.is_file():
                with file.open(encoding="utf-8", errors="replace") as stream:
                    self.specs.append((folder, _spec_of(stream.read(_MAX_IGNORE).splitlines())))
        except OSError:
            return  # one that cannot be read ignores nothing

    def ignores(self, folder: Path, name: str, is_folder: bool) -> bool:
        """Whether a file or folder that stands in a folder of the walk is ignored."""
        path = self._resolved(folder) / name
        for base, spec in reversed(self.specs):
            said = spec.check_file(path.relative_to(base).as_posix() + ("/" if is_folder else "")).include
            if said is not None:
                return said
        return False


def _spec_of(lines: list[str]) -> GitIgnoreSpec:
    """Compile a `.gitignore`; git passes over lines that mean nothing, and so does this."""
    try:
        return match_patterns(lines)
    except ValueError:
        return match_patterns(line for line in lines if _means_something(line))


def _means_something(line: str) -> bool:
    try:
        match_patterns([line])
    except ValueError:
        return False
    return True


def match_patterns(lines: Iterable[str]) -> GitIgnoreSpec:
    """Compile patterns in the form of a `.gitignore`; raises `ValueError` for one that is none."""
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines(lines)
    except re.error as error:
        raise ValueError(str(error)) from None

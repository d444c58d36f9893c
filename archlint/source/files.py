"""Files: read them under limits, recognise architecture files, and load what they include."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from archlint.errors import UnreadableInputError, UsageError, hint_to_read
from archlint.source.document import Document
from archlint.source.parser import MAX_BYTES, decode, parse

SUFFIXES: Final = (".yaml", ".yml")
"""The endings of the names of YAML files."""
_MOST_COMPARED: Final = 1_000
_NEAR: Final = 0.75
_HINT: Final = "name a YAML file, or a folder with YAML files"
_ROOT_MARKS: Final = ("archlint.toml", ".git", ".hg")
_TOP_KEY: Final = r"""(?m)^(?:\{\s*)?(?:"archlint"|'archlint'|archlint)[ \t]*:(?:\s|$|(?<=["']:))"""
_WORD: Final = r"""(?<![\w./@"'-])archlint(?=[\s:,}]|$)|(["'])archlint\1\s*:"""
"""What could be the key in another YAML style; `"name": "archlint"`, as in reports, cannot be."""


def read_document(path: Path, name: str | None = None) -> Document:
    """Read and parse one file; raises `UnreadableInputError` with one clear line."""
    shown = name or str(path)
    return parse(shown, decode(shown, read_bytes(path, shown)))


def read_named(path: Path) -> Document:
    """Read and parse a file or a named pipe, such as `<(git show HEAD:arch.yaml)` in a shell, that a call names."""
    name = str(path)
    return parse(name, decode(name, read_stream(path, name))) if _is_pipe(path) else read_document(path)


def _is_pipe(path: Path) -> bool:
    try:
        return path.is_fifo()
    except (OSError, ValueError):
        return False


def read_bytes(path: Path, name: str) -> bytes:
    """Read a regular file up to the limit; raises `UnreadableInputError` for anything else."""
    try:
        if not path.is_file():
            if path.is_dir() and not os.access(path, os.R_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            what = "is a folder" if path.is_dir() else "is not a regular file" if path.exists() else "no such file"
            hint = "name a file in it" if path.is_dir() else _near_or(path, _HINT)
            raise UnreadableInputError(f"{name}: {what}", hint)
    except (OSError, ValueError) as error:
        raise _unreadable(name, error) from None
    return read_stream(path, name)


def _near_or(path: Path, hint: str) -> str:
    """Suggest the YAML file of the same folder that a missing one most likely means."""
    from difflib import get_close_matches

    try:
        beside = [] if path.exists() else [name for name in os.listdir(path.parent) if name.endswith(SUFFIXES)]
    except (OSError, ValueError):
        return hint
    found = get_close_matches(path.name, sorted(beside)[:_MOST_COMPARED], n=1, cutoff=_NEAR)
    return f"did you mean `{path.with_name(found[0])}`?" if found else hint


def read_stream(path: Path, name: str) -> bytes:
    """Read a file or a pipe up to the limit; for a pipe, wait until it is closed."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _unreadable(name, error) from None


def _unreadable(name: str, error: OSError | ValueError) -> UnreadableInputError:
    if not isinstance(error, OSError):  # a NUL in the name
        return UnreadableInputError(f"{name!r}: no such file", _HINT)
    return UnreadableInputError(f"{name}: cannot be read: {error.strerror or error}", hint_to_read(error, _HINT))


def real_path(path: Path) -> Path:
    """A path without links; a circle of links is resolved as far as possible."""
    return Path(os.path.realpath(path))


def plain_path(path: Path) -> Path:
    """Return a path that names the same file without its `..`; the real one if a `..` follows a link to elsewhere."""
    if ".." not in path.parts or os.path.realpath(os.path.normpath(path)) == os.path.realpath(path):
        return path
    return Path(os.path.relpath(os.path.realpath(path)))


def project_root(start: Path) -> Path:
    """Return the project folder of a file: the nearest parent with a marker, otherwise the file's own folder."""
    folder = real_path(start).parent
    return marked_folder(folder) or folder


def working_root(start: Path) -> Path:
    """Return the folder that a call's own files belong to, such as its baseline.

    That is the nearest parent with a marker; without one the current folder, if the file lies in it; otherwise the
    file's own folder.
    """
    folder = real_path(start).parent
    here = real_path(Path())
    return marked_folder(folder) or (here if folder.is_relative_to(here) else folder)


def marked_folder(folder: Path) -> Path | None:
    """Return the nearest folder with a marker of a project, from this one up."""
    return next((candidate for candidate in (folder, *folder.parents) if _is_marked(candidate)), None)


def _is_marked(folder: Path) -> bool:
    return any(os.path.lexists(folder / mark) for mark in _ROOT_MARKS)


def project_of(path: Path | str) -> Path | None:
    """Return the project that a path lies in, by its folders as written; None outside of projects.

    A link of a project does not lead into another one: what lies behind links is the outermost project there, and only
    if no folder before them is one. Without a marked project, it is the current folder, if the path lies in it.
    """
    named = Path(os.path.abspath(path))
    nearest = behind_link = None
    linked = False
    for folder in reversed(named.parents):
        linked = linked or folder.is_symlink()
        if not _is_marked(folder):
            continue
        if linked:
            behind_link = behind_link or folder
        else:
            nearest = folder
    if nearest is not None or behind_link is not None:
        return nearest or behind_link
    here = Path(os.getcwd())
    return here if named.is_relative_to(here) else None


def keep_inside(path: Path | str, inside: Path | None = None, done: str = "written") -> str:
    """Return the path that links lead to; raises `UsageError` if it is not inside a folder, by default the project."""
    real = os.path.realpath(path)
    inside = inside or project_of(path)
    if inside is None:
        return real
    root = os.path.realpath(inside)
    if os.path.commonpath([real, root]) != root if _same_drive(real, root) else True:
        raise UsageError(f"{path} leads out of {inside}: it is not {done}", "name a file inside that folder")
    return real


def _same_drive(first: str, second: str) -> bool:
    return os.path.splitdrive(first)[0].lower() == os.path.splitdrive(second)[0].lower()


class FileIncludes:
    """Loads included files, relative to the file that names them and inside the project's root only.

    Each file is read once, even if it is included under several names. `included` holds the resolved paths of all
    included files. `texts` replace the content of files, by their resolved paths: an editor may not have saved them.
    """

    def __init__(self, main: Path, root: Path | None = None, texts: Mapping[Path, bytes] | None = None) -> None:
        self.root = real_path(root or project_root(main))
        self.texts = texts or {}
        self.main = main
        self.paths: dict[str, Path] = {}
        self.documents: dict[Path, Document] = {}
        self.included: set[Path] = set()
        self.deployment: None = None

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
            name = os.path.normpath(plain_path(path))
            data = self.texts.get(resolved)
            self.documents[resolved] = read_document(path, name) if data is None else parse(name, decode(name, data))
            self.paths[name] = path
            self.included.add(resolved)
        return self.documents[resolved]


def shorten_path(path: str) -> str:
    """Show a path on one line."""
    flat = " ".join(path.split())
    return flat if len(flat) <= 100 else f"{flat[:99]}…"


def is_architecture(data: bytes) -> bool:
    """Whether a file's top level has the key `archlint`; other files need not even be YAML.

    The text alone nearly always decides. It is parsed, up to the key, only if it has the word elsewhere than as a key
    at the start of a line.

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

"""The folders and files that a server offers, and the only way from a name in a request to a path on disk."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import msgspec

from archlint.errors import UsageError
from archlint.source.files import SUFFIXES, real_path

MAX_NAME = 1_000


class UnknownFileError(UsageError):
    """A name that is no file below the folders of the server."""


class Workspace(msgspec.Struct, frozen=True):
    """Folders, and single files, that a server offers; names in requests are relative to `base`, with slashes.

    `base` is the folder itself if there is one only, otherwise the folder above all of them. Both are without links.
    """

    base: str
    folders: tuple[str, ...]
    files: tuple[str, ...] = ()

    @classmethod
    def of(cls, paths: Sequence[Path]) -> Workspace:
        """Return the workspace of a call; raises `UsageError` for a path that does not exist."""
        folders: list[str] = []
        files: list[str] = []
        for path in dict.fromkeys(map(real_path, paths or (Path(),))):
            if path.is_dir():
                folders.append(str(path))
            elif path.is_file() and path.suffix in SUFFIXES:
                files.append(str(path))
            elif path.exists():
                raise UsageError(f"{path} is not a YAML file", "name folders, or architecture files")
            else:
                raise UsageError(f"{path}: no such file or folder", "name folders, or architecture files")
        try:
            base = os.path.commonpath([*folders, *(os.path.dirname(file) for file in files)])
        except ValueError:
            raise UsageError("the paths lie on different drives", "start a server for each drive") from None
        return cls(base, tuple(folders), tuple(files))

    def resolve(self, name: str) -> Path:
        """Return the path of a YAML file below the folders, relative to `base`; it may not exist yet.

        Raises `UnknownFileError` for any other name: also for one that a link leads out of the folders, and for hidden
        files and folders.
        """
        path = self._below(name)
        if path.suffix not in SUFFIXES:
            raise UnknownFileError(f"{_shown(name)}: not a YAML file", "name a file that ends with .yaml or .yml")
        return path

    def resolve_folder(self, name: str) -> Path:
        """Return the path of a folder or of any file below the folders, relative to `base`; raises likewise."""
        return Path() if name in {"", "."} and self.folders == (self.base,) else self._below(name)

    def root_of(self, path: Path) -> Path:
        """Return the folder that what a file names, such as an include, must lie in."""
        real = os.path.realpath(os.path.join(self.base, path))
        found = max((folder for folder in self.folders if _is_below(real, folder)), key=len, default="")
        return Path(found or os.path.dirname(real))

    def name_of(self, path: Path | str) -> str:
        """Return the name that requests have for a path; empty if it is not below the folders, or is hidden."""
        full = os.path.normpath(os.path.join(self.base, path))
        if not _is_below(full, self.base) or full == self.base:
            return ""
        name = Path(os.path.relpath(full, self.base)).as_posix()
        try:
            self._below(name)
        except UnknownFileError:
            return ""
        return name

    def _below(self, name: str) -> Path:
        unknown = UnknownFileError(f"{_shown(name)}: no such file in the folders of this server", "`/files` lists them")
        parts = PurePosixPath(name).parts
        is_plain = bool(name) and len(name) <= MAX_NAME and name.isprintable() and "\\" not in name
        if not is_plain or name != "/".join(parts) or any(part.startswith(".") or ":" in part for part in parts):
            raise unknown
        try:
            real = os.path.realpath(os.path.join(self.base, *parts))
        except (OSError, ValueError):
            raise unknown from None
        hidden = any(part.startswith(".") for part in Path(os.path.relpath(real, self.base)).parts)
        if hidden or not (real in self.files or any(_is_below(real, folder) for folder in self.folders)):
            raise unknown
        return Path(*parts)


def _is_below(real: str, folder: str) -> bool:
    try:
        return os.path.commonpath([real, folder]) == folder
    except ValueError:
        return False


def _shown(name: str) -> str:
    """Return a name for a message: short, and without characters that do not print."""
    shown = "".join(char if char.isprintable() else "?" for char in name[:80])
    return f"{shown}…" if len(name) > 80 else shown or "the empty name"

"""Lists, reads and saves the files of a workspace. A save names the version that it replaces: nothing gets lost."""

from __future__ import annotations

import threading
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from archlint.errors import UnreadableInputError, UsageError, hint_to_write
from archlint.linter import Options
from archlint.serve.workspace import UnknownFileError, Workspace
from archlint.source.files import read_bytes
from archlint.source.parser import decode
from archlint.targets import Configs
from archlint.writing import ChangedMeanwhileError, encoded, write_file

MAX_FILES: Final = 2_000
"""The maximum number of files in a listing."""


class Stored(msgspec.Struct, frozen=True):
    """A file on disk: its text, and the version of its content."""

    text: str
    version: str


class ConflictError(Exception):
    """A save of a file whose content is not the version that the client read; None if there is no such file."""

    def __init__(self, stored: Stored | None) -> None:
        super().__init__("the file changed since it was read")
        self.stored = stored


class Store:
    """The files of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._saving = threading.Lock()

    def listing(self) -> tuple[list[tuple[str, str]], list[str]]:
        """Return the architecture files with their versions, and notes about what cannot be read."""
        base = Path(self.workspace.base)
        configs = Configs(Options())
        targets = [Path(one) for one in (*self.workspace.folders, *self.workspace.files)]
        found = configs.inputs(targets)
        files: list[tuple[str, str]] = []
        notes = [error.message for error in found.errors]
        for path in found.files:
            name = self.workspace.name_of(path)
            if name and len(files) < MAX_FILES:
                try:
                    files.append((name, version_of(read_bytes(base / name, name))))
                except UnreadableInputError as error:
                    notes.append(error.message)
        if len(found.files) > MAX_FILES:
            notes.append(f"only the first {MAX_FILES:,} of {len(found.files):,} files are listed")
        return files, notes

    def read(self, name: str) -> Stored:
        """Return a file; raises `UnknownFileError` and `UnreadableInputError`."""
        data = self._bytes(name)
        if data is None:
            raise UnknownFileError(f"{name}: no such file", "`/files` lists the files")
        return Stored(decode(name, data), version_of(data))

    def version(self, name: str) -> str | None:
        """Return the version of a file; None if there is none that can be read."""
        try:
            data = self._bytes(name)
        except (UnknownFileError, UnreadableInputError):
            return None
        return None if data is None else version_of(data)

    def save(self, name: str, text: str, version: str | None) -> str:
        """Replace a version of a file by a text, and return the new version; None creates a file.

        Raises `ConflictError` if the file has another version, and `UsageError` if it cannot be written.
        """
        path = self._path(name)
        with self._saving:
            old = self._bytes(name)
            if (None if old is None else version_of(old)) != version:
                raise ConflictError(self._stored(name))
            data = encoded(text, old or b"")
            try:
                write_file(path, data, self.workspace.root_of(path), replace=old is not None, expected=old)
            except (ChangedMeanwhileError, FileExistsError):
                raise ConflictError(self._stored(name)) from None
            except OSError as error:
                hint = hint_to_write(error)
                raise UsageError(f"{name} cannot be written: {error.strerror}", hint) from None
        return version_of(data)

    def _path(self, name: str) -> Path:
        return Path(self.workspace.base) / self.workspace.resolve(name)

    def _bytes(self, name: str) -> bytes | None:
        path = self._path(name)
        return read_bytes(path, name) if path.exists() else None

    def _stored(self, name: str) -> Stored | None:
        data = self._bytes(name)
        return None if data is None else Stored(decode(name, data), version_of(data))


def version_of(data: bytes) -> str:
    """Return the version of a content.

    >>> version_of(b"archlint: 1")
    '5308d4f76aed47ea8efa6a49af592364'
    """
    return sha256(data).hexdigest()[:32]

"""How the files of one version of a system are read: from disk, from git, from memory, or already."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from archlint.compare.git import Revision, RevisionIncludes
from archlint.linter import Includes
from archlint.model.read import no_includes
from archlint.reading import Source
from archlint.source.document import Document
from archlint.source.files import FileIncludes, read_named, real_path
from archlint.source.parser import parse


class Version(Protocol):
    """One version: how its files are read."""

    def document(self, path: Path) -> Document:
        """Read one file; raises `UnreadableInputError`."""

    def includes(self, path: Path) -> Includes:
        """Return what loads the files that a file includes."""


class OnDisk:
    """Files on disk."""

    def document(self, path: Path) -> Document:
        """Read one file."""
        return read_named(path)

    def includes(self, path: Path) -> Includes:
        """Return what loads the files that a file includes."""
        return FileIncludes(path)


class InGit:
    """Files of a revision."""

    def __init__(self, revision: Revision) -> None:
        self.revision = revision

    def document(self, path: Path) -> Document:
        """Read one file."""
        return self.revision.document(in_repository(path))

    def includes(self, path: Path) -> Includes:
        """Return what loads the files that a file includes."""
        return RevisionIncludes(self.revision, in_repository(path))


class InMemory:
    """A text, which has no files beside it to include."""

    def __init__(self, text: str) -> None:
        self.text = text

    def document(self, path: Path) -> Document:
        """Read one file."""
        return parse(str(path), self.text)

    def includes(self, _path: Path) -> Includes:
        """Return what loads the files that a file includes."""
        return NoIncludes()


class ReadAlready:
    """One system that is read already, such as that of deployment files."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def document(self, _path: Path) -> Document:
        """Read one file."""
        return self.source.document

    def includes(self, _path: Path) -> Includes:
        """Return what loads the files that a file includes."""
        if self.source.includes is None and self.source.file is not None:
            return FileIncludes(self.source.file)
        return self.source.includes or NoIncludes()


class NoIncludes:
    """Refuse each include."""

    def __init__(self) -> None:
        self.included: set[Path] = set()
        self.deployment: None = None

    def __call__(self, document: Document, target: str) -> Document:
        """Refuse a file; raises `UnreadableInputError`."""
        return no_includes(document, target)


def in_repository(path: Path) -> Path:
    """Return a path as the repository has it: links of its folder are resolved, the name of the file is kept."""
    absolute = Path(os.path.abspath(path))
    return real_path(absolute.parent) / absolute.name

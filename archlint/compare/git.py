"""Files of a git repository at a revision, with those of its submodules, read from git's objects."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from archlint.compare.facts import DiffError
from archlint.compare.repository import Repository
from archlint.errors import UnreadableInputError
from archlint.model.quantities import shorten
from archlint.source.document import Document
from archlint.source.files import shorten_path
from archlint.source.parser import MAX_BYTES, decode, parse

_AT_ONCE: Final = 100
_FILE: Final = frozenset({"100644", "100755"})
_LINK: Final = "120000"
_SUBMODULE: Final = "160000"


class Blob(msgspec.Struct, frozen=True):
    """A file of a revision: its mode and its object; `commit` has it, and `repository` has the commit."""

    mode: str
    object: str
    commit: str
    repository: Repository

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file, and not a link or a submodule."""
        return self.mode in _FILE


class Revision:
    """The files of one commit, by their real paths in the work tree.

    Files of a submodule are those of the commit that the revision records for it. `unknown` are the submodules of which
    one side is not in the clone, each with a message: their files cannot be compared. `absent` are those that are not
    checked out, whether they changed or not. Raises `DiffError` if there is no repository, or no such revision.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        if not name or name.startswith("-") or not name.isprintable() or ".." in name:
            hint = "name one revision, as main, HEAD~1 or v1.2; the other side is the work tree"
            raise DiffError(f"`{shorten(name)}` is not a revision", hint)
        self.repository = Repository(folder)
        self.top = self.repository.top
        self.commit = self._commit(name)
        self.unknown: dict[Path, str] = {}
        self.absent: dict[Path, str] = {}
        self.blobs: dict[Path, Blob] = {}
        self._add_tree(self.repository, self.commit)
        self._sizes: dict[str, int] = {}
        self._contents: dict[str, bytes] = {}

    def _commit(self, name: str) -> str:
        words = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"]
        found = self.repository.answers(words)
        if found is None:
            hint = "fetch it, or name another: `git log --oneline` lists some"
            if self.repository.is_shallow:
                hint = "this clone is shallow: get the history with `git fetch --unshallow`, or fetch that revision"
            raise DiffError(f"the repository has no revision `{shorten(name)}`", hint)
        return found.decode().strip()

    def _add_tree(self, repository: Repository, commit: str) -> None:
        """Add the files of a commit, and of the submodules that it records."""
        away = repository.not_checked_out() if repository.modules is None else frozenset()
        recorded: dict[Path, str] = {}
        for mode, object_, path in repository.tree(commit, self.name):
            if mode == _SUBMODULE:
                recorded[path] = object_
                self._add_submodule(repository, commit, path, object_)
            elif path not in away or path.exists():
                self.blobs[path] = Blob(mode, object_, commit, repository)
        if repository.modules is None:
            self._add_absent(repository, recorded)

    def _add_absent(self, repository: Repository, recorded: Mapping[Path, str]) -> None:
        """Name the submodules that are not checked out; they differ if another commit is recorded for them now."""
        for path, now in repository.submodules().items():
            if not (path / ".git").exists() and not _is_gone(path):
                inside = path.relative_to(self.top).as_posix()
                what = f"submodule {inside} is not compared: it is not checked out"
                self.absent[path] = f"{what}; get it with `git submodule update --init`"
                if recorded.get(path) != now:
                    self.unknown[path] = self.absent[path]

    def _add_submodule(self, above: Repository, recorded: str, path: Path, commit: str) -> None:
        inside = path.relative_to(self.top).as_posix()
        there = (path / ".git").exists()
        submodule = Repository(path) if there else above.submodule(path, recorded) if _is_gone(path) else None
        if submodule is not None:
            if submodule.has_commit(commit):
                self._add_tree(submodule, commit)
                return
            why = f"the clone does not have the commit {commit[:10]} of {self.name}"
            more = " --unshallow" if submodule.is_shallow else ""
            hint = f"; get it with `git -C {inside} fetch{more}`" if there else ""
            self.unknown[path] = f"submodule {inside} is not compared: {why}{hint}"
        elif _is_gone(path):
            self.unknown[path] = f"submodule {inside} is not compared: it is not a submodule any more"

    def shown(self, path: Path) -> str:
        """Name a file of the revision, as git does: `main:teams/arch.yaml`."""
        return f"{self.name}:{path.relative_to(self.top).as_posix()}"

    def read_bytes(self, path: Path) -> bytes:
        """Return the content of a file of the commit; raises `UnreadableInputError` if it cannot be read."""
        blob = self.blobs.get(path)
        inside = path.is_relative_to(self.top)
        shown = self.shown(path) if inside else shorten_path(str(path))
        if blob is None:
            raise UnreadableInputError(f"{shown}: no such file", "name a file of that revision")
        if not blob.is_file:
            what = "a link: git stores the name of its target, not its content" if blob.mode == _LINK else "not a file"
            raise UnreadableInputError(f"{shown}: {what}", "name the file itself")
        if blob.object not in self._sizes:
            self.fetch([path])
        if self._sizes.get(blob.object, 0) > MAX_BYTES:
            return b"\0" * (MAX_BYTES + 1)         # the decoder rejects it and states the limit
        if blob.object not in self._contents:
            raise UnreadableInputError(f"{shown}: git does not have this file's content", "run `git fsck`")
        return self._contents[blob.object]

    def fetch(self, paths: Iterable[Path]) -> None:
        """Read many files together, and keep their contents for `read_bytes`.

        In a partial clone, this fetches the missing ones of these files, and no others.
        """
        wanted: dict[tuple[Repository, str], list[str]] = {}
        for path in paths:
            blob = self.blobs[path]
            if blob.is_file and blob.object not in self._sizes:
                wanted.setdefault((blob.repository, blob.commit), []).append(blob.object)
        for (repository, commit), named in wanted.items():
            objects = list(dict.fromkeys(named))
            repository.fetch_missing(commit, objects)
            sizes = repository.sizes(objects, self.name)
            self._sizes |= sizes
            small = [one for one in objects if one in sizes and sizes[one] <= MAX_BYTES]
            for start in range(0, len(small), _AT_ONCE):
                self._contents |= repository.contents(small[start : start + _AT_ONCE], self.name)

    def document(self, path: Path) -> Document:
        """Read and parse one file of the commit."""
        shown = self.shown(path)
        return parse(shown, decode(shown, self.read_bytes(path)))


def _is_gone(path: Path) -> bool:
    """Whether a submodule was removed or moved: until it is checked out, its folder is there and empty."""
    return not path.is_dir() or any(path.iterdir())


class RevisionIncludes:
    """Loads the files that a file of a revision includes, from the same revision."""

    def __init__(self, revision: Revision, main: Path) -> None:
        self.revision = revision
        self.main = main
        self.paths: dict[str, Path] = {}
        self.documents: dict[Path, Document] = {}
        self.included: set[Path] = set()
        self.deployment: None = None

    def __call__(self, document: Document, target: str) -> Document:
        """Load one file; raises `UnreadableInputError`."""
        if not self.documents:
            self.documents[self.main] = document
        here = self.paths.get(document.name, self.main)
        path = Path(os.path.normpath(here.parent / target))
        if "\0" in target or not path.is_relative_to(self.revision.top):
            where = f"{shorten_path(target)}: lies outside the repository"
            raise UnreadableInputError(where, "include files of the project only")
        if path not in self.documents:
            loaded = self.revision.document(path)
            self.documents[path] = loaded
            self.paths[loaded.name] = path
            self.included.add(path)
        return self.documents[path]

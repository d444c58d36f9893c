"""Files as a git repository holds them at a revision: read from its objects, the work tree is not touched."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from archlint.compare.entries import Baseline, parse_baseline
from archlint.compare.facts import DiffError
from archlint.errors import UnreadableInputError
from archlint.model.quantities import shorten
from archlint.source.document import Document
from archlint.source.files import shorten_path
from archlint.source.parser import MAX_BYTES, decode, parse

_SECONDS: Final = 60
_AT_ONCE: Final = 100
_FILE: Final = frozenset({"100644", "100755"})
_LINK: Final = "120000"
_ENVIRONMENT: Final = {
    "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_NO_REPLACE_OBJECTS": "1",
    "LC_ALL": "C.UTF-8",
}  # fmt: skip
"""Ask nobody, write nothing, fetch nothing, and speak English."""


_OF_HOOKS: Final = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"})
"""What git sets for its hooks, relative to where these start: the repository is found from the folder instead."""


def _environment() -> dict[str, str]:
    return {**{key: value for key, value in os.environ.items() if key not in _OF_HOOKS}, **_ENVIRONMENT}


class Blob(msgspec.Struct, frozen=True):
    """A file of a revision: its mode, its object and its size in bytes."""

    mode: str
    object: str
    size: int

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file, and no link or other repository."""
        return self.mode in _FILE


class Revision:
    """The files of one commit, by their real paths in the work tree.

    Raises `DiffError` for what is no repository, or no revision of it.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        if not name or name.startswith("-") or not name.isprintable() or ".." in name:
            hint = "name one revision, as main, HEAD~1 or v1.2; the other side is the work tree"
            raise DiffError(f"`{shorten(name)}` is no name of a revision", hint)
        self.folder = folder
        top = self._ask(["rev-parse", "--show-toplevel"], f"{folder}: in no work tree of git", "run it in a checkout")
        self.top = Path(os.path.realpath(os.fsdecode(top.removesuffix(b"\n"))))
        hint = "fetch it, or name another: `git log --oneline` lists some"
        words = ["rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"]
        self.commit = self._ask(words, f"the repository has no revision `{shorten(name)}`", hint).decode().strip()
        self.blobs = self._tree()
        self._read: dict[str, bytes] = {}

    def _ask(self, words: Sequence[str], problem: str, hint: str, told: bytes = b"") -> bytes:
        """Run git, without a shell, and return what it says; `told` is what it reads."""
        try:
            done = subprocess.run(
                ["git", "-C", str(self.folder), *words], input=told, capture_output=True, check=False,
                timeout=_SECONDS, env=_environment(),
            )  # fmt: skip
        except FileNotFoundError:
            raise DiffError("git is not installed", "install it, or compare two files instead") from None
        except OSError as error:
            raise DiffError(f"git cannot be run: {error.strerror}", "compare two files instead") from None
        except subprocess.TimeoutExpired:
            raise DiffError(f"git did not answer within {_SECONDS} s", "try again, or compare two files") from None
        if done.returncode != 0:
            said = os.fsdecode(done.stderr).strip().removeprefix("fatal: ").split("\n")[0]
            raise DiffError(f"{problem}{f' ({shorten(said, 200)})' if said else ''}", hint)
        return done.stdout

    def _tree(self) -> dict[Path, Blob]:
        """Return all files of the commit."""
        listed = self._ask(
            ["ls-tree", "-r", "-z", "-l", "--full-tree", self.commit], f"`{self.name}` cannot be listed", "run git fsck"
        )
        blobs = {}
        for row in filter(None, listed.split(b"\0")):
            facts, _, name = row.partition(b"\t")
            mode, _, object_, size = facts.decode().split()
            blobs[self.top / os.fsdecode(name)] = Blob(mode, object_, int(size) if size.isdigit() else 0)
        return blobs

    def shown(self, path: Path) -> str:
        """Name a file of the revision, as git does: `main:teams/arch.yaml`."""
        return f"{self.name}:{path.relative_to(self.top).as_posix()}"

    def read_bytes(self, path: Path) -> bytes:
        """Return a file of the commit; raises `UnreadableInputError` where there is none, or it is too large."""
        blob = self.blobs.get(path)
        inside = path.is_relative_to(self.top)
        shown = self.shown(path) if inside else shorten_path(str(path))
        if blob is None:
            raise UnreadableInputError(f"{shown}: no such file", "name a file of that revision")
        if not blob.is_file:
            what = "a link: git keeps where it leads, not what stands there" if blob.mode == _LINK else "no file"
            raise UnreadableInputError(f"{shown}: {what}", "name the file itself")
        if blob.size > MAX_BYTES:
            return b"\0" * (MAX_BYTES + 1)         # refused where it is decoded, with the limit
        if blob.object not in self._read:
            words = ["cat-file", "blob", blob.object]
            self._read[blob.object] = self._ask(words, f"{shown} cannot be read", "run git fsck")
        return self._read[blob.object]

    def fetch(self, paths: Iterable[Path]) -> None:
        """Read many files at once, to be kept until they are asked for."""
        wanted = list(dict.fromkeys(
            blob.object for path in paths
            if (blob := self.blobs[path]).is_file and blob.size <= MAX_BYTES and blob.object not in self._read
        ))  # fmt: skip
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            told = "".join(f"{one}\n" for one in some).encode()
            answer = self._ask(["cat-file", "--batch"], f"`{self.name}` cannot be read", "run git fsck", told)
            at = 0
            while at < len(answer):
                end = answer.index(b"\n", at)
                head = answer[at:end].split()
                if len(head) < 3:                  # missing: told where it is asked for by itself
                    at = end + 1
                    continue
                size = int(head[2])
                self._read[head[0].decode()] = answer[end + 1 : end + 1 + size]
                at = end + 2 + size

    def document(self, path: Path) -> Document:
        """Read and parse one file of the commit."""
        shown = self.shown(path)
        return parse(shown, decode(shown, self.read_bytes(path)))


def baseline_at(name: str, file: Path) -> Baseline | None:
    """Return a baseline as a revision has it; None where it has none.

    Raises `DiffError` for what is no revision, `BaselineError` for what is no baseline.
    """
    place = Path(os.path.realpath(file))
    revision = Revision(name, place.parent)
    if place not in revision.blobs:
        return None
    shown = revision.shown(place)
    return parse_baseline(decode(shown, revision.read_bytes(place)), file, shown)


class RevisionIncludes:
    """Loads what a file of a revision includes, from the same revision."""

    def __init__(self, revision: Revision, main: Path) -> None:
        self.revision = revision
        self.main = main
        self.paths: dict[str, Path] = {}
        self.documents: dict[Path, Document] = {}
        self.included: set[Path] = set()

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

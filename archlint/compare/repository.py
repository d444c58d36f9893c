"""Calls to git in one repository: read objects, and fetch those that a partial clone left out."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from archlint.compare.facts import DiffError
from archlint.model.quantities import shorten

_SECONDS: Final = 60
_FETCH_SECONDS: Final = 300
_NO_REPOSITORY: Final = "run it in a clone of the repository, or compare two files"
_ENVIRONMENT: Final = {
    "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_REPLACE_OBJECTS": "1", "LC_ALL": "C.UTF-8",
}  # fmt: skip
"""Do not prompt, do not write to the index, and answer in English."""
_OF_HOOKS: Final = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"})
"""Git sets these for its hooks, relative to the hook's folder. archlint finds the repository from a folder instead."""


def _environment() -> dict[str, str]:
    return {**{key: value for key, value in os.environ.items() if key not in _OF_HOOKS}, **_ENVIRONMENT}


class Repository:
    """A git repository, found from one of its folders. Raises `DiffError` if there is none.

    `modules` is set for a submodule that is not checked out: git keeps its repository in this folder, and `folder` is
    where the files were.
    """

    def __init__(self, folder: Path, modules: Path | None = None) -> None:
        self.folder = folder
        self.modules = modules
        if modules is not None:
            self.top = folder
            return
        top = self.ask(["rev-parse", "--show-toplevel"], f"{folder}: no git repository", _NO_REPOSITORY)
        self.top = Path(os.path.realpath(os.fsdecode(top.removesuffix(b"\n"))))

    def ask(self, words: Sequence[str], problem: str, hint: str, text: bytes = b"", seconds: int = _SECONDS) -> bytes:
        """Run git, without a shell, and return its output; `text` is its standard input."""
        done = self._run(words, text, seconds)
        if done.returncode != 0:
            # The first line says what failed; lines before it report the progress of a fetch.
            lines = os.fsdecode(done.stderr).strip().split("\n")
            said = next((line for line in lines if line.startswith("fatal: ")), lines[0]).removeprefix("fatal: ")
            owned = re.search(r"dubious ownership in repository at '(.+)'", os.fsdecode(done.stderr))
            if owned is not None:
                trust = f"if you trust it: git config --global --add safe.directory {shlex.quote(owned[1])}"
                raise DiffError(f"{self.folder}: git refuses a repository that another user owns", trust)
            raise DiffError(f"{problem}{f' ({shorten(said, 200)})' if said else ''}", hint)
        return done.stdout

    def answers(self, words: Sequence[str]) -> bytes | None:
        """Run git, and return its output; None if it fails."""
        done = self._run(words, b"", _SECONDS)
        return done.stdout if done.returncode == 0 else None

    def _run(self, words: Sequence[str], text: bytes, seconds: int) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                ["git", "-c", "core.fsmonitor=false", *self._place(), *words], input=text, capture_output=True,
                check=False, timeout=seconds, env=_environment(),
            )  # fmt: skip
        except FileNotFoundError:
            raise DiffError("git is not installed", "install it, or compare two files instead") from None
        except OSError as error:
            raise DiffError(f"git cannot be run: {error.strerror}", "compare two files instead") from None
        except subprocess.TimeoutExpired:
            raise DiffError(f"git did not answer within {seconds} s", "try again, or compare two files") from None

    def _place(self) -> list[str]:
        if self.modules is None:
            return ["-C", str(self.folder)]
        return ["-C", str(self.modules), "--git-dir=.", "--work-tree=."]

    def submodule(self, path: Path, commit: str) -> Repository | None:
        """The repository of a submodule that a commit has at a path, if git kept one when the submodule was removed.

        Git keeps it under the name that `.gitmodules` gives it.
        """
        words = ["config", "--null", "--blob", f"{commit}:.gitmodules", "--get-regexp", r"^submodule\..*\.path$"]
        inside = path.relative_to(self.top).as_posix()
        for row in (self.answers(words) or b"").split(b"\0"):
            key, _, value = os.fsdecode(row).partition("\n")
            if value == inside:
                name = key.removeprefix("submodule.").removesuffix(".path")
                found = self.answers(["rev-parse", "--absolute-git-dir"]) or b""
                folder = Path(os.fsdecode(found.removesuffix(b"\n")), "modules", *name.split("/"))
                return Repository(path, folder) if ".." not in folder.parts and (folder / "HEAD").is_file() else None
        return None

    def submodules(self) -> dict[Path, str]:
        """The submodules of the index, each with the commit that it records."""
        if not (self.top / ".gitmodules").is_file():
            return {}
        rows = (self.answers(["ls-files", "--stage", "-z", "--full-name", ":/"]) or b"").split(b"\0")
        found = (row.partition(b"\t") for row in rows if row.startswith(b"160000 "))
        return {self.top / os.fsdecode(path): facts.split()[1].decode() for facts, _, path in found}

    def has_commit(self, commit: str) -> bool:
        """Whether a commit is in the repository, or comes from the remote of a partial clone."""
        return self.answers(["cat-file", "-e", f"{commit}^{{commit}}"]) is not None

    def not_checked_out(self) -> frozenset[Path]:
        """The files that a sparse checkout leaves out of the work tree."""
        if (self.answers(["config", "--type=bool", "core.sparseCheckout"]) or b"").strip() != b"true":
            return frozenset()
        rows = (self.answers(["ls-files", "-t", "-z", "--full-name", ":/"]) or b"").split(b"\0")
        return frozenset(self.top / os.fsdecode(row[2:]) for row in rows if row.startswith(b"S "))

    @property
    def is_shallow(self) -> bool:
        """Whether the clone has only a part of the history."""
        return (self.answers(["rev-parse", "--is-shallow-repository"]) or b"").strip() == b"true"

    def tree(self, commit: str, name: str) -> Iterator[tuple[str, str, Path]]:
        """Yield mode, object and path of each file and submodule of a commit; messages call the commit `name`."""
        words = ["ls-tree", "-r", "-z", "--full-tree", commit]
        for row in filter(None, self.ask(words, f"cannot list the files of `{name}`", self._hint()).split(b"\0")):
            facts, _, path = row.partition(b"\t")
            mode, _, object_ = facts.decode().split()
            yield mode, object_, self.top / os.fsdecode(path)

    def fetch_missing(self, commit: str, wanted: Iterable[str]) -> None:
        """Fetch the objects that a partial clone left out, in one call.

        Otherwise git would fetch each of them separately. An object that cannot be fetched is reported when it is read.
        """
        remotes = self._promisors()
        if not remotes:
            return
        listed = self.answers(["rev-list", "--objects", "--no-walk", "--missing=print", commit]) or b""
        missing = {line[1:].decode() for line in listed.split(b"\n") if line.startswith(b"?")}
        objects = [one for one in wanted if one in missing]
        for remote in remotes if objects else ():
            words = [
                "-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", "--no-tags", "--no-write-fetch-head",
                "--recurse-submodules=no", "--no-auto-maintenance", "--filter=blob:none", "--stdin", remote,
            ]  # fmt: skip
            if self._run(words, "".join(f"{one}\n" for one in objects).encode(), _FETCH_SECONDS).returncode == 0:
                return

    def _promisors(self) -> list[str]:
        """The remotes that a partial clone fetches from when it needs more; none for other clones."""
        found = self.answers(["config", "--type=bool", "--get-regexp", r"^remote\..*\.promisor$"]) or b""
        rows = [os.fsdecode(line).rpartition(" ") for line in found.splitlines()]
        return [key.removeprefix("remote.").removesuffix(".promisor") for key, _, value in rows if value == "true"]

    def _hint(self) -> str:
        if self._promisors():
            return "this partial clone lacks the objects: check the connection to its remote, or clone without --filter"
        return "run `git fsck`: objects of the repository are missing or damaged"

    def sizes(self, objects: Iterable[str], name: str) -> dict[str, int]:
        """Return the size in bytes of each object that can be read."""
        text = "".join(f"{one}\n" for one in objects).encode()
        words = ["cat-file", "--batch-check=%(objectname) %(objectsize)"]
        answer = self.ask(words, f"cannot read files of `{name}`", self._hint(), text) if text else b""
        rows = [line.split() for line in answer.splitlines()]
        return {row[0].decode(): int(row[1]) for row in rows if row[1].isdigit()}

    def contents(self, objects: Sequence[str], name: str) -> dict[str, bytes]:
        """Return the bytes of each object that can be read."""
        text = "".join(f"{one}\n" for one in objects).encode()
        answer = self.ask(["cat-file", "--batch"], f"cannot read files of `{name}`", self._hint(), text)
        found: dict[str, bytes] = {}
        at = 0
        while at < len(answer):
            end = answer.index(b"\n", at)
            head = answer[at:end].split()
            if len(head) < 3:                      # missing
                at = end + 1
                continue
            size = int(head[2])
            found[head[0].decode()] = answer[end + 1 : end + 1 + size]
            at = end + 2 + size
        return found

"""The files of an import: read under limits, each once, and never outside of the project."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from archlint.errors import UnreadableInputError
from archlint.importers.objects import Table
from archlint.source.document import Document
from archlint.source.files import project_root, read_bytes, real_path, shorten_path
from archlint.source.parser import MAX_BYTES, decode, parse_all

MAX_FILES: Final = 20_000
MAX_TOTAL_BYTES: Final = 256 * 1024 * 1024
MAX_SIDE_BYTES: Final = 4 * 1024 * 1024


class Files:
    """Reads files below a root; `read` names every file that was read, in order.

    It is also what the readers of an import share. If the call is `explicit`, it names files and no folder. A reader
    adds files that it cannot read to `errors`, and the files that its units come from to `used`; without that, these
    are all of its files. Files that it adds to `claimed` are part of it, and no other reader gets them. `manifests` are
    what kustomize and Helm make, each with the file that defines it: the reader of Kubernetes takes them first. The
    call gives charts the files of `values`; `given` are texts that it read from standard input or a pipe. `rename`
    gives a path as messages show it. `sides` are the files that another one names, such as `.env` or `nginx.conf`.
    """

    def __init__(
        self, root: Path, explicit: bool = False, given: Mapping[Path, bytes] | None = None,
        rename: Callable[[str], str] = str,
    ) -> None:  # fmt: skip
        self.root = real_path(root)
        self.rename = rename
        self.given = given or {}
        self.explicit = explicit
        self.errors: list[UnreadableInputError] = []
        self.used: dict[Path, None] = {}
        self.claimed: set[Path] = set()
        self.sides: set[Path] = set()
        self.manifests: list[tuple[Table, Path]] = []
        self.values: list[Path] = []
        self.size = 0
        self.read: dict[Path, str] = {}
        self._texts: dict[Path, str] = {}
        self._documents: dict[Path, list[Document]] = {}

    def shown(self, path: Path) -> str:
        """Return the name of a file in messages and documents."""
        return self.rename(str(path))

    def find(self, folder: Path, name: str) -> Path:
        """Return the path of a file that another one names; raises `UnreadableInputError` if it leaves the project."""
        shown = shorten_path(name)
        try:
            path = Path(os.path.normpath(folder / name))
            resolved = real_path(path)
        except (OSError, RuntimeError, ValueError):
            raise UnreadableInputError(f"{shown}: no such file", "name a file of the project") from None
        if not resolved.is_relative_to(self.root):
            hint = "archlint reads files of the project only: the folder with .git, otherwise the folder that you name"
            raise UnreadableInputError(f"{shown}: lies outside the project, {self.root.name}/", hint)
        return path

    def text(self, path: Path) -> str:
        """Return the text of a file; raises `UnreadableInputError`."""
        key = real_path(path)
        if key not in self._texts:
            data = self.given[path] if path in self.given else read_bytes(path, self.shown(path))
            self.size += len(data)
            if self.size > MAX_TOTAL_BYTES or len(self._texts) >= MAX_FILES:
                what = f"{path}: the files are larger than {MAX_TOTAL_BYTES // 1024**2} MiB together"
                raise UnreadableInputError(what, "import fewer files")
            self._texts[key] = decode(self.shown(path), data).lstrip("\ufeff")
            self.read[key] = str(path)
        return self._texts[key]

    def side(self, path: Path) -> Document | None:
        """Return a file that is not YAML as a document without values; None if it cannot be read or is large."""
        try:
            if (
                not os.path.isfile(path)
                or path.stat().st_size > MAX_SIDE_BYTES
                or not real_path(path).is_relative_to(self.root)
            ):
                return None
            document = Document(self.shown(path), self.text(path), None)
            self.sides.add(real_path(path))
            return document
        except (UnreadableInputError, OSError, ValueError):
            return None

    def documents(self, path: Path) -> list[Document]:
        """Return the YAML documents of a file; raises `UnreadableInputError`."""
        key = real_path(path)
        if key not in self._documents:
            self._documents[key] = parse_all(self.shown(path), self.text(path))
        return self._documents[key]


def root_of(paths: list[Path]) -> Path:
    """Return the folder that no file may lead out of: the project of the paths, which holds all of them."""
    roots = [path if os.path.isdir(path) else project_root(path) for path in paths]
    roots += [project_root(path / "any") for path in paths if os.path.isdir(path)]
    try:
        return Path(os.path.commonpath([real_path(root) for root in roots]))
    except ValueError:
        return real_path(roots[0])


__all__ = ["MAX_BYTES", "Files", "root_of"]

"""Files of a revision in a temporary folder, for readers that follow paths from file to file."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Final

from archlint.compare.git import Revision
from archlint.errors import UnreadableInputError
from archlint.source.files import real_path

MAX_FILES: Final = 20_000
MAX_BYTES: Final = 256 * 1024 * 1024
_SIDE: Final = re.compile(
    r"(?i)(^|[./-])(docker|container)file|(^|/)[^./]+$|(^|/)\.?env|"
    r"\.(env|conf|cnf|cfg|ini|config|json|toml|txt|tpl|tmpl|template|properties|tf|tofu|tfvars|hcl|ya?ml|pbtxt|sh|py)$"
)
"""Files that deployment files name: of variables, of settings, of builds, of code."""


class Checkout:
    """The files of a revision that deployment files can consist of, in a temporary folder while it is entered.

    `wanted` says which names must be there in any case. The folder has the name of the repository, since names of
    systems come from it. Links are left out.
    """

    def __init__(self, revision: Revision, wanted: Callable[[str], bool]) -> None:
        self.revision = revision
        self.wanted = wanted
        self.notes: list[str] = []
        self._temporary = TemporaryDirectory(prefix="archlint-")
        self.top = real_path(Path(self._temporary.name)) / (revision.top.name or "repository")

    def __enter__(self) -> Checkout:
        found = [path for path, blob in self.revision.blobs.items() if blob.is_file]
        first = [path for path in found if self.wanted(path.name)]
        known = set(first)
        paths = [*first, *(path for path in found if path not in known and _SIDE.search(path.as_posix()))]
        if len(paths) > MAX_FILES:
            self.notes.append(f"{self.revision.name}: only {MAX_FILES:,} of {len(paths):,} files are read")
        self.top.mkdir()
        self.revision.fetch(paths[:MAX_FILES])
        size = 0
        for path in paths[:MAX_FILES]:
            try:
                data = self.revision.read_bytes(path)
            except UnreadableInputError as error:
                self.notes.append(error.message)
                continue
            size += len(data)
            if size > MAX_BYTES:
                self.notes.append(f"{self.revision.name}: only {MAX_BYTES // 1024**2} MiB of its files are read")
                break
            there = self.place(path)
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_bytes(data)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._temporary.cleanup()

    def place(self, path: Path) -> Path:
        """Return where a file or folder of the work tree is in the temporary folder."""
        return self.top / path.relative_to(self.revision.top)

    def rename(self, text: str) -> str:
        """Name files of the temporary folder in a text as git does: `main:compose.yaml`."""
        return text.replace(f"{self.top}{os.sep}", f"{self.revision.name}:").replace(str(self.top), self.revision.name)

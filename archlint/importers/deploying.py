"""Deployment files that a check meets: whether it can read them, and the documents that it checks."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from archlint.errors import UnreadableInputError
from archlint.importers.documents import Deployed
from archlint.importers.files import root_of
from archlint.importers.importing import import_files


class Deployment(msgspec.Struct):
    """Deployment files as one system; None as `documents` means that they hold no component."""

    documents: Deployed | None
    sources: list[str]
    notes: list[str]
    errors: list[UnreadableInputError]


def read_deployment(
    paths: Sequence[Path], targets: Sequence[Path], given: Mapping[Path, bytes] | None = None,
    root: Path | None = None, rename: Callable[[str], str] = str,
) -> Deployment:  # fmt: skip
    """Read deployment files of a call; `targets` are the paths that the call names, `given` texts that it has read.

    `root` is the folder that no file may lead out of, if the paths do not tell it. `rename` gives paths as messages
    show them.
    """
    explicit = bool(targets) and not any(os.path.isdir(target) for target in targets)
    within = root or root_of(list(targets) or list(paths))
    imported = import_files(paths, within, explicit, given, rename=rename)
    notes = [*imported.draft.notes, *imported.advice[:10]]
    if not imported.draft.components:
        if imported.left_out and not imported.errors and not imported.advice:
            notes.append(f"nothing to import: {imported.reasons}")
        return Deployment(None, [], notes, imported.errors)
    first = targets[0] if targets else paths[0]
    folder = first.resolve() if os.path.isdir(first) else first.resolve().parent
    count = len(imported.sources)
    files = "1 deployment file" if count == 1 else f"{count} deployment files"
    notes.insert(0, f"{files} read as one system; `archlint import` writes it as an arch.yaml")
    documents = Deployed(imported.draft, folder.name or "system", tuple(imported.sources))
    return Deployment(documents, imported.sources, notes, imported.errors)

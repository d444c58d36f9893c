"""An import: finds deployment files, reads them, and merges what they say."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from archlint.errors import UnreadableInputError
from archlint.importers.compose.loading import Loader, Project
from archlint.importers.compose.projects import plan
from archlint.importers.compose.services import read_services
from archlint.importers.detect import (
    ARCHITECTURE,
    COMPOSE,
    KUBERNETES,
    OTHER,
    TEMPLATE,
    detect,
    is_template,
    may_deploy,
)
from archlint.importers.draft import Draft, draft
from archlint.importers.entrances import add_entrances
from archlint.importers.evidence import gather
from archlint.importers.files import Files
from archlint.importers.kinds import STORES, infer
from archlint.importers.names import Names
from archlint.importers.objects import Unit

MAX_NOTES: Final = 50
QUIET_KINDS: Final = STORES | {"model-server", "monitoring"}
"""Kinds that rarely call what a shared file of variables names."""


class Imported(msgspec.Struct):
    """What an import found: the draft, the files that were read, and what was left out, each with its reason."""

    draft: Draft
    sources: list[str]
    left_out: list[tuple[str, str]]
    errors: list[UnreadableInputError]

    @property
    def reasons(self) -> str:
        """Why nothing was found: the files by reason."""
        counted = Counter(reason for _, reason in self.left_out)
        return "; ".join(f"{number} × {reason}" for reason, number in counted.most_common(5))


def import_files(paths: Sequence[Path], root: Path, explicit: bool = False) -> Imported:
    """Import files; with `explicit`, Compose files are merged in the order of the call."""
    files = Files(root)
    by_format: dict[str, list[Path]] = {}
    left_out: list[tuple[str, str]] = []
    errors: list[UnreadableInputError] = []
    for path in paths:
        try:
            found = _format(files, path)
        except UnreadableInputError as error:
            errors.append(error)
            continue
        if found[0] in {COMPOSE, KUBERNETES}:
            by_format.setdefault(found[0], []).append(path)
        else:
            left_out.append((str(path), found[1]))
    notes: list[str] = []
    units: list[Unit] = []
    used: dict[Path, None] = {}
    for project in _projects(by_format.get(COMPOSE, []), files, explicit, notes, errors, left_out):
        units += read_services(project, files, os.fspath(project.folder))
        used.update(dict.fromkeys(sorted(project.used)))
        notes += project.notes
    if KUBERNETES in by_format:
        from archlint.importers.kubernetes.reading import read_cluster

        units += read_cluster(by_format[KUBERNETES], files, notes, left_out)
        used.update(dict.fromkeys(by_format[KUBERNETES]))
    names = Names(units)
    evidence, outside = gather(units, names)
    infer(units, evidence)
    evidence = [one for one in evidence if not (one.shared and one.source.kind in QUIET_KINDS)]
    made = draft(units, evidence, outside)
    made.workloads = add_entrances(made)
    made.notes = list(dict.fromkeys(notes))[:MAX_NOTES]
    return Imported(made, [str(path) for path in used], left_out, errors)


def _format(files: Files, path: Path) -> tuple[str, str]:
    """Return the format of a file, with the reason if it is not read."""
    text = files.text(path)
    if not may_deploy(text):
        return OTHER, "no format that archlint imports"
    try:
        found = detect(files.documents(path))
    except UnreadableInputError:
        if is_template(text):
            return TEMPLATE, "a template: render it first, such as with `helm template`"
        raise
    if found.format == ARCHITECTURE:
        return ARCHITECTURE, "already an architecture file"
    return found.format, found.reason


def _projects(
    paths: list[Path], files: Files, explicit: bool, notes: list[str], errors: list[UnreadableInputError],
    left_out: list[tuple[str, str]],
) -> list[Project]:  # fmt: skip
    """Load the Compose projects of the files."""
    found: list[Project] = []
    for group in plan(paths, files, explicit, left_out):
        try:
            found.append(Loader(files).project(group))
        except UnreadableInputError as error:
            errors.append(error)
    return found

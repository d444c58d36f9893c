"""Compose files to units: which files are one project, and the services of each."""

from __future__ import annotations

import os
from pathlib import Path

from archlint.errors import UnreadableInputError
from archlint.importers.compose.loading import Loader
from archlint.importers.compose.models import add_models
from archlint.importers.compose.projects import plan
from archlint.importers.compose.services import read_services
from archlint.importers.files import Files
from archlint.importers.objects import Unit


def read_projects(paths: list[Path], files: Files, notes: list[str], left_out: list[tuple[str, str]]) -> list[Unit]:
    """Return the units of the Compose files; files that the call names are merged in its order."""
    units: list[Unit] = []
    for group in plan(paths, files, files.explicit, left_out):
        try:
            project = Loader(files).project(group)
        except UnreadableInputError as error:
            files.errors.append(error)
            continue
        scope = os.fspath(project.folder)
        services = read_services(project, files, scope)
        add_models(project, services, scope)
        units += services
        files.used.update(dict.fromkeys(sorted(project.used)))
        notes += project.notes
    return units

"""Which Compose files belong together: a file with its override, files in the order of a call, and alternatives."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from archlint.errors import UnreadableInputError
from archlint.importers.files import Files
from archlint.importers.objects import Table, tree
from archlint.source.files import real_path
from archlint.source.nodes import Mapping

_FIRST: Final = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")


def plan(paths: list[Path], files: Files, explicit: bool, left_out: list[tuple[str, str]]) -> list[list[Path]]:
    """Return the files of each project, in the order in which they are merged."""
    if explicit and len(paths) > 1:
        return [paths]
    outlines = {path: _outline(path, files) for path in paths}
    folders: dict[Path, list[Path]] = {}
    for path in _roots(paths, {path: _referred(path, files) for path in paths}):
        folders.setdefault(path.parent, []).append(path)
    plans: list[list[Path]] = []
    for group in folders.values():
        plans += _in_folder(group, outlines, left_out)
    return plans


def _roots(paths: list[Path], referred: dict[Path, set[Path]]) -> list[Path]:
    """Return the files that no other one refers to, and one file of each circle."""
    by_real = {real_path(path): path for path in paths}
    below = {found for targets in referred.values() for found in targets}
    roots = [path for path in paths if real_path(path) not in below]
    reached: set[Path] = set()
    waiting = list(roots)
    while True:
        while waiting:
            path = waiting.pop()
            if path not in reached:
                reached.add(path)
                waiting += [by_real[target] for target in referred[path] if target in by_real]
        rest = next((path for path in paths if path not in reached), None)
        if rest is None:
            return [path for path in paths if path in roots]
        roots.append(rest)
        waiting.append(rest)


def _in_folder(
    group: list[Path], outlines: dict[Path, tuple[set[str], set[str]]], left_out: list[tuple[str, str]]
) -> list[list[Path]]:
    """Choose the files of one folder: the first name that Compose looks for, and those that share nothing with it."""
    whole = [path for path in group if outlines[path][1]]
    by_name = [path for name in _FIRST for path in whole if path.name == name]
    first = by_name[0] if by_name else None
    chosen: list[list[Path]] = []
    taken: set[str] = set()
    for path in ([first] if first else []) + [path for path in whole if path is not first]:
        assert path is not None
        services = outlines[path][0]
        if services & taken or _is_override(path, first):
            continue
        overrides = [other for other in group if _is_override(other, path)]
        chosen.append([path, *overrides])
        taken |= services
    used = {path for files in chosen for path in files}
    for path in group:
        if path not in used:
            what = "an alternative of a file that is read: name its files in order to read it instead"
            left_out.append((str(path), what))
    return chosen


def _is_override(path: Path, base: Path | None) -> bool:
    return base is not None and path.stem == f"{base.stem}.override"


def _outline(path: Path, files: Files) -> tuple[set[str], set[str]]:
    """Return the names of a file's services, and of those that are whole by themselves; includes make a file whole."""
    names: set[str] = set()
    whole: set[str] = set()
    for document in files.documents(path):
        root = tree(document, document.root) if isinstance(document.root, Mapping) else None
        if isinstance(root, Table):
            for name, service in root.table("services").entries.items():
                names.add(name)
                if isinstance(service, Table) and {"image", "build", "extends", "provider"} & set(service.entries):
                    whole.add(name)
            whole |= {"include"} if root.rows("include") else set()
    return names, whole


def _referred(path: Path, files: Files) -> set[Path]:
    """Return the files that a file includes or extends."""
    found: set[Path] = set()
    for document in files.documents(path):
        root = tree(document, document.root) if isinstance(document.root, Mapping) else None
        if not isinstance(root, Table):
            continue
        named = [
            text for item in root.rows("include") for text in (item.texts("path") if isinstance(item, Table) else [])
        ]
        named += root.texts("include")
        named += [
            service.text("extends", "file")
            for service in root.table("services").entries.values()
            if isinstance(service, Table)
        ]
        for name in filter(None, named):
            try:
                target = real_path(files.find(path.parent, name))
            except UnreadableInputError:
                continue
            if target != real_path(path) and os.path.isfile(target):
                found.add(target)
    return found

"""Imports manifests that tests write into a folder."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from archlint.importers.importing import Imported, import_files
from archlint.importers.writing import write
from archlint.model.architecture import Architecture
from archlint.model.read import no_includes, read
from archlint.source.parser import parse
from archlint.targets import deployment_files


def write_files(folder: Path, files: dict[str, str]) -> list[Path]:
    """Write files below a folder; return the YAML files among them, in the order given."""
    paths = []
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
        if path.suffix in {".yaml", ".yml"}:
            paths.append(path)
    return paths


def imported(folder: Path, files: dict[str, str] | str, explicit: bool = False) -> Imported:
    """Import files as one call; a text alone is `compose.yaml`."""
    named = {"compose.yaml": files} if isinstance(files, str) else files
    return import_files(write_files(folder, named), folder, explicit)


def searched(folder: Path, files: dict[str, str]) -> Imported:
    """Import a folder with these files, as `archlint import FOLDER` does."""
    write_files(folder, files)
    return import_files(*deployment_files([folder]))


def found_in(folder: Path, files: dict[str, str]) -> Architecture:
    """Import a folder with these files, write an architecture file, and read that again; it must have no problem."""
    return _again(searched(folder, files))


def architecture(folder: Path, files: dict[str, str] | str, explicit: bool = False) -> Architecture:
    """Import files, write them as an architecture file, and read that again; it must have no problem."""
    return _again(imported(folder, files, explicit))


def _again(found: Imported) -> Architecture:
    text = write(found.draft, "system", found.sources)
    again = read(parse("arch.yaml", text), no_includes)
    assert not again.problems, (again.problems, text)
    return again


def kinds(system: Architecture) -> dict[str, str]:
    """The kind of each component, without the client outside."""
    return {name: component.kind for name, component in system.components.items() if name != "users"}


def relations(system: Architecture) -> set[tuple[str, str, str]]:
    """Every relation: source, verb, target; without those of the client outside."""
    found = (one for name, part in system.components.items() if name != "users" for one in part.relations)
    return {(one.source, one.verb, one.target) for one in found}

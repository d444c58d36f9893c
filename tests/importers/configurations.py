"""Imports configurations that tests write into a folder."""

from __future__ import annotations

from pathlib import Path

from archlint.importers.importing import Imported, import_files
from archlint.importers.writing import write
from archlint.model.architecture import Architecture
from archlint.model.read import no_includes, read
from archlint.source.parser import parse
from tests.importers.importing import write_files

SUFFIXES = (".tf", ".json", ".tfvars", ".yaml", ".template")


def imported(folder: Path, files: dict[str, str] | str) -> Imported:
    """Import files below a folder; a text alone is `main.tf`."""
    named = {"main.tf": files} if isinstance(files, str) else files
    write_files(folder, named)
    return import_files([folder / name for name in named if name.endswith(SUFFIXES)], folder)


def architecture(folder: Path, files: dict[str, str] | str) -> Architecture:
    """Import files, write them as an architecture file, and read that again; it must have no problem."""
    found = imported(folder, files)
    text = write(found.draft, "system", found.sources)
    again = read(parse("arch.yaml", text), no_includes)
    assert not again.problems, (again.problems, text)
    return again


def facts(found: Imported, name: str) -> dict[str, str]:
    """The facts of a component as texts; those inside of another have its name and a dot before theirs."""
    flat: dict[str, str] = {}
    for key, fact in found.draft.components[name].facts.items():
        if fact.inner:
            flat.update((f"{key}.{inner}", one.text) for inner, one in fact.inner)
        else:
            flat[key] = fact.text
    return flat


def attributes(found: Imported) -> dict[tuple[str, str, str], dict[str, str]]:
    """The attributes of every relation that has some: source, verb and target to key and text."""
    return {
        (name, one.verb, one.target): dict(one.attributes)
        for name, part in found.draft.components.items() for one in part.relations if one.attributes
    }  # fmt: skip


def edges(found: Imported) -> set[tuple[str, str, str]]:
    """Every relation of an import: source, verb, target."""
    return {
        (name, one.verb, one.target) for name, part in found.draft.components.items() for one in part.relations
    }


def parts(found: Imported) -> dict[str, str]:
    """Each component with its kind and its technology, such as `queue sqs`."""
    return {name: f"{one.kind} {one.uses}".strip() for name, one in found.draft.components.items()}

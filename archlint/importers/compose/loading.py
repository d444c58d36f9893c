"""Compose projects from files: includes, `extends`, files that override others."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from archlint.errors import UnreadableInputError
from archlint.importers.compose.envfile import read_env
from archlint.importers.compose.interpolation import interpolated
from archlint.importers.compose.merging import merge_models, merge_service, without_resets
from archlint.importers.files import Files
from archlint.importers.objects import Item, Rows, Site, Table, Value, tree
from archlint.source.nodes import Mapping

MAX_LOADED: Final = 300
MAX_CHAIN: Final = 40
_PATHS: Final = ("env_file", "volumes", "build")


class Project(msgspec.Struct):
    """A loaded project: its services after all merging, its folder, the variables, and what could not be read."""

    folder: Path
    services: Table
    model: Table
    variables: dict[str, Value]
    folders: dict[str, Path]
    used: set[Path]
    notes: list[str]


class Loader:
    """Loads one project; every file that cannot be used is a note, never an exception, but for the first."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.notes: list[str] = []
        self.loaded = 0
        self.used: set[Path] = set()
        self.folders: dict[str, Path] = {}

    def project(self, paths: Sequence[Path]) -> Project:
        """Load files in order, as `docker compose -f A -f B` does; raises `UnreadableInputError` for the first."""
        folder = paths[0].parent
        variables = self.variables([folder / ".env"], {})
        model: Table | None = None
        for path in paths:
            found = self.file(path, folder, variables, ())
            model = found if model is None else merge_models(model, found)
        assert model is not None
        services = without_resets(model.table("services"))
        assert isinstance(services, Table)
        return Project(folder, services, model, variables, self.folders, self.used, self.notes)

    def variables(self, paths: Sequence[Path], above: dict[str, Value]) -> dict[str, Value]:
        """Read files of variables; those of `above` win."""
        found: dict[str, Value] = {}
        for path in paths:
            document = self.files.side(path)
            if document is not None:
                found.update(read_env(document, found, above))
        return {**found, **above}

    def file(self, path: Path, folder: Path, variables: dict[str, Value], chain: tuple[str, ...]) -> Table:
        """Load one file with what it includes and extends; raises `UnreadableInputError`."""
        name = str(path)
        if name in chain:
            circle = " -> ".join(os.path.basename(one) for one in (*chain[chain.index(name) :], name))
            raise UnreadableInputError(f"{name}: includes itself: {circle}", "remove one of the includes")
        self.loaded += 1
        if self.loaded > MAX_LOADED or len(chain) > MAX_CHAIN:
            raise UnreadableInputError(f"{name}: more than {MAX_LOADED} files are included", "include fewer files")
        model = self.raw(path, variables)
        self.used.add(path)
        chain = (*chain, name)
        model = self.with_extended(model, path, variables)
        services = model.table("services")
        for service in services.entries:
            self.folders.setdefault(service, folder)
        for item in model.rows("include"):
            try:
                included = self.included(item, path.parent, variables, chain)
            except UnreadableInputError as error:
                self.note(item.site, error)
                continue
            model = merge_models(included, model)
        return model

    def raw(self, path: Path, variables: dict[str, Value]) -> Table:
        """Read the documents of a file, with variables replaced; raises `UnreadableInputError`."""
        model: Table | None = None
        for document in self.files.documents(path):
            if isinstance(document.root, Mapping):
                one = interpolated(tree(document, document.root), variables)
                assert isinstance(one, Table)
                model = one if model is None else merge_models(model, one)
        if model is None:
            raise UnreadableInputError(f"{path}: is not a mapping of keys", "a Compose file has the key `services`")
        return model

    def note(self, site: Site, error: UnreadableInputError) -> None:
        """Keep why something is not read."""
        self.notes.append(f"{site.shown}: not read: {error.message}")

    def included(self, item: Item, folder: Path, variables: dict[str, Value], chain: tuple[str, ...]) -> Table:
        """Load one entry of `include`: a path, or a mapping with paths, variables and a folder."""
        names = [item.text] if isinstance(item, Value) else []
        env: list[str] = []
        base: Path | None = None
        if isinstance(item, Table):
            names, env = item.texts("path"), item.texts("env_file")
            if item.text("project_directory"):
                base = self.files.find(folder, item.text("project_directory"))
        if not names or not all(names):
            raise UnreadableInputError("an include without a path", "name a Compose file")
        paths = [self.files.find(folder, name) for name in names]
        base = base or paths[0].parent
        inner = self.variables([self.files.find(folder, name) for name in env] or [base / ".env"], variables)
        model = self.file(paths[0], base, inner, chain)
        for path in paths[1:]:
            model = merge_models(model, self.file(path, base, inner, chain))
        return model

    def with_extended(self, model: Table, path: Path, variables: dict[str, Value]) -> Table:
        """Merge each service of a file with the one that it extends."""
        services = model.table("services")
        if not any(isinstance(one, Table) and "extends" in one.entries for one in services.entries.values()):
            return model
        done: dict[str, Item] = {}
        for name, service in services.entries.items():
            try:
                done[name] = self.extended(name, service, path, model, variables, ())
            except UnreadableInputError as error:
                self.note(service.site, error)
                done[name] = service
        merged = Table(done, services.keys, services.site, services.tag)
        return Table({**model.entries, "services": merged}, model.keys, model.site, model.tag)

    def extended(
        self, name: str, service: Item, path: Path, model: Table, variables: dict[str, Value],
        chain: tuple[tuple[str, str], ...],
    ) -> Item:  # fmt: skip
        """Return a service merged with the one that it extends, and that with its own."""
        extends = service.get("extends") if isinstance(service, Table) else None
        if extends is None or not isinstance(service, Table):
            return service
        step = (str(path), name)
        if step not in chain and len(chain) > MAX_CHAIN:
            why = f"`{chain[0][1]}` extends others over more than {MAX_CHAIN} services"
            raise UnreadableInputError(why, "extend fewer services in a row")
        if step in chain:
            circle = " -> ".join(one for _, one in (*chain, step))
            raise UnreadableInputError(f"`{name}` extends itself: {circle}", "remove one `extends`")
        other = extends.text if isinstance(extends, Value) else ""
        if isinstance(extends, Table):
            other = extends.text("service") or name
            file = extends.text("file")
            if file:
                path = self.files.find(path.parent, file)
                self.used.add(path)
                model = self.raw(path, variables)
        base = model.get("services", other)
        if base is None:
            raise UnreadableInputError(f"`{name}` extends `{other}`, which is not defined", "check its name")
        base = self.extended(other, base, path, model, variables, (*chain, step))
        rest = Table({k: v for k, v in service.entries.items() if k != "extends"}, service.keys, service.site)
        return merge_service(base, rest)


def files_named(item: Item | None) -> list[tuple[str, bool, Site]]:
    """Return the paths of `env_file`, each with whether it is required."""
    rows = item.items if isinstance(item, Rows) else [] if item is None else [item]
    found: list[tuple[str, bool, Site]] = []
    for one in rows:
        if isinstance(one, Value) and one.text:
            found.append((one.text, True, one.site))
        elif isinstance(one, Table) and one.text("path"):
            found.append((one.text("path"), one.text("required") != "false", one.site))
    return found

"""A copy of a chart that Helm can render: local sub-charts in their places, those that values switch off left out."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from archlint.errors import UnreadableInputError
from archlint.importers.files import Files
from archlint.importers.objects import Site, Table, tree
from archlint.source.files import real_path
from archlint.source.nodes import Mapping

CHART: Final = "Chart.yaml"
MAX_COPIED: Final = 5_000
MAX_BYTES: Final = 64 * 1024 * 1024
MAX_NESTED: Final = 12
_NAME: Final = re.compile(r"(?m)^name[ \t]*:.*$")
_TRUE: Final = frozenset({"true", "yes", "on"})
_FALSE: Final = frozenset({"false", "no", "off"})


class Dependency(msgspec.Struct, frozen=True):
    """A sub-chart that a chart names."""

    name: str
    alias: str
    repository: str
    conditions: list[str]
    tags: list[str]
    site: Site


class Copy:
    """Copies one chart; `sources` are the files of the project that the files of the copy come from."""

    def __init__(self, files: Files, target: Path) -> None:
        self.files = files
        self.target = target
        self.sources: dict[str, Path] = {}
        self.notes: list[str] = []
        self.folders: list[Path] = []
        self.copied = 0
        self.size = 0

    def chart(self, folder: Path, place: str, above: list[Table], depth: int = 0, alias: str = "") -> None:
        """Copy a chart to a place below the target; the values `above` win over its own."""
        if depth > MAX_NESTED or real_path(folder) in {real_path(one) for one in self.folders[:depth]}:
            raise UnreadableInputError(f"{folder / CHART}: the chart contains itself", "remove one of the dependencies")
        self.folders[depth:] = [folder]
        self._files(folder, place)
        if alias:
            written = self.target / place / CHART
            written.write_text(_NAME.sub(lambda _: f"name: {alias}", written.read_text("utf-8"), count=1), "utf-8")
        values = [*above, *_table(folder / "values.yaml", self.files)]
        known = {one.name for one in os.scandir(folder / "charts")} if os.path.isdir(folder / "charts") else set()
        for one in self._dependencies(folder):
            found = self._find(one, folder, known)
            if _is_on(one, [*values, *_own(one, found, self.files)], values):
                self._dependency(one, found, place, values, depth)
        for name in sorted(known):
            self._extra(folder / "charts" / name, place, values, depth)

    def _dependency(
        self, one: Dependency, found: Path | None, place: str, values: list[Table], depth: int
    ) -> None:
        name = one.alias or one.name
        if found is None:
            where = f" ({one.repository[:100]})" if one.repository else ""
            what = f"the sub-chart `{one.name[:80]}`{where} is not here, and archlint fetches nothing"
            self.notes.append(f"{one.site.shown}: {what}: `helm dependency build` does")
        elif os.path.isdir(found):
            self.chart(found, f"{place}/charts/{name}", [_at(t, name) for t in values], depth + 1, one.alias)
        else:
            self._one(found, f"{place}/charts/{found.name}")

    def _extra(self, path: Path, place: str, values: list[Table], depth: int) -> None:
        """Copy a sub-chart that no dependency names: Helm renders it too."""
        try:
            if os.path.isdir(path) and os.path.isfile(path / CHART) and self._inside(path):
                self.chart(path, f"{place}/charts/{path.name}", [_at(t, path.name) for t in values], depth + 1)
            elif path.suffix == ".tgz" and os.path.isfile(path) and self._inside(path):
                self._one(path, f"{place}/charts/{path.name}")
        except UnreadableInputError as error:
            self.notes.append(f"not read: {error.message}")

    def _find(self, one: Dependency, folder: Path, known: set[str]) -> Path | None:
        """Return where a dependency is: in `charts/`, or in the folder that its repository names."""
        for name in sorted(known):
            if name == one.name or re.fullmatch(rf"{re.escape(one.name)}-v?\d[\w.+-]*\.tgz", name):
                known.discard(name)
                return folder / "charts" / name
        if one.repository.startswith("file://"):
            try:
                path = self.files.find(folder, one.repository.removeprefix("file://"))
            except UnreadableInputError as error:
                self.notes.append(f"{one.site.shown}: not read: {error.message}")
                return None
            return path if os.path.isfile(path / CHART) else None
        return None

    def _dependencies(self, folder: Path) -> Iterator[Dependency]:
        for name in (CHART, "requirements.yaml"):
            for table in _table(folder / name, self.files):
                for one in table.tables("dependencies"):
                    conditions = [text.strip() for text in one.text("condition").split(",") if text.strip()]
                    alias = one.text("alias") if re.fullmatch(r"[\w.-]+", one.text("alias")) else ""
                    if re.fullmatch(r"[\w.-]+", one.text("name")):
                        yield Dependency(
                            one.text("name"), alias, one.text("repository"), conditions, one.texts("tags"), one.site
                        )

    def _inside(self, path: Path) -> bool:
        return real_path(path).is_relative_to(self.files.root)

    def _files(self, folder: Path, place: str) -> None:
        """Copy the files of a chart, but not its sub-charts; links are not followed out of the project."""
        for current, folders, names in os.walk(folder):
            here = Path(current)
            below = here.relative_to(folder).as_posix()
            if here == folder:
                folders[:] = [name for name in folders if name != "charts"]
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                if self._inside(here / name) and os.path.isfile(here / name):
                    self._one(here / name, f"{place}/{name}" if below == "." else f"{place}/{below}/{name}")

    def _one(self, path: Path, place: str) -> None:
        self.copied += 1
        self.size += path.stat().st_size
        if self.copied > MAX_COPIED or self.size > MAX_BYTES:
            what = f"{path}: the chart has more than {MAX_COPIED:,} files or {MAX_BYTES // 1024**2} MiB"
            raise UnreadableInputError(what, "render it, and give archlint the result")
        target = self.target / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        self.sources[place] = path


def local_dependencies(folder: Path, files: Files) -> Iterator[Path]:
    """Yield the folders that a chart names as its dependencies."""
    for name in (CHART, "requirements.yaml"):
        for table in _table(folder / name, files):
            for one in table.tables("dependencies"):
                repository = one.text("repository")
                if repository.startswith("file://"):
                    try:
                        yield real_path(files.find(folder, repository.removeprefix("file://")))
                    except UnreadableInputError:
                        continue


def _own(one: Dependency, found: Path | None, files: Files) -> list[Table]:
    """Return the own values of a sub-chart, as its parent sees them: below its name."""
    tables = _table(found / "values.yaml", files) if found is not None and os.path.isdir(found) else []
    name = one.alias or one.name
    return [Table({name: table}, {name: table.site}, table.site) for table in tables]


def _is_on(one: Dependency, values: list[Table], outer: list[Table]) -> bool:
    """Whether values switch a dependency on: by its first condition that is set, otherwise by its tags."""
    for condition in one.conditions:
        steps = condition.split(".")
        for table in values:
            text = table.text(*steps).lower()
            if text in _TRUE | _FALSE:
                return text in _TRUE
    set_tags = [text for tag in one.tags if (text := _first(outer, ("tags", tag))) in _TRUE | _FALSE]
    return not set_tags or any(text in _TRUE for text in set_tags)


def _first(tables: list[Table], path: tuple[str, ...]) -> str:
    return next((text for table in tables if (text := table.text(*path).lower())), "")


def _at(table: Table, name: str) -> Table:
    """Return the values that a sub-chart gets: those below its name, and the global ones."""
    inner = table.table(name)
    shared = table.get("global")
    return inner if shared is None else Table({**inner.entries, "global": shared}, inner.keys, inner.site)


def _table(path: Path, files: Files) -> list[Table]:
    """Return the mapping in a YAML file, as a list; none if it is not there or cannot be read."""
    if not os.path.isfile(path) or not real_path(path).is_relative_to(files.root):
        return []
    try:
        documents = files.documents(path)
    except UnreadableInputError:
        return []
    found = (tree(one, one.root) for one in documents if isinstance(one.root, Mapping))
    return [one for one in found if isinstance(one, Table)][:1]

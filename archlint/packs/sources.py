"""Sources of rules: those that ship with archlint, the user's folders, and installed distributions."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from archlint.errors import PackError
from archlint.model.names import nearest
from archlint.model.quantities import shorten
from archlint.packs.index import read_index
from archlint.packs.problems import Problems
from archlint.packs.records import Pack
from archlint.shipped import packed_file, shipped_folder
from archlint.source.parser import collector_paused

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP: Final = "archlint.rules"


class PackSource(msgspec.Struct, frozen=True):
    """A folder that holds rule folders, relative to `root`, or the name of an installed distribution.

    `where` is the place in the configuration, for messages. `installed`: an installed distribution names it.
    """

    text: str
    root: Path = Path()
    where: str = ""
    installed: bool = False


class InstalledPacks(msgspec.Struct, frozen=True):
    """A distribution that registers rules: its name, its version, and the folders of its entry points."""

    name: str
    version: str
    entry_points: tuple[str, ...]


def shipped_packs() -> list[Pack]:
    """Read the rules that ship with archlint, by id."""
    folder = shipped_folder("rules")
    if folder is None:
        raise PackError("this installation has no rules", "install archlint again")
    names = None if packed_file("rules") else [os.path.basename(child) for child in _rule_folders(folder)]
    with collector_paused():
        indexed = read_index(folder, names)
    return read_packs(folder) if indexed is None else indexed


def read_packs(folder: Path, trusted: bool = False) -> list[Pack]:
    """Read every rule folder directly inside a folder; raises `PackError` with the place of each mistake.

    Python in the rule folders may run only if they are `trusted`.
    """
    if not folder.is_dir():
        raise PackError(f"{folder}: there is no such folder", "name a folder that holds rule folders")
    from archlint.packs.reading import gather_pack  # rules that ship are read from their index

    problems = Problems()
    packs = [
        msgspec.structs.replace(gather_pack(Path(child), problems), trusted=trusted) for child in _rule_folders(folder)
    ]
    problems.raise_as(PackError)
    if not packs:
        inside = "it is a rule folder itself: name the folder above it" if (folder / "rule.yaml").is_file() else ""
        raise PackError(
            f"{folder}: holds no rule",
            inside or "a rule is a folder such as ACME001-no-friday with a rule.yaml",
        )
    return packs


def _rule_folders(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        names = sorted(entry.path for entry in entries if entry.is_dir())
    return [name for name in names if os.path.isfile(os.path.join(name, "rule.yaml"))]


def load_packs(sources: Iterable[PackSource] = (), allow_code: bool = False) -> list[Pack]:
    """Read the shipped rules, then those of each source, in order; raises `PackError`.

    Two rules may not share an id or a name: findings, acceptances and baselines identify a rule by them. Without
    `allow_code`, only rules of installed distributions may contain Python.
    """
    packs = shipped_packs()
    problems = Problems()
    seen: dict[str, Pack] = {word: pack for pack in packs for word in (pack.id, pack.name)}
    folders: set[Path] = set()
    for source in sources:
        found: list[Pack] = []
        for folder, installed in _folders(source):
            resolved = folder.resolve()
            if resolved not in folders:
                folders.add(resolved)
                found += read_packs(folder, trusted=installed or allow_code)
        for pack in sorted(found, key=lambda pack: pack.id):
            _note_twice(seen, pack, problems)
            packs.append(pack)
    problems.raise_as(PackError)
    return packs


def _note_twice(seen: dict[str, Pack], pack: Pack, problems: Problems) -> None:
    for what, word in (("id", pack.id), ("name", pack.name)):
        first = seen.setdefault(word, pack)
        if first is not pack:
            hint = (
                "a rule of your own has letters of your own, as in ACME001" if what == "id" else "choose another name"
            )
            problems.add(str(pack.folder), f"the {what} {word} is taken by {first.folder}", hint)


def _folders(source: PackSource) -> list[tuple[Path, bool]]:
    """Find the folders of a source, and whether each one is installed: an existing folder, else a distribution's."""
    folder = Path(os.path.normpath(source.root / source.text))
    if os.path.isdir(folder):                      # a name may be too long for `Path.is_dir`
        return [(folder, source.installed)]
    at = f"{source.where}: " if source.where else ""
    if source.text.startswith(".") or "/" in source.text or "\\" in source.text:
        missing = folder.parent / shorten(folder.name)
        raise PackError(f"{at}there is no folder {missing}", "name a folder that holds rule folders")
    found = [point for point in _entry_points() if point.dist and _normal(point.dist.name) == _normal(source.text)]
    if not found:
        names = sorted({point.dist.name for point in _entry_points() if point.dist})
        likely = nearest(source.text, names)
        hint = f"did you mean `{likely}`?" if likely else (
            f"installed ones that do: {', '.join(names)}" if names else f"none that is installed registers `{GROUP}`"
        )  # fmt: skip
        raise PackError(
            f"{at}`{shorten(source.text)}` is no folder here, and no installed distribution that registers rules", hint
        )
    return [(_folder_of(point, at), True) for point in found]


def installed_packs() -> tuple[InstalledPacks, ...]:
    """List the installed distributions that register rules: a configuration may name them under `packs`."""
    found: dict[tuple[str, str], list[str]] = {}
    for point in _entry_points():
        if point.dist is not None:
            found.setdefault((point.dist.name, point.dist.version), []).append(point.value)
    return tuple(InstalledPacks(name, version, tuple(sorted(v))) for (name, version), v in sorted(found.items()))


def _entry_points() -> list[EntryPoint]:
    from importlib.metadata import entry_points

    return list(entry_points(group=GROUP))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _folder_of(point: EntryPoint, at: str) -> Path:
    """Find the folder that an entry point names as `package` or `package:folder`; no package is imported."""
    said = f"{at}the entry point `{point.name} = {point.value}` of {point.dist.name if point.dist else '?'}"
    package, _, below = (part.strip() for part in point.value.partition(":"))
    packages = package_folders(package)
    if not packages:
        raise PackError(f"{said} names no package that is installed", "its value is `package` or `package:folder`")
    places = [Path(place, *below.split(".")) if below else place for place in packages]
    for place in places:
        if place.is_dir():
            return place
    raise PackError(f"{said} names no folder in that package", f"there is no {places[0]}")


def package_folders(name: str) -> list[Path]:
    """Return the folders of an installed package, without running any of its code; none if it is not installed.

    >>> [folder.name for folder in package_folders("archlint.checks")], package_folders("no_such_package")
    (['checks'], [])
    """
    from importlib.util import find_spec

    top, *below = name.split(".")
    try:
        spec = find_spec(top) if top else None       # for a nested package, `find_spec` would import the outer one
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.submodule_search_locations is None:
        return []
    places = [Path(place, *below) for place in spec.submodule_search_locations]
    return [place for place in places if place.is_dir()]

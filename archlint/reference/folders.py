"""The reference implementations in this installation."""

from __future__ import annotations

from pathlib import Path

import msgspec

from archlint.catalog.patterns import patterns
from archlint.errors import UsageError
from archlint.model.names import nearest
from archlint.reference.unpacking import unpacked
from archlint.shipped import shipped_folder

SHARED = "kit"


class Implementation(msgspec.Struct, frozen=True):
    """A folder of `reference_impls`: `name` is for people, `module` for Python imports, `title` is one line.

    `also` are further patterns of the catalogue that it implements.
    """

    name: str
    title: str
    folder: Path
    also: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """The name of its package."""
        return self.folder.name

    @property
    def root(self) -> Path:
        """The folder from which it is imported; it also contains the shared code."""
        return self.folder.parent


def implementations() -> dict[str, Implementation]:
    """Return every implementation by name, in alphabetical order; empty if this installation has none.

    >>> implementations()["web-single"].module
    'web_single'
    """
    root = shipped_folder("reference_impls") or unpacked("reference_impls")
    folders = sorted(path.parent for path in root.glob("*/arch.yaml")) if root is not None else []
    return {name: _implementation(name, folder) for folder in folders for name in [folder.name.replace("_", "-")]}


def implementation_named(name: str) -> Implementation:
    """Return one by its own name, or the name of a pattern that it implements; raises `UsageError` if unknown.

    >>> implementation_named("web_single").name
    'web-single'
    """
    known = implementations()
    if not known:
        raise UsageError("this installation ships no reference implementations", "install archlint from its wheel")
    words = name.replace("_", "-")
    found = known.get(words) or next((i for i in known.values() if words in i.also), None)
    if found is None:
        likely = nearest(words, known)
        hint = f"did you mean `{likely}`?" if likely else "`archlint reference` lists them"
        raise UsageError(f"there is no reference implementation `{name}`", hint)
    return found


def _implementation(name: str, folder: Path) -> Implementation:
    path = f"reference_impls/{folder.name}"
    also = tuple(p.name for p in patterns().values() if p.reference == path and p.name != name)
    first = (folder / "README.md").read_text(encoding="utf-8").split("\n\n")[1]
    return Implementation(name, " ".join(first.split()).partition(". ")[0].rstrip(".") + ".", folder, also)

"""Terraform files to units: which folders are root modules, and what they hold."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from archlint.errors import UnreadableInputError
from archlint.importers.cloud.reading import read_cloud
from archlint.importers.cloud.values import unresolved
from archlint.importers.files import Files
from archlint.importers.objects import Item, Unit
from archlint.importers.terraform.evaluating import Evaluator
from archlint.importers.terraform.folders import SUFFIXES, VALUES, Folder, Folders, source_of
from archlint.importers.terraform.hcl import MissingParserError
from archlint.importers.terraform.kubernetes import manifest_of
from archlint.importers.terraform.modules import Reader
from archlint.importers.terraform.plan import Plan, joined_with, read_plan
from archlint.importers.terraform.registry import is_infrastructure, module_of
from archlint.source.files import real_path

_CACHE: Final = frozenset({".terraform", ".terragrunt-cache", "cdktf.out"})
ALIKE: Final = 0.8
"""The share of equal addresses above which two root modules describe one system for two environments."""


def read(paths: list[Path], files: Files, notes: list[str], left_out: list[tuple[str, str]]) -> list[Unit]:
    """Return the units of the configurations: a folder is a module, and one that no other calls is a root."""
    folders = Folders(files, notes, left_out)
    reader = Reader(files, folders, notes)
    if files.explicit:      # as with `terraform plan -var-file FILE`
        folders.named += (path for path in paths if path.name.endswith(VALUES))
    plans = {path: plan for path in paths if path.name.endswith(".json") and (plan := _plan(path, files, left_out))}
    try:
        roots = _different(_roots([path for path in paths if path not in plans], folders, files), notes)
    except MissingParserError as error:
        roots = []
        if files.explicit and not plans:
            raise
        if not plans:       # a folder may hold more than Terraform
            reason = f"{error.message}: {error.hint}"
            notes.append(reason)
            left_out += ((str(path), reason) for path in paths)
    for number, folder in enumerate(roots):
        plan = next((one for one in plans.values() if _is_of(one, folder)), None)
        before = len(reader.resources)
        given = _given(folder, folders, reader) | (plan.variables if plan is not None else {})
        reader.root(folder, given, f"{number}:" if number else "")
        if plan is not None:
            reader.resources[before:] = joined_with(plan, reader.resources[before:], f"{number}:" if number else "")
            plan.is_used = True
    for plan in plans.values():
        if not plan.is_used:
            reader.resources += plan.read(str(plan.document.name))
    files.used.update(dict.fromkeys((*folders.read, *plans)))
    files.claimed.update(real_path(path) for path in folders.read)
    for name, count in reader.remote.items():
        said = "not in these files, so not read; a plan lists its resources"
        notes.append(f"{count} × module {name}: {'not drawn' if is_infrastructure(module_of(name)) else said}")
    if reader.absent:
        notes.append(f"{reader.absent} × a resource with a count of 0: left out")
    if reader.budget.is_spent:
        notes.append("the configuration is too large to evaluate: some values are unresolved")
    made = [(one, manifest) for one in reader.resources if (manifest := manifest_of(one)) is not None]
    for one, manifest in made:
        one.implied = True
        files.manifests.append((manifest, Path(one.site.file)))
    return read_cloud(reader.resources, notes, [manifest for _, manifest in made])


def _plan(path: Path, files: Files, left_out: list[tuple[str, str]]) -> Plan | None:
    try:
        return read_plan(files.documents(path))
    except UnreadableInputError as error:
        left_out.append((str(path), error.message))
        return None


def _is_of(plan: Plan, folder: Folder) -> bool:
    """Whether a plan was made from a root module: most of its resources and calls are those of the module."""
    names = names_of(folder)
    return not plan.is_used and len(names & plan.named) * 2 > len(names | plan.named)


def names_of(folder: Folder) -> set[str]:
    """Return the resources of a module, and its calls of others."""
    return set(folder.named) | {f"module.{block.labels[0]}" for block in folder.blocks("module") if block.labels}


def _roots(paths: list[Path], folders: Folders, files: Files) -> list[Folder]:
    """Return the modules of the files that no other of them calls."""
    found: dict[Path, Folder] = {}
    for path in paths:
        if not path.name.endswith(SUFFIXES) or _CACHE & set(path.parts):
            continue
        folder = folders.at(path.parent)
        if folder is not None:
            found.setdefault(real_path(path.parent), folder)
    called: set[Path] = set()
    for key, folder in found.items():
        for source in sources_of(folder):
            try:
                target = real_path(files.find(folder.path, source))
            except UnreadableInputError:
                continue
            if target != key:
                called.add(target)
    roots = [folder for key, folder in found.items() if key not in called]
    return roots or list(found.values())[:1]


def sources_of(folder: Folder) -> list[str]:
    """Return the local sources of the modules that a folder calls."""
    return [text for block in folder.blocks("module") if (text := source_of(block)).startswith(("./", "../"))]


def _different(roots: list[Folder], notes: list[str]) -> list[Folder]:
    """Leave out root modules that state the same as an earlier one, such as a folder for each environment."""
    kept: list[tuple[Folder, set[str]]] = []
    for folder in roots:
        names = names_of(folder)
        same = next(
            (one for one, others in kept if len(names) > 1 and len(names & others) >= ALIKE * len(names | others)), None
        )
        if same is None:
            kept.append((folder, names))
        else:
            notes.append(f"{folder.path}: the same resources as {same.path}; archlint reads only that one")
    return [folder for folder, _ in kept]


def _given(folder: Folder, folders: Folders, reader: Reader) -> dict[str, Item]:
    """Return the values of variables that files state."""
    evaluator = Evaluator(
        lambda root, steps, site: unresolved(site), lambda name, path, more, scope: path, reader.budget
    )
    return {name: evaluator.value(attribute.value, {}) for name, attribute in folders.values(folder.path)}

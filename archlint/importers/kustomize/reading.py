"""Kustomizations among the files of an import: which are built, which are parts of others, which are alternatives."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

from archlint.errors import UnreadableInputError
from archlint.importers.digits import is_whole
from archlint.importers.files import Files
from archlint.importers.kubernetes.reading import QUIET
from archlint.importers.kustomize.building import (
    Builder,
    Result,
    kustomization_in,
    named_files,
    read_kustomization,
)
from archlint.importers.kustomize.edits import walked, with_entry
from archlint.importers.kustomize.program import complete
from archlint.importers.kustomize.resources import Identity
from archlint.importers.objects import Rows, Site, Table, Unit
from archlint.source.files import real_path, shorten_path

MAX_BUILT: Final = 500
MAX_NAMED: Final = 5


class Root(msgspec.Struct, eq=False):
    """A kustomization that no other one includes, and its build."""

    path: Path
    result: Result
    workloads: dict[tuple[str, int], str]
    identities: set[tuple[str, str, str]]

    @property
    def rank(self) -> tuple[int, int, str]:
        """Its place among alternatives: the most resources, then the most replicas, then the first path."""
        replicas = 0
        for one in self.result.resources:
            text = one.table.text("spec", "replicas")
            replicas += int(text) if is_whole(text) and len(text) < 6 else 0
        return (-len(self.result.resources), -replicas, str(self.path))


def read_kustomizations(
    paths: list[Path], files: Files, notes: list[str], left_out: list[tuple[str, str]]
) -> list[Unit]:
    """Build the kustomizations, and hand their manifests on to the reader of Kubernetes."""
    roots = _roots(paths, files, left_out)
    for path in roots[MAX_BUILT:]:
        left_out.append((str(path), f"more than {MAX_BUILT} kustomizations: name fewer files"))
    built = [one for path in roots[:MAX_BUILT] if (one := _built(path, files)) is not None]
    seen: set[tuple[Site, Identity]] = set()
    for group in _groups(built):
        chosen, *others = sorted(group, key=lambda one: one.rank)
        notes += chosen.result.notes
        notes += _choice(chosen, others)
        left_out += ((str(one.path), f"an alternative of {chosen.path}: name it to read it instead") for one in others)
        complete(chosen.path, chosen.result, files, notes)
        for resource in chosen.result.resources:
            if (resource.origin, resource.current) not in seen:
                files.manifests.append((_main_first(resource.table), resource.path))
            seen.add((resource.origin, resource.current))
        files.used.update(chosen.result.used)
        alone = {one.path for one in others}
        files.claimed |= {real_path(path) for one in group for path in one.result.used if path not in alone}
    return []


def _roots(paths: list[Path], files: Files, left_out: list[tuple[str, str]]) -> list[Path]:
    """Return the kustomizations that no other one includes, and claim every file that one names."""
    included: dict[Path, set[Path]] = {}
    kinds: dict[Path, str] = {}
    for path in paths:
        try:
            table = read_kustomization(path, files)
        except UnreadableInputError as error:
            files.errors.append(error)
            continue
        targets = included[path] = set()
        kinds[path] = table.text("kind")
        for named in named_files(table, path, files):
            inner = kustomization_in(named) if os.path.isdir(named) else None
            targets.add(real_path(inner or named))
            files.claimed.add(real_path(named))
    below = {target for path, targets in included.items() for target in targets if target != real_path(path)}
    roots = [path for path in included if real_path(path) not in below]
    for path in [one for one in roots if kinds[one] == "Component"]:
        roots.remove(path)
        left_out.append((str(path), "a component that no kustomization uses"))
    is_circle = included and len(below) >= len(included)
    return list(included)[:1] if is_circle and not roots else roots


def _built(path: Path, files: Files) -> Root | None:
    try:
        result = Builder(files).build(path)
    except UnreadableInputError as error:
        files.errors.append(error)
        return None
    workloads = [one for one in result.resources if one.current.kind not in QUIET]
    origins = {(one.origin.file, one.origin.span.start): one.current.name for one in workloads}
    identities = {(one.current.kind, one.current.namespace, one.current.name) for one in workloads}
    return Root(path, result, origins, identities)


def _groups(roots: list[Root]) -> list[list[Root]]:
    """Put alternatives together: builds that share a workload by name, or at least half of their workloads."""
    groups: list[list[Root]] = []
    for root in roots:
        near = [group for group in groups if any(_alternatives(root, one) for one in group)]
        merged = [root, *(one for group in near for one in group)]
        groups = [group for group in groups if group not in near]
        groups.append(merged)
    return groups


def _alternatives(one: Root, other: Root) -> bool:
    if one.identities & other.identities:
        return True
    shared = set(one.workloads) & set(other.workloads)
    return bool(shared) and 2 * len(shared) >= min(len(one.workloads), len(other.workloads))


def _main_first(table: Table) -> Table:
    """Put the containers of the base before those that a patch adds: the first one is the main one."""

    def visit(inner: Table) -> Table:
        rows = inner.get("containers")
        if not isinstance(rows, Rows) or len(rows.items) < 2:
            return inner
        ordered = sorted(rows.items, key=lambda item: item.site.file != table.site.file)
        return with_entry(inner, "containers", Rows(ordered, rows.site, rows.tag), rows.site)

    found = walked(table, visit)
    return found if isinstance(found, Table) else table


def _choice(chosen: Root, others: list[Root]) -> list[str]:
    if not others:
        return []
    ordered = sorted(str(one.path.parent) for one in others)
    names = ", ".join(map(shorten_path, ordered[:MAX_NAMED]))
    more = f" and {len(others) - MAX_NAMED} more" if len(others) > MAX_NAMED else ""
    return [
        f"{chosen.path}: read as one of {len(others) + 1} alternatives, the one with the most resources and replicas; "
        f"name another folder to read it instead: {names}{more}"
    ]

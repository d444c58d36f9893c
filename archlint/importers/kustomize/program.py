"""Fields that archlint does not apply: `kubectl kustomize` or `kustomize` applies them, if it is on the path."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from archlint.errors import UnreadableInputError
from archlint.importers.files import Files
from archlint.importers.kustomize.building import Result
from archlint.importers.kustomize.resources import Built, Identity, Resources, built, identity_of
from archlint.importers.objects import Item, Rows, Site, Table, Value, tree
from archlint.source.nodes import Mapping
from archlint.source.parser import parse_all

SECONDS: Final = 20.0
MEMORY: Final = 2 * 1024**3


def complete(path: Path, result: Result, files: Files, notes: list[str]) -> None:
    """Apply the fields that the build left out by the program, or say that they are not applied."""
    if not result.unapplied:
        return
    fields = ", ".join(dict.fromkeys(f"`{key}`" for key, _ in result.unapplied))
    site = result.unapplied[0][1]
    if result.remote:
        notes.append(f"{site.shown}: {fields} not applied: a base is elsewhere, and archlint fetches nothing")
        return
    command = _command(path.parent)
    if command is None:
        notes.append(f"{site.shown}: {fields} not applied: install kubectl or kustomize, or give archlint its output")
        return
    from archlint.importers.children import run_limited

    done = run_limited(command, path.parent, SECONDS, MEMORY)
    if done.failure or done.status:
        said = done.failure or done.said
        notes.append(f"{site.shown}: {fields} not applied: {Path(command[0]).name}: {said}")
        return
    try:
        documents = parse_all(str(path), done.output)
    except UnreadableInputError:
        notes.append(f"{site.shown}: {fields} not applied: {Path(command[0]).name} printed no YAML")
        return
    rendered = [tree(one, one.root) for one in documents if isinstance(one.root, Mapping)]
    result.resources = _conformed(result.resources, [one for one in rendered if isinstance(one, Table)], path, site)


def _command(folder: Path) -> list[str] | None:
    from shutil import which

    for name, words in (("kustomize", ["build"]), ("kubectl", ["kustomize"])):
        found = which(name)
        if found is not None:
            return [found, *words, str(folder)]
    return None


def _conformed(ours: Resources, theirs: list[Table], path: Path, site: Site) -> Resources:
    """Return the resources of the program; what equals ours keeps its place, and the rest gets that of the field."""
    known: dict[Identity, Built] = {one.current: one for one in ours}
    made = Resources()
    for table in theirs:
        identity = identity_of(table)
        mine = known.get(identity) or known.get(_without_hash(identity))
        conformed = _as_theirs(mine.table if mine is not None else None, table, site)
        assert isinstance(conformed, Table)
        one = built(conformed, mine.path if mine is not None else path)
        if mine is not None:
            one.ids[:0] = mine.ids
        made.add(one)
    return made


def _without_hash(identity: Identity) -> Identity:
    return Identity(identity.group, identity.kind, identity.namespace, identity.name.rpartition("-")[0])


def _as_theirs(ours: Item | None, theirs: Item, site: Site) -> Item:
    if isinstance(theirs, Value):
        if isinstance(ours, Value) and (ours.text == theirs.text or not theirs.text):
            return ours
        return Value(theirs.text, site, theirs.status, theirs.raw, theirs.plain)
    if isinstance(theirs, Rows):
        rows = ours.items if isinstance(ours, Rows) else []
        found = [_as_theirs(rows[at] if at < len(rows) else None, one, site) for at, one in enumerate(theirs.items)]
        return Rows(found, ours.site if isinstance(ours, Rows) else site)
    known = ours if isinstance(ours, Table) else Table({}, {}, site)
    entries = {key: _as_theirs(known.entries.get(key), one, site) for key, one in theirs.entries.items()}
    return Table(entries, {key: known.keys.get(key, site) for key in entries}, known.site)

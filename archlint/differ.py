"""Compare two versions of architectures, from files, folders or a git revision, system by system."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from archlint.api import Linters
from archlint.compare.difference import Difference, SystemDifference
from archlint.compare.facts import DiffError
from archlint.compare.git import Revision
from archlint.compare.systems import Snapshot, compare
from archlint.config import Config
from archlint.errors import UnreadableInputError
from archlint.given import config_or_file, text_or_path
from archlint.inputs import InputError
from archlint.linter import Options
from archlint.reading import Source, read_deployed, read_source
from archlint.revisions import Deployments
from archlint.source.files import is_architecture, read_bytes, real_path
from archlint.source.join import no_such_system, picked_systems, system_names
from archlint.source.repository import Repository
from archlint.versions import InGit, InMemory, OnDisk, ReadAlready, Version, in_repository

_ALIKE: Final = 0.5
"""The least share of common components for systems in files with different names to be the same system."""


class _Side(NamedTuple):
    """What a call compares: a file, a folder, or a text by the name that it has in messages."""

    path: Path
    version: Version
    is_folder: bool
    errors: tuple[InputError, ...] = ()
    notes: tuple[str, ...] = ()


class _Found(msgspec.Struct, frozen=True):
    """The systems of one side, and the errors of unreadable files; keys are the same on both sides.

    `others` are the names of the systems that the call does not pick.
    """

    systems: dict[str, Snapshot]
    errors: dict[str, InputError]
    others: tuple[str, ...]


def diff(
    before: str | Path, after: str | Path, config: Config | Path | str | None = None, allow_code: bool = False,
    system: str = "",
) -> Difference:  # fmt: skip
    """Compare two versions of a system, or of the systems in two folders.

    `before` and `after` are files, texts as `archlint.load` takes them, or two folders, whose files are paired by their
    paths. `config`, `allow_code` and `system` are as in `archlint.check`; the same rules run on both sides, so that
    only a change of the architecture makes a difference.

    Returns the systems that differ: changed parts, changed results of the analysis, and findings that are new or
    resolved. A file that cannot be read is one of `errors`. Raises `DiffError` if there is nothing to compare, or if
    only one of the two is a folder, and `UsageError` for what is neither a path nor a text.

    >>> import archlint
    >>> before = '''
    ... archlint: 1
    ... components: {page: {kind: client, calls: [{to: api, timeout: 1s}]}, api: {kind: service}}
    ... '''
    >>> difference = archlint.diff(before, before.replace("api", "search"))
    >>> [(part.state, part.was, part.name) for part in difference.systems[0].parts]
    [('renamed', 'api', 'search')]
    >>> archlint.diff(before, before).is_empty
    True
    """
    chosen = config_or_file(config)
    options = Options(config=chosen if isinstance(chosen, Path) else None, allow_code=allow_code, system=system)
    return _diff(text_or_path(before), text_or_path(after), options, chosen if isinstance(chosen, Config) else None)


def diff_paths(old: Path, new: Path, options: Options) -> Difference:
    """Compare two files, or the systems in two folders by their relative paths.

    Both sides are checked with the configuration of the new side, so that only the architecture makes a difference.
    Raises `DiffError` if one is a file and the other a folder, or if neither has an architecture.
    """
    return _diff(old, new, options)


def diff_sources(old: Source, new: Source, options: Options) -> Difference:
    """Compare two versions that were read already; errors and notes of the reading are part of the result."""
    before, after = (_Side(one.path, ReadAlready(one), False, one.errors, one.notes) for one in (old, new))
    return _compared(before, after, options)


def _diff(old: str | Path, new: str | Path, options: Options, fixed: Config | None = None) -> Difference:
    return _compared(_side(old, "<before>", options), _side(new, "<after>", options), options, fixed)


def _compared(before: _Side, after: _Side, options: Options, fixed: Config | None = None) -> Difference:
    if before.is_folder != after.is_folder and before.path.is_dir() and after.path.is_dir():
        before, after = (_alone(side, options) if side.is_folder else side for side in (before, after))
    if before.is_folder != after.is_folder:
        folder = before if before.is_folder else after
        raise DiffError(f"{folder.path} is a folder, and the other path is not", "compare two files, or two folders")
    linters = Linters(_with_signatures(options), fixed)
    olds, news = {"": before.path}, {"": after.path}
    if before.is_folder:
        olds, news = (
            {str(path.relative_to(side.path)): path for path in linters.files_below(side.path)}
            for side in (before, after)
        )
        if not olds and not news:
            raise _nothing(f"{before.path} and {after.path}")
    likes = {key: news.get(key, path) for key, path in olds.items()}
    was = _snapshots(linters, {key: (path, before.version) for key, path in olds.items()}, likes)
    now = _snapshots(linters, {key: (path, after.version) for key, path in news.items()}, news)
    for side, found in ((before, was), (after, now)):
        found.errors.update({f"{side.path}#{number}": error for number, error in enumerate(side.errors)})
    notes = (*before.notes, *after.notes, *linters.uses.notes())
    return _paired(str(before.path), str(after.path), was, now, options.system, tuple(dict.fromkeys(notes)))


def _side(given: str | Path, name: str, options: Options) -> _Side:
    """Return one side of a comparison, a text or a path; a text goes by `name`.

    Deployment files at a path are one system, as if they were one file.
    """
    if isinstance(given, str):
        return _Side(Path(name), InMemory(given), False)
    deployed = read_deployed(given, options)
    if deployed is not None:
        return _Side(given, ReadAlready(deployed), False, deployed.errors, deployed.notes)
    return _Side(given, OnDisk(), given.is_dir())


def _alone(side: _Side, options: Options) -> _Side:
    """Return a folder of architecture files as its only system, for the comparison with deployment files."""
    return _Side(side.path, ReadAlready(read_source((side.path,), options)), False)


def diff_git(revision: str, targets: Sequence[Path], options: Options) -> Difference:
    """Compare files and folders at a git revision with the work tree.

    Raises `DiffError` if there is no repository or no such revision, and for a path that neither side has.
    """
    targets = targets or (Path(),)
    at = Revision(revision, _repository_of(targets[0]))
    linters = Linters(_with_signatures(options))
    olds: dict[str, tuple[Path, Version]] = {}
    news: dict[str, tuple[Path, Version]] = {}
    for target in targets:
        found = _now(target, linters)
        after = [path for path in found if not _is_below(in_repository(path), at.unknown)]
        before = _at_revision(at, target, linters, set(found))
        if not target.exists() and not before:
            raise _nothing(f"{target}, neither now nor at {revision}", at)
        olds |= {str(in_repository(path)): (path, InGit(at)) for path in before}
        news |= {str(in_repository(path)): (path, OnDisk()) for path in after}
    deployed = Deployments(at, targets, linters)
    sources = deployed.then(olds), deployed.now(news)
    if not olds and not news:
        raise _nothing(f"{', '.join(map(str, targets))}, neither now nor at {revision}", at)
    likes = {key: news.get(key, (path,))[0] for key, (path, _) in olds.items()}
    was = _snapshots(linters, olds, likes)
    now = _snapshots(linters, news, {key: path for key, (path, _) in news.items()})
    for side, source in zip((was, now), sources, strict=True):
        side.errors.update({f"#{number}": error for number, error in enumerate(source.errors if source else ())})
    notes = [note for source in sources if source is not None for note in source.notes]
    everything = dict.fromkeys((*at.unknown.values(), *notes, *linters.uses.notes()))
    return _paired(revision, "the work tree", was, now, options.system, tuple(everything))


def _repository_of(target: Path) -> Path:
    """Return a folder of the repository that a revision belongs to.

    As in git, that is the repository of the current folder, also for a path in one of its submodules; for a path
    outside of it, the repository of the path.
    """
    first = Path(os.path.abspath(target))
    folder = next(path for path in (first, *first.parents) if path.is_dir())
    here = Repository.around(os.path.realpath(os.curdir))
    return Path() if here is not None and real_path(folder).is_relative_to(here.top) else folder


def _is_below(path: Path, folders: Collection[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _nothing(where: str, at: Revision | None = None) -> DiffError:
    """Say that there is nothing to compare, or name a submodule of the revision that may have it."""
    missed = list({**at.absent, **at.unknown}.values()) if at is not None else []
    more = f" ({len(missed) - 1} more)" if len(missed) > 1 else ""
    hint = f"{missed[0]}{more}" if missed else "name architecture files, or files that deploy a system"
    return DiffError(f"nothing to compare in {where}", hint)


def _with_signatures(options: Options) -> Options:
    return msgspec.structs.replace(options, signatures=True, baselined=False)


def _now(target: Path, linters: Linters) -> list[Path]:
    """Return the current architecture files of a path."""
    if target.is_dir():
        return list(linters.files_below(target))
    return [target] if target.exists() else []


def _at_revision(at: Revision, target: Path, linters: Linters, today: set[Path]) -> list[Path]:
    """Return the architecture files of a path at a revision, without those that a search leaves out now.

    `today` are the files that the search finds now.
    """
    place = in_repository(target) if not target.is_dir() else real_path(target)
    if not place.is_relative_to(at.top):
        raise DiffError(f"{target} lies outside the repository {at.top.name}/", "name paths of one repository")
    if place in at.blobs:
        return [target]
    below = []
    for path in sorted(at.blobs):
        if not path.is_relative_to(place) or path.suffix not in {".yaml", ".yml"}:
            continue
        shown = target / path.relative_to(place)
        steps = path.relative_to(place).parts
        if any(step.startswith(".") for step in steps) or linters.leaves_out(shown, target):
            continue
        if shown not in today and _is_architecture(shown):
            continue                               # exists, but a `.gitignore` leaves it out
        if at.blobs[path].is_file:
            below.append((path, shown))
    at.fetch(path for path, _ in below)
    return [shown for path, shown in below if is_architecture(at.read_bytes(path))]


def _is_architecture(path: Path) -> bool:
    try:
        return path.is_file() and is_architecture(read_bytes(path, str(path)))
    except UnreadableInputError:
        return False


def _snapshots(linters: Linters, paths: Mapping[str, tuple[Path, Version]], likes: Mapping[str, Path]) -> _Found:
    """Lint the files of one side; included files belong to the systems that include them."""
    systems: dict[str, Snapshot] = {}
    files: dict[str, Path] = {}
    included: set[Path] = set()
    errors: dict[str, InputError] = {}
    others: list[str] = []
    for key, (path, version) in paths.items():
        like = likes[key]
        try:
            document = version.document(path)
            linter = linters.linter_for(like)
            picked = picked_systems(document, linters.options.system)
            others += (name for name in system_names(document) if not picked)
            found = [linter.examine(one, path, version.includes(path), like) for one in picked]
        except UnreadableInputError as error:
            errors[key] = InputError(error.message, error.hint, str(path))
            continue
        for examined in found:
            part = examined.report.part
            system = f"{key}#{part}" if part else key
            files[system] = path
            systems[system] = Snapshot(examined.system, examined.report)
            included |= examined.included
    alone = {
        key: one for key, one in systems.items()
        if real_path(files[key]) not in included and in_repository(files[key]) not in included
    }  # fmt: skip
    return _Found(alone, errors, tuple(others))


def _paired(
    old: str, new: str, before: _Found, after: _Found, picked: str, notes: tuple[str, ...] = ()
) -> Difference:
    """Compare the systems of both sides: by their files, or for moved files by the names of the systems.

    A file that cannot be read on one side is not compared. `picked` is the name of the only system that is.
    """
    others = (*before.others, *after.others)
    if others and not (before.systems or after.systems or before.errors or after.errors):
        raise no_such_system("what is compared", picked, others)
    moved = _moved(before.systems, after.systems)
    unread = before.errors.keys() | after.errors.keys()
    differences = []
    for key, snapshot in after.systems.items():
        if key not in unread:
            differences.append(compare(before.systems.get(moved.get(key, key)), snapshot))
    taken = {moved.get(key, key) for key in after.systems} | unread
    differences += [compare(snapshot, None) for key, snapshot in before.systems.items() if key not in taken]
    changed = tuple(one for one in differences if not one.is_empty)
    errors = tuple(dict.fromkeys((*before.errors.values(), *after.errors.values())))
    return Difference(old, new, changed, len(differences) - len(changed), errors, notes)


def _moved(before: dict[str, Snapshot], after: dict[str, Snapshot]) -> dict[str, str]:
    """Return the moved files, from the new key to the old one.

    They are recognised by the name of the system, otherwise by its components: at least half of all their names are the
    same on both sides.
    """
    gone = {key: snapshot for key, snapshot in before.items() if key not in after}
    come = {key: snapshot for key, snapshot in after.items() if key not in before}
    olds, news = _by_name(gone), _by_name(come)
    moved = {keys[0]: olds[name][0] for name, keys in news.items() if len(keys) == 1 and len(olds.get(name, ())) == 1}
    shares = {
        (new, old): share
        for new, snapshot in come.items() if new not in moved
        for old, other in gone.items() if old not in moved.values()
        if (share := _share(snapshot, other)) >= _ALIKE
    }  # fmt: skip
    for (new, old), share in shares.items():
        rivals = [other for pair, other in shares.items() if (pair[0] == new) != (pair[1] == old)]
        if share > max(rivals, default=0.0):
            moved[new] = old
    return moved


def _by_name(snapshots: dict[str, Snapshot]) -> dict[str, list[str]]:
    named: dict[str, list[str]] = {}
    for key, snapshot in snapshots.items():
        if snapshot.report.system:
            named.setdefault(snapshot.report.system, []).append(key)
    return named


def _share(one: Snapshot, other: Snapshot) -> float:
    """Return the share of the components of two systems that both have."""
    names, others = one.system.components.keys(), other.system.components.keys()
    return len(names & others) / max(1, len(names | others))


__all__ = ["Difference", "SystemDifference", "diff", "diff_git", "diff_paths"]

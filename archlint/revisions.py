"""Deployment files of a git revision, read as one system."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from archlint.compare.git import Revision
from archlint.errors import NothingFoundError, UnreadableInputError
from archlint.reading import Source, deployed_source, read_imported
from archlint.source.files import is_architecture, real_path
from archlint.source.search import SKIPPED_FOLDERS
from archlint.targets import Configs, deployment_files, is_foreign
from archlint.versions import ReadAlready, Version, in_repository


class Deployments:
    """The deployment files of a comparison with a revision, on both sides.

    They are those that the call names and that are no architecture; if a side has no architecture file, they are those
    in its folders.
    """

    def __init__(self, revision: Revision, targets: Sequence[Path], configs: Configs) -> None:
        self.revision = revision
        self.targets = targets
        self.configs = configs

    def then(self, files: dict[str, tuple[Path, Version]]) -> Source | None:
        """Replace the deployment files of the revision by the system that they describe, and return it."""
        foreign = {key: path for key, (path, _) in files.items() if not self._was_architecture(in_repository(path))}
        source = deployed_at(self.revision, self._chosen(files, foreign), self.configs)
        return _replaced(files, foreign, source)

    def now(self, files: dict[str, tuple[Path, Version]]) -> Source | None:
        """The same for the work tree."""
        foreign = {key: path for key, (path, _) in files.items() if is_foreign(path)}
        targets = [target for target in self._chosen(files, foreign) if target.exists()]
        found, _ = deployment_files(targets, self.configs) if targets else ([], Path())
        try:
            source = read_imported(targets, self.configs) if found else None
        except NothingFoundError:
            source = None
        return _replaced(files, foreign, source)

    def _was_architecture(self, place: Path) -> bool:
        try:
            return is_architecture(self.revision.read_bytes(place))
        except UnreadableInputError:
            return True                            # reported when it is read

    def _chosen(self, files: Mapping[str, object], foreign: Mapping[str, Path]) -> list[Path]:
        """Return the targets that deployment files are read from."""
        searches = files.keys() <= foreign.keys()
        named = set(foreign.values())
        return [target for target in self.targets if target in named or (searches and not target.is_file())]


def _replaced(
    files: dict[str, tuple[Path, Version]], foreign: Mapping[str, Path], source: Source | None
) -> Source | None:
    if source is not None:
        for key in foreign:
            del files[key]
        files[""] = (source.path, ReadAlready(source))
    return source


def deployed_at(revision: Revision, targets: Sequence[Path], configs: Configs) -> Source | None:
    """Return the system that deployment files at some paths described at a revision; None if there was none.

    The search leaves out what a search of the work tree leaves out today. Nothing of the work tree is read. Raises
    `UnreadableInputError` if none of the files can be read.
    """
    if not targets:
        return None
    from archlint.compare.checkout import Checkout
    from archlint.importers.deploying import read_deployment
    from archlint.importers.formats import is_considered, likely

    places = {target: _place(target) for target in targets}
    places = {target: place for target, place in places.items() if place.is_relative_to(revision.top)}
    named = {
        target: [place] if place in revision.blobs else list(_below(revision, target, place, configs, is_considered))
        for target, place in places.items()
    }
    if not any(named.values()):
        return None
    with Checkout(revision, is_considered) as checkout:
        paths: list[Path] = []
        for target, place in places.items():
            found = [there for one in named[target] if (there := checkout.place(one)).is_file()]     # no links
            paths += found if place in revision.blobs else likely(found)
        roots = [checkout.place(place) for place in places.values()]
        if not paths:
            return None
        read = read_deployment(list(dict.fromkeys(paths)), roots, None, checkout.top, checkout.rename)
        source = deployed_source(read)
        if source is None:
            for error in read.errors:
                raise error
            return None
        return msgspec.structs.replace(source, notes=(*checkout.notes, *source.notes[1:]))    # without their number


def _place(target: Path) -> Path:
    return real_path(target) if target.is_dir() else real_path(target.absolute().parent) / target.name


def _below(
    revision: Revision, target: Path, place: Path, configs: Configs, wanted: Callable[[str], bool]
) -> Iterator[Path]:
    """Yield the files below a folder that a search of it would consider."""
    for path in sorted(revision.blobs):
        if not path.is_relative_to(place) or not wanted(path.name):
            continue
        inside = path.relative_to(place)
        is_skipped = any(step.startswith(".") or step in SKIPPED_FOLDERS for step in inside.parts)
        if not is_skipped and not configs.leaves_out(target / inside, target):
            yield path

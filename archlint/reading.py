"""What a call names, read as one system: an architecture file, a text, or the files that deploy a system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from archlint.errors import NothingFoundError, UnreadableInputError, UsageError
from archlint.inputs import InputError, input_errors
from archlint.linter import Includes, Linter, Options, require_architecture
from archlint.source.document import Document
from archlint.source.files import SUFFIXES, is_architecture, read_document, read_named, real_path
from archlint.source.join import pick_system, shorten, system_names
from archlint.source.parser import decode, parse
from archlint.targets import STDIN, Configs, deployment_files, is_foreign

if TYPE_CHECKING:
    from archlint.importers.deploying import Deployment
    from archlint.importers.draft import Draft

_MOST_NAMED: Final = 5


class Source(msgspec.Struct, frozen=True):
    """One system that a call names.

    `path` is the file whose configuration applies; `file` is the same, or None for a text that belongs to no file.
    `includes` loads the further files if they are not beside `file`. `notes` say how the files were read, and `errors`
    which of them could not be read. `draft` is what an import found, in the files `read`.
    """

    document: Document
    path: Path
    file: Path | None
    includes: Includes | None = None
    notes: tuple[str, ...] = ()
    errors: tuple[InputError, ...] = ()
    draft: Draft | None = None
    read: frozenset[Path] = frozenset()


def read_source(paths: Sequence[Path], options: Options, data: bytes | None = None, system: str = "") -> Source:
    """Read the system of a call: of a file, of a folder, of several deployment files, or of a text with a name.

    The rules are those of `archlint check`: an architecture file wins over the deployment files beside it, and
    deployment files are read as one system. If a file describes several systems, the first is read unless `system`
    names another. Raises `UnreadableInputError` if nothing can be read, and `UsageError` for several systems.
    """
    first = paths[0]
    if data is not None:
        if data.strip() and not is_architecture(data):
            return read_imported(paths, Configs(options), (), system, {first: data})
        document = parse(str(first), decode(str(first), data))
        return _of(document, first, None if str(first) == STDIN else first, system)
    if len(paths) == 1 and not first.is_dir() and not is_foreign(first):
        return _of(read_named(first), first, first, system)
    configs = Configs(options)
    found = configs.inputs(paths)
    architectures = [path for path in found.files if not is_foreign(path)]
    foreign = [path for path in found.files if path not in architectures]
    if architectures and foreign:
        what = f"{architectures[0]} is an architecture file, and {foreign[0]} is not"
        raise UsageError(what, "name one architecture file, or deployment files only")
    if architectures:
        main = _main(architectures, options, paths)
        return _of(read_document(main), main, main, system)
    return read_imported(paths, configs, found.errors, system)


def _of(document: Document, path: Path, file: Path | None, system: str) -> Source:
    if system:
        return Source(pick_system(document, system), path, file)
    names = system_names(document)
    several = f"{document.name} describes {len(names)} systems, and this is {names[0]}; choose another with --system: "
    notes = (several + ", ".join(map(shorten, names[1 : _MOST_NAMED + 1])),) if len(names) > 1 else ()
    return Source(document, path, file, notes=notes)


def _main(paths: list[Path], options: Options, named: Sequence[Path]) -> Path:
    """Return the file that no other one includes; raises `UsageError` if there are several."""
    if len(paths) > 1:
        linter = Linter(Configs(options).config_for(paths[0]), msgspec.structs.replace(options, rules=False))
        parts = {part for path in paths for part in linter.system(read_document(path), path)[1]}
        paths = [path for path in paths if real_path(path) not in parts]
    if len(paths) != 1:
        some = ", ".join(map(str, paths[:_MOST_NAMED]))
        where = ", ".join(map(str, named[:_MOST_NAMED]))
        raise UsageError(f"{where}: {len(paths)} architecture files: {some}", "name one architecture file")
    return paths[0]


def read_imported(
    named: Sequence[Path], configs: Configs, errors: tuple[InputError, ...] = (), system: str = "",
    given: Mapping[Path, bytes] | None = None, missing: str = "no architecture file and no deployment files",
) -> Source:  # fmt: skip
    """Read the deployment files at some paths as one system; raises `UsageError` if there are none.

    `given` are texts that were read already, such as standard input; `missing` says what else was not found.
    """
    from archlint.importers.deploying import read_deployment

    found = read_deployment(deployment_files(named, configs)[0], named, given)
    source = deployed_source(found)
    if source is not None:
        chosen = pick_system(source.document, system) if system else source.document
        return msgspec.structs.replace(source, document=chosen, errors=(*errors, *source.errors))
    for error in found.errors:
        raise error
    for path, data in (given or {}).items():
        require_architecture(parse(str(path), decode(str(path), data)))
    if len(named) == 1 and named[0].suffix in SUFFIXES:
        require_architecture(read_document(named[0]))
    if errors:
        raise UnreadableInputError(errors[0].message, errors[0].hint)
    where = ", ".join("the current folder" if path == Path() else str(path) for path in named[:_MOST_NAMED])
    hint = "name an architecture file, or the files that deploy a system; `archlint init` writes a first file"
    advice = found.notes[0] if found.notes else hint
    raise NothingFoundError(f"{where}: {missing}", advice)


def deployed_source(found: Deployment) -> Source | None:
    """Return deployment files as the source of one system; None if they hold no component."""
    if found.documents is None:
        return None
    document = found.documents.main
    path = Path(document.name)
    errors = tuple(mistake for error in found.errors for mistake in input_errors(error))
    read = frozenset(real_path(Path(source)) for source in found.sources)
    return Source(document, path, path, found.documents, tuple(found.notes), errors, found.documents.draft, read)


def read_deployed(path: Path, options: Options) -> Source | None:
    """Return the system of the deployment files at a path; None if there are none, or an architecture file."""
    configs = Configs(options)
    if path.is_dir():
        found = configs.inputs((path,))
        if found.files or not deployment_files((path,), configs)[0]:
            return None
        return read_imported((path,), configs, found.errors, "")
    return read_imported((path,), configs, (), "") if is_foreign(path) else None

"""The systems of a workspace: which main file includes which files, with the texts that an editor has not saved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final

from archlint.api import Linters, check_with
from archlint.errors import ArchlintError, UnreadableInputError
from archlint.inputs import InputError, input_errors
from archlint.linter import Linter, Options
from archlint.source.files import SUFFIXES, FileIncludes, is_architecture, read_bytes, real_path
from archlint.source.parser import decode, parse
from archlint.targets import Configs
from archlint.verdicts import Report

Texts = Mapping[Path, bytes]
"""What an editor holds, by resolved path."""
ALWAYS: Final = frozenset({"arch.yaml", "arch.yml"})
"""Files that are architectures by their name, even before they have the key `archlint`."""
_INCLUDES: Final = b"include"


def check_main(main: Path, texts: Texts, options: Options) -> Report:
    """Check one main file as `archlint check` does, with the texts of an editor in place of files; never raises."""
    data = texts.get(real_path(main))
    try:
        linters = Linters(options, texts=texts)
        return check_with(linters, (main,)) if data is None else check_with(linters, (), (data, str(main)))
    except ArchlintError as error:
        return Report((), input_errors(error, str(main)))
    except Exception as error:
        message = f"{main}: archlint failed on this file: {type(error).__name__}: {error}"
        return Report((), (InputError(message, "this is a defect of archlint", str(main)),))


def reading_error(path: Path, data: bytes) -> tuple[InputError, ...]:
    """Return the reader's error for a text; empty if it can be read."""
    try:
        parse(str(path), decode(str(path), data))
    except UnreadableInputError as error:
        return input_errors(error, str(path))
    return ()


class Systems:
    """The main files of a workspace, each with the resolved paths of all its files."""

    def __init__(self, options: Options, folders: Iterable[Path] = ()) -> None:
        self.options = options
        self.folders = tuple(folders)
        self.parts: dict[Path, frozenset[Path]] = {}
        self._stamps: dict[Path, object] = {}
        self._searched: set[Path] = set()
        self._lock = Lock()                # checks run in a thread of their own

    def forget(self) -> None:
        """Search the folders again before the next answer: files were added, removed or changed."""
        self._searched.clear()

    def learn(self, main: Path, report: Report) -> None:
        """Note the files of a report: an included file may include further ones. Those that are broken stay known."""
        with self._lock:
            found = {real_path(Path(name)) for file in report.files for name in file.sources}
            self.parts[main] = frozenset({main}) | self.parts.get(main, frozenset()) | found

    def mains_of(self, path: Path, texts: Texts) -> tuple[Path, ...]:
        """Return the main files of the systems that a file belongs to; none if it is no part of an architecture."""
        with self._lock:
            return self._mains_of(path, texts)

    def _mains_of(self, path: Path, texts: Texts) -> tuple[Path, ...]:
        self._search(path, texts)
        real = real_path(path)
        for main, data in texts.items():
            if main in self.parts or is_architecture(data):
                self._read(main, data, texts)
        included = frozenset().union(*(parts - {main} for main, parts in self.parts.items()))
        mains = [main for main, parts in self.parts.items() if real in parts]
        tops = tuple(main for main in mains if main not in included)
        if tops or mains:
            return tops or ((real,) if real in mains else tuple(mains[:1]))
        return (real,) if path.name in ALWAYS or is_architecture(texts.get(real, b"")) else ()

    def _search(self, path: Path, texts: Texts) -> None:
        """Find the main files in the folder of the workspace that holds a file, otherwise in the file's own folder."""
        whole = real_path(path)
        folders = [folder for folder in self.folders if whole.is_relative_to(real_path(folder))]
        for folder in folders or [whole.parent]:
            if folder in self._searched:
                continue
            self._searched.add(folder)
            found = {real_path(file) for file in (self._below(folder) if folders else _beside(folder))}
            for gone in [main for main in self.parts if main not in found and main.is_relative_to(real_path(folder))]:
                self.parts.pop(gone)
                self._stamps.pop(gone, None)
            for main in sorted(found):
                with suppress(ArchlintError, OSError):
                    if main not in texts:
                        self._read(main, None, texts)

    def _below(self, folder: Path) -> Iterable[Path]:
        with suppress(ArchlintError):
            return Configs(self.options).search(folder).files
        return ()

    def _read(self, main: Path, data: bytes | None, texts: Texts) -> None:
        """Note which files a main file includes; a text that cannot be read keeps those that it had."""
        stamp: object = data
        if data is None:
            state = main.stat()
            stamp = state.st_mtime_ns, state.st_size
            if self._stamps.get(main) == stamp:
                return
            data = read_bytes(main, str(main))
        elif self._stamps.get(main) == stamp:
            return
        self._stamps[main] = stamp
        if data and not is_architecture(data) and main.name not in ALWAYS:
            self.parts.pop(main, None)
            return
        parts = {main}
        if _INCLUDES in data:
            try:
                parts.update(_included(main, data, texts, self.options))
            except ArchlintError:
                parts |= self.parts.get(main, frozenset())
        self.parts[main] = frozenset(parts)


def _included(main: Path, data: bytes, texts: Texts, options: Options) -> frozenset[Path]:
    linter = Linter(Configs(Options(isolated=True)).config_for(main), Options(rules=False, isolated=options.isolated))
    found: set[Path] = set()
    for document in parse(str(main), decode(str(main), data)).systems:
        found |= linter.system(document, main, FileIncludes(main, texts=texts))[1]
    return frozenset(found)


def _beside(folder: Path) -> Iterator[Path]:
    with suppress(OSError):
        for path in sorted(folder.iterdir()):
            if path.suffix in SUFFIXES and path.is_file():
                with suppress(ArchlintError):
                    if is_architecture(read_bytes(path, str(path))):
                        yield path

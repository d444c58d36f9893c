"""Changed versions of one file: read once, then linted and computed for any number of settings."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from archlint.analysis.numbers import Numbers, numbers_of
from archlint.analysis.system import System
from archlint.api import Linters
from archlint.changing import Changed, Changing, Setting, wrong_settings
from archlint.config import Config
from archlint.errors import UnreadableInputError
from archlint.linter import Examined, Includes, Linter, Options, require_architecture
from archlint.model.read import no_includes
from archlint.reading import Source, read_source
from archlint.source.document import Document
from archlint.source.files import FileIncludes
from archlint.source.parser import collector_paused
from archlint.verdicts import FileReport

Loaded = dict[tuple[str, str], Document | UnreadableInputError]
"""What each include of each document is, by the document's name and the path as written."""


class Variant(msgspec.Struct, frozen=True):
    """A version of a system: the settings that make it, the system itself, its report, and its numbers."""

    settings: tuple[Setting, ...]
    system: System
    report: FileReport
    numbers: Numbers

    @property
    def name(self) -> str:
        """The name of the system, otherwise of its file."""
        return self.report.system or self.report.key


class Inputs(msgspec.Struct, frozen=True):
    """All that versions are made from, in memory: other processes and machines need not read the files again."""

    path: Path
    document: Document
    loaded: Loaded
    included: frozenset[Path]
    config: Config
    options: Options

    @property
    def documents(self) -> tuple[Document, ...]:
        """The file, and those that it includes."""
        return (self.document, *(one for one in self.loaded.values() if isinstance(one, Document)))


class _Replay:
    """Loads includes as they were when the system was first read."""

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded

    def __call__(self, document: Document, target: str) -> Document:
        found = self.loaded.get((document.name, target))
        if found is None:
            return no_includes(document, target)
        if isinstance(found, UnreadableInputError):
            raise found
        return found


class _Recorder:
    """Loads includes, and keeps what each one is."""

    def __init__(self, includes: Includes | None) -> None:
        self.includes = includes
        self.loaded: Loaded = {}

    def __call__(self, document: Document, target: str) -> Document:
        try:
            found = self.includes(document, target) if self.includes is not None else no_includes(document, target)
        except UnreadableInputError as error:
            self.loaded[document.name, target] = error
            raise
        self.loaded[document.name, target] = found
        return found


class Variants:
    """Versions of one system under one configuration. Baselines do not apply."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.linter = Linter(inputs.config, inputs.options)
        self.changing = Changing(inputs.document, _Replay(inputs.loaded), set(inputs.included))

    @classmethod
    def read(cls, path: Path, options: Options, data: bytes | None = None) -> Variants:
        """Read a file, or a text with the name of a file; raises `UnreadableInputError` for anything else."""
        return cls.of_source(read_source((path,), options, data, options.system), options)

    @classmethod
    def of_source(cls, source: Source, options: Options, config: Config | None = None) -> Variants:
        """Keep all that versions of a source are made from, under a configuration or the one that is found.

        Raises `UnreadableInputError` if it is no architecture.
        """
        require_architecture(source.document)
        chosen = msgspec.structs.replace(options, signatures=True, baselined=False, system="")
        files = FileIncludes(source.file) if source.file is not None else None
        recorder = _Recorder(source.includes or files)
        Changing(source.document, recorder)
        included = frozenset(recorder.includes.included) if recorder.includes is not None else frozenset[Path]()
        used = Linters(chosen).config_for(source.path) if config is None else config
        return cls(Inputs(source.path, source.document, recorder.loaded, included, used, chosen))

    def system(self, settings: Iterable[Setting] = ()) -> System:
        """Return the system with some settings, without running rules; raises as `of` does."""
        changed = self.changing.changed(settings)
        with collector_paused():
            system = self.linter.system(changed.document, None, changed.includes)[0]
        _refuse_wrong(changed, system)
        return system

    def report(self, settings: Iterable[Setting] = ()) -> FileReport:
        """Return the findings of the version with some settings, without its numbers; raises as `of` does."""
        return self._examined(settings).report

    def of(self, settings: Iterable[Setting] = ()) -> Variant:
        """Return the version with some settings; raises `UsageError` for a setting that cannot be read."""
        chosen = tuple(settings)
        examined = self._examined(chosen)
        return Variant(chosen, examined.system, examined.report, numbers_of(examined.system))

    def _examined(self, settings: Iterable[Setting]) -> Examined:
        changed = self.changing.changed(settings)
        examined = self.linter.examine(changed.document, None, changed.includes, self.inputs.path)
        _refuse_wrong(changed, examined.system)
        report = msgspec.structs.replace(examined.report, sources={**examined.report.sources, **changed.values})
        return msgspec.structs.replace(examined, report=report)


def _refuse_wrong(changed: Changed, system: System) -> None:
    wrong = wrong_settings(changed, system.architecture.problems)
    if wrong is not None:
        raise wrong

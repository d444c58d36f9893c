"""Changed versions of one file: read once, then linted and computed for any number of settings."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from archlint.analysis.numbers import Numbers, numbers_of
from archlint.analysis.system import System
from archlint.api import Linters, read_input
from archlint.changing import Changed, Changing, Setting, wrong_settings
from archlint.linter import Options, require_architecture
from archlint.model.read import no_includes
from archlint.source.files import FileIncludes
from archlint.source.parser import collector_paused
from archlint.verdicts import FileReport


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


class Variants:
    """Versions of the system in one file, under one configuration. Baselines do not apply.

    Raises `UnreadableInputError` if it is not an architecture file.
    """

    def __init__(self, path: Path, options: Options, data: bytes | None = None) -> None:
        picked = options.system
        self.options = msgspec.structs.replace(options, signatures=True, baselined=False, system="")
        self.path = path
        document, self._file = read_input(path, data, picked)
        require_architecture(document)
        self.linter = Linters(self.options).linter_for(path)
        includes = FileIncludes(self._file) if self._file is not None else None
        self.changing = Changing(document, includes or no_includes, includes.included if includes else None)

    def system(self, settings: Iterable[Setting] = ()) -> System:
        """Return the system with some settings, without running rules; raises as `of` does."""
        changed = self.changing.changed(settings)
        with collector_paused():
            system = self.linter.system(changed.document, self._file, changed.includes)[0]
        _refuse_wrong(changed, system)
        return system

    def of(self, settings: Iterable[Setting] = ()) -> Variant:
        """Return the version with some settings; raises `UsageError` for a setting that cannot be read."""
        chosen = tuple(settings)
        changed = self.changing.changed(chosen)
        examined = self.linter.examine(changed.document, self._file, changed.includes, self.path)
        _refuse_wrong(changed, examined.system)
        report = msgspec.structs.replace(examined.report, sources={**examined.report.sources, **changed.values})
        return Variant(chosen, examined.system, report, numbers_of(examined.system))


def _refuse_wrong(changed: Changed, system: System) -> None:
    wrong = wrong_settings(changed, system.architecture.problems)
    if wrong is not None:
        raise wrong

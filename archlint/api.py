"""What archlint does as a library; the command line is a thin layer over it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path


from archlint.analysis.system import System
from archlint.catalog.technologies import Technologies, read_technologies, shipped_technologies
from archlint.config import Config, Settings
from archlint.engine import lint
from archlint.errors import UnreadableInputError
from archlint.model.architecture import Architecture
from archlint.model.read import no_includes, read
from archlint.packs import Pack, Rule, bind, read_packs, shipped_packs
from archlint.source.document import Document
from archlint.source.files import FileIncludes, read_document
from archlint.source.nodes import Mapping
from archlint.source.parser import collector_paused, parse
from archlint.verdicts import FileReport, InputError, Report, Severity


class Linter:
    """Reads systems and runs the rules of a configuration over them; packs and catalogues are read once."""

    def __init__(self, config: Config, today: str | None = None, accept: bool = True, recognise: bool = False) -> None:
        self.config = config
        self.today = today or date.today().isoformat()
        self.accept = accept
        self.recognise = recognise
        self.packs: list[Pack] = shipped_packs()
        for folder in config.packs:
            self.packs += read_packs(Path(folder))
        self.known = frozenset(name for pack in self.packs for name in (pack.id, pack.name))
        self._technologies: Technologies | None = None

    @property
    def technologies(self) -> Technologies:
        """The technology catalogue with the user's own entries."""
        if self._technologies is None:
            self._technologies = shipped_technologies()
            for path in self.config.technologies:
                for entry in read_technologies(path):
                    self._technologies.add(entry)
        return self._technologies

    def rules(self, settings: Settings) -> list[Rule]:
        """The rules that settings select, bound to their checks."""
        return [
            bind(pack, *_overrides(pack, settings)) for pack in self.packs
            if _selected(pack, settings.select) and not _selected(pack, settings.ignore)
        ]  # fmt: skip

    def system(self, document: Document, path: Path | None) -> System:
        """Read a document, with what it includes, as a system."""
        return System(read_architecture(document, path), self.technologies)

    def lint(self, document: Document, path: Path | None) -> FileReport:
        """Lint one document."""
        settings = self.config.settings_for(path or Path(document.name))
        with collector_paused():
            system = self.system(document, path)
            return lint(system, self.rules(settings), self.today, self.known, self.accept, self.recognise)


def read_architecture(document: Document, path: Path | None) -> Architecture:
    """Read a document as an architecture; raises `UnreadableInputError` for what describes none."""
    if document.root is None:
        raise UnreadableInputError(f"{document.name}: empty: there is nothing to check", "start with `archlint init`")
    if isinstance(document.root, Mapping) and "archlint" not in document.root.entries:
        raise UnreadableInputError(
            f"{document.name}: not an architecture file: it has no key `archlint`", "start it with `archlint: 1`"
        )
    return read(document, FileIncludes(path) if path is not None else no_includes)


def _selected(pack: Pack, words: Sequence[str]) -> bool:
    return any(word in ("ALL", pack.id, pack.name, pack.family) or (word and pack.id.startswith(word)) for word in words)


def _overrides(pack: Pack, settings: Settings) -> tuple[dict[str, float | str | bool], Severity | None]:
    chosen = settings.rules.get(pack.id) or settings.rules.get(pack.name)
    if chosen is None:
        return {}, None
    return dict(chosen.params), Severity(chosen.severity) if chosen.severity else None


def check_paths(paths: Sequence[Path], linter: Linter) -> Report:
    """Check files; those that cannot be read are errors of the report, and the others are still checked."""
    files: list[FileReport] = []
    errors: list[InputError] = []
    for path in paths:
        try:
            files.append(linter.lint(read_document(path), path))
        except UnreadableInputError as error:
            errors.append(InputError(error.message, error.hint))
    return Report(tuple(files), tuple(errors))


def check_text(text: str, name: str, linter: Linter) -> Report:
    """Check a text as if it stood in a file of that name."""
    path = Path(name) if name != "<stdin>" else None
    try:
        return Report((linter.lint(parse(name, text), path),))
    except UnreadableInputError as error:
        return Report((), (InputError(error.message, error.hint),))



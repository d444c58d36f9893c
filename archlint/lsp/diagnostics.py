"""A report of `check` as diagnostics, for each file that it concerns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from lsprotocol import types

from archlint.findings import Finding, Location, Severity, ShownPlace
from archlint.inputs import InputError
from archlint.lsp.positions import Ruler
from archlint.report.plain import without_place
from archlint.source.document import Document
from archlint.verdicts import Report

SOURCE: Final = "archlint"
NOT_READ: Final = "input-not-read"
"""The code of a file that cannot be read, as in other formats."""
_LEVELS: Final = {
    Severity.ERROR.value: types.DiagnosticSeverity.Error,
    Severity.WARNING.value: types.DiagnosticSeverity.Warning,
    Severity.INFO.value: types.DiagnosticSeverity.Information,
}

UriOf = Callable[[str], str]
"""Returns the address of a file, given its name in the report."""
RulerOf = Callable[[Document], Ruler]
"""Returns the ruler of a document."""
Found = dict[str, list[types.Diagnostic]]
"""The diagnostics of each file, by the name of the file in the report."""


class Maker:
    """Makes the diagnostics of one report; `main` is the file that was checked, `text` its content."""

    def __init__(self, main: Path, text: str, uri_of: UriOf, ruler_of: RulerOf) -> None:
        self.main = str(main)
        self.documents: dict[str, Document] = {self.main: Document(self.main, text.lstrip("\ufeff"), None)}
        self.uri_of = uri_of
        self.ruler_of = ruler_of
        self._rulers: dict[str, Ruler] = {}

    def diagnostics(self, report: Report) -> Found:
        """Return a diagnostic for each place of each finding, and for each input that could not be read."""
        for file in report.files:
            self.documents |= file.sources
        found: Found = {name: [] for file in report.files for name in file.sources}
        found.setdefault(self.main, [])
        for error in report.errors:
            found[self.main].append(self._of_error(error))
        for finding in report.findings:
            for place in finding.all_places:
                found.setdefault(place.location.file, []).append(self._of_place(finding, place))
        return found

    def _range(self, location: Location) -> types.Range:
        name = location.file
        if name not in self._rulers:
            self._rulers[name] = self.ruler_of(self.documents.get(name) or Document(name, "", None))
        return self._rulers[name].range(location)

    def _of_error(self, error: InputError) -> types.Diagnostic:
        """Return an error at its place; one in another file, such as a configuration, is at the start of this one."""
        there = Location(error.file, max(error.line, 1), max(error.column, 1), max(error.line, 1), max(error.column, 1))
        own = error.file == self.main
        start = Location(self.main, 1, 1, 1, 1)
        related = None
        if not own and error.file and error.line:
            at = types.Position(there.line - 1, there.column - 1)
            where = types.Location(self.uri_of(error.file), types.Range(at, at))
            related = [types.DiagnosticRelatedInformation(where, without_place(error))]
        return types.Diagnostic(
            self._range(there if own else start),
            with_hint(without_place(error) if own else error.message, error.hint),
            severity=types.DiagnosticSeverity.Error, code=NOT_READ, source=SOURCE, related_information=related,
        )  # fmt: skip

    def _of_place(self, finding: Finding, place: ShownPlace) -> types.Diagnostic:
        link = types.CodeDescription(finding.docs) if finding.docs else None
        return types.Diagnostic(
            self._range(place.location),
            with_hint(place.message, finding.suggestion),
            severity=_LEVELS[finding.severity],
            code=finding.rule,
            code_description=link,
            source=SOURCE,
            related_information=list(self._related(finding, place)) or None,
            data={"name": finding.name, "at": place.at, "suggestion": finding.suggestion},
        )

    def _related(self, finding: Finding, own: ShownPlace) -> Iterator[types.DiagnosticRelatedInformation]:
        for place in finding.all_places[1:] if own is finding.all_places[0] else ():
            yield self._information(place.location, f"the same at {place.at}")
        for related in finding.related:
            yield self._information(related.location, related.message)

    def _information(self, location: Location, message: str) -> types.DiagnosticRelatedInformation:
        where = types.Location(self.uri_of(location.file), self._range(location))
        return types.DiagnosticRelatedInformation(where, message)


def with_hint(message: str, hint: str) -> str:
    """Return a message with what to do next."""
    return f"{message}; {hint}" if hint else message


def without_repeats(several: Iterable[types.Diagnostic]) -> list[types.Diagnostic]:
    """Return diagnostics in the order of the text, each once: a file may belong to several systems."""
    kept: dict[tuple[object, ...], types.Diagnostic] = {}
    for one in several:
        start, end = one.range.start, one.range.end
        key = (start.line, start.character, end.line, end.character, str(one.code), one.message)
        kept.setdefault(key, one)
    return [kept[key] for key in sorted(kept, key=str_of)]


def str_of(key: tuple[object, ...]) -> tuple[int, int, str]:
    """Return the sort key of a diagnostic: line, column, then rule and message."""
    line, character, *_, code, message = key
    return (line if isinstance(line, int) else 0, character if isinstance(character, int) else 0, f"{code} {message}")

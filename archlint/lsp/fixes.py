"""Answers about a whole file or a range of it: the outline, and the fixes for findings and open questions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from lsprotocol import types

from archlint.lsp.actions import Fix, accepted, deciding, suggested
from archlint.lsp.edits import workspace_edit
from archlint.lsp.naming import Change
from archlint.lsp.server import Server
from archlint.lsp.symbols import outline
from archlint.source.document import Document
from archlint.source.files import real_path
from archlint.source.nodes import Span

_MOST_FIXES: Final = 20


class Fixes:
    """Answers requests about files, for one server."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def symbols(self, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        """Return the outline of a file; that of its last valid text, if it cannot be read now."""
        path = self.server.path_of(params.text_document.uri)
        document = self.server.document(path)
        if document is not None and self.server.is_part(path):
            self.server.outlines[path] = outline(document, self.server.ruler_of(document))
        return self.server.outlines.get(path, [])

    def code_actions(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        """Return the fixes for the findings in a range, and for what is undecided on its lines."""
        path = self.server.path_of(params.text_document.uri)
        document = self.server.document(path)
        if document is None:
            return []
        found = [*self._fixes(path, document, params), *self._decisions(path, params.range)]
        return found[:_MOST_FIXES]

    def _fixes(self, path: Path, document: Document, params: types.CodeActionParams) -> Iterator[types.CodeAction]:
        ruler = self.server.ruler_of(document)
        for diagnostic in self.server.shown.get(self.server.uris[path], ()):
            if not _touches(diagnostic.range, params.range) or not isinstance(diagnostic.data, dict):
                continue
            start, end = ruler.offset(diagnostic.range.start), ruler.offset(diagnostic.range.end)
            suggestion = str(diagnostic.data.get("suggestion", ""))
            for fix in suggested(document, Span(start, end), diagnostic.message, suggestion):
                yield self._action(fix, [diagnostic])
            fix_by_comment = accepted(document, start, str(diagnostic.code))
            if fix_by_comment is not None:
                yield self._action(fix_by_comment, [diagnostic])

    def _decisions(self, path: Path, where: types.Range) -> Iterator[types.CodeAction]:
        seen: set[tuple[Change, ...]] = set()
        for report in self.server.reports.values():
            for file in report.files:
                for question in file.undecided:
                    at = question.location
                    if at.line - 1 > where.end.line or at.end_line - 1 < where.start.line:
                        continue
                    if real_path(Path(at.file)) == path:
                        for fix in deciding(self._sources(path, file.sources), question):
                            if fix.changes not in seen:
                                seen.add(fix.changes)
                                yield self._action(fix, [])

    def _sources(self, path: Path, sources: Iterable[str]) -> dict[str, Document]:
        found: dict[str, Document] = {}
        for known in self.server.known(path):
            found |= {document.name: document for document in known.documents if document.name in sources}
        return found

    def _action(self, fix: Fix, diagnostics: list[types.Diagnostic]) -> types.CodeAction:
        edit = workspace_edit(self.server, fix.changes)
        return types.CodeAction(fix.title, types.CodeActionKind.QuickFix, diagnostics, fix.preferred or None, edit=edit)


def _touches(one: types.Range, other: types.Range) -> bool:
    return one.start <= other.end and other.start <= one.end

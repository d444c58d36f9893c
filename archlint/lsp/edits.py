"""Places and changes of files, as the protocol has them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lsprotocol import types

from archlint.lsp.known import Use
from archlint.lsp.naming import Change
from archlint.lsp.positions import Ruler
from archlint.lsp.server import Server
from archlint.source.files import read_document, real_path


def location(server: Server, use: Use) -> types.Location:
    """Return the place of a name."""
    return types.Location(server.uri_of(use.document.name), server.ruler_of(use.document).span(use.span))


def workspace_edit(server: Server, changes: Iterable[Change]) -> types.WorkspaceEdit:
    """Return changes as edits, with the versions of open files if the editor compares them."""
    edits: dict[str, list[types.TextEdit]] = {}
    rulers: dict[str, Ruler] = {}
    for change in changes:
        if change.file not in rulers:
            rulers[change.file] = _ruler(server, real_path(Path(change.file)))
        uri = server.uri_of(change.file)
        edits.setdefault(uri, []).append(types.TextEdit(rulers[change.file].span(change.span), change.text))
    able = server.client_capabilities.workspace
    if not (able and able.workspace_edit and able.workspace_edit.document_changes):
        return types.WorkspaceEdit(changes=edits)
    versioned = [types.TextDocumentEdit(_versioned(server, uri), list(found)) for uri, found in edits.items()]
    return types.WorkspaceEdit(document_changes=versioned)


def _versioned(server: Server, uri: str) -> types.OptionalVersionedTextDocumentIdentifier:
    is_open = uri in server.uris.values()
    version = server.workspace.get_text_document(uri).version if is_open else None
    return types.OptionalVersionedTextDocumentIdentifier(uri, version)


def _ruler(server: Server, path: Path) -> Ruler:
    return server.ruler_of(server.as_typed(path) if path in server.uris else read_document(path))

"""Answers about names: where one is defined, where it is used, and the edits that change it everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from archlint.errors import UsageError
from archlint.lsp.edits import location, workspace_edit
from archlint.lsp.known import Known, Use
from archlint.lsp.naming import renamed
from archlint.lsp.server import Server
from archlint.lsp.tree import spot_at
from archlint.source.files import real_path


class _At(Protocol):
    """The parameters of a request about a position."""

    @property
    def text_document(self) -> types.TextDocumentIdentifier: ...

    @property
    def position(self) -> types.Position: ...


class Navigation:
    """Answers requests about names, for one server."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def definition(self, params: types.DefinitionParams) -> types.Location | None:
        """Go to the place that defines a name, in whatever file it is."""
        found = self._use_at(params)
        definition = found[0].definition(found[1].section, found[1].name) if found is not None else None
        return location(self.server, definition) if definition is not None else self._included(params)

    def _included(self, params: _At) -> types.Location | None:
        """Return the start of the file that an `include` at a position names, if it was read."""
        path = self.server.path_of(params.text_document.uri)
        document = self.server.document(path)
        if document is None:
            return None
        spot = spot_at(document, self.server.ruler_of(document).offset(params.position))
        if spot is None or spot.is_key or spot.path[:1] != ("include",):
            return None
        target = real_path(path.parent / spot.text)
        names = (one.name for known in self.server.known(path) for one in known.documents)
        if all(real_path(Path(name)) != target for name in names):
            return None
        start = types.Position(0, 0)
        return types.Location(self.server.uri_of(str(target)), types.Range(start, start))

    def references(self, params: types.ReferenceParams) -> list[types.Location]:
        """Return every place of a name, in all files of the systems that have it."""
        found = self._use_at(params)
        if found is None:
            return []
        one, use = found
        definition = one.definition(use.section, use.name)
        known = self._systems_with(definition) if definition is not None else [one]
        places = {}
        for system in known:
            for each in system.uses(use.section, use.name):
                if params.context.include_declaration or definition is None or each.span != definition.span:
                    places[real_path(Path(each.document.name)), each.span] = each
        return [location(self.server, each) for each in places.values()]

    def prepare_rename(self, params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder | None:
        """Return the name at a position, if it can be renamed."""
        found = self._use_at(params)
        if found is None or found[0].definition(found[1].section, found[1].name) is None:
            return None
        return types.PrepareRenamePlaceholder(location(self.server, found[1]).range, found[1].name)

    def rename(self, params: types.RenameParams) -> types.WorkspaceEdit | None:
        """Rename a part in all files of its systems that are in the workspace; nothing is written here."""
        found = self._use_at(params)
        definition = found[0].definition(found[1].section, found[1].name) if found is not None else None
        if definition is None:
            return None
        try:
            changes = renamed(self._systems_with(definition), definition, params.new_name)
        except UsageError as error:
            raise JsonRpcException(f"{error.message}; {error.hint}", types.LSPErrorCodes.RequestFailed.value) from None
        folders = [real_path(folder) for folder in self.server.systems.folders]
        inside = [one for one in changes if not folders or any(Path(one.file).is_relative_to(top) for top in folders)]
        outside = sorted({one.file for one in changes if one not in inside})
        if outside:
            text = f"not renamed, because it is outside the workspace: {', '.join(outside)}"
            self.server.window_show_message(types.ShowMessageParams(types.MessageType.Warning, text))
        return workspace_edit(self.server, inside)

    def _use_at(self, params: _At) -> tuple[Known, Use] | None:
        path = self.server.path_of(params.text_document.uri)
        document = self.server.document(path)
        if document is None:
            return None
        offset = self.server.ruler_of(document).offset(params.position)
        for one in self.server.known(path):
            own = one.document_at(path, offset)
            use = one.use_at(own.name, offset) if own is not None else None
            if use is not None:
                return one, use
        return None

    def _systems_with(self, definition: Use) -> list[Known]:
        return self.server.known(real_path(Path(definition.document.name)))

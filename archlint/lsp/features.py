"""The server with its features: which request of the protocol is answered by which function."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import BinaryIO

from lsprotocol import types
from pygls.uris import to_fs_path

from archlint.linter import Options
from archlint.lsp.fixes import Fixes
from archlint.lsp.navigation import Navigation
from archlint.lsp.server import WATCHED, Server, log_unreadable_messages_once
from archlint.lsp.words import Words


def serve(options: Options, reader: BinaryIO, writer: BinaryIO) -> None:
    """Serve one editor until it ends the session or closes the stream."""
    server = make_server(options)
    log_unreadable_messages_once()
    own, sys.stdout = sys.stdout, sys.stderr       # the stream of the protocol carries nothing else
    try:
        server.start_io(reader, writer)
    finally:
        sys.stdout = own
    server.worker.shutdown(wait=False, cancel_futures=True)


def make_server(options: Options) -> Server:
    """Make a server with all its features."""
    server = Server(options)
    words, names, fixes = Words(server), Navigation(server), Fixes(server)
    _keep_texts(server)
    triggers = types.CompletionOptions(trigger_characters=[" ", "[", "{", ","])
    kinds = [types.CodeActionKind.QuickFix]
    # The library marks the functions that it registers, and a method cannot be marked.
    server.feature(types.TEXT_DOCUMENT_COMPLETION, triggers)(partial(words.completion))
    server.feature(types.TEXT_DOCUMENT_HOVER)(partial(words.hover))
    server.feature(types.TEXT_DOCUMENT_DEFINITION)(partial(names.definition))
    server.feature(types.TEXT_DOCUMENT_REFERENCES)(partial(names.references))
    server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)(partial(names.prepare_rename))
    server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))(partial(names.rename))
    server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)(partial(fixes.symbols))
    server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(kinds))(partial(fixes.code_actions))
    return server


def _keep_texts(server: Server) -> None:
    @server.feature(types.INITIALIZED)
    def initialized(_: types.InitializedParams) -> None:
        server.systems.folders = tuple(
            Path(name) for folder in server.workspace.folders.values() if (name := to_fs_path(folder.uri))
        )
        watched = server.client_capabilities.workspace and server.client_capabilities.workspace.did_change_watched_files
        if watched and watched.dynamic_registration:
            server.client_register_capability(types.RegistrationParams([WATCHED]))

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: types.DidOpenTextDocumentParams) -> None:
        server.opened(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: types.DidChangeTextDocumentParams) -> None:
        server.opened(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: types.DidCloseTextDocumentParams) -> None:
        server.closed(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def did_save(_: types.DidSaveTextDocumentParams) -> None:
        server.refresh()

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def did_change_files(_: types.DidChangeWatchedFilesParams) -> None:
        server.refresh()

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def did_change_folders(_: types.DidChangeWorkspaceFoldersParams) -> None:
        server.systems.folders = tuple(
            Path(name) for folder in server.workspace.folders.values() if (name := to_fs_path(folder.uri))
        )
        server.refresh()

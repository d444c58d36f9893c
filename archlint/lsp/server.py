"""The server: it keeps the texts of an editor, checks them after each pause, and answers requests."""

from __future__ import annotations

import asyncio
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, Final

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from archlint import __version__
from archlint.linter import Options
from archlint.lsp.diagnostics import Found, Maker, without_repeats
from archlint.lsp.positions import UTF16, Ruler
from archlint.lsp.systems import Systems, Texts, check_main, reading_error
from archlint.source.document import Document
from archlint.source.files import real_path
from archlint.verdicts import Report

_LOG: Final = logging.getLogger("archlint")
PAUSE_S: Final = 0.1
"""How long the server waits after an edit before it checks: the time between two keystrokes."""


_WATCHED: Final = types.Registration(
    "archlint-files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
    types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher("**/*.{yaml,yml,toml,jsonl}")]),
)  # fmt: skip
"""Files that other files include, configurations, rules and baselines."""


class Server(LanguageServer):
    """The state of one editor: its texts, the systems of its workspace, and what was published."""

    def __init__(self, options: Options) -> None:
        super().__init__("archlint", __version__, types.TextDocumentSyncKind.Full)
        self.options = options
        self.systems = Systems(options)
        self.uris: dict[Path, str] = {}
        self.published: dict[Path, Found] = {}
        self.shown: dict[str, list[types.Diagnostic]] = {}
        self.waiting: set[Path] = set()
        self.task: asyncio.Task[None] | None = None
        self.worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="check")

    @property
    def encoding(self) -> str:
        """The unit in which the editor counts columns."""
        return self.server_capabilities.position_encoding or UTF16

    def report_server_error(self, error: Exception, source: object) -> None:
        """Log an error. Nothing is sent: the stream to the editor may be what failed."""
        _LOG.error("%s", error)

    def texts(self) -> dict[Path, bytes]:
        """Return the texts of the editor, by their resolved paths."""
        return {path: self.source(path).encode("utf-8", "surrogatepass") for path in self.uris}

    def source(self, path: Path) -> str:
        """Return the text of an open file."""
        return self.workspace.get_text_document(self.uris[path]).source

    def uri_of(self, name: str) -> str:
        """Return the address of a file: the editor's own, if it is open."""
        path = real_path(Path(name))
        return self.uris.get(path) or str(from_fs_path(str(path)))

    def ruler_of(self, document: Document) -> Ruler:
        """Return the ruler of a document."""
        path = real_path(Path(document.name))
        return Ruler(document, self.encoding, self.source(path) if path in self.uris else "")

    def opened(self, uri: str) -> None:
        """Note an open file, and check it."""
        name = to_fs_path(uri)
        if name:
            path = real_path(Path(name))
            self.uris[path] = uri
            self.changed(path)

    def closed(self, uri: str) -> None:
        """Forget an open file: what is on disk is valid again."""
        path = real_path(Path(to_fs_path(uri) or ""))
        if self.uris.pop(path, None) is not None:
            self.systems.forget()
            self.changed(path)

    def changed(self, *paths: Path) -> None:
        """Check the systems of some files after a pause; what is being checked for an older text is dropped."""
        self.waiting.update(paths)
        if self.task is not None:
            self.task.cancel()
        self.task = asyncio.ensure_future(self._check_later())

    async def _check_later(self) -> None:
        await asyncio.sleep(PAUSE_S)
        paths, texts = tuple(self.waiting), self.texts()
        try:
            reports = await asyncio.get_running_loop().run_in_executor(self.worker, self._check, paths, texts)
            self.waiting.difference_update(paths)
            self._publish(*reports)
        except Exception as error:         # a defect; the next edit may avoid it, and the server goes on
            _LOG.exception("a check failed")
            self.window_log_message(types.LogMessageParams(types.MessageType.Error, f"a check failed: {error!r}"))

    def _check(self, paths: tuple[Path, ...], texts: Texts) -> tuple[dict[Path, Report], dict[Path, Report]]:
        """Check the systems of some files, and read the other open files of systems; runs in a thread."""
        mains = dict.fromkeys(main for path in paths for main in self.systems.mains_of(path, texts))
        reports = {main: check_main(main, texts, self.options) for main in mains}
        parts = frozenset().union(*self.systems.parts.values()).difference(self.systems.parts)
        return reports, {path: Report((), reading_error(path, data)) for path, data in texts.items() if path in parts}

    def _publish(self, reports: dict[Path, Report], others: dict[Path, Report]) -> None:
        """Show new results, and take back those of systems without an open file."""
        self.published |= {main: self._diagnostics(main, report) for main, report in reports.items()}
        for main in list(self.published):
            if self.uris.keys().isdisjoint(self.systems.parts.get(main, {main})):
                del self.published[main]
        unread = [self._diagnostics(path, report) for path, report in others.items()]
        shown: dict[str, list[types.Diagnostic]] = {}
        for found in (*self.published.values(), *unread):
            for name, several in found.items():
                shown.setdefault(self.uri_of(name), []).extend(several)
        shown = {uri: without_repeats(several) for uri, several in shown.items()}
        for uri in dict.fromkeys((*shown, *self.shown)):
            if uri in self.uris.values() or shown.get(uri) != self.shown.get(uri):
                self._show(uri, shown.get(uri, []))
        self.shown = shown

    def _diagnostics(self, main: Path, report: Report) -> Found:
        text = self.source(main) if main in self.uris else ""
        return Maker(main, text, self.uri_of, self.ruler_of).diagnostics(report)

    def _show(self, uri: str, diagnostics: list[types.Diagnostic]) -> None:
        path = real_path(Path(to_fs_path(uri) or ""))
        version = self.workspace.get_text_document(uri).version if path in self.uris else None
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, diagnostics, version))


def serve(options: Options, reader: BinaryIO, writer: BinaryIO) -> None:
    """Serve one editor until it ends the session or closes the stream."""
    server = make_server(options)
    own, sys.stdout = sys.stdout, sys.stderr       # the stream of the protocol carries nothing else
    try:
        server.start_io(reader, writer)
    finally:
        sys.stdout = own
    server.worker.shutdown(wait=False, cancel_futures=True)


def make_server(options: Options) -> Server:
    """Make a server with all its features."""
    server = Server(options)

    _keep_texts(server)
    return server


def _keep_texts(server: Server) -> None:
    @server.feature(types.INITIALIZED)
    def initialized(_: types.InitializedParams) -> None:
        server.systems.folders = tuple(
            Path(name) for folder in server.workspace.folders.values() if (name := to_fs_path(folder.uri))
        )
        watched = server.client_capabilities.workspace and server.client_capabilities.workspace.did_change_watched_files
        if watched and watched.dynamic_registration:
            server.client_register_capability(types.RegistrationParams([_WATCHED]))

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
        server.systems.forget()
        server.changed(*server.uris)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def did_change_files(_: types.DidChangeWatchedFilesParams) -> None:
        server.systems.forget()
        server.changed(*server.uris)

"""The state of the server: the texts of an editor, which are checked after each pause, and what was published."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from archlint import __version__
from archlint.errors import UnreadableInputError
from archlint.linter import Options
from archlint.lsp.diagnostics import Found, Maker, without_repeats
from archlint.lsp.known import Known, know
from archlint.lsp.positions import UTF16, Ruler
from archlint.lsp.systems import Systems, Texts, check_main, reading_error
from archlint.source.document import Document
from archlint.source.files import real_path
from archlint.source.parser import parse
from archlint.verdicts import Report

_LOG: Final = logging.getLogger("archlint")
PAUSE_S: Final = 0.1
"""How long the server waits after an edit before it checks: the time between two keystrokes."""


WATCHED: Final = types.Registration(
    "archlint-files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
    types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher("**/*.{yaml,yml,toml,jsonl}")]),
)  # fmt: skip
"""Files that other files include, configurations, rules and baselines."""


def log_unreadable_messages_once() -> None:
    """Leave out what the library itself logs of a message that it cannot read: a traceback, or two."""
    for name in ("pygls.server", "pygls.protocol.json_rpc"):
        logging.getLogger(name).addFilter(lambda record: not str(record.msg).startswith("Unable to "))


class Checked(NamedTuple):
    """The results of one check: reports of main files, those of other files of their systems, and the systems."""

    mains: dict[Path, Report]
    others: dict[Path, Report]
    known: dict[Path, list[Known]]


class Server(LanguageServer):
    """The state of one editor: its texts, the systems of its workspace, and what was published."""

    def __init__(self, options: Options) -> None:
        super().__init__("archlint", __version__, types.TextDocumentSyncKind.Full)
        self.options = options
        self.systems = Systems(options)
        self.uris: dict[Path, str] = {}
        self.published: dict[Path, Found] = {}
        self.reports: dict[Path, Report] = {}
        self.outlines: dict[Path, list[types.DocumentSymbol]] = {}
        self.last_known: dict[Path, list[Known]] = {}
        self.shown: dict[str, list[types.Diagnostic]] = {}
        self.waiting: set[Path] = set()
        self.task: asyncio.Task[None] | None = None
        self.worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="check")

    @property
    def encoding(self) -> str:
        """The unit in which the editor counts columns."""
        return self.server_capabilities.position_encoding or UTF16

    def report_server_error(self, error: Exception, source: object) -> None:
        """Log an error on one line. Nothing is sent: the stream to the editor may be what failed."""
        what = "a message of the editor cannot be read: " if source is JsonRpcException else ""
        _LOG.error("%s%s", what, " ".join(str(error.__cause__ or error).split()))

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

    def path_of(self, uri: str) -> Path:
        """Return the resolved path of an address."""
        return real_path(Path(to_fs_path(uri) or ""))

    def document(self, path: Path) -> Document | None:
        """Return the document of an open file; None if it is not open, or cannot be read."""
        if path not in self.uris:
            return None
        try:
            return parse(str(path), self.source(path))
        except UnreadableInputError:
            return None

    def as_typed(self, path: Path) -> Document:
        """Return the text of an open file as a document without values: it need not be YAML yet."""
        return Document(str(path), self.source(path).lstrip("\ufeff"), None)

    def known(self, *paths: Path) -> list[Known]:
        """Return the systems that files belong to; for one that cannot be read now, as it was last read."""
        texts, found = self.texts(), []
        for main in dict.fromkeys(main for path in paths for main in self.systems.mains_of(path, texts)):
            with suppress(UnreadableInputError):
                self.last_known[main] = know(main, texts)
            found += self.last_known.get(main, [])
        return found

    def opened(self, uri: str) -> None:
        """Note an open file, and check it."""
        if to_fs_path(uri):
            path = self.path_of(uri)
            if path not in self.uris:
                self.systems.forget()      # it may be new, and so may be what includes it
            self.uris[path] = uri
            self.changed(path)

    def closed(self, uri: str) -> None:
        """Forget an open file: what is on disk is valid again."""
        path = self.path_of(uri)
        if self.uris.pop(path, None) is not None:
            self.outlines.pop(path, None)
            self.systems.forget()
            self.changed(path)

    def refresh(self) -> None:
        """Search the workspace again, and check all open files: something changed on disk."""
        self.systems.forget()
        self.changed(*self.uris)

    def is_part(self, path: Path) -> bool:
        """Whether an open file is part of an architecture."""
        return path in self.uris and bool(self.systems.mains_of(path, self.texts()))

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
            checked = await asyncio.get_running_loop().run_in_executor(self.worker, self._check, paths, texts)
            self.waiting.difference_update(paths)
            self._publish(checked)
        except Exception as error:         # a defect; the next edit may avoid it, and the server goes on
            _LOG.exception("a check failed")
            self.window_log_message(types.LogMessageParams(types.MessageType.Error, f"a check failed: {error!r}"))

    def _check(self, paths: tuple[Path, ...], texts: Texts) -> Checked:
        """Check the systems of some files, and read the other open files of systems; runs in a thread."""
        mains = dict.fromkeys(main for path in paths for main in self.systems.mains_of(path, texts))
        parts = frozenset().union(*self.systems.parts.values()).difference(self.systems.parts)
        known = {}
        for main in mains:
            with suppress(UnreadableInputError):
                known[main] = know(main, texts)
        reports = {main: check_main(main, texts, self.options) for main in mains}
        for main, report in reports.items():
            self.systems.learn(main, report)
        return Checked(
            reports,
            {path: Report((), reading_error(path, data)) for path, data in texts.items() if path in parts},
            known,
        )

    def _publish(self, checked: Checked) -> None:
        """Show new results, and take back those of systems without an open file."""
        self.last_known |= checked.known
        self.reports |= checked.mains
        self.published |= {main: self._diagnostics(main, report) for main, report in checked.mains.items()}
        for main in list(self.published):
            if self.uris.keys().isdisjoint(self.systems.parts.get(main, {main})):
                del self.published[main], self.reports[main]
                self.last_known.pop(main, None)
        unread = [self._diagnostics(path, report) for path, report in checked.others.items()]
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
        path = self.path_of(uri)
        version = self.workspace.get_text_document(uri).version if path in self.uris else None
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, diagnostics, version))

"""An editor that speaks to the installed `archlint lsp`; and what `check` finds, as an editor shows it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from lsprotocol import types
from pygls.uris import from_fs_path
from pytest_lsp import LanguageClient

PATIENCE_S: Final = 180.0
CURSOR: Final = "‸"
_LEVELS: Final = {1: "error", 2: "warning", 3: "info"}

Shown = tuple[str, str, str, tuple[int, int, int, int]]
"""A finding: severity, rule, message, range (lines and columns from 0, columns in UTF-16)."""


def uri(path: Path) -> str:
    """The address of a file."""
    return str(from_fs_path(str(path)))


def units(text: str) -> int:
    """The length of a text in UTF-16."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def at_cursor(text: str) -> tuple[str, types.Position]:
    """Remove the mark `‸` from a text: it is the position of the cursor.

    >>> at_cursor("a: 1\\nb: 🚀‸2")[1]
    1:5
    """
    before, mark, after = text.partition(CURSOR)
    if not mark:
        raise ValueError(f"no {CURSOR} in the text")
    line = before[before.rfind("\n") + 1 :]
    return before + after, types.Position(before.count("\n"), units(line))


def shown(diagnostics: Iterable[types.Diagnostic]) -> list[Shown]:
    """Diagnostics as values to compare."""
    found = []
    for one in diagnostics:
        start, end = one.range.start, one.range.end
        level = _LEVELS[int(one.severity or 0)]
        found.append((level, str(one.code), one.message, (start.line, start.character, end.line, end.character)))
    return sorted(found)


def expected(report: str, text: str, file: str) -> list[Shown]:
    """The findings of `check --output json` in one file, as an editor should show them."""
    data = json.loads(report)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found: list[Shown] = []

    def place(where: dict[str, Any]) -> tuple[int, int, int, int]:
        def column(line: str, number: str) -> int:
            return units(lines[where[line] - 1][: where[number] - 1])

        return where["line"] - 1, column("line", "column"), where["end_line"] - 1, column("end_line", "end_column")

    for finding in data["findings"]:
        hint = f"; {finding['suggestion']}" if finding["suggestion"] else ""
        for one in finding["places"]:
            if one["file"] == file:
                found.append((finding["severity"], finding["rule"], one["message"] + hint, place(one)))
    for error in data["errors"]:
        line, column = max(error.get("line", 0), 1), max(error.get("column", 0), 1)
        start = units(lines[line - 1][: column - 1])
        message = error["message"].removeprefix(f"{file}").removeprefix(f":{line}:{column}").removeprefix(": ")
        hint = f"; {error['hint']}" if error.get("hint") else ""
        found.append(("error", "input-not-read", message + hint, (line - 1, start, line - 1, start)))
    return sorted(set(found))


class Editor:
    """An editor with open files in one folder."""

    def __init__(self, client: LanguageClient, folder: Path) -> None:
        self.client = client
        self.folder = folder
        self.versions: dict[str, int] = {}

    def type(self, name: str, text: str) -> str:
        """Open a file with a text, or replace its text; nothing is saved. Return its address."""
        address = uri(self.folder / name)
        version = self.versions[address] = self.versions.get(address, 0) + 1
        self.client.diagnostics.pop(address, None)
        if version == 1:
            item = types.TextDocumentItem(address, "yaml", version, text)
            self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        else:
            change = types.TextDocumentContentChangeWholeDocument(text)
            which = types.VersionedTextDocumentIdentifier(version, address)
            self.client.text_document_did_change(types.DidChangeTextDocumentParams(which, [change]))
        return address

    def close(self, name: str) -> None:
        """Close a file."""
        address = uri(self.folder / name)
        self.versions.pop(address)
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(address)))

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                await asyncio.sleep(0.01)

    async def diagnostics(self, name: str) -> Sequence[types.Diagnostic]:
        """The next diagnostics of a file, once they are published."""
        address = uri(self.folder / name)
        await self.until(lambda: address in self.client.diagnostics)
        return self.client.diagnostics[address]

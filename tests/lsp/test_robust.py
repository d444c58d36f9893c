"""A server under bad conditions: fast typing, rules that fail or print, an editor that goes away."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pytest_lsp import LanguageClient, client_capabilities
from pytest_lsp.client import DEFAULT_CLIENT_FEATURES, register_lsp_features

from tests.cli.systems import FAILING, PASSING
from tests.cli.test_trust import CODE, CONFIG, OWN, SYSTEM
from tests.conftest import command
from tests.lsp.help import PATIENCE_S, Editor, uri
from tests.packs.help import rule

Published = list[types.PublishDiagnosticsParams]


@asynccontextmanager
async def editing(folder: Path, **environment: str) -> AsyncIterator[tuple[Editor, Published]]:
    """An editor without extras, with a server of its own that has some variables set."""
    published: Published = []
    client = LanguageClient()

    def note(client: LanguageClient, params: types.PublishDiagnosticsParams) -> None:
        published.append(params)
        client.diagnostics[params.uri] = params.diagnostics

    features: dict[str, Any] = {**DEFAULT_CLIENT_FEATURES, types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS: note}
    register_lsp_features(client, features)
    await client.start_io(command(), "lsp", cwd=folder, env={**os.environ, **environment})
    capabilities = client_capabilities("neovim@0.11.0")
    if capabilities.workspace is not None:
        capabilities.workspace.did_change_watched_files = None
    folders = [types.WorkspaceFolder(uri(folder), folder.name)]
    await client.initialize_session(types.InitializeParams(capabilities, workspace_folders=folders))
    try:
        yield Editor(client, folder), published
    finally:
        await client.shutdown_session()
        await client.stop()


@pytest.mark.asyncio
async def test_of_fast_edits_only_the_last_one_is_shown(tmp_path: Path) -> None:
    async with editing(tmp_path) as (editor, published):
        for number in range(30):
            editor.type("arch.yaml", FAILING.replace("80ms", f"{80 + number}ms"))
        address = editor.type("arch.yaml", PASSING)
        await editor.until(lambda: any(one.version == 31 for one in published))
        shown = [one for one in published if one.uri == address]
        assert shown[-1].version == 31
        assert not shown[-1].diagnostics
        assert len(shown) < 5
        assert [one.version or 0 for one in shown] == sorted(one.version or 0 for one in shown)


@pytest.mark.asyncio
async def test_columns_count_what_the_editor_counts(tmp_path: Path) -> None:
    """Neovim prefers bytes of UTF-8."""
    text = "archlint: 1\ncomponents:\n  쇼핑-🛒: {kind: client, description: 🚀, calls: [{to: 랭킹}]}\n"
    async with editing(tmp_path) as (editor, _):
        editor.type("arch.yaml", text)
        found = next(one for one in await editor.diagnostics("arch.yaml") if "unknown component" in one.message)
        line = text.split("\n")[found.range.start.line].encode()
        assert line[found.range.start.character : found.range.end.character].decode() == "랭킹"


@pytest.mark.asyncio
@pytest.mark.parametrize("allowed", ["", "1"])
async def test_python_of_a_folder_runs_only_with_consent_and_cannot_break_the_session(tmp_path: Path, allowed: str) -> None:
    failing = CODE.partition("yield Hit")[0] + "print('Content-Length: 9')\n        raise RuntimeError('broken')\n"
    rule(tmp_path / "house", "ACME001-own-code", OWN, check_py=failing)
    (tmp_path / "archlint.toml").write_text(CONFIG)
    async with editing(tmp_path, ARCHLINT_ALLOW_CODE=allowed) as (editor, _):
        for text in (SYSTEM, SYSTEM + "# again\n"):
            editor.type("arch.yaml", text)
            found = await editor.diagnostics("arch.yaml")
            assert [one.code for one in found] == ["input-not-read"]
            said = "the check failed" if allowed else "--allow-code"
            assert said in found[0].message
        assert (tmp_path / "ran").exists() is bool(allowed)
        (tmp_path / "archlint.toml").write_text("")
        editor.type("arch.yaml", FAILING)
        assert [one.code for one in await editor.diagnostics("arch.yaml")] != ["input-not-read"]


def test_the_server_ends_when_its_editor_goes_away(tmp_path: Path) -> None:
    for sent in (b"Content-Length: 5\r\n\r\nhello", b"Content-Length: 99\r\n\r\n{"):
        done = subprocess.run([command(), "lsp"], input=sent, capture_output=True, timeout=PATIENCE_S, check=False, cwd=tmp_path)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("hello", "Expecting value: line 1 column 1"),
        ('{"jsonrpc": "2.0", "id": 1, "method": "textDocument/hover", "params": {"textDocument": 7}}', ""),
        ("[" * 5000, "recursion"),
    ],
    ids=["no-json", "wrong-type", "deep"],
)  # fmt: skip
def test_a_message_that_cannot_be_read_is_one_line(message: str, said: str, tmp_path: Path) -> None:
    sent = f"Content-Length: {len(message)}\r\n\r\n{message}"
    done = subprocess.run([command(), "lsp"], input=sent, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert line.startswith("a message of the editor cannot be read: ") and said in line

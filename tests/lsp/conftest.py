"""One server for each test module, with one folder open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities, make_test_lsp_client

from tests.conftest import command
from tests.lsp.help import Editor, uri


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the editor has open."""
    return tmp_path_factory.mktemp("작업 공간")


def make_client() -> LanguageClient:
    """A client that also accepts the registration of files to watch."""

    def accept(_: types.RegistrationParams) -> None:
        """Accept any registration."""

    made = make_test_lsp_client()
    made.feature(types.CLIENT_REGISTER_CAPABILITY)(accept)
    return made


async def connected(lsp_client: LanguageClient, folder: Path) -> AsyncIterator[None]:
    """A client like VS Code, connected to a server process."""
    await lsp_client.initialize_session(
        types.InitializeParams(
            capabilities=client_capabilities("visual-studio-code"),
            workspace_folders=[types.WorkspaceFolder(uri(folder), folder.name)],
        )
    )
    yield
    await lsp_client.shutdown_session()


client = pytest_lsp.fixture(scope="module", config=ClientServerConfig([command(), "lsp", "--stdio"], make_client))(connected)


@pytest.fixture
def editor(client: LanguageClient, folder: Path) -> Editor:
    """An editor that uses the server."""
    return Editor(client, folder)

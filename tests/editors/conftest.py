"""A language server for each test module, in a folder that `archlint init` has written."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import command
from tests.editors.language_server import LanguageServer, language_server
from tests.tools import yaml_language_server

# The settings of an editor, without the schema catalogues that the server would download.
SETTINGS: Final = {
    "yaml": {
        "validate": True, "completion": True, "hover": True,
        "schemaStore": {"enable": False}, "kubernetesCRDStore": {"enable": False},
        "schemas": {".archlint/rule.schema.json": "rule.yaml"},
    },
}  # fmt: skip


class Editor:
    """An editor with one folder open."""

    def __init__(self, server: LanguageServer, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self._files = 0

    @property
    def file(self) -> Path:
        """A new file next to the one that `archlint init` wrote."""
        self._files += 1
        return self.folder / f"arch-{self._files}.yaml"


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    start = yaml_language_server()
    folder = tmp_path_factory.mktemp("workspace")
    subprocess.run([command(), "init"], cwd=folder, check=True, capture_output=True, timeout=120)
    with language_server(start, folder, SETTINGS) as server:
        yield Editor(server, folder)

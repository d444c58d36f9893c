"""`archlint lsp` without the library that it needs."""

from __future__ import annotations

import sys

import pytest

from archlint.about import install_command
from archlint.cli.app import run_app
from archlint.errors import UsageError


@pytest.mark.parametrize("missing", ["pygls", "lsprotocol"])
def test_without_its_extra_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == missing or name.startswith("archlint.lsp")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(UsageError, match="the language server needs pygls") as error:
        run_app(["lsp"])
    assert error.value.hint == install_command("lsp")

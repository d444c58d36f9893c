"""The installed server as a process, driven by a client like VS Code."""

from __future__ import annotations

import pytest

from archlint.api import check_targets
from archlint.linter import Options
from tests.cli.systems import FAILING, PASSING
from tests.lsp.help import Editor, expected, shown

pytestmark = pytest.mark.asyncio(loop_scope="module")
KOREAN = FAILING.replace("search:", '"검색 🚀":').replace("system: shop", "system: 쇼핑 🛒").replace("[a, b], logs", "[🅰, b], logs")


async def test_diagnostics_while_typing_are_those_of_check(editor: Editor) -> None:
    path = editor.folder / "typing.yaml"
    for text in (FAILING, PASSING, FAILING.replace("calls:", "cals:"), KOREAN, "archlint: 1\na: [\n"):
        editor.type(path.name, text)
        found = shown(await editor.diagnostics(path.name))
        report = check_targets((), Options(), (text.encode(), str(path)))
        assert found == expected(report.to_json(), text, str(path)), text
    assert found[0][:2] == ("error", "input-not-read")
    assert not path.exists()

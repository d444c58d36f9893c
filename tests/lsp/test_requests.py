"""Requests of an editor to the installed server: completion, hover, names over files, rename, outline, fixes."""

from __future__ import annotations

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pytest_lsp import LanguageClient

from tests.lsp.help import Editor, at_cursor, uri

pytestmark = pytest.mark.asyncio(loop_scope="module")

MAIN = """\
archlint: 1
system: 쇼핑 🛒
include: parts.yaml
workloads: {검색: {from: page, rate: 5/s}}
components:
  page: {kind: client, description: 🚀🚀, calls: [{to: 랭킹, timeout: 1s}]}
  랭킹: {kind: model-server, serves: [ranker], replicas: 2, reads: [cache]}
"""
PARTS = "models: {ranker: {}}\ncomponents:\n  cache: {kind: cache, uses: redis}\n"


def here(editor: Editor, name: str) -> types.TextDocumentIdentifier:
    return types.TextDocumentIdentifier(uri(editor.folder / name))


def after(text: str, edits: list[types.TextEdit]) -> str:
    """A text with edits, whose columns count UTF-16."""
    lines = text.split("\n")

    def offset(position: types.Position) -> int:
        line = lines[position.line].encode("utf-16-le")[: 2 * position.character].decode("utf-16-le")
        return sum(len(one) + 1 for one in lines[: position.line]) + len(line)

    for edit in sorted(edits, key=lambda one: offset(one.range.start), reverse=True):
        text = text[: offset(edit.range.start)] + edit.new_text + text[offset(edit.range.end) :]
    return text


def edits_of(edit: types.WorkspaceEdit | None) -> dict[str, list[types.TextEdit]]:
    assert edit is not None and edit.document_changes is not None
    found = {}
    for one in edit.document_changes:
        assert isinstance(one, types.TextDocumentEdit)
        found[one.text_document.uri] = [each for each in one.edits if isinstance(each, types.TextEdit)]
    return found


async def test_completion_while_the_text_is_broken(client: LanguageClient, editor: Editor) -> None:
    editor.type("complete.yaml", MAIN.replace("include: parts.yaml\n", ""))
    await editor.diagnostics("complete.yaml")
    text, position = at_cursor(MAIN.replace("include: parts.yaml\n", "").replace("[cache]", "[랭‸"))
    editor.type("complete.yaml", text)
    found = await client.text_document_completion_async(types.CompletionParams(here(editor, "complete.yaml"), position))
    assert isinstance(found, list)
    items = {item.label: item for item in found}
    edit = items["랭킹"].text_edit
    assert isinstance(edit, types.TextEdit)
    assert edit.range == types.Range(types.Position(position.line, position.character - 1), position)
    editor.close("complete.yaml")


async def test_hover_shows_the_key_and_the_rule_of_a_finding(client: LanguageClient, editor: Editor) -> None:
    text, position = at_cursor(MAIN.replace("include: parts.yaml\n", "").replace("time‸out", "timeout").replace("[cache]", "[{to: pa‸ge}]"))
    editor.type("hover.yaml", text)
    diagnostics = await editor.diagnostics("hover.yaml")
    found = await client.text_document_hover_async(types.HoverParams(here(editor, "hover.yaml"), position))
    assert found is not None and isinstance(found.contents, types.MarkupContent)
    assert found.contents.value.startswith("**page**: client")
    where = diagnostics[0].range.start
    rule = await client.text_document_hover_async(types.HoverParams(here(editor, "hover.yaml"), where))
    assert rule is not None and isinstance(rule.contents, types.MarkupContent)
    assert f"**{diagnostics[0].code} " in rule.contents.value
    editor.close("hover.yaml")


async def test_names_lead_over_the_files_of_a_system(client: LanguageClient, editor: Editor) -> None:
    """The included file has a text that is not saved: definitions, references and a rename use it."""
    (editor.folder / "parts.yaml").write_text(PARTS, encoding="utf-8")
    (editor.folder / "system.yaml").write_text(MAIN, encoding="utf-8")
    main, parts = uri(editor.folder / "system.yaml"), uri(editor.folder / "parts.yaml")
    unsaved = "# one line more\n" + PARTS
    text, position = at_cursor(MAIN.replace("cac", "cac‸"))
    editor.type("system.yaml", text)
    editor.type("parts.yaml", unsaved)
    await editor.diagnostics("parts.yaml")
    place = types.Location(parts, types.Range(types.Position(3, 2), types.Position(3, 7)))
    assert await client.text_document_definition_async(types.DefinitionParams(here(editor, "system.yaml"), position)) == place
    include = types.DefinitionParams(here(editor, "system.yaml"), types.Position(2, 12))
    assert await client.text_document_definition_async(include) == types.Location(parts, types.Range(types.Position(0, 0), types.Position(0, 0)))
    asked = types.ReferenceParams(types.ReferenceContext(include_declaration=True), here(editor, "parts.yaml"), types.Position(3, 4))
    found = await client.text_document_references_async(asked)
    assert [one.uri for one in found or ()] == [main, parts]
    ready = await client.text_document_prepare_rename_async(types.PrepareRenameParams(here(editor, "system.yaml"), position))
    assert isinstance(ready, types.PrepareRenamePlaceholder) and ready.placeholder == "cache"
    edit = await client.text_document_rename_async(types.RenameParams(here(editor, "parts.yaml"), types.Position(3, 4), "캐시-💾"))
    edits = edits_of(edit)
    assert after(text, edits[main]) == text.replace("[cache]", '["캐시-💾"]')
    assert after(unsaved, edits[parts]) == unsaved.replace("cache: {", '"캐시-💾": {')
    assert (editor.folder / "parts.yaml").read_text(encoding="utf-8") == PARTS
    with pytest.raises(JsonRpcException, match="exists already"):
        await client.text_document_rename_async(types.RenameParams(here(editor, "parts.yaml"), types.Position(3, 4), "page"))


async def test_findings_of_an_included_file_are_shown_there_and_follow_its_text(editor: Editor) -> None:
    """The main file is not open: the server finds it in the folder."""
    (editor.folder / "one").mkdir()
    (editor.folder / "one" / "parts.yaml").write_text(PARTS, encoding="utf-8")
    (editor.folder / "one" / "system.yaml").write_text(MAIN, encoding="utf-8")
    editor.type("one/parts.yaml", PARTS.replace("kind: cache", "kind: cach"))
    found = await editor.diagnostics("one/parts.yaml")
    assert [(one.code, one.range.start.line) for one in found if "cach" in one.message] == [("DOC007", 2)]
    editor.type("one/parts.yaml", "models: {ranker: {")
    found = await editor.diagnostics("one/parts.yaml")
    assert [one.code for one in found] == ["input-not-read"]
    editor.close("one/parts.yaml")
    both = [uri(editor.folder / "one" / name) for name in ("system.yaml", "parts.yaml")]
    await editor.until(lambda: not any(editor.client.diagnostics[one] for one in both))


async def test_a_broken_text_keeps_the_last_outline(client: LanguageClient, editor: Editor) -> None:
    editor.type("outline.yaml", MAIN)
    asked = types.DocumentSymbolParams(here(editor, "outline.yaml"))
    before = await client.text_document_document_symbol_async(asked)
    editor.type("outline.yaml", MAIN + "  broken: [\n")
    assert await client.text_document_document_symbol_async(asked) == before
    assert [symbol.name for symbol in before or ()][-1] == "components"
    found = await editor.diagnostics("outline.yaml")
    assert [one.code for one in found] == ["input-not-read"]
    editor.close("outline.yaml")


async def test_fixes_of_a_finding_and_of_what_is_undecided(client: LanguageClient, editor: Editor) -> None:
    text = MAIN.replace("include: parts.yaml\n", "").replace("[cache]", "[pagee]").replace("[ranker]", "[]")
    editor.type("fix.yaml", text)
    found = await editor.diagnostics("fix.yaml")
    wrong = next(one for one in found if "pagee" in one.message)
    asked = types.CodeActionParams(here(editor, "fix.yaml"), wrong.range, types.CodeActionContext([wrong]))
    fixes = {one.title: one for one in await client.text_document_code_action_async(asked) or () if isinstance(one, types.CodeAction)}
    changed = after(text, edits_of(fixes["Change to `page`"].edit)[uri(editor.folder / "fix.yaml")])
    assert changed == text.replace("pagee", "page")
    accept = next(one for title, one in fixes.items() if title.startswith("Accept"))
    changed = after(text, edits_of(accept.edit)[uri(editor.folder / "fix.yaml")])
    assert changed == text.rstrip("\n") + f"  # archlint: accept {wrong.code} -- \n"
    editor.close("fix.yaml")


async def test_a_file_of_another_kind_is_left_alone(client: LanguageClient, editor: Editor) -> None:
    editor.type("compose.yaml", "services:\n  a: [\n")
    editor.type("after.yaml", MAIN)
    await editor.diagnostics("after.yaml")
    assert client.diagnostics.get(uri(editor.folder / "compose.yaml"), []) == []
    asked = types.CompletionParams(here(editor, "compose.yaml"), types.Position(1, 2))
    assert not await client.text_document_completion_async(asked)

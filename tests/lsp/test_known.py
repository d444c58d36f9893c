"""Names of a system over several files: definitions, uses, renames; and what hovers say of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlint.catalog.technologies import shipped_technologies
from archlint.errors import UsageError
from archlint.lsp.hovers import about_rule, about_spot, rule_in_comment
from archlint.lsp.known import Known, know
from archlint.lsp.naming import renamed
from archlint.lsp.tree import spot_at
from archlint.packs import load_packs
from archlint.source.parser import parse
from tests.lsp.help import CURSOR

MAIN = """\
archlint: 1
include: [parts/models.yaml, parts/stores.yaml]
workloads:
  search: {from: page, rate: 5/s, models: [ranker]}
components:
  page: {kind: client, calls: [{to: api, fallback: cache}]}
  api:
    kind: model-server
    serves: ["ranker"]
    calls: ["cache", {to: 'cache', fallback: the cache of last week}]
    reads: *stores
accept:
- {rule: REL003, at: 'components.cache.calls[0]', reason: a test}
- {rule: SRV001, at: models.ranker, reason: the cache}
""".replace("*stores", "[cache]")
MODELS = "models:\n  ranker: {registry: store, adapter_of: base}\n  base: {}\n"
STORES = "components:\n  cache: {kind: cache, uses: redis, description: Keeps what is asked often}\n  store: {kind: model-registry}\n"


@pytest.fixture
def main(tmp_path: Path) -> Path:
    (tmp_path / "parts").mkdir()
    (tmp_path / "arch.yaml").write_text(MAIN)
    (tmp_path / "parts" / "models.yaml").write_text(MODELS)
    (tmp_path / "parts" / "stores.yaml").write_text(STORES)
    return tmp_path.resolve() / "arch.yaml"


def apply(known: list[Known], section: str, old: str, new: str) -> dict[str, str]:
    """The texts after a rename, by the names of the files."""
    use = known[0].definition(section, old)
    assert use is not None
    texts = {Path(document.name): document.text for one in known for document in one.documents}
    for change in sorted(renamed(known, use, new), key=lambda change: change.span, reverse=True):
        path = Path(change.file)
        texts[path] = texts[path][: change.span.start] + change.text + texts[path][change.span.end :]
    return {path.name: text for path, text in texts.items()}


def test_a_rename_changes_every_use_in_every_file_and_nothing_else(main: Path) -> None:
    texts = apply(know(main, {}), "components", "cache", "near-cache")
    assert texts["stores.yaml"] == STORES.replace("  cache:", "  near-cache:")
    assert texts["arch.yaml"] == (
        MAIN.replace("fallback: cache}", "fallback: near-cache}").replace('["cache", ', '["near-cache", ')
        .replace("to: 'cache'", "to: 'near-cache'").replace("[cache]", "[near-cache]")
        .replace("components.cache.", "components.near-cache.")
    )  # fmt: skip
    assert texts["models.yaml"] == MODELS


def test_a_rename_and_its_way_back_leave_the_texts_as_they_were(main: Path) -> None:
    before = know(main, {})
    for section, old, new in (("models", "ranker", "랭커-🚀"), ("components", "cache", "a.b"), ("workloads", "search", "find")):
        texts = apply(before, section, old, new)
        overlay = {main: texts["arch.yaml"].encode(), **{main.parent / "parts" / name: texts[name].encode() for name in ("models.yaml", "stores.yaml")}}
        after = know(main, overlay)
        assert not after[0].architecture.problems
        assert after[0].definition(section, old) is None
        assert [len(one.uses(section, new)) for one in after] == [len(one.uses(section, old)) for one in before]
        back = apply(after, section, new, old)
        assert {name: unquoted(text) for name, text in back.items()} == {
            "arch.yaml": unquoted(MAIN), "models.yaml": MODELS, "stores.yaml": STORES,
        }, section  # fmt: skip


def unquoted(text: str) -> str:
    """A text without its quotes: a name that once needed them keeps them."""
    return text.replace('"', "").replace("'", "")


@pytest.mark.parametrize(
    ("name", "message"),
    [("two words", "not a valid name"), ("", "not a valid name"), ("api", "exists already"), ("a\x00", "not a valid name")],
)
def test_an_impossible_name_is_refused(main: Path, name: str, message: str) -> None:
    known = know(main, {})
    use = known[0].definition("components", "cache")
    assert use is not None
    with pytest.raises(UsageError, match=message):
        renamed(known, use, name)


def test_nothing_is_renamed_while_a_file_cannot_be_read(main: Path) -> None:
    known = know(main, {main.parent / "parts" / "models.yaml": b"models: ["})
    use = known[0].definition("components", "cache")
    assert use is not None
    with pytest.raises(UsageError, match="cannot be read"):
        renamed(known, use, "other")


def test_a_name_of_one_system_of_a_file_is_not_that_of_the_other(tmp_path: Path) -> None:
    one = "archlint: 1\nsystem: a\ncomponents:\n  api: {kind: client, calls: [db]}\n  db: {kind: database}\n"
    path = tmp_path.resolve() / "arch.yaml"
    path.write_text(f"{one}---\n{one.replace('system: a', 'system: b')}")
    known = know(path, {})
    use = known[0].definition("components", "db")
    assert use is not None
    changes = renamed(known, use, "store")
    assert len(changes) == 2
    assert all(change.span.end <= len(one) for change in changes)


def test_a_shared_file_belongs_to_each_system_that_includes_it(tmp_path: Path) -> None:
    shared, names = tmp_path.resolve() / "shared.yaml", ("one", "two")
    shared.write_text("components:\n  db: {kind: database}\n")
    known = []
    for name in names:
        path = tmp_path.resolve() / f"{name}.yaml"
        path.write_text("archlint: 1\ninclude: shared.yaml\ncomponents:\n  page: {kind: client, calls: [db]}\n")
        known += know(path, {})
    use = known[0].definition("components", "db")
    assert use is not None
    changes = renamed(known, use, "store")
    assert sorted(Path(change.file).name for change in changes) == ["one.yaml", "shared.yaml", "two.yaml"]


def hover(main: Path, text: str) -> str:
    """What a hover says at the cursor in a text of the main file."""
    before, _, after = text.partition(CURSOR)
    spot = spot_at(parse(str(main), before + after), len(before))
    assert spot is not None
    return about_spot(spot, know(main, {}), shipped_technologies(), load_packs())


def test_a_hover_says_what_a_key_and_a_value_mean(main: Path) -> None:
    head = "archlint: 1\ncomponents:\n  api: "
    assert "Maximum time per attempt." in hover(main, head + "{calls: [{to: cache, time‸out: 1s}]}")
    assert "Value: a duration: `200ms`" in hover(main, head + "{calls: [{to: cache, timeout: 1‸s}]}")
    assert "answers requests with a model" in hover(main, head + "{kind: model-‸server}")
    assert "**cache**: cache, uses redis" in hover(main, head + "{calls: [{to: cac‸he}]}")
    assert "Keeps what is asked often" in hover(main, head + "{calls: [cac‸he]}")
    assert "Redis" in hover(main, head + "{uses: re‸dis}")
    assert "NVIDIA L4" in hover(main, head + "{hardware: {gpu: l‸4}}")
    assert "- calls: cache" in hover(main, "archlint: 1\ncomponents:\n  a‸pi: {}")
    assert "SRV001 online-bigsize" in hover(main, "accept: [{rule: SRV0‸01}]")


def test_a_hover_shows_texts_of_the_file_as_they_are(main: Path) -> None:
    """An editor would load a picture that a description names in Markdown."""
    text = STORES.replace("Keeps what is asked often", '"![x](https://example.org/x.png) <img src=x>"')
    (main.parent / "parts" / "stores.yaml").write_text(text)
    said = hover(main, "archlint: 1\ncomponents: {api: {calls: [cac‸he]}}")
    assert "\\!\\[x\\]\\(https" in said and "\\<img" in said
    assert "![" not in said and " <" not in said.replace("\\<", "")


def test_a_hover_explains_the_rule_of_a_comment() -> None:
    line = "a: 1  # archlint: accept SRV001, REL003 -- 이유"
    found = rule_in_comment(line, line.index("REL003") + 2)
    assert found is not None and found[0] == "REL003"
    assert "call-without-timeout" in about_rule(found[0], load_packs())
    assert rule_in_comment(line, line.index("이유")) is None

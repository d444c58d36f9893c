"""The library: check, load, render and diff, and their results."""

from __future__ import annotations

import ast
import builtins
import json
import pickle
import re
import subprocess
import sys
import traceback
from doctest import DocTestParser
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from click.testing import CliRunner

import archlint
from archlint.cli.app import app
from archlint.compare.facts import DiffError
from archlint.diagram import formats, groups, themes
from archlint.diagram.svg import DIRECTIONS
from archlint.drawing import BinaryFormat, Cluster, Collapse, Direction, TextFormat, Theme
from archlint.errors import UnreadableInputError, UsageError
from archlint.linter import Options
from archlint.model.names import Names
from docs.library import library_page, signature

ARCH = """\
archlint: 1
system: shop
workloads: {search: {from: page, rate: 5/s, models: [ranker]}}
models: {ranker: {}}
components:
  page: {kind: client, calls: [api]}
  api: {kind: service, calls: [ranking]}
  ranking: {kind: model-server, serves: [ranker]}
described: all
"""


def write(folder: Path, name: str, text: str = ARCH) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def command(*words: str) -> bytes:
    return CliRunner().invoke(app, list(words), prog_name="archlint").stdout_bytes


def test_every_public_name_is_there_and_is_loaded_when_it_is_used() -> None:
    script = (
        "import archlint, sys\n"
        "assert not {'yaml', 'msgspec', 'archlint.api', 'archlint.differ', 'archlint.drawing'} & set(sys.modules)\n"
        "archlint.check\n"
        "assert not {'archlint.differ', 'archlint.drawing', 'archlint.diagram', 'networkx'} & set(sys.modules)\n"
        "archlint.render\n"
        "assert 'archlint.diagram' not in sys.modules\n"
        "print([name for name in archlint.__all__ if getattr(archlint, name) is None])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"
    assert dir(archlint) == sorted(archlint.__all__)
    with pytest.raises(AttributeError, match="no attribute 'chekc'"):
        getattr(archlint, "chekc")  # noqa: B009


# --- render


def test_the_options_of_render_are_those_of_the_command() -> None:
    assert {*get_args(TextFormat), *get_args(BinaryFormat)} == set(formats.NAMES)
    assert set(get_args(BinaryFormat)) == formats.BINARY
    assert set(get_args(Theme)) == set(themes.THEMES)
    assert set(get_args(Direction)) == set(DIRECTIONS)
    assert set(get_args(Collapse)) == {groups.AUTO, *groups.WAYS, groups.NONE}
    assert set(get_args(Cluster)) == {groups.AUTO, "region", "zone", "owner", groups.NONE}


@pytest.mark.parametrize("name", formats.NAMES)
def test_a_picture_is_the_one_of_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path, "arch.yaml")
    drawn = archlint.render(Path("arch.yaml"), name)
    assert isinstance(drawn, bytes) == (name in formats.BINARY)
    if name != "pdf":                     # a PDF contains its creation time
        assert command("render", "arch.yaml", "--format", name) == (drawn if isinstance(drawn, bytes) else drawn.encode())
    assert path.read_text(encoding="utf-8") == ARCH


def test_a_file_a_text_and_a_system_are_drawn_alike(tmp_path: Path) -> None:
    path = write(tmp_path, "arch.yaml")
    drawn = archlint.render(path)
    assert "SRV" in drawn or "REL" in drawn, "the findings are on the picture"
    assert archlint.render(str(path)) == drawn
    assert archlint.render(archlint.load(path)) == drawn
    assert archlint.render(ARCH) == archlint.render(archlint.load(ARCH))
    assert archlint.render(path, findings=False) == archlint.render(archlint.load(path), findings=False) != drawn


def test_render_takes_a_configuration_and_the_options_of_pictures(tmp_path: Path) -> None:
    config = write(tmp_path, "quiet.toml", "select = ['DOC']\n")
    assert archlint.render(ARCH, config=config) == archlint.render(ARCH, findings=False)
    assert archlint.render(ARCH, theme="dark") != archlint.render(ARCH, theme="light")
    assert "page" not in archlint.render(ARCH, "d2", focus="ranking", findings=False)
    assert archlint.render(ARCH, workload="search") != archlint.render(ARCH)
    large, small = archlint.render(ARCH, "png", scale=2.0), archlint.render(ARCH, "png", scale=1.0)
    assert len(large) > len(small)
    two = ARCH + "---\narchlint: 1\nsystem: second\ncomponents: {other: {kind: client}}\n"
    assert "other" in archlint.render(two, "mmd", system="second")


@pytest.mark.parametrize(("options", "message"), [
    ({"format": "jpg"}, "unknown format `jpg`"), ({"theme": "blue"}, "unknown theme `blue`"), ({"scale": 0}, "`scale` is 0"),
    ({"collapse": "team"}, "unknown collapse `team`"), ({"workload": "serch"}, "serch"), ({"focus": "rank"}, "rank"),
    ({"system": "other"}, "other"), ({"scale": float("nan")}, "`scale` is nan"),
])  # fmt: skip
def test_a_wrong_option_of_render_is_a_wrong_call(options: dict[str, object], message: str) -> None:
    render = getattr(archlint, "render")  # noqa: B009  # untyped: a checker of types would refuse these calls
    with pytest.raises(UsageError, match=message):
        render(ARCH, **options)


def test_what_cannot_be_read_is_not_drawn(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInputError, match=r"gone\.yaml"):
        archlint.render(tmp_path / "gone.yaml")
    with pytest.raises(archlint.ArchlintError, match="not an architecture file"):
        archlint.render("services:\n  web: {}\n")


# --- wrong calls


UNTYPED = {name: getattr(archlint, name) for name in ("check", "load", "render")}
"""Functions as a caller without a checker of types sees them."""


@pytest.mark.parametrize("name", UNTYPED)
@pytest.mark.parametrize(("given", "message"), [
    (None, "a path or a text is needed, not None"), (3, "a path or a text is needed, not `int`"),
    (b"archlint: 1\n", "a path or a text is needed, not `bytes`"), ("", "the path is empty"),
])  # fmt: skip
def test_what_is_neither_a_path_nor_a_text_is_a_wrong_call(name: str, given: object, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        UNTYPED[name](given)
    assert caught.value.message == message
    assert caught.value.hint
    with pytest.raises(UsageError, match=message):
        getattr(archlint, "diff")(ARCH, given)  # noqa: B009


@pytest.mark.parametrize("name", ["load", "render"])
def test_a_folder_is_the_system_in_it(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no architecture file and no deployment files"):
        UNTYPED[name](tmp_path)
    path = write(tmp_path, "arch.yaml")
    assert archlint.load(tmp_path).components.keys() == archlint.load(path).components.keys()
    assert archlint.render(tmp_path, "mmd") == archlint.render(path, "mmd")
    write(tmp_path, "other.yaml")
    with pytest.raises(UsageError, match=r"2 architecture files: .*arch\.yaml, .*other\.yaml"):
        UNTYPED[name](tmp_path)
    assert len(archlint.check(tmp_path).files) == 2


@pytest.mark.parametrize("name", UNTYPED)
def test_a_configuration_may_be_named_by_a_text_and_is_never_ignored(name: str, tmp_path: Path) -> None:
    config = write(tmp_path, "quiet.toml", "select = ['DOC']\n")
    by_name, by_path = (UNTYPED[name](ARCH, config=given) for given in (str(config), config))
    shown = [one.to_json() if name == "check" else str(one) for one in (by_name, by_path)]
    assert shown[0] == shown[1]
    with pytest.raises(archlint.ConfigError, match=r"gone\.toml"):
        UNTYPED[name](ARCH, config=str(tmp_path / "gone.toml"))
    with pytest.raises(UsageError, match="`config` is a configuration or its file, not `int`"):
        UNTYPED[name](ARCH, config=3)


def test_a_question_about_an_unknown_workload_or_model_is_a_wrong_call() -> None:
    system = archlint.load(ARCH)
    assert system.modes("search", "ranker")
    with pytest.raises(UsageError, match="the system has no model `nope`") as caught:
        system.modes("search", "nope")
    assert caught.value.hint == "its models: ranker"
    with pytest.raises(UsageError, match="the system has no workload `nope`"):
        system.modes("nope", "ranker")


def test_the_text_of_an_error_is_its_message_and_a_traceback_shows_the_hint() -> None:
    with pytest.raises(archlint.ArchlintError) as caught:
        archlint.load("")
    error = caught.value
    assert str(error) == error.message
    assert error.hint not in str(error)
    assert error.full_text == f"{error.message}\n  hint: {error.hint}"
    assert error.full_text in "".join(traceback.format_exception(error))
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.hint, again.__notes__) == (str(error), error.hint, error.__notes__)


# --- diff


def test_two_texts_are_compared() -> None:
    changed = ARCH.replace("calls: [api]", "calls: [{to: api, timeout: 1s}]")
    difference = archlint.diff(ARCH, changed)
    assert (difference.old, difference.new, difference.errors) == ("<before>", "<after>", ())
    assert [(part.state, part.name) for part in difference.systems[0].parts] == [("changed", "page calls api")]
    assert difference.systems[0].healed, "the missing timeout is fixed"
    back = archlint.diff(changed, ARCH)
    assert [one.rule for one in back.systems[0].found] == [one.rule for one in difference.systems[0].healed]
    assert archlint.diff(ARCH, ARCH).is_empty


def test_files_and_folders_are_compared_as_the_command_compares_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "old/arch.yaml")
    write(tmp_path, "new/arch.yaml", ARCH.replace("model-server", "service"))
    from archlint.compare.json import render_json

    for old, new in (("old", "new"), ("old/arch.yaml", "new/arch.yaml")):
        made = archlint.diff(old, Path(new))
        assert not made.is_empty
        assert json.loads(command("diff", old, new, "-o", "json")) == json.loads(render_json(made))
    mixed = archlint.diff("old/arch.yaml", ARCH)
    assert (mixed.old, mixed.is_empty) == ("old/arch.yaml", True)


def test_a_configuration_of_diff_holds_on_both_sides(tmp_path: Path) -> None:
    config = write(tmp_path, "archlint.toml", "select = ['DOC']\n")
    changed = ARCH.replace("calls: [api]", "calls: [{to: api, timeout: 1s}]")
    assert archlint.diff(ARCH, changed, config).systems[0].healed == ()


def test_what_cannot_be_compared(tmp_path: Path) -> None:
    path = write(tmp_path, "arch.yaml")
    for before, after in ((tmp_path, path), (path, tmp_path), (ARCH, tmp_path)):
        with pytest.raises(DiffError, match="is a folder, and the other path is not"):
            archlint.diff(before, after)
    [error] = archlint.diff(tmp_path / "gone.yaml", path).errors
    assert "gone.yaml" in error.message
    [error] = archlint.diff(ARCH + "include: [parts.yaml]\n", ARCH).errors or archlint.diff(ARCH, "[\n").errors
    assert error.message


# --- reports


def test_a_report_is_written_as_the_command_writes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "arch.yaml", ARCH + "accept:\n- {rule: OPS001, at: components.ranking, reason: known}\n")
    report = archlint.check("arch.yaml")
    assert report.findings
    assert report.to_json().encode() == command("check", "arch.yaml", "-o", "json")
    log = json.loads(report.to_sarif(root=str(tmp_path), run_id="nightly/"))
    [run], [other] = log["runs"], json.loads(command("check", "arch.yaml", "-o", "sarif"))["runs"]
    assert (run["results"], run["tool"]) == (other["results"], other["tool"])
    assert "nightly" in run["automationDetails"]["id"]
    [alerts] = json.loads(report.to_sarif(alerts_only=True))["runs"]
    assert len(alerts["results"]) == len(report.findings) < len(run["results"])


def test_a_report_does_not_depend_on_earlier_calls() -> None:
    """`acceptances` resembles `accept`, but is not one edit away: only a thorough search of names finds it."""
    names = Names(["accept"])
    assert [names.nearest("acceptances", thorough) for thorough in (False, True, False)] == [None, "accept", None]
    first = archlint.check(ARCH + "acceptances: []\n")
    assert archlint.check(ARCH + "acceptances: []\n").to_json() == first.to_json()


def test_a_system_is_judged_as_its_file_is(tmp_path: Path) -> None:
    from archlint.config import find_config
    from archlint.linter import Linter

    path = write(tmp_path, "arch.yaml")
    judged = Linter(find_config(path), Options()).judge(archlint.load(path), path)
    assert judged.findings == archlint.check(path).files[0].findings


# --- the page


def test_the_page_has_every_public_name_with_its_text() -> None:
    page = library_page()
    for name in archlint.__all__:
        assert f"## archlint.{name}\n" in page or f"## {name}\n" in page or f"`archlint.{name}`" in page, name
    for member in ("Report.to_json", "Report.to_sarif", "System.to_networkx", "System.to_graphviz", "System._repr_svg_"):
        assert f"### {member}\n" in page
    assert signature(archlint.diff, "archlint.diff") in page


def test_the_examples_of_the_page_name_nothing_that_a_reader_does_not_have() -> None:
    blocks = re.findall(r"```python\n(>>> .*?)```", library_page(), re.S)
    assert len(blocks) > 15
    for block in blocks:
        tree = ast.parse("".join(example.source for example in DocTestParser().get_examples(block)))
        names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
        imports = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
        caught = [node.name for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]
        known = {node.id for node in names if isinstance(node.ctx, ast.Store)} | {*imports, *caught, *dir(builtins)}
        assert {node.id for node in names} - known == set(), block


def test_the_records_in_public_fields_are_public_and_on_the_page() -> None:
    internal = {"Document"}                                          # the source of a file, as the reports need it
    page = library_page()
    public = [getattr(archlint, name) for name in archlint.__all__]
    for cls in public:
        if not isinstance(cls, type) or not issubclass(cls, msgspec.Struct):
            continue
        for field in cls.__struct_fields__:
            if f"- `{field}: " not in page:
                continue
            for found in re.findall(r"[A-Za-z_]+", str(cls.__annotations__[field])):
                known = found in archlint.__all__ or not found[0].isupper() or found in {"None", "Path", *internal}
                assert known, f"{cls.__name__}.{field}: {found}"


@pytest.mark.parametrize("member", ["with_options", "excludes", "fail_on", "baseline", "root", "file"])
def test_the_page_has_the_members_of_a_configuration(member: str) -> None:
    section = library_page().partition("## Config\n")[2].partition("\n## ")[0]
    assert f"Config.{member}\n" in section or f"- `{member}: " in section

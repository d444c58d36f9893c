"""Finding architecture files, reading them, and loading their includes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from archlint.errors import UnreadableInputError
from archlint.source.files import FileIncludes, is_architecture, project_root, read_bytes, read_document
from archlint.source.ignore import IgnoreList
from archlint.source.keys import has_top_key
from archlint.source.nodes import Mapping
from archlint.source.parser import MAX_BYTES, parse
from archlint.source.search import find_files


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def found(folder: Path, *exclude: str) -> list[str]:
    rules = IgnoreList.read("\n".join(exclude).encode())
    search = find_files(folder, lambda path, is_folder: rules.decide(os.fsencode(path.relative_to(folder)), is_folder) is True)
    return [path.relative_to(folder).as_posix() for path in search.files]


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Documents in which some mappings have the key, in block style, in flow style, or in both."""
    words = st.sampled_from(["archlint", "system", "a", "arch lint", "1"])
    values = st.recursive(words, lambda below: st.lists(below, max_size=3) | st.dictionaries(words, below, max_size=3))
    style = draw(st.sampled_from([True, False, None]))
    shown: str = yaml.safe_dump(
        draw(values), default_flow_style=style, sort_keys=False, explicit_start=draw(st.booleans()), width=20
    )
    return shown


@pytest.mark.parametrize(("text", "is_one"), [
    ("archlint: 1\n", True),
    ("# a comment\nsystem: x\narchlint: 1\n", True),
    ("\ufeffarchlint: 1\n", True),
    ('"archlint": 1\n', True),
    ("'archlint' : 1\n", True),
    ("{archlint: 1, system: x}\n", True),
    ('{"archlint":1}\n', True),
    ("a: 1\rarchlint: 1\r", True),
    ("archlint:\n", True),
    ("a:\n  archlint: 1\n", False),
    ("# archlint: 1\n", False),
    ("archlint-version: 1\n", False),
    ("archlint:1\n", False),
    ("- archlint: 1\n", False),
    ("", False),
    ("{accept: [],\n archlint: 1,\n system: x}\n", True),
    ('{\n  "system": "x",\n  "archlint": 1\n}\n', True),
    ('{"system": "x", "archlint":1}', True),
    ("{system: x, archlint}\n", True),
    ("  system: x\n  archlint: 1\n", True),
    ("--- {system: x, archlint: 1}\n", True),
    ("---   # mine\n  system: x\n  archlint: 1\n", True),
    ("? archlint\n: 1\n", True),
    ("&k archlint: 1\n", True),
    ("!!str archlint: 1\n", True),
    ("a: &k archlint\n*k : 1\n", True),
    ("{a: 1, 'archlint' : 1}\n", True),
    ('? "archlint"\n: 1\n', True),
    ('{"tool": {"name": "archlint", "version": 1}}\n', False),
    ("base: &b {archlint: 1}\n<<: *b\n", True),
    ("{system: x, archlint: 1, components: [\n", True),              # not YAML, and to be reported as such
    ("{system: x, archlint: 1} trailing\n", True),
    ("a: {b: [c, {archlint: 1}]}\n", False),
    ("{a: {archlint: 1},\n b: archlint}\n", False),
    ("a: archlint\nb: [archlint]\n? [archlint]\n: archlint\n", False),
    ("{archlint-baseline: 1, archlint.toml: 2, my-archlint: 3}\n", False),
    ("[system, archlint]\n", False),
    ("archlint\n", False),
    ("run: |\n  pip install archlint\n  archlint check\n", False),
    ("a: 1\n---\n{b: 1, archlint: 1}\n", True),
    ("kind: Pod\n{{- if .Values.archlint }}\n  archlint: 1\n{{- end }}\n", False),
    ("{{ include \"archlint\" . }}\n", False),
    ("%YAML 9.9\n---\n{a: 1, archlint: 1}\n", False),
    ("\tarchlint: 1\n", False),
    ("a: \0\n  archlint: 1\n", False),
    ("archlint " + "[" * 100_000, False),
])  # fmt: skip
def test_a_file_is_known_by_its_key(text: str, is_one: bool) -> None:
    assert is_architecture(text.encode()) is is_one


def test_a_file_in_utf_16_is_known_by_its_key() -> None:
    assert is_architecture("archlint: 1\n".encode("utf-16"))


def test_what_the_word_is_no_key_of_is_not_parsed() -> None:
    """Even if parsing would fail: the limits do not apply to files that are not archlint's."""
    assert not is_architecture(b"a: archlint\n" + b"- " * 100_000)
    assert not is_architecture(b"# archlint\n" + b" " * MAX_BYTES)
    assert is_architecture(b"{deep: " + b"[" * 200 + b"]" * 200 + b", archlint: 1}")


@given(documents())
def test_the_scan_and_the_parser_agree_about_the_top_level(text: str) -> None:
    root = parse("arch.yaml", text).root
    assert has_top_key(text, "archlint") is (isinstance(root, Mapping) and "archlint" in root.entries)


def test_a_folder_is_searched_in_a_stable_order(tmp_path: Path) -> None:
    write(tmp_path, {
        "b/arch.yaml": "archlint: 1\n", "a.yml": "archlint: 1\n", "a/z.yaml": "archlint: 1\n", "c.yaml": "kind: Pod\n",
        "notes.txt": "archlint: 1\n", ".hidden/x.yaml": "archlint: 1\n", "node_modules/x.yaml": "archlint: 1\n",
        "d.yaml": "a: [broken\n",
    })  # fmt: skip
    search = find_files(tmp_path, lambda path, is_folder: False)
    assert [path.relative_to(tmp_path).as_posix() for path in search.files] == ["a.yml", "a/z.yaml", "b/arch.yaml"]
    assert [path.name for path in search.skipped] == ["c.yaml", "d.yaml"]
    assert search.unreadable == ()


def test_excluded_files_and_folders_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": "archlint: 1\n", "old/b.yaml": "archlint: 1\n", "c.yaml": "archlint: 1\n"})
    assert found(tmp_path, "old/", "c.yaml") == ["a.yaml"]


def test_gitignore_is_heard_from_the_project_root_down(tmp_path: Path) -> None:
    write(tmp_path, {
        ".git/HEAD": "", ".gitignore": "*.gen.yaml\n/build/\n", "a.yaml": "archlint: 1\n",
        "x.gen.yaml": "archlint: 1\n",
        "build/a.yaml": "archlint: 1\n", "sub/build/a.yaml": "archlint: 1\n", "sub/y.gen.yaml": "archlint: 1\n",
    })  # fmt: skip
    assert found(tmp_path) == ["a.yaml", "sub/build/a.yaml"]
    assert found(tmp_path / "sub") == ["build/a.yaml"]


def test_of_two_gitignores_the_deeper_one_decides(tmp_path: Path) -> None:
    write(tmp_path, {
        ".git/HEAD": "", ".gitignore": "*.yaml\n", "a.yaml": "archlint: 1\n",
        "keep/.gitignore": "!wanted.yaml\n", "keep/wanted.yaml": "archlint: 1\n", "keep/other.yaml": "archlint: 1\n",
        "later/wanted.yaml": "archlint: 1\n",
    })  # fmt: skip
    assert found(tmp_path) == ["keep/wanted.yaml"]


def test_a_gitignore_with_lines_that_mean_nothing_is_heard(tmp_path: Path) -> None:
    write(tmp_path, {".git/HEAD": "", ".gitignore": "!\n# x\na.yaml\n"})
    write(tmp_path, {"a.yaml": "archlint: 1\n", "b.yaml": "archlint: 1\n"})
    assert found(tmp_path) == ["b.yaml"]


def test_a_link_that_leads_nowhere_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere.yaml")
    assert found(tmp_path) == []


@pytest.mark.parametrize(("name", "message"), [
    ("nowhere.yaml", "no such file"), ("folder", "is a folder"), ("n" * 5_000, "File name too long"), ("a\0b",
     "no such file"),
])  # fmt: skip
def test_what_cannot_be_read_is_refused_in_one_line(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(UnreadableInputError, match=message) as caught:
        read_document(tmp_path / name)
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("word", ["arch.yml", "Arch.yaml", "arch.yaml ", "ach.yaml"])
def test_a_missing_file_suggests_one_of_its_folder(tmp_path: Path, word: str) -> None:
    for name in ("arch.yaml", "architecture.txt", "other.yaml"):
        (tmp_path / name).write_text("archlint: 1\n")
    with pytest.raises(UnreadableInputError, match="no such file") as error:
        read_bytes(tmp_path / word, word)
    assert error.value.hint == f"did you mean `{tmp_path / 'arch.yaml'}`?"
    with pytest.raises(UnreadableInputError, match="no such file") as error:
        read_bytes(tmp_path / "model.yaml", "model.yaml")
    assert error.value.hint.startswith("name a YAML file")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(UnreadableInputError, match="is not a regular file"):
        read_document(tmp_path / "pipe.yaml")


def test_a_huge_file_is_refused_without_being_held(tmp_path: Path) -> None:
    with (tmp_path / "huge.yaml").open("wb") as file:
        file.truncate(3 * MAX_BYTES)
    with pytest.raises(UnreadableInputError, match="too large"):
        read_document(tmp_path / "huge.yaml")


@pytest.mark.parametrize("mark", ["archlint.toml", ".git", ".hg"])
def test_the_project_is_the_nearest_folder_with_a_mark(tmp_path: Path, mark: str) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / mark).mkdir()
    assert project_root(tmp_path / "a" / "b" / "arch.yaml") == (tmp_path / "a").resolve()


class Project:
    """A project of two folders, and a loader for its main file."""

    def __init__(self, folder: Path) -> None:
        write(folder, {
            "secret.yaml": "system: x\n", "p/archlint.toml": "", "p/arch.yaml": "archlint: 1\n",
            "p/parts/models.yaml": "models: {}\n", "p/parts/more.yaml": "components: {}\n",
        })  # fmt: skip
        self.folder = folder / "p"
        self.main = read_document(self.folder / "arch.yaml")
        self.load = FileIncludes(self.folder / "arch.yaml")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_an_include_is_relative_to_the_file_that_names_it(project: Project) -> None:
    models = project.load(project.main, "parts/models.yaml")
    more = project.load(models, "more.yaml")
    assert more.name == os.path.join(project.folder, "parts", "more.yaml")
    assert project.load.included == {
        (project.folder / "parts" / name).resolve() for name in ("models.yaml", "more.yaml")
    }


def test_a_file_is_loaded_once_by_whatever_way_it_is_named(project: Project) -> None:
    (project.folder / "link.yaml").symlink_to(project.folder / "parts" / "models.yaml")
    models = project.load(project.main, "parts/models.yaml")
    assert project.load(project.main, "parts/../parts/models.yaml") is models
    assert project.load(project.main, "link.yaml") is models
    assert project.load(models, "../arch.yaml") is project.main


@pytest.mark.parametrize(("target", "message"), [
    ("../secret.yaml", "lies outside the project"),
    ("/etc/hostname", "lies outside the project"),
    ("parts/../../secret.yaml", "lies outside the project"),
    ("nowhere.yaml", "no such file"),
    ("parts", "is a folder"),
    ("a\0b.yaml", "no such file"),
    ("n" * 5_000, "File name too long"),
    ("", "is a folder"),
])  # fmt: skip
def test_a_bad_include_is_refused_in_one_line(project: Project, target: str, message: str) -> None:
    with pytest.raises(UnreadableInputError, match=message) as caught:
        project.load(project.main, target)
    assert "\n" not in caught.value.message


def test_a_link_cannot_lead_out_of_the_project(project: Project) -> None:
    (project.folder / "link.yaml").symlink_to(project.folder.parent / "secret.yaml")
    with pytest.raises(UnreadableInputError, match="lies outside the project"):
        project.load(project.main, "link.yaml")


def test_a_circle_of_links_is_refused(project: Project) -> None:
    (project.folder / "one.yaml").symlink_to(project.folder / "two.yaml")
    (project.folder / "two.yaml").symlink_to(project.folder / "one.yaml")
    with pytest.raises(UnreadableInputError, match=r"no such file|cannot be read"):
        project.load(project.main, "one.yaml")

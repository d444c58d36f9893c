"""What fails on one input leaves the others checked: configurations, rules, memory, rights."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from archlint.cli.checking import CheckCall, run_check
from archlint.linter import Examined, Includes, Linter
from archlint.source.document import Document
from tests.cli.test_check_inputs import ARCH, write
from tests.conftest import Run, command

PLACED = {
    "text": "error: archlint.toml:2:1: ",
    "json": '"line": 2',
    "sarif": '"startLine": 2',
    "junit": 'line="2"',
    "github": "::error file=archlint.toml,line=2,col=1,",
    "gitlab": '"path": "archlint.toml"',
    "markdown": "archlint.toml:2:1",
    "html": "archlint.toml:2:1",
}


@pytest.mark.parametrize("words", [["arch.yaml"], ["."], ["arch.yaml", "sub/arch.yaml"], ["arch.yaml", "--config", "archlint.toml"]],
                         ids=["file", "folder", "files", "named"])  # fmt: skip
def test_a_mistake_in_a_configuration_has_its_place_in_each_report(
    archlint: Run, tmp_path: Path, words: list[str]
) -> None:
    write(tmp_path, "arch.yaml", "sub/arch.yaml")
    (tmp_path / "archlint.toml").write_text("# mine\nselct = ['SRV']\n")
    done = archlint("check", *words, *(word for name in PLACED for word in ("-o", f"{name}:out.{name}")))
    assert (done.returncode, done.stdout) == (2, "")
    assert "archlint.toml:2:1: " in done.stderr
    assert done.stderr.count("archlint.toml:2:1: ") == 1
    for name, place in PLACED.items():
        text = (tmp_path / f"out.{name}").read_text()
        assert place in text, name
        assert "selct" in text, name


@pytest.mark.parametrize(("text", "place"), [
    ("a = \n", (1, 5)), ("x = 1\na = '\udcff'\n", (2, 6)), ("[rules.SRV001]\nparams = {x = 1}\n", (2, 11)), ("ignore = ['REL999']\n", (1, 11)),
    ("packs = ['nowhere']\n", (1, 10)), ("extend = 'gone.toml'\n", (1, 10)), ("[tool]\n", (1, 2)),
])  # fmt: skip
def test_each_kind_of_mistake_has_its_place(archlint: Run, tmp_path: Path, text: str, place: tuple[int, int]) -> None:
    write(tmp_path, "arch.yaml")
    (tmp_path / "archlint.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    [error] = json.loads(archlint("check", "arch.yaml", "-o", "json").stdout)["errors"]
    assert (error["file"], error["line"], error["column"]) == ("archlint.toml", *place)


# --- a defect in one file


BROKEN_CHECK = """\
import msgspec

class Params(msgspec.Struct, frozen=True):
    pass

def check(system, params):
    if system.architecture.name == "bad":
        raise KeyError("lost")
    return ()
"""
NO_MEMORY = BROKEN_CHECK.replace('KeyError("lost")', "MemoryError")
BROKEN_RULE = "title: It fails\ncheck: ./check.py\nseverity: info\nsummary: It fails on one file.\n"


def broken_rule(folder: Path) -> None:
    write(folder, "house/ACME001-it-fails/rule.yaml", text=BROKEN_RULE)
    write(folder, "house/ACME001-it-fails/check.py", text=BROKEN_CHECK)
    (folder / "archlint.toml").write_text("packs = ['house']\n")


@pytest.mark.parametrize("words", [[], ["bad.yaml", "good.yaml"], ["bad.yaml"]], ids=["folder", "files", "file"])
def test_a_rule_that_fails_on_one_file_leaves_the_others_checked(
    archlint: Run, tmp_path: Path, words: list[str]
) -> None:
    broken_rule(tmp_path)
    write(tmp_path, "bad.yaml", text=ARCH.replace("shop", "bad"))
    write(tmp_path, "good.yaml")
    done = archlint("check", *words, "-o", "json", env={"ARCHLINT_ALLOW_CODE": "1"})
    report = json.loads(done.stdout)
    assert done.returncode == 2
    assert [(Path(error["file"]).name, error["line"]) for error in report["errors"]] == [("check.py", 8)]
    assert {finding["file"] for finding in report["findings"]} == ({"good.yaml"} if words != ["bad.yaml"] else set())


def test_a_file_for_which_memory_does_not_suffice_is_no_defect(archlint: Run, tmp_path: Path) -> None:
    broken_rule(tmp_path)
    write(tmp_path, "house/ACME001-it-fails/check.py", text=NO_MEMORY)
    write(tmp_path, "bad.yaml", text=ARCH.replace("shop", "bad"))
    write(tmp_path, "good.yaml")
    done = archlint("check", "-o", "json", env={"ARCHLINT_ALLOW_CODE": "1"})
    report = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (
        2, "error: bad.yaml: out of memory\n  hint: give archlint more memory, or split the file\n"
    )  # fmt: skip
    assert {finding["file"] for finding in report["findings"]} == {"good.yaml"}


def test_a_rule_that_fails_in_a_process_beside_leaves_the_others_checked(archlint: Run, tmp_path: Path) -> None:
    broken_rule(tmp_path)
    padding = "# " + "x" * 160_000 + "\n"
    for number in range(20):
        write(tmp_path, f"f{number}.yaml", text=ARCH.replace("shop", "bad" if number == 7 else "shop") + padding)
    report = json.loads(archlint("check", "-o", "json", env={"ARCHLINT_ALLOW_CODE": "1"}).stdout)
    assert len(report["errors"]) == 1
    assert len(report["files"]) == 19


def test_a_defect_of_archlint_on_one_file_leaves_the_others_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The test creates a defect: the reader fails on one file."""
    examine = Linter.examine

    def fails(linter: Linter, document: Document, path: Path | None, loader: Includes | None = None) -> Examined:
        if document.name == "bad.yaml":
            raise KeyError("lost")
        return examine(linter, document, path, loader)

    monkeypatch.setattr(Linter, "examine", fails)
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "bad.yaml", "good.yaml")
    assert run_check(CheckCall(quiet=True)) == 2
    out, err = capsys.readouterr()
    assert "error: bad.yaml: archlint failed on this file: KeyError: 'lost'" in out
    assert f"({Path(__file__).name}:" in out
    assert "Traceback" not in out
    assert 'KeyError: \'lost\'' in err.splitlines()[-1]
    assert "good.yaml:4:" in out


# --- folders that cannot be used

COMMANDS = {
    "check": ["check"], "check a file": ["check", "arch.yaml"], "check standard input": ["check", "-"],
    "baseline": ["baseline"], "diff": ["diff", "arch.yaml", "other.yaml"], "diff git": ["diff", "--git", "HEAD"],
    "render": ["render"], "render to a file": ["render", "arch.yaml", "-o", "x.svg"], "init": ["init"],
    "new": ["new", "serving"], "explain": ["explain", "SRV001"], "rules": ["rules"], "patterns": ["patterns"],
    "technologies": ["technologies"], "schema": ["schema"], "show": ["check", "--show-files"],
}  # fmt: skip
IN_FOLDERS = ["check", "check a file", "baseline", "diff", "diff git", "render to a file", "init", "rules"]


@pytest.mark.skipif(os.name == "nt", reason="an open folder cannot be deleted there: run it on Linux or macOS")
@pytest.mark.parametrize("words", list(COMMANDS.values()), ids=list(COMMANDS))
def test_a_deleted_current_folder_is_one_line(tmp_path: Path, words: list[str]) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    done = subprocess.run(
        ["sh", "-c", f'cd {gone} && rmdir {gone} && exec "$0" "$@"', command(), *words],
        input="archlint: 1\n", capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: the current folder cannot be used: No such file or directory\n  hint: change to a folder that exists\n"
    )


@pytest.mark.skipif(os.name == "nt", reason="permissions of another kind: run it on Linux or macOS")
@pytest.mark.parametrize("mode", [0o100, 0o400], ids=["no list", "no entry"])
@pytest.mark.parametrize("where", ["named", "current", "above"])
@pytest.mark.parametrize("words", [COMMANDS[name] for name in IN_FOLDERS], ids=IN_FOLDERS)
def test_a_folder_without_rights_is_one_line(
    tmp_path: Path, bound_by_permissions: list[str], words: list[str], where: str, mode: int
) -> None:
    closed = tmp_path / "closed"
    inner = closed / "inner"
    write(inner, "arch.yaml", "other.yaml")
    write(closed, "arch.yaml", "other.yaml")
    here = {"named": tmp_path, "current": closed, "above": inner}[where]
    named = [str(closed / word) if word.endswith(".yaml") and where == "named" else word for word in words]
    if where == "named" and words[0] in {"check", "baseline"} and not named[1:]:
        named = [*words, str(closed)]
    # The shell enters the folder, then removes the permissions.
    script = f'cd {here} && chmod {mode:o} {closed} && exec "$0" "$@"'
    try:
        done = subprocess.run(
            [*bound_by_permissions, "sh", "-c", script, command(), *named], input="archlint: 1\n",
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    finally:
        closed.chmod(0o755)
    assert "Traceback" not in done.stderr + done.stdout
    assert done.returncode in {0, 1, 2}
    if done.returncode == 2:
        lines = (done.stderr or done.stdout).splitlines()
        assert lines[0].startswith(("error: ", "Usage: "))
        assert len(lines) < 8


@pytest.mark.parametrize("words", [["a.yaml", "b.yaml"], ["-q", "a.yaml", "b.yaml"], ["--allow-empty", "a.yaml", "b.yaml"], ["."]])
def test_a_file_that_may_not_be_read_leaves_the_others_checked(
    archlint: Run, tmp_path: Path, bound_by_permissions: list[str], words: list[str]
) -> None:
    write(tmp_path, "a.yaml", "b.yaml")
    (tmp_path / "a.yaml").chmod(0)
    done = archlint("check", *words, under=bound_by_permissions)
    assert done.returncode == 2
    assert "error: a.yaml: cannot be read: Permission denied\n" in done.stdout
    assert "b.yaml:4:" in done.stdout


@pytest.mark.parametrize("words", [
    ["check", "{}"], ["check", "{}/arch.yaml"], ["check", "--exclude", "{}", "."], ["check", "--config", "{}", "."],
    ["check", "--baseline", "{}", "."], ["check", "-o", "json:{}", "."], ["check", "-", "--stdin-filename", "{}"],
    ["baseline", "{}"], ["baseline", "-o", "{}"], ["diff", "{}", "arch.yaml"], ["diff", "--git", "{}"], ["render", "{}"],
    ["render", "-o", "{}.svg"], ["explain", "{}"], ["new", "{}"], ["init", "{}"], ["check", "include.yaml"],
    ["check", "sub"], ["render", "include.yaml"],
], ids=" ".join)  # fmt: skip
def test_a_name_too_long_for_the_file_system_is_no_traceback(archlint: Run, tmp_path: Path, words: list[str]) -> None:
    name = "n" * 300
    write(tmp_path, "arch.yaml")
    write(tmp_path, "include.yaml", text=ARCH + f"include: [{name}.yaml]\n")
    write(tmp_path, "sub/arch.yaml")
    (tmp_path / "sub/archlint.toml").write_text(f"extend = '{name}'\ntechnologies = ['{name}']\npacks = ['./{name}']\n")
    done = archlint(*(word.replace("{}", name) for word in words), stdin=ARCH)
    assert "Traceback" not in done.stderr + done.stdout
    assert done.returncode in {0, 1, 2}

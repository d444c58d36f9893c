"""Closed, full and broken streams, encodings, and colours: no command changes its exit status or ends in a traceback."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from archlint.cli import app
from archlint.cli.streams import clean
from tests.cli.systems import FAILING, PASSING
from tests.conftest import Run, command
from tests.tools import program

pytestmark = pytest.mark.skipif(os.name == "nt", reason="closes streams with a POSIX shell: run it on Linux or macOS")

COMMANDS = {
    "check passing.yaml": 0, "check failing.yaml": 1, "check --color always failing.yaml": 1, "check missing.yaml": 2,
    "check -o json -o text:report.txt failing.yaml": 1, "check --output-format sarif passing.yaml": 0,
    "check -o html failing.yaml": 1, "check --nonsense": 2, "baseline passing.yaml": 0,
    "baseline failing.yaml -o known.jsonl": 0, "diff passing.yaml failing.yaml": 0,
    "diff --exit-code passing.yaml failing.yaml": 1, "diff -o json passing.yaml failing.yaml": 0, "explain SRV001": 0,
    "measure --help": 0, "serve --help": 0, "lsp --help": 0, "import compose.yaml": 0, "drift described.yaml compose.yaml": 0,
    "sweep passing.yaml --set system=a,b": 0, "sensitivity passing.yaml --only models": 0, "analyze passing.yaml": 0, "analyze passing.yaml --workload none": 2, "whatif passing.yaml --set system=other": 0, "whatif passing.yaml --set sytem=other": 2,
    "explain NONE001": 2, "rules": 0, "rules --json": 0, "patterns": 0, "patterns batch": 0, "technologies": 0,
    "simulate passing.yaml --requests 1000": 0, "simulate passing.yaml -w none": 2,
    "schema": 0, "render passing.yaml -f svg": 0, "render passing.yaml -o a.svg": 0, "init new.yaml": 0,
    "reference": 0, "reference --path web-single": 0, "new web-single service": 0, "completion bash": 0, "--help": 0,
    "check --help": 0, "--version": 0, "": 2, "nonsense": 2,
}  # fmt: skip
"""Every command with its exit status."""
SILENT = {
    "render passing.yaml -o a.svg", "baseline failing.yaml -o known.jsonl", "init new.yaml", "new web-single service",
}  # fmt: skip
"""They write files only."""
ONE_EACH = list({words.split(maxsplit=1)[0]: words for words in COMMANDS if COMMANDS[words] < 2}.values())
"""A call of each command."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "passing.yaml").write_text(PASSING)
    (tmp_path / "failing.yaml").write_text(FAILING)
    (tmp_path / "compose.yaml").write_text("services: {api: {image: acme/api}}\n")
    (tmp_path / "described.yaml").write_text("archlint: 1\ncomponents: {api: {kind: service, image: acme/api}}\n")
    return tmp_path


def in_shell(folder: Path, script: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    environment = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "NO_COLOR", "FORCE_COLOR"}}
    return subprocess.run(
        [program("bash"), "-c", script.replace("ARCHLINT", command())], cwd=folder, capture_output=True, check=False, timeout=120,
        env={**environment, **(env or {})}, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_every_command_is_here() -> None:
    assert {words.split(maxsplit=1)[0] for words in COMMANDS if words} >= set(app.COMMANDS)


@pytest.mark.parametrize("words", COMMANDS)
def test_closed_streams_change_nothing(folder: Path, words: str) -> None:
    assert in_shell(folder, f"ARCHLINT {words} <&- >&- 2>&-").returncode == COMMANDS[words]


@pytest.mark.parametrize("words", [*ONE_EACH, "check failing.yaml", "check missing.yaml"])
def test_a_closed_stream_changes_nothing(folder: Path, words: str) -> None:
    script = "; ".join(f"ARCHLINT {words.replace('service', name)} {closed} || failed=$?; echo status ${{failed:-0}} >&9; failed="
                       for name, closed in (("a", "2>&-"), ("b", ">&-")))  # fmt: skip
    done = in_shell(folder, f"exec 9>&1; {script.replace('new.yaml', 'new1.yaml', 1)}")
    assert done.stdout.count(b"status %d" % COMMANDS[words]) == 2, done.stdout + done.stderr
    assert b"Traceback" not in done.stdout + done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full: run it on Linux")
@pytest.mark.parametrize("words", [*dict.fromkeys([*ONE_EACH, *sorted(SILENT)]), "check missing.yaml", "check --nonsense", "check --help", "", "--version"])
def test_a_full_device_is_one_line_and_status_2(folder: Path, words: str) -> None:
    done = in_shell(folder, f"ARCHLINT {words} > /dev/full")
    prints = words not in SILENT and (COMMANDS[words] != 2 or words == "check missing.yaml")
    assert done.returncode == (2 if prints else COMMANDS[words]), done.stderr
    assert b"Traceback" not in done.stderr
    said = b"error: standard output cannot be written: No space left on device\n  hint: make room"
    assert done.stderr.count(said) == int(prints)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full: run it on Linux")
@pytest.mark.parametrize("words", ["check missing.yaml", "check --nonsense", "render passing.yaml -o a.svg"])
def test_errors_that_cannot_be_printed_change_nothing(folder: Path, words: str) -> None:
    assert in_shell(folder, f"ARCHLINT {words} 2> /dev/full").returncode == COMMANDS[words]


@pytest.mark.parametrize("words", [*ONE_EACH, "check failing.yaml", "check missing.yaml"])
def test_a_reader_that_went_away_is_no_matter(folder: Path, words: str) -> None:
    done = in_shell(folder, f"ARCHLINT {words} | true; exit ${{PIPESTATUS[0]}}")
    assert done.returncode == COMMANDS[words], done.stderr
    assert b"Traceback" not in done.stderr
    assert b"cannot be written" not in done.stderr


@pytest.mark.parametrize("source", ["<&-", "0> written"])
@pytest.mark.parametrize("words", ["check -", "render - -f svg", "check --stdin-filename a.yaml"])
def test_standard_input_that_cannot_be_read(folder: Path, words: str, source: str) -> None:
    done = in_shell(folder, f"ARCHLINT {words} {source}")
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: standard input ")
    assert len(done.stderr.splitlines()) == 2


def test_a_closed_stream_never_receives_what_a_file_was_opened_for(folder: Path) -> None:
    """A new file gets the number of a closed stream: output must not be written to that file."""
    before = {path: path.read_bytes() for path in folder.iterdir()}
    done = in_shell(folder, "ARCHLINT check failing.yaml -o text -o json:out.json >&- 2>&-")
    assert done.returncode == 1
    assert json.loads((folder / "out.json").read_text())["version"] == 1
    assert {path: path.read_bytes() for path in folder.iterdir() if path.name != "out.json"} == before


LOCALES = [
    {"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "cp1252"}, {"PYTHONIOENCODING": "utf-16"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONIOENCODING": "cp1252:strict"},
]  # fmt: skip
MACHINE = ["json", "sarif", "gitlab", "junit", "markdown", "html", "github"]


@pytest.mark.parametrize("name", MACHINE)
def test_machine_formats_are_utf8_whatever_the_locale(folder: Path, name: str) -> None:
    (folder / "names.yaml").write_text(FAILING.replace("ranker", "Größe-日本").replace("shop", "Ω"), encoding="utf-8")
    files = " ".join(f"-o {one}:out.{one}" for one in MACHINE if one != name)
    script = f"ARCHLINT check names.yaml -o {name} {files}"
    env = LOCALES[MACHINE.index(name) % len(LOCALES)]
    done = in_shell(folder, script, env)
    assert done.returncode == 1, done.stderr
    written = {one: (folder / f"out.{one}").read_bytes() for one in MACHINE if one != name} | {name: done.stdout}
    for text in written.values():
        assert "Größe-日本" in text.decode("utf-8")


@pytest.mark.parametrize("env", LOCALES[:1], ids=str)
@pytest.mark.parametrize("words", ["diff -o json", "diff -o markdown", "rules --json", "explain SRV001 --markdown",
                                   "patterns --json", "technologies --json", "schema", "render -f svg", "render -f mmd"])  # fmt: skip
def test_so_are_those_of_the_other_commands(folder: Path, words: str, env: dict[str, str]) -> None:
    (folder / "names.yaml").write_text(FAILING.replace("ranker", "Größe-日本"), encoding="utf-8")
    files = {"diff": " passing.yaml names.yaml", "render": " names.yaml"}.get(words.split(maxsplit=1)[0], "")
    done = in_shell(folder, f"ARCHLINT {words}{files}", env)
    assert done.returncode == 0, done.stderr
    assert done.stdout == in_shell(folder, f"ARCHLINT {words}{files}", {"PYTHONUTF8": "1"}).stdout


def test_names_of_files_are_utf8_whatever_the_locale(folder: Path) -> None:
    """Otherwise services do not find the file of a finding, and a baseline does not apply under another locale."""
    name = "größe-日本.yaml"
    (folder / "failing.yaml").rename(folder / name)
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = in_shell(folder, f"ARCHLINT check {name} -o gitlab -o sarif:out.sarif -o junit:out.xml -o text:out.txt", plain)
    assert (done.returncode, done.stderr) == (1, b"")
    assert {issue["location"]["path"] for issue in json.loads(done.stdout)} == {name}
    assert "gr%C3%B6%C3%9Fe-%E6%97%A5%E6%9C%AC.yaml" in (folder / "out.sarif").read_text()
    assert name in (folder / "out.xml").read_text() and name in (folder / "out.txt").read_text()
    assert in_shell(folder, "ARCHLINT baseline", {"PYTHONUTF8": "1"}).returncode == 0
    assert in_shell(folder, "ARCHLINT check >&- 2>&-", plain).returncode == 0
    assert rb"gr\xf6\xdfe-\u65e5\u672c.yaml" in in_shell(folder, "ARCHLINT check --no-baseline -o concise", plain).stdout


def test_text_is_readable_in_any_encoding(folder: Path) -> None:
    (folder / "names.yaml").write_text(FAILING.replace("ranker", "Größe"), encoding="utf-8")
    done = in_shell(folder, "ARCHLINT check names.yaml", {"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 1, done.stderr
    assert rb"Gr\xf6\xdfe" in done.stdout


@pytest.mark.parametrize("color", ["--color always", "--color auto"])
@pytest.mark.parametrize("words", ["check -o text:FILE failing.yaml", "diff -o text:FILE passing.yaml failing.yaml"])
def test_no_colour_gets_into_a_file(folder: Path, words: str, color: str) -> None:
    in_shell(folder, f"ARCHLINT {words.replace('FILE', 'out.txt')} {color}", {"FORCE_COLOR": "1"})
    assert b"\x1b" not in (folder / "out.txt").read_bytes()


@pytest.mark.parametrize(
    ("option", "env", "colored"),
    [
        ("", {}, False), ("", {"FORCE_COLOR": "1"}, True), ("", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ("--color always", {"NO_COLOR": "1"}, True), ("--color never", {"FORCE_COLOR": "1"}, False),
        ("", {"NO_COLOR": "", "FORCE_COLOR": "1"}, True),
    ],
)  # fmt: skip
@pytest.mark.parametrize("words", ["check failing.yaml"])
def test_who_decides_on_colour(folder: Path, option: str, env: dict[str, str], colored: bool, words: str) -> None:
    done = in_shell(folder, f"ARCHLINT {words} {option}", env)
    assert (b"\x1b[" in done.stdout) == colored
    assert b"\\x1b" not in done.stdout


@pytest.mark.parametrize("words", ["diff passing.yaml failing.yaml", "explain SRV001", "rules", "patterns batch"])
def test_so_it_is_in_every_command(folder: Path, words: str) -> None:
    test_who_decides_on_colour(folder, "", {"FORCE_COLOR": "1"}, True, words)
    test_who_decides_on_colour(folder, "", {}, False, words)


def test_a_pipe_that_does_not_block_gets_everything(folder: Path) -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    with subprocess.Popen([command(), "schema"], stdout=write, cwd=folder) as process:
        os.close(write)
        with open(read, "rb") as stream:
            text = stream.read()
    assert process.returncode == 0
    assert json.loads(text)["title"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check", "--selct", "SRV"), "error: no such option `--selct`\n  hint: did you mean `--select`?\n"),
        (("chekc",), "error: there is no command `chekc`\n  hint: did you mean `check`?\n"),
        (("passing.yaml",), "error: there is no command `passing.yaml`\n  hint: did you mean `check passing.yaml`?\n"),
        (("explain",), "error: missing argument 'RULE|KEY'\n  hint: see `archlint explain --help`\n"),
        (("check", "--fail-on", "sometimes"), "error: invalid value for '--fail-on'"),
        (("check", "nowhere.yaml", "-q", "--baseline", "none.jsonl"), "error: nowhere.yaml: no such file"),
        (("explain", "SRV999"), "error: there is no rule or key `SRV999`"),
        (("render", "passing.yaml"), "error: neither a file nor a format is named\n"),
        (("schema", "--of", "nothing"), "error: invalid value for '--of'"),
    ],
)
def test_every_error_has_the_same_prefix(archlint: Run, folder: Path, words: tuple[str, ...], said: str) -> None:
    done = archlint(*words)
    assert done.returncode == 2
    assert (done.stderr or done.stdout).startswith(said)
    assert "Usage:" not in done.stderr
    assert not re.search(r"^archlint: ", done.stdout + done.stderr, re.MULTILINE)


WINDOWS = "import archlint.cli as cli; cli._SHELL_EXPANDS = False; cli.start()"


@pytest.mark.parametrize("words", [["check", "*.yaml"], ["check", "--quiet", "*.yaml"], ["check", "**/p*.yaml", "failing.yaml"]])
def test_wildcards_that_no_shell_expands(folder: Path, words: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", WINDOWS, *words], cwd=folder, capture_output=True, check=False, timeout=60)
    assert done.returncode == 1, done.stderr
    nothing = subprocess.run([sys.executable, "-c", WINDOWS, "check", "*.yml"], cwd=folder, capture_output=True, check=False, timeout=60)
    assert nothing.returncode == 2
    assert b"*.yml" in nothing.stdout + nothing.stderr


def test_text_that_needs_no_cleaning_is_found_without_missing_any() -> None:
    """Also a command in the line after a colon: the lines are looked at one by one."""
    assert clean("a:\n::x") != "a:\n::x" and clean(" ::: a\n#::") == " ::: a\n#::"
    random = Random(1)
    for _ in range(4000):
        text = "".join(random.choices(":# \n[vsoa\té\x1b\u202e", (6, 6, 2, 3, 2, 1, 1, 1, 1, 0.2, 1, 0.1, 0.1), k=random.randint(1, 12)))
        obeyed = re.search(r"(?m)^\s*::(?!:)|##(?=\[|vso\[)|[\x1b\u202e]", text)
        assert (clean(text) == text) == (obeyed is None), text

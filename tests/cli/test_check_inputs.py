"""The inputs of `archlint check`: patterns, links, pipes, file lists of hooks; each file is checked once."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from archlint.cli.app import app, run_app
from archlint.errors import UsageError
from tests.conftest import Run, command
from tests.tools import program

ARCH = "archlint: 1\nsystem: shop\ncomponents:\n  page: {kind: client, calls: [ranker]}\n"
FOREIGN = "services:\n  web: {image: nginx}\n"


def write(folder: Path, *names: str, text: str = ARCH) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


Files = Callable[..., list[str]]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """Return the files that a call would check, without a process for each call."""

    def run(*words: str, cwd: Path | None = None) -> list[str]:
        monkeypatch.chdir(cwd or tmp_path)
        done = CliRunner().invoke(app, ["check", *words, "--show-files"], prog_name="archlint")
        assert done.exit_code == 0, done.output
        return done.stdout.splitlines()

    return run


def checked(archlint: Run, *words: str, cwd: Path | None = None) -> list[str]:
    report = json.loads(archlint("check", *words, "-o", "json", cwd=cwd).stdout)
    return [file["root"] for file in report["files"]]


# --- patterns


@pytest.mark.parametrize("pattern", [".", "{here}", "{here}/", "../{name}", "old/..", "{link}"])
@pytest.mark.parametrize("way", ["option", "configuration"])
def test_the_folder_itself_can_be_excluded(archlint: Run, tmp_path: Path, pattern: str, way: str) -> None:
    write(tmp_path, "a.yaml", "old/x.yaml")
    link = tmp_path.parent / f"link-{tmp_path.name}" / tmp_path.name
    link.parent.mkdir()
    link.symlink_to(tmp_path, target_is_directory=True)
    said = pattern.format(here=tmp_path, name=tmp_path.name, link=link)
    words = ["--exclude", said] if way == "option" else []
    if way == "configuration":
        (tmp_path / "archlint.toml").write_text(f"exclude = [{json.dumps(said)}]\n")
    done = archlint("check", "--show-files", *words)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "nothing to check" in archlint("check", *words).stderr
    assert archlint("check", "--show-files", "a.yaml").stdout == "a.yaml\n"


@pytest.mark.parametrize("pattern", ["./old", "./old/", "old/**", "{here}/old", "{here}/old/x.yaml", "./old/*.yaml", "../{name}/old",
                                     "sub/../old/", "{link}/old", "{link}/o*/", "{link}/old/x.yaml"])  # fmt: skip
@pytest.mark.parametrize("way", ["option", "configuration"])
def test_an_exclude_may_be_written_as_a_path(files: Files, tmp_path: Path, pattern: str, way: str) -> None:
    write(tmp_path, "a.yaml", "old/x.yaml", "sub/a.yaml")
    link = tmp_path.parent / f"link-to-{tmp_path.name}"
    link.symlink_to(tmp_path, target_is_directory=True)
    said = pattern.format(here=tmp_path, name=tmp_path.name, link=link)
    if way == "configuration":
        (tmp_path / "archlint.toml").write_text(f"exclude = ['{said}']\n")
    words = ["--exclude", said] if way == "option" else []
    assert files(*words) == ["a.yaml", "sub/a.yaml"]


@pytest.mark.parametrize("pattern", ["./old", "old/", "../app/old", "/app/old", "{here}/app/old"])
def test_an_exclude_of_a_call_is_relative_to_the_current_folder_or_to_the_configuration(
    files: Files, tmp_path: Path, pattern: str
) -> None:
    (tmp_path / "archlint.toml").touch()
    write(tmp_path, "app/a.yaml", "app/old/x.yaml")
    assert files("--exclude", pattern.format(here=tmp_path), cwd=tmp_path / "app") == ["a.yaml"]


def test_a_path_with_a_dot_in_a_call_is_relative_to_the_current_folder_only(files: Files, tmp_path: Path) -> None:
    (tmp_path / "archlint.toml").touch()
    write(tmp_path, "old/x.yaml", "app/old/x.yaml")
    assert files("..", "--exclude", "./old", cwd=tmp_path / "app") == ["../old/x.yaml"]
    assert files("..", "--exclude", "../old", cwd=tmp_path / "app") == ["../app/old/x.yaml"]


def test_the_last_match_wins_over_all_lists_of_patterns(files: Files, tmp_path: Path) -> None:
    write(tmp_path, "sub/arch.yaml", "sub/mine.yaml", "sub/other.yaml")
    (tmp_path / "base.toml").write_text("exclude = ['sub/**']\n")
    (tmp_path / "archlint.toml").write_text("extend = 'base.toml'\nexclude = ['!./sub/arch.yaml']\n")
    assert files() == ["sub/arch.yaml"]
    assert files("--exclude", "!sub/mine.yaml") == ["sub/arch.yaml", "sub/mine.yaml"]
    assert files("--exclude", "!sub/mine.yaml", "--exclude", "*.yaml", "--exclude", "!sub/other.yaml") == ["sub/other.yaml"]


def test_a_later_exclude_brings_back_what_an_earlier_one_takes(files: Files, tmp_path: Path) -> None:
    write(tmp_path, "sub/arch.yaml", "sub/other.yaml", "deep/sub/arch.yaml")
    words = ["--exclude", "sub/**", "--exclude", "!sub/arch.yaml"]
    assert files(*words) == ["deep/sub/arch.yaml", "sub/arch.yaml"]
    assert files("--exclude", "*.yaml", "--exclude", "!sub/arch.yaml") == ["sub/arch.yaml"]


@pytest.mark.parametrize("pattern", ["./risk", "{here}/risk", "../{name}/risk/"])
def test_the_paths_of_a_layer_may_be_written_as_paths(archlint: Run, tmp_path: Path, pattern: str) -> None:
    write(tmp_path, "risk/arch.yaml", "arch.yaml")
    said = pattern.format(here=tmp_path, name=tmp_path.name)
    (tmp_path / "archlint.toml").write_text(f"[[per-path]]\npaths = ['{said}']\nselect = ['SRV']\n")
    report = json.loads(archlint("check", "-o", "json").stdout)
    assert {finding["file"] for finding in report["findings"]} == {"arch.yaml"}


def test_a_pattern_that_matches_nothing_is_noted(archlint: Run, tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "old/x.yaml")
    (tmp_path / "archlint.toml").write_text(
        'exclude = ["old/", "nowhere/**"]\n[[per-path]]\npaths = ["*.yaml", "team/"]\nignore = ["OPS"]\n'
    )
    done = archlint("check", "--exclude", "gone/", "--exit-zero")
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        "note: --exclude: the pattern `gone/` matches no YAML file or folder",
        "note: archlint.toml:1:20: `exclude`: the pattern `nowhere/**` matches no YAML file or folder",
        "note: archlint.toml:3:20: `per-path`: the pattern `team/` matches no file that is checked",
    ]
    assert archlint("check", "--exclude", "gone/", "--exit-zero", "--quiet").stderr == ""
    assert archlint("baseline", "--exclude", "gone/", "--file", "known.jsonl").stderr.startswith(done.stderr)
    said = archlint("diff", ".", ".", "--exclude", "gone/").stdout
    assert said.startswith("note: --exclude: the pattern `gone/` matches no YAML file or folder\n")
    # A search of a part of the project cannot tell whether patterns of the whole project match.
    (tmp_path / "part").mkdir()
    write(tmp_path, "part/a.yaml")
    assert archlint("check", "part", "--exit-zero").stderr == ""


def test_an_excluded_path_is_checked_if_it_is_named_unless_exclude_is_forced(archlint: Run, tmp_path: Path) -> None:
    write(tmp_path, "old/x.yaml", "a.yaml")
    (tmp_path / "archlint.toml").write_text('exclude = ["old/"]\n')
    assert checked(archlint, "old/x.yaml", "a.yaml") == ["old/x.yaml", "a.yaml"]
    assert checked(archlint, "old") == ["old/x.yaml"]
    assert checked(archlint, "old/x.yaml", "a.yaml", "--force-exclude") == ["a.yaml"]
    for name in ("old/x.yaml", "old"):
        done = archlint("check", name, "--force-exclude")
        assert (done.returncode, done.stderr) == (0, f"note: {name} is excluded, and --force-exclude leaves it out\n")
    done = archlint("check", "a.yaml", "--exclude", "a.yaml", "--exit-zero")
    assert done.stderr.startswith("note: --exclude has no effect on the files that you name")


def test_standard_input_is_excluded_by_its_name_if_exclude_is_forced(archlint: Run, tmp_path: Path) -> None:
    (tmp_path / "archlint.toml").write_text('exclude = ["old/"]\n')
    words = ["check", "-", "--stdin-filename", "old/x.yaml"]
    assert "old/x.yaml:4:" in archlint(*words, stdin=ARCH).stdout
    done = archlint(*words, "--force-exclude", stdin=ARCH)
    assert (done.returncode, "old/x.yaml is excluded" in done.stderr) == (0, True)


def test_isolated_ignores_configurations_baselines_and_ignore_files(archlint: Run, tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "old/x.yaml", "gen.yaml")
    (tmp_path / "archlint.toml").write_text('exclude = ["old/"]\nselct = []\n')
    (tmp_path / ".gitignore").write_text("gen.yaml\n")
    (tmp_path / "archlint-baseline.jsonl").write_text("not a baseline\n")
    assert checked(archlint, "--isolated") == ["a.yaml", "gen.yaml", "old/x.yaml"]
    done = archlint("check", "--isolated", "--config", "archlint.toml")
    assert (done.returncode, "contradict" in done.stderr) == (2, True)


# --- each file once


def test_one_file_under_several_names_is_checked_once(archlint: Run, tmp_path: Path) -> None:
    write(tmp_path, "arch.yaml", "sub/z.yaml")
    (tmp_path / "sub/a-link.yaml").symlink_to("z.yaml")
    (tmp_path / "out.yaml").symlink_to("arch.yaml")
    (tmp_path / "hard.yaml").hardlink_to(tmp_path / "arch.yaml")
    (tmp_path / "there").symlink_to("sub", target_is_directory=True)
    write(tmp_path, "ci.yaml", text=FOREIGN)
    assert checked(archlint) == ["arch.yaml", "sub/z.yaml"]
    assert checked(archlint, "arch.yaml", "./arch.yaml", "sub/../arch.yaml", str(tmp_path / "arch.yaml")) == ["arch.yaml"]
    assert checked(archlint, "out.yaml", "arch.yaml") == ["arch.yaml"]
    assert checked(archlint, "out.yaml") == ["out.yaml"]
    assert checked(archlint, "there", "sub") == ["there/z.yaml"]
    report = json.loads(archlint("check", ".", "../" + tmp_path.name, "-o", "json").stdout)
    assert (len(report["files"]), report["summary"]["skipped"]) == (2, 1)


def test_parents_of_a_linked_folder_are_those_of_its_target(archlint: Run, tmp_path: Path) -> None:
    write(tmp_path, "real/arch.yaml", "w/arch.yaml", text=f"{ARCH}  lost: {{kind: service, calls: [nobody]}}\n")
    write(tmp_path, "real/top.yaml", text="archlint: 1\ninclude: [link/../part.yaml]\n")
    write(tmp_path, "part.yaml", text="archlint: 1\ncomponents: {a: {kind: service, calls: [nobody]}}\n")
    (tmp_path / "other" / "sub").mkdir(parents=True)
    (tmp_path / "w" / "link").symlink_to("../real", target_is_directory=True)
    (tmp_path / "real" / "link").symlink_to("../other", target_is_directory=True)
    (tmp_path / "archlint.toml").touch()
    (tmp_path / "real" / "sub").mkdir()
    (tmp_path / "w" / "deep").symlink_to("../real/sub", target_is_directory=True)
    done = archlint("check", "-q", "-o", "concise", "deep/../arch.yaml", cwd=tmp_path / "w")
    assert done.stdout.startswith(f"{tmp_path}/real/arch.yaml:")       # it lies outside, and w/arch.yaml is another file
    done = archlint("check", "-q", "-o", "concise", "real/top.yaml")
    assert "part.yaml:2:" in done.stdout and "real/part.yaml" not in done.stdout


def test_a_work_tree_behind_a_link_has_relative_paths(archlint: Run, tmp_path: Path) -> None:
    formats = ["json", "sarif", "junit", "gitlab", "github", "markdown"]
    outputs = [word for name in formats for word in ("-o", f"{name}:out.{name}")]
    write(tmp_path, "real/app/arch.yaml")
    link = tmp_path / "link"
    link.symlink_to("real", target_is_directory=True)
    env = {"PWD": str(link)}
    done = archlint("check", str(link / "app"), "-o", "concise", cwd=link / "app", env={"PWD": str(link / "app")})
    assert done.stdout.startswith("arch.yaml:4:")
    write(tmp_path, "real/below/arch.yaml")
    done = archlint("check", str(link), "-o", "concise", cwd=link / "below")
    assert "\narch.yaml:4:" in done.stdout
    for word in (str(link / "app/arch.yaml"), str(link), str(tmp_path / "real")):
        done = archlint("check", word, *outputs, cwd=link, env=env)
        assert done.returncode == 1, done.stderr
        for name in formats:
            text = (link / f"out.{name}").read_text()
            assert "app/arch.yaml" in text, name
            assert str(link) not in text, name
            assert str(tmp_path / "real") not in text or name in {"sarif", "json"}   # JSON keeps what is named


@pytest.mark.parametrize("words", ["drift ARCH DEPLOYED -o github", "drift ARCH -o concise", "diff ARCH DEPLOYED -o markdown",
                                   "analyze ARCH", "import DEPLOYED", "baseline ARCH", "whatif ARCH --set components.ranker.replicas=3"])  # fmt: skip
def test_other_commands_name_a_path_behind_a_link_from_the_current_folder(
    tmp_path: Path, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An annotation with an absolute path is lost."""
    write(tmp_path, "real/arch.yaml", text=f"{ARCH}  ranker: {{kind: service, replicas: 2}}\n")
    write(tmp_path, "real/compose.yaml", text="services: {ranker: {image: 'acme/ranker:1', deploy: {replicas: 3}}}\n")
    link = tmp_path / "link"
    link.symlink_to("real", target_is_directory=True)
    monkeypatch.chdir(link)
    status = run_app([word.replace("ARCH", f"{link}/arch.yaml").replace("DEPLOYED", f"{link}/compose.yaml") for word in words.split()])
    said = "".join(capsys.readouterr())
    assert (status, str(tmp_path) in said) == (int(words.startswith("drift")), False), said


@pytest.mark.parametrize("words", ["check -q", "baseline", "diff arch.yaml", "drift", "import", "analyze", "sweep --set system=a,b", "serve"])
def test_an_empty_path_is_not_the_current_folder(words: str) -> None:
    """It is a variable of the shell that is not set."""
    with pytest.raises(UsageError, match="a path is empty"):
        run_app([*words.split(), ""])


def test_an_included_file_is_not_counted_as_skipped(archlint: Run, tmp_path: Path) -> None:
    write(tmp_path, "arch.yaml", text=ARCH + "include: [parts/models.yaml]\n")
    write(tmp_path, "parts/models.yaml", text="models: {ranker: {}}\n")
    write(tmp_path, "ci.yaml", text=FOREIGN)
    report = json.loads(archlint("check", "-o", "json").stdout)
    assert report["summary"]["skipped"] == 1


# --- pipes


@pytest.mark.skipif(not os.path.isdir("/dev/fd"), reason="this system has no /dev/fd: run it on Linux or macOS")
@pytest.mark.parametrize("words", ["<(cat arch.yaml)", "<(cat arch.yaml) other.yaml", "/dev/stdin < <(cat arch.yaml)"])
def test_what_a_process_writes_is_checked(tmp_path: Path, words: str) -> None:
    write(tmp_path, "arch.yaml")
    write(tmp_path, "other.yaml", text="archlint: 1\nsystem: other\n")
    done = subprocess.run(
        [program("bash"), "-c", f"'{command()}' check --quiet {words}"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "/dev/" in done.stdout
    assert ":4:" in done.stdout


@pytest.mark.skipif(not os.path.isdir("/dev/fd"), reason="this system has no /dev/fd: run it on Linux or macOS")
@pytest.mark.parametrize(("words", "said"), [
    ("diff <(cat arch.yaml) <(cat other.yaml)", "shop (/dev/fd/63 -> /dev/fd/62)"), ("diff <(cat arch.yaml) arch.yaml", "No difference"),
    ("render <(cat arch.yaml) -f mmd", "page"), ("render arch.yaml -f mmd --config <(echo 'select = [\"SRV\"]')", "page"),
])  # fmt: skip
def test_other_commands_read_what_a_process_writes(tmp_path: Path, words: str, said: str) -> None:
    write(tmp_path, "arch.yaml")
    write(tmp_path, "other.yaml", text=ARCH.replace("page", "site"))
    done = subprocess.run(
        [program("bash"), "-c", f"'{command()}' {words}"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert said in done.stdout


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes: run it on Linux or macOS")
def test_a_named_pipe_is_read_if_it_is_named_and_never_waited_for_in_a_folder(archlint: Run, tmp_path: Path) -> None:
    write(tmp_path, "arch.yaml")
    os.mkfifo(tmp_path / "pipe.yaml")
    assert checked(archlint) == ["arch.yaml"]
    with subprocess.Popen(["sh", "-c", "cat arch.yaml > pipe.yaml"], cwd=tmp_path):
        assert checked(archlint, "pipe.yaml") == ["pipe.yaml"]


# --- hooks


def test_a_hook_may_pass_files_of_others(archlint: Run, tmp_path: Path) -> None:
    write(tmp_path, "arch.yaml")
    write(tmp_path, "compose.yaml", text=FOREIGN)
    write(tmp_path, "chart.yaml", text="{{- if .Values.x }}\nkind: Pod\n{{- end }}\n")
    done = archlint("check", "--allow-empty", "compose.yaml", "chart.yaml")
    assert (done.returncode, done.stdout) == (
        0, "Nothing was checked.\n2 YAML files skipped: no key `archlint` at the top.\n"
    )  # fmt: skip
    report = json.loads(archlint("check", "--allow-empty", "compose.yaml", "arch.yaml", "-o", "json").stdout)
    assert ([file["root"] for file in report["files"]], report["errors"]) == (["arch.yaml"], [])
    write(tmp_path, "values.yaml", text="replicas: 1\n")
    assert archlint("check", "values.yaml").returncode == 2
    assert archlint("check", "--allow-empty", "nowhere.yaml").returncode == 2
    assert archlint("check", "--allow-empty", "-", stdin=FOREIGN).returncode == 0


def test_show_files_prints_the_files_and_nothing_else(archlint: Run, tmp_path: Path) -> None:
    write(tmp_path, "b.yaml", "a/c.yaml", "a b.yaml")
    write(tmp_path, "ci.yaml", text=FOREIGN)
    done = archlint("check", "--show-files")
    assert (done.returncode, done.stdout, done.stderr) == (0, "a b.yaml\nb.yaml\na/c.yaml\n", "")
    done = archlint("check", "--show-files", "ci.yaml", "--allow-empty")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_show_files_says_what_check_says(archlint: Run, tmp_path: Path) -> None:
    write(tmp_path, "arch.yaml")
    done = archlint("check", "--show-files", "arc.yaml", "arch.yaml")
    assert (done.returncode, done.stdout) == (2, "arch.yaml\n")
    assert done.stderr == archlint("check", "arc.yaml", "-o", "json").stderr == (
        "error: arc.yaml: no such file\n  hint: did you mean `arch.yaml`?\n"
    )
    done = archlint("check", "--show-files", "--exclude", "old/")
    assert (done.returncode, done.stdout) == (0, "arch.yaml\n")
    assert done.stderr == "note: --exclude: the pattern `old/` matches no YAML file or folder\n"
    assert archlint("check", "--show-files", "--exclude", "old/", "--quiet").stderr == ""
    for words in (["-o", "json:report.json"], ["--output-format", "json"]):
        done = archlint("check", "--show-files", *words)
        assert (done.returncode, done.stdout, "--show-files writes no report" in done.stderr) == (2, "", True)
    assert not (tmp_path / "report.json").exists()


# --- mistakes in a configuration


@pytest.mark.parametrize(
    ("name", "words", "why"),
    [
        ("arch.yaml", "check --exclude *.yaml", "git ignores it, or `exclude` matches it"),
        ("gone/arch.yaml", "check", "git ignores it, or `exclude` matches it"),
        (".hidden/arch.yaml", "check", "`.hidden` is not searched"), (".arch.yaml", "baseline", "`.arch.yaml` is not searched"),
        ("venv/a/arch.yml", "check", "`venv` is not searched"), ("ARCH.YAML", "check", "does not end with .yaml or .yml"),
    ],
)  # fmt: skip
def test_a_search_that_finds_nothing_names_what_it_left_out(archlint: Run, tmp_path: Path, name: str, words: str, why: str) -> None:
    (tmp_path / ".gitignore").write_text("gone/\n")
    write(tmp_path, name)
    write(tmp_path, "second/other.yaml", text="on: push\n")
    done = archlint(*words.split())
    assert done.returncode == 2
    assert f"error: nothing to check in the current folder; left out: {name}\n  hint: " in done.stderr
    assert f"{why}; name the file to check it" in done.stderr

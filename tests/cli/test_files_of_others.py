"""What a checked repository makes of files: links out of it, special files, and folders that nobody may look into."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.cli.systems import FAILING, PASSING
from tests.conftest import Run
from tests.packs.help import RULE, rule
from tests.tools import program

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links and permissions of POSIX: run it on Linux or macOS")
SECRET = "ghs_secret1234"


def repository(folder: Path) -> Path:
    folder.mkdir()
    subprocess.run([program("git"), "init", "-q"], cwd=folder, check=True)
    (folder / "arch.yaml").write_text(FAILING)
    return folder


@pytest.mark.parametrize("words", [
    ("check", "-q", "-o", "json:reports/x.json"), ("render", "arch.yaml", "-o", "reports/a.svg"), ("init", "reports"),
    ("baseline", "-o", "reports/c.jsonl"), ("new", "web-single", "reports/own"),
])  # fmt: skip
@pytest.mark.parametrize("mark", [".git", "archlint.toml"])
def test_a_link_to_a_folder_leads_no_output_into_another_project(
    archlint: Run, tmp_path: Path, words: tuple[str, ...], mark: str
) -> None:
    repo, other = repository(tmp_path / "repo"), tmp_path / "other"
    other.mkdir()
    (other / mark).touch()
    (repo / "reports").symlink_to("../other")
    done = archlint(*words, cwd=repo)
    assert done.returncode == 2
    assert "leads out of" in done.stderr and len(done.stderr.splitlines()) < 4
    assert os.listdir(other) == [mark]


def test_a_project_that_is_reached_by_a_link_is_written_to(archlint: Run, tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    (tmp_path / "link").symlink_to("repo")
    assert archlint("check", "-q", "-o", f"json:{tmp_path}/link/x.json", f"{tmp_path}/link").returncode == 1
    assert (repo / "x.json").is_file()


@pytest.mark.parametrize("file", ["notes.md", "bad-a.yaml", "rule.yaml"])
def test_texts_of_rules_are_not_read_through_a_link_out_of_the_project(archlint: Run, tmp_path: Path, file: str) -> None:
    repo = repository(tmp_path / "repo")
    (tmp_path / "secret").write_text(f"{RULE}why: {SECRET}\n")
    own = rule(repo / "p", "ACME001-own")
    (repo / "archlint.toml").write_text('packs = ["p"]\n')
    (own / file).unlink(missing_ok=True)
    (own / file).symlink_to(tmp_path / "secret")
    for words in (("explain", "ACME001"), ("explain", "ACME001", "--markdown"), ("rules", "--json"), ("check",)):
        done = archlint(*words, cwd=repo)
        assert SECRET not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
    done = archlint("explain", "ACME001", cwd=repo)
    assert done.returncode == 2 and "leads out of" in done.stderr


def test_a_file_that_is_no_baseline_is_not_shown(archlint: Run, tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    (tmp_path / "secret").write_text(SECRET)
    (repo / "archlint.toml").write_text('baseline = "../secret"\n')
    done = archlint("check", cwd=repo)
    assert done.returncode == 2 and "no line of a baseline" in " ".join(done.stdout.split())
    assert SECRET not in done.stdout + done.stderr


def test_special_files_do_not_hang_or_fill_the_memory(archlint: Run, tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    own = rule(repo / "p", "ACME001-own")
    (repo / "archlint.toml").write_text('packs = ["p"]\n')
    for endless in (True, False):
        if endless:
            (own / "bad-a.yaml").symlink_to("/dev/zero")
        else:
            os.mkfifo(own / "bad-a.yaml")
        done = archlint("explain", "ACME001", cwd=repo)
        assert done.returncode == 2 and len(done.stderr.splitlines()) < 4
        (own / "bad-a.yaml").unlink()
    (repo / "archlint.toml").unlink()
    os.mkfifo(repo / "archlint.toml")
    done = archlint("check", cwd=repo)
    assert done.returncode == 2 and "archlint.toml: is not a regular file" in done.stdout


@pytest.mark.parametrize("key", ["[{}]", "{} = 1", "x = {{{} = 1}}"])
@pytest.mark.parametrize("part", ["a", '"b c"', "'d.e'"])
def test_a_key_of_very_many_parts_takes_no_memory(archlint: Run, tmp_path: Path, key: str, part: str) -> None:
    (tmp_path / "arch.yaml").write_text(PASSING)
    (tmp_path / "archlint.toml").write_text("# a.b\n" + key.format(" . ".join([part] * 40_000)) + "\n")
    limited = ["prlimit", f"--as={1 << 30}"]
    done = archlint("check", under=limited)
    assert done.returncode == 2
    assert re.search(r"error: archlint\.toml:2:\d+: a key of more than 50 parts", done.stdout)


@pytest.mark.parametrize("name", ["a" * 300, "a/" * 3000 + "b"])
def test_a_long_name_of_a_folder_of_rules_is_one_error(archlint: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / "arch.yaml").write_text(PASSING)
    (tmp_path / "archlint.toml").write_text(f'packs = ["{name}"]\n')
    done = archlint("check")
    assert done.returncode == 2
    assert done.stdout.startswith("error: archlint.toml:1:") and "Traceback" not in done.stderr
    assert len(done.stdout) < 7_000


@pytest.mark.parametrize("form", ["text", "concise", "markdown", "github", "json", "sarif", "junit", "checkstyle", "html"])
def test_a_stream_that_is_named_as_a_file_gets_no_commands(archlint: Run, tmp_path: Path, form: str) -> None:
    hostile = '"ra\\n::error::pwned\\e[2J\\u202e##[error]##vso[task]"'
    (tmp_path / "arch.yaml").write_text(FAILING.replace("ranker", hostile))
    done = archlint("check", "-q", "-o", f"{form}:/dev/stdout")
    assert done.returncode == 1 and "pwned" in done.stdout
    shown = re.sub(r"(?m)^::(error|warning|notice|group|endgroup)\b.*$", "", done.stdout) if form == "github" else done.stdout
    assert not re.search(r"(?m)^\s*::(?!:)|##\[|##vso\[|[\x1b\u202e]", shown)


def test_the_number_of_a_stream_that_cannot_be_open_is_one_error(archlint: Run, tmp_path: Path) -> None:
    (tmp_path / "arch.yaml").write_text(FAILING)
    done = archlint("check", "-q", "-o", f"json:/dev/fd/{'9' * 20}")
    assert done.returncode == 2 and "cannot be written" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("mode", [0o000, 0o644])
def test_a_folder_that_may_not_be_read_or_entered_is_an_error(
    archlint: Run, tmp_path: Path, bound_by_permissions: list[str], mode: int
) -> None:
    """A folder without the right to enter it can be listed, but nothing is known of its files."""
    for folder, text in (("a", PASSING), ("b/c", FAILING)):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "arch.yaml").write_text(text)
    (tmp_path / "b" / "c" / "compose.yaml").write_text("services: {db: {image: 'postgres:16'}}\n")
    (tmp_path / "a" / "compose.yaml").write_text("services: {web: {image: 'nginx:1.25'}}\n")
    (tmp_path / "b" / "c").chmod(mode)
    denied = "cannot be read: Permission denied"
    try:
        for words in ("check", "check b", "import", "import b", "drift a/arch.yaml b", "drift a/arch.yaml ."):
            done = archlint(*words.split(), under=bound_by_permissions)
            assert done.returncode == (0 if words == "import" else 2), words      # it writes what it could read
            assert f"error: b/c: {denied}\n" in done.stdout + done.stderr, words
    finally:
        (tmp_path / "b" / "c").chmod(0o755)

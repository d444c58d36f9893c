"""A file is replaced in one step: a kill or a full disk leaves the old one intact, and no link leads out of a repository."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.systems import FAILING
from tests.conftest import Run, command
from tests.tools import program

KILLED = """
import os, signal, sys
from pathlib import Path
from archlint.writing import write_file

def end(event, values):
    if event == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(end)
write_file(Path("report.json"), b"new" * 100_000, replace=sys.argv[2] == "replace")
"""
"""A writer that is killed at a step, such as `os.rename`: an audit hook of Python reports it in advance."""


@pytest.mark.skipif(os.name == "nt", reason="kills a process: run it on Linux or macOS")
def test_a_writer_that_is_killed_before_the_rename_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("old")
    words = [sys.executable, "-c", KILLED, "os.rename", "replace"]
    assert subprocess.run(words, cwd=tmp_path, check=False, timeout=60).returncode == -signal.SIGKILL
    assert (tmp_path / "report.json").read_text() == "old"


@pytest.mark.skipif(os.name == "nt", reason="kills a process: run it on Linux or macOS")
def test_a_writer_that_is_killed_leaves_no_part_of_a_new_file(tmp_path: Path) -> None:
    words = [sys.executable, "-c", KILLED, "os.link", "keep"]
    assert subprocess.run(words, cwd=tmp_path, check=False, timeout=60).returncode == -signal.SIGKILL
    assert not (tmp_path / "report.json").exists()


@pytest.mark.skipif(os.name == "nt", reason="limits the size of files with a POSIX shell: run it on Linux or macOS")
@pytest.mark.parametrize(
    "words",
    [
        "check arch.yaml -o json:known.txt", "check arch.yaml -o html:known.txt", "render arch.yaml -o known.svg",
        "baseline long.yaml -o known.jsonl", "diff arch.yaml long.yaml -o json:known.txt",
    ],
)  # fmt: skip
def test_a_disk_that_fills_midway_leaves_the_old_file(tmp_path: Path, words: str) -> None:
    (tmp_path / "arch.yaml").write_text(FAILING)
    numbers = range(40)
    need = "waits: true, inputs: on-request, slo: {latency: {p99: 50ms}}"
    asked = "".join(f"  search{n}: {{from: page, rate: 5/s, models: [ranker{n}], {need}}}\n" for n in numbers)
    learned = "".join(f"  ranker{n}: {{artifact: 200MB, service_time: 80ms}}\n" for n in numbers)
    text = FAILING.replace("components:\n", f"{learned}components:\n").replace("models:\n", f"{asked}models:\n", 1)
    served = ", ".join(f"ranker{n}" for n in numbers)
    (tmp_path / "long.yaml").write_text(text.replace("serves: [ranker]", f"serves: [ranker, {served}]"))
    target = tmp_path / words.rpartition(" ")[2].rpartition(":")[2]
    target.write_text('{"archlint-baseline": 1}\n' if target.suffix == ".jsonl" else "old")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    done = subprocess.run(
        [program("bash"), "-c", f"ulimit -f 1; exec {command()} {words}"], cwd=tmp_path, capture_output=True, text=True, check=False,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 2, done.stdout + done.stderr
    assert f"error: {target.name}: cannot be written: File too large\n  hint: make room" in done.stderr
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.skipif(os.name == "nt", reason="limits the size of files with a POSIX shell: run it on Linux or macOS")
def test_an_import_onto_a_disk_that_fills_midway_leaves_the_old_file(archlint: Run, tmp_path: Path) -> None:
    services = "".join(f"  api{n}: {{image: 'acme/api:{n}', environment: ['NEXT_URL=http://api{n + 1}:80']}}\n" for n in range(20))
    deployed = tmp_path / "compose.yaml"
    deployed.write_text(f"services:\n{services}  api20: {{image: 'acme/api:20'}}\n")
    assert archlint("import", "compose.yaml", "-o", "arch.yaml").returncode == 0
    deployed.write_text(deployed.read_text().replace("acme/api:3", "acme/api:three"))
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for words, file in (("--update arch.yaml", "arch.yaml"), ("-o new.yaml", "new.yaml")):
        done = subprocess.run(
            [program("bash"), "-c", f"ulimit -f 1; exec {command()} import compose.yaml {words}"], cwd=tmp_path,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 2 and f"error: {file}: cannot be written: File too large\n  hint: make room" in done.stderr
        assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.skipif(os.name == "nt", reason="links need a permission on Windows: run it on Linux or macOS")
@pytest.mark.parametrize("link", ["folder", "file"])
def test_a_configured_baseline_that_a_link_leads_out_of_the_repository_is_refused(
    archlint: Run, tmp_path: Path, link: str
) -> None:
    outside, repository = tmp_path / "outside", tmp_path / "repository"
    outside.mkdir()
    repository.mkdir()
    (repository / ".git").mkdir()
    (repository / "arch.yaml").write_text(FAILING)
    (repository / "archlint.toml").write_text('baseline = "kept/known.jsonl"\n')
    if link == "folder":
        (repository / "kept").symlink_to(outside)
    else:
        (repository / "kept").mkdir()
        (repository / "kept" / "known.jsonl").symlink_to(outside / "known.jsonl")
    done = archlint("baseline", cwd=repository)
    assert done.returncode == 2
    assert "leads out of" in done.stderr
    assert list(outside.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="links need a permission on Windows: run it on Linux or macOS")
@pytest.mark.parametrize("mark", [".git", "archlint.toml", ""])
def test_no_command_writes_through_a_link_out_of_the_project(
    in_process: Run, tmp_path: Path, mark: str
) -> None:
    outside, repository = tmp_path / "outside", tmp_path / "repository"
    outside.mkdir()
    repository.mkdir()
    (outside / "kept").write_text("mine")
    (repository / "arch.yaml").write_text(FAILING)
    if mark == ".git":
        (repository / mark).mkdir()
    elif mark:
        (repository / mark).touch()
    (repository / "link").symlink_to(outside)
    for name, end in (("json", "kept"), ("svg", "kept"), ("csv", "new.csv")):
        (repository / f"report.{name}").symlink_to(outside / end)
    (repository / "device.json").symlink_to("/dev/null")
    before = {path: path.read_bytes() for path in outside.iterdir()}
    for words in (
        "check -o json:report.json", "check -o html:link/new.html", "check -o json:device.json", "diff arch.yaml arch.yaml -o json:report.json",
        "analyze -o json:report.json", "whatif --set system=a -o json:report.json", "sweep --set system=a,b -o csv:report.csv",
        "sensitivity --only models -o json:report.json", "simulate --requests 1000 -o json:report.json", "render -o link/new.svg",
        "render -o report.svg -f svg", "baseline -o link/known.jsonl", "init link/new.yaml", "init link", "new web-single link/new",
        "import compose.yaml -o link/new.yaml", "drift arch.yaml compose.yaml -o json:report.json",
    ):  # fmt: skip
        (repository / "compose.yaml").write_text("services: {api: {image: acme/api}}\n")
        done = in_process(*words.split(), cwd=repository)
        assert done.returncode == 2, (words, done.stdout, done.stderr)
        assert " leads out of " in done.stderr or " links to " in done.stderr, (words, done.stderr)
        assert {path: path.read_bytes() for path in outside.iterdir()} == before, words


@pytest.mark.skipif(os.name == "nt", reason="links need a permission on Windows: run it on Linux or macOS")
def test_a_link_inside_the_project_and_one_outside_of_projects_are_followed(in_process: Run, tmp_path: Path) -> None:
    repository, reports = tmp_path / "repository", tmp_path / "reports"
    (repository / ".git").mkdir(parents=True)
    reports.mkdir()
    (repository / "arch.yaml").write_text(FAILING)
    (repository / "latest.json").symlink_to("first.json")
    (reports / "latest.json").symlink_to(tmp_path / "second.json")
    assert in_process("check", "-o", "json:latest.json", "-o", f"json:{reports / 'latest.json'}", cwd=repository).returncode == 1
    assert (repository / "first.json").read_bytes() == (tmp_path / "second.json").read_bytes() != b""
    assert (repository / "latest.json").is_symlink() and (reports / "latest.json").is_symlink()


@pytest.mark.skipif(os.name == "nt", reason="limits the size of files with a POSIX shell: run it on Linux or macOS")
@pytest.mark.parametrize("there", [False, True])
def test_a_project_that_cannot_be_written_leaves_nothing(tmp_path: Path, there: bool) -> None:
    if there:
        (tmp_path / "service").mkdir()
    done = subprocess.run(
        [program("bash"), "-c", f"ulimit -f 1; exec {command()} new web-single service"], cwd=tmp_path, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("error: service: cannot be written: ")
    assert [path.name for path in tmp_path.rglob("*")] == ["service"] * there


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="needs /dev/fd: run it on Linux or macOS")
@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("check arch.yaml -q -o json:/dev/stdout | cat", b'"version": 1'), ("check arch.yaml -q -o json:>(cat >&3)", b'"version": 1'),
        ("check arch.yaml -q -o json:/dev/stdout >> log; cat log", b'before\n{\n  "version": 1'),
        ("check arch.yaml -q -o json:/dev/stderr 2>&1 | cat", b'"version": 1'), ("render arch.yaml -f mmd -o >(cat >&3)", b"flowchart"),
        ("baseline arch.yaml -o >(cat >&3)", b"a baseline is a regular file"),
    ],
)  # fmt: skip
def test_an_open_stream_is_written_to_by_its_path(tmp_path: Path, words: str, wanted: bytes) -> None:
    """Pipes of a shell and `/dev/stdout`; a file to which the shell appends keeps what it has."""
    (tmp_path / "arch.yaml").write_text(FAILING)
    (tmp_path / "log").write_text("before\n")
    done = subprocess.run(
        [program("bash"), "-c", f"exec 3>&1; {command()} {words}; wait $!"], cwd=tmp_path, capture_output=True, timeout=60, check=False
    )  # fmt: skip
    assert wanted in done.stdout + done.stderr

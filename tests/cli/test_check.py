"""`archlint check`, as a process."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.systems import FAILING, PASSING
from tests.conftest import ROOT, Run


def test_a_failing_file_is_reported_at_its_line_with_status_1(archlint: Run, failing: Path) -> None:
    done = archlint("check", "arch.yaml")
    assert done.returncode == 1, done.stderr
    assert "arch.yaml:7:" in done.stdout
    assert "SRV001" in done.stdout
    assert "80 ms" in done.stdout
    assert "50 ms" in done.stdout


def test_a_correct_file_passes_with_status_0(archlint: Run, failing: Path) -> None:
    failing.write_text(PASSING)
    done = archlint("check", "arch.yaml")
    assert done.returncode == 0, done.stdout


def test_json_has_the_promised_keys(archlint: Run, failing: Path) -> None:
    done = archlint("check", "arch.yaml", "--output-format", "json")
    report = json.loads(done.stdout)
    assert report["version"] == 1
    finding = next(f for f in report["findings"] if f["rule"] == "SRV001")
    assert finding["at"] == "models.ranker.service_time"
    assert (finding["file"], finding["line"]) == ("arch.yaml", 7)
    assert {"name", "severity", "certainty", "column", "message", "terms", "related", "cures", "fingerprint"} <= set(
        finding
    )
    assert {"findings", "undecided", "summary"} <= set(report)


def test_several_outputs_in_one_run(archlint: Run, failing: Path) -> None:
    done = archlint("check", "arch.yaml", "--output", "text", "--output", "json:out.json")
    assert "SRV001" in done.stdout
    assert json.loads((failing.parent / "out.json").read_text())["version"] == 1


def test_select_and_ignore(archlint: Run, failing: Path) -> None:
    assert archlint("check", "--select", "REL", "arch.yaml").returncode == 0
    assert archlint("check", "--ignore", "online-bigsize", "arch.yaml").returncode == 0
    assert archlint("check", "--select", "SRV001", "arch.yaml").returncode == 1


def test_an_unknown_rule_is_a_wrong_call(archlint: Run, failing: Path) -> None:
    done = archlint("check", "--select", "SRV01", "arch.yaml")
    assert done.returncode == 2
    assert "did you mean `SRV0" in done.stderr


def test_fail_on_and_exit_zero(archlint: Run, failing: Path) -> None:
    failing.write_text(PASSING.replace("    logs_to: [log]\n", "    logs_to: none\n").replace("  log: {kind: log-store}\n", ""))
    assert archlint("check", "arch.yaml").returncode == 0
    assert archlint("check", "--fail-on", "info", "arch.yaml").returncode == 1
    assert archlint("check", "--fail-on", "info", "--exit-zero", "arch.yaml").returncode == 0


def test_standard_input_goes_by_its_name(archlint: Run) -> None:
    done = archlint("check", "-", "--stdin-filename", "teams/arch.yaml", stdin=FAILING)
    assert done.returncode == 1
    assert "teams/arch.yaml:7:" in done.stdout


def test_a_folder_is_searched_and_other_yaml_is_counted(archlint: Run, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.yaml").write_text(FAILING)
    (tmp_path / "ci.yml").write_text("on: push\n")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "two.yaml").write_text(FAILING)
    (tmp_path / ".gitignore").write_text("old/\n")
    done = archlint("check")
    assert "a/one.yaml:7:" in done.stdout
    assert "two.yaml" not in done.stdout
    assert archlint("check", ".", "--exclude", "a/").returncode == 2


def test_nothing_to_check_is_status_2(archlint: Run, tmp_path: Path) -> None:
    (tmp_path / "ci.yml").write_text("on: push\n")
    done = archlint("check")
    assert done.returncode == 2
    assert "nothing to check" in done.stderr
    assert "1 other" in done.stderr


def test_an_unreadable_file_is_status_2_and_the_others_are_checked(archlint: Run, failing: Path) -> None:
    (failing.parent / "broken.yaml").write_text("archlint: 1\ncomponents: [\n")
    done = archlint("check", "broken.yaml", "arch.yaml")
    assert done.returncode == 2
    assert "broken.yaml:" in done.stdout + done.stderr
    assert "SRV001" in done.stdout


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00\x01\x02", b"\xff\xfea\x00", b"[" * 200_000, b"{" * 200_000, "é".encode("latin-1"), b"- " * 100_000,
     b"a: &a [*a]\n", b"%YAML 9.9\n---\n", b"\xef\xbb\xbf", b"x: !!python/object:os.system {}\n"],
    ids=["empty", "binary", "short-utf16", "brackets", "braces", "latin1", "dashes", "self-alias", "yaml9", "bom", "tag"],
)  # fmt: skip
def test_what_is_no_architecture_ends_in_one_line_and_status_2(archlint: Run, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.yaml").write_bytes(data)
    done = archlint("check", "x.yaml")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr + done.stdout
    assert "x.yaml" in done.stdout + done.stderr


def test_colour_only_where_asked(archlint: Run, failing: Path) -> None:
    assert "\033[" not in archlint("check", "arch.yaml").stdout
    assert "\033[" in archlint("check", "arch.yaml", "--color", "always").stdout
    assert "\033[" in archlint("check", "arch.yaml", env={"FORCE_COLOR": "1"}).stdout
    assert "\033[" not in archlint("check", "arch.yaml", env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).stdout


def test_undecided_names_the_key(archlint: Run, failing: Path) -> None:
    failing.write_text(FAILING.replace(", service_time: 80ms", ""))
    done = archlint("check", "arch.yaml", "--undecided")
    assert done.returncode == 0
    assert "models.ranker.service_time" in done.stdout


def test_an_included_file_is_part_of_its_system_only(archlint: Run, tmp_path: Path) -> None:
    head, models = (
        FAILING.split("models:\n", maxsplit=1)[0],
        "models:\n  ranker: {service_time: 80ms, version: 1.0.0, registry: store}\n",
    )
    rest = "components:\n" + FAILING.split("components:\n")[1]
    (tmp_path / "arch.yaml").write_text(head + "include: [models.yaml]\n" + rest)
    (tmp_path / "models.yaml").write_text("archlint: 1\n" + models)
    done = archlint("check", "--output-format", "json")
    report = json.loads(done.stdout)
    assert {(f["file"], f["line"]) for f in report["findings"] if f["rule"] == "SRV001"} == {("models.yaml", 3)}
    assert not [f for f in report["findings"] if f["rule"].startswith("DOC")]


def test_a_broken_pipe_is_quiet(archlint: Run, failing: Path) -> None:
    import subprocess

    from tests.conftest import command

    script = f'"{command()}" check arch.yaml | head -1'
    done = subprocess.run(
        ["sh", "-c", script], cwd=failing.parent, capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in done.stderr


def test_the_examples_are_as_their_committed_output_says(archlint: Run) -> None:
    for path in sorted((ROOT / "examples" / "failing").glob("*.yaml")):
        done = archlint("check", str(path.relative_to(ROOT)), cwd=ROOT)
        assert done.returncode == 1, path
        assert done.stdout == path.with_suffix(".txt").read_text(), path


def test_circles_of_links_and_impossible_names_are_unreadable(archlint: Run, tmp_path: Path) -> None:
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    for name in ("loop.yaml", "loop.yaml/below.yaml", "a" * 5000, "missing.yaml"):
        done = archlint("check", name)
        assert done.returncode == 2, name[:40]
        assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.skipif(os.name == "nt", reason="permissions of another kind: run it on Linux or macOS")
def test_an_unreadable_folder_is_reported_and_the_others_are_checked(
    archlint: Run, failing: Path, bound_by_permissions: list[str]
) -> None:
    closed = failing.parent / "closed"
    closed.mkdir(0)
    try:
        done = archlint("check", under=bound_by_permissions)
    finally:
        closed.chmod(0o755)
    assert (done.returncode, "closed: cannot be read" in done.stdout + done.stderr) == (2, True), done.stderr
    assert "SRV001" in done.stdout


def test_two_outputs_cannot_go_to_one_place(archlint: Run, failing: Path) -> None:
    for words in (["--output", "json", "--output", "text"], ["--output", "json:o", "--output", "text:o"]):
        done = archlint("check", "arch.yaml", *words)
        assert done.returncode == 2
        assert "two outputs" in done.stderr


def test_an_empty_path_is_a_wrong_call(archlint: Run, failing: Path) -> None:
    for words in ((), ("-o", "concise")):
        assert "a path is empty" in archlint("check", "", *words).stderr


def test_one_wrong_configuration_keeps_only_its_own_files_from_being_checked(archlint: Run, failing: Path) -> None:
    (failing.parent / "other").mkdir()
    (failing.parent / "other" / "archlint.toml").write_text("selct = []\n")
    (failing.parent / "other" / "arch.yaml").write_text(FAILING)
    done = archlint("check")
    assert done.returncode == 2
    assert "did you mean `select`" in done.stdout
    assert "arch.yaml:7:" in done.stdout

"""The files of a baseline: standard input, damaged and merged baselines, links, permissions, files without their key."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.compare.frozen import NAME, edit, flat
from tests.compare.old_repository import old_system
from tests.conftest import Run


def test_standard_input_under_a_name_is_held_against_its_entries(archlint: Run, old: Path) -> None:
    done = archlint("check", "--stdin-filename", "arch.yaml", "-", stdin=old_system("recommender"))
    assert done.returncode == 1
    assert "11 findings in the baseline." in done.stdout


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "archlint-baseline.jsonl:1: the baseline is empty"),
        ("{}\n", "archlint-baseline.jsonl:1: no baseline: it does not start with"),
        ("[1, 2]\n", "archlint-baseline.jsonl:1: no baseline"),
        ('{"archlint-baseline": 2}\n', "a baseline of version 2; this archlint reads version 1"),
        ('{"archlint-baseline": 1}\n{"file": "arch.yaml"}\n', "archlint-baseline.jsonl:2: no entry of a baseline"),
        ('{"archlint-baseline": 1}\nnonsense\n', "archlint-baseline.jsonl:2: no line of a baseline\n"),
        (
            '{"archlint-baseline": 1}\n<<<<<<< HEAD\n=======\n>>>>>>> other\n',
            "archlint-baseline.jsonl:2: the baseline has a merge conflict",
        ),
        (
            '{"archlint-baseline": 1}\n{"file": "a", "rule": "REL001", "path": ["components", "a"], "fingerprint": "12"}\n',
            "archlint-baseline.jsonl:2: the entry of REL001 does not fit together",
        ),
        ("[" * 100_000, "archlint-baseline.jsonl:1: no line of a baseline"),
        ("\x00\x01\x02", "archlint-baseline.jsonl:1: no line of a baseline"),
    ],
)
def test_a_damaged_baseline_is_refused_and_never_overwritten(
    archlint: Run, old: Path, text: str, told: str
) -> None:
    (old.parent / NAME).write_text(text)
    for words in (("check", "-o", "text", "-o", "json:report.json"), ("baseline",), ("baseline", "--update")):
        done = archlint(*words)
        said = done.stdout + done.stderr
        assert (done.returncode, told in said, "Traceback" in said) == (2, True, False), said
    assert (old.parent / NAME).read_text() == text
    report = json.loads((old.parent / "report.json").read_text())
    assert [(error["file"], error["line"]) for error in report["errors"]] == [(NAME, int(told.split(":")[1]) if NAME in told else 1)]
    assert report["findings"] == []


def test_a_damaged_baseline_leaves_the_files_of_another_one_checked(archlint: Run, old: Path) -> None:
    other = old.parent / "other"
    other.mkdir()
    (other / "archlint.toml").write_text("")
    (other / "arch.yaml").write_text(old.read_text())
    assert archlint("baseline").returncode == 0
    (other / NAME).write_text("<<<<<<< HEAD\n")
    done = archlint("check", "-o", "text", "-o", "json:report.json")
    report = json.loads((old.parent / "report.json").read_text())
    assert (done.returncode, [file["root"] for file in report["files"]]) == (2, ["arch.yaml"]), done.stderr


def test_a_merge_of_two_branches_reads_as_both(archlint: Run, old: Path) -> None:
    file = old.parent / NAME
    head, *rows = file.read_text().splitlines(keepends=True)
    file.write_text(head + "".join(rows[20:]) + head + "".join(reversed(rows[:25])))
    assert archlint("check").returncode == 0
    archlint("baseline", "--update")
    assert file.read_text() == head + "".join(rows)


def test_wrong_calls_say_what_to_do(archlint: Run, old: Path, tmp_path: Path) -> None:
    for words, told in (
        (("check", "--baseline", "none.jsonl"), "none.jsonl: there is no such baseline"),
        (("check", "--baseline", "."), ".: is a folder"),
        (("check", "--baseline", NAME, "--no-baseline"), "contradict each other"),
        (("baseline", "--update", "-o", "none.jsonl"), "none.jsonl: there is no such baseline to update"),
        (("baseline", "-o", "missing/none.jsonl"), "missing/none.jsonl: cannot be written"),
        (("baseline", "nothing.yaml"), "nothing.yaml: no such file"),
        (("baseline", "-o", "arch.yaml"), "arch.yaml:1: no line of a baseline"),
    ):
        done = archlint(*words)
        assert (done.returncode, told in done.stdout + done.stderr) == (2, True), (words, done.stdout, done.stderr)
    assert old.read_text() == old_system()


def test_a_wrong_key_of_the_configuration_is_reported_with_its_line(archlint: Run, old: Path) -> None:
    for text, told in (
        ("baseline = 3\n", "archlint.toml:1:12: `baseline` needs the path of a file, but has the number 3"),
        ('baseline-strict = "yes"\n', "archlint.toml:1:19: `baseline-strict` needs true or false"),
        ('baselin = "x"\n', "did you mean `baseline`?"),
    ):
        (old.parent / "archlint.toml").write_text(text)
        done = archlint("check")
        assert (done.returncode, told in done.stdout + done.stderr) == (2, True), done.stdout + done.stderr


CALLS = """\
archlint: 1
system: shop
workloads:
  home: {from: page, rate: 10/s, models: [m], waits: true, slo: {latency: {p95: 300ms}}}
models:
  m: {service_time: {p50: 5ms, p99: 9ms}}
components:
  page: {kind: client, calls: [{to: api, timeout: 1s}]}
  api: {kind: service, calls: [a, b, c]}
  a: {kind: model-server, serves: [m]}
  b: {kind: service}
  c: {kind: service}
  d: {kind: service}
"""


def test_a_baseline_names_each_place_of_what_the_check_reports_as_one_finding(archlint: Run, tmp_path: Path) -> None:
    path, config = tmp_path / "arch.yaml", tmp_path / "archlint.toml"
    path.write_text(CALLS)
    config.write_text('select = ["REL003"]\n')
    assert "Found 1 warning in 1 file" in archlint("check").stdout
    assert archlint("baseline").stderr == f"wrote {NAME}: 1 finding (3 entries) new\n"
    edit(path, "[a, b, c]", "[a, b, c, d]")
    config.write_text('select = ["REL003"]\nbaseline-strict = true\n')
    assert "it may only shrink, and 1 finding would be added" in archlint("baseline").stderr
    config.write_text('select = ["REL003"]\n')
    assert archlint("baseline").stderr == f"wrote {NAME}: 1 finding new, 1 finding (3 entries) known\n"
    edit(path, "[a, b, c, d]", "[a]")
    assert archlint("baseline", "--update").stderr == f"wrote {NAME}: 1 finding known, 3 entries removed\n"


@pytest.mark.parametrize("text", [old_system().replace("archlint: 1", "archlnt: 1"), "- a list\n", "{{ no yaml }\n"], ids=["misspelt", "list", "no-yaml"])
def test_a_frozen_file_without_its_key_is_not_skipped_silently(archlint: Run, old: Path, text: str) -> None:
    told = f"arch.yaml: has no key `archlint` at the top, but {NAME} holds 40 findings of it"
    before = (old.parent / NAME).read_bytes()
    old.write_text(text)
    alone = archlint("check")
    assert (alone.returncode, told in flat(alone)) == (2, True), flat(alone)
    assert f"restore the key: `archlint: 1`; if the file no longer describes a system, delete {NAME}" in flat(alone)
    old.with_name("other.yaml").write_text(old_system(servers=2).replace("system: shop", "system: other"))
    for words in (("check",), ("check", "--baseline-strict"), ("check", "--baseline", NAME)):
        done = archlint(*words)
        assert (done.returncode, told in flat(done)) == (2, True), (words, flat(done))
    assert archlint("check", "other.yaml").returncode == 1, "what was not searched is not missed"
    assert told not in flat(archlint("check", "--no-baseline"))
    assert told not in flat(archlint("check", "--exclude", "arch.yaml"))
    updated = archlint("baseline", "--update")
    assert (updated.returncode, f"{told}; no baseline is written" in flat(updated)) == (2, True)
    assert (old.parent / NAME).read_bytes() == before
    assert archlint("baseline").stderr.endswith(" new, 40 entries removed\n")
    assert archlint("check").returncode == 0


def test_a_frozen_file_that_another_one_includes_by_now_is_read(archlint: Run, old: Path) -> None:
    head, models, rest = old.read_text().partition("models:\n")
    whole = old.with_name("whole.yaml")
    whole.write_text(f"{head}include: [arch.yaml]\n")
    old.write_text(models + rest)
    done = archlint("check")
    assert done.returncode != 2, done.stdout + done.stderr
    assert "has no key" not in done.stdout


def test_a_frozen_file_is_missed_in_the_folder_that_is_searched_only(archlint: Run, old: Path) -> None:
    team = old.parent / "team"
    team.mkdir()
    (team / "arch.yaml").write_text(old_system(servers=1))
    archlint("baseline")
    old.write_text(old.read_text().replace("archlint: 1", "archlnt: 1"))
    assert archlint("check", "team").returncode == 0
    done = archlint("check", str(old.parent), cwd=team)
    assert (done.returncode, f"{old}: has no key `archlint`" in flat(done)) == (2, True), flat(done)


def test_a_baseline_of_another_version_can_be_replaced_as_its_hint_says(archlint: Run, old: Path) -> None:
    (old.parent / NAME).write_text('{"archlint-baseline": 2}\n')
    hint = "hint: update archlint; or remove the file and freeze today's findings with `archlint baseline`"
    assert hint in flat(archlint("check"))
    (old.parent / NAME).unlink()
    assert archlint("baseline").returncode == 0
    assert archlint("check").returncode == 0


def test_a_baseline_that_is_a_folder_or_a_broken_link_is_reported(archlint: Run, old: Path) -> None:
    (old.parent / NAME).unlink()
    (old.parent / NAME).mkdir()
    for words in (("check",), ("baseline",), ("baseline", "--update")):
        done = archlint(*words)
        said = done.stdout + done.stderr
        assert (done.returncode, f"{NAME}: is a folder, and a baseline is a file" in said) == (2, True), said
        assert "hint: name another file, or move the folder away" in said
    assert archlint("check", "--no-baseline").returncode == 1
    (old.parent / NAME).rmdir()
    (old.parent / NAME).symlink_to("nowhere.jsonl")
    done = archlint("check")
    assert (done.returncode, f"{NAME}: there is no such baseline" in done.stdout) == (2, True), done.stdout
    assert archlint("baseline").returncode == 0
    assert (old.parent / "nowhere.jsonl").is_file()
    assert archlint("check").returncode == 0


def test_a_baseline_behind_a_link_is_written_where_it_stands(archlint: Run, old: Path) -> None:
    kept = old.parent / "quality" / "known.jsonl"
    kept.parent.mkdir()
    (old.parent / NAME).rename(kept)
    (old.parent / NAME).symlink_to(Path("quality", "known.jsonl"))
    edit(old, "server-3", "ranking")
    assert archlint("baseline", "--update").stderr == f"wrote {NAME}: 11 findings (40 entries) known\n"
    assert (old.parent / NAME).is_symlink()
    assert '"ranking"' in kept.read_text()
    assert [path.name for path in kept.parent.iterdir()] == ["known.jsonl"]
    assert archlint("check").returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="permissions of another kind: run it on Linux or macOS")
def test_missing_permissions_are_reported_with_a_hint_that_fits(
    archlint: Run, old: Path, bound_by_permissions: list[str]
) -> None:
    for name, said in ((NAME, NAME), ("arch.yaml", "arch.yaml"), ("archlint.toml", "archlint.toml")):
        (old.parent / name).chmod(0)
        done = archlint("check", "arch.yaml", under=bound_by_permissions)
        told = flat(done)
        assert (done.returncode, f"{said}: cannot be read: Permission denied" in told) == (2, True), told
        assert "hint: check its permissions" in told
        (old.parent / name).chmod(0o644)
    (old.parent / "out.json").touch(0o444)
    (old.parent / "closed").mkdir(0o555)
    for words in (("check", "-o", "json:out.json"), ("check", "-o", "json:closed/out.json"), ("render", "-o", "closed/a.svg"),
                  ("baseline", "-o", "closed/known.jsonl"), ("init", "closed/new.yaml")):  # fmt: skip
        done = archlint(*words, under=bound_by_permissions)
        assert (done.returncode, "cannot be written: Permission denied" in done.stderr) == (2, True), done.stderr
        assert "hint: let it be written, or name another file" in done.stderr


def test_an_error_about_the_file_names_another_one_and_not_the_same_command(archlint: Run, old: Path) -> None:
    """What the hints of `check` advise, a call of `archlint baseline` has just tried."""
    (old.parent / "vast.jsonl").touch()
    os.truncate(old.parent / "vast.jsonl", 100_000_001)
    for target in (os.devnull, "vast.jsonl"):
        done = archlint("baseline", "-o", target)
        assert done.returncode == 2 and f"error: {target}: " in done.stderr, done.stderr
        assert "hint: name another file: -o archlint-baseline.jsonl" in done.stderr
        assert "`archlint baseline`" not in done.stderr and "--no-baseline" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full: run it on Linux")
def test_a_full_disk_is_no_matter_of_the_name(archlint: Run, old: Path) -> None:
    for words in (("check", "-o", "json:/dev/full"), ("diff", "arch.yaml", "arch.yaml", "-o", "json:/dev/full"),
                  ("render", "-f", "svg", "-o", "/dev/full")):  # fmt: skip
        done = archlint(*words)
        told = flat(done)
        assert (done.returncode, "No space left on device" in told) == (2, True), told
        assert "hint: make room, or name a file elsewhere" in told

"""The baseline and the diff as a library."""

from __future__ import annotations

from pathlib import Path

import pytest

import archlint
from archlint.api import check_targets
from archlint.compare.baseline import freeze
from archlint.compare.entries import Baseline, BaselineError, read_baseline, write_baseline
from archlint.compare.facts import DiffError
from archlint.compare.git import Revision
from archlint.differ import diff_paths
from archlint.linter import BASELINE, Options
from tests.compare.old_repository import commit, git, old_system


def test_a_check_heeds_the_baseline_beside_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "arch.yaml"
    path.write_text(old_system(servers=2))
    (tmp_path / "archlint.toml").write_text("")
    report = check_targets([tmp_path], Options(signatures=True))
    write_baseline(tmp_path / BASELINE, freeze(Baseline(tmp_path / BASELINE), report.files).entries)
    known = archlint.check(path)
    assert known.findings == ()
    assert [one.finding for one in known.files[0].baselined] == list(report.files[0].findings)
    assert [use.spent for use in known.baselines] == [0]
    assert archlint.check(old_system(servers=2)).findings, "a text has no file that a baseline could know"


def test_a_name_that_is_not_unicode_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "arch-\udcff.yaml"
    try:
        path.write_text(old_system(servers=1))
    except (OSError, UnicodeEncodeError):
        pytest.skip("needs a file system that allows any bytes in names: run it on Linux")
    file = tmp_path / BASELINE
    report = check_targets([tmp_path], Options(signatures=True))
    write_baseline(file, freeze(Baseline(file), report.files).entries)
    assert {entry.file for entry in read_baseline(file).entries} == {"arch-\udcff.yaml"}


def test_writing_leaves_nothing_behind(tmp_path: Path) -> None:
    write_baseline(tmp_path / "b.jsonl", ())
    assert [path.name for path in tmp_path.iterdir()] == ["b.jsonl"]
    assert read_baseline(tmp_path / "b.jsonl").entries == ()
    with pytest.raises(BaselineError, match="cannot be written"):
        write_baseline(tmp_path / "b.jsonl" / "c.jsonl", ())


def test_a_difference_is_a_value(tmp_path: Path) -> None:
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(old_system(servers=2))
    new.write_text(old_system(servers=2).replace("server-1", "ranking"))
    (system,) = diff_paths(old, new, Options()).systems
    assert [(part.state, part.was, part.name) for part in system.parts] == [("renamed", "server-1", "ranking")]
    assert (system.found, system.healed) == ((), ())


def test_files_of_a_revision_are_read_from_its_objects(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a b.yaml").write_text("archlint: 1\n")
    (tmp_path / "ü.yaml").write_text("archlint: 1\n# ü\n", encoding="utf-8")
    commit(tmp_path)
    (tmp_path / "a b.yaml").unlink()
    at = Revision("HEAD", tmp_path)
    top = tmp_path.resolve()
    assert set(at.blobs) == {top / "a b.yaml", top / "ü.yaml"}
    at.fetch(at.blobs)
    assert at.read_bytes(top / "a b.yaml") == b"archlint: 1\n"
    assert at.document(top / "ü.yaml").name == "HEAD:ü.yaml"
    with pytest.raises(DiffError, match="is not a revision"):
        Revision("--upload-pack=x", tmp_path)

"""Runs over time, in SQLite and in PostgreSQL, and the table of all systems."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from archlint import check
from archlint.cli.app import run_app
from archlint.errors import UsageError
from archlint.serve.runs import Runs, place_of, record
from kit.testing.servers import postgres_url
from tests.cli.systems import FAILING, PASSING
from tests.serve.conftest import SHOP
from tests.serve.running import Running

__all__ = ["postgres_url"]
pytestmark = pytest.mark.xdist_group("serve")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    (folder / ".git").mkdir(parents=True)
    (folder / "deploy").mkdir()
    return folder


def kept_over_time(url: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Record two runs, as CI does on different days and machines, and read them."""
    file = project / "deploy" / "arch.yaml"
    file.write_text(FAILING)
    monkeypatch.setenv("GITHUB_SHA", "0a1b2c")
    first = check(file)
    assert record(url, first) == 1
    file.write_text(PASSING)
    monkeypatch.delenv("GITHUB_SHA")
    monkeypatch.chdir(project)
    assert record(url, check("deploy/arch.yaml")) == 1             # the same file, by another name
    runs = Runs(url)
    try:
        one, two = runs.of("shop", "deploy/arch.yaml")
        assert runs.of("shop", "other.yaml") == []
    finally:
        runs.close()
    assert one.errors + one.warnings + one.infos == len(first.findings) > 0
    assert (one.revision, two.revision, one.source) == ("0a1b2c", "", "check")
    assert (two.errors, two.warnings) == (0, 0)
    assert one.at <= two.at


def test_runs_are_kept_in_sqlite(project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'runs.sqlite'}"
    kept_over_time(url, project, monkeypatch)
    runs = Runs(url)
    assert len(runs.of("shop", "deploy/arch.yaml")) == 2
    runs.close()


def test_runs_are_kept_in_postgresql(project: Path, monkeypatch: pytest.MonkeyPatch, postgres_url: str) -> None:
    kept_over_time(postgres_url, project, monkeypatch)
    plain = postgres_url.replace("+psycopg", "")
    runs = Runs(plain)
    assert len(runs.of("shop", "deploy/arch.yaml")) == 2
    runs.close()


def test_check_records_after_its_report(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = project / "arch.yaml"
    file.write_text(FAILING)
    url = f"sqlite:///{tmp_path / 'runs.sqlite'}"
    assert run_app(["check", str(file), "--record", url]) == 1
    printed = capsys.readouterr().out
    assert run_app(["check", str(file)]) == 1
    assert capsys.readouterr().out == printed
    runs = Runs(url)
    assert len(runs.of("shop", "arch.yaml")) == 1
    runs.close()


@pytest.mark.parametrize("url", ["runs.sqlite", "mysql://host/x", "postgresql://user:hidden@127.0.0.1:1/x", "sqlite:////nowhere/x.sqlite", "://"])
def test_a_database_that_cannot_be_used_is_one_error_without_its_password(project: Path, url: str) -> None:
    file = project / "arch.yaml"
    file.write_text(PASSING)
    with pytest.raises(UsageError) as raised:
        run_app(["check", str(file), "--record", url])
    assert "hidden" not in raised.value.full_text
    assert raised.value.hint


def test_names_that_no_database_takes_are_kept_in_a_form_that_it_does(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'runs.sqlite'}"
    text = 'archlint: 1\nsystem: "a\\0b\'; drop table archlint_runs; --"\ncomponents: {api: {kind: service}}\n'
    (tmp_path / "it's.yaml").write_text(text)
    assert record(url, check(tmp_path / "it's.yaml")) == 1
    runs = Runs(url)
    assert [run.file for run in runs.of(*place_of(str(tmp_path / "it's.yaml")))] == ["it's.yaml"]
    runs.close()


def test_a_check_without_record_loads_no_database(project: Path) -> None:
    (project / "arch.yaml").write_text(PASSING)
    code = "import sys; from archlint.cli.app import run_app; run_app(sys.argv[1:]); print('sqlalchemy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, "check", "-q", "--color", "never", str(project / "arch.yaml")], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


def test_the_table_has_each_system_with_its_objectives_and_the_runs_of_its_saves(server: Running) -> None:
    before = {row["file"]: row for row in server.call("GET", "/systems").json["systems"]}
    assert before["waits.yaml"]["state"] == "failing"
    assert before["shop.yaml"]["objectives"] == [{"workload": "search", "stated": ["p99 ≤ 200 ms"]}]
    file = server.folder / "trend.yaml"
    file.write_text(SHOP)
    version = server.call("GET", "/files/trend.yaml").headers["etag"]
    for replicas in (3, 4):
        saved = server.call("PUT", "/files/trend.yaml", {"text": SHOP.replace("replicas: 2", f"replicas: {replicas}")}, {"If-Match": version})
        version = saved.headers["etag"]
    for _ in range(600):
        rows = {row["file"]: row for row in server.call("GET", "/systems").json["systems"]}
        if len(rows["trend.yaml"]["trend"]) == 2:
            break
    assert [run["source"] for run in rows["trend.yaml"]["trend"]] == ["serve", "serve"]
    file.unlink()

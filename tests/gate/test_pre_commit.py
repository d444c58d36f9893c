"""The hook of `.pre-commit-hooks.yaml`: installed by pre-commit from this checkout, and run by real commits."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.compare.old_repository import commit, git, old_system
from tests.conftest import ROOT, command
from tests.tools import program

pytestmark = pytest.mark.xdist_group("gate")
PASSING = """\
archlint: 1
system: shop
workloads:
  search: {from: page, rate: 5/s, models: [ranker], waits: true, inputs: on-request, slo: {latency: {p95: 300ms}}}
models:
  ranker: {artifact: 20MB, service_time: {p50: 5ms, p99: 20ms}, version: '3.1', registry: store}
components:
  page: {kind: client, calls: [{to: balancer, timeout: 1s}]}
  balancer: {kind: load-balancer, replicas: 2, zones: [a, b], calls: [{to: server, timeout: 1s}]}
  server: {kind: model-server, serves: [ranker], replicas: 2, zones: [a, b], hardware: {memory: 4GB}, logs_to: [predictions], monitored_by: [watch], loads: [store]}
  store: {kind: model-registry, uses: mlflow}
  predictions: {kind: log-store, uses: elasticsearch}
  watch: {kind: monitoring, uses: prometheus}
owner: {team: search, contact: search@example.org, runbook: docs/runbook.md}
"""
FAILING = PASSING.replace("calls: [{to: balancer, timeout: 1s}]", "calls: [balancr]")


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout in a repository with one commit, which pre-commit can clone."""
    program("git")
    if not (ROOT / ".git").exists():
        pytest.skip("this folder is no git repository: clone it with git to test the hook")
    folder = tmp_path_factory.mktemp("hooks") / "archlint"
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    git(folder, "init", "-q")
    commit(folder, "the checkout")
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder for pre-commit's environments."""
    return tmp_path_factory.mktemp("pre-commit")


def pre_commit(folder: Path, home: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", *words], cwd=folder, env=_environment(home), capture_output=True, text=True,
        timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def committed(folder: Path, home: Path) -> tuple[int, str]:
    """Commit everything, as a person does; return the status and the output."""
    git(folder, "add", "-A")
    words = ["git", "-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false", "commit", "-m", "change"]
    done = subprocess.run(words, cwd=folder, env=_environment(home), capture_output=True, text=True, timeout=600, check=False)
    return done.returncode, done.stdout + done.stderr


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PYTHONPATH", "SKIP"))}
    return {**kept, "PRE_COMMIT_HOME": str(home)}


@pytest.fixture
def repository(tmp_path: Path, hooks: Path, home: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    git(folder, "init", "-q")
    rev = git(hooks, "rev-parse", "HEAD").strip()
    config = f"repos:\n  - repo: {hooks.as_posix()}\n    rev: {rev}\n    hooks:\n      - id: archlint\n      - id: archlint-baseline\n"
    (folder / ".pre-commit-config.yaml").write_text(config)
    pre_commit(folder, home, "install")
    return folder


def test_a_failing_file_is_refused_and_a_passing_one_is_committed(repository: Path, home: Path) -> None:
    (repository / "arch.yaml").write_text(FAILING)
    status, said = committed(repository, home)
    assert status != 0
    assert "error[DOC001]" in said, said
    assert "arch.yaml:8:" in said
    assert "did you mean `balancer`?" in said
    assert git(repository, "rev-list", "--all") == ""
    (repository / "arch.yaml").write_text(PASSING)
    status, said = committed(repository, home)
    assert status == 0, said
    assert "Passed" in said
    assert git(repository, "show", "--name-only", "--format=", "HEAD").split() == [".pre-commit-config.yaml", "arch.yaml"]


def test_a_repository_without_an_architecture_may_commit(repository: Path, home: Path) -> None:
    status, said = committed(repository, home)
    assert (status, "Passed" in said) == (0, True), said
    (repository / "values.yaml").write_text("key: value\n")
    assert committed(repository, home)[0] == 0


def test_files_that_others_include_are_checked_with_them(
    repository: Path, home: Path
) -> None:
    head, _, below = PASSING.partition("models:\n  ranker")
    models, _, rest = below.partition("components:\n")
    (repository / "arch.yaml").write_text(f"{head}include: [models.yaml]\ncomponents:\n{rest}")
    (repository / "models.yaml").write_text(f"models:\n  ranker{models}")
    assert committed(repository, home)[0] == 0
    (repository / "models.yaml").write_text(f"models:\n  ranker{models.replace('artifact', 'artefact')}")
    status, said = committed(repository, home)
    assert status != 0
    assert "models.yaml:2:" in said


def test_a_commit_that_only_deletes_a_file_is_checked(repository: Path, home: Path) -> None:
    head, _, below = PASSING.partition("models:\n  ranker")
    models, _, rest = below.partition("components:\n")
    (repository / "arch.yaml").write_text(f"{head}include: [models.yaml]\ncomponents:\n{rest}")
    (repository / "models.yaml").write_text(f"models:\n  ranker{models}")
    assert committed(repository, home)[0] == 0
    (repository / "models.yaml").unlink()
    status, said = committed(repository, home)
    assert status != 0
    assert "error[DOC013]" in said and "models.yaml" in said, said


def test_the_baseline_shrinks_with_the_commit_that_deletes_a_system(repository: Path, home: Path) -> None:
    (repository / "arch.yaml").write_text(PASSING)
    (repository / "old.yaml").write_text(old_system(servers=2))
    subprocess.run([command(), "baseline"], cwd=repository, check=True, timeout=60)
    assert committed(repository, home)[0] == 0
    (repository / "old.yaml").unlink()
    status, said = committed(repository, home)
    assert status != 0
    assert "files were modified by this hook" in said and "removed" in said, said
    assert "old.yaml" not in (repository / "archlint-baseline.jsonl").read_text()
    assert committed(repository, home)[0] == 0


def test_the_manifest_is_what_pre_commit_takes(home: Path) -> None:
    assert "InvalidManifest" not in pre_commit(ROOT, home, "validate-manifest", ".pre-commit-hooks.yaml")

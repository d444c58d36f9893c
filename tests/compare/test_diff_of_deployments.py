"""`archlint diff --git` and `archlint diff` of folders, on the files that deploy a system."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlint.api import check_targets
from archlint.compare.difference import Difference
from archlint.compare.facts import DiffError
from archlint.compare.git import Revision
from archlint.config import Config
from archlint.differ import diff_git, diff_paths
from archlint.linter import Options
from archlint.revisions import deployed_at
from archlint.targets import Configs
from tests.compare.old_repository import commit, git
from tests.importers.importing import write_files

COMPOSE = """
    services:
      web:
        image: acme/web
        env_file: settings/web
      api:
        build: api
        deploy: {replicas: 2}
"""
FILES = {"compose.yaml": COMPOSE, "settings/web": "API_URL=http://api:8000\n", "api/Dockerfile": "FROM vllm/vllm-openai\n"}
ARCH = "archlint: 1\nsystem: shop\ncomponents:\n  web: {kind: service, calls: [api]}\n  api: {kind: model-server}\n"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a Compose file and its side files, committed."""
    folder = tmp_path / "shop"
    write_files(folder, FILES)
    git(folder, "init", "-q")
    commit(folder)
    monkeypatch.chdir(folder)
    return folder


def changes(difference: Difference) -> list[tuple[str, str, str]]:
    assert not difference.errors
    return [(one.section, one.name, one.state) for system in difference.systems for one in system.parts]


@pytest.mark.parametrize("targets", [(), (Path(),), (Path("compose.yaml"),)])
def test_a_revision_is_read_with_its_side_files(shop: Path, targets: tuple[Path, ...]) -> None:
    assert diff_git("HEAD", targets, Options()).is_empty
    (shop / "settings/web").write_text("OTHER=1\n")
    (shop / "compose.yaml").write_text((shop / "compose.yaml").read_text().replace("replicas: 2", "replicas: 3"))
    found = diff_git("HEAD", targets, Options())
    assert {("components", "api", "changed"), ("relations", "web calls api", "removed")} < set(changes(found))
    (system,) = found.systems
    (relation,) = [one for one in system.parts if one.section == "relations"]
    assert (system.old, system.new) == ("HEAD:compose.yaml", "compose.yaml")
    assert relation.location is not None
    assert (relation.location.file, relation.location.line) == ("HEAD:compose.yaml", 3)
    assert "archlint-" not in repr(found), "no path of a temporary folder"


def test_a_renamed_deployment_file_is_the_same_system(shop: Path) -> None:
    git(shop, "mv", "compose.yaml", "docker-compose.yml")
    assert diff_git("HEAD", (), Options()).is_empty


def test_deployment_files_that_one_side_does_not_have(shop: Path) -> None:
    before = git(shop, "rev-parse", "HEAD").strip()
    (shop / "compose.yaml").unlink()
    assert ("components", "api", "removed") in changes(diff_git("HEAD", (), Options()))
    git(shop, "rm", "-q", "--cached", "compose.yaml")
    commit(shop)
    write_files(shop, FILES)
    assert ("components", "api", "added") in changes(diff_git("HEAD", (), Options()))
    assert diff_git(before, (), Options()).is_empty
    (shop / "compose.yaml").unlink()
    with pytest.raises(DiffError, match=r"nothing to compare in compose\.yaml"):
        diff_git("HEAD", (Path("compose.yaml"),), Options())


def test_an_architecture_file_is_compared_with_the_deployment_before_it(shop: Path) -> None:
    (shop / "arch.yaml").write_text(ARCH)
    found = diff_git("HEAD", (), Options())
    assert ("components", "api", "changed") in changes(found)
    assert ("components", "web", "added") not in changes(found)


def test_folders_with_an_architecture_and_with_manifests_are_compared(shop: Path, tmp_path: Path) -> None:
    other = tmp_path / "described"
    other.mkdir()
    (other / "arch.yaml").write_text(ARCH)
    assert ("components", "web", "changed") in changes(diff_paths(other, shop, Options()))
    assert ("components", "web", "changed") in changes(diff_paths(shop, other, Options()))


def test_the_search_of_a_revision_leaves_out_what_a_search_of_the_folder_leaves_out(shop: Path) -> None:
    write_files(shop, {"examples/compose.yaml": COMPOSE, ".hidden/compose.yaml": COMPOSE,
                       "node_modules/x/compose.yaml": COMPOSE})  # fmt: skip
    commit(shop)
    configs = Configs(Options(exclude=("examples/",)), Config(shop))
    source = deployed_at(Revision("HEAD", shop), (Path(),), configs)
    assert source is not None
    assert {Path(one.name) for one in [source.document]} == {Path("HEAD:compose.yaml")}
    assert source.draft is not None
    assert set(source.draft.components) == {"web", "api"}


def test_a_missing_file_beside_a_folder_is_an_error_and_the_folder_is_checked(shop: Path) -> None:
    for missing in (Path("none.yaml"), Path("none")):
        report = check_targets([Path(), missing], Options())
        assert [error.message for error in report.errors] == [f"{missing}: no such file"]
        assert "compose.yaml" in report.files[0].sources


def test_a_deployment_file_and_a_folder_are_one_system(shop: Path, tmp_path: Path) -> None:
    (more,) = write_files(tmp_path, {"more/compose.yaml": "services:\n  db: {image: 'postgres:16'}\n"})
    (report,) = check_targets([Path(), more], Options()).files
    assert set(map(Path, report.imported)) >= {Path("compose.yaml"), more}


def test_a_file_that_is_not_text_is_reported_once(shop: Path) -> None:
    (shop / "model.bin").write_bytes(b"\xff\xfe\xfa" * 10)
    report = check_targets([Path("model.bin"), Path()], Options())
    assert len(report.errors) == 1
    assert report.errors[0].message.startswith("model.bin: ")
    assert report.files[0].imported

"""`archlint diff`, as a process: files, folders, and real git repositories."""

from __future__ import annotations

import json
import os
from pathlib import Path

import jsonschema
import pytest

from tests.compare.old_repository import commit, git, old_system
from tests.conftest import ROOT, Run

SHOP = (ROOT / "examples" / "passing" / "video-recommendations.yaml").read_text(encoding="utf-8")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one system, committed."""
    git(tmp_path, "init", "-q")
    path = tmp_path / "arch.yaml"
    path.write_text(old_system())
    commit(tmp_path)
    return path


def test_two_files_that_say_the_same_do_not_differ(archlint: Run, tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text(SHOP)
    (tmp_path / "new.yaml").write_text("# another comment\n" + SHOP.replace("1s}", "1000ms}"))
    done = archlint("diff", "old.yaml", "new.yaml", "--exit-code")
    assert (done.returncode, done.stdout) == (0, "No difference between old.yaml and new.yaml.\n")


def test_the_whole_story_of_a_change(archlint: Run, repository: Path) -> None:
    text = old_system("recommender").replace("server-5", "ranking").replace("\n    hardware: {memory: 2GB}", "")
    repository.write_text(text.replace("  store:", "  cache: {kind: cache, uses: redis}\n  store:"))
    done = archlint("diff", "--git", "HEAD", "--output", "json", "--exit-code")
    assert done.returncode == 1
    (system,) = json.loads(done.stdout)["systems"]
    parts = {(part["section"], part["state"], part["name"]) for part in system["parts"]}
    assert parts == {
        ("workloads", "added", "load-recommender"), ("models", "added", "recommender"),
        ("components", "changed", "server-3"), ("components", "changed", "server-0"),
        ("components", "renamed", "ranking"), ("components", "added", "cache"),
    }  # fmt: skip
    renamed = next(part for part in system["parts"] if part["state"] == "renamed")
    assert (renamed["was"], renamed["evidence"]) == ("server-5", "model-server, 2 of 2 relations the same")
    changes = {part["name"]: part["changes"] for part in system["parts"] if part["state"] == "changed"}
    assert changes["server-0"] == [{"fact": "hardware.memory", "old": "2 GB", "new": None}]
    assert changes["server-3"] == [{"fact": "serves", "old": "model-3", "new": "model-3, recommender"}]
    assert {(one["rule"], one["at"]) for one in system["found"]} == {
        ("SRV002", "components.server-3.serves"), ("DOC015", "components.cache"),
    }  # fmt: skip
    assert (system["healed"], system["unchanged"]) == ([], 11)
    worked_out = {(one["subject"], one["fact"]): one["new"] for one in system["derived"]}
    assert worked_out["workloads.load-recommender", "serving mode of recommender"] == "online"
    assert worked_out["components.server-3", "lost with it"].startswith("load-3, load-recommender (")


def test_text_and_markdown_tell_the_same(archlint: Run, repository: Path) -> None:
    repository.write_text(old_system("recommender").replace("replicas: 1\n    serves: [model-2]", "replicas: 3\n    zones: [a, b]\n    serves: [model-2]"))
    done = archlint("diff", "--git", "HEAD", "--output", "text", "--output", "markdown:diff.md")
    assert "~ component server-2 (model-server)" in done.stdout
    assert "      replicas: 1 -> 3\n      zones: added (a, b)\n" in done.stdout
    assert "error[SRV002] all-in-one" in done.stdout
    assert done.stdout.endswith("1 system changed between HEAD and the work tree: 2 new findings and 1 resolved.\n")
    page = (repository.parent / "diff.md").read_text()
    assert "1 system changed; **2 new findings**, 1 resolved, 10 unchanged." in page
    assert "| changed | component server-2 (model-server) | replicas: 1 -&gt; 3<br>zones: added (a, b) |" in page
    assert '["<b>server-2</b><br/>model-server<br/>replicas 1 → 3<br/>+ zones a, b' in page
    assert "  class server_2 changed\n" in page


def test_the_gate_for_new_findings(archlint: Run, repository: Path) -> None:
    assert archlint("diff", "--git", "HEAD", "--fail-on-new", "info").returncode == 0
    repository.write_text(old_system().replace("mlflow", "nobody-knows-it"))
    assert archlint("diff", "--git", "HEAD").returncode == 0
    assert archlint("diff", "--git", "HEAD", "--fail-on-new", "warning").returncode == 0
    assert archlint("diff", "--git", "HEAD", "--fail-on-new", "info").returncode == 1
    repository.write_text(old_system("recommender"))
    assert archlint("diff", "--git", "HEAD", "--fail-on-new", "error").returncode == 1


def test_a_revision_is_read_with_its_includes_and_the_work_tree_is_left_alone(archlint: Run, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "parts").mkdir()
    main = "archlint: 1\nsystem: shop\ninclude: [parts/models.yaml]\ncomponents:\n  page: {kind: client, calls: [api]}\n  api: {kind: service, serves: [ranker]}\n"
    (tmp_path / "arch.yaml").write_text(main)
    (tmp_path / "parts" / "models.yaml").write_text("models:\n  ranker: {artifact: 20MB}\n")
    commit(tmp_path)
    (tmp_path / "parts" / "models.yaml").unlink()
    (tmp_path / "all-models.yaml").write_text("models:\n  ranker: {artifact: 0.03GB}\n")
    (tmp_path / "arch.yaml").write_text(main.replace("parts/models.yaml", "all-models.yaml"))
    before = git(tmp_path, "status", "--porcelain")
    done = archlint("diff", "--git", "HEAD", "arch.yaml", "--output", "json")
    assert done.returncode == 0, done.stderr
    (system,) = json.loads(done.stdout)["systems"]
    assert [(part["name"], part["changes"]) for part in system["parts"]] == [
        ("ranker", [{"fact": "artifact", "old": "20 MB", "new": "30 MB"}])
    ]
    assert (system["old"], system["new"]) == ("HEAD:arch.yaml", "arch.yaml")
    assert git(tmp_path, "status", "--porcelain") == before


def test_an_include_that_a_revision_does_not_have_is_a_finding_there(archlint: Run, repository: Path) -> None:
    repository.write_text("include: [../outside.yaml, none.yaml]\n" + old_system())
    commit(repository.parent)
    repository.write_text(old_system())
    done = archlint("diff", "--git", "HEAD", "--output", "json")
    (system,) = json.loads(done.stdout)["systems"]
    assert {one["rule"] for one in system["healed"]} == {"DOC013"}
    assert system["notes"] == ["HEAD:arch.yaml could be read only in part: the rest is not compared"]


def test_files_come_go_and_move(archlint: Run, repository: Path) -> None:
    folder = repository.parent
    for name in ("one", "two", "three"):
        (folder / f"{name}.yaml").write_text(old_system(servers=1).replace("system: shop", f"system: {name}"))
    commit(folder)
    (folder / "one.yaml").rename(folder / "moved.yaml")
    (folder / "two.yaml").unlink()
    (folder / "four.yaml").write_text("archlint: 1\nsystem: four\ncomponents: {page: {kind: client}}\n")
    (folder / "other.yaml").write_text("key: value\n")
    done = archlint("diff", "--git", "HEAD", "--output", "json")
    report = json.loads(done.stdout)
    assert {(one["system"], one["old"], one["new"]) for one in report["systems"]} == {
        ("four", "", "four.yaml"), ("two", "HEAD:two.yaml", ""),
    }  # fmt: skip
    assert report["same"] == 3
    text = archlint("diff", "--git", "HEAD").stdout
    assert "four (four.yaml) is new" in text
    assert "two (HEAD:two.yaml) is gone" in text
    assert "~ system" not in text, "a file that has come or gone has not changed"
    gone = archlint("diff", "--git", "HEAD", "two.yaml")
    assert (gone.returncode, "two (HEAD:two.yaml) is gone" in gone.stdout) == (0, True)


def test_a_file_and_its_system_may_change_their_names_at_once(archlint: Run, repository: Path) -> None:
    text = old_system().replace("system: shop", "system: store").replace("server-1:", "ranker:").replace("to: server-1,", "to: ranker,")
    repository.unlink()
    (repository.parent / "store.yaml").write_text(text)
    (repository.parent / "new.yaml").write_text("archlint: 1\nsystem: new\ncomponents: {page: {kind: client}}\n")
    report = json.loads(archlint("diff", "--git", "HEAD", "--output", "json").stdout)
    assert {(one["old"], one["new"]) for one in report["systems"]} == {("HEAD:arch.yaml", "store.yaml"), ("", "new.yaml")}
    moved = next(one for one in report["systems"] if one["old"])
    assert (moved["found"], moved["healed"]) == ([], [])


def test_of_files_that_are_equally_alike_none_was_moved(archlint: Run, repository: Path) -> None:
    repository.unlink()
    for name in ("one", "two"):
        (repository.parent / f"{name}.yaml").write_text(old_system().replace("system: shop", f"system: {name}"))
    report = json.loads(archlint("diff", "--git", "HEAD", "--output", "json").stdout)
    assert {(one["old"], one["new"]) for one in report["systems"]} == {
        ("HEAD:arch.yaml", ""), ("", "one.yaml"), ("", "two.yaml"),
    }  # fmt: skip


def test_a_folder_below_and_a_revision_further_back(archlint: Run, repository: Path) -> None:
    team = repository.parent / "teams" / "a"
    team.mkdir(parents=True)
    (team / "arch.yaml").write_text(old_system(servers=2))
    commit(repository.parent)
    git(repository.parent, "tag", "v1")
    (team / "arch.yaml").write_text(old_system(servers=2).replace("timeout: 1s", "timeout: 2s"))
    commit(repository.parent)
    for words, cwd in ((("teams",), repository.parent), ((), team), ((".",), team), (("arch.yaml",), team)):
        done = archlint("diff", "--git", "v1", *words, "--exit-code", cwd=cwd)
        assert (done.returncode, done.stdout.count("timeout: 1 s -> 2 s")) == (1, 2), done.stdout
    assert archlint("diff", "--git", "HEAD", "--exit-code", cwd=team).returncode == 0


def test_two_folders_are_compared_by_their_paths(archlint: Run, tmp_path: Path) -> None:
    for side in ("before", "after"):
        for name in ("a", "b"):
            (tmp_path / side / name).mkdir(parents=True)
            (tmp_path / side / name / "arch.yaml").write_text(old_system(servers=1))
    (tmp_path / "after" / "b" / "arch.yaml").write_text(old_system(servers=1).replace("timeout: 1s", "timeout: 3s"))
    done = archlint("diff", "before", "after")
    assert "timeout: 1 s -> 3 s" in done.stdout
    assert "1 system changed between before and after; 1 system the same" in done.stdout


@pytest.mark.parametrize("name", ["-x", "--output=/tmp/x", "", "a b\nc", "HEAD..HEAD", "no-such-branch", "HEAD~99", "HEAD:arch.yaml"])
def test_what_is_no_revision_is_refused(archlint: Run, repository: Path, name: str) -> None:
    done = archlint("diff", f"--git={name}")
    assert done.returncode == 2
    assert "revision" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_repository_of_another_user_is_refused_with_what_to_do(archlint: Run, repository: Path) -> None:
    done = archlint("diff", "--git", "HEAD", env={"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1", "HOME": str(repository.parent)})
    assert (done.returncode, done.stderr) == (
        2, "error: .: git refuses a repository that another user owns\n"
        f"  hint: if you trust it: git config --global --add safe.directory {repository.parent}\n",
    )  # fmt: skip


def test_wrong_calls_say_what_to_do(archlint: Run, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "arch.yaml").write_text(old_system(servers=1))
    for words, told in (
        (("diff",), "`diff` needs two versions; you named none"),
        (("diff", "arch.yaml"), "`diff` needs two versions; you named one"),
        (("diff", "arch.yaml", "."), ". is a folder, and the other path is not"),
        (("diff", "--git", "HEAD", "none.yaml"), "nothing to compare in none.yaml, neither now nor at HEAD"),
        (("diff", "--git", "HEAD", str(elsewhere)), "no git repository"),
        (("diff", "--git", "HEAD", "arch.yaml", str(elsewhere)), "lies outside the repository"),
        (("diff", "--git", "HEAD", "--output", "yaml"), "there is no format `yaml`"),
        (("diff", "--git", "HEAD", "--output", "json", "--output", "text"), "two outputs go to standard output"),
    ):
        done = archlint(*words)
        assert (done.returncode, told in done.stderr, "Traceback" in done.stderr) == (2, True, False), done.stderr
    no_git = archlint("diff", "--git", "HEAD", env={"PATH": str(elsewhere)})
    assert (no_git.returncode, "git is not installed" in no_git.stderr) == (2, True), no_git.stderr


def test_an_unreadable_file_is_reported_and_the_rest_compared(archlint: Run, repository: Path) -> None:
    other = repository.with_name("other.yaml")
    other.write_text("archlint: 1\ncomponents: {page: {kind: client\n")
    commit(repository.parent)
    other.write_text(old_system(servers=1))
    repository.write_text(old_system().replace("timeout: 1s", "timeout: 4s"))
    done = archlint("diff", "--git", "HEAD")
    assert done.returncode == 2
    assert "error: HEAD:other.yaml:" in done.stdout
    assert "timeout: 1 s -> 4 s" in done.stdout
    assert "is new" not in done.stdout
    both = archlint("diff", "other.yaml", "none.yaml", "--output", "json")
    assert (both.returncode, len(json.loads(both.stdout)["errors"])) == (2, 1)


@pytest.mark.skipif(os.name == "nt", reason="needs a file system with symbolic links: run it on Linux or macOS")
def test_a_link_at_a_revision_is_not_followed(archlint: Run, repository: Path) -> None:
    (repository.parent / "link.yaml").symlink_to("arch.yaml")
    commit(repository.parent)
    done = archlint("diff", "--git", "HEAD", "link.yaml")
    assert done.returncode == 2
    assert "HEAD:link.yaml: a link" in done.stdout
    assert archlint("diff", "--git", "HEAD", "arch.yaml").returncode == 0


def test_what_a_search_leaves_out_today_is_not_gone(archlint: Run, repository: Path) -> None:
    folder = repository.parent
    for name in ("draft", "hidden"):
        (folder / name).mkdir()
        (folder / name / "arch.yaml").write_text(old_system(servers=1))
    commit(folder)
    (folder / ".gitignore").write_text("draft/\n")
    (folder / "archlint.toml").write_text('exclude = ["hidden/"]\n')
    done = archlint("diff", "--git", "HEAD", "--exit-code")
    assert (done.returncode, done.stdout) == (0, "No difference between HEAD and the work tree.\n")


def test_inside_a_hook_the_repository_is_found_all_the_same(archlint: Run, repository: Path) -> None:
    team = repository.parent / "team"
    team.mkdir()
    (team / "arch.yaml").write_text(old_system(servers=1))
    commit(repository.parent)
    done = archlint("diff", "--git", "HEAD", "--exit-code", cwd=team, env={"GIT_DIR": ".git", "GIT_INDEX_FILE": "x"})
    assert done.returncode == 0, done.stderr


def test_json_keeps_to_its_schema(archlint: Run, repository: Path) -> None:
    repository.write_text(old_system("recommender", servers=8))
    schema = json.loads(archlint("schema", "--of", "diff").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    done = archlint("diff", "--git", "HEAD", "--output", "json")
    jsonschema.validate(json.loads(done.stdout), schema)
    kept = ROOT / "docs" / "schema" / "diff.schema.json"
    assert json.loads(kept.read_text(encoding="utf-8")) == schema


def test_no_report_replaces_an_architecture(archlint: Run, repository: Path) -> None:
    text = repository.read_text()
    done = archlint("diff", "--git", "HEAD", "-o", "markdown:arch.yaml")
    assert done.returncode == 2
    assert "arch.yaml is an architecture file: it is not overwritten" in done.stderr
    assert repository.read_text() == text


def test_a_picture_of_what_changed_is_written_by_its_extension(archlint: Run, repository: Path) -> None:
    repository.write_text(old_system().replace("timeout: 1s", "timeout: 4s"))
    done = archlint("diff", "--git", "HEAD", "-o", "diff.svg", "-o", "mmd", "-o", "png:diff.png")
    assert done.returncode == 0, done.stderr
    assert "timeout 1 → 4 s" in repository.with_name("diff.svg").read_text(encoding="utf-8")
    assert repository.with_name("diff.png").read_bytes().startswith(b"\x89PNG")
    assert done.stdout.startswith("---\ntitle: ") and "timeout 1 → 4 s" in done.stdout
    same = archlint("diff", "arch.yaml", "arch.yaml", "-o", "svg")
    assert (same.returncode, "Nothing that is drawn differs." in same.stdout) == (0, True), same.stderr
    other = repository.with_name("other.yaml")
    other.write_text(old_system(servers=1))
    several = archlint("diff", "--git", "HEAD", "-o", "diff.svg")
    assert (several.returncode, "2 systems differ" in several.stderr) == (2, True), several.stderr

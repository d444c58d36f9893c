"""`archlint diff --git` in clones that lack objects, and in repositories with submodules: real git, real remotes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.compare.old_repository import commit, git, old_system
from tests.conftest import Run

SMALL = old_system(servers=1)
ALLOW = ("-c", "protocol.file.allow=always")


def system(name: str, more: str = "") -> str:
    return SMALL.replace("system: shop", f"system: {name}") + more


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A remote with two commits that serves partial clones; each file of the first commit was changed in the second."""
    folder = tmp_path / "origin"
    (folder / "teams").mkdir(parents=True)
    git(folder, "init", "-q")
    git(folder, "config", "uploadpack.allowFilter", "true")
    git(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
    for text in ("notes of old", "notes of today"):
        old = "old" in text
        for i in range(12):
            cache = "" if old else f"  cache-{i}: {{kind: cache, uses: redis}}\n"
            (folder / "teams" / f"team-{i}.yaml").write_text(system(f"team-{i}", cache))
        (folder / "notes.txt").write_text(text)
        (folder / "film.yaml.bin").write_bytes(b"\0" * 100_000 + text.encode())
        commit(folder)
    return folder


def missing(clone: Path, revision: str) -> int:
    """How many objects of a commit the clone does not have."""
    listed = git(clone, "rev-list", "--objects", "--no-walk", "--missing=print", revision)
    return sum(line.startswith("?") for line in listed.splitlines())


@pytest.mark.parametrize("filter", ["blob:none", "tree:0", "blob:limit=50"])
def test_a_partial_clone_is_compared_and_fetches_only_what_is_compared(
    filter: str, archlint: Run, tmp_path: Path, origin: Path
) -> None:
    git(tmp_path, "clone", "-q", f"--filter={filter}", origin.as_uri(), "clone")
    assert missing(tmp_path / "clone", "HEAD~1") > 0
    trace = tmp_path / "trace"
    done = archlint("diff", "--git", "HEAD~1", "--output", "json", cwd=tmp_path / "clone",
                    env={"GIT_TRACE2_EVENT": str(trace)})  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found["systems"]) == 12
    assert all([part["state"] for part in one["parts"]] == ["added"] for one in found["systems"])
    assert missing(tmp_path / "clone", "HEAD~1") == (1 if filter == "blob:limit=50" else 2), "text and film stay away"
    starts = [json.loads(line).get("argv", []) for line in trace.read_text().splitlines() if '"event":"start"' in line]
    assert sum("fetch" in words for words in starts) <= (2 if filter == "tree:0" else 1), "one call for all files"


@pytest.mark.parametrize("filter", ["blob:none", "tree:0"])
def test_a_partial_clone_whose_remote_is_away_says_so(filter: str, archlint: Run, tmp_path: Path, origin: Path) -> None:
    git(tmp_path, "clone", "-q", f"--filter={filter}", origin.as_uri(), "clone")
    shutil.move(origin, tmp_path / "elsewhere")
    done = archlint("diff", "--git", "HEAD~1", cwd=tmp_path / "clone")
    assert done.returncode == 2
    message, hint = done.stderr.strip().splitlines()
    assert "`HEAD~1`" in message and "does not appear to be a git repository" in message, message
    assert "this partial clone lacks the objects: check the connection to its remote" in hint


def test_a_shallow_clone_compares_what_it_has_and_says_how_to_get_more(
    archlint: Run, tmp_path: Path, origin: Path
) -> None:
    git(tmp_path, "clone", "-q", "--depth=1", origin.as_uri(), "clone")
    clone = tmp_path / "clone"
    (clone / "teams" / "team-0.yaml").write_text(system("team-0"))
    done = archlint("diff", "--git", "HEAD", "--output", "json", cwd=clone)
    assert [one["system"] for one in json.loads(done.stdout)["systems"]] == ["team-0"]
    done = archlint("diff", "--git", "HEAD~1", cwd=clone)
    assert done.returncode == 2
    assert "no revision `HEAD~1`" in done.stderr and "git fetch --unshallow" in done.stderr


@pytest.fixture
def superproject(tmp_path: Path) -> Path:
    """A repository with a submodule `libs/search` that has a submodule `deep` of its own."""
    for name in ("deep", "search", "shop"):
        folder = tmp_path / name
        folder.mkdir()
        git(folder, "init", "-q")
        (folder / "arch.yaml").write_text(system(name))
        commit(folder)
    git(tmp_path / "search", *ALLOW, "submodule", "--quiet", "add", "../deep", "deep")
    commit(tmp_path / "search")
    git(tmp_path / "shop", *ALLOW, "submodule", "--quiet", "add", "../search", "libs/search")
    git(tmp_path / "shop", *ALLOW, "submodule", "--quiet", "update", "--init", "--recursive")
    commit(tmp_path / "shop")
    return tmp_path / "shop"


def test_files_of_a_submodule_are_compared_with_its_recorded_commit(archlint: Run, superproject: Path) -> None:
    done = archlint("diff", "--git", "HEAD", "--exit-code", cwd=superproject)
    assert (done.returncode, done.stdout) == (0, "No difference between HEAD and the work tree.\n")
    for folder in ("libs/search", "libs/search/deep"):
        path = superproject / folder / "arch.yaml"
        path.write_text(path.read_text() + "  cache: {kind: cache, uses: redis}\n")
    done = archlint("diff", "--git", "HEAD", "--output", "json", cwd=superproject)
    found = json.loads(done.stdout)
    assert [(one["old"], [part["name"] for part in one["parts"]]) for one in found["systems"]] == [
        ("HEAD:libs/search/arch.yaml", ["cache"]), ("HEAD:libs/search/deep/arch.yaml", ["cache"]),
    ]  # fmt: skip
    assert found["notes"] == []


def test_a_submodule_whose_commit_is_missing_is_named_once_and_none_of_its_files_is_new(
    archlint: Run, tmp_path: Path, superproject: Path
) -> None:
    for number in range(2):                        # the objects that the clone will not have
        (tmp_path / "search" / "arch.yaml").write_text(system("search", f"# {number}\n"))
        (tmp_path / "search" / "more.yaml").write_text(system("more", f"# {number}\n"))
        commit(tmp_path / "search")
        git(superproject / "libs/search", "pull", "-q")
        commit(superproject)
    recorded = git(superproject, "rev-parse", "HEAD~1:libs/search").strip()
    clone = tmp_path / "clone"
    git(tmp_path / "search", "config", "uploadpack.allowAnySHA1InWant", "true")
    git(tmp_path, *ALLOW, "clone", "-q", superproject.as_uri(), str(clone))
    git(clone, "config", "submodule.libs/search.url", (tmp_path / "search").as_uri())
    git(clone, *ALLOW, "submodule", "--quiet", "update", "--init", "--depth=1", "libs/search")
    assert recorded not in git(clone / "libs/search", "rev-list", "--all")
    done = archlint("diff", "--git", "HEAD~1", "--output", "text", "--output", "json:d.json", "--fail-on-new", "info",
                    cwd=clone)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    why = f"submodule libs/search is not compared: the clone does not have the commit {recorded[:10]} of HEAD~1"
    assert " ".join(done.stdout.split()).count(why) == 1
    assert "No difference" in done.stdout
    assert json.loads((clone / "d.json").read_text())["notes"] == [f"{why}; get it with `git -C libs/search fetch --unshallow`"]


def test_a_submodule_that_is_not_checked_out_changes_nothing(archlint: Run, tmp_path: Path, superproject: Path) -> None:
    git(tmp_path, "clone", "-q", str(superproject), "clone")
    done = archlint("diff", "--git", "HEAD", "--exit-code", cwd=tmp_path / "clone")
    assert (done.returncode, done.stdout) == (0, "No difference between HEAD and the work tree.\n")


@pytest.mark.parametrize("change", ["other commit", "new"])
def test_a_submodule_that_changed_but_is_not_checked_out_is_named(
    archlint: Run, tmp_path: Path, superproject: Path, change: str
) -> None:
    name = "libs/search"
    if change == "new":
        name = "libs/deep"
        git(superproject, *ALLOW, "submodule", "--quiet", "add", "../deep", name)
    else:
        (tmp_path / "search" / "more.yaml").write_text(system("more"))
        commit(tmp_path / "search")
        git(superproject / name, "pull", "-q")
    commit(superproject)
    git(tmp_path, "clone", "-q", str(superproject), "clone")
    done = archlint("diff", "--git", "HEAD~1", "--output", "json", cwd=tmp_path / "clone")
    why = f"submodule {name} is not compared: it is not checked out; get it with `git submodule update --init`"
    assert (done.returncode, json.loads(done.stdout)["notes"]) == (0, [why])


def test_where_only_a_submodule_has_systems_the_error_names_it(
    archlint: Run, tmp_path: Path, superproject: Path
) -> None:
    git(superproject, "rm", "-q", "arch.yaml")
    commit(superproject)
    git(tmp_path, "clone", "-q", str(superproject), "clone")
    done = archlint("diff", "--git", "HEAD", cwd=tmp_path / "clone")
    assert done.returncode == 2 and "nothing to compare" in done.stderr
    assert "submodule libs/search is not compared: it is not checked out" in " ".join(done.stderr.split())


def test_a_submodule_that_was_added_is_new(archlint: Run, tmp_path: Path, superproject: Path) -> None:
    git(superproject, *ALLOW, "submodule", "--quiet", "add", "../deep", "libs/deep")
    done = archlint("diff", "--git", "HEAD", "--output", "json", cwd=superproject)
    assert [(one["old"], one["new"]) for one in json.loads(done.stdout)["systems"]] == [("", "libs/deep/arch.yaml")]


@pytest.mark.parametrize("way", ["moved", "removed"])
def test_a_submodule_that_moved_or_went_is_compared_with_what_git_kept(
    archlint: Run, superproject: Path, way: str
) -> None:
    git(superproject, *(("mv", "libs/search", "libs/find") if way == "moved" else ("rm", "-q", "libs/search")))
    done = archlint("diff", "--git", "HEAD", "--output", "json", "--exit-code", cwd=superproject)
    found = json.loads(done.stdout)
    assert found["notes"] == []
    if way == "moved":
        assert (done.returncode, found["systems"]) == (0, [])
    else:
        assert [(one["old"], one["new"]) for one in found["systems"]] == [
            ("HEAD:libs/search/arch.yaml", ""), ("HEAD:libs/search/deep/arch.yaml", ""),
        ]  # fmt: skip


def test_a_revision_belongs_to_the_repository_of_the_current_folder(archlint: Run, superproject: Path) -> None:
    """As in git: for a path in a submodule too, whose own revisions have the same names."""
    inner = superproject / "libs/search"
    (inner / "arch.yaml").write_text(system("search", "  cache: {kind: cache, uses: redis}\n"))
    commit(inner)
    for path in ("libs/search", "libs/search/arch.yaml"):
        done = archlint("diff", "--git", "HEAD", path, "--output", "json", cwd=superproject)
        assert [one["old"] for one in json.loads(done.stdout)["systems"]] == ["HEAD:libs/search/arch.yaml"]
    assert archlint("diff", "--git", "HEAD", "--exit-code", cwd=inner).returncode == 0
    done = archlint("diff", "--git", "HEAD", str(inner), "--exit-code", cwd=superproject.parent)
    assert done.returncode == 0, done.stdout


def test_what_a_sparse_checkout_leaves_out_is_not_gone(archlint: Run, tmp_path: Path, origin: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--no-checkout", "--filter=blob:none", origin.as_uri(), "clone")
    git(clone, "sparse-checkout", "set", "--no-cone", "/teams/team-1.yaml", "/notes.txt")
    git(clone, "checkout", "-q")
    assert [path.name for path in (clone / "teams").iterdir()] == ["team-1.yaml"]
    assert archlint("diff", "--git", "HEAD", "--exit-code", cwd=clone).returncode == 0
    done = archlint("diff", "--git", "HEAD~1", "--output", "json", cwd=clone)
    assert [one["new"] for one in json.loads(done.stdout)["systems"]] == ["teams/team-1.yaml"]
    (clone / "teams" / "team-1.yaml").unlink()
    done = archlint("diff", "--git", "HEAD", "--output", "json", cwd=clone)
    assert [(one["old"], one["new"]) for one in json.loads(done.stdout)["systems"]] == [("HEAD:teams/team-1.yaml", "")]

"""A folder search ignores the same files as git: compared with git itself, and without it."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest

from archlint.source.ignore import IgnoreList
from archlint.source.search import find_files
from tests.tools import program

TREES, BATCHES = 250, 8
PIECES = (
    "a", "b", "ab", "*", "*", "**", "/", "/", "?", "[ab]", "[!a]", "[^b-c]", "[[:alpha:]]", "[[:nope:]]", "[]a]", "[a",
    "\\", "\\*", "\\/", "**/", "/**", "***", "a**", "**b", "é", "-", " ", "*.yaml", ".yaml", "x.yaml", "!", "#",
    "A", "[A-C]", "[!A-C]", "[AB]", "[[:upper:]]", "X.yaml",
)  # fmt: skip
WHOLE = (
    "*", "!*/", "!*.yaml", "*.yaml", "!x.yaml", "a/", "a/**", "!a/x.yaml", "/a", "/*", "!/a", "**/b", "a/**/b", "**",
    "!**/x.yaml", "b/*", "!b/x.yaml", "*/", "x.yaml ", "x.yaml\\ ", "", "#x.yaml", "\\#", "!", "/", "//", "a/**/", "**/",
    "a/x*", "/**/x.yaml", "a*/x.yaml", "x/a**/b", "\ufeffx.yaml", "x.yaml\r", "x\u2028.yaml",
)  # fmt: skip
FOLDERS, FILES = ("a", "b", "ab", "é", "c"), ("x.yaml", "a.yaml", "b.yml", "ab.yaml", "é.yaml", "x.yaml ", "c.txt")


def ignore_file(draw: random.Random) -> str:
    lines = []
    for _ in range(draw.randint(1, 4)):
        if draw.random() < 0.5:
            lines.append(draw.choice(WHOLE))
        else:
            line = "".join(draw.choice(PIECES) for _ in range(draw.randint(1, 5)))
            lines.append(draw.choice(("", "", "!")) + line + draw.choice(("", "", "/")))
    return "\n".join(lines) + draw.choice(("", "\n"))


def plant(draw: random.Random, folder: Path) -> None:
    """Make a tree of a few folders with YAML files, and ignore files in some of them."""
    folders = [folder]
    for _ in range(draw.randint(1, 4)):
        folders.append(draw.choice(folders) / draw.choice(FOLDERS))
    for inner in dict.fromkeys(folders):
        inner.mkdir(parents=True, exist_ok=True)
        for name in draw.sample(FILES, draw.randint(0, 3)):
            (inner / name).write_text("archlint: 1\n")
        if inner == folder or draw.random() < 0.3:
            (inner / ".gitignore").write_text(ignore_file(draw), encoding="utf-8", newline="")


def git(folder: Path, *words: str) -> str:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    done = subprocess.run([program("git"), "-C", str(folder), *words], capture_output=True, check=True, env=environ)
    return os.fsdecode(done.stdout)


def listed_by_git(folder: Path) -> set[str]:
    names = git(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    return {name for name in names if name.endswith((".yaml", ".yml")) and os.path.isfile(folder / name)}


def found(folder: Path) -> set[str]:
    search = find_files(folder, lambda path, is_folder: False)
    return {path.relative_to(folder).as_posix() for path in (*search.files, *search.skipped)}


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository; the user's own git settings are hidden, also from archlint."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    (tmp_path / "home").mkdir()
    git(tmp_path, "init", "-q", "repo")
    return tmp_path / "repo"


@pytest.mark.parametrize("seed", range(BATCHES))
def test_random_ignore_files_mean_what_they_mean_to_git(repository: Path, seed: int) -> None:
    """2,000 trees, a repository for each 250; some files are tracked, also where they are ignored.

    Half of the repositories ignore case, as git does by default on Windows and macOS.
    """
    draw = random.Random(seed)
    if seed % 2:
        git(repository, "config", "core.ignorecase", "true")
    if draw.random() < 0.5:
        write(repository, {".git/info/exclude": ignore_file(draw), "../home/.config/git/ignore": "ab.yaml\n"})
    for number in range(TREES):
        plant(draw, repository / f"t{number}")
    every = sorted(path for path in repository.rglob("*.y*ml") if path.is_file())
    tracked = draw.sample(every, len(every) // 10)
    names = b"\0".join(os.fsencode(path.relative_to(repository)) for path in tracked)
    version = str(draw.choice((2, 3, 4)))
    subprocess.run([program("git"), "-C", str(repository), "-c", f"index.version={version}", "add", "-f",
                    "--pathspec-from-file=-", "--pathspec-file-nul"], input=names, check=True)  # fmt: skip
    ours, theirs = found(repository), listed_by_git(repository)
    assert ours == theirs, sorted(ours ^ theirs)[:5]
    assert len(every) > len(ours) > len(every) // 10   # neither side ignores everything or nothing


@pytest.mark.parametrize(
    "lines", ["*\n!*/\n!*.yaml\n", "sub/**\n!sub/arch.yaml\n", "sub/\n!sub/arch.yaml\n", "sub/*\n!sub/arch.yaml\n"]
)
def test_what_a_negation_brings_back_is_found(repository: Path, lines: str) -> None:
    write(repository, {".gitignore": lines, "arch.yaml": "archlint: 1\n", "sub/arch.yaml": "archlint: 1\n",
                       "sub/other.yml": "archlint: 1\n", "sub/deep/arch.yaml": "archlint: 1\n"})  # fmt: skip
    assert found(repository) == listed_by_git(repository)


def test_a_tracked_file_is_found_whatever_ignores_it(repository: Path) -> None:
    write(repository, {"build/deep/arch.yaml": "archlint: 1\n", "build/deep/other.yaml": "archlint: 1\n"})
    git(repository, "add", ".")
    git(repository, "rm", "-q", "--cached", "build/deep/other.yaml")
    write(repository, {".gitignore": "build/\n*.yaml\n", "build/deep/.gitignore": "!other.yaml\n"})
    assert found(repository) == listed_by_git(repository) == {"build/deep/arch.yaml"}


@pytest.mark.parametrize("words", [
    ("update-index", "--index-version", "4"), ("update-index", "--split-index"), ("update-index", "--untracked-cache"),
])  # fmt: skip
def test_an_index_is_read_in_each_of_its_forms(repository: Path, words: tuple[str, ...]) -> None:
    many = {f"{'x' * (number % 90)}{number}/arch{number}.yaml": "archlint: 1\n" for number in range(300)}
    write(repository, {**many, "long" + "g" * 200 + "/" + "n" * 240 + ".yaml": "archlint: 1\n"})
    git(repository, "add", ".")
    git(repository, *words)
    write(repository, {"later.yaml": "archlint: 1\n", "now.yaml": "archlint: 1\n", ".gitignore": "*.yaml\n"})
    git(repository, "add", "-f", "now.yaml")
    assert found(repository) == listed_by_git(repository)
    assert len(found(repository)) == 302


@pytest.mark.parametrize("rule", ["*.yaml", "y/", "y/deep/", "a.yaml"])
def test_a_file_outside_of_a_sparse_checkout_may_be_tracked(repository: Path, rule: str) -> None:
    """A sparse index names its folder only."""
    files = dict.fromkeys(("x/a.yaml", "y/a.yaml", "y/deep/b.yaml"), "a: 1\n")
    write(repository, {**files, ".gitignore": f"{rule}\n"})
    git(repository, "add", "-f", ".")
    git(repository, "-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-qm", "all")
    git(repository, "sparse-checkout", "init", "--cone", "--sparse-index")
    git(repository, "sparse-checkout", "set", "x")
    assert found(repository) == {"x/a.yaml"}
    write(repository, files)
    assert found(repository) == listed_by_git(repository) == {"x/a.yaml", "y/a.yaml", "y/deep/b.yaml"}


def test_an_entry_that_a_split_index_removes_is_not_tracked(repository: Path) -> None:
    names = [f"build/{number:03}.{end}" for number in range(200) for end in ("yaml", "txt")]
    write(repository, dict.fromkeys(names, "archlint: 1\n"))
    git(repository, "add", ".")
    git(repository, "update-index", "--split-index")
    gone = [*names[:130], *names[200:203], names[-2]]
    git(repository, "rm", "-q", "--cached", *gone)
    write(repository, {".gitignore": "build/\n", "build/000.txt": "changed\n", "build/399.yaml": "archlint: 1\n"})
    git(repository, "add", "-f", "build/399.yaml", "build/198.yaml")
    assert found(repository) == listed_by_git(repository)
    assert 0 < len(found(repository)) < 200
    assert "build/000.yaml" not in found(repository)


def test_the_repository_and_the_index_of_a_hook_count(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`git commit FILE` gives its hooks another index; GIT_DIR names a repository elsewhere."""
    write(repository, {"a.yaml": "archlint: 1\n", "b.yaml": "archlint: 1\n", "sub/c.yaml": "archlint: 1\n"})
    write(repository, {".gitignore": "*.yaml\n"})
    git(repository, "add", "-f", "a.yaml")
    monkeypatch.chdir(repository)
    for name in (".git/next.lock", str(repository / ".git/next.lock")):
        monkeypatch.setenv("GIT_INDEX_FILE", name)
        subprocess.run([program("git"), "add", "-f", "b.yaml"], check=True)
        assert found(repository) == {"b.yaml"}
    git(repository.parent, "init", "-q", "other")
    write(repository.parent / "other", {"a.yaml": "archlint: 1\n", ".gitignore": "*.yaml\n"})
    assert found(repository.parent / "other") == set()
    monkeypatch.delenv("GIT_INDEX_FILE")
    (repository / ".git").rename(repository.parent / "shop.git")
    monkeypatch.setenv("GIT_DIR", "../shop.git")
    monkeypatch.setenv("GIT_WORK_TREE", str(repository))
    assert found(repository) == found(Path()) == {"a.yaml"}
    assert found(repository.parent / "other") == set()


@pytest.mark.parametrize(("condition", "holds"), [
    ("gitdir:~/../", False), ("gitdir:{top}/", True), ("gitdir:{top}/repo/.git", True), ("gitdir:repo/", True), ("gitdir:~/", False),
    ("gitdir:**/REPO/**", False), ("gitdir/i:**/REPO/**", True), ("gitdir:./../repo/", False), ("onbranch:feature/", True),
    ("onbranch:feature", False), ("onbranch:**/a", True), ("hasconfig:remote.*.url:x", False), ("nothing", False),
])  # fmt: skip
def test_an_include_with_a_condition_is_read_where_it_holds(repository: Path, condition: str, holds: bool) -> None:
    git(repository, "symbolic-ref", "HEAD", "refs/heads/feature/a")
    write(repository, {"a.yaml": "archlint: 1\n", "b.yaml": "archlint: 1\n"})
    home = repository.parent / "home"
    said = condition.format(top=repository.parent)
    write(home, {".gitconfig": f'[includeIf "{said}"]\n path = more\n', "more": "[core]\nexcludesFile=~/mine\n", "mine": "a.yaml\n"})
    assert found(repository) == listed_by_git(repository)
    assert ("a.yaml" not in found(repository)) == holds


@pytest.mark.parametrize("setting", ["global", "local", "included", "environment", "case"])
def test_ignore_files_outside_of_the_tree_are_read(
    repository: Path, setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = repository.parent / "home"
    write(repository, {"a.yaml": "archlint: 1\n", "b.yaml": "archlint: 1\n", "C.yaml": "archlint: 1\n"})
    write(home, {"mine": "a.yaml\n"})
    if setting == "global":
        write(home, {".gitconfig": '[core]\n\texcludesFile = "~/mine" ; mine\n'})
    elif setting == "local":
        git(repository, "config", "core.excludesFile", str(home / "mine"))
    elif setting == "included":
        write(home, {".gitconfig": "[include]\n path = more\n", "more": "[Core]\nexcludesfile=~/mine\n"})
    elif setting == "environment":
        for name, value in (("COUNT", "1"), ("KEY_0", "core.excludesFile"), ("VALUE_0", str(home / "mine"))):
            monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
        assert found(repository) == {"b.yaml", "C.yaml"}
        return
    else:
        git(repository, "config", "core.ignoreCase", "true")
        write(repository, {".gitignore": "A.yaml\nsub/\n", ".git/info/exclude": "c.YAML\n"})
    assert found(repository) == listed_by_git(repository)
    assert len(found(repository)) == (1 if setting == "case" else 2)


def test_a_folder_below_and_another_work_tree_are_searched_by_the_same_rules(repository: Path) -> None:
    write(repository, {".gitignore": "/sub/x.yaml\n", "archlint.toml": "", "sub/archlint.toml": "",
                       "sub/x.yaml": "archlint: 1\n", "sub/y.yaml": "archlint: 1\n", "sub/z.yaml": "archlint: 1\n"})  # fmt: skip
    write(repository, {".git/info/exclude": "y.yaml\n"})
    assert found(repository / "sub") == {"z.yaml"}
    git(repository, "add", "-f", ".")
    git(repository, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "first")
    git(repository, "rm", "-q", "--cached", "sub/y.yaml")
    other = repository.parent / "other"
    git(repository, "worktree", "add", "-q", str(other))
    write(other, {"new/y.yaml": "archlint: 1\n", "new/z.yaml": "archlint: 1\n"})
    assert found(other) == listed_by_git(other)
    assert found(other) == {"sub/x.yaml", "sub/y.yaml", "sub/z.yaml", "new/z.yaml"}


def test_a_submodule_has_rules_of_its_own(repository: Path) -> None:
    inner = repository / "vendored" / "inner"
    git(repository, "init", "-q", str(inner))
    write(inner, {".gitignore": "x.yaml\n", "x.yaml": "archlint: 1\n", "y.yaml": "archlint: 1\n"})
    git(inner, "add", ".")
    git(inner, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "first")
    git(repository, "add", "vendored/inner")
    write(repository, {".gitignore": "y.yaml\nvendored/\n", "y.yaml": "archlint: 1\n", "z.yaml": "archlint: 1\n"})
    assert found(repository) == {"vendored/inner/y.yaml", "z.yaml"}


def test_without_a_repository_ignore_files_are_still_read(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "sub/**\n!sub/arch.yaml\n", "sub/arch.yaml": "archlint: 1\n",
                     "sub/other.yaml": "archlint: 1\n"})  # fmt: skip
    assert found(tmp_path) == {"sub/arch.yaml"}


LINKED = b"DIRC\0\0\0\2\0\0\0\0link" + b"\0\0\1\0" + b"\x11" * 20
"""The start of a split index whose shared part is named by ones."""


@pytest.mark.parametrize(
    "data",
    [
        b"", b"DIRC", b"DIRC\0\0\0\2\0\0\0\x09", b"DIRC" + b"\xff" * 200, b"\0" * 99,
        b"DIRC\0\0\0\2\xff\xff\xff\xff", b"DIRC\0\0\0\4\xff\xff\xff\xff" + b"\0" * 99,
        LINKED + b"\0" * 300, LINKED + b"\0\0\0\0\0\0\0\1" + b"\xff" * 8 + b"\0" * 300,
        LINKED + b"\0\0\0\0\0\0\0\x10" + b"\0\0\0\1\xff\xff\xff\xff" * 16 + b"\0" * 300,
    ],
    ids=range(10),
)  # fmt: skip
def test_a_broken_index_tracks_nothing_and_takes_no_time(tmp_path: Path, data: bytes) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / f"sharedindex.{'11' * 20}").write_bytes(data)
    write(tmp_path, {".git/HEAD": "", ".gitignore": "x.yaml\n", "x.yaml": "archlint: 1\n", "y.yaml": "archlint: 1\n"})
    (tmp_path / ".git" / "index").write_bytes(data)
    assert found(tmp_path) == {"y.yaml"}


@pytest.mark.parametrize("pattern", ["*a" * 60 + "b", "**/a" * 40 + "/b", "**/*a*a" * 30 + "b", "[a-z]*" * 60 + "!", "?*" * 60 + "b"])
def test_a_pattern_with_many_stars_takes_no_time(pattern: str) -> None:
    """A matcher that backtracks over each star would take longer than the age of the universe."""
    rules = IgnoreList.read(pattern.encode())
    assert rules.decide(b"a" * 250, False) is None
    assert rules.decide(b"/".join([b"aaa"] * 120), False) is None

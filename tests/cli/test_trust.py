"""Python in a checked repository runs only with the user's consent, whichever command reads the repository."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Run
from tests.packs.help import RULE, rule
from tests.tools import program

SYSTEM = "archlint: 1\ncomponents:\n  api: {kind: model-server, serves: [m]}\nmodels: {m: {}}\n"
CODE = """
    from pathlib import Path
    import msgspec
    from archlint.verdicts import Hit

    Path("ran").touch()

    class Params(msgspec.Struct, frozen=True):
        most: float = 4

    def check(system, params):
        yield Hit(next(iter(system.components.values())).place(), "the code of the pack ran")
"""
OWN = RULE.replace("nobody_knows", "./check.py") + "params: {most: {value: 4, unit: count}}\n"
CONFIG = 'packs = ["house"]\nrules.ACME001.params.most = 2\n'
COMMANDS = [
    ("check", "arch.yaml"), ("check", "."), ("check", "-"), ("check", "-o", "json", "arch.yaml"),
    ("baseline", "arch.yaml"), ("baseline", "--update", "arch.yaml"), ("diff", "arch.yaml", "other.yaml"),
    ("diff", "--git", "HEAD"), ("explain", "ACME001"), ("explain", "SRV001"), ("rules",), ("rules", "--json"),
    ("patterns",), ("patterns", "batch"), ("technologies",), ("render", "arch.yaml", "-f", "mmd"),
    ("completion", "bash"), ("schema",), ("init", "new.yaml"), ("reference",),
]  # fmt: skip
READERS = {"check", "baseline", "diff"}                 # they need the rule


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    subprocess.run([program("git"), *identity, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    rule(tmp_path / "house", "ACME001-own-code", OWN, check_py=CODE)
    (tmp_path / "archlint.toml").write_text(CONFIG)
    (tmp_path / "arch.yaml").write_text(SYSTEM)
    (tmp_path / "other.yaml").write_text(SYSTEM.replace("api", "web"))
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "all")
    (tmp_path / "arch.yaml").write_text(SYSTEM + "# changed\n")
    return tmp_path


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_command_runs_code_of_the_repository(archlint: Run, repository: Path, words: tuple[str, ...]) -> None:
    done = archlint(*words, stdin=SYSTEM)
    assert not (repository / "ran").exists()
    if words[0] in READERS:
        assert done.returncode == 2, done.stdout
        said = done.stdout + done.stderr
        assert "house" in said
        assert "--allow-code" in said


@pytest.mark.parametrize("setting", ["", "0", "false", "no", "2"])
def test_the_environment_allows_code_by_a_clear_yes_only(archlint: Run, repository: Path, setting: str) -> None:
    assert archlint("check", "arch.yaml", env={"ARCHLINT_ALLOW_CODE": setting}).returncode == 2
    assert not (repository / "ran").exists()


@pytest.mark.parametrize(
    ("words", "env"),
    [
        (("check", "--allow-code", "arch.yaml"), {}),
        (("check", "arch.yaml"), {"ARCHLINT_ALLOW_CODE": "1"}),
        (("diff", "--allow-code", "other.yaml", "arch.yaml"), {}),
        (("baseline", "--allow-code", "arch.yaml"), {}),
        (("render", "--allow-code", "arch.yaml", "-f", "mmd"), {}),
        (("rules", "--allow-code"), {}),
        (("explain", "--allow-code", "ACME001"), {}),
        (("diff", "--git", "HEAD"), {"ARCHLINT_ALLOW_CODE": "true"}),
    ],
)
def test_with_consent_the_code_runs(
    archlint: Run, repository: Path, words: tuple[str, ...], env: dict[str, str]
) -> None:
    (repository / "other.yaml").write_text(SYSTEM)
    done = archlint(*words, env=env)
    assert done.returncode in {0, 1}, done.stderr
    assert (repository / "ran").exists()


def test_rules_without_python_need_no_consent(archlint: Run, tmp_path: Path) -> None:
    rule(tmp_path / "house", "ACME001-data")
    cel = "params:\n  require: {value: component.kind != 'model-server', unit: text}\n  message: {value: no, unit: text}\n"
    rule(tmp_path / "house", "ACME002-cel", RULE.replace("nobody_knows", "expression") + cel)
    (tmp_path / "archlint.toml").write_text('packs = ["house"]\nselect = ["ACME"]\n')
    (tmp_path / "arch.yaml").write_text(SYSTEM)
    done = archlint("check", "--fail-on", "info", "arch.yaml")
    assert done.returncode == 1, done.stderr
    assert "ACME001" in done.stdout
    assert "ACME002" in done.stdout


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """An installed package with a configuration and a rule in Python, which must not be imported."""
    site = tmp_path / "site"
    rule(site / "acme_rules/rules", "ACME001-own-code", OWN, check_py=CODE)
    (site / "acme_rules/__init__.py").write_text('raise RuntimeError("imported")\n')
    (site / "acme_rules/archlint.toml").write_text('packs = ["rules"]\nselect = ["ACME"]\n')
    info = site / "acme_rules-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-rules\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[archlint.rules]\nmain = acme_rules:rules\n")
    return site


@pytest.mark.parametrize("config", ['packs = ["acme-rules"]\n', 'extend = "acme_rules:archlint.toml"\n'])
def test_what_is_installed_may_run_and_share_its_configuration(
    archlint: Run, installed: Path, tmp_path: Path, config: str
) -> None:
    (tmp_path / "archlint.toml").write_text(config)
    (tmp_path / "arch.yaml").write_text(SYSTEM)
    done = archlint("check", "--fail-on", "info", "arch.yaml", env={"PYTHONPATH": str(installed)})
    assert done.returncode == 1, done.stderr
    assert "the code of the pack ran" in done.stdout


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("acme_rules:none.toml", "the package acme_rules has no file none.toml"),
        ("acme_rules:../secret.toml", "the package acme_rules has no file ../secret.toml"),
        ("acme_rulez:archlint.toml", "the package acme_rulez is not installed"),
        ("acme_rules", "there is no file acme_rules to extend"),
    ],
)
def test_a_shared_configuration_that_is_not_there(
    archlint: Run, installed: Path, tmp_path: Path, target: str, said: str
) -> None:
    (installed / "secret.toml").write_text("")
    (tmp_path / "archlint.toml").write_text(f'extend = "{target}"\n')
    (tmp_path / "arch.yaml").write_text(SYSTEM)
    done = archlint("check", "arch.yaml", env={"PYTHONPATH": str(installed)})
    assert done.returncode == 2
    assert f"archlint.toml:1:10: {said}" in done.stdout + done.stderr


def test_the_current_folder_is_no_place_of_installed_packages(installed: Path, tmp_path: Path) -> None:
    (installed / "archlint.toml").write_text('packs = ["acme-rules"]\n')
    (installed / "arch.yaml").write_text(SYSTEM)
    (installed / "click.py").write_text('raise SystemExit("a library of the checked folder was imported")\n')
    done = subprocess.run(
        [sys.executable, "-m", "archlint", "check", "--quiet", "arch.yaml"], cwd=installed, check=False,
        capture_output=True, text=True, timeout=60, env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    )  # fmt: skip
    assert done.returncode == 2
    said = " ".join((done.stdout + done.stderr).split())
    assert "`acme-rules` is no folder here, and no installed distribution" in said
    assert not (installed / "ran").exists()
    assert ROOT not in installed.parents


AUDIT = """
import os, sys
events = []
def note(event, args):
    if event == "open" and isinstance(args[0], (str, bytes)):
        events.append(("w " if isinstance(args[1], str) and set(args[1]) & set("wax+") else "r ") + os.path.abspath(os.fsdecode(args[0])))
    elif event.partition(".")[0] in {"socket", "subprocess"} or event in {"os.system", "os.exec", "os.posix_spawn", "os.rename", "os.remove"}:
        events.append(event)
sys.addaudithook(note)
from archlint.cli import main
try:
    main()
finally:
    print("EVENTS", *events, sep="\\n")
"""


def test_a_check_reads_and_runs_only_what_security_md_says(tmp_path: Path) -> None:
    folder, home = tmp_path / "shop", tmp_path / "home"
    files = {
        "arch.yaml": "archlint: 1\nsystem: shop\ninclude: [models.yaml]\ncomponents: {page: {kind: client, calls: [x]}}\n",
        "models.yaml": "models: {m: {}}\n", "archlint.toml": "extend = '../base.toml'\n", "../base.toml": "",
        "ci.yaml": "a: 1\n", ".gitignore": "old.yaml\n", "old.yaml": "archlint: 1\n", "notes.txt": "x", "secret.toml": "x = 1\n",
        "../home/.gitconfig": "[core]\nexcludesFile = ~/ignores\n", "../home/ignores": "x.yaml\n", "../home/.netrc": "x",
    }  # fmt: skip
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    subprocess.run([program("git"), "init", "-q", str(folder)], check=True)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    done = subprocess.run(
        [sys.executable, "-c", AUDIT, "check"], cwd=folder, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"},
    )  # fmt: skip
    assert "unknown component `x`" in done.stdout, done.stderr
    events = done.stdout.partition("EVENTS\n")[2].splitlines()
    assert [event for event in events if event[:2] != "r "] == []
    own = {os.path.relpath(event[2:], folder) for event in events if event[2:].startswith(str(tmp_path))}
    git_files = {".git/HEAD", ".git/config", ".git/index", ".git/info/exclude", "../home/.gitconfig", "../home/ignores"}
    assert own <= {"arch.yaml", "models.yaml", "archlint.toml", "../base.toml", "ci.yaml", ".gitignore", *git_files}
    assert {"arch.yaml", "models.yaml", "../base.toml", "../home/ignores"} <= own
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before

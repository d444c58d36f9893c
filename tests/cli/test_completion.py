"""Shell completion, with click's own completion classes and with a real bash."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from click.shell_completion import get_completion_class

from archlint.cli.app import app
from tests.conftest import Run, command

CASES = [
    (["explain"], "SRV00", "SRV001"), (["explain"], "srv00", "SRV001"), (["explain"], "online-b", "online-bigsize"),
    (["rules"], "SR", "SRV"), (["check", "--select"], "SRV001,OP", "SRV001,OPS"), (["check", "--ignore"], "REL001", "REL001"),
    (["patterns"], "predic", "prediction-cache"), (["new"], "web-", "web-single"), (["reference"], "web-", "web-single"),
    (["check", "-o"], "sar", "sarif"), ([], "expl", "explain"),
]  # fmt: skip


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(("words", "start", "expected"), CASES)
def test_names_are_completed(shell: str, words: list[str], start: str, expected: str) -> None:
    kind = get_completion_class(shell)
    assert kind is not None
    found = [item.value for item in kind(app, {}, "archlint", "_ARCHLINT_COMPLETE").get_completions(words, start)]
    assert expected in found


@pytest.mark.skipif(shutil.which("bash") is None, reason="asks bash itself: install it")
@pytest.mark.parametrize(("line", "expected"), [("archlint explain SRV00", "SRV001"), ("archlint patterns predic", "prediction-cache")])
def test_bash_completes_with_the_printed_script(archlint: Run, tmp_path: Path, line: str, expected: str) -> None:
    (tmp_path / "completion.sh").write_text(archlint("completion", "bash").stdout)
    words = line.split()
    script = f"""
        source completion.sh
        COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; COMP_LINE='{line}'; COMP_POINT={len(line)}
        $(complete -p archlint | sed 's/.*-F \\([^ ]*\\).*/\\1/') archlint
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    path = f"{Path(command()).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False, env={**os.environ, "PATH": path})
    assert expected in done.stdout.split(), done.stderr


def test_a_broken_configuration_leaves_the_shipped_rules(archlint: Run, tmp_path: Path) -> None:
    (tmp_path / "archlint.toml").write_text("selct = 1\n")
    done = archlint(env={"_ARCHLINT_COMPLETE": "bash_complete", "COMP_WORDS": "archlint explain SRV00", "COMP_CWORD": "2"})
    assert "SRV001" in done.stdout
    assert done.returncode == 0


def test_rules_are_picked_by_family_prefix_and_name(archlint: Run) -> None:
    def ids(*words: str) -> set[str]:
        return {line.split()[0] for line in archlint("rules", *words).stdout.splitlines() if line[:1].isupper()}

    everything = ids()
    assert ids("srv") == {rule for rule in everything if rule.startswith("SRV")}
    assert ids("SRV00", "online-bigsize") == {rule for rule in everything if rule.startswith("SRV00")}
    assert ids("OPS,REL001") == {rule for rule in everything if rule.startswith("OPS")} | {"REL001"}
    done = archlint("rules", "SVR")
    assert done.returncode == 2
    assert "no rule has the family, id or name `SVR`\n  hint: did you mean `SRV`?" in done.stderr

"""Shell completion, with click's own completion classes and in real shells."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from click.shell_completion import get_completion_class

from archlint.cli.app import app
from archlint.cli.shells import use_own_scripts
from archlint.packs import shipped_packs
from tests.conftest import Run, command

CASES = [
    (["explain"], "SRV00", "SRV001"), (["explain"], "srv00", "SRV001"), (["explain"], "online-b", "online-bigsize"),
    (["rules"], "SR", "SRV"), (["check", "--select"], "SRV001,OP", "SRV001,OPS"), (["check", "--ignore"], "REL001", "REL001"),
    (["patterns"], "predic", "prediction-cache"), (["new"], "web-", "web-single"), (["reference"], "web-", "web-single"),
    (["check", "-o"], "sar", "sarif"), ([], "expl", "explain"), (["render", "-f"], "s", "svg"),
    (["diff", "-o"], "mark", "markdown"), (["check", "--ignore"], "SRV,RE", "SRV,REL"),
]  # fmt: skip


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(("words", "start", "expected"), CASES)
def test_names_are_completed(shell: str, words: list[str], start: str, expected: str) -> None:
    use_own_scripts()
    kind = get_completion_class(shell)
    assert kind is not None
    found = [item.value for item in kind(app, {}, "archlint", "_ARCHLINT_COMPLETE").get_completions(words, start)]
    assert expected in found


LINES = [
    ("archlint explain SRV00", "SRV001"), ("archlint check --ignore SRV,RE", "SRV,REL"),
    ("archlint check --select=SRV001,OP", "SRV001,OPS"), ("archlint render -f sv", "svg"), ("archlint diff -o mark", "markdown"),
]  # fmt: skip
"""What is typed before Tab, and the word that it becomes."""
COMMA = next(pack for pack in shipped_packs() if "," in pack.title)
"""A rule whose title has a comma."""
ZSH = """
    zmodload zsh/zpty
    zpty -b z zsh -f -i
    zpty -w z 'autoload -Uz compinit; compinit -u -d ./dump; source completion; PS1='
    zpty -w z 'ask() { BUFFER="print -r -- \\"<$BUFFER>\\""; zle accept-line }; zle -N ask; bindkey "^G" ask; print rea""dy'
    zpty -r z out '*ready*'
    for line in LINES; do
        zpty -w -n z "$line"$'\\t\\x07'
        zpty -r z out $'*\\n<*>*'
        print -r -- "${${out##*$'\\n'<}%%>*}"
    done
    zpty -d z
"""
"""Types lines into an interactive zsh, each with Tab, and prints what they become."""


def needs(name: str) -> pytest.MarkDecorator:
    """Skip a test without a shell."""
    return pytest.mark.skipif(shutil.which(name) is None, reason=f"asks {name} itself: install it, `apt-get install {name}`")


def shell(name: str, script: str, folder: Path, archlint: Run) -> list[str]:
    """Return the lines that a script prints in a real shell, after the shell has read the completions of archlint."""
    (folder / "completion").write_text(archlint("completion", name).stdout)
    (folder / "picture.svg").write_text("")
    path = f"{Path(command()).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "TERM": "dumb"}
    done = subprocess.run(
        [name, "-c", script], cwd=folder, capture_output=True, text=True, check=False, env=environment, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@needs("bash")
def test_bash_completes_with_the_printed_script(archlint: Run, tmp_path: Path) -> None:
    lines = [*LINES, ("archlint check -o html:pict", "picture.svg")]
    calls = "".join(f"complete_line '{line}'; printf '%s\\n' \"${{COMPREPLY[@]}}\" END\n" for line, _ in lines)
    script = f"""
        source completion
        complete_line() {{
            COMPREPLY=()
            IFS=' ' read -ra COMP_WORDS <<< "$(sed 's/[=:]/ & /g' <<< "$1")"
            COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMP_LINE="$1"; COMP_POINT=${{#1}}
            _archlint_completion archlint
        }}
        {calls}
    """
    answers = "\n".join(shell("bash", script, tmp_path, archlint)).split("\nEND")
    for (line, expected), answer in zip(lines, answers, strict=False):
        assert expected in answer.split(), (line, answers)


@needs("fish")
def test_fish_completes_with_the_printed_script(archlint: Run, tmp_path: Path) -> None:
    asked = [*(line for line, _ in LINES), "archlint render -o pict", f"archlint explain {COMMA.name}"]
    script = "source completion\n" + "".join(f"complete --do-complete '{line}'; echo END\n" for line in asked)
    answers = [part.strip().splitlines() for part in "\n".join(shell("fish", script, tmp_path, archlint)).split("\nEND")]
    for (line, expected), answer in zip(LINES, answers, strict=False):
        option = "--select=" if "--select=" in line else ""
        assert f"{option}{expected}" in [row.split("\t")[0] for row in answer], (line, answer)
    assert "picture.svg" in answers[len(LINES)]
    assert f"{COMMA.name}\t{COMMA.title}" in answers[len(LINES) + 1]


@needs("zsh")
def test_zsh_completes_with_the_printed_script(archlint: Run, tmp_path: Path) -> None:
    becomes = {
        "archlint check --ignore SRV,RE": "archlint check --ignore SRV,REL",
        "archlint check --select=SRV001,OP": "archlint check --select=SRV001,OPS",
        "archlint render -f sv": "archlint render -f svg", "archlint render -o pict": "archlint render -o picture.svg",
    }  # fmt: skip
    lines = shell("zsh", ZSH.replace("LINES", " ".join(f"'{line}'" for line in becomes)), tmp_path, archlint)
    assert [line.strip() for line in lines] == list(becomes.values())


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


@pytest.mark.parametrize("words", [
    ["whatif", "other.yaml", "--set"], ["whatif", "--color", "never", "other.yaml", "--set"],
    ["sweep", "--set", "components.beta.replicas=1..2", "other.yaml", "--set"], ["sensitivity", "other.yaml", "--only"],
])  # fmt: skip
def test_facts_are_completed_from_the_file_that_the_call_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for file, name in (("arch.yaml", "alpha"), ("other.yaml", "beta")):
        (tmp_path / file).write_text(f"archlint: 1\ncomponents: {{{name}: {{kind: service}}}}\n")
    kind = get_completion_class("bash")
    assert kind is not None
    shell = kind(app, {}, "archlint", "_ARCHLINT_COMPLETE")
    assert [item.value for item in shell.get_completions(words, "components.")] == ["components.beta."]
    alone = [words[0], words[-1]]
    assert [item.value for item in shell.get_completions(alone, "components.")] == ["components.alpha."]

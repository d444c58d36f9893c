"""Names from a checked repository: no command lets a CI system or a terminal obey them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.test_check import SICK
from tests.conftest import Run
from tests.packs.help import rule

NAMES = ["\\n::error::pwned"]
COMMANDS = [
    "check arch.yaml", "check --color always arch.yaml", "check -o concise arch.yaml", "check -o markdown arch.yaml", "check -o json arch.yaml",
    "check --undecided --patterns --statistics arch.yaml", "baseline arch.yaml", "diff other.yaml arch.yaml",
    "diff -o markdown other.yaml arch.yaml", "render arch.yaml -f mmd", "render arch.yaml -f d2", "render arch.yaml -f svg",
    "render arch.yaml -o a.svg --path nowhere", "rules", "rules --color always", "explain ACME001", "explain --color always ACME001",
    "explain --markdown ACME001", "technologies",
]  # fmt: skip
COMMAND = re.compile(r"^\s*::(?!:)|##\[|##vso\[", re.MULTILINE)
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202e]")
OURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def hostile(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    name = str(request.param)
    text = SICK.replace("ranker", f'"{name}"').replace("system: shop", f'system: "{name}"').replace("team: search", f'team: "{name}"')
    (tmp_path / "arch.yaml").write_text(text.replace("server:", f'"{name}2":').replace("to: server", f'to: "{name}2"'))
    (tmp_path / "other.yaml").write_text(SICK)
    rule(tmp_path / "house", "ACME001-own", f'title: "{name}"\ncheck: nobody_knows\nseverity: info\nsummary: "{name}"\nwhy: "{name}"\n')
    (tmp_path / "archlint.toml").write_text('packs = ["house"]\n')
    return tmp_path


@pytest.mark.parametrize("hostile", NAMES, indirect=True, ids=range(len(NAMES)))
def test_no_line_is_a_command_and_no_code_reaches_the_terminal(archlint: Run, hostile: Path) -> None:
    for words in COMMANDS:
        done = archlint(*words.split())
        for text in (done.stdout, done.stderr):
            assert not COMMAND.search(text), (words, text)
            assert not CONTROL.search(OURS.sub("", text)), (words, text)
        assert "Traceback" not in done.stderr, words


@pytest.mark.parametrize("hostile", ["\\e[31mred\\e[0m"], indirect=True)
@pytest.mark.parametrize("words", ["check arch.yaml", "rules", "explain ACME001", "diff other.yaml arch.yaml"])
def test_only_colours_of_archlints_own_are_let_through(archlint: Run, hostile: Path, words: str) -> None:
    plain = archlint(*words.split()).stdout
    colored = archlint(*words.split(), "--color", "always").stdout
    assert r"\x1b[31mred" in plain
    assert colored.count(r"\x1b[31mred") == plain.count(r"\x1b[31mred")

"""Names from a checked repository: no command lets a CI system or a terminal execute them.

One system holds all hostile names at once: as names of components, workloads and models, as titles, as values of the
configuration, and as paths. Each command then prints all of them.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Final

import pytest

from tests.cli.systems import FAILING
from tests.conftest import Run
from tests.packs.help import rule

HOSTILE: Final = (
    "\n::error::pwned", "::set-output name=a::pwned", "\r::warning::pwned", "\n##vso[task.complete result=Failed]",
    "##[error]pwned", "\n##[group]pwned", "\x1b[31mpwned\x1b[0m", "\x1b[2Jpwned", "\x9b31mpwned",
    "\x1b]8;;file:///pwned\x1b\\pwned\x1b]8;;\x1b\\", "\x1b]0;pwned\x07", "\u202epwned", "\u2066pwned\u2069",
    "\x85::error::pwned", "\u2028##[error]pwned", "\u2029::error::pwned", "\x08\x08pwned", "\x7fpwned",
    "##teamcity[buildStop comment='pwned']",
)  # fmt: skip
"""Commands of GitHub Actions and Azure Pipelines, codes of terminals, marks that reorder text, and line breaks."""
TEXT: Final = "".join(HOSTILE)
COMMANDS: Final = [
    "check arch.yaml", "check --color always -v --undecided --patterns --statistics arch.yaml",
    "check -o concise arch.yaml", "check -o markdown arch.yaml", "check -o json arch.yaml", "check -o github arch.yaml",
    "check --config bad.toml arch.yaml", "check broken.yaml", "check --select {text} arch.yaml", "check {path}",
    "check -o {text} arch.yaml", "check --show-files .", "baseline arch.yaml -o known.jsonl",
    "diff other.yaml arch.yaml", "diff -o markdown other.yaml arch.yaml",
    "sweep arch.yaml --set system={text},b", "sensitivity arch.yaml --only components", "analyze -v arch.yaml", "analyze -o html arch.yaml", "whatif arch.yaml --set components.server.replicas=9", "whatif arch.yaml --set {text}=9", "render arch.yaml -f mmd",
    "simulate arch.yaml -w {text}", "sweep arch.yaml --set system={text},b -o csv", "simulate busy.yaml --requests 1000 -o csv",
    "import deploy", "import deploy --values {path}", "drift arch.yaml deploy -o github", "drift arch.yaml deploy -o concise",
    "measure model {path}/model.onnx", "measure endpoint http://127.0.0.1:9/{path} --body {path}",
    "render arch.yaml -f svg", "render arch.yaml -f dot", "render arch.yaml -f graphml", "check -o junit arch.yaml",
    "check -o checkstyle arch.yaml", "render arch.yaml -o a.svg --path {text}", "rules", "rules --color always", "rules {text}",
    "explain ACME001", "explain --color always ACME001", "explain --markdown ACME001", "explain {text}",
    "patterns {text}", "reference {text}", "new {text} folder", "init {path}/none", "schema {text}", "{text}",
]  # fmt: skip
SILENT: Final = {"baseline arch.yaml -o known.jsonl", "check -o {text} arch.yaml", "render arch.yaml -o a.svg --path {text}"}
"""Commands that print none of the names."""
COMMAND: Final = re.compile(r"^\s*::(?!:)|##\[|##vso\[|##teamcity\[", re.MULTILINE)
CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
OURS: Final = re.compile(r"\x1b\[[0-9;]*m")
GITHUB: Final = re.compile(r"^::(error|warning|notice|group|endgroup)\b.*?::", re.MULTILINE)
"""The commands that `check -o github` writes intentionally; text from the repository is escaped in them."""


def quoted(text: str) -> str:
    """A text in double quotes, as in YAML."""
    return json.dumps(text)


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """One repository with all of the names; `{text}` and `{path}` of a command are the text and a file of that name."""
    lines = []
    for number, name in enumerate(HOSTILE):
        lines.append(f"  {quoted(f'{name} {number}')}: {{kind: service, description: {quoted(name)}, calls: [server]}}")
    text = FAILING.replace("ranker", quoted(TEXT)).replace("system: shop", f"system: {quoted(TEXT)}")
    text = text.replace("team: search", f"team: {quoted(TEXT)}").replace("  search: {", f"  {quoted(TEXT)}: {{")
    text = text.replace("server:", f"{quoted(TEXT)}:").replace("to: server", f"to: {quoted(TEXT)}")
    more = "\n".join(lines).replace("[server]", f"[{quoted(TEXT)}]") + "\n"
    (tmp_path / "arch.yaml").write_text(text + more)
    (tmp_path / "other.yaml").write_text(FAILING)
    (tmp_path / "busy.yaml").write_text(
        "archlint: 1\nworkloads:\n" + "".join(f"  {quoted(name)}: {{from: page, rate: 5/s}}\n" for name in HOSTILE)
        + "components: {page: {kind: client, calls: [a]}, a: {kind: service, service_time: 5ms, replicas: 1, workers: 1}}\n"
    )
    (tmp_path / "deploy").mkdir()
    services = "".join(f"  {quoted(name)}: {{image: {quoted('acme/' + name)}}}\n" for name in HOSTILE)
    (tmp_path / "deploy" / "compose.yaml").write_text(f"name: {quoted(TEXT)}\nservices:\n{services}")
    (tmp_path / "broken.yaml").write_text(f"archlint: 1\n{quoted(TEXT)}: 1\ncomponents: {{a: {{kind: {quoted(TEXT)}}}}}\n")
    said = quoted(TEXT)
    rule(tmp_path / "house", "ACME001-own",
         f"title: {said}\ncheck: nobody_knows\nseverity: info\nsummary: {said}\nwhat: {said}\nwhy: {said}\nfix: {said}\n"
         f"sources: [{{title: {said}, url: {said}}}]\n")  # fmt: skip
    (tmp_path / "archlint.toml").write_text('packs = ["house"]\n')
    (tmp_path / "bad.toml").write_text(f"{quoted_toml(TEXT)} = 1\nselect = [{quoted_toml(TEXT)}]\nexclude = [{quoted_toml(TEXT)}]\n")
    if os.name != "nt":
        (tmp_path / file_name()).mkdir()
        (tmp_path / file_name() / f"{file_name()}.yaml").write_text(FAILING)
    return tmp_path


def file_name() -> str:
    """The hostile names, without characters that file names cannot have."""
    return TEXT.replace("/", "").replace("name=a", "")[:100]


def quoted_toml(text: str) -> str:
    """A text in double quotes, as in TOML."""
    return '"' + "".join(f"\\u{ord(c):04x}" if not c.isprintable() or c in '"\\' else c for c in text) + '"'


@pytest.mark.parametrize("words", COMMANDS)
def test_no_line_is_a_command_and_no_code_reaches_the_terminal(archlint: Run, hostile: Path, words: str) -> None:
    done = archlint(*(word.format(text=TEXT, path=file_name()) for word in words.split()))
    assert done.returncode in {0, 1, 2}
    assert "Traceback" not in done.stderr
    assert words in SILENT or "pwned" in done.stdout + done.stderr
    for text in (done.stdout, done.stderr):
        shown = GITHUB.sub("", text) if "-o github" in words else text
        assert not COMMAND.search(shown)
        assert not CONTROL.search(OURS.sub("", shown) if "--color" in words else shown)


@pytest.mark.parametrize("words", ["check arch.yaml", "rules", "explain ACME001", "diff other.yaml arch.yaml"])
def test_only_colours_of_archlints_own_are_let_through(archlint: Run, hostile: Path, words: str) -> None:
    plain = archlint(*words.split()).stdout
    colored = archlint(*words.split(), "--color", "always").stdout
    assert r"\x1b[31mpwned" in re.sub(r"\s+", "", plain)
    assert "\x1b[31mpwned" not in re.sub(r"\s+", "", colored)
    assert OURS.search(colored)

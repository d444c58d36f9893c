"""The outputs of `archlint check`: formats, their files, and what they never replace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archlint import __version__
from archlint.report import FORMATS
from tests.cli.systems import FAILING
from tests.conftest import Run


def test_each_format_goes_to_a_file_of_its_own(archlint: Run, failing: Path) -> None:
    words = [word for name in FORMATS for word in ("-o", f"{name}:out.{name}")]
    done = archlint("check", "arch.yaml", *words, "--undecided")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    for name in FORMATS:
        text = (failing.parent / f"out.{name}").read_text(encoding="utf-8")
        assert "SRV001" in text, name
        assert str(failing.parent) not in text, name
    run = json.loads((failing.parent / "out.sarif").read_text())["runs"][0]
    assert run["invocations"] == [{"executionSuccessful": True, "exitCode": 1}]
    assert run["tool"]["driver"]["semanticVersion"] == __version__
    assert len(run["tool"]["driver"]["rules"]) > 30


def test_a_format_and_text_in_one_run(archlint: Run, failing: Path) -> None:
    done = archlint("check", "arch.yaml", "--output", "sarif:archlint.sarif", "--output", "text")
    assert "error[SRV001]" in done.stdout
    assert json.loads((failing.parent / "archlint.sarif").read_text())["version"] == "2.1.0"


@pytest.mark.parametrize("option", ["--output", "-o", "--output-format"])
def test_an_unknown_format_names_the_nearest(archlint: Run, failing: Path, option: str) -> None:
    done = archlint("check", "arch.yaml", option, "sarf")
    assert done.returncode == 2
    assert "there is no format `sarf`\n  hint: did you mean `sarif`?" in done.stderr
    done = archlint("check", "arch.yaml", option, "")
    assert done.returncode == 2
    assert "no format is named\n  hint: formats: text, json, sarif" in done.stderr


def test_a_format_with_an_empty_file_name_is_a_wrong_call(archlint: Run, failing: Path) -> None:
    done = archlint("check", "arch.yaml", "-o", "sarif:")
    assert done.returncode == 2
    assert "write sarif:FILE, or sarif alone" in done.stderr


@pytest.mark.parametrize("file", ["arch.yaml", "./arch.yaml", "sub/../arch.yaml"])
def test_a_report_does_not_replace_what_was_checked(archlint: Run, failing: Path, file: str) -> None:
    (failing.parent / "sub").mkdir()
    done = archlint("check", "arch.yaml", "-o", f"json:{file}")
    assert done.returncode == 2
    assert "this file was checked; a report does not overwrite it" in done.stderr
    assert failing.read_text() == FAILING


def test_two_names_of_one_file_are_one_file(archlint: Run, failing: Path) -> None:
    done = archlint("check", "arch.yaml", "-o", "json:out", "-o", "sarif:./out")
    assert done.returncode == 2
    assert "two outputs go to ./out" in done.stderr or "two outputs go to out" in done.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("archlint check -o sa", ["sarif", "sarif-alerts"]),
        ("archlint check -o ", list(FORMATS)),
        ("archlint check --output-format ma", ["markdown"]),
    ],
)
def test_the_shell_completes_formats(archlint: Run, words: str, expected: list[str]) -> None:
    complete = {"_ARCHLINT_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    done = archlint(env=complete)
    assert done.stdout.split() == [f"plain,{name}" for name in expected]


def test_the_shell_completes_the_file_behind_a_format(archlint: Run, tmp_path: Path) -> None:
    (tmp_path / "out.sarif").touch()
    (tmp_path / "outer").mkdir()
    complete = {"_ARCHLINT_COMPLETE": "fish_complete", "COMP_WORDS": "archlint check -o sarif:ou", "COMP_CWORD": "sarif:ou"}
    done = archlint(env=complete)
    assert done.stdout.split() == ["plain,sarif:out.sarif", "plain,sarif:outer/"]


def test_a_file_in_flow_style_is_found_in_a_folder_as_by_its_name(archlint: Run, tmp_path: Path) -> None:
    (tmp_path / "arch.yaml").write_text('{\n  "system": "shop",\n  "archlint": 1,\n  "workload": {}\n}\n')
    (tmp_path / "chart.yaml").write_text('{{- if .Values.archlint }}\nkind: Pod\n{{- end }}\n')
    named, found = archlint("check", "arch.yaml"), archlint("check", ".")
    assert "arch.yaml:4:" in found.stdout
    assert (found.returncode, found.stdout.splitlines()[0]) == (1, named.stdout.splitlines()[0])
    assert "1 YAML file skipped" in found.stdout


@pytest.fixture
def frozen(archlint: Run, failing: Path) -> Path:
    """A project with a configuration, a baseline, and a part that its architecture includes."""
    head, models = FAILING.split("models:\n", maxsplit=1)
    body, components = models.split("components:\n", maxsplit=1)
    failing.write_text(f"{head}include: [models.part]\ncomponents:\n{components}")
    failing.with_name("models.part").write_text(f"models:\n{body}")
    failing.with_name("archlint.toml").write_text('extend = "base.toml"\n')
    failing.with_name("base.toml").write_text("")
    failing.with_name("other.conf").write_text(FAILING)
    failing.with_name("own.conf").write_text('baseline = "known.jsonl"\n')
    assert archlint("baseline").returncode == 0
    assert archlint("baseline", "-o", "known.jsonl").returncode == 0
    return failing.parent


@pytest.mark.parametrize("linked", [False, True], ids=["itself", "hard link"])
@pytest.mark.parametrize(
    ("name", "told", "words"),
    [
        ("arch.yaml", "was", ()),
        ("models.part", "this file was checked", ()),
        ("archlint.toml", "is the configuration or the baseline", ()),
        ("own.conf", "is the configuration or the baseline", ("--config", "own.conf")),
        ("archlint-baseline.jsonl", "is the configuration or the baseline", ()),
        ("known.jsonl", "is the configuration or the baseline", ("--baseline", "known.jsonl")),
        ("known.jsonl", "is a baseline", ()),
        ("archlint-baseline.jsonl", "is the configuration or the baseline", ("--no-baseline",)),
        ("other.conf", "is an architecture file: it is not overwritten", ()),
    ],
)
def test_no_report_replaces_what_archlint_reads(
    archlint: Run, frozen: Path, name: str, told: str, words: tuple[str, ...], linked: bool
) -> None:
    before = (frozen / name).read_bytes()
    target = name
    if linked:
        (frozen / "report.out").hardlink_to(frozen / name)
        target = "report.out"
    done = archlint("check", *words, "-o", f"json:{target}")
    assert (done.returncode, f"{target}" in done.stderr, told in done.stderr) == (2, True, True), done.stderr
    assert (frozen / name).read_bytes() == before


def test_a_configuration_that_is_extended_is_kept_as_all_toml_and_yaml_is(archlint: Run, frozen: Path) -> None:
    (frozen / "ci.yml").write_text("on: push\n")
    for name in ("base.toml", "ci.yml"):
        before = (frozen / name).read_bytes()
        for words in (("check",), ("diff", "arch.yaml", "arch.yaml")):
            done = archlint(*words, "-o", f"json:{name}")
            assert (done.returncode, f"{name} exists, and it may be an input because it is" in done.stderr) == (2, True), done.stderr
        assert (frozen / name).read_bytes() == before


def test_reports_overwrite_reports(archlint: Run, failing: Path) -> None:
    words = [word for name in FORMATS for word in ("-o", f"{name}:out.{name}")]
    for _ in range(2):
        done = archlint("check", "arch.yaml", *words)
        assert (done.returncode, done.stderr) == (1, "")
    for _ in range(2):
        assert archlint("diff", "arch.yaml", "arch.yaml", "-o", "json:d", "-o", "markdown:e", "-o", "text:f").returncode == 0


def test_a_difference_replaces_neither_configuration_nor_baseline_nor_what_it_compares(
    archlint: Run, frozen: Path
) -> None:
    for number, (name, told) in enumerate((
        ("arch.yaml", "this file was compared"), ("archlint.toml", "is the configuration"),
        ("archlint-baseline.jsonl", "is a baseline"), ("other.conf", "is an architecture file"),
    )):  # fmt: skip
        before = (frozen / name).read_bytes()
        (frozen / f"link{number}").hardlink_to(frozen / name)
        for target in (name, f"link{number}"):
            done = archlint("diff", "arch.yaml", "arch.yaml", "-o", f"json:{target}")
            assert (done.returncode, told in done.stderr) == (2, True), (target, done.stderr)
        assert (frozen / name).read_bytes() == before


def test_a_picture_replaces_neither_configuration_nor_baseline(archlint: Run, frozen: Path) -> None:
    for number, (name, told) in enumerate((
        ("archlint.toml", "is the configuration"), ("archlint-baseline.jsonl", "is a baseline"),
        ("models.part", "is an input file"), ("other.conf", "is an architecture file"),
    )):  # fmt: skip
        before = (frozen / name).read_bytes()
        (frozen / f"link{number}.svg").hardlink_to(frozen / name)
        done = archlint("render", "arch.yaml", "-o", f"link{number}.svg")
        assert (done.returncode, told in done.stderr) == (2, True), (name, done.stderr)
        assert (frozen / name).read_bytes() == before
    for _ in range(2):
        assert archlint("render", "arch.yaml", "-o", "arch.svg").returncode == 0


def test_a_dash_is_standard_output_and_no_file(archlint: Run, failing: Path) -> None:
    assert json.loads(archlint("check", "arch.yaml", "-o", "json:-").stdout)["version"] == 1
    assert "version" in json.loads(archlint("diff", "arch.yaml", "arch.yaml", "-o", "json:-").stdout)
    for words, told in (
        (("check", "arch.yaml", "-o", "json:-", "-o", "text"), "two outputs go to standard output"),
        (("check", "arch.yaml", "-o", "json:-", "-o", "text:-"), "two outputs go to standard output"),
        (("diff", "arch.yaml", "arch.yaml", "-o", "json:-", "-o", "text"), "two outputs go to standard output"),
        (("baseline", "-o", "-"), "a baseline is a file: it is not written to standard output"),
        (("baseline", "--update", "-o", "-"), "a baseline is a file"),
        (("diff", "-", "arch.yaml"), "standard input (`-`) is not compared"),
        (("diff", "arch.yaml", "-"), "standard input (`-`) is not compared"),
        (("diff", "--git", "HEAD", "-"), "standard input (`-`) is not compared"),
    ):
        done = archlint(*words)
        assert (done.returncode, told in done.stderr, done.stdout) == (2, True, ""), (words, done.stderr)
    assert [path.name for path in failing.parent.iterdir()] == ["arch.yaml"]


@pytest.mark.parametrize("output", ["concise", "checkstyle", "sarif-alerts"])
def test_an_option_that_a_format_cannot_show_is_reported(archlint: Run, tmp_path: Path, output: str) -> None:
    (tmp_path / "arch.yaml").write_text(FAILING)
    said = f"note: --undecided has no effect with -o {output}, which lists findings alone; use -o text"
    assert said in archlint("check", "--undecided", "-o", output).stderr
    assert "no effect" not in archlint("check", "--undecided", "-o", output, "-q").stderr
    assert "no effect" not in archlint("check", "--undecided", "-o", "text", "-o", f"{output}:out.txt").stderr

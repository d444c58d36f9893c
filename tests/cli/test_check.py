"""`archlint check`, as a process."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from archlint import __version__
from archlint.report import FORMATS
from tests.conftest import ROOT, Run

FAILING = """\
archlint: 1
system: shop
owner: {team: search, contact: "#search", runbook: run.md}
workloads:
  search: {from: page, rate: 5/s, models: [ranker], waits: true, inputs: on-request, slo: {latency: {p99: 50ms}}}
models:
  ranker: {artifact: 200MB, service_time: 80ms, version: 1.0.0, registry: store}
components:
  page: {kind: client, calls: [{to: lb, timeout: 1s}]}
  lb: {kind: load-balancer, uses: nginx, replicas: 2, zones: [a, b], calls: [{to: server, timeout: 1s}]}
  server:
    kind: model-server
    serves: [ranker]
    replicas: 2
    zones: [a, b]
    logs_to: [log]
    monitored_by: [metrics]
  store: {kind: model-registry, uses: mlflow}
  log: {kind: log-store}
  metrics: {kind: monitoring}
"""
PASSING = FAILING.replace("service_time: 80ms", "service_time: 8ms")


@pytest.fixture
def failing(tmp_path: Path) -> Path:
    path = tmp_path / "arch.yaml"
    path.write_text(FAILING)
    return path


def test_a_failing_file_is_reported_at_its_line_with_status_1(archlint: Run, failing: Path) -> None:
    done = archlint("check", "arch.yaml")
    assert done.returncode == 1, done.stderr
    assert "arch.yaml:7:" in done.stdout
    assert "SRV001" in done.stdout
    assert "80 ms" in done.stdout
    assert "50 ms" in done.stdout


def test_a_correct_file_passes_with_status_0(archlint: Run, failing: Path) -> None:
    failing.write_text(PASSING)
    done = archlint("check", "arch.yaml")
    assert done.returncode == 0, done.stdout


def test_json_has_the_promised_keys(archlint: Run, failing: Path) -> None:
    done = archlint("check", "arch.yaml", "--output-format", "json")
    report = json.loads(done.stdout)
    assert report["version"] == 1
    finding = next(f for f in report["findings"] if f["rule"] == "SRV001")
    assert finding["at"] == "models.ranker.service_time"
    assert (finding["file"], finding["line"]) == ("arch.yaml", 7)
    assert {"name", "severity", "certainty", "column", "message", "terms", "related", "cures", "fingerprint"} <= set(
        finding
    )
    assert {"findings", "undecided", "summary"} <= set(report)


def test_several_outputs_in_one_run(archlint: Run, failing: Path) -> None:
    done = archlint("check", "arch.yaml", "--output", "text", "--output", "json:out.json")
    assert "SRV001" in done.stdout
    assert json.loads((failing.parent / "out.json").read_text())["version"] == 1


def test_select_and_ignore(archlint: Run, failing: Path) -> None:
    assert archlint("check", "--select", "REL", "arch.yaml").returncode == 0
    assert archlint("check", "--ignore", "online-bigsize", "arch.yaml").returncode == 0
    assert archlint("check", "--select", "SRV001", "arch.yaml").returncode == 1


def test_an_unknown_rule_is_a_wrong_call(archlint: Run, failing: Path) -> None:
    done = archlint("check", "--select", "SRV01", "arch.yaml")
    assert done.returncode == 2
    assert "did you mean `SRV0" in done.stderr


def test_fail_on_and_exit_zero(archlint: Run, failing: Path) -> None:
    failing.write_text(PASSING.replace("    logs_to: [log]\n", "    logs_to: none\n").replace("  log: {kind: log-store}\n", ""))
    assert archlint("check", "arch.yaml").returncode == 0
    assert archlint("check", "--fail-on", "info", "arch.yaml").returncode == 1
    assert archlint("check", "--fail-on", "info", "--exit-zero", "arch.yaml").returncode == 0


def test_standard_input_goes_by_its_name(archlint: Run) -> None:
    done = archlint("check", "-", "--stdin-filename", "teams/arch.yaml", stdin=FAILING)
    assert done.returncode == 1
    assert "teams/arch.yaml:7:" in done.stdout


def test_a_folder_is_searched_and_other_yaml_is_counted(archlint: Run, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.yaml").write_text(FAILING)
    (tmp_path / "ci.yml").write_text("on: push\n")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "two.yaml").write_text(FAILING)
    (tmp_path / ".gitignore").write_text("old/\n")
    done = archlint("check")
    assert "a/one.yaml:7:" in done.stdout
    assert "two.yaml" not in done.stdout
    assert archlint("check", ".", "--exclude", "a/").returncode == 2


def test_nothing_to_check_is_status_2(archlint: Run, tmp_path: Path) -> None:
    (tmp_path / "ci.yml").write_text("on: push\n")
    done = archlint("check")
    assert done.returncode == 2
    assert "nothing to check" in done.stderr
    assert "1 other" in done.stderr


def test_an_unreadable_file_is_status_2_and_the_others_are_checked(archlint: Run, failing: Path) -> None:
    (failing.parent / "broken.yaml").write_text("archlint: 1\ncomponents: [\n")
    done = archlint("check", "broken.yaml", "arch.yaml")
    assert done.returncode == 2
    assert "broken.yaml:" in done.stdout + done.stderr
    assert "SRV001" in done.stdout


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00\x01\x02", b"\xff\xfea\x00", b"[" * 200_000, b"{" * 200_000, "é".encode("latin-1"), b"- " * 100_000,
     b"a: &a [*a]\n", b"%YAML 9.9\n---\n", b"\xef\xbb\xbf", b"x: !!python/object:os.system {}\n"],
    ids=["empty", "binary", "short-utf16", "brackets", "braces", "latin1", "dashes", "self-alias", "yaml9", "bom", "tag"],
)  # fmt: skip
def test_what_is_no_architecture_ends_in_one_line_and_status_2(archlint: Run, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.yaml").write_bytes(data)
    done = archlint("check", "x.yaml")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr + done.stdout
    assert "x.yaml" in done.stdout + done.stderr


def test_colour_only_where_asked(archlint: Run, failing: Path) -> None:
    assert "\033[" not in archlint("check", "arch.yaml").stdout
    assert "\033[" in archlint("check", "arch.yaml", "--color", "always").stdout
    assert "\033[" in archlint("check", "arch.yaml", env={"FORCE_COLOR": "1"}).stdout
    assert "\033[" not in archlint("check", "arch.yaml", env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).stdout


def test_undecided_names_the_key(archlint: Run, failing: Path) -> None:
    failing.write_text(FAILING.replace(", service_time: 80ms", ""))
    done = archlint("check", "arch.yaml", "--undecided")
    assert done.returncode == 0
    assert "models.ranker.service_time" in done.stdout


def test_an_included_file_is_part_of_its_system_only(archlint: Run, tmp_path: Path) -> None:
    head, models = (
        FAILING.split("models:\n", maxsplit=1)[0],
        "models:\n  ranker: {service_time: 80ms, version: 1.0.0, registry: store}\n",
    )
    rest = "components:\n" + FAILING.split("components:\n")[1]
    (tmp_path / "arch.yaml").write_text(head + "include: [models.yaml]\n" + rest)
    (tmp_path / "models.yaml").write_text("archlint: 1\n" + models)
    done = archlint("check", "--output-format", "json")
    report = json.loads(done.stdout)
    assert {(f["file"], f["line"]) for f in report["findings"] if f["rule"] == "SRV001"} == {("models.yaml", 3)}
    assert not [f for f in report["findings"] if f["rule"].startswith("DOC")]


def test_a_broken_pipe_is_quiet(archlint: Run, failing: Path) -> None:
    import subprocess

    from tests.conftest import command

    script = f'"{command()}" check arch.yaml | head -1'
    done = subprocess.run(
        ["sh", "-c", script], cwd=failing.parent, capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in done.stderr


def test_the_examples_are_as_their_committed_output_says(archlint: Run) -> None:
    for path in sorted((ROOT / "examples" / "failing").glob("*.yaml")):
        done = archlint("check", str(path.relative_to(ROOT)), cwd=ROOT)
        assert done.returncode == 1, path
        assert done.stdout == path.with_suffix(".txt").read_text(), path


def test_circles_of_links_and_impossible_names_are_unreadable(archlint: Run, tmp_path: Path) -> None:
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    for name in ("loop.yaml", "loop.yaml/below.yaml", "a" * 5000, "missing.yaml"):
        done = archlint("check", name)
        assert done.returncode == 2, name[:40]
        assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.skipif(os.name == "nt", reason="permissions of another kind: run it on Linux or macOS")
def test_an_unreadable_folder_is_reported_and_the_others_are_checked(
    archlint: Run, failing: Path, bound_by_permissions: list[str]
) -> None:
    closed = failing.parent / "closed"
    closed.mkdir(0)
    try:
        done = archlint("check", under=bound_by_permissions)
    finally:
        closed.chmod(0o755)
    assert (done.returncode, "closed: cannot be read" in done.stdout + done.stderr) == (2, True), done.stderr
    assert "SRV001" in done.stdout


def test_two_outputs_cannot_go_to_one_place(archlint: Run, failing: Path) -> None:
    for words in (["--output", "json", "--output", "text"], ["--output", "json:o", "--output", "text:o"]):
        done = archlint("check", "arch.yaml", *words)
        assert done.returncode == 2
        assert "two outputs" in done.stderr


def test_an_empty_path_is_a_wrong_call(archlint: Run, failing: Path) -> None:
    assert archlint("check", "").returncode == 2


def test_one_wrong_configuration_keeps_only_its_own_files_from_being_checked(archlint: Run, failing: Path) -> None:
    (failing.parent / "other").mkdir()
    (failing.parent / "other" / "archlint.toml").write_text("selct = []\n")
    (failing.parent / "other" / "arch.yaml").write_text(FAILING)
    done = archlint("check")
    assert done.returncode == 2
    assert "did you mean `select`" in done.stdout
    assert "arch.yaml:7:" in done.stdout


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

"""Configuration at work: the command over a project with several configurations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Run

SYSTEM = """\
archlint: 1
workloads:
  find: {from: page, rate: 5/s, models: [ranker]}
models:
  ranker: {service_time: 10ms}
components:
  page: {kind: client, calls: [{to: api, timeout: 1s}]}
  api: {kind: service, uses: oracle-proxy, replicas: 1, calls: [server]}
  server: {kind: model-server, serves: [ranker]}
described: all
"""


def write(file: Path, text: str = SYSTEM) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def found(stdout: str) -> set[tuple[str, str]]:
    """The (file, rule) pairs of a JSON report."""
    return {(finding["file"], finding["rule"]) for finding in json.loads(stdout)["findings"]}


def test_each_file_follows_the_nearest_configuration(archlint: Run, tmp_path: Path) -> None:
    write(tmp_path / "archlint.toml", 'select = ["REL003", "OPS002"]\nexclude = ["old/"]\n')
    write(tmp_path / "a/arch.yaml")
    write(tmp_path / "old/arch.yaml")
    write(tmp_path / "b/archlint.toml", 'select = ["OPS002"]\nexclude = ["drafts/"]\n')
    write(tmp_path / "b/arch.yaml")
    write(tmp_path / "b/drafts/arch.yaml")
    done = archlint("check", "--output-format", "json", ".")
    assert done.stderr == ""
    assert found(done.stdout) == {("a/arch.yaml", "REL003"), ("a/arch.yaml", "OPS002"), ("b/arch.yaml", "OPS002")}


def test_what_a_path_says_holds_for_it(archlint: Run, tmp_path: Path) -> None:
    text = 'select = ["REL003"]\n[[per-path]]\npaths = ["teams/risk/**"]\nrules.REL003.severity = "error"\n'
    write(tmp_path / "archlint.toml", text)
    write(tmp_path / "arch.yaml")
    write(tmp_path / "teams/risk/arch.yaml")
    done = archlint("check", "--output-format", "json", "arch.yaml", "teams/risk/arch.yaml")
    severities = {finding["file"]: finding["severity"] for finding in json.loads(done.stdout)["findings"]}
    assert severities == {"arch.yaml": "warning", "teams/risk/arch.yaml": "error"}


def test_options_of_the_call_come_last(archlint: Run, tmp_path: Path) -> None:
    write(tmp_path / "archlint.toml", 'select = ["REL"]\nignore = ["REL003"]\n')
    write(tmp_path / "arch.yaml")
    done = archlint("check", "--select", "REL003", "--output-format", "json", "arch.yaml")
    assert found(done.stdout) == {("arch.yaml", "REL003")}
    done = archlint("check", "--select", "REL003,OPS002", "--ignore", "OPS002", "--output-format", "json", "arch.yaml")
    assert found(done.stdout) == {("arch.yaml", "REL003")}


@pytest.mark.parametrize(("level", "status"), [("info", 1), ("warning", 0), ("never", 0)])
def test_the_configuration_says_at_what_the_command_fails(
    archlint: Run, tmp_path: Path, level: str, status: int
) -> None:
    write(tmp_path / "archlint.toml", f'select = ["OPS002"]\nfail-on = "{level}"\n')
    write(tmp_path / "arch.yaml")
    assert archlint("check", "arch.yaml").returncode == status
    assert archlint("check", "--fail-on", "info", "arch.yaml").returncode == 1


def test_a_broken_configuration_is_reported_with_all_its_mistakes(archlint: Run, tmp_path: Path) -> None:
    write(tmp_path / "archlint.toml", 'selct = ["REL"]\nignore = ["REL999"]\nfail-on = "warn"\n')
    write(tmp_path / "arch.yaml")
    done = archlint("check", "--quiet", "arch.yaml")
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout == (
        "error: archlint.toml:1:1: a configuration has no key `selct`\n  hint: did you mean `select`?\n\n"
        "error: archlint.toml:3:11: `warn` is no level\n  hint: did you mean `warning`?\n"
    )


def test_a_file_named_by_the_call_holds_for_all(archlint: Run, tmp_path: Path) -> None:
    write(tmp_path / "archlint.toml", 'select = ["REL003"]\n')
    write(tmp_path / "ci.toml", 'select = ["OPS002"]\n')
    write(tmp_path / "arch.yaml")
    done = archlint("check", "--config", "ci.toml", "--output-format", "json", "arch.yaml")
    assert found(done.stdout) == {("arch.yaml", "OPS002")}


def test_technologies_of_the_users_own_are_known(archlint: Run, tmp_path: Path) -> None:
    write(tmp_path / "arch.yaml")
    first = archlint("check", "--select", "DOC014", "--output-format", "json", "arch.yaml")
    assert found(first.stdout) == {("arch.yaml", "DOC014")}
    write(tmp_path / "more.yaml", "oracle-proxy: {title: Oracle proxy, kind: service}\n")
    write(tmp_path / "archlint.toml", 'technologies = ["more.yaml"]\n')
    second = archlint("check", "--select", "DOC014", "--output-format", "json", "arch.yaml")
    assert found(second.stdout) == set()


def test_a_wrong_catalogue_is_reported_at_its_line(archlint: Run, tmp_path: Path) -> None:
    write(tmp_path / "arch.yaml")
    write(tmp_path / "more.yaml", "oracle-proxy: {title: Oracle proxy, kind: srevice}\n")
    write(tmp_path / "archlint.toml", 'technologies = ["more.yaml"]\n')
    done = archlint("check", "arch.yaml")
    assert done.returncode == 2
    assert "more.yaml:1:" in done.stdout
    assert "unknown kind of component `srevice`" in done.stdout


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ("# none\nselect = []\n", "archlint.toml:2:1"),
        ('ignore = ["ALL"]\n', "archlint.toml:1:1"),
        ('select = ["SRV"]\nignore = ["SRV"]\n', "archlint.toml:2:1"),
        ('extend = "base.toml"\nfail-on = "info"\n', "base.toml:1:1"),
    ],
)
def test_a_configuration_that_leaves_no_rule_is_an_error_at_its_line(
    archlint: Run, tmp_path: Path, config: str, place: str
) -> None:
    write(tmp_path / "base.toml", 'ignore = ["ALL"]\n')
    write(tmp_path / "archlint.toml", config)
    write(tmp_path / "arch.yaml")
    done = archlint("check", "arch.yaml")
    assert done.returncode == 2
    assert f"error: {place}: `select` and `ignore` leave no rule to run\n" in done.stdout
    assert "All clear" not in done.stdout
    chosen = archlint("check", "arch.yaml", "--select", "REL003")
    assert (chosen.returncode, "REL003" in chosen.stdout) == (1, True)


def test_a_table_for_some_paths_may_leave_them_no_rule_or_be_the_only_one_that_has_rules(
    archlint: Run, tmp_path: Path
) -> None:
    write(tmp_path / "arch.yaml")
    write(tmp_path / "old/arch.yaml")
    for config, files in (
        ('select = ["REL003"]\n[[per-path]]\npaths = ["old/**"]\nignore = ["REL003"]\n', {"arch.yaml"}),
        ('select = []\n[[per-path]]\npaths = ["old/**"]\nselect = ["REL003"]\n', {"old/arch.yaml"}),
    ):
        write(tmp_path / "archlint.toml", config)
        done = archlint("check", "-o", "json")
        assert {file for file, _ in found(done.stdout)} == files, done.stderr

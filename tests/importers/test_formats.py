"""The registry of formats: every row can be read, and searches of folders find what its names say."""

from __future__ import annotations

import subprocess
import sys
from inspect import signature
from pathlib import Path

import pytest

from archlint.api import check_targets
from archlint.importers.files import Files
from archlint.importers.formats import FORMATS, is_considered, load, recognise
from archlint.importers.importing import import_files
from archlint.linter import Options
from archlint.targets import deployment_files
from tests.conftest import Run

COMPOSE = "services: {a: {image: x, ports: ['80:80']}}\n"


def write_all(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_every_reader_can_be_imported_and_takes_what_it_is_given() -> None:
    assert len({row.name for row in FORMATS}) == len(FORMATS)
    for row in FORMATS:
        assert bool(row.reader) != bool(row.advice), row.name
        assert row.names or row.suffixes, row.name
        assert row.word in row.head, row.name
        if row.reader:
            assert list(signature(load(row)).parameters) == ["paths", "files", "notes", "left_out"]


def test_no_reader_is_imported_with_the_registry() -> None:
    script = "import sys, archlint.importers.formats\nprint(*(name for name in sys.modules if name.startswith('archlint.importers.')))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    rooms = {f"archlint.importers.{name}" for name in ("detect", "files", "formats", "objects")}
    assert set(done.stdout.split()) == rooms


@pytest.mark.parametrize(("name", "text", "said"), [
    ("cdk.json", '{"app": "python3 app.py"}', "AWS CDK: archlint executes nothing: run `cdk synth > template.yaml`"),
    ("cdktf.json", '{"language": "python", "app": "x"}', "run `cdktf synth`"),
    ("Pulumi.yaml", "name: x\nruntime: python\n", "run `pulumi preview"),
    ("serverless.yml", "service: x\nprovider: {name: aws}\n", "run `serverless package`"),
    ("api.yaml", "- name: text\n  kind: RealtimeAPI\n  pod: {containers: [{image: x}]}\n", "Cortex is retired"),
])  # fmt: skip
def test_a_format_without_a_reader_is_named_with_what_to_do(tmp_path: Path, name: str, text: str, said: str) -> None:
    write_all(tmp_path, {name: text})
    found, root = deployment_files([tmp_path])
    ((_, reason),) = import_files(found, root).left_out
    assert said in reason
    assert any(said in note for note in check_targets([tmp_path], Options()).notes)


@pytest.mark.parametrize(("name", "text"), [
    ("list.yaml", "- name: text\n  kind: RealtimeAPI\n"), ("pulumi.yaml", "runtime: x\n"), ("cdk.json", "[]"), ("a.yaml", ""),
    ("a.yaml", "- [x]\n"), ("serverless.yml", "provider: x\n"),
])  # fmt: skip
def test_a_file_that_only_looks_like_a_format_has_none(tmp_path: Path, name: str, text: str) -> None:
    write_all(tmp_path, {name: text})
    found = recognise(tmp_path / name, Files(tmp_path))
    assert (found.format, found.is_advice) == (None, False)


def test_a_search_leaves_out_what_git_ignores_and_what_the_project_excludes(tmp_path: Path) -> None:
    manifest = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"image": "x"}]}}'
    write_all(tmp_path, {
        ".gitignore": "made/\n", "archlint.toml": 'exclude = ["old/"]\n', "deploy/pod.json": manifest, "made/pod.json": manifest,
        "old/pod.json": manifest, "data.json": '{"rows": [1]}', "compose.yaml": COMPOSE, "notes.txt": "services:\n",
    })  # fmt: skip
    found, _ = deployment_files([tmp_path])
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["compose.yaml", "deploy/pod.json"]
    isolated = check_targets([tmp_path / "deploy"], Options())
    assert [Path(file.file).name for file in isolated.files] == ["pod.json"]


def test_a_name_is_considered_without_case(tmp_path: Path) -> None:
    assert [is_considered(name) for name in ("a.yaml", "Pulumi.yaml", "CDK.json", "a.txt", "yaml")] == [True, True, True, False, False]


def test_a_file_that_the_call_names_needs_no_suffix(tmp_path: Path, archlint: Run) -> None:
    write_all(tmp_path, {"manifests": COMPOSE})
    assert "  a:" in archlint("import", "manifests", cwd=tmp_path).stdout


def test_a_folder_with_an_architecture_is_not_searched_for_other_formats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_all(tmp_path, {"arch.yaml": "archlint: 1\nsystem: s\ncomponents: {a: {kind: service}}\n", "cdk.json": '{"app": "x"}'})
    monkeypatch.setitem(sys.modules, "archlint.importers.formats", None)       # an import of it would fail
    report = check_targets([tmp_path], Options())
    assert [Path(file.file).name for file in report.files] == ["arch.yaml"]


def test_json_files_of_other_kinds_are_not_read_whole(tmp_path: Path) -> None:
    write_all(tmp_path, {
        "main.tf": 'resource "aws_sqs_queue" "q" { name = "q" }\n',
        "records.json": '{"data": [' + '{"resource_type": "x"},' * 2_000 + '{"output": 1}]}',
        "plan.json": '{"format_version": "1.2", "terraform_version": "1.9.0", "planned_values": {"root_module": {}}}',
    })  # fmt: skip
    found, _ = deployment_files([tmp_path])
    assert {path.name for path in found} == {"main.tf", "plan.json"}

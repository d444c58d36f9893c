"""`archlint measure`, run as the installed command."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from archlint.api import check
from archlint.cli.app import run_app
from archlint.errors import ArchlintError
from archlint.measure.schema import measurement_schema
from tests.conftest import Run
from tests.measure.test_endpoint import OK, fixed, serving
from tests.measure.test_models import onnx_file

SYSTEM = """\
archlint: 1
workloads: {w: {from: c, rate: 1/s}}   # demand
models:
  m:
    version: 1  # first
components:
  c: {kind: client, calls: [s]}
  s: {kind: model-server, serves: [m]}
"""


@pytest.fixture
def system(tmp_path: Path) -> Path:
    onnx_file(tmp_path / "m.onnx", ["n", 4])
    (tmp_path / "arch.yaml").write_text(SYSTEM)
    return tmp_path / "arch.yaml"


def test_the_facts_of_a_model_file_go_into_the_architecture(archlint: Run, system: Path) -> None:
    words = ["measure", "model", "m.onnx", "--into", "arch.yaml", "--model", "m", "--requests", "600"]
    shown = archlint(*words, "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert "+    format: onnx  # measured 2" in shown.stdout
    assert system.read_text() == SYSTEM
    done = archlint(*words)
    assert (done.returncode, done.stderr) == (
        0, "wrote arch.yaml: models.m: artifact, format, service_time, x-measured-file\n"
    )  # fmt: skip
    assert done.stdout.startswith("m.onnx: onnx, ")
    text = system.read_text()
    assert text.startswith(SYSTEM.partition("components")[0])
    assert text.endswith("components" + SYSTEM.partition("components")[2])
    assert not [finding for finding in check(system).findings if finding.rule.startswith("DOC")]


def test_the_facts_of_an_endpoint_go_into_the_architecture(archlint: Run, system: Path) -> None:
    """A machine that is busy may discard every run: then nothing is written, and the reason is printed."""
    with serving(fixed(OK, delay_s=0.05)) as port:
        url = f"http://127.0.0.1:{port}/predict"
        words = ["measure", "endpoint", url, "--rate", "50/s", "--duration", "2s", "--warmup", "0.1s", "--into", "arch.yaml", "--component", "s"]
        done = archlint(*words)
    if done.returncode == 0:
        assert "load_tested: {rate: " in system.read_text()
        assert "wrote arch.yaml: components.s: load_tested, x-measured-endpoint" in done.stderr
    else:
        assert done.returncode == 1
        assert "discarded: " in done.stderr and "nothing was written to arch.yaml" in done.stderr
        assert system.read_text() == SYSTEM


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("measure model m.onnx --model m", "--into is missing"),
        ("measure model m.onnx --into arch.yaml", "--into needs one record to write to"),
        ("measure model m.onnx --into arch.yaml --model x", "arch.yaml has no model `x`"),
        ("measure model m.onnx --into none.yaml --model m", "none.yaml: no such file"),
        ("measure model m.onnx --batch 1,x", "`1,x` is not a list of batch sizes"),
        ("measure model m.onnx --timeout 5", "`5` has no unit"),
        ("measure endpoint http://127.0.0.1:1 --rate 5", "`5` is not a rate"),
        ("measure endpoint http://127.0.0.1:1 --header x", "`x` is not a header"),
        ("measure endpoint http://127.0.0.1:1 --body none", "none: cannot be read"),
        ("measure endpoint http://127.0.0.1:1 --into arch.yaml --component s --model m", "--into needs one record"),
        ("measure", "nothing to measure"),
        ("measure file m.onnx", "o such command 'file'"),
    ],
)
def test_a_wrong_call_is_one_clear_error(
    system: Path, monkeypatch: pytest.MonkeyPatch, words: str, message: str
) -> None:
    monkeypatch.chdir(system.parent)
    with pytest.raises(ArchlintError) as caught:
        run_app(words.split())
    assert message in caught.value.full_text


def test_json_follows_the_schema(system: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(system.parent)
    schema = measurement_schema()
    Draft202012Validator.check_schema(schema)
    run_app(["measure", "model", "m.onnx", "--requests", "20", "-o", "json"])
    found = json.loads(capfd.readouterr().out)
    Draft202012Validator(schema).validate(found)
    assert (found["kind"], found["format"]) == ("model", "onnx")
    with serving(fixed(OK)) as port, suppress(SystemExit):        # a busy machine discards the run
        run_app(["measure", "endpoint", f"http://127.0.0.1:{port}", "--duration", "1s", "--warmup", "0s", "-o", "json"])
    found = json.loads(capfd.readouterr().out)
    Draft202012Validator(schema).validate(found)
    assert (found["kind"], set(found["statuses"])) == ("endpoint", {"200"})


def test_help_names_both_commands() -> None:
    from archlint.cli.app import app

    said = CliRunner().invoke(app, ["measure", "--help"]).output
    assert "endpoint" in said and "model" in said

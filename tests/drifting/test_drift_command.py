"""`archlint drift`, as a user or a pipeline calls it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from archlint.cli.app import run_app
from archlint.drifting.json import drift_schema
from archlint.errors import NothingFoundError, UsageError
from tests.drifting.systems import COMPOSE
from tests.drifting.test_drift import ARCH


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an architecture file and a deployment that agree."""
    (tmp_path / "arch.yaml").write_text(ARCH)
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def changed(folder: Path, old: str = "replicas: 2", new: str = "replicas: 3") -> None:
    path = folder / "compose.yaml"
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize("words", [(), ("arch.yaml",), ("arch.yaml", "."), ("arch.yaml", "compose.yaml")])
def test_the_status_says_whether_they_agree(folder: Path, words: tuple[str, ...]) -> None:
    assert run_app(["drift", *words]) == 0
    changed(folder)
    assert run_app(["drift", *words]) == 1
    assert run_app(["drift", *words, "--exit-zero"]) == 0


def test_text_shows_both_places(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    changed(folder)
    changed(folder, "  cache:\n", "  extra:\n    image: acme/extra\n  cache:\n")
    assert run_app(["drift"]) == 1
    assert capsys.readouterr().out == """\
Deployed, not described:
+ service `extra` is deployed, and not described
    --> compose.yaml:12:3  deployed
    fix: add it, or name it in `deployed_as` of the component that it belongs to

Different:
~ replicas of `api`: 2 described, 3 deployed
    --> arch.yaml:7:34  described
    --> compose.yaml:10:24  deployed

note: the deployment files omit these, which is allowed: `page`

2 differences between arch.yaml and the deployment: 4 components compared with 1 deployment file.
"""


def test_lines_for_editors_and_annotations(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(folder)
    assert run_app(["drift", "-o", "concise", "-o", "github:out.txt"]) == 1
    line = "arch.yaml:7:34: error drift replicas of `api`: 2 described, 3 deployed (compose.yaml:10)\n"
    assert capsys.readouterr().out == line
    first, last = (folder / "out.txt").read_text().splitlines()
    assert first == "::error file=arch.yaml,line=7,endLine=7,col=34,endColumn=35,title=archlint drift::" \
        "replicas of `api`: 2 described, 3 deployed (compose.yaml:10)"
    assert last.startswith("::notice title=archlint drift::1 difference between arch.yaml and the deployment")


def test_annotations_beyond_the_limit_of_github_go_into_the_log(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = "".join(f"  extra-{number}:\n    image: acme/extra\n" for number in range(12))
    changed(folder, "  cache:\n", f"{more}  cache:\n")
    run_app(["drift", "-o", "github"])
    out = capsys.readouterr().out
    assert out.count("::error ") == 10
    assert "::group::2 more differences\n- error drift compose.yaml:" in out


def test_json_keeps_its_contract(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(folder)
    run_app(["drift", "-o", "json"])
    found = json.loads(capsys.readouterr().out)
    jsonschema.validate(found, drift_schema())
    (one,) = found["drift"]
    assert (one["at"], one["described"], one["deployed"]) == ("components.api.replicas", "2", "3")
    assert (one["here"]["file"], one["there"]["line"]) == ("arch.yaml", 10)
    assert found["deployment"] == ["compose.yaml"]


def test_a_file_that_cannot_be_read_fails(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: [}\n")
    assert run_app(["drift"]) == 2
    assert "bad.yaml:3" in capsys.readouterr().out


def test_a_hook_passes_where_nothing_is_described_or_deployed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_app(["drift", "--allow-empty"]) == 0
    assert "arch.yaml: no such file" in capsys.readouterr().err
    (tmp_path / "arch.yaml").write_text(ARCH)
    assert run_app(["drift", "--allow-empty"]) == 0
    with pytest.raises(NothingFoundError):
        run_app(["drift"])
    (tmp_path / "compose.yaml").write_text(COMPOSE.replace("replicas: 2", "replicas: 3"))
    assert run_app(["drift", "--allow-empty"]) == 1


def test_inputs_are_never_overwritten(folder: Path) -> None:
    with pytest.raises(UsageError, match="a report does not overwrite it"):
        run_app(["drift", "-o", "json:compose.yaml"])
    with pytest.raises(UsageError, match="is not compared"):
        run_app(["drift", "-"])

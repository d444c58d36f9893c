"""Files of every format, cut at any place: each ends in a result or a message, and what is written can be read again."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from archlint.importers.importing import import_files
from archlint.importers.writing import write
from archlint.model.read import no_includes, read
from archlint.source.parser import parse
from tests.importers import (
    test_airflow,
    test_bentoml,
    test_docker,
    test_litellm,
    test_modal,
    test_ray,
    test_torchserve,
    test_triton,
)

FILES = {
    "m/config.pbtxt": test_triton.ENSEMBLE, "config.properties": test_torchserve.SNAPSHOT, "proxy.yaml": test_litellm.CONFIG,
    "service.py": test_bentoml.SERVICES, "app.py": test_modal.APP, "serve.py": test_ray.CODE, "serve.yaml": test_ray.CONFIG,
    "dag.py": test_airflow.DAG, "run.sh": test_docker.SCRIPT, "langgraph.json": '{"graphs": {"a": "./a.py:g"}}',
    "model-settings.json": '{"name": "a", "implementation": "mlserver_sklearn.M", "parameters": {"version": "v1", "uri": "x.onnx"}}',
    "cog.yaml": "build: {gpu: true}\nimage: r8.im/a/b\npredict: p.py:P\n", "bentofile.yaml": "service: a:B\nlabels: {x: y}\n",
    "pyproject.toml": '[tool.bentoml.build]\nservice = "a:B"\n',
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_cut_file_ends_in_a_result_or_a_message(tmp_path: Path, name: str) -> None:
    text = dedent(FILES[name])
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    for end in (*range(0, len(text), max(1, len(text) // 25)), len(text)):
        path.write_text(text[:end])
        found = import_files([path], tmp_path)
        again = read(parse("arch.yaml", write(found.draft, "s", found.sources)), no_includes)
        problems = {problem.message for problem in again.problems} - {"the system has no components"}
        assert not problems, text[:end]
    assert found.draft.components


@pytest.mark.parametrize("name", FILES)
def test_bytes_that_are_no_text_end_in_a_message(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(dedent(FILES[name]).encode()[:40] + b"\x00\xff\xfe" + b"\x80" * 100)
    found = import_files([path], tmp_path)
    assert found.errors
    assert not found.draft.components

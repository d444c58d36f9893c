"""Projects that are one component: LangGraph and Cog."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.importers.importing import found_in, kinds, searched


def test_a_project_of_langgraph_is_one_service(tmp_path: Path) -> None:
    one = found_in(tmp_path / "one", {"langgraph.json": '{"dependencies": ["."], "graphs": {"agent": "./a.py:graph"}, "env": ".env"}'})
    assert kinds(one) == {"agent": "service"}
    assert one.components["agent"].uses == "langgraph"
    two = found_in(tmp_path / "two", {"langgraph.json": '{"graphs": {"a": "./a.py:g", "b": "./b.py:g"}}'})
    assert kinds(two) == {"langgraph": "service"}


def test_a_predictor_of_cog_is_one_server(tmp_path: Path) -> None:
    system = found_in(tmp_path, {"cog.yaml": """
        build: {gpu: true, python_version: "3.11"}
        image: r8.im/acme/upscaler
        predict: "predict.py:Predictor"
        concurrency: {max: 4}
    """})
    server = system.components["upscaler"]
    assert (server.kind, server.workers, server.image) == ("model-server", 4, "r8.im/acme/upscaler")
    assert kinds(found_in(tmp_path / "b", {"cog.yaml": "build: {}\npredict: p.py:P\n"})) == {"cog": "model-server"}


@pytest.mark.parametrize(("name", "text"), [
    ("langgraph.json", '{"graphs": []}'), ("langgraph.json", '{"graphs": {"a": '), ("cog.yaml", "build: [\n"), ("cog.yaml", "build:\nimage: []\n"),
    ("cog.yaml", "predict: x\n"),
])  # fmt: skip
def test_any_content_ends_in_a_result_or_a_message(tmp_path: Path, name: str, text: str) -> None:
    found = searched(tmp_path, {name: text})
    assert found.draft.components or found.errors or found.left_out
